/* words_test.c - parts of a long text (voice-gateway 6.1), control messages read with suspicion
 * (7), what is remembered of single clients (4.3, 4.5). */
#include "gateway/clients.h"
#include "gateway/control.h"
#include "gateway/split.h"

#include "check.h"

static size_t split(const char *text, size_t len)
{
    return myna_gw_split((struct myna_view){(const uint8_t *)text, len});
}

/* `n` times `what`. */
static char *times(const char *what, size_t n, size_t *len)
{
    size_t one = strlen(what);
    char *text = malloc(one * n + 1);

    CHECK(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * one, what, one);
    text[one * n] = '\0';
    *len = one * n;
    return text;
}

TEST(what_fits_is_one_part)
{
    size_t len;
    char *text = times("a", MYNA_GW_PART_MAX, &len);

    CHECK_EQ(split(text, len), len);
    CHECK_EQ(split("", 0), 0);
    free(text);
}

TEST(a_long_text_is_cut_behind_a_paragraph_or_a_sentence_or_a_word_or_a_character)
{
    size_t len, n;
    char *text = times("word ", 4000, &len);

    CHECK_EQ(split(text, len), MYNA_GW_PART_MAX);
    memcpy(text + 9000, "end. ", 5);
    CHECK_EQ(split(text, len), 9005);
    memcpy(text + 8000, "end.\n\n", 6);
    CHECK_EQ(split(text, len), 8006);
    free(text);
    text = times("\xc3\xb6", 10000, &len); /* no blank anywhere */
    n = split(text, len);
    CHECK_EQ(n, MYNA_GW_PART_MAX);
    CHECK_EQ(split(text + 1, len - 1), MYNA_GW_PART_MAX - 1); /* between two characters */
    free(text);
    text = times("\xf0\x9f\x98\x80", 5000, &len);
    CHECK_EQ(split(text, len) % 4, 0);
    free(text);
}

TEST(what_grows_as_json_gets_shorter_parts)
{
    size_t len;
    char *text = times("\"", 20000, &len);

    CHECK_EQ(split(text, len), MYNA_GW_PART_MAX / 2);
    free(text);
    text = times("\x01", 20000, &len);
    CHECK_EQ(split(text, len), MYNA_GW_PART_MAX / 6);
    free(text);
}

static enum myna_gw_order order(const char *text, bool compat)
{
    struct myna_gw_control c;
    enum myna_gw_order o;

    myna_gw_control_read(&c, (struct myna_view){(const uint8_t *)text, strlen(text)}, compat);
    o = c.order;
    myna_gw_control_fini(&c);
    return o;
}

TEST(orders_are_known_by_their_type)
{
    CHECK_EQ(order("{\"type\":\"client:message\",\"text\":\"x\"}", true), MYNA_GW_MESSAGE);
    CHECK_EQ(order("{\"type\":\"client:capture-frame\"}", true), MYNA_GW_CAPTURE);
    CHECK_EQ(order("{\"type\":\"client:control\",\"action\":\" PAUSE\\t\"}", true), MYNA_GW_PAUSE);
    CHECK_EQ(order("{\"type\":\"client:control\",\"action\":\"Resume\"}", true), MYNA_GW_RESUME);
    CHECK_EQ(order("{\"type\":\"client:tool-register\"}", true), MYNA_GW_TOOL_REGISTER);
    CHECK_EQ(order("{\"type\":\"client:tool-unregister\"}", true), MYNA_GW_TOOL_UNREGISTER);
    CHECK_EQ(order("{\"type\":\"client:tool-result\"}", true), MYNA_GW_TOOL_RESULT);
    CHECK_EQ(order("{\"type\":\"client:interrupt\"}", false), MYNA_GW_INTERRUPT);
    CHECK_EQ(order("{\"type\":\"client:end-of-turn\"}", false), MYNA_GW_END_OF_TURN);
    CHECK_EQ(order("{\"type\":\"client:interrupt\"}", true), MYNA_GW_NOTHING);
}

TEST(a_messages_text_is_trimmed_and_none_is_nothing)
{
    struct myna_gw_control c;
    const char *text = "{\"type\":\"client:message\",\"text\":\" \\n hi there \\t\"}";

    myna_gw_control_read(&c, (struct myna_view){(const uint8_t *)text, strlen(text)}, false);
    CHECK_STR(c.text, "hi there");
    myna_gw_control_fini(&c);
    CHECK_EQ(order("{\"type\":\"client:message\",\"text\":\"  \"}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:message\"}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:message\",\"text\":null}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:message\",\"text\":7}", false), MYNA_GW_NOTHING);
}

TEST(nonsense_is_broken_or_nothing_and_never_more)
{
    static char deep[4096];

    CHECK_EQ(order("", false), MYNA_GW_BROKEN);
    CHECK_EQ(order("nope", false), MYNA_GW_BROKEN);
    CHECK_EQ(order("\"\xff\"", false), MYNA_GW_BROKEN);
    CHECK_EQ(order("{\"type\":\"client:message\"", false), MYNA_GW_BROKEN);
    memset(deep, '[', sizeof deep - 1);
    CHECK_EQ(order(deep, false), MYNA_GW_BROKEN);
    CHECK_EQ(order("[]", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("null", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":{}}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:MESSAGE\",\"text\":\"x\"}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:control\",\"action\":\"stop\"}", false), MYNA_GW_NOTHING);
    CHECK_EQ(order("{\"type\":\"client:control\",\"action\":[]}", false), MYNA_GW_NOTHING);
}

TEST(who_is_muted_is_so_alone_until_resumed_or_gone)
{
    struct myna_gw_clients c = {0};

    myna_gw_clients_mute(&c, "ann", true);
    myna_gw_clients_mute(&c, "ann", true);
    myna_gw_clients_mute(&c, "bob", true);
    CHECK(myna_gw_clients_muted(&c, "ann"));
    CHECK(!myna_gw_clients_muted(&c, "carol"));
    myna_gw_clients_mute(&c, "ann", false);
    CHECK(!myna_gw_clients_muted(&c, "ann"));
    CHECK(myna_gw_clients_muted(&c, "bob"));
    myna_gw_clients_left(&c, "bob");
    CHECK(!myna_gw_clients_muted(&c, "bob"));
    myna_gw_clients_fini(&c);
}

TEST(in_compat_one_mutes_all_and_anybody_may_end_it)
{
    struct myna_gw_clients c = {.everybody = true};

    myna_gw_clients_mute(&c, "ann", true);
    CHECK(myna_gw_clients_muted(&c, "bob"));
    myna_gw_clients_left(&c, "ann");
    CHECK(myna_gw_clients_muted(&c, "bob"));
    myna_gw_clients_mute(&c, "bob", false);
    CHECK(!myna_gw_clients_muted(&c, "ann"));
    myna_gw_clients_fini(&c);
}

TEST(a_stranger_has_one_line_a_minute_however_many_there_are)
{
    struct myna_gw_clients c = {0};
    char name[16];

    CHECK(myna_gw_clients_stranger(&c, "x", MYNA_S));
    CHECK(!myna_gw_clients_stranger(&c, "x", 60 * MYNA_S));
    CHECK(myna_gw_clients_stranger(&c, "y", 60 * MYNA_S));
    CHECK(myna_gw_clients_stranger(&c, "x", 61 * MYNA_S));
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "s%d", i);
        CHECK(myna_gw_clients_stranger(&c, name, 62 * MYNA_S));
    }
    CHECK(c.n_strangers <= MYNA_GW_STRANGERS);
}

TEST_MAIN

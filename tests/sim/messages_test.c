/* messages_test.c - what a host and the people of a call say beside sound (myna/message.h): topics
 * that are read, what a recording keeps of them, and where each call of the host goes. */
#include <stdarg.h>

#include "sim.h"

#include "session/replay.h"
#include "util/crc.h"

#define NOTES ((const char *const[]){"session.topics=notes", NULL})

static struct {
    char log[4000];
} w;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    size_t n = strlen(w.log);
    va_list ap;

    if (n + 4 > sizeof w.log)
        return;
    if (n)
        n += (size_t)snprintf(w.log + n, sizeof w.log - n, " | ");
    va_start(ap, format);
    vsnprintf(w.log + n, sizeof w.log - n, format, ap);
    va_end(ap);
}

static void told(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_DATA_RECEIVED)
        note("%s %s %zu %.20s", ev->u.data.identity ? ev->u.data.identity : "-", ev->u.data.topic,
             ev->u.data.len, (const char *)ev->u.data.bytes);
    if (ev->type == MYNA_EV_ATTRIBUTE_CHANGED)
        note("%s %s=%.1000s", ev->u.attribute.identity, ev->u.attribute.key, ev->u.attribute.value);
}

static struct sim *room(const char *const *config)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = config, .told = told});

    w.log[0] = '\0';
    sim_run(s, 100);
    sim_comes(s, 7, "ann", "Ann");
    sim_run(s, 200);
    return s;
}

static void says(struct sim *s, uint32_t who, const char *topic, const void *bytes, size_t len)
{
    struct myna_view body = {bytes, len};

    myna_transport_data_in(sim_transport(s), who, topic, body);
}

TEST(a_message_on_a_topic_that_is_read_is_told_with_who_said_it)
{
    struct sim *s = room(NOTES);

    says(s, 7, "notes", "milk", 4);
    says(s, 7, "gossip", "psst", 4);
    says(s, 9, "notes", "of a stranger", 13);
    says(s, 0, "notes", "of the server", 13);
    says(s, 7, "notes", NULL, 0);
    sim_run(s, 300);
    CHECK_STR(w.log, "ann notes 4 milk | - notes 13 of the server | ann notes 0 ");
    sim_end(s);
}

TEST(a_star_reads_every_topic_but_those_of_the_protocol)
{
    static const char *const all[] = {"session.topics=*", NULL};
    struct sim *s = room(all);

    says(s, 7, "anything", "a", 1);
    says(s, 7, "lk.transcription", "b", 1);
    says(s, 7, "\xff", "c", 1);
    sim_run(s, 300);
    CHECK_STR(w.log, "ann anything 1 a");
    CHECK(myna_transport_wants(sim_transport(s), "anything"));
    CHECK(!myna_transport_wants(sim_transport(s), "lk.file"));
    sim_end(s);
}

TEST(without_the_option_nothing_is_read)
{
    struct sim *s = room(NULL);

    says(s, 7, "notes", "milk", 4);
    sim_run(s, 300);
    CHECK_STR(w.log, "");
    sim_end(s);
}

/* sim_end() replays: with the words of the short one, with length and CRC of the long one. */
TEST(long_and_binary_messages_replay_equal)
{
    static uint8_t bytes[300000];
    struct sim *s = room(NOTES);

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    says(s, 7, "notes", bytes, sizeof bytes);
    says(s, 7, "notes", bytes, 100);
    says(s, 7, "notes", "short", 5);
    sim_run(s, 300);
    CHECK(strstr(w.log, "ann notes 300000 ") != NULL);
    CHECK(strstr(w.log, "ann notes 5 short") != NULL);
    sim_end(s);
}

TEST(the_json_of_a_message_has_short_words_and_of_all_else_the_crc)
{
    static const uint8_t binary[] = {0, 1, 255};
    struct myna_event ev = {.type = MYNA_EV_DATA_RECEIVED,
                            .u.data = {"notes", "ann", (const uint8_t *)"milk", 4, 1}};
    char *json = myna_event_json(&ev), want[40];

    CHECK(strstr(json, "\"topic\":\"notes\",\"participantIdentity\":\"ann\",\"size\":4,"
                       "\"text\":\"milk\"") != NULL);
    free(json);
    ev.u.data.bytes = binary;
    ev.u.data.len = 3;
    ev.u.data.crc = myna_crc32(0, binary, 3);
    snprintf(want, sizeof want, "\"size\":3,\"crc32\":\"%08x\"", (unsigned)ev.u.data.crc);
    json = myna_event_json(&ev);
    CHECK(strstr(json, want) != NULL);
    CHECK(strstr(json, "\"text\"") == NULL);
    free(json);
}

TEST(attributes_of_people_are_told)
{
    struct sim *s = room(NULL);

    myna_transport_attribute_in(sim_transport(s), 7, "mood", "merry");
    myna_transport_attribute_in(sim_transport(s), 7, "mood", "");
    myna_transport_attribute_in(sim_transport(s), 9, "mood", "of a stranger");
    sim_run(s, 300);
    CHECK_STR(w.log, "ann mood=merry | ann mood=");
    sim_end(s);
}

TEST(a_long_attribute_is_told_whole_and_kept_by_its_length)
{
    static char value[60000];
    struct sim *s = room(NULL);

    memset(value, 'x', sizeof value - 1);
    for (int i = 0; i < 20; i++) /* more than the recorder's ring has */
        myna_transport_attribute_in(sim_transport(s), 7, "k", value);
    sim_run(s, 300);
    CHECK(strlen(w.log) > 3000);
    sim_end(s);
}

/* ---- out: a door that has messages, instead of the loopback's */

static enum myna_err on_data(struct myna_transport *t, const char *topic, struct myna_view body,
                             uint32_t to_who, enum myna_delivery how)
{
    (void)t;
    note("data %s %zu to %u%s", topic, body.len, (unsigned)to_who,
         how == MYNA_DELIVER_LOSSY ? " lossy" : "");
    return MYNA_OK;
}

static enum myna_err on_stream(struct myna_transport *t, const char *topic, struct myna_view body,
                               const struct myna_message *bytes, uint32_t to_who)
{
    (void)t;
    note("%s %s %zu to %u", bytes ? bytes->name : "text", topic, body.len, (unsigned)to_who);
    return MYNA_OK;
}

static enum myna_err on_attribute(struct myna_transport *t, const char *key, const char *value)
{
    (void)t;
    note("attribute %s=%s", key, value);
    return MYNA_OK;
}

static enum myna_err on_call(struct myna_transport *t, uint32_t who, const char *method,
                             const char *payload, int timeout_ms, uint32_t *number)
{
    static uint32_t last;

    (void)t;
    (void)timeout_ms;
    *number = ++last;
    note("call %u %s(%s) #%u", (unsigned)who, method, payload, (unsigned)*number);
    return MYNA_OK;
}

static enum myna_err on_answer(struct myna_transport *t, const char *call_id, int code,
                               const char *text)
{
    (void)t;
    note("answer %s %d %s", call_id, code, text);
    return MYNA_OK;
}

static struct sim *with_messages(struct myna_transport_class *cls)
{
    struct sim *s = room(NOTES);
    struct myna_transport *t = sim_transport(s);

    *cls = *t->cls;
    cls->data = on_data;
    cls->stream = on_stream;
    cls->attribute = on_attribute;
    cls->call = on_call;
    cls->answer = on_answer;
    t->cls = cls;
    t->caps |= MYNA_TRANSPORT_DATA;
    return s;
}

static enum myna_err send(struct sim *s, enum myna_message_way way, const char *words,
                          const char *to)
{
    struct myna_message m = {.size = sizeof m,
                             .way = way,
                             .topic = "notes",
                             .body = {(const uint8_t *)words, strlen(words)},
                             .to = to,
                             .name = "a.txt"};

    return myna_session_send(sim_session(s), &m);
}

TEST(each_way_of_sending_goes_to_the_door_as_it_is)
{
    struct myna_transport_class cls;
    struct sim *s = with_messages(&cls);

    CHECK_EQ(send(s, MYNA_MESSAGE_PACKET, "one", NULL), MYNA_OK);
    CHECK_EQ(send(s, MYNA_MESSAGE_LOSSY, "two", "ann"), MYNA_OK);
    CHECK_EQ(send(s, MYNA_MESSAGE_TEXT, "three", "ann"), MYNA_OK);
    CHECK_EQ(send(s, MYNA_MESSAGE_BYTES, "\xff", NULL), MYNA_OK);
    CHECK_EQ(send(s, MYNA_MESSAGE_TEXT, "\xff", NULL), MYNA_EINVAL);
    CHECK_EQ(send(s, MYNA_MESSAGE_TEXT, "to nobody", "bob"), MYNA_ENOENT);
    CHECK_EQ(myna_session_attribute(sim_session(s), "mood", "merry"), MYNA_OK);
    CHECK_EQ(myna_session_attribute(sim_session(s), "lk.agent.state", "idle"), MYNA_EINVAL);
    CHECK_STR(w.log, "data notes 3 to 0 | data notes 3 to 7 lossy | text notes 5 to 7 | "
                     "a.txt notes 1 to 0 | attribute mood=merry");
    sim_end(s);
}

TEST(a_packet_has_fifteen_kib_and_a_stream_two_mib_at_most)
{
    static uint8_t bytes[(2 << 20) + 1];
    struct myna_transport_class cls;
    struct sim *s = with_messages(&cls);
    struct myna_message m = {.size = sizeof m, .topic = "notes"};

    memset(bytes, 'x', sizeof bytes);
    for (int way = MYNA_MESSAGE_PACKET; way <= MYNA_MESSAGE_BYTES; way++) {
        bool packet = way == MYNA_MESSAGE_PACKET || way == MYNA_MESSAGE_LOSSY;

        m.way = (enum myna_message_way)way;
        m.body = (struct myna_view){bytes, packet ? 15 << 10 : 2 << 20};
        CHECK_EQ(myna_session_send(sim_session(s), &m), MYNA_OK);
        m.body.len++;
        CHECK_EQ(myna_session_send(sim_session(s), &m), MYNA_ELIMIT);
    }
    sim_end(s);
}

TEST(a_door_without_messages_says_so)
{
    struct sim *s = room(NOTES);

    CHECK_EQ(send(s, MYNA_MESSAGE_TEXT, "hello", NULL), MYNA_ESTATE);
    CHECK_EQ(myna_session_attribute(sim_session(s), "mood", "merry"), MYNA_ESTATE);
    CHECK_EQ(myna_session_method_result(sim_session(s), "c1", 0, "yes"), MYNA_ESTATE);
    sim_end(s);
}

static void on_done(void *arg, struct myna_session *s, int code, const char *text)
{
    (void)s;
    note("done %s %d %s", (const char *)arg, code, text);
}

static enum myna_err call(struct sim *s, const char *name)
{
    return myna_session_call(sim_session(s), "ann", name, "x", 0, on_done, (void *)(uintptr_t)name);
}

TEST(a_call_is_answered_once_and_what_is_open_ends_with_the_call)
{
    struct myna_transport_class cls;
    struct sim *s = with_messages(&cls);
    uint32_t first;
    char *at;

    CHECK_EQ(call(s, "first"), MYNA_OK);
    CHECK_EQ(call(s, "second"), MYNA_OK);
    CHECK_EQ(myna_session_call(sim_session(s), "bob", "x", "", 0, on_done, NULL), MYNA_ENOENT);
    at = strchr(w.log, '#');
    CHECK(at != NULL);
    first = (uint32_t)strtoul(at + 1, NULL, 10);
    w.log[0] = '\0';
    myna_transport_answered(sim_transport(s), first, 0, "yes");
    myna_transport_answered(sim_transport(s), first, 0, "again");
    CHECK_STR(w.log, "done first 0 yes");
    CHECK_EQ(call(s, "third"), MYNA_OK);
    myna_transport_answered(sim_transport(s), (uint32_t)strtoul(strchr(w.log, '#') + 1, NULL, 10),
                            0, "\xff");
    CHECK(strstr(w.log, "done third 0 ") && !strchr(w.log, '\xff'));
    snprintf(w.log, sizeof w.log, "done first 0 yes");
    myna_transport_closed(sim_transport(s), "gone", NULL);
    CHECK_STR(w.log, "done first 0 yes | done second 1503 the call is over");
    sim_end(s);
}

static void on_done_destroys(void *arg, struct myna_session *s, int code, const char *text)
{
    (void)s;
    (void)text;
    note("done %d", code);
    sim_destroy(arg);
}

/* Those who called are still on the stack: the sanitizer sees what they touch. */
TEST(a_host_may_destroy_the_session_in_an_answer)
{
    for (int ends = 0; ends < 2; ends++) {
        struct myna_transport_class cls;
        struct sim *s = with_messages(&cls);
        struct myna_transport *t = sim_transport(s);

        for (int i = 0; i < 2; i++)
            CHECK_EQ(myna_session_call(sim_session(s), "ann", "x", "", 0, on_done_destroys, s),
                     MYNA_OK);
        if (ends)
            myna_transport_closed(t, "gone", NULL);
        else
            myna_transport_answered(t, (uint32_t)strtoul(strchr(w.log, '#') + 1, NULL, 10), 0, "");
        CHECK(t->session == NULL); /* not freed before the loop's next turn */
        CHECK(strstr(w.log, ends ? "done 1503" : "done 0") != NULL);
        sim_end(s);
    }
}

TEST(no_more_calls_are_open_than_there_are_places)
{
    struct myna_transport_class cls;
    struct sim *s = with_messages(&cls);

    for (int i = 0; i < MYNA_METHODS_OPEN; i++)
        CHECK_EQ(call(s, "m"), MYNA_OK);
    CHECK_EQ(call(s, "m"), MYNA_ELIMIT);
    sim_end(s);
}

TEST_MAIN

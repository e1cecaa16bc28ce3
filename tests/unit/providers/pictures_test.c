/* pictures_test.c - what a person shows reaches the model on each wire; a model that takes no
 * pictures is asked again with words in their place, and from then on at once; who refuses one
 * picture is shown the next. */
#include "llm_wire.h"

#define CHECK_NOT(text, part) CHECK(!strstr(text, part))
#define UNSEEN                "(Here a picture was shown that you cannot see.) What is this?"

static const struct myna_image shown[2] = {
    {.type = "image/jpeg", .bytes = (const uint8_t *)"abcd", .len = 4},
    {.type = "image/png", .bytes = (const uint8_t *)"efg", .len = 3}};
static const struct myna_image old[1] = {{.type = "image/jpeg", .len = 9}}; /* its turn is over */
static struct myna_item items[3];

static const char *refusal; /* of a request that carries a picture; NULL: it is taken */
static int refusal_status, n_seen, n_blind;

static const char *sent_body(void)
{
    return strstr(w.server.last, "\r\n\r\n") + 4;
}

static void say(struct fake_conn *c)
{
    bool seen = strstr(c->request, "base64");

    n_seen += seen;
    n_blind += !seen;
    if (seen && refusal)
        fake_answer(c, refusal_status, "", refusal);
    else
        fake_answer(c, 200, STREAM, HELLO);
}

static void open_with(const struct myna_llm_class *cls, const char *const *settings)
{
    items[0] = (struct myna_item){.type = MYNA_ITEM_MESSAGE,
                                  .role = MYNA_ROLE_USER,
                                  .text = "And that?",
                                  .images = old,
                                  .n_images = 1};
    items[1] = (struct myna_item){
        .type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_ASSISTANT, .text = "A cup."};
    items[2] = (struct myna_item){.type = MYNA_ITEM_MESSAGE,
                                  .role = MYNA_ROLE_USER,
                                  .text = "What is this?",
                                  .images = shown,
                                  .n_images = 2};
    refusal = NULL;
    n_seen = n_blind = 0;
    setup(cls, say, settings);
    w.items = items;
    w.n_items = 3;
}

static const char *const model[] = {"model", "m", NULL};

TEST(on_openais_wire_pictures_are_parts_behind_the_words_as_data)
{
    open_with(&myna_llm_openai_compatible, model);
    ask();
    CHECK_STR(w.text, "Hello.");
    CHECK_HAS(
        sent_body(),
        "\"messages\":[{\"role\":\"user\",\"content\":\"And that?\"},"
        "{\"role\":\"assistant\",\"content\":\"A cup.\"},{\"role\":\"user\",\"content\":["
        "{\"type\":\"text\",\"text\":\"What is this?\"},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/jpeg;base64,YWJjZA==\"}},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,ZWZn\"}}]}]");
    CHECK_EQ(n_seen, 1);
    CHECK_EQ(n_blind, 0);
    teardown();
}

TEST(on_anthropics_wire_they_are_blocks_before_the_words)
{
    static const char *const settings[] = {"model", "c", "api_key", "k", NULL};

    open_with(&myna_llm_anthropic, settings);
    begin();
    turn_until(&n_seen, 1);
    CHECK_HAS(sent_body(),
              "{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\","
              "\"media_type\":\"image/jpeg\",\"data\":\"YWJjZA==\"}},"
              "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
              "\"data\":\"ZWZn\"}},{\"type\":\"text\",\"text\":\"What is this?\"}]}");
    CHECK_HAS(sent_body(), "[{\"type\":\"text\",\"text\":\"And that?\"}]");
    hang_up();
    teardown();
}

static void check_blind(int status, const char *body)
{
    open_with(&myna_llm_openai_compatible, model);
    refusal = body;
    refusal_status = status;
    ask();
    CHECK_EQ(w.faults, 0);
    CHECK_STR(w.text, "Hello.");
    CHECK_EQ(n_seen, 1);
    CHECK_EQ(n_blind, 1);
    CHECK_HAS(sent_body(), "{\"role\":\"user\",\"content\":\"" UNSEEN "\"}");
    CHECK_HAS(sent_body(), "{\"role\":\"user\",\"content\":\"And that?\"}");
    ask(); /* once is enough */
    CHECK_STR(w.text, "Hello.");
    CHECK_EQ(n_seen, 1);
    CHECK_EQ(n_blind, 2);
    CHECK_HAS(sent_body(), UNSEEN);
    teardown();
}

TEST(a_model_that_refuses_pictures_gets_words_in_their_place_and_later_ones_at_once)
{
    check_blind(400, "{\"error\":{\"message\":\"image_url is not supported by this model\"}}");
    check_blind(500, "{\"error\":{\"message\":\"Image input is not supported (mmproj)\"}}");
    check_blind(422, "{\"error\":{\"message\":\"unknown variant `image_url`, expected `text`\"}}");
    check_blind(415, "{}");
}

/* Too large for the server, broken, a conversation that is too long, a filter's word. */
static void check_once(int status, const char *body)
{
    open_with(&myna_llm_openai_compatible, model);
    refusal = body;
    refusal_status = status;
    ask();
    CHECK_EQ(w.faults, 0);
    CHECK_STR(w.text, "Hello.");
    CHECK_HAS(sent_body(), UNSEEN);
    CHECK_EQ(n_blind, 1);
    refusal = NULL;
    ask(); /* the next picture is seen */
    CHECK_STR(w.text, "Hello.");
    CHECK_EQ(n_seen, 2);
    CHECK_EQ(n_blind, 1);
    CHECK_HAS(sent_body(), "base64");
    teardown();
}

TEST(a_refusal_that_may_be_of_this_picture_alone_costs_this_one_alone)
{
    check_once(413, "{\"error\":{\"message\":\"image too big: request entity too large\"}}");
    check_once(400, "{\"error\":{\"message\":\"maximum context length is 8192 tokens\"}}");
    check_once(400, "{\"error\":{\"message\":\"messages.0: image exceeds 5 MB maximum\"}}");
    check_once(400, "{\"error\":{\"message\":\"Could not process image\"}}");
    check_once(400, "{\"error\":{\"message\":\"You uploaded an unsupported image. Please make "
                    "sure your image has of one of the following formats\"}}");
    check_once(422, "{}");
    check_once(404, "{}");
}

TEST(what_has_nothing_to_do_with_pictures_is_the_fault_that_it_is)
{
    open_with(&myna_llm_openai_compatible, model);
    refusal = "{\"error\":{\"message\":\"wrong key\"}}";
    refusal_status = 401;
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_EQ(w.status, 401);
    CHECK_EQ(n_blind, 0);
    refusal = "{\"error\":{\"message\":\"out of order\"}}";
    refusal_status = 500;
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_EQ(n_blind, 0);
    teardown();
}

TEST_MAIN

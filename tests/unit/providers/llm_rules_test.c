/* llm_rules_test.c - the rules L1 to L36 of agents behind chat completions (telephony 3.9), one
 * test a rule, each through the whole client against a server in the same loop.
 *
 * | rule | what it is about           | rule | what it is about                                |
 * |------|----------------------------|------|-------------------------------------------------|
 * | L1   | the plainest request       | L19  | Hermes without a key: no session                |
 * | L2   | slash behind the address   | L20  | Hermes refuses a session: once more without     |
 * | L3-5 | keys                       | L21  | Hermes gives a session another id               |
 * | L6   | what is missing            | L22  | a memory for each caller                        |
 * | L7   | warm-up                    | L23-27 | OpenClaw                                      |
 * | L8-12| session signals            | L28  | a provider older than the request               |
 * | L13  | own headers                | L29  | a wrong key                                     |
 * | L14  | sampling                   | L30  | silence and signs of life                       |
 * | L15  | tools                      | L31  | interrupted before the head                     |
 * | L16-18 | Hermes                   | L32-36 | what a stream may hold                        |
 */
#include <stddef.h>
#include <stdlib.h>

#include "llm_wire.h"

#define CHECK_NOT(text, part) CHECK(!strcasestr(text, part))

static const struct myna_llm_class *const generic = &myna_llm_openai_compatible;

static const char *sent_body(void)
{
    const char *end = strstr(w.server.last, "\r\n\r\n");

    return end ? end + 4 : "";
}

static void say_hello(struct fake_conn *c)
{
    fake_answer(c, 200, STREAM, HELLO);
}

/* One turn with these settings; the request is in w.server.last until finish(). */
static void turn(const struct myna_llm_class *cls, const char *const *settings)
{
    setup(cls, say_hello, settings);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Hello.");
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MODEL     "model", "m"

static void warm_up(void)
{
    w.llm->cls->warm(w.llm);
    while (!w.host.http || myna_http_active(w.host.http))
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
}

TEST(L1_the_plainest_request_has_nothing_more_than_it_must)
{
    turn(generic, WITH(MODEL));
    CHECK_HAS(w.server.last, "POST /v1/chat/completions HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "Content-Type: application/json\r\n");
    CHECK_HAS(w.server.last, "Accept: text/event-stream\r\n");
    CHECK_HAS(w.server.last, "User-Agent: myna/");
    CHECK_NOT(w.server.last, "Authorization");
    CHECK_STR(sent_body(), "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                           "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    teardown();
}

TEST(L2_a_slash_behind_the_address_is_dropped)
{
    char url[64];

    setup(generic, say_hello, WITH(MODEL));
    w.llm->cls->destroy(w.llm);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/", w.server.port);
    CHECK_EQ(myna_config_set(w.cfg, "llm.openai_compatible.base_url", url, "t", NULL), MYNA_OK);
    CHECK_EQ(generic->create(&w.llm, &w.host, w.cfg, NULL), MYNA_OK);
    ask();
    CHECK_HAS(w.server.last, "POST /v1/chat/completions HTTP/1.1\r\n");
    teardown();
}

TEST(L3_a_key_goes_with_the_chat_and_with_the_warm_up)
{
    setup(generic, say_hello, WITH(MODEL, "api_key", "k"));
    warm_up();
    CHECK_HAS(w.server.last, "GET /v1/models HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "Authorization: Bearer k\r\n");
    ask();
    CHECK_HAS(w.server.last, "POST /v1/chat");
    CHECK_HAS(w.server.last, "Authorization: Bearer k\r\n");
    CHECK_EQ(w.server.n_accepted, 1); /* which is what a warm-up is for */
    teardown();
}

TEST(L4_EMPTY_is_no_key)
{
    setup(generic, say_hello, WITH(MODEL, "api_key", "EMPTY"));
    warm_up();
    CHECK_NOT(w.server.last, "Authorization");
    ask();
    CHECK_NOT(w.server.last, "Authorization");
    teardown();
}

TEST(L5_a_given_key_wins_over_the_environments)
{
    setenv("MYNA_TEST_KEY", "kk", 1);
    turn(generic, WITH(MODEL, "api_key_env", "MYNA_TEST_KEY"));
    CHECK_HAS(w.server.last, "Authorization: Bearer kk\r\n");
    teardown();
    turn(generic, WITH(MODEL, "api_key_env", "MYNA_TEST_KEY", "api_key", "mine"));
    CHECK_HAS(w.server.last, "Authorization: Bearer mine\r\n");
    teardown();
    unsetenv("MYNA_TEST_KEY");
}

/* Settings that cannot work: the sentence. */
static void refused(const struct myna_llm_class *cls, const char *const *settings, const char *says)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_host host = {0};
    struct myna_llm *llm;
    struct myna_why why = {0};
    char key[64];

    for (; *settings; settings += 2) {
        snprintf(key, sizeof key, "llm.%s.%s", cls->name, settings[0]);
        CHECK_EQ(myna_config_set(cfg, key, settings[1], "test", &why), MYNA_OK);
    }
    CHECK_EQ(cls->create(&llm, &host, cfg, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, says);
    myna_config_destroy(cfg);
}

TEST(L6_what_is_missing_is_named)
{
    refused(generic, WITH(MODEL), "llm.openai_compatible.base_url is not set");
    refused(generic, WITH("base_url", "", MODEL), "llm.openai_compatible.base_url is not set");
    refused(generic, WITH("base_url", "http://h:1/v1"), "llm.openai_compatible.model is not set");
    refused(generic, WITH("base_url", "http://h:1/v1", "model", ""),
            "llm.openai_compatible.model is not set");
    refused(generic, WITH("base_url", "h:1/v1", MODEL), "must begin with http:// or https://");
}

static void say_500(struct fake_conn *c)
{
    fake_answer(c, 500, "", "no");
}

static void hang_the_warm_up(struct fake_conn *c)
{
    if (!strncmp(w.server.last, "POST", 4))
        say_hello(c);
}

TEST(L7_a_warm_up_that_fails_or_hangs_is_no_error_and_holds_nothing_up)
{
    setup(generic, say_500, WITH(MODEL));
    warm_up();
    w.server.answer = say_hello;
    ask();
    CHECK_EQ(w.dones, 1);
    teardown();
    setup(generic, hang_the_warm_up, WITH(MODEL));
    w.llm->cls->warm(w.llm);
    turn_until(&w.server.n_accepted, 1);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_EQ(myna_http_active(w.host.http), 1); /* still at it, and nobody minds */
    teardown();
}

TEST(L8_a_user_prefix_sends_the_user_and_nothing_else)
{
    turn(generic, WITH(MODEL, "session_user_prefix", "p-"));
    CHECK_HAS(sent_body(), "\"user\":\"p-CA1\"");
    CHECK_NOT(w.server.last, "session");
    teardown();
}

TEST(L9_an_id_header_sends_the_header_and_nothing_else)
{
    turn(generic, WITH(MODEL, "session_id_header", "X-S"));
    CHECK_HAS(w.server.last, "X-S: CA1\r\n");
    CHECK_NOT(sent_body(), "\"user\":\"");
    teardown();
}

#define KEYED "session_id_header", "X-S", "session_id_prefix", "a-", "session_key_header", "X-K"

TEST(L10_id_and_key_stand_beside_each_other)
{
    turn(generic, WITH(MODEL, KEYED, "session_key", "mem"));
    CHECK_HAS(w.server.last, "X-S: a-CA1\r\n");
    CHECK_HAS(w.server.last, "X-K: mem\r\n");
    teardown();
}

TEST(L11_an_empty_key_is_none)
{
    turn(generic, WITH(MODEL, KEYED, "session_key", ""));
    CHECK_HAS(w.server.last, "X-S: a-CA1\r\n");
    CHECK_NOT(w.server.last, "X-K");
    teardown();
}

TEST(L12_without_a_call_id_only_the_key_is_left)
{
    setup(generic, say_hello,
          WITH(MODEL, KEYED, "session_key", "mem", "session_user_prefix", "p-"));
    w.session_id = NULL;
    ask();
    CHECK_NOT(w.server.last, "X-S:");
    CHECK_NOT(sent_body(), "\"user\":\"");
    CHECK_HAS(w.server.last, "X-K: mem\r\n");
    teardown();
}

TEST(L13_own_headers_win_over_built_in_ones)
{
    turn(generic, WITH(MODEL, KEYED, "headers", "{\"X-A\":\"1\",\"User-Agent\":\"z\"}"));
    CHECK_HAS(w.server.last, "X-A: 1\r\n");
    CHECK_HAS(w.server.last, "X-S: a-CA1\r\n");
    CHECK_HAS(w.server.last, "User-Agent: z\r\n");
    CHECK_NOT(w.server.last, "myna/");
    teardown();
}

TEST(L14_sampling_is_sent_as_set_and_only_then)
{
    turn(generic, WITH(MODEL, "temperature", "0.2", "max_tokens", "64"));
    CHECK_HAS(sent_body(), "\"temperature\":0.2");
    CHECK_HAS(sent_body(), "\"max_completion_tokens\":64");
    CHECK_NOT(sent_body(), "max_tokens");
    CHECK_NOT(sent_body(), "top_p");
    CHECK_NOT(sent_body(), "null");
    teardown();
    turn(generic, WITH(MODEL, "max_tokens", "64", "max_tokens_field", "max_tokens"));
    CHECK_HAS(sent_body(), "\"max_tokens\":64");
    CHECK_NOT(sent_body(), "max_completion_tokens");
    teardown();
}

#define ALL_SAMPLING                                                                               \
    "temperature", "0.2", "top_p", "0.9", "frequency_penalty", "0.1", "presence_penalty", "0.1",   \
        "stop", "end", "seed", "7", "max_tokens", "64"

TEST(L14_what_a_models_family_refuses_is_left_out)
{
    static const char *const reasoning[] = {"o1", "o3-mini", "openai/o4-mini", "gpt-5",
                                            "gpt-5.1-2025-11-13"};
    static const char *const others[] = {"gpt-4o", "gpt-5-chat-latest", "o1ive", "qwen3"};

    for (size_t i = 0; i < sizeof reasoning / sizeof *reasoning; i++) {
        turn(generic, WITH("model", reasoning[i], ALL_SAMPLING));
        CHECK_NOT(sent_body(), "temperature");
        CHECK_NOT(sent_body(), "top_p");
        CHECK_NOT(sent_body(), "penalty");
        CHECK_NOT(sent_body(), "stop\"");
        CHECK_HAS(sent_body(), "\"seed\":7");
        CHECK_HAS(sent_body(), "\"max_completion_tokens\":64");
        teardown();
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        turn(generic, WITH("model", others[i], ALL_SAMPLING));
        CHECK_HAS(sent_body(), "\"temperature\":0.2,\"top_p\":0.9");
        teardown();
    }
    turn(generic, WITH("model", "o1", ALL_SAMPLING, "drop_unsupported", "false"));
    CHECK_HAS(sent_body(), "\"temperature\":0.2");
    teardown();
}

static const struct myna_tool_def weather = {"weather", "of a place", "{\"type\":\"object\"}"};

TEST(L15_tools_are_there_when_there_are_any)
{
    turn(generic, WITH(MODEL, "tool_choice", "auto", "parallel_tool_calls", "no"));
    CHECK_NOT(sent_body(), "tool");
    w.defs = &weather;
    w.n_defs = 1;
    ask();
    CHECK_HAS(sent_body(), "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\"");
    CHECK_HAS(sent_body(), "\"parallel_tool_calls\":false");
    teardown();
}

TEST(L16_hermes_with_a_key)
{
    struct myna_config *cfg = myna_config_create();

    CHECK_STR(myna_config_get(cfg, "llm.hermes.base_url"), "http://127.0.0.1:8642/v1");
    myna_config_destroy(cfg);
    setenv("API_SERVER_KEY", "s", 1);
    turn(&myna_llm_hermes, WITH("max_history", "0"));
    CHECK_HAS(sent_body(), "\"model\":\"hermes-agent\"");
    CHECK_HAS(sent_body(), "\"user\":\"patter-call-CA1\"");
    CHECK_HAS(w.server.last, "Authorization: Bearer s\r\n");
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: patter-call-CA1\r\n");
    CHECK_NOT(w.server.last, "X-Hermes-Session-Key");
    CHECK_STR(w.llm->model, "hermes-agent");
    CHECK_EQ(w.llm->caps, MYNA_LLM_OWN_HISTORY);
    teardown();
    unsetenv("API_SERVER_KEY");
}

TEST(L17_the_model_of_hermes_is_the_option_else_the_environments)
{
    setenv("API_SERVER_MODEL_NAME", "z", 1);
    turn(&myna_llm_hermes, WITH("max_history", "0"));
    CHECK_HAS(sent_body(), "\"model\":\"z\"");
    teardown();
    turn(&myna_llm_hermes, WITH("model", "y"));
    CHECK_HAS(sent_body(), "\"model\":\"y\"");
    teardown();
    unsetenv("API_SERVER_MODEL_NAME");
}

TEST(L18_hermes_with_a_memory)
{
    turn(&myna_llm_hermes, WITH("api_key", "s", "session_key", "u1"));
    CHECK_HAS(w.server.last, "X-Hermes-Session-Key: u1\r\n");
    teardown();
}

TEST(L19_hermes_without_a_key_gets_no_session)
{
    turn(&myna_llm_hermes, WITH("session_key", "u1"));
    CHECK_NOT(w.server.last, "X-Hermes");
    CHECK_NOT(w.server.last, "Authorization");
    CHECK_HAS(sent_body(), "\"user\":\"patter-call-CA1\"");
    teardown();
}

static int refusals;

/* Some builds know only ids that they gave out themselves. */
static void knows_its_own_ids(struct fake_conn *c)
{
    if (strstr(w.server.last, "X-Hermes-Session-Id: patter-call-CA1")) {
        refusals++;
        fake_answer(c, 404, "", "{\"error\":{\"message\":\"Unknown session ID\"}}");
    } else {
        fake_answer(c, 200, STREAM "X-Hermes-Session-Id: api-0123456789abcdef\r\n", HELLO);
    }
}

TEST(L20_a_session_that_hermes_refuses_is_left_out_once_and_its_own_adopted)
{
    refusals = 0;
    setup(&myna_llm_hermes, knows_its_own_ids, WITH("api_key", "s"));
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_EQ(refusals, 1);
    CHECK_NOT(w.server.last, "X-Hermes-Session-Id");
    ask();
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: api-0123456789abcdef\r\n");
    w.session_id = "CA2"; /* another call has its own */
    ask();
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: patter-call-CA2\r\n");
    CHECK_EQ(refusals, 1);
    teardown();
}

static void refuse_all(struct fake_conn *c)
{
    refusals++;
    fake_answer(c, 403, "", "{\"error\":{\"message\":\"Session continuation requires API key\"}}");
}

TEST(L20_and_not_more_than_once)
{
    refusals = 0;
    setup(&myna_llm_hermes, refuse_all, WITH("api_key", "s"));
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_EQ(refusals, 2);
    teardown();
}

static void rotate(struct fake_conn *c)
{
    fake_answer(c, 200, STREAM "X-Hermes-Session-Id: S2\r\n", HELLO);
}

TEST(L21_an_id_that_changes_is_followed)
{
    setup(&myna_llm_hermes, rotate, WITH("api_key", "s"));
    ask();
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: patter-call-CA1\r\n");
    ask();
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: S2\r\n");
    teardown();
}

TEST(L22_each_caller_has_a_memory_and_an_anonymous_one_none)
{
    setup(&myna_llm_hermes, say_hello, WITH("api_key", "s", "session_key_from", "caller_hash"));
    w.caller = "+15551230000";
    for (int i = 0; i < 2; i++) {
        ask(); /* printf %s +15551230000 | sha256sum */
        CHECK_HAS(w.server.last, "X-Hermes-Session-Key: patter-caller-");
        CHECK_HAS(w.server.last, "X-Hermes-Session-Key: patter-caller-86d40e3443117dc4\r\n");
        w.session_id = "CA2";
    }
    w.caller = NULL;
    ask();
    CHECK_NOT(w.server.last, "X-Hermes-Session-Key");
    teardown();
}

TEST(L23_openclaw)
{
    turn(&myna_llm_openclaw, WITH("agent", "receptionist", "api_key", "t", "headers", "X-A: 1"));
    CHECK_HAS(sent_body(), "\"model\":\"openclaw/receptionist\"");
    CHECK_HAS(sent_body(), "\"user\":\"patter-call-CA1\"");
    CHECK_HAS(w.server.last, "x-openclaw-session-key: CA1\r\n");
    CHECK_HAS(w.server.last, "X-A: 1\r\n");
    CHECK_EQ(w.llm->caps, MYNA_LLM_OWN_HISTORY);
    teardown();
}

TEST(L24_a_name_with_its_kind_stays_as_it_is)
{
    static const char *const names[] = {"openclaw/custom", "openclaw:custom", "agent:x"};
    char want[64];

    for (size_t i = 0; i < 3; i++) {
        turn(&myna_llm_openclaw, WITH("agent", names[i]));
        snprintf(want, sizeof want, "\"model\":\"%s\"", names[i]);
        CHECK_HAS(sent_body(), want);
        teardown();
    }
}

TEST(L25_a_name_that_is_none_is_refused_with_what_is_allowed)
{
    static const char *const names[] = {"", "a b", "a\n", "\xC3\xA9"};

    for (size_t i = 0; i < 4; i++)
        refused(&myna_llm_openclaw, WITH("agent", names[i]), "letters, digits, . _ : / -");
}

static void say_404(struct fake_conn *c)
{
    fake_answer(c, 404, "", "Not Found");
}

TEST(L26_openclaws_404_says_which_setting_is_off)
{
    setup(&myna_llm_openclaw, say_404, NULL);
    ask();
    CHECK_HAS(w.fault, "set gateway.http.endpoints.chatCompletions.enabled to true");
    CHECK(!w.retryable);
    teardown();
}

static void accepted(const char *url, const char *token, const char *insecure)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_host host = {0};
    struct myna_llm *llm;

    CHECK_EQ(myna_config_set(cfg, "llm.openclaw.base_url", url, "t", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "llm.openclaw.allow_insecure", insecure, "t", NULL), MYNA_OK);
    if (token)
        CHECK_EQ(myna_config_set(cfg, "llm.openclaw.api_key", token, "t", NULL), MYNA_OK);
    CHECK_EQ(myna_llm_openclaw.create(&llm, &host, cfg, NULL), MYNA_OK);
    llm->cls->destroy(llm);
    myna_config_destroy(cfg);
}

TEST(L27_openclaws_token_does_not_travel_in_the_clear)
{
    refused(&myna_llm_openclaw, WITH("base_url", "http://203.0.113.5/v1", "api_key", "t"),
            "llm.openclaw.allow_insecure: true");
    accepted("https://203.0.113.5/v1", "t", "false");
    accepted("http://203.0.113.5/v1", NULL, "false"); /* no token */
    accepted("http://203.0.113.5/v1", "t", "true");
    accepted("http://127.0.0.1:1/v1", "t", "false");
}

/* A provider built when a request was no more than this. */
struct old_request {
    size_t size;
    const struct myna_item *items;
    size_t n_items;
    const char *instructions;
};

static size_t old_saw;

static enum myna_err old_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    const struct old_request *r = (const struct old_request *)(const void *)req;
    struct myna_llm_stream *st = calloc(1, sizeof *st);

    CHECK(r->size >= sizeof *r);
    old_saw = r->n_items;
    CHECK_STR(r->items[0].text, "hi");
    CHECK_STR(r->instructions, "");
    st->llm = llm;
    *out = st;
    return MYNA_OK;
}

static void old_close(struct myna_llm_stream *st)
{
    free(st);
}

TEST(L28_an_older_provider_reads_what_it_knows)
{
    static const struct myna_llm_class old = {
        .name = "old", .start = old_start, .close = old_close};
    struct myna_llm llm = {.cls = &old};

    CHECK_EQ(offsetof(struct myna_llm_request, size), 0);
    CHECK_EQ(offsetof(struct myna_llm_request, instructions),
             offsetof(struct old_request, instructions));
    setup(generic, say_hello, WITH(MODEL));
    llm.host = &w.host;
    w.llm->cls->destroy(w.llm);
    w.llm = &llm;
    begin();
    CHECK_EQ(old_saw, 1);
    hang_up();
    CHECK_EQ(generic->create(&w.llm, &w.host, w.cfg, NULL), MYNA_OK);
    teardown();
}

static char long_body[5200];

static void say_401(struct fake_conn *c)
{
    memset(long_body, 'x', 5000);
    memcpy(long_body, "bad sk-12345 ", 13);
    fake_answer(c, 401, "", long_body);
}

TEST(L29_a_wrong_key_is_one_short_line_that_names_the_setting_and_is_not_tried_again)
{
    size_t words = 0;

    setup(generic, say_401, WITH(MODEL, "api_key", "sk-12345"));
    ask();
    CHECK_EQ(w.status, 401);
    CHECK(!w.retryable);
    CHECK_HAS(w.fault, "the server answered HTTP 401: bad *** xxx");
    CHECK(strlen(w.fault) < 320);
    CHECK_NOT(w.fault, "12345");
    CHECK_NOT(w.fault, "\n");
    for (const char *p = w.fault; *p; p++)
        words += *p == 'x';
    CHECK(words > 150 && words <= 200);
    CHECK_HAS(w.fault, "(is llm.openai_compatible.api_key right?)");
    CHECK_HAS(w.server.last, "Authorization: Bearer sk-12345\r\n");
    CHECK_EQ(w.server.conns[0].n_requests, 1);
    teardown();
}

static struct {
    struct myna_timer timer;
    struct fake_conn *c;
    int left;
} beat;

static void on_beat(struct myna_timer *t)
{
    if (beat.left-- > 0) {
        fake_say(beat.c, ": keepalive\n\n");
        CHECK_EQ(myna_timer_set(t, myna_loop_now(w.host.loop) + 300 * MYNA_MS), MYNA_OK);
    } else {
        fake_say(beat.c, HELLO);
        fake_close(beat.c);
    }
}

static void say_slowly(struct fake_conn *c)
{
    beat.c = c;
    beat.left = 12; /* 3.6 s of signs of life */
    fake_say(c, "HTTP/1.1 200 OK\r\n" STREAM "\r\n");
    myna_host_timer_init(&w.host, &beat.timer, on_beat, NULL);
    on_beat(&beat.timer);
}

static void say_half(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\n" STREAM "\r\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n");
}

/* Limits by the real clock: a machine that is busy elsewhere for a second keeps them. */
TEST(L30_silence_is_a_fault_and_a_sign_of_life_is_not)
{
    setup(generic, say_half, WITH(MODEL, "timeout", "3000"));
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_HAS(w.fault, "nothing came for 3000 ms");
    teardown();
    setup(generic, say_slowly, WITH(MODEL, "timeout", "3000"));
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Hello.");
    teardown();
}

TEST(L30_the_whole_answer_has_a_limit_when_one_is_set)
{
    setup(generic, say_slowly, WITH(MODEL, "timeout", "20000", "total_timeout", "2500"));
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_HAS(w.fault, "2500 ms");
    myna_timer_clear(&beat.timer);
    teardown();
}

static void say_nothing(struct fake_conn *c)
{
    (void)c;
    myna_loop_stop(w.host.loop);
}

TEST(L31_an_interruption_before_the_head_closes_the_socket_within_50_ms_and_is_no_error)
{
    setup(generic, say_nothing, WITH(MODEL));
    begin();
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.server.n_closed, 0);
    hang_up();
    /* turns of a millisecond: what a busy machine takes away between them is nobody's fault */
    for (int ms = 0; ms < 50 && !w.server.n_closed; ms++)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    CHECK_EQ(w.server.n_closed, 1);
    CHECK_EQ(w.dones + w.faults, 0);
    teardown();
}

#define SAYS(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define STOP       "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
static const char *stream;

static void say_stream(struct fake_conn *c)
{
    fake_answer(c, 200, STREAM, stream);
}

static void told(const struct myna_llm_class *cls, const char *const *settings, const char *text)
{
    stream = text;
    setup(cls, say_stream, settings);
    ask();
}

TEST(L32_a_tools_progress_between_words_is_no_word)
{
    told(generic, WITH(MODEL),
         SAYS("One ") "event: hermes.tool.progress\ndata: {\"tool\":\"terminal\",\"emoji\":\"x\","
                      "\"label\":\"ls\",\"toolCallId\":\"t\",\"status\":\"running\"}\n\n" SAYS(
                          "two.") STOP);
    CHECK_STR(w.text, "One two.");
    CHECK_STR(w.progress, "terminal running;");
    teardown();
}

TEST(L33_finish_reason_error_with_status_200_is_a_fault)
{
    told(generic, WITH(MODEL),
         "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n");
    CHECK_EQ(w.faults, 1);
    CHECK_STR(w.text, "");
    teardown();
}

#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7,\"total_tokens\":107,"               \
    "\"prompt_tokens_details\":{\"cached_tokens\":40}}"

TEST(L34_usage_in_the_last_chunk_or_behind_it_is_counted_once)
{
    static const char *const streams[] = {
        SAYS("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]," USAGE "}\n\n"
                  "data: [DONE]\n\n",
        SAYS("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                  "data: {\"choices\":[]," USAGE "}\n\ndata: [DONE]\n\n",
        SAYS("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]," USAGE "}\n\n"
                  "data: {\"choices\":[]," USAGE "}\n\ndata: [DONE]\n\n",
    };

    for (size_t i = 0; i < 3; i++) {
        told(generic, WITH(MODEL), streams[i]);
        CHECK_EQ(w.usages, 1);
        CHECK_EQ(w.usage.prompt_tokens, 100);
        CHECK_EQ(w.usage.completion_tokens, 7);
        teardown();
    }
}

TEST(L35_cached_tokens_are_counted_apart_and_cost_less)
{
    /* 60 fresh at 2, 40 cached at 0.5, 7 out at 8 dollars a million */
    const double want = (60 * 2.0 + 40 * 0.5 + 7 * 8.0) / 1e6;

    stream = SAYS("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]," USAGE
                       "}\n\ndata: [DONE]\n\n";
    told(generic, WITH(MODEL, "price_input", "2", "price_cached", "0.5", "price_output", "8"),
         stream);
    CHECK_EQ(w.usage.prompt_tokens - w.usage.prompt_cached_tokens, 60);
    CHECK_EQ(w.usage.prompt_cached_tokens, 40);
    CHECK_EQ(w.usage.prompt_cache_write_tokens, 0);
    CHECK_EQ(w.usage.completion_tokens, 7);
    CHECK(w.usage.cost > want * 0.999999 && w.usage.cost < want * 1.000001);
    teardown();
    told(generic, WITH(MODEL), stream);
    CHECK(w.usage.cost == 0); /* nobody said what it costs */
    teardown();
}

static size_t cut_at;

static void say_cut(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\n" STREAM "\r\n");
    fake_send(c, stream, cut_at);
    beat.c = c;
    myna_loop_stop(w.host.loop);
}

TEST(L36_characters_and_line_ends_may_be_cut_anywhere)
{
    stream = "data: {\"choices\":[{\"delta\":{\"content\":\"\xE2\x82\xAC 5.\"}}]}\r\n\r\n"
             "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n"
             "data: [DONE]\r\n\r\n";
    for (cut_at = 38; cut_at < 58; cut_at++) {
        setup(generic, say_cut, WITH(MODEL));
        begin();
        myna_loop_run(w.host.loop); /* until the first part is sent, */
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS); /* and read */
        fake_send(beat.c, stream + cut_at, strlen(stream) - cut_at);
        fake_close(beat.c);
        myna_loop_run(w.host.loop);
        CHECK_EQ(w.dones, 1);
        CHECK_STR(w.text, "\xE2\x82\xAC 5.");
        teardown();
    }
}

#define CALL(i, id, f, extra)                                                                      \
    "{\"index\":" i ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" f         \
    "\",\"arguments\":\"{}\"}" extra "}"
#define SIGNED ",\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}"

TEST(the_signature_of_the_first_of_parallel_calls_is_all_of_theirs_and_comes_back)
{
    struct myna_item items[] = {
        {.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_USER, .text = "hi"},
        {.type = MYNA_ITEM_FUNCTION_CALL,
         .call_id = "c1",
         .name = "f",
         .arguments = "{}",
         .extra = "{\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}}"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "c1", .name = "f", .output = "ok"},
    };

    told(generic, WITH(MODEL),
         "data: {\"choices\":[{\"delta\":{\"tool_calls\":[" CALL("0", "c1", "f", SIGNED) "," CALL(
             "1", "c2", "g",
             "") "]}}]}\n\n"
                 "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n");
    CHECK_STR(w.tools,
              "c1 f {} {\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}};"
              "c2 g {} {\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}};");
    w.items = items;
    w.n_items = 3;
    ask();
    CHECK_HAS(sent_body(), "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":"
                           "{\"google\":{\"thought_signature\":\"c2ln\"}}}]");
    teardown();
}

TEST_MAIN

/* openai_test.c - the pure parts of the client for chat completions: cases L1 to L36 of the spec as
 * far as they need no server, requests with tools, and answers in all the ways that servers give
 * them, cut at every byte. */
#include "providers/openai.h"

#include "check.h"
#include "fault.h"

static const struct myna_openai_preset generic = {.name = "openai_compatible", .product = "it"};
static const struct myna_openai_preset hermes = {.name = "hermes",
                                                 .model_env = "API_SERVER_MODEL_NAME",
                                                 .default_model = "hermes-agent",
                                                 .hermes = true};
static const struct myna_openai_preset openclaw = {.name = "openclaw", .openclaw = true};

static const char *env_key, *env_model;

static const char *env(const char *name)
{
    if (!strcmp(name, "API_SERVER_MODEL_NAME"))
        return env_model;
    return !strcmp(name, "X") || !strcmp(name, "API_SERVER_KEY") ? env_key : NULL;
}

static struct myna_openai_conf plain(void)
{
    return (struct myna_openai_conf){
        .base_url = "http://h:1/v1", .model = "m", .include_usage = true, .hide_think = true};
}

static struct myna_openai_conf hermes_conf(void)
{
    return (struct myna_openai_conf){.base_url = "http://127.0.0.1:8642/v1",
                                     .api_key_env = "API_SERVER_KEY",
                                     .session_user_prefix = "patter-call-",
                                     .session_id_header = "X-Hermes-Session-Id",
                                     .session_id_prefix = "patter-call-",
                                     .session_key_header = "X-Hermes-Session-Key",
                                     .include_usage = true,
                                     .interrupted_note = true};
}

static struct myna_openai_conf openclaw_conf(const char *agent)
{
    return (struct myna_openai_conf){.base_url = "http://127.0.0.1:18789/v1",
                                     .agent = agent,
                                     .session_user_prefix = "patter-call-",
                                     .session_id_header = "x-openclaw-session-key",
                                     .session_id_prefix = "",
                                     .include_usage = true};
}

/* ---- what goes out, as text: "POST url\nName: value\n…\n\nbody" */

static char sent[8192];

static const char *send_with(const struct myna_openai_preset *preset,
                             const struct myna_openai_conf *conf,
                             const struct myna_openai_call *call,
                             const struct myna_llm_request *req)
{
    struct myna_openai_target t;
    struct myna_openai_headers h;
    struct myna_why why = {0};
    char *body = NULL;
    size_t at;

    if (myna_openai_resolve(&t, preset, conf, env, &why)) {
        snprintf(sent, sizeof sent, "error: %s", why.text);
        return sent;
    }
    CHECK_EQ(myna_openai_headers(&t, call, &h), MYNA_OK);
    at = (size_t)snprintf(sent, sizeof sent, "POST %s\n", t.chat_url);
    for (size_t i = 0; i < h.n; i++)
        at += (size_t)snprintf(sent + at, sizeof sent - at, "%s: %s\n", h.h[i].name, h.h[i].value);
    if (req && myna_openai_body(&t, req, &body, &why))
        snprintf(sent + at, sizeof sent - at, "error: %s", why.text);
    else
        snprintf(sent + at, sizeof sent - at, "\n%s", body ? body : "");
    free(body);
    myna_openai_headers_fini(&h);
    myna_openai_target_fini(&t);
    return sent;
}

static struct myna_item said(enum myna_role role, const char *text)
{
    return (struct myna_item){.type = MYNA_ITEM_MESSAGE, .role = role, .text = text};
}

static const char *send(const struct myna_openai_preset *preset,
                        const struct myna_openai_conf *conf, const char *id)
{
    struct myna_item hi = said(MYNA_ROLE_USER, "hi");
    struct myna_llm_request req = {.items = &hi, .n_items = 1, .session_id = id};
    struct myna_openai_call call = {.id = id};

    return send_with(preset, conf, &call, &req);
}

static const char *warm_up(const struct myna_openai_conf *conf)
{
    return send_with(&generic, conf, NULL, NULL);
}

TEST(an_agent_with_a_model_of_its_own_is_answered_by_that_one)
{
    struct myna_openai_conf c = plain();
    struct myna_item hi = said(MYNA_ROLE_USER, "hi");
    struct myna_llm_request req = {
        .size = sizeof req, .items = &hi, .n_items = 1, .model = "big-one"};

    CHECK_HAS(send_with(&generic, &c, &(struct myna_openai_call){0}, &req),
              "\n\n{\"model\":\"big-one\",");
    req.size = offsetof(struct myna_llm_request, model); /* of a host that does not know it */
    CHECK_HAS(send_with(&generic, &c, &(struct myna_openai_call){0}, &req),
              "\n\n{\"model\":\"m\",");
}

TEST(L1_the_plainest_request_has_nothing_more_than_it_must)
{
    struct myna_openai_conf c = plain();

    send(&generic, &c, NULL);
    CHECK_HAS(sent, "POST http://h:1/v1/chat/completions\n");
    CHECK_HAS(sent, "Content-Type: application/json\n");
    CHECK_HAS(sent, "Accept: text/event-stream\n");
    CHECK_HAS(sent, "User-Agent: myna/");
    CHECK(!strstr(sent, "Authorization"));
    CHECK_HAS(sent, "\n\n{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                    "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
}

TEST(L2_a_slash_behind_the_address_is_dropped)
{
    static const char *const bases[] = {"http://h:1/v1/", "http://h:1/v1//",
                                        "http://h:1/v1/chat/completions"};

    for (int i = 0; i < 3; i++) {
        struct myna_openai_conf c = plain();

        c.base_url = bases[i];
        CHECK_HAS(send(&generic, &c, NULL), "POST http://h:1/v1/chat/completions\n");
    }
}

TEST(L3_L4_L5_the_key_goes_with_chat_and_warm_up_or_with_neither)
{
    static const struct {
        const char *key, *key_env, *env, *want;
    } cases[] = {
        {"k", NULL, NULL, "Authorization: Bearer k\n"},
        {"EMPTY", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {"own", "X", "kk", "Bearer own\n"},
        {NULL, "X", "kk", "Bearer kk\n"},
        {NULL, "X", NULL, NULL},
        {NULL, "X", "EMPTY", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct myna_openai_conf c = plain();

        c.api_key = cases[i].key;
        c.api_key_env = cases[i].key_env;
        env_key = cases[i].env;
        for (int warm = 0; warm < 2; warm++) {
            const char *out = warm ? warm_up(&c) : send(&generic, &c, NULL);

            if (cases[i].want)
                CHECK_HAS(out, cases[i].want);
            else
                CHECK(!strstr(out, "Authorization"));
        }
    }
}

TEST(L6_what_is_missing_or_wrong_is_named)
{
    struct myna_openai_conf c = plain();

    c.base_url = NULL;
    CHECK_HAS(send(&generic, &c, NULL), "error: llm.openai_compatible.base_url is not set");
    c.base_url = "h:1/v1";
    CHECK_HAS(send(&generic, &c, NULL), "base_url must begin with http:// or https://");
    c = plain();
    c.model = "";
    CHECK_HAS(send(&generic, &c, NULL), "error: llm.openai_compatible.model is not set");
    c = plain();
    c.api_key = "two words";
    CHECK_HAS(send(&generic, &c, NULL), "llm.openai_compatible.api_key has a blank");
    CHECK(!strstr(sent, "two words"));
    c = plain();
    c.extra_body = "[1]";
    CHECK_HAS(send(&generic, &c, NULL), "llm.openai_compatible.extra_body is not a JSON object");
    c = plain();
    c.headers = "no colon";
    CHECK_HAS(send(&generic, &c, NULL), "llm.openai_compatible.headers: want one");
}

TEST(L8_to_L12_each_session_signal_stands_alone)
{
    struct myna_openai_conf c = plain();

    c.session_user_prefix = "p-";
    send(&generic, &c, "CA1");
    CHECK_HAS(sent, "\"user\":\"p-CA1\"");
    CHECK(!strstr(sent, "X-"));
    c = plain();
    c.session_id_header = "X-S";
    send(&generic, &c, "CA1");
    CHECK_HAS(sent, "X-S: CA1\n");
    CHECK(!strstr(sent, "\"user\":"));
    c.session_id_prefix = "a-";
    c.session_key_header = "X-K";
    c.session_key = "mem";
    send(&generic, &c, "CA1");
    CHECK_HAS(sent, "X-S: a-CA1\n");
    CHECK_HAS(sent, "X-K: mem\n");
    c.session_user_prefix = "p-";
    send(&generic, &c, NULL);
    CHECK(!strstr(sent, "X-S") && !strstr(sent, "\"user\":"));
    CHECK_HAS(sent, "X-K: mem\n");
    c.session_key = "";
    CHECK(!strstr(send(&generic, &c, "CA1"), "X-K"));
}

TEST(L13_own_headers_win_over_built_in_ones)
{
    static const char *const ways[] = {"X-A: 1\nuser-agent: z",
                                       "{\"X-A\":\"1\",\"user-agent\":\"z\"}"};

    for (int i = 0; i < 2; i++) {
        struct myna_openai_conf c = plain();

        c.headers = ways[i];
        c.session_id_header = "X-S";
        send(&generic, &c, "CA1");
        CHECK_HAS(sent, "X-A: 1\n");
        CHECK_HAS(sent, "user-agent: z\n");
        CHECK_HAS(sent, "X-S: CA1\n");
        CHECK(!strstr(sent, "User-Agent"));
    }
}

TEST(L14_sampling_is_sent_as_set_and_only_then)
{
    struct myna_openai_conf c = plain();

    c.temperature = 0.2;
    c.max_tokens = 64;
    c.seed = 0;
    c.has_temperature = c.has_max_tokens = c.has_seed = true;
    c.stop = "[\"a\",\"b\"]";
    c.extra_body = "{\"top_k\":5}";
    send(&generic, &c, NULL);
    CHECK_HAS(sent, "\"temperature\":0.2");
    CHECK_HAS(sent, "\"max_completion_tokens\":64");
    CHECK_HAS(sent, "\"seed\":0");
    CHECK_HAS(sent, "\"stop\":[\"a\",\"b\"]");
    CHECK_HAS(sent, "\"top_k\":5");
    CHECK(!strstr(sent, "\"max_tokens\"") && !strstr(sent, "null") && !strstr(sent, "top_p"));
    c.max_tokens_field = 1;
    CHECK_HAS(send(&generic, &c, NULL), "\"max_tokens\":64");
}

TEST(L15_tools_are_sent_by_name_and_their_schema_is_checked)
{
    struct myna_tool_def tools[] = {{"zoo", "Opens it.", "{\"type\":\"object\"}"},
                                    {"ant", NULL, NULL}};
    struct myna_item hi = said(MYNA_ROLE_USER, "hi");
    struct myna_llm_request req = {.items = &hi, .n_items = 1, .tools = tools};
    struct myna_openai_conf c = plain();
    struct myna_openai_call call = {0};

    c.tool_choice = "auto";
    CHECK(!strstr(send_with(&generic, &c, &call, &req), "tool"));
    req.n_tools = 2;
    send_with(&generic, &c, &call, &req);
    CHECK_HAS(sent, "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"ant\","
                    "\"parameters\":{\"type\":\"object\",\"properties\":{}}}},"
                    "{\"type\":\"function\",\"function\":{\"name\":\"zoo\",\"description\":"
                    "\"Opens it.\",\"parameters\":{\"type\":\"object\"}}}]");
    CHECK_HAS(sent, "\"tool_choice\":\"auto\"");
    req.tool_choice = MYNA_TOOLS_REQUIRED;
    CHECK_HAS(send_with(&generic, &c, &call, &req), "\"tool_choice\":\"required\"");
    tools[0].parameters = "{";
    CHECK_HAS(send_with(&generic, &c, &call, &req),
              "error: tool 'zoo': its parameters are no JSON schema");
}

TEST(L16_to_L22_hermes)
{
    struct myna_openai_conf c = hermes_conf();
    struct myna_item hi = said(MYNA_ROLE_USER, "hi");
    struct myna_llm_request req = {.items = &hi, .n_items = 1, .session_id = "CA1"};
    struct myna_openai_call call = {.id = "CA1"};
    char first[8192];

    env_key = "s";
    env_model = NULL;
    send(&hermes, &c, "CA1");
    CHECK_HAS(sent, "POST http://127.0.0.1:8642/v1/chat/completions\n");
    CHECK_HAS(sent, "Authorization: Bearer s\n");
    CHECK_HAS(sent, "X-Hermes-Session-Id: patter-call-CA1\n");
    CHECK_HAS(sent, "{\"model\":\"hermes-agent\",");
    CHECK_HAS(sent, "\"user\":\"patter-call-CA1\"");
    CHECK(!strstr(sent, "X-Hermes-Session-Key"));
    env_model = "z";
    CHECK_HAS(send(&hermes, &c, "CA1"), "\"model\":\"z\"");
    c.model = "y";
    CHECK_HAS(send(&hermes, &c, "CA1"), "\"model\":\"y\"");
    c.session_key = "u1";
    CHECK_HAS(send(&hermes, &c, "CA1"), "X-Hermes-Session-Key: u1\n");
    call.adopted = "S2"; /* L21 */
    CHECK_HAS(send_with(&hermes, &c, &call, &req), "X-Hermes-Session-Id: S2\n");
    call.no_session = true; /* L20 */
    CHECK(!strstr(send_with(&hermes, &c, &call, &req), "X-Hermes-"));
    env_key = NULL; /* L19 */
    CHECK(!strstr(send(&hermes, &c, "CA1"), "X-Hermes-"));
    env_key = "s";
    c.session_key_from = 1; /* L22: sha256("+15551230000") begins so */
    c.session_key_prefix = "patter-caller-";
    call = (struct myna_openai_call){.id = "CA1", .caller = "+15551230000"};
    snprintf(first, sizeof first, "%s", send_with(&hermes, &c, &call, &req));
    CHECK_HAS(first, "X-Hermes-Session-Key: patter-caller-86d40e3443117dc4\n");
    call.caller = NULL;
    CHECK(!strstr(send_with(&hermes, &c, &call, &req), "X-Hermes-Session-Key"));
    env_key = NULL;
}

TEST(L23_to_L27_openclaw)
{
    static const char *const kept[] = {"openclaw/custom", "openclaw:custom", "agent:x"};
    static const char *const bad[] = {"", "a b", "a\n", "\xC3\xA9"};
    struct myna_openai_conf c = openclaw_conf("receptionist");
    char want[64];

    send(&openclaw, &c, "CA1");
    CHECK_HAS(sent, "\"model\":\"openclaw/receptionist\"");
    CHECK_HAS(sent, "x-openclaw-session-key: CA1\n");
    CHECK_HAS(sent, "\"user\":\"patter-call-CA1\"");
    for (int i = 0; i < 3; i++) {
        c = openclaw_conf(kept[i]);
        snprintf(want, sizeof want, "\"model\":\"%s\"", kept[i]);
        CHECK_HAS(send(&openclaw, &c, "CA1"), want);
    }
    for (int i = 0; i < 4; i++) {
        c = openclaw_conf(bad[i]);
        CHECK_HAS(send(&openclaw, &c, "CA1"), "letters, digits, . _ : / -");
    }
    c = openclaw_conf("a");
    c.base_url = "http://203.0.113.5:18789/v1";
    CHECK(!strstr(send(&openclaw, &c, "CA1"), "error:")); /* no token, nothing to lose */
    c.api_key = "tok";
    CHECK_HAS(send(&openclaw, &c, "CA1"), "error: llm.openclaw.base_url is http:// to another");
    c.allow_insecure = true;
    CHECK_HAS(send(&openclaw, &c, "CA1"), "Bearer tok");
}

TEST(an_agent_that_keeps_the_conversation_is_told_what_it_has_not_seen)
{
    struct myna_item items[] = {
        said(MYNA_ROLE_ASSISTANT, "Hello?"),
        said(MYNA_ROLE_USER, "one"),
        said(MYNA_ROLE_ASSISTANT, "answer"),
        said(MYNA_ROLE_USER, "two"),
        said(MYNA_ROLE_USER, "three"),
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "c", .name = "f", .arguments = "{}"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "c", .output = "done"}};
    struct myna_llm_request req = {.items = items, .n_items = 2, .session_id = "CA1"};
    struct myna_openai_conf c = openclaw_conf("a");
    struct myna_openai_call call = {.id = "CA1"};

    CHECK_HAS(send_with(&openclaw, &c, &call, &req), "Hello?"); /* the greeting was not its own */
    req.n_items = 4;
    CHECK_HAS(send_with(&openclaw, &c, &call, &req),
              "\"messages\":[{\"role\":\"user\",\"content\":\"two\"}]");
    req.n_items = 7; /* two was interrupted before there was an answer */
    send_with(&openclaw, &c, &call, &req);
    CHECK_HAS(sent, "\"messages\":[{\"role\":\"user\",\"content\":\"two\"},{\"role\":\"user\","
                    "\"content\":\"three\"},{\"role\":\"assistant\",\"tool_calls\"");
    CHECK_HAS(sent, "\"content\":\"done\"");
    req.session_id = NULL; /* it has no session to keep it in */
    CHECK_HAS(send_with(&openclaw, &c, &call, &req), "answer");
}

TEST(hermes_tells_two_conversations_apart_by_their_system_text)
{
    struct myna_openai_conf c = hermes_conf();

    env_key = NULL;
    env_model = NULL;
    CHECK_HAS(send(&hermes, &c, "CA1"),
              "{\"role\":\"system\",\"content\":\"This is conversation CA1.\"}");
    CHECK_HAS(send(&hermes, &c, "CA2"), "This is conversation CA2.");
    env_key = "s"; /* the header does it, unless it is refused */
    CHECK_HAS(send(&hermes, &c, "CA3"), "This is conversation CA3.");
    env_key = NULL;
}

static const char *person_key(const char *key, const char *identity)
{
    struct myna_openai_conf c = hermes_conf();
    struct myna_llm_request req = {.size = sizeof req, .session_id = "CA1"};
    struct myna_openai_call call = {.id = "CA1", .caller = identity};
    static char value[400];
    const char *at;

    c.session_key = key;
    c.session_key_from = MYNA_OPENAI_KEY_PERSON;
    env_key = "s";
    at = strstr(send_with(&hermes, &c, &call, &req), "X-Hermes-Session-Key: ");
    env_key = NULL;
    CHECK(at != NULL);
    snprintf(value, sizeof value, "%.*s", at ? (int)strcspn(at + 22, "\n") : 0, at ? at + 22 : "");
    return value;
}

TEST(each_person_of_a_room_has_a_memory_of_their_own_whatever_they_are_called)
{
    char room[300] = "", first[400];

    CHECK_STR(person_key("voice:t1", "ann"), "voice:t1:ann");
    CHECK_STR(person_key("voice:t1", NULL), "voice:t1"); /* what is said to all */
    CHECK_STR(person_key("voice:t1", "a\r\nX: 100%"), "voice:t1:a%0D%0AX%3A%20100%25");
    CHECK_STR(person_key("voice:a", "b:c"), "voice:a:b%3Ac"); /* not c in room a:b */
    memset(room, 'r', 246);
    snprintf(first, sizeof first, "%s", person_key(room, "ann-of-the-hills"));
    CHECK_EQ(strlen(first), 190 + 1 + 64);
    CHECK(strcmp(first, person_key(room, "bob-of-the-hills")) != 0);
}

TEST(tool_rounds_are_told_whole_and_orphans_not_at_all)
{
    struct myna_item items[] = {
        said(MYNA_ROLE_USER, "weather?"),
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "c1", .name = "f", .arguments = "{\"a\":1}"},
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "c2", .name = "g"},
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "lost", .name = "h", .arguments = "{}"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "c2", .output = "two"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "c1", .output = "one"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "never", .output = "x"},
        {.type = MYNA_ITEM_AGENT_HANDOFF, .new_agent = "b"},
    };
    struct myna_llm_request req = {.items = items,
                                   .n_items = sizeof items / sizeof *items,
                                   .instructions = "Be brief.",
                                   .extra_instructions = "Now."};
    struct myna_openai_conf c = plain();
    struct myna_openai_call call = {0};

    send_with(&generic, &c, &call, &req);
    CHECK_HAS(
        sent,
        "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\\n\\nNow.\"},"
        "{\"role\":\"user\",\"content\":\"weather?\"},"
        "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
        "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"id\":\"c2\",\"type\":\"function\","
        "\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"tool\",\"content\":\"one\",\"tool_call_id\":\"c1\"},"
        "{\"role\":\"tool\",\"content\":\"two\",\"tool_call_id\":\"c2\"}],");
}

TEST(a_greeting_is_asked_for_as_the_person_would)
{
    struct myna_llm_request req = {.instructions = "Be brief.", .extra_instructions = "Greet."};
    struct myna_openai_conf c = plain();
    struct myna_openai_call call = {0};

    CHECK_HAS(send_with(&generic, &c, &call, &req),
              "[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":"
              "\"Greet.\"}]");
}

TEST(an_agent_with_a_history_of_its_own_hears_where_it_was_cut)
{
    struct myna_item items[] = {said(MYNA_ROLE_USER, "Tell me."),
                                said(MYNA_ROLE_ASSISTANT, "Once upon a"),
                                said(MYNA_ROLE_USER, "Stop."), said(MYNA_ROLE_ASSISTANT, "Fine."),
                                said(MYNA_ROLE_USER, "Go on.")};
    struct myna_llm_request req = {.items = items, .n_items = 3};
    struct myna_openai_conf c = hermes_conf();
    struct myna_openai_call call = {0};

    items[1].interrupted = true;
    send_with(&hermes, &c, &call, &req);
    CHECK_HAS(sent, "\"content\":\"[interrupted by caller, who heard your answer up to: "
                    "\\\"Once upon a\\\"] Stop.\"");
    req.n_items = 5; /* only the next turn is told */
    CHECK_HAS(send_with(&hermes, &c, &call, &req), "\"content\":\"Go on.\"");
    CHECK(!strstr(sent, "interrupted"));
}

TEST(text_that_is_not_utf8_is_sent_repaired)
{
    struct myna_item hi = said(MYNA_ROLE_USER, "h\xFF");
    struct myna_llm_request req = {.items = &hi, .n_items = 1};
    struct myna_openai_conf c = plain();
    struct myna_openai_call call = {0};

    CHECK_HAS(send_with(&generic, &c, &call, &req), "\"content\":\"h\xEF\xBF\xBD\"");
}

TEST(only_the_newest_items_are_sent_when_asked)
{
    struct myna_item items[] = {said(MYNA_ROLE_USER, "one"), said(MYNA_ROLE_ASSISTANT, "two"),
                                said(MYNA_ROLE_USER, "three")};
    struct myna_llm_request req = {.items = items, .n_items = 3};
    struct myna_openai_conf c = plain();
    struct myna_openai_call call = {0};

    c.max_history = 1;
    CHECK_HAS(send_with(&generic, &c, &call, &req),
              "\"messages\":[{\"role\":\"user\",\"content\":\"three\"}]");
}

/* ---- what comes back, as text: T(ext) R(easoning) C(all) U(sage) P(rogress) D(one) F(ault) */

static char told[8192];
static size_t n_told;

static bool on_emit(void *arg, const struct myna_llm_event *ev)
{
    static char last;
    bool more = n_told > 0 && told[n_told - 1] == ']' && last == 'a' + (char)ev->type &&
                ev->type <= MYNA_LLM_REASONING;
    const int len = (int)ev->text.len;

    (void)arg;
    last = 'a' + (char)ev->type;
    if (more)
        n_told--; /* neighbours are one text, however they were cut */
    switch (ev->type) {
    case MYNA_LLM_TEXT:
        n_told += (size_t)sprintf(told + n_told, more ? "%.*s]" : "T[%.*s]", len, ev->text.ptr);
        break;
    case MYNA_LLM_REASONING:
        n_told += (size_t)sprintf(told + n_told, more ? "%.*s]" : "R[%.*s]", len, ev->text.ptr);
        break;
    case MYNA_LLM_TOOL_CALL:
        n_told +=
            (size_t)sprintf(told + n_told, "C[%s|%s|%s]", ev->call_id, ev->name, ev->arguments);
        break;
    case MYNA_LLM_USAGE:
        n_told +=
            (size_t)sprintf(told + n_told, "U[%d|%d|%d|%d]", ev->prompt_tokens,
                            ev->prompt_cached_tokens, ev->completion_tokens, ev->total_tokens);
        break;
    case MYNA_LLM_PROGRESS:
        n_told += (size_t)sprintf(told + n_told, "P[%s|%.*s]", ev->name ? ev->name : "", len,
                                  ev->text.ptr);
        break;
    case MYNA_LLM_DONE:
        n_told += (size_t)sprintf(told + n_told, "D");
        break;
    case MYNA_LLM_FAULT:
        n_told += (size_t)sprintf(told + n_told, "F[%s|%d%s]", ev->fault.message,
                                  ev->fault.http_status, ev->fault.retryable ? "|again" : "");
        break;
    case MYNA_LLM_FLUSH:
    case MYNA_LLM_USING:
        break;
    }
    return true;
}

static const char *answer(const char *text, size_t cut)
{
    struct myna_view v = myna_view_of(text);
    static struct myna_openai_stream s;

    told[n_told = 0] = '\0';
    myna_openai_stream_init(&s, true, 7, on_emit, NULL);
    CHECK_EQ(myna_openai_stream_feed(&s, (struct myna_view){v.ptr, cut}), MYNA_OK);
    CHECK_EQ(myna_openai_stream_feed(&s, (struct myna_view){v.ptr + cut, v.len - cut}), MYNA_OK);
    CHECK_EQ(myna_openai_stream_end(&s), MYNA_OK);
    CHECK(s.over);
    myna_openai_stream_fini(&s);
    return told;
}

#define D(text)      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define DELTA(json)  "data: {\"choices\":[{\"index\":0,\"delta\":" json "}]}\n\n"
#define FINISH(word) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" word "\"}]}\n\n"
#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7,\"total_tokens\":107,"               \
    "\"prompt_tokens_details\":{\"cached_tokens\":40}}"
#define END "data: [DONE]\n\n"

static const struct {
    const char *stream, *want;
} answers[] = {
    {D("Hel") D("lo.") FINISH("stop") END, "T[Hello.]D"},
    {DELTA("{\"role\":\"assistant\",\"content\":null}") D("Hi") FINISH("stop"), "T[Hi]D"},
    /* L36 */
    {"data:{\"choices\":[{\"delta\":{\"content\":\"h\xC3\xA4\"}}]}\r\n\r\n" FINISH("stop") END,
     "T[h\xC3\xA4]D"},
    /* L32 */
    {D("a") "event: hermes.tool.progress\ndata: {\"tool\":\"terminal\",\"status\":\"running\","
            "\"toolCallId\":\"t\"}\n\n" D("b") FINISH("stop") END,
     "T[a]P[terminal|running]T[b]D"},
    {": keepalive\n\n" D("a") "event: other\ndata: {\"error\":\"mine\"}\n\n" FINISH("stop") END,
     "T[a]D"},
    /* L33 */
    {FINISH("error") END, "F[the agent broke off its answer with an error|0|again]"},
    {"data: {\"error\":{\"message\":\"over\\nloaded\",\"code\":503}}\n\n" END,
     "F[the agent reported an error: over loaded|503|again]"},
    {D("a") "event: error\ndata: {\"error\":\"no\"}\n\n",
     "T[a]F[the agent reported an error: no|0|again]"},
    /* L34, L35 */
    {D("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]," USAGE "}\n\n" END,
     "T[a]U[100|40|7|107]D"},
    {D("a") FINISH("stop") "data: {\"choices\":[]," USAGE "}\n\n" END, "T[a]U[100|40|7|107]D"},
    {D("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]," USAGE "}\n\n"
            "data: {\"choices\":[]," USAGE "}\n\n" END,
     "T[a]U[100|40|7|107]D"},
    {D("a") FINISH("stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":null,"
                           "\"completion_tokens\":3,\"prompt_tokens_details\":null}}\n\n" END,
     "T[a]U[0|0|3|3]D"},
    {"data: {\"choices\":[],\"usage\":null}\n\n" D("a") FINISH("stop") END, "T[a]D"},
    /* the end, or not */
    {D("a"), "T[a]F[the agent's answer broke off in the middle|0|again]"},
    {"", "F[the agent closed the connection without an answer|0|again]"},
    {D("a") END, "T[a]D"},
    {D("a") "data: {\"choi",
     "T[a]F[the agent sent something that is no JSON object: {\"choi|0|again]"},
    {FINISH("content_filter") END, "F[the agent's answer was held back by a filter|0]"},
    {FINISH("stop") END, "D"},
    {D("a") FINISH("stop") END D("late"), "T[a]D"},
    /* not a stream */
    {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Whole.\"},"
     "\"finish_reason\":\"stop\"}]," USAGE "}",
     "T[Whole.]U[100|40|7|107]D"},
    {" {\"error\":{\"message\":\"No.\"}}", "F[the agent reported an error: No.|0|again]"},
    {"<!DOCTYPE html><html>Sign in</html>",
     "F[a web page answered instead of an agent; is base_url right (it usually ends in /v1)?|0]"},
    {"{}", "F[the agent closed the connection without an answer|0|again]"},
    /* reasoning is never spoken */
    {DELTA("{\"reasoning_content\":\"hmm\"}") DELTA("{\"reasoning\":\"so\",\"content\":\"A\"}")
         FINISH("stop") END,
     "R[hmmso]T[A]D"},
    {D("<think>let") D(" me</thi") D("nk>\\n\\nYes <think> no") FINISH("stop") END,
     "R[let me]T[Yes <think> no]D"},
    {D(" <thin") D("g> is") FINISH("stop") END, "T[<thing> is]D"},
    {D("<think>a</b</think>x") FINISH("stop") END, "R[a</b]T[x]D"},
    {D("<th") FINISH("stop") END, "T[<th]D"},
    {DELTA("{\"content\":[{\"type\":\"text\",\"text\":\"part\"}]}") FINISH("stop"), "T[part]D"},
    /* broken characters cost a character */
    {D("a\xFF\xC3") FINISH("stop") END, "T[a\xEF\xBF\xBD\xEF\xBF\xBD]D"},
    /* tool calls */
    {DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
           "{\"name\":\"f\",\"arguments\":\"\"}}]}")
         DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}")
             DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"f\","
                   "\"arguments\":\":1}\"}}]}") FINISH("tool_calls") END,
     "C[c1|f|{\"a\":1}]D"},
    {DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}},"
           "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}]}")
         DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}},"
               "{\"index\":1,\"function\":{\"arguments\":\"}\"}}]}") FINISH("stop") END,
     "C[a|f|{}]C[b|g|{}]D"},
    {DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
           "\"arguments\":\"{}\"}}]}")
         DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\","
               "\"arguments\":\"{}\"}}]}") FINISH("tool_calls") END,
     "C[a|f|{}]C[b|f|{}]D"},
    {DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}},"
           "{\"function\":{\"name\":\"g\"}}]}") FINISH("tool_calls") END,
     "C[a|f|{\"x\":1}]C[call_00000007_1|g|{}]D"},
    {DELTA("{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}")
         DELTA("{\"tool_calls\":[{\"function\":{\"arguments\":\"}\"}}]}") FINISH("tool_calls"),
     "C[call_00000007_0|f|{}]D"},
    {DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}"),
     "F[the agent closed the connection without an answer|0|again]"},
    {DELTA("{\"tool_calls\":[null,{\"index\":0}]}") DELTA("[]") DELTA("null") D("x") FINISH("stop"),
     "T[x]D"},
};

TEST(every_answer_cut_at_every_byte_is_told_the_same)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (size_t cut = 0; cut <= strlen(answers[i].stream); cut++)
            CHECK_STR(answer(answers[i].stream, cut), answers[i].want);
}

static bool refuse(void *arg, const struct myna_llm_event *ev)
{
    (void)arg;
    (void)ev;
    return false;
}

TEST(a_listener_that_has_gone_is_not_spoken_to_again)
{
    static struct myna_openai_stream s;

    myna_openai_stream_init(&s, true, 7, refuse, NULL);
    CHECK_EQ(myna_openai_stream_feed(&s, myna_view_of(D("a") D("b"))), MYNA_ECANCELED);
    myna_openai_stream_fini(&s);
}

TEST(L29_an_errors_text_is_the_servers_own_words_cut_and_without_the_key)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"error\":{\"message\":\"bad key sk-12345!\"}}", "bad key ***!"},
        {"{\"error\":\"plain\"}", "plain"},
        {"{\"detail\":\"Not Found\"}", "Not Found"},
        {"{\"other\":1}", "{\"other\":1}"},
        {"<html>\n busy </html>", "<html> busy </html>"},
        {"", ""},
    };
    struct myna_buf b;

    myna_buf_init(&b, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        myna_buf_clear(&b);
        myna_openai_error_text(myna_view_of(cases[i].body), "sk-12345", &b);
        CHECK_STR(myna_buf_str(&b), cases[i].want);
    }
    myna_buf_clear(&b);
    for (int i = 0; i < 5000; i++)
        told[i] = 'x';
    told[5000] = '\0';
    myna_openai_error_text(myna_view_of(told), NULL, &b);
    CHECK_EQ(b.len, 200);
    myna_buf_fini(&b);
}

TEST(a_404_behind_a_bare_address_asks_for_v1)
{
    static const struct myna_openai_preset ollama = {
        .name = "ollama", .product = "Ollama", .not_found_hint = "is the model there?"};
    static const struct {
        const char *base_url, *says;
    } rows[] = {
        {"http://h:1", "Ollama answered HTTP 404 (does llm.ollama.base_url want /v1 at its end?)"},
        {"http://h:1/", "(does llm.ollama.base_url want /v1 at its end?)"},
        {"http://h:1/v1", "Ollama answered HTTP 404 (is the model there?)"},
        {"http://h:1/ai", "(is the model there?)"},
    };
    const struct myna_http_error e = {.kind = MYNA_HTTP_STATUS, .status = 404, .message = ""};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct myna_openai_conf c = {.base_url = rows[i].base_url, .model = "m"};
        struct myna_openai_target t;
        struct myna_openai_failure f;
        struct myna_why why = {0};

        CHECK_EQ(myna_openai_resolve(&t, &ollama, &c, env, &why), MYNA_OK);
        myna_openai_failure_of(&t, &e, &f);
        CHECK_HAS(f.text, rows[i].says);
        myna_openai_target_fini(&t);
    }
}

TEST_MAIN

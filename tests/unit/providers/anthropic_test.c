/* anthropic_test.c - Anthropic's messages through the whole client: what the server sees, what the
 * session is told (telephony 4.9). */
#include "llm_wire.h"

#define CHECK_NOT(text, part) CHECK(!strstr(text, part))

static const char *stream;

static void say_stream(struct fake_conn *c)
{
    fake_answer(c, 200, STREAM, stream);
}

#define EV(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define START                                                                                      \
    EV("message_start", ",\"message\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[],"    \
                        "\"usage\":{\"input_tokens\":50,\"cache_read_input_tokens\":40,"           \
                        "\"cache_creation_input_tokens\":10,\"output_tokens\":1}}")
#define BLOCK(i, block) EV("content_block_start", ",\"index\":" i ",\"content_block\":" block)
#define DELTA(i, delta) EV("content_block_delta", ",\"index\":" i ",\"delta\":" delta)
#define SAY(i, text)    DELTA(i, "{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define SHUT(i)         EV("content_block_stop", ",\"index\":" i)
#define TEXT(i)         BLOCK(i, "{\"type\":\"text\",\"text\":\"\"}")
#define END(why)                                                                                   \
    EV("message_delta",                                                                            \
       ",\"delta\":{\"stop_reason\":\"" why "\"},\"usage\":{\"output_tokens\":7}")                 \
    EV("message_stop", "")
#define HELLO_A                                                                                    \
    START TEXT("0") EV("ping", "") SAY("0", "Hel") SAY("0", "lo.") SHUT("0") END("end_turn")

#define WITH(...)                                                                                  \
    ((const char *const[]){"model", "claude-x", "api_key", "sk-ant-1", __VA_ARGS__, NULL})

static void open_with(const char *answer, const char *const *settings)
{
    stream = answer;
    setup(&myna_llm_anthropic, say_stream, settings);
}

static const char *sent_body(void)
{
    return strstr(w.server.last, "\r\n\r\n") + 4;
}

TEST(a_turn_has_the_right_address_headers_and_body)
{
    open_with(HELLO_A, WITH("cache", "true"));
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Hello.");
    CHECK_HAS(w.server.last, "POST /v1/messages HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "x-api-key: sk-ant-1\r\n");
    CHECK_HAS(w.server.last, "anthropic-version: 2023-06-01\r\n");
    CHECK_NOT(w.server.last, "Authorization");
    CHECK_STR(sent_body(), "{\"model\":\"claude-x\",\"max_tokens\":1024,\"messages\":[{\"role\":"
                           "\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}],"
                           "\"stream\":true}");
    teardown();
}

TEST(tokens_are_counted_with_the_cache_and_priced)
{
    const double want = (50 * 3.0 + 40 * 0.3 + 10 * 3.75 + 7 * 15.0) / 1e6;

    open_with(HELLO_A, WITH("price_input", "3", "price_cached", "0.3", "price_cache_write", "3.75",
                            "price_output", "15"));
    ask();
    CHECK_EQ(w.usages, 1);
    CHECK_EQ(w.usage.prompt_tokens, 100);
    CHECK_EQ(w.usage.prompt_cached_tokens, 40);
    CHECK_EQ(w.usage.prompt_cache_write_tokens, 10);
    CHECK_EQ(w.usage.completion_tokens, 7);
    CHECK_EQ(w.usage.total_tokens, 107);
    CHECK(w.usage.cost > want * 0.999999 && w.usage.cost < want * 1.000001);
    teardown();
}

static struct myna_item said(enum myna_role role, const char *text)
{
    return (struct myna_item){.type = MYNA_ITEM_MESSAGE, .role = role, .text = text};
}

TEST(a_greeting_first_neighbours_together_results_in_the_persons_message)
{
    static const struct myna_tool_def tools[] = {{"zoo", "an animal", NULL},
                                                 {"city", "", "{\"type\":\"object\"}"}};
    struct myna_item items[] = {
        said(MYNA_ROLE_ASSISTANT, "Welcome."),
        said(MYNA_ROLE_USER, "One"),
        said(MYNA_ROLE_USER, "two"),
        said(MYNA_ROLE_ASSISTANT, "Let me see."),
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "call.1", .name = "zoo", .arguments = "{}"},
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "b", .name = "city", .arguments = "{\"a\":1}"},
        {.type = MYNA_ITEM_FUNCTION_CALL, .call_id = "lost", .name = "city", .arguments = "{}"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "call.1", .output = "an owl"},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "b", .output = "no", .is_error = true},
        said(MYNA_ROLE_USER, "and?"),
    };

    open_with(HELLO_A, WITH("parallel_tool_calls", "no"));
    w.items = items;
    w.n_items = sizeof items / sizeof *items;
    w.defs = tools;
    w.n_defs = 2;
    ask();
    CHECK_HAS(
        sent_body(),
        "\"messages\":["
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(The call begins.)\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Welcome.\"}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"One\"},{\"type\":\"text\","
        "\"text\":\"two\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Let me see.\"},"
        "{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"zoo\",\"input\":{}},"
        "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"city\",\"input\":{\"a\":1}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_1\","
        "\"content\":\"an owl\"},{\"type\":\"tool_result\",\"tool_use_id\":\"b\",\"content\":"
        "\"no\",\"is_error\":true},{\"type\":\"text\",\"text\":\"and?\"}]}]");
    CHECK_HAS(sent_body(), "\"tools\":[{\"name\":\"city\",\"input_schema\":{\"type\":\"object\"}},"
                           "{\"name\":\"zoo\",\"description\":\"an animal\",\"input_schema\":"
                           "{\"type\":\"object\",\"properties\":{}},\"cache_control\":{\"type\":"
                           "\"ephemeral\"}}]");
    CHECK_HAS(sent_body(),
              "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}");
    teardown();
}

TEST(a_tool_is_called_with_the_pieces_of_its_arguments)
{
    open_with(START TEXT("0") SAY("0", "Let me see.") SHUT("0")
                  BLOCK("1", "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"city\","
                             "\"input\":{}}")
                      DELTA("1", "{\"type\":\"input_json_delta\",\"partial_json\":\"\"}") DELTA(
                          "1", "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\"\"}")
                          DELTA("1", "{\"type\":\"input_json_delta\",\"partial_json\":\":1}\"}")
                              SHUT("1") BLOCK("2", "{\"type\":\"tool_use\",\"id\":\"toolu_2\","
                                                   "\"name\":\"zoo\",\"input\":{}}") SHUT("2")
                                  END("tool_use"),
              WITH("max_tokens", "99"));
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Let me see.");
    CHECK_STR(w.tools, "toolu_1 city {\"a\":1};toolu_2 zoo {};");
    teardown();
}

#define THOUGHTS                                                                                   \
    "{\"thinking\":[{\"type\":\"thinking\",\"thinking\":\"Hm. Yes.\",\"signature\":\"c2ln\"}]}"

TEST(thoughts_are_not_spoken_and_come_back_signed_with_the_tools_result)
{
    struct myna_item items[] = {
        said(MYNA_ROLE_USER, "hi"),
        said(MYNA_ROLE_ASSISTANT, "A moment."),
        {.type = MYNA_ITEM_FUNCTION_CALL,
         .call_id = "t",
         .name = "zoo",
         .arguments = "{}",
         .extra = THOUGHTS},
        {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT, .call_id = "t", .output = "owl"},
    };

    open_with(START BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
                  DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}")
                      DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\" Yes.\"}")
                          DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}")
                              SHUT("0") BLOCK("1", "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
                                                   "\"zoo\",\"input\":{}}") SHUT("1")
                                  END("tool_use"),
              WITH("extra_body", "{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}}"));
    ask();
    CHECK_STR(w.text, "");
    CHECK_STR(w.reasoning, "Hm. Yes.");
    CHECK_STR(w.tools, "t zoo {} " THOUGHTS ";");
    w.items = items;
    w.n_items = 4;
    ask();
    CHECK_HAS(sent_body(), "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
                           "\"thinking\":\"Hm. Yes.\",\"signature\":\"c2ln\"},{\"type\":\"text\","
                           "\"text\":\"A moment.\"},{\"type\":\"tool_use\"");
    CHECK_HAS(sent_body(), "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}");
    teardown();
}

TEST(what_goes_wrong_is_told_as_it_is)
{
    static const struct {
        const char *stream, *text, *fault;
        int status;
        bool again;
    } rows[] = {
        {START TEXT("0") SAY("0", "Half")
             EV("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"),
         "Half", "the agent reported an error: Overloaded", 529, true},
        {EV("error", ",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}"), "",
         "the agent reported an error: no", 400, false},
        {START TEXT("0") SAY("0", "Half"), "Half", "the agent's answer broke off in the middle", 0,
         true},
        {START END("refusal"), "", "the agent's answer was held back by a filter", 0, false},
        {START END("max_tokens"), "", "the agent used up max_tokens before it said a word", 0,
         false},
        {"<html>", "", "a web page answered instead of an agent", 0, false},
        {"{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"oh\"}}", "",
         "the agent reported an error: oh", 500, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_with(rows[i].stream, WITH("cache", "false"));
        ask();
        CHECK_STR(w.text, rows[i].text);
        CHECK_HAS(w.fault, rows[i].fault);
        CHECK_EQ(w.status, rows[i].status);
        CHECK_EQ(w.retryable, rows[i].again);
        teardown();
    }
}

TEST(an_answer_that_is_not_streamed_is_heard_as_well)
{
    open_with("{\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"Whole.\"}],"
              "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":3,\"output_tokens\":2}}",
              WITH("temperature", "0.5", "stop", "end"));
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Whole.");
    CHECK_EQ(w.usage.total_tokens, 5);
    CHECK_HAS(sent_body(), "\"temperature\":0.5,\"stop_sequences\":[\"end\"]");
    teardown();
}

static void say_401(struct fake_conn *c)
{
    fake_answer(c, 401, "",
                "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\","
                "\"message\":\"invalid x-api-key sk-ant-1\"}}");
}

TEST(a_wrong_key_is_named_by_its_setting_and_not_shown)
{
    setup(&myna_llm_anthropic, say_401, WITH("cache", "true"));
    ask();
    CHECK_HAS(w.fault, "Anthropic answered HTTP 401: invalid x-api-key ***");
    CHECK_HAS(w.fault, "(is llm.anthropic.api_key right?)");
    teardown();
}

TEST_MAIN

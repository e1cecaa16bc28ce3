/* hermes_runs_test.c - turns as runs against a Hermes that takes nothing but what the wire's
 * description allows (voice-gateway 16.1): every other path, header, field or order is counted as
 * strange, and each test ends with none.
 */
#include <jansson.h>

#include "llm_wire.h"
#include "turns.h"

#define EVENTS "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define EV(type, rest)                                                                             \
    "data: {\"event\":\"" type "\",\"run_id\":\"run_1\",\"timestamp\":1" rest "}\n\n"
#define SAYS(text) EV("message.delta", ",\"delta\":\"" text "\"")
#define ASKS                                                                                       \
    EV("approval.request", ",\"command\":\"rm notes\",\"description\":\"it deletes\","             \
                           "\"choices\":[\"once\",\"session\",\"always\",\"deny\"]")
#define ENDS                                                                                       \
    EV("run.completed", ",\"output\":\"all\",\"usage\":{\"input_tokens\":9,"                       \
                        "\"output_tokens\":3,\"total_tokens\":12}")                                \
    ": stream closed\n\n"

static struct {
    const char *events, *then; /* of a run; after an approval */
    const char *features;
    int strange, caps, runs, stops, chats, approvals;
    int run_status; /* of POST /runs */
    bool hold;      /* it is not answered yet */
    bool waiting;   /* for a permission */
    char what[300], body[4096], choice[64];
    struct fake_conn *held, *stream;
} h;

#define FEATURES                                                                                   \
    "{\"features\":{\"run_submission\":true,\"run_events_sse\":true,\"run_stop\":true}}"

static const char *permission_timeout = "60s";

static void strange(const char *what)
{
    h.strange++;
    snprintf(h.what, sizeof h.what, "%s: %.200s", what, w.server.last);
}

static json_t *body_of(void)
{
    const char *text = strstr(w.server.last, "\r\n\r\n");
    json_t *o = text ? json_loads(text + 4, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (!json_is_object(o) || !strstr(w.server.last, "Content-Type: application/json\r\n"))
        strange("the body is no JSON");
    return o;
}

static bool good_history(const json_t *list)
{
    const json_t *m;
    size_t i;

    json_array_foreach(list, i, m)
    {
        const char *role = json_string_value(json_object_get(m, "role"));

        if (json_object_size(m) != 2 || !json_is_string(json_object_get(m, "content")) || !role ||
            (strcmp(role, "user") && strcmp(role, "assistant")))
            return false;
    }
    return json_is_array(list);
}

static void started(struct fake_conn *c)
{
    if (h.run_status == 202)
        fake_answer(c, 202, "", "{\"run_id\":\"run_1\",\"status\":\"started\"}");
    else
        fake_answer(c, h.run_status, "", "{\"error\":{\"message\":\"Not Found\"}}");
}

static void on_run(struct fake_conn *c)
{
    static const char *const fields[] = {"input", "session_id", "instructions",
                                         "conversation_history"};
    json_t *o = body_of(), *v;
    const char *key;

    h.runs++;
    json_object_foreach(o, key, v)
    {
        bool known = false;

        for (size_t i = 0; i < 4; i++)
            known = known || !strcmp(key, fields[i]);
        if (!known || (strcmp(key, fields[3]) ? !json_is_string(v) : !good_history(v)))
            strange(key);
    }
    if (!json_is_string(json_object_get(o, "input")))
        strange("no input");
    json_decref(o);
    snprintf(h.body, sizeof h.body, "%.4000s", strstr(w.server.last, "\r\n\r\n") + 4);
    h.held = c;
    if (!h.hold)
        started(c);
}

static void on_approval(struct fake_conn *c)
{
    json_t *o = body_of();
    const char *choice = json_string_value(json_object_get(o, "choice"));

    h.approvals++;
    if (json_object_size(o) != 1 || !choice ||
        (strcmp(choice, "once") && strcmp(choice, "session") && strcmp(choice, "always") &&
         strcmp(choice, "deny")))
        strange("choice");
    snprintf(h.choice, sizeof h.choice, "%s", choice ? choice : "");
    json_decref(o);
    if (!h.waiting) {
        fake_answer(c, 409, "", "{\"error\":{\"code\":\"approval_not_pending\"}}");
        return;
    }
    h.waiting = false;
    fake_answer(c, 200, "", "{}");
    if (h.stream && h.stream->fd >= 0 && h.then) {
        fake_say(h.stream, h.then);
        h.waiting = strstr(h.then, "approval.request") != NULL;
        h.then = NULL;
        if (!h.waiting)
            fake_close(h.stream);
    }
}

static void hermes(struct fake_conn *c)
{
    char line[128];

    snprintf(line, sizeof line, "%.*s", (int)strcspn(w.server.last, "\r"), w.server.last);
    if (!strstr(w.server.last, "Authorization: Bearer key-1\r\n"))
        strange("no key");
    if (!strcmp(line, "GET /v1/capabilities HTTP/1.1")) {
        h.caps++;
        fake_answer(c, 200, "", h.features);
    } else if (!strcmp(line, "POST /v1/runs HTTP/1.1")) {
        on_run(c);
    } else if (!strcmp(line, "GET /v1/runs/run_1/events HTTP/1.1")) {
        h.stream = c;
        h.waiting = strstr(h.events, "approval.request") != NULL;
        fake_say(c, EVENTS);
        fake_say(c, h.events);
        if (strstr(h.events, "stream closed"))
            fake_close(c);
    } else if (!strcmp(line, "POST /v1/runs/run_1/approval HTTP/1.1")) {
        on_approval(c);
    } else if (!strcmp(line, "POST /v1/runs/run_1/stop HTTP/1.1")) {
        json_decref(body_of());
        h.stops++;
        fake_answer(c, 200, "", "{\"status\":\"stopping\"}");
    } else if (!strcmp(line, "POST /v1/chat/completions HTTP/1.1")) {
        h.chats++;
        fake_answer(c, 200, STREAM, HELLO);
    } else {
        strange("no such path");
        fake_answer(c, 404, "", "{}");
    }
}

static void wait_a_little(void)
{
    turns_for(w.host.loop, 20);
}

static void open_hermes(const char *features, const char *events, const char *then)
{
    const char *const key[] = {"api_key", "key-1", "permission_timeout", permission_timeout, NULL};

    memset(&h, 0, sizeof h);
    h.events = events;
    h.then = then;
    h.features = features;
    h.run_status = 202;
    setup(&myna_llm_hermes, hermes, key);
    w.llm->cls->warm(w.llm);
    turn_until(&h.caps, 1);
    wait_a_little();
}

static void close_hermes(void)
{
    if (h.strange)
        printf("# %s\n", h.what);
    CHECK_EQ(h.strange, 0);
    teardown();
}

/* The person says `text`, behind a system message and an exchange. */
static void person(const char *text)
{
    static struct myna_item items[4];

    items[0] = (struct myna_item){
        .type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_SYSTEM, .text = "Be short."};
    items[1] =
        (struct myna_item){.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_USER, .text = "One?"};
    items[2] =
        (struct myna_item){.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_ASSISTANT, .text = "Two."};
    items[3] = (struct myna_item){.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_USER, .text = text};
    w.items = items;
    w.n_items = 4;
}

TEST(the_history_travels_along_and_the_answer_is_said_with_its_usage)
{
    json_t *o;

    open_hermes(FEATURES,
                EV("tool.started", ",\"tool\":\"terminal\",\"preview\":\"ls\"")
                    EV("reasoning.delta", ",\"text\":\"hm\"")
                        EV("tool.completed", ",\"tool\":\"terminal\",\"duration\":1")
                            SAYS("\\n\\nHel") SAYS("lo.") ENDS,
                NULL);
    person("And now?");
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Hello.");
    CHECK_STR(w.reasoning, ""); /* never spoken, never shown */
    CHECK_STR(w.progress, "terminal running;terminal completed;");
    CHECK_EQ(w.usages, 1);
    CHECK_EQ(w.usage.total_tokens, 12);
    o = json_loads(h.body, 0, NULL);
    CHECK_STR(json_string_value(json_object_get(o, "input")), "And now?");
    CHECK_HAS(json_string_value(json_object_get(o, "instructions")), "Be short.");
    json_decref(o);
    CHECK_HAS(h.body, "\"conversation_history\":[{\"role\":\"user\",\"content\":\"One?\"},"
                      "{\"role\":\"assistant\",\"content\":\"Two.\"}]");
    wait_a_little();
    CHECK_EQ(h.stops, 0);
    CHECK_EQ(h.chats, 0);
    close_hermes();
}

TEST(with_a_picture_it_is_asked_by_chat)
{
    static const struct myna_image shown = {
        .type = "image/jpeg", .bytes = (const uint8_t *)"abcd", .len = 4};

    open_hermes(FEATURES, SAYS("Hello.") ENDS, NULL);
    person("What is this?");
    ((struct myna_item *)(uintptr_t)w.items)[3].images = &shown;
    ((struct myna_item *)(uintptr_t)w.items)[3].n_images = 1;
    ask();
    CHECK_EQ(h.runs, 0);
    CHECK_EQ(h.chats, 1);
    CHECK_HAS(w.server.last, "data:image/jpeg;base64,YWJjZA==");
    person("And now?");
    ask();
    CHECK_EQ(h.runs, 1);
    close_hermes();
}

/* The first turn ends with the question. */
static void asked(const char *then)
{
    open_hermes(FEATURES, SAYS("One moment.") ASKS, then);
    person("Delete my notes.");
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_HAS(w.text, "One moment. I need your permission because of: it deletes.");
    CHECK_HAS(w.text, "rm notes");
    wait_a_little();
    CHECK_EQ(h.stops, 0); /* the run waits */
}

static void answers(const char *said, const char *choice, const char *text)
{
    person(said);
    ask();
    CHECK_EQ(w.dones, 1);
    wait_a_little(); /* the stream of the turn is closed */
    CHECK_STR(h.choice, choice);
    CHECK_STR(w.text, text);
    CHECK_EQ(h.runs, 1);
}

TEST(a_yes_lets_the_run_go_on_in_the_next_turn)
{
    asked(SAYS("They are gone.") ENDS);
    answers("Yes, please.", "once", "They are gone.");
    CHECK_EQ(h.approvals, 1);
    wait_a_little();
    CHECK_EQ(h.stops, 0);
    close_hermes();
}

TEST(always_is_passed_on_where_it_is_offered)
{
    asked(SAYS("They are gone.") ENDS);
    answers("Always.", "always", "They are gone.");
    close_hermes();
}

TEST(a_no_is_a_no_and_the_agent_may_answer_it)
{
    asked(SAYS("Then I leave them.") ENDS);
    answers("No, don't.", "deny", "Then I leave them.");
    close_hermes();
}

TEST(anything_else_is_asked_again_and_decides_nothing)
{
    asked(SAYS("They are gone.") ENDS);
    answers("What time is it?", "", "Please say yes, always, or no.");
    CHECK_EQ(h.approvals, 0);
    answers("Okay.", "once", "They are gone.");
    close_hermes();
}

/* Nobody says a word after the question. As long as no machine is busy with something else. */
static void asked_in_vain(const char *then)
{
    permission_timeout = "2s";
    asked(then);
    permission_timeout = "60s";
    for (int i = 0; i < 2000 && !h.approvals; i++)
        wait_a_little();
    CHECK_STR(h.choice, "deny");
}

TEST(no_word_in_time_is_a_no_and_the_run_ends_by_itself)
{
    asked_in_vain(SAYS("Then I leave them.") ENDS);
    wait_a_little();
    CHECK_EQ(h.stops, 0);
    h.events = SAYS("Hello.") ENDS;
    person("Yes.");
    ask();
    CHECK_EQ(h.approvals, 1);
    CHECK_EQ(h.runs, 2); /* too late: it is a question of its own */
    CHECK_STR(w.text, "Hello.");
    close_hermes();
}

TEST(who_said_nothing_is_not_asked_for_more_unheard)
{
    asked_in_vain(ASKS);
    turn_until(&h.approvals, 2); /* the second question is denied at once */
    wait_a_little();
    CHECK_EQ(h.approvals, 2);
    CHECK_STR(h.choice, "deny");
    close_hermes();
}

TEST(a_run_that_does_not_end_after_a_no_is_stopped)
{
    asked_in_vain(NULL);
    CHECK_EQ(h.stops, 0);
    turn_until(&h.stops, 1);
    CHECK_EQ(h.approvals, 1);
    close_hermes();
}

TEST(a_denied_run_that_goes_on_ends_with_the_call)
{
    asked_in_vain(NULL);
    close_hermes();
}

TEST(a_no_that_cannot_be_delivered_stops_the_run)
{
    permission_timeout = "2s";
    asked(NULL);
    permission_timeout = "60s";
    h.waiting = false; /* Hermes answers 409 */
    turn_until(&h.approvals, 1);
    turn_until(&h.stops, 1);
    close_hermes();
}

TEST(interrupting_the_answer_stops_the_run)
{
    open_hermes(FEATURES, SAYS("Once upon a time"), NULL);
    w.close_at_text = true;
    begin();
    turn_until(&h.stops, 1);
    CHECK(w.port == NULL);
    CHECK_EQ(h.runs, 1);
    close_hermes();
}

TEST(stopped_before_its_id_is_known_it_is_stopped_as_soon_as_it_is)
{
    open_hermes(FEATURES, "", NULL);
    h.hold = true;
    begin();
    turn_until(&h.runs, 1);
    hang_up();
    wait_a_little();
    CHECK_EQ(h.stops, 0); /* nobody knows what */
    started(h.held);
    turn_until(&h.stops, 1);
    CHECK(h.stream == NULL); /* and nobody listens to it */
    close_hermes();
}

TEST(without_runs_after_all_the_next_try_goes_by_chat)
{
    open_hermes(FEATURES, "", NULL);
    h.run_status = 404;
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK(w.retryable);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_STR(w.text, "Hello.");
    CHECK_EQ(h.runs, 1);
    CHECK_EQ(h.chats, 1);
    close_hermes();
}

TEST(a_server_that_cannot_stop_a_run_is_asked_by_chat)
{
    open_hermes("{\"features\":{\"run_submission\":true,\"run_events_sse\":true}}", "", NULL);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_EQ(h.runs, 0);
    CHECK_EQ(h.chats, 1);
    close_hermes();
}

TEST(a_run_that_fails_is_a_fault_in_hermes_s_own_words)
{
    open_hermes(FEATURES, EV("run.failed", ",\"error\":\"the model is asleep\""), NULL);
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_HAS(w.fault, "the model is asleep");
    close_hermes();
}

TEST(events_that_end_before_the_answer_does_are_a_fault)
{
    open_hermes(FEATURES, SAYS("Once upon") ": stream closed\n\n", NULL);
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK_HAS(w.fault, "ended before the answer");
    close_hermes();
}

TEST_MAIN

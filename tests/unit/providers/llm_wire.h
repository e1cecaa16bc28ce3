/* llm_wire.h - an agent's client and a server in one loop: what a test asks, what the server saw,
 * what was told. One at a time, in `w`.
 */
#ifndef TESTS_LLM_WIRE_H
#define TESTS_LLM_WIRE_H

#include "wire.h"

#include "llm/llm.h"
#include "providers/builtin.h"

#define STREAM "Content-Type: text/event-stream\r\n"
#define HELLO                                                                                      \
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hello.\"}}]}\n\n"                               \
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

static struct {
    struct myna_host host;
    struct fake_http server;
    struct myna_config *cfg;
    struct myna_llm *llm;
    struct myna_llm_port *port;
    uint32_t ports;
    char text[256], fault[700], reasoning[256], tools[512], progress[256];
    struct myna_llm_event usage;
    int dones, faults, status, usages;
    bool retryable, close_at_text;
    const struct myna_item *items; /* NULL: somebody says hi */
    size_t n_items;
    const struct myna_tool_def *defs;
    size_t n_defs;
    const char *session_id, *caller;
} w;

static inline void setup(const struct myna_llm_class *cls, void (*answer)(struct fake_conn *c),
                         const char *const *settings)
{
    struct myna_why why = {0};
    char section[40];

    memset(&w, 0, sizeof w);
    w.session_id = "CA1";
    snprintf(section, sizeof section, "llm.%s", cls->name);
    wire_open(&w.host, &w.server, &w.cfg, answer, section, "/v1", settings);
    CHECK_EQ(cls->create(&w.llm, &w.host, w.cfg, &why), MYNA_OK);
}

static inline void teardown(void)
{
    myna_llm_port_close(w.port);
    myna_host_bury_all(&w.host);
    w.llm->cls->destroy(w.llm);
    wire_shut(&w.host, &w.server, w.cfg);
}

static inline void hang_up(void)
{
    myna_llm_port_close(w.port);
    w.port = NULL;
}

static inline void on_event(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    (void)arg;
    (void)port;
    if (ev->type == MYNA_LLM_TEXT) {
        size_t at = strlen(w.text);

        snprintf(w.text + at, sizeof w.text - at, "%.*s", (int)ev->text.len, ev->text.ptr);
        if (w.close_at_text)
            hang_up();
    } else if (ev->type == MYNA_LLM_REASONING) {
        size_t at = strlen(w.reasoning);

        snprintf(w.reasoning + at, sizeof w.reasoning - at, "%.*s", (int)ev->text.len,
                 ev->text.ptr);
    } else if (ev->type == MYNA_LLM_TOOL_CALL) {
        size_t at = strlen(w.tools);

        snprintf(w.tools + at, sizeof w.tools - at, "%s %s %s%s%s;", ev->call_id, ev->name,
                 ev->arguments, ev->extra ? " " : "", ev->extra ? ev->extra : "");
    } else if (ev->type == MYNA_LLM_PROGRESS && ev->name) {
        size_t at = strlen(w.progress);

        snprintf(w.progress + at, sizeof w.progress - at, "%s %.*s;", ev->name, (int)ev->text.len,
                 ev->text.ptr);
    } else if (ev->type == MYNA_LLM_USAGE) {
        w.usages++;
        w.usage = *ev;
    } else if (ev->type == MYNA_LLM_DONE || ev->type == MYNA_LLM_FAULT) {
        w.dones += ev->type == MYNA_LLM_DONE;
        w.faults += ev->type == MYNA_LLM_FAULT;
        if (ev->type == MYNA_LLM_FAULT) {
            snprintf(w.fault, sizeof w.fault, "%s", ev->fault.message);
            w.status = ev->fault.http_status;
            w.retryable = ev->fault.retryable;
        }
        hang_up(); /* as the session does */
        myna_loop_stop(w.host.loop);
    }
}

static inline void begin(void)
{
    struct myna_item hi = {.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_USER, .text = "hi"};
    struct myna_llm_request req = {.size = sizeof req,
                                   .items = w.items ? w.items : &hi,
                                   .n_items = w.items ? w.n_items : 1,
                                   .instructions = "",
                                   .tools = w.defs,
                                   .n_tools = w.n_defs,
                                   .session_id = w.session_id,
                                   .caller = w.caller};
    struct myna_llm_port_options opt = {
        .llm = w.llm, .request = &req, .id = ++w.ports, .event = on_event};

    w.text[0] = w.fault[0] = w.reasoning[0] = w.tools[0] = w.progress[0] = '\0';
    w.dones = w.faults = w.status = w.usages = 0;
    CHECK_EQ(myna_llm_port_open(&opt, &w.port), MYNA_OK);
}

static inline void ask(void)
{
    begin();
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.dones + w.faults, 1);
}

static inline void turn_until(const int *count, int want)
{
    for (int i = 0; i < 20000 && *count < want; i++)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    CHECK_EQ(*count, want);
}

#endif

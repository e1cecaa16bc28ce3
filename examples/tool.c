/* tool.c - a function of yours that the agent may call.
 *
 *     cc tool.c $(pkg-config --cflags --libs myna) -o tool
 *     ./tool "What is the weather in Tokyo?"
 *
 * The part to copy is get_weather: its declaration, and on_tool() that runs it. The model here is a
 * stand-in that needs no network: it calls the tool once and repeats what came out of it.
 */
#include <myna/myna.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tool */

static const struct myna_tool_def tools[] = {{
    .name = "get_weather",
    .description = "The weather at a place, now.",
    .parameters = "{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"}},"
                  "\"required\":[\"place\"]}",
}};

static bool on_tool(void *arg, struct myna_session *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "sunny, 21 degrees"};

    (void)arg;
    if (strcmp(call->name, "get_weather"))
        return false;
    printf("called: %s %s\n", call->name, call->arguments);
    /* At once here. Who must ask a network first keeps call_id, returns true, and gives the result
     * later, from a callback of the loop; meanwhile the agent may speak. */
    myna_session_tool_result(s, call->call_id, &r);
    return true;
}

/* ---- a stand-in for the model */

struct answer {
    struct myna_llm_stream base;
    struct myna_timer timer;
    char output[256]; /* of the tool, if it was called */
    bool told;
};

static void speak(struct myna_timer *t)
{
    struct answer *a = t->arg;
    struct myna_llm_event ev = {
        .type = MYNA_LLM_TOOL_CALL, .name = "get_weather", .arguments = "{\"place\":\"Tokyo\"}"};
    char words[300];
    int n = snprintf(words, sizeof words, "It is %s.", a->output);

    if (a->output[0])
        ev = (struct myna_llm_event){.type = MYNA_LLM_TEXT, .text = {(uint8_t *)words, (size_t)n}};
    if (a->told)
        ev = (struct myna_llm_event){.type = MYNA_LLM_DONE};
    else if (myna_timer_set(t, myna_host_now(a->base.llm->host)))
        return;
    a->told = true;
    myna_llm_emit(&a->base, &ev); /* last: the session may close the stream in it */
}

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    const struct myna_item *last = &req->items[req->n_items - 1];
    struct answer *a = calloc(1, sizeof *a);

    if (!a)
        return MYNA_ENOMEM;
    if (last->type == MYNA_ITEM_FUNCTION_CALL_OUTPUT)
        snprintf(a->output, sizeof a->output, "%s", last->output);
    a->base.llm = llm;
    myna_host_timer_init(llm->host, &a->timer, speak, a);
    if (myna_timer_set(&a->timer, myna_host_now(llm->host))) {
        free(a);
        return MYNA_ENOMEM;
    }
    *out = &a->base;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *st)
{
    myna_timer_clear(&((struct answer *)st)->timer);
    free(st);
}

static void llm_destroy(struct myna_llm *llm)
{
    free(llm);
}

static const struct myna_llm_class stand_in;

static enum myna_err llm_create(struct myna_llm **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the stand-in");
    **out = (struct myna_llm){.cls = &stand_in, .host = host};
    return MYNA_OK;
}

static const struct myna_llm_class stand_in = {.name = "stand-in",
                                               .summary = "calls a tool, says its output",
                                               .create = llm_create,
                                               .destroy = llm_destroy,
                                               .start = llm_start,
                                               .close = llm_close};

/* ---- the call */

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type != MYNA_EV_CONVERSATION_ITEM_ADDED || ev->u.item->type != MYNA_ITEM_MESSAGE)
        return;
    printf("%s: %s\n", myna_role_name(ev->u.item->role), ev->u.item->text);
    if (ev->u.item->role == MYNA_ROLE_ASSISTANT)
        myna_runtime_stop(*(struct myna_runtime **)arg);
}

int main(int argc, char **argv)
{
    static const struct myna_llm_class *const mine[] = {&stand_in, NULL};
    const char *words = argc > 1 ? argv[1] : "What is the weather in Tokyo?";
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {
        .size = sizeof how, .config = cfg, .virtual_clock = true, .llms = mine};
    struct myna_agent agent = {.size = sizeof agent, .tools = tools, .n_tools = 1};
    struct myna_runtime *rt = NULL;
    struct myna_session_options call = {.size = sizeof call, .agent = &agent, .arg = &rt};
    struct myna_session *s = NULL;
    struct myna_why why = {.text = "no memory"};
    bool failed;

    call.transport_name = "none"; /* typed; with another transport it would be spoken */
    call.on_event = on_event;
    call.on_tool = on_tool;
    failed = !cfg || myna_config_environment(cfg, &why) ||
             myna_config_set(cfg, "llm.provider", "stand-in", "tool.c", &why) ||
             myna_runtime_create(&how, &rt, &why) || myna_session_create(rt, &call, &s, &why) ||
             myna_session_start(s, &why) || myna_session_text(s, words);
    if (failed)
        fprintf(stderr, "%s\n", why.text);
    else
        myna_runtime_run(rt);
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    return failed;
}

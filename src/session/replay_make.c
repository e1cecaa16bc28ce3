/* replay_make.c - the session of a replay, made from the recording's header: configuration, agent,
 * seed, tools, and a host program that decides as the one did then.
 */
#include "session/replay.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json_dump.h"

/* What of the configuration shapes a session; providers' sections are not needed. */
static bool shapes_session(const char *key)
{
    static const char *const sections[] = {"agent.", "agents.", "session.",
                                           "turn.",  "text.",   "background."};

    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!strncmp(key, sections[i], strlen(sections[i])))
            return true;
    return false;
}

static enum myna_err set_key(struct myna_config *cfg, const char *key, const json_t *value,
                             struct myna_why *why)
{
    char number[40], *text;
    enum myna_err err;

    switch (json_typeof(value)) {
    case JSON_STRING:
        return myna_config_set(cfg, key, json_string_value(value), "recording", why);
    case JSON_TRUE:
        return myna_config_set(cfg, key, "true", "recording", why);
    case JSON_FALSE:
        return myna_config_set(cfg, key, "false", "recording", why);
    case JSON_INTEGER:
    case JSON_REAL:
        snprintf(number, sizeof number, "%.17g", json_number_value(value));
        return myna_config_set(cfg, key, number, "recording", why);
    case JSON_NULL: /* a time that is off, a text that is unset */
        return myna_config_set(cfg, key, NULL, "recording", why);
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    text = myna_json_dump(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!text)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the configuration");
    err = myna_config_set(cfg, key, text, "recording", why);
    free(text);
    return err;
}

enum myna_err myna_replay_config(json_t *header, struct myna_config **out, struct myna_why *why)
{
    struct myna_config *cfg = myna_config_create();
    enum myna_err err = MYNA_OK;
    const char *key;
    json_t *entry;

    if (!cfg)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the configuration");
    json_object_foreach(json_object_get(header, "config"), key, entry)
    {
        json_t *value = json_object_get(entry, "value");

        if (!err && value && shapes_session(key))
            err = set_key(cfg, key, value, why);
    }
    if (err)
        myna_config_destroy(cfg);
    else
        *out = cfg;
    return err;
}

/* From here on what the host did, it did inside on_tool(). */
static bool asks_tool(const struct myna_flight_record *r)
{
    return r->payload.len > 0 && r->payload.ptr[0] == S_CMD_TOOL_CALL;
}

/* The toolbox speaks from the loop, never from inside an event. */
static bool by_toolbox(const struct myna_flight_record *r)
{
    return r->payload.len > 0 &&
           (r->payload.ptr[0] == S_CMD_TOOLS || r->payload.ptr[0] == S_CMD_TOOL_TROUBLE ||
            r->payload.ptr[0] == S_CMD_TOOL_RESERVED);
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct replay *rp = arg;

    (void)s;
    (void)ev;
    /* A host that answers an event at once does so from inside it. */
    const struct myna_flight_record *r;

    while ((r = myna_replay_next(rp, MYNA_IN_COMMAND, 0)) && !asks_tool(r) && !by_toolbox(r))
        myna_replay_command(rp);
}

static bool decided(const struct myna_flight_record *r, uint32_t turn,
                    enum myna_turn_verdict *verdict)
{
    struct myna_reader in = {.ptr = r->payload.ptr, .len = r->payload.len};

    if (myna_read_u8(&in) != S_CMD_DECIDED || myna_read_u32(&in) != turn)
        return false;
    *verdict = myna_read_u32(&in) ? MYNA_TURN_STOP : MYNA_TURN_REPLY;
    return true;
}

static bool on_user_turn(void *arg, struct myna_session *s, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict)
{
    struct replay *rp = arg;
    const struct myna_flight_record *r;

    (void)s;
    (void)text;
    while ((r = myna_replay_next(rp, MYNA_IN_COMMAND, 0))) {
        if (decided(r, turn, verdict)) {
            rp->at++;
            return true;
        }
        myna_replay_command(rp);
    }
    return false;
}

static bool hook(void *arg, struct myna_session *s, uint32_t turn, const char *text,
                 enum myna_turn_verdict *verdict)
{
    (void)arg;
    (void)s;
    (void)turn;
    (void)text;
    (void)verdict;
    return false;
}

static bool is_set(json_t *header, const char *key)
{
    json_t *entry = json_object_get(json_object_get(header, "config"), key);
    const char *text = json_string_value(json_object_get(entry, "value"));

    return text && text[0];
}

static bool on_tool(void *arg, struct myna_session *s, const struct myna_tool_call *call)
{
    struct replay *rp = arg;
    const struct myna_flight_record *r;

    (void)s;
    (void)call;
    r = myna_replay_next(rp, MYNA_IN_COMMAND, 0);
    if (!r || !asks_tool(r))
        return true;
    rp->at++;
    while ((r = myna_replay_next(rp, MYNA_IN_COMMAND, 0))) {
        struct myna_reader in = {.ptr = r->payload.ptr, .len = r->payload.len};

        if (myna_read_u8(&in) == S_CMD_TOOL_TAKEN) {
            (void)myna_read_u32(&in);
            rp->at++;
            return myna_read_u32(&in);
        }
        myna_replay_command(rp);
    }
    return true;
}

/* Borrows from the header. NULL: there are none, or no memory for them. */
static struct myna_tool_def *tools_of(struct replay *rp, json_t *header, size_t *n)
{
    json_t *list = json_object_get(header, "tools"), *tool;
    struct myna_tool_def *tools = calloc(json_array_size(list) + 1, sizeof *tools);
    size_t i;

    rp->starved |= !tools;
    *n = tools ? json_array_size(list) : 0;
    json_array_foreach(list, i, tool)
    {
        if (i < *n)
            tools[i] = (struct myna_tool_def){
                .name = json_string_value(json_object_get(tool, "name")),
                .description = json_string_value(json_object_get(tool, "description")),
                .parameters = json_string_value(json_object_get(tool, "parameters")),
            };
    }
    return tools;
}

/* Of the background sounds a recording has the lengths alone. */
static enum myna_err know_sounds(struct replay *rp, json_t *sounds, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;
    const char *path;
    json_t *n;

    json_object_foreach(sounds, path, n)
    {
        json_int_t samples = json_integer_value(n);

        if (!err && samples < 1)
            err =
                myna_fail(why, MYNA_EFORMAT, "the recording's header knows no length of %s", path);
        if (!err)
            err = myna_runtime_clip_known(rp->rt, path, (size_t)samples, why);
    }
    return err;
}

enum myna_err myna_replay_make(struct replay *rp, json_t *header, struct myna_why *why)
{
    json_t *agent = json_object_get(header, "agent"), *tr = json_object_get(header, "transport"),
           *stages = json_object_get(header, "stages");
    const char *seed = json_string_value(json_object_get(header, "seed"));
    const char *name = json_string_value(json_object_get(tr, "name"));
    struct myna_agent who = {
        .size = sizeof who,
        .name = json_string_value(json_object_get(agent, "name")),
        .instructions = json_string_value(json_object_get(agent, "instructions")),
        .greeting = json_string_value(json_object_get(agent, "greeting")),
        .greet = json_is_true(json_object_get(agent, "greet")),
    };
    struct myna_session_options opt = {.size = sizeof opt,
                                       .agent = &who,
                                       .transport = &rp->transport.base,
                                       .record_dir = "",
                                       .on_event = on_event,
                                       .arg = rp};
    struct myna_s_parts parts = {.given = true, .tap = &rp->tap};
    struct myna_tool_def *tools;
    const char *text;
    enum myna_err err;

    opt.session_id = json_string_value(json_object_get(header, "session"));
    if (json_is_true(json_object_get(header, "on_user_turn")))
        opt.on_user_turn = on_user_turn;
    if (opt.on_user_turn && is_set(header, "session.turn_hook"))
        opt.on_user_turn = hook; /* its decisions are inputs of their own */
    if (json_is_true(json_object_get(header, "on_tool")))
        opt.on_tool = on_tool;
    if (!seed || !opt.session_id || !name)
        return myna_fail(why, MYNA_EFORMAT, "the recording's header is not whole");
    parts.seed = strtoull(seed, NULL, 10);
    err = myna_replay_stages_init(rp, name, why);
    if (err)
        return err;
    rp->transport.base.caps = (uint32_t)json_integer_value(json_object_get(tr, "caps"));
    rp->transport.base.heard = (enum myna_heard)json_integer_value(json_object_get(tr, "heard"));
    rp->transport.base.latency = json_integer_value(json_object_get(tr, "latency_us"));
    rp->transport.base.rewinds = json_integer_value(json_object_get(tr, "rewinds_us"));
    if (rp->transport.base.heard > MYNA_HEARD_HANDSHAKE)
        return myna_fail(why, MYNA_EFORMAT, "the recording's transport is of an unknown kind");
    parts.vad = json_is_object(json_object_get(stages, "vad")) ? &rp->vad.base : NULL;
    parts.stt = json_is_object(json_object_get(stages, "stt")) ? &rp->stt.base : NULL;
    parts.llm = json_is_object(json_object_get(stages, "llm")) ? &rp->llm.base : NULL;
    parts.tts = json_is_object(json_object_get(stages, "tts")) ? &rp->tts.base : NULL;
    rp->llm.base.caps =
        (uint32_t)json_integer_value(json_object_get(json_object_get(stages, "llm"), "caps"));
    text = json_string_value(json_object_get(json_object_get(stages, "llm"), "model"));
    if (text && !(rp->llm.base.model = rp->model = strdup(text)))
        return myna_fail(why, MYNA_ENOMEM, "no memory for the recorded session");
    myna_loop_set_wall(rp->loop, json_integer_value(json_object_get(header, "wall_ms")));
    myna_loop_set_now(rp->loop, rp->start);
    myna_replay_compare_init(rp);
    err = know_sounds(rp, json_object_get(header, "sounds"), why);
    if (err)
        return err;
    who.tools = tools = tools_of(rp, header, &who.n_tools);
    err = myna_s_create(rp->rt, &opt, &parts, &rp->session, why);
    free(tools);
    return err;
}

/* replay.c - a recorded call once more, through the same session code.
 *
 * The recording is read whole and checked first: a damaged record is named before anything runs.
 * Then a session is made from the header (configuration, agent, seed, abilities of the transport)
 * on a virtual clock that only the records move, and every input is applied by the entry point it
 * once came through. Timers never fire here: a deadline that passed is an input (MYNA_IN_TICK).
 */
#include "session/replay.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/fs.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define FILE_MAX ((size_t)2 << 30)

/* ---- the file */

static enum myna_err keep(struct replay *rp, const struct myna_flight_record *r)
{
    if (rp->n == rp->cap) {
        size_t cap = rp->cap ? 2 * rp->cap : 1024;
        struct myna_flight_record *more = realloc(rp->records, cap * sizeof *more);

        if (!more)
            return MYNA_ENOMEM;
        rp->records = more;
        rp->cap = cap;
    }
    rp->records[rp->n++] = *r;
    return MYNA_OK;
}

static enum myna_err read_records(struct replay *rp, struct myna_view bytes, const char *path,
                                  struct myna_why *why)
{
    struct myna_flight_reader r = {0}; /* begin() may fail before it writes */
    struct myna_flight_record rec;
    struct myna_why inner;
    enum myna_err err = myna_flight_begin(&r, bytes, &inner);

    while (!err && (err = myna_flight_next(&r, &rec, &inner)) == MYNA_OK) {
        if (rp->n > 0 && rec.now < rp->records[rp->n - 1].now)
            err = myna_fail(&inner, MYNA_EFORMAT,
                            "record %" PRIu64 " is earlier than the one before", rec.number);
        else if (keep(rp, &rec))
            return myna_fail(why, MYNA_ENOMEM, "no memory for the records of %s", path);
    }
    rp->result->truncated = r.truncated;
    if (err != MYNA_EAGAIN)
        return myna_fail(why, err, "%s: %s", path, inner.text);
    if (rp->n == 0 || rp->records[0].kind != MYNA_FLIGHT_HEADER)
        return myna_fail(why, MYNA_EFORMAT, "%s: the recording has no header", path);
    return MYNA_OK;
}

/* ---- the session from the header */

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

static enum myna_err make_config(json_t *header, struct myna_config **out, struct myna_why *why)
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

static void no_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
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
           (r->payload.ptr[0] == S_CMD_TOOLS || r->payload.ptr[0] == S_CMD_TOOL_TROUBLE);
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

static enum myna_err make_session(struct replay *rp, json_t *header, struct myna_why *why)
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

/* ---- the inputs */

const struct myna_flight_record *myna_replay_next(struct replay *rp, unsigned kind, uint32_t id)
{
    const struct myna_flight_record *r = rp->at < rp->n ? &rp->records[rp->at] : NULL;

    return r && r->kind == kind && r->id == id && r->now == myna_loop_now(rp->loop) ? r : NULL;
}

void myna_replay_command(struct replay *rp)
{
    const struct myna_flight_record *r = &rp->records[rp->at++];
    struct myna_reader in = {.ptr = r->payload.ptr, .len = r->payload.len};
    uint8_t what = myna_read_u8(&in);
    uint32_t a = myna_read_u32(&in), b = myna_read_u32(&in);
    const char *text = myna_read_str_opt(&in), *more = myna_read_str_opt(&in);
    struct myna_reply_options how = {.size = sizeof how,
                                     .user_input = text,
                                     .instructions = more,
                                     .allow_interruptions = (int)a,
                                     .tool_choice = (enum myna_tool_choice)(b % 3)};
    struct myna_tool_result result = {.size = sizeof result, .output = more};

    if (in.bad) {
        myna_replay_missing(rp, r, "the command is not whole");
        return;
    }
    switch (what) {
    case S_CMD_SAY:
        (void)!myna_session_say(rp->session, text ? text : "", (int)a, b, NULL);
        break;
    case S_CMD_REPLY:
        (void)!myna_session_generate_reply(rp->session, &how, NULL);
        break;
    case S_CMD_INTERRUPT:
        (void)!myna_session_interrupt(rp->session, a);
        break;
    case S_CMD_COMMIT:
        myna_session_commit_user_turn(rp->session);
        break;
    case S_CMD_CLEAR:
        myna_session_clear_user_turn(rp->session);
        break;
    case S_CMD_SHUTDOWN:
        myna_session_shutdown(rp->session, a, text);
        break;
    case S_CMD_DECIDED:
        myna_s_turn_decided(rp->session, a, b ? MYNA_TURN_STOP : MYNA_TURN_REPLY, text);
        break;
    case S_CMD_TOOL_RESULT:
        result.is_error = a & S_TOOL_ERROR;
        result.no_reply = a & S_TOOL_NO_REPLY;
        result.stop = a & S_TOOL_STOP;
        (void)myna_session_tool_result(rp->session, text, &result);
        break;
    case S_CMD_END_CALL:
        myna_s_end_call(rp->session, a);
        break;
    case S_CMD_FORGET:
        myna_s_forget(rp->session);
        break;
    case S_CMD_TOOLS:
        (void)!myna_s_tools_change(rp->session, text ? text : "");
        break;
    case S_CMD_HANDOFF:
        (void)!myna_s_handoff(rp->session, text ? text : "", more);
        break;
    case S_CMD_TYPED:
        (void)!myna_s_typed(rp->session, a, text ? text : "");
        break;
    case S_CMD_TOOL_TROUBLE:
        myna_s_tool_trouble(rp->session, text ? text : "", more);
        break;
    case S_CMD_TOOL_CALL:
    case S_CMD_TOOL_TAKEN:
        myna_replay_missing(rp, r, "the session called no tool");
        break;
    default:
        myna_replay_missing(rp, r, "this program does not know the command");
    }
}

static bool apply_frame(struct replay *rp, const struct myna_flight_record *r)
{
    struct myna_reader in = {.ptr = r->payload.ptr, .len = r->payload.len};
    struct myna_frame f = {.captured = myna_read_i64(&in)};

    f.who = myna_read_u32(&in);
    f.flags = myna_read_u32(&in);
    if (in.bad || (in.len != sizeof f.pcm && in.len != 0))
        return false;
    if (in.len) /* else silence */
        memcpy(f.pcm, in.ptr, sizeof f.pcm);
    myna_transport_frame(&rp->transport.base, &f);
    return true;
}

static bool apply_transport(struct replay *rp, const struct myna_flight_record *r)
{
    struct myna_transport *t = &rp->transport.base;
    struct myna_reader in = {.ptr = r->payload.ptr, .len = r->payload.len};
    uint8_t what = myna_read_u8(&in);
    uint32_t who = myna_read_u32(&in);
    int64_t n = myna_read_i64(&in);
    const char *a = myna_read_str_opt(&in), *b = myna_read_str_opt(&in);
    struct myna_fault fault = {
        .stage = MYNA_STAGE_TRANSPORT, .err = (enum myna_err)n, .message = b};

    if (in.bad)
        return false;
    switch (what) {
    case S_DOOR_JOINED:
        myna_transport_joined(t, who, a, b);
        return true;
    case S_DOOR_LEFT:
        myna_transport_left(t, who, a);
        return true;
    case S_DOOR_HEARD:
        myna_transport_heard(t, who, (uint64_t)n);
        return true;
    case S_DOOR_FINISHED:
        myna_transport_finished(t, who);
        return true;
    case S_DOOR_DATA:
        myna_transport_data_in(t, who, a, (struct myna_view){NULL, (size_t)n});
        return true;
    case S_DOOR_ATTRIBUTE:
        myna_transport_attribute_in(t, who, a, b);
        return true;
    case S_DOOR_DTMF:
        myna_transport_dtmf_in(t, who, (char)n);
        return true;
    case S_DOOR_CLOSED:
        myna_transport_closed(t, a, n ? &fault : NULL);
        return true;
    default:
        return false;
    }
}

static bool apply(struct replay *rp, const struct myna_flight_record *r)
{
    int16_t out[MYNA_OUT_SAMPLES];
    struct myna_why why;

    switch (r->kind) {
    case MYNA_IN_START:
        return myna_session_start(rp->session, &why) == MYNA_OK;
    case MYNA_IN_TICK:
        myna_session_tick(rp->session);
        return true;
    case MYNA_IN_FRAME:
        return apply_frame(rp, r);
    case MYNA_IN_PULL:
        (void)myna_transport_pull(&rp->transport.base, out);
        return true;
    case MYNA_IN_TRANSPORT:
        return apply_transport(rp, r);
    case MYNA_IN_COMMAND:
        rp->at--;
        myna_replay_command(rp);
        return true;
    default:
        return myna_replay_stage_event(rp, r);
    }
}

static void run_all(struct replay *rp)
{
    rp->at = 1;
    while (rp->at < rp->n) {
        const struct myna_flight_record *r = &rp->records[rp->at++];

        if (r->kind >= MYNA_OUT_EVENT) {
            rp->result->outputs++;
            myna_replay_missing(rp, r, NULL);
            continue;
        }
        myna_loop_set_now(rp->loop, r->now);
        if (!apply(rp, r))
            myna_replay_missing(rp, r, "the session took no such input");
    }
    rp->comparing = false; /* what destroying causes is not part of the call */
}

/* ---- the call */

static enum myna_err replay(struct replay *rp, const char *path, const char *wav,
                            struct myna_why *why)
{
    struct myna_runtime_options opt = {
        .size = sizeof opt, .virtual_clock = true, .seed = 1, .workers = 1, .log = no_log};
    struct myna_config *cfg = NULL;
    json_t *header = NULL;
    json_error_t at;
    char *bytes = NULL;
    size_t len;
    enum myna_err err = myna_fs_read(path, FILE_MAX, &bytes, &len, why);

    if (!err)
        err = read_records(rp, (struct myna_view){(uint8_t *)bytes, len}, path, why);
    if (err)
        goto out;
    header = myna_json_loadb((const char *)rp->records[0].payload.ptr, rp->records[0].payload.len,
                             0, &at);
    if (!json_is_object(header)) {
        err = !header && myna_json_starved(&at)
                  ? myna_fail(why, MYNA_ENOMEM, "no memory to replay %s", path)
                  : myna_fail(why, MYNA_EFORMAT, "%s: record 0, the header, is not JSON", path);
        goto out;
    }
    rp->start = rp->n > 1 ? rp->records[1].now : rp->records[0].now;
    err = make_config(header, &cfg, why);
    if (err)
        goto out;
    opt.config = cfg;
    err = myna_runtime_create(&opt, &rp->rt, why);
    if (err)
        goto out;
    rp->loop = myna_runtime_loop(rp->rt);
    if (wav)
        err = myna_wav_create(wav, MYNA_OUT_RATE_HZ, &rp->wav, why);
    if (!err)
        err = make_session(rp, header, why);
    if (!err) {
        run_all(rp);
        rp->result->call_ms = (double)(rp->records[rp->n - 1].now - rp->start) / 1e3;
        if (rp->starved)
            err = myna_fail(why, MYNA_ENOMEM, "no memory to replay %s", path);
    }
out:
    myna_session_destroy(rp->session);
    myna_runtime_destroy(rp->rt);
    myna_config_destroy(cfg);
    json_decref(header);
    if (rp->wav) {
        struct myna_why *late = err || rp->wav_why.err ? NULL : why;
        enum myna_err wav_err = myna_wav_finish(rp->wav, late);

        if (rp->wav_why.err && !err && why)
            *why = rp->wav_why;
        if (!err)
            err = rp->wav_why.err ? rp->wav_why.err : wav_err;
    }
    free(bytes);
    return err;
}

enum myna_err myna_replay_file(const char *flight, const char *wav, struct myna_replay_result *out,
                               struct myna_why *why)
{
    struct replay *rp = calloc(1, sizeof *rp);
    myna_us begun = myna_clock_monotonic();
    enum myna_err err;

    if (!rp)
        return myna_fail(why, MYNA_ENOMEM, "no memory for a replay");
    *out = (struct myna_replay_result){0};
    rp->result = out;
    err = replay(rp, flight, wav, why);
    out->wall_ms = (double)(myna_clock_monotonic() - begun) / 1e3;
    if (err)
        myna_replay_result_fini(out);
    myna_replay_stages_fini(rp);
    free(rp->records);
    free(rp);
    return err;
}

void myna_replay_result_fini(struct myna_replay_result *r)
{
    free(r->first_difference);
    r->first_difference = NULL;
}

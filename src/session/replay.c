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
                                     .tool_choice = (enum myna_tool_choice)(b % 3),
                                     .by = in.len ? myna_read_str_opt(&in) : NULL};
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
    case S_CMD_SHOW:
        (void)!myna_s_show_again(rp->session, text ? text : "", a, b, more);
        break;
    case S_CMD_INTERRUPT:
        (void)!myna_session_interrupt(rp->session, a);
        break;
    case S_CMD_COMMIT:
        myna_session_commit_turn_of(rp->session, text);
        break;
    case S_CMD_CLEAR:
        myna_session_clear_turn_of(rp->session, text);
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
        myna_s_forget(rp->session, text);
        break;
    case S_CMD_VOICE:
        (void)!myna_session_voice(rp->session, a);
        break;
    case S_CMD_TOOLS:
        (void)!myna_s_tools_change(rp->session, text ? text : "");
        break;
    case S_CMD_HANDOFF:
        (void)!myna_s_handoff(rp->session, text ? text : "", more, a);
        break;
    case S_CMD_TYPED:
        (void)!myna_s_typed(rp->session, a, more, text ? text : "");
        break;
    case S_CMD_TOOL_TROUBLE:
        myna_s_tool_trouble(rp->session, text ? text : "", more);
        break;
    case S_CMD_TOOL_RESERVED:
        myna_s_tool_reserved(rp->session, text ? text : "", more ? more : "");
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
    uint32_t crc;
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
        if (!in.len)
            return true; /* an earlier recording: it kept nothing of the message */
        crc = myna_read_u32(&in);
        if (in.bad || !a || n < 0 || (in.len != (size_t)n && in.len != 0))
            return false;
        myna_s_data_in(t, who, a, (struct myna_view){in.len || !n ? in.ptr : NULL, (size_t)n}, crc);
        return true;
    case S_DOOR_ATTRIBUTE:
        if (b) /* earlier recordings have no length */
            myna_transport_attribute_in(t, who, a, b);
        else if (a && n > 0)
            myna_s_attribute_in(t, who, a, NULL, (size_t)n);
        return true;
    case S_DOOR_DTMF:
        myna_transport_dtmf_in(t, who, (char)n);
        return true;
    case S_DOOR_FAULT:
        myna_transport_fault(t, who, &fault);
        return true;
    case S_DOOR_REWIND:
        myna_transport_rewind(t, n);
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

static void no_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

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
    err = myna_replay_config(header, &cfg, why);
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
        err = myna_replay_make(rp, header, why);
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

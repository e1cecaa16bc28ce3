/* file.c - a call over two WAV files: the person is a recording, the ear is another.
 *
 * Served: `myna console --in --out`, examples, tests. Any WAV goes in; it is read whole before the
 * call, brought to 16 kHz mono, and handed over frame by frame. OUT is 24 kHz mono and has the time
 * line of IN: its sample at second t is what was heard while second t of IN was spoken, so that
 * every latency can be read from it.
 *
 * One timer, tick n at start + n * 20 ms whatever came between: frame n-1 of the person is complete
 * and is handed over, frame n of the ear is drawn. Nothing here knows whether the clock is real.
 *
 * The tick touches no file (wav_sink.h). Whatever ends the call, hang-up or the end of the
 * recording, goes through end_call(): OUT is finished, then the session is told.
 */
#include "transport/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/session.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "transport/wav_sink.h"

enum {
    LONGEST_S = 2 * 60 * 60, /* of IN: 230 MB in memory */
    CHUNK = 4096,
};

struct options {
    const char *in, *out;
    int greeting_ms, lead_ms, tail_ms, patience_ms, max_tail_ms;
};

static const struct myna_option options[] = {
    {.name = "in",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, in),
     .help = "WAV that is the person (8 to 48 kHz, 1 or 2 channels)"},
    {.name = "out",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, out),
     .help = "WAV to write what was heard (24 kHz mono, time line of `in`)"},
    {.name = "greeting",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, greeting_ms),
     .def = "0",
     .min = 0,
     .max = 600000,
     .help = "longest wait for the agent's first words to be over before `in` and its lead begin"},
    {.name = "lead",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, lead_ms),
     .def = "0",
     .min = 0,
     .max = 600000,
     .help = "silence of the person before `in` begins"},
    {.name = "tail",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, tail_ms),
     .def = "2s",
     .min = 0,
     .max = 600000,
     .help = "quiet after the last answer before the call ends"},
    {.name = "patience",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, patience_ms),
     .def = "8s",
     .min = 0,
     .max = 600000,
     .help = "quiet to wait for an answer that has not begun"},
    {.name = "max_tail",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, max_tail_ms),
     .def = "2m",
     .min = 0,
     .max = 3600000,
     .help = "longest time after the end of `in`"},
    {0},
};

static const struct myna_section section = {"transport.file", NULL, options};

struct file {
    struct myna_transport base;
    struct options opt;
    struct myna_timer tick, later;

    int16_t *pcm; /* the person */
    size_t n;

    myna_us start;
    int64_t ticks;
    int64_t held; /* frames of quiet so far in which the agent's first words were waited for */
    bool greeted; /* they are over, or are waited for no longer */
    myna_us quiet_since; /* last sound or change of state */
    bool owed;           /* the person spoke, or the call began, and the agent has not stirred */
    enum myna_agent_state agent;

    struct myna_wav_sink *sink; /* NULL without `out` */

    bool ending, closed;
    char reason[64];
};

/* ---- reading IN */

static enum myna_err append(struct file *f, const int16_t *pcm, size_t n, size_t *cap,
                            struct myna_why *why)
{
    if (f->n + n > (size_t)LONGEST_S * MYNA_IN_RATE_HZ)
        return myna_fail(why, MYNA_ELIMIT, "%s is longer than two hours: cut it into pieces",
                         f->opt.in);
    if (f->n + n > *cap) {
        size_t more = (f->n + n) * 2;
        int16_t *p = realloc(f->pcm, more * sizeof *p);

        if (!p)
            return myna_fail(why, MYNA_ENOMEM, "memory is short for the sound of %s", f->opt.in);
        f->pcm = p;
        *cap = more;
    }
    memcpy(f->pcm + f->n, pcm, n * sizeof *pcm);
    f->n += n;
    return MYNA_OK;
}

static enum myna_err convert(struct file *f, struct myna_wav_reader *r, struct myna_resample *rs,
                             int16_t *out, struct myna_why *why)
{
    int16_t in[CHUNK];
    size_t n, cap = f->n;
    enum myna_err err;

    for (;;) {
        err = myna_wav_read(r, in, CHUNK, &n, why);
        if (err || !n)
            break;
        err = append(f, out, myna_resample_run(rs, in, n, out), &cap, why);
        if (err)
            return err;
    }
    while (!err && (n = myna_resample_finish(rs, out, CHUNK)))
        err = append(f, out, n, &cap, why);
    return err;
}

static size_t lead_samples(const struct file *f)
{
    return (size_t)f->opt.lead_ms * MYNA_IN_RATE_HZ / 1000;
}

static enum myna_err lead(struct file *f, struct myna_why *why)
{
    size_t n = lead_samples(f);

    if (!n)
        return MYNA_OK;
    f->pcm = calloc(n, sizeof *f->pcm);
    if (!f->pcm)
        return myna_fail(why, MYNA_ENOMEM, "memory is short for the sound of %s", f->opt.in);
    f->n = n;
    return MYNA_OK;
}

static enum myna_err read_in(struct file *f, struct myna_why *why)
{
    struct myna_wav_reader *r = NULL;
    struct myna_resample *rs = NULL;
    int16_t *out = NULL;
    char lost[512];
    enum myna_err err = myna_wav_open(f->opt.in, &r, why);

    if (err)
        return err;
    if (myna_wav_short(r, lost, sizeof lost))
        myna_host_log(f->base.host, MYNA_LOG_WARN, "%s stage=transport", lost);
    rs = myna_resample_create(myna_wav_rate_hz(r), MYNA_IN_RATE_HZ);
    if (rs) {
        size_t bound = myna_resample_bound(rs, CHUNK);

        out = calloc(bound > CHUNK ? bound : CHUNK, sizeof *out);
    }
    if (out)
        err = lead(f, why);
    if (out && !err)
        err = convert(f, r, rs, out, why);
    if (!out)
        err = myna_fail(why, MYNA_ENOMEM, "memory is short for the sound of %s", f->opt.in);
    if (!err && f->n == lead_samples(f))
        err = myna_fail(why, MYNA_EFORMAT, "%s holds no sound", f->opt.in);
    free(out);
    myna_resample_destroy(rs);
    myna_wav_close(r);
    return err;
}

/* ---- the end */

static void tell_closed(struct file *f, const struct myna_why *why)
{
    struct myna_fault fault = {.stage = MYNA_STAGE_TRANSPORT, .provider = "file"};

    if (f->closed)
        return;
    f->closed = f->ending = true;
    myna_timer_clear(&f->tick);
    if (why) {
        fault.err = why->err;
        fault.message = why->text;
    }
    myna_transport_closed(&f->base, why ? "error" : f->reason, why ? &fault : NULL);
}

static void later_fire(struct myna_timer *t)
{
    tell_closed(t->arg, NULL);
}

static void sink_over(void *arg, const struct myna_why *why)
{
    tell_closed(arg, why);
}

static void end_call(struct file *f, const char *reason)
{
    if (f->ending)
        return;
    f->ending = true;
    snprintf(f->reason, sizeof f->reason, "%s", reason && reason[0] ? reason : "hangup");
    myna_timer_clear(&f->tick);
    if (f->sink)
        myna_wav_sink_finish(f->sink);
    else
        (void)!myna_timer_set(&f->later, myna_host_now(f->base.host));
}

/* ---- the tick */

static void hand_over(struct file *f, int64_t k)
{
    struct myna_frame frame = {.captured = f->start + k * MYNA_FRAME_US};
    size_t at = (size_t)(k - f->held) * MYNA_IN_SAMPLES;

    if (f->greeted && at < f->n) {
        size_t n = f->n - at < MYNA_IN_SAMPLES ? f->n - at : MYNA_IN_SAMPLES;

        memcpy(frame.pcm, f->pcm + at, n * sizeof *frame.pcm);
    }
    myna_transport_frame(&f->base, &frame);
}

/* The agent speaks first, however long its model and its voice take to be ready. */
static void wait_for_greeting(struct file *f, myna_us now)
{
    if (f->greeted)
        return;
    f->held = f->ticks - 1;
    f->greeted = (!f->owed && f->agent == MYNA_AGENT_LISTENING) ||
                 now - f->start >= f->opt.greeting_ms * MYNA_MS;
}

/* The recording is over: has the last answer been heard, and is it quiet since? An answer that is
 * owed (the person spoke last) is given more time to begin: end of turn, words, first sound. */
static bool all_said(struct file *f, myna_us now, bool sound)
{
    enum myna_agent_state agent = myna_session_agent_state(f->base.session);
    bool busy = agent == MYNA_AGENT_THINKING || agent == MYNA_AGENT_SPEAKING;

    if (myna_session_user_state(f->base.session) == MYNA_USER_SPEAKING) {
        f->owed = true;
        f->quiet_since = now;
    } else if (busy) {
        f->owed = false;
    }
    if (sound || busy || agent != f->agent)
        f->quiet_since = now;
    f->agent = agent;
    wait_for_greeting(f, now);

    myna_us ended =
        f->start + f->held * MYNA_FRAME_US + (myna_us)(f->n * 1000 / (MYNA_IN_RATE_HZ / 1000));
    if (!f->greeted || now < ended)
        return false;
    if (f->quiet_since < ended)
        f->quiet_since = ended;
    if (now - ended >= f->opt.max_tail_ms * MYNA_MS)
        return true;
    myna_us quiet = MYNA_MS * f->opt.tail_ms;
    if (f->owed && quiet < f->opt.patience_ms * MYNA_MS)
        quiet = f->opt.patience_ms * MYNA_MS;
    return now - f->quiet_since >= quiet;
}

static void tick_fire(struct myna_timer *t)
{
    struct file *f = t->arg;
    int64_t k = f->ticks++;
    int16_t pcm[MYNA_OUT_SAMPLES];

    if (k == 0)
        myna_transport_joined(&f->base, 0, "file", NULL);
    else
        hand_over(f, k - 1);
    if (f->ending) /* the session hung up */
        return;
    bool sound = myna_transport_pull(&f->base, pcm);

    if (f->sink)
        myna_wav_sink_write(f->sink, pcm, MYNA_OUT_SAMPLES);
    if (f->ending)
        return;
    if (all_said(f, f->start + k * MYNA_FRAME_US, sound))
        end_call(f, "input ended");
    else
        (void)!myna_timer_set(&f->tick, f->start + f->ticks * MYNA_FRAME_US);
}

/* ---- the class */

static void file_destroy(struct myna_transport *t)
{
    struct file *f = (struct file *)t;

    if (!f)
        return;
    myna_timer_clear(&f->tick);
    myna_timer_clear(&f->later);
    myna_wav_sink_destroy(f->sink);
    free(f->pcm);
    free(f);
}

static enum myna_err file_create(struct myna_transport **out, struct myna_host *host,
                                 const struct myna_config *cfg, struct myna_why *why)
{
    struct file *f = calloc(1, sizeof *f);
    enum myna_err err;

    if (!f)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    f->base = (struct myna_transport){
        .cls = &myna_transport_file,
        .host = host,
        .caps = MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT | MYNA_TRANSPORT_PAUSE |
                MYNA_TRANSPORT_NO_ECHO,
        .heard = MYNA_HEARD_AT_PULL,
    };
    myna_host_timer_init(host, &f->tick, tick_fire, f);
    myna_host_timer_init(host, &f->later, later_fire, f);
    err = myna_config_read(cfg, &section, &f->opt, why);
    if (!err && (!f->opt.in || !f->opt.in[0]))
        err = myna_fail(why, MYNA_ECONFIG,
                        "transport.file.in is not set: name the WAV to ask (--in QUESTION.wav)");
    if (!err)
        err = read_in(f, why);
    if (!err && f->opt.out && f->opt.out[0])
        err = myna_wav_sink_open(host, f->opt.out, sink_over, f, &f->sink, why);
    if (err) {
        file_destroy(&f->base);
        return err;
    }
    *out = &f->base;
    return MYNA_OK;
}

static enum myna_err file_start(struct myna_transport *t, struct myna_why *why)
{
    struct file *f = (struct file *)t;
    enum myna_err err;

    f->start = f->quiet_since = myna_host_now(t->host);
    f->owed = true; /* a greeting may be on its way */
    f->greeted = f->opt.greeting_ms == 0;
    f->agent = myna_session_agent_state(t->session);
    err = myna_timer_set(&f->tick, f->start);
    return err ? myna_fail(why, err, "no timer for the call") : MYNA_OK;
}

static void file_hangup(struct myna_transport *t, const char *reason)
{
    end_call((struct file *)t, reason);
}

const struct myna_transport_class myna_transport_file = {
    .name = "file",
    .summary = "a conversation over WAV files",
    .options = options,
    .create = file_create,
    .start = file_start,
    .hangup = file_hangup,
    .destroy = file_destroy,
};

/* stage_vad.c - `myna vad`: the configured VAD alone, run over a file.
 *
 * The file goes through the same door as a call's sound: 16 kHz, 20 ms frames, in the stream of the
 * provider. A last piece that does not fill a window has no probability; speech that lasts to the
 * end of the file ends there.
 */
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "session/options.h"
#include "turn/vad.h"
#include "util/suggest.h"

enum { WINDOW = 512, BLOCK = 960 };

struct run {
    struct myna_runtime *rt;
    struct myna_vad *vad;
    struct myna_vad_port *port;
    struct myna_wav_reader *wav;
    struct myna_resample *resample;
    struct myna_vad_result *out;
    size_t probs_room, segments_room, probs_max;
    struct myna_frame frame;
    size_t in_frame;
    uint64_t fed; /* samples at 16 kHz, before padding */
    bool speaking;
    double quiet_from_ms; /* while speaking: when the present silence began */
    enum myna_err err;    /* memory ran short, or the VAD failed, in an event */
    struct myna_why why;
};

/* Room for one more; false: memory is short. */
static bool grow(void **array, size_t n, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 1024;
    void *p;

    if (n < *room)
        return true;
    p = realloc(*array, more * size);
    if (!p)
        return false;
    *array = p;
    *room = more;
    return true;
}

static double ms(myna_us t)
{
    return t > 0 ? (double)t / 1e3 : 0;
}

static void on_inference(struct run *r, const struct myna_vad_event *ev)
{
    struct myna_vad_result *out = r->out;

    if (out->n_probs >= r->probs_max) /* a window of padding */
        return;
    if (!grow((void **)&out->probs, out->n_probs, &r->probs_room, sizeof *out->probs)) {
        r->err = MYNA_ENOMEM;
        return;
    }
    out->probs[out->n_probs++] = ev->probability;
    r->quiet_from_ms = ms(ev->at - ev->raw_silence);
}

static void on_event(void *arg, struct myna_vad_port *port, const struct myna_vad_event *ev)
{
    struct run *r = arg;
    struct myna_vad_result *out = r->out;

    (void)port;
    switch (ev->type) {
    case MYNA_VAD_INFERENCE:
        on_inference(r, ev);
        break;
    case MYNA_VAD_START:
        if (!grow((void **)&out->segments, out->n_segments, &r->segments_room,
                  sizeof *out->segments)) {
            r->err = MYNA_ENOMEM;
            break;
        }
        out->segments[out->n_segments++] = (struct myna_span){ms(ev->at - ev->speech), ms(ev->at)};
        r->speaking = true;
        break;
    case MYNA_VAD_END:
        if (r->speaking)
            out->segments[out->n_segments - 1].end_ms = ms(ev->at - ev->silence);
        r->speaking = false;
        break;
    case MYNA_VAD_FAULT:
        r->err = myna_fail(&r->why, ev->fault.err ? ev->fault.err : MYNA_EPROVIDER, "%s",
                           ev->fault.message);
        break;
    }
}

static void push_frame(struct run *r)
{
    myna_vad_port_push(r->port, &r->frame);
    r->frame.captured += MYNA_FRAME_US;
    r->in_frame = 0;
}

static void feed(struct run *r, const int16_t *pcm, size_t n)
{
    r->fed += n;
    while (n > 0) {
        size_t room = MYNA_IN_SAMPLES - r->in_frame, part = n < room ? n : room;

        memcpy(r->frame.pcm + r->in_frame, pcm, part * sizeof *pcm);
        r->in_frame += part;
        pcm += part;
        n -= part;
        if (r->in_frame == MYNA_IN_SAMPLES)
            push_frame(r);
    }
}

/* The rest of the sound, padded to a frame; windows that reach into the padding do not count. */
static void feed_end(struct run *r)
{
    int16_t out[BLOCK];
    size_t n;

    while ((n = myna_resample_finish(r->resample, out, BLOCK)) > 0)
        feed(r, out, n);
    r->probs_max = (size_t)(r->fed / WINDOW);
    if (r->in_frame > 0) {
        memset(r->frame.pcm + r->in_frame, 0,
               (MYNA_IN_SAMPLES - r->in_frame) * sizeof *r->frame.pcm);
        push_frame(r);
    }
    if (r->speaking) {
        struct myna_span *last = &r->out->segments[r->out->n_segments - 1];
        double end = (double)r->fed * 1e3 / MYNA_IN_RATE_HZ;

        if (r->quiet_from_ms < end)
            end = r->quiet_from_ms;
        if (end > last->end_ms)
            last->end_ms = end;
    }
}

static enum myna_err make_vad(struct run *r, const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_stage_conf conf = {0};
    enum myna_err err = myna_config_read(cfg, &myna_vad_section, &conf, why);
    const char *names[64], *near, *name = conf.provider ? conf.provider : "";
    size_t n = 0;

    if (err)
        return err;
    for (const struct myna_vad_class *const *c = myna_builtin_vads(); *c; c++) {
        if (!strcmp((*c)->name, name)) {
            err = (*c)->create(&r->vad, myna_runtime_host(r->rt), cfg, why);
            if (!err)
                r->vad->exact = true; /* who looks at a recording compares probabilities */
            return err;
        }
        if (n < sizeof names / sizeof *names)
            names[n++] = (*c)->name;
    }
    near = myna_suggest(name, names, n);
    return myna_fail(why, MYNA_ECONFIG, "there is no vad provider '%s'%s%s%s (set vad.provider)",
                     name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum myna_err make(struct run *r, const struct myna_config *cfg, const char *path,
                          struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro,
                                      .config = (struct myna_config *)cfg,
                                      .virtual_clock = true,
                                      .workers = 1};
    struct myna_vad_port_options po = {.id = 1, .event = on_event, .arg = r};
    char lost[512];
    enum myna_err err = myna_wav_open(path, &r->wav, why);

    if (!err)
        err = myna_runtime_create(&ro, &r->rt, why);
    if (!err)
        err = make_vad(r, cfg, why);
    if (err)
        return err;
    if (myna_wav_short(r->wav, lost, sizeof lost)) /* also for `myna hear`, which asks here first */
        myna_host_log(myna_runtime_host(r->rt), MYNA_LOG_WARN, "%s", lost);
    r->resample = myna_resample_create(myna_wav_rate_hz(r->wav), MYNA_IN_RATE_HZ);
    po.vad = r->vad;
    if (!r->resample)
        return myna_fail(why, MYNA_ENOMEM, "no memory to resample %s", path);
    err = myna_vad_port_open(&po, &r->port);
    return err ? myna_fail(why, err, "the VAD %s did not start: %s", r->vad->cls->name,
                           myna_strerror(err))
               : MYNA_OK;
}

static enum myna_err run_all(struct run *r, struct myna_why *why)
{
    int16_t pcm[BLOCK], out[BLOCK * 2 + 2];
    size_t n;

    do {
        enum myna_err err = myna_wav_read(r->wav, pcm, BLOCK, &n, why);

        if (err)
            return err;
        feed(r, out, myna_resample_run(r->resample, pcm, n, out));
    } while (n > 0 && !r->err);
    if (!r->err)
        feed_end(r);
    if (r->err && r->why.text[0] && why)
        *why = r->why;
    else if (r->err)
        return myna_fail(why, r->err, "no memory for the probabilities");
    return r->err;
}

enum myna_err myna_vad_file(const struct myna_config *cfg, const char *path,
                            struct myna_vad_result *out, struct myna_why *why)
{
    struct myna_vad_result result = {0};
    struct run *r = calloc(1, sizeof *r);
    enum myna_err err;

    if (!r)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
    r->out = &result;
    r->probs_max = SIZE_MAX;
    err = make(r, cfg, path, why);
    if (!err)
        err = run_all(r, why);
    if (r->vad)
        result.provider = r->vad->cls->name;
    myna_vad_port_close(r->port);
    if (r->vad)
        r->vad->cls->destroy(r->vad);
    myna_resample_destroy(r->resample);
    myna_wav_close(r->wav);
    myna_runtime_destroy(r->rt);
    free(r);
    if (err)
        myna_vad_result_fini(&result);
    else
        *out = result;
    return err;
}

void myna_vad_result_fini(struct myna_vad_result *r)
{
    free(r->probs);
    free(r->segments);
    *r = (struct myna_vad_result){0};
}

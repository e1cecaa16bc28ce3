/* stage_say.c - `myna say`: the configured voice alone, into a file or to the sound card.
 *
 * The voice runs on a runtime of its own with the virtual clock, through the same port as in a
 * call; everything that it gives is taken at once.
 */
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "audio/wav.h"
#include "session/options.h"
#include "tts/tts.h"
#include "util/buf.h"
#include "util/suggest.h"

struct say {
    struct myna_runtime *rt;
    struct myna_tts *tts;
    struct myna_tts_port *port;
    struct myna_wav_writer *wav;
    uint64_t samples;
    bool done;
    enum myna_err err;
    struct myna_why why;
};

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct say *s = arg;

    (void)port;
    if (!s->err)
        s->err = myna_wav_write(s->wav, pcm, n, &s->why);
    s->samples += n;
    return n;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    (void)arg;
    myna_tts_port_pump(port, MYNA_OUT_RATE_HZ);
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct say *s = arg;

    (void)port;
    if (ev->type == MYNA_TTS_DONE)
        s->done = true;
    else if (ev->type == MYNA_TTS_FAULT && !s->err)
        s->err = myna_fail(&s->why, ev->fault.err ? ev->fault.err : MYNA_EPROVIDER, "%s",
                           ev->fault.message);
}

static enum myna_err make_tts(struct say *s, const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_stage_conf conf = {0};
    enum myna_err err = myna_config_read(cfg, &myna_tts_section, &conf, why);
    const char *names[64], *near, *name = conf.provider ? conf.provider : "";
    size_t n = 0;

    if (err)
        return err;
    for (const struct myna_tts_class *const *c = myna_builtin_ttss(); *c; c++) {
        if (!strcmp((*c)->name, name))
            return (*c)->create(&s->tts, myna_runtime_host(s->rt), cfg, why);
        if (n < sizeof names / sizeof *names)
            names[n++] = (*c)->name;
    }
    near = myna_suggest(name, names, n);
    return myna_fail(why, MYNA_ECONFIG, "there is no tts provider '%s'%s%s%s (set tts.provider)",
                     name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum myna_err speak(struct say *s, const struct myna_config *cfg, const char *text,
                           const char *path, struct myna_why *why)
{
    struct myna_runtime_options ro = {
        .size = sizeof ro, .config = (struct myna_config *)cfg, .virtual_clock = true};
    struct myna_tts_port_options po = {
        .id = 1, .audio = on_audio, .ready = on_ready, .event = on_event, .arg = s};
    enum myna_err err = myna_runtime_create(&ro, &s->rt, why);

    if (!err)
        err = make_tts(s, cfg, why);
    if (!err)
        err = myna_wav_create(path, MYNA_OUT_RATE_HZ, &s->wav, why);
    if (err)
        return err;
    po.tts = s->tts;
    err = myna_tts_port_open(&po, &s->port);
    if (!err)
        err = myna_tts_port_text(s->port, myna_view_of(text));
    if (err)
        return myna_fail(why, err, "the voice %s did not take the text: %s", s->tts->cls->name,
                         myna_strerror(err));
    myna_tts_port_end(s->port);
    /* Each turn takes a second of sound; it is over when nothing more comes. */
    for (uint64_t before = UINT64_MAX; !s->done && !s->err && before != s->samples;) {
        before = s->samples;
        myna_runtime_run(s->rt);
        if (!s->done)
            myna_tts_port_pump(s->port, MYNA_OUT_RATE_HZ);
    }
    if (!s->err && !s->done)
        s->err = myna_fail(&s->why, MYNA_EPROVIDER, "the voice %s stopped in the middle",
                           s->tts->cls->name);
    if (s->err && why)
        *why = s->why;
    return s->err;
}

enum myna_err myna_say_file(const struct myna_config *cfg, const char *text, const char *path,
                            double *duration_ms, struct myna_why *why)
{
    struct say *s;
    enum myna_err err, closed;

    if (!path)
        return myna_fail(why, MYNA_EUNAVAIL,
                         "myna say has no sound card to speak to; name a file with --out FILE.wav");
    s = calloc(1, sizeof *s);
    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "no memory to speak");
    err = speak(s, cfg, text, path, why);
    myna_tts_port_close(s->port);
    if (s->tts)
        s->tts->cls->destroy(s->tts);
    myna_runtime_destroy(s->rt);
    closed = myna_wav_finish(s->wav, err ? NULL : why);
    if (!err)
        err = closed;
    if (!err && duration_ms)
        *duration_ms = (double)s->samples * 1e3 / MYNA_OUT_RATE_HZ;
    free(s);
    return err;
}

/* bench_speech.c - how long a person waits for the local recogniser and the local voice, as JSON
 * lines: medians of several, models loaded and warm, real clock.
 *
 *     stt_final_5s        final transcript after the VAD's end of 5 s of speech, as in each spoken
 * turn: the quiet was heard (mark PAUSE) half a second before the VAD was sure stt_final_5s_cold
 * the same without that: a turn committed in mid-word. No limit: one decode tts_first_audio first
 * sound of a long answer after its text; beside the plain synthesis of its first sentence
 *
 * The speech is the voice's own. Without the models it says so and tells nothing.
 */
#include "bench.h"

#include <string.h>

#include <myna/provider.h>

#include "audio/resample.h"
#include "models/models.h"
#include "providers/builtin.h"
#include "providers/flite.h"
#include "providers/phonemes.h"
#include "providers/sherpa.h"
#include "stt/stt.h"
#include "tts/tts.h"
#include "util/buf.h"
#include "util/host.h"

enum { ROUNDS = 9, FRAMES = 250, OUT_MAX = 24000 * 60 };

static const char answer[] =
    "Once upon a time there was a bird that could remember every word that anybody had ever said "
    "to it, and people came from far away to hear it speak. One day it forgot one.";
static const char first_sentence[] =
    "Once upon a time there was a bird that could remember every word that anybody had ever said "
    "to it, and people came from far away to hear it speak.";

static struct {
    struct myna_host host;
    struct myna_config *cfg;
    struct myna_stt *stt;
    struct myna_tts *tts;
    struct myna_stt_port *ear;
    int16_t pcm[OUT_MAX];
    size_t n;
    int64_t first_audio, final, loaded[2];
    int n_loaded, faults;
    struct myna_frame frames[FRAMES];
} b;

static void log_line(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    if (strstr(line, " loaded") && b.n_loaded < 2)
        b.loaded[b.n_loaded++] = bench_now_ns();
    if (level <= MYNA_LOG_WARN)
        fprintf(stderr, "%s\n", line);
}

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    (void)arg;
    (void)port;
    if (!b.n)
        b.first_audio = bench_now_ns();
    n = n < OUT_MAX - b.n ? n : OUT_MAX - b.n;
    memcpy(b.pcm + b.n, pcm, n * sizeof *pcm);
    b.n += n;
    return n;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    (void)arg;
    myna_tts_port_pump(port, OUT_MAX);
}

static void on_tts(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    (void)arg;
    (void)port;
    b.faults += ev->type == MYNA_TTS_FAULT;
}

static void on_stt(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    (void)arg;
    (void)port;
    if (ev->type == MYNA_STT_FINAL)
        b.final = bench_now_ns();
    b.faults += ev->type == MYNA_STT_FAULT;
}

/* Milliseconds from the text to the first sound; all of it is in b.pcm then. */
static double speak(void)
{
    struct myna_tts_port_options po = {
        .tts = b.tts, .audio = on_audio, .ready = on_ready, .event = on_tts};
    struct myna_tts_port *port;
    int64_t began = bench_now_ns();

    b.n = 0;
    if (myna_tts_port_open(&po, &port))
        exit(1);
    if (myna_tts_port_text(port, myna_view_of(answer)))
        exit(1);
    myna_tts_port_end(port);
    myna_loop_run(b.host.loop);
    myna_tts_port_close(port);
    return (double)(b.first_audio - began) / 1e6;
}

/* Milliseconds from the end mark to the final; `pause_ms` > 0: quiet was heard so long before. */
static double hear(int pause_ms)
{
    int64_t end;

    myna_stt_port_mark(b.ear, MYNA_STT_MARK_SPEECH, 0);
    for (int i = 0; i < FRAMES; i++)
        myna_stt_port_push(b.ear, &b.frames[i]);
    if (pause_ms) {
        myna_stt_port_mark(b.ear, MYNA_STT_MARK_PAUSE, 0);
        myna_loop_run_until(b.host.loop, myna_loop_now(b.host.loop) + pause_ms * MYNA_MS);
    }
    end = bench_now_ns();
    myna_stt_port_mark(b.ear, MYNA_STT_MARK_END, 0);
    myna_loop_run(b.host.loop);
    return (double)(b.final - end) / 1e6;
}

static double median(double (*once)(int), int how)
{
    double v[ROUNDS];

    for (int i = 0; i < ROUNDS; i++)
        v[i] = once(how);
    fprintf(stderr, "fastest %.1f ms, slowest %.1f ms\n", bench_quantile(v, ROUNDS, 0),
            bench_quantile(v, ROUNDS, 1));
    return bench_quantile(v, ROUNDS, 0.5);
}

static double speak_once(int how)
{
    (void)how;
    return speak();
}

/* The first sentence of the answer, whole, by the library alone. */
static double plain(int how)
{
    static struct myna_sherpa_tts *tts;
    static int32_t codes[4096];
    static size_t n_codes;
    int64_t began;
    int16_t *pcm = NULL;
    struct myna_sherpa_saying what;
    size_t n;

    (void)how;
    if (!tts) {
        struct myna_flite *fl;
        struct myna_phone *phones;
        char folder[MYNA_MODEL_PATH_MAX];
        size_t n_phones;

        if (myna_model_folder(myna_model_part("piper-joe"), folder, NULL) ||
            myna_flite_open(false, &fl, NULL) ||
            myna_flite_phones(fl, first_sentence, &phones, &n_phones) ||
            myna_sherpa_tts_create(folder, 1, 0, &tts, NULL))
            exit(1);
        n_codes = myna_phonemes(phones, n_phones, '.', codes, 4096);
        free(phones);
        myna_flite_close(fl);
    }
    what = (struct myna_sherpa_saying){.phonemes = codes, .n_phonemes = n_codes, .speed = 1.0f};
    began = bench_now_ns();
    if (myna_sherpa_tts_speak(tts, &what, &pcm, &n))
        exit(1);
    free(pcm);
    return (double)(bench_now_ns() - began) / 1e6;
}

static bool models_here(void)
{
    static const char *const parts[] = {"sherpa-onnx", "moonshine-tiny-en", "piper-joe"};
    struct myna_why why;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (myna_model_check(myna_model_part(parts[i]), NULL, &why)) {
            fprintf(stderr, "%s\n", why.text);
            return false;
        }
    return true;
}

static void make_speech(void)
{
    struct myna_resample *rs = myna_resample_create(MYNA_OUT_RATE_HZ, MYNA_IN_RATE_HZ);
    static int16_t low[OUT_MAX];
    size_t n;

    if (!rs)
        exit(1);
    n = myna_resample_run(rs, b.pcm, b.n, low);
    myna_resample_destroy(rs);
    if (n < (size_t)FRAMES * MYNA_IN_SAMPLES)
        exit(1);
    for (int i = 0; i < FRAMES; i++) {
        memcpy(b.frames[i].pcm, low + (size_t)i * MYNA_IN_SAMPLES, sizeof b.frames[i].pcm);
        b.frames[i].captured = (myna_us)i * MYNA_FRAME_US;
    }
}

int main(void)
{
    struct myna_why why = {0};
    int64_t began;
    double first, ahead, cold, whole, both;

    if (!models_here())
        return 1;
    b.host.loop = myna_loop_create(&(struct myna_loop_options){0}, &why);
    b.host.log =
        myna_log_create(&(struct myna_log_options){.write = log_line, .level = MYNA_LOG_INFO});
    myna_rand_seed(&b.host.rand, 1);
    b.cfg = myna_config_create();
    began = bench_now_ns();
    if (!b.host.loop || !b.host.log || !b.cfg || myna_config_environment(b.cfg, &why) ||
        myna_stt_moonshine.create(&b.stt, &b.host, b.cfg, &why) ||
        myna_tts_piper.create(&b.tts, &b.host, b.cfg, &why) ||
        myna_stt_port_open(&(struct myna_stt_port_options){.stt = b.stt, .event = on_stt},
                           &b.ear)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    myna_loop_run(b.host.loop);
    both = (double)(b.loaded[b.n_loaded - 1] - began) / 1e6;
    fprintf(stderr, "loaded after %.0f and %.0f ms; very first sound after %.1f ms\n",
            (double)(b.loaded[0] - began) / 1e6, both, speak());
    make_speech();
    fprintf(stderr, "very first final after %.1f ms\n", hear(0));
    first = median(speak_once, 0);
    whole = median(plain, 0);
    cold = median(hear, 0);
    ahead = median(hear, 450);
    bench_tell("stt_final_5s", ahead, "ms", "length of the speech", FRAMES * 20, 150);
    bench_tell("stt_final_5s_cold", cold, "ms", "length of the speech", FRAMES * 20, -1);
    bench_tell("tts_first_audio", first, "ms", "plain synthesis of the first sentence", whole, 150);
    return b.faults != 0; /* the process ends here: models are not taken apart */
}

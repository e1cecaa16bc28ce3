/* terminal_portaudio.c - card.h on PortAudio: one full-duplex stream, 10 ms a call, at the rate the
 * loudspeaker likes best within what our resampler takes.
 *
 * ALSA, JACK and PortAudio tell standard error about every device that they cannot open while
 * PortAudio looks around; for that moment standard error goes nowhere. During the call ALSA alone
 * would speak ("underrun occurred"), into the middle of the person's screen: its handler is told to
 * be quiet as long as a card is open. What matters reaches the person as the stream's end.
 */
#include "transport/card.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport/portaudio_calls.h"
#include "util/buf.h"
#include "util/clock.h"

enum { RATE_MIN_HZ = 16000, RATE_MAX_HZ = 48000 };

/* Asked for the 9 ms that it offers, PulseAudio's ALSA device was seen never to call; with 30 ms it
 * calls more often, not always: the call then ends with a sentence. */
#define LATENCY_LEAST_S 0.03
/* Where the sound server was killed its library was seen to wait for ever while a stream is closed.
 */
#define CLOSE_MOST (2 * MYNA_S)

struct myna_card {
    struct myna_card_options opt;
    PaStream *stream;
    uint32_t rate_hz;
    bool initialized;
    atomic_int inside; /* calls of process under way */
    atomic_bool left;  /* no more of them */
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool closed, alone; /* alone: nobody waits for the closing any more, it frees the card */
};

static int hush(void)
{
    int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (kept >= 0 && nowhere >= 0)
        (void)dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0)
        close(nowhere);
    return kept;
}

static void unhush(int kept)
{
    if (kept < 0)
        return;
    (void)dup2(kept, STDERR_FILENO);
    close(kept);
}

typedef void alsa_told(const char *file, int line, const char *function, int err, const char *fmt,
                       ...);
typedef int alsa_set_handler(alsa_told *handler);

static void alsa_is_quiet(const char *file, int line, const char *function, int err,
                          const char *fmt, ...)
{
    (void)file, (void)line, (void)function, (void)err, (void)fmt;
}

/* ALSA is PortAudio's affair, we do not link it: its call is looked up where it has been loaded.
 * Its handler is one for the process; so is this card. */
static void alsa_hush(bool quiet)
{
    void *call = myna_portaudio_below("snd_lib_error_set_handler");
    alsa_set_handler *set;

    memcpy(&set, &call, sizeof set);
    if (call)
        (void)set(quiet ? alsa_is_quiet : NULL);
}

static int channels(const PaDeviceInfo *d, bool input)
{
    return input ? d->maxInputChannels : d->maxOutputChannels;
}

static enum myna_err unknown(const char *name, bool input, struct myna_why *why)
{
    struct myna_buf list;
    enum myna_err err;

    myna_buf_init(&list, 400);
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *d = Pa_GetDeviceInfo(i);

        if (d && channels(d, input) > 0)
            (void)myna_buf_printf(&list, "%s%d '%s'", list.len ? ", " : "", i, d->name);
    }
    err = myna_fail(why, MYNA_ENOENT, "there is no %s device '%s'; here are: %s",
                    input ? "input" : "output", name, list.len ? myna_buf_str(&list) : "none");
    myna_buf_fini(&list);
    return err;
}

static enum myna_err find(const char *name, bool input, PaDeviceIndex *out, struct myna_why *why)
{
    PaDeviceIndex n = Pa_GetDeviceCount();
    char *end = NULL;

    if (!name || !name[0]) {
        *out = input ? Pa_GetDefaultInputDevice() : Pa_GetDefaultOutputDevice();
        if (*out != paNoDevice)
            return MYNA_OK;
        return myna_fail(why, MYNA_EUNAVAIL, "There is no %s on this machine.",
                         input ? "microphone" : "loudspeaker");
    }
    long number = strtol(name, &end, 10);
    for (PaDeviceIndex i = 0; i < n; i++) {
        const PaDeviceInfo *d = Pa_GetDeviceInfo(i);

        if (!d || channels(d, input) < 1 || (*end ? !strstr(d->name, name) : number != i))
            continue;
        *out = i;
        return MYNA_OK;
    }
    return unknown(name, input, why);
}

static int on_sound(const void *in, void *out, unsigned long n,
                    const PaStreamCallbackTimeInfo *times, PaStreamCallbackFlags flags, void *arg)
{
    struct myna_card *card = arg;

    (void)times, (void)flags;
    atomic_fetch_add(&card->inside, 1);
    if (!atomic_load(&card->left))
        card->opt.process(card->opt.arg, in, out, n);
    atomic_fetch_sub(&card->inside, 1);
    return paContinue;
}

static enum myna_err open_stream(struct myna_card *card, PaDeviceIndex in, PaDeviceIndex out,
                                 struct myna_why *why)
{
    const PaDeviceInfo *di = Pa_GetDeviceInfo(in), *po = Pa_GetDeviceInfo(out);
    PaStreamParameters ip = {.device = in,
                             .channelCount = 1,
                             .sampleFormat = paInt16,
                             .suggestedLatency = fmax(di->defaultLowInputLatency, LATENCY_LEAST_S)};
    PaStreamParameters op = {.device = out,
                             .channelCount = 1,
                             .sampleFormat = paInt16,
                             .suggestedLatency =
                                 fmax(po->defaultLowOutputLatency, LATENCY_LEAST_S)};
    uint32_t rates[] = {(uint32_t)po->defaultSampleRate, 48000, 44100, 16000};
    PaError err = paInvalidSampleRate;

    for (size_t i = 0; i < sizeof rates / sizeof *rates && err != paNoError; i++) {
        if (rates[i] < RATE_MIN_HZ || rates[i] > RATE_MAX_HZ)
            continue;
        err = Pa_OpenStream(&card->stream, &ip, &op, rates[i], rates[i] / 100, paNoFlag, on_sound,
                            card);
        card->rate_hz = rates[i];
        if (err == paDeviceUnavailable)
            break;
    }
    if (err == paNoError)
        return MYNA_OK;
    card->stream = NULL;
    return myna_fail(why, MYNA_EIO,
                     "the sound card does not open ('%s', '%s': %s): another program may hold it; "
                     "set transport.terminal.input_device and output_device",
                     di->name, po->name, Pa_GetErrorText(err));
}

enum myna_err myna_card_open(const struct myna_card_options *opt, struct myna_card **out,
                             struct myna_why *why)
{
    struct myna_card *card = calloc(1, sizeof *card);
    PaDeviceIndex in = paNoDevice, to = paNoDevice;
    enum myna_err err = myna_portaudio_load(why);
    int kept;

    if (err || !card) {
        free(card);
        return err ? err : myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    card->opt = *opt;
    pthread_mutex_init(&card->lock, NULL);
    pthread_cond_init(&card->done, NULL);
    kept = hush();
    card->initialized = Pa_Initialize() == paNoError;
    if (!card->initialized || Pa_GetDeviceCount() < 1)
        err = myna_fail(why, MYNA_EUNAVAIL, "There is no sound card on this machine.");
    if (!err)
        err = find(opt->input, true, &in, why);
    if (!err)
        err = find(opt->output, false, &to, why);
    if (!err)
        err = open_stream(card, in, to, why);
    unhush(kept);
    if (err) {
        myna_card_close(card);
        return err;
    }
    alsa_hush(true);
    *out = card;
    return MYNA_OK;
}

enum myna_err myna_card_start(struct myna_card *card, struct myna_why *why)
{
    int kept = hush();
    PaError err = Pa_StartStream(card->stream);

    unhush(kept);
    return err == paNoError ? MYNA_OK
                            : myna_fail(why, MYNA_EIO, "the sound card does not start: %s",
                                        Pa_GetErrorText(err));
}

static void free_card(struct myna_card *card)
{
    pthread_cond_destroy(&card->done);
    pthread_mutex_destroy(&card->lock);
    free(card);
}

static void *close_run(void *arg)
{
    struct myna_card *card = arg;
    bool alone;

    if (card->stream)
        (void)Pa_CloseStream(card->stream);
    if (card->initialized)
        (void)Pa_Terminate();
    pthread_mutex_lock(&card->lock);
    card->closed = true;
    alone = card->alone;
    pthread_cond_signal(&card->done);
    pthread_mutex_unlock(&card->lock);
    if (alone)
        free_card(card);
    return NULL;
}

/* On a thread of its own, which is left behind where it does not come to its end. */
static void close_or_leave(struct myna_card *card)
{
    myna_us until = myna_clock_monotonic() + CLOSE_MOST;
    struct timespec at = {.tv_sec = until / MYNA_S, .tv_nsec = until % MYNA_S * 1000};
    pthread_t thread;
    bool closed;

    if (pthread_create(&thread, NULL, close_run, card)) {
        (void)close_run(card);
        free_card(card);
        return;
    }
    pthread_mutex_lock(&card->lock);
    while (!card->closed && !pthread_cond_clockwait(&card->done, &card->lock, CLOCK_MONOTONIC, &at))
        ;
    closed = card->closed;
    card->alone = !closed;
    pthread_mutex_unlock(&card->lock);
    if (!closed) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    free_card(card);
}

void myna_card_close(struct myna_card *card)
{
    int kept;

    if (!card)
        return;
    atomic_store(&card->left, true);
    while (atomic_load(&card->inside)) /* it never waits for anything */
        sched_yield();
    kept = hush();
    close_or_leave(card);
    alsa_hush(false);
    unhush(kept);
}

uint32_t myna_card_rate_hz(const struct myna_card *card)
{
    return card->rate_hz;
}

static myna_us seconds(double s)
{
    return s > 0 && s < 5 ? (myna_us)(s * 1e6) : 0;
}

myna_us myna_card_input_latency(const struct myna_card *card)
{
    const PaStreamInfo *info = Pa_GetStreamInfo(card->stream);

    return info ? seconds(info->inputLatency) : 0;
}

myna_us myna_card_output_latency(const struct myna_card *card)
{
    const PaStreamInfo *info = Pa_GetStreamInfo(card->stream);

    return info ? seconds(info->outputLatency) : 0;
}

bool myna_card_running(const struct myna_card *card)
{
    return Pa_IsStreamActive(card->stream) == 1;
}

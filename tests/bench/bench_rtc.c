/* bench_rtc.c - one 20 ms frame through the whole of src/rtc: encoded, protected, sent over
 * loopback, received, deciphered, decoded; beside the bare calls of Opus and SRTP on the same sound
 * in the same moments. And what a call costs in which nobody speaks.
 *
 *     bench_rtc [CALLS] [SECONDS]
 *
 * Both ends of each call live in this process; figures are processor time.
 */
#include "bench.h"

#include <math.h>
#include <string.h>

#include "audio/opus.h"
#include "rtc/rtc.h"
#include "rtc/srtp.h"
#include "util/grave.h"
#include "util/host.h"

enum { MAX_CALLS = 20, FRAMES = 500, TURNS = 4, COMPLEXITY = 5, BITRATE = 32000 };

struct side {
    struct myna_rtc *rtc, *peer;
    struct myna_rtc_audio *audio;
    long heard;
    unsigned at;
};

static int16_t sound[FRAMES][MYNA_OUT_SAMPLES];
static struct myna_host host;
static bool talking;

/* Like a voice to a codec: a hundred pulses a second through three resonances, syllables of 200 ms.
 */
static void make_sound(void)
{
    static const double at[3] = {700, 1200, 2600};
    double y1[3] = {0}, y2[3] = {0};
    struct myna_rand rand;
    int n = 0;

    myna_rand_seed(&rand, 5);
    for (int f = 0; f < FRAMES; f++)
        for (int i = 0; i < MYNA_OUT_SAMPLES; i++, n++) {
            double t = n / 24000.0, syllable = 0.55 - 0.45 * cos(2 * 3.14159265 * 5 * t), out = 0;
            double in =
                (n % (220 + f % 40) ? 0 : 6000) + (double)(myna_rand_below(&rand, 200)) - 100;

            for (int k = 0; k < 3; k++) {
                double r = 0.97,
                       y = in + 2 * r * cos(2 * 3.14159265 * at[k] / 24000) * y1[k] - r * r * y2[k];

                y2[k] = y1[k];
                y1[k] = y;
                out += y / (k + 1);
            }
            out *= syllable * 0.4;
            sound[f][i] = (int16_t)(out > 32767 ? 32767 : out < -32768 ? -32768 : out);
        }
}

static void on_candidate(void *arg, const char *text, const char *mid, int index)
{
    (void)mid;
    (void)index;
    if (myna_rtc_add_candidate(((struct side *)arg)->peer, text, NULL))
        exit(1);
}

static void on_frame(void *arg, struct myna_rtc_audio *a, const struct myna_frame *f)
{
    (void)a;
    (void)f;
    ((struct side *)arg)->heard++;
}

static void on_tick(void *arg, myna_us now)
{
    struct side *s = arg;

    (void)now;
    myna_rtc_audio_send(s->audio, talking ? sound[s->at++ % FRAMES] : NULL);
}

static void open_side(struct side *s, unsigned at)
{
    static const struct myna_rtc_events events = {
        .candidate = on_candidate, .frame = on_frame, .tick = on_tick};
    struct myna_rtc_options opt = {.host = &host,
                                   .only_address = "127.0.0.1",
                                   .opus_complexity = COMPLEXITY,
                                   .opus_bitrate = BITRATE};
    struct myna_why why;

    if (myna_rtc_create(&s->rtc, &opt, &events, s, &why)) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    s->audio = myna_rtc_add_audio(s->rtc, MYNA_RTC_SENDRECV);
    s->at = at;
}

static void join(struct side *a, struct side *b)
{
    const char *offer, *answer;

    a->peer = b->rtc;
    b->peer = a->rtc;
    if (myna_rtc_offer(a->rtc, 0, &offer, NULL) || myna_rtc_answer(b->rtc, offer, &answer, NULL) ||
        myna_rtc_accept_answer(a->rtc, answer, NULL))
        exit(1);
}

/* What is ours alone, in KiB: what a connection adds to the process. */
static double private_kib(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[128];
    long sum = 0, n;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Dirty: %ld", &n) == 1)
            sum += n;
    if (f)
        fclose(f);
    return (double)sum;
}

struct codec {
    struct myna_opus_encoder *e;
    struct myna_opus_decoder *d;
    struct myna_srtp *out, *in;
};

static void open_codec(struct codec *c)
{
    struct myna_srtp_keys keys = {.profile = MYNA_SRTP_AEAD_AES_128_GCM}; /* both ends the same */

    c->e = myna_opus_encoder_create(24000, COMPLEXITY, BITRATE);
    c->d = myna_opus_decoder_create(16000);
    if (!c->e || !c->d || myna_srtp_create(&c->out, &keys, NULL) ||
        myna_srtp_create(&c->in, &keys, NULL))
        exit(1);
}

static void close_codec(struct codec *c)
{
    myna_srtp_destroy(c->out);
    myna_srtp_destroy(c->in);
    myna_opus_encoder_destroy(c->e);
    myna_opus_decoder_destroy(c->d);
}

/* The bare calls keep the connections' time: a quarter of the voices every 5 ms, as many as there
 * are in the calls. In a loop of their own they would find their state in the caches and the
 * processor awake, which no call does; and what else the machine did meanwhile would not be the
 * same. Only what is between the two looks at the clock is theirs. */
static struct bare {
    struct myna_timer timer;
    struct codec all[2 * MAX_CALLS];
    int n, turn;
    unsigned at;
    int64_t cpu;
    long frames;
} bare;

static void bare_frame(struct codec *c, const int16_t *said, unsigned seq)
{
    int16_t pcm[MYNA_IN_SAMPLES * 6];
    uint8_t packet[1400] = {0x80, 111};
    size_t len;

    packet[2] = (uint8_t)(seq >> 8);
    packet[3] = (uint8_t)seq;
    len = 12 + myna_opus_encode(c->e, said, MYNA_OUT_SAMPLES, packet + 12, 1200);
    if (!myna_srtp_protect(c->out, packet, &len) || !myna_srtp_unprotect(c->in, packet, &len) ||
        !myna_opus_decode(c->d, (struct myna_view){packet + 12, len - 12}, pcm, sizeof pcm / 2))
        exit(1);
}

static void on_bare(struct myna_timer *t)
{
    int64_t cpu = bench_cpu_ns();

    for (int i = bare.turn; i < bare.n; i += TURNS) {
        bare_frame(&bare.all[i], sound[(bare.at + (unsigned)i * 37) % FRAMES], bare.at);
        bare.frames++;
    }
    bare.cpu += bench_cpu_ns() - cpu;
    bare.turn = (bare.turn + 1) % TURNS;
    bare.at += !bare.turn;
    if (myna_timer_set(t, t->at + MYNA_FRAME_US / TURNS))
        exit(1);
}

static void open_bare(int n)
{
    for (bare.n = 0; bare.n < n; bare.n++)
        open_codec(&bare.all[bare.n]);
    myna_host_timer_init(&host, &bare.timer, on_bare, NULL);
    if (myna_timer_set(&bare.timer, myna_loop_now(host.loop)))
        exit(1);
}

static void close_bare(void)
{
    myna_timer_clear(&bare.timer);
    for (int i = 0; i < bare.n; i++)
        close_codec(&bare.all[i]);
}

/* Processor time of a frame, one way; of those that came, a busy machine's clock skips some. The
 * bare calls' goes into *its_own, if they run. */
static double measure(struct side *sides, size_t n, int seconds, double *its_own)
{
    int64_t cpu;
    long heard = 0;

    myna_loop_run_until(host.loop, myna_loop_now(host.loop) + 2 * MYNA_S);
    for (size_t i = 0; i < n; i++)
        sides[i].heard = 0;
    bare.cpu = bare.frames = 0;
    cpu = bench_cpu_ns();
    myna_loop_run_until(host.loop, myna_loop_now(host.loop) + seconds * MYNA_S);
    cpu = bench_cpu_ns() - cpu - bare.cpu;
    if (its_own)
        *its_own = (double)bare.cpu / 1e3 / (double)bare.frames;
    for (size_t i = 0; i < n; i++) {
        heard += sides[i].heard;
        if (sides[i].heard < seconds * 20) {
            fprintf(stderr, "side %zu heard %ld frames in %d s\n", i, sides[i].heard, seconds);
            exit(1);
        }
    }
    return (double)cpu / 1e3 / (double)heard;
}

int main(int argc, char **argv)
{
    static struct side sides[2 * MAX_CALLS];
    int calls = argc > 1 ? atoi(argv[1]) : 10, seconds = argc > 2 ? atoi(argv[2]) : 5;
    double alone, talk, silence, first = 0, all;

    if (calls < 1 || calls > MAX_CALLS || seconds < 1)
        return 2;
    make_sound();
    host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    host.log = myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN});
    myna_rand_seed(&host.rand, 9);
    talking = true;
    for (int i = 0; i < 2 * calls; i++) {
        open_side(&sides[i], (unsigned)i * 37);
        if (i % 2)
            join(&sides[i - 1], &sides[i]);
        if (i == 1) { /* libraries are loaded, tables are made */
            measure(sides, 2, 1, NULL);
            first = private_kib();
        }
    }
    measure(sides, 2 * (size_t)calls, 1, NULL);
    all = private_kib();
    open_bare(2 * calls);
    talk = measure(sides, 2 * (size_t)calls, seconds, &alone);
    close_bare();
    talking = false;
    silence = measure(sides, 2 * (size_t)calls, seconds, NULL);
    bench_tell("rtc_frame", talk, "us", "bare Opus and SRTP", alone, 1.3 * alone);
    bench_tell("rtc_frame_silent", silence, "us", "the same while talking", talk, 0.15 * talk);
    if (calls > 1)
        bench_tell("rtc_memory", (all - first) / (2 * calls - 2), "KiB",
                   "the first two connections", first, -1);
    for (int i = 0; i < 2 * calls; i++)
        myna_rtc_destroy(sides[i].rtc);
    myna_host_bury_all(&host);
    myna_loop_drain(host.loop);
    myna_log_destroy(host.log);
    myna_loop_destroy(host.loop);
    return 0;
}

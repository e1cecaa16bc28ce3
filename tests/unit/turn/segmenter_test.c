/* segmenter_test.c - the rules of agent-session 2.3 on scripted probabilities, at every rate. */
#include "check.h"
#include "fault.h"

#include "turn/segmenter.h"

/* One letter a window: '#' 0.9, '=' 0.4 (between the thresholds), '.' 0.1. */
static const char *script;
static size_t at;
static int resets;

static float infer(void *arg, const int16_t *window)
{
    char c = script[at] ? script[at++] : '.';

    (void)arg, (void)window;
    return c == '#' ? 0.9f : c == '=' ? 0.4f : 0.1f;
}

static void reset(void *arg)
{
    (void)arg;
    resets++;
}

static struct {
    int starts, ends, inferences;
    struct myna_vad_event start, end, last;
    size_t start_sound, end_sound;
    int16_t first_sample; /* of the sound at the start event */
} seen;
static struct myna_segmenter *sg;

static void on_event(void *arg, const struct myna_vad_event *ev)
{
    (void)arg;
    if (ev->type == MYNA_VAD_INFERENCE) {
        seen.inferences++;
        seen.last = *ev;
    } else if (ev->type == MYNA_VAD_START) {
        seen.starts++;
        seen.start = *ev;
        seen.first_sample = *myna_segmenter_sound(sg, &seen.start_sound);
    } else {
        seen.ends++;
        seen.end = *ev;
        myna_segmenter_sound(sg, &seen.end_sound);
    }
}

static const struct myna_segmenter_options defaults = {50, 250, 500, 60000, 0.5, 0};
static const struct myna_segmenter_engine engine = {infer, reset, NULL, NULL};

static void begin(const struct myna_segmenter_options *opt, uint32_t rate, const char *letters)
{
    memset(&seen, 0, sizeof seen);
    script = letters;
    at = 0;
    resets = 0;
    sg = myna_segmenter_create(opt, &engine, rate, on_event, NULL);
    CHECK(sg != NULL);
}

/* Pushes `windows` of sound that counts up, in frames of 20 ms, from `from_ms` on. */
static void push(uint32_t rate, int windows, myna_us from)
{
    static int16_t pcm[960];
    uint64_t total = (uint64_t)windows * 32 * rate / 1000, done = 0;

    while (done < total) {
        size_t n = rate / 50;

        if (n > total - done)
            n = (size_t)(total - done);
        for (size_t i = 0; i < n; i++)
            pcm[i] = (int16_t)((done + i) & 0x7fff);
        CHECK_EQ(myna_segmenter_push(sg, pcm, n, rate, from + (int64_t)(done * 1000000 / rate)),
                 MYNA_OK);
        done += n;
    }
}

TEST(speech_begins_after_its_minimum_and_ends_after_the_silence)
{
    begin(&defaults, 16000, "..########........................");
    push(16000, 30, 5 * MYNA_S);
    CHECK_EQ(seen.starts, 1);
    CHECK_EQ(seen.start.at, 5 * MYNA_S + 4 * 32 * MYNA_MS); /* the second window of speech */
    CHECK_EQ(seen.start.speech, 64 * MYNA_MS);
    CHECK_EQ(seen.start.silence, 0);
    CHECK(seen.start.speaking);
    CHECK_EQ(seen.ends, 1);
    CHECK_EQ(seen.end.at, 5 * MYNA_S + 18 * 32 * MYNA_MS); /* 8 windows are 256 ms */
    CHECK_EQ(seen.end.silence, 256 * MYNA_MS);
    CHECK_EQ(seen.end.speech, 8 * 32 * MYNA_MS);
    CHECK(!seen.end.speaking);
    CHECK_EQ(seen.inferences, 30);
    myna_segmenter_destroy(sg);
}

TEST(one_loud_window_is_no_speech)
{
    begin(&defaults, 16000, "..#..#..#...");
    push(16000, 12, 0);
    CHECK_EQ(seen.starts, 0);
    myna_segmenter_destroy(sg);
}

TEST(between_the_thresholds_speech_goes_on_but_does_not_begin)
{
    begin(&defaults, 16000, "====##====================........");
    push(16000, 34, 0);
    CHECK_EQ(seen.starts, 1);
    CHECK_EQ(seen.start.at, 6 * 32 * MYNA_MS);
    CHECK_EQ(seen.ends, 1);
    CHECK_EQ(seen.end.at, 34 * 32 * MYNA_MS);
    myna_segmenter_destroy(sg);
}

TEST(a_breath_shorter_than_the_silence_does_not_end_it)
{
    begin(&defaults, 16000, "####.......####........");
    push(16000, 23, 0);
    CHECK_EQ(seen.starts, 1);
    CHECK_EQ(seen.ends, 1);
    CHECK_EQ(seen.end.speech, 15 * 32 * MYNA_MS);
    myna_segmenter_destroy(sg);
}

TEST(inference_tells_what_had_gathered_before_its_window)
{
    begin(&defaults, 16000, "###..");
    push(16000, 3, 0);
    CHECK_EQ(seen.last.raw_speech, 64 * MYNA_MS);
    CHECK_EQ(seen.last.speech, 96 * MYNA_MS);
    CHECK(seen.last.speaking);
    push(16000, 2, 96 * MYNA_MS);
    CHECK_EQ(seen.last.raw_silence, 32 * MYNA_MS);
    CHECK_EQ(seen.last.raw_speech, 0);
    myna_segmenter_destroy(sg);
}

TEST(the_sound_of_a_start_is_prefix_and_speech)
{
    begin(&defaults, 16000, "....................####........");
    push(16000, 32, 0);
    /* 500 ms before the two windows of speech that it took to be sure */
    CHECK_EQ(seen.start_sound, 8000 + 2 * 512);
    CHECK_EQ(seen.first_sample, 20 * 512 - 8000);
    CHECK_EQ(seen.end_sound, 8000 + 12 * 512);
    myna_segmenter_destroy(sg);
}

TEST(any_rate_gives_the_same_windows_at_the_same_times)
{
    static const uint32_t rates[] = {8000, 11025, 22050, 24000, 44100, 48000};

    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        begin(&defaults, rates[r], "....................####................................");
        push(rates[r], 50, 0);
        myna_segmenter_finish(sg);
        CHECK(seen.inferences == 50 || seen.inferences == 49);
        CHECK_EQ(seen.starts, 1);
        CHECK_EQ(seen.ends, 1);
        CHECK_NEAR((double)seen.start.at, 22 * 32000.0, 130); /* within a sample at 8 kHz */
        CHECK_NEAR((double)seen.end.at, 32 * 32000.0, 130);
        CHECK_NEAR((double)seen.start_sound, rates[r] * 0.564, 2);
        myna_segmenter_destroy(sg);
    }
}

TEST(another_rate_in_mid_stream_is_refused_and_nothing_taken)
{
    int16_t pcm[320] = {0};

    begin(&defaults, 16000, "");
    CHECK_EQ(myna_segmenter_push(sg, pcm, 320, 24000, 0), MYNA_EINVAL);
    push(16000, 1, 0);
    CHECK_EQ(seen.inferences, 1);
    myna_segmenter_destroy(sg);
}

TEST(flush_in_mid_segment_forgets_it_and_the_next_is_whole)
{
    begin(&defaults, 16000, "####");
    push(16000, 4, 0);
    CHECK(myna_segmenter_speaking(sg));
    myna_segmenter_flush(sg);
    CHECK(!myna_segmenter_speaking(sg));
    CHECK_EQ(resets, 2);
    CHECK_EQ(seen.ends, 0);
    script = "..####........";
    at = 0;
    push(16000, 14, 10 * MYNA_S);
    CHECK_EQ(seen.starts, 2);
    CHECK_EQ(seen.ends, 1);
    CHECK_EQ(seen.start.at, 10 * MYNA_S + 4 * 32 * MYNA_MS);
    CHECK_EQ(seen.end.speech, 4 * 32 * MYNA_MS);
    CHECK_EQ(seen.start_sound, 4 * 512);
    myna_segmenter_destroy(sg);
}

TEST(sound_beyond_the_ceiling_is_dropped_and_told_once)
{
    struct myna_segmenter_options opt = defaults;
    static char long_speech[201];

    memset(long_speech, '#', 200);
    opt.max_speech_ms = 1000;
    begin(&opt, 16000, long_speech);
    push(16000, 220, 0);
    CHECK_EQ(seen.starts, 1);
    CHECK_EQ(seen.ends, 1);
    CHECK_EQ(seen.end.speech, 200 * 32 * MYNA_MS); /* the rules go on */
    CHECK(seen.end_sound >= 24000 && seen.end_sound < 24000 + 2048);
    CHECK(myna_segmenter_overflowed(sg));
    CHECK(!myna_segmenter_overflowed(sg));
    script = "####........";
    at = 0;
    push(16000, 12, 0);
    CHECK_EQ(seen.ends, 2); /* and the next stretch is kept again */
    CHECK(seen.end_sound >= 12 * 512);
    myna_segmenter_destroy(sg);
}

TEST(options_change_in_mid_stream_and_the_sound_stays)
{
    struct myna_segmenter_options opt = defaults;

    begin(&defaults, 16000, "......####....########");
    push(16000, 8, 0); /* speaking */
    CHECK_EQ(seen.starts, 1);
    opt.max_speech_ms = 120000;
    opt.min_silence_ms = 100;
    CHECK_EQ(myna_segmenter_update(sg, &opt), MYNA_OK);
    push(16000, 6, 8 * 32 * MYNA_MS);
    CHECK_EQ(seen.ends, 1); /* 4 windows of silence now end it */
    CHECK_EQ(seen.end_sound, 14 * 512);
    CHECK_EQ(seen.end.speech, 4 * 32 * MYNA_MS);
    opt.max_speech_ms = 0;
    opt.prefix_ms = 64;
    CHECK_EQ(myna_segmenter_update(sg, &opt), MYNA_OK); /* smaller: the newest stays */
    push(16000, 2, 14 * 32 * MYNA_MS);
    CHECK_EQ(seen.starts, 2);
    myna_segmenter_destroy(sg);
}

TEST(a_deactivation_threshold_of_its_own)
{
    struct myna_segmenter_options opt = defaults;

    opt.deactivation = 0.45; /* '=' is silence now */
    begin(&opt, 16000, "####================");
    push(16000, 20, 0);
    CHECK_EQ(seen.ends, 1);
    myna_segmenter_destroy(sg);
}

static bool make_and_push(void *arg)
{
    static const int16_t pcm[960];
    struct myna_segmenter *s = myna_segmenter_create(&defaults, &engine, 48000, on_event, NULL);

    (void)arg;
    if (!s)
        return false;
    sg = s;
    if (myna_segmenter_push(s, pcm, 960, 48000, 0) || myna_segmenter_update(s, &defaults)) {
        CHECK_EQ(myna_segmenter_push(s, pcm, 960, 48000, 0), MYNA_OK); /* all as before */
        myna_segmenter_destroy(s);
        return false;
    }
    myna_segmenter_destroy(s);
    return true;
}

TEST(short_memory_leaves_nothing_behind)
{
    script = "";
    at = 0;
    CHECK(fault_each_alloc(make_and_push, NULL) >= 3);
}

TEST_MAIN

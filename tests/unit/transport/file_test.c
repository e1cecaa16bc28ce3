/* file_test.c - the ear has the time line of the recording, to the sample; the call ends when the
 * answer was heard and it is quiet; a file that cannot serve is named. */
#include "check.h"
#include "fake_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include "audio/wav.h"
#include "transport/builtin.h"

static char dir[64], in[96], out[96];
static struct myna_config *cfg;
static struct myna_why why;

static void write_in(uint32_t rate, size_t n, int16_t value)
{
    struct myna_wav_writer *w;
    int16_t *pcm = calloc(n ? n : 1, sizeof *pcm);

    for (size_t i = 0; i < n; i++)
        pcm[i] = value;
    CHECK_EQ(myna_wav_create(in, rate, &w, &why), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, n, &why), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, &why), MYNA_OK);
    free(pcm);
}

static struct myna_config *with_section(void)
{
    static struct myna_section section = {.path = "transport.file"};
    struct myna_config *c = myna_config_create();

    section.options = myna_transport_file.options;
    CHECK(c);
    CHECK_EQ(myna_config_add_section(c, &section), MYNA_OK);
    return c;
}

static void begin(bool virtual_clock)
{
    strcpy(dir, "/tmp/myna-file-XXXXXX");
    CHECK(mkdtemp(dir));
    snprintf(in, sizeof in, "%s/in.wav", dir);
    snprintf(out, sizeof out, "%s/out.wav", dir);
    memset(&why, 0, sizeof why);
    cfg = with_section();
    CHECK_EQ(myna_config_set(cfg, "transport.file.in", in, "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "transport.file.out", out, "test", &why), MYNA_OK);
    world_start(virtual_clock);
}

static void end(void)
{
    world_end();
    myna_config_destroy(cfg);
    unlink(in);
    unlink(out);
    rmdir(dir);
}

static enum myna_err create(void)
{
    return myna_transport_file.create(&world.t, &world.host, cfg, &why);
}

static void call(void)
{
    CHECK_EQ(create(), MYNA_OK);
    CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
    myna_loop_run(world.host.loop);
}

static int16_t *read_out(size_t *n)
{
    static int16_t pcm[24000 * 200];
    struct myna_wav_reader *r;

    CHECK_EQ(myna_wav_open(out, &r, &why), MYNA_OK);
    CHECK_EQ(myna_wav_rate_hz(r), 24000);
    CHECK_EQ(myna_wav_channels(r), 1);
    size_t got = 0;
    for (*n = 0;; *n += got) {
        CHECK_EQ(myna_wav_read(r, pcm + *n, 4096, &got, &why), MYNA_OK);
        if (!got)
            break;
    }
    myna_wav_close(r);
    return pcm;
}

TEST(what_is_heard_lies_at_the_sample_of_its_time)
{
    size_t n;

    begin(true);
    write_in(16000, 32000, 500); /* 2 s */
    world.speak_from = 75;       /* drawn at 1500 ms */
    world.speak_to = 125;        /* … until 2500 ms */
    world.user = MYNA_USER_LISTENING;
    CHECK_EQ(myna_config_set(cfg, "transport.file.patience", "0", "test", &why), MYNA_OK);
    call();
    const int16_t *pcm = read_out(&n);
    CHECK_EQ(pcm[36000 - 1], 0);
    CHECK_EQ(pcm[36000], 1000);
    CHECK_EQ(pcm[60000 - 1], 1000);
    CHECK_EQ(pcm[60000], 0);
    /* The last sound was drawn at 2480; quiet until 4480, whose frame is in the file too. */
    CHECK_EQ(n, 24 * (4480 + 20));
    CHECK_EQ(world.closes, 1);
    CHECK_STR(world.reason, "input ended");
    CHECK_EQ(world.fault_err, MYNA_OK);
    end();
}

TEST(each_frame_is_handed_over_when_it_is_complete_for_ten_minutes_without_drift)
{
    begin(true);
    write_in(8000, 8000 * 600, 0);
    call();
    CHECK_EQ(world.late_frames, 0);
    CHECK_EQ(world.last_captured % MYNA_FRAME_US, 0);
    CHECK(world.frames >= 30000);
    CHECK_EQ(world.last_captured, (world.frames - 1) * MYNA_FRAME_US);
    end();
}

static int16_t at_1s, at_2s;
static void peek(const struct myna_frame *f)
{
    if (f->captured == 980 * MYNA_MS)
        at_1s = f->pcm[160];
    if (f->captured == 2000 * MYNA_MS)
        at_2s = f->pcm[100];
}

TEST(any_rate_is_brought_to_16_khz_in_time_and_silence_follows_the_end)
{
    begin(true);
    write_in(44100, 44100, 4000); /* 1 s */
    world.on_frame = peek;
    at_1s = at_2s = 77;
    call();
    CHECK_NEAR(at_1s, 4000, 60);
    CHECK_EQ(at_2s, 0);
    end();
}

static void script_answer(const struct myna_frame *f)
{
    myna_us t = f->captured / MYNA_MS;

    world.user = t >= 200 && t < 1500 ? MYNA_USER_SPEAKING : MYNA_USER_LISTENING;
    world.agent = t >= 5000 && t < 6000    ? MYNA_AGENT_THINKING
                  : t >= 6000 && t < 12000 ? MYNA_AGENT_SPEAKING
                                           : MYNA_AGENT_LISTENING;
}

TEST(an_answer_that_is_owed_is_waited_for_and_heard_to_its_end)
{
    begin(true);
    write_in(16000, 24000, 500); /* 1.5 s; the agent stirs 3.5 s after it, speaks till 12 s */
    world.on_frame = script_answer;
    world.speak_from = 300;
    world.speak_to = 600;
    call();
    CHECK_NEAR(world.closed_at / MYNA_MS, 14000, 40); /* 2 s of quiet after 12 s */
    end();
}

static myna_us asked_at;

/* A voice that takes 15 s to load: thinking, then three seconds of greeting. */
static void script_slow_greeting(const struct myna_frame *f)
{
    myna_us t = f->captured / MYNA_MS;

    world.agent = t < 15000   ? MYNA_AGENT_THINKING
                  : t < 18000 ? MYNA_AGENT_SPEAKING
                              : MYNA_AGENT_LISTENING;
    if (f->pcm[0] && !asked_at)
        asked_at = f->captured;
}

TEST(the_question_waits_until_a_slow_greeting_was_heard)
{
    begin(true);
    write_in(16000, 16000, 500);
    CHECK_EQ(myna_config_set(cfg, "transport.file.greeting", "60s", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "transport.file.lead", "1s", "test", &why), MYNA_OK);
    world.on_frame = script_slow_greeting;
    asked_at = 0;
    call();
    CHECK_NEAR(asked_at / MYNA_MS, 19000, 60);
    CHECK_NEAR(world.closed_at / MYNA_MS, 22000, 60); /* the question, then two seconds of quiet */
    end();
}

static void script_no_greeting(const struct myna_frame *f)
{
    if (f->pcm[0] && !asked_at)
        asked_at = f->captured;
}

TEST(a_greeting_that_never_comes_is_not_waited_for_longer_than_asked)
{
    begin(true);
    write_in(16000, 16000, 500);
    CHECK_EQ(myna_config_set(cfg, "transport.file.greeting", "5s", "test", &why), MYNA_OK);
    world.on_frame = script_no_greeting;
    asked_at = 0;
    call();
    CHECK_NEAR(asked_at / MYNA_MS, 5000, 60);
    end();
}

static void script_mute(const struct myna_frame *f)
{
    world.user = f->captured < MYNA_S ? MYNA_USER_SPEAKING : MYNA_USER_LISTENING;
}

TEST(an_answer_that_never_comes_is_given_up_after_the_patience)
{
    begin(true);
    write_in(16000, 16000, 500);
    world.on_frame = script_mute;
    call();
    CHECK_NEAR(world.closed_at / MYNA_MS, 9000, 60);
    end();
}

static void script_endless(const struct myna_frame *f)
{
    (void)f;
    world.agent = MYNA_AGENT_SPEAKING;
}

TEST(an_agent_that_never_stops_is_left_after_max_tail)
{
    begin(true);
    write_in(16000, 16000, 500);
    world.on_frame = script_endless;
    call();
    CHECK_EQ(world.closed_at / MYNA_MS, 121000);
    end();
}

TEST(hanging_up_leaves_the_file_whole_and_tells_once)
{
    size_t n;

    begin(true);
    write_in(16000, 160000, 500);
    CHECK_EQ(create(), MYNA_OK);
    CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
    myna_loop_run_until(world.host.loop, 1500 * MYNA_MS);
    world.t->cls->hangup(world.t, "user_initiated");
    world.t->cls->hangup(world.t, "twice");
    CHECK_EQ(world.closes, 0);
    myna_loop_run(world.host.loop);
    CHECK_EQ(world.closes, 1);
    CHECK_STR(world.reason, "user_initiated");
    read_out(&n);
    CHECK_EQ(n, 76 * 480); /* frames of 0 … 1500 ms */
    end();
}

TEST(destroyed_in_the_middle_it_still_keeps_what_was_heard)
{
    size_t n;

    begin(true);
    write_in(16000, 160000, 500);
    CHECK_EQ(create(), MYNA_OK);
    CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
    myna_loop_run_until(world.host.loop, 3010 * MYNA_MS);
    world.t->cls->destroy(world.t);
    world.t = NULL;
    myna_loop_run(world.host.loop);
    read_out(&n);
    CHECK_EQ(n, 151 * 480);
    end();
}

TEST(the_real_clock_gives_the_same_file)
{
    size_t n;

    begin(false);
    write_in(16000, 4800, 500); /* 300 ms */
    world.speak_from = 10;
    world.speak_to = 15;
    CHECK_EQ(myna_config_set(cfg, "transport.file.tail", "100", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "transport.file.patience", "100", "test", &why), MYNA_OK);
    call();
    const int16_t *pcm = read_out(&n);
    CHECK_EQ(n, 24 * 420); /* last frame at 400 */
    CHECK_EQ(pcm[10 * 480 - 1], 0);
    CHECK_EQ(pcm[10 * 480], 1000);
    CHECK_EQ(pcm[15 * 480], 0);
    end();
}

TEST(a_missing_file_is_named)
{
    begin(true);
    CHECK_EQ(create(), MYNA_ENOENT);
    CHECK_HAS(why.text, in);
    end();
}

TEST(an_empty_file_is_refused)
{
    begin(true);
    FILE *f = fopen(in, "w");
    fclose(f);
    CHECK_EQ(create(), MYNA_EFORMAT);
    CHECK_HAS(why.text, in);
    end();
}

TEST(a_wav_without_a_sample_is_refused)
{
    begin(true);
    write_in(16000, 0, 0);
    CHECK_EQ(create(), MYNA_EFORMAT);
    CHECK_HAS(why.text, in);
    end();
}

TEST(a_truncated_wav_is_heard_as_far_as_it_goes)
{
    begin(true);
    write_in(16000, 32000, 4000);
    CHECK_EQ(truncate(in, 44 + 2 * 16000), 0); /* half of it */
    world.on_frame = peek;
    at_1s = at_2s = 77;
    call();
    CHECK_EQ(at_1s, 4000);
    CHECK_EQ(at_2s, 0);
    CHECK_STR(world.reason, "input ended");
    end();
}

TEST(an_output_that_cannot_be_made_is_named_before_the_call)
{
    begin(true);
    write_in(16000, 1600, 0);
    CHECK_EQ(myna_config_set(cfg, "transport.file.out", "/nowhere/heard.wav", "test", &why),
             MYNA_OK);
    CHECK(create() != MYNA_OK);
    CHECK_HAS(why.text, "/nowhere/heard.wav");
    end();
}

TEST(a_full_disk_ends_the_call_with_the_reason)
{
    begin(true);
    write_in(16000, 160000, 500);
    if (access("/dev/full", W_OK) != 0)
        SKIP("no /dev/full here");
    CHECK_EQ(myna_config_set(cfg, "transport.file.out", "/dev/full", "test", &why), MYNA_OK);
    enum myna_err err = create();
    if (!err) {
        CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
        myna_loop_run(world.host.loop);
        CHECK_EQ(world.closes, 1);
        err = world.fault_err;
        strcpy(why.text, world.fault);
        CHECK(world.closed_at < 4 * MYNA_S);
    }
    CHECK_EQ(err, MYNA_ENOSPC);
    CHECK_HAS(why.text, "/dev/full");
    end();
}

TEST(without_a_recording_it_says_which_key_is_missing)
{
    begin(true);
    struct myna_config *empty = with_section();
    CHECK_EQ(myna_transport_file.create(&world.t, &world.host, empty, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "transport.file.in");
    myna_config_destroy(empty);
    end();
}

TEST_MAIN

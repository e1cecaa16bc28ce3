/* loopback_test.c - the pretended far side keeps time, plays all it drew, and its word comes late.
 */
#include "check.h"
#include "fake_session.h"

#include "transport/loopback.h"

static void make(const struct myna_loopback_options *opt)
{
    struct myna_why why;

    CHECK_EQ(myna_loopback_create(&world.t, &world.host, opt, &why), MYNA_OK);
    CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
}

static void run_ms(int ms)
{
    myna_loop_run_until(world.host.loop, ms * MYNA_MS);
}

TEST(a_frame_each_way_every_20_ms_and_captured_20_ms_before_it_arrives)
{
    world_start(true);
    make(&(struct myna_loopback_options){.keep_ms = 1000});
    run_ms(1000);
    CHECK_EQ(world.joined, 1);
    CHECK_EQ(world.pulls, 51);  /* at 0, 20, … 1000 */
    CHECK_EQ(world.frames, 50); /* the first is complete at 20 */
    CHECK_EQ(world.late_frames, 0);
    CHECK_EQ(world.last_captured, 980 * MYNA_MS);
    world_end();
}

TEST(while_the_session_idles_silence_comes_in_pieces_and_nothing_is_drawn)
{
    world_start(true);
    world.idle = true;
    make(&(struct myna_loopback_options){.keep_ms = 2000, .rests = true});
    run_ms(1210);
    CHECK_EQ(world.frames, 60);
    CHECK_EQ(world.pulls, 4); /* the first, and one behind each piece */
    CHECK_EQ(world.last_captured, 1180 * MYNA_MS);
    world.t->cls->ready(world.t);
    run_ms(1220);
    CHECK_EQ(world.pulls, 5);
    CHECK_EQ(world.frames, 61);
    CHECK_EQ(world.last_captured, 1200 * MYNA_MS);
    world_end();
}

TEST(what_is_heard_is_kept_on_the_time_line_of_the_call)
{
    size_t n;

    world_start(true);
    world.speak_from = 10;
    world.speak_to = 13;
    make(&(struct myna_loopback_options){.keep_ms = 1000});
    run_ms(990);
    const int16_t *pcm = myna_loopback_heard(world.t, &n);
    CHECK_EQ(n, 24000);
    CHECK_EQ(pcm[10 * 480 - 1], 0);
    CHECK_EQ(pcm[10 * 480], 1000);
    CHECK_EQ(pcm[13 * 480 - 1], 1000);
    CHECK_EQ(pcm[13 * 480], 0);
    CHECK_EQ(myna_loopback_counts(world.t).sound_frames, 3);
    world_end();
}

static int16_t heard_first[200];
static void note_first(const struct myna_frame *f)
{
    heard_first[f->captured / MYNA_FRAME_US] = f->pcm[0];
}

TEST(the_person_says_what_was_given_piece_after_piece_then_is_silent)
{
    static int16_t a[480], b[320]; /* one frame and a half, one frame */

    for (int i = 0; i < 480; i++)
        a[i] = 11;
    for (int i = 0; i < 320; i++)
        b[i] = 22;
    world_start(true);
    world.on_frame = note_first;
    make(&(struct myna_loopback_options){0});
    CHECK_EQ(myna_loopback_play(world.t, a, 480), MYNA_OK);
    CHECK_EQ(myna_loopback_play(world.t, b, 320), MYNA_OK);
    run_ms(100);
    CHECK_EQ(heard_first[0], 11);
    CHECK_EQ(heard_first[1], 11); /* second half of this frame is b */
    CHECK_EQ(heard_first[2], 22);
    CHECK_EQ(heard_first[3], 0);
    world_end();
}

TEST(after_a_stall_all_frames_arrive_at_once_and_in_order)
{
    world_start(true);
    make(&(struct myna_loopback_options){0});
    run_ms(100);
    CHECK_EQ(world.frames, 5);
    myna_loopback_stall(world.t, 200 * MYNA_MS);
    run_ms(299);
    CHECK_EQ(world.frames, 5);
    run_ms(301);
    CHECK_EQ(world.frames, 15);
    CHECK_EQ(world.last_captured, 280 * MYNA_MS);
    run_ms(400);
    CHECK_EQ(world.frames, 20);
    world_end();
}

TEST(jitter_delays_frames_but_keeps_their_order_and_their_capture_time)
{
    world_start(true);
    make(&(struct myna_loopback_options){.jitter = 70 * MYNA_MS});
    run_ms(4000);
    CHECK(world.frames >= 195 && world.frames <= 200);
    CHECK(world.late_frames > 100);
    CHECK(world.last_frame - world.last_captured <= 90 * MYNA_MS);
    world_end();
}

TEST(lost_frames_are_counted_and_never_arrive)
{
    world_start(true);
    make(&(struct myna_loopback_options){.loss_permille = 250});
    run_ms(20000);
    CHECK_EQ(world.frames + myna_loopback_counts(world.t).lost, 1000);
    CHECK_NEAR(myna_loopback_counts(world.t).lost, 250, 60);
    world_end();
}

TEST(a_reporting_far_side_draws_ahead_plays_in_real_time_and_reports_late)
{
    world_start(true);
    world.speak_to = 50; /* one second of sound */
    make(&(struct myna_loopback_options){.heard = MYNA_HEARD_REPORTED,
                                         .ahead_ms = 400,
                                         .report_delay = 60 * MYNA_MS,
                                         .keep_ms = 5000});
    run_ms(10);
    CHECK_EQ(world.pulls, 20); /* 400 ms at once */
    run_ms(390);               /* frames 1…19 are played at 20…380 */
    CHECK_EQ(world.heard_segment, 1);
    CHECK(world.heard_samples <= 16 * 480); /* 60 ms old at least */
    CHECK(world.heard_samples >= 11 * 480); /* and a report's interval at most besides */
    world_end();
}

TEST(a_flush_is_answered_when_all_was_played)
{
    world_start(true);
    world.speak_to = 10;
    make(&(struct myna_loopback_options){
        .heard = MYNA_HEARD_HANDSHAKE, .ahead_ms = 400, .report_delay = 40 * MYNA_MS});
    run_ms(10);
    world.t->cls->flush(world.t, 1);
    run_ms(230);
    CHECK_EQ(world.finisheds, 0); /* the tenth frame is played at 200, the word takes 40 */
    run_ms(250);
    CHECK_EQ(world.finisheds, 1);
    CHECK_EQ(world.finished_segment, 1);
    CHECK_EQ(world.finished_at, 240 * MYNA_MS);
    CHECK_EQ(world.heards, 0); /* a handshake knows no positions */
    world_end();
}

TEST(a_clear_drops_what_was_drawn_and_is_not_answered)
{
    size_t n;

    world_start(true);
    world.speak_to = 20;
    make(&(struct myna_loopback_options){
        .heard = MYNA_HEARD_HANDSHAKE, .ahead_ms = 400, .keep_ms = 5000});
    run_ms(110);
    world.t->cls->clear(world.t, 1);
    run_ms(1000);
    CHECK_EQ(world.finisheds, 0);
    const int16_t *pcm = myna_loopback_heard(world.t, &n);
    CHECK_EQ(pcm[6 * 480 - 1], 1000); /* frames at 20…100 were played */
    CHECK_EQ(pcm[6 * 480], 0);
    CHECK_EQ(myna_loopback_counts(world.t).sound_frames, 5);
    world_end();
}

TEST(reports_name_the_segment_that_was_drawn)
{
    world_start(true);
    world.speak_to = 10;
    make(&(struct myna_loopback_options){.heard = MYNA_HEARD_REPORTED, .ahead_ms = 1000});
    run_ms(10);
    world.t->cls->flush(world.t, 1);
    run_ms(300);
    CHECK_EQ(world.finished_segment, 1);
    CHECK_EQ(world.heard_samples, 10 * 480);
    world.segment = 5; /* those between held no sound */
    world.speak_from = world.pulls;
    world.speak_to = world.pulls + 30;
    run_ms(900);
    CHECK_EQ(world.heard_segment, 5);
    world_end();
}

TEST(hanging_up_ends_with_closed_once)
{
    world_start(true);
    make(&(struct myna_loopback_options){0});
    run_ms(50);
    world.t->cls->hangup(world.t, "bye");
    CHECK_EQ(world.closes, 0); /* never from inside the call */
    myna_loopback_drop(world.t, "again");
    run_ms(1000);
    CHECK_EQ(world.closes, 1);
    CHECK_STR(world.reason, "bye");
    CHECK_EQ(world.pulls, 3); /* 0, 20, 40 */
    world_end();
}

TEST(options_out_of_range_are_refused)
{
    struct myna_transport *t = NULL;
    struct myna_why why = {0};

    world_start(true);
    CHECK_EQ(myna_loopback_create(&t, &world.host,
                                  &(struct myna_loopback_options){.loss_permille = 1001}, &why),
             MYNA_EINVAL);
    CHECK_EQ(myna_loopback_create(&t, &world.host,
                                  &(struct myna_loopback_options){.ahead_ms = 10001}, &why),
             MYNA_EINVAL);
    CHECK(!t);
    world_end();
}

TEST(a_line_that_is_cut_lets_nothing_through_and_takes_back_what_went_into_it_once_that_is_known)
{
    const int16_t *pcm;
    size_t n;

    world_start(true);
    world.speak_to = 1000;
    make(&(struct myna_loopback_options){.keep_ms = 2000, .rewinds = MYNA_S});
    CHECK_EQ(world.t->rewinds, MYNA_S);
    run_ms(190);
    myna_loopback_cut(world.t, 400 * MYNA_MS, 200 * MYNA_MS);
    run_ms(980);
    CHECK_EQ(world.rewinds, 1);
    CHECK_EQ(world.rewound_to, 190 * MYNA_MS);
    CHECK_EQ(world.rewound_at, 400 * MYNA_MS);
    CHECK_EQ(world.pulls, 50 - 10); /* not from 400 to 580 */
    pcm = myna_loopback_heard(world.t, &n);
    CHECK_EQ(n, 50 * MYNA_OUT_SAMPLES);
    for (size_t i = 0; i < n; i += MYNA_OUT_SAMPLES)
        CHECK_EQ(pcm[i] != 0, i < 10 * MYNA_OUT_SAMPLES || i >= 30 * MYNA_OUT_SAMPLES);
    world_end();
}

TEST_MAIN

/* playout_test.c - what was heard, to the sample, whenever somebody cuts in. The test moves the
 * clock and is the transport. */
#include "playout/playout.h"

#include "check.h"

enum { MAX_LOG = 64 };

static struct myna_playout_event told[MAX_LOG];
static int n_told;
static struct myna_playout *again; /* set: the handler begins the next segment at FINISHED */
static uint32_t begun;

static void note(void *arg, const struct myna_playout_event *ev)
{
    (void)arg;
    CHECK(n_told < MAX_LOG);
    told[n_told++] = *ev;
    if (again && ev->type == MYNA_PLAYOUT_FINISHED)
        begun = myna_playout_begin(again);
}

static struct myna_playout *make(enum myna_heard heard, myna_us latency)
{
    struct myna_playout_options opt = {.heard = heard, .latency = latency, .event = note};

    n_told = 0;
    again = NULL;
    begun = 0;
    return myna_playout_create(&opt);
}

static int count_of(enum myna_playout_event_type type)
{
    int n = 0;

    for (int i = 0; i < n_told; i++)
        n += told[i].type == type;
    return n;
}

static const struct myna_playout_event *last(void)
{
    CHECK(n_told > 0);
    return &told[n_told - 1];
}

/* Writes n samples 1, 2, 3, … as far as they are taken. */
static size_t feed(struct myna_playout *po, size_t n)
{
    int16_t pcm[MYNA_OUT_SAMPLES];
    size_t done = 0;

    while (done < n) {
        size_t part = n - done < MYNA_OUT_SAMPLES ? n - done : MYNA_OUT_SAMPLES;

        for (size_t i = 0; i < part; i++)
            pcm[i] = (int16_t)(1 + (done + i) % 30000);
        size_t took = myna_playout_write(po, pcm, part);

        done += took;
        if (took < part)
            break;
    }
    return done;
}

static bool pull(struct myna_playout *po, myna_us now)
{
    int16_t out[MYNA_OUT_SAMPLES];

    return myna_playout_pull(po, now, out);
}

/* The voice keeps the ring full; the transport draws every 20 ms from `from` until before `to`. */
static void talk(struct myna_playout *po, myna_us from, myna_us to)
{
    for (myna_us t = from; t < to; t += MYNA_FRAME_US) {
        feed(po, myna_playout_room(po));
        myna_playout_expire(po, t);
        pull(po, t);
    }
}

TEST(ten_seconds_begun_at_3_5_and_cut_at_5_5_were_heard_for_two)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    CHECK_EQ(myna_playout_begin(po), 1);
    talk(po, 3500 * MYNA_MS, 5500 * MYNA_MS);
    myna_playout_cut(po, 5500 * MYNA_MS);
    CHECK_EQ(count_of(MYNA_PLAYOUT_STARTED), 1);
    CHECK_EQ(told[0].at, 3500 * MYNA_MS);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(last()->position, 2 * MYNA_OUT_RATE_HZ);
    CHECK(last()->interrupted);
    CHECK(!myna_playout_active(po));
    CHECK(!pull(po, 5520 * MYNA_MS)); /* the rest was dropped */
    myna_playout_destroy(po);
}

TEST(a_cut_inside_a_frame_counts_to_the_sample)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    talk(po, 0, 100 * MYNA_MS); /* drawn until 100 ms */
    CHECK_EQ(myna_playout_position(po, 87 * MYNA_MS), 87 * 24);
    CHECK_EQ(myna_playout_position(po, 87 * MYNA_MS + 41), 87 * 24);
    CHECK_EQ(myna_playout_position(po, 87 * MYNA_MS + 42), 87 * 24 + 1); /* 41.7 µs a sample */
    CHECK_EQ(myna_playout_position(po, 1000 * MYNA_MS), 100 * 24);
    myna_playout_cut(po, 93 * MYNA_MS);
    CHECK_EQ(last()->position, 93 * 24);
    myna_playout_destroy(po);
}

TEST(latency_moves_started_finished_and_position)
{
    const myna_us lag = 130 * MYNA_MS;
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, lag);

    myna_playout_begin(po);
    CHECK_EQ(myna_playout_deadline(po), MYNA_NEVER);
    feed(po, 1000); /* two frames and 40 samples */
    CHECK(pull(po, 0));
    CHECK_EQ(n_told, 0);
    CHECK_EQ(myna_playout_deadline(po), lag);
    CHECK(pull(po, 20 * MYNA_MS));
    CHECK(!pull(po, 40 * MYNA_MS)); /* 40 samples are no frame while more may come */
    myna_playout_end(po, 50 * MYNA_MS);
    CHECK(myna_playout_waiting(po));
    CHECK(pull(po, 60 * MYNA_MS));
    CHECK(!myna_playout_waiting(po));
    CHECK_EQ(myna_playout_position(po, lag), 0);
    myna_playout_expire(po, lag - 1);
    CHECK_EQ(n_told, 0);
    myna_playout_expire(po, lag);
    CHECK_EQ(n_told, 1);
    CHECK_EQ(told[0].type, MYNA_PLAYOUT_STARTED);
    CHECK_EQ(told[0].at, lag);
    CHECK_EQ(myna_playout_position(po, lag + 10 * MYNA_MS), 240);
    /* the gap of 20 ms was not heard */
    CHECK_EQ(myna_playout_position(po, lag + 50 * MYNA_MS), 960);
    myna_us end = lag + 60 * MYNA_MS + 1667; /* 40 samples, rounded up */
    CHECK_EQ(myna_playout_deadline(po), end);
    myna_playout_expire(po, end - 1);
    CHECK_EQ(n_told, 1);
    myna_playout_expire(po, end);
    CHECK_EQ(n_told, 2);
    CHECK_EQ(told[1].type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(told[1].at, end);
    CHECK_EQ(told[1].position, 1000);
    CHECK(!told[1].interrupted);
    CHECK_EQ(myna_playout_deadline(po), MYNA_NEVER);
    CHECK_EQ(myna_playout_underruns(po), 1);
    myna_playout_destroy(po);
}

TEST(a_cut_before_the_first_sample_reaches_the_ear_was_not_heard)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 100 * MYNA_MS);

    myna_playout_begin(po);
    talk(po, 0, 60 * MYNA_MS);
    myna_playout_cut(po, 99 * MYNA_MS);
    CHECK_EQ(n_told, 1); /* no STARTED: nothing was heard */
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(last()->position, 0);

    myna_playout_begin(po); /* cut before the first pull */
    feed(po, 960);
    myna_playout_cut(po, 200 * MYNA_MS);
    CHECK_EQ(n_told, 2);
    CHECK_EQ(last()->segment, 2);
    CHECK_EQ(last()->position, 0);
    CHECK(last()->interrupted);
    myna_playout_destroy(po);
}

TEST(a_cut_after_the_last_pull_takes_what_is_under_way)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 100 * MYNA_MS);

    myna_playout_begin(po);
    feed(po, 960);
    pull(po, 0);
    pull(po, 20 * MYNA_MS);
    myna_playout_end(po, 20 * MYNA_MS);
    myna_playout_cut(po, 130 * MYNA_MS);
    CHECK_EQ(n_told, 2); /* STARTED was due though nobody called expire() */
    CHECK_EQ(told[0].type, MYNA_PLAYOUT_STARTED);
    CHECK_EQ(told[1].position, 30 * 24);
    CHECK(told[1].interrupted);
    myna_playout_destroy(po);
}

TEST(a_cut_that_comes_when_all_was_heard_is_no_interruption)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    feed(po, 480);
    pull(po, 0);
    myna_playout_end(po, 0);
    myna_playout_cut(po, 30 * MYNA_MS);
    CHECK_EQ(count_of(MYNA_PLAYOUT_FINISHED), 1);
    CHECK(!last()->interrupted);
    CHECK_EQ(last()->at, 20 * MYNA_MS);
    CHECK_EQ(last()->position, 480);
    myna_playout_destroy(po);
}

TEST(an_empty_segment_finishes_at_its_end_and_only_once)
{
    struct myna_playout *po = make(MYNA_HEARD_HANDSHAKE, 0);

    myna_playout_begin(po);
    myna_playout_end(po, 7);
    CHECK_EQ(n_told, 1);
    CHECK_EQ(told[0].type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(told[0].position, 0);
    CHECK_EQ(told[0].at, 7);
    CHECK(!told[0].interrupted);
    myna_playout_end(po, 8);
    myna_playout_cut(po, 9);
    myna_playout_finished(po, 10, 1);
    CHECK_EQ(n_told, 1);
    myna_playout_destroy(po);
}

TEST(end_after_everything_was_heard_finishes_now)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    feed(po, 480);
    pull(po, 0);
    myna_playout_end(po, 500 * MYNA_MS);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(last()->at, 500 * MYNA_MS);
    CHECK_EQ(last()->position, 480);
    myna_playout_destroy(po);
}

TEST(a_pause_holds_the_queue_and_loses_no_sample)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);
    int16_t out[MYNA_OUT_SAMPLES];

    myna_playout_begin(po);
    feed(po, 3 * 480);
    CHECK(pull(po, 0));
    myna_playout_pause(po, 10 * MYNA_MS);
    CHECK(myna_playout_paused(po));
    for (int i = 1; i <= 50; i++) {
        memset(out, 1, sizeof out);
        CHECK(!myna_playout_pull(po, i * MYNA_FRAME_US, out));
        for (int k = 0; k < MYNA_OUT_SAMPLES; k++)
            CHECK_EQ(out[k], 0);
    }
    CHECK(myna_playout_waiting(po));
    CHECK_EQ(myna_playout_position(po, 900 * MYNA_MS), 480); /* pulled before: still heard */
    CHECK_EQ(myna_playout_underruns(po), 0);                 /* a pause is no gap */
    myna_playout_resume(po, 1020 * MYNA_MS);
    CHECK(myna_playout_pull(po, 1020 * MYNA_MS, out));
    CHECK_EQ(out[0], 481);
    CHECK_EQ(out[479], 960);
    CHECK_EQ(count_of(MYNA_PLAYOUT_STARTED), 1);
    myna_playout_end(po, 1030 * MYNA_MS);
    CHECK(pull(po, 1040 * MYNA_MS));
    myna_playout_expire(po, 1060 * MYNA_MS);
    CHECK_EQ(last()->position, 1440);
    CHECK_EQ(last()->at, 1060 * MYNA_MS);
    CHECK_EQ(count_of(MYNA_PLAYOUT_STARTED), 1);
    CHECK_EQ(count_of(MYNA_PLAYOUT_FINISHED), 1);
    myna_playout_destroy(po);
}

TEST(a_cut_lifts_the_pause_a_natural_end_keeps_it)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    feed(po, 480);
    pull(po, 0);
    myna_playout_end(po, 0);
    myna_playout_pause(po, 10 * MYNA_MS);
    myna_playout_expire(po, 20 * MYNA_MS);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK(myna_playout_paused(po));
    myna_playout_begin(po);
    feed(po, 480);
    CHECK(!pull(po, 40 * MYNA_MS));
    myna_playout_cut(po, 50 * MYNA_MS);
    CHECK(!myna_playout_paused(po));
    CHECK_EQ(last()->position, 0);
    myna_playout_destroy(po);
}

TEST(room_is_told_once_after_a_refused_write)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    CHECK_EQ(myna_playout_room(po), 400 * 24);
    CHECK_EQ(feed(po, 400 * 24), 400 * 24);
    pull(po, 0);
    CHECK_EQ(count_of(MYNA_PLAYOUT_ROOM), 0); /* nothing was refused */
    CHECK_EQ(feed(po, 2000), 480);
    pull(po, 20 * MYNA_MS);
    CHECK_EQ(count_of(MYNA_PLAYOUT_ROOM), 1);
    pull(po, 40 * MYNA_MS);
    CHECK_EQ(count_of(MYNA_PLAYOUT_ROOM), 1);
    myna_playout_end(po, 40 * MYNA_MS);
    CHECK_EQ(feed(po, 480), 0); /* no sound behind the end */
    CHECK_EQ(myna_playout_room(po), 0);
    myna_playout_destroy(po);
}

TEST(samples_come_out_in_order_through_the_ring)
{
    struct myna_playout_options opt = {.capacity_ms = 50, .event = note};
    struct myna_playout *po = myna_playout_create(&opt);
    int16_t pcm[701], out[MYNA_OUT_SAMPLES];
    uint32_t in = 0, seen = 0;

    n_told = 0;
    again = NULL;
    myna_playout_begin(po);
    for (int turn = 0; turn < 40; turn++) {
        for (uint32_t i = 0; i < 701; i++)
            pcm[i] = (int16_t)((in + i) % 30011);
        in += (uint32_t)myna_playout_write(po, pcm, (size_t)(turn * 97 % 701));
        if (!myna_playout_pull(po, turn * MYNA_FRAME_US, out))
            continue;
        for (uint32_t k = 0; k < MYNA_OUT_SAMPLES; k++)
            CHECK_EQ(out[k], (seen + k) % 30011);
        seen += MYNA_OUT_SAMPLES;
    }
    CHECK(seen > 20 * MYNA_OUT_SAMPLES);
    n_told = 0;
    myna_playout_destroy(po);
}

TEST(a_gap_is_silent_counted_once_and_not_heard)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    myna_playout_begin(po);
    CHECK(!pull(po, 0)); /* before the first sound: waiting, no gap */
    CHECK_EQ(myna_playout_underruns(po), 0);
    feed(po, 480);
    pull(po, 20 * MYNA_MS);
    for (int i = 2; i < 10; i++)
        CHECK(!pull(po, i * MYNA_FRAME_US));
    CHECK_EQ(myna_playout_underruns(po), 1);
    feed(po, 480);
    pull(po, 200 * MYNA_MS);
    myna_playout_cut(po, 210 * MYNA_MS);
    CHECK_EQ(last()->position, 480 + 240);
    myna_playout_destroy(po);
}

TEST(reported_goes_by_what_the_transport_says)
{
    struct myna_playout *po = make(MYNA_HEARD_REPORTED, 0);

    myna_playout_begin(po);
    feed(po, 3 * 480);
    pull(po, 0);
    CHECK_EQ(told[0].type, MYNA_PLAYOUT_STARTED);
    pull(po, 1);
    pull(po, 2);
    CHECK_EQ(myna_playout_position(po, 60 * MYNA_MS), 0);
    myna_playout_heard(po, 50 * MYNA_MS, 1, 700);
    myna_playout_heard(po, 51 * MYNA_MS, 1, 500); /* never backwards */
    myna_playout_heard(po, 52 * MYNA_MS, 9, 900); /* of another segment */
    CHECK_EQ(myna_playout_position(po, 60 * MYNA_MS), 700);
    myna_playout_heard(po, 53 * MYNA_MS, 1, 99999); /* never ahead of what was pulled */
    CHECK_EQ(myna_playout_position(po, 60 * MYNA_MS), 1440);
    CHECK_EQ(n_told, 1);
    myna_playout_end(po, 70 * MYNA_MS);
    CHECK_EQ(n_told, 3);
    CHECK_EQ(told[1].type, MYNA_PLAYOUT_FLUSH);
    CHECK_EQ(told[2].type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(told[2].position, 1440);
    myna_playout_finished(po, 71 * MYNA_MS, 1); /* its answer to the flush finds nobody */
    CHECK_EQ(n_told, 3);
    myna_playout_destroy(po);
}

TEST(reported_segment_is_over_at_its_last_mark_or_at_finished)
{
    struct myna_playout *po = make(MYNA_HEARD_REPORTED, 0);

    for (uint32_t seg = 1; seg <= 2; seg++) {
        n_told = 0;
        CHECK_EQ(myna_playout_begin(po), seg);
        feed(po, 960);
        myna_playout_end(po, 0);
        pull(po, 1);
        CHECK_EQ(count_of(MYNA_PLAYOUT_FLUSH), 0);
        pull(po, 2);
        CHECK_EQ(count_of(MYNA_PLAYOUT_FLUSH), 1);
        myna_playout_heard(po, 30 * MYNA_MS, seg, 480);
        CHECK_EQ(count_of(MYNA_PLAYOUT_FINISHED), 0);
        if (seg == 1)
            myna_playout_heard(po, 50 * MYNA_MS, seg, 960);
        else
            myna_playout_finished(po, 50 * MYNA_MS, seg);
        CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
        CHECK_EQ(last()->position, 960);
        CHECK_EQ(last()->at, 50 * MYNA_MS);
        CHECK(!last()->interrupted);
    }
    myna_playout_destroy(po);
}

TEST(a_cut_of_reported_sound_clears_the_far_side)
{
    struct myna_playout *po = make(MYNA_HEARD_REPORTED, 0);

    myna_playout_begin(po);
    feed(po, 3 * 480);
    pull(po, 0);
    pull(po, 0);
    myna_playout_heard(po, 20 * MYNA_MS, 1, 333);
    myna_playout_cut(po, 25 * MYNA_MS);
    CHECK_EQ(told[n_told - 2].type, MYNA_PLAYOUT_CLEAR);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(last()->position, 333);
    myna_playout_heard(po, 26 * MYNA_MS, 1, 400); /* too late */
    CHECK_EQ(count_of(MYNA_PLAYOUT_FINISHED), 1);
    myna_playout_destroy(po);
}

TEST(handshake_finished_is_all_that_was_pushed)
{
    struct myna_playout *po = make(MYNA_HEARD_HANDSHAKE, 0);

    myna_playout_begin(po);
    myna_playout_finished(po, 0, 1); /* nobody flushed */
    CHECK(myna_playout_active(po));
    feed(po, 4 * 480);
    for (int i = 0; i < 4; i++)
        pull(po, 100 * MYNA_MS); /* a broker draws as fast as it can */
    CHECK_EQ(told[0].at, 100 * MYNA_MS);
    CHECK_EQ(myna_playout_position(po, 130 * MYNA_MS), 30 * 24); /* by time since the first pull */
    CHECK_EQ(myna_playout_position(po, 900 * MYNA_MS), 80 * 24);
    CHECK_EQ(myna_playout_deadline(po), MYNA_NEVER);
    myna_playout_end(po, 110 * MYNA_MS);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FLUSH);
    myna_playout_expire(po, 5000 * MYNA_MS);
    CHECK(myna_playout_active(po)); /* only its word counts */
    myna_playout_finished(po, 5001 * MYNA_MS, 7);
    CHECK(myna_playout_active(po));
    myna_playout_finished(po, 5002 * MYNA_MS, 1);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK_EQ(last()->position, 80 * 24);
    CHECK(!last()->interrupted);
    myna_playout_destroy(po);
}

TEST(handshake_cut_is_estimated_by_time_and_by_what_was_pushed)
{
    struct myna_playout *po = make(MYNA_HEARD_HANDSHAKE, 0);

    myna_playout_begin(po);
    feed(po, 4 * 480);
    pull(po, 100 * MYNA_MS);
    pull(po, 100 * MYNA_MS);
    /* The far side ran dry at 140 ms and had nothing until 500. */
    pull(po, 500 * MYNA_MS);
    CHECK_EQ(myna_playout_position(po, 507 * MYNA_MS), 47 * 24);
    myna_playout_cut(po, 510 * MYNA_MS);
    CHECK_EQ(told[n_told - 2].type, MYNA_PLAYOUT_CLEAR);
    CHECK_EQ(last()->position, 50 * 24);
    CHECK(last()->interrupted);

    n_told = 0;
    myna_playout_begin(po); /* nothing pulled: nothing to clear */
    feed(po, 480);
    myna_playout_cut(po, 600 * MYNA_MS);
    CHECK_EQ(n_told, 1);
    CHECK_EQ(last()->position, 0);
    myna_playout_destroy(po);
}

TEST(the_handler_may_begin_the_next_segment)
{
    struct myna_playout *po = make(MYNA_HEARD_AT_PULL, 0);

    again = po;
    CHECK_EQ(myna_playout_begin(po), 1);
    CHECK_EQ(myna_playout_begin(po), 0); /* one at a time */
    feed(po, 480);
    pull(po, 0);
    myna_playout_cut(po, 10 * MYNA_MS);
    CHECK_EQ(begun, 2);
    CHECK(myna_playout_active(po));
    CHECK_EQ(myna_playout_position(po, 10 * MYNA_MS), 0);
    CHECK(!pull(po, 20 * MYNA_MS)); /* nothing of the first is left */
    again = NULL;
    myna_playout_destroy(po);
}

/* A plain model keeps for each sample when it is heard; a thousand random calls agree with it. */
TEST(position_agrees_with_a_sample_by_sample_model)
{
    static myna_us over_at[200 * MYNA_OUT_SAMPLES];
    uint32_t seed = 20260101;

    for (int round = 0; round < 40; round++) {
        myna_us lag = round % 4 * 37 * MYNA_MS, now = 0, jitter = round % 3 ? 0 : 3000;
        struct myna_playout *po = make(MYNA_HEARD_AT_PULL, lag);
        size_t pulled = 0;

        myna_playout_begin(po);
        for (int i = 0; i < 200; i++) {
            int16_t out[MYNA_OUT_SAMPLES];

            seed = seed * 1664525 + 1013904223;
            uint32_t dice = seed >> 16;
            now = i * MYNA_FRAME_US + (jitter ? dice % jitter : 0);
            if (dice % 11 == 0)
                myna_playout_pause(po, now);
            if (dice % 5 == 0)
                myna_playout_resume(po, now);
            feed(po, dice % 900);
            if (n_told > MAX_LOG / 2)
                n_told = 0;
            if (myna_playout_pull(po, now, out)) {
                for (int k = 0; k < MYNA_OUT_SAMPLES; k++)
                    over_at[pulled++] = now + lag + ((k + 1) * 1000 + 23) / 24;
            }
            myna_us ask = now + dice % 20000;
            size_t from = pulled > 8000 ? pulled - 8000 : 0; /* 333 ms: older ones are over */
            uint64_t want = from;

            for (size_t k = from; k < pulled; k++)
                want += over_at[k] <= ask;
            CHECK_EQ(myna_playout_position(po, ask), want);
        }
        uint64_t before = myna_playout_position(po, now + 5);

        myna_playout_cut(po, now + 5);
        CHECK_EQ(last()->position, before);
        myna_playout_destroy(po);
    }
}

TEST(a_far_side_that_keeps_silent_is_waited_for_5_s)
{
    static const enum myna_heard kinds[] = {MYNA_HEARD_HANDSHAKE, MYNA_HEARD_REPORTED};

    for (int k = 0; k < 2; k++) {
        struct myna_playout *po = make(kinds[k], 0);

        myna_playout_begin(po);
        feed(po, 4 * 480);
        for (int i = 0; i < 4; i++)
            pull(po, 0);
        CHECK_EQ(myna_playout_deadline(po), MYNA_NEVER); /* more may come */
        myna_playout_end(po, 10 * MYNA_MS);
        CHECK_EQ(myna_playout_deadline(po), 5080 * MYNA_MS);
        if (kinds[k] == MYNA_HEARD_REPORTED) { /* a word of it counts anew */
            myna_playout_heard(po, 1000 * MYNA_MS, 1, 480);
            CHECK_EQ(myna_playout_deadline(po), 6000 * MYNA_MS);
        }
        myna_playout_expire(po, myna_playout_deadline(po) - 1);
        CHECK(myna_playout_active(po));
        myna_playout_expire(po, myna_playout_deadline(po));
        CHECK(!myna_playout_active(po));
        CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
        CHECK_EQ(last()->position, 4 * 480);
        CHECK(!last()->interrupted);
        CHECK_EQ(myna_playout_deadline(po), MYNA_NEVER);
        myna_playout_destroy(po);
    }
}

/* ------------------------------------------------------------------ lines that were dead */

static struct myna_playout *make_rewinding(myna_us latency, myna_us rewinds)
{
    struct myna_playout_options opt = {
        .heard = MYNA_HEARD_AT_PULL, .latency = latency, .rewinds = rewinds, .event = note};

    n_told = 0;
    return myna_playout_create(&opt);
}

/* Frames numbered from `first`, each sample of one its number. */
static void numbered(struct myna_playout *po, int first, int n)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    for (int k = first; k < first + n; k++) {
        for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
            pcm[i] = (int16_t)k;
        CHECK_EQ(myna_playout_write(po, pcm, MYNA_OUT_SAMPLES), MYNA_OUT_SAMPLES);
    }
}

/* Number of the frame that is drawn; 0: silence. */
static int drawn(struct myna_playout *po, myna_us now)
{
    int16_t out[MYNA_OUT_SAMPLES];

    return myna_playout_pull(po, now, out) ? out[0] : (out[0] ? -1 : 0);
}

#define FRAME MYNA_FRAME_US

TEST(what_was_drawn_into_a_dead_line_is_drawn_once_more_and_heard_then)
{
    struct myna_playout *po = make_rewinding(0, MYNA_S);

    myna_playout_begin(po);
    numbered(po, 1, 20);
    for (int k = 0; k < 10; k++)
        CHECK_EQ(drawn(po, k * FRAME), k + 1);
    myna_playout_rewind(po, 15 * FRAME, 4 * FRAME); /* frames 6 to 10 were drawn after that */
    CHECK_EQ(myna_playout_position(po, 15 * FRAME), 5 * MYNA_OUT_SAMPLES);
    CHECK_EQ(myna_playout_room(po), 400 * 24 - 15 * MYNA_OUT_SAMPLES);
    numbered(po, 21, 5); /* the voice goes on meanwhile */
    CHECK_EQ(myna_playout_room(po), 0);
    CHECK_EQ(myna_playout_position(po, 90 * FRAME), 5 * MYNA_OUT_SAMPLES); /* nothing is heard */
    for (int k = 0; k < 10; k++)
        CHECK_EQ(drawn(po, (100 + k) * FRAME), k + 6);
    CHECK_EQ(myna_playout_position(po, 110 * FRAME), 15 * MYNA_OUT_SAMPLES);
    myna_playout_cut(po, 110 * FRAME);
    CHECK_EQ(last()->position, 15 * MYNA_OUT_SAMPLES);
    CHECK_EQ(drawn(po, 130 * FRAME), 0);
    myna_playout_rewind(po, 131 * FRAME, 0);
    CHECK_EQ(drawn(po, 131 * FRAME), 0); /* what was cut comes never again */
    CHECK(!myna_playout_waiting(po));
    myna_playout_destroy(po);
}

TEST(an_answer_whose_end_was_lost_is_open_until_it_was_heard)
{
    struct myna_playout *po = make_rewinding(100 * MYNA_MS, MYNA_S);

    myna_playout_begin(po);
    numbered(po, 1, 4);
    myna_playout_end(po, 0);
    for (int k = 0; k < 4; k++)
        CHECK_EQ(drawn(po, k * FRAME), k + 1);
    myna_playout_rewind(po, 5 * FRAME, FRAME);
    myna_playout_expire(po, 50 * FRAME);
    CHECK_EQ(count_of(MYNA_PLAYOUT_FINISHED), 0);
    CHECK_EQ(drawn(po, 60 * FRAME), 3);
    CHECK_EQ(drawn(po, 61 * FRAME), 4);
    CHECK_EQ(myna_playout_deadline(po), 67 * FRAME);
    myna_playout_expire(po, 67 * FRAME);
    CHECK_EQ(last()->type, MYNA_PLAYOUT_FINISHED);
    CHECK(!last()->interrupted);
    CHECK_EQ(last()->position, 4 * MYNA_OUT_SAMPLES);
    CHECK_EQ(count_of(MYNA_PLAYOUT_STARTED), 1);
    myna_playout_destroy(po);
}

TEST(the_end_of_a_segment_that_is_over_comes_before_what_follows_and_counts_for_none)
{
    struct myna_playout *po = make_rewinding(0, MYNA_S);

    for (int round = 0; round < 2; round++) { /* the second time across the end of the ring */
        myna_us t = round * MYNA_S;

        n_told = 0;
        myna_playout_begin(po);
        numbered(po, 1, 3);
        myna_playout_end(po, t);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(drawn(po, t + k * FRAME), k + 1);
        myna_playout_expire(po, t + 3 * FRAME);
        CHECK(!myna_playout_active(po));
        myna_playout_begin(po);
        numbered(po, 11, 18);
        CHECK_EQ(drawn(po, t + 4 * FRAME), 11);
        CHECK_EQ(drawn(po, t + 5 * FRAME), 12);
        myna_playout_rewind(po, t + 8 * FRAME, t);
        for (int broken = 0; broken < 2; broken++) { /* and the line breaks once more */
            CHECK_EQ(drawn(po, t + 10 * FRAME), 2);
            CHECK_EQ(myna_playout_position(po, t + 11 * FRAME), 0);
            CHECK_EQ(drawn(po, t + 11 * FRAME), 3);
            CHECK_EQ(drawn(po, t + 12 * FRAME), 11);
            if (!broken)
                myna_playout_rewind(po, t + 15 * FRAME, t + 9 * FRAME);
        }
        for (int k = 12; k < 29; k++)
            CHECK_EQ(drawn(po, t + (k + 10) * FRAME), k);
        myna_playout_end(po, t + 40 * FRAME);
        myna_playout_expire(po, t + 40 * FRAME);
        CHECK_EQ(last()->position, 18 * MYNA_OUT_SAMPLES);
        CHECK(!myna_playout_active(po));
        myna_playout_forget(po);
    }
    myna_playout_destroy(po);
}

TEST(a_cut_also_forgets_what_was_over_before_and_so_does_forget)
{
    for (int cut = 0; cut < 2; cut++) {
        struct myna_playout *po = make_rewinding(0, MYNA_S);

        myna_playout_begin(po);
        numbered(po, 1, 3);
        myna_playout_end(po, 0);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(drawn(po, k * FRAME), k + 1);
        myna_playout_expire(po, 3 * FRAME);
        if (cut) {
            myna_playout_begin(po);
            numbered(po, 11, 3);
            CHECK_EQ(drawn(po, 4 * FRAME), 11);
            myna_playout_forget(po); /* one is open: nothing is forgotten */
            myna_playout_rewind(po, 4 * FRAME, FRAME);
            CHECK_EQ(drawn(po, 5 * FRAME), 3);
            myna_playout_cut(po, 5 * FRAME);
        } else {
            myna_playout_forget(po);
        }
        myna_playout_rewind(po, 6 * FRAME, 0);
        CHECK(!myna_playout_waiting(po));
        CHECK_EQ(drawn(po, 7 * FRAME), 0);
        myna_playout_destroy(po);
    }
}

TEST(no_more_is_put_back_than_was_asked_to_be_kept)
{
    struct myna_playout *po = make_rewinding(0, 5 * FRAME);

    myna_playout_begin(po);
    numbered(po, 1, 20);
    for (int k = 0; k < 12; k++)
        CHECK_EQ(drawn(po, k * FRAME), k + 1);
    numbered(po, 21, 12); /* as much as may wait */
    for (int i = 0; i < 3; i++)
        myna_playout_rewind(po, 12 * FRAME, -1);
    for (int k = 8; k < 33; k++)
        CHECK_EQ(drawn(po, (k + 20) * FRAME), k);
    myna_playout_destroy(po);
}

TEST_MAIN

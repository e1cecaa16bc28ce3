/* terminal_test.c - the sound card door against a card made of code: what is recorded arrives in
 * time, what is played is what was drawn, and a card that dies is told. The card's functions are
 * defined here, in place of PortAudio's. */
#include "check.h"
#include "fake_session.h"

#include "transport/builtin.h"
#include "transport/card.h"

struct myna_card {
    struct myna_card_options opt;
    uint32_t rate_hz;
    bool started, dead;
};

static struct myna_card card;
static enum myna_err open_err;
static int opens, closes;
static struct myna_config *cfg;
static struct myna_why why;

enum myna_err myna_card_open(const struct myna_card_options *opt, struct myna_card **out,
                             struct myna_why *w)
{
    if (open_err)
        return myna_fail(w, open_err, "There is no sound card on this machine.");
    opens++;
    card.opt = *opt;
    card.dead = false;
    *out = &card;
    return MYNA_OK;
}
enum myna_err myna_card_start(struct myna_card *c, struct myna_why *w)
{
    (void)w;
    c->started = true;
    return MYNA_OK;
}
void myna_card_close(struct myna_card *c)
{
    closes += c != NULL;
}
uint32_t myna_card_rate_hz(const struct myna_card *c)
{
    return c->rate_hz;
}
myna_us myna_card_input_latency(const struct myna_card *c)
{
    (void)c;
    return 5 * MYNA_MS;
}
myna_us myna_card_output_latency(const struct myna_card *c)
{
    (void)c;
    return 12 * MYNA_MS;
}
bool myna_card_running(const struct myna_card *c)
{
    return !c->dead;
}

static int16_t played[48000 * 4];
static size_t played_n;

/* The card's thread, called by the test: 10 ms at a time. */
static void card_runs(int ms, int16_t value)
{
    int16_t in[480], out[480];
    size_t n = card.rate_hz / 100;
    myna_us t = myna_loop_now(world.host.loop);

    for (int i = 0; i < ms / 10; i++) {
        for (size_t k = 0; k < n; k++)
            in[k] = value;
        card.opt.process(card.opt.arg, in, out, n);
        memcpy(played + played_n, out, n * sizeof *out);
        played_n += n;
        t += 10 * MYNA_MS;
        myna_loop_run_until(world.host.loop, t);
    }
}

static void begin(uint32_t rate_hz)
{
    world_start(true);
    memset(&card, 0, sizeof card);
    memset(&why, 0, sizeof why);
    card.rate_hz = rate_hz;
    open_err = MYNA_OK;
    opens = closes = 0;
    played_n = 0;
    cfg = myna_config_create();
    CHECK(cfg);
}

static void start(void)
{
    CHECK_EQ(myna_config_set(cfg, "transport.terminal.echo_canceller", "false", "test", &why),
             MYNA_OK);
    CHECK_EQ(myna_transport_terminal.create(&world.t, &world.host, cfg, &why), MYNA_OK);
    CHECK_EQ(world.t->cls->start(world.t, &why), MYNA_OK);
    CHECK(card.started);
}

static void end(void)
{
    world_end();
    world.t = NULL;
    myna_config_destroy(cfg);
}

static void one_second_at(uint32_t rate_hz)
{
    begin(rate_hz);
    world.speak_to = 1000;
    start();
    card_runs(1000, 4000);
    CHECK_NEAR(world.frames, 49, 2);
    CHECK_NEAR(world.first_pcm, 4000, 60);
    CHECK_NEAR(world.pulls, 51, 2); /* the card's pace, 40 ms ahead */
    CHECK_NEAR(played[played_n - 10], 1000, 20);
    CHECK_EQ(world.t->latency, 52 * MYNA_MS); /* 40 ahead + 12 of the card */
    CHECK_EQ(world.closes, 0);
    end();
}

TEST(sound_passes_both_ways_at_48_khz)
{
    one_second_at(48000);
}

TEST(sound_passes_both_ways_at_44_1_khz)
{
    one_second_at(44100);
}

TEST(sound_passes_both_ways_at_16_khz)
{
    one_second_at(16000);
}

static myna_us before;
static int steps;
static void in_step(const struct myna_frame *f)
{
    if (before >= 0)
        steps += f->captured - before == MYNA_FRAME_US;
    before = f->captured;
}

TEST(captured_times_step_by_a_frame_and_lie_before_now)
{
    begin(48000);
    before = -1;
    steps = 0;
    world.on_frame = in_step;
    start();
    card_runs(2000, 1);
    CHECK_EQ(steps, world.frames - 1);
    CHECK_NEAR((world.last_frame - world.last_captured) / MYNA_MS, 25, 15);
    end();
}

TEST(a_card_that_stops_ends_the_call_with_a_sentence)
{
    begin(48000);
    start();
    card_runs(200, 1);
    card.dead = true;
    open_err = MYNA_EUNAVAIL; /* unplugged */
    myna_loop_run(world.host.loop);
    CHECK_EQ(world.closes, 1);
    CHECK_EQ(world.fault_err, MYNA_EIO);
    CHECK_HAS(world.fault, "sound card");
    CHECK_EQ(closes, 1);
    end();
    CHECK_EQ(closes, 1);
}

TEST(a_card_that_stops_for_a_moment_is_opened_again_and_the_call_goes_on)
{
    int frames;

    begin(48000);
    start();
    card_runs(200, 1);
    card.dead = true;
    myna_loop_run_until(world.host.loop, myna_loop_now(world.host.loop) + 20 * MYNA_MS);
    CHECK_EQ(opens, 2);
    CHECK_EQ(closes, 1);
    frames = world.frames;
    card_runs(200, 1);
    CHECK_NEAR(world.frames - frames, 10, 2);
    CHECK_EQ(world.closes, 0);
    card.dead = true; /* so soon after: no more */
    myna_loop_run(world.host.loop);
    CHECK_EQ(opens, 2);
    CHECK_EQ(world.fault_err, MYNA_EIO);
    end();
}

TEST(a_card_that_worked_for_long_may_stop_again)
{
    begin(48000);
    start();
    for (int i = 0; i < 3; i++) {
        played_n = 0;
        card_runs(4000, 1);
        played_n = 0;
        card_runs(4000, 1);
        played_n = 0;
        card_runs(4000, 1);
        card.dead = true;
    }
    myna_loop_run_until(world.host.loop, myna_loop_now(world.host.loop) + 20 * MYNA_MS);
    CHECK_EQ(opens, 4);
    CHECK_EQ(world.closes, 0);
    end();
}

TEST(a_card_whose_thread_falls_silent_is_as_good_as_gone)
{
    begin(48000);
    start();
    card_runs(200, 1);
    myna_loop_run(world.host.loop); /* no call of process any more, also when opened again */
    CHECK_EQ(world.closes, 1);
    CHECK_EQ(world.fault_err, MYNA_EIO);
    CHECK_EQ(opens, 2);
    CHECK_NEAR(world.closed_at / MYNA_MS, 8200, 60);
    end();
}

TEST(hanging_up_tells_once_and_closes_the_card)
{
    begin(48000);
    start();
    card_runs(100, 1);
    world.t->cls->hangup(world.t, "bye");
    CHECK_EQ(world.closes, 0);
    myna_loop_run(world.host.loop);
    CHECK_EQ(world.closes, 1);
    CHECK_STR(world.reason, "bye");
    CHECK_EQ(closes, 1);
    end();
}

TEST(without_a_card_create_says_so)
{
    begin(48000);
    open_err = MYNA_EUNAVAIL;
    CHECK_EQ(myna_transport_terminal.create(&world.t, &world.host, cfg, &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "no sound card");
    end();
}

TEST_MAIN

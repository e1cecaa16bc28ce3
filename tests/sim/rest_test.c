/* rest_test.c - a door that rests while nobody speaks tells silence late and draws nothing; the
 * conversation is the same to the millisecond. (sim_end() replays each.) */
#include "sim.h"

#include "transport/loopback.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well!"
#define THERE  "Are you still there?"
#define BYE    "Goodbye."

static const char *const patient[] = {"session.reprompt=" THERE,      "session.reprompt_after=5s",
                                      "session.reprompt_max=1",       "session.hangup_silence=20s",
                                      "session.user_away_timeout=4s", NULL};

static struct myna_loopback_counts counts_of(struct sim *s)
{
    return myna_loopback_counts(sim_transport(s));
}

/* Silence, a question and its answer, silence that asks, silence. */
static struct myna_loopback_counts talk(bool rests)
{
    struct myna_loopback_options door = {.rests = rests, .keep_ms = 40000};
    struct sim_setup setup = {.config = patient, .door = &door};
    struct sim *s = sim_create(&setup);
    struct myna_loopback_counts counts;

    sim_user(s, 3310, 5300, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_voice(s, THERE, 1000);
    sim_run(s, 16000);
    CHECK_AGENT(s, "listening@0 | thinking@5800 | speaking@6300~ | listening@8300~ | "
                   "speaking@13500~ | listening@14500~");
    CHECK_TRANSCRIBED(s, HELLO);
    CHECK_PLAYOUTS(s, "heard=2000@8300~ | heard=1000@14500~");
    CHECK(sim_stt_heard(s, 3310, 5300));
    CHECK(!sim_stt_heard(s, 0, 3200));
    counts = counts_of(s);
    sim_end(s);
    return counts;
}

TEST(the_same_is_said_at_the_same_time_with_rests_and_without)
{
    struct myna_loopback_counts always = talk(false), rests = talk(true);

    CHECK_EQ(always.late, 0);
    CHECK(rests.late > 200); /* of 800 frames */
    CHECK_EQ(rests.sound_frames, always.sound_frames);
}

/* All the silence there was comes, though late: the energy VAD counts windows. */
static void with_real_vad(bool rests)
{
    static const char *const energy[] = {"vad.provider=energy", NULL};
    struct myna_loopback_options door = {.rests = rests, .keep_ms = 20000};
    struct sim_setup setup = {.config = energy, .door = &door};
    struct sim *s = sim_create(&setup);

    sim_user(s, 5000, 7000, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 12000);
    CHECK_USER(s, "speaking@5060 | listening@7280");
    CHECK_TRANSCRIBED(s, HELLO);
    CHECK(!rests || counts_of(s).late > 100);
    sim_end(s);
}

TEST(a_detector_that_counts_windows_hears_speech_begin_and_end_when_it_did)
{
    with_real_vad(false);
    with_real_vad(true);
}

TEST(the_greeting_that_comes_out_of_silence_is_drawn_within_a_frame)
{
    struct myna_loopback_options door = {.rests = true, .keep_ms = 20000};
    struct sim_setup setup = {.door = &door};
    struct sim *s = sim_create(&setup);

    sim_voice(s, BYE, 1000);
    sim_run(s, 7010);
    CHECK(counts_of(s).late > 200);
    CHECK_EQ(myna_session_say(sim_session(s), BYE, -1, true, NULL), MYNA_OK);
    sim_run(s, 10000);
    CHECK_PLAYOUTS(s, "heard=1000@8210~"); /* asked at 7.01, the voice needs 200 ms */
    CHECK(sim_sound_ms(s, 7000, 7240) > 0);
    CHECK_EQ(sim_sound_ms(s, 7000, 8400), 1000);
    sim_end(s);
}

TEST(who_decides_on_turns_without_a_detector_gets_each_frame_at_its_time)
{
    static const char *const manual[] = {"turn.detection=manual", NULL}, *const by_stt[] = {
                                                                             "turn.detection=stt",
                                                                             NULL};
    const char *const *all[] = {manual, by_stt};

    for (int i = 0; i < 2; i++) {
        struct myna_loopback_options door = {.rests = true};
        struct sim_setup setup = {.config = all[i], .door = &door};
        struct sim *s = sim_create(&setup);

        sim_run(s, 5000);
        CHECK_EQ(counts_of(s).late, 0);
        sim_end(s);
    }
}

TEST_MAIN

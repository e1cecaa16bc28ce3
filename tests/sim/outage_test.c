/* outage_test.c - a line that dies in the middle of an answer, and what is said once it is back:
 * what went into it before that was known, unless it was cut meanwhile. */
#include "sim.h"

#include <stdlib.h>

#include "transport/loopback.h"

#define HELLO "Hello, how are you?"
#define LONG                                                                                       \
    "Let me tell you a very long story about a bird that could talk, and that told everybody in "  \
    "the village what everybody else had said about them when they thought that nobody was there."

static const struct myna_loopback_options door = {.rewinds = 4 * MYNA_S};

/* The answer is heard from 3.5 s on. */
static struct sim *story(const struct sim_setup *setup, int audio_ms)
{
    struct sim_setup with = *setup;
    struct sim *s;

    with.door = &door;
    s = sim_create(&with);
    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, LONG);
    sim_voice(s, LONG, audio_ms);
    return s;
}

/* What is given out of the agent's words, and how much of it there was at these moments. */
static char given[1000];

static void note(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_AGENT_TRANSCRIPT && !ev->u.agent_transcript.is_final)
        strncat(given, ev->u.agent_transcript.text, sizeof given - strlen(given) - 1);
}

static size_t given_at(struct sim *s, int ms)
{
    sim_run(s, ms);
    return strlen(given);
}

/* What counts as heard of the answer when it is interrupted after so much of its sound. */
static char *heard_of(int sound_ms)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);
    char *text;

    sim_run(s, 3500 + sound_ms);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 15000);
    text = strdup(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text);
    sim_end(s);
    CHECK(strlen(text) > 20);
    return text;
}

/* From that moment on nothing arrives; 3 s later it is known. */
static void breaks(struct sim *s, int from_ms, int to_ms)
{
    sim_run(s, from_ms);
    myna_loopback_cut(sim_transport(s), (to_ms - from_ms) * MYNA_MS, 3 * MYNA_S);
}

TEST(an_answer_goes_on_where_it_was_heard)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);

    breaks(s, 5500, 12500);
    sim_run(s, 25000);
    CHECK_NEAR(sim_sound_ms(s, 0, 12490), 2000, 40);
    CHECK_NEAR(sim_sound_ms(s, 12490, 25000), 8000, 40);
    CHECK_PLAYOUTS(s, "heard=10000@20500~");
    sim_end(s);
}

TEST(a_polite_end_in_an_outage_waits_five_seconds_for_the_line)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);

    breaks(s, 5500, 60000);
    sim_run(s, 10000);
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 14900);
    CHECK_CLOSE(s, "");
    sim_run(s, 17000);
    CHECK_CLOSE(s, "user_initiated");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(and_in_one_that_is_over_by_then_all_is_said)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);

    breaks(s, 5500, 12500);
    sim_run(s, 10000);
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 20000);
    CHECK_CLOSE(s, "");
    sim_run(s, 25000);
    CHECK_PLAYOUTS(s, "heard=10000@20500~");
    CHECK_CLOSE(s, "user_initiated");
    sim_end(s);
}

TEST(what_was_interrupted_before_the_line_was_known_to_be_dead_is_never_said)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);

    breaks(s, 5500, 12500);
    sim_run(s, 7000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 20000);
    CHECK_EQ(sim_sound_ms(s, 5600, 20000), 0);
    sim_end(s);
}

TEST(what_was_interrupted_after_that_is_never_said)
{
    struct sim *s = story(&(struct sim_setup){0}, 10000);

    breaks(s, 5500, 12500);
    sim_run(s, 10000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 20000);
    CHECK_PLAYOUTS(s, "cut=2000~@10000~");
    CHECK_EQ(sim_sound_ms(s, 5600, 20000), 0);
    sim_end(s);
}

TEST(nor_is_what_a_person_interrupts_once_it_is_back)
{
    struct sim *s = story(&(struct sim_setup){.pausable = true}, 10000);

    sim_user(s, 13000, 14500, "Stop!", 200);
    breaks(s, 5500, 12500);
    sim_run(s, 25000);
    CHECK_NEAR(sim_sound_ms(s, 12490, 25000), 1000, 40); /* until half a second of it was heard */
    CHECK_PLAYOUTS(s, "cut=3000~");
    sim_end(s);
}

TEST(an_interruption_between_two_segments_takes_the_first_one_along)
{
    struct sim *s = sim_create(&(struct sim_setup){.door = &door});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "One.<flush>Two.");
    sim_voice(s, "One.", 1000);
    sim_voice(s, "Two.", 1000)->ttfb_ms = 4000;
    breaks(s, 4000, 12000);
    sim_run(s, 5500); /* the first one was heard to its end, for all we know */
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 20000);
    CHECK_EQ(sim_sound_ms(s, 4100, 20000), 0);
    sim_end(s);
}

TEST(the_end_of_an_answer_that_was_over_is_said_once_more)
{
    struct sim *s = story(&(struct sim_setup){0}, 3000);

    breaks(s, 5500, 12500);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=3000@6500~");
    sim_run(s, 20000);
    CHECK_NEAR(sim_sound_ms(s, 12490, 20000), 1000, 40);
    sim_end(s);
}

TEST(and_waits_while_a_person_speaks)
{
    struct sim *s = story(&(struct sim_setup){0}, 3000);

    sim_user(s, 12000, 14000, "", 0); /* nothing that the recogniser understands */
    breaks(s, 5500, 12500);
    sim_run(s, 20000);
    CHECK_EQ(sim_sound_ms(s, 12490, 14000), 0);
    CHECK_NEAR(sim_sound_ms(s, 14000, 20000), 1000, 40);
    sim_end(s);
}

TEST(but_not_when_they_said_something_meanwhile)
{
    struct sim *s = story(&(struct sim_setup){0}, 3000);

    sim_user(s, 12000, 14000, "And then?", 200);
    sim_answer(s, "And then?", "Nothing.");
    sim_voice(s, "Nothing.", 500);
    breaks(s, 5500, 12500);
    sim_run(s, 20000);
    CHECK_PLAYOUTS(s, "heard=3000@6500~ | heard=500");
    CHECK_NEAR(sim_sound_ms(s, 12490, 20000), 500, 40);
    sim_end(s);
}

TEST(words_wait_until_the_sound_has_caught_up_with_them)
{
    struct sim *s;
    size_t n;

    given[0] = '\0';
    s = story(&(struct sim_setup){.told = note}, 10000);
    breaks(s, 5500, 12500);
    n = given_at(s, 8500); /* now it is known */
    CHECK(n > 0 && n < strlen(LONG));
    CHECK_EQ(given_at(s, 12500), n); /* nothing is heard */
    CHECK_EQ(given_at(s, 15400), n); /* nothing that was not given out already */
    CHECK(given_at(s, 16500) > n);
    sim_run(s, 25000);
    CHECK_STR(given, LONG);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, LONG);
    sim_end(s);
}

TEST(only_what_was_heard_counts_when_a_long_outage_ends_in_an_interruption)
{
    char *want[2] = {heard_of(2000), heard_of(3140)};

    CHECK(strcmp(want[0], want[1]) != 0);
    for (int back = 0; back < 2; back++) { /* while it is dead; a moment after it is back */
        struct sim *s = story(&(struct sim_setup){0}, 10000);

        breaks(s, 5500, 12500);
        sim_run(s, back ? 13640 : 12000);
        CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
        sim_run(s, 20000);
        CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
        CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, want[back]);
        sim_end(s);
        free(want[back]);
    }
}

TEST(words_stand_still_while_nothing_is_drawn_though_no_line_is_known_to_be_dead)
{
    struct sim *s;
    size_t n;

    given[0] = '\0';
    s = story(&(struct sim_setup){.told = note}, 10000);
    sim_run(s, 5500);
    myna_loopback_cut(sim_transport(s), 4 * MYNA_S,
                      0); /* as in a new session, before it is listened to */
    n = given_at(s, 5600);
    CHECK_EQ(given_at(s, 9500), n);
    CHECK(given_at(s, 10500) > n);
    sim_end(s);
}

TEST_MAIN

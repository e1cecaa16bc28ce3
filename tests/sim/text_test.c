/* text_test.c - the voice is told how it is said, everybody else what was written. */
#include "sim.h"

#include "transport/loopback.h"

#define HELLO "Hello, how are you?"
#define WRITTEN                                                                                    \
    "It **costs** $3.50, and you will find [the menu](https://x.org/menu) on your table. Then "    \
    "there is more to be said about it, `really`, if you have the time for it \xf0\x9f\x98\x80"
#define SPOKEN                                                                                     \
    "It costs three dollars and fifty cents, and you will find the menu on your table. Then "      \
    "there "                                                                                       \
    "is more to be said about it, really, if you have the time for it"

static char shown[1000];

static void collect(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_AGENT_TRANSCRIPT && !ev->u.agent_transcript.is_final)
        strcat(shown, ev->u.agent_transcript.text);
}

static struct sim *call(void)
{
    struct sim *s = sim_create(&(struct sim_setup){.told = collect});

    shown[0] = '\0';
    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, WRITTEN);
    sim_voice(s, SPOKEN, 15000);
    return s;
}

TEST(the_history_keeps_what_the_agent_wrote)
{
    struct sim *s = call();

    sim_run(s, 25000);
    CHECK_PLAYOUTS(s, "heard=15000@18500~");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, WRITTEN);
    CHECK(!strncmp(shown, WRITTEN, strlen(shown)));
    CHECK(strlen(shown) >= strlen(WRITTEN) - 5); /* the last sign is not spoken */
    sim_end(s);
}

TEST(what_was_heard_of_it_is_a_beginning_of_what_was_written)
{
    struct sim *s = call();
    const char *heard;

    sim_user(s, 5900, 6900, "Stop!", 200);
    sim_run(s, 12000);
    /* 2.9 s at 3.83 a second are 11.1 syllables. "will" is the eleventh and begins at its half
     * (10.5), as "fifty" is one: hyphenation leaves three letters behind (agent-session 6.5). */
    CHECK_PLAYOUTS(s, "cut=2900~@6400~");
    heard = sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text;
    CHECK_STR(heard, "It **costs** $3.50, and you will");
    CHECK_STR(shown, heard);
    sim_end(s);
}

TEST(the_first_sentence_does_not_wait_for_the_last)
{
    struct sim *s = sim_create(NULL);
    struct sim_answer *a;

    sim_user(s, 500, 2500, HELLO, 200);
    a = sim_answer(s, HELLO, "Your **first** sentence costs $3.50. And *then* there is");
    a->duration_ms = 9000; /* no more text for so long, and the end of this one is open */
    sim_voice(s, "Your first sentence costs three dollars and fifty cents.", 1000)->early = true;
    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3300~");
    CHECK_EQ(sim_sound_ms(s, 3300, 4300) >= 980, 1);
    sim_run(s, 15000);
    sim_end(s);
}

TEST(without_transforms_the_voice_is_told_what_was_written)
{
    static const char *const config[] = {"text.transforms=none", "text.replace=table=desk", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "**Your** table for $5.");
    sim_voice(s, "**Your** desk for $5.", 1000);
    sim_run(s, 6000);
    CHECK_PLAYOUTS(s, "heard=1000@4500~");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "**Your** table for $5.");
    sim_end(s);
}

TEST(nothing_but_code_is_no_silence_but_an_answer_without_sound)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "```\nint x;\n```\n");
    sim_run(s, 6000);
    CHECK_PLAYOUTS(s, "");
    CHECK_EQ(sim_tts_requests(s), 0);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "```\nint x;\n```\n");
    sim_end(s);
}

TEST(an_answer_that_is_not_spoken_is_told_as_text_and_nobody_is_speaking)
{
    struct sim *s = sim_create(&(struct sim_setup){.told = collect});

    shown[0] = '\0';
    sim_user(s, 500, 2500, HELLO, 200);
    sim_user(s, 6000, 8000, "And now?", 200);
    sim_answer(s, HELLO, "All is well. I like it.");
    sim_answer(s, "And now?", "Now I speak.");
    sim_voice(s, "Now I speak.", 1000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_voice(sim_session(s), false), MYNA_OK);
    sim_run(s, 5000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | listening@3300~");
    CHECK_PLAYOUTS(s, "");
    CHECK_EQ(sim_tts_requests(s), 0);
    CHECK_STR(shown, "All is well. I like it.");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "All is well. I like it.");
    CHECK_EQ(myna_session_voice(sim_session(s), true), MYNA_OK);
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "heard=1000@10000~");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "Now I speak.");
    sim_end(s);
}

TEST(an_answer_that_is_not_spoken_and_fails_is_not_excused_aloud)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "")->failure = SIM_FAULT;
    sim_run(s, 100);
    CHECK_EQ(myna_session_voice(sim_session(s), false), MYNA_OK);
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO);
    sim_end(s);
}

/* ---- captions */

static char captions[1000];
static myna_us began, whole; /* when all of it could be read */
static struct sim *reader;

static void on_caption(void *arg, uint32_t who, const char *id, const char *text, bool from_user,
                       bool is_final)
{
    (void)arg;
    (void)who;
    (void)id;
    if (from_user || is_final || strlen(captions) + strlen(text) >= sizeof captions)
        return;
    strcat(captions, text);
    if (!whole && strlen(captions) >= strlen(WRITTEN) - 5)
        whole = myna_runtime_now(sim_runtime(reader)) - began;
}

static void read_captions(uint32_t more_caps)
{
    struct myna_loopback_options door = {.more_caps = MYNA_TRANSPORT_TEXT | more_caps,
                                         .on_text = on_caption};

    captions[0] = shown[0] = '\0';
    whole = 0;
    reader = sim_create(&(struct sim_setup){.told = collect, .door = &door});
    began = myna_runtime_now(sim_runtime(reader));
    sim_user(reader, 500, 2500, HELLO, 200);
    sim_answer(reader, HELLO, WRITTEN);
    sim_voice(reader, SPOKEN, 15000);
}

TEST(captions_come_with_the_sound_or_where_the_door_wants_it_as_they_are_written)
{
    read_captions(0);
    sim_run(reader, 25000);
    CHECK(whole > 10000 * MYNA_MS); /* it is heard from 3.5 s to 18.5 s */
    sim_end(reader);
    read_captions(MYNA_TRANSPORT_AHEAD);
    sim_run(reader, 25000);
    CHECK_STR(captions, WRITTEN);
    CHECK(whole > 0 && whole < 5000 * MYNA_MS);
    CHECK_PLAYOUTS(reader, "heard=15000@18500~");
    sim_end(reader);
}

TEST(captions_ahead_of_a_cut_answer_change_nothing_of_what_counts_as_said)
{
    read_captions(MYNA_TRANSPORT_AHEAD);
    sim_user(reader, 5900, 6900, "Stop!", 200);
    sim_run(reader, 12000);
    CHECK_STR(captions, WRITTEN);
    CHECK_STR(sim_message(reader, MYNA_ROLE_ASSISTANT, 0)->text,
              "It **costs** $3.50, and you will");
    CHECK_STR(shown, "It **costs** $3.50, and you will");
    sim_end(reader);
}

TEST_MAIN

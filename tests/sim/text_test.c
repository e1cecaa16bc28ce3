/* text_test.c - the voice is told how it is said, everybody else what was written. */
#include "sim.h"

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

TEST_MAIN

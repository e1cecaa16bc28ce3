/* people_test.c - several people in one call: each is heard, by turns, and words carry names
 * (issue: one session per room that hears all of them).
 *
 * Ann is the one of the door (who 0); Bob and Cleo come later.
 */
#include "sim.h"

#include <string.h>

#include "transport/loopback.h"

/* The script is written: the call begins. */
static void begin(struct sim *s)
{
    sim_run(s, 20);
    myna_transport_joined(sim_transport(s), 0, "ann-1", "Ann");
}

TEST(two_people_are_heard_one_after_the_other_and_each_is_answered)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 6000, 7000, "And what is three plus three?", 200);
    sim_user(s, 500, 2500, "What is two plus two?", 200);
    sim_answer(s, "Ann: What is two plus two?", "Four.");
    sim_answer(s, "Bob: And what is three plus three?", "Six.");
    sim_voice(s, "Four.", 1000);
    sim_voice(s, "Six.", 1000);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 11000);
    CHECK_ITEMS(s, "handoff | user: What is two plus two? | assistant: Four. | "
                   "user: And what is three plus three? | assistant: Six.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "Ann");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->speaker, "Bob");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->identity, "bob-1");
    CHECK_USER(s, "speaking@550 | listening@3000 | speaking@6050 | listening@7500");
    sim_end(s);
}

TEST(alone_nobody_is_named_to_the_agent)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, "What is two plus two?", 200);
    sim_answer(s, "What is two plus two?", "Four.");
    sim_voice(s, "Four.", 1000);
    begin(s);
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: What is two plus two? | assistant: Four.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "Ann");
    sim_end(s);
}

/* Ann's turn is over at 3.0, but Bob speaks until 4.0: one answer, asked with both in sight. */
TEST(what_two_say_at_the_same_time_is_heard_whole_and_answered_together)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, "I would like tea.", 200);
    sim_says(s, 7, 1500, 4000, "And coffee for me.", 200);
    sim_answer(s, "Ann: I would like tea.", "Tea.");
    sim_answer(s, "Bob: And coffee for me.", "Tea and coffee.");
    sim_voice(s, "Tea.", 1000);
    sim_voice(s, "Tea and coffee.", 1000);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: I would like tea. | user: And coffee for me. | "
                   "assistant: Tea and coffee.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "Ann");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->speaker, "Bob");
    CHECK_USER(s, "speaking@550 | listening@4500");
    CHECK_EQ(sim_sound_ms(s, 0, 4500), 0);
    sim_end(s);
}

TEST(each_of_three_at_once_has_a_turn_of_their_own)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2000, "One.", 200);
    sim_says(s, 7, 510, 2300, "Two.", 200);
    sim_says(s, 8, 520, 2600, "Three.", 200);
    sim_answer(s, "Ann: One.", "?");
    sim_answer(s, "Bob: Two.", "?");
    sim_voice(s, "?", 300);
    sim_answer(s, "Cleo: Three.", "Six.");
    sim_voice(s, "Six.", 1000);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_comes(s, 8, "cleo-1", "Cleo");
    sim_run(s, 7000);
    CHECK_ITEMS(s, "handoff | user: One. | user: Two. | user: Three. | assistant: Six.");
    sim_end(s);
}

TEST(another_person_interrupts_the_answer_as_well)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, "Tell me a story.", 200);
    sim_says(s, 7, 5000, 6500, "No, stop.", 200);
    sim_answer(s, "Ann: Tell me a story.", "Once upon a time there was a bird.");
    sim_answer(s, "Bob: No, stop.", "Fine.");
    sim_voice(s, "Once upon a time there was a bird.", 8000);
    sim_voice(s, "Fine.", 500);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 10000);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "Fine.");
    sim_end(s);
}

TEST(who_leaves_in_the_middle_of_a_sentence_has_said_what_was_heard_of_it)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 500, 4000, "Never told.", 200);
    sim_answer(s, "Bob: I only wanted", "Bye.");
    sim_voice(s, "Bye.", 500);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 2000);
    sim_stt_tell(s, MYNA_STT_PARTIAL, "I only wanted");
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 5000);
    CHECK_USER(s, "speaking@550 | listening@2000");
    CHECK_ITEMS(s, "handoff | user: I only wanted@2000 | assistant: Bye.");
    CHECK_CLOSE(s, "");
    sim_end(s);
}

TEST(an_answer_that_somebody_interrupted_goes_on_when_they_leave_without_a_word)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true});

    sim_user(s, 500, 2500, "Tell me a story.", 200);
    sim_says(s, 7, 5000, 9000, "", 200); /* nothing that the recogniser knows */
    sim_answer(s, "Ann: Tell me a story.", "Once upon a time there was a bird.");
    sim_voice(s, "Once upon a time there was a bird.", 4000);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: Tell me a story.");
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 14000);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "Once upon a time there was a bird.");
    CHECK(!sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(the_call_goes_on_with_the_others_and_ends_with_the_last)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 3000, 4000, "Still here.", 200);
    sim_answer(s, "Bob: Still here.", "Good.");
    sim_voice(s, "Good.", 500);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 1000);
    myna_transport_left(sim_transport(s), 0, "client_initiated");
    sim_run(s, 7000);
    CHECK_ITEMS(s, "handoff | user: Still here. | assistant: Good.");
    CHECK_CLOSE(s, "");
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 8000);
    CHECK_CLOSE(s, "participant_disconnected");
    sim_end(s);
}

TEST(a_door_that_stays_waits_for_the_next_one)
{
    struct myna_loopback_options door = {.more_caps = MYNA_TRANSPORT_STAYS};
    struct sim *s = sim_create(&(struct sim_setup){.door = &door});

    begin(s);
    sim_run(s, 1000);
    myna_transport_left(sim_transport(s), 0, "client_initiated");
    sim_run(s, 5000);
    CHECK_CLOSE(s, "");
    sim_says(s, 3, 6000, 7000, "Hello, it is Dora.", 200);
    sim_answer(s, "Dora: Hello, it is Dora.", "Hello.");
    sim_voice(s, "Hello.", 500);
    sim_comes(s, 3, "dora-1", "Dora");
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: Hello, it is Dora. | assistant: Hello.");
    sim_end(s);
}

TEST(typed_words_carry_the_name_of_who_typed_them)
{
    struct sim *s = sim_create(NULL);

    sim_answer(s, "Bob: Is it raining?", "No.");
    sim_voice(s, "No.", 500);
    begin(s);
    myna_transport_joined(sim_transport(s), 7, "bob-1", "Bob");
    sim_run(s, 1000);
    myna_transport_text_in(sim_transport(s), 7, "Is it raining?");
    myna_transport_text_in(sim_transport(s), 9, "I am nobody.");
    sim_run(s, 4000);
    CHECK_ITEMS(s, "handoff | user: Is it raining? | assistant: No.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "Bob");
    sim_end(s);
}

TEST(a_seventeenth_person_is_not_heard_and_nothing_breaks)
{
    struct sim *s = sim_create(NULL);
    char identity[20];

    sim_says(s, 40, 2000, 3000, "Me too!", 200);
    begin(s);
    for (uint32_t who = 1; who < 16; who++) {
        snprintf(identity, sizeof identity, "p%u", (unsigned)who);
        sim_comes(s, who, identity, NULL);
    }
    sim_comes(s, 40, "late", "Late");
    sim_run(s, 5000);
    CHECK_ITEMS(s, "handoff");
    CHECK_USER(s, "");
    sim_end(s);
}

/* Captions say whose words they are. */
static uint32_t captioned[8];
static size_t n_captioned;

static void on_text(void *arg, uint32_t who, const char *id, const char *text, bool from_user,
                    bool is_final)
{
    (void)arg;
    (void)id;
    (void)text;
    if (from_user && is_final && n_captioned < 8)
        captioned[n_captioned++] = who;
}

TEST(captions_tell_whose_words_they_are)
{
    struct myna_loopback_options door = {.more_caps = MYNA_TRANSPORT_TEXT, .on_text = on_text};
    struct sim *s = sim_create(&(struct sim_setup){.door = &door});

    n_captioned = 0;
    sim_user(s, 500, 1500, "One.", 200);
    sim_says(s, 7, 600, 2000, "Two.", 200);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 3000);
    CHECK_EQ(n_captioned, 2);
    CHECK_EQ(captioned[0], 0);
    CHECK_EQ(captioned[1], 7);
    sim_end(s);
}

TEST_MAIN

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

static void begin_with_bob(struct sim *s)
{
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
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
    begin_with_bob(s);
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
    begin_with_bob(s);
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
    begin_with_bob(s);
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
    begin_with_bob(s);
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
    begin_with_bob(s);
    sim_run(s, 2000);
    sim_stt_tell(s, MYNA_STT_PARTIAL, "I only wanted");
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 5000);
    CHECK_USER(s, "speaking@550 | listening@2000");
    CHECK_ITEMS(s, "handoff | user: I only wanted@2000 | assistant: Bye.");
    CHECK_CLOSE(s, "");
    sim_end(s);
}

TEST(who_leaves_behind_a_word_is_answered_when_the_recogniser_has_it)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 500, 2000, "See you.", 800); /* told when they have been gone for a while */
    sim_answer(s, "Bob: See you.", "Bye.");
    sim_voice(s, "Bye.", 500);
    begin_with_bob(s);
    sim_run(s, 1900);
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 6000);
    CHECK_USER(s, "speaking@550 | listening@1900");
    CHECK_ITEMS(s, "handoff | user: See you. | assistant: Bye.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->identity, "bob-1");
    sim_comes(s, 8, "eve-1", "Eve"); /* the ear is free, and knows nothing of Bob */
    sim_run(s, 20000);
    CHECK_ITEMS(s, "handoff | user: See you. | assistant: Bye.");
    sim_end(s);
}

TEST(who_leaves_and_never_is_understood_is_forgotten_after_a_while)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 500, 2000, "Too late.", 14000);
    begin_with_bob(s);
    sim_run(s, 1900);
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 20000);
    CHECK_ITEMS(s, "handoff");
    sim_end(s);
}

TEST(an_answer_that_somebody_interrupted_goes_on_when_they_leave_without_a_word)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true});

    sim_user(s, 500, 2500, "Tell me a story.", 200);
    sim_says(s, 7, 5000, 9000, "", 200); /* nothing that the recogniser knows */
    sim_answer(s, "Ann: Tell me a story.", "Once upon a time there was a bird.");
    sim_voice(s, "Once upon a time there was a bird.", 4000);
    begin_with_bob(s);
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
    begin_with_bob(s);
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

TEST(a_call_whose_host_talks_with_somebody_else_goes_on_without_anybody_until_they_come)
{
    struct sim *s = sim_create(NULL);

    begin(s);
    sim_run(s, 1000);
    CHECK_EQ(myna_session_set_participant(sim_session(s), "dora-1"), MYNA_ESTATE); /* one person */
    myna_transport_left(sim_transport(s), 0, MYNA_LEFT_UNLINKED);
    sim_run(s, 5000);
    CHECK_CLOSE(s, "");
    sim_says(s, 3, 6000, 7000, "Hello, it is Dora.", 200);
    sim_answer(s, "Dora: Hello, it is Dora.", "Hello.");
    sim_voice(s, "Hello.", 500);
    sim_comes(s, 3, "dora-1", "Dora");
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: Hello, it is Dora. | assistant: Hello.");
    myna_transport_left(sim_transport(s), 3, "client_initiated");
    sim_run(s, 10000);
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
    begin_with_bob(s);
    sim_run(s, 3000);
    CHECK_EQ(n_captioned, 2);
    CHECK_EQ(captioned[0], 0);
    CHECK_EQ(captioned[1], 7);
    sim_end(s);
}

/* Bob's words are final at 1900, Ann's at 2100; Bob's turn is over at 2200, Ann's at 2500. */
static struct sim *both_speak(const char *const *config)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2000, "I would like tea.", 100);
    sim_says(s, 7, 1500, 1700, "hm", 200);
    sim_answer(s, "Ann: I would like tea.", "Tea.");
    sim_answer(s, "Bob: hm", "What?");
    sim_voice(s, "Tea.", 1000);
    sim_voice(s, "What?", 1000);
    begin_with_bob(s);
    return s;
}

TEST(what_one_person_said_is_cleared_and_the_others_words_stay)
{
    struct sim *s = both_speak(NULL);

    sim_run(s, 2150);
    myna_session_clear_turn_of(sim_session(s), "bob-1");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: I would like tea. | assistant: Tea.");
    sim_end(s);
}

TEST(clearing_the_turn_of_somebody_who_is_not_there_changes_nothing)
{
    struct sim *s = both_speak(NULL);

    sim_run(s, 2150);
    myna_session_clear_turn_of(sim_session(s), "cleo-1");
    myna_session_commit_turn_of(sim_session(s), "cleo-1");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: hm | user: I would like tea. | assistant: Tea.");
    sim_end(s);
}

TEST(an_answer_that_is_under_way_for_one_is_kept_when_anothers_words_are_cleared)
{
    static const char *const ahead[] = {"turn.preemptive_generation=true", NULL};
    struct sim *s = both_speak(ahead);

    sim_run(s, 2150);
    CHECK_EQ(sim_llm_requests(s), 2); /* Bob's first, then Ann's instead of it */
    myna_session_clear_turn_of(sim_session(s), "bob-1");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: I would like tea. | assistant: Tea.");
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(the_turn_of_one_person_is_committed_and_the_other_may_go_on)
{
    static const char *const manual[] = {"turn.detection=manual", NULL};
    struct sim *s = both_speak(manual);

    sim_run(s, 3000);
    myna_session_commit_turn_of(sim_session(s), "ann-1");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: I would like tea. | assistant: Tea.");
    myna_session_commit_turn_of(sim_session(s), "bob-1");
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: I would like tea. | assistant: Tea. | user: hm | "
                   "assistant: What?");
    sim_end(s);
}

/* Nothing of what Bob says is known when the host says that the turn is over. */
TEST(a_turn_is_committed_ahead_of_the_words_of_who_spoke_last)
{
    static const char *const manual[] = {"turn.detection=manual", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = manual});

    sim_user(s, 500, 1000, "Hello.", 200);
    sim_says(s, 7, 2000, 2500, "", 200);
    sim_answer(s, "Bob: It is me.", "Hello, Bob.");
    sim_voice(s, "Hello, Bob.", 500);
    begin_with_bob(s);
    sim_run(s, 4000);
    myna_session_clear_user_turn(sim_session(s));
    sim_run(s, 4100);
    myna_session_commit_user_turn(sim_session(s));
    sim_run(s, 4200);
    sim_stt_tell(s, MYNA_STT_FINAL, "It is me.");
    sim_run(s, 7000);
    CHECK_ITEMS(s, "handoff | user: It is me.@4200 | assistant: Hello, Bob.");
    sim_end(s);
}

TEST(who_has_no_vad_is_an_event_and_is_heard_by_the_recogniser_alone)
{
    struct sim *s = sim_create(NULL);

    sim_vad_refuses(s, 7);
    sim_says(s, 7, 1000, 2000, "Can you hear me?", 200);
    sim_answer(s, "Bob: Can you hear me?", "Yes.");
    sim_voice(s, "Yes.", 500);
    begin_with_bob(s);
    sim_run(s, 5000);
    CHECK_ERRORS(s, "vad recoverable@20~");
    CHECK_ITEMS(s, "handoff | user: Can you hear me? | assistant: Yes.");
    CHECK_CLOSE(s, "");
    sim_end(s);
}

TEST(without_a_vad_a_recogniser_of_utterances_hears_nothing_which_is_said_and_the_call_goes_on)
{
    static const char *const batch[] = {"stt.provider=sim-batch", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = batch});

    sim_vad_refuses(s, 7);
    sim_user(s, 6000, 7000, "And me?", 200);
    sim_answer(s, "Ann: And me?", "Yes.");
    sim_voice(s, "Yes.", 500);
    begin_with_bob(s);
    sim_run(s, 10000);
    CHECK_ERRORS(s, "vad fatal@20~");
    CHECK(sim_sound_ms(s, 0, 5000) > 500); /* the sentence */
    CHECK_ITEMS(s, "handoff | user: And me? | assistant: Yes.");
    CHECK_CLOSE(s, "");
    sim_end(s);
}

/* Bob, the last one, leaves in mid-word; Cleo comes before his words do. */
TEST(who_comes_into_a_call_that_ends_does_not_take_the_last_words_of_who_left)
{
    struct sim *s = sim_create(NULL);

    sim_says(s, 7, 1000, 2000, "Good night.", 600);
    begin_with_bob(s);
    sim_run(s, 500);
    myna_transport_left(sim_transport(s), 0, "client_initiated");
    sim_run(s, 2100);
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_comes(s, 8, "cleo-1", "Cleo");
    sim_run(s, 2200);
    sim_comes(s, 9, "dora-1", "Dora");
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: Good night.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "Bob");
    CHECK_CLOSE(s, "participant_disconnected");
    sim_end(s);
}

/* Ann is cut off behind a word and is back, under a new number, before that word is told. */
TEST(who_comes_back_at_once_is_still_the_only_one)
{
    struct myna_loopback_options door = {.more_caps = MYNA_TRANSPORT_STAYS};
    struct sim *s = sim_create(&(struct sim_setup){.door = &door});

    sim_user(s, 500, 1500, "Hello there.", 1000);
    sim_says(s, 5, 6000, 7000, "And now?", 200);
    sim_answer(s, "Hello there.", "Hello.");
    sim_answer(s, "And now?", "Still here.");
    sim_voice(s, "Hello.", 500);
    sim_voice(s, "Still here.", 500);
    begin(s);
    sim_run(s, 1600);
    myna_transport_left(sim_transport(s), 0, "connection_timeout");
    sim_run(s, 1700);
    sim_comes(s, 5, "ann-1", "Ann");
    sim_run(s, 10000);
    CHECK_ITEMS(s, "handoff | user: Hello there. | assistant: Hello. | user: And now? | "
                   "assistant: Still here.");
    sim_end(s);
}

TEST_MAIN

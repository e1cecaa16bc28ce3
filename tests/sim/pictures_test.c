/* pictures_test.c - what a person shows goes with what they say next, to the agent that answers it,
 * and to nobody else (voice-gateway 8). Every scenario is replayed without the pictures.
 */
#include "sim.h"

#include <string.h>

static enum myna_err show(struct sim *s, const char *whose, const char *bytes)
{
    struct myna_image image = {.type = "image/jpeg",
                               .bytes = (const uint8_t *)bytes,
                               .len = strlen(bytes),
                               .width = 640,
                               .height = 480};

    return myna_session_show(sim_session(s), whose, &image);
}

static void type(struct sim *s, const char *who, const char *text)
{
    struct myna_reply_options how = {
        .size = sizeof how, .user_input = text, .allow_interruptions = -1, .by = who};

    CHECK_EQ(myna_session_interrupt(sim_session(s), true), MYNA_OK);
    CHECK_EQ(myna_session_generate_reply(sim_session(s), &how, NULL), MYNA_OK);
}

static struct sim *call(void)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, "What is this?", 200);
    sim_answer(s, "What is this?", "A cup.");
    sim_voice(s, "A cup.", 1000);
    return s;
}

static void begin(struct sim *s)
{
    sim_run(s, 20);
    myna_transport_joined(sim_transport(s), 0, "ann-1", "Ann");
}

TEST(what_was_shown_goes_with_the_next_spoken_turn_and_with_no_later_one)
{
    struct sim *s = call();
    const struct myna_item *said;

    sim_user(s, 6000, 7000, "And now?", 200);
    sim_answer(s, "And now?", "Still a cup.");
    sim_voice(s, "Still a cup.", 1000);
    begin(s);
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    sim_run(s, 11000);
    CHECK_STR(sim_seen(s), "1 -");
    said = sim_message(s, MYNA_ROLE_USER, 0);
    CHECK_EQ(said->n_images, 1); /* its description stays */
    CHECK_EQ(said->images[0].len, 5);
    CHECK_EQ(said->images[0].width, 640);
    CHECK(!said->images[0].bytes);
    sim_end(s);
}

TEST(shown_while_the_agent_is_asked_ahead_it_is_asked_anew)
{
    const char *const config[] = {"turn.preemptive_generation=true", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, "What is this?", 200);
    sim_answer(s, "What is this?", "A cup.");
    sim_voice(s, "A cup.", 1000);
    begin(s);
    sim_run(s, 2800); /* the final is there, the turn is not over */
    CHECK_STR(sim_seen(s), "-");
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    sim_run(s, 6000);
    CHECK_STR(sim_seen(s), "- 1");
    CHECK_ITEMS(s, "handoff | user: What is this? | assistant: A cup.");
    sim_end(s);
}

TEST(what_somebody_else_shows_waits_for_their_own_words)
{
    struct sim *s = call();

    sim_answer(s, "hi", "Hello.");
    sim_voice(s, "Hello.", 500);
    begin(s);
    CHECK_EQ(show(s, "bob", "b"), MYNA_OK);
    CHECK_EQ(show(s, "bob", "c"), MYNA_OK);
    sim_run(s, 5000);
    CHECK_STR(sim_seen(s), "-");
    type(s, "bob", "hi");
    sim_run(s, 7000);
    CHECK_STR(sim_seen(s), "- bc"); /* in order */
    type(s, "bob", "hi");
    sim_run(s, 9000);
    CHECK_STR(sim_seen(s), "- bc -");
    sim_end(s);
}

TEST(four_wait_the_oldest_gives_way_and_who_leaves_takes_theirs_along)
{
    struct sim *s = call();

    begin(s);
    for (const char *p = "123456"; *p; p++)
        CHECK_EQ(show(s, "ann-1", p), MYNA_OK);
    CHECK_EQ(show(s, "bob", "b"), MYNA_OK);
    CHECK_EQ(myna_session_show(sim_session(s), "bob", NULL), MYNA_OK);
    sim_run(s, 6000);
    CHECK_STR(sim_seen(s), "3456");
    type(s, "bob", "What is this?");
    sim_run(s, 8000);
    CHECK_STR(sim_seen(s), "3456 -");
    sim_end(s);
}

TEST(a_question_that_was_cut_off_before_any_answer_keeps_what_it_showed)
{
    struct sim *s = call();

    sim_answer(s, "I mean on the table", "A cup, too.");
    sim_voice(s, "A cup, too.", 1000);
    begin(s);
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    sim_run(s, 3050); /* asked, nothing heard yet */
    CHECK_STR(sim_seen(s), "1");
    type(s, "ann-1", "I mean on the table");
    sim_run(s, 7000);
    CHECK_STR(sim_seen(s), "1 1");
    sim_end(s);
}

TEST(an_agent_that_fails_is_asked_again_with_the_same_pictures)
{
    struct sim *s = sim_create(NULL);
    struct sim_answer *row;

    sim_user(s, 500, 2500, "What is this?", 200);
    row = sim_answer(s, "What is this?", "A cup.");
    row->failure = SIM_FAULT;
    row->retryable = true;
    row->times = 1;
    sim_voice(s, "A cup.", 1000);
    begin(s);
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    sim_run(s, 9000);
    CHECK_STR(sim_seen(s), "1 1");
    sim_end(s);
}

TEST(the_spare_agent_sees_what_the_first_one_did_not_answer)
{
    const char *const config[] = {"llm.fallback=spare", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, "What is this?", 200);
    sim_answer(s, "What is this?", "A cup.")->failure = SIM_FAULT;
    sim_answer(s, "spare:What is this?", "A cup, says the spare.");
    sim_voice(s, "A cup, says the spare.", 1000);
    begin(s);
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    sim_run(s, 4500);
    CHECK(!strncmp(sim_seen(s), "1 1", 3));
    sim_end(s);
}

TEST(what_is_no_picture_is_refused)
{
    static uint8_t large[(4 << 20) + 1];
    struct sim *s = call();
    struct myna_image image = {.type = "image/jpeg", .bytes = large, .len = sizeof large};

    begin(s);
    CHECK_EQ(myna_session_show(sim_session(s), "ann-1", &image), MYNA_EINVAL);
    image.len = 0;
    CHECK_EQ(myna_session_show(sim_session(s), "ann-1", &image), MYNA_EINVAL);
    image.len = 10;
    image.type = "image/jpeg x";
    CHECK_EQ(myna_session_show(sim_session(s), "ann-1", &image), MYNA_EINVAL);
    sim_run(s, 6000);
    CHECK_STR(sim_seen(s), "-");
    sim_end(s);
}

TEST(nobody_shows_another_ones_pictures_away)
{
    static const char *const others[] = {"bob", "cleo", "dan", "eve"};
    struct sim *s = call();

    begin(s);
    CHECK_EQ(show(s, "ann-1", "1 cup"), MYNA_OK);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++)
            CHECK_EQ(show(s, others[i], "x"), MYNA_OK);
    sim_run(s, 6000);
    CHECK_STR(sim_seen(s), "1");
    sim_end(s);
}

static bool three_seconds_later(struct sim *s, uint32_t turn, const char *text,
                                enum myna_turn_verdict *verdict)
{
    (void)text;
    (void)verdict;
    sim_decide_later(s, turn, 3000, MYNA_TURN_REPLY);
    return false;
}

/* Bob's turn waits for the hook; he leaves, and Eve gets his place before it is decided. */
TEST(a_turn_that_waits_takes_along_its_own_persons_pictures)
{
    struct sim *s = sim_create(&(struct sim_setup){.hook = three_seconds_later});

    sim_says(s, 7, 500, 2000, "What is this?", 200); /* a turn at 2500, decided at 5500 */
    sim_answer(s, "Bob: What is this?", "A cup.");
    sim_voice(s, "A cup.", 1000);
    begin(s);
    sim_comes(s, 7, "bob-1", "Bob");
    sim_run(s, 3000);
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 4000);
    sim_comes(s, 8, "eve-1", "Eve");
    CHECK_EQ(show(s, "eve-1", "e"), MYNA_OK);
    sim_run(s, 8000);
    CHECK_STR(sim_seen(s), "-");
    CHECK_EQ(sim_message(s, MYNA_ROLE_USER, 0)->n_images, 0);
    sim_end(s);
}

TEST_MAIN

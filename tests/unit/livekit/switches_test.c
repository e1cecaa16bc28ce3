/* switches_test.c - what of a room reaches a session, and back: the switches of transport.livekit.
 */
#include "door_world.h"

static struct myna_lk_options all_on(void)
{
    struct myna_lk_options conf = {.kind_bits = 1u << MYNA_LK_STANDARD};

    usual(&conf);
    return conf;
}

TEST(a_door_as_it_comes_hears_reads_speaks_and_closes_with_the_last_person)
{
    open_world_as(all_on(), NULL);
    CHECK(door.publishes);
    CHECK_EQ(w.t->caps & (MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT |
                          MYNA_TRANSPORT_STAYS | MYNA_TRANSPORT_AHEAD),
             MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT);
    close_world();
}

TEST(with_audio_input_off_nobodys_sound_is_wanted_and_none_is_made_up)
{
    struct myna_lk_options conf = all_on();

    conf.audio_input = false;
    open_world_as(conf, NULL);
    CHECK(!(w.t->caps & MYNA_TRANSPORT_AUDIO_IN));
    person("ann", true, 0);
    CHECK(!w.room.events.hears(w.room.arg, who("ann"), &who("ann")->tracks[0]));
    CHECK(!wants("ann", MYNA_LK_PRECONNECT_TOPIC, false));
    for (int i = 0; i < 50; i++) {
        pass(20);
        (void)tick();
    }
    CHECK_EQ(w.silent, 0);
    types("ann", "hello");
    CHECK_STR(w.log, "joined 1 ann=ann | text 1 hello");
    close_world();
}

TEST(with_text_input_off_the_chat_is_no_question_and_a_program_may_have_it)
{
    struct myna_lk_options conf = all_on();

    conf.text_input = false;
    open_world_as(conf, NULL);
    person("ann", false, 0);
    CHECK(!wants("ann", "lk.chat", true));
    door.reads = "lk.chat";
    CHECK(wants("ann", "lk.chat", true));
    w.log[0] = '\0';
    types("ann", "hello");
    CHECK_STR(w.log, "data 1 lk.chat");
    close_world();
}

TEST(with_audio_output_off_no_track_is_published)
{
    struct myna_lk_options conf = all_on();

    conf.audio_output = false;
    open_world_as(conf, NULL);
    CHECK(!door.publishes);
    CHECK(!(w.t->caps & MYNA_TRANSPORT_AUDIO_OUT));
    CHECK(w.t->caps & MYNA_TRANSPORT_TEXT);
    close_world();
}

static void says(const char *segment, const char *text, bool is_final)
{
    CHECK_EQ(w.t->cls->text(w.t, 0, segment, text, false, is_final), MYNA_OK);
}

TEST(what_an_agent_without_a_voice_writes_before_anybody_is_there_waits_for_the_first)
{
    struct myna_lk_options conf = all_on();
    char name[8];

    conf.audio_output = false;
    open_world_as(conf, NULL);
    says("SG_1", "Hello ", false);
    says("SG_1", "Hello there.", true);
    CHECK_STR(door.shown, "");
    person("ann", false, 0);
    CHECK_STR(door.shown, "Hello there.|");
    says("SG_2", "Well", false);
    CHECK_STR(door.shown, "Hello there.|Well|");
    close_world();
    open_world_as(conf, NULL); /* nobody reads a book */
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "SG_%d", i);
        says(name, name, true);
    }
    person("ann", false, 0);
    CHECK_STR(door.shown, "SG_4|SG_5|SG_6|SG_7|SG_8|SG_9|SG_10|SG_11|");
    close_world();
}

TEST(with_transcription_off_nothing_is_shown)
{
    struct myna_lk_options conf = all_on();

    conf.transcription = false;
    open_world_as(conf, NULL);
    person("ann", false, 0);
    says("SG_1", "Hello there.", true);
    CHECK_EQ(w.t->cls->text(w.t, 1, "", "hello", true, true), MYNA_OK);
    CHECK_STR(door.shown, "");
    close_world();
}

TEST(captions_that_do_not_wait_for_the_sound_and_a_call_without_an_end_are_told_to_the_session)
{
    struct myna_lk_options conf = all_on();

    conf.sync_transcription = conf.close_on_disconnect = false;
    open_world_as(conf, NULL);
    CHECK(w.t->caps & MYNA_TRANSPORT_AHEAD);
    CHECK(w.t->caps & MYNA_TRANSPORT_STAYS);
    close_world();
}

/* ---- the host talks with somebody else */

static bool is_heard(const char *identity)
{
    return w.room.events.hears(w.room.arg, who(identity), &who(identity)->tracks[0]);
}

TEST(the_host_may_talk_with_somebody_else_who_is_there_or_comes)
{
    struct myna_lk_options conf = all_on();

    conf.hear = MYNA_LK_HEAR_LINKED;
    open_world_as(conf, NULL);
    person("ann", false, 0);
    person("bob", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann");
    w.log[0] = '\0';
    CHECK_EQ(w.t->cls->link(w.t, "bob"), MYNA_OK);
    pass(1);
    CHECK_STR(w.log, "left 1 unlinked | joined 2 bob=bob");
    CHECK(is_heard("bob") && !is_heard("ann"));
    w.log[0] = '\0';
    CHECK_EQ(w.t->cls->link(w.t, "bob"), MYNA_OK); /* he is it already */
    pass(1);
    CHECK_STR(w.log, "");
    CHECK_EQ(w.t->cls->link(w.t, "cleo"), MYNA_OK);
    pass(1);
    CHECK_STR(w.log, "left 2 unlinked");
    w.log[0] = '\0';
    person("dan", false, 0);
    person("cleo", false, 0);
    CHECK_STR(w.log, "joined 3 cleo=cleo");
    close_world();
}

TEST(unlinked_the_next_one_who_comes_is_talked_with_and_nobody_who_is_there)
{
    open_world_as(all_on(), NULL);
    person("ann", false, 0);
    person("bob", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | joined 2 bob=bob"); /* all are heard */
    w.log[0] = '\0';
    CHECK_EQ(w.t->cls->link(w.t, NULL), MYNA_OK);
    pass(1);
    CHECK_STR(w.log, "left 1 unlinked | left 2 unlinked");
    CHECK(!is_heard("ann"));
    w.log[0] = '\0';
    person("cleo", false, 0);
    person("dan", false, 0);
    CHECK_STR(w.log, "joined 3 cleo=cleo");
    close_world();
}

static void turns_to_bob(void)
{
    door.told = NULL;
    CHECK_EQ(w.t->cls->link(w.t, "bob"), MYNA_OK);
}

TEST(a_host_may_turn_to_somebody_else_while_it_is_told_of_one_who_comes)
{
    open_world_as(all_on(), NULL);
    sends("ann", "notes");
    sends("ann", "notes");
    sends("bob", "notes");
    door.told = turns_to_bob;
    person("ann", true, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | data 1 notes | left 1 unlinked");
    w.log[0] = '\0';
    person("bob", false, 0);
    CHECK_STR(w.log, "joined 2 bob=bob | data 2 notes");
    close_world();
}

static void turns_to_cleo(void)
{
    CHECK_EQ(w.t->cls->link(w.t, "cleo"), MYNA_OK);
}

static void turns_on(void)
{
    door.told = NULL;
    door.left = turns_to_cleo;
    CHECK_EQ(w.t->cls->link(w.t, "bob"), MYNA_OK);
}

TEST(where_one_word_leads_to_the_next_the_last_counts)
{
    open_world_as(all_on(), NULL);
    person("ann", false, 0);
    person("bob", false, 0);
    person("cleo", false, 0);
    w.log[0] = '\0';
    door.told = turns_on;
    sends("ann", "notes");
    CHECK_STR(w.log, "data 1 notes | left 1 unlinked | left 2 unlinked");
    CHECK(is_heard("cleo") && !is_heard("bob") && !is_heard("ann"));
    close_world();
}

TEST(an_owner_who_decides_whom_the_agent_hears_is_not_overruled)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    CHECK_EQ(w.t->cls->link(w.t, "bob"), MYNA_ESTATE);
    CHECK(is_heard("ann"));
    close_world();
}

TEST_MAIN

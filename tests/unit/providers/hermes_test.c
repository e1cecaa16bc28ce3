/* hermes_test.c - what a person's words mean when Hermes asks for permission. */
#include <string.h>

#include "check.h"
#include "providers/hermes_runs.h"

#define ALL (MYNA_HERMES_ONCE | MYNA_HERMES_SESSION | MYNA_HERMES_ALWAYS | MYNA_HERMES_DENY)

TEST(yes_in_its_many_forms_is_once)
{
    static const char *const said[] = {"Yes.",       "yeah, go ahead", "Okay!",
                                       "Yes, once.", "SURE",           "do it"};

    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        CHECK_EQ(myna_hermes_choice_of(said[i], ALL), MYNA_HERMES_ONCE);
}

TEST(a_no_anywhere_is_a_no)
{
    static const char *const said[] = {
        "No.",        "Yes, no, wait", "don't do that", "Don\xE2\x80\x99t, no",
        "Never ever", "please stop",   "not always"};

    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        CHECK_EQ(myna_hermes_choice_of(said[i], ALL), MYNA_HERMES_DENY);
}

TEST(always_is_once_where_always_is_not_offered)
{
    CHECK_EQ(myna_hermes_choice_of("Yes, always.", ALL), MYNA_HERMES_ALWAYS);
    CHECK_EQ(myna_hermes_choice_of("Yes, always.", MYNA_HERMES_ONCE | MYNA_HERMES_DENY),
             MYNA_HERMES_ONCE);
    CHECK_EQ(myna_hermes_choice_of("For this session", ALL), MYNA_HERMES_SESSION);
}

TEST(anything_else_is_no_consent)
{
    static const char *const said[] = {"",     "What?",     "Tell me about the weather",
                                       "know", "yesterday", "Oslo"};

    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        CHECK_EQ(myna_hermes_choice_of(said[i], ALL), MYNA_HERMES_UNCLEAR);
}

TEST(a_long_ramble_is_bounded)
{
    char said[5000];

    memset(said, 'a', sizeof said - 1);
    said[sizeof said - 1] = '\0';
    CHECK_EQ(myna_hermes_choice_of(said, ALL), MYNA_HERMES_UNCLEAR);
}

TEST(the_question_names_the_command_and_what_can_be_said)
{
    json_t *o = json_pack("{s:s, s:s, s:[sss]}", "command", "rm -rf\n/tmp/x", "description",
                          "delete files", "choices", "once", "always", "deny");
    struct myna_buf text;

    myna_buf_init(&text, 0);
    CHECK_EQ(myna_hermes_offered(o), MYNA_HERMES_ONCE | MYNA_HERMES_ALWAYS | MYNA_HERMES_DENY);
    CHECK_EQ(myna_hermes_question(o, myna_hermes_offered(o), &text), MYNA_OK);
    CHECK_STR(myna_buf_str(&text),
              "I need your permission because of: delete files. I want to run: rm -rf "
              "/tmp/x. Say yes to allow it once, always, or no.");
    myna_buf_clear(&text);
    json_object_set_new(o, "choices", json_array());
    CHECK_EQ(myna_hermes_question(o, myna_hermes_offered(o), &text), MYNA_OK);
    CHECK_HAS(myna_buf_str(&text), "Say yes to allow it once, or no.");
    myna_buf_fini(&text);
    json_decref(o);
}

TEST_MAIN

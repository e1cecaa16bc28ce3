/* waterfall_test.c - each bar begins where the one before ended; what did not happen is a dash. */
#include "check.h"

#include "console/waterfall.h"

static const struct myna_waterfall whole = {
    .speech_end = 5 * MYNA_S,
    .transcript = 5 * MYNA_S + 100 * MYNA_MS,
    .end_of_turn = 5 * MYNA_S + 500 * MYNA_MS,
    .first_token = 5 * MYNA_S + 600 * MYNA_MS,
    .first_text = 5 * MYNA_S + 600 * MYNA_MS,
    .first_audio = 5 * MYNA_S + 780 * MYNA_MS,
    .heard = 5 * MYNA_S + 800 * MYNA_MS,
};

static char text[4096];
static const char *render(const struct myna_waterfall *w, int turn)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_waterfall_render(&b, w, turn);
    snprintf(text, sizeof text, "%s", myna_buf_str(&b));
    myna_buf_fini(&b);
    return text;
}

TEST(a_whole_turn_is_seven_lines_of_bars_in_a_row)
{
    CHECK_STR(render(&whole, 2),
              "turn 2: answered 800 ms after the last word\n"
              "  transcript     100 ms  █████\n"
              "  end of turn    500 ms       ████████████████████\n"
              "  first token    600 ms                           █████\n"
              "  first text     600 ms\n"
              "  first audio    780 ms                                █████████\n"
              "  heard          800 ms                                         █\n");
}

TEST(what_did_not_happen_is_a_dash)
{
    struct myna_waterfall w = whole;

    w.first_audio = w.heard = MYNA_NEVER;
    render(&w, 1);
    CHECK_HAS(text, "turn 1: not answered\n");
    CHECK_HAS(text, "  heard              -\n");
    CHECK_EQ(myna_waterfall_answer_ms(&w), -1);
}

TEST(what_was_done_ahead_has_its_time_but_no_bar)
{
    struct myna_waterfall w = whole;

    w.first_token = w.speech_end - 20 * MYNA_MS; /* begun before the last word ended */
    render(&w, 1);
    CHECK_HAS(text, "  first token    -20 ms\n");
}

TEST(a_turn_that_nobody_spoke_in_says_so)
{
    struct myna_waterfall w = whole;

    w.speech_end = MYNA_NEVER;
    CHECK_STR(render(&w, 3), "turn 3: nothing was said\n");
}

TEST_MAIN

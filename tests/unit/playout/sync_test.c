/* sync_test.c - words come out at the pace of speech, and a cut leaves what was said. */
#include "playout/sync.h"

#include "tts/sentences.h"
#include "util/buf.h"

#include "check.h"

static struct {
    char text[64];
    myna_us at;
} piece[256];
static int n_pieces;
static char all[4096];

static void out(void *arg, const char *text, myna_us end_time)
{
    (void)arg;
    CHECK(n_pieces < 256);
    snprintf(piece[n_pieces].text, sizeof piece->text, "%s", text);
    piece[n_pieces++].at = end_time;
    CHECK(strlen(all) + strlen(text) < sizeof all);
    strcat(all, text);
}

static struct myna_sync *make(void)
{
    struct myna_sync_options opt = {.out = out};

    n_pieces = 0;
    all[0] = '\0';
    return myna_sync_create(&opt);
}

static void text(struct myna_sync *sy, const char *t)
{
    CHECK_EQ(myna_sync_text(sy, myna_view_of(t)), MYNA_OK);
}

static void word(struct myna_sync *sy, const char *t, myna_us start)
{
    struct myna_word w = {.text = t, .start = start, .end = start + 100 * MYNA_MS};

    CHECK_EQ(myna_sync_words(sy, &w, 1), MYNA_OK);
}

/* Runs the owner's timer until `to`; waking at each deadline, exactly. */
static void run(struct myna_sync *sy, myna_us to)
{
    for (int i = 0; i < 10000; i++) {
        myna_us at = myna_sync_deadline(sy);

        if (at > to)
            return;
        myna_sync_expire(sy, at);
    }
    check_fail(__FILE__, __LINE__, "the deadline does not move");
}

static const myna_us syllable = (myna_us)(1e6 / 3.83);

TEST(the_integral_of_rates)
{
    struct myna_sync_rates *r = myna_sync_rates_create();

    CHECK_EQ(myna_sync_rates_accumulate(r, 5), 0);
    CHECK_EQ(myna_sync_rates_add(r, 1, 4), MYNA_OK);
    CHECK_EQ(myna_sync_rates_add(r, 2, 6), MYNA_OK);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 0.5), 2, 1e-9);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 1), 4, 1e-9);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 1.5), 7, 1e-9);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 3), 16, 1e-9); /* the last rate goes on */
    CHECK_EQ(myna_sync_rates_add(r, 3.5, 2), MYNA_OK);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 2), 10, 1e-9);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 3.5), 13, 1e-9);
    CHECK_EQ(myna_sync_rates_add(r, 3, 2), MYNA_EINVAL); /* time goes forward */
    CHECK_EQ(myna_sync_rates_add(r, 4, NAN), MYNA_EINVAL);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(myna_sync_rates_add(r, 4 + i, 1), MYNA_OK);
    CHECK_NEAR(myna_sync_rates_accumulate(r, 104), 13 + 0.5 + 100, 1e-9);
    myna_sync_rates_destroy(r);
}

TEST(each_word_comes_in_the_middle_of_its_syllables)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird, two.");
    myna_sync_text_end(sy);
    CHECK_EQ(myna_sync_deadline(sy), MYNA_NEVER); /* the clock stands until it is heard */
    myna_sync_start(sy, 7 * MYNA_S);
    run(sy, 7 * MYNA_S + 10 * MYNA_S);
    CHECK_EQ(n_pieces, 4);
    CHECK_STR(piece[0].text, "One");
    CHECK_STR(piece[1].text, " big");
    CHECK_STR(piece[2].text, " bird,");
    CHECK_STR(piece[3].text, " two.");
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(piece[i].at, i * syllable + syllable / 2, 5);
    CHECK_EQ(myna_sync_deadline(sy), MYNA_NEVER);
    CHECK_STR(myna_sync_heard(sy), "One big bird, two.");
    myna_sync_destroy(sy);
}

TEST(speed_and_syllables_set_the_pace)
{
    struct myna_sync_options opt = {.speed = 2, .out = out};
    struct myna_sync *sy = myna_sync_create(&opt);
    int n = myna_syllables(myna_view_of("communication"));

    n_pieces = 0;
    all[0] = '\0';
    text(sy, "communication now");
    myna_sync_text_end(sy);
    myna_sync_start(sy, 0);
    run(sy, 10 * MYNA_S);
    CHECK(n >= 4);
    CHECK_NEAR(piece[0].at, n * syllable / 4, 5);
    CHECK_NEAR(piece[1].at, n * syllable / 2 + syllable / 4, 5);
    myna_sync_destroy(sy);
}

TEST(a_late_timer_changes_nothing)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird, two and more of it. ");
    myna_sync_start(sy, 0);
    myna_sync_expire(sy, 2 * MYNA_S); /* first call after two seconds */
    CHECK_EQ(n_pieces, 8);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR(piece[i].at, i * syllable + syllable / 2, 10);
    myna_sync_destroy(sy);
}

TEST(text_that_comes_late_catches_up)
{
    struct myna_sync *sy = make();

    text(sy, "One ");
    myna_sync_start(sy, 0);
    run(sy, 2 * MYNA_S);
    CHECK_EQ(n_pieces, 1);
    CHECK_EQ(myna_sync_deadline(sy), MYNA_NEVER);
    text(sy, "two three four five six sev");
    CHECK(myna_sync_deadline(sy) <= 2 * MYNA_S); /* at once */
    myna_sync_expire(sy, 2 * MYNA_S);
    CHECK_EQ(n_pieces, 6); /* 7.66 syllables are behind: all whole words */
    CHECK_EQ(piece[5].at, 2 * MYNA_S);
    text(sy, "enty.");
    run(sy, 10 * MYNA_S);
    CHECK_EQ(n_pieces, 6); /* "seventy." may go on */
    myna_sync_text_end(sy);
    run(sy, 10 * MYNA_S);
    CHECK_STR(myna_sync_heard(sy), "One two three four five six seventy.");
    myna_sync_destroy(sy);
}

TEST(a_pause_stops_clock_and_output)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird two. ");
    myna_sync_start(sy, 0);
    run(sy, syllable);
    CHECK_EQ(n_pieces, 1);
    myna_sync_pause(sy, syllable);
    CHECK_EQ(myna_sync_deadline(sy), MYNA_NEVER);
    myna_sync_expire(sy, 60 * MYNA_S);
    CHECK_EQ(n_pieces, 1);
    myna_sync_resume(sy, 60 * MYNA_S);
    CHECK_NEAR(myna_sync_deadline(sy), 60 * MYNA_S + syllable / 2, 10);
    run(sy, 60 * MYNA_S + syllable * 3 / 4);
    CHECK_EQ(n_pieces, 2);
    CHECK_NEAR(piece[1].at, syllable * 3 / 2, 10); /* the pause is no time of the segment */
    myna_sync_finish(sy, 60 * MYNA_S + syllable * 3 / 4, true, syllable * 7 / 4);
    CHECK_STR(myna_sync_heard(sy), "One big");
    myna_sync_destroy(sy);
}

TEST(an_uninterrupted_end_gives_the_text_byte_for_byte)
{
    const char *input = "  \n**One**  big\tbird \xe2\x80\x94 caf\xc3\xa9!\n\n Two...  ";

    for (int when = 0; when < 3; when++) {
        struct myna_sync *sy = make();

        text(sy, input);
        if (when > 0)
            myna_sync_start(sy, 0);
        if (when > 1)
            run(sy, 400 * MYNA_MS);
        myna_sync_finish(sy, 500 * MYNA_MS, false, 500 * MYNA_MS);
        CHECK_STR(myna_sync_heard(sy), input);
        CHECK_STR(all, input);
        myna_sync_finish(sy, 600 * MYNA_MS, false, 0); /* once */
        text(sy, "more");
        CHECK_STR(all, input);
        CHECK_EQ(myna_sync_deadline(sy), MYNA_NEVER);
        myna_sync_destroy(sy);
    }
}

TEST(cut_before_anything_was_heard)
{
    struct myna_sync *sy = make();

    text(sy, "One two.");
    myna_sync_finish(sy, MYNA_S, true, 0); /* never started */
    CHECK_STR(myna_sync_heard(sy), "");
    CHECK_EQ(n_pieces, 0);
    myna_sync_destroy(sy);
}

TEST(a_cut_by_rate_leaves_what_its_clock_had_reached)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird two and six more. ");
    myna_sync_start(sy, 0);
    /* nobody called expire(): the cut itself catches up, but not past what was heard */
    myna_sync_finish(sy, 5 * MYNA_S, true, 2 * syllable + 3 * syllable / 4);
    CHECK_STR(myna_sync_heard(sy), "One big bird");
    myna_sync_destroy(sy);
}

/* ------------------------------------------------------------------ word times */

static struct myna_sync *aligned(void)
{
    struct myna_sync *sy = make();

    text(sy, "Well, it's \"five\" o\xe2\x80\x99"
             "clock \xe2\x80\x94 well-known.");
    word(sy, "well", 50 * MYNA_MS);
    word(sy, "it's", 400 * MYNA_MS);
    word(sy, "Five", 600 * MYNA_MS);
    word(sy, "o'clock", 900 * MYNA_MS);
    word(sy, "well", 1400 * MYNA_MS);
    word(sy, "known", 1700 * MYNA_MS);
    return sy;
}

TEST(word_times_are_kept)
{
    static const struct {
        const char *text;
        int at_ms;
    } want[] = {{"Well,", 50},
                {" it's", 400},
                {" \"five\"", 600},
                {" o\xe2\x80\x99"
                 "clock",
                 900},
                {" \xe2\x80\x94 well-known.", 1400}};
    struct myna_sync *sy = aligned();

    myna_sync_text_end(sy);
    myna_sync_start(sy, MYNA_S);
    CHECK_EQ(myna_sync_deadline(sy), MYNA_S + 50 * MYNA_MS);
    run(sy, 10 * MYNA_S);
    CHECK_EQ(n_pieces, 5);
    for (int i = 0; i < 5; i++) {
        CHECK_STR(piece[i].text, want[i].text);
        CHECK_EQ(piece[i].at, want[i].at_ms * MYNA_MS);
    }
    myna_sync_destroy(sy);
}

TEST(a_cut_leaves_the_words_that_began)
{
    struct myna_sync *sy = aligned();

    myna_sync_start(sy, 0);
    myna_sync_expire(sy, 100 * MYNA_MS);
    myna_sync_finish(sy, 3 * MYNA_S, true, 601 * MYNA_MS);
    CHECK_STR(myna_sync_heard(sy), "Well, it's \"five\"");
    myna_sync_destroy(sy);

    sy = aligned();
    myna_sync_start(sy, 0);
    myna_sync_finish(sy, 600 * MYNA_MS, true, 600 * MYNA_MS); /* begins just now: not heard */
    CHECK_STR(myna_sync_heard(sy), "Well, it's");
    myna_sync_destroy(sy);
}

TEST(words_that_are_not_in_the_text_are_passed_over)
{
    struct myna_sync *sy = make();

    text(sy, "It costs $532 and *nothing* else.");
    myna_sync_text_end(sy);
    word(sy, "it", 0);
    word(sy, "costs", 100 * MYNA_MS);
    word(sy, "five", 200 * MYNA_MS);
    word(sy, "hundred", 300 * MYNA_MS);
    word(sy, "and", 400 * MYNA_MS); /* of the number: the next word is not "nothing" */
    word(sy, "thirty-two", 500 * MYNA_MS);
    word(sy, "dollars", 600 * MYNA_MS);
    word(sy, "and", 700 * MYNA_MS);
    word(sy, "nothing", 800 * MYNA_MS);
    word(sy, "else", 900 * MYNA_MS);
    myna_sync_start(sy, 0);
    run(sy, 650 * MYNA_MS);
    CHECK_STR(all, "It costs");
    run(sy, 750 * MYNA_MS);
    CHECK_STR(all, "It costs $532 and");
    run(sy, 2 * MYNA_S);
    CHECK_STR(all, "It costs $532 and *nothing* else.");
    myna_sync_destroy(sy);
}

TEST(a_voice_whose_words_match_nothing_is_not_believed)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird two and six more of them. ");
    for (int i = 0; i < 12; i++)
        word(sy, "xyzzy", i * 100 * MYNA_MS);
    myna_sync_start(sy, 0);
    run(sy, 5 * MYNA_S);
    CHECK_STR(all, "One big bird two and six more of them.");
    myna_sync_destroy(sy);
}

TEST(words_and_text_may_come_in_any_order)
{
    struct myna_sync *sy = make();

    word(sy, "hello", 0);
    word(sy, "there", 300 * MYNA_MS);
    myna_sync_start(sy, 0);
    run(sy, 100 * MYNA_MS);
    CHECK_EQ(n_pieces, 0);
    text(sy, "Hel");
    run(sy, 100 * MYNA_MS);
    CHECK_EQ(n_pieces, 0);
    text(sy, "lo,");
    run(sy, 100 * MYNA_MS);
    CHECK_EQ(n_pieces, 0); /* its punctuation may go on */
    text(sy, " there");
    run(sy, 100 * MYNA_MS);
    CHECK_STR(all, "Hello,");
    run(sy, 400 * MYNA_MS);
    CHECK_STR(all, "Hello,");
    myna_sync_finish(sy, 400 * MYNA_MS, true, 400 * MYNA_MS); /* the word was begun */
    CHECK_STR(myna_sync_heard(sy), "Hello, there");
    myna_sync_destroy(sy);
}

TEST(too_much_text_is_refused)
{
    struct myna_sync *sy = make();
    static uint8_t big[1 << 19];

    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < sizeof big; i += 9)
        big[i] = ' ';
    CHECK_EQ(myna_sync_text(sy, (struct myna_view){big, sizeof big}), MYNA_OK);
    CHECK_EQ(myna_sync_text(sy, (struct myna_view){big, sizeof big}), MYNA_OK);
    CHECK_EQ(myna_sync_text(sy, (struct myna_view){big, 1}), MYNA_ELIMIT);
    myna_sync_destroy(sy);
}

TEST(what_will_not_be_spoken_after_all_is_dropped_from_the_end)
{
    struct myna_sync *sy = make();

    text(sy, "Hello there.  And now the");
    myna_sync_start(sy, 0);
    run(sy, syllable); /* "Hello" is out, "there." is due */
    myna_sync_drop(sy, strlen("Andnowthe"));
    myna_sync_text_end(sy);
    run(sy, 10 * MYNA_S);
    CHECK_STR(all, "Hello there.");
    myna_sync_finish(sy, 10 * MYNA_S, false, 0);
    CHECK_STR(myna_sync_heard(sy), "Hello there.");
    myna_sync_destroy(sy);
}

TEST(what_was_given_out_cannot_be_dropped_and_the_word_on_its_way_can)
{
    struct myna_sync *sy = make();

    text(sy, "Hello there you");
    myna_sync_start(sy, 0);
    run(sy, syllable * 3 / 2); /* "Hello" is out, "there" waits half of its syllable */
    CHECK_STR(all, "Hello");
    myna_sync_drop(sy, 100);
    run(sy, 5 * MYNA_S);
    CHECK_STR(all, "Hello");
    text(sy, " friend ");
    run(sy, 9 * MYNA_S);
    CHECK_STR(all, "Hello friend");
    myna_sync_destroy(sy);
}

/* ------------------------------------------------------------------ sound that was lost */

TEST(a_clock_that_is_put_back_says_no_word_twice_and_waits_for_its_sound)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird two and six more. ");
    myna_sync_start(sy, 0);
    run(sy, 4 * syllable);
    CHECK_STR(all, "One big bird two");
    myna_sync_at(sy, 4 * syllable, syllable); /* only a syllable of it was heard */
    myna_sync_pause(sy, 4 * syllable);
    run(sy, 60 * MYNA_S);
    CHECK_STR(all, "One big bird two"); /* nothing is drawn */
    myna_sync_at(sy, 60 * MYNA_S, syllable);
    CHECK_NEAR(myna_sync_deadline(sy), 60 * MYNA_S + 3 * syllable + syllable / 2, 20);
    run(sy, 60 * MYNA_S + 3 * syllable);
    CHECK_STR(all, "One big bird two");
    run(sy, 60 * MYNA_S + 4 * syllable);
    CHECK_STR(all, "One big bird two and");
    run(sy, 90 * MYNA_S);
    CHECK_STR(all, "One big bird two and six more.");
    myna_sync_destroy(sy);
}

TEST(what_was_out_and_not_heard_again_before_a_cut_is_not_heard)
{
    for (int by_words = 0; by_words < 2; by_words++) {
        struct myna_sync *sy = make();

        text(sy, "One big bird two and six more. ");
        for (int i = 0; i < 4 && by_words; i++)
            word(sy, (const char *[]){"one", "big", "bird", "two"}[i], i * syllable + 100);
        myna_sync_start(sy, 0);
        run(sy, 3 * syllable + syllable * 3 / 4);
        CHECK_STR(all, "One big bird two");
        myna_sync_at(sy, 4 * syllable, 0);
        myna_sync_pause(sy, 4 * syllable);
        if (by_words)
            myna_sync_at(sy, 20 * MYNA_S, 0);
        myna_sync_finish(sy, 20 * MYNA_S + 2 * syllable, true, syllable + syllable * 3 / 4);
        CHECK_STR(myna_sync_heard(sy), "One big");
        CHECK_STR(all, "One big bird two");
        myna_sync_destroy(sy);
    }
}

TEST(jitter_of_the_sound_does_not_move_the_clock_and_sound_that_is_late_does)
{
    struct myna_sync *sy = make();

    text(sy, "One big bird two and six more. ");
    myna_sync_start(sy, 0);
    myna_sync_expire(sy, 0);
    myna_sync_at(sy, 150 * MYNA_MS, 100 * MYNA_MS);
    CHECK_NEAR(myna_sync_deadline(sy), syllable / 2, 5);
    myna_sync_at(sy, 600 * MYNA_MS, 120 * MYNA_MS);
    CHECK_NEAR(myna_sync_deadline(sy), 480 * MYNA_MS + syllable / 2, 5);
    myna_sync_at(sy, 140 * MYNA_MS, 140 * MYNA_MS); /* and what comes in a burst brings it back */
    CHECK_NEAR(myna_sync_deadline(sy), syllable / 2, 5);
    myna_sync_destroy(sy);
}

TEST_MAIN

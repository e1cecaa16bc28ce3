/* filters_test.c - what is written but not spoken. Every case runs over many cuts of its text. */
#include "all_cuts.h"

static const char *const only_markdown[] = {"markdown", NULL},
                         *const only_emoji[] = {"emoji", NULL},
                         *const both[] = {"markdown", "emoji", NULL};
static const struct myna_filters_options md = {.transforms = only_markdown};

TEST(marks_of_markdown_are_not_spoken)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"# Weather\nIt **rains**, *really* so.", "Weather\nIt rains, really so."},
        {"### A heading ###", "A heading ###"},
        {"- one\n* two\n  + three\n> four\n> - five", "one\ntwo\nthree\nfour\nfive"},
        {"- **bold** item", "bold item"},
        {"Now **two words**: and ***three of them***.", "Now two words: and three of them."},
        {"__init__ and _this one_ but snake_case_name", "init and this one but snake_case_name"},
        {"See [the *docs*](https://x.org/a_(b)_c), and ![a bird](b.png)!",
         "See the docs, and a bird!"},
        {"Not a link [1], nor [this].", "Not a link [1], nor [this]."},
        {"Use `a*b*c` or ``x`y``.", "Use a*b*c or x`y."},
        {"```python\nprint(1)\n```\nDone.", "\nprint(1)\n\nDone."},
        {"It is ~~not~~ good.", "It is  good."},
        {"*a **b** c* d", "a b c d"},
        {"**[link](u)** x", "link x"},
        {"one\n---\n***\ntwo", "one\n\n\ntwo"},
        {"Stop! [Go](u)! Now!", "Stop! Go! Now!"},
        {"*(aside)* then", "(aside) then"},
        {"\xe5\xa5\xbd **\xe5\xa4\xa9**\xef\xbc\x8c **\xe5\xa5\xbd**\xe3\x80\x82",
         "\xe5\xa5\xbd \xe5\xa4\xa9\xef\xbc\x8c \xe5\xa5\xbd\xe3\x80\x82"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        filter_with(md, cases[i].text, cases[i].want);
}

TEST(what_only_looks_like_markdown_stays)
{
    static const char *const same[] = {
        "2 * 3 * 4 is 24, and 2*3*4 too.",
        "It is -5 degrees, #1 of all, a > b.",
        "An * alone, an _ alone, a ~ alone and ~~ too.",
        "open *star to the end",
        "open **bold, open `tick and [bracket",
        "[text](never closed",
        "C++ and C# - yes + no",
        "a - b\n1. First\n2) Second",
        "",
        " ",
        "\n\n  \n",
        "Wait... what?! \"Yes.\"",
        "bytes \xff\xc3 and \xf0\x9f stay",
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        filter_with(md, same[i], same[i]);
}

TEST(plain_text_is_not_held_longer_than_a_word)
{
    struct myna_filters *fi = make_with(md);

    CHECK_EQ(myna_filters_push(fi, myna_view_of("Plain text goes on, at onc")), MYNA_OK);
    CHECK_STR(got, "Plain text goes on, at");
    CHECK_EQ(myna_filters_push(fi, myna_view_of("e and **never is")), MYNA_OK);
    CHECK_STR(got, "Plain text goes on, at once and");
    CHECK_EQ(myna_filters_push(fi, myna_view_of(" late** it")), MYNA_OK);
    CHECK_STR(got, "Plain text goes on, at once and never is late");
    myna_filters_flush(fi);
    CHECK_STR(got, "Plain text goes on, at once and never is late it");
    myna_filters_destroy(fi);
}

TEST(an_open_mark_does_not_hold_the_answer_back)
{
    struct myna_filters *fi = make_with(md);
    size_t pushed = 0;

    CHECK_EQ(myna_filters_push(fi, myna_view_of("five *stars ")), MYNA_OK);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(myna_filters_push(fi, myna_view_of("and more ")), MYNA_OK);
        pushed += 9;
        CHECK(pushed + 12 - n_got <= 260);
    }
    CHECK(!strncmp(got, "five *stars and more", 20));
    myna_filters_destroy(fi);

    /* no dividing mark at all: 4 KB, then it passes */
    static char big[10001];
    memset(big, 'x', 10000);
    big[0] = '[';
    fi = make_with(md);
    CHECK_EQ(myna_filters_push(fi, myna_view_of(big)), MYNA_OK);
    CHECK(n_got >= 10000 - 4096);
    myna_filters_flush(fi);
    CHECK_STR(got, big);
    myna_filters_destroy(fi);
}

TEST(flush_begins_a_new_line)
{
    struct myna_filters *fi = make_with(md);

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(myna_filters_push(fi, myna_view_of("# One")), MYNA_OK);
        myna_filters_flush(fi);
    }
    CHECK_STR(got, "OneOne");
    myna_filters_destroy(fi);
}

TEST(emoji_are_not_spoken)
{
    struct myna_filters_options opt = {.transforms = only_emoji};

    filter_with(opt, "Hi \xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd there \xe2\x98\x80\xef\xb8\x8f!",
                "Hi  there !");
    filter_with(
        opt, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb 1\xef\xb8\x8f\xe2\x83\xa3 \xe2\xad\x90",
        " 1 ");
    filter_with(opt, "caf\xc3\xa9 \xe2\x82\xac 5 \xe2\x80\x94 \xe4\xbb\x8a",
                "caf\xc3\xa9 \xe2\x82\xac 5 \xe2\x80\x94 \xe4\xbb\x8a");
    filter_with(opt, "bad \xf0\x9f\x91 x \xff\x80 \xe2\x98",
                "bad \xf0\x9f\x91 x \xff\x80 \xe2\x98");
}

TEST(words_are_replaced_longest_first)
{
    static const struct myna_replacement map[] = {{.from = "LiveKit", .to = "live kit"},
                                                  {.from = "AI", .to = "A I"},
                                                  {.from = "AIs", .to = "A I s"},
                                                  {.from = "", .to = "never"},
                                                  {.from = "um ", .to = ""}};
    struct myna_filters_options opt = {.replace = map, .n_replace = 5};

    filter_with(opt, "um livekit has AI and ais. LIVEKI", "live kit has A I and A I s. LIVEKI");
    opt.match_case = true;
    filter_with(opt, "livekit LiveKit ai AI", "livekit live kit ai A I");
    opt.n_replace = 0;
    filter_with(opt, "AI", "AI");
}

TEST(all_together_in_order)
{
    static const struct myna_replacement map[] = {{.from = "TTS", .to = "text to speech"}};
    struct myna_filters_options opt = {.transforms = both, .replace = map, .n_replace = 1};

    filter_with(opt, "- **TT**S? No: **TTS** \xf0\x9f\x98\x80 `tts`.",
                "**TT**S? No: text to speech  text to speech.");
}

/* Pieces of any kind give what the whole gives, also for nonsense. */
TEST(random_marks_in_random_pieces)
{
    static const char *const bits[] = {"*",  "**", "_",  "`",  "```",      "~~", "[",
                                       "](", ")",  "!",  "# ", "- ",       " ",  " ",
                                       "\n", "a",  "bc", ",",  "\xc3\xa9", "."};
    uint32_t seed = 99;

    for (int round = 0; round < 600; round++) {
        char text[400] = "";
        static char want[sizeof got];

        for (int i = 0; i < 60; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(text, bits[(seed >> 20) % 20]);
        }
        struct myna_filters *fi = make_with(md);
        CHECK_EQ(myna_filters_push(fi, myna_view_of(text)), MYNA_OK);
        myna_filters_flush(fi);
        myna_filters_destroy(fi);
        strcpy(want, got);
        fi = make_with(md);
        for (size_t at = 0, n; text[at]; at += n) {
            seed = seed * 1664525 + 1013904223;
            n = strnlen(text + at, 1 + (seed >> 24) % 5);
            CHECK_EQ(myna_filters_push(fi, (struct myna_view){(const uint8_t *)text + at, n}), 0);
        }
        myna_filters_flush(fi);
        myna_filters_destroy(fi);
        CHECK_STR(got, want);
    }
}

TEST_MAIN

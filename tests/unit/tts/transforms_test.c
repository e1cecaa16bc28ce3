/* transforms_test.c - what each transform does; every example over all cuts. */
#include "tts/filters.h"
#include "tts/written.h"

#include "all_cuts.h"

#define DEFAULTS "code, tables, html, markdown, urls, emoji, numbers"

TEST(the_text_channel_rules_come_from_the_same_chain)
{
    /* telephony 2.7 filter_tts: markdown and emoji; what is empty then is not spoken */
    filter("filter_markdown, filter_emoji", "\xf0\x9f\x98\x80", "");
    filter("filter_markdown, filter_emoji", "**Hi** [you](u) ![pic](p.png) ~~no~~ `x`",
           "Hi you pic  x");
    filter("filter_emoji",
           "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa a\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf b \xe2\x9c\x93",
           " a b ");
    filter("html, markdown", "<b>Bold</b> and **bold**", "Bold and bold");
}

/* ------------------------------------------------------------------ code, tables, HTML, addresses
 */

TEST(blocks_of_code_are_not_spoken)
{
    filter("code", "Here:\n```python\nprint(1)\n```\nDone.", "Here:\n\nDone.");
    filter("code", "~~~\na\n```\nb\n~~~\nc", "\nc");
    filter("code", "````\n```\nx\n```\n````\ny", "\ny");
    filter("code", "   ```\nx\n  ```  \ny", "\ny");
    filter("code", "```\nno end", "");
    filter("code", "a ``` b\n ` c `` d", "a ``` b\n ` c `` d");
    filter("code", "``x`` and ~~y~~\n~ 5", "``x`` and ~~y~~\n~ 5");
    filter("code", "```js\nx\n```\n```\ny\n```\n", "\n\n");
    CHECK_STR(left("code", "```c\nint main"), ""); /* held or not, it is not spoken */
}

TEST(a_table_is_read_cell_by_cell)
{
    filter("tables", "Prices:\n| Item | Price |\n|------|:-----:|\n| Tea | 2 |\n| Cake. | 3 |\nOk.",
           "Prices:\nItem, Price.\nTea, 2.\nCake., 3.\nOk.");
    filter("tables", "| a || b |", "a, b.");
    filter("tables", "| a | b", "a, b");
    filter("tables", "a | b\n| is a bar", "a | b\nis a bar");
    filter("tables", "|---|---|\nx", "x");
    filter("tables", "x || y", "x || y");
    CHECK_STR(left("tables", "| Name | Al"), "Name, Al"); /* the row's end is not waited for */
}

TEST(html_is_not_read_out)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"<p>Hello <b>you</b>&nbsp;&amp; me</p>", "\nHello you & me\n"},
        {"a<br>b<br/>c", "a\nb\nc"},
        {"<ul><li>One</li><li class=\"x\">Two</li></ul>", "\n\nOne\n\nTwo\n\n"},
        {"<!-- hidden --> shown <!DOCTYPE html>x", " shown x"},
        {"<script>if (a < b) alert('<b>')</script>after", "after"},
        {"<style>p { color: red }</style>after", "after"},
        {"5 < 6 and 7 > 3 and a<b and x <= y", "5 < 6 and 7 > 3 and a<b and x <= y"},
        {"List<String> and your <name> and <break time=\"1s\"/>",
         "List<String> and your <name> and <break time=\"1s\"/>"},
        {"<https://x.org/a> and <mailto:a@b.c>", "https://x.org/a and mailto:a@b.c"},
        {"&lt;b&gt; &#65;&#x42; &copy; &nope; & co AT&T; &#0;",
         "<b> AB \xc2\xa9 &nope; & co AT&T; &#0;"},
        {"a <b", "a <b"},
        {"<<b>x</b>", "<x"},
        {"& <i>y</i> &<b>z</b>", "& y &z"},
        {"<img src='a.png' alt=\"x\">", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        filter("html", cases[i].text, cases[i].want);
}

TEST(of_an_address_the_host_is_spoken)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"See https://www.example.com/a/b?c=d#e.", "See example.com."},
        {"(http://x.org)", "(x.org)"},
        {"www.example.com, and more", "example.com, and more"},
        {"HTTPS://Example.COM/X!", "Example.COM!"},
        {"at https://localhost:8080/x now", "at localhost now"},
        {"https://ww.x.y and https://w and https://www.", "ww.x.y and w and "},
        {"https://en.wikipedia.org/wiki/A_(b) is", "en.wikipedia.org) is"},
        {"http is https not www", "http is https not www"},
        {"xhttps://a and a@www.b.c", "xhttps://a and a@www.b.c"},
        {"\"https://a.b/c\" <https://d.e>", "\"a.b\" <d.e>"},
        {"https://a.b... so", "a.b... so"},
        {"see https://\xc3\xbc.de/x", "see \xc3\xbc.de"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        filter("urls", cases[i].text, cases[i].want);
}

/* ------------------------------------------------------------------ numbers */

TEST(figures_are_said_as_an_english_speaker_says_them)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        /* money */
        {"It is $3.50.", "It is three dollars and fifty cents."},
        {"$1, $0.99 and $1.01", "one dollar, ninety nine cents and one dollar and one cent"},
        {"$1,234,567", "one million two hundred thirty four thousand five hundred sixty seven "
                       "dollars"},
        {"$5 million or \xe2\x82\xac"
         "1.5bn",
         "five million dollars or one point five billion euros"},
        {"\xc2\xa3"
         "2.50 and 3 \xe2\x82\xac",
         "two pounds and fifty pence and three euros"},
        {"$20-30 a day", "twenty to thirty dollars a day"},
        /* percent, units */
        {"12.5% more", "twelve point five percent more"},
        {"5 km, 1 km/h, 80kg", "five kilometers, one kilometer per hour, eighty kilograms"},
        {"21.5\xc2\xb0"
         "C or -5 \xc2\xb0"
         "F",
         "twenty one point five degrees Celsius or minus five degrees Fahrenheit"},
        {"16 GB and 2.4 GHz", "sixteen gigabytes and two point four gigahertz"},
        {"5-10 km", "five to ten kilometers"},
        {"10 people, 3 m wide", "10 people, three meters wide"},
        /* numbers */
        {"1,000 and 3.14", "one thousand and three point one four"},
        {"1,234,567.", "one million two hundred thirty four thousand five hundred sixty seven."},
        {"order 84123456", "order eight four one two three four five six"},
        {"10000000 stars", "ten million stars"},
        {"in 1984, 42 of 123456", "in 1984, 42 of 123456"},
        {"2019-2021 and 2019\xe2\x80\x93"
         "2021",
         "twenty nineteen to twenty twenty one and twenty nineteen to twenty twenty one"},
        {"1/2 cup, 1 1/2 cups, 3/4", "one half cup, one and a half cups, three quarters"},
        {"24/7 support", "twenty four seven support"},
        {"~5 minutes, #1", "about five minutes, number one"},
        {"version 1.2.3 on 192.168.1.1", "version one dot two dot three on one hundred ninety two "
                                         "dot one hundred sixty eight dot one dot one"},
        {"salt & pepper, 2 + 2 = 4", "salt and pepper, 2 plus 2 equals 4"},
        /* times, dates */
        {"at 3:30 pm or 9:00", "at three thirty PM or nine o'clock"},
        {"at 9:05am, 15:00, 3 p.m.", "at nine oh five AM, fifteen hundred, three PM"},
        {"on 2025-03-04 at", "on March fourth, twenty twenty five at"},
        {"on 3/4/2025.", "on March fourth, twenty twenty five."},
        {"on 25/12/2024", "on December twenty fifth, twenty twenty four"},
        {"24.12.2005", "December twenty fourth, two thousand five"},
        /* telephone */
        {"Call 555-123-4567.", "Call five five five, one two three, four five six seven."},
        {"(555) 123-4567", "five five five, one two three, four five six seven"},
        {"555-1234 or 1-800-555-0199",
         "five five five, one two three four or one, eight zero zero, "
         "five five five, zero one nine nine"},
        {"+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"},
        {"+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        filter("numbers", cases[i].text, cases[i].want);
}

TEST(what_only_looks_like_a_figure_stays)
{
    static const char *const same[] = {
        "TCP/IP, km/h, and/or",
        "B2B, 3D, mp3, a1-b2",
        "5 / 6",
        "1-2-3",
        "the 5-year plan",
        "1st, 2nd and 21st",
        "x = y",
        "10k users",
        "(555)",
        "99/100",
        "13:61",
        "$ and # and ~",
        "2025-13-45",
        "3-2",
        "(5 of 6)",
        "it is 7",
        "1.",
        "a-5",
        "well-known",
        "A4 paper",
        "catch-22",
        "x+1",
        "",
        "5m",
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(same[i], "x = y")) /* "=" between words is said */
            filter("numbers", same[i], same[i]);
    filter("numbers", "x = y", "x equals y");
}

TEST(other_languages_keep_their_figures)
{
    filter_in("numbers", "de", "Das kostet $3.50.", "Das kostet $3.50.");
    filter_in("numbers", "auto", "Das kostet $3.50 und 5 km.", "Das kostet $3.50 und 5 km.");
    filter_in("numbers", "auto", "C'est 5 km. Il est 3:30.", "C'est 5 km. Il est 3:30.");
    filter_in("numbers", "auto", "It costs $3.50.", "It costs three dollars and fifty cents.");
    filter_in("numbers", "auto", "$3.50.", "$3.50."); /* nobody can know */
    filter_in("numbers", "en-GB", "3/4/2025", "April third, twenty twenty five");
}

TEST(the_defaults_together)
{
    filter(DEFAULTS,
           "## Your order\n\n- **Tea** \xf0\x9f\x8d\xb5 is $2.50\n- See "
           "[the menu](https://x.org/menu?x=1)\n\n| Size | Price |\n|---|---|\n| 0.5 L | $3 |\n"
           "```json\n{\"a\": 1}\n```\nCall <b>555-1234</b>!",
           "Your order\n\nTea  is two dollars and fifty cents\nSee the menu\n\nSize, Price.\n"
           "zero point five liters, three dollars.\n\nCall five five five, one two three four!");
    filter("none", "**a**", "**a**");
    filter(NULL, "**a**", "**a**");
}

/* ------------------------------------------------------------------ when does it leave? */

TEST(plain_text_is_never_held_longer_than_its_last_word)
{
    static const char text[] = "Sure, I can help you with that. Your table is booked for tonight.";
    struct myna_filters *fi;

    for (int k = 0; k < 2; k++) {
        fi = make(k ? "spoken, emoji, numbers" : DEFAULTS, "auto");
        for (size_t i = 0; i < sizeof text - 1; i++) {
            CHECK_EQ(myna_filters_push(fi, (struct myna_view){(const uint8_t *)text + i, 1}), 0);
            size_t word = i + 1; /* where the word that is being written begins */
            while (word > 0 && text[word - 1] != ' ')
                word--;
            CHECK(n_got + 1 >= word);
        }
        myna_filters_destroy(fi);
    }
}

TEST(the_first_clause_leaves_with_its_comma_and_a_letter)
{
    CHECK_STR(left(DEFAULTS, "Sure, I"), "Sure,");
    CHECK_STR(left(DEFAULTS, "**Sure**, I"), "Sure,");
    CHECK_STR(left(DEFAULTS, "It is $3.50, and "), "It is three dollars and fifty cents, and");
    CHECK_STR(left(DEFAULTS, "I have 5 apples, a"), "I have 5 apples,");
    CHECK_STR(left(DEFAULTS, "See https://example.com/abc, and "), "See example.com, and");
    CHECK_STR(left(DEFAULTS, "# Well <b>then</b>, a"), "Well then,");
    CHECK_STR(left("spoken", "Well, a"), "Well, a");
    CHECK_STR(left("spoken", "Open `x` then, a"), "Open then, a");
}

TEST(a_figure_waits_for_what_could_belong_to_it_alone)
{
    CHECK_STR(left("numbers", "It is 5"), "It is ");
    CHECK_STR(left("numbers", "It is 5 b"), "It is 5 b");
    CHECK_STR(left("numbers", "It is 5 k"), "It is "); /* kilometers? */
    CHECK_STR(left("numbers", "It is 5 a"), "It is "); /* in the morning? */
    CHECK_STR(left("numbers", "It is 5 ki"), "It is 5 ki");
    CHECK_STR(left("numbers", "It is $3.5"), "It is ");
    CHECK_STR(left("numbers", "It is ( maybe"), "It is ( maybe");
}

/* ------------------------------------------------------------------ any chunking, any bytes */

TEST(random_text_in_random_pieces_through_every_chain)
{
    static const char *const chains[] = {DEFAULTS, "spoken, emoji, numbers", "spoken_keep",
                                         "html, urls, numbers", "numbers, urls, html, code"};
    static const char *const bits[] = {
        "*",       "**",       "_",        "`",        "```",
        "~~~",     "[",        "](",       ")",        "# ",
        "- ",      " ",        " ",        "\n",       "a",
        "the ",    ", ",       "\xc3\xa9", ".",        "|",
        "| - ",    "<",        "<b>",      "</b>",     ">",
        "&",       "amp;",     "&#x41;",   "http",     "s://",
        "www.",    "x.org",    "/",        "MEDIA:",   "C:\\",
        "~",       "1",        "23",       "555-",     "1234",
        ":30",     " pm",      "$",        "%",        " km",
        "/h",      "\xff",     "\xe2\x82", "\xac\x35", "20",
        "-",       "+",        "(",        "!",        "\xf0\x9f\x98\x80",
        "million", "<script>", "</script>"};
    uint32_t seed = 7;

    for (int round = 0; round < 1500; round++) {
        const char *chain = chains[round % 5];
        static char text[4000], want[sizeof got];
        struct myna_filters *fi;

        text[0] = '\0';
        for (int i = 0; i < 80; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(text, bits[(seed >> 16) % (sizeof bits / sizeof *bits)]);
        }
        fi = make(chain, "auto");
        CHECK_EQ(myna_filters_push(fi, myna_view_of(text)), MYNA_OK);
        myna_filters_flush(fi);
        myna_filters_destroy(fi);
        strcpy(want, got);
        fi = make(chain, "auto");
        for (size_t at = 0, n; text[at]; at += n) {
            seed = seed * 1664525 + 1013904223;
            n = strnlen(text + at, 1 + (seed >> 24) % 7);
            CHECK_EQ(myna_filters_push(fi, (struct myna_view){(const uint8_t *)text + at, n}), 0);
        }
        myna_filters_flush(fi);
        CHECK_STR(got, want);
        /* and the chain begins anew after a flush */
        n_got = 0;
        CHECK_EQ(myna_filters_push(fi, myna_view_of(text)), MYNA_OK);
        myna_filters_flush(fi);
        CHECK_STR(got, want);
        myna_filters_destroy(fi);
    }
}

/* ------------------------------------------------------------------ back to what was written */

static struct myna_written written;

static void keep(void *arg, struct myna_view v, const uint32_t *src)
{
    out(arg, v, src);
    CHECK_EQ(myna_written_add(&written, src, v.len), MYNA_OK);
}

/* What was written of the spoken text up to and with `word`. */
static void written_upto(const char *text, const char *word, const char *want)
{
    size_t n = (size_t)(strstr(got, word) - got) + strlen(word), at = myna_written_at(&written, n);
    char part[400];

    snprintf(part, sizeof part, "%.*s", (int)at, text);
    CHECK_STR(part, want);
}

TEST(what_was_heard_leads_back_to_what_was_written)
{
    static const char text[] =
        "It **costs** $3.50 gr\xc3\xbc\xc3\x9f, see [menu](https://x.org) ok.";
    struct myna_filters *fi = myna_filters_create(&(struct myna_filters_options){
        .transforms = list_of(DEFAULTS), .language = "en", .out = keep});

    n_got = 0, last_src = 0;
    myna_written_init(&written);
    CHECK_EQ(myna_filters_push(fi, myna_view_of(text)), MYNA_OK);
    myna_filters_flush(fi);
    CHECK_STR(got, "It costs three dollars and fifty cents gr\xc3\xbc\xc3\x9f, see menu ok.");
    written_upto(text, "It", "It");
    written_upto(text, "costs", "It **costs");
    written_upto(text, "three", "It **costs** ");
    written_upto(text, "fifty", "It **costs** ");
    written_upto(text, "cents", "It **costs** $3.50");
    written_upto(text, "gr\xc3\xbc\xc3\x9f,", "It **costs** $3.50 gr\xc3\xbc\xc3\x9f,");
    written_upto(text, "menu", "It **costs** $3.50 gr\xc3\xbc\xc3\x9f, see [menu");
    written_upto(text, "ok.", text);
    CHECK_EQ(myna_written_at(&written, 0), 0);
    CHECK_EQ(myna_written_at(&written, 10000), sizeof text - 1);
    CHECK(written.n < 20); /* runs, not bytes */
    myna_written_fini(&written);
    myna_filters_destroy(fi);
}

/* ------------------------------------------------------------------ the list */

static enum myna_err check(const char *names, struct myna_why *why)
{
    return myna_filters_check(list_of(names), why);
}

TEST(an_unknown_transform_is_named_with_the_nearest)
{
    struct myna_why why = {0};

    CHECK_EQ(check(DEFAULTS, &why), MYNA_OK);
    CHECK_EQ(check("none", &why), MYNA_OK);
    CHECK_EQ(myna_filters_check(NULL, &why), MYNA_OK);
    CHECK_EQ(check("spoken filter_emoji", &why), MYNA_OK);
    CHECK_EQ(check("markdwn", &why), MYNA_ECONFIG);
    CHECK(strstr(why.text, "'markdwn'; did you mean 'markdown'?"));
    CHECK_EQ(check("markdown numbrs", &why), MYNA_ECONFIG);
    CHECK_EQ(check("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &why), MYNA_ECONFIG);
}

TEST(replacements_are_pairs)
{
    static const char *const pairs[] = {"LiveKit=live kit", "a=b=c", "x=", "=none", NULL};
    struct myna_replacement r[3];
    struct myna_why why = {0};
    size_t n = 9;
    struct myna_filters *fi;

    CHECK_EQ(myna_filters_replacements(pairs, r, 3, &n, &why), MYNA_OK);
    CHECK_EQ(n, 3);
    fi = make("none", "en");
    myna_filters_destroy(fi);
    fi = myna_filters_create(
        &(struct myna_filters_options){.replace = r, .n_replace = n, .out = out});
    CHECK_EQ(myna_filters_push(fi, myna_view_of("livekit, xylo, none.")), MYNA_OK);
    myna_filters_flush(fi);
    myna_filters_destroy(fi);
    CHECK_STR(got, "live kit, ylo, none.");
    CHECK_EQ(myna_filters_replacements(pairs, r, 2, &n, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "at most 2");
    CHECK_EQ(myna_filters_replacements(NULL, r, 2, &n, &why), MYNA_OK);
    CHECK_EQ(n, 0);
}

TEST_MAIN

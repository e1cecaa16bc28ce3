/* spoken_test.c - the acceptance table of voice-gateway 10: a test for each row and each mode, KEEP
 * (transform spoken_keep) and FIX (transform spoken), each over all cuts. */
#include "all_cuts.h"

#define SPOKEN(name, text, kept, fixed)                                                            \
    TEST(keep_##name)                                                                              \
    {                                                                                              \
        filter("spoken_keep", text, kept);                                                         \
    }                                                                                              \
    TEST(fix_##name)                                                                               \
    {                                                                                              \
        filter("spoken", text, fixed);                                                             \
    }

/* ---- the table */

SPOKEN(bold, "Hello **world**", "Hello world", "Hello world")
SPOKEN(inline_code, "Run `ls -la` now", "Run now", "Run now")
SPOKEN(link, "See https://example.com/foo for more.", "See for more.", "See for more.")
SPOKEN(path, "Edit /Users/x/foo.py please", "Edit please", "Edit please")
SPOKEN(home_path, "Open ~/notes.txt ok", "Open ok", "Open ok")
SPOKEN(drive_path, "C:\\Users\\x\\a.txt is it", "is it", "is it")
SPOKEN(media, "MEDIA:photo.jpg done", "done", "done")
SPOKEN(media_path, "MEDIA:/tmp/a.ogg done", "MEDIA: done", "done")
SPOKEN(markdown_link, "[link](https://a.b/c) text", "link text", "link text")
SPOKEN(unclosed_fence, "unclosed```code here", "unclosedcode here", "unclosedcode here")
SPOKEN(unclosed_fence_before_a_word, "unclosed ```code here", "unclosed code here",
       "unclosed code here")
SPOKEN(unclosed_fence_apart, "unclosed ``` code here", "unclosed code here", "unclosed code here")
SPOKEN(slash_in_words, "and/or yes/no", "and yes", "and/or yes/no")
SPOKEN(twenty_four_seven, "24/7 support", "24 support", "24/7 support")
SPOKEN(fraction, "1/2 cup", "1 cup", "1/2 cup")
SPOKEN(tcp_ip, "TCP/IP", "TCP", "TCP/IP")
SPOKEN(km_per_hour, "km/h", "km", "km/h")
SPOKEN(about, "~5 minutes", "minutes", "~5 minutes")
SPOKEN(snake_case, "snake_case_name", "snakecasename", "snake case name")
SPOKEN(star_in_words, "x = a*b", "x = ab", "x = a b")
SPOKEN(division, "5 / 6", "5 / 6", "5 / 6")
SPOKEN(only_a_link, "https://x.y", "", "")
SPOKEN(newlines, "a\n\n\n\nb", "a\n\nb", "a\n\nb")

/* ---- the ten steps one by one */
SPOKEN(fence, "Look: ```c\nint x;\n``` so.", "Look: so.", "Look: so.")
SPOKEN(two_fences, "a ```x``` b ```y``` c", "a b c", "a b c")
SPOKEN(empty_fence, "a `````` b", "a b", "a b")
SPOKEN(empty_inline_code, "a `` b", "a b", "a b")
SPOKEN(inline_code_over_lines, "a `b\nc` d", "a d", "a d")
SPOKEN(lone_backtick, "the ` key", "the key", "the key")
SPOKEN(scheme_alone, "http:// is https", "http: is https", "http:// is https")
SPOKEN(upper_case_scheme, "HTTP://x is", "HTTP: is", "HTTP://x is")
SPOKEN(link_in_a_word, "xhttps://a b", "x b", "x b")
SPOKEN(link_behind_a_bracket, "(https://a.b) c", "c", "c")
SPOKEN(path_in_brackets, "(see /etc/passwd)", "see", "see")
SPOKEN(path_in_quotes, "\"/etc/x\" it", "\"\" it", "\"\" it")
SPOKEN(path_of_letters_beyond_ascii, "in /t\xc3\xa4g/\xe6\x97\xa5 now", "in now", "in now")
SPOKEN(media_needs_a_name, "MEDIA: x", "MEDIA: x", "MEDIA: x")
SPOKEN(brackets, "a [b] (c) #d", "a b c d", "a b c d")
SPOKEN(stars_around_words, "a *b* and **c**d", "a b and cd", "a b and c d")
SPOKEN(init, "call __init__.", "call init.", "call init.")
SPOKEN(spaces, "  a    b  ", "a b", "a b")
SPOKEN(trim, "\n \t a \n\n ", "a", "a")
SPOKEN(nothing, "", "", "")
SPOKEN(emoji_and_letters_stay, "\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f dich",
       "\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f dich", "\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f dich")

static void letters(const char *mode)
{
    static char text[5001], want[4001];

    memset(text, 'a', 5000);
    memset(want, 'a', 4000);
    filter(mode, text, want);
}

TEST(keep_five_thousand_letters)
{
    letters("spoken_keep");
}

TEST(fix_five_thousand_letters)
{
    letters("spoken"); /* no sentence ends before 4,000 */
}

TEST(a_long_text_ends_with_its_last_whole_sentence_in_fix_mode)
{
    static char text[6001], want[6001];
    size_t n = 0;

    while (n + 40 < 6000) /* 39 characters and a space each: 4,000 fall into the hundredth */
        n += (size_t)sprintf(text + n, "This sentence has forty characters all. ");
    memcpy(want, text, 4000);
    want[3999] = '\0'; /* the space behind the hundredth */
    filter("spoken", text, want);
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = 'X'; /* now the hundredth ends at 4,000 exactly */
    memmove(want + 1, want, strlen(want) + 1);
    want[0] = 'X';
    filter("spoken", text, want);
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = 'Y'; /* and now one too late */
    memmove(want + 1, want, strlen(want) + 1);
    want[0] = 'Y';
    want[1 + 1 + 99 * 40 - 1] = '\0';
    filter("spoken", text, want);
}

TEST(characters_are_counted_not_bytes)
{
    static char text[9001], want[8001];

    for (int i = 0; i < 4500; i++)
        memcpy(text + 2 * i, "\xc3\xa4", 2);
    memcpy(want, text, 8000);
    filter("spoken_keep", text, want);
}

TEST(a_fence_that_never_closes_holds_only_what_follows_it)
{
    static char text[40000];

    CHECK_STR(left("spoken", "First. Then ```"), "First. Then");
    strcpy(text, "Before. ```");
    memset(text + 11, 'x', 30000); /* more than can be held: it was code */
    filter("spoken", text, "Before.");
    strcat(text, "``` After.");
    filter("spoken", text, "Before. After.");
}

TEST_MAIN

/* phonemes_test.c - from text over Flite's phones to the symbols of the voice. */
#include "check.h"

#include "providers/phonemes.h"

/* Code points as UTF-8, for comparing with what a person reads. */
static void utf8(const int32_t *codes, size_t n, char *into)
{
    for (size_t i = 0; i < n; i++) {
        if (codes[i] < 0x80) {
            *into++ = (char)codes[i];
        } else {
            *into++ = (char)(0xC0 | codes[i] >> 6);
            *into++ = (char)(0x80 | (codes[i] & 63));
        }
    }
    *into = '\0';
}

static void ipa_of(const char *text, char *into)
{
    struct myna_flite *fl = NULL;
    struct myna_phone *phones;
    int32_t codes[512];
    size_t n;

    if (myna_flite_open(false, &fl, NULL))
        SKIP("Flite is not installed: apt install libflite1");
    CHECK_EQ(myna_flite_phones(fl, text, &phones, &n), MYNA_OK);
    utf8(codes, myna_phonemes(phones, n, myna_phones_sign(phones, n, n), codes, 512), into);
    free(phones);
    myna_flite_close(fl);
}

TEST(a_greeting_becomes_ipa_with_stress_and_signs)
{
    char ipa[2048];

    ipa_of("Hello, it's 7 times 8!", ipa);
    CHECK_STR(ipa, "həlˈoʊ, ˈɪts sˈɛvən tˈaɪmz ˈeɪt!");
}

TEST(money_is_spoken_and_a_text_without_an_end_gets_a_full_stop)
{
    char ipa[2048];

    ipa_of("that costs $5", ipa);
    CHECK_STR(ipa, "ðˈæt kˈɑːsts fˈaɪv dˈɑːlɚz.");
}

TEST(nothing_to_say_gives_nothing)
{
    char ipa[2048];

    ipa_of("", ipa);
    CHECK_STR(ipa, "");
    ipa_of("...", ipa);
    CHECK(strlen(ipa) <= 1);
}

TEST(phones_know_their_written_word)
{
    static const char text[] = "a dog, a $5 dog";
    struct myna_flite *fl = NULL;
    struct myna_phone *p;
    char seen[128] = "";
    size_t n;

    if (myna_flite_open(false, &fl, NULL))
        SKIP("Flite is not installed: apt install libflite1");
    CHECK_EQ(myna_flite_phones(fl, text, &p, &n), MYNA_OK);
    for (size_t i = 0; i < n; i++)
        if (p[i].len && (i == 0 || !p[i - 1].len || p[i].offset != p[i - 1].offset))
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "[%.*s]", (int)p[i].len,
                     text + p[i].offset);
    free(p);
    myna_flite_close(fl);
    CHECK_STR(seen, "[a][dog,][a][$5][dog]");
}

TEST(the_output_is_bounded)
{
    struct myna_phone p = {.name = "aw", .stressed = true, .len = 1};
    int32_t codes[2] = {7, 7};

    CHECK_EQ(myna_phonemes(&p, 1, '.', codes, 1), 1);
    CHECK_EQ(codes[0], 0x2C8);
    CHECK_EQ(codes[1], 7);
}

TEST(a_long_clause_is_cut_before_a_phrase_and_a_short_one_is_not)
{
    /* 4 phones a word: "once with they went far away home" */
    static const char text[] = "once they went with them home soon";
    static const uint32_t offset[] = {0, 5, 10, 15, 20, 25, 30}, len[] = {4, 4, 4, 4, 4, 4, 4};
    struct myna_phone p[28] = {0};

    for (int i = 0; i < 28; i++)
        p[i] = (struct myna_phone){
            .name = "t", .begins = i % 4 == 0, .offset = offset[i / 4], .len = len[i / 4]};
    CHECK_EQ(myna_phones_cut(p, 28, 16, text), 12); /* before "with", though 16 would be allowed */
    CHECK_EQ(myna_phones_cut(p, 28, 10, text), 8);
    CHECK_EQ(myna_phones_cut(p, 20, 16, text), 20);
}

TEST(typographic_signs_and_accents_are_folded)
{
    char text[] = "\xE2\x80\x9CIt\xE2\x80\x99s caf\xC3\xA9\xE2\x80\x94yes\xE2\x80\xA6\xE2\x80\x9D "
                  "\xF0\x9F\x98\x80 ok\n\xC3";

    myna_flite_fold(text);
    CHECK_STR(text, "\"It's cafe, yes...\"  ok ");
}

TEST_MAIN

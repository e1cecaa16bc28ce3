/* derive_test.c - the files that we make of what the packages hold. */
#include "check.h"

#include <unistd.h>

#include "models/models.h"

static char in[] = "/tmp/derive_in.XXXXXX", out[64];

static void given(const void *bytes, size_t n)
{
    FILE *f;

    snprintf(in, sizeof in, "/tmp/derive_in.XXXXXX");
    close(mkstemp(in));
    snprintf(out, sizeof out, "%s.out", in);
    f = fopen(in, "wb");
    CHECK(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static size_t made(char *text, size_t size)
{
    FILE *f = fopen(out, "rb");
    size_t n;

    CHECK(f != NULL);
    n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    fclose(f);
    return n;
}

static void tidy(void)
{
    unlink(in);
    unlink(out);
}

TEST(tokens_are_base64_with_spaces_for_marks_and_empty_for_unused)
{
    /* "<s>", unused, "▁a", "hi" */
    static const char bin[] = "\x03<s>\x00\x04\xE2\x96\x81"
                              "a\x02hi";
    char text[256];

    given(bin, sizeof bin - 1);
    CHECK_EQ(myna_model_make_tokens(in, out, NULL), MYNA_OK);
    made(text, sizeof text);
    tidy();
    CHECK_STR(text, "PHM+ 0\n 1\nIGE= 2\naGk= 3\n");
}

TEST(a_token_longer_than_127_bytes_has_its_length_in_two_bytes)
{
    char bin[2 + 300], text[1024];

    memset(bin, 'x', sizeof bin);
    bin[0] = (char)(300 % 128 + 128);
    bin[1] = 300 / 128;
    given(bin, sizeof bin);
    CHECK_EQ(myna_model_make_tokens(in, out, NULL), MYNA_OK);
    made(text, sizeof text);
    tidy();
    CHECK_EQ(strlen(text), 400 + strlen(" 0\n"));
    CHECK_EQ(strncmp(text, "eHh4eHh4", 8), 0);
}

TEST(a_cut_tokenizer_is_refused_with_its_name_and_leaves_no_file)
{
    struct myna_why why = {0};

    given("\x03<s>\x05"
          "ab",
          7);
    CHECK_EQ(myna_model_make_tokens(in, out, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, in);
    CHECK_HAS(why.text, "entry 1");
    CHECK(access(out, F_OK) != 0);
    given("\x80", 1);
    CHECK_EQ(myna_model_make_tokens(in, out, &why), MYNA_EFORMAT);
    given("", 0);
    CHECK_EQ(myna_model_make_tokens(in, out, &why), MYNA_EFORMAT);
    tidy();
}

TEST(a_voice_keeps_its_bytes_and_gets_seven_metadata_entries)
{
    static const char onnx[] = "\x08\x07model";
    /* field 14, length 17: {1: "n_speakers", 2: "1"} is 10 + 1 + 4 = 15 bytes */
    static const char entry[] = "\x72\x0f\x0a\x0an_speakers\x12\x01"
                                "1";
    char text[512];
    size_t n, entries = 0;

    given(onnx, sizeof onnx - 1);
    CHECK_EQ(myna_model_make_voice(in, out, NULL), MYNA_OK);
    n = made(text, sizeof text);
    tidy();
    CHECK(n > sizeof onnx && memcmp(text, onnx, sizeof onnx - 1) == 0);
    CHECK(memmem(text, n, entry, sizeof entry - 1) != NULL);
    for (size_t i = sizeof onnx - 1; i < n; i += (size_t)text[i + 1] + 2, entries++)
        CHECK_EQ(text[i], 0x72);
    CHECK_EQ(entries, 7);
}

TEST(symbols_are_listed_in_the_order_of_the_description)
{
    static const char json[] = "{\"phoneme_id_map\": {\"_\": [0], \" \": [3], \"\xC9\x91\": [51]}}";
    char text[256];

    given(json, sizeof json - 1);
    CHECK_EQ(myna_model_make_symbols(in, out, NULL), MYNA_OK);
    made(text, sizeof text);
    tidy();
    CHECK_STR(text, "_ 0\n  3\n\xC9\x91 51\n");
}

TEST(a_description_without_symbols_is_refused)
{
    struct myna_why why = {0};

    given("{}", 2);
    CHECK_EQ(myna_model_make_symbols(in, out, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "phoneme_id_map");
    given("{", 1);
    CHECK_EQ(myna_model_make_symbols(in, out, &why), MYNA_EFORMAT);
    tidy();
    CHECK_EQ(myna_model_make_symbols("no-such-file", out, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "no-such-file");
}

TEST(an_output_that_cannot_be_written_is_named)
{
    struct myna_why why = {0};

    given("\x01"
          "a",
          2);
    CHECK(myna_model_make_tokens(in, "no/such/folder/tokens.txt", &why) != MYNA_OK);
    CHECK_HAS(why.text, "no/such/folder/tokens.txt");
    tidy();
}

TEST_MAIN

/* derive_test.c - the files that we make of what the packages hold; and when memory or the disk
 * fails meanwhile: the right error, and no half file. */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <unistd.h>

#include "models/models.h"
#include "turn/safetensors.h"
#include "util/buf.h"
#include "util/fs.h"

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

/* ---- Silero's weights out of an ONNX model */

static const struct {
    const char *onnx, *name;
    size_t n;
} tensors[] = {
    {"model.stft.forward_basis_buffer", "stft_conv.weight", 258 * 256},
    {"model.encoder.0.reparam_conv.weight", "conv1.weight", 128 * 129 * 3},
    {"model.encoder.0.reparam_conv.bias", "conv1.bias", 128},
    {"model.encoder.1.reparam_conv.weight", "conv2.weight", 64 * 128 * 3},
    {"model.encoder.1.reparam_conv.bias", "conv2.bias", 64},
    {"model.encoder.2.reparam_conv.weight", "conv3.weight", 64 * 64 * 3},
    {"model.encoder.2.reparam_conv.bias", "conv3.bias", 64},
    {"model.encoder.3.reparam_conv.weight", "conv4.weight", 128 * 64 * 3},
    {"model.encoder.3.reparam_conv.bias", "conv4.bias", 128},
    {"model.decoder.rnn.weight_ih", "lstm_cell.weight_ih", 512 * 128},
    {"model.decoder.rnn.weight_hh", "lstm_cell.weight_hh", 512 * 128},
    {"model.decoder.rnn.bias_ih", "lstm_cell.bias_ih", 512},
    {"model.decoder.rnn.bias_hh", "lstm_cell.bias_hh", 512},
    {"model.decoder.decoder.2.weight", "final_conv.weight", 128},
    {"model.decoder.decoder.2.bias", "final_conv.bias", 1},
};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

static void put_varint(struct myna_buf *b, size_t v)
{
    for (; v >= 128; v >>= 7)
        myna_buf_u8(b, (uint8_t)(v | 128));
    myna_buf_u8(b, (uint8_t)v);
}

/* Field `number` of a message: its bytes behind their length. */
static void put_field(struct myna_buf *b, size_t number, const void *ptr, size_t n)
{
    put_varint(b, number << 3 | 2);
    put_varint(b, n);
    myna_buf_put(b, ptr, n);
}

/* A model of our tensors and one that nobody wants; number k of tensor i is i * 1000 + k % 1000.
 * `without`: this one is left out. */
static void given_onnx(int without)
{
    struct myna_buf graph, model;
    static float numbers[65536 + 1024];

    myna_buf_init(&graph, 16 << 20);
    myna_buf_init(&model, 16 << 20);
    for (int i = -1; i < N_TENSORS; i++) {
        size_t n = i < 0 ? 3 : tensors[i].n;
        const char *name = i < 0 ? "model.of.no.interest" : tensors[i].onnx;
        struct myna_buf tensor;

        if (i == without)
            continue;
        for (size_t k = 0; k < n; k++)
            numbers[k] = (float)(i * 1000 + (int)(k % 1000));
        myna_buf_init(&tensor, 16 << 20);
        put_varint(&tensor, 1 << 3); /* a shape, as numbers */
        put_varint(&tensor, n);
        put_field(&tensor, 8, name, strlen(name));
        put_field(&tensor, 9, numbers, n * 4);
        put_field(&graph, 5, tensor.ptr, tensor.len);
        myna_buf_fini(&tensor);
    }
    put_field(&model, 2, "a maker", 7);
    put_field(&model, 7, graph.ptr, graph.len);
    CHECK_EQ(model.err, MYNA_OK);
    given(model.ptr, model.len);
    myna_buf_fini(&graph);
    myna_buf_fini(&model);
}

TEST(the_weights_of_the_onnx_model_are_found_by_name_and_kept_bit_by_bit)
{
    struct myna_safetensors *st = NULL;
    char *bytes = NULL;
    size_t len;

    given_onnx(-2);
    CHECK_EQ(myna_model_make_silero(in, out, NULL), MYNA_OK);
    CHECK_EQ(myna_fs_read(out, 16 << 20, &bytes, &len, NULL), MYNA_OK);
    tidy();
    CHECK_EQ(myna_safetensors_parse("made", (uint8_t *)bytes, len, &st, NULL), MYNA_OK);
    CHECK_EQ(myna_safetensors_count(st), N_TENSORS);
    for (int i = 0; i < N_TENSORS; i++) {
        const struct myna_tensor *t = myna_safetensors_find(st, tensors[i].name);

        CHECK(t != NULL);
        CHECK_STR(t->dtype, "F32");
        CHECK_EQ(t->bytes, tensors[i].n * 4);
        for (size_t k = 0; k < tensors[i].n; k++) {
            float is, want = (float)(i * 1000 + (int)(k % 1000));

            memcpy(&is, t->data + 4 * k, 4);
            if (is != want)
                check_fail(__FILE__, __LINE__, "%s[%zu] is %g", tensors[i].name, k, (double)is);
        }
    }
    myna_safetensors_destroy(st);
    free(bytes);
}

TEST(a_model_without_one_of_the_tensors_is_refused_by_its_name)
{
    struct myna_why why = {0};

    given_onnx(5);
    CHECK_EQ(myna_model_make_silero(in, out, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, tensors[5].onnx);
    CHECK(access(out, F_OK) != 0);
    tidy();
}

TEST(a_model_cut_anywhere_is_refused)
{
    char *bytes = NULL;
    size_t len;

    given_onnx(-2);
    CHECK_EQ(myna_fs_read(in, 16 << 20, &bytes, &len, NULL), MYNA_OK);
    for (size_t n = 0; n < len; n += len / 40 + 1) {
        FILE *f = fopen(in, "wb");

        CHECK(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
        CHECK_EQ(myna_model_make_silero(in, out, NULL), MYNA_EFORMAT);
    }
    free(bytes);
    tidy();
}

/* ---- memory and disk that fail */

struct making {
    enum myna_err (*make)(const char *from, const char *to, struct myna_why *why);
    enum myna_err want;
};

static bool make_once(void *arg)
{
    const struct making *m = arg;
    struct myna_why why = {0};
    enum myna_err err = m->make(in, out, &why);
    bool there = access(out, F_OK) == 0;

    unlink(out);
    CHECK_EQ(there, err == MYNA_OK); /* whole or not there */
    if (!err)
        return true;
    CHECK(fault_hit());
    CHECK_EQ(why.err, err);
    if (!strstr(why.text, in) && !strstr(why.text, out))
        check_fail(__FILE__, __LINE__, "no file is named: %s", why.text);
    CHECK_EQ(err, m->want);
    return false;
}

static void fails_well(enum myna_err (*make)(const char *, const char *, struct myna_why *),
                       unsigned long ios, unsigned long allocs)
{
    CHECK(fault_each_io(make_once, &(struct making){make, MYNA_EIO}, EIO) >= ios);
    CHECK(fault_each_io(make_once, &(struct making){make, MYNA_ENOSPC}, ENOSPC) >= ios);
    CHECK(fault_each_alloc(make_once, &(struct making){make, MYNA_ENOMEM}) >= allocs);
    tidy();
}

TEST(tokens_that_cannot_be_read_or_written_are_whole_or_not_there)
{
    given("\x03<s>\x02hi", 7);
    fails_well(myna_model_make_tokens, 5, 3);
}

TEST(symbols_that_cannot_be_read_or_written_are_whole_or_not_there)
{
    static const char json[] = "{\"phoneme_id_map\": {\"_\": [0], \"a\": [3]}}";

    given(json, sizeof json - 1);
    fails_well(myna_model_make_symbols, 5, 10);
}

TEST(a_voice_that_cannot_be_read_or_written_is_whole_or_not_there)
{
    given("\x08\x07model", 7);
    fails_well(myna_model_make_voice, 5, 0);
}

TEST(weights_that_cannot_be_read_or_written_are_whole_or_not_there)
{
    given_onnx(-2);
    fails_well(myna_model_make_silero, 5, 4);
}

TEST_MAIN

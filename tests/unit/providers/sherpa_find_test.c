/* sherpa_find_test.c - which recogniser lies in a folder: by names, and by what a file says at its
 * end. The files here have that alone in them.
 */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "providers/sherpa.h"

static char dir[64];
static struct myna_sherpa_files found;
static struct myna_why why;

/* "name" or "name=what it says of itself", NULL-terminated. */
static enum myna_err look(const char *const *files)
{
    char path[400];
    enum myna_err err;

    strcpy(dir, "/tmp/myna-sherpa-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    for (size_t i = 0; files[i]; i++) {
        size_t n = strcspn(files[i], "=");
        FILE *f;

        snprintf(path, sizeof path, "%s/%.*s", dir, (int)n, files[i]);
        f = fopen(path, "w");
        CHECK(f != NULL);
        for (int k = 0; files[i][n] && k < 100000; k++)
            fputc('w', f); /* weights */
        fputs(files[i] + n, f);
        fclose(f);
    }
    why.text[0] = '\0';
    err = myna_sherpa_find(dir, &found, &why);
    for (size_t i = 0; files[i]; i++) {
        snprintf(path, sizeof path, "%s/%.*s", dir, (int)strcspn(files[i], "="), files[i]);
        unlink(path);
    }
    rmdir(dir);
    return err;
}

#define LOOK(...) look((const char *const[]){__VA_ARGS__, NULL})

static const char *base(const char *path)
{
    return strrchr(path, '/') + 1;
}

TEST(three_parts_are_a_transducer_and_a_chunk_length_makes_it_streaming)
{
    CHECK_EQ(LOOK("encoder-epoch-99.onnx=decode_chunk_len", "decoder-epoch-99.onnx",
                  "joiner-epoch-99.onnx", "tokens.txt"),
             MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_STREAMING);
    CHECK_STR(base(found.encoder), "encoder-epoch-99.onnx");
    CHECK_STR(base(found.decoder), "decoder-epoch-99.onnx");
    CHECK_STR(base(found.joiner), "joiner-epoch-99.onnx");
    CHECK_STR(base(found.tokens), "tokens.txt");
    CHECK_EQ(LOOK("encoder.onnx=zipformer2", "decoder.onnx", "joiner.onnx", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_TRANSDUCER);
    CHECK_EQ(LOOK("encoder.int8.onnx=EncDecRNNTBPEModel", "decoder.int8.onnx", "joiner.int8.onnx",
                  "tokens.txt"),
             MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_PARAKEET);
}

TEST(of_two_files_the_one_of_8_bit_numbers_is_taken)
{
    CHECK_EQ(LOOK("encoder.onnx", "encoder.int8.onnx", "decoder.onnx", "joiner.onnx",
                  "joiner.int8.onnx", "tokens.txt"),
             MYNA_OK);
    CHECK_STR(base(found.encoder), "encoder.int8.onnx");
    CHECK_STR(base(found.decoder), "decoder.onnx");
    CHECK_STR(base(found.joiner), "joiner.int8.onnx");
}

TEST(whisper_and_moonshine_are_known_by_their_names)
{
    CHECK_EQ(LOOK("tiny.en-encoder.int8.onnx", "tiny.en-decoder.int8.onnx", "tiny.en-encoder.onnx",
                  "tiny.en-tokens.txt"),
             MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_WHISPER);
    CHECK_STR(base(found.encoder), "tiny.en-encoder.int8.onnx");
    CHECK_STR(base(found.tokens), "tiny.en-tokens.txt");
    CHECK_EQ(LOOK("encoder_model.ort", "decoder_model_merged.ort", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_MOONSHINE);
    CHECK_EQ(LOOK("preprocess.onnx", "encode.int8.onnx", "cached_decode.int8.onnx",
                  "uncached_decode.int8.onnx", "tokens.txt"),
             MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_MOONSHINE_4);
    CHECK_STR(base(found.fourth), "preprocess.onnx");
    CHECK_STR(base(found.encoder), "encode.int8.onnx");
    CHECK_STR(base(found.decoder), "cached_decode.int8.onnx");
    CHECK_STR(base(found.joiner), "uncached_decode.int8.onnx");
}

TEST(one_file_says_itself_what_it_is)
{
    CHECK_EQ(LOOK("model.int8.onnx=sense_voice_ctc", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_SENSE_VOICE);
    CHECK_EQ(LOOK("model.onnx=model_type paraformer", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_PARAFORMER);
    CHECK_EQ(LOOK("model.onnx=EncDecCTCModelBPE", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_NEMO_CTC);
    CHECK_EQ(LOOK("model.onnx=vits", "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "does not say what it is");
}

TEST(what_is_missing_is_named)
{
    CHECK_EQ(LOOK("encoder.onnx", "decoder.onnx", "joiner.onnx"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no tokens.txt in /tmp/myna-sherpa-");
    CHECK_EQ(LOOK("encoder.onnx", "joiner.onnx", "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "the decoder is missing");
    CHECK_EQ(LOOK("decoder.onnx", "joiner.onnx", "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "the encoder is missing");
    CHECK_EQ(LOOK("tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no recogniser in");
    CHECK_EQ(LOOK("encoder.txt", "decoder.pt", "joiner.onnx.zip", "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no recogniser in");
    CHECK_EQ(myna_sherpa_find("/tmp/no such folder", &found, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no folder");
}

TEST_MAIN

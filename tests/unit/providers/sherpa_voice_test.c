/* sherpa_voice_test.c - which voice lies in a folder, and what would end the program if the library
 * were given it. The files here have their metadata alone in them.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "providers/sherpa.h"

static char dir[64];
static struct myna_sherpa_voice found;
static struct myna_why why;

/* ModelProto's field 14: {1: key, 2: value} */
static void put_meta(FILE *f, const char *key, const char *value)
{
    size_t k = strlen(key), v = strlen(value);

    fprintf(f, "%c%c%c%c%s%c%c%s", 0x72, (char)(k + v + 4), 0x0A, (char)k, key, 0x12, (char)v,
            value);
}

/* "name", or "name=key:value;key:value", or "name#bytes". */
static void make(const char *what)
{
    char path[400], pairs[600];
    size_t n = strcspn(what, "=#");
    FILE *f;

    snprintf(path, sizeof path, "%s/%.*s", dir, (int)n, what);
    f = fopen(path, "w");
    CHECK(f != NULL);
    if (what[n] == '#')
        for (int i = 0; i < atoi(what + n + 1); i++)
            fputc('x', f);
    for (int i = 0; what[n] == '=' && i < 100000; i++)
        fputc('w', f); /* weights */
    snprintf(pairs, sizeof pairs, "%s", what[n] == '=' ? what + n + 1 : "");
    for (char *at = pairs, *save = NULL; (at = strtok_r(at, ";", &save)); at = NULL) {
        char *value = strchr(at, ':');

        *value = '\0';
        put_meta(f, at, value + 1);
    }
    fclose(f);
}

static enum myna_err look(const char *const *files)
{
    char path[400];
    enum myna_err err;

    strcpy(dir, "/tmp/myna-voice-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    for (size_t i = 0; files[i]; i++)
        make(files[i]);
    why.text[0] = '\0';
    err = myna_sherpa_find_voice(dir, &found, &why);
    for (size_t i = 0; files[i]; i++) {
        snprintf(path, sizeof path, "%s/%.*s", dir, (int)strcspn(files[i], "=#"), files[i]);
        unlink(path);
    }
    rmdir(dir);
    return err;
}

#define LOOK(...) look((const char *const[]){__VA_ARGS__, NULL})
#define PIPER     "sample_rate:22050;n_speakers:1;language:English;comment:piper;voice:en-us"
#define KOKORO    "sample_rate:24000;n_speakers:2;has_espeak:1;style_dim:10,1,4;model_type:kokoro"
#define KITTEN    "sample_rate:24000;n_speakers:2;has_espeak:1;style_dim:10,4;model_type:kitten-tts"
#define MATCHA    "sample_rate:22050;n_speakers:1;use_eos_bos:0;pad_id:0"

static const char *base(const char *path)
{
    return strrchr(path, '/') + 1;
}

TEST(one_file_is_a_vits_voice_and_without_a_lexicon_it_gets_phonemes)
{
    CHECK_EQ(LOOK("en_US-amy.onnx=" PIPER, "en_US-amy.onnx.json", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_VITS);
    CHECK(!found.by_text);
    CHECK_STR(base(found.model), "en_US-amy.onnx");
    CHECK_STR(found.voice, "en-us");
    CHECK_EQ(found.n_speakers, 1);
}

TEST(a_lexicon_beside_it_lets_the_library_read_the_text)
{
    CHECK_EQ(LOOK("model.onnx=sample_rate:44100;n_speakers:1;language:Chinese;comment:melo",
                  "lexicon.txt", "date.fst", "number.fst", "tokens.txt"),
             MYNA_OK);
    CHECK(found.by_text);
    CHECK_STR(base(found.lexicon), "lexicon.txt");
    CHECK_HAS(found.rules, "date.fst,");
    CHECK_STR(base(found.rules), "number.fst");
}

TEST(of_two_models_the_one_of_8_bit_numbers_is_taken)
{
    CHECK_EQ(LOOK("amy.onnx=" PIPER, "amy.int8.onnx=" PIPER, "tokens.txt"), MYNA_OK);
    CHECK_STR(base(found.model), "amy.int8.onnx");
}

TEST(a_language_that_nobody_here_can_read_is_named)
{
    CHECK_EQ(LOOK("de.onnx=sample_rate:22050;n_speakers:1;language:German;comment:piper;voice:de",
                  "tokens.txt"),
             MYNA_ECONFIG);
    CHECK_HAS(why.text, "speaks \"de\"");
    CHECK_HAS(why.text, "lexicon.txt");
}

TEST(a_file_of_voices_makes_it_kokoro_or_kitten)
{
    CHECK_EQ(LOOK("model.onnx=" KOKORO, "voices.bin#320", "tokens.txt", "lexicon-us-en.txt",
                  "lexicon-gb-en.txt"),
             MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_KOKORO);
    CHECK_EQ(found.n_speakers, 2);
    CHECK(!found.by_text); /* Flite knows names that the lexicon does not */
    CHECK_STR(base(found.second), "voices.bin");
    CHECK_STR(base(found.lexicon), "lexicon-us-en.txt"); /* one word, one pronunciation */
    CHECK_EQ(LOOK("model.fp16.onnx=" KITTEN, "voices.bin#320", "tokens.txt"), MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_KITTEN);
}

TEST(voices_of_another_size_would_end_the_program)
{
    CHECK_EQ(LOOK("model.onnx=" KOKORO, "voices.bin#319", "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "319 bytes, want 320");
}

TEST(a_vocoder_makes_it_matcha)
{
    CHECK_EQ(
        LOOK("model-steps-3.onnx=" MATCHA, "vocos-22khz-univ.onnx=model_type:vocos", "tokens.txt"),
        MYNA_OK);
    CHECK_EQ(found.kind, MYNA_SHERPA_MATCHA);
    CHECK_STR(base(found.model), "model-steps-3.onnx");
    CHECK_STR(base(found.second), "vocos-22khz-univ.onnx");
    CHECK_EQ(LOOK("model-steps-3.onnx=" MATCHA, "tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "wants its vocoder");
    CHECK_EQ(LOOK("model-steps-3.onnx=" MATCHA,
                  "vocos-16khz-univ.onnx=model_type:vocos;sample_rate:16000", "tokens.txt"),
             MYNA_ECONFIG);
    CHECK_HAS(why.text, "a vocoder of 16000 Hz and the voice beside it speaks 22050 Hz");
}

TEST(what_is_missing_is_named)
{
    CHECK_EQ(LOOK("tokens.txt"), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no voice in");
    CHECK_EQ(LOOK("model.onnx=" PIPER), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no tokens.txt");
    CHECK_EQ(LOOK("en_US-amy.onnx#2000", "tokens.txt"), MYNA_ECONFIG); /* as Piper publishes it */
    CHECK_HAS(why.text, "does not say its sample_rate");
    CHECK_EQ(myna_sherpa_find_voice("/nowhere", &found, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "no folder");
}

TEST_MAIN

/* model_state_test.c - missing, whole, damaged: told apart, and each with its remedy. */
#include "check.h"
#include "fault.h"

#include <errno.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <myna/stages.h>

#include "models/models.h"
#include "util/sha256.h"

static const struct myna_model_part fake = {
    .name = "fake",
    .folder = "fake-1",
    .files = {{.name = "a.bin",
               .sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
               .bytes = 3}}, /* "abc" */
};

static char dir[64];

static void fresh(void)
{
    snprintf(dir, sizeof dir, "models.XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
}

static void put(const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void tidy(void)
{
    static const char *const names[] = {"a.bin", ".checked-fake", "silero_vad_16k.safetensors"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

TEST(a_missing_file_says_how_to_fetch_it)
{
    struct myna_why why = {0};

    fresh();
    CHECK_EQ(myna_model_check(&fake, dir, &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "a.bin");
    CHECK_HAS(why.text, "myna models fetch fake");
    tidy();
}

TEST(a_cut_file_is_damaged_and_says_its_size)
{
    struct myna_why why = {0};

    fresh();
    put("a.bin", "ab");
    CHECK_EQ(myna_model_check(&fake, dir, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "2 bytes, want 3");
    tidy();
}

TEST(a_flipped_byte_is_found_after_a_good_check_was_noted)
{
    struct myna_why why = {0};

    fresh();
    put("a.bin", "abc");
    CHECK_EQ(myna_model_check(&fake, dir, &why), MYNA_OK);
    CHECK_EQ(myna_model_check(&fake, dir, &why), MYNA_OK); /* from the note */
    put("a.bin", "abd");
    /* The file system's clock may tick slower than this test: give it another time surely. */
    char path[128];
    snprintf(path, sizeof path, "%s/a.bin", dir);
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
    CHECK_EQ(myna_model_check(&fake, dir, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "SHA-256");
    tidy();
}

TEST(the_note_spares_the_hash_and_verify_does_not_trust_it)
{
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    char path[128];

    fresh();
    put("a.bin", "abc");
    snprintf(path, sizeof path, "%s/a.bin", dir);
    CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
    CHECK_EQ(myna_model_check(&fake, dir, NULL), MYNA_OK);
    put("a.bin", "abd"); /* same file, same size, and the old time again */
    CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
    CHECK_EQ(myna_model_check(&fake, dir, NULL), MYNA_OK);
    CHECK_EQ(myna_model_verify(&fake, dir, NULL), MYNA_EFORMAT);
    tidy();
}

TEST(the_directory_follows_the_environment)
{
    setenv("MYNA_MODELS", "/m", 1);
    setenv("XDG_CACHE_HOME", "/x", 1);
    setenv("HOME", "/h", 1);
    CHECK_STR(myna_models_dir(), "/m");
    unsetenv("MYNA_MODELS");
    CHECK_STR(myna_models_dir(), "/x/myna");
    setenv("XDG_CACHE_HOME", "relative", 1);
    CHECK_STR(myna_models_dir(), "/h/.cache/myna");
    unsetenv("XDG_CACHE_HOME");
    CHECK_STR(myna_models_dir(), "/h/.cache/myna");
}

TEST(the_list_tells_missing_from_damaged)
{
    struct myna_model rows[8];

    fresh();
    setenv("MYNA_MODELS", dir, 1);
    CHECK_EQ(myna_models_list(NULL, 0, false), 4);
    CHECK_EQ(myna_models_list(rows, 8, false), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rows[i].state, MYNA_MODEL_MISSING);
    CHECK_STR(rows[0].name, "silero-vad");
    put("silero_vad_16k.safetensors", "half of it");
    CHECK_EQ(myna_models_list(rows, 8, false), 4);
    CHECK_EQ(rows[0].state, MYNA_MODEL_CORRUPT);
    CHECK_HAS(rows[0].path, "silero_vad_16k.safetensors");
    unsetenv("MYNA_MODELS");
    tidy();
}

TEST(every_part_of_the_table_is_whole)
{
    for (size_t i = 0; myna_model_parts[i]; i++) {
        const struct myna_model_part *p = myna_model_parts[i];

        CHECK(p->name && p->summary && p->licence && p->package && p->version && p->folder);
        CHECK(myna_model_part(p->name) == p);
        CHECK(p->files[0].name != NULL);
        for (size_t k = 0; k < MYNA_MODEL_FILES && p->files[k].name; k++) {
            CHECK(p->files[k].member && p->files[k].bytes > 0);
            CHECK_EQ(strlen(p->files[k].sha256), 64);
            CHECK_EQ(p->files[k].make != NULL, p->files[k].member_sha256 != NULL);
        }
    }
    CHECK(myna_model_part("nobody") == NULL);
}

TEST(sha256_agrees_with_the_standard)
{
    char hex[MYNA_SHA256_HEX], text[200];
    struct myna_sha256 s;

    myna_sha256_init(&s);
    myna_sha256_final(&s, hex);
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* FIPS 180-4's two-block message, in three pieces */
    strcpy(text, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    myna_sha256_init(&s);
    myna_sha256_update(&s, text, 1);
    myna_sha256_update(&s, text + 1, 50);
    myna_sha256_update(&s, text + 51, 5);
    myna_sha256_final(&s, hex);
    CHECK_STR(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static bool check_once(void *arg)
{
    char note[128];
    struct myna_why why = {0};
    enum myna_err err;

    snprintf(note, sizeof note, "%s/.checked-fake", dir);
    unlink(note);
    err = myna_model_check(&fake, dir, &why);
    if (!err)
        return true;
    CHECK(fault_hit());
    CHECK_EQ(why.err, err);
    CHECK_HAS(why.text, "a.bin");
    CHECK_EQ(err, *(enum myna_err *)arg); /* a disk that fails is no damaged model */
    return false;
}

TEST(a_file_that_cannot_be_read_just_now_is_not_called_damaged)
{
    enum myna_err io = MYNA_EIO, memory = MYNA_ENOMEM;

    fresh();
    put("a.bin", "abc");
    CHECK(fault_each_io(check_once, &io, EIO) > 1);
    fault_each_alloc(check_once, &memory);
    tidy();
}

TEST_MAIN

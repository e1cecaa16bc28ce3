/* fetch_test.c - a fetch that cannot work says why, and leaves nothing behind. The network is
 * played by a script named python3 in front of the PATH. */
#include "check.h"
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/stages.h>

#include "models/models.h"
#include "util/buf.h"
#include "util/fs.h"

static char dir[64], bin[96], old_path[4096];

/* A models' directory, and a PATH in which `script` is python3; NULL: none. */
static void fresh(const char *script)
{
    char path[160], cwd[2048], both[8192];
    FILE *f;

    if (!old_path[0])
        snprintf(old_path, sizeof old_path, "%s", getenv("PATH"));
    snprintf(dir, sizeof dir, "fetch.XXXXXX");
    CHECK(mkdtemp(dir) && getcwd(cwd, sizeof cwd));
    snprintf(bin, sizeof bin, "%s.bin", dir);
    CHECK_EQ(mkdir(bin, 0755), 0);
    setenv("MYNA_MODELS", dir, 1);
    snprintf(both, sizeof both, "%s/%s%s%s", cwd, bin, script ? ":" : "", script ? old_path : "");
    setenv("PATH", both, 1);
    if (!script)
        return;
    snprintf(path, sizeof path, "%s/python3", bin);
    f = fopen(path, "w");
    CHECK(f && fprintf(f, "#!/bin/sh\n%s\n", script) > 0 && fclose(f) == 0);
    CHECK_EQ(chmod(path, 0755), 0);
}

static void tidy(void)
{
    char command[512];

    setenv("PATH", old_path, 1);
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", dir, bin);
    CHECK_EQ(system(command), 0);
    unsetenv("MYNA_MODELS");
}

/* Names in the models' directory other than the lock. */
static int left_behind(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;

    CHECK(d != NULL);
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
             strcmp(e->d_name, ".lock") != 0;
    closedir(d);
    return n;
}

static void fails(const char *script, enum myna_err want, const char *words)
{
    struct myna_why why = {0};
    enum myna_err err;
    int left;

    fresh(script);
    err = myna_models_fetch("silero-vad", NULL, NULL, &why);
    left = left_behind();
    tidy();
    CHECK_EQ(err, want);
    CHECK_HAS(why.text, "silero");
    CHECK_HAS(why.text, words);
    CHECK_EQ(left, 0);
}

TEST(without_python_it_says_what_to_install)
{
    fails(NULL, MYNA_EUNAVAIL, "python3-pip");
}

TEST(without_pip_it_says_what_to_install)
{
    fails("echo '/usr/bin/python3: No module named pip'; exit 1", MYNA_EUNAVAIL, "python3-pip");
}

TEST(without_network_it_says_how_to_go_on_later)
{
    fails("echo 'WARNING: Retrying after connection broken by NewConnectionError'; exit 1",
          MYNA_EIO, "myna models fetch silero-vad");
}

TEST(a_full_disk_is_named)
{
    fails("echo 'ERROR: Could not install: [Errno 28] No space left on device'; exit 1",
          MYNA_ENOSPC, "disk is full");
}

TEST(an_unknown_failure_shows_the_last_words_of_pip)
{
    fails("echo first; echo 'ERROR: it is raining'; exit 3", MYNA_EIO, "it is raining");
}

TEST(a_wheel_that_is_not_ours_is_refused)
{
    /* pip's own check is not trusted: the script "downloads" something else. */
    fails("while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && d=$2; shift; done\n"
          "echo wrong > \"$d/silero_vad-6.2.3-py3-none-any.whl\"",
          MYNA_EFORMAT, "SHA-256");
}

TEST(a_wheel_in_the_directory_is_taken_instead_of_a_download)
{
    struct myna_why why = {0};
    char path[160];
    enum myna_err err;
    FILE *f;

    fresh("echo called > called; exit 1");
    snprintf(path, sizeof path, "%s/silero_vad-6.2.3-py3-none-any.whl", dir);
    f = fopen(path, "w");
    CHECK(f && fputs("not it", f) >= 0 && fclose(f) == 0);
    err = myna_models_fetch("silero-vad", NULL, NULL, &why);
    tidy();
    CHECK_EQ(err, MYNA_EFORMAT); /* read, and found to be another; python3 was not asked */
    CHECK_HAS(why.text, "silero_vad-6.2.3");
    CHECK_HAS(why.text, "remove it");
    CHECK(access("called", F_OK) != 0);
}

TEST(an_unknown_name_is_an_error)
{
    struct myna_why why = {0};

    CHECK_EQ(myna_models_fetch("parrot", NULL, NULL, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "parrot");
}

TEST(a_directory_that_cannot_be_made_is_named)
{
    struct myna_why why = {0};

    setenv("MYNA_MODELS", "/dev/null/models", 1);
    CHECK_EQ(myna_models_fetch(NULL, NULL, NULL, &why), MYNA_EIO);
    CHECK_HAS(why.text, "/dev/null");
    unsetenv("MYNA_MODELS");
}

/* ---- a part of two files, "fetched" by a python3 of ours: its wheel is the text "wheel", of which
 * a.bin is copied and b.bin made */

#define SHA_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_WHEEL "ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91"

static enum myna_err make_b(const char *from, const char *to, struct myna_why *why)
{
    char *bytes = NULL;
    size_t len;
    enum myna_err err = myna_fs_read(from, 100, &bytes, &len, why);

    if (!err)
        err = myna_fs_write(to, (struct myna_view){(uint8_t *)bytes, len}, 0644, why);
    free(bytes);
    return err;
}

#define FILES                                                                                      \
    {                                                                                              \
        {.name = "a.bin", .member = "in/a", .sha256 = SHA_ABC, .bytes = 3},                        \
        {                                                                                          \
            .name = "b.bin", .member = "in/b", .make = make_b, .member_sha256 = SHA_ABC,           \
            .sha256 = SHA_ABC, .bytes = 3                                                          \
        }                                                                                          \
    }

/* One whose folder is replaced as a whole, one whose files lie beside others. */
static const struct myna_model_part in_folder = {.name = "fake",
                                                 .package = "fake-part",
                                                 .version = "1.0",
                                                 .wheel_sha256 = SHA_WHEEL,
                                                 .wheel_bytes = 5,
                                                 .folder = "fake-1",
                                                 .files = FILES},
                                    loose = {.name = "fake",
                                             .package = "fake-part",
                                             .version = "1.0",
                                             .wheel_sha256 = SHA_WHEEL,
                                             .wheel_bytes = 5,
                                             .folder = "",
                                             .files = FILES};
static const struct myna_model_part *const folder_table[] = {&in_folder, NULL};
static const struct myna_model_part *const loose_table[] = {&loose, NULL};

static const char fetcher[] =
    "case $1 in\n"
    "-m) while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && d=$2; shift; done\n"
    "    printf wheel > \"$d/fake_part-1.0-py3-none-any.whl\";;\n"
    "-c) mkdir -p \"$4/in\"; printf abc > \"$4/in/a\"; printf abc > \"$4/in/b\";;\n"
    "esac\n";

static void put(const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_EQ(myna_fs_write(path, myna_view_of(text), 0644, NULL), MYNA_OK);
}

static bool holds(const char *name, const char *want)
{
    char path[160], *bytes = NULL;
    bool same;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (myna_fs_read(path, 100, &bytes, NULL, NULL))
        return false;
    same = !strcmp(bytes, want);
    free(bytes);
    return same;
}

TEST(what_is_here_with_another_hash_is_replaced)
{
    fresh(fetcher);
    put("a.bin", "abd"); /* of the right size: an older release's */
    put("b.bin", "abc");
    put("other.bin", "somebody else's");
    CHECK_EQ(myna_model_verify(&loose, NULL, NULL), MYNA_EFORMAT);
    CHECK_EQ(myna_model_fetch(loose_table, NULL, NULL, NULL, NULL), MYNA_OK);
    CHECK(holds("a.bin", "abc"));
    CHECK(holds("b.bin", "abc"));
    CHECK(holds("other.bin", "somebody else's"));
    CHECK_EQ(myna_model_verify(&loose, NULL, NULL), MYNA_OK);
    tidy();
}

TEST(a_folder_with_another_hash_is_replaced_as_a_whole)
{
    char path[160];

    fresh(fetcher);
    snprintf(path, sizeof path, "%s/fake-1", dir);
    CHECK_EQ(mkdir(path, 0755), 0);
    put("fake-1/a.bin", "abd");
    put("fake-1/stale.bin", "of the release before");
    CHECK_EQ(myna_model_fetch(folder_table, "fake", NULL, NULL, NULL), MYNA_OK);
    CHECK(holds("fake-1/a.bin", "abc"));
    CHECK(holds("fake-1/b.bin", "abc"));
    CHECK(!holds("fake-1/stale.bin", "of the release before"));
    tidy();
}

TEST(what_is_whole_is_not_fetched_again)
{
    fresh("exit 1");
    put("a.bin", "abc");
    put("b.bin", "abc");
    CHECK_EQ(myna_model_fetch(loose_table, NULL, NULL, NULL, NULL), MYNA_OK);
    tidy();
}

/* ---- memory and disk that fail */

struct fetching {
    const struct myna_model_part *const *table;
    enum myna_err want;
};

/* Whatever failed: what stands in the directory is whole or it is known not to be, the sentence
 * names a file or the part, and the next fetch brings it. */
static bool fetch_once(void *arg)
{
    const struct fetching *f = arg;
    struct myna_why why = {0};
    char command[512];
    enum myna_err err = myna_model_fetch(f->table, NULL, NULL, NULL, &why);
    bool well = !err;

    if (err) {
        CHECK(fault_hit());
        CHECK_EQ(why.err, err);
        CHECK(strstr(why.text, dir) || strstr(why.text, "fake") || strstr(why.text, "python3"));
        if (err != f->want && !strstr(why.text, "cannot read")) /* no disk is too full for that */
            check_fail(__FILE__, __LINE__, "error %d: %s", err, why.text);
        snprintf(command, sizeof command, "test ! -e '%s/.fetching'", dir);
        CHECK_EQ(system(command), 0);
    }
    if (fault_hit()) { /* once: nothing fails any more */
        CHECK_EQ(myna_model_fetch(f->table, NULL, NULL, NULL, NULL), MYNA_OK);
        CHECK_EQ(myna_model_verify(f->table[0], NULL, NULL), MYNA_OK);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    CHECK_EQ(system(command), 0);
    return well;
}

static void fails_well(const struct myna_model_part *const *table)
{
    fresh(fetcher);
    CHECK(fault_each_io(fetch_once, &(struct fetching){table, MYNA_EIO}, EIO) > 10);
    CHECK(fault_each_io(fetch_once, &(struct fetching){table, MYNA_ENOSPC}, ENOSPC) > 10);
    CHECK(fault_each_alloc(fetch_once, &(struct fetching){table, MYNA_ENOMEM}) >= 5);
    CHECK_EQ(mkdir(dir, 0755), 0);
    tidy();
}

TEST(each_file_call_and_allocation_of_a_fetch_may_fail)
{
    fails_well(loose_table);
}

TEST(also_where_a_folder_is_replaced)
{
    fails_well(folder_table);
}

TEST_MAIN

/* fetch_test.c - a fetch that cannot work says why, and leaves nothing behind. The network is
 * played by a script named python3 in front of the PATH. */
#include "check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/stages.h>

#include "models/models.h"

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

TEST_MAIN

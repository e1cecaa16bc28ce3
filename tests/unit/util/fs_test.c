/* fs_test.c - files are whole or not there, and an error says which file and why. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "util/fs.h"

static char dir[64];

static void enter(void)
{
    snprintf(dir, sizeof dir, "/tmp/myna-fs-XXXXXX");
    CHECK(mkdtemp(dir));
}

static const char *in(const char *name)
{
    static char path[2][256];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void leave(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    CHECK_EQ(system(command), 0);
}

static struct myna_view bytes(const char *text)
{
    return (struct myna_view){(const uint8_t *)text, strlen(text)};
}

static char *content(const char *path)
{
    struct myna_why why;
    char *text = NULL;

    if (myna_fs_read(path, 1 << 20, &text, NULL, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    return text;
}

static int entries(void)
{
    char command[160], line[16] = "";
    FILE *f;

    snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir);
    f = popen(command, "r");
    CHECK(f && fgets(line, sizeof line, f));
    pclose(f);
    return atoi(line);
}

TEST(a_file_is_written_read_and_replaced)
{
    char *text;

    enter();
    CHECK_EQ(myna_fs_write(in("a"), bytes("first"), 0600, NULL), MYNA_OK);
    CHECK_EQ(myna_fs_write(in("a"), bytes("second, longer"), 0600, NULL), MYNA_OK);
    text = content(in("a"));
    CHECK_STR(text, "second, longer");
    free(text);
    CHECK_EQ(entries(), 1); /* no temporary file */
    CHECK_EQ(myna_fs_write(in("empty"), bytes(""), 0644, NULL), MYNA_OK);
    text = content(in("empty"));
    CHECK_STR(text, "");
    free(text);
    CHECK(myna_fs_exists(in("a")) && !myna_fs_exists(in("b")));
    leave();
}

TEST(directories_are_made_on_the_way_and_a_file_in_it_is_named)
{
    struct myna_why why;

    enter();
    CHECK_EQ(myna_fs_mkdirs(in("a/b//c/"), &why), MYNA_OK);
    CHECK_EQ(myna_fs_mkdirs(in("a/b/c"), &why), MYNA_OK); /* again */
    CHECK_EQ(myna_fs_mkdirs("/", &why), MYNA_OK);
    CHECK_EQ(myna_fs_mkdirs("", &why), MYNA_OK);
    CHECK_EQ(myna_fs_write(in("a/b/c/file"), bytes("x"), 0644, &why), MYNA_OK);
    CHECK_EQ(myna_fs_mkdirs(in("a/b/c/file/d"), &why), MYNA_EIO);
    CHECK_HAS(why.text, "/a/b/c/file: Not a directory");
    CHECK_EQ(myna_fs_mkdirs(in("a/b/c/file"), &why), MYNA_EIO);
    leave();
}

TEST(reading_has_a_ceiling_and_says_what_is_missing)
{
    struct myna_why why;
    char *text = NULL;
    size_t len;

    enter();
    CHECK_EQ(myna_fs_write(in("a"), bytes("12345"), 0644, &why), MYNA_OK);
    CHECK_EQ(myna_fs_read(in("a"), 4, &text, &len, &why), MYNA_ELIMIT);
    CHECK_HAS(why.text, "/a: larger than 4 bytes");
    CHECK_EQ(myna_fs_read(in("a"), 5, &text, &len, &why), MYNA_OK);
    CHECK_EQ(len, 5);
    free(text);
    CHECK_EQ(myna_fs_read(in("none"), 5, &text, &len, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "/none: No such file or directory");
    CHECK_EQ(myna_fs_read(dir, 5, &text, &len, &why), MYNA_EIO);
    CHECK_HAS(why.text, "Is a directory");
    CHECK_EQ(myna_fs_read("/dev/zero", 70000, &text, &len, &why), MYNA_ELIMIT);
    CHECK_EQ(myna_fs_read("/proc/self/status", 1 << 16, &text, &len, &why), MYNA_OK);
    CHECK(len > 100 && strlen(text) == len); /* a file that says it is empty */
    free(text);
    leave();
}

TEST(a_full_disk_is_told_as_such_and_the_old_file_stands)
{
    struct myna_why why;
    char *text;

    enter();
    CHECK_EQ(myna_fs_write("/dev/full", bytes("x"), 0644, &why), MYNA_ENOSPC);
    CHECK_HAS(why.text, "/dev/full: No space left on device; free some space");
    CHECK_EQ(myna_fs_write(in("a"), bytes("old"), 0644, &why), MYNA_OK);
    fault_fail_io(2, ENOSPC); /* open, write */
    CHECK_EQ(myna_fs_write(in("a"), bytes("new"), 0644, &why), MYNA_ENOSPC);
    fault_fail_io(3, ENOSPC); /* fsync */
    CHECK_EQ(myna_fs_write(in("a"), bytes("new"), 0644, &why), MYNA_ENOSPC);
    CHECK_EQ(entries(), 1);
    text = content(in("a"));
    CHECK_STR(text, "old");
    free(text);
    leave();
}

TEST(a_path_that_cannot_be_written_is_named_with_the_remedy)
{
    struct myna_why why;

    enter();
    CHECK_EQ(myna_fs_write(in("no/such/place"), bytes("x"), 0644, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "/no/such/place: No such file");
    fault_fail_io(1, EACCES);
    CHECK_EQ(myna_fs_write(in("a"), bytes("x"), 0644, &why), MYNA_EIO);
    CHECK_HAS(why.text, "Permission denied; choose a path that you may use");
    CHECK_EQ(entries(), 0);
    leave();
}

static bool write_and_read(void *arg)
{
    struct myna_why why = {0};
    enum myna_err err;
    char *text = NULL;
    bool well;

    (void)arg;
    err = myna_fs_mkdirs(in("x/y"), &why);
    if (!err)
        err = myna_fs_write(in("x/y/f"), bytes("words"), 0644, &why);
    if (!err)
        err = myna_fs_read(in("x/y/f"), 100, &text, NULL, &why);
    CHECK_EQ(err, why.err);
    CHECK(!err == !why.text[0]);
    well = !err && !strcmp(text, "words");
    free(text);
    rmdir(in("x/y"));
    return well;
}

TEST(each_failing_allocation_and_call_is_an_error_with_a_sentence)
{
    enter();
    CHECK_EQ(fault_each_alloc(write_and_read, NULL), 4);
    CHECK(fault_each_io(write_and_read, NULL, EIO) >= 8);
    unlink(in("x/y/f"));
    leave();
}

TEST(paths_are_joined_with_one_slash)
{
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"},       {NULL, "b", "b"},
        {"a", "/b", "/b"}, {"/", "b", "/b"},   {"a b", "c", "a b/c"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = myna_fs_join(cases[i][0], cases[i][1]);

        CHECK_STR(path, cases[i][2]);
        free(path);
    }
    fault_fail_alloc(1);
    CHECK(!myna_fs_join("a", "b"));
}

TEST_MAIN

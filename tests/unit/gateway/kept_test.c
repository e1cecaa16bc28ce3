/* kept_test.c - what a gateway knows again after a restart, what is typed to it, names (memory.h,
 * slash.h, name.h, paired.h). */
#include "gateway/memory.h"
#include "gateway/name.h"
#include "gateway/paired.h"
#include "gateway/slash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/host.h"
#include "util/loop.h"

#define WALL ((int64_t)1800000000000)

static char dir[64];
static struct myna_host host;

static void begin(void)
{
    struct myna_loop_options lo = {.workers = 1};

    strcpy(dir, "/tmp/myna-memory-XXXXXX");
    CHECK(mkdtemp(dir));
    host.loop = myna_loop_create(&lo, NULL);
}

static void end(const char *file)
{
    myna_loop_destroy(host.loop); /* what is being written ends here */
    unlink(file);
    rmdir(dir);
}

/* ---- the file */

TEST(the_file_of_a_room_has_its_name_whatever_stands_in_it)
{
    char *path = myna_gw_memory_path("/d", "t1-a_B");

    CHECK_STR(path, "/d/t1-a_B.json");
    free(path);
    path = myna_gw_memory_path("/d", "../a b/\xC3\xA4");
    CHECK_STR(path, "/d/%2E%2E%2Fa%20b%2F%C3%A4.json");
    free(path);
    CHECK_EQ(setenv("XDG_DATA_HOME", "/x", 1), 0);
    path = myna_gw_memory_path("", "r");
    CHECK_STR(path, "/x/myna/gateway/r.json");
    free(path);
    CHECK_EQ(setenv("XDG_DATA_HOME", "", 1), 0);
    CHECK_EQ(setenv("HOME", "/h", 1), 0);
    path = myna_gw_memory_path(NULL, "r");
    CHECK_STR(path, "/h/.local/share/myna/gateway/r.json");
    free(path);
    CHECK_EQ(setenv("HOME", "", 1), 0);
    CHECK(!myna_gw_memory_path(NULL, "r"));
}

TEST(a_room_with_a_long_name_is_remembered_and_no_other_has_its_file)
{
    char room[129], *path, *other;
    struct myna_gw_memory m;

    for (size_t i = 0; i < 128; i += 2)
        memcpy(room + i, "\xC3\xA4", 3);
    begin();
    path = myna_gw_memory_path(dir, room);
    CHECK(strlen(strrchr(path, '/') + 1) < 230);
    myna_gw_memory_open(&m, &host, dir, room);
    m.voice = MYNA_GW_VOICE_OFF;
    myna_gw_memory_save(&m);
    myna_gw_memory_close(&m);
    myna_loop_drain(host.loop);
    myna_gw_memory_open(&m, &host, dir, room);
    CHECK_EQ(m.voice, MYNA_GW_VOICE_OFF);
    myna_gw_memory_close(&m);
    room[127] = '\xA5';
    other = myna_gw_memory_path(dir, room);
    CHECK(strcmp(other, path) != 0);
    end(path);
    free(path);
    free(other);
}

TEST(what_was_known_at_the_end_is_known_again)
{
    struct myna_gw_memory m;
    struct stat st;
    char *path, *text;

    begin();
    path = myna_gw_memory_path(dir, "room");
    myna_gw_memory_open(&m, &host, dir, "room");
    CHECK_EQ(m.voice, MYNA_GW_VOICE_ON);
    m.voice = MYNA_GW_VOICE_ALL;
    CHECK(myna_gw_home_keep(&m.home, "one \"\xC3\xA4\"", WALL));
    myna_gw_memory_save(&m);
    CHECK(myna_gw_home_keep(&m.home, "two", WALL + 1));
    m.voice = MYNA_GW_VOICE_OFF;
    myna_gw_memory_save(&m); /* while the first may still be written */
    myna_gw_memory_close(&m);
    myna_loop_destroy(host.loop);
    host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    myna_gw_memory_open(&m, &host, dir, "room");
    CHECK_EQ(m.voice, MYNA_GW_VOICE_OFF);
    CHECK_EQ(m.home.n, 2);
    text = myna_gw_home_take(&m.home, WALL + 2);
    CHECK_STR(text, "one \"\xC3\xA4\"");
    free(text);
    CHECK(!myna_gw_home_take(&m.home, WALL + 1 + MYNA_GW_HOME_MS)); /* a day is a day */
    myna_gw_memory_close(&m);
    end(path);
    free(path);
}

TEST(a_file_that_is_none_of_ours_is_forgotten_and_breaks_nothing)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "7",
        "{\"voice\":7,\"announcements\":{}}",
        "{\"voice\":\"loud\",\"announcements\":[1,{\"text\":1},{\"text\":\"a\"},{\"at\":1}]}"};
    struct myna_gw_memory m;
    char *path;

    begin();
    path = myna_gw_memory_path(dir, "room");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_EQ(myna_fs_write(path, myna_view_of(texts[i]), 0600, NULL), MYNA_OK);
        myna_gw_memory_open(&m, &host, dir, "room");
        CHECK_EQ(m.voice, MYNA_GW_VOICE_ON);
        CHECK_EQ(m.home.n, 0);
        myna_gw_memory_close(&m);
    }
    end(path);
    free(path);
}

/* ---- what is typed to the gateway */

TEST(a_command_is_a_word_of_its_own_in_any_case)
{
    CHECK_EQ(myna_gw_slash_of("/new"), MYNA_GW_SLASH_NEW);
    CHECK_EQ(myna_gw_slash_of("/Reset"), MYNA_GW_SLASH_NEW);
    CHECK_EQ(myna_gw_slash_of("/HELP"), MYNA_GW_SLASH_HELP);
    CHECK_EQ(myna_gw_slash_of("/voice"), MYNA_GW_SLASH_VOICE);
    CHECK_EQ(myna_gw_slash_of("/voice status"), MYNA_GW_SLASH_VOICE);
    CHECK_EQ(myna_gw_slash_of("/voice  ON"), MYNA_GW_SLASH_VOICE_ON);
    CHECK_EQ(myna_gw_slash_of("/voice off"), MYNA_GW_SLASH_VOICE_OFF);
    CHECK_EQ(myna_gw_slash_of("/voice\ttts"), MYNA_GW_SLASH_VOICE_ALL);
}

TEST(everything_else_is_for_the_agent)
{
    static const char *const texts[] = {"",        "new",      "/",        "/newer",   "/new york",
                                        "/voices", "/model x", "say /new", "/help me", "/voiceoff"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_EQ(myna_gw_slash_of(texts[i]), MYNA_GW_SLASH_NONE);
}

/* ---- names */

static const char *name_of(const char *answer)
{
    static char name[128];

    return myna_gw_name_of(answer, name, sizeof name) ? name : NULL;
}

TEST(a_name_is_the_first_word_without_its_quotes)
{
    CHECK_STR(name_of("Ada"), "Ada");
    CHECK_STR(name_of("  \"Ada.\"\n"), "Ada");
    CHECK_STR(name_of("**Zo\xC3\xAB** Smith"), "Zo\xC3\xAB");
    CHECK_STR(name_of("Jean-Luc, of course"), "Jean-Luc");
    CHECK_STR(name_of("abcdefghijklmnopqrstuvwxyzabcd"), "abcdefghijklmnopqrstuvwxyzabcd");
}

TEST(what_is_no_name_changes_nothing)
{
    CHECK(!name_of(""));
    CHECK(!name_of(" \"\" "));
    CHECK(!name_of("HERMES"));
    CHECK(!name_of("'Hermes'."));
    CHECK(!name_of("A\x01"));
    CHECK(!name_of("abcdefghijklmnopqrstuvwxyzabcde")); /* 31 */
}

TEST(whom_hermes_has_let_in_stands_in_its_own_file)
{
    static const char list[] = "{\"ann\":{\"user_name\":\"Ann\"}}";
    char path[256], old[128];
    json_t *o;

    begin();
    CHECK_EQ(setenv("HERMES_HOME", dir, 1), 0);
    CHECK(!myna_gw_paired_read());
    CHECK(!myna_gw_paired(NULL, "ann"));
    snprintf(old, sizeof old, "%s/pairing", dir);
    CHECK_EQ(mkdir(old, 0700), 0);
    snprintf(path, sizeof path, "%s/livekit-approved.json", old);
    CHECK_EQ(myna_fs_write(path, myna_view_of(list), 0600, NULL), MYNA_OK);
    o = myna_gw_paired_read();
    CHECK(myna_gw_paired(o, "ann"));
    CHECK(!myna_gw_paired(o, "Ann"));
    CHECK(!myna_gw_paired(o, ""));
    json_decref(o);
    CHECK_EQ(myna_fs_write(path, myna_view_of("[\"ann\"]"), 0600, NULL), MYNA_OK);
    CHECK(!myna_gw_paired_read());
    unlink(path);
    rmdir(old);
    end(path);
    CHECK_EQ(unsetenv("HERMES_HOME"), 0);
}

TEST_MAIN

/* log_test.c - a line for eyes, an object for collectors, both from the same call. */
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#include <jansson.h>

#include "fault.h"
#include "util/guard.h"
#include "util/log.h"

static char last[4096];
static int n_lines;

static void keep(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    snprintf(last, sizeof last, "%s", line);
    n_lines++;
}

static struct myna_log *make(bool json)
{
    struct myna_log_options opt = {.level = MYNA_LOG_INFO, .json = json, .write = keep};
    struct myna_log *log = myna_log_create(&opt);

    CHECK(log);
    last[0] = '\0';
    n_lines = 0;
    return log;
}

TEST(a_text_line_has_time_level_sentence_and_pairs)
{
    struct myna_log *log = make(false);

    myna_log_line(log, MYNA_LOG_WARN, "stt stream failed stage=stt retry=%d", 2);
    CHECK_EQ(strlen("2026-01-01T00:00:00.000Z"), strcspn(last, " "));
    CHECK_EQ(last[10], 'T');
    CHECK_EQ(last[23], 'Z');
    CHECK_STR(last + 24, " warn  stt stream failed stage=stt retry=2");
    myna_log_destroy(log);
}

TEST(levels_above_are_not_written_and_no_log_is_fine)
{
    struct myna_log *log = make(false);

    myna_log_line(log, MYNA_LOG_DEBUG, "detail");
    CHECK_EQ(n_lines, 0);
    CHECK(myna_log_wants(log, MYNA_LOG_INFO) && !myna_log_wants(log, MYNA_LOG_TRACE));
    myna_log_line(NULL, MYNA_LOG_ERROR, "nobody");
    CHECK(!myna_log_wants(NULL, MYNA_LOG_ERROR));
    myna_log_destroy(log);
}

TEST(a_line_is_one_line_whatever_a_provider_says)
{
    struct myna_log *log = make(false);
    char huge[5000];

    myna_log_line(log, MYNA_LOG_INFO, "said %s", "a\nb\r\tc\x1b[31m");
    CHECK_HAS(last, "said a b  c [31m");
    memset(huge, 'x', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    myna_log_line(log, MYNA_LOG_INFO, "%s", huge);
    CHECK(strlen(last) < 2048);
    myna_log_destroy(log);
}

TEST(text_needs_no_memory_so_the_media_tick_may_log_an_accident)
{
    struct myna_log *log = make(false);

    myna_guard_enter();
    myna_log_line(log, MYNA_LOG_ERROR, "frame dropped n=%d share=%.2f", 3, 0.5);
    myna_guard_leave();
    CHECK_HAS(last, "frame dropped n=3 share=0.50");
    myna_log_destroy(log);
}

static json_t *logged(void)
{
    json_t *line = json_loads(last, 0, NULL);

    if (!line)
        check_fail(__FILE__, __LINE__, "not JSON: %s", last);
    return line;
}

static const char *text(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

TEST(a_json_line_takes_the_trailing_pairs_apart)
{
    struct myna_log *log = make(true);
    json_t *line;

    myna_log_line(
        log, MYNA_LOG_INFO,
        "x=1 was odd, stream failed provider=%s retry=%d took_ms=%.1f why=\"no such file\" "
        "empty= level=3 id=12ab",
        "flite", 2, 1.5);
    line = logged();
    CHECK_STR(text(line, "msg"), "x=1 was odd, stream failed");
    CHECK_STR(text(line, "level"), "info");
    CHECK_EQ(strlen(text(line, "time")), 24);
    CHECK_STR(text(line, "provider"), "flite");
    CHECK_EQ(json_integer_value(json_object_get(line, "retry")), 2);
    CHECK_NEAR(json_real_value(json_object_get(line, "took_ms")), 1.5, 1e-9);
    CHECK_STR(text(line, "why"), "no such file");
    CHECK_STR(text(line, "empty"), "");
    CHECK_EQ(json_integer_value(json_object_get(line, "level_")), 3);
    CHECK_STR(text(line, "id"), "12ab");
    CHECK(!json_object_get(line, "x"));
    json_decref(line);
    myna_log_destroy(log);
}

TEST(json_lines_without_pairs_of_pairs_alone_and_of_broken_bytes)
{
    struct myna_log *log = make(true);
    json_t *line;

    myna_log_line(log, MYNA_LOG_INFO, "ready");
    line = logged();
    CHECK_STR(text(line, "msg"), "ready");
    CHECK_EQ(json_object_size(line), 3);
    json_decref(line);
    myna_log_line(log, MYNA_LOG_INFO, "a=1 b=\"2\"");
    line = logged();
    CHECK_STR(text(line, "msg"), "");
    CHECK_STR(text(line, "b"), "2");
    json_decref(line);
    myna_log_line(log, MYNA_LOG_INFO, "broken \xff\xfe name=\xc3");
    line = logged();
    CHECK_STR(text(line, "msg"), "broken ??");
    CHECK_STR(text(line, "name"), "?");
    json_decref(line);
    myna_log_destroy(log);
}

static bool log_json(void *arg)
{
    n_lines = 0;
    myna_log_line(arg, MYNA_LOG_INFO, "provider failed name=flite n=3");
    CHECK_EQ(n_lines, 1);
    CHECK_HAS(last, "provider failed"); /* as text where an object could not be made */
    return last[0] == '{' && strstr(last, "\"n\":3");
}

TEST(a_line_is_never_lost_for_want_of_memory)
{
    struct myna_log *log = make(true);

    CHECK(fault_each_alloc(log_json, log) > 5);
    fault_fail_alloc(1);
    CHECK(!myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_INFO}));
    myna_log_destroy(log);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 100; i++)
        myna_log_line(arg, MYNA_LOG_INFO, "line from a thread i=%d", i);
    return NULL;
}

TEST(lines_of_two_threads_do_not_mix_on_standard_error)
{
    struct myna_log *log = myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_INFO});
    int fds[2], saved = dup(STDERR_FILENO), n = 0;
    pthread_t threads[2];
    char line[256];
    FILE *in;

    CHECK_EQ(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO); /* 200 lines fit in a pipe */
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, log_many, log), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    in = fdopen(fds[0], "r");
    while (fgets(line, sizeof line, in)) {
        CHECK_EQ(strcspn(line, "l"), 31); /* after time, level and a space */
        CHECK_HAS(line, "line from a thread i=");
        n++;
    }
    fclose(in);
    CHECK_EQ(n, 200);
    myna_log_destroy(log);
}

TEST_MAIN

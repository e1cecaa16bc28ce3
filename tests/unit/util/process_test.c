/* process_test.c - programs beside us: what they say, what they read, and that nothing of them is
 * left. Real programs; every wait is for one of their bytes or their end. */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/deadline.h"
#include "util/host.h"
#include "util/process.h"

static struct {
    struct myna_host host;
    struct myna_process *p;
    struct myna_buf out;
    size_t total;
    int eofs, exits, status;
    bool end_at_first_byte, stop_at_byte;
    char said[256];
} w;

static void begin(void)
{
    struct myna_loop_options lo = {.workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK(w.host.loop);
    myna_buf_init(&w.out, 1 << 16);
}

static void finish(void)
{
    myna_process_end_all(&w.host);
    CHECK(!w.host.processes);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* no zombie */
    myna_buf_fini(&w.out);
    myna_loop_destroy(w.host.loop);
}

static void on_out(void *arg, struct myna_process *p, struct myna_view bytes)
{
    (void)arg;
    w.eofs += bytes.len == 0;
    w.total += bytes.len;
    if (w.out.len < 4096)
        (void)!myna_buf_put(&w.out, bytes.ptr, bytes.len);
    if (bytes.len && w.end_at_first_byte) {
        myna_process_end(p, 0);
        w.p = NULL;
    }
    if (bytes.len && w.stop_at_byte)
        myna_loop_stop(w.host.loop);
}

static void on_exit_of(void *arg, struct myna_process *p, int status)
{
    (void)arg;
    snprintf(w.said, sizeof w.said, "%s", myna_process_said(p));
    w.exits++;
    w.status = status;
    w.p = NULL;
    myna_loop_stop(w.host.loop);
}

static enum myna_err start(const char *const *argv, const char *const *env, const char *dir,
                           struct myna_why *why)
{
    struct myna_process_start how = {
        .argv = argv, .env = env, .dir = dir, .out = on_out, .exited = on_exit_of};

    return myna_process_start(&w.host, &how, &w.p, why);
}

static void sh(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    CHECK_EQ(start(argv, NULL, NULL, NULL), MYNA_OK);
}

static void run_to_its_end(const char *script)
{
    sh(script);
    myna_process_close_input(w.p);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.exits, 1);
}

TEST(a_program_is_heard_to_its_end_and_its_code_is_told_last)
{
    begin();
    run_to_its_end("echo out; echo ' no key here ' >&2; exit 3");
    CHECK_STR(myna_buf_str(&w.out), "out\n");
    CHECK_EQ(w.eofs, 1);
    CHECK_EQ(w.status, 3);
    CHECK_STR(w.said, " no key here");
    finish();
}

TEST(a_signal_is_128_and_its_number)
{
    begin();
    run_to_its_end("kill -9 $$");
    CHECK_EQ(w.status, 137);
    finish();
}

TEST(what_it_reads_is_written_by_and_by_and_input_may_be_a_file_name)
{
    struct myna_buf big;
    const char *const argv[] = {"sh", "-c", "sleep 0.02; wc -c < /dev/stdin", NULL};

    begin();
    myna_buf_init(&big, 0);
    for (int i = 0; i < 100000; i++) /* 1 MB, far more than a pipe holds */
        CHECK_EQ(myna_buf_puts(&big, "0123456789"), MYNA_OK);
    CHECK_EQ(start(argv, NULL, NULL, NULL), MYNA_OK);
    CHECK_EQ(myna_process_write(w.p, myna_buf_view(&big)), MYNA_OK);
    myna_process_close_input(w.p);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.status, 0);
    CHECK_EQ(atoi(myna_buf_str(&w.out)), 1000000);
    myna_buf_fini(&big);
    finish();
}

TEST(who_does_not_read_is_written_to_no_further_than_4_MiB)
{
    char *bytes = calloc(1, 1 << 20);
    struct myna_view mib = {(uint8_t *)bytes, 1 << 20};
    enum myna_err err = MYNA_OK;
    int n = 0;

    begin();
    sh("sleep 100");
    while (!err && n++ < 8)
        err = myna_process_write(w.p, mib);
    CHECK_EQ(err, MYNA_ELIMIT);
    CHECK(n == 5 || n == 4);
    myna_process_end(w.p, 0);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.exits, 0); /* ended by its owner: nothing is told */
    free(bytes);
    finish();
}

TEST(writing_to_one_who_has_gone_is_no_signal)
{
    char *bytes = calloc(1, 1 << 20);

    begin();
    signal(SIGPIPE, SIG_DFL);
    sh("exec 0<&-; echo closed; sleep 0.05");
    w.stop_at_byte = true;
    myna_loop_run(w.host.loop);
    CHECK_EQ(myna_process_write(w.p, (struct myna_view){(uint8_t *)bytes, 1 << 20}), MYNA_OK);
    CHECK_EQ(myna_process_write(w.p, (struct myna_view){(uint8_t *)bytes, 1 << 20}), MYNA_OK);
    w.stop_at_byte = false;
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.exits, 1);
    free(bytes);
    finish();
}

TEST(a_child_that_holds_the_output_does_not_hold_the_end)
{
    begin();
    run_to_its_end("sleep 1000 & echo parent; exit 0");
    CHECK_STR(myna_buf_str(&w.out), "parent\n");
    CHECK_EQ(w.eofs, 1);
    CHECK_EQ(w.status, 0);
    finish();
}

/* Who dies does not keep the loop running. */
static void while_it_dies(void)
{
    for (int i = 0; i < 6000 && w.host.processes; i++)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 10 * MYNA_MS);
    CHECK(!w.host.processes);
}

/* Gone, or dead and waiting for whoever inherits orphans here; before half a minute is over. */
static bool is_dead(pid_t pid)
{
    char path[64], stat[256], state = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int i = 0; i < 30000 && state != 'Z'; i++) {
        FILE *f = fopen(path, "r");

        if (!f)
            return true;
        if (fgets(stat, sizeof stat, f) && strrchr(stat, ')'))
            state = strrchr(stat, ')')[2];
        fclose(f);
        usleep(1000);
    }
    return state == 'Z';
}

TEST(its_children_end_with_it_also_one_that_ignores_the_polite_signal)
{
    pid_t pid;

    begin();
    w.stop_at_byte = true;
    sh("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000");
    myna_loop_run(w.host.loop);
    pid = atoi(myna_buf_str(&w.out));
    CHECK(pid > 0 && !kill(pid, 0));
    myna_process_end(w.p, 1);
    while_it_dies(); /* a second, then SIGKILL */
    CHECK_EQ(w.exits, 0);
    CHECK(is_dead(pid));
    finish();
}

TEST(a_flood_takes_turns_and_ends_when_its_owner_has_enough)
{
    begin();
    w.end_at_first_byte = w.stop_at_byte = true;
    sh("yes 0123456789abcdef");
    myna_loop_run(w.host.loop);
    while_it_dies();
    CHECK(w.total <= 16384); /* one piece, nothing after the end */
    CHECK_EQ(w.exits, 0);
    finish();
}

TEST(errors_are_the_last_line_of_many)
{
    begin();
    run_to_its_end("i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1");
    CHECK_STR(w.said, "line 4999");
    finish();
}

TEST(its_environment_is_small_and_the_owners_part_wins)
{
    const char *const env[] = {"TOKEN=a", "LANG=own", NULL};
    const char *const argv[] = {"env", NULL};

    begin();
    setenv("MYNA_TEST_SECRET", "hidden", 1);
    CHECK_EQ(start(argv, env, NULL, NULL), MYNA_OK);
    myna_loop_run(w.host.loop);
    unsetenv("MYNA_TEST_SECRET");
    CHECK_HAS(myna_buf_str(&w.out), "TOKEN=a\n");
    CHECK_HAS(myna_buf_str(&w.out), "LANG=own\n");
    CHECK_HAS(myna_buf_str(&w.out), "PATH=");
    CHECK(!strstr(myna_buf_str(&w.out), "hidden"));
    finish();
}

TEST(it_has_no_descriptor_of_ours)
{
    int fd;

    begin();
    fd = dup(0);
    CHECK(fd > 2);
    run_to_its_end("ls /proc/self/fd | wc -l");
    close(fd);
    CHECK_EQ(atoi(myna_buf_str(&w.out)), 4); /* 0, 1, 2 and the directory that ls reads */
    finish();
}

TEST(a_directory_of_its_own)
{
    const char *const argv[] = {"pwd", NULL};

    begin();
    CHECK_EQ(start(argv, NULL, "/", NULL), MYNA_OK);
    myna_loop_run(w.host.loop);
    CHECK_STR(myna_buf_str(&w.out), "/\n");
    finish();
}

TEST(a_program_that_is_not_there_is_named)
{
    const char *const argv[] = {"no-such-program-here", "x", NULL};
    struct myna_why why;

    begin();
    CHECK_EQ(start(argv, NULL, NULL, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "no-such-program-here");
    CHECK(!w.host.processes);
    finish();
}

TEST(a_background_program_does_not_keep_the_loop_running)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    struct myna_process_start how = {
        .argv = argv, .background = true, .out = on_out, .exited = on_exit_of};

    begin();
    CHECK_EQ(myna_process_start(&w.host, &how, &w.p, NULL), MYNA_OK);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.exits, 0);
    finish();
}

TEST(no_memory_is_an_error_and_leaves_nothing)
{
    const char *const argv[] = {"true", NULL};

    for (unsigned long at = 1; at < 100; at++) {
        enum myna_err err;

        begin();
        fault_fail_alloc(at);
        err = start(argv, NULL, NULL, NULL);
        fault_off();
        if (err) {
            CHECK(err == MYNA_ENOMEM || err == MYNA_EIO);
            CHECK(!w.host.processes);
        }
        finish();
        if (!err) {
            CHECK(at > 1); /* it does need memory */
            return;
        }
    }
    CHECK(false);
}

/* ---- deadline.h */

static int fired;

static void fire(void *arg)
{
    (void)arg;
    fired++;
}

TEST(a_deadline_holds_the_virtual_clock_and_fires_once)
{
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};
    struct myna_deadline *d;

    memset(&w, 0, sizeof w);
    fired = 0;
    w.host.loop = myna_loop_create(&lo, NULL);
    d = myna_deadline_start(&w.host, 100000, fire, NULL);
    CHECK(d && myna_deadline_start(&w.host, 2, fire, NULL));
    myna_deadline_cancel(d);
    myna_loop_run_until(w.host.loop, 10 * MYNA_S);
    CHECK_EQ(fired, 1);
    CHECK_EQ(myna_loop_now(w.host.loop), 10 * MYNA_S);
    myna_loop_destroy(w.host.loop);
}

TEST_MAIN

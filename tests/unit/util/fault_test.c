/* fault_test.c - the failing allocator itself: it fails where it was told to, sees leaks, and the
 * file calls report the errno asked for. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "fault.h"
#include "util/guard.h"

TEST(the_nth_allocation_fails_and_only_that)
{
    void *volatile a, *volatile b, *volatile c;

    fault_fail_alloc(2);
    a = malloc(8);
    CHECK(!fault_hit());
    b = malloc(8);
    CHECK(fault_hit());
    CHECK_EQ(errno, ENOMEM);
    c = malloc(8);
    CHECK(a && !b && c);
    free(a);
    free(c);
}

TEST(every_kind_of_allocation_can_fail)
{
    char *keep = malloc(4), *volatile p;

    fault_fail_alloc(1);
    p = calloc(1, 1);
    CHECK(!p);
    fault_fail_alloc(1);
    p = strdup("a");
    CHECK(!p);
    fault_fail_alloc(1);
    p = strndup("abc", 2);
    CHECK(!p);
    fault_fail_alloc(1);
    p = realloc(keep, 400);
    free(p ? p : keep); /* still ours: the address sanitizer would object */
    CHECK(!p);
    fault_fail_alloc(1);
    CHECK(!json_object()); /* check_main() gave jansson the wrapped one */
}

TEST(live_allocations_are_counted_through_growth_and_foreign_blocks)
{
    size_t before = fault_live();
    char *p[300], *line = NULL;
    size_t cap = 0;
    FILE *f;

    if (!fault_tracks()) { /* the thread sanitizer's build: it says so by 0 */
        CHECK_EQ(before, 0);
        free(malloc(16));
        CHECK_EQ(fault_live(), 0);
        return;
    }
    for (int i = 0; i < 300; i++)
        p[i] = malloc(16);
    CHECK_EQ(fault_live(), before + 300);
    for (int i = 0; i < 300; i++)
        p[i] = realloc(p[i], 5000);
    CHECK_EQ(fault_live(), before + 300);
    for (int i = 0; i < 300; i++)
        free(p[i]);
    CHECK_EQ(fault_live(), before);
    f = fopen("/proc/self/comm", "r");
    CHECK(f && getline(&line, &cap, f) > 0); /* the C library's block… */
    free(line);                              /* …freed by us */
    fclose(f);
    CHECK_EQ(fault_live(), before);
}

static int tries;
static char *leaked;

static bool two_blocks(void *arg)
{
    bool *leaky = arg;
    char *volatile a = malloc(8), *volatile b = malloc(8);
    bool well = a && b;

    tries++;
    if (*leaky && !b)
        leaked = a; /* forgotten, but only when the second fails */
    else
        free(a);
    free(b);
    return well;
}

TEST(each_allocation_fails_once_until_a_run_is_untouched)
{
    bool leaky = false;

    tries = 0;
    CHECK_EQ(fault_each_alloc(two_blocks, &leaky), 2);
    CHECK_EQ(tries, 3);
    CHECK(!fault_hit());
}

static void drive_leaky(void)
{
    bool leaky = true;

    fault_each_alloc(two_blocks, &leaky);
}

static bool never_well(void *arg)
{
    (void)arg;
    return false;
}

static void drive_never_well(void)
{
    fault_each_alloc(never_well, NULL);
}

TEST(the_driver_names_a_leak_and_a_run_that_fails_untouched)
{
    leaked = NULL;
    if (fault_tracks()) /* elsewhere the address sanitizer finds leaks */
        CHECK_HAS(check_failure_of(drive_leaky), "1 blocks are left behind");
    free(leaked);
    CHECK_HAS(check_failure_of(drive_never_well), "well");
}

static bool copy_a_file(void *arg)
{
    const char *path = arg;
    char line[32];
    FILE *f = fopen(path, "w");
    bool well = f && fwrite("hello", 1, 5, f) == 5 && fflush(f) == 0;

    if (f && fclose(f))
        well = false;
    f = well ? fopen(path, "r") : NULL;
    well = f && fread(line, 1, sizeof line, f) == 5 && !ferror(f);
    if (f && fclose(f))
        well = false;
    return well;
}

TEST(each_file_call_fails_once_with_the_errno_asked_for)
{
    char path[] = "/tmp/myna-fault-XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    CHECK_EQ(fault_each_io(copy_a_file, path, ENOSPC), 7);
    fault_fail_io(1, ENOSPC);
    CHECK_EQ(write(fd, "x", 1), -1);
    CHECK_EQ(errno, ENOSPC);
    fault_fail_io(1, EACCES);
    CHECK_EQ(open(path, O_RDONLY), -1);
    CHECK_EQ(errno, EACCES);
    CHECK_EQ(write(fd, "x", 1), 1); /* once only */
    close(fd);
    unlink(path);
}

/* What becomes of a child that runs this: its signal, or 0. */
static int signal_of(void (*run)(void), char *said, size_t size)
{
    int status, fds[2];
    ssize_t n;
    pid_t pid;

    CHECK_EQ(pipe(fds), 0);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (!pid) {
        dup2(fds[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        run();
        _exit(0);
    }
    close(fds[1]);
    n = read(fds[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch(void)
{
    char *volatile p = malloc(1); /* volatile: the pair must not be optimised away */

    free(p);
}

static void allocate_in_the_tick(void)
{
    myna_guard_enter();
    touch();
    myna_guard_leave();
}

static void json_in_the_tick(void)
{
    myna_guard_enter();
    json_decref(json_object());
    myna_guard_leave();
}

static void allocate_in_a_nested_tick_after_a_lift(void)
{
    myna_guard_enter();
    myna_guard_enter();
    myna_guard_lift();
    touch(); /* allowed */
    myna_guard_lower();
    myna_guard_leave();
    touch(); /* still inside the outer one */
}

static void allocate_when_lifted_and_outside(void)
{
    myna_guard_enter();
    myna_guard_lift();
    touch();
    myna_guard_lower();
    myna_guard_leave();
    touch();
}

TEST(an_allocation_in_the_media_tick_aborts_with_a_sentence)
{
    char said[256];

    CHECK_EQ(signal_of(allocate_in_the_tick, said, sizeof said), SIGABRT);
    CHECK_HAS(said, "allocation in the media tick");
    CHECK_EQ(signal_of(json_in_the_tick, said, sizeof said), SIGABRT);
    CHECK_EQ(signal_of(allocate_in_a_nested_tick_after_a_lift, said, sizeof said), SIGABRT);
    CHECK_EQ(signal_of(allocate_when_lifted_and_outside, said, sizeof said), 0);
    CHECK_STR(said, "");
}

TEST(a_close_that_fails_has_closed)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK(fd >= 0);
    fault_fail_io(1, EIO);
    CHECK_EQ(close(fd), -1);
    CHECK_EQ(errno, EIO);
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
}

TEST_MAIN

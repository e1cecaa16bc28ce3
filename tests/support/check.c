/* check.c - runs the registered tests and prints TAP. */
#include "check.h"

#include <stdarg.h>
#include <stdbool.h>

#include <jansson.h>

#include "fault.h"

static struct check_test *first, **last = &first;
static jmp_buf out;
static const char *skipped;
static bool expected; /* a failure is what the test wants to see */
static char caught[256];
static int n, failed; /* static: longjmp must not lose them */
static struct check_test *running;

void check_add(struct check_test *test)
{
    *last = test;
    last = &test->next;
}

void check_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (expected) {
        vsnprintf(caught, sizeof caught, fmt, ap);
    } else {
        fflush(stdout);
        printf("# %s:%d: ", file, line);
        vprintf(fmt, ap);
        printf("%s\n", fault_describe());
    }
    va_end(ap);
    longjmp(out, 1);
}

const char *check_failure_of(void (*run)(void))
{
    static jmp_buf outer;
    const char *volatile said = caught;

    memcpy(&outer, &out, sizeof outer);
    expected = true;
    if (setjmp(out) == 0) {
        run();
        said = NULL;
    }
    expected = false;
    memcpy(&out, &outer, sizeof out);
    fault_off();
    return said;
}

void check_skip(const char *reason)
{
    skipped = reason;
    longjmp(out, 2);
}

int check_main(int argc, char **argv)
{
    json_set_alloc_funcs(malloc, free); /* ours by the linker: see fault.c */
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (running = first; running; running = running->next) {
        if (argc > 1 && !strstr(running->name, argv[1]))
            continue;
        n++;
        fault_off();
        switch (setjmp(out)) {
        case 0:
            running->run();
            printf("ok %d - %s\n", n, running->name);
            break;
        case 2:
            printf("ok %d - %s # SKIP %s\n", n, running->name, skipped);
            break;
        default:
            printf("not ok %d - %s\n", n, running->name);
            failed++;
        }
    }
    fault_off();
    printf("1..%d\n", n);
    return failed ? 1 : 0;
}

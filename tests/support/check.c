/* check.c - runs the registered tests and prints TAP. */
#include "check.h"

#include <stdarg.h>

static struct check_test *first, **last = &first;
static jmp_buf out;
static const char *skipped;
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

    fflush(stdout);
    printf("# %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    longjmp(out, 1);
}

void check_skip(const char *reason)
{
    skipped = reason;
    longjmp(out, 2);
}

int check_main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (running = first; running; running = running->next) {
        if (argc > 1 && !strstr(running->name, argv[1]))
            continue;
        n++;
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
    printf("1..%d\n", n);
    return failed ? 1 : 0;
}

/* check.h - a test is a sentence and some checks; the program prints TAP.
 *
 *     TEST(a_breath_keeps_the_turn)
 *     {
 *         CHECK_EQ(delay, 500);
 *     }
 *     TEST_MAIN
 *
 * A failed CHECK prints where and what and ends that test; the others go on. SKIP needs a reason
 * that names what the machine lacks. `./endpointing_test breath` runs the tests whose name contains
 * "breath".
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
};
void check_add(struct check_test *t);
void check_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void check_skip(const char *reason) __attribute__((noreturn));
/* For tests of the test support itself: what the first failing CHECK in run() would have printed;
 * NULL when all held. */
const char *check_failure_of(void (*run)(void));
int check_main(int argc, char **argv);

#define TEST(id)                                                                                   \
    static void id(void);                                                                          \
    static struct check_test id##_entry = {.name = #id, .run = id};                                \
    __attribute__((constructor)) static void id##_register(void)                                   \
    {                                                                                              \
        check_add(&id##_entry);                                                                    \
    }                                                                                              \
    static void id(void)
#define TEST_MAIN                                                                                  \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return check_main(argc, argv);                                                             \
    }

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_fail(__FILE__, __LINE__, "%s", #cond);                                           \
    } while (0)
#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        long long check_a = (long long)(a), check_b = (long long)(b);                              \
        if (check_a != check_b)                                                                    \
            check_fail(__FILE__, __LINE__, "%s is %lld, want %s = %lld", #a, check_a, #b,          \
                       check_b);                                                                   \
    } while (0)
#define CHECK_NEAR(a, b, tolerance)                                                                \
    do {                                                                                           \
        double check_a = (double)(a), check_b = (double)(b);                                       \
        if (!(fabs(check_a - check_b) <= (double)(tolerance)))                                     \
            check_fail(__FILE__, __LINE__, "%s is %g, want %s = %g within %g", #a, check_a, #b,    \
                       check_b, (double)(tolerance));                                              \
    } while (0)
#define CHECK_STR(a, b)                                                                            \
    do {                                                                                           \
        const char *check_a = (a), *check_b = (b);                                                 \
        if (!check_a || !check_b || strcmp(check_a, check_b))                                      \
            check_fail(__FILE__, __LINE__, "%s is \"%s\", want \"%s\"", #a,                        \
                       check_a ? check_a : "(null)", check_b ? check_b : "(null)");                \
    } while (0)
#define CHECK_HAS(text, part)                                                                      \
    do {                                                                                           \
        const char *check_a = (text), *check_b = (part);                                           \
        if (!check_a || !strstr(check_a, check_b))                                                 \
            check_fail(__FILE__, __LINE__, "%s is \"%s\", which has no \"%s\"", #text,             \
                       check_a ? check_a : "(null)", check_b);                                     \
    } while (0)
#define SKIP(reason) check_skip(reason)

#endif

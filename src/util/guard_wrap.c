/* guard_wrap.c - the guard of the media tick in the program itself (meson option `guard`): malloc
 * and friends are linked through here (-Wl,--wrap). Tests have their own (tests/support/fault.c).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/guard.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static void check(void)
{
    static const char said[] = "allocation in the media tick (see util/guard.h)\n";

    if (!myna_guard_armed())
        return;
    if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
        _exit(99);
    abort();
}

void *__wrap_malloc(size_t size)
{
    check();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    check();
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    check();
    return __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *text)
{
    check();
    return __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    check();
    return __real_strndup(text, len);
}

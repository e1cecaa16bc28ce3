/* fault.c - the linker sends malloc & co. here (-Wl,--wrap=…); __real_… are the system's.
 *
 * Live allocations are kept in a set of addresses, not in a header before the block: blocks that a
 * library allocated are freed here too, and ours may be freed by a library.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "util/guard.h"

#if defined(__SANITIZE_THREAD__)
#define TRACK 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRACK 0
#endif
#endif
#ifndef TRACK
#define TRACK 1
#endif

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
void __wrap_free(void *ptr);

/* ------------------------------------------------------------------ who fails when */

static struct plan {
    const char *what;
    atomic_ulong count; /* calls ever */
    atomic_ulong at;    /* the count at which it fails; 0 never */
    unsigned long nth;
    int error;
    atomic_bool hit;
} allocs = {.what = "allocation"}, ios = {.what = "file call"}, *armed;

static void plan(struct plan *p, unsigned long n, int error)
{
    atomic_store(&p->hit, false);
    p->nth = n;
    p->error = error;
    atomic_store(&p->at, n ? atomic_load(&p->count) + n : 0);
    armed = n ? p : NULL;
}

static bool fails(struct plan *p)
{
    unsigned long now = atomic_fetch_add_explicit(&p->count, 1, memory_order_relaxed) + 1;

    if (now != atomic_load_explicit(&p->at, memory_order_relaxed))
        return false;
    atomic_store(&p->hit, true);
    errno = p->error;
    return true;
}

void fault_fail_alloc(unsigned long n)
{
    plan(&allocs, n, ENOMEM);
}

void fault_fail_io(unsigned long n, int error)
{
    plan(&ios, n, error);
}

bool fault_hit(void)
{
    return armed && atomic_load(&armed->hit);
}

void fault_off(void)
{
    plan(&allocs, 0, 0);
    plan(&ios, 0, 0);
}

unsigned long fault_alloc_count(void)
{
    return atomic_load(&allocs.count);
}

unsigned long fault_io_count(void)
{
    return atomic_load(&ios.count);
}

const char *fault_describe(void)
{
    static char text[64];

    text[0] = '\0';
    if (armed)
        snprintf(text, sizeof text, " (with %s %lu failing)", armed->what, armed->nth);
    return text;
}

static unsigned long each(struct plan *p, bool (*run)(void *arg), void *arg, int error)
{
    for (unsigned long n = 1; n <= 100000; n++) {
        size_t live = fault_live();
        bool well;

        plan(p, n, error);
        well = run(arg);
        if (fault_live() != live)
            check_fail(__FILE__, __LINE__, "%zu blocks are left behind",
                       (size_t)(fault_live() - live));
        if (!atomic_load(&p->hit)) {
            plan(p, 0, 0);
            CHECK(well);
            return n - 1;
        }
    }
    check_fail(__FILE__, __LINE__, "the case does not come to its end");
}

unsigned long fault_each_alloc(bool (*run)(void *arg), void *arg)
{
    return each(&allocs, run, arg, ENOMEM);
}

unsigned long fault_each_io(bool (*run)(void *arg), void *arg, int error)
{
    return each(&ios, run, arg, error);
}

/* ------------------------------------------------------------------ the set of live blocks */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Open addressing; 0: free slot. The complement of each address: a leak that we remember here would
 * be none to the leak sanitizer. */
static uintptr_t *set;
static size_t n_live, n_slots;

static size_t home(uintptr_t hidden)
{
    return (size_t)((hidden >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (n_slots - 1);
}

static void insert(uintptr_t hidden)
{
    size_t i = home(hidden);

    while (set[i] && set[i] != hidden)
        i = (i + 1) & (n_slots - 1);
    n_live += !set[i];
    set[i] = hidden;
}

static void *born(void *ptr)
{
    if (!TRACK || !ptr)
        return ptr;
    pthread_mutex_lock(&lock);
    if (n_live * 2 >= n_slots) {
        uintptr_t *old = set;
        size_t n = n_slots;

        n_slots = n ? n * 2 : 1 << 14;
        set = __real_calloc(n_slots, sizeof *set);
        if (!set)
            abort();
        n_live = 0;
        for (size_t i = 0; i < n; i++)
            if (old[i])
                insert(old[i]);
        __real_free(old);
    }
    insert(~(uintptr_t)ptr);
    pthread_mutex_unlock(&lock);
    return ptr;
}

/* Takes it out and closes the gap in its chain. Unknown ones are a library's. */
static void dies(const void *ptr)
{
    const uintptr_t hidden = ~(uintptr_t)ptr;
    size_t i;

    if (!TRACK || !ptr)
        return;
    pthread_mutex_lock(&lock);
    for (i = n_slots ? home(hidden) : 0; n_slots && set[i] && set[i] != hidden;)
        i = (i + 1) & (n_slots - 1);
    if (n_slots && set[i]) {
        n_live--;
        set[i] = 0;
        for (size_t k = (i + 1) & (n_slots - 1); set[k]; k = (k + 1) & (n_slots - 1)) {
            uintptr_t moved = set[k];

            set[k] = 0;
            n_live--;
            insert(moved);
        }
    }
    pthread_mutex_unlock(&lock);
}

bool fault_tracks(void)
{
    return TRACK;
}

size_t fault_live(void)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = n_live;
    pthread_mutex_unlock(&lock);
    return n;
}

/* ------------------------------------------------------------------ the allocator */

static bool alloc_fails(void)
{
    static const char said[] = "allocation in the media tick (see util/guard.h)\n";

    if (myna_guard_armed()) {
        if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
            _exit(99);
        abort();
    }
    return fails(&allocs);
}

void *__wrap_malloc(size_t size)
{
    return alloc_fails() ? NULL : born(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return alloc_fails() ? NULL : born(__real_calloc(n, size));
}

void *__wrap_realloc(void *ptr, size_t size)
{
    void *moved;

    if (alloc_fails())
        return NULL;
    dies(ptr); /* before: another thread may be given the same address */
    moved = __real_realloc(ptr, size);
    if (!moved && size)
        born(ptr);
    return born(moved);
}

char *__wrap_strndup(const char *text, size_t len)
{
    size_t n = strnlen(text, len);
    char *copy = __wrap_malloc(n + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

void __wrap_free(void *ptr)
{
    dies(ptr);
    __real_free(ptr);
}

/* ------------------------------------------------------------------ file calls */

#define WRAP(type, name, fail, params, ...)                                                        \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        return fails(&ios) ? (fail) : __real_##name(__VA_ARGS__);                                  \
    }

static FILE *broken; /* ferror() says so until it is closed */

static size_t fail_stream(FILE *f)
{
    broken = f;
    return 0;
}

WRAP(ssize_t, read, -1, (int fd, void *buf, size_t len), fd, buf, len)
WRAP(ssize_t, write, -1, (int fd, const void *buf, size_t len), fd, buf, len)
WRAP(size_t, fread, fail_stream(f), (void *p, size_t size, size_t n, FILE *f), p, size, n, f)
WRAP(size_t, fwrite, fail_stream(f), (const void *p, size_t size, size_t n, FILE *f), p, size, n, f)
WRAP(FILE *, fopen, NULL, (const char *path, const char *mode), path, mode)
WRAP(FILE *, fopen64, NULL, (const char *path, const char *mode), path, mode)
WRAP(int, rename, -1, (const char *from, const char *to), from, to)
WRAP(int, fsync, -1, (int fd), fd)
WRAP(int, fdatasync, -1, (int fd), fd)
WRAP(int, mkdir, -1, (const char *path, mode_t mode), path, mode)

int __real_ferror(FILE *f);
int __wrap_ferror(FILE *f);
int __wrap_ferror(FILE *f)
{
    return broken == f || __real_ferror(f);
}

int __real_fflush(FILE *f);
int __wrap_fflush(FILE *f);
int __wrap_fflush(FILE *f)
{
    if (!fails(&ios))
        return __real_fflush(f);
    broken = f;
    return EOF;
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);
int __wrap_fclose(FILE *f)
{
    bool failed = fails(&ios);
    int error = errno, rc = __real_fclose(f);

    if (broken == f)
        broken = NULL;
    if (!failed)
        return rc;
    errno = error;
    return EOF;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool failed = fails(&ios);
    int error = errno, rc = __real_close(fd);

    if (!failed)
        return rc;
    errno = error;
    return -1;
}

/* A mode comes only with these flags. */
#define WRAP_OPEN(name)                                                                            \
    int __real_##name(const char *path, int flags, ...);                                           \
    int __wrap_##name(const char *path, int flags, ...);                                           \
    int __wrap_##name(const char *path, int flags, ...)                                            \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list ap;                                                                                \
                                                                                                   \
        va_start(ap, flags);                                                                       \
        if (flags & (O_CREAT | __O_TMPFILE))                                                       \
            mode = va_arg(ap, mode_t);                                                             \
        va_end(ap);                                                                                \
        return fails(&ios) ? -1 : __real_##name(path, flags, mode);                                \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)

/* last_resort.c - a thread that waits on a condition with a time limit, and nothing else. */
#include "console/last_resort.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE_S = 1, INTERRUPTED = 130 };

struct myna_last_resort {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
};

static void *wait_or_exit(void *arg)
{
    struct myna_last_resort *r = arg;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until); /* the condition's clock */
    until.tv_sec += AT_ONCE_S;
    pthread_mutex_lock(&r->lock);
    while (!r->is_over && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&r->over, &r->lock, &until);
    if (!r->is_over) {
        static const char said[] = "myna: ended at once on request\n";

        (void)!write(STDERR_FILENO, said, sizeof said - 1);
        _exit(130);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct myna_last_resort *myna_last_resort_start(void)
{
    struct myna_last_resort *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->over, NULL);
    if (!pthread_create(&r->thread, NULL, wait_or_exit, r))
        return r;
    pthread_cond_destroy(&r->over);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

void myna_last_resort_end(struct myna_last_resort *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->is_over = true;
    pthread_cond_signal(&r->over);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->over);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

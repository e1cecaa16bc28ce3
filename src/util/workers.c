/* workers.c - one mutex, and lanes.
 *
 * Waiting works of the same key and urgency form a lane. The lanes stand in one queue; a worker
 * takes the first work of the first lane of the highest urgency, and a lane with more to do goes to
 * the back. Lanes come from an array as long as the queue, since each holds at least one work.
 * The scan over the lanes is short (sessions with something waiting) and beats a cleverer shape.
 */
#include "util/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct lane {
    uint64_t fair;
    int urgent;
    struct myna_work *first, *last;
    struct lane *next; /* in the queue of lanes, or in the list of free ones */
};

struct myna_workers {
    void (*finished)(void *arg);
    void *arg;
    int n_wanted, n_threads;
    pthread_t *threads;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;  /* a work came, or stop */
    pthread_cond_t idle;  /* nothing queued or running */
    struct lane *lanes;   /* storage */
    struct lane *free;
    struct lane *head, *tail;
    size_t n_queued, n_running, capacity;
    struct myna_work *done, *done_last;
    bool stop;
};

struct myna_workers *myna_workers_create(int threads, size_t capacity, void (*finished)(void *arg),
                                         void *arg)
{
    struct myna_workers *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->threads = calloc((size_t)threads, sizeof *p->threads);
    p->lanes = calloc(capacity, sizeof *p->lanes);
    if (!p->threads || !p->lanes) {
        free(p->threads);
        free(p->lanes);
        free(p);
        return NULL;
    }
    p->finished = finished;
    p->arg = arg;
    p->n_wanted = threads;
    p->capacity = capacity;
    for (size_t i = 0; i < capacity; i++) {
        p->lanes[i].next = p->free;
        p->free = &p->lanes[i];
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->idle, NULL);
    return p;
}

void myna_workers_destroy(struct myna_workers *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->lanes);
    free(p->threads);
    free(p);
}

static void enqueue(struct myna_workers *p, struct myna_work *w)
{
    struct lane *l = p->head;

    w->next = NULL;
    while (l && (l->fair != w->fair || l->urgent != w->urgent))
        l = l->next;
    if (l) {
        l->last->next = w;
        l->last = w;
        return;
    }
    l = p->free; /* there is one: fewer lanes in use than works queued, and those are counted */
    p->free = l->next;
    *l = (struct lane){.fair = w->fair, .urgent = w->urgent, .first = w, .last = w};
    if (p->tail)
        p->tail->next = l;
    else
        p->head = l;
    p->tail = l;
}

static struct myna_work *dequeue(struct myna_workers *p)
{
    struct lane *best = p->head, *before = NULL, *prev = NULL;
    struct myna_work *w;

    if (!best)
        return NULL;
    for (struct lane *l = p->head; l; prev = l, l = l->next)
        if (l->urgent > best->urgent) {
            best = l;
            before = prev;
        }
    w = best->first;
    best->first = w->next;
    w->next = NULL;

    if (before) /* out of the queue… */
        before->next = best->next;
    else
        p->head = best->next;
    if (p->tail == best)
        p->tail = before;
    best->next = NULL;
    if (!best->first) {
        best->next = p->free;
        p->free = best;
    } else { /* …and to its back: the next key's turn */
        if (p->tail)
            p->tail->next = best;
        else
            p->head = best;
        p->tail = best;
    }
    return w;
}

static void finish(struct myna_workers *p, struct myna_work *w)
{
    if (p->done_last)
        p->done_last->next = w;
    else
        p->done = w;
    p->done_last = w;
    p->n_running--;
    if (!p->n_running && !p->n_queued)
        pthread_cond_broadcast(&p->idle);
}

static void *work(void *arg)
{
    struct myna_workers *p = arg;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct myna_work *w = dequeue(p);

        if (!w) {
            if (p->stop)
                break;
            pthread_cond_wait(&p->wake, &p->lock);
            continue;
        }
        p->n_queued--;
        p->n_running++;
        pthread_mutex_unlock(&p->lock);
        w->run(w);
        pthread_mutex_lock(&p->lock);
        finish(p, w);
        pthread_mutex_unlock(&p->lock);
        p->finished(p->arg); /* `w` is the loop's again: not touched any more */
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static enum myna_err start_threads(struct myna_workers *p)
{
    sigset_t all, before;

    sigfillset(&all); /* signals are for the loop's thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->n_threads < p->n_wanted) {
        char name[16]; /* Linux: 15 characters */

        if (pthread_create(&p->threads[p->n_threads], NULL, work, p))
            break;
        snprintf(name, sizeof name, "myna-work-%d", p->n_threads % 1000);
        pthread_setname_np(p->threads[p->n_threads], name);
        p->n_threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->n_threads ? MYNA_OK : MYNA_EUNAVAIL;
}

enum myna_err myna_workers_submit(struct myna_workers *p, struct myna_work *w)
{
    if (!p->n_threads && start_threads(p))
        return MYNA_EUNAVAIL;
    pthread_mutex_lock(&p->lock);
    if (p->n_queued == p->capacity) {
        pthread_mutex_unlock(&p->lock);
        return MYNA_EAGAIN;
    }
    p->n_queued++;
    enqueue(p, w);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    return MYNA_OK;
}

struct myna_work *myna_workers_take_done(struct myna_workers *p)
{
    struct myna_work *w;

    pthread_mutex_lock(&p->lock);
    w = p->done;
    p->done = p->done_last = NULL;
    pthread_mutex_unlock(&p->lock);
    return w;
}

void myna_workers_wait_idle(struct myna_workers *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->n_queued || p->n_running)
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

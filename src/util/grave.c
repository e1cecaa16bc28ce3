/* grave.c - a list in the host, so that nothing is lost when the loop stops before the timer. */
#include "util/grave.h"

#include "util/host.h"

static void unlink_grave(struct myna_grave *g)
{
    if (g->prev)
        g->prev->next = g->next;
    else
        g->host->graves = g->next;
    if (g->next)
        g->next->prev = g->prev;
}

static void bury(struct myna_grave *g)
{
    myna_timer_clear(&g->timer);
    unlink_grave(g);
    g->bury(g);
}

static void fire(struct myna_timer *t)
{
    bury(t->arg);
}

void myna_host_bury_later(struct myna_host *host, struct myna_grave *g,
                          void (*bury_it)(struct myna_grave *g))
{
    g->bury = bury_it;
    g->host = host;
    g->prev = NULL;
    g->next = host->graves;
    if (g->next)
        g->next->prev = g;
    host->graves = g;
    myna_host_timer_init(host, &g->timer, fire, g);
    /* Short of memory: it stays on the list and is freed with the runtime. */
    (void)!myna_timer_set(&g->timer, myna_host_now(host));
}

void myna_host_bury_all(struct myna_host *host)
{
    while (host->graves)
        bury(host->graves);
}

/* room_regions.c - which server a session is joined at, when the one of the options does not do:
 * another region of the cloud, or one that the server names. */
#include "livekit/room_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void go_to(struct myna_lk_room *r, const char *url)
{
    free(r->elsewhere);
    r->elsewhere = strdup(url);
}

static void not_taken(struct myna_lk_room *r, const char *url)
{
    myna_host_log(r->host, MYNA_LOG_WARN,
                  "the server names another one that is not taken url=%.200s", url);
}

void myna_lk_r_sent_elsewhere(struct myna_lk_room *r, const char *url)
{
    if (myna_lk_may_go(r->conf->url, url))
        go_to(r, url);
    else
        not_taken(r, url);
}

void myna_lk_r_sent_to(struct myna_lk_room *r, const char *const *urls, size_t n)
{
    const char *first;
    size_t may = 0;

    for (size_t i = 0; i < n; i++)
        if (myna_lk_may_go(r->conf->url, urls[i]))
            may++;
        else
            not_taken(r, urls[i]);
    if (!may)
        return;
    myna_lk_regions_named(r->regions, r->conf->url, urls, n);
    first = myna_lk_regions_next(r->regions);
    if (first)
        go_to(r, first);
}

void myna_lk_r_ask_regions(struct myna_lk_room *r)
{
    if (!r->server && r->conf->url)
        myna_lk_regions_ask(r->regions, r->conf->url, myna_lk_signal_token(r->signal));
}

static bool hop(struct myna_lk_room *r)
{
    const char *next = myna_lk_regions_next(r->regions);

    if (!next)
        return false;
    r->hops++;
    go_to(r, next);
    myna_host_log(r->host, MYNA_LOG_WARN, "the next region is tried url=%.200s", next);
    return true;
}

bool myna_lk_r_moves_on(struct myna_lk_room *r)
{
    return !r->elsewhere && hop(r) && r->hops <= MYNA_LK_MAX_REGIONS;
}

/* The first join is tried once in each region; what was wrong with the first is told at last. */
bool myna_lk_r_hops(struct myna_lk_room *r, const struct myna_lk_end *end)
{
    if (r->in || r->attempt || r->leaving || end->kind != MYNA_LK_END_DROPPED)
        return false;
    if (!r->hops && !r->hop_due)
        snprintf(r->last_error, sizeof r->last_error, "%s", end->message);
    if (myna_lk_regions_is_asking(r->regions)) {
        r->hop_due = true;
        return true;
    }
    if (hop(r))
        return !myna_timer_set(&r->retry, myna_host_now(r->host));
    if (!r->hops)
        return false;
    myna_lk_r_close(r,
                    &(struct myna_lk_end){.kind = MYNA_LK_END_DROPPED, .message = r->last_error});
    return true;
}

static void on_told(void *arg)
{
    struct myna_lk_room *r = arg;
    struct myna_lk_end end = {.kind = MYNA_LK_END_DROPPED, .message = r->last_error};

    myna_lk_r_enter(r);
    if (r->hop_due && !myna_lk_r_quiet(r) && !myna_lk_r_hops(r, &end))
        myna_lk_r_close(r, &end);
    r->hop_due = false;
    myna_lk_r_leave(r);
}

bool myna_lk_r_regions_open(struct myna_lk_room *r)
{
    r->regions = myna_lk_regions_create(r->host, on_told, r);
    return r->regions != NULL;
}

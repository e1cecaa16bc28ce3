/* guests.c - whom the session hears (agent-session 6.2): everyone in the room, or the linked one.
 *
 * The linked one is the first who may be, by identity or by kind. Somebody whose connection breaks
 * stays a guest for a minute, and is the same when they come back; who leaves by will is gone.
 */
#include "livekit/guests.h"

#include <stdlib.h>
#include <string.h>

#define COME_BACK (60 * MYNA_S) /* somebody who was cut off may return */

struct lk_guest *myna_lk_guest_of(struct lk *lk, uint32_t number)
{
    for (size_t i = 0; i < MYNA_LK_GUESTS && number; i++)
        if (lk->guests[i].who && lk->guests[i].number == number)
            return &lk->guests[i];
    return NULL;
}

struct lk_guest *myna_lk_guest_who(struct lk *lk, uint32_t who)
{
    for (size_t i = 0; i < MYNA_LK_GUESTS && who; i++)
        if (lk->guests[i].who == who)
            return &lk->guests[i];
    return NULL;
}

/* Somebody who was cut off, and is this one. */
static struct lk_guest *away(struct lk *lk, const char *identity)
{
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        struct lk_guest *g = &lk->guests[i];

        if (g->who && !g->number && !strcmp(g->identity, identity))
            return g;
    }
    return NULL;
}

static struct lk_guest *free_place(struct lk *lk)
{
    size_t n = lk->everyone ? MYNA_LK_GUESTS : 1;

    for (size_t i = 0; i < n; i++)
        if (!lk->guests[i].who)
            return &lk->guests[i];
    return NULL;
}

bool myna_lk_may_be_guest(struct lk *lk, const struct myna_lk_person *p)
{
    if (myna_lk_guest_of(lk, p->number) || (lk->owner.may && !lk->owner.may(lk->owner_arg, p)))
        return false;
    if (away(lk, p->identity))
        return true;
    if (!free_place(lk))
        return false;
    if (lk->opt.participant && *lk->opt.participant)
        return !strcmp(p->identity, lk->opt.participant);
    return (p->kind == MYNA_LK_STANDARD || p->kind == MYNA_LK_SIP ||
            p->kind == MYNA_LK_CONNECTOR) &&
           strcmp(myna_lk_attribute_of(p, "lk.publish_on_behalf"),
                  myna_lk_room_identity(lk->room)) != 0;
}

/* ---- coming */

static struct lk_guest *take_place(struct lk *lk, const struct myna_lk_person *p)
{
    struct lk_guest *g = away(lk, p->identity);

    if (g) {
        myna_timer_clear(&g->gone);
        return g;
    }
    g = free_place(lk);
    if (!g || !(g->identity = strdup(p->identity)))
        return NULL;
    g->who = ++lk->guest_numbers;
    g->last_captured = INT64_MIN;
    g->last_frame = 0;
    g->lag = MYNA_LK_LATENCY;
    g->segment[0] = '\0';
    return g;
}

static void welcome(struct lk *lk, const struct myna_lk_person *p)
{
    struct lk_guest *g = take_place(lk, p);

    if (!g)
        return;
    g->number = p->number;
    if (!lk->told)
        lk->linked_at = myna_host_now(lk->base.host);
    lk->told = true;
    myna_lk_room_review(lk->room);
    myna_transport_joined(&lk->base, g->who, p->identity, *p->name ? p->name : p->identity);
    for (size_t i = 0; i < p->n_attributes && !lk->closed; i++)
        myna_transport_attribute_in(&lk->base, g->who, p->attributes[i].key,
                                    p->attributes[i].value);
    myna_lk_await_recording(g, p);
    myna_lk_tell_early(lk, g);
}

static void look_fire(struct myna_timer *t)
{
    struct lk *lk = t->arg;
    const struct myna_lk_people *people = myna_lk_room_people(lk->room);

    for (size_t i = 0; i < myna_lk_people_count(people) && !lk->closed; i++)
        if (myna_lk_may_be_guest(lk, myna_lk_people_at(people, i)))
            welcome(lk, myna_lk_people_at(people, i));
}

void myna_lk_look(struct lk *lk)
{
    if (!lk->closed && myna_timer_set(&lk->look, myna_host_now(lk->base.host)))
        myna_host_log(lk->base.host, MYNA_LOG_WARN, "no timer to look who is there");
}

/* ---- going */

static void farewell(struct lk_guest *g, const char *reason)
{
    struct lk *lk = g->lk;
    uint32_t who = g->who;

    myna_timer_clear(&g->gone);
    free(g->identity);
    free(g->held);
    g->identity = NULL;
    g->held = NULL;
    g->who = g->number = 0;
    myna_transport_left(&lk->base, who, reason);
    myna_lk_look(lk); /* the place is free */
}

static void gone_fire(struct myna_timer *t)
{
    farewell(t->arg, "connection_timeout");
}

void myna_lk_guest_left(struct lk *lk, const struct myna_lk_person *p, int reason)
{
    struct lk_guest *g = myna_lk_guest_of(lk, p->number);

    if (!g || lk->closed)
        return;
    g->number = 0;
    if (reason == MYNA_LK_CLIENT_INITIATED || reason == MYNA_LK_ROOM_DELETED ||
        reason == MYNA_LK_USER_REJECTED || reason == MYNA_LK_PARTICIPANT_REMOVED || lk->opt.stay)
        farewell(g, myna_lk_reason_name(reason));
    else if (myna_timer_set(&g->gone, myna_host_now(lk->base.host) + COME_BACK))
        farewell(g, "connection_timeout");
    else
        myna_lk_look(lk); /* perhaps here already, under a new number */
}

/* ---- made and unmade */

void myna_lk_guests_init(struct lk *lk)
{
    myna_host_timer_init(lk->base.host, &lk->look, look_fire, lk);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        lk->guests[i].lk = lk;
        myna_host_timer_init(lk->base.host, &lk->guests[i].gone, gone_fire, &lk->guests[i]);
    }
}

void myna_lk_guests_rest(struct lk *lk)
{
    myna_timer_clear(&lk->look);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++)
        myna_timer_clear(&lk->guests[i].gone);
}

void myna_lk_guests_fini(struct lk *lk)
{
    myna_lk_guests_rest(lk);
    myna_lk_forget_early(lk);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        free(lk->guests[i].identity);
        free(lk->guests[i].held);
    }
}

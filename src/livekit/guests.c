/* guests.c - whom the session hears (agent-session 6.2): everyone in the room, or the linked one.
 *
 * The linked one is the first who may be, by identity or by kind. Somebody whose connection breaks
 * stays a guest for a minute, and is the same when they come back; who leaves by will is gone.
 * Where the call goes on without them and nobody can take their place, they are gone at once: what
 * they said until then counts, and as somebody new they have the same name.
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

/* An owner who has a say in it has judged that as well: the gateway hears all who keep it there. */
static bool is_of_a_kind(const struct lk *lk, const struct myna_lk_person *p)
{
    return lk->owner.may || (p->kind >= 0 && p->kind < 32 && (lk->opt.kind_bits >> p->kind & 1));
}

bool myna_lk_may_be_guest(struct lk *lk, const struct myna_lk_person *p)
{
    if (myna_lk_guest_of(lk, p->number) || (lk->owner.may && !lk->owner.may(lk->owner_arg, p)))
        return false;
    if (away(lk, p->identity))
        return true;
    if (!free_place(lk) || p->number < lk->since)
        return false;
    if (lk->opt.participant && *lk->opt.participant)
        return !strcmp(p->identity, lk->opt.participant);
    return is_of_a_kind(lk, p) && strcmp(myna_lk_attribute_of(p, "lk.publish_on_behalf"),
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
    g->last_frame = g->silent_to = 0;
    g->lag = MYNA_LK_LATENCY;
    g->segment[0] = '\0';
    return g;
}

static void welcome(struct lk *lk, const struct myna_lk_person *p)
{
    struct lk_guest *g = take_place(lk, p);
    bool may_write;
    uint32_t who;

    if (!g)
        return;
    who = g->who;
    may_write = !lk->owner.writes || lk->owner.writes(lk->owner_arg, p);
    g->number = p->number;
    if (!lk->told)
        lk->linked_at = myna_host_now(lk->base.host);
    lk->told = true;
    myna_lk_room_review(lk->room);
    myna_transport_joined(&lk->base, g->who, p->identity, *p->name ? p->name : p->identity);
    for (size_t i = 0; i < p->n_attributes && !lk->closed && g->who == who; i++)
        myna_transport_attribute_in(&lk->base, who, p->attributes[i].key, p->attributes[i].value);
    if (lk->closed || g->who != who) /* told of them, the host talks with somebody else */
        return;
    if (lk->opt.audio_input)
        myna_lk_await_recording(g, p);
    myna_lk_tell_unread(lk);
    if (g->who == who)
        myna_lk_tell_early(lk, g, may_write);
}

static void look_fire(struct myna_timer *t)
{
    struct lk *lk = t->arg;
    const struct myna_lk_people *people = myna_lk_room_people(lk->room);

    for (size_t i = 0; i < myna_lk_people_count(people) && !lk->closed; i++)
        if (myna_lk_may_be_guest(lk, myna_lk_people_at(people, i)))
            welcome(lk, myna_lk_people_at(people, i));
    if (!lk->closed)
        myna_lk_refuse_early(lk);
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
        reason == MYNA_LK_USER_REJECTED || reason == MYNA_LK_PARTICIPANT_REMOVED ||
        ((lk->base.caps & MYNA_TRANSPORT_STAYS) && lk->everyone))
        farewell(g, myna_lk_reason_name(reason));
    else if (myna_timer_set(&g->gone, myna_host_now(lk->base.host) + COME_BACK))
        farewell(g, "connection_timeout");
    else
        myna_lk_look(lk); /* perhaps here already, under a new number */
}

/* ---- the host talks with somebody else (agent-session 6.2) */

static uint32_t next_number(const struct lk *lk)
{
    const struct myna_lk_people *people = myna_lk_room_people(lk->room);
    uint32_t n = 0;

    for (size_t i = 0; i < myna_lk_people_count(people); i++)
        if (myna_lk_people_at(people, i)->number > n)
            n = myna_lk_people_at(people, i)->number;
    return n + 1;
}

enum myna_err myna_lk_link(struct myna_transport *t, const char *identity)
{
    struct lk *lk = (struct lk *)t;
    char *own = identity ? strdup(identity) : NULL;

    if (lk->closed || lk->owner.may || (identity && !own)) {
        free(own);
        return identity && !own ? MYNA_ENOMEM : MYNA_ESTATE;
    }
    free(lk->participant);
    lk->opt.participant = lk->participant = own;
    lk->since = own ? 0 : next_number(lk);
    lk->everyone = false;
    for (size_t i = 0; i < MYNA_LK_GUESTS && !lk->closed; i++) {
        const struct lk_guest *g = &lk->guests[i];

        /* told of one, the host may have called again: the newest word counts */
        if (g->who && (!lk->participant || strcmp(g->identity, lk->participant) != 0))
            farewell(&lk->guests[i], MYNA_LEFT_UNLINKED);
    }
    myna_lk_room_review(lk->room);
    myna_lk_look(lk);
    return MYNA_OK;
}

/* ---- made and unmade */

void myna_lk_guests_init(struct lk *lk)
{
    myna_host_timer_init(lk->base.host, &lk->look, look_fire, lk);
    myna_lk_early_init(lk);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        lk->guests[i].lk = lk;
        myna_host_timer_init(lk->base.host, &lk->guests[i].gone, gone_fire, &lk->guests[i]);
    }
}

void myna_lk_guests_rest(struct lk *lk)
{
    myna_timer_clear(&lk->look);
    myna_timer_clear(&lk->early_due);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++)
        myna_timer_clear(&lk->guests[i].gone);
}

void myna_lk_guests_fini(struct lk *lk)
{
    myna_lk_guests_rest(lk);
    myna_lk_forget_early(lk);
    myna_lk_forget_unread(lk);
    free(lk->participant);
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        free(lk->guests[i].identity);
        free(lk->guests[i].held);
    }
}

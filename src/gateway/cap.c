/* cap.c - see cap.h. */
#include "gateway/cap.h"

#include <stdio.h>
#include <string.h>

void myna_gw_cap_init(struct myna_gw_cap *c, myna_us most)
{
    *c = (struct myna_gw_cap){.most = most};
}

static struct myna_gw_capped *find(struct myna_gw_cap *c, const char *identity)
{
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->who[i].identity, identity))
            return &c->who[i];
    return NULL;
}

/* A place for one more; who is silent gives way. */
static struct myna_gw_capped *place(struct myna_gw_cap *c, const char *identity)
{
    struct myna_gw_capped *w = find(c, identity);

    if (!w && c->n < MYNA_GW_SPEAKERS)
        w = &c->who[c->n++];
    for (size_t i = 0; i < c->n && !w; i++)
        if (c->who[i].stopped != MYNA_NEVER)
            w = &c->who[i];
    if (w && strcmp(w->identity, identity) != 0) {
        snprintf(w->identity, sizeof w->identity, "%s", identity);
        w->over = true;
    }
    return w;
}

static void spoke(struct myna_gw_cap *c, myna_us now, const struct myna_event *ev)
{
    struct myna_gw_capped *w;

    if (!ev->u.person.speaking) {
        w = find(c, ev->u.person.identity);
        if (w)
            w->stopped = now;
        return;
    }
    w = place(c, ev->u.person.identity);
    if (!w)
        return;
    if (w->over || now - w->stopped > MYNA_GW_CAP_FORGET) {
        w->at = now;
        w->over = false;
    }
    w->stopped = MYNA_NEVER;
}

/* Their turn was taken: what they say from here on is another utterance. */
static void taken(struct myna_gw_cap *c, const struct myna_event *ev)
{
    const struct myna_item *it = ev->u.item;
    struct myna_gw_capped *w = NULL;

    if (it->type == MYNA_ITEM_MESSAGE && it->role == MYNA_ROLE_USER && it->identity)
        w = find(c, it->identity);
    if (w && w->stopped != MYNA_NEVER)
        w->over = true;
}

void myna_gw_cap_event(struct myna_gw_cap *c, myna_us now, const struct myna_event *ev)
{
    if (ev->type == MYNA_EV_PERSON_SPEAKING)
        spoke(c, now, ev);
    else if (ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED)
        taken(c, ev);
}

myna_us myna_gw_cap_deadline(const struct myna_gw_cap *c)
{
    myna_us at = MYNA_NEVER;

    for (size_t i = 0; i < c->n; i++)
        if (c->who[i].stopped == MYNA_NEVER && c->who[i].at + c->most < at)
            at = c->who[i].at + c->most;
    return at;
}

bool myna_gw_cap_expire(struct myna_gw_cap *c, myna_us now, char identity[MYNA_GW_CAP_IDENTITY])
{
    for (size_t i = 0; i < c->n; i++) {
        struct myna_gw_capped *w = &c->who[i];

        if (w->stopped != MYNA_NEVER || w->at + c->most > now)
            continue;
        w->at = now;
        memcpy(identity, w->identity, sizeof w->identity);
        return true;
    }
    return false;
}

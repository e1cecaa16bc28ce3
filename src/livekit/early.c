/* early.c - what somebody said or typed before the session knew of them.
 *
 * Typed words, packets and streams on topics that the program reads, and calls of its methods wait
 * for the server's news of who is there: until then nothing of them is told. A recording that a
 * client made while it connected (agent-session 6.6) is heard before the live sound: that waits for
 * it, 3 s for its beginning, 10 s for its end.
 */
#include "livekit/guests.h"

#include <stdlib.h>
#include <string.h>

#include "livekit/preconnect.h"
#include "util/fair.h"

#define EARLY_FOR (10 * MYNA_S)
#define WAIT      (3 * MYNA_S)
#define COMING    (10 * MYNA_S) /* a client ends it only when we listen, some a good while later */

/* ---- typed, and sent */

static void early_free(struct lk_early *e)
{
    free(e->identity);
    free(e->call);
    free(e->topic);
    free(e->body);
}

static struct lk_early lift(struct lk *lk, size_t i)
{
    struct lk_early e = lk->early[i];

    lk->n_early--;
    memmove(&lk->early[i], &lk->early[i + 1], (lk->n_early - i) * sizeof lk->early[0]);
    return e;
}

static void refuse(struct lk *lk, const struct lk_early *e)
{
    if (e->call) /* ESTATE: they wait no longer */
        (void)!myna_lk_rpc_refuse(myna_lk_room_rpc(lk->room), e->call,
                                  MYNA_LK_RPC_UNSUPPORTED_METHOD,
                                  "Method not supported at destination");
}

static void take_out(struct lk *lk, size_t i)
{
    struct lk_early e = lift(lk, i);

    refuse(lk, &e);
    early_free(&e);
}

/* Nobody talks another one's words away. */
static void forget_one(struct lk *lk)
{
    take_out(lk, myna_fair_victim(MYNA_FAIR(lk->early, lk->n_early, identity)));
}

static size_t bytes_of(const struct lk *lk)
{
    size_t n = 0;

    for (size_t i = 0; i < lk->n_early; i++)
        n += lk->early[i].len;
    return n;
}

/* Nobody has come, or not to talk with us. */
static void expire(struct lk *lk)
{
    myna_us now = myna_host_now(lk->base.host);

    while (lk->n_early && now - lk->early[0].at >= EARLY_FOR)
        take_out(lk, 0);
}

static void early_fire(struct myna_timer *t)
{
    struct lk *lk = t->arg;

    expire(lk);
    if (lk->n_early)
        (void)!myna_timer_set(t, lk->early[0].at + EARLY_FOR);
}

void myna_lk_early_init(struct lk *lk)
{
    myna_host_timer_init(lk->base.host, &lk->early_due, early_fire, lk);
}

static void make_room(struct lk *lk, size_t len)
{
    expire(lk);
    while (lk->n_early &&
           (lk->n_early == MYNA_LK_EARLY || bytes_of(lk) + len > MYNA_LK_EARLY_BYTES))
        forget_one(lk);
}

bool myna_lk_may_come(struct lk *lk, const struct myna_lk_person *from, const char *identity)
{
    return from ? myna_lk_may_be_guest(lk, from) : *identity != '\0';
}

static bool keep(struct lk *lk, const struct lk_early *what, struct myna_view body)
{
    struct lk_early *e;

    if (body.len > MYNA_LK_EARLY_BYTES / 2)
        return false;
    make_room(lk, body.len);
    e = &lk->early[lk->n_early];
    *e = (struct lk_early){.identity = strdup(what->identity),
                           .call = what->call ? strdup(what->call) : NULL,
                           .topic = what->topic ? strdup(what->topic) : NULL,
                           .body = calloc(1, body.len + 1),
                           .len = body.len,
                           .timeout_ms = what->timeout_ms,
                           .at = myna_host_now(lk->base.host)};
    if (!e->identity || (what->topic && !e->topic) || (what->call && !e->call) || !e->body) {
        early_free(e);
        return false;
    }
    if (body.len)
        memcpy(e->body, body.ptr, body.len);
    lk->n_early++;
    if (!lk->early_due.slot)
        (void)!myna_timer_set(&lk->early_due, lk->early[0].at + EARLY_FOR);
    return true;
}

void myna_lk_keep_early(struct lk *lk, const char *identity, const char *topic,
                        struct myna_view body)
{
    struct lk_early e = {.identity = (char *)identity, .topic = (char *)topic};

    if (!keep(lk, &e, body))
        myna_host_log(lk->base.host, MYNA_LOG_INFO,
                      "what somebody sent who is not known yet is lost bytes=%zu", body.len);
}

bool myna_lk_keep_early_call(struct lk *lk, const struct myna_lk_rpc_call *call)
{
    struct lk_early e = {.identity = (char *)call->caller,
                         .call = (char *)call->id,
                         .topic = (char *)call->method,
                         .timeout_ms = call->timeout_ms};

    return keep(lk, &e, myna_view_of(call->payload));
}

/* With what is left of their patience. */
static void tell_call(struct lk *lk, const struct lk_early *e)
{
    myna_us waited = (myna_host_now(lk->base.host) - e->at) / MYNA_MS;
    struct myna_lk_rpc_call call = {e->call, e->identity, e->topic, e->body, 0};

    if (waited >= (myna_us)e->timeout_ms)
        return; /* they wait no longer */
    call.timeout_ms = e->timeout_ms - (uint32_t)waited;
    if (!myna_lk_tell_call(lk, &call))
        refuse(lk, e);
}

static void tell_one(struct lk *lk, const struct lk_guest *g, const struct lk_early *e,
                     bool may_write)
{
    if (e->call)
        tell_call(lk, e);
    else if (e->topic)
        myna_transport_data_in(&lk->base, g->who, e->topic,
                               (struct myna_view){(const uint8_t *)e->body, e->len});
    else if (may_write)
        myna_transport_text_in(&lk->base, g->who, e->body);
}

/* What is told may make the host close, or talk with somebody else: then this place is not theirs
 * any more, and what still waits is not told. */
void myna_lk_tell_early(struct lk *lk, const struct lk_guest *g, bool may_write)
{
    uint32_t who = g->who;

    expire(lk);
    for (size_t i = 0; i < lk->n_early && !lk->closed && g->who == who;) {
        struct lk_early e;

        if (strcmp(lk->early[i].identity, g->identity) != 0) {
            i++;
            continue;
        }
        e = lift(lk, i);
        tell_one(lk, g, &e, may_write);
        early_free(&e);
    }
}

void myna_lk_refuse_early(struct lk *lk)
{
    for (size_t i = lk->n_early; i-- > 0;) {
        const struct myna_lk_person *p =
            myna_lk_people_by_identity(myna_lk_room_people(lk->room), lk->early[i].identity);

        if (lk->early[i].call && p && !myna_lk_may_be_guest(lk, p))
            take_out(lk, i);
    }
}

void myna_lk_forget_early(struct lk *lk)
{
    for (size_t i = 0; i < lk->n_early; i++)
        early_free(&lk->early[i]);
    lk->n_early = 0;
}

/* ---- said */

/* Frames of ours stand in for theirs and then theirs come again, later than they were captured:
 * time never goes back for the session. */
void myna_lk_tell_frame(struct lk_guest *g, struct myna_frame *f)
{
    if (f->captured <= g->last_captured)
        f->captured = g->last_captured + 1;
    g->last_captured = f->captured;
    f->who = g->who;
    myna_transport_frame(&g->lk->base, f);
}

void myna_lk_await_recording(struct lk_guest *g, const struct myna_lk_person *p)
{
    for (size_t i = 0; i < p->n_tracks; i++)
        if (p->tracks[i].preconnect && p->tracks[i].source == MYNA_LK_MICROPHONE && !g->held) {
            g->held = calloc(MYNA_LK_HELD, sizeof *g->held);
            g->n_held = 0;
            g->announced = false;
            g->held_until = myna_host_now(g->lk->base.host) + WAIT;
        }
}

static void release(struct lk_guest *g)
{
    struct myna_frame *held = g->held;

    g->held = NULL;
    for (size_t i = 0; held && i < g->n_held && !g->lk->closed && g->who; i++)
        myna_lk_tell_frame(g, &held[i]);
    free(held);
}

bool myna_lk_held(struct lk_guest *g, const struct myna_frame *f)
{
    if (!g->held)
        return false;
    if (g->n_held == 0 &&
        !g->announced) /* their sound begins now: that is when a recording is due */
        g->held_until = myna_host_now(g->lk->base.host) + WAIT;
    if (myna_host_now(g->lk->base.host) >= g->held_until || g->n_held == MYNA_LK_HELD) {
        release(g); /* no recording came */
        return false;
    }
    g->held[g->n_held++] = *f;
    return true;
}

void myna_lk_recording_begins(struct lk_guest *g)
{
    if (!g->held || g->announced)
        return;
    g->announced = true;
    g->held_until = myna_host_now(g->lk->base.host) + COMING;
}

static const char *attribute(const Myna__Lk__StreamHeader *h, const char *key)
{
    for (size_t i = 0; i < h->n_attributes; i++)
        if (!strcmp(h->attributes[i]->key, key))
            return h->attributes[i]->value;
    return "";
}

static void tell_recording(struct lk_guest *g, const int16_t *pcm, size_t n)
{
    size_t most = MYNA_LK_PRECONNECT_MAX_S * MYNA_IN_RATE_HZ, frames;
    myna_us now = myna_host_now(g->lk->base.host);
    struct myna_frame f = {.flags = 0};

    if (n > most) {
        pcm += n - most;
        n = most;
    }
    frames = n / MYNA_IN_SAMPLES;
    f.captured = (g->n_held ? g->held[0].captured : now - g->lag) - (myna_us)frames * MYNA_FRAME_US;
    for (size_t i = 0; i < frames && !g->lk->closed && g->who; i++) {
        memcpy(f.pcm, pcm + i * MYNA_IN_SAMPLES, sizeof f.pcm);
        myna_lk_tell_frame(g, &f);
        f.captured += MYNA_FRAME_US;
    }
}

void myna_lk_recording(struct lk_guest *g, const Myna__Lk__StreamHeader *header,
                       struct myna_view body)
{
    struct myna_host *host = g->lk->base.host;
    struct myna_why why = {0};
    struct myna_buf pcm;

    if (!g->held) {
        myna_host_log(host, MYNA_LOG_INFO, "a recording came too late, or nobody waits for it");
        return;
    }
    myna_buf_init(&pcm, 64 * MYNA_IN_RATE_HZ * sizeof(int16_t));
    if (myna_lk_preconnect(body, header->mime_type,
                           (uint32_t)strtoul(attribute(header, "sampleRate"), NULL, 10),
                           (uint32_t)strtoul(attribute(header, "channels"), NULL, 10), &pcm, &why))
        myna_host_log(host, MYNA_LOG_WARN, "what was said before we came is lost: %s", why.text);
    else
        tell_recording(g, (const int16_t *)(const void *)pcm.ptr, pcm.len / sizeof(int16_t));
    myna_buf_fini(&pcm);
    release(g);
}

/* early.c - what somebody said or typed before the session knew of them.
 *
 * Typed words wait for the server's news of who is there. A recording that a client made while it
 * connected (agent-session 6.6) is heard before the live sound: that waits for it, 3 s for its
 * beginning, 10 s for its end.
 */
#include "livekit/guests.h"

#include <stdlib.h>
#include <string.h>

#include "livekit/preconnect.h"

#define EARLY_FOR (10 * MYNA_S)
#define WAIT      (3 * MYNA_S)
#define COMING    (10 * MYNA_S) /* a client ends it only when we listen, some a good while later */

/* ---- typed */

static void early_free(struct lk_early *e)
{
    free(e->identity);
    free(e->text);
}

void myna_lk_keep_early(struct lk *lk, const char *identity, const char *text)
{
    struct lk_early *e;

    if (lk->n_early == MYNA_LK_EARLY) {
        early_free(&lk->early[0]);
        memmove(&lk->early[0], &lk->early[1], --lk->n_early * sizeof *e);
    }
    e = &lk->early[lk->n_early];
    *e = (struct lk_early){strdup(identity), strdup(text), myna_host_now(lk->base.host)};
    if (e->identity && e->text)
        lk->n_early++;
    else
        early_free(e);
}

void myna_lk_tell_early(struct lk *lk, const struct lk_guest *g)
{
    myna_us now = myna_host_now(lk->base.host);
    size_t kept = 0;

    for (size_t i = 0; i < lk->n_early; i++) {
        struct lk_early *e = &lk->early[i];

        if (now - e->at < EARLY_FOR && strcmp(e->identity, g->identity) != 0) {
            lk->early[kept++] = *e;
            continue;
        }
        if (!lk->closed && now - e->at < EARLY_FOR)
            myna_transport_text_in(&lk->base, g->who, e->text);
        early_free(e);
    }
    lk->n_early = kept;
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

void myna_lk_recording_begins(struct lk *lk)
{
    for (size_t i = 0; i < MYNA_LK_GUESTS; i++) {
        struct lk_guest *g = &lk->guests[i];

        if (!g->held || g->announced)
            continue;
        g->announced = true;
        g->held_until = myna_host_now(lk->base.host) + COMING;
    }
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

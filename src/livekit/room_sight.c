/* room_sight.c - cameras and screens, seen when somebody looks (voice-gateway 8).
 *
 * The first look subscribes to the person's newest video; the server then asks for a section, and
 * the picture comes with the answer to our offer. Looking away pauses the track at the server
 * (livekit-rtc 3.9), so that between two looks nothing is sent and the next one needs no offer.
 *
 * A camera that is sealed end to end is opened here, whole: its packets and sizes are in the clear.
 */
#include "livekit/room_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct room_seen *seen(struct myna_lk_room *r, const char *sid)
{
    for (size_t i = 0; i < r->n_seen; i++)
        if (!strcmp(r->seen[i].sid, sid))
            return &r->seen[i];
    return NULL;
}

static void forget(struct myna_lk_room *r, struct room_seen *s)
{
    if (r->media)
        myna_lk_media_look(r->media, s->sid, false);
    *s = r->seen[--r->n_seen];
}

static void drop(struct myna_lk_room *r, struct room_seen *s)
{
    myna_lk_r_subscribe(r, s->sid, false);
    forget(r, s);
}

/* Sent at its full size, or not sent. */
static void pause_track(struct myna_lk_room *r, const char *sid, bool on)
{
    enum { HIGH = 2 };
    Myna__Lk__UpdateTrackSettings settings = MYNA__LK__UPDATE_TRACK_SETTINGS__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    char *sids[1] = {(char *)sid};

    settings.track_sids = sids;
    settings.n_track_sids = 1;
    settings.disabled = on;
    settings.quality = HIGH;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRACK_SETTING;
    rq.track_setting = &settings;
    (void)!myna_lk_signal_send(r->signal, &rq);
}

/* More than a key can be turned on (e2ee.h): one turn is tried for each picture. */
enum { UNOPENED = 20 };

/* What is not sealed may be seen unless it is required that all is. */
static bool is_for_us(const struct myna_lk_room *r, const struct myna_lk_track *t)
{
    return t->encrypted ? r->e2ee != NULL : !myna_lk_e2ee_requires(r->e2ee);
}

/* The one published last, one that is not muted before one that is. */
static const struct myna_lk_track *newest(const struct myna_lk_room *r,
                                          const struct myna_lk_person *p)
{
    const struct myna_lk_track *best = NULL;

    for (size_t i = 0; i < p->n_tracks; i++) {
        const struct myna_lk_track *t = &p->tracks[i];

        if (t->type == MYNA_LK_VIDEO && is_for_us(r, t) && (!best || !t->muted || best->muted))
            best = t;
    }
    return best;
}

static struct room_seen *subscribe(struct myna_lk_room *r, const char *sid)
{
    struct room_seen *s;

    for (size_t i = r->n_seen; i-- > 0 && r->n_seen == ROOM_SEEN;)
        if (!r->seen[i].wanted)
            drop(r, &r->seen[i]); /* nobody looks at it now */
    if (r->n_seen == ROOM_SEEN)
        return NULL;
    s = &r->seen[r->n_seen++];
    *s = (struct room_seen){.wanted = true};
    snprintf(s->sid, sizeof s->sid, "%s", sid);
    myna_lk_r_subscribe(r, sid, true);
    return s;
}

bool myna_lk_room_look(struct myna_lk_room *r, const struct myna_lk_person *p)
{
    const struct myna_lk_track *t = newest(r, p);
    struct room_seen *s;

    if (!t || !r->media || myna_lk_r_quiet(r))
        return false;
    for (size_t i = 0; i < p->n_tracks; i++)
        if (&p->tracks[i] != t && (s = seen(r, p->tracks[i].sid)))
            drop(r, s); /* the newer one takes its place */
    s = seen(r, t->sid);
    if (!s)
        return subscribe(r, t->sid) != NULL;
    if (!s->wanted)
        pause_track(r, t->sid, false);
    s->wanted = true;
    myna_lk_media_look(r->media, t->sid, true);
    return true;
}

void myna_lk_room_look_away(struct myna_lk_room *r, const struct myna_lk_person *p)
{
    for (size_t i = 0; i < p->n_tracks; i++) {
        struct room_seen *s = seen(r, p->tracks[i].sid);

        if (!s || !s->wanted)
            continue;
        s->wanted = false;
        pause_track(r, s->sid, true);
        if (r->media)
            myna_lk_media_look(r->media, s->sid, false);
    }
}

/* A camera that turned on its side shows as many pixels. */
bool myna_lk_room_is_small(const struct myna_lk_room *r, const struct myna_lk_person *p,
                           const struct myna_rtc_picture *picture)
{
    const struct myna_lk_track *t = newest(r, p);

    return t && (uint64_t)picture->width * picture->height * 4 < (uint64_t)t->width * t->height * 3;
}

void myna_lk_r_unseen(struct myna_lk_room *r, const char *sid)
{
    struct room_seen *s = seen(r, sid);

    if (s)
        forget(r, s);
}

static void tell(struct myna_lk_room *r, const char *sid, const struct myna_rtc_picture *picture)
{
    const struct myna_lk_track *t;
    const struct myna_lk_person *p = myna_lk_people_by_track(r->people, sid, &t);

    if (!p || myna_lk_r_quiet(r) || !r->events.picture)
        return;
    if (picture)
        myna_host_log(r->host, MYNA_LOG_DEBUG, "a picture size=%ux%u announced=%ux%u bytes=%zu",
                      picture->width, picture->height, t->width, t->height, picture->vp8.len);
    myna_lk_r_enter(r);
    r->events.picture(r->arg, p, picture);
    myna_lk_r_leave(r);
}

void myna_lk_r_refused(struct myna_lk_room *r, const char *sid)
{
    struct room_seen *s = seen(r, sid);
    bool wanted = s && s->wanted;

    if (s)
        forget(r, s);
    if (wanted)
        tell(r, sid, NULL);
}

void myna_lk_r_look_again(struct myna_lk_room *r)
{
    for (size_t i = 0; i < r->n_seen; i++)
        if (r->seen[i].wanted)
            myna_lk_media_look(r->media, r->seen[i].sid, true);
}

/* A key that was turned on opens the next picture, or one of those behind it. */
static void not_opened(struct myna_lk_room *r, const char *sid, enum myna_lk_opened why)
{
    const struct myna_lk_track *t;
    const struct myna_lk_person *p = myna_lk_people_by_track(r->people, sid, &t);
    struct room_seen *s = seen(r, sid);

    if (why == MYNA_LK_WRONG_KEY && ++s->unopened < UNOPENED) {
        myna_lk_media_look(r->media, sid, true); /* another one is asked for */
        return;
    }
    s->unopened = 0;
    myna_lk_r_enter(r);
    tell(r, sid, NULL);
    myna_lk_r_unreadable(r, p, why, false);
    myna_lk_r_leave(r);
}

static void tell_sealed(struct myna_lk_room *r, const char *sid, const struct myna_rtc_picture *p)
{
    struct myna_rtc_picture open = *p;
    uint8_t *bytes = malloc(p->vp8.len ? p->vp8.len : 1);
    enum myna_lk_opened how;

    if (!bytes)
        return;
    how = myna_lk_e2ee_open_picture(r->e2ee, p->vp8, bytes, &open.vp8.len);
    open.vp8.ptr = bytes;
    if (how == MYNA_LK_OPENED) {
        seen(r, sid)->unopened = 0;
        tell(r, sid, &open);
    } else if (how == MYNA_LK_SERVERS) { /* a camera that is turned off ends with one */
        myna_lk_media_look(r->media, sid, true);
    } else {
        not_opened(r, sid, how);
    }
    free(bytes);
}

void myna_lk_r_picture(void *arg, const char *track_sid, const struct myna_rtc_picture *p)
{
    struct myna_lk_room *r = arg;
    const struct room_seen *s = seen(r, track_sid);
    const struct myna_lk_track *t = NULL;

    if (!s || !s->wanted || !myna_lk_people_by_track(r->people, track_sid, &t) || !is_for_us(r, t))
        return;
    if (t->encrypted)
        tell_sealed(r, track_sid, p);
    else
        tell(r, track_sid, p);
}

/* room_sealed.c - end-to-end encryption of a stay: our sound sealed, theirs opened, and who cannot
 * be understood told once. */
#include "livekit/room_inside.h"

#include <string.h>

#include "util/guard.h"

/* Packets of sound in a row, and for how long: a key that is being changed is none yet. One that
 * was turned on is found within sixteen tries, however long they take. */
enum { FAILED = 10 };
#define FAILED_FOR (2 * MYNA_S)

static struct room_unread *unread_of(struct myna_lk_room *r, uint32_t number, bool make)
{
    struct room_unread *free_one = NULL;

    for (size_t i = 0; i < ROOM_HEARD; i++) {
        if (r->unread[i].number == number)
            return &r->unread[i];
        if (!r->unread[i].number ||
            !myna_lk_people_by_number(r->people, r->unread[i].number)) /* has left */
            free_one = &r->unread[i];
    }
    if (make && free_one)
        *free_one = (struct room_unread){.number = number};
    return make ? free_one : NULL;
}

static const char *sentence(const struct myna_lk_room *r, enum myna_lk_opened why)
{
    if (!r->e2ee)
        return "what they say is encrypted end to end: without the room's key nothing of it is "
               "understood (transport.livekit.e2ee.key, LIVEKIT_E2EE_KEY)";
    if (why == MYNA_LK_NO_KEY)
        return "what they say is encrypted with a key of another number than ours: nothing of it "
               "is understood (transport.livekit.e2ee.key_index, more_keys)";
    if (why == MYNA_LK_WRONG_KEY)
        return "what they say is encrypted with another key than ours: nothing of it is understood "
               "(transport.livekit.e2ee.key)";
    if (why == MYNA_LK_BARE)
        return "what they say is not encrypted end to end, and only what is is taken here: nothing "
               "of it is (transport.livekit.e2ee.require)";
    return "what they say is said to be encrypted and is not: nothing of it is taken";
}

void myna_lk_r_unreadable(struct myna_lk_room *r, const struct myna_lk_person *p,
                          enum myna_lk_opened why, bool sound)
{
    struct room_unread *u = p && !myna_lk_r_quiet(r) ? unread_of(r, p->number, true) : NULL;
    myna_us now = myna_host_now(r->host);

    if (!u || u->told)
        return;
    if (sound && !u->failed++)
        u->since = now;
    if (sound &&
        (u->failed < FAILED || (why == MYNA_LK_WRONG_KEY &&
                                (now - u->since < FAILED_FOR || myna_lk_e2ee_is_working(r->e2ee)))))
        return;
    u->told = true;
    myna_guard_lift();
    myna_lk_r_enter(r);
    if (r->events.unreadable)
        r->events.unreadable(r->arg, p, sentence(r, why));
    myna_lk_r_leave(r);
    myna_guard_lower();
}

size_t myna_lk_r_seal(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                      size_t cap)
{
    struct myna_lk_room *r = arg;

    return myna_lk_e2ee_seal_frame(r->e2ee, ssrc, ts, frame, into, cap);
}

/* Unless told otherwise a track that is not sealed is heard as well: whose it is says the server,
 * as ever. */
size_t myna_lk_r_open(void *arg, const char *track_sid, struct myna_view frame, uint8_t *into,
                      size_t cap)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_track *t = NULL;
    const struct myna_lk_person *p = myna_lk_people_by_track(r->people, track_sid, &t);
    struct room_unread *u;
    enum myna_lk_opened how;
    size_t n = 0;

    if (!p || frame.len > cap)
        return 0;
    if (!t->encrypted && myna_lk_e2ee_requires(r->e2ee))
        return 0; /* it was before it said so */
    if (!t->encrypted) {
        memcpy(into, frame.ptr, frame.len);
        return frame.len;
    }
    how = myna_lk_e2ee_open_frame(r->e2ee, frame, into, cap, &n);
    if (how != MYNA_LK_OPENED) {
        myna_lk_r_unreadable(r, p, how, true);
        return 0;
    }
    u = unread_of(r, p->number, false);
    if (u)
        *u = (struct room_unread){0};
    return n;
}

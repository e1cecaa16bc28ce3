/* shown.c - the captions of a call (agent-session 6.4): whose they are, and when they can be read.
 *
 * With sound the agent's words come as they are heard, and nothing is said before somebody listens.
 * An agent without a voice has written its greeting before the first person is there: that waits
 * for them.
 */
#include <stdlib.h>
#include <string.h>

#include "livekit/guests.h"

static enum myna_err of_agent(struct lk *lk, const char *segment, const char *text, bool is_final)
{
    struct myna_lk_caption what = {.segment = segment,
                                   .text = text,
                                   .is_final = is_final,
                                   .identity = myna_lk_room_identity(lk->room),
                                   .track_sid = myna_lk_room_track_sid(lk->room)};

    return myna_lk_caption_agent(lk->captions, &what);
}

static void forget_first(struct lk *lk)
{
    struct lk_unread *u = &lk->unread[0];

    free(u->segment);
    free(u->text);
    memmove(u, u + 1, --lk->n_unread * sizeof *u);
}

/* The whole of it, at its end. */
static enum myna_err keep(struct lk *lk, const char *segment, const char *text)
{
    struct lk_unread *u;

    if (lk->n_unread == MYNA_LK_UNREAD)
        forget_first(lk);
    u = &lk->unread[lk->n_unread];
    *u = (struct lk_unread){strdup(segment), strdup(text)};
    lk->n_unread++;
    if (u->segment && u->text)
        return MYNA_OK;
    free(u->segment);
    free(u->text);
    lk->n_unread--;
    return MYNA_ENOMEM;
}

void myna_lk_tell_unread(struct lk *lk)
{
    while (lk->n_unread) {
        if (of_agent(lk, lk->unread[0].segment, lk->unread[0].text, true))
            myna_host_log(lk->base.host, MYNA_LOG_DEBUG, "a caption was not taken");
        forget_first(lk);
    }
}

void myna_lk_forget_unread(struct lk *lk)
{
    while (lk->n_unread)
        forget_first(lk);
}

enum myna_err myna_lk_show(struct myna_transport *t, uint32_t who, const char *stream_id,
                           const char *text, bool from_user, bool is_final)
{
    struct lk *lk = (struct lk *)t;
    struct lk_guest *g = myna_lk_guest_who(lk, who);
    struct myna_lk_caption what = {.text = text, .is_final = is_final};
    const struct myna_lk_person *p;
    const struct myna_lk_track *track;

    if (!lk->opt.transcription || (from_user && !g))
        return MYNA_OK;
    if (!from_user && !lk->told && !lk->opt.audio_output)
        return is_final && *text ? keep(lk, stream_id, text) : MYNA_OK;
    if (!from_user)
        return of_agent(lk, stream_id, text, is_final);
    p = myna_lk_people_by_number(myna_lk_room_people(lk->room), g->number);
    track = p ? myna_lk_microphone(p) : NULL;
    what.identity = g->identity;
    what.track_sid = track ? track->sid : "";
    return myna_lk_caption_person(lk->captions, &what, g->segment);
}

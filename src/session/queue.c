/* queue.c - turns that wait until somebody else has been answered (voice-gateway 4.1).
 *
 * Without `turn.queue` whoever spoke last is answered, and what others said before is only in the
 * history. With it each of several people gets an answer of their own: who has said something while
 * the agent answers somebody else waits, the oldest first. What interrupts stays an interruption:
 * speech over an answer that is heard already cuts it; an answer that nobody hears yet is not cut
 * by others' speech. Who adds to their own words is answered once, as ever.
 *
 * While somebody's tools run on behind words that were heard, the agent is free for others; what
 * the tools found is said next.
 *
 * Bounded: beyond `turn.queue` the oldest that waits is dropped, its words stay in the history, and
 * an `error` of stage session (MYNA_ELIMIT) says whose they were.
 */
#include "session/queue.h"

#include <stdlib.h>
#include <string.h>

/* Its words were heard and its tools run on: nobody has to wait for these. */
static bool is_behind(const struct speech *sp)
{
    return sp->waiting && sp->voiced;
}

static bool is_others(const struct speech *sp, uint32_t person)
{
    return sp->kind == SPEECH_REPLY && sp->person && sp->person != person && sp->scheduled &&
           !sp->done && !sp->interrupted && !is_behind(sp);
}

bool myna_s_queue_keeps(const struct myna_session *s, const struct speech *sp, uint32_t person)
{
    return s->turn_conf.queue > 0 && sp->person && sp->person != person && is_behind(sp);
}

/* An answer to somebody else that nobody has heard any of. */
static bool spares(const struct myna_session *s, const struct speech *sp, uint32_t person)
{
    return s->turn_conf.queue > 0 && sp->first_heard == MYNA_NEVER && is_others(sp, person);
}

/* Is somebody else being answered, or about to be? */
static bool must_wait(const struct myna_session *s, const struct turn *t)
{
    if (s->waiting)
        return true;
    for (const struct turn *before = s->turns; before; before = before->next)
        if (before->person != t->person)
            return true;
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (is_others(sp, t->person))
            return true;
    return false;
}

static void drop_oldest(struct myna_session *s)
{
    struct turn *t = s->waiting;
    struct myna_fault f = {.stage = MYNA_STAGE_SESSION,
                           .err = MYNA_ELIMIT,
                           .provider = "turn.queue",
                           .message = "too many people wait for an answer: the one who has waited "
                                      "longest gets none",
                           .identity = t->item ? t->item->identity : NULL};

    s->waiting = t->next;
    myna_s_fault(s, &f);
    myna_s_turn_keep_only(s, t);
    myna_s_turn_free(t);
}

/* Who adds to their own words is answered once. What they type cuts what is heard, too. */
static void cut_own(struct myna_session *s, uint32_t person, bool heard)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->kind == SPEECH_REPLY && sp->scheduled && sp->person == person &&
            (heard || (sp->first_heard == MYNA_NEVER && sp->allow_interruptions)))
            myna_s_speech_interrupt(s, sp);
}

static void wait_behind(struct myna_session *s, struct turn *t)
{
    struct turn **end = &s->waiting;
    int n = 1;

    for (; *end; end = &(*end)->next)
        n++;
    *end = t;
    if (n > s->turn_conf.queue)
        drop_oldest(s);
}

bool myna_s_queue_take(struct myna_session *s, struct turn *t)
{
    bool spared = s->paused.speech && spares(s, s->paused.speech, t->person);

    if (s->turn_conf.queue <= 0 || (s->paused.speech && !spared && !s->waiting) || !must_wait(s, t))
        return false;
    if (!spared)
        myna_s_pause_cancel(s, true); /* it was meant; others have waited longer all the same */
    cut_own(s, t->person, false);
    if (s->preemptive.by == t->by)
        myna_s_preempt_cancel(s); /* what comes before it will have changed the conversation */
    wait_behind(s, t);
    return true;
}

static struct turn *typed_turn(struct myna_session *s, const struct ear *by, const char *identity,
                               const char *text)
{
    struct turn *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->number = ++s->turn_numbers;
    t->decide_by = MYNA_NEVER;
    t->typed = true;
    t->silent = s->unspoken;
    t->by = by;
    t->person = by ? myna_s_person_of(s, by) : myna_s_person(s, identity);
    t->info = (struct end_of_turn){.text = strdup(text),
                                   .started = MYNA_NEVER,
                                   .stopped = MYNA_NEVER,
                                   .final_at = MYNA_NEVER,
                                   .decided = MYNA_NEVER,
                                   .transcription_delay = MYNA_NEVER,
                                   .end_delay = MYNA_NEVER};
    t->item = myna_s_item_message(s, MYNA_ROLE_USER, text);
    if (!t->info.text || !t->item) {
        myna_s_turn_free(t);
        return NULL;
    }
    t->item->conversation = myna_s_talk_of(s, t->person);
    myna_s_item_by(t->item, by);
    if (!by)
        myna_s_item_of(t->item, identity);
    return t;
}

/* Do somebody else's tools run on? */
static bool has_tools_of(const struct myna_session *s, uint32_t but)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done && !sp->interrupted && myna_s_queue_keeps(s, sp, but))
            return true;
    return false;
}

/* Is anybody else being answered, or about to be? Typed words cut nothing of theirs, however much
 * of it was heard. */
bool myna_s_queue_typed(struct myna_session *s, const struct ear *by, const char *identity,
                        const char *text)
{
    struct turn probe = {.person = by ? myna_s_person_of(s, by) : myna_s_person(s, identity)}, *t;

    if (s->turn_conf.queue <= 0 || !probe.person ||
        (!must_wait(s, &probe) && !has_tools_of(s, probe.person)))
        return false;
    t = typed_turn(s, by, identity, text);
    if (!t)
        return false;
    cut_own(s, t->person, true);
    wait_behind(s, t);
    return true;
}

void myna_s_queue_advance(struct myna_session *s)
{
    struct turn *t = s->waiting;

    if (!t || s->closing.asked) {
        myna_s_queue_flush(s);
        return;
    }
    if (s->turns)
        return;
    /* Nor does who waits cut short what is said to all: an announcement, that something failed. */
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done && !sp->interrupted && sp->person != t->person &&
            !is_behind(sp))
            return;
    s->waiting = t->next;
    t->next = NULL;
    s->turns = t;
}

void myna_s_queue_flush(struct myna_session *s)
{
    struct turn **end = &s->turns;

    while (*end)
        end = &(*end)->next;
    *end = s->waiting;
    s->waiting = NULL;
}

void myna_s_queue_forget(struct myna_session *s, uint32_t talk)
{
    struct turn *t, **at = &s->waiting;

    while ((t = *at))
        if (myna_s_talk_of(s, t->person) != talk) {
            at = &t->next;
        } else {
            *at = t->next;
            myna_s_turn_keep_only(s, t);
            myna_s_turn_free(t);
        }
}

bool myna_s_queue_spares(const struct myna_session *s, const struct speech *sp)
{
    return spares(s, sp, myna_s_person_heard(s, s->ear));
}

/* speech.c - speech handles: the queue by priority and time, whose turn it is to be heard, and the
 * end of each (agent-session 1.8).
 *
 * All speeches that are not done stand in one list. At most one is `current`; it alone may be
 * heard.
 */
#include "session/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/guard.h"

static void nothing_asked(struct speech *sp)
{
    sp->llm_start = sp->first_token = sp->first_sentence = sp->llm_end = MYNA_NEVER;
    sp->first_heard = sp->forward_start = MYNA_NEVER;
    sp->llm_retry_at = sp->llm_timeout_at = MYNA_NEVER;
    sp->fall = (struct myna_waterfall){MYNA_NEVER, MYNA_NEVER, MYNA_NEVER, MYNA_NEVER,
                                       MYNA_NEVER, MYNA_NEVER, MYNA_NEVER};
}

struct speech *myna_s_speech_new(struct myna_session *s, enum speech_kind kind, int allow)
{
    struct speech *sp = calloc(1, sizeof *sp), **end = &s->speeches;

    if (!sp)
        return NULL;
    myna_rand_id(&s->rand, "speech_", sp->id);
    sp->kind = kind;
    sp->allow_interruptions = allow < 0 ? s->turn_conf.allow_interruptions : allow > 0;
    sp->add_to_history = true;
    sp->silent = s->unspoken;
    sp->created = s->now;
    sp->long_at = MYNA_NEVER;
    nothing_asked(sp);
    sp->told = sp->fall;
    myna_s_spans_speech(s, sp);
    myna_buf_init(&sp->forwarded, 1 << 20);
    while (*end)
        end = &(*end)->next;
    *end = sp;
    return sp;
}

struct segment *myna_s_segment_new(struct myna_session *s, struct speech *sp)
{
    struct segment *seg = calloc(1, sizeof *seg);

    if (!seg)
        return NULL;
    myna_rand_id(&s->rand, "SG_", seg->id);
    myna_buf_init(&seg->text, 1 << 20);
    seg->tts_retry_at = MYNA_NEVER;
    seg->tts_opened = seg->tts_first_text = seg->tts_first_audio = seg->tts_last_audio = MYNA_NEVER;
    if (sp->last_segment)
        sp->last_segment->next = seg;
    else
        sp->segments = seg;
    sp->last_segment = seg;
    return seg;
}

void myna_s_segment_free(struct segment *seg)
{
    if (!seg)
        return;
    myna_tts_port_close(seg->tts);
    myna_filters_destroy(seg->filters);
    myna_sync_destroy(seg->sync);
    myna_written_fini(&seg->written);
    myna_buf_fini(&seg->text);
    free(seg);
}

static void free_segments(struct speech *sp)
{
    for (struct segment *seg = sp->segments, *next; seg; seg = next) {
        next = seg->next;
        myna_s_segment_free(seg);
    }
    sp->segments = sp->last_segment = sp->playing = NULL;
}

void myna_s_speech_free(struct speech *sp)
{
    if (!sp)
        return;
    myna_llm_port_close(sp->llm);
    free_segments(sp);
    myna_s_tools_free(sp);
    myna_s_item_free(sp->user_item);
    free(sp->instructions);
    myna_buf_fini(&sp->forwarded);
    free(sp);
}

void myna_s_speech_created(struct myna_session *s, const struct speech *sp, bool by_user,
                           const char *source)
{
    struct myna_event ev = {.type = MYNA_EV_SPEECH_CREATED};

    ev.u.speech.user_initiated = by_user;
    ev.u.speech.source = source;
    ev.u.speech.speech_id = sp->id;
    myna_s_event(s, &ev);
}

void myna_s_speech_by(struct myna_session *s, struct speech *sp, uint32_t person)
{
    sp->person = person;
    sp->talk = myna_s_talk_of(s, person);
    if (sp->user_item)
        sp->user_item->conversation = sp->talk;
}

enum myna_err myna_s_speech_schedule(struct myna_session *s, struct speech *sp, int priority)
{
    sp->priority = priority;
    sp->order = ++s->speech_orders;
    sp->scheduled = true;
    sp->preemptive = false;
    s->dirty = true;
    return MYNA_OK;
}

void myna_s_speech_interrupt(struct myna_session *s, struct speech *sp)
{
    if (sp->interrupted || sp->done)
        return;
    myna_guard_lift();
    sp->interrupted = true;
    if (sp->excuses)
        myna_s_speech_interrupt(s, sp->excuses);
    myna_s_reply_stop(s, sp); /* cuts what is heard; its position is known when this returns */
    s->dirty = true;
    myna_guard_lower();
}

bool myna_s_busy(const struct myna_session *s)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done)
            return true;
    return s->turns || s->waiting;
}

/* What was heard of it becomes the assistant's message. */
static void remember(struct myna_session *s, struct speech *sp)
{
    const struct myna_item *call = myna_s_tools_first(sp);
    struct myna_item *it;

    if (!sp->add_to_history || !sp->forwarded.len)
        return;
    it = myna_s_item_message(s, MYNA_ROLE_ASSISTANT, myna_buf_str(&sp->forwarded));
    if (!it) {
        myna_s_log(s, MYNA_LOG_ERROR, "answer lost to the history, out of memory");
        return;
    }
    it->conversation = sp->talk;
    it->interrupted = sp->interrupted || sp->failed; /* not all that it would have been */
    if (sp->llm_start != MYNA_NEVER && sp->first_token != MYNA_NEVER)
        it->metrics.llm_node_ttft = (double)(sp->first_token - sp->llm_start) / 1e6;
    if (sp->segments && sp->segments->tts_first_audio != MYNA_NEVER)
        it->metrics.tts_node_ttfb =
            (double)(sp->segments->tts_first_audio - sp->segments->tts_first_text) / 1e6;
    if (sp->first_heard != MYNA_NEVER) {
        it->metrics.started_speaking_at = myna_s_epoch(s, sp->first_heard);
        it->metrics.stopped_speaking_at = myna_s_epoch(s, s->now);
        it->metrics.playback_latency = (double)(sp->first_heard - sp->forward_start) / 1e6;
        if (sp->fall.speech_end != MYNA_NEVER)
            it->metrics.e2e_latency = (double)(sp->first_heard - sp->fall.speech_end) / 1e6;
    }
    if (call)
        it->at = call->at; /* it was said before, though only now it is known what was heard */
    if (myna_s_item_add(s, it) != MYNA_OK)
        myna_s_log(s, MYNA_LOG_WARN, "history is full, item dropped");
    else if (call)
        myna_s_item_before(s, call);
}

/* What a speech that is no longer heard leaves to the others. */
static void step_back(struct myna_session *s, struct speech *sp)
{
    if (sp->first_heard != MYNA_NEVER)
        myna_s_agent_ended(s);
    if (s->paused.speech == sp) { /* clear the pause once its generation is done */
        s->paused.speech = NULL;
        myna_s_false_timer_stop(s);
        if (s->playout)
            myna_playout_resume(s->playout, s->now);
    }
    if (s->current == sp)
        s->current = NULL;
    s->dirty = true;
}

void myna_s_speech_background(struct myna_session *s, struct speech *sp)
{
    remember(s, sp);
    myna_s_span_speaking(s, sp);
    myna_buf_clear(&sp->forwarded);
    step_back(s, sp);
    sp->first_heard = MYNA_NEVER;
    myna_s_agent_state(s, MYNA_AGENT_THINKING);
}

void myna_s_speech_renew(struct speech *sp)
{
    free_segments(sp);
    nothing_asked(sp);
    sp->llm_tries = 0;
    sp->llm_done = sp->llm_output = sp->authorized = false;
    sp->prompt_tokens = sp->prompt_cached_tokens = sp->completion_tokens = sp->total_tokens = 0;
}

void myna_s_speech_done(struct myna_session *s, struct speech *sp)
{
    if (sp->done)
        return;
    myna_guard_lift();
    sp->done = true;
    myna_s_filler_forget(s, sp);
    remember(s, sp);
    myna_s_span_speaking(s, sp);
    myna_s_tools_commit(s, sp);
    if (sp->started)
        myna_s_span_agent_turn(s, sp);
    if (sp->first_heard != MYNA_NEVER) {
        s->ended_speaking = true;
        if (s->conf.speech_gap_ms > 0)
            s->gap_until = s->now + s->conf.speech_gap_ms * MYNA_MS;
    }
    if (s->preemptive.speech == sp)
        s->preemptive.speech = NULL;
    step_back(s, sp);
    myna_guard_lower();
}

/* Whose turn it is: highest priority, then oldest. */
static struct speech *next_speech(struct myna_session *s)
{
    struct speech *best = NULL;

    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done && !sp->interrupted && !sp->waiting &&
            (!best || sp->priority > best->priority ||
             (sp->priority == best->priority && sp->order < best->order)))
            best = sp;
    return best;
}

static void sweep(struct myna_session *s)
{
    for (struct speech **p = &s->speeches; *p;) {
        struct speech *sp = *p;

        if (sp->done && s->playout_speech != sp) {
            *p = sp->next;
            myna_s_speech_free(sp);
        } else {
            p = &sp->next;
        }
    }
}

/* An interrupted speech has nothing left to wait for: cancel is immediate here. */
static bool bury(struct myna_session *s)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->interrupted && !sp->done && (!sp->scheduled || sp->started)) {
            myna_s_speech_done(s, sp);
            return true;
        }
    return false;
}

/* Behind a filler or between two rounds of tools. */
static bool thinking(const struct myna_session *s)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->filled && sp->first_heard == MYNA_NEVER && !sp->done && !sp->interrupted)
            return true;
    return myna_s_tools_busy(s);
}

/* Not a state of its own: nobody speaks or thinks any more. */
static void rest(struct myna_session *s)
{
    if (s->ended_speaking && s->agent_state == MYNA_AGENT_SPEAKING)
        myna_s_agent_state(s, thinking(s) ? MYNA_AGENT_THINKING : MYNA_AGENT_LISTENING);
    s->ended_speaking = false;
    if (s->agent_state != MYNA_AGENT_THINKING)
        return;
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done)
            return;
    myna_s_agent_state(s, MYNA_AGENT_LISTENING);
}

void myna_s_speeches_advance(struct myna_session *s)
{
    bool inside = s->advancing;

    s->advancing = true;
    for (bool moved = true; moved;) {
        moved = bury(s);
        if (s->talks.ending)
            myna_s_forget_advance(s);
        if (!s->current) {
            s->current = next_speech(s);
            moved |= s->current != NULL;
        }
        for (struct speech *sp = s->speeches; sp; sp = sp->next)
            if (!sp->done && myna_s_reply_advance(s, sp)) {
                moved = true;
                break; /* the list may have changed */
            }
    }
    s->advancing = inside;
    rest(s);
    sweep(s);
}

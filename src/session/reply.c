/* reply.c - the life of one speech: ask the agent, cut its text into segments, let each be heard.
 *
 * A speech moves by myna_s_reply_advance(), which looks at what is there and takes the next step:
 *
 *   ask the LLM → (scheduled) the person's words enter the history, state thinking → (current, the
 *   person quiet) authorized → segment by segment: voice → playout → heard → done
 *
 * A preemptive reply asks the LLM before it is scheduled and waits there.
 */
#include "session/internal.h"

#include "util/guard.h"

#define SORRY_LIMIT (2 * MYNA_S) /* the voice that says an error: then the recorded sentence */

/* ---- heard */

/* The segment is over: what of it was heard joins the speech's text. */
static void close_segment(struct myna_session *s, struct speech *sp, struct segment *seg,
                          bool interrupted, uint64_t position)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_TRANSCRIPT};
    const char *heard = myna_buf_str(&seg->text);
    myna_us us = (myna_us)(position * 1000000 / MYNA_OUT_RATE_HZ);

    seg->over = true;
    if (seg->sync) {
        myna_sync_finish(seg->sync, s->now, interrupted, us);
        if (interrupted || seg->shortened)
            heard = myna_s_voice_heard(s, seg);
    } else if (interrupted && myna_s_audible(s, sp, seg) && !seg->pcm) {
        heard = "";
    }
    if (heard[0] && !seg->shown) {
        if (sp->forwarded.len && sp->forwarded.ptr[sp->forwarded.len - 1] != ' ' &&
            heard[0] != ' ' && heard[0] != '\n')
            myna_buf_putc(&sp->forwarded, ' ');
        myna_buf_puts(&sp->forwarded, heard);
    }
    seg->shown = true;
    ev.u.agent_transcript.text = heard;
    ev.u.agent_transcript.speech_id = sp->id;
    ev.u.agent_transcript.segment_id = seg->id;
    ev.u.agent_transcript.is_final = true;
    ev.u.agent_transcript.interrupted = interrupted;
    myna_s_event(s, &ev);
    myna_s_caption(s, seg->id, heard, NULL, true);
}

static void tell_playout(struct myna_session *s, const struct myna_playout_event *pe)
{
    struct myna_event ev = {.type = MYNA_EV_PLAYOUT};

    ev.u.playout.speech_id = s->playout_speech->id;
    ev.u.playout.segment_id = s->playout_segment->id;
    ev.u.playout.started = pe->type == MYNA_PLAYOUT_STARTED;
    ev.u.playout.position = (myna_us)(pe->position * 1000000 / MYNA_OUT_RATE_HZ);
    ev.u.playout.interrupted = pe->interrupted;
    myna_s_event(s, &ev);
}

static void heard_first(struct myna_session *s, struct speech *sp, myna_us at)
{
    struct myna_event ev = {.type = MYNA_EV_TURN_LATENCY};

    if (sp->first_heard != MYNA_NEVER)
        return;
    sp->first_heard = sp->fall.heard = at;
    myna_s_limits_reset(s);
    if (sp->kind != SPEECH_ERROR && sp->kind != SPEECH_FILLER)
        s->llm_errors = s->tts_errors = 0;
    if (sp->silent && s->audio_out)
        return; /* nobody hears it */
    myna_s_agent_state(s, MYNA_AGENT_SPEAKING);
    myna_s_agent_started(s, at);
    if (sp->fall.speech_end == MYNA_NEVER)
        return;
    ev.u.latency.speech_id = sp->id;
    ev.u.latency.w = sp->told = sp->fall;
    myna_s_event(s, &ev);
}

void myna_s_playout_event(void *arg, const struct myna_playout_event *ev)
{
    struct myna_session *s = arg;
    struct speech *sp = s->playout_speech;
    struct segment *seg = s->playout_segment;
    struct myna_transport *t = s->transport;

    if (!seg || seg->playout_id != ev->segment)
        return;
    myna_guard_lift();
    switch (ev->type) {
    case MYNA_PLAYOUT_STARTED:
        tell_playout(s, ev);
        heard_first(s, sp, ev->at);
        if (seg->sync)
            myna_sync_start(seg->sync, ev->at);
        break;
    case MYNA_PLAYOUT_FINISHED:
        seg->playing = false;
        tell_playout(s, ev);
        close_segment(s, sp, seg, ev->interrupted || seg->cut, ev->position);
        s->tail_spared = !sp->allow_interruptions;
        s->playout_segment = NULL;
        s->playout_speech = NULL;
        break;
    case MYNA_PLAYOUT_FLUSH:
        myna_tap_put(s->tap, MYNA_OUT_TRANSPORT, 1, NULL, 0);
        if (t && t->cls->flush)
            t->cls->flush(t, ev->segment);
        break;
    case MYNA_PLAYOUT_CLEAR:
        myna_tap_put(s->tap, MYNA_OUT_TRANSPORT, 2, NULL, 0);
        if (t && t->cls->clear)
            t->cls->clear(t, ev->segment);
        break;
    case MYNA_PLAYOUT_ROOM:
        break;
    }
    s->dirty = true;
    myna_guard_lower();
}

/* What of its text has no caption yet. */
static void caption(struct myna_session *s, struct segment *seg)
{
    if (seg->captioned == seg->text.len)
        return;
    myna_guard_lift();
    myna_s_caption(s, seg->id, myna_buf_str(&seg->text) + seg->captioned, NULL, false);
    myna_guard_lower();
    seg->captioned = seg->text.len;
}

/* Text without sound: shown as it comes. */
static bool show(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_TRANSCRIPT};
    bool moved = false;

    if (seg->fed < seg->text.len) {
        sp->voiced = true;
        heard_first(s, sp, s->now);
        ev.u.agent_transcript.text = myna_buf_str(&seg->text) + seg->fed;
        ev.u.agent_transcript.speech_id = sp->id;
        ev.u.agent_transcript.segment_id = seg->id;
        myna_s_event(s, &ev);
        caption(s, seg);
        seg->fed = seg->text.len;
        moved = true;
    }
    if (seg->text_ended) {
        close_segment(s, sp, seg, false, 0);
        moved = true;
    }
    return moved;
}

static bool play(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    struct myna_transport *t = s->transport;

    if (seg->playing || (s->current && s->current != sp))
        return false;
    if (!seg->ready && !seg->pcm) {
        if (!seg->tts_done && !seg->tts_failed)
            return false;
        /* Nothing to be heard of it: only signs that nobody speaks, or the voice is gone. */
        close_segment(s, sp, seg, seg->tts_failed || seg->cut, 0);
        return true;
    }
    if (myna_playout_active(s->playout) ||
        (seg == sp->segments && s->gap_until > s->now && s->gap_until != MYNA_NEVER))
        return false;
    /* A reply does not begin while the person speaks (12); a door that pauses holds it back itself.
     */
    if (sp->allow_interruptions && seg == sp->segments && !myna_s_all_quiet(s) &&
        (!myna_s_can_pause(s) || s->turn_conf.queue > 0))
        return false;
    seg->playout_id = myna_playout_begin(s->playout);
    if (!seg->playout_id)
        return false;
    seg->playing = true;
    s->playout_segment = seg;
    s->playout_speech = sp;
    myna_s_pump(s);
    if (t && t->cls->ready)
        t->cls->ready(t);
    return true;
}

static bool forward(struct myna_session *s, struct speech *sp)
{
    struct segment *seg = sp->segments;

    while (seg && seg->over)
        seg = seg->next;
    if (seg && myna_s_audible(s, sp, seg)) {
        if (myna_s_captions_ahead(s) && !seg->pcm)
            caption(s, seg);
        return play(s, sp, seg);
    }
    if (seg)
        return show(s, sp, seg);
    if (sp->kind == SPEECH_REPLY && !sp->llm_done)
        return false;
    if (sp->tools)
        return myna_s_tools_step(s, sp);
    myna_s_speech_done(s, sp);
    return true;
}

static void start_speech(struct myna_session *s, struct speech *sp)
{
    sp->started = true;
    if (sp->user_item) {
        struct myna_item *it = sp->user_item;

        sp->user_item = NULL;
        if (myna_s_item_add(s, it) != MYNA_OK)
            myna_s_log(s, MYNA_LOG_WARN, "history is full, item dropped");
    }
    if (!sp->interrupted && sp->kind == SPEECH_REPLY)
        myna_s_agent_state(s, MYNA_AGENT_THINKING);
}

bool myna_s_reply_advance(struct myna_session *s, struct speech *sp)
{
    bool moved = false;

    if (sp->scheduled && !sp->started) {
        if (!sp->interrupted && sp->kind == SPEECH_REPLY && !sp->llm_tries)
            (void)myna_s_llm_start(s, sp); /* before its own words enter the history */
        start_speech(s, sp);
        moved = true;
    }
    if (sp->interrupted)
        return moved;
    if (sp->kind == SPEECH_FILLER && myna_s_filler_advance(s, sp))
        return true;
    if (sp->kind == SPEECH_REPLY && !sp->llm_tries && !sp->llm_done)
        (void)myna_s_llm_start(s, sp);
    for (struct segment *seg = sp->segments; seg; seg = seg->next)
        myna_s_voice_advance(s, sp, seg);
    if (sp->started && !sp->authorized && s->current == sp &&
        (myna_s_all_quiet(s) || !sp->allow_interruptions)) {
        sp->authorized = true;
        sp->forward_start = s->now;
        myna_s_pause_reconcile(s, sp);
        moved = true;
    }
    if (sp->authorized && myna_s_tools_start(s, sp))
        return true; /* the host was asked: nothing is certain any more */
    if (sp->authorized)
        moved |= forward(s, sp);
    return moved;
}

void myna_s_reply_stop(struct myna_session *s, struct speech *sp)
{
    myna_s_llm_over(s, sp, true);
    sp->llm_done = true;
    sp->llm_retry_at = MYNA_NEVER;
    myna_s_end_text(sp);
    for (struct segment *seg = sp->segments; seg; seg = seg->next)
        myna_s_voice_close(s, sp, seg);
    if (s->playout_speech == sp)
        myna_playout_cut(s->playout, s->now); /* FINISHED comes from inside */
    else
        for (struct segment *seg = sp->segments; seg; seg = seg->next)
            if (!myna_s_audible(s, sp, seg) && !seg->over && seg->fed)
                close_segment(s, sp, seg, true, 0);
    if (s->playout && sp->voiced && !s->tail_spared) /* between two of its segments */
        myna_playout_forget(s->playout);
}

/* ---- what a speech waits for */

static myna_us earlier(myna_us a, myna_us b)
{
    return a < b ? a : b;
}

static myna_us stall_at(const struct myna_session *s, const struct speech *sp,
                        const struct segment *seg)
{
    myna_us limit = s->conf.tts_read_idle_timeout_ms * MYNA_MS;
    myna_us last = seg->tts_last_audio != MYNA_NEVER ? seg->tts_last_audio : seg->tts_first_text;

    if (!seg->tts || seg->tts_done || seg->ready || !seg->tts_ended || last == MYNA_NEVER ||
        (s->conf.tts_read_idle_timeout_ms < 0 && sp->kind != SPEECH_ERROR))
        return MYNA_NEVER;
    if (sp->kind == SPEECH_ERROR && (limit < 0 || limit > SORRY_LIMIT) && seg->samples == 0)
        limit = SORRY_LIMIT;
    return last + limit;
}

myna_us myna_s_reply_deadline(const struct myna_session *s, const struct speech *sp)
{
    myna_us at = earlier(earlier(sp->llm_retry_at, sp->llm_timeout_at), myna_s_tools_deadline(sp));

    at = earlier(at, sp->long_at);

    for (const struct segment *seg = sp->segments; seg; seg = seg->next) {
        at = earlier(at, seg->tts_retry_at);
        at = earlier(at, stall_at(s, sp, seg));
        if (seg->playing && seg->sync)
            at = earlier(at, myna_sync_deadline(seg->sync));
    }
    return at;
}

void myna_s_reply_expire(struct myna_session *s, struct speech *sp)
{
    if (sp->llm_retry_at <= s->now)
        (void)myna_s_llm_start(s, sp);
    if (sp->llm_timeout_at <= s->now) {
        struct myna_fault f = {.stage = MYNA_STAGE_LLM,
                               .err = MYNA_ETIMEOUT,
                               .provider = s->llm->cls->name,
                               .message = sp->llm_output
                                              ? "the agent stopped in the middle of its answer"
                                              : "the agent did not begin to answer in time",
                               .retryable = true};

        myna_s_llm_failed(s, sp, &f);
    }
    myna_s_tools_expire(s, sp);
    if (sp->long_at <= s->now)
        myna_s_filler_due(s, sp);
    for (struct segment *seg = sp->segments; seg; seg = seg->next) {
        if (seg->playing && seg->sync && myna_sync_deadline(seg->sync) <= s->now) {
            myna_s_words_wait(s, seg);
            myna_sync_expire(seg->sync, s->now);
        }
        if (seg->tts_retry_at <= s->now) {
            seg->tts_retry_at = MYNA_NEVER;
            seg->tts_started = false;
        }
        if (stall_at(s, sp, seg) <= s->now)
            myna_s_voice_stalled(s, sp, seg);
    }
    s->dirty = true;
}

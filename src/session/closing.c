/* closing.c - the end of a call, in order (agent-session 1.13): let speech end or stop it, wait for
 * the person's last words, stop the ears, hang up, tell `close`, finish the recording.
 *
 * Each step is looked at again whenever something moved; none waits for longer than its limit.
 */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/report.h"
#include "session/header.h"
#include "util/guard.h"

#define HANGUP_LIMIT (5 * MYNA_S)  /* a transport that does not confirm */
#define DRAIN_LIMIT  (60 * MYNA_S) /* speech that does not end (agent-session 10.4) */
#define DRAWN_LIMIT  (5 * MYNA_S)  /* an outage: nothing of it is drawn any more */

static void keep_fault(struct myna_session *s, const struct myna_fault *f)
{
    s->close_fault = *f;
    s->close_fault.identity = NULL; /* lives for the event alone */
    snprintf(s->close_message, sizeof s->close_message, "%s",
             f->message ? f->message : myna_strerror(f->err));
    s->close_fault.message = s->close_message;
}

/* How long speech is waited for. Who never drew anything may still be about to begin. */
static myna_us drain_until(const struct myna_session *s)
{
    const struct closing *c = &s->closing;
    myna_us since = s->pulled_at > c->asked_at ? s->pulled_at : c->asked_at;
    myna_us limit = c->asked_at + DRAIN_LIMIT;

    if (!s->pulled_at || !s->transport || s->transport->heard != MYNA_HEARD_AT_PULL ||
        since + DRAWN_LIMIT > limit)
        return limit;
    return since + DRAWN_LIMIT;
}

void myna_s_close(struct myna_session *s, bool drain, const char *reason,
                  const struct myna_fault *fault)
{
    struct closing *c = &s->closing;

    if (c->asked) {
        if (!drain && c->drain) {
            c->drain = false;
            (void)myna_s_interrupt_all(s, true);
        }
        return;
    }
    c->asked = true;
    c->drain = drain;
    c->asked_at = s->spans.drain_at = s->now;
    c->error = fault != NULL;
    if (fault)
        keep_fault(s, fault);
    if (drain)
        c->drain_by = drain_until(s);
    strncpy(c->reason, reason && reason[0] ? reason : "user_initiated", sizeof c->reason - 1);
    s->away_at = s->max_at = s->aec_until = s->reprompt_at = s->hangup_at = MYNA_NEVER;
    myna_s_false_timer_stop(s);
    myna_s_preempt_cancel(s);
    if (!drain)
        (void)myna_s_interrupt_all(s, true);
    else
        myna_s_pause_cancel(s, false);
    s->dirty = true;
}

static bool has_to_say(const struct myna_session *s)
{
    return myna_s_busy(s) ||
           (s->playout && (myna_playout_active(s->playout) || myna_playout_waiting(s->playout)));
}

void myna_s_close_expire(struct myna_session *s)
{
    struct closing *c = &s->closing;

    s->dirty = true;
    if (c->drain_by > s->now || c->hung_up)
        return;
    c->drain_by = drain_until(s);
    if (c->drain_by > s->now)
        return;
    c->drain_by = MYNA_NEVER;
    if (c->drain && has_to_say(s))
        myna_s_log(s, MYNA_LOG_WARN, "the call ends before all was said: %s",
                   s->now - c->asked_at < DRAIN_LIMIT ? "its line draws nothing any more"
                                                      : "it took a minute");
    c->drain = false;
    (void)myna_s_interrupt_all(s, true);
}

/* Words on their way when the call ends still enter the history. true: nothing to wait for. */
static void wait_for_words(struct myna_session *s)
{
    struct closing *c = &s->closing;
    const struct recognition *r = &s->ear->rec;
    myna_us since = r->vad_speaking ? s->now : r->last_speaking;

    s->ear->final_at = r->last_final;
    if (s->conf.close_transcript_timeout_ms > 0 && myna_s_words_expected(s)) {
        since += s->conf.close_transcript_timeout_ms * MYNA_MS;
        c->transcript_by = since > c->transcript_by ? since : c->transcript_by;
    }
    if (r->vad_speaking)
        myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_FLUSH, s->now);
}

static void keep_words(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;

    if (r->final.len || r->interim.len) {
        if (r->interim.len) {
            if (r->final.len)
                myna_buf_putc(&r->final, ' ');
            myna_buf_put(&r->final, r->interim.ptr, r->interim.len);
        }
        myna_s_eou_start(s, true);
    }
}

static bool words_in(struct myna_session *s)
{
    struct closing *c = &s->closing;
    bool first = !c->wait_transcript, all = true;

    if (c->error)
        return true;
    if (first)
        c->transcript_by = s->now;
    c->wait_transcript = true;
    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        if (first && s->ear->stt_port)
            wait_for_words(s);
        all &= !s->ear->stt_port || s->ear->rec.last_final != s->ear->final_at ||
               !myna_s_words_expected(s);
    }
    if (s->now < c->transcript_by && !all)
        return false;
    c->transcript_by = MYNA_NEVER;
    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        if (s->ear->stt_port)
            keep_words(s);
    }
    return true;
}

static void recording_closed(void *arg)
{
    struct myna_session *s = arg;

    s->recorder = NULL;
    s->tap = NULL;
    s->closing.finished = true;
    myna_runtime_call(s->rt, false);
}

/* Nothing may speak into a recording that ends: what is still open is closed before it. */
static void hush(struct myna_session *s)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next) {
        myna_llm_port_close(sp->llm);
        sp->llm = NULL;
        for (struct segment *seg = sp->segments; seg; seg = seg->next) {
            myna_tts_port_close(seg->tts);
            seg->tts = NULL;
        }
    }
}

static void finish_recording(struct myna_session *s)
{
    struct myna_report_info info = {.job_id = s->id,
                                    .room = s->transport ? s->transport->cls->name : "none",
                                    .started_ms =
                                        myna_loop_wall_ms(s->loop) - (s->now - s->t0) / 1000,
                                    .duration_ms = (double)(s->now - s->t0) / 1e3,
                                    .usage = s->usage,
                                    .n_usage = s->n_usage};
    char *options = NULL, *json = NULL;

    if (s->report) {
        info.items = myna_session_history(s, &info.n_items);
        info.options_json = options = myna_s_options_json(s);
        info.audio_path = s->record_audio ? "audio.ogg" : NULL;
        json = myna_report_json(s->report, &info);
    }
    hush(s);
    if (s->recorder) {
        s->tap = NULL; /* what follows is not part of the call */
        myna_recorder_close(s->recorder, json, recording_closed, s);
    } else {
        s->closing.finished = true;
        myna_runtime_call(s->rt, false);
    }
    free(options);
    free(json);
}

static void say_goodbye(struct myna_session *s)
{
    struct closing *c = &s->closing;
    struct myna_event ev = {.type = MYNA_EV_SESSION_USAGE_UPDATED};

    c->told = true;
    myna_s_tools_leave(s);
    if (s->n_usage) { /* once more, whole: the sum of the call */
        ev.u.usage.usage = s->usage;
        ev.u.usage.n = s->n_usage;
        myna_s_event(s, &ev);
    }
    ev = (struct myna_event){.type = MYNA_EV_CLOSE};
    myna_s_spans_close(s);
    ev.u.close.reason = c->reason;
    ev.u.close.fault = c->error ? &s->close_fault : NULL;
    myna_s_event(s, &ev);
}

void myna_s_close_advance(struct myna_session *s)
{
    struct closing *c = &s->closing;

    if (!c->asked || c->told)
        return;
    if (!c->hung_up &&
        has_to_say(s)) /* later a line may put back what it drew, but nobody draws it */
        return;
    if (!c->hung_up) {
        if (!words_in(s))
            return;
        c->hung_up = true;
        myna_guard_lift();
        myna_s_ears_close(s);
        c->transport_by = s->now + HANGUP_LIMIT;
        if (!s->transport || c->transport_done)
            c->transport_done = true;
        else
            s->transport->cls->hangup(s->transport, c->reason);
        myna_guard_lower();
    }
    if (!c->transport_done && s->now < c->transport_by)
        return;
    c->transport_by = MYNA_NEVER;
    say_goodbye(s);
    myna_s_tell(s);
    s->agent_state = MYNA_AGENT_INITIALIZING;
    s->user_state = MYNA_USER_LISTENING;
    finish_recording(s);
}

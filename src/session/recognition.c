/* recognition.c - the person's turn as it is heard: what was said, whether speech goes on
 * (agent-session 1.6).
 *
 * VAD and STT streams are opened here, and their events become the state of the turn. When it is
 * over is decided in decision.c.
 */
#include "session/internal.h"
#include "session/queue.h"

#include <stdlib.h>
#include <string.h>

#include "util/guard.h"

#define PAUSE_MARK                                                                                 \
    (100 * MYNA_MS)          /* so much quiet inside speech is worth a hint to the recogniser */
#define VAD_METRICS_EVERY 32 /* windows: about a second (agent-session 2.3) */

/* ---- speech */

/* Somebody speaks since `start`. A click or a cough long before, of which no words came, is not the
 * beginning of this turn. */
static void note_speech(struct myna_session *s, myna_us start)
{
    struct recognition *r = &s->ear->rec;

    if (!r->vad_speaking && !r->final.len && !r->interim.len && r->last_speaking != MYNA_NEVER &&
        start - r->last_speaking > myna_endpointing_max(&s->ear->endpointing))
        r->speech_start = MYNA_NEVER;
    if (r->speech_start == MYNA_NEVER)
        r->speech_start = start;
    r->last_speaking = s->now;
    myna_s_limit_speech(s, start);
}

static bool listens_to_vad(const struct myna_session *s)
{
    return s->turn_conf.detection != MYNA_TURN_MANUAL;
}

/* Whom the door knows by name. */
void myna_s_speaks(struct myna_session *s, struct ear *e, bool speaks)
{
    struct myna_event ev = {.type = MYNA_EV_PERSON_SPEAKING};

    if (e->rec.speaks == speaks)
        return;
    e->rec.speaks = speaks;
    if (!e->identity[0])
        return;
    ev.u.person.identity = e->identity;
    ev.u.person.name = e->name[0] ? e->name : NULL;
    ev.u.person.speaking = speaks;
    myna_s_event(s, &ev);
}

static void speech_began(struct myna_session *s, myna_us start)
{
    struct recognition *r = &s->ear->rec;
    struct speech *sp = s->current;

    s->spoke = s->ear;
    note_speech(s, start);
    myna_s_speaks(s, s->ear, true);
    r->words_by = MYNA_NEVER;
    r->user_quiet = false;
    myna_s_eou_cancel(s);
    myna_endpointing_user_started(&s->ear->endpointing, start,
                                  s->agent_state == MYNA_AGENT_SPEAKING);
    myna_s_user_state(s, MYNA_USER_SPEAKING);
    myna_s_false_timer_stop(s); /* the paused state itself stays */
    if (s->agent_state != MYNA_AGENT_SPEAKING && myna_s_can_pause(s) && sp && !sp->interrupted &&
        sp->allow_interruptions && s->paused.speech != sp && listens_to_vad(s) &&
        !myna_s_queue_spares(s, sp))
        myna_s_pause(s, sp, 0); /* a stale reply must never become audible */
}

static void speech_ended(struct myna_session *s, myna_us end)
{
    struct recognition *r = &s->ear->rec;

    r->last_speaking = end;
    r->user_quiet = true;
    myna_s_speaks(s, s->ear, false);
    if (s->conf.transcription_timeout_ms >= 0 && myna_s_words_expected(s))
        r->words_by = s->now + s->conf.transcription_timeout_ms * MYNA_MS;
    myna_endpointing_user_ended(&s->ear->endpointing, end, false);
    if (!myna_s_anyone_speaks(s))
        myna_s_user_state(s, MYNA_USER_LISTENING);
    if (s->paused.speech && !myna_s_anyone_speaks(s))
        myna_s_false_timer(s, s->paused.timeout);
    if (s->turn_conf.detection == MYNA_TURN_VAD_STT || s->turn_conf.detection == MYNA_TURN_VAD ||
        (s->turn_conf.detection == MYNA_TURN_STT && r->committed))
        myna_s_eou_start(s, false);
    s->dirty = true; /* a held reply may go now */
}

/* ---- VAD */

static void vad_began(struct myna_session *s, const struct myna_vad_event *ev)
{
    myna_us start = s->now - ev->speech - ev->inference;

    speech_began(s, start);
    s->ear->rec.vad_speaking = true;
    s->ear->rec.paused_mark = false;
    if (s->ear->stt_port)
        myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_SPEECH, start);
}

static void vad_ended(struct myna_session *s, myna_us end)
{
    s->ear->rec.vad_speaking = false;
    if (s->ear->stt_port)
        myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_END, end);
    speech_ended(s, end);
}

void myna_s_vad_over(struct myna_session *s)
{
    vad_ended(s, s->now);
}

static void vad_failed(struct myna_session *s, const struct myna_fault *f)
{
    myna_s_fault(s, f);
    if (s->ear->rec.vad_speaking && !f->recoverable)
        vad_ended(s, s->now); /* nobody else would tell, and the agent would wait for ever */
}

static void vad_metrics(struct myna_session *s, const struct myna_vad_event *ev)
{
    struct recognition *r = &s->ear->rec;
    struct myna_metrics m = {.type = MYNA_METRICS_VAD,
                             .label = s->vad->cls->name,
                             .model = s->vad->cls->name,
                             .duration_ms = -1,
                             .ttft_ms = -1,
                             .ttfs_ms = -1,
                             .ttfb_ms = -1,
                             .idle_time_ms = (double)(s->now - r->vad_idle_since) / 1e3,
                             .inference_total_ms = r->vad_inference_ms,
                             .inference_count = VAD_METRICS_EVERY};

    r->vad_inference_ms += (double)ev->inference / 1e3;
    if (++r->vad_inferences < VAD_METRICS_EVERY)
        return;
    m.inference_total_ms = r->vad_inference_ms;
    r->vad_inferences = 0;
    r->vad_inference_ms = 0;
    r->vad_idle_since = s->now;
    myna_s_metrics(s, &m);
}

static void inferred(struct myna_session *s, const struct myna_vad_event *ev)
{
    struct recognition *r = &s->ear->rec;
    bool quiet;

    if (ev->raw_speech > 0)
        note_speech(s, s->now - ev->raw_speech);
    if (ev->speaking && s->ear->stt_port) {
        if (!r->paused_mark && ev->raw_silence >= PAUSE_MARK) {
            r->paused_mark = true;
            myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_PAUSE, s->now);
        } else if (r->paused_mark && ev->raw_speech > 0) {
            r->paused_mark = false;
            myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_RESUMED, s->now);
        }
    }
    quiet = !(ev->speaking && ev->raw_silence <= myna_endpointing_min(&s->ear->endpointing) / 2);
    /* What begins in the quiet behind speech is not interrupted by that speech. */
    if (listens_to_vad(s) && !quiet && ev->speech >= s->turn_conf.min_interruption_ms * MYNA_MS)
        myna_s_audio_activity(s);
    if (ev->speaking)
        myna_s_limit_check(s);
    if (quiet && !r->user_quiet)
        s->dirty = true;
    r->user_quiet = quiet;
    vad_metrics(s, ev);
}

static void on_vad(void *arg, struct myna_vad_port *port, const struct myna_vad_event *ev)
{
    struct ear *e = arg;
    struct myna_session *s = e->session;

    myna_s_enter(s);
    if (port == e->vad_port && !s->closing.told) {
        s->ear = e;
        if (ev->type != MYNA_VAD_INFERENCE || ev->raw_speech > 0)
            e->rec.sounded_at = s->now;
        switch (ev->type) {
        case MYNA_VAD_START:
            myna_guard_lift();
            vad_began(s, ev);
            myna_guard_lower();
            break;
        case MYNA_VAD_INFERENCE:
            inferred(s, ev);
            break;
        case MYNA_VAD_END:
            myna_guard_lift();
            vad_ended(s, s->now - ev->silence - ev->inference);
            myna_guard_lower();
            break;
        case MYNA_VAD_FAULT:
            myna_guard_lift();
            vad_failed(s, &ev->fault);
            myna_guard_lower();
            break;
        }
    }
    myna_s_leave(s);
}

/* ---- STT */

static void transcribed(struct myna_session *s, const struct myna_stt_event *ev, bool final)
{
    struct myna_event out = {.type = MYNA_EV_USER_INPUT_TRANSCRIBED};

    out.u.transcribed.transcript = ev->text;
    out.u.transcribed.is_final = final;
    out.u.transcribed.speaker = ev->speaker;
    out.u.transcribed.language = ev->language;
    if (s->several) {
        if (!ev->speaker)
            out.u.transcribed.speaker = myna_s_ear_name(s->ear);
        out.u.transcribed.identity = s->ear->identity;
    }
    myna_s_event(s, &out);
    myna_s_caption(s, s->id, ev->text, s->ear, final);
}

/* STT alone interrupts where no VAD does; the resume timer runs while nobody speaks. */
static void transcript_activity(struct myna_session *s)
{
    if (s->turn_conf.detection == MYNA_TURN_MANUAL)
        return;
    myna_s_audio_activity(s);
    if (!s->ear->rec.vad_speaking && !myna_s_anyone_speaks(s) && s->paused.speech &&
        s->turn_conf.false_interruption_timeout_ms >= 0)
        myna_s_false_timer(s, s->turn_conf.false_interruption_timeout_ms * MYNA_MS);
}

static void on_final(struct myna_session *s, const struct myna_stt_event *ev)
{
    struct recognition *r = &s->ear->rec;
    bool differs;

    r->words_by = MYNA_NEVER;
    if (!ev->text[strspn(ev->text, " \t\r\n")]) /* blanks are no words */
        return;
    s->stt_errors = 0;
    r->stt_tries = 0;
    transcribed(s, ev, true);
    if (r->final.len)
        myna_buf_putc(&r->final, ' ');
    myna_buf_puts(&r->final, ev->text);
    if (ev->confidence >= 0) {
        r->confidence_sum += (double)ev->confidence;
        r->confidences++;
    }
    differs = !myna_s_same_words(myna_buf_str(&r->final), myna_buf_str(&r->preflight));
    myna_buf_clear(&r->interim);
    myna_buf_clear(&r->preflight);
    r->last_final = s->now;
    myna_s_limit_words(s, ev->text, true);
    if (ev->language && (!r->language[0] || strlen(ev->text) > 5))
        snprintf(r->language, sizeof r->language, "%s", ev->language);
    if (!s->ear->vad_port || r->last_speaking == MYNA_NEVER) { /* the VAD missed it */
        r->last_speaking = ev->end != MYNA_NEVER && ev->end < s->now ? ev->end : s->now;
        if (r->speech_start == MYNA_NEVER)
            r->speech_start = ev->start != MYNA_NEVER ? ev->start : r->last_speaking;
    }
    if (s->user_state == MYNA_USER_AWAY)
        myna_s_user_state(s, MYNA_USER_LISTENING);
    else
        myna_s_user_state(s, s->user_state);
    transcript_activity(s);
    if (!s->paused.speech || !myna_s_queue_spares(s, s->paused.speech))
        myna_s_pause_cancel(s, true);
    if (s->turn_conf.detection == MYNA_TURN_MANUAL && !r->committed)
        return;
    if (s->turn_conf.detection == MYNA_TURN_STT && !r->committed)
        return;
    if (differs)
        myna_s_preempt(s, myna_buf_str(&r->final));
    if (!r->vad_speaking || s->turn_conf.detection == MYNA_TURN_MANUAL)
        myna_s_eou_start(s, s->turn_conf.detection == MYNA_TURN_MANUAL);
}

static void on_partial(struct myna_session *s, const struct myna_stt_event *ev, bool preflight)
{
    struct recognition *r = &s->ear->rec;

    transcribed(s, ev, false);
    myna_buf_clear(&r->interim);
    myna_buf_puts(&r->interim, ev->text);
    myna_s_limit_words(s, ev->text, false);
    if (!s->ear->vad_port && ev->text[0])
        transcript_activity(s);
    if (!preflight)
        return;
    r->last_final = s->now;
    myna_buf_clear(&r->preflight);
    myna_buf_printf(&r->preflight, "%s%s%s", myna_buf_str(&r->final), r->final.len ? " " : "",
                    ev->text);
    if (s->turn_conf.detection != MYNA_TURN_MANUAL)
        myna_s_preempt(s, myna_buf_str(&r->preflight));
}

/* The recogniser's own word on when speech begins and ends counts in `stt` mode. */
static void stt_began(struct myna_session *s)
{
    if (s->turn_conf.detection == MYNA_TURN_STT && !s->ear->rec.vad_speaking)
        speech_began(s, s->now);
}

static void stt_ended(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;
    bool known = s->ear->vad_port && !r->vad_speaking && r->last_speaking != MYNA_NEVER;

    if (s->turn_conf.detection != MYNA_TURN_STT)
        return;
    if (r->vad_speaking) {
        myna_s_log(s, MYNA_LOG_WARN, "the recogniser ended a turn in which the VAD hears speech");
        myna_vad_port_flush(s->ear->vad_port);
        r->vad_speaking = false;
    }
    r->committed = true;
    speech_ended(s, known ? r->last_speaking : s->now);
}

/* A batch recogniser has tried an utterance again as often as the rules allow, since only it has
 * the sound: with its fault the words are lost, which the person must hear. The next utterance may
 * do better. */
static bool lost_utterance(const struct myna_session *s, const struct myna_fault *f)
{
    return (s->stt->cls->caps & MYNA_STT_WANTS_SPEECH) && (f->retryable || f->http_status);
}

static void stt_failed(struct myna_session *s, const struct myna_fault *f)
{
    struct myna_fault told = *f;
    bool lost = lost_utterance(s, f);

    myna_stt_port_close(s->ear->stt_port);
    s->ear->stt_port = NULL;
    told.recoverable =
        !lost && myna_s_retry(s, f, ++s->ear->rec.stt_tries, &s->ear->rec.stt_retry_at);
    if (told.recoverable) {
        myna_s_fault(s, &told);
        return;
    }
    s->ear->rec.stt_retry_at = MYNA_NEVER;
    s->stt_errors++;
    s->ear->rec.stt_tries = 0;
    if (lost && s->stt_errors <= s->conf.max_unrecoverable_errors)
        s->ear->rec.stt_retry_at = s->now; /* deaf no longer than this turn of the loop */
    else if (f->retryable && s->stt_errors <= s->conf.max_unrecoverable_errors)
        s->ear->rec.stt_retry_at = s->now + s->conf.retry_interval_ms * MYNA_MS;
    else
        s->ear->rec.stt_failed = true;
    myna_s_failed(s, &told, true, NULL);
}

static void on_stt(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct ear *e = arg;
    struct myna_session *s = e->session;
    struct myna_metrics m = {.type = MYNA_METRICS_STT, .ttft_ms = -1, .ttfs_ms = -1, .ttfb_ms = -1};

    myna_s_enter(s);
    if (port == e->stt_port) {
        s->ear = e;
        switch (ev->type) {
        case MYNA_STT_START:
            stt_began(s);
            break;
        case MYNA_STT_END:
            stt_ended(s);
            break;
        case MYNA_STT_PARTIAL:
            on_partial(s, ev, false);
            break;
        case MYNA_STT_PREFLIGHT_TEXT:
            on_partial(s, ev, true);
            break;
        case MYNA_STT_FINAL:
            on_final(s, ev);
            break;
        case MYNA_STT_USAGE:
            m.label = m.model = myna_s_provider(s, MYNA_STAGE_STT);
            m.audio_duration_ms = ev->audio_ms;
            m.duration_ms = ev->took_ms;
            m.streamed = (s->stt->cls->caps & MYNA_STT_WANTS_SPEECH) == 0;
            myna_s_metrics(s, &m);
            break;
        case MYNA_STT_FAULT:
            stt_failed(s, &ev->fault);
            break;
        case MYNA_STT_USING:
            myna_s_using(s, MYNA_STAGE_STT, &ev->fault);
            break;
        }
        s->dirty = true;
    }
    myna_s_leave(s);
}

/* ---- ears */

void myna_s_stt_reopen(struct myna_session *s)
{
    struct myna_stt_port_options opt = {
        .stt = s->stt, .tap = s->tap, .event = on_stt, .arg = s->ear};
    struct myna_fault f = {.stage = MYNA_STAGE_STT,
                           .message = "the recogniser could not be opened"};

    s->ear->rec.stt_retry_at = MYNA_NEVER;
    if (!s->stt || !s->audio_in)
        return;
    opt.id = ++s->stt_streams;
    opt.how.who = s->ear->who;
    opt.preroll_ms = s->conf.preroll_ms;
    f.provider = s->stt->cls->name;
    f.err = myna_stt_port_open(&opt, &s->ear->stt_port);
    if (f.err) {
        f.retryable = f.err == MYNA_EAGAIN || f.err == MYNA_ENOMEM;
        stt_failed(s, &f);
    } else if (s->ear->rec.vad_speaking) {
        myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_SPEECH, s->now);
    }
}

void myna_s_stt_restart(struct myna_session *s)
{
    if (!s->ear->stt_port)
        return;
    myna_stt_port_close(s->ear->stt_port);
    s->ear->stt_port = NULL;
    myna_s_stt_reopen(s);
}

enum myna_err myna_s_ear_open(struct myna_session *s, struct myna_why *why)
{
    struct myna_vad_port_options opt = {
        .vad = s->vad, .tap = s->tap, .event = on_vad, .arg = s->ear};
    enum myna_err err;

    s->ear->rec.vad_idle_since = s->ear->rec.sounded_at = s->now;
    s->ear->open = true;
    if (!s->audio_in)
        return MYNA_OK;
    if (s->vad) {
        opt.id = ++s->vad_streams;
        err = myna_vad_port_open(&opt, &s->ear->vad_port);
        if (err)
            return myna_fail(why, err, "the voice activity detector '%s' could not be opened: %s",
                             s->vad->cls->name, myna_strerror(err));
    }
    myna_s_stt_reopen(s);
    return MYNA_OK;
}

/* The call goes on. Without a VAD a recogniser that hears all the time still hears this person; one
 * that is given utterances does not, and they are told. */
void myna_s_ear_open_late(struct myna_session *s)
{
    struct myna_why why = {0};
    struct myna_fault f = {.stage = MYNA_STAGE_VAD,
                           .provider = s->vad ? s->vad->cls->name : "none",
                           .message = why.text};
    char message[sizeof why.text + 300];

    f.err = myna_s_ear_open(s, &why);
    if (!f.err)
        return;
    f.recoverable = s->stt && !(s->stt->cls->caps & MYNA_STT_WANTS_SPEECH);
    snprintf(message, sizeof message, "%s; %s is heard %s", why.text,
             *myna_s_ear_name(s->ear) ? myna_s_ear_name(s->ear) : "somebody",
             f.recoverable ? "by the recogniser alone" : "no more");
    f.message = message;
    if (f.recoverable) {
        myna_s_fault(s, &f);
        myna_s_stt_reopen(s);
    } else {
        myna_s_failed(s, &f, true, NULL);
    }
}

void myna_s_ear_close(struct myna_session *s)
{
    struct ear *e = s->ear;

    myna_vad_port_close(e->vad_port);
    myna_stt_port_close(e->stt_port);
    e->vad_port = NULL;
    e->stt_port = NULL;
    e->open = false;
    e->rec.stt_retry_at = e->rec.commit_at = e->rec.words_by = MYNA_NEVER;
    myna_s_eou_cancel(s);
}

void myna_s_ears_close(struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        myna_s_ear_close(s);
    }
}

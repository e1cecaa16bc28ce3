/* faults.c - a provider fails: try again, or say so aloud; never silence (agent-session 8.1,
 * telephony 3.5).
 *
 * First retry after 100 ms, later ones after the interval. When a stage fails for good the caller
 * hears a sentence: the default one was recorded beforehand and needs no provider; another one is
 * spoken by the voice, and where the voice is what fails, the recorded one stands in. More failures
 * in a row than allowed end the call.
 */
#include "session/internal.h"

#include <string.h>

#include "session/sorry.h"

#define FIRST_RETRY (100 * MYNA_MS)

void myna_s_fault(struct myna_session *s, const struct myna_fault *f)
{
    struct myna_event ev = {.type = MYNA_EV_ERROR};

    ev.u.fault = *f;
    if (!ev.u.fault.message)
        ev.u.fault.message = myna_strerror(f->err);
    myna_s_log(s,
               s->tells_errors  ? MYNA_LOG_INFO
               : f->recoverable ? MYNA_LOG_WARN
                                : MYNA_LOG_ERROR,
               "%s stage=%s provider=%s recoverable=%s", ev.u.fault.message,
               myna_stage_name(f->stage), f->provider ? f->provider : "-",
               f->recoverable ? "yes" : "no");
    myna_s_event(s, &ev);
}

/* `tries` so far. Client errors (4xx but 408, 429, 499) are never retried, whatever they say. */
bool myna_s_retry(const struct myna_session *s, const struct myna_fault *f, int tries, myna_us *at)
{
    int code = f->http_status;

    if (!f->retryable || tries > s->conf.retry_max || s->closing.asked)
        return false;
    if (code >= 400 && code < 500 && code != 408 && code != 429 && code != 499)
        return false;
    *at = s->now + (tries <= 1 ? FIRST_RETRY : s->conf.retry_interval_ms * MYNA_MS);
    return true;
}

bool myna_s_sorry_recorded(struct segment *seg)
{
    struct myna_sync_options so = {0}; /* paces the sentence, should it be cut */

    myna_buf_clear(&seg->text);
    if (myna_buf_puts(&seg->text, MYNA_SORRY_TEXT) != MYNA_OK)
        return false;
    seg->text_ended = true;
    myna_filters_destroy(seg->filters);
    myna_sync_destroy(seg->sync);
    seg->filters = NULL;
    seg->sync = myna_sync_create(&so);
    if (seg->sync && myna_sync_text(seg->sync, myna_buf_view(&seg->text)) == MYNA_OK)
        myna_sync_text_end(seg->sync);
    seg->pcm = myna_sorry_pcm(&seg->pcm_n);
    seg->tts_done = seg->ready = false;
    return true;
}

static bool is_refusal(const struct myna_session *s, const struct myna_fault *f)
{
    return f->stage == MYNA_STAGE_LLM && (f->http_status == 401 || f->http_status == 403) &&
           s->conf.refused_sentence && s->conf.refused_sentence[0];
}

/* What there is to say of it. NULL: nothing, or no more. */
static const char *sentence_of(const struct myna_session *s, const struct myna_fault *f)
{
    if (!is_refusal(s, f))
        return s->conf.error_sentence;
    return s->refusal_told ? NULL : s->conf.refused_sentence;
}

/* Queues the sentence, unless one is already waiting to be heard. */
static void say_sorry(struct myna_session *s, const struct myna_fault *f,
                      const struct speech *instead)
{
    const char *sentence = sentence_of(s, f);
    bool voice_works = f->stage != MYNA_STAGE_TTS;
    struct speech *sp;
    struct segment *seg;
    bool said;

    if (!sentence || !sentence[0] || s->closing.asked)
        return;
    for (sp = s->speeches; sp; sp = sp->next)
        if (sp->kind == SPEECH_ERROR && !sp->done && !sp->interrupted)
            return;
    sp = myna_s_speech_new(s, SPEECH_ERROR, -1);
    if (!sp)
        return;
    sp->llm_done = true;
    sp->silent = instead ? instead->silent : s->unspoken;
    sp->add_to_history = false; /* not the agent's words */
    seg = myna_s_segment_new(s, sp);
    if (seg && voice_works && s->tts && strcmp(sentence, MYNA_SORRY_TEXT) != 0) {
        said = myna_buf_puts(&seg->text, sentence) == MYNA_OK;
        seg->text_ended = true;
    } else {
        said = seg && myna_s_sorry_recorded(seg);
    }
    if (!said) {
        myna_s_speech_interrupt(s, sp);
        return;
    }
    if (instead && s->paused.speech == instead) /* whose floor it is stays open */
        s->paused.speech = sp;
    (void)myna_s_speech_schedule(s, sp, 10);
    s->refusal_told |= is_refusal(s, f);
}

void myna_s_failed(struct myna_session *s, const struct myna_fault *f, bool aloud,
                   const struct speech *instead)
{
    int errors = f->stage == MYNA_STAGE_LLM   ? s->llm_errors
                 : f->stage == MYNA_STAGE_TTS ? s->tts_errors
                                              : s->stt_errors;

    myna_s_fault(s, f);
    if (aloud)
        say_sorry(s, f, instead);
    if (errors > s->conf.max_unrecoverable_errors || myna_s_all_deaf(s))
        myna_s_close(s, true, "error", f);
    s->dirty = true;
}

/* voice.c - the voice of one segment: text through the filters into the provider, sound out of it
 * into playout, its words into the synchroniser.
 */
#include "session/internal.h"

#include <string.h>

#include "util/guard.h"

struct feeding { /* for the filters' callback */
    struct myna_session *s;
    struct speech *sp;
    struct segment *seg;
    enum myna_err err;
};

static struct segment *segment_of(struct myna_session *s, const struct myna_tts_port *port,
                                  struct speech **whose)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        for (struct segment *seg = sp->segments; seg; seg = seg->next)
            if (seg->tts == port) {
                *whose = sp;
                return seg;
            }
    return NULL;
}

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct myna_session *s = arg;
    struct segment *seg = s->playout_segment;
    size_t taken;

    if (!seg || seg->tts != port)
        return 0;
    taken = myna_playout_write(s->playout, pcm, n);
    s->playout_speech->voiced |= taken > 0;
    seg->samples += taken;
    seg->tts_last_audio = s->now;
    return taken;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    struct myna_session *s = arg;
    struct speech *sp;
    struct segment *seg;

    myna_s_enter(s);
    seg = segment_of(s, port, &sp);
    if (seg) {
        seg->ready = true;
        if (seg->tts_first_audio == MYNA_NEVER) {
            seg->tts_first_audio = s->now;
            if (sp->fall.first_audio == MYNA_NEVER)
                sp->fall.first_audio = s->now;
        }
        s->dirty = true;
    }
    myna_s_leave(s);
}

/* The provider is done with this segment, well or not. */
static void finish(struct myna_session *s, struct speech *sp, struct segment *seg, bool cancelled)
{
    if (seg->tts_done)
        return;
    seg->tts_done = true;
    if (seg->tts_first_text != MYNA_NEVER)
        myna_s_tts_metrics(s, sp, seg, cancelled);
}

/* Nothing of the answer was heard, and its text can still be read. */
static bool show_instead(struct myna_session *s, struct speech *sp)
{
    if (!s->conf.show_unspoken || sp->voiced ||
        (sp->kind != SPEECH_REPLY && sp->kind != SPEECH_SAY))
        return false;
    sp->silent = true;
    if (s->playout_speech == sp) { /* it was ready to be heard: nobody is told of that */
        s->playout_segment->playing = false;
        s->playout_segment = NULL;
        s->playout_speech = NULL;
        myna_playout_cut(s->playout, s->now);
    }
    for (struct segment *seg = sp->segments; seg; seg = seg->next) {
        myna_s_voice_close(s, sp, seg);
        seg->fed = 0;
    }
    return true;
}

static void voice_failed(struct myna_session *s, struct speech *sp, struct segment *seg,
                         const struct myna_fault *f)
{
    struct myna_fault told = *f;
    myna_us at;

    if (s->feeding && s->feeding->seg == seg) { /* told by the port from inside: feed() says it */
        s->feeding->err = f->err;
        return;
    }
    if (seg->tts_first_audio != MYNA_NEVER && seg->ready && seg->playing)
        myna_s_pump(s); /* what it has made is still heard */
    myna_tts_port_close(seg->tts);
    seg->tts = NULL;
    seg->ready = false;
    if (sp->kind == SPEECH_ERROR && seg->samples == 0) { /* at once, and not again by the voice */
        finish(s, sp, seg, false);
        s->tts_errors++;
        told.recoverable = true;
        myna_s_fault(s, &told);
        seg->tts_failed = !myna_s_sorry_recorded(seg);
        return;
    }
    if (seg->tts_first_audio == MYNA_NEVER && myna_s_retry(s, f, seg->tts_tries, &at)) {
        seg->tts_retry_at = at; /* all text is handed over again then */
        seg->fed = 0;
        seg->tts_ended = false;
        myna_filters_destroy(seg->filters);
        myna_sync_destroy(seg->sync);
        myna_written_fini(&seg->written);
        seg->said = 0;
        seg->filters = NULL;
        seg->sync = NULL;
        told.recoverable = true;
        myna_s_log(s, MYNA_LOG_WARN, "the voice failed, trying again provider=%s try=%d: %s",
                   s->tts->cls->name, seg->tts_tries, f->message);
        return;
    }
    finish(s, sp, seg, false);
    if (!sp->scheduled) { /* asked again when the turn is over */
        told.recoverable = sp->failed = true;
        seg->tts_failed = true;
        myna_s_fault(s, &told);
        return;
    }
    if (show_instead(s, sp)) {
        told.recoverable = false;
        myna_s_fault(s, &told);
        return;
    }
    seg->tts_failed = seg->tts_first_audio == MYNA_NEVER;
    seg->cut = !seg->tts_failed; /* only what was heard counts as said */
    sp->failed = true;
    if (seg->playing && !seg->ready)
        myna_playout_end(s->playout, s->now);
    told.recoverable = false;
    s->tts_errors++;
    myna_s_failed(s, &told, sp->kind != SPEECH_ERROR, sp);
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct myna_session *s = arg;
    struct speech *sp;
    struct segment *seg;

    myna_s_enter(s);
    seg = segment_of(s, port, &sp);
    if (seg) {
        switch (ev->type) {
        case MYNA_TTS_WORDS_AT:
            if (seg->sync && s->conf.use_tts_aligned_transcript &&
                myna_sync_words(seg->sync, ev->words, ev->n_words) != MYNA_OK)
                myna_s_log(s, MYNA_LOG_WARN, "word times lost stage=tts");
            break;
        case MYNA_TTS_DONE:
            if (seg->tts_first_audio == MYNA_NEVER && seg->tts_first_text != MYNA_NEVER) {
                struct myna_fault f = {.stage = MYNA_STAGE_TTS,
                                       .err = MYNA_EPROVIDER,
                                       .provider = s->tts->cls->name,
                                       .message = "the voice ended without a sound",
                                       .retryable = true};

                voice_failed(s, sp, seg, &f);
                break;
            }
            finish(s, sp, seg, false);
            if (seg->playing && !seg->ready)
                myna_playout_end(s->playout, s->now);
            break;
        case MYNA_TTS_FAULT:
            voice_failed(s, sp, seg, &ev->fault);
            break;
        case MYNA_TTS_USING:
            myna_s_using(s, MYNA_STAGE_TTS, &ev->fault);
            break;
        case MYNA_TTS_LOADING:
            if (sp->kind != SPEECH_ERROR) /* which has its recorded sentence to fall back on */
                seg->tts_last_audio = s->now;
            break;
        }
        s->dirty = true;
    }
    myna_s_leave(s);
}

/* ---- text towards the voice */

/* The agent's text from `from` to `to`, borrowed until the next use of s->shown. */
static const char *excerpt(struct myna_session *s, const struct segment *seg, size_t from,
                           size_t to)
{
    myna_buf_clear(&s->shown);
    myna_buf_put(&s->shown, seg->text.ptr + from, to - from);
    return myna_buf_str(&s->shown);
}

/* The voice is told filtered text; shown is what the agent wrote. */
static void on_word(void *arg, const char *text, myna_us end_time)
{
    struct myna_session *s = arg;
    struct segment *seg = s->playout_segment;
    struct myna_event ev = {.type = MYNA_EV_AGENT_TRANSCRIPT};
    size_t to;

    (void)end_time;
    if (!seg)
        return;
    seg->said += strlen(text);
    to = myna_written_at(&seg->written, seg->said);
    if (to <= seg->shown_to) /* "three" of $3.50 */
        return;
    ev.u.agent_transcript.text = excerpt(s, seg, seg->shown_to, to);
    ev.u.agent_transcript.speech_id = s->playout_speech->id;
    ev.u.agent_transcript.segment_id = seg->id;
    seg->shown_to = to;
    myna_s_event(s, &ev);
    if (!myna_s_captions_ahead(s))
        myna_s_caption(s, seg->id, ev.u.agent_transcript.text, NULL, false);
}

const char *myna_s_voice_heard(struct myna_session *s, struct segment *seg)
{
    return excerpt(s, seg, 0, myna_written_at(&seg->written, strlen(myna_sync_heard(seg->sync))));
}

static bool blank(struct myna_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] != ' ' && v.ptr[i] != '\n' && v.ptr[i] != '\t' && v.ptr[i] != '\r')
            return false;
    return true;
}

/* Spoken text. The stream is opened by the first of it that is not blank. */
static void speak(struct feeding *fe, struct myna_view text, const uint32_t *src)
{
    struct myna_session *s = fe->s;
    struct segment *seg = fe->seg;

    if (fe->err || !text.len)
        return;
    if (!seg->tts) {
        struct myna_tts_port_options opt = {.tts = s->tts,
                                            .how = {.voice = myna_s_voice(s)},
                                            .tap = s->tap,
                                            .audio = on_audio,
                                            .ready = on_ready,
                                            .event = on_event,
                                            .arg = s};
        struct myna_sync_options so = {.out = on_word, .arg = s};

        if (blank(text))
            return;
        opt.id = ++s->tts_streams;
        seg->tts_opened = s->now;
        fe->err = myna_tts_port_open(&opt, &seg->tts);
        if (!fe->err && !seg->sync) {
            seg->sync = myna_sync_create(&so);
            fe->err = seg->sync ? MYNA_OK : MYNA_ENOMEM;
        }
        if (fe->err)
            return;
    }
    seg->characters += text.len;
    fe->err = myna_written_add(&seg->written, src, text.len);
    if (!fe->err)
        fe->err = myna_sync_text(seg->sync, text);
    if (!fe->err)
        fe->err = myna_tts_port_text(seg->tts, text);
}

static void on_filtered(void *arg, struct myna_view text, const uint32_t *src)
{
    struct feeding *fe = *(struct feeding **)arg;

    speak(fe, text, src);
}

static enum myna_err feed(struct feeding *fe)
{
    struct myna_session *s = fe->s;
    struct segment *seg = fe->seg;
    struct myna_view rest = {seg->text.ptr + seg->fed, seg->text.len - seg->fed};
    struct myna_filters_options opt = {.transforms = s->text_conf.transforms,
                                       .language = s->text_conf.language,
                                       .replace = s->replace,
                                       .n_replace = s->n_replace,
                                       .match_case = s->text_conf.match_case,
                                       .out = on_filtered,
                                       .arg = &s->feeding};

    s->feeding = fe;
    if (!seg->filters) {
        seg->filters = myna_filters_create(&opt);
        if (!seg->filters)
            return MYNA_ENOMEM;
    }
    if (rest.len) {
        enum myna_err err = myna_filters_push(seg->filters, rest);

        seg->fed = seg->text.len;
        if (err)
            return err;
    }
    if (seg->text_ended && !seg->tts_ended) {
        myna_filters_flush(seg->filters);
        seg->tts_ended = true;
        if (seg->tts && !fe->err) {
            myna_sync_text_end(seg->sync);
            myna_tts_port_end(seg->tts);
            seg->tts_last_audio = s->now; /* from here the stall is counted */
        }
    }
    return fe->err;
}

static bool voice_before_busy(const struct speech *sp, const struct segment *seg)
{
    for (const struct segment *p = sp->segments; p && p != seg; p = p->next)
        if (!p->tts_done && !p->tts_ended)
            return true;
    return false;
}

void myna_s_voice_advance(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    struct feeding fe = {.s = s, .sp = sp, .seg = seg};
    bool want = sp->scheduled || (sp->preemptive && s->turn_conf.preemptive_generation &&
                                  s->turn_conf.preemptive_tts);

    if (!s->audio_out || !s->tts || sp->silent || !want || seg->pcm || seg->tts_done || seg->over ||
        seg->tts_retry_at != MYNA_NEVER || voice_before_busy(sp, seg))
        return;
    if (seg->fed == seg->text.len && (!seg->text_ended || seg->tts_ended))
        return;
    if (!seg->tts_started) {
        seg->tts_started = true;
        seg->tts_tries++;
    }
    myna_guard_lift();
    fe.err = feed(&fe);
    s->feeding = NULL;
    if (seg->tts)
        seg->tts_first_text = myna_tts_port_first_text(seg->tts);
    if (sp->fall.first_text == MYNA_NEVER)
        sp->fall.first_text = seg->tts_first_text;
    if (fe.err) {
        struct myna_fault f = {.stage = MYNA_STAGE_TTS,
                               .err = fe.err,
                               .provider = s->tts->cls->name,
                               .message = "the voice did not take the text"};

        voice_failed(s, sp, seg, &f);
    } else if (seg->tts_ended && !seg->tts) {
        seg->tts_done = true; /* nothing of it can be spoken */
        s->dirty = true;
    }
    myna_guard_lower();
}

void myna_s_voice_close(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    seg->tts_retry_at = MYNA_NEVER;
    if (!seg->tts)
        return;
    finish(s, sp, seg, true);
    myna_tts_port_close(seg->tts);
    seg->tts = NULL;
    seg->ready = false;
}

void myna_s_voice_end_short(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    if (seg->tts_ended || seg->tts_done)
        return;
    seg->tts_ended = true;
    seg->fed = seg->text.len;
    if (!seg->tts || myna_tts_port_first_text(seg->tts) == MYNA_NEVER) {
        myna_s_voice_close(s, sp, seg);
        seg->tts_done = seg->cut = true;
        return;
    }
    seg->shortened = true;
    myna_sync_drop(seg->sync, myna_tts_port_end_short(seg->tts));
    myna_sync_text_end(seg->sync);
    seg->tts_last_audio = s->now;
}

/* ---- sound towards playout; part of the media tick */

#define PUMP_AT (MYNA_OUT_RATE_HZ / 10) /* not for every frame: when 100 ms fit */

static void pump_pcm(struct myna_session *s, struct segment *seg)
{
    seg->pcm_at += myna_playout_write(s->playout, seg->pcm + seg->pcm_at, seg->pcm_n - seg->pcm_at);
    if (seg->pcm_at == seg->pcm_n && !seg->tts_done) {
        seg->tts_done = true;
        myna_playout_end(s->playout, s->now);
    }
}

static myna_us lasting(uint64_t samples)
{
    return (myna_us)(samples * 1000000 / MYNA_OUT_RATE_HZ);
}

void myna_s_words_wait(struct myna_session *s, struct segment *seg)
{
    myna_us by = myna_playout_heard_by(s->playout);

    if (seg->sync && seg == s->playout_segment && by < s->now)
        myna_sync_pause(seg->sync, by);
}

void myna_s_words_drawn(struct myna_session *s, uint64_t from)
{
    struct segment *seg = s->playout_segment;

    if (seg && seg->sync && s->transport->heard == MYNA_HEARD_AT_PULL)
        myna_sync_at(seg->sync, s->now + s->transport->latency, lasting(from));
}

void myna_s_words_rewind(struct myna_session *s)
{
    struct segment *seg = s->playout_segment;

    if (!seg || !seg->sync)
        return;
    myna_sync_at(seg->sync, s->now, lasting(myna_playout_drawn(s->playout)));
    myna_sync_pause(seg->sync, s->now);
}

static void pump(struct myna_session *s, struct segment *seg)
{
    size_t room;

    room = myna_playout_room(s->playout);
    if (seg->pcm) {
        if (!seg->tts_done && room >= MYNA_OUT_SAMPLES)
            pump_pcm(s, seg);
        return;
    }
    if (!seg->tts || !seg->ready || room < PUMP_AT)
        return;
    seg->ready = false;
    myna_tts_port_pump(seg->tts, room);
    if (myna_playout_room(s->playout) < MYNA_OUT_SAMPLES)
        seg->ready = true; /* it filled up: more may wait */
    else if (seg->tts_done)
        myna_playout_end(s->playout, s->now);
}

void myna_s_pump(struct myna_session *s)
{
    struct segment *seg = s->playout_segment;

    if (!seg || !seg->playing)
        return;
    pump(s, seg);
}

/* No sound for too long: the rest of a segment is given up with a warning; a voice that never began
 * has failed, since the person would meet silence. */
void myna_s_voice_stalled(struct myna_session *s, struct speech *sp, struct segment *seg)
{
    struct myna_fault f = {.stage = MYNA_STAGE_TTS,
                           .err = MYNA_ETIMEOUT,
                           .provider = s->tts->cls->name,
                           .message = "the voice made no sound in time",
                           .retryable = true};

    if (seg->tts_first_audio == MYNA_NEVER) {
        voice_failed(s, sp, seg, &f);
        return;
    }
    myna_s_log(s, MYNA_LOG_WARN, "the voice stalled, its stream is closed stage=tts provider=%s",
               s->tts->cls->name);
    myna_s_voice_close(s, sp, seg);
    seg->cut = true; /* only what was heard counts as said */
    if (seg->playing && !seg->ready)
        myna_playout_end(s->playout, s->now);
}

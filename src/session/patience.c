/* patience.c - when nothing happens: a word in a long turn, a question into a long silence, and the
 * end of a call that nobody is in any more.
 *
 * The *filler* ("One moment.") is a speech of its own, said once in a turn of which nothing was
 * heard after `long_turn_after` (telephony 2.1). It goes before the reply that it excuses, which
 * stays scheduled behind it and may be computed meanwhile. A reply that is ready first takes it
 * back; interrupting it interrupts the reply.
 *
 * Silence counts from the moment when neither speaks nor thinks. `reprompt` asks whether somebody
 * is there, at most `reprompt_max` times between two words of the person. `hangup_silence` goes on
 * through these questions, so that they cannot keep a dead line open.
 */
#include "session/internal.h"

#include <ctype.h>
#include <string.h>

/* ---- the filler */

static bool filler_may_be_said(const struct myna_session *s, const struct speech *sp)
{
    return !sp->voiced && !sp->silent && !sp->interrupted && !sp->done && !sp->failed &&
           !sp->filled && !s->closing.asked && (s->tts || !s->audio_out);
}

void myna_s_filler_arm(struct myna_session *s, struct speech *sp)
{
    const char *text = s->conf.long_turn_message;

    if (text && text[0] && s->conf.long_turn_after_ms >= 0)
        sp->long_at = s->now + s->conf.long_turn_after_ms * MYNA_MS;
}

/* One sentence that the session says of its own accord. */
static struct speech *utter(struct myna_session *s, enum speech_kind kind, const char *text,
                            int allow, int priority)
{
    struct speech *sp = myna_s_speech_new(s, kind, allow);
    struct segment *seg = sp ? myna_s_segment_new(s, sp) : NULL;

    if (!seg || myna_buf_puts(&seg->text, text) != MYNA_OK) {
        if (sp)
            myna_s_speech_interrupt(s, sp);
        myna_s_log(s, MYNA_LOG_ERROR, "no memory to say \"%.60s\"", text);
        return NULL;
    }
    seg->text_ended = true;
    sp->llm_done = true;
    (void)myna_s_speech_schedule(s, sp, priority);
    return sp;
}

void myna_s_filler_due(struct myna_session *s, struct speech *sp)
{
    struct speech *filler;

    sp->long_at = MYNA_NEVER;
    if (!filler_may_be_said(s, sp))
        return;
    sp->filled = true;
    filler = utter(s, SPEECH_FILLER, s->conf.long_turn_message, -1, 10);
    if (!filler)
        return;
    filler->add_to_history = false; /* it says nothing */
    filler->excuses = sp;
    if (s->current == sp)
        s->current = NULL; /* it waits behind the filler */
}

/* Has the reply something to be heard, or is there nothing to wait for any more? */
static bool overtaken(const struct speech *filler)
{
    const struct speech *sp = filler->excuses;
    const struct segment *seg = sp ? sp->segments : NULL;

    if (!sp || sp->done || sp->failed)
        return true;
    while (seg && seg->over)
        seg = seg->next;
    return seg && seg->ready;
}

bool myna_s_filler_advance(struct myna_session *s, struct speech *filler)
{
    if (filler->voiced || filler->interrupted || !overtaken(filler))
        return false;
    filler->excuses = NULL;
    myna_s_speech_interrupt(s, filler);
    return true;
}

void myna_s_filler_forget(struct myna_session *s, const struct speech *sp)
{
    for (struct speech *p = s->speeches; p; p = p->next)
        if (p->excuses == sp)
            p->excuses = NULL;
}

/* ---- silence */

static myna_us after(const struct myna_session *s, int ms)
{
    return ms >= 0 ? s->now + ms * MYNA_MS : MYNA_NEVER;
}

void myna_s_silence(struct myna_session *s, bool word)
{
    bool silent = s->agent_state == MYNA_AGENT_LISTENING && s->user_state != MYNA_USER_SPEAKING &&
                  !s->closing.asked;
    const char *text = s->conf.reprompt;

    if (word)
        s->reprompts = 0;
    if (silent == s->silent && !word) /* from listening to away, say */
        return;
    s->silent = silent;
    if (!s->reprompts)
        s->hangup_at = MYNA_NEVER;
    s->reprompt_at = MYNA_NEVER;
    if (!silent)
        return;
    if (s->hangup_at == MYNA_NEVER)
        s->hangup_at = after(s, s->conf.hangup_silence_ms);
    if (text && text[0] && s->reprompts < s->conf.reprompt_max && (s->tts || !s->audio_out))
        s->reprompt_at = after(s, s->conf.reprompt_after_ms);
}

void myna_s_hangup(struct myna_session *s, const char *reason, bool farewell)
{
    const char *words = farewell ? s->conf.farewell : NULL;

    if (s->closing.asked)
        return;
    if (words && words[0] && (s->tts || !s->audio_out))
        (void)utter(s, SPEECH_SAY, words, 0, 5);
    myna_s_close(s, true, reason, NULL);
}

void myna_s_silence_expire(struct myna_session *s)
{
    if (s->hangup_at <= s->now) {
        s->hangup_at = s->reprompt_at = MYNA_NEVER;
        myna_s_hangup(s, "silence", true);
    } else if (s->reprompt_at <= s->now) {
        s->reprompt_at = MYNA_NEVER;
        s->reprompts++;
        (void)utter(s, SPEECH_SAY, s->conf.reprompt, -1, 5);
    }
}

/* ---- words that end the call */

/* The next word of `text` from its end backwards: letters and digits alone. */
static bool word_before(const char *text, size_t *end, size_t *start)
{
    size_t to = *end, from;

    while (to > 0 && (unsigned char)text[to - 1] < 0x80 && !isalnum((unsigned char)text[to - 1]))
        to--;
    from = to;
    while (from > 0 && ((unsigned char)text[from - 1] >= 0x80 ||
                        isalnum((unsigned char)text[from - 1]) || text[from - 1] == '\''))
        from--;
    *end = to;
    *start = from;
    return to > from;
}

/* Does what was said end in the phrase, word for word? */
static bool ends_in(const char *said, const char *phrase)
{
    size_t a = strlen(said), b = strlen(phrase), sa, sb;
    bool any = false;

    while (word_before(phrase, &b, &sb)) {
        if (!word_before(said, &a, &sa) || a - sa != b - sb ||
            strncasecmp(said + sa, phrase + sb, a - sa) != 0)
            return false;
        a = sa;
        b = sb;
        any = true;
    }
    return any;
}

bool myna_s_says_goodbye(const struct myna_session *s, const char *said)
{
    for (const char *const *p = s->conf.hangup_phrases; p && *p; p++)
        if (ends_in(said, *p))
            return true;
    return false;
}

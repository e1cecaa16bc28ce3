/* turns.c - the person's turn is over: accept it, ask the host, reply (agent-session 1.7).
 *
 * Accepted turns stand in a row: the host's hook of one is never cancelled, the next waits for it.
 * A turn that is no longer the newest when its reply is made keeps its message, the reply is cut.
 *
 * Preemptive generation asks the agent on the transcript that is likely to be the turn; if the turn
 * is the same, its answer is already on the way.
 */
#include "session/internal.h"
#include "session/queue.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int myna_s_words(const char *text)
{
    int n = 0;
    bool in = false;

    for (; *text; text++) {
        bool letter = !isspace((unsigned char)*text);

        n += letter && !in;
        in = letter;
    }
    return n;
}

static struct myna_item *message_of(struct myna_session *s, const struct end_of_turn *info)
{
    struct myna_item *it = myna_s_item_message(s, MYNA_ROLE_USER, info->text);

    if (!it)
        return NULL;
    if (info->confidence >= 0)
        it->transcript_confidence = info->confidence;
    it->metrics.started_speaking_at = myna_s_epoch(s, info->started);
    it->metrics.stopped_speaking_at = myna_s_epoch(s, info->stopped);
    if (info->transcription_delay != MYNA_NEVER)
        it->metrics.transcription_delay = (double)info->transcription_delay / 1e6;
    if (info->end_delay != MYNA_NEVER)
        it->metrics.end_of_turn_delay = (double)info->end_delay / 1e6;
    myna_s_item_by(it, s->ear);
    return it;
}

void myna_s_turn_keep_only(struct myna_session *s, struct turn *t)
{
    if (t->item && t->item->text[0]) {
        if (myna_s_item_add(s, t->item) != MYNA_OK)
            myna_s_log(s, MYNA_LOG_WARN, "history is full, item dropped");
    } else {
        myna_s_item_free(t->item);
    }
    t->item = NULL;
}

void myna_s_turn_free(struct turn *t)
{
    myna_tool_job_cancel(t->job);
    myna_s_item_free(t->item);
    free(t->info.text);
    free(t);
}

bool myna_s_end_of_turn(struct myna_session *s, struct end_of_turn *info)
{
    struct speech *sp = s->current;
    struct turn *t, **end = &s->turns;

    if (s->stt && s->turn_conf.detection != MYNA_TURN_MANUAL && sp && sp->allow_interruptions &&
        !sp->interrupted && s->turn_conf.min_interruption_words > 0 &&
        myna_s_words(info->text) < s->turn_conf.min_interruption_words) {
        myna_s_preempt_drop(s);
        return false;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        myna_s_log(s, MYNA_LOG_ERROR, "turn lost, out of memory");
        return false;
    }
    t->number = ++s->turn_numbers;
    t->decide_by = MYNA_NEVER;
    t->info = *info;
    t->item = message_of(s, info);
    t->by = s->ear;
    t->person = myna_s_person_of(s, s->ear);
    if (t->item)
        t->item->conversation = myna_s_talk_of(s, t->person);
    if (s->closing.asked) {
        myna_s_preempt_cancel(s);
        myna_s_turn_keep_only(s, t);
        myna_s_turn_free(t);
        return true;
    }
    s->dirty = true;
    if (myna_s_queue_take(s, t))
        return true;
    myna_s_false_timer_stop(s);
    while (*end)
        end = &(*end)->next;
    *end = t;
    return true;
}

/* ---- preemptive generation */

void myna_s_preempt_cancel(struct myna_session *s)
{
    struct speech *sp = s->preemptive.speech;

    s->preemptive.speech = NULL;
    free(s->preemptive.text);
    s->preemptive.text = NULL;
    if (!sp)
        return;
    myna_s_speech_interrupt(s, sp);
}

void myna_s_preempt_drop(struct myna_session *s)
{
    if (s->preemptive.by == s->ear)
        myna_s_preempt_cancel(s);
}

void myna_s_preempt(struct myna_session *s, const char *text)
{
    struct speech *sp;

    if (s->current && s->current->interrupted)
        myna_s_speeches_advance(
            s); /* what was heard of it belongs to the history that is asked on */
    if (!s->turn_conf.preemptive_generation || s->closing.asked || s->turns || !s->llm ||
        !text[0] || (s->current && !s->current->interrupted) || myna_s_pictures_wait(s, s->ear))
        return;
    myna_s_preempt_cancel(s);
    if (s->ear->rec.speech_start != MYNA_NEVER && s->turn_conf.preemptive_max_speech_ms >= 0 &&
        s->now - s->ear->rec.speech_start > s->turn_conf.preemptive_max_speech_ms * MYNA_MS)
        return;
    if (s->preemptive.attempts >= s->turn_conf.preemptive_max_retries)
        return;
    s->preemptive.attempts++;
    sp = myna_s_speech_new(s, SPEECH_REPLY, -1);
    if (!sp)
        return;
    sp->preemptive = true;
    sp->user_item = myna_s_item_message(s, MYNA_ROLE_USER, text);
    myna_s_item_by(sp->user_item, s->ear);
    myna_s_speech_by(s, sp, myna_s_person_of(s, s->ear));
    s->preemptive.by = s->ear;
    s->preemptive.text = strdup(text);
    s->preemptive.history_rev = s->history_rev;
    s->preemptive.speech = sp;
    if (!sp->user_item || !s->preemptive.text) {
        myna_s_preempt_cancel(s);
        return;
    }
    myna_s_speech_created(s, sp, false, "generate_reply");
    s->dirty = true;
}

/* Equal but for case, spaces and punctuation ([later] rule). */
bool myna_s_same_words(const char *a, const char *b)
{
    for (;;) {
        while (*a && !isalnum((unsigned char)*a) && (unsigned char)*a < 0x80)
            a++;
        while (*b && !isalnum((unsigned char)*b) && (unsigned char)*b < 0x80)
            b++;
        if (!*a || !*b)
            return !*a && !*b;
        if (tolower((unsigned char)*a++) != tolower((unsigned char)*b++))
            return false;
    }
}

static struct speech *take_preemptive(struct myna_session *s, const struct turn *t)
{
    struct speech *sp = s->preemptive.speech;

    if (!sp)
        return NULL;
    if (s->preemptive.by == t->by && sp->person == t->person &&
        s->preemptive.history_rev == s->history_rev && !sp->failed && !sp->interrupted &&
        myna_s_same_words(s->preemptive.text, t->info.text)) {
        s->preemptive.speech = NULL;
        myna_s_preempt_cancel(s); /* forgets the text */
        return sp;
    }
    myna_s_preempt_cancel(s);
    return NULL;
}

/* ---- the row of turns */

static void reply(struct myna_session *s, struct turn *t)
{
    struct speech *sp = take_preemptive(s, t);
    struct myna_metrics m = {.type = MYNA_METRICS_EOU,
                             .label = s->vad ? s->vad->cls->name : "stt",
                             .model = "unknown",
                             .duration_ms = -1,
                             .ttft_ms = -1,
                             .ttfs_ms = -1,
                             .ttfb_ms = -1};
    bool fresh = sp == NULL;

    if (fresh)
        sp = myna_s_speech_new(s, SPEECH_REPLY, -1);
    if (!sp || !t->item) {
        struct myna_fault f = {.stage = MYNA_STAGE_SESSION,
                               .err = MYNA_ENOMEM,
                               .provider = "session",
                               .message = "no memory for a reply"};

        myna_s_turn_keep_only(s, t);
        myna_s_fault(s, &f);
        return;
    }
    if (!t->typed)
        t->item->metrics.on_user_turn_completed_delay = (double)(s->now - t->asked_at) / 1e6;
    m.on_user_turn_completed_delay_ms = (double)(s->now - t->asked_at) / 1e3;
    m.end_of_utterance_delay_ms =
        t->info.end_delay != MYNA_NEVER ? (double)t->info.end_delay / 1e3 : 0;
    m.transcription_delay_ms =
        t->info.transcription_delay != MYNA_NEVER ? (double)t->info.transcription_delay / 1e3 : 0;
    m.last_speaking_time_ms =
        t->info.stopped != MYNA_NEVER ? (double)(t->info.stopped - s->t0) / 1e3 : 0;
    m.speech_id = sp->id;
    sp->fall.speech_end = t->info.stopped;
    sp->fall.transcript = t->info.final_at;
    sp->fall.end_of_turn = t->info.decided;
    myna_s_item_free(sp->user_item); /* the preemptive one's: the turn's has the metrics */
    if (t->by || t->typed)           /* by name: their ear may be somebody else's by now */
        myna_s_pictures_take(s, t->item->identity ? t->item->identity : "", t->item);
    sp->user_item = t->item;
    myna_s_speech_by(s, sp, t->person);
    t->item = NULL;
    sp->silent |= t->typed && t->silent;
    if (fresh)
        myna_s_speech_created(s, sp, t->typed, "generate_reply");
    myna_s_filler_arm(s, sp);
    (void)myna_s_speech_schedule(s, sp, 5);
    if (t->next) /* a newer turn has begun: keep the words, not the answer */
        myna_s_speech_interrupt(s, sp);
    if (!t->typed)
        myna_s_metrics(s, &m);
}

/* ---- who is asked about it */

bool myna_s_has_hook(const struct myna_session *s)
{
    return s->conf.turn_hook && s->conf.turn_hook[0];
}

/* `trouble`: the hook came to nothing, and this is why. NULL: it decided. */
void myna_s_turn_decided(struct myna_session *s, uint32_t turn, enum myna_turn_verdict verdict,
                         const char *trouble)
{
    struct myna_fault f = {.stage = MYNA_STAGE_SESSION,
                           .err = MYNA_EUNAVAIL,
                           .provider = "turn_hook",
                           .message = trouble,
                           .recoverable = true};

    myna_s_command(s, S_CMD_DECIDED, turn, verdict == MYNA_TURN_STOP, trouble, NULL);
    for (struct turn *t = s->turns; t; t = t->next)
        if (t->number == turn && t->asked && !t->decided) {
            t->decided = true;
            t->decide_by = MYNA_NEVER;
            t->verdict = verdict;
            s->dirty = true;
            if (trouble)
                myna_s_fault(s, &f);
        }
    myna_s_leave(s);
}

/* {"action": "stop"} stops; all else, also a hook that fails, lets the agent answer. */
static void hook_done(void *arg, const struct myna_tool_outcome *how)
{
    struct turn *t = arg;
    json_t *said = how->is_error ? NULL : myna_json_loads(how->output, 0, NULL);
    const char *action = json_string_value(json_object_get(said, "action"));
    bool stop = action && !strcmp(action, "stop");

    t->job = NULL;
    myna_s_turn_decided(t->session, t->number, stop ? MYNA_TURN_STOP : MYNA_TURN_REPLY,
                        how->is_error ? how->output : NULL);
    json_decref(said);
}

static bool ask_hook(struct myna_session *s, struct turn *t)
{
    struct myna_toolbox_call call = {.name = s->conf.turn_hook, .done = hook_done, .arg = t};
    json_t *o;
    char *arguments;

    if (!s->toolbox || !myna_s_has_hook(s))
        return false;
    o = json_pack("{s:s,s:i,s:o}", "session", s->id, "turn", (int)t->number, "text",
                  myna_json_text(t->info.text));
    if (o && s->several && t->item && t->item->speaker &&
        (myna_json_put_text(o, "speaker", t->item->speaker) ||
         myna_json_put_text(o, "identity", t->item->identity))) {
        json_decref(o);
        o = NULL;
    }
    call.arguments = arguments = o ? myna_json_dump(o, JSON_COMPACT) : NULL;
    t->session = s;
    t->job = arguments ? myna_toolbox_call(s->toolbox, &call) : NULL;
    if (!t->job)
        myna_s_log(s, MYNA_LOG_ERROR, "the turn hook was not asked hook=%s", s->conf.turn_hook);
    free(arguments);
    json_decref(o);
    return t->job;
}

void myna_s_turns_expire(struct myna_session *s)
{
    struct myna_fault f = {.stage = MYNA_STAGE_SESSION,
                           .err = MYNA_ETIMEOUT,
                           .provider = "turn_hook",
                           .message = "nobody decided about the turn in time: the agent answers",
                           .recoverable = true};

    for (struct turn *t = s->turns; t; t = t->next)
        if (t->decide_by <= s->now) {
            t->decide_by = MYNA_NEVER;
            t->decided = true;
            t->verdict = MYNA_TURN_REPLY;
            s->dirty = true;
            myna_tool_job_cancel(t->job);
            t->job = NULL;
            myna_s_fault(s, &f);
        }
}

void myna_s_turns_forget(struct myna_session *s, bool all, uint32_t talk)
{
    if (all)
        myna_s_queue_flush(s);
    else
        myna_s_queue_forget(s, talk);
    for (struct turn *t = s->turns; t; t = t->next) {
        if (!all && myna_s_talk_of(s, t->person) != talk)
            continue;
        myna_s_turn_keep_only(s, t);
        myna_tool_job_cancel(t->job);
        t->job = NULL;
        t->past = t->asked = t->decided = true;
        t->decide_by = MYNA_NEVER;
    }
}

myna_us myna_s_turns_deadline(const struct myna_session *s)
{
    myna_us at = MYNA_NEVER;

    for (const struct turn *t = s->turns; t; t = t->next)
        at = t->decide_by < at ? t->decide_by : at;
    return at;
}

const char *myna_session_turn_identity(const struct myna_session *s, uint32_t turn)
{
    for (const struct turn *t = s->turns; t; t = t->next)
        if (t->number == turn)
            return t->item ? t->item->identity : NULL;
    return NULL;
}

/* false: it is decided later. */
static bool ask(struct myna_session *s, struct turn *t, enum myna_turn_verdict *verdict)
{
    if (t->typed)
        return true;
    if (s->conf.turn_hook_timeout_ms >= 0)
        t->decide_by = s->now + s->conf.turn_hook_timeout_ms * MYNA_MS;
    if (!s->on_user_turn)
        return !ask_hook(s, t);
    if (!s->on_user_turn(s->arg, s, t->number, t->info.text, verdict))
        return false;
    t->decide_by = MYNA_NEVER;
    /* Into the recording: a replay has no host to ask. */
    myna_s_command(s, S_CMD_DECIDED, t->number, *verdict == MYNA_TURN_STOP, NULL, NULL);
    myna_s_leave(s);
    return true;
}

/* true: this turn is settled. */
static bool settle_turn(struct myna_session *s, struct turn *t)
{
    enum myna_turn_verdict verdict = MYNA_TURN_REPLY;
    struct speech *sp = s->current;

    if (s->closing.asked && !t->decided) { /* no reply is made: the host need not decide */
        myna_s_turn_keep_only(s, t);
        return true;
    }
    if (!t->asked && !t->typed && myna_s_says_goodbye(s, t->info.text)) {
        (void)myna_s_interrupt_all(s, false);
        myna_s_turn_keep_only(s, t);
        myna_s_hangup(s, "phrase", true);
        return true;
    }
    if (!t->asked) {
        t->asked = true;
        t->asked_at = s->now;
        s->preemptive.attempts = 0;
        if (sp && !sp->done && !sp->interrupted) {
            if (!sp->allow_interruptions && !t->typed) {
                myna_s_log(s, MYNA_LOG_WARN, "the agent may not be interrupted now, turn dropped");
                return true;
            }
            myna_s_pause_cancel(s, true);
            myna_s_speech_interrupt(s, sp);
        }
        myna_s_tools_interrupt(s, t->person);
        if (!ask(s, t, &verdict))
            return false;
    } else if (!t->decided) {
        return false;
    } else {
        verdict = t->verdict;
    }
    if (verdict == MYNA_TURN_STOP || t->past)
        return true;
    if (s->closing.asked) {
        myna_s_turn_keep_only(s, t);
        return true;
    }
    if (s->llm)
        reply(s, t);
    else
        myna_s_turn_keep_only(s, t);
    return true;
}

void myna_s_turns_advance(struct myna_session *s)
{
    struct turn *t;

    myna_s_queue_advance(s);
    while ((t = s->turns) && settle_turn(s, t)) {
        s->turns = t->next;
        myna_s_turn_free(t);
        myna_s_eou_settled(s);
        s->dirty |= s->waiting != NULL; /* who waits need not wait for anything else */
    }
}

void myna_session_turn_decided(struct myna_session *s, uint32_t turn,
                               enum myna_turn_verdict verdict)
{
    myna_s_turn_decided(s, turn, verdict, NULL);
}

void myna_s_turns_fini(struct myna_session *s)
{
    struct turn *t;

    myna_s_queue_flush(s);
    while ((t = s->turns)) {
        s->turns = t->next;
        myna_s_turn_free(t);
    }
    free(s->preemptive.text);
    s->preemptive.text = NULL;
}

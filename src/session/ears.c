/* ears.c - who is heard: each person of a call has a VAD, a recogniser and an open turn of their
 * own.
 *
 * What one person says is put together in recognition.c and decision.c, which work on the ear at
 * hand (s->ear); here is what concerns all of them. The turns of several people end each for itself
 * and stand in one row (turns.c); a reply waits until nobody speaks.
 *
 * The first ear is part of the session and opens with it; another one opens with its first frame,
 * so that somebody who only listens, or types, costs nothing.
 */
#include "session/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WORDS (10 * MYNA_S) /* of who has left, for a recogniser that answers late */

static void begin(struct myna_session *s, struct ear *e)
{
    struct recognition *r = &e->rec;
    struct myna_endpointing_options ep = myna_s_endpointing_options(s);

    e->session = s;
    myna_endpointing_init(&e->endpointing, &ep);
    e->line.heard_at = e->limit.since = e->final_at = e->going_by = MYNA_NEVER;
    r->last_speaking = r->speech_start = r->last_final = MYNA_NEVER;
    r->eou_at = r->commit_at = r->stt_retry_at = r->words_by = MYNA_NEVER;
    r->user_quiet = true;
    myna_buf_init(&r->final, 1 << 20);
    myna_buf_init(&r->interim, 1 << 20);
    myna_buf_init(&r->preflight, 1 << 20);
}

void myna_s_ears_init(struct myna_session *s)
{
    begin(s, &s->first);
    s->ears[0] = s->ear = s->spoke = &s->first;
    s->n_ears = 1;
}

static void forget(struct ear *e)
{
    myna_buf_fini(&e->rec.final);
    myna_buf_fini(&e->rec.interim);
    myna_buf_fini(&e->rec.preflight);
}

void myna_s_ears_fini(struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++) {
        forget(s->ears[i]);
        if (s->ears[i] != &s->first)
            free(s->ears[i]);
    }
    s->n_ears = 0;
}

struct ear *myna_s_ear_of(const struct myna_session *s, uint32_t who)
{
    for (size_t i = 0; i < s->n_ears; i++)
        if (s->ears[i]->there && s->ears[i]->who == who)
            return s->ears[i];
    return NULL;
}

/* An ear that nobody has, or one more. */
static struct ear *vacant(struct myna_session *s)
{
    struct ear *e;

    for (size_t i = 0; i < s->n_ears; i++)
        if (!s->ears[i]->there && s->ears[i]->going_by == MYNA_NEVER)
            return s->ears[i];
    e = s->n_ears < S_EARS_MAX ? calloc(1, sizeof *e) : NULL;
    if (!e)
        return NULL;
    begin(s, e);
    s->ears[s->n_ears++] = e;
    return e;
}

struct ear *myna_s_ear_join(struct myna_session *s, uint32_t who, const char *identity,
                            const char *name)
{
    struct ear *e = myna_s_ear_of(s, who);
    bool renamed = e && !strcmp(e->identity, s->known);

    if (!e && !(e = vacant(s))) {
        myna_s_log(s, MYNA_LOG_WARN, "so many people are not heard in one call who=%u", who);
        return NULL;
    }
    e->there = true;
    e->who = who;
    if (identity)
        snprintf(e->identity, sizeof e->identity, "%s", identity);
    if (name)
        snprintf(e->name, sizeof e->name, "%s", name);
    if (renamed || !s->known[0])
        snprintf(s->known, sizeof s->known, "%s", e->identity);
    /* Who comes back may find their place still taken by their own last words. */
    s->several |= e->identity[0] ? strcmp(e->identity, s->known) != 0 : e != &s->first;
    return e;
}

bool myna_s_anyone_there(const struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++)
        if (s->ears[i]->there)
            return true;
    return false;
}

/* The ear is free for somebody else. */
static void vacate(struct myna_session *s, struct ear *e)
{
    struct recognition *r = &e->rec;

    s->ear = e;
    s->spoke = s->spoke == e ? &s->first : s->spoke;
    e->going_by = MYNA_NEVER;
    if (r->final.len || r->interim.len)
        myna_s_turn_take(s);
    myna_s_ear_close(s);
    myna_s_turn_clear(s);
    myna_s_speaks(s, e, false);
    r->vad_speaking = r->stt_failed = false;
    r->user_quiet = true;
    r->language[0] = e->identity[0] = e->name[0] = '\0';
    r->stt_tries = 0;
    e->line.heard_at = MYNA_NEVER;
    if (!myna_s_anyone_speaks(s)) { /* what they interrupted goes on, as behind their silence */
        if (s->user_state == MYNA_USER_SPEAKING)
            myna_s_user_state(s, MYNA_USER_LISTENING);
        if (s->paused.speech)
            myna_s_false_timer(s, s->paused.timeout);
    }
    s->dirty = true;
}

/* A word and a hang-up: a recogniser of whole utterances has the word and has not told it yet. */
bool myna_s_ear_leave(struct myna_session *s, struct ear *e, bool goes_on)
{
    const struct recognition *r = &e->rec;

    s->ear = e;
    e->there = false;
    if (!myna_s_anyone_there(s) && !goes_on)
        return false; /* the call ends: its closing takes their last words */
    if (r->final.len || r->interim.len || !myna_s_words_expected(s)) {
        vacate(s, e);
        return true;
    }
    e->going_by = s->now + LAST_WORDS;
    if (r->vad_speaking)
        myna_s_vad_over(s);
    s->dirty = true;
    return true;
}

/* Gone, and their last words are told, or will not be. */
static bool is_gone(const struct myna_session *s, const struct ear *e)
{
    return e->going_by != MYNA_NEVER &&
           (e->going_by <= s->now || (!myna_s_words_expected_of(e) && !e->rec.eou_open));
}

const char *myna_s_ear_name(const struct ear *e)
{
    return e->name[0] ? e->name : e->identity;
}

void myna_s_item_by(struct myna_item *it, const struct ear *e)
{
    if (!it || !e || !myna_s_ear_name(e)[0])
        return;
    it->speaker = strdup(myna_s_ear_name(e));
    it->identity = e->identity[0] ? strdup(e->identity) : NULL;
}

void myna_s_item_of(struct myna_item *it, const char *identity)
{
    if (!it || !identity || !*identity)
        return;
    it->speaker = strdup(identity);
    it->identity = strdup(identity);
}

/* ---- names, for the agent */

static bool is_named(const struct myna_session *s, const struct myna_item *it)
{
    return s->several && !s->conf.own_history && it->type == MYNA_ITEM_MESSAGE &&
           it->role == MYNA_ROLE_USER && it->speaker && it->text;
}

enum myna_err myna_s_named(const struct myna_session *s, struct myna_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *text;

        if (!is_named(s, &items[i]))
            continue;
        if (asprintf(&text, "%s: %s", items[i].speaker, items[i].text) < 0) {
            myna_s_unnamed(s, items, i);
            return MYNA_ENOMEM;
        }
        items[i].text = text;
    }
    return MYNA_OK;
}

void myna_s_unnamed(const struct myna_session *s, struct myna_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(s, &items[i]))
            free((void *)(uintptr_t)items[i].text);
}

char *myna_s_instructed(const struct myna_session *s)
{
    static const char names[] = "Several people take part in this conversation. What one of them "
                                "says begins with the name of who says it; your own words do not.";
    const char *own = myna_s_instructions(s);
    char *text;

    if (!own)
        own = "";
    if (!s->several || s->conf.own_history)
        return strdup(own);
    return asprintf(&text, "%s%s%s", own, *own ? "\n\n" : "", names) < 0 ? NULL : text;
}

/* ---- all of them */

bool myna_s_anyone_speaks(const struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++)
        if (s->ears[i]->rec.speaks)
            return true;
    return false;
}

/* One person who goes on would interrupt only what answers themselves; of several, the answer to
 * one waits until the turn of the other is decided too. */
bool myna_s_all_quiet(const struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++) {
        const struct recognition *r = &s->ears[i]->rec;

        if (!r->user_quiet || (s->n_ears > 1 && (r->speaks || r->eou_open)))
            return false;
    }
    return true;
}

bool myna_s_eou_anywhere(const struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++)
        if (s->ears[i]->rec.eou_open)
            return true;
    return false;
}

bool myna_s_all_deaf(const struct myna_session *s)
{
    bool any = false;

    for (size_t i = 0; i < s->n_ears; i++) {
        const struct ear *e = s->ears[i];

        if (e->open && !e->rec.stt_failed)
            return false;
        any |= e->open; /* who has left counts no more */
    }
    return any;
}

void myna_s_limits_reset(struct myna_session *s)
{
    struct ear *at_hand = s->ear;

    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        myna_s_limit_reset(s);
    }
    s->ear = at_hand;
}

void myna_s_agent_started(struct myna_session *s, myna_us at)
{
    for (size_t i = 0; i < s->n_ears; i++)
        myna_endpointing_agent_started(&s->ears[i]->endpointing, at);
}

void myna_s_agent_ended(struct myna_session *s)
{
    for (size_t i = 0; i < s->n_ears; i++)
        myna_endpointing_agent_ended(&s->ears[i]->endpointing, s->now);
}

/* ---- deadlines */

static myna_us earlier(myna_us a, myna_us b)
{
    return a < b ? a : b;
}

myna_us myna_s_ears_deadline(const struct myna_session *s)
{
    myna_us at = MYNA_NEVER;

    for (size_t i = 0; i < s->n_ears; i++) {
        const struct ear *e = s->ears[i];

        at = earlier(at, earlier(e->rec.eou_at, e->rec.stt_retry_at));
        at = earlier(at, earlier(e->rec.commit_at, e->rec.words_by));
        at = earlier(at, myna_s_line_deadline(e));
        at = earlier(at, is_gone(s, e) ? s->now : e->going_by);
    }
    return at;
}

static void expire(struct myna_session *s)
{
    const struct recognition *r = &s->ear->rec;

    if (myna_s_line_deadline(s->ear) <= s->now)
        myna_s_line_expire(s);
    if (r->eou_at <= s->now)
        myna_s_eou_fire(s);
    if (r->commit_at <= s->now)
        myna_s_turn_take(s);
    if (r->words_by <= s->now)
        myna_s_words_late(s);
    if (r->stt_retry_at <= s->now)
        myna_s_stt_reopen(s);
    if (is_gone(s, s->ear))
        vacate(s, s->ear);
}

void myna_s_ears_expire(struct myna_session *s)
{
    struct ear *at_hand = s->ear;

    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        expire(s);
    }
    s->ear = at_hand;
}

/* ---- the host ends a turn: of one person, or of all (identity NULL) */

static bool is_meant(const struct ear *e, const char *identity)
{
    return !identity || (e->there && !strcmp(e->identity, identity));
}

void myna_s_ears_commit(struct myna_session *s, const char *identity)
{
    struct ear *at_hand = s->ear;
    bool any = false;

    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        if (!is_meant(s->ear, identity) || (!s->ear->rec.final.len && !myna_s_words_expected(s)))
            continue;
        any = true;
        myna_s_turn_commit(s);
    }
    s->ear = s->spoke;
    if (!any && s->ear->open && is_meant(s->ear, identity)) /* their next words are it */
        myna_s_turn_commit(s);
    s->ear = at_hand;
}

void myna_s_ears_clear(struct myna_session *s, const char *identity)
{
    struct ear *at_hand = s->ear;

    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        if (!is_meant(s->ear, identity))
            continue;
        myna_s_turn_clear(s);
        myna_s_stt_restart(s);
    }
    s->ear = at_hand;
}

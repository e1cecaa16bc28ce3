/* story.c - see story.h. */
#include "gateway/story.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/item_json.h"

void myna_gw_story_init(struct myna_gw_story *s, const struct myna_gw_wire *wire, bool compat)
{
    *s = (struct myna_gw_story){.wire = wire, .compat = compat};
}

static void forget_typed(struct myna_gw_story *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(s->typed[i].identity);
        free(s->typed[i].text);
    }
    s->n_typed -= n;
    memmove(&s->typed[0], &s->typed[n], s->n_typed * sizeof s->typed[0]);
}

void myna_gw_story_fini(struct myna_gw_story *s)
{
    forget_typed(s, s->n_typed);
    while (s->n_listening)
        free(s->listening[--s->n_listening]);
    free(s->last);
    free(s->words);
    s->last = s->words = NULL;
}

void myna_gw_story_typed(struct myna_gw_story *s, const char *identity, const char *text)
{
    char *a = strdup(identity), *b = strdup(text);

    if (!a || !b) {
        free(a);
        free(b);
        return;
    }
    if (s->n_typed == MYNA_GW_TYPED)
        forget_typed(s, 1);
    s->typed[s->n_typed].identity = a;
    s->typed[s->n_typed++].text = b;
}

/* ---- listening */

static void tell_person(const struct myna_gw_story *s, const char *type, const char *identity)
{
    myna_gw_wire_event(s->wire, type, myna_gw_wire_identity(identity));
}

static void stop_listening(struct myna_gw_story *s, size_t at)
{
    tell_person(s, "agent:listening-stop", s->listening[at]);
    free(s->last);
    s->last = s->listening[at];
    s->listening[at] = s->listening[--s->n_listening];
    s->goes_on[at] = s->goes_on[s->n_listening];
}

static size_t find(const struct myna_gw_story *s, const char *identity)
{
    size_t i = 0;

    while (i < s->n_listening && strcmp(s->listening[i], identity) != 0)
        i++;
    return i;
}

void myna_gw_story_quiet(struct myna_gw_story *s, const char *identity)
{
    size_t at = find(s, identity);

    if (at < s->n_listening)
        stop_listening(s, at);
}

bool myna_gw_story_hears(const struct myna_gw_story *s, const char *identity)
{
    return identity ? find(s, identity) < s->n_listening : s->n_listening > 0;
}

static void on_person(struct myna_gw_story *s, const char *identity, bool speaking)
{
    char *copy;

    if (!speaking) {
        myna_gw_story_quiet(s, identity);
    } else if (find(s, identity) == s->n_listening && s->n_listening < MYNA_GW_SPEAKERS &&
               (copy = strdup(identity))) {
        s->goes_on[s->n_listening] = false;
        s->listening[s->n_listening++] = copy;
        tell_person(s, "agent:listening-start", identity);
    }
}

void myna_gw_story_cut(struct myna_gw_story *s, const char *identity)
{
    size_t at;

    on_person(s, identity, false);
    on_person(s, identity, true);
    at = find(s, identity);
    if (at < s->n_listening)
        s->goes_on[at] = true;
}

/* ---- turns */

/* Whose typed text it was; what was typed before it and never came is forgotten. */
static const char *typist(struct myna_gw_story *s, const struct myna_item *it)
{
    for (size_t i = 0; i < s->n_typed; i++)
        if (!strcmp(s->typed[i].text, it->text) &&
            (!it->identity || !strcmp(s->typed[i].identity, it->identity))) {
            forget_typed(s, i);
            return s->typed[0].identity;
        }
    return NULL;
}

static void tell_turn(const struct myna_gw_story *s, const char *identity, const char *text,
                      bool typed)
{
    json_t *payload = json_object();

    (void)!myna_json_put_text(payload, "transcript", text);
    (void)!json_object_set_new(payload, "final", json_true());
    (void)!myna_json_put_text(payload, "identity", identity);
    if (typed)
        (void)!myna_json_put_text(payload, "source", "text");
    myna_gw_wire_event(s->wire, "agent:user-transcript", payload);
    myna_gw_wire_event(s->wire, "agent:thinking-start", NULL);
}

static void on_user_turn(struct myna_gw_story *s, const struct myna_item *it)
{
    bool typed = isnan(it->metrics.started_speaking_at);
    const char *told = it->identity ? it->identity : s->last;
    const char *who = typed ? typist(s, it) : NULL;
    size_t at = typed || !told ? s->n_listening : find(s, told);

    if (at < s->n_listening && s->goes_on[at])
        s->goes_on[at] = false; /* its stop was told; what they say now is the next one */
    else if (at < s->n_listening)
        stop_listening(s, at); /* its transcript never stands before it */
    tell_turn(s, who ? who : it->identity ? it->identity : s->last ? s->last : "", it->text, typed);
    if (who)
        forget_typed(s, 1);
}

void myna_gw_story_refused(struct myna_gw_story *s, const char *identity, const char *text,
                           bool typed)
{
    if (!typed)
        myna_gw_story_quiet(s, identity);
    tell_turn(s, identity, text, typed);
}

/* Texts of one answer in several pieces are one text. */
static void say_later(struct myna_gw_story *s, const char *text)
{
    size_t n = s->words ? strlen(s->words) : 0, more = strlen(text);
    char *both = realloc(s->words, n + more + 2);

    if (!both)
        return;
    if (n)
        both[n++] = ' ';
    memcpy(both + n, text, more + 1);
    s->words = both;
}

static void on_item(struct myna_gw_story *s, const struct myna_item *it)
{
    if (it->type != MYNA_ITEM_MESSAGE || !it->text || !*it->text)
        return;
    if (it->role == MYNA_ROLE_USER)
        on_user_turn(s, it);
    else if (it->role == MYNA_ROLE_ASSISTANT && s->compat && s->talking)
        say_later(s, it->text);
    else if (it->role == MYNA_ROLE_ASSISTANT)
        myna_gw_wire_words(s->wire, it->text);
}

static void on_agent_state(struct myna_gw_story *s, enum myna_agent_state now)
{
    bool talking = now == MYNA_AGENT_SPEAKING;

    if (talking != s->talking)
        myna_gw_wire_event(s->wire, talking ? "agent:speaking-start" : "agent:speaking-stop", NULL);
    s->talking = talking;
    if (!talking && s->words) {
        myna_gw_wire_words(s->wire, s->words);
        free(s->words);
        s->words = NULL;
    }
}

const char *myna_gw_fault_reason(const struct myna_fault *f)
{
    if (f->stage == MYNA_STAGE_LLM)
        return f->http_status == 401 || f->http_status == 403 ? "backend-auth-failed"
                                                              : "backend-failed";
    return f->stage == MYNA_STAGE_STT             ? "stt-failed"
           : f->stage == MYNA_STAGE_TTS           ? "tts-failed"
           : f->err == MYNA_ELIMIT && f->identity ? "too-many-turns"
                                                  : NULL;
}

static void on_fault(struct myna_gw_story *s, const struct myna_fault *f)
{
    const char *reason = myna_gw_fault_reason(f);
    json_t *payload;

    if (s->compat || f->recoverable || !reason)
        return;
    payload = json_object();
    (void)!myna_json_put_text(payload, "reason", reason);
    (void)!myna_json_put_text(payload, "detail", f->message);
    if (f->identity)
        (void)!myna_json_put_text(payload, "identity", f->identity);
    myna_gw_wire_event(s->wire, "agent:error", payload);
}

void myna_gw_story_event(struct myna_gw_story *s, const struct myna_event *ev)
{
    if (ev->type == MYNA_EV_PERSON_SPEAKING)
        on_person(s, ev->u.person.identity, ev->u.person.speaking);
    else if (ev->type == MYNA_EV_AGENT_STATE_CHANGED)
        on_agent_state(s, ev->u.agent_state.new_state);
    else if (ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED)
        on_item(s, ev->u.item);
    else if (ev->type == MYNA_EV_ERROR)
        on_fault(s, &ev->u.fault);
    while (ev->type == MYNA_EV_CLOSE && s->n_listening)
        stop_listening(s, 0);
}

/* events.c - tells the host what happened: copies events into a queue while the session works,
 * gives them out in order when it has settled. Also the two states, whose changes are events.
 *
 * A few queue entries are made with the session, so that ordinary turns allocate nothing here.
 */
#include "session/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/report.h"
#include "util/guard.h"

void myna_s_events_init(struct myna_session *s)
{
    for (size_t i = 0; i < S_EVENT_POOL; i++) {
        s->pool[i].pooled = true;
        s->pool[i].next = s->event_pool;
        s->event_pool = &s->pool[i];
    }
    s->close_event.pooled = true;
}

double myna_s_epoch(const struct myna_session *s, myna_us at)
{
    if (at == MYNA_NEVER)
        return NAN;
    return (double)myna_loop_wall_ms(s->loop) / 1e3 - (double)(s->now - at) / 1e6;
}

static void give_back(struct myna_session *s, struct s_event *e)
{
    free(e->text);
    free(e->text2);
    free(e->text3);
    e->text = e->text2 = e->text3 = NULL;
    if (!e->pooled) {
        free(e);
        return;
    }
    e->next = s->event_pool;
    s->event_pool = e;
}

static const char *keep_id(char into[MYNA_ID_SIZE], const char *id)
{
    if (!id)
        return NULL;
    strncpy(into, id, MYNA_ID_SIZE - 1);
    into[MYNA_ID_SIZE - 1] = '\0';
    return into;
}

/* The two arrays become one of ours; their texts live as long as the session. */
static bool own_items(struct s_event *e)
{
    size_t n = e->ev.u.tools.n;
    struct myna_item *both = malloc(2 * n * sizeof *both);

    if (!both)
        return false;
    memcpy(both, e->ev.u.tools.calls, n * sizeof *both);
    memcpy(both + n, e->ev.u.tools.outputs, n * sizeof *both);
    e->text = (char *)both;
    e->ev.u.tools.calls = both;
    e->ev.u.tools.outputs = both + n;
    return true;
}

/* The four texts behind one another. */
static bool own_progress(struct s_event *e)
{
    const char **texts[] = {&e->ev.u.progress.tool, &e->ev.u.progress.call_id,
                            &e->ev.u.progress.label, &e->ev.u.progress.status};
    size_t size = 1;
    char *at;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    at = e->text = malloc(size);
    if (!at)
        return false;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i]) {
            size_t n = strlen(*texts[i]) + 1;

            *texts[i] = memcpy(at, *texts[i], n);
            at += n;
        }
    return true;
}

static bool own_data(struct s_event *e)
{
    struct myna_event *ev = &e->ev;
    size_t len = ev->u.data.len;

    ev->u.data.topic = e->text = strdup(ev->u.data.topic);
    if (ev->u.data.identity)
        ev->u.data.identity = e->text2 = strdup(ev->u.data.identity);
    if (!e->text || (ev->u.data.identity && !e->text2))
        return false;
    if (!ev->u.data.bytes)
        return true;
    e->text3 = malloc(len + 1);
    if (!e->text3)
        return false;
    if (len)
        memcpy(e->text3, ev->u.data.bytes, len);
    e->text3[len] = '\0';
    ev->u.data.bytes = (const uint8_t *)e->text3;
    return true;
}

/* Points the copy's texts at memory that lives until the event is told. false: memory is short. */
static bool own(struct s_event *e)
{
    struct myna_event *ev = &e->ev;
    const char **text = NULL, **text2 = NULL;

    switch (ev->type) {
    case MYNA_EV_USER_INPUT_TRANSCRIBED:
        text = &ev->u.transcribed.transcript;
        text2 = &ev->u.transcribed.speaker;
        ev->u.transcribed.language = keep_id(e->speech_id, ev->u.transcribed.language);
        if (ev->u.transcribed.identity &&
            !(ev->u.transcribed.identity = e->text3 = strdup(ev->u.transcribed.identity)))
            return false;
        break;
    case MYNA_EV_SPEECH_CREATED:
        ev->u.speech.speech_id = keep_id(e->speech_id, ev->u.speech.speech_id);
        break;
    case MYNA_EV_AGENT_TRANSCRIPT:
        text = &ev->u.agent_transcript.text;
        ev->u.agent_transcript.speech_id = keep_id(e->speech_id, ev->u.agent_transcript.speech_id);
        ev->u.agent_transcript.segment_id =
            keep_id(e->segment_id, ev->u.agent_transcript.segment_id);
        break;
    case MYNA_EV_PLAYOUT:
        ev->u.playout.speech_id = keep_id(e->speech_id, ev->u.playout.speech_id);
        ev->u.playout.segment_id = keep_id(e->segment_id, ev->u.playout.segment_id);
        break;
    case MYNA_EV_TURN_LATENCY:
        ev->u.latency.speech_id = keep_id(e->speech_id, ev->u.latency.speech_id);
        break;
    case MYNA_EV_METRICS_COLLECTED:
        e->metrics = *ev->u.metrics;
        e->metrics.speech_id = keep_id(e->speech_id, e->metrics.speech_id);
        e->metrics.segment_id = keep_id(e->segment_id, e->metrics.segment_id);
        e->metrics.request_id = keep_id(e->request_id, e->metrics.request_id);
        ev->u.metrics = &e->metrics;
        break;
    case MYNA_EV_ERROR:
        text = &ev->u.fault.message;
        text2 = &ev->u.fault.provider; /* a tool of the host's may be gone by then */
        if (ev->u.fault.identity &&
            !(ev->u.fault.identity = e->text3 = strdup(ev->u.fault.identity)))
            return false;
        break;
    case MYNA_EV_PROVIDER_SWITCHED: /* the names are kept by the session */
        text = &ev->u.switched.reason;
        break;
    case MYNA_EV_PERSON_SPEAKING:
        text = &ev->u.person.identity;
        text2 = &ev->u.person.name;
        break;
    case MYNA_EV_DEBUG_MESSAGE:
        text = &ev->u.debug;
        break;
    case MYNA_EV_DATA_RECEIVED:
        return own_data(e);
    case MYNA_EV_ATTRIBUTE_CHANGED:
        text = &ev->u.attribute.key;
        text2 = &ev->u.attribute.value;
        ev->u.attribute.identity = e->text3 = strdup(ev->u.attribute.identity);
        if (!e->text3)
            return false;
        break;
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
        return own_items(e);
    case MYNA_EV_AGENT_TOOL_PROGRESS:
        ev->u.progress.speech_id = keep_id(e->speech_id, ev->u.progress.speech_id);
        return own_progress(e);
    case MYNA_EV_CLOSE:               /* the session's own words */
    case MYNA_EV_AGENT_STATE_CHANGED: /* plain values */
    case MYNA_EV_USER_STATE_CHANGED:
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
    case MYNA_EV_OVERLAPPING_SPEECH:
    case MYNA_EV_EOT_PREDICTION:
    case MYNA_EV_CONVERSATION_ITEM_ADDED: /* items live as long as the session */
    case MYNA_EV_SESSION_USAGE_UPDATED:   /* the session's own table */
        break;
    }
    if (text && *text) {
        e->text = strdup(*text);
        if (!e->text)
            return false;
        *text = e->text;
    }
    if (text2 && *text2) {
        e->text2 = strdup(*text2);
        if (!e->text2)
            return false;
        *text2 = e->text2;
    }
    return true;
}

void myna_s_event(struct myna_session *s, const struct myna_event *ev)
{
    struct s_event *e = s->event_pool;

    myna_guard_lift();
    if (ev->type == MYNA_EV_CLOSE)
        e = &s->close_event;
    else if (e)
        s->event_pool = e->next;
    else
        e = calloc(1, sizeof *e);
    if (!e) {
        myna_s_log(s, MYNA_LOG_ERROR, "event lost, out of memory type=%s",
                   myna_event_name(ev->type));
        myna_guard_lower();
        return;
    }
    e->next = NULL;
    e->ev = *ev;
    e->ev.at = s->now - s->t0;
    e->ev.created_ms = myna_loop_wall_ms(s->loop);
    if (!own(e)) {
        myna_s_log(s, MYNA_LOG_ERROR, "event lost, out of memory type=%s",
                   myna_event_name(ev->type));
        give_back(s, e);
    } else {
        if (s->events_last)
            s->events_last->next = e;
        else
            s->events = e;
        s->events_last = e;
    }
    myna_guard_lower();
}

static void record(struct myna_session *s, const struct myna_event *ev)
{
    char *json;
    struct myna_view v;

    if (s->report)
        myna_report_event(s->report, ev);
    if (!s->tap)
        return;
    json = myna_event_json(ev);
    if (!json)
        return;
    v = myna_view_of(json);
    myna_tap_put(s->tap, MYNA_OUT_EVENT, (uint32_t)ev->type, &v, 1);
    free(json);
}

void myna_s_tell(struct myna_session *s)
{
    struct s_event *e;

    while (!s->dead && (e = s->events)) {
        s->events = e->next;
        if (!s->events)
            s->events_last = NULL;
        record(s, &e->ev);
        if (s->on_event)
            s->on_event(s->arg, s, &e->ev);
        give_back(s, e);
    }
}

void myna_s_events_fini(struct myna_session *s)
{
    struct s_event *e;

    while ((e = s->events)) {
        s->events = e->next;
        give_back(s, e);
    }
    s->events_last = NULL;
}

/* ---- states (agent-session 1.2) */

/* The away timer runs while both only listen. */
static void rearm_away(struct myna_session *s)
{
    bool both = s->agent_state == MYNA_AGENT_LISTENING && s->user_state == MYNA_USER_LISTENING &&
                !s->closing.asked;

    s->away_at = both && s->conf.user_away_timeout_ms >= 0
                     ? s->now + s->conf.user_away_timeout_ms * MYNA_MS
                     : MYNA_NEVER;
}

void myna_s_agent_state(struct myna_session *s, enum myna_agent_state to)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_STATE_CHANGED};

    if (s->agent_state == to)
        return;
    ev.u.agent_state.old_state = s->agent_state;
    ev.u.agent_state.new_state = to;
    s->agent_state = to;
    if (to == MYNA_AGENT_SPEAKING) {
        if (!s->aec_started && s->conf.aec_warmup_ms > 0 &&
            !(s->transport->caps & MYNA_TRANSPORT_NO_ECHO))
            s->aec_until = s->now + s->conf.aec_warmup_ms * MYNA_MS;
        s->aec_started = true;
    }
    rearm_away(s);
    myna_s_silence(s, false);
    myna_s_event(s, &ev);
    myna_s_attribute(s, "lk.agent.state", myna_agent_state_name(to));
}

void myna_s_user_state(struct myna_session *s, enum myna_user_state to)
{
    struct myna_event ev = {.type = MYNA_EV_USER_STATE_CHANGED};

    if (s->user_state == to) {
        if (to == MYNA_USER_LISTENING)
            rearm_away(s); /* [later]: a final transcript re-arms it */
        myna_s_silence(s, true);
        return;
    }
    ev.u.user_state.old_state = s->user_state;
    ev.u.user_state.new_state = to;
    s->user_state = to;
    rearm_away(s);
    myna_s_silence(s, to == MYNA_USER_SPEAKING);
    myna_s_event(s, &ev);
}

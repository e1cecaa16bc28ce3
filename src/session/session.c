/* session.c - makes a session, takes the host's calls, and settles after each input (see
 * internal.h). */
#include "session/internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/report.h"
#include "session/header.h"
#include "util/guard.h"

/* ---- inputs */

void myna_s_enter(struct myna_session *s)
{
    if (s->depth++ == 0)
        s->now = myna_loop_now(s->loop);
}

static myna_us earlier(myna_us a, myna_us b)
{
    return a < b ? a : b;
}

static myna_us deadline(const struct myna_session *s)
{
    const struct closing *c = &s->closing;
    myna_us at = earlier(s->away_at, earlier(s->aec_until, s->max_at));

    at = earlier(at, earlier(s->reprompt_at, s->hangup_at));

    if (c->told)
        return MYNA_NEVER;
    at = earlier(at, earlier(myna_s_ears_deadline(s), s->paused.timer_at));
    if (s->playout)
        at = earlier(at, myna_playout_deadline(s->playout));
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        at = earlier(at, myna_s_reply_deadline(s, sp));
    at = earlier(at, s->gap_until);
    at = earlier(at, myna_s_turns_deadline(s));
    if (c->asked && c->wait_transcript)
        at = earlier(at, c->transcript_by);
    if (!c->hung_up)
        at = earlier(at, c->drain_by);
    if (c->hung_up && !c->transport_done)
        at = earlier(at, c->transport_by);
    return at;
}

static void arm(struct myna_session *s, myna_us at)
{
    if (s->armed_at == at)
        return;
    s->armed_at = at;
    if (at == MYNA_NEVER) {
        myna_timer_clear(&s->timer);
    } else if (myna_timer_set(&s->timer, at) != MYNA_OK) {
        s->armed_at = MYNA_NEVER; /* the next input tries again */
        myna_s_log(s, MYNA_LOG_ERROR, "no memory for a timer");
    }
}

static void settle(struct myna_session *s)
{
    s->settling = true;
    do {
        if (s->dirty) {
            myna_guard_lift();
            s->dirty = false;
            myna_s_turns_advance(s);
            myna_s_limit_advance(s);
            myna_s_speeches_advance(s);
            myna_s_handoff_advance(s);
            myna_s_close_advance(s);
            myna_guard_lower();
        }
        myna_s_pump(s);
        if (s->events) {
            myna_guard_lift();
            myna_s_tell(s);
            myna_guard_lower();
        }
    } while (s->dirty && !s->dead);
    s->settling = false;
    s->deferred = false;
    if (!s->dead)
        arm(s, deadline(s));
}

void myna_s_leave(struct myna_session *s)
{
    if (--s->depth > 0 || s->settling || s->dead)
        return;
    if (s->deferred) /* a call of the host: its events follow, they are not told from inside it */
        arm(s, s->now);
    else
        settle(s);
}

static void expire(struct myna_session *s)
{
    if (s->playout && myna_playout_deadline(s->playout) <= s->now)
        myna_playout_expire(s->playout, s->now);
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (!sp->done && myna_s_reply_deadline(s, sp) <= s->now)
            myna_s_reply_expire(s, sp);
    myna_s_ears_expire(s);
    if (s->gap_until <= s->now) {
        s->gap_until = MYNA_NEVER;
        s->dirty = true;
    }
    myna_s_turns_expire(s);
    if (s->paused.timer_at <= s->now)
        myna_s_false_fire(s);
    if (s->aec_until <= s->now)
        s->aec_until = MYNA_NEVER;
    if (s->away_at <= s->now) {
        s->away_at = MYNA_NEVER;
        myna_s_user_state(s, MYNA_USER_AWAY);
    }
    if (s->max_at <= s->now) {
        s->max_at = MYNA_NEVER;
        myna_s_hangup(s, "max_duration", true);
    }
    myna_s_silence_expire(s);
    if (s->closing.asked)
        myna_s_close_expire(s);
}

void myna_session_tick(struct myna_session *s)
{
    s->armed_at = MYNA_NEVER;
    myna_s_enter(s);
    myna_tap_put(s->tap, MYNA_IN_TICK, 0, NULL, 0);
    s->deferred = false;
    expire(s);
    myna_s_leave(s);
}

static void on_timer(struct myna_timer *t)
{
    struct myna_session *s = t->arg;

    if (!s->dead)
        myna_session_tick(s);
}

void myna_s_log(struct myna_session *s, enum myna_log_level level, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    if (!myna_log_wants(s->host->log, level))
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    myna_log_line(s->host->log, level, "%s session=%s", line, s->id);
}

/* ---- making and ending */

static const struct myna_section *const sections[] = {&myna_agent_section, &myna_session_section,
                                                      &myna_turn_section, &myna_text_section};

static enum myna_err read_text_conf(struct myna_session *s, struct myna_why *why)
{
    enum myna_err err = myna_filters_check(s->text_conf.transforms, why);

    if (err)
        return err;
    return myna_filters_replacements(s->text_conf.replace, s->replace, S_REPLACE_MAX, &s->n_replace,
                                     why);
}

static enum myna_err read_conf(struct myna_session *s, const struct myna_agent *agent,
                               struct myna_why *why)
{
    const struct myna_config *cfg = myna_runtime_config(s->rt);
    void *into[] = {&s->agent, &s->conf, &s->turn_conf, &s->text_conf};
    enum myna_err err;

    for (size_t i = 0; i < sizeof into / sizeof *into; i++) {
        err = myna_config_read(cfg, sections[i], into[i], why);
        if (err)
            return err;
    }
    s->call_turns = s->turn_conf;
    err = read_text_conf(s, why);
    if (err)
        return err;
    if (agent) {
        s->agent.name = agent->name;
        s->agent.instructions = agent->instructions;
        s->agent.greeting = agent->greeting;
        s->agent.greet = agent->greet;
    }
    s->agent_name = strdup(s->agent.name ? s->agent.name : "agent");
    s->agent_instructions = strdup(s->agent.instructions ? s->agent.instructions : "");
    s->agent_greeting = s->agent.greeting ? strdup(s->agent.greeting) : NULL;
    if (!s->agent_name || !s->agent_instructions || (s->agent.greeting && !s->agent_greeting))
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agent");
    return MYNA_OK;
}

static void begin_states(struct myna_session *s)
{
    myna_s_ears_init(s);
    s->agent_state = MYNA_AGENT_INITIALIZING;
    s->user_state = MYNA_USER_LISTENING;
    s->away_at = s->aec_until = s->max_at = s->armed_at = MYNA_NEVER;
    s->reprompt_at = s->hangup_at = MYNA_NEVER;
    s->paused.timer_at = s->gap_until = MYNA_NEVER;
    s->closing.drain_by = s->closing.transcript_by = s->closing.transport_by = MYNA_NEVER;
    s->in_dbfs = s->out_dbfs = -96;
    myna_buf_init(&s->scratch, 1 << 20);
    myna_buf_init(&s->shown, 1 << 20);
    myna_s_events_init(s);
}

static enum myna_err get_transport(struct myna_session *s, const struct myna_session_options *opt,
                                   struct myna_why *why)
{
    struct myna_stage_conf conf;
    enum myna_err err;

    s->transport = opt->transport;
    if (!s->transport) {
        err = myna_config_read(myna_runtime_config(s->rt), &myna_transport_section, &conf, why);
        if (err)
            return err;
        err = myna_runtime_transport(
            s->rt, opt->transport_name ? opt->transport_name : conf.provider, &s->transport, why);
        if (err)
            return err;
    }
    s->transport->session = s;
    return MYNA_OK;
}

static enum myna_err get_recorder(struct myna_session *s, const struct myna_session_options *opt,
                                  struct myna_why *why)
{
    struct myna_record_conf conf;
    enum myna_err err =
        myna_config_read(myna_runtime_config(s->rt), &myna_record_section, &conf, why);

    if (err)
        return err;
    if (opt->record_dir ? !opt->record_dir[0] : !conf.enabled)
        return MYNA_OK;
    s->record_dir = strdup(opt->record_dir ? opt->record_dir : conf.dir);
    s->record_flight = conf.flight;
    s->record_audio = conf.audio;
    s->report = myna_report_create();
    return s->record_dir && s->report ? MYNA_OK
                                      : myna_fail(why, MYNA_ENOMEM, "no memory for the recorder");
}

enum myna_err myna_s_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                            const struct myna_s_parts *parts, struct myna_session **out,
                            struct myna_why *why)
{
    struct myna_runtime_stages st = {0};
    struct myna_session *s = calloc(1, sizeof *s);
    enum myna_err err = MYNA_ENOMEM;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "no memory for a session");
    s->rt = rt;
    s->loop = myna_runtime_loop(rt);
    s->host = myna_runtime_host(rt);
    s->on_event = opt->on_event;
    s->on_user_turn = opt->on_user_turn;
    if (opt->size > offsetof(struct myna_session_options, on_tool))
        s->on_tool = opt->on_tool;
    if (opt->size > offsetof(struct myna_session_options, tells_errors))
        s->tells_errors = opt->tells_errors;
    if (opt->size > offsetof(struct myna_session_options, on_method))
        s->on_method = opt->on_method;
    s->arg = opt->arg;
    s->seed = parts->given ? parts->seed : myna_runtime_seed(rt);
    myna_rand_seed(&s->rand, s->seed);
    myna_rand_id(&s->rand, "session_", s->id);
    if (opt->session_id)
        snprintf(s->id, sizeof s->id, "%s", opt->session_id);
    myna_s_talks_init(s);
    myna_loop_timer_init(s->loop, &s->timer, on_timer, s);
    err = read_conf(s, opt->agent, why);
    if (err)
        goto fail;
    begin_states(s);
    if (!parts->given)
        err = myna_runtime_toolbox(rt, &s->toolbox, why);
    if (!err)
        err = myna_s_tools_init(s, opt->agent, why);
    if (err)
        goto fail;
    if (parts->given) {
        st = (struct myna_runtime_stages){parts->vad, parts->stt, parts->llm, parts->tts};
        s->tap = parts->tap;
        s->replayed = true;
    } else {
        if (!opt->transport)
            myna_runtime_expect(rt, opt->transport_name);
        err = myna_runtime_stages(rt, &st, why);
        if (!err)
            err = get_recorder(s, opt, why);
        if (err)
            goto fail;
    }
    s->vad = st.vad;
    s->stt = st.stt;
    s->llm = st.llm;
    s->tts = st.tts;
    myna_s_own_turns(s, &s->agent.turns);
    err = myna_s_background_open(s, why);
    if (!err)
        err = get_transport(s, opt, why);
    if (err)
        goto fail;
    myna_runtime_attach(rt, s);
    *out = s;
    return MYNA_OK;
fail:
    if (s->transport == opt->transport)
        s->transport = NULL; /* still the caller's */
    myna_session_destroy(s);
    return err;
}

enum myna_err myna_session_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                                  struct myna_session **out, struct myna_why *why)
{
    struct myna_s_parts none = {0};

    return myna_s_create(rt, opt, &none, out, why);
}

static void recording_failed(void *arg, enum myna_err err, const char *message)
{
    struct myna_session *s = arg;
    struct myna_fault f = {.stage = MYNA_STAGE_RECORDER,
                           .err = err,
                           .provider = "recorder",
                           .message = message,
                           .recoverable = true};

    myna_s_enter(s);
    myna_s_fault(s, &f);
    myna_s_leave(s);
}

static enum myna_err open_recorder(struct myna_session *s, struct myna_why *why)
{
    struct myna_recorder_options opt = {.host = s->host,
                                        .parent_dir = s->record_dir,
                                        .session_id = s->id,
                                        .flight = s->record_flight,
                                        .audio = s->record_audio,
                                        .failed = recording_failed,
                                        .arg = s};
    char *header;
    enum myna_err err;

    if (!s->record_dir)
        return MYNA_OK;
    header = myna_s_header_json(s);
    if (!header)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the recording's header");
    opt.header_json = header;
    err = myna_recorder_open(&opt, &s->recorder, why);
    free(header);
    if (err)
        return err;
    s->tap = myna_recorder_tap(s->recorder);
    s->kept_record_dir = strdup(myna_recorder_dir(s->recorder));
    return s->kept_record_dir ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the recorder");
}

/* agent-session 1.12: the first start is a handoff too, then what the agent was told. */
static enum myna_err introduce(struct myna_session *s)
{
    struct myna_item *handoff = myna_s_item_new(s, MYNA_ITEM_AGENT_HANDOFF);
    struct myna_item *conf = myna_s_item_new(s, MYNA_ITEM_AGENT_CONFIG_UPDATE);
    enum myna_err err = MYNA_ENOMEM;

    if (handoff)
        handoff->new_agent = strdup(s->agent_name);
    if (conf)
        conf->instructions = strdup(s->agent_instructions);
    if (handoff && handoff->new_agent && conf && conf->instructions &&
        myna_s_tools_names(s, &conf->tools_added) == MYNA_OK) {
        err = myna_s_item_add(s, handoff);
        handoff = NULL;
        if (!err) {
            err = myna_s_item_keep(s, conf);
            conf = NULL;
        }
    }
    myna_s_item_free(handoff);
    myna_s_item_free(conf);
    return err;
}

static void greet(struct myna_session *s)
{
    struct myna_reply_options how = {.size = sizeof how,
                                     .instructions = "Greet the caller in one short sentence.",
                                     .allow_interruptions = -1};
    bool asks = !s->agent_greeting && s->agent.greet && s->llm;
    enum myna_err err = MYNA_OK;

    if (!asks && s->llm && s->llm->cls->warm)
        s->llm->cls->warm(s->llm); /* the first answer finds its connection open */
    if (!s->agent_greeting && s->tts && s->tts->cls->warm)
        s->tts->cls->warm(s->tts);
    if (s->agent_greeting)
        err = myna_session_say(s, s->agent_greeting, -1, true, NULL);
    else if (asks)
        err = myna_session_generate_reply(s, &how, NULL);
    if (err)
        myna_s_log(s, MYNA_LOG_WARN, "no greeting reason=\"%s\"", myna_strerror(err));
}

enum myna_err myna_session_start(struct myna_session *s, struct myna_why *why)
{
    enum myna_err err;

    if (s->started)
        return myna_fail(why, MYNA_ESTATE, "the session was started before");
    s->now = s->t0 = myna_loop_now(s->loop);
    err = open_recorder(s, why);
    if (err)
        return err;
    myna_s_spans_start(s, s->replayed ? NULL : myna_runtime_trace(s->rt));
    s->started = true;
    myna_s_enter(s);
    s->deferred = true;
    myna_tap_put(s->tap, MYNA_IN_START, 0, NULL, 0);
    if (s->conf.max_duration_ms >= 0)
        s->max_at = s->now + s->conf.max_duration_ms * MYNA_MS;
    err = myna_s_door_open(s, why);
    if (!err)
        err = myna_s_ear_open(s, why);
    if (!err && introduce(s) != MYNA_OK)
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the history");
    if (!err) {
        myna_s_agent_state(s, MYNA_AGENT_LISTENING);
        myna_s_span_activity(s);
        s->greeting = true;
        greet(s);
        s->greeting = false;
        if (s->transport->cls->start)
            err = s->transport->cls->start(s->transport, why);
    }
    if (err) {
        s->started = false;
        s->depth--;
        return err;
    }
    myna_runtime_call(s->rt, true); /* until the close event and the end of the recording */
    s->held = true;
    myna_s_leave(s);
    return MYNA_OK;
}

static void bury(struct myna_grave *g)
{
    struct myna_session *s = (struct myna_session *)g;

    if (s->held && !s->closing.finished)
        myna_runtime_call(s->rt, false);
    if (s->timer.in)
        myna_timer_clear(&s->timer);
    myna_s_ears_close(s);
    myna_playout_destroy(s->playout);
    s->playout = NULL;
    for (struct speech *sp = s->speeches, *next; sp; sp = next) {
        next = sp->next;
        myna_s_speech_free(sp);
    }
    myna_s_turns_fini(s);
    if (s->transport)
        s->transport->cls->destroy(s->transport);
    myna_recorder_abort(s->recorder);
    myna_report_destroy(s->report);
    myna_s_events_fini(s);
    myna_s_history_fini(s);
    myna_s_tools_fini(s);
    myna_s_ears_fini(s);
    myna_s_talks_fini(s);
    myna_buf_fini(&s->scratch);
    myna_buf_fini(&s->shown);
    myna_s_background_fini(s);
    free(s->agent_name);
    free(s->agent_instructions);
    free(s->agent_greeting);
    free(s->record_dir);
    free(s->kept_record_dir);
    free(s);
}

/* From inside an event, the hook or a call of the transport, those who called are still on the
 * stack: then it only falls silent, and goes in the loop's next turn. */
void myna_session_destroy(struct myna_session *s)
{
    if (!s || s->dead)
        return;
    s->dead = true;
    s->on_event = NULL;
    s->on_user_turn = NULL;
    s->on_tool = NULL;
    s->on_method = NULL;
    if (s->transport)
        s->transport->session = NULL; /* nothing arrives any more */
    myna_runtime_detach(s->rt, s);
    myna_s_tools_leave(s);
    if (s->depth > 0 || s->settling || s->asking)
        myna_host_bury_later(s->host, &s->grave, bury);
    else
        bury(&s->grave);
}

/* spans.c - the call as OpenTelemetry spans, named as LiveKit Agents names them (agent-session 9).
 *
 *     agent_session
 *       start_agent_activity, drain_agent_activity
 *       user_turn          user_speaking, eou_detection
 *       agent_turn         llm_node → llm_request, tts_node → tts_request, function_tool,
 *                          agent_speaking
 *
 * Each is written when it is over and its times are all known. Nothing here changes the call: ids
 * come from the collector's side (trace/), not from the session's chance, so a recording is the
 * same with and without. What was said stays out unless trace.content is set; then it stands under
 * lk.pii.…, as later releases have it.
 */
#include "session/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "session/header.h"

enum { ATTRS_MAX = 24 };

struct writing { /* one span */
    struct myna_session *s;
    struct myna_trace_span span;
    struct myna_attr attrs[ATTRS_MAX];
};

static int64_t ns(const struct myna_session *s, myna_us at)
{
    return s->spans.epoch_ns + (at == MYNA_NEVER ? s->now : at) * 1000;
}

static double seconds(myna_us from, myna_us to)
{
    return from == MYNA_NEVER || to == MYNA_NEVER ? NAN : (double)(to - from) / 1e6;
}

/* Begins one below `parent`; with a fresh id. */
static void begin(struct writing *w, struct myna_session *s, const char *name,
                  const uint8_t *parent, myna_us from, myna_us to)
{
    w->s = s;
    w->span = (struct myna_trace_span){
        .name = name, .parent = parent, .start_ns = ns(s, from), .end_ns = ns(s, to)};
    if (w->span.end_ns < w->span.start_ns)
        w->span.end_ns = w->span.start_ns;
    memcpy(w->span.id.trace, s->spans.trace_id, sizeof w->span.id.trace);
    myna_trace_random(s->spans.trace, w->span.id.span, sizeof w->span.id.span);
}

static void put(struct writing *w, struct myna_attr a)
{
    if (w->span.n_attrs < ATTRS_MAX)
        w->attrs[w->span.n_attrs++] = a;
}

static void text(struct writing *w, const char *key, const char *value)
{
    put(w, (struct myna_attr){.key = key, .type = MYNA_ATTR_TEXT, .text = value});
}

/* What people said or wrote. */
static void content(struct writing *w, const char *key, const char *value)
{
    if (myna_trace_content(w->s->spans.trace) && value && value[0])
        text(w, key, value);
}

static void number(struct writing *w, const char *key, double value)
{
    put(w, (struct myna_attr){.key = key, .type = MYNA_ATTR_DOUBLE, .d = value});
}

static void whole(struct writing *w, const char *key, int64_t value)
{
    put(w, (struct myna_attr){.key = key, .type = MYNA_ATTR_INT, .n = value});
}

static void yes_no(struct writing *w, const char *key, bool value)
{
    put(w, (struct myna_attr){.key = key, .type = MYNA_ATTR_BOOL, .n = value});
}

static void end(struct writing *w)
{
    w->span.attrs = w->attrs;
    myna_trace_put(w->s->spans.trace, &w->span);
}

/* ---- the call */

void myna_s_spans_start(struct myna_session *s, struct myna_trace *trace)
{
    s->spans.trace = trace;
    if (!trace)
        return;
    s->spans.epoch_ns = myna_loop_wall_ms(s->loop) * 1000000 - s->now * 1000;
    s->spans.drain_at = MYNA_NEVER;
    myna_trace_random(trace, s->spans.trace_id, sizeof s->spans.trace_id);
    myna_trace_random(trace, s->spans.root, sizeof s->spans.root);
}

void myna_s_span_activity(struct myna_session *s)
{
    struct writing w;

    if (!s->spans.trace)
        return;
    begin(&w, s, "start_agent_activity", s->spans.root, s->t0, s->now);
    text(&w, "lk.agent_label", s->agent_name);
    content(&w, "lk.pii.instructions", s->agent_instructions);
    end(&w);
}

void myna_s_spans_close(struct myna_session *s)
{
    struct writing w;
    char *options;

    if (!s->spans.trace)
        return;
    if (s->spans.drain_at != MYNA_NEVER) {
        begin(&w, s, "drain_agent_activity", s->spans.root, s->spans.drain_at, s->now);
        text(&w, "lk.agent_label", s->agent_name);
        end(&w);
    }
    begin(&w, s, "agent_session", NULL, s->t0, s->now);
    memcpy(w.span.id.span, s->spans.root, sizeof w.span.id.span);
    options = myna_s_options_json(s);
    text(&w, "lk.agent_name", s->agent_name);
    text(&w, "lk.session_options", options);
    text(&w, "session.id", s->id);
    text(&w, "myna.transport", s->transport->cls->name);
    text(&w, "myna.close_reason", s->closing.reason);
    if (s->closing.error)
        w.span.error = s->close_fault.message;
    end(&w);
    free(options);
    s->spans.trace = NULL; /* what ends later belongs to no call */
}

/* ---- the person's turn */

void myna_s_span_user_turn(struct myna_session *s, const struct end_of_turn *info, bool manual)
{
    struct writing w;
    uint8_t turn[8];
    myna_us from = info->started != MYNA_NEVER   ? info->started
                   : info->stopped != MYNA_NEVER ? info->stopped
                                                 : info->decided;

    if (!s->spans.trace)
        return;
    begin(&w, s, "user_turn", s->spans.root, from, info->decided);
    memcpy(turn, w.span.id.span, sizeof turn);
    content(&w, "lk.pii.user_transcript", info->text);
    number(&w, "lk.transcript_confidence", info->confidence >= 0 ? info->confidence : NAN);
    if (info->transcription_delay != MYNA_NEVER)
        number(&w, "lk.transcription_delay", (double)info->transcription_delay / 1e6);
    if (info->end_delay != MYNA_NEVER)
        number(&w, "lk.end_of_turn_delay", (double)info->end_delay / 1e6);
    text(&w, "lk.participant_identity",
         myna_s_ear_name(s->ear)[0] ? myna_s_ear_name(s->ear) : NULL);
    end(&w);
    if (info->stopped == MYNA_NEVER)
        return;
    begin(&w, s, "user_speaking", turn, from, info->stopped);
    number(&w, "lk.start_time", (double)ns(s, from) / 1e9);
    number(&w, "lk.end_time", (double)ns(s, info->stopped) / 1e9);
    end(&w);
    begin(&w, s, "eou_detection", turn, info->stopped, info->decided);
    text(&w, "lk.eou.source", manual ? "manual" : s->vad ? "vad" : "stt");
    text(&w, "lk.eou.language", s->ear->rec.language[0] ? s->ear->rec.language : NULL);
    number(&w, "lk.eou.endpointing_delay",
           (double)myna_endpointing_min(&s->ear->endpointing) / 1e6);
    end(&w);
}

/* ---- the agent's turn */

void myna_s_spans_speech(struct myna_session *s, struct speech *sp)
{
    if (s->spans.trace)
        myna_trace_random(s->spans.trace, sp->span, sizeof sp->span);
}

static void spoke(struct writing *w, struct myna_session *s, const struct speech *sp,
                  const char *name, const uint8_t *parent, myna_us from, myna_us to)
{
    begin(w, s, name, parent, from, to);
    text(w, "lk.speech_id", sp->id);
}

void myna_s_span_llm(struct myna_session *s, const struct speech *sp, const struct myna_metrics *m)
{
    struct writing w;
    uint8_t node[8];
    char *json;

    if (!s->spans.trace || sp->llm_start == MYNA_NEVER)
        return;
    json = myna_s_metrics_json(m, myna_loop_wall_ms(s->loop));
    spoke(&w, s, sp, "llm_node", sp->span, sp->llm_start, s->now);
    memcpy(node, w.span.id.span, sizeof node);
    number(&w, "lk.response.ttft", seconds(sp->llm_start, sp->first_token));
    yes_no(&w, "lk.interrupted", m->cancelled);
    text(&w, "lk.llm_metrics", json);
    if (sp->segments)
        content(&w, "lk.pii.response.text", myna_buf_str(&sp->segments->text));
    end(&w);
    spoke(&w, s, sp, "llm_request", node, sp->llm_start, s->now);
    w.span.client = true;
    whole(&w, "lk.retry_count", sp->llm_tries > 0 ? sp->llm_tries - 1 : 0);
    number(&w, "lk.response.ttft", seconds(sp->llm_start, sp->first_token));
    text(&w, "gen_ai.operation.name", "chat");
    text(&w, "gen_ai.provider.name", m->label);
    text(&w, "gen_ai.request.model", m->model);
    whole(&w, "gen_ai.usage.input_tokens", m->prompt_tokens);
    whole(&w, "gen_ai.usage.input_cached_tokens", m->prompt_cached_tokens);
    whole(&w, "gen_ai.usage.output_tokens", m->completion_tokens);
    w.span.error = sp->failed && !m->cancelled ? "the agent did not answer" : NULL;
    end(&w);
    free(json);
}

void myna_s_span_tts(struct myna_session *s, const struct speech *sp, const struct segment *seg,
                     const struct myna_metrics *m)
{
    struct writing w;
    uint8_t node[8];
    char *json;

    if (!s->spans.trace || seg->tts_opened == MYNA_NEVER)
        return;
    json = myna_s_metrics_json(m, myna_loop_wall_ms(s->loop));
    spoke(&w, s, sp, "tts_node", sp->span, seg->tts_opened, s->now);
    memcpy(node, w.span.id.span, sizeof node);
    number(&w, "lk.response.ttfb", seconds(seg->tts_first_text, seg->tts_first_audio));
    yes_no(&w, "lk.interrupted", m->cancelled);
    text(&w, "lk.tts_metrics", json);
    content(&w, "lk.pii.input_text", myna_buf_str(&seg->text));
    end(&w);
    spoke(&w, s, sp, "tts_request", node, seg->tts_first_text, s->now);
    w.span.client = true;
    text(&w, "lk.tts.label", m->label);
    yes_no(&w, "lk.tts.streaming", m->streamed);
    whole(&w, "lk.retry_count", seg->tts_tries > 0 ? seg->tts_tries - 1 : 0);
    text(&w, "gen_ai.provider.name", m->label);
    text(&w, "gen_ai.request.model", m->model);
    w.span.error = seg->tts_failed || seg->cut ? "the voice failed" : NULL;
    end(&w);
    free(json);
}

void myna_s_span_tool(struct myna_session *s, const struct speech *sp, const struct myna_item *call,
                      myna_us ended, const char *output, bool is_error)
{
    struct writing w;

    if (!s->spans.trace)
        return;
    spoke(&w, s, sp, "function_tool", sp->span, call->at, ended);
    text(&w, "lk.function_tool.id", call->call_id);
    text(&w, "lk.function_tool.name", call->name);
    yes_no(&w, "lk.function_tool.is_error", is_error);
    content(&w, "lk.pii.function_tool.arguments", call->arguments);
    content(&w, "lk.pii.function_tool.output", output);
    w.span.error = is_error ? "the tool failed" : NULL;
    end(&w);
}

void myna_s_span_speaking(struct myna_session *s, const struct speech *sp)
{
    struct writing w;

    if (!s->spans.trace || sp->first_heard == MYNA_NEVER)
        return;
    spoke(&w, s, sp, "agent_speaking", sp->span, sp->first_heard, s->now);
    number(&w, "lk.start_time", (double)ns(s, sp->first_heard) / 1e9);
    number(&w, "lk.end_time", (double)ns(s, s->now) / 1e9);
    yes_no(&w, "lk.interrupted", sp->interrupted);
    content(&w, "lk.pii.response.text", myna_buf_str(&sp->forwarded));
    end(&w);
}

/* The waterfall as events of the turn. */
static size_t marks(const struct myna_session *s, const struct myna_waterfall *f,
                    struct myna_trace_event out[7])
{
    const struct {
        const char *name;
        myna_us at;
    } all[] = {{"speech_end", f->speech_end},
               {"transcript", f->transcript},
               {"end_of_turn", f->end_of_turn},
               {"first_token", f->first_token},
               {"first_text", f->first_text},
               {"first_audio", f->first_audio},
               {"heard", f->heard}};
    size_t n = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].at != MYNA_NEVER)
            out[n++] = (struct myna_trace_event){all[i].name, ns(s, all[i].at)};
    return n;
}

void myna_s_span_agent_turn(struct myna_session *s, const struct speech *sp)
{
    struct writing w;
    struct myna_trace_event events[7];

    if (!s->spans.trace)
        return;
    spoke(&w, s, sp, "agent_turn", s->spans.root, sp->created, s->now);
    memcpy(w.span.id.span, sp->span, sizeof w.span.id.span);
    text(&w, "lk.agent_label", s->agent_name);
    yes_no(&w, "lk.interrupted", sp->interrupted);
    number(&w, "lk.e2e_latency", seconds(sp->told.speech_end, sp->told.heard));
    content(&w, "lk.pii.instructions", sp->instructions);
    content(&w, "lk.pii.response.text", myna_buf_str(&sp->forwarded));
    w.span.n_events = marks(s, &sp->told, events);
    w.span.events = events;
    w.span.error = sp->failed ? "the turn failed" : NULL;
    end(&w);
}

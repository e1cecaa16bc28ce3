/* answer.c - the agent's answer to one speech: asked for, taken as it comes, ended or failed.
 *
 * The text goes into the speech's segments; reply.c lets them be heard.
 */
#include "session/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct segment *open_segment(struct myna_session *s, struct speech *sp)
{
    struct segment *seg = sp->last_segment;

    return seg && !seg->text_ended ? seg : myna_s_segment_new(s, sp);
}

bool myna_s_audible(const struct myna_session *s, const struct speech *sp,
                    const struct segment *seg)
{
    return s->audio_out && !sp->silent && (s->tts || seg->pcm);
}

void myna_s_end_text(struct speech *sp)
{
    if (sp->last_segment)
        sp->last_segment->text_ended = true;
}

void myna_s_llm_over(struct myna_session *s, struct speech *sp, bool cancelled)
{
    if (!sp->llm)
        return;
    myna_llm_port_close(sp->llm);
    sp->llm = NULL;
    sp->llm_running = false;
    sp->llm_timeout_at = MYNA_NEVER;
    sp->llm_end = s->now;
    myna_s_llm_metrics(s, sp, cancelled);
}

/* Nothing of it was heard, and nothing will be: the sentence about the error stands in its place.
 */
static void drop_text(struct myna_session *s, struct speech *sp)
{
    if (s->playout_speech == sp)
        myna_playout_cut(s->playout, s->now);
    for (struct segment *seg = sp->segments; seg; seg = seg->next) {
        myna_s_voice_close(s, sp, seg);
        seg->text_ended = seg->over = true;
    }
}

/* What was heard stays; the sentence that the agent did not finish is not begun. */
static void end_short(struct myna_session *s, struct speech *sp)
{
    struct segment *seg = sp->last_segment;

    if (!seg || seg->text_ended)
        return;
    seg->text_ended = true;
    if (myna_s_audible(s, sp, seg))
        myna_s_voice_end_short(s, sp, seg);
}

void myna_s_llm_failed(struct myna_session *s, struct speech *sp, const struct myna_fault *f)
{
    struct myna_fault told = *f;
    myna_us at;

    myna_s_llm_over(s, sp, false);
    if (!sp->llm_output && myna_s_retry(s, f, sp->llm_tries, &at)) {
        sp->llm_retry_at = at;
        told.recoverable = true;
        myna_s_fault(s, &told);
        return;
    }
    sp->llm_done = sp->failed = true;
    if (!sp->scheduled) { /* ahead of the turn's end: asked again then */
        myna_s_end_text(sp);
        told.recoverable = true;
        myna_s_fault(s, &told);
        return;
    }
    told.recoverable = false;
    s->llm_errors++;
    if (sp->voiced)
        end_short(s, sp);
    else
        drop_text(s, sp);
    myna_s_failed(s, &told, !sp->voiced, sp);
}

/* Whether a full stop ends a sentence only shows when something follows it. */
static bool sentence_ended(struct myna_view text)
{
    for (size_t i = 1; i < text.len; i++)
        if (isspace(text.ptr[i]) && strchr(".!?", text.ptr[i - 1]))
            return true;
    return false;
}

static void llm_text(struct myna_session *s, struct speech *sp, struct myna_view text)
{
    struct segment *seg;

    if (!text.len)
        return;
    seg = open_segment(s, sp);
    if (!seg || myna_buf_put(&seg->text, text.ptr, text.len) != MYNA_OK) {
        struct myna_fault f = {.stage = MYNA_STAGE_LLM,
                               .err = seg ? seg->text.err : MYNA_ENOMEM,
                               .provider = s->llm->cls->name,
                               .message = "the answer is too long for one segment"};

        sp->llm_output = true;
        myna_s_llm_failed(s, sp, &f);
        return;
    }
    sp->llm_output = true;
    if (sp->first_token == MYNA_NEVER)
        sp->first_token = sp->fall.first_token = s->now;
    if (sp->first_sentence == MYNA_NEVER && sentence_ended(myna_buf_view(&seg->text)))
        sp->first_sentence = s->now;
}

/* A model that calls tools in a circle does so too when it may not, and says nothing. */
static bool said_nothing_but_calls(const struct speech *sp)
{
    if (!sp->refused_call)
        return false;
    for (const struct segment *seg = sp->segments; seg; seg = seg->next)
        if (seg->text.len)
            return false;
    return true;
}

static void llm_ended(struct myna_session *s, struct speech *sp)
{
    if (said_nothing_but_calls(sp)) {
        const struct myna_fault f = {.stage = MYNA_STAGE_LLM,
                                     .err = MYNA_EPROVIDER,
                                     .provider = s->llm->cls->name,
                                     .message = "the agent calls tools over and over instead of "
                                                "answering (session.max_tool_steps)"};

        myna_s_llm_failed(s, sp, &f);
        return;
    }
    sp->llm_done = true;
    if (sp->llm_output && sp->first_sentence == MYNA_NEVER)
        sp->first_sentence = s->now;
    myna_s_end_text(sp);
    myna_s_llm_over(s, sp, false);
}

static void llm_progress(struct myna_session *s, const struct speech *sp,
                         const struct myna_llm_event *ev)
{
    struct myna_event told = {.type = MYNA_EV_AGENT_TOOL_PROGRESS};
    char status[24];

    snprintf(status, sizeof status, "%.*s", (int)ev->text.len, (const char *)ev->text.ptr);
    told.u.progress.speech_id = sp->id;
    told.u.progress.tool = ev->name;
    told.u.progress.call_id = ev->call_id;
    told.u.progress.label = ev->arguments;
    told.u.progress.status = status;
    myna_s_event(s, &told);
}

static struct speech *speech_of(struct myna_session *s, const struct myna_llm_port *port)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->llm == port)
            return sp;
    return NULL;
}

/* Each sign of life gives the agent the whole limit again. */
static void wait_for_more(struct myna_session *s, struct speech *sp)
{
    sp->llm_timeout_at =
        s->conf.stage_timeout_ms >= 0 ? s->now + s->conf.stage_timeout_ms * MYNA_MS : MYNA_NEVER;
}

static void on_llm(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct myna_session *s = arg;
    struct speech *sp;

    myna_s_enter(s);
    sp = speech_of(s, port);
    if (sp) {
        wait_for_more(s, sp);
        switch (ev->type) {
        case MYNA_LLM_TEXT:
            llm_text(s, sp, ev->text);
            break;
        case MYNA_LLM_REASONING:
            break;
        case MYNA_LLM_PROGRESS:
            if (ev->name)
                llm_progress(s, sp, ev);
            break;
        case MYNA_LLM_FLUSH:
            myna_s_end_text(sp);
            break;
        case MYNA_LLM_TOOL_CALL:
            sp->llm_output = true;
            myna_s_tool_call(s, sp, ev);
            break;
        case MYNA_LLM_USAGE:
            sp->prompt_tokens = ev->prompt_tokens;
            sp->prompt_cached_tokens = ev->prompt_cached_tokens;
            sp->completion_tokens = ev->completion_tokens;
            sp->prompt_cache_write_tokens = ev->prompt_cache_write_tokens;
            sp->total_tokens = ev->total_tokens;
            sp->cost = ev->cost;
            break;
        case MYNA_LLM_DONE:
            llm_ended(s, sp);
            break;
        case MYNA_LLM_FAULT:
            myna_s_llm_failed(s, sp, &ev->fault);
            break;
        case MYNA_LLM_USING:
            myna_s_using(s, MYNA_STAGE_LLM, &ev->fault);
            break;
        }
        s->dirty = true;
    }
    myna_s_leave(s);
}

/* Providers refuse a call without its output: one that runs, or was stopped, is not shown. */
static bool shown(const struct myna_session *s, size_t at)
{
    if (s->items[at]->type != MYNA_ITEM_FUNCTION_CALL)
        return true;
    for (size_t i = at + 1; i < s->n_items; i++)
        if (s->items[i]->type == MYNA_ITEM_FUNCTION_CALL_OUTPUT &&
            !strcmp(s->items[i]->call_id, s->items[at]->call_id))
            return true;
    return false;
}

enum myna_err myna_s_llm_start(struct myna_session *s, struct speech *sp)
{
    size_t n = s->n_items + (sp->user_item ? 1 : 0), k = 0;
    struct myna_item *items = calloc(n ? n : 1, sizeof *items);
    char *instructions = myna_s_instructed(s), id[72];
    struct myna_llm_request req = {.size = sizeof req,
                                   .items = items,
                                   .instructions = instructions,
                                   .extra_instructions = sp->instructions,
                                   .tools = s->tools,
                                   .n_tools = s->n_tools,
                                   .tool_choice = sp->tool_choice,
                                   .session_id = myna_s_talk_id(s, sp->talk, id),
                                   .caller = myna_s_person_identity(s, sp->talk),
                                   .model = myna_s_model(s)};
    struct myna_llm_port_options opt = {.llm = s->llm,
                                        .request = &req,
                                        .tap = s->tap,
                                        .id = ++s->llm_streams,
                                        .event = on_llm,
                                        .arg = s};
    struct myna_fault f = {.stage = MYNA_STAGE_LLM,
                           .provider = s->llm->cls->name,
                           .message = "the request could not be started"};

    if (sp->user_item) /* something new is asked */
        myna_s_pictures_answered(s, sp->talk);
    sp->llm_retry_at = MYNA_NEVER;
    sp->llm_tries++;
    if (!items || !instructions) {
        f.err = MYNA_ENOMEM;
    } else {
        for (size_t i = 0; i < s->n_items; i++)
            if (myna_s_talk_shows(s, sp->talk, i) && shown(s, i))
                items[k++] = *s->items[i];
        if (sp->user_item)
            items[k++] = *sp->user_item;
        req.n_items = k;
        if (sp->llm_start == MYNA_NEVER)
            sp->llm_start = s->now;
        f.err = myna_s_named(s, items, k);
        if (!f.err) {
            f.err = myna_llm_port_open(&opt, &sp->llm);
            myna_s_unnamed(s, items, k);
        }
    }
    free(items);
    free(instructions);
    if (f.err) {
        myna_s_llm_failed(s, sp, &f);
        return f.err;
    }
    sp->llm_running = true;
    wait_for_more(s, sp);
    return MYNA_OK;
}

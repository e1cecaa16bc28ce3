/* commands.c - the host's calls on a session: say, reply, interrupt, typed text, shutdown,
 * questions. */
#include "session/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void myna_s_command(struct myna_session *s, enum s_command what, uint32_t a, uint32_t b,
                    const char *text, const char *more)
{
    struct myna_buf buf;
    struct myna_view v;

    myna_s_enter(s);
    if (!s->settling && s->depth == 1)
        s->deferred = true;
    if (!s->tap || s->greeting) /* greeting: follows from the start */
        return;
    myna_buf_init(&buf, 0);
    myna_buf_u8(&buf, (uint8_t)what);
    myna_buf_u32(&buf, a);
    myna_buf_u32(&buf, b);
    myna_buf_str_opt(&buf, text);
    myna_buf_str_opt(&buf, more);
    v = myna_buf_view(&buf);
    myna_tap_put(s->tap, MYNA_IN_COMMAND, 0, &v, 1);
    myna_buf_fini(&buf);
}

static bool open_for_speech(const struct myna_session *s)
{
    return s->started && !s->closing.asked;
}

static enum myna_err say(struct myna_session *s, const char *text, int allow, bool add, char *id)
{
    struct speech *sp;
    struct segment *seg;

    if (s->audio_out && !s->tts)
        return MYNA_ESTATE;
    sp = myna_s_speech_new(s, SPEECH_SAY, allow);
    if (!sp)
        return MYNA_ENOMEM;
    sp->add_to_history = add;
    sp->llm_done = true;
    seg = myna_s_segment_new(s, sp);
    if (!seg || myna_buf_puts(&seg->text, text) != MYNA_OK) {
        myna_s_speech_interrupt(s, sp);
        return seg ? MYNA_ELIMIT : MYNA_ENOMEM;
    }
    seg->text_ended = true;
    myna_s_speech_created(s, sp, true, "say");
    if (id)
        memcpy(id, sp->id, MYNA_ID_SIZE);
    return myna_s_speech_schedule(s, sp, 5);
}

enum myna_err myna_session_say(struct myna_session *s, const char *text, int allow_interruptions,
                               bool add_to_history, char *id)
{
    enum myna_err err;

    if (!open_for_speech(s))
        return MYNA_ESTATE;
    myna_s_command(s, S_CMD_SAY, (uint32_t)allow_interruptions, add_to_history, text, NULL);
    err = say(s, text, allow_interruptions, add_to_history, id);
    myna_s_leave(s);
    return err;
}

static enum myna_err reply(struct myna_session *s, const struct myna_reply_options *opt,
                           const struct ear *by, char *id)
{
    struct speech *sp;

    if (!s->llm)
        return MYNA_ESTATE;
    sp = myna_s_speech_new(s, SPEECH_REPLY, opt->allow_interruptions);
    if (!sp)
        return MYNA_ENOMEM;
    sp->tool_choice = opt->tool_choice;
    if (opt->user_input)
        sp->user_item = myna_s_item_message(s, MYNA_ROLE_USER, opt->user_input);
    myna_s_item_by(sp->user_item, by);
    if (opt->instructions)
        sp->instructions = strdup(opt->instructions);
    if ((opt->user_input && !sp->user_item) || (opt->instructions && !sp->instructions)) {
        myna_s_speech_interrupt(s, sp);
        return MYNA_ENOMEM;
    }
    if (opt->user_input)
        myna_s_filler_arm(s, sp);
    myna_s_speech_created(s, sp, true, "generate_reply");
    if (id)
        memcpy(id, sp->id, MYNA_ID_SIZE);
    return myna_s_speech_schedule(s, sp, 5);
}

enum myna_err myna_session_generate_reply(struct myna_session *s,
                                          const struct myna_reply_options *opt, char *id)
{
    static const struct myna_reply_options plain = {.allow_interruptions = -1};
    enum myna_err err;

    if (!opt)
        opt = &plain;
    if (!open_for_speech(s))
        return MYNA_ESTATE;
    myna_s_command(s, S_CMD_REPLY, (uint32_t)opt->allow_interruptions, opt->tool_choice,
                   opt->user_input, opt->instructions);
    err = reply(s, opt, NULL, id);
    myna_s_leave(s);
    return err;
}

enum myna_err myna_session_text(struct myna_session *s, const char *text)
{
    struct myna_reply_options how = {.allow_interruptions = -1, .user_input = text};
    enum myna_err err;

    if (!open_for_speech(s))
        return MYNA_ESTATE;
    err = myna_session_interrupt(s, true);
    return err ? err : myna_session_generate_reply(s, &how, NULL);
}

/* One input, unlike the host's: the words carry who typed them. */
enum myna_err myna_s_typed(struct myna_session *s, uint32_t who, const char *text)
{
    struct myna_reply_options how = {.allow_interruptions = -1, .user_input = text};
    enum myna_err err;

    if (!open_for_speech(s))
        return MYNA_ESTATE;
    myna_s_command(s, S_CMD_TYPED, who, 0, text, NULL);
    err = myna_s_interrupt_all(s, true);
    if (!err)
        err = reply(s, &how, myna_s_ear_of(s, who), NULL);
    s->dirty = true;
    myna_s_leave(s);
    return err;
}

enum myna_err myna_session_interrupt(struct myna_session *s, bool force)
{
    enum myna_err err;

    if (!s->started || s->closing.told)
        return MYNA_ESTATE;
    myna_s_command(s, S_CMD_INTERRUPT, force, 0, NULL, NULL);
    err = myna_s_interrupt_all(s, force);
    s->dirty = true;
    myna_s_leave(s);
    return err;
}

/* What is cut short is in the history by now. */
enum myna_err myna_session_forget(struct myna_session *s)
{
    enum myna_err err = open_for_speech(s) ? myna_session_interrupt(s, true) : MYNA_ESTATE;

    if (!err)
        myna_s_forget(s);
    return err;
}

void myna_s_forget(struct myna_session *s)
{
    char id[sizeof s->agent_id];

    myna_s_command(s, S_CMD_FORGET, 0, 0, NULL, NULL);
    s->forgotten = s->n_items;
    snprintf(id, sizeof id, "%.32s-%zu", s->id, s->forgotten);
    memcpy(s->agent_id, id, sizeof id);
    s->dirty = true;
    myna_s_leave(s);
}

void myna_session_commit_user_turn(struct myna_session *s)
{
    if (!open_for_speech(s))
        return;
    myna_s_command(s, S_CMD_COMMIT, 0, 0, NULL, NULL);
    myna_s_ears_commit(s);
    myna_s_leave(s);
}

void myna_session_clear_user_turn(struct myna_session *s)
{
    if (!open_for_speech(s))
        return;
    myna_s_command(s, S_CMD_CLEAR, 0, 0, NULL, NULL);
    myna_s_ears_clear(s);
    myna_s_leave(s);
}

void myna_session_shutdown(struct myna_session *s, bool drain, const char *reason)
{
    if (!s->started || s->closing.told)
        return;
    myna_s_command(s, S_CMD_SHUTDOWN, drain, 0, reason, NULL);
    myna_s_close(s, drain, reason, NULL);
    myna_s_leave(s);
}

/* ---- questions */

const char *myna_session_id(const struct myna_session *s)
{
    return s->id;
}

const char *myna_session_record_dir(const struct myna_session *s)
{
    return s->kept_record_dir;
}

enum myna_agent_state myna_session_agent_state(const struct myna_session *s)
{
    return s->agent_state;
}

enum myna_user_state myna_session_user_state(const struct myna_session *s)
{
    return s->user_state;
}

void myna_session_levels(const struct myna_session *s, float *in_dbfs, float *out_dbfs)
{
    *in_dbfs = s->in_dbfs;
    *out_dbfs = s->out_dbfs;
}

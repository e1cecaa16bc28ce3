/* commands.c - the host's calls on a session: say, reply, interrupt, typed text, shutdown,
 * questions. */
#include "session/internal.h"
#include "session/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void command(struct myna_session *s, enum s_command what, uint32_t a, uint32_t b,
                    const char *text, const char *more, const char *third)
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
    if (third)
        myna_buf_str_opt(&buf, third);
    v = myna_buf_view(&buf);
    myna_tap_put(s->tap, MYNA_IN_COMMAND, 0, &v, 1);
    myna_buf_fini(&buf);
}

void myna_s_command(struct myna_session *s, enum s_command what, uint32_t a, uint32_t b,
                    const char *text, const char *more)
{
    command(s, what, a, b, text, more, NULL);
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

/* A host's older options end before it. */
static const char *by_of(const struct myna_reply_options *opt)
{
    bool there = opt->size >= offsetof(struct myna_reply_options, by) + sizeof opt->by;

    return there ? opt->by : NULL;
}

/* by: the words are theirs; else `identity`'s, who is not heard; both NULL: the host's. */
static enum myna_err reply(struct myna_session *s, const struct myna_reply_options *opt,
                           const struct ear *by, const char *identity, char *id)
{
    const char *who = by_of(opt);
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
    if (!by)
        myna_s_item_of(sp->user_item, identity);
    if (by || who)
        myna_s_pictures_take(s, by ? by->identity : who, sp->user_item);
    myna_s_speech_by(s, sp, by ? myna_s_person_of(s, by) : myna_s_person(s, who));
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
    command(s, S_CMD_REPLY, (uint32_t)opt->allow_interruptions, opt->tool_choice, opt->user_input,
            opt->instructions, by_of(opt));
    err = reply(s, opt, NULL, NULL, id);
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

/* One input, unlike the host's: the words carry who typed them. `identity`: of who is not heard. */
enum myna_err myna_s_typed(struct myna_session *s, uint32_t who, const char *identity,
                           const char *text)
{
    struct myna_reply_options how = {
        .size = sizeof how, .allow_interruptions = -1, .user_input = text, .by = identity};
    const struct ear *by = identity ? NULL : myna_s_ear_of(s, who);
    enum myna_err err = MYNA_OK;

    if (!open_for_speech(s))
        return MYNA_ESTATE;
    myna_s_command(s, S_CMD_TYPED, who, 0, text, identity);
    if (!myna_s_queue_typed(s, by, identity, text)) {
        err = myna_s_interrupt_all(s, true);
        if (!err)
            err = reply(s, &how, by, identity, NULL);
    }
    s->dirty = true;
    myna_s_leave(s);
    return err;
}

enum myna_err myna_session_text_of(struct myna_session *s, const char *identity, const char *text)
{
    return myna_s_typed(s, 0, identity ? identity : "", text);
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

enum myna_err myna_session_voice(struct myna_session *s, bool on)
{
    if (!open_for_speech(s))
        return MYNA_ESTATE;
    if (s->unspoken != !on) {
        myna_s_command(s, S_CMD_VOICE, on, 0, NULL, NULL);
        s->unspoken = !on;
        myna_s_leave(s);
    }
    return MYNA_OK;
}

enum myna_err myna_session_forget_of(struct myna_session *s, const char *identity)
{
    bool own = identity && *identity && s->conf.own_history;
    enum myna_err err = open_for_speech(s) ? MYNA_OK : MYNA_ESTATE;

    if (!err && !own)
        err = myna_session_interrupt(s, true);
    if (!err)
        myna_s_forget(s, own ? identity : NULL);
    return err;
}

enum myna_err myna_session_forget(struct myna_session *s)
{
    return myna_session_forget_of(s, NULL);
}

void myna_session_commit_turn_of(struct myna_session *s, const char *identity)
{
    if (!open_for_speech(s))
        return;
    myna_s_command(s, S_CMD_COMMIT, 0, 0, identity, NULL);
    myna_s_ears_commit(s, identity);
    myna_s_leave(s);
}

void myna_session_clear_turn_of(struct myna_session *s, const char *identity)
{
    if (!open_for_speech(s))
        return;
    myna_s_command(s, S_CMD_CLEAR, 0, 0, identity, NULL);
    myna_s_ears_clear(s, identity);
    myna_s_leave(s);
}

void myna_session_commit_user_turn(struct myna_session *s)
{
    myna_session_commit_turn_of(s, NULL);
}

void myna_session_clear_user_turn(struct myna_session *s)
{
    myna_session_clear_turn_of(s, NULL);
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

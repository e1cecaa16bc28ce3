/* stay_requests.c - what clients ask the gateway for: words, a new conversation, silence, a voice,
 * what they offer (voice-gateway 7). Each message is one order, of somebody who may give it.
 */
#include "gateway/stay_inside.h"

#include <string.h>

#include "gateway/control.h"
#include "gateway/log.h"
#include "gateway/slash.h"

/* ---- muted, anew */

/* In compat one mutes all. */
static void mute(struct myna_gw_stay *st, const char *identity, bool on)
{
    const char *whose = st->clients.everybody ? NULL : identity;

    myna_gw_clients_mute(&st->clients, identity, on);
    if (on && myna_gw_story_hears(&st->story, whose))
        myna_session_commit_turn_of(st->session, whose); /* what was said until here counts */
}

/* A new conversation, theirs or the room's; tools stay registered. */
static void begin_anew(struct myna_gw_stay *st, const char *identity)
{
    const char *whose = st->opt.conf->shared_room_session ? NULL : identity;

    myna_gw_tools_reset(st->tools, whose);
    myna_gw_stay_rearm(st);
    if (myna_session_forget_of(st->session, whose))
        myna_gw_log(st->host, MYNA_LOG_WARN, "no new conversation: the talk is ending");
}

/* ---- aloud or in writing (voice-gateway 4.4, 16.3) */

bool myna_gw_stay_speaks(const struct myna_gw_stay *st)
{
    return st->opt.memory->voice != MYNA_GW_VOICE_OFF;
}

static bool speaks_to_typed(const struct myna_gw_stay *st)
{
    int how = st->opt.conf->speak_typed_replies;

    if (st->opt.memory->voice != MYNA_GW_VOICE_ON)
        return st->opt.memory->voice == MYNA_GW_VOICE_ALL;
    return how == MYNA_GW_ON || (how == MYNA_GW_AUTO && st->opt.conf->mode == MYNA_GW_NATIVE);
}

static void voice_is(struct myna_gw_stay *st)
{
    static const char *const words[] = {
        [MYNA_GW_VOICE_ON] = "Voice is on: what is said is answered aloud.",
        [MYNA_GW_VOICE_OFF] = "Voice is off: I answer in writing alone.",
        [MYNA_GW_VOICE_ALL] = "Voice is on: everything is answered aloud.",
    };

    myna_gw_wire_words(&st->wire, words[st->opt.memory->voice]);
}

static void set_voice(struct myna_gw_stay *st, enum myna_gw_voice voice)
{
    st->opt.memory->voice = voice;
    myna_gw_memory_save(st->opt.memory);
    (void)myna_session_voice(st->session, myna_gw_stay_speaks(st));
    if (!myna_gw_stay_speaks(st))
        (void)!myna_session_interrupt(st->session, true); /* what is being said, too */
    voice_is(st);
}

/* The reply begins inside this call: whether it is spoken is asked at its beginning. */
static void ask(struct myna_gw_stay *st, const char *identity, const char *text)
{
    uint32_t who = myna_lk_door_who(st->door, identity);

    (void)myna_session_voice(st->session, speaks_to_typed(st));
    myna_gw_story_typed(&st->story, identity, text);
    if (who) /* their words carry their name */
        myna_transport_text_in(st->door, who, text);
    else if (myna_session_text_of(st->session, identity, text))
        myna_gw_log(st->host, MYNA_LOG_WARN, "a typed message was not taken: the talk is ending");
    (void)myna_session_voice(st->session, myna_gw_stay_speaks(st));
}

static void typed(struct myna_gw_stay *st, const char *identity, const char *text)
{
    switch (myna_gw_slash_of(text)) {
    case MYNA_GW_SLASH_NONE:
        ask(st, identity, text);
        break;
    case MYNA_GW_SLASH_NEW:
        begin_anew(st, identity);
        break;
    case MYNA_GW_SLASH_HELP:
        myna_gw_wire_words(&st->wire, myna_gw_slash_help);
        break;
    case MYNA_GW_SLASH_VOICE:
        voice_is(st);
        break;
    case MYNA_GW_SLASH_VOICE_ON:
        set_voice(st, MYNA_GW_VOICE_ON);
        break;
    case MYNA_GW_SLASH_VOICE_OFF:
        set_voice(st, MYNA_GW_VOICE_OFF);
        break;
    case MYNA_GW_SLASH_VOICE_ALL:
        set_voice(st, MYNA_GW_VOICE_ALL);
        break;
    }
}

/* `sender` is "" for what the server sent; tools need an owner. */
static void obey(struct myna_gw_stay *st, const struct myna_gw_control *c, const char *sender)
{
    const char *identity = *sender ? sender : "client";

    switch (c->order) {
    case MYNA_GW_MESSAGE:
        typed(st, identity, c->text);
        break;
    case MYNA_GW_PAUSE:
        mute(st, identity, true);
        break;
    case MYNA_GW_RESUME:
        mute(st, identity, false);
        break;
    case MYNA_GW_END_OF_TURN:
        myna_session_commit_turn_of(st->session, *sender ? sender : NULL);
        break;
    case MYNA_GW_INTERRUPT:
        if (myna_session_interrupt(st->session, true))
            myna_gw_log(st->host, MYNA_LOG_DEBUG, "nothing to interrupt");
        break;
    case MYNA_GW_BROKEN:
        myna_gw_log(st->host, MYNA_LOG_WARN, "a control message is no JSON and is passed over");
        break;
    case MYNA_GW_TOOL_REGISTER:
        myna_gw_tools_register(st->tools, sender, c->body);
        break;
    case MYNA_GW_TOOL_UNREGISTER:
        myna_gw_tools_unregister(st->tools, sender, c->body);
        break;
    case MYNA_GW_TOOL_RESULT:
        myna_gw_tools_result(st->tools, sender, c->body);
        myna_gw_stay_rearm(st);
        break;
    case MYNA_GW_CAPTURE:
        myna_gw_camera_capture(st->camera, identity);
        break;
    case MYNA_GW_NOTHING:
        myna_gw_log(st->host, MYNA_LOG_DEBUG, "a control message is passed over");
        break;
    }
}

/* With the check behind the recogniser (voice-gateway 4.3) a stranger may do what the reference
 * lets everybody do, and is never answered. */
static void obey_stranger(struct myna_gw_stay *st, const struct myna_gw_control *c,
                          const char *sender)
{
    if (c->order == MYNA_GW_MESSAGE)
        myna_gw_story_refused(&st->story, *sender ? sender : "client", c->text, true);
    else if (c->order != MYNA_GW_END_OF_TURN && c->order != MYNA_GW_INTERRUPT)
        obey(st, c, sender);
}

bool myna_gw_stay_on_data(void *arg, const struct myna_lk_person *from, const char *identity,
                          const char *topic, struct myna_view body)
{
    struct myna_gw_stay *st = arg;
    struct myna_gw_control c;
    bool stranger;

    (void)from;
    if (strcmp(topic, MYNA_GW_CONTROL) != 0 || st->over || !st->session)
        return false;
    stranger = !myna_gw_stay_allowed(st, *identity ? identity : "client");
    if (stranger && st->opt.conf->require_authorized_before_stt) {
        if (myna_gw_clients_stranger(&st->clients, identity, myna_host_now(st->host)))
            myna_gw_log(st->host, MYNA_LOG_INFO,
                        "messages of somebody who is not allowed are passed over");
        return true;
    }
    myna_gw_control_read(&c, body, st->opt.conf->mode == MYNA_GW_COMPAT);
    if (stranger)
        obey_stranger(st, &c, identity);
    else
        obey(st, &c, identity);
    myna_gw_control_fini(&c);
    return true;
}

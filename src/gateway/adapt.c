/* adapt.c - see adapt.h. */
#include "gateway/adapt.h"

#include <stdio.h>
#include <string.h>

#include "gateway/silence.h"

static enum myna_err unless_set(struct myna_config *cfg, const char *key, const char *value,
                                struct myna_why *why)
{
    return myna_config_is_default(cfg, key) ? myna_config_set(cfg, key, value, "the gateway", why)
                                            : MYNA_OK;
}

static enum myna_err unless_set_ms(struct myna_config *cfg, const char *key, myna_us time,
                                   struct myna_why *why)
{
    char ms[24];

    snprintf(ms, sizeof ms, "%lld", (long long)(time / MYNA_MS));
    return unless_set(cfg, key, ms, why);
}

enum { PREROLL_MS = 500, NOTICED_MS = 50, LEAST_SPEECH_MS = 200 };

/* What session.preroll takes. */
#define PREROLL_LEAST (20 * MYNA_MS)
#define PREROLL_MOST  (5 * MYNA_S)
#define TURNS_WAIT    "8" /* voice-gateway 4.1 */

/* What is shorter is noise: by a network's word another time than by loudness (voice-gateway 3.3).
 * Nobody who asks for barge-in waits so long for the agent's silence. */
static myna_us least_speech(const struct myna_config *cfg, const struct myna_gw_options *c)
{
    if (!myna_config_is_default(cfg, "gateway.min_speech_duration"))
        return (myna_us)(c->min_speech_duration * (double)MYNA_S);
    return (c->barge_in == MYNA_GW_ON ? NOTICED_MS : LEAST_SPEECH_MS) * MYNA_MS;
}

/* VAD rms has the gateway's times of itself; these are those of Myna's other ones. How long their
 * silence is has its own good reasons as long as nobody asks for another. */
static enum myna_err times_of_vad(struct myna_config *cfg, const struct myna_gw_options *c,
                                  struct myna_why *why)
{
    static const char *const vads[] = {"silero", "energy"};
    const char *vad = myna_config_get(cfg, "vad.provider");
    enum myna_err err = MYNA_OK;
    char key[64];

    for (size_t i = 0; vad && i < sizeof vads / sizeof *vads && !err; i++) {
        if (strcmp(vad, vads[i]) != 0)
            continue;
        snprintf(key, sizeof key, "vad.%s.min_speech_ms", vads[i]);
        err = unless_set_ms(cfg, key, least_speech(cfg, c), why);
        if (err || myna_config_is_default(cfg, "gateway.silence_duration"))
            continue;
        snprintf(key, sizeof key, "vad.%s.min_silence_ms", vads[i]);
        err = unless_set_ms(cfg, key, (myna_us)(c->silence_duration * (double)MYNA_S), why);
    }
    return err;
}

/* The recogniser's sound begins so long before the VAD says that speech began, which takes a while
 * itself. The reference's buffer has that one tick and nothing before it. */
static myna_us preroll_of(const struct myna_config *cfg, const struct myna_gw_options *c)
{
    const char *vad = myna_config_get(cfg, "vad.provider");
    myna_us noticed = vad && !strcmp(vad, "rms") ? MYNA_GW_TICK : least_speech(cfg, c);

    if (c->preroll_ms < 0 && c->mode == MYNA_GW_COMPAT)
        return MYNA_GW_TICK;
    noticed += (c->preroll_ms < 0 ? PREROLL_MS : c->preroll_ms) * MYNA_MS;
    if (noticed > PREROLL_MOST)
        return PREROLL_MOST;
    return noticed < PREROLL_LEAST ? PREROLL_LEAST : noticed;
}

/* The first sound of a voice stops the agent, from its first answer on (voice-gateway case 25). */
static enum myna_err barging_in(struct myna_config *cfg, const struct myna_gw_options *c,
                                struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    if (c->barge_in == MYNA_GW_ON) {
        err = unless_set(cfg, "turn.min_interruption", "0", why);
        if (!err)
            err = unless_set(cfg, "session.aec_warmup", "null", why);
    }
    return err;
}

/* An utterance ends by our limit, not by the recogniser's. */
static enum myna_err hearing(struct myna_config *cfg, const struct myna_gw_options *c,
                             struct myna_why *why)
{
    myna_us most = c->max_utterance_ms * MYNA_MS;
    enum myna_err err = unless_set_ms(cfg, "session.preroll", preroll_of(cfg, c), why);

    if (!err && most >= 2 * MYNA_S && most <= 300 * MYNA_S) /* what the key takes */
        err = unless_set_ms(cfg, "stt.openai.max_utterance", most, why);
    return err;
}

/* It goes into a header. A colon of the room's own is written as %3A: who stands behind it would
 * else have the memory of somebody in another room. */
static void memory_of_room(char *into, size_t size, const char *room)
{
    size_t n = (size_t)snprintf(into, size, "voice:");

    for (const char *p = room ? room : ""; *p && n + 4 < size; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == ':' || c == '%')
            n += (size_t)snprintf(into + n, size - n, "%%%02X", c);
        else
            n += (size_t)snprintf(into + n, size - n, "%c", c < 0x20 || c == 0x7f ? '_' : *p);
    }
}

/* The room, or each person in it, is one memory, which outlives its conversations; the agent is
 * told that it is a voice (voice-gateway 16.1, 16.2). */
static enum myna_err memory(struct myna_config *cfg, const struct myna_gw_options *c,
                            struct myna_why *why)
{
    char key[250];
    enum myna_err err = MYNA_OK;

    if (!c->shared_room_session && myna_config_is_default(cfg, "llm.hermes.session_key"))
        err = unless_set(cfg, "llm.hermes.session_key_from", "person", why);
    if (err)
        return err;
    memory_of_room(key, sizeof key, myna_config_get(cfg, "transport.livekit.room"));
    err = unless_set(cfg, "llm.hermes.session_key", key, why);
    return err ? err
               : unless_set(cfg, "llm.openclaw.headers", "x-openclaw-message-channel: voice", why);
}

static const char voice_hint[] =
    "This is a live voice conversation over WebRTC; what you answer is read aloud. Be short and "
    "conversational. Use no markdown, no long lists, no code blocks, no links and no media tags.";

/* What a gateway does otherwise than a call. Nobody is greeted: a client that asks once would take
 * the first words for its answer. */
enum myna_err myna_gw_adapt(struct myna_config *cfg, const struct myna_gw_options *c,
                            struct myna_why *why)
{
    const char *room = myna_config_get(cfg, "transport.livekit.room");
    enum myna_err err = MYNA_OK;

    if (myna_gw_log_level(c->log_level))
        err = unless_set(cfg, "log.level", myna_gw_log_level(c->log_level), why);
    if (!err && (!room || !*room))
        err = myna_config_set(cfg, "transport.livekit.room", "hermes", "the gateway", why);
    if (!err)
        err = unless_set(cfg, "agent.greet", "false", why);
    if (!err)
        err = unless_set(cfg, "agent.name", c->agent_name, why);
    if (!err)
        err = unless_set(cfg, "agent.instructions", voice_hint, why);
    if (!err && c->mode == MYNA_GW_COMPAT) { /* its silence is the whole wait */
        err = unless_set(cfg, "vad.provider", "rms", why);
        if (!err)
            err = unless_set(cfg, "turn.min_delay", "0", why);
    }
    if (!err)
        err = myna_config_set(cfg, "session.own_history", c->shared_room_session ? "false" : "true",
                              "the gateway", why);
    /* Everybody is answered, one after the other. With one conversation the reference's last
     * speaker is answered with all in sight; with several nobody else would see what they said. */
    if (!err && (c->mode == MYNA_GW_NATIVE || !c->shared_room_session))
        err = unless_set(cfg, "turn.queue", TURNS_WAIT, why);
    if (!err && !c->require_authorized_before_stt) /* the agent hears no stranger */
        err = myna_config_set(cfg, "turn.preemptive_generation", "false", "the gateway", why);
    if (!err) /* a key that is refused, say, drives nobody out of the room */
        err = unless_set(cfg, "session.max_unrecoverable_errors", "1000", why);
    /* …who hear of it once (voice-gateway 16.3), unless another sentence, or none, was wanted */
    if (!err && myna_config_is_default(cfg, "session.error_sentence"))
        err = unless_set(cfg, "session.refused_sentence", "The agent is not reachable.", why);
    if (!err) /* ours is the one that counts; the session's stands behind it */
        err = unless_set_ms(cfg, "session.tool_timeout",
                            myna_gw_tool_timeout(c->tool_timeout).time + 5 * MYNA_S, why);
    if (!err)
        err = times_of_vad(cfg, c, why);
    if (!err)
        err = barging_in(cfg, c, why);
    if (!err)
        err = hearing(cfg, c, why);
    if (!err)
        err = memory(cfg, c, why);
    if (!err)
        err = unless_set(cfg, "text.transforms",
                         c->mode == MYNA_GW_COMPAT ? "spoken_keep" : "spoken, emoji, numbers", why);
    return err;
}

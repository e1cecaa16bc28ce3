/* session.h - one conversation.
 *
 * Made on a runtime with a transport and an agent; from start to its `close` event it listens,
 * decides whose turn it is, asks the agent and speaks. Rules: agent-session 1 and 2.
 *
 * Lifecycle: create → start → … → (shutdown | transport closes | error) → event `close` → destroy.
 * Thread: the runtime's. Calls return at once; what they cause is told by events.
 */
#ifndef MYNA_SESSION_H
#define MYNA_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/agent.h>
#include <myna/event.h>
#include <myna/message.h>
#include <myna/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_session;

/* Asked before a reply is generated (agent-session 1.7 step 5). `text` is borrowed. Return true
 * when decided at once; false to decide later by myna_session_turn_decided() with the same `turn`.
 */
enum myna_turn_verdict { MYNA_TURN_REPLY, MYNA_TURN_STOP };

/* A call of one of the agent's tools; borrowed, only for the time of on_tool(). */
struct myna_tool_call {
    size_t size;         /* sizeof(struct myna_tool_call): lets the struct grow */
    const char *call_id; /* unique in the session */
    const char *name;
    const char *arguments; /* a JSON object that has what the tool's schema requires */
    const char *by; /* identity of whose words are answered by it; NULL: nobody's, not told */
};

struct myna_session_options {
    size_t size;                      /* sizeof(struct myna_session_options) */
    const struct myna_agent *agent;   /* borrowed, copied; NULL: from the configuration */
    struct myna_transport *transport; /* taken; NULL: made from configuration `transport.provider`;
                                         a session without one: name "none" */
    const char *transport_name;       /* class to make when transport is NULL */
    const char *record_dir;           /* NULL: as configured (`record.dir`); "" : no recording */
    const char *session_id;           /* NULL: made from the seed */
    void (*on_event)(void *arg, struct myna_session *s, const struct myna_event *ev);
    bool (*on_user_turn)(void *arg, struct myna_session *s, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict); /* NULL: always reply */
    void *arg;
    /* The agent calls a tool (agent-session 1.11). False: there is no such tool. Answer by
     * myna_session_tool_result(), from here or at any later time. NULL: no tools. Asked as well for
     * a tool that the host took back a moment ago, of which it may say more than "unknown". */
    bool (*on_tool)(void *arg, struct myna_session *s, const struct myna_tool_call *call);
    bool tells_errors; /* on_event shows each MYNA_EV_ERROR to a person: the log has it as info */
    /* Somebody calls a method of the program's (message.h). False: there is none of that name.
     * Answer by myna_session_method_result(), from here or at any later time. NULL: no methods. */
    bool (*on_method)(void *arg, struct myna_session *s, const struct myna_method_call *call);
};

MYNA_API MYNA_MUST enum myna_err myna_session_create(struct myna_runtime *rt,
                                                     const struct myna_session_options *opt,
                                                     struct myna_session **out,
                                                     struct myna_why *why);
/* Opens the stages, starts the transport, greets. On failure the session can only be destroyed. */
MYNA_API MYNA_MUST enum myna_err myna_session_start(struct myna_session *s, struct myna_why *why);
MYNA_API void myna_session_destroy(struct myna_session *s); /* NULL is fine; no events */

/* One reply. Defaults when NULL: no input, no extra instructions, the session's own rule. */
struct myna_reply_options {
    size_t size;
    const char *user_input;   /* added to the history as a user message first */
    const char *instructions; /* for this reply alone */
    int allow_interruptions;  /* -1: session's default, 0, 1 */
    enum myna_tool_choice tool_choice;
    const char
        *by; /* identity of who said user_input: what they showed goes with it; NULL nobody */
};
/* The id (speech_…) of what was queued is written into `id` (24 bytes with its '\0'); NULL is fine.
 */
#define MYNA_ID_SIZE 24
MYNA_API MYNA_MUST enum myna_err myna_session_say(struct myna_session *s, const char *text,
                                                  int allow_interruptions, bool add_to_history,
                                                  char *id);
MYNA_API MYNA_MUST enum myna_err
myna_session_generate_reply(struct myna_session *s, const struct myna_reply_options *opt, char *id);
/* Typed input: interrupts, then replies (agent-session 6.6). */
MYNA_API MYNA_MUST enum myna_err myna_session_text(struct myna_session *s, const char *text);
/* The same by somebody whom the transport does not hear (its own people type by
 * myna_transport_text_in()). Where turns wait (turn.queue), it waits while somebody else is
 * answered, and cuts only what answers themselves. */
MYNA_API MYNA_MUST enum myna_err myna_session_text_of(struct myna_session *s, const char *identity,
                                                      const char *text);
/* Somebody shows a picture (JPEG, PNG; at most 4 MiB, copied): it goes with their next words,
 * spoken or typed, to an agent that can see. Four of a person wait, the oldest gives way.
 * `identity` is as the transport told it, or reply_options.by says it; image NULL: theirs that wait
 * are forgotten. MYNA_EINVAL: no picture, or too large; MYNA_ESTATE: the call is ending. */
MYNA_API MYNA_MUST enum myna_err myna_session_show(struct myna_session *s, const char *identity,
                                                   const struct myna_image *image);
/* Stops current and queued speech. MYNA_ESTATE when a current speech may not be interrupted and
 * force is false. */
MYNA_API MYNA_MUST enum myna_err myna_session_interrupt(struct myna_session *s, bool force);
/* Whose turn it is, for on_user_turn(); NULL: the door does not say, or there is no such turn. */
MYNA_API const char *myna_session_turn_identity(const struct myna_session *s, uint32_t turn);
MYNA_API void myna_session_turn_decided(struct myna_session *s, uint32_t turn,
                                        enum myna_turn_verdict verdict);
/* What a tool answered; NULL as a whole: nothing, and no reply. At most 64 KiB of output. */
struct myna_tool_result {
    size_t size;        /* sizeof(struct myna_tool_result) */
    const char *output; /* JSON or plain text for the model; NULL: "" */
    bool is_error;      /* the output is what went wrong; NULL: "An internal error occurred" */
    bool no_reply;      /* the agent says nothing about it, unless another tool's result asks so */
    bool stop;          /* nor is there an output: the call stays out of the agent's sight */
};
/* MYNA_ESTATE: nobody waits for this call any more (answered, too late, interrupted). */
MYNA_API enum myna_err myna_session_tool_result(struct myna_session *s, const char *call_id,
                                                const struct myna_tool_result *r);
/* The host's own tools from now on, instead of those of the agent and of any call before; the agent
 * sees them with its next answer. Copied. MYNA_EINVAL: a tool of the configuration has that name;
 * MYNA_ECONFIG: a name or a schema is none, or comes twice; MYNA_ELIMIT: too many; MYNA_ESTATE: the
 * call is over. Nothing has changed then. A server of the configuration whose list comes later
 * takes its names: the host's tool is gone, and an `error` of stage `tool` (MYNA_EINVAL,
 * recoverable) names it as `provider`. */
MYNA_API MYNA_MUST enum myna_err myna_session_tools(struct myna_session *s,
                                                    const struct myna_tool_def *tools, size_t n,
                                                    struct myna_why *why);
/* Are answers that begin from now on spoken? Otherwise their text alone is told, as it comes, and
 * the agent is not `speaking`. They are at first; MYNA_ESTATE: the call does not run. */
MYNA_API enum myna_err myna_session_voice(struct myna_session *s, bool on);
/* A new conversation in the same call: what runs is interrupted, and the agent is no longer shown
 * what was said until now, the cut answer included. The history keeps it, turns that wait for the
 * host too; those are not answered. What somebody is still saying goes on into the new one. */
MYNA_API MYNA_MUST enum myna_err myna_session_forget(struct myna_session *s);
/* The same for the conversation of one person, where each has their own (session.own_history): what
 * others are answered goes on. Else, and for NULL: everybody's. */
MYNA_API MYNA_MUST enum myna_err myna_session_forget_of(struct myna_session *s,
                                                        const char *identity);
/* The conversation goes to another agent of the configuration (`agents.NAME`), once no tool runs;
 * it speaks next. MYNA_ENOENT: there is none of that name. */
MYNA_API MYNA_MUST enum myna_err myna_session_handoff(struct myna_session *s, const char *agent);
/* From now on the agent talks with this one of the people in the room and hears no other, at once
 * or as soon as they come; NULL: with the next one who comes (agent-session 6.2). What was said
 * until now is a turn, and the call goes on meanwhile. Events that tell who left by it may come
 * before it returns; where they lead to another such call, that one counts. MYNA_ESTATE: the
 * transport has one person, or somebody else decides (the gateway). */
MYNA_API MYNA_MUST enum myna_err myna_session_set_participant(struct myna_session *s,
                                                              const char *identity);
/* Manual turn detection (agent-session 1.6): what was said is a turn now, or counts for nothing. */
MYNA_API void myna_session_commit_user_turn(struct myna_session *s);
MYNA_API void myna_session_clear_user_turn(struct myna_session *s);
/* The same for one person of several, by the identity that the transport told; the others' words
 * are left alone. NULL: everybody. Nobody of that identity: nothing happens. */
MYNA_API void myna_session_commit_turn_of(struct myna_session *s, const char *identity);
MYNA_API void myna_session_clear_turn_of(struct myna_session *s, const char *identity);
/* Ends the call: drain lets queued speech be heard first. Event `close` follows. */
MYNA_API void myna_session_shutdown(struct myna_session *s, bool drain, const char *reason);

MYNA_API const char *myna_session_id(const struct myna_session *s);
/* Directory of the recording, NULL when not recorded. */
MYNA_API const char *myna_session_record_dir(const struct myna_session *s);
MYNA_API enum myna_agent_state myna_session_agent_state(const struct myna_session *s);
MYNA_API enum myna_user_state myna_session_user_state(const struct myna_session *s);
/* History in order; borrowed until the next call that can change the session. */
MYNA_API const struct myna_item *myna_session_history(const struct myna_session *s, size_t *n);
/* Level of the person's and the agent's sound in dBFS (-96 = silence), for meters. */
MYNA_API void myna_session_levels(const struct myna_session *s, float *in_dbfs, float *out_dbfs);

#ifdef __cplusplus
}
#endif
#endif

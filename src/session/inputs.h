/* inputs.h - a part of internal.h, which includes it: what can change a session from outside, and
 * so what a recording holds of it and a replay repeats.
 *
 * The numbers are written to files. Commands and reports of the door are inputs of their own; what
 * a stage tells, and frames, are written by its port (recorder/).
 */
#ifndef MYNA_SESSION_INPUTS_H
#define MYNA_SESSION_INPUTS_H

struct myna_session;

void myna_s_enter(struct myna_session *s);
void myna_s_leave(struct myna_session *s);
void myna_session_tick(struct myna_session *s); /* its deadline passed */

/* ---- session.c, commands.c: calls of the host */
enum s_command {
    S_CMD_SAY = 1, /* a: allow_interruptions, b: add_to_history; text */
    /* a: allow_interruptions, b: tool choice; text: input, more: instructions; perhaps a third: by
     */
    S_CMD_REPLY = 2,
    S_CMD_SHOW = 19,      /* a, b: size; text: whose, more: type, bytes, CRC-32; NULL: forgotten */
    S_CMD_INTERRUPT = 3,  /* a: force */
    S_CMD_COMMIT = 4,     /* text: whose turn; NULL: everybody's */
    S_CMD_CLEAR = 5,      /* the same */
    S_CMD_SHUTDOWN = 6,   /* a: drain; text: reason */
    S_CMD_DECIDED = 7,    /* a: turn, b: stop */
    S_CMD_TOOL_CALL = 8,  /* a: number of the call; the host is asked */
    S_CMD_TOOL_TAKEN = 9, /* a: number, b: it has such a tool */
    S_CMD_TOOL_RESULT = 10, /* a: S_TOOL_…; text: call id, more: output */
    S_CMD_END_CALL = 11,    /* a: say farewell */
    S_CMD_TOOLS = 12,       /* text: the tools that are offered from now on, as JSON */
    S_CMD_HANDOFF = 13,     /* a: whose words led to it; text: the agent, more: its tools as JSON */
    S_CMD_TYPED = 14,  /* a: who; text: typed by them; more: their identity, of who is not heard */
    S_CMD_FORGET = 15, /* text: whose conversation; NULL: everybody's */
    /* text: the entry, more: what happened to its server */
    S_CMD_TOOL_TROUBLE = 16,
    S_CMD_VOICE = 17,         /* a: answers are spoken from now on */
    S_CMD_TOOL_RESERVED = 18, /* text: the host's tool, more: the entry that has its name now */
};
enum { S_TOOL_ERROR = 1, S_TOOL_NO_REPLY = 2, S_TOOL_STOP = 4 };
/* Begins like an input, is written to the tap; leave ends it. */
void myna_s_command(struct myna_session *s, enum s_command what, uint32_t a, uint32_t b,
                    const char *text, const char *more);
enum myna_err myna_s_typed(struct myna_session *s, uint32_t who, const char *identity,
                           const char *text);

/* What a replay needs: a session on given objects and tap, no recorder. */
struct myna_s_parts {
    struct myna_vad *vad;
    struct myna_stt *stt;
    struct myna_llm *llm;
    struct myna_tts *tts;
    struct myna_tap *tap;
    uint64_t seed; /* of ids */
    bool given;
};
enum myna_err myna_s_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                            const struct myna_s_parts *parts, struct myna_session **out,
                            struct myna_why *why);

/* ---- door.c */
enum s_door_in { /* first byte of MYNA_IN_TRANSPORT; written to files: only append */
                 S_DOOR_JOINED = 1,
                 S_DOOR_LEFT = 2,
                 S_DOOR_HEARD = 3,
                 S_DOOR_FINISHED = 4,
                 S_DOOR_DATA = 5,
                 S_DOOR_ATTRIBUTE = 6,
                 S_DOOR_DTMF = 7,
                 S_DOOR_CLOSED = 8,
                 S_DOOR_FAULT = 9,
                 S_DOOR_REWIND = 10,
};
enum { MYNA_S_DATA_KEPT = 4096 }; /* bytes of a message that recording and report have */
/* body.ptr NULL: a replay of a long one. */
void myna_s_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                    struct myna_view body, uint32_t crc);
void myna_s_attribute_in(struct myna_transport *t, uint32_t who, const char *key, const char *value,
                         size_t len);

#endif

/* remote_tools.h - functions that people in the room offer and the agent calls (voice-gateway 9).
 *
 * A client registers a tool; the agent sees it from its next turn on; a call goes to the owner
 * alone and ends by the owner's word, by time, or because somebody is gone: always with one result
 * for the agent. What clients send is read with suspicion and bounded.
 *
 * Pure but for the wire and the two calls of `host`; the owner brings the clock. No call back into
 * this module from inside those two.
 */
#ifndef MYNA_GATEWAY_REMOTE_TOOLS_H
#define MYNA_GATEWAY_REMOTE_TOOLS_H

#include <stdbool.h>

#include <jansson.h>

#include <myna/provider.h>

#include "gateway/options.h"
#include "gateway/wire.h"

enum {
    MYNA_GW_TOOLS_OF_ONE = 32,
    MYNA_GW_CALLS_OF_ONE = 8,
    MYNA_GW_TOOLS = 96, /* of all; a session takes 128 with its own */
    MYNA_GW_GONE = 32,  /* whose owner left, remembered */
    MYNA_GW_TOOL_NAME = 64,
    MYNA_GW_TOOL_DESCRIPTION = 1024,
    MYNA_GW_TOOL_SCHEMA = 8192,
    MYNA_GW_TOOL_BODY = 14000, /* bytes of arguments, of a result */
};

struct myna_gw_tools_host {
    /* The agent may call these from now on. MYNA_EINVAL: one has the name of a tool that is not the
     * room's; else `why` says what is wrong. On failure nothing has changed. */
    enum myna_err (*offer)(void *arg, const struct myna_tool_def *tools, size_t n,
                           struct myna_why *why);
    void (*result)(void *arg, const char *session_call, const char *output, bool is_error);
};

struct myna_gw_tools;

struct myna_gw_tools *myna_gw_tools_create(const struct myna_gw_options *conf, myna_us timeout,
                                           const struct myna_gw_wire *wire,
                                           const struct myna_gw_tools_host *host, void *arg);
void myna_gw_tools_destroy(struct myna_gw_tools *t); /* tells nothing; NULL is fine */

/* client:tool-register, -unregister, -result. `identity` "" is nobody. */
void myna_gw_tools_register(struct myna_gw_tools *t, const char *identity, const json_t *body);
void myna_gw_tools_unregister(struct myna_gw_tools *t, const char *identity, const json_t *body);
void myna_gw_tools_result(struct myna_gw_tools *t, const char *identity, const json_t *body);

/* The agent calls. False: nobody here offers that, nor did anybody who has left since: such a call
 * fails with the names of both. `chance`: any number, for the call's id. `by`:
 * whose words led to it; NULL: nobody's. */
bool myna_gw_tools_call(struct myna_gw_tools *t, myna_us now, uint64_t chance,
                        const char *session_call, const char *name, const char *arguments,
                        const char *by);
/* The session has ended that call by itself (interrupted). */
void myna_gw_tools_cancelled(struct myna_gw_tools *t, const char *session_call);
void myna_gw_tools_left(struct myna_gw_tools *t, const char *identity);
/* A new conversation, of that person or (NULL) of all: its running calls end. */
void myna_gw_tools_reset(struct myna_gw_tools *t, const char *by);
/* The configuration has that name now: its owner is told, as if they registered it only now. */
void myna_gw_tools_reserved(struct myna_gw_tools *t, const char *name);
void myna_gw_tools_clear(struct myna_gw_tools *t); /* we left, or came anew: all is forgotten */

myna_us myna_gw_tools_deadline(const struct myna_gw_tools *t); /* MYNA_NEVER: none */
void myna_gw_tools_expire(struct myna_gw_tools *t, myna_us now);

#endif

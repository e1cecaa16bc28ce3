/* llm.h - one request to the agent as the session holds it: numbered, tapped, cancelled by close().
 *
 * Text arrives here in pieces that may cut a UTF-8 character; the port hands on whole characters
 * only (the rest waits for the next piece; a broken one becomes U+FFFD).
 *
 * Owned by the session, loop thread.
 */
#ifndef MYNA_LLM_LLM_H
#define MYNA_LLM_LLM_H

#include <myna/provider.h>

#include "util/tap.h"

struct myna_llm_port;

struct myna_llm_port_options {
    struct myna_llm *llm;
    const struct myna_llm_request *request; /* borrowed for open() */
    struct myna_tap *tap;
    uint32_t id;
    void (*event)(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev);
    void *arg;
};

enum myna_err myna_llm_port_open(const struct myna_llm_port_options *opt,
                                 struct myna_llm_port **out);
void myna_llm_port_close(struct myna_llm_port *port); /* NULL is fine; cancels */
uint32_t myna_llm_port_id(const struct myna_llm_port *port);

struct myna_buf;
enum myna_err myna_llm_event_pack(struct myna_buf *into, const struct myna_llm_event *ev);
enum myna_err myna_llm_event_unpack(struct myna_view from, struct myna_llm_event *ev);
/* The request as JSON text (history, instructions, tools): for the tap. Caller frees. */
char *myna_llm_request_json(const struct myna_llm_request *req);

#endif

/* toolbox.h - the tools that the configuration names: HTTP endpoints, commands, MCP servers,
 * and the end of the call.
 *
 * One toolbox per runtime. It reads the entries `tools.NAME`, refuses what is wrong with the line
 * of the configuration, offers what there is as a list of definitions, and runs a call: any number
 * side by side, each with its limits, each cancelled at any moment. What an MCP server offers may
 * change while it runs; whoever watches is told.
 *
 * An outcome is told from the loop, never from inside myna_toolbox_call(). Loop thread.
 */
#ifndef MYNA_TOOLS_TOOLBOX_H
#define MYNA_TOOLS_TOOLBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/host.h>
#include <myna/provider.h>

struct myna_toolbox;
struct myna_tool_job;

extern const struct myna_section myna_tools_section; /* "tools.*" */

/* MYNA_ECONFIG: `why` names the line. The configuration must outlive it. */
MYNA_MUST enum myna_err myna_toolbox_create(struct myna_host *host, const struct myna_config *cfg,
                                            struct myna_toolbox **out, struct myna_why *why);
void myna_toolbox_destroy(struct myna_toolbox *box); /* NULL is fine; jobs end untold */
/* Each entry by itself, as create() would judge it; nothing is started or asked. `wrong`: the
 * sentence, NULL when all is well. */
void myna_toolbox_look(const struct myna_config *cfg,
                       void (*on_entry)(void *arg, const char *entry, const char *kind,
                                        const char *wrong),
                       void *arg);
/* Before that: servers that hold a session of ours are told that it is over. true: not all of them
 * have heard it; turn the loop and ask again. */
bool myna_toolbox_leave(struct myna_toolbox *box);

/* What is offered, in the order of the configuration. Borrowed until the next change. */
const struct myna_tool_def *myna_toolbox_tools(const struct myna_toolbox *box, size_t *n);
bool myna_toolbox_any(const struct myna_toolbox *box); /* there is an entry at all */
/* The entry that a tool belongs to ("weather"), for lists of an agent's tools. */
const char *myna_toolbox_entry(const struct myna_toolbox *box, size_t i);
/* Is there an entry of this name? An agent may name one whose tools are not known yet. */
bool myna_toolbox_has_entry(const struct myna_toolbox *box, const char *entry);

/* Told behind each change of the list, from the loop. Without anybody who watches the servers rest:
 * nothing of them keeps the loop running, nothing is started again. */
struct myna_toolbox_watch {
    void (*changed)(void *arg);
    /* A server has died or was sent away: `text` for a person, without keys. May be NULL. */
    void (*trouble)(void *arg, const char *entry, const char *text);
    void *arg;
    struct myna_toolbox_watch *next; /* the toolbox's */
};
void myna_toolbox_watch(struct myna_toolbox *box, struct myna_toolbox_watch *w);
void myna_toolbox_unwatch(struct myna_toolbox *box, struct myna_toolbox_watch *w);

struct myna_tool_outcome {
    const char *output; /* text for the model */
    bool is_error;
    bool end_call; /* nothing to say: the call is over */
};
struct myna_toolbox_call {
    const char *name, *arguments; /* a JSON object; borrowed */
    /* Once. The job is gone then. */
    void (*done)(void *arg, const struct myna_tool_outcome *how);
    void *arg;
};
/* NULL: there is no such tool, or no memory. */
struct myna_tool_job *myna_toolbox_call(struct myna_toolbox *box,
                                        const struct myna_toolbox_call *call);
/* Nothing is told any more; the request is closed, the program killed. NULL is fine. */
void myna_tool_job_cancel(struct myna_tool_job *job);

#endif

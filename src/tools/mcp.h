/* mcp.h - one MCP server: the protocol (mcp.c), the two wires (mcp_stdio.c, mcp_http.c), and the
 * tool kind that stands on it (mcp_tool.c).
 *
 * Revision 2026-07-28 has no handshake: each request says who asks. Revisions up to 2025-11-25
 * begin with `initialize`. Which of both a server speaks is found out by one `server/discover`.
 *
 *   DOWN ──open──► ASKING (discover, initialize, tools/list) ──► READY ──dies──► DOWN, later again
 *
 * A server is a stranger: lines, lists, pages and unasked messages are bounded; one that breaks a
 * bound is closed and opened again after a growing wait. Its tools stay on the list meanwhile, a
 * call of them fails with a sentence.
 */
#ifndef MYNA_TOOLS_MCP_H
#define MYNA_TOOLS_MCP_H

#include "tools/tool.h"
#include "util/deadline.h"

#define MCP_MODERN "2026-07-28"
#define MCP_LEGACY "2025-11-25"

enum {
    MCP_MESSAGE_MAX = 1 << 20, /* bytes */
    MCP_PAGES_MAX = 32,
    MCP_TOOLS_MAX = 128,
    MCP_UNASKED_MAX = 10000, /* messages in a row that nobody waits for */
    MCP_ASK_MS = 15000,      /* discover; then the server counts as one of the older kind */
    MCP_BEGIN_MS = 30000,    /* initialize, tools/list */
    MCP_FIRST_WAIT_MS = 1000,
    MCP_LAST_WAIT_MS = 60000,
};

enum mcp_state { MCP_DOWN, MCP_ASKING, MCP_READY };
enum mcp_era { MCP_UNKNOWN_ERA, MCP_MODERN_ERA, MCP_LEGACY_ERA };

struct mcp;

/* One request on its way; its answer, or what went wrong, is told once. */
struct mcp_request {
    struct mcp_request *next;
    struct mcp *mcp;
    int64_t id;
    const char *method; /* a literal */
    struct myna_deadline *deadline;
    /* One of both; result may be any JSON. The request is gone behind it. */
    void (*answered)(struct mcp_request *rq, const json_t *result, const char *trouble);
    void *arg;
    void *wire; /* the wire's part of it */
};

struct mcp_wire {
    enum myna_err (*open)(struct mcp *m, struct myna_why *why);
    void (*close)(struct mcp *m); /* all of it, also when half open */
    /* `rq` NULL: a notification or an answer. `name` for the header of a tool call, or NULL. */
    enum myna_err (*send)(struct mcp *m, struct mcp_request *rq, const json_t *message);
    void (*forget)(struct mcp *m, struct mcp_request *rq); /* nobody waits for it */
    /* Listen, or no longer, to what it tells unasked apart from requests; may be NULL. */
    void (*listen)(struct mcp *m, bool on);
    bool (*leave)(struct mcp *m); /* as tool_kind's; may be NULL */
};
extern const struct mcp_wire myna_mcp_stdio, myna_mcp_http;

struct mcp {
    struct tool_source *src;
    const struct mcp_wire *wire;
    void *line; /* the wire's */
    enum mcp_state state;
    enum mcp_era era;
    char version[16]; /* that both speak */
    bool lists_change, has_tools;
    struct mcp_request *requests;
    int64_t ids;
    struct myna_timer again; /* DOWN: when it is opened */
    int failures;
    int unasked;
    /* the list on its way */
    json_t *list; /* of tools, page by page */
    int pages;
    bool list_running, list_stale, resting, dead;
};

/* ---- mcp.c, for the kind */
void myna_mcp_init(struct mcp *m, struct tool_source *src, const struct mcp_wire *wire);
MYNA_MUST enum myna_err myna_mcp_open(struct mcp *m, struct myna_why *why);
void myna_mcp_rest(struct mcp *m, bool resting);
void myna_mcp_fini(struct mcp *m);
/* params are taken. NULL: it could not be sent. */
struct mcp_request *myna_mcp_ask(struct mcp *m, const char *method, json_t *params, int timeout_ms,
                                 void (*answered)(struct mcp_request *rq, const json_t *result,
                                                  const char *trouble),
                                 void *arg);
void myna_mcp_cancel(struct mcp_request *rq); /* the server is told; nothing is told to us */

/* ---- mcp.c, for the wires */
/* A message came. `rq`: it came on the stream of this request, or NULL. The request may be gone
 * behind it. */
void myna_mcp_message(struct mcp *m, const json_t *message);
/* One request has come to nothing. */
void myna_mcp_trouble(struct mcp_request *rq, const char *trouble);
/* The server is gone, or no good: all requests fail, it is opened again later. */
void myna_mcp_broken(struct mcp *m, const char *fmt, ...) MYNA_PRINTF(2, 3);
/* It answered a modern question as only one of the older kind does. */
void myna_mcp_is_legacy(struct mcp *m, struct mcp_request *rq);

/* ---- mcp_tool.c */
/* The tools of a list, checked; what is wrong with one is logged and the tool left out. */
void myna_mcp_take_list(struct mcp *m, const json_t *tools);
/* The text of a tools/call result. false: no memory, or too long. */
bool myna_mcp_result_text(const json_t *result, struct myna_buf *into);

#endif

/* calls.h - the call log: who, when, how long, what was said, where the time went, what it cost.
 *
 * One SQLite file for all doors of a machine (`calls.file`). Writing: a door opens the log on its
 * runtime and hands it the events of its sessions; a worker thread writes them, and what happens to
 * the file never touches a call: a log that is locked, damaged, full or gone is said once, and the
 * call goes on. Reading: JSON, from any process, while others write.
 *
 * Thread: the runtime's, except myna_calls_json(), which may be called from any.
 */
#ifndef MYNA_CALLS_H
#define MYNA_CALLS_H

#include <stddef.h>

#include <myna/event.h>
#include <myna/runtime.h>
#include <myna/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_calls;

struct myna_call_info {
    size_t size;                 /* sizeof(struct myna_call_info) */
    const char *door;            /* "console", "ask", "phone", …; NULL: "" */
    const char *caller, *callee; /* NULL: nobody known */
    const char *id; /* what the log calls it; NULL: the session's id. One's own where ids come again
                     * with every run (virtual clock). */
    bool text_only; /* no recogniser and no voice take part */
};

/* *out is NULL with MYNA_OK when `calls.enabled` is false; all calls below take that. The file is
 * opened later, by the worker. `said` is told, on the runtime's thread, one sentence for each new
 * trouble; NULL: it goes to the log alone. */
MYNA_API MYNA_MUST enum myna_err myna_calls_open(struct myna_runtime *rt,
                                                 void (*said)(void *arg, const char *sentence),
                                                 void *arg, struct myna_calls **out,
                                                 struct myna_why *why);
/* Who calls, before the session's first event. Without it the call has no door. */
MYNA_API void myna_calls_begin(struct myna_calls *c, const struct myna_session *s,
                               const struct myna_call_info *info);
/* Each event of a session, as on_event() is told it. Returns at once. */
MYNA_API void myna_calls_event(struct myna_calls *c, const struct myna_session *s,
                               const struct myna_event *ev);
/* A session that could not be started after all: it has no call. */
MYNA_API void myna_calls_forget(struct myna_calls *c, const struct myna_session *s);
/* Writes what still waits (5 s at the most, then it is lost and said). Before the runtime is
 * destroyed. NULL is fine. */
MYNA_API void myna_calls_close(struct myna_calls *c);

/* The newest `limit` calls (0: 50), or with `id` (its beginning is enough when only one has it) one
 * call with everything. JSON text, the caller's to free(); shapes: docs/store.md. MYNA_ENOENT: no
 * such call. A log that was never written has no calls. */
MYNA_API MYNA_MUST enum myna_err myna_calls_json(const struct myna_config *cfg, const char *id,
                                                 size_t limit, char **out, struct myna_why *why);

/* Where the log is, whether it is there or not: the caller's to free; NULL with MYNA_OK when
 * `calls.enabled` is false. */
MYNA_API MYNA_MUST enum myna_err myna_calls_file(const struct myna_config *cfg, char **out,
                                                 struct myna_why *why);
/* What it costs in US dollars: what the provider said, else by the list prices of docs/store.md; 0
 * on one's own machine. NaN: not known. Any thread. */
MYNA_API double myna_usage_cost(const struct myna_usage *usage);

#ifdef __cplusplus
}
#endif
#endif

/* mcp_world.h - a toolbox with an MCP server, on the virtual clock: what was told, what was logged.
 * One at a time, in `w`.
 */
#ifndef TESTS_TOOLS_MCP_WORLD_H
#define TESTS_TOOLS_MCP_WORLD_H

#include "fake_http.h"

#include "tools/toolbox.h"
#include "util/host.h"
#include "util/http.h"
#include "util/log.h"
#include "util/process.h"

static struct {
    struct myna_host host;
    struct myna_config *cfg;
    struct myna_toolbox *box;
    struct myna_why why;
    struct myna_toolbox_watch watch;
    int changes, dones;
    bool is_error;
    char output[4000];
    char trouble[1000];
    char log[20000];
} w;

static void on_log(void *arg, enum myna_log_level level, const char *line)
{
    size_t n = strlen(w.log);

    (void)arg;
    (void)level;
    snprintf(w.log + n, sizeof w.log - n, "%s\n", line);
}

static void on_change(void *arg)
{
    (void)arg;
    w.changes++;
}

static void on_trouble(void *arg, const char *entry, const char *text)
{
    (void)arg;
    snprintf(w.trouble, sizeof w.trouble, "%s: %s", entry, text);
}

static void on_done(void *arg, const struct myna_tool_outcome *how)
{
    (void)arg;
    w.dones++;
    w.is_error = how->is_error;
    snprintf(w.output, sizeof w.output, "%s", how->output);
}

static inline void world_open(void)
{
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};
    struct myna_log_options log = {.level = MYNA_LOG_INFO, .write = on_log};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    w.host.log = myna_log_create(&log);
    w.cfg = myna_config_create();
    CHECK(w.host.loop && w.host.log && w.cfg);
}

/* A toolbox out of this file. */
static inline enum myna_err world_box(const char *yaml)
{
    if (myna_config_parse(w.cfg, "t.yaml", yaml, strlen(yaml), &w.why))
        check_fail(__FILE__, __LINE__, "%s", w.why.text);
    return myna_toolbox_create(&w.host, w.cfg, &w.box, &w.why);
}

static inline void world_watch(void)
{
    w.watch.changed = on_change;
    w.watch.trouble = on_trouble;
    myna_toolbox_watch(w.box, &w.watch);
}

static inline void world_close(void)
{
    myna_toolbox_destroy(w.box);
    myna_process_end_all(&w.host);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
    myna_log_destroy(w.host.log);
    myna_config_destroy(w.cfg);
}

static inline struct myna_tool_job *start(const char *name, const char *arguments)
{
    struct myna_toolbox_call call = {.name = name, .arguments = arguments, .done = on_done};

    w.dones = 0;
    return myna_toolbox_call(w.box, &call);
}

#endif

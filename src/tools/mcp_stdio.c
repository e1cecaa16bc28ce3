/* mcp_stdio.c - an MCP server as a program of ours: a line of JSON each way. */
#include "tools/mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"
#include "util/process.h"
#include "util/json_dump.h"
#include "util/json_load.h"

enum { GRACE_MS = 2000, STRAY_MAX = 1000 };

struct stdio_line {
    struct myna_process *process;
    struct myna_buf in;
    int stray; /* lines that are no message */
};

static void stdio_close(struct mcp *m)
{
    struct stdio_line *l = m->line;

    m->line = NULL;
    if (!l)
        return;
    myna_process_end(l->process, GRACE_MS);
    myna_buf_fini(&l->in);
    free(l);
}

/* One line. false: the line is gone. */
static bool take_line(struct mcp *m, const char *text, size_t len)
{
    struct stdio_line *l = m->line;
    json_t *msg;

    while (len && strchr(" \t\r", text[len - 1]))
        len--;
    if (!len)
        return true;
    msg = myna_json_loadb(text, len, 0, NULL);
    if (!json_is_object(msg)) {
        json_decref(msg);
        if (++l->stray <= STRAY_MAX) /* servers print what they should not */
            return true;
        myna_mcp_broken(m, "what it prints is not the protocol");
        return false;
    }
    myna_mcp_message(m, msg);
    json_decref(msg);
    return m->line == l;
}

static void on_out(void *arg, struct myna_process *p, struct myna_view bytes)
{
    struct mcp *m = arg;
    struct stdio_line *l = m->line;
    size_t done = 0;
    uint8_t *end;

    (void)p;
    if (myna_buf_put(&l->in, bytes.ptr, bytes.len)) {
        myna_mcp_broken(m, "it sent a line of more than %d bytes", MCP_MESSAGE_MAX);
        return;
    }
    while (done < l->in.len && (end = memchr(l->in.ptr + done, '\n', l->in.len - done))) {
        size_t len = (size_t)(end - (l->in.ptr + done)), at = done;

        done += len + 1;
        if (!take_line(m, (const char *)l->in.ptr + at, len))
            return;
    }
    myna_buf_drop(&l->in, done);
}

static void on_exit_of(void *arg, struct myna_process *p, int status)
{
    struct mcp *m = arg;
    char said[256];

    snprintf(said, sizeof said, "%s", myna_process_said(p));
    myna_mcp_broken(m, "it has ended with exit code %d%s%s", status, said[0] ? ": " : "", said);
}

static enum myna_err stdio_open(struct mcp *m, struct myna_why *why)
{
    struct tool_source *src = m->src;
    struct stdio_line *l = calloc(1, sizeof *l);
    struct myna_process_start how = {.argv = src->conf.command,
                                     .env = (const char *const *)src->env,
                                     .dir = src->conf.dir,
                                     .background = true,
                                     .out = on_out,
                                     .exited = on_exit_of,
                                     .arg = m};
    enum myna_err err;

    if (!l)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the server");
    m->line = l;
    myna_buf_init(&l->in, MCP_MESSAGE_MAX);
    err = myna_process_start(src->host, &how, &l->process, why);
    if (err)
        stdio_close(m);
    return err;
}

static enum myna_err stdio_send(struct mcp *m, struct mcp_request *rq, const json_t *message)
{
    struct stdio_line *l = m->line;
    char *text = l ? myna_json_dump(message, JSON_COMPACT) : NULL; /* compact: on one line */
    enum myna_err err = text ? myna_process_write(l->process, myna_view_of(text)) : MYNA_ENOMEM;

    (void)rq;
    if (!err)
        err = myna_process_write(l->process, myna_view_of("\n"));
    free(text);
    return err;
}

static void stdio_forget(struct mcp *m, struct mcp_request *rq)
{
    (void)m;
    (void)rq;
}

const struct mcp_wire myna_mcp_stdio = {
    .open = stdio_open, .close = stdio_close, .send = stdio_send, .forget = stdio_forget};

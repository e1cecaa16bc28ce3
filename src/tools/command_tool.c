/* command_tool.c - a tool that is a program: started anew for each call, by its argument vector.
 *
 * It gets the arguments as one JSON object on its standard input, and those that its vector has as
 * {name}. An argument cannot become an option: where it begins a word, it may not begin with '-'
 * unless a "--" stands before it. What it prints is the answer; another exit code than 0 is an
 * error, told with the last line of its standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/tool.h"
#include "util/deadline.h"
#include "util/host.h"
#include "util/log.h"
#include "util/process.h"
#include "util/utf8.h"

enum { MAX_WORDS = 64, GRACE_MS = 0 };

struct run {
    struct myna_tool_job base;
    struct myna_process *process;
    struct myna_deadline *deadline;
    struct myna_buf answer;
};

enum myna_err myna_tool_program(const struct tool_source *src, struct myna_why *why)
{
    const char *program = src->conf.command[0], *dir = src->conf.dir;
    struct myna_why what = {0};
    struct stat st;

    if (dir && (stat(dir, &st) || !S_ISDIR(st.st_mode)))
        return myna_tool_refuse(src, "dir", why, "names %.200s, which is no directory", dir);
    if (myna_process_look(program, dir, &what))
        return myna_tool_refuse(src, "command", why, "names %.100s, which %s", program, what.text);
    return MYNA_OK;
}

static enum myna_err command_create(struct tool_source *src, const json_t *schema,
                                    struct myna_why *why)
{
    enum myna_err err = myna_tool_read_env(src, why);
    size_t n, len;

    if (!err && (!src->conf.command[0][0] || myna_tool_placeholder(src->conf.command[0], &len)))
        return myna_tool_refuse(src, "command", why,
                                "must begin with the program itself, not an argument");
    for (n = 0; !err && src->conf.command[n]; n++)
        err = n < MAX_WORDS
                  ? myna_tool_placeholders_known(src, "command", src->conf.command[n], schema, why)
                  : myna_tool_refuse(src, "command", why, "has more than %d words", MAX_WORDS);
    if (!err)
        err = myna_tool_program(src, why);
    if (!err && !myna_tool_offer(src, src->name, src->conf.description, src->conf.parameters))
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    return err;
}

/* ---- one run */

static void forget(struct run *r)
{
    myna_process_end(r->process, GRACE_MS);
    r->process = NULL;
    myna_deadline_cancel(r->deadline);
    r->deadline = NULL;
    myna_buf_fini(&r->answer);
}

static void command_stop(struct myna_tool_job *job)
{
    forget((struct run *)job);
}

static void too_late(void *arg)
{
    struct run *r = arg;

    r->deadline = NULL;
    forget(r);
    myna_tool_job_fail(&r->base, "did not answer within %d ms", r->base.src->conf.timeout_ms);
}

static void on_out(void *arg, struct myna_process *p, struct myna_view bytes)
{
    struct run *r = arg;

    (void)p;
    if (myna_buf_put(&r->answer, bytes.ptr, bytes.len) == MYNA_OK)
        return;
    forget(r);
    myna_tool_job_fail(&r->base, "answered with more than %d bytes", r->base.src->conf.max_output);
}

static void on_exit_of(void *arg, struct myna_process *p, int status)
{
    struct run *r = arg;
    struct myna_buf answer = r->answer;
    struct myna_view text;
    char said[256];

    snprintf(said, sizeof said, "%s", myna_process_said(p));
    myna_buf_init(&r->answer, 1);
    forget(r);
    text = myna_buf_view(&answer);
    while (text.len && strchr("\r\n", text.ptr[text.len - 1]))
        text.len--;
    if (status) {
        myna_log_line(r->base.src->host->log, MYNA_LOG_WARN, "a tool failed tool=%s exit=%d",
                      r->base.src->name, status);
        myna_tool_job_fail(&r->base, "ended with exit code %d%s%s", status, said[0] ? ": " : "",
                           said);
    } else if (myna_utf8_span(text.ptr, text.len) != text.len) {
        myna_tool_job_fail(&r->base, "answered with what is not text");
    } else {
        myna_tool_job_done(&r->base, text, false);
    }
    myna_buf_fini(&answer);
}

/* One word of the vector, arguments in their places. NULL with `complaint` NULL: it is left out,
 * since the argument that it consists of was not given. */
static char *word(const char *template, const json_t *args, bool options_over,
                  const char **complaint)
{
    const char *at = template, *name;
    bool only, missing = false;
    struct myna_buf b;
    size_t len;

    myna_buf_init(&b, 64 << 10);
    while ((name = myna_tool_placeholder(at, &len))) {
        char *value;

        (void)!myna_buf_put(&b, at, (size_t)(name - 1 - at));
        if (!myna_tool_argument(args, name, len, &value))
            b.err = MYNA_ENOMEM;
        only = name == template + 1 && !name[len + 1];
        missing = only && !value;
        if (value && !b.len && value[0] == '-' && !options_over)
            *complaint = "must not begin with -";
        (void)!myna_buf_puts(&b, value ? value : "");
        free(value);
        at = name + len + 1;
    }
    (void)!myna_buf_puts(&b, at);
    if (b.err)
        *complaint = "is too long";
    at = missing || *complaint ? NULL : myna_buf_take(&b);
    if (!at && !missing && !*complaint)
        *complaint = "is too long";
    myna_buf_fini(&b);
    return (char *)(uintptr_t)at;
}

static enum myna_err launch(struct run *r, const json_t *args, const char *arguments,
                            const char **complaint, struct myna_why *why)
{
    struct tool_source *src = r->base.src;
    char *argv[MAX_WORDS + 1] = {0};
    struct myna_process_start how = {.argv = (const char *const *)argv,
                                     .env = (const char *const *)src->env,
                                     .dir = src->conf.dir,
                                     .out = on_out,
                                     .exited = on_exit_of,
                                     .arg = r};
    bool options_over = false;
    enum myna_err err = MYNA_OK;
    size_t n = 0;

    for (size_t i = 0; src->conf.command[i] && !*complaint; i++) {
        argv[n] = word(src->conf.command[i], args, options_over, complaint);
        n += argv[n] != NULL;
        options_over = options_over || !strcmp(src->conf.command[i], "--");
    }
    if (!*complaint)
        err = myna_process_start(src->host, &how, &r->process, why);
    for (size_t i = 0; i < n; i++)
        free(argv[i]);
    if (err || *complaint)
        return err;
    err = myna_process_write(r->process, myna_view_of(arguments));
    myna_process_close_input(r->process);
    return err;
}

static struct myna_tool_job *command_start(struct tool_source *src, const struct tool_offer *offer,
                                           json_t *args, const char *arguments)
{
    struct run *r = calloc(1, sizeof *r);
    const char *complaint = NULL;
    struct myna_why why = {0};

    (void)offer;
    if (!r)
        return NULL;
    myna_tool_job_init(&r->base, src);
    r->base.tool = src->name;
    myna_buf_init(&r->answer, (size_t)src->conf.max_output);
    if (launch(r, args, arguments, &complaint, &why)) {
        myna_log_line(src->host->log, MYNA_LOG_ERROR, "a tool failed tool=%s error=\"%s\"",
                      src->name, why.text);
        forget(r);
        myna_tool_job_fail_later(&r->base, "could not be started");
    } else if (complaint) {
        myna_tool_job_fail_later(&r->base, "cannot be called so: an argument %s", complaint);
    } else {
        r->deadline = myna_deadline_start(src->host, src->conf.timeout_ms, too_late, r);
        if (!r->deadline) {
            forget(r);
            myna_tool_job_fail_later(&r->base, "could not be started");
        }
    }
    return &r->base;
}

const struct tool_kind myna_tool_command = {
    .name = "command", .create = command_create, .start = command_start, .stop = command_stop};

/* toolbox.c - reads the entries, keeps the list of what is offered, and hands out jobs. */
#include "tools/toolbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schema.h"
#include "tools/tool.h"
#include "util/host.h"
#include "util/json_load.h"
#include "util/log.h"
#include "util/utf8.h"

enum { MAX_TOOLS = 128, MAX_NAME = 64 };

struct myna_toolbox {
    struct myna_host *host; /* NULL: its entries are only looked at */
    const struct myna_config *cfg;
    struct tool_source *sources, **end;
    struct myna_tool_def defs[MAX_TOOLS]; /* texts are the offers' */
    struct {
        struct tool_source *src;
        size_t offer;
    } whose[MAX_TOOLS];
    size_t n;
    struct myna_toolbox_watch *watches;
    bool resting; /* nobody watches any more */
    struct myna_tool_job *jobs;
};

/* ---- words */

enum myna_err myna_tool_refuse(const struct tool_source *src, const char *key, struct myna_why *why,
                               const char *fmt, ...)
{
    char path[160], text[400];
    const char *origin;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(path, sizeof path, "tools.%s%s%s", src->name, key ? "." : "", key ? key : "");
    origin = key ? myna_config_origin(src->box->cfg, path) : NULL;
    if (!origin || !strcmp(origin, "default"))
        origin = src->origin;
    return myna_fail(why, MYNA_ECONFIG, "%s: %s %s", origin, path, text);
}

/* ---- offers */

static void free_offer(struct tool_offer *o)
{
    free(o->name);
    free(o->shown);
    free(o->description);
    free(o->parameters);
}

void myna_tool_offers_clear(struct tool_source *src)
{
    for (size_t i = 0; i < src->n_offers; i++)
        free_offer(&src->offers[i]);
    free(src->offers);
    src->offers = NULL;
    src->n_offers = 0;
}

bool myna_tool_offer(struct tool_source *src, const char *name, const char *description,
                     const char *parameters)
{
    struct tool_offer *list = realloc(src->offers, (src->n_offers + 1) * sizeof *list), *o;

    if (!list)
        return false;
    src->offers = list;
    o = &list[src->n_offers];
    *o = (struct tool_offer){.name = strdup(name),
                             .description = description ? strdup(description) : NULL,
                             .parameters = parameters ? strdup(parameters) : NULL};
    if (!o->name || (description && !o->description) || (parameters && !o->parameters)) {
        free_offer(o);
        return false;
    }
    src->n_offers++;
    return true;
}

static bool is_taken(const struct myna_toolbox *box, const char *name)
{
    for (size_t i = 0; i < box->n; i++)
        if (!strcmp(box->defs[i].name, name))
            return true;
    return false;
}

/* A name that models take: letters, digits, _ and -, 64 at most; another source's name gets the
 * name of the entry before it. */
static char *shown_name(const struct myna_toolbox *box, const struct tool_source *src,
                        const char *name)
{
    char text[MAX_NAME + 1];
    size_t n = 0;

    for (; name[n] && n < MAX_NAME; n++)
        text[n] =
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", name[n])
                ? name[n]
                : '_';
    text[n] = '\0';
    if (is_taken(box, text)) {
        char longer[2 * MAX_NAME + 2];

        snprintf(longer, sizeof longer, "%s_%s", src->name, text);
        snprintf(text, sizeof text, "%.64s", longer);
    }
    return is_taken(box, text) || !text[0] ? NULL : strdup(text);
}

/* The list anew. Entries that are a tool themselves come before what servers offer, so that their
 * names are theirs. */
static void list_all(struct myna_toolbox *box)
{
    box->n = 0;
    for (int servers = 0; servers < 2; servers++)
        for (struct tool_source *src = box->sources; src; src = src->next)
            for (size_t i = 0; src->kind->server == (servers > 0) && i < src->n_offers; i++) {
                struct tool_offer *o = &src->offers[i];

                if (box->n == MAX_TOOLS) {
                    myna_log_line(box->host->log, MYNA_LOG_WARN,
                                  "more than %d tools: one is left out tool=%s entry=%s", MAX_TOOLS,
                                  o->name, src->name);
                    continue;
                }
                free(o->shown);
                o->shown = shown_name(box, src, o->name);
                if (!o->shown) {
                    myna_log_line(box->host->log, MYNA_LOG_WARN,
                                  "a tool without a name of its own is left out tool=%s entry=%s",
                                  o->name, src->name);
                    continue;
                }
                box->defs[box->n] = (struct myna_tool_def){o->shown, o->description, o->parameters};
                box->whose[box->n].src = src;
                box->whose[box->n++].offer = i;
            }
}

void myna_toolbox_changed(struct myna_toolbox *box)
{
    struct myna_toolbox_watch *next;

    for (struct myna_tool_job *job = box->jobs; job; job = job->next)
        job->tool = job->src->name; /* the list's text is gone */
    list_all(box);
    for (struct myna_toolbox_watch *w = box->watches; w; w = next) {
        next = w->next;
        w->changed(w->arg);
    }
}

bool myna_toolbox_trouble(struct tool_source *src, const char *text)
{
    bool told = false;
    struct myna_toolbox_watch *next;
    struct myna_buf b;

    myna_buf_init(&b, 4096);
    myna_tool_mask(&b, myna_view_of(text), &src->secrets);
    (void)!myna_buf_printf(&b, " (tools.%s, %s)", src->name, src->origin);
    for (struct myna_toolbox_watch *w = src->box->watches; w; w = next) {
        next = w->next;
        if (!w->trouble)
            continue;
        w->trouble(w->arg, src->name, myna_buf_str(&b));
        told = true;
    }
    myna_buf_fini(&b);
    return told;
}

bool myna_toolbox_leave(struct myna_toolbox *box)
{
    bool under_way = false;

    for (struct tool_source *src = box->sources; src; src = src->next)
        under_way = (src->kind->leave && src->kind->leave(src)) || under_way;
    return under_way;
}

const struct myna_tool_def *myna_toolbox_tools(const struct myna_toolbox *box, size_t *n)
{
    *n = box->n;
    return box->defs;
}

bool myna_toolbox_any(const struct myna_toolbox *box)
{
    return box->sources != NULL;
}

const char *myna_toolbox_entry(const struct myna_toolbox *box, size_t i)
{
    return box->whose[i].src->name;
}

bool myna_toolbox_has_entry(const struct myna_toolbox *box, const char *entry)
{
    for (const struct tool_source *src = box->sources; src; src = src->next)
        if (!strcmp(src->name, entry))
            return true;
    return false;
}

static void rest(struct myna_toolbox *box, bool resting)
{
    if (box->resting == resting)
        return;
    box->resting = resting;
    for (struct tool_source *src = box->sources; src; src = src->next)
        if (src->kind->rest)
            src->kind->rest(src, resting);
}

void myna_toolbox_watch(struct myna_toolbox *box, struct myna_toolbox_watch *w)
{
    w->next = box->watches;
    box->watches = w;
    rest(box, false);
}

void myna_toolbox_unwatch(struct myna_toolbox *box, struct myna_toolbox_watch *w)
{
    for (struct myna_toolbox_watch **p = &box->watches; *p; p = &(*p)->next)
        if (*p == w) {
            *p = w->next;
            rest(box, !box->watches);
            return;
        }
}

/* ---- jobs */

static void leave(struct myna_tool_job *job)
{
    for (struct myna_tool_job **p = &job->src->box->jobs; *p; p = &(*p)->next)
        if (*p == job) {
            *p = job->next;
            break;
        }
    myna_timer_clear(&job->timer);
}

static void free_job(struct myna_tool_job *job)
{
    free(job->early);
    free(job);
}

static void tell(struct myna_tool_job *job, const char *output, bool is_error, bool end_call)
{
    struct myna_tool_outcome how = {output, is_error, end_call};
    void (*done)(void *arg, const struct myna_tool_outcome *how) = job->done;
    void *arg = job->arg;

    leave(job);
    done(arg, &how);
}

static void tell_early(struct myna_timer *t)
{
    struct myna_tool_job *job = t->arg;

    job->kind->stop(job); /* nothing is under way, but it keeps what it was to ask with */
    tell(job, job->early ? job->early : "Error: no memory", job->early_error || !job->early,
         job->early_end);
    free_job(job);
}

void myna_tool_job_init(struct myna_tool_job *job, struct tool_source *src)
{
    job->src = src;
    job->kind = src->kind;
    myna_host_timer_init(src->host, &job->timer, tell_early, job);
}

void myna_tool_job_done(struct myna_tool_job *job, struct myna_view output, bool is_error)
{
    struct myna_buf b;

    myna_buf_init(&b, 2 * MYNA_TOOL_OUTPUT_MAX);
    myna_tool_mask(&b, output, &job->src->secrets);
    if (b.err)
        tell(job, "Error: no memory for the answer", true, false);
    else
        tell(job, myna_buf_str(&b), is_error, false);
    myna_buf_fini(&b);
    free_job(job);
}

MYNA_PRINTF(3, 0)
static void sentence(const struct myna_tool_job *job, struct myna_buf *b, const char *fmt,
                     va_list ap)
{
    char text[1200];
    int len = vsnprintf(text, sizeof text, fmt, ap);
    size_t n = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;

    myna_buf_init(b, 4096);
    (void)!myna_buf_printf(b, "Error: %s ", job->tool);
    for (size_t i = 0; i < n;) { /* strangers speak in it, and it may be cut */
        int step = myna_utf8_next((const uint8_t *)text + i, n - i);

        if (step == 0)
            break;
        (void)!(step > 0 ? myna_buf_put(b, text + i, (size_t)step) : myna_buf_putc(b, '?'));
        i += (size_t)(step > 0 ? step : -step);
    }
}

void myna_tool_job_fail(struct myna_tool_job *job, const char *fmt, ...)
{
    struct myna_buf b;
    va_list ap;

    va_start(ap, fmt);
    sentence(job, &b, fmt, ap);
    va_end(ap);
    myna_tool_job_done(job, myna_buf_view(&b), true);
    myna_buf_fini(&b);
}

static void later(struct myna_tool_job *job)
{
    /* No memory for a timer: the session's own limit ends the wait. */
    (void)!myna_timer_set(&job->timer, myna_host_now(job->src->host));
}

void myna_tool_job_fail_later(struct myna_tool_job *job, const char *fmt, ...)
{
    struct myna_buf b, masked;
    va_list ap;

    va_start(ap, fmt);
    sentence(job, &b, fmt, ap);
    va_end(ap);
    myna_buf_init(&masked, 8192);
    myna_tool_mask(&masked, myna_buf_view(&b), &job->src->secrets);
    job->early = masked.err ? NULL : myna_buf_take(&masked);
    job->early_error = true;
    myna_buf_fini(&masked);
    myna_buf_fini(&b);
    later(job);
}

struct myna_tool_job *myna_toolbox_call(struct myna_toolbox *box,
                                        const struct myna_toolbox_call *call)
{
    struct myna_tool_job *job = NULL;
    size_t i = 0;
    json_t *args;

    while (i < box->n && strcmp(box->defs[i].name, call->name))
        i++;
    args = i < box->n ? myna_json_loads(call->arguments, 0, NULL) : NULL;
    if (args) {
        struct tool_source *src = box->whose[i].src;

        job = src->kind->start(src, &src->offers[box->whose[i].offer], args, call->arguments);
    }
    json_decref(args);
    if (!job)
        return NULL;
    job->tool = box->defs[i].name;
    job->done = call->done;
    job->arg = call->arg;
    job->next = box->jobs;
    box->jobs = job;
    return job;
}

void myna_tool_job_cancel(struct myna_tool_job *job)
{
    if (!job)
        return;
    leave(job);
    job->kind->stop(job);
    free_job(job);
}

/* ---- the end of the call */

static enum myna_err end_call_create(struct tool_source *src, const json_t *schema,
                                     struct myna_why *why)
{
    (void)schema;
    if (src->conf.parameters)
        return myna_tool_refuse(src, "parameters", why, "is not for end_call, which has its own");
    return myna_tool_offer(src, src->name,
                           src->conf.description
                               ? src->conf.description
                               : "End the call. Use it when the conversation is over, after "
                                 "you have said goodbye.",
                           "{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\","
                           "\"description\":\"why the call ends\"}}}")
               ? MYNA_OK
               : myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
}

static struct myna_tool_job *end_call_start(struct tool_source *src, const struct tool_offer *offer,
                                            json_t *args, const char *arguments)
{
    struct myna_tool_job *job = calloc(1, sizeof *job);

    (void)offer;
    (void)args;
    (void)arguments;
    if (!job)
        return NULL;
    myna_tool_job_init(job, src);
    job->early = strdup("{\"status\":\"ending\"}");
    job->early_end = true;
    later(job);
    return job;
}

static void nothing_to_stop(struct myna_tool_job *job)
{
    (void)job;
}

const struct tool_kind myna_tool_end_call = {.name = "end_call",
                                             .create = end_call_create,
                                             .start = end_call_start,
                                             .stop = nothing_to_stop};

/* ---- making */

static enum myna_err kind_of(struct tool_source *src, struct myna_why *why)
{
    struct tool_conf *c = &src->conf;
    bool url = c->url && c->url[0], command = c->command[0] != NULL;
    const char *need = NULL;

    if (c->kind == TOOL_AUTO && url == command)
        return myna_tool_refuse(src, NULL, why,
                                url ? "has a url and a command: say which it is by kind"
                                    : "needs a url, a command or a kind");
    if (c->kind == TOOL_AUTO)
        c->kind = url ? TOOL_HTTP : TOOL_COMMAND;
    if (c->kind == TOOL_HTTP && !url)
        need = "needs a url";
    if (c->kind == TOOL_MCP && url == command)
        need = url ? "has a url and a command: an MCP server is one of them"
                   : "needs a url or a command for the MCP server";
    if (c->kind == TOOL_COMMAND && !command)
        need = "needs a command: the program and its arguments as a list";
    if (need)
        return myna_tool_refuse(src, NULL, why, "%s", need);
    src->kind = c->kind == TOOL_HTTP      ? &myna_tool_http
                : c->kind == TOOL_COMMAND ? &myna_tool_command
                : c->kind == TOOL_MCP     ? &myna_tool_mcp
                                          : &myna_tool_end_call;
    if (c->kind != TOOL_MCP && c->only[0])
        return myna_tool_refuse(src, "only", why, "is for MCP servers alone");
    if (c->kind == TOOL_MCP && (c->parameters || c->description))
        return myna_tool_refuse(src, c->parameters ? "parameters" : "description", why,
                                "is not for MCP servers, which bring their own");
    if (c->kind != TOOL_HTTP && c->method)
        return myna_tool_refuse(src, "method", why, "is for http tools alone");
    return MYNA_OK;
}

static enum myna_err read_schema(struct tool_source *src, json_t **out, struct myna_why *why)
{
    struct myna_why what = {0};
    json_error_t at;
    json_t *schema;

    *out = NULL;
    if (!src->conf.parameters)
        return MYNA_OK;
    schema = myna_json_loads(src->conf.parameters, 0, &at);
    if (!schema)
        return myna_tool_refuse(src, "parameters", why, "is not JSON: %s", at.text);
    if (myna_schema_check(schema, &what)) {
        json_decref(schema);
        return myna_tool_refuse(src, "parameters", why, "is not a JSON schema: %s", what.text);
    }
    *out = schema;
    return MYNA_OK;
}

static enum myna_err add_source(struct myna_toolbox *box, const struct myna_config_entry *entry,
                                struct myna_why *why)
{
    struct tool_source *src = calloc(1, sizeof *src);
    json_t *schema = NULL;
    enum myna_err err;

    if (!src)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", entry->name);
    *src = (struct tool_source){
        .box = box, .host = box->host, .name = entry->name, .origin = entry->origin};
    src->only_looked_at = !box->host;
    *box->end = src;
    box->end = &src->next;
    err = myna_config_read_entry(box->cfg, &myna_tools_section, entry->name, &src->conf, why);
    if (!err)
        err = kind_of(src, why);
    if (!err)
        err = read_schema(src, &schema, why);
    if (!err)
        err = src->kind->create(src, schema, why);
    json_decref(schema);
    return err;
}

enum myna_err myna_toolbox_create(struct myna_host *host, const struct myna_config *cfg,
                                  struct myna_toolbox **out, struct myna_why *why)
{
    struct myna_toolbox *box = calloc(1, sizeof *box);
    struct myna_config_entry entry;
    enum myna_err err = MYNA_OK;

    if (!box)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tools");
    box->host = host;
    box->cfg = cfg;
    box->end = &box->sources;
    for (size_t i = 0; !err && myna_config_entry(cfg, &myna_tools_section, i, &entry); i++)
        err = i < MAX_TOOLS
                  ? add_source(box, &entry, why)
                  : myna_fail(why, MYNA_ECONFIG, "%s: more than %d tools", entry.origin, MAX_TOOLS);
    if (err) {
        myna_toolbox_destroy(box);
        return err;
    }
    list_all(box);
    *out = box;
    return MYNA_OK;
}

void myna_toolbox_look(const struct myna_config *cfg,
                       void (*on_entry)(void *arg, const char *entry, const char *kind,
                                        const char *wrong),
                       void *arg)
{
    struct myna_config_entry entry;

    for (size_t i = 0; i < MAX_TOOLS && myna_config_entry(cfg, &myna_tools_section, i, &entry);
         i++) {
        struct myna_toolbox *box = calloc(1, sizeof *box);
        struct myna_why why = {0};

        if (!box)
            return;
        box->cfg = cfg;
        box->end = &box->sources;
        (void)!add_source(box, &entry, &why);
        on_entry(arg, entry.name,
                 box->sources && box->sources->kind ? box->sources->kind->name : "tool",
                 why.text[0] ? why.text : NULL);
        myna_toolbox_destroy(box);
    }
}

void myna_toolbox_destroy(struct myna_toolbox *box)
{
    struct tool_source *src;

    if (!box)
        return;
    while (box->jobs)
        myna_tool_job_cancel(box->jobs);
    while ((src = box->sources)) {
        box->sources = src->next;
        if (src->kind && src->kind->destroy)
            src->kind->destroy(src);
        myna_tool_offers_clear(src);
        myna_tool_texts_fini(src);
        free(src);
    }
    free(box);
}

/* mcp_tool.c - the tools of an MCP server: taken into the list, called, their results made text. */
#include "tools/mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/schema.h"
#include "util/host.h"
#include "util/log.h"
#include "util/json_dump.h"

struct mcp_job {
    struct myna_tool_job base;
    struct mcp_request *rq;
};

/* ---- the list */

static bool is_token(const char *text)
{
    size_t n = strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return n && n <= 128 && !text[n];
}

/* The rules of x-mcp-header: where it may stand, on what, and each name once. NULL: well. */
static const char *wrong_headers(const json_t *schema, bool reachable, json_t *seen, int depth)
{
    const char *key, *wrong = NULL;
    json_t *row;
    const json_t *mark = json_object_get(schema, "x-mcp-header");
    const char *type = json_string_value(json_object_get(schema, "type"));

    if (depth > 32)
        return "its schema is nested too deep";
    if (mark) {
        char name[132];
        const char *text = json_string_value(mark);

        if (!text || !is_token(text) || !reachable || depth == 0)
            return "x-mcp-header is not a name, or stands where it may not";
        if (!type || (strcmp(type, "string") != 0 && strcmp(type, "integer") != 0 &&
                      strcmp(type, "boolean") != 0))
            return "x-mcp-header stands on what is no string, integer or boolean";
        for (size_t i = 0; i <= strlen(text); i++)
            name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
        if (json_object_get(seen, name))
            return "x-mcp-header has one name twice";
        (void)json_object_set_new(seen, name, json_true());
    }
    if (json_is_object(schema))
        json_object_foreach((json_t *)(uintptr_t)schema, key, row)
        {
            bool properties = !strcmp(key, "properties") && json_is_object(row);
            const char *inner;
            json_t *part;
            size_t i;

            if (wrong || !strcmp(key, "enum") || !strcmp(key, "const") || !strcmp(key, "default") ||
                !strcmp(key, "examples"))
                continue;
            if (properties) {
                json_object_foreach(row, inner, part)
                {
                    wrong = wrong ? wrong : wrong_headers(part, reachable, seen, depth + 1);
                }
            } else if (json_is_array(row)) {
                json_array_foreach(row, i, part)
                {
                    wrong = wrong ? wrong : wrong_headers(part, false, seen, depth + 1);
                }
            } else if (json_is_object(row)) {
                wrong = wrong_headers(row, false, seen, depth + 1);
            }
        }
    return wrong;
}

static bool wanted(const struct tool_source *src, const char *name)
{
    if (!src->conf.only[0])
        return true;
    for (const char *const *p = src->conf.only; *p; p++)
        if (!strcmp(*p, name))
            return true;
    return false;
}

/* NULL: it was taken, or is not wanted. */
static const char *take(struct mcp *m, const json_t *tool, struct myna_why *why)
{
    const char *name = json_string_value(json_object_get(tool, "name")),
               *words = json_string_value(json_object_get(tool, "description")), *wrong;
    const json_t *schema = json_object_get(tool, "inputSchema");
    json_t *seen;
    char *text;
    bool good;

    if (!name || !name[0] || strlen(name) > 128)
        return "it has no name, or a very long one";
    if (!wanted(m->src, name))
        return NULL;
    if (myna_schema_check(schema, why))
        return why->text;
    seen = json_object();
    wrong = m->wire == &myna_mcp_http ? wrong_headers(schema, true, seen, 0) : NULL;
    json_decref(seen);
    if (wrong)
        return wrong;
    for (size_t i = 0; i < m->src->n_offers; i++)
        if (!strcmp(m->src->offers[i].name, name))
            return "its name is another one's too";
    text = myna_json_dump(schema, JSON_COMPACT);
    good = text && myna_tool_offer(m->src, name, words, text);
    free(text);
    return good ? NULL : "no memory";
}

void myna_mcp_take_list(struct mcp *m, const json_t *tools)
{
    const json_t *tool;
    size_t i;

    myna_tool_offers_clear(m->src);
    json_array_foreach(tools, i, tool)
    {
        struct myna_why why = {0};
        const char *name = json_string_value(json_object_get(tool, "name"));
        const char *wrong = m->src->n_offers < MCP_TOOLS_MAX ? take(m, tool, &why) : NULL;

        if (wrong)
            myna_log_line(m->src->host->log, MYNA_LOG_WARN,
                          "MCP server: a tool is left out: %s server=%s tool=%.64s", wrong,
                          m->src->name, name ? name : "");
    }
    myna_log_line(m->src->host->log, MYNA_LOG_INFO, "MCP server ready server=%s tools=%zu",
                  m->src->name, m->src->n_offers);
    myna_toolbox_changed(m->src->box);
}

/* ---- results */

static void put_block(struct myna_buf *b, const json_t *block)
{
    const char *type = json_string_value(json_object_get(block, "type"));
    const json_t *resource = json_object_get(block, "resource");
    const char *text = json_string_value(json_object_get(block, "text")),
               *kind = json_string_value(json_object_get(block, "mimeType")),
               *uri = json_string_value(json_object_get(block, "uri")),
               *name = json_string_value(json_object_get(block, "name"));

    if (!type)
        return;
    if (b->len)
        (void)!myna_buf_putc(b, '\n');
    if (!strcmp(type, "resource")) {
        text = json_string_value(json_object_get(resource, "text"));
        uri = json_string_value(json_object_get(resource, "uri"));
        kind = json_string_value(json_object_get(resource, "mimeType"));
    }
    if (text)
        (void)!myna_buf_puts(b, text);
    else
        (void)!myna_buf_printf(b, "[%s%s%s%s%s%s%s]", type, name ? " " : "", name ? name : "",
                               uri ? " " : "", uri ? uri : "", kind ? ", " : "", kind ? kind : "");
}

bool myna_mcp_result_text(const json_t *result, struct myna_buf *into)
{
    const json_t *content = json_object_get(result, "content"), *block,
                 *data = json_object_get(result, "structuredContent");
    size_t i;

    json_array_foreach(content, i, block)
    {
        put_block(into, block);
    }
    if (!into->len && data) {
        char *text = myna_json_dump(data, JSON_COMPACT | JSON_ENCODE_ANY);

        (void)!(text ? myna_buf_puts(into, text) : (into->err = MYNA_ENOMEM));
        free(text);
    }
    return !into->err;
}

static void on_called(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    struct mcp_job *job = rq->arg;
    const char *type = json_string_value(json_object_get(result, "resultType"));
    bool is_error = json_is_true(json_object_get(result, "isError"));
    struct myna_buf b;

    job->rq = NULL;
    if (trouble) {
        myna_tool_job_fail(&job->base, "%s", trouble);
        return;
    }
    if (type && strcmp(type, "complete") != 0) {
        myna_tool_job_fail(&job->base, "%s",
                           strcmp(type, "input_required")
                               ? "gave an answer of an unknown kind"
                               : "asks for something that only its own user can give");
        return;
    }
    myna_buf_init(&b, (size_t)job->base.src->conf.max_output);
    if (myna_mcp_result_text(result, &b))
        myna_tool_job_done(&job->base, myna_buf_view(&b), is_error);
    else
        myna_tool_job_fail(&job->base, "answered with more than %d bytes",
                           job->base.src->conf.max_output);
    myna_buf_fini(&b);
}

/* ---- the kind */

static enum myna_err mcp_create(struct tool_source *src, const json_t *schema, struct myna_why *why)
{
    bool http = src->conf.url && src->conf.url[0];
    enum myna_err err = http ? myna_tool_read_url(src, why) : myna_tool_read_env(src, why);
    struct myna_why what = {0};
    struct mcp *m;

    (void)schema;
    if (!err)
        err = http ? myna_tool_read_headers(src, why) : myna_tool_program(src, why);
    if (err)
        return err;
    if (http && strncasecmp(src->url, "http://", 7) && strncasecmp(src->url, "https://", 8))
        return myna_tool_refuse(src, "url", why, "must be http://HOST… or https://HOST…");
    if (src->only_looked_at)
        return MYNA_OK;
    m = calloc(1, sizeof *m);
    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the server %s", src->name);
    src->own = m;
    myna_mcp_init(m, src, http ? &myna_mcp_http : &myna_mcp_stdio);
    err = myna_mcp_open(m, &what);
    return err ? myna_tool_refuse(src, http ? "url" : "command", why, "%s", what.text) : MYNA_OK;
}

static void mcp_destroy(struct tool_source *src)
{
    struct mcp *m = src->own;

    if (m)
        myna_mcp_fini(m);
    free(m);
}

static void mcp_rest(struct tool_source *src, bool rest)
{
    myna_mcp_rest(src->own, rest);
}

static bool mcp_leave(struct tool_source *src)
{
    struct mcp *m = src->own;

    return m && m->wire->leave && m->wire->leave(m);
}

static void mcp_stop(struct myna_tool_job *job)
{
    struct mcp_job *j = (struct mcp_job *)job;

    if (j->rq)
        myna_mcp_cancel(j->rq);
}

static struct myna_tool_job *mcp_start(struct tool_source *src, const struct tool_offer *offer,
                                       json_t *args, const char *arguments)
{
    struct mcp_job *j = calloc(1, sizeof *j);
    struct mcp *m = src->own;

    (void)arguments;
    if (!j)
        return NULL;
    myna_tool_job_init(&j->base, src);
    j->base.tool = offer->shown;
    if (m->state != MCP_READY) {
        myna_tool_job_fail_later(&j->base, "is not there at the moment: its server has to be "
                                           "started again");
        return &j->base;
    }
    j->rq = myna_mcp_ask(m, "tools/call",
                         json_pack("{s:s,s:O}", "name", offer->name, "arguments", args),
                         src->conf.timeout_ms, on_called, j);
    if (!j->rq)
        myna_tool_job_fail_later(&j->base, "was not asked: its server does not listen");
    return &j->base;
}

const struct tool_kind myna_tool_mcp = {.name = "mcp",
                                        .server = true,
                                        .create = mcp_create,
                                        .destroy = mcp_destroy,
                                        .start = mcp_start,
                                        .rest = mcp_rest,
                                        .leave = mcp_leave,
                                        .stop = mcp_stop};

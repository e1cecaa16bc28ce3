/* mcp.c - the protocol: who the server is, what it offers, requests and their answers. */
#include "tools/mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schema.h"
#include "util/host.h"
#include "util/log.h"

static void begin(struct mcp *m);
static void ask_list(struct mcp *m, const char *cursor);

static void say(const struct mcp *m, enum myna_log_level level, const char *what)
{
    struct myna_buf b;

    myna_buf_init(&b, 4096);
    myna_tool_mask(&b, myna_view_of(what), &m->src->secrets);
    myna_log_line(m->src->host->log, level, "MCP server: %s server=%s", myna_buf_str(&b),
                  m->src->name);
    myna_buf_fini(&b);
}

/* ---- requests */

static void unlink_request(struct mcp_request *rq)
{
    for (struct mcp_request **p = &rq->mcp->requests; *p; p = &(*p)->next)
        if (*p == rq) {
            *p = rq->next;
            break;
        }
    myna_deadline_cancel(rq->deadline);
    rq->deadline = NULL;
}

static void answer(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    unlink_request(rq);
    rq->mcp->wire->forget(rq->mcp, rq);
    rq->answered(rq, result, trouble);
    free(rq);
}

void myna_mcp_trouble(struct mcp_request *rq, const char *trouble)
{
    answer(rq, NULL, trouble);
}

static json_t *message(const char *method, json_t *params)
{
    json_t *o = json_pack("{s:s,s:s}", "jsonrpc", "2.0", "method", method);

    if (o && params && json_object_set(o, "params", params)) {
        json_decref(o);
        o = NULL;
    }
    json_decref(params);
    return o;
}

static void notify(struct mcp *m, const char *method, json_t *params)
{
    json_t *o = message(method, params);

    if (o)
        (void)!m->wire->send(m, NULL, o);
    json_decref(o);
}

void myna_mcp_cancel(struct mcp_request *rq)
{
    struct mcp *m = rq->mcp;
    int64_t id = rq->id;

    unlink_request(rq);
    m->wire->forget(m, rq);
    free(rq);
    /* Over HTTP the newer revision is told by the closed stream alone. */
    if (m->state == MCP_READY && (m->wire == &myna_mcp_stdio || m->era == MCP_LEGACY_ERA))
        notify(m, "notifications/cancelled",
               json_pack("{s:I,s:s}", "requestId", (json_int_t)id, "reason", "no longer needed"));
}

static void too_late(void *arg)
{
    struct mcp_request *rq = arg, copy;
    struct mcp *m = rq->mcp;

    rq->deadline = NULL;
    copy = *rq;
    myna_mcp_cancel(rq);
    (void)m;
    copy.answered(&copy, NULL, "did not answer in time");
}

/* What each request of the newer revision says of itself. */
static int put_meta(json_t *params)
{
    return json_object_set_new(
        params, "_meta",
        json_pack("{s:s,s:{s:s,s:s},s:{}}", "io.modelcontextprotocol/protocolVersion", MCP_MODERN,
                  "io.modelcontextprotocol/clientInfo", "name", "myna", "version", MYNA_VERSION,
                  "io.modelcontextprotocol/clientCapabilities"));
}

struct mcp_request *myna_mcp_ask(struct mcp *m, const char *method, json_t *params, int timeout_ms,
                                 void (*answered)(struct mcp_request *rq, const json_t *result,
                                                  const char *trouble),
                                 void *arg)
{
    struct mcp_request *rq = calloc(1, sizeof *rq);
    json_t *o = NULL;

    if (!params)
        params = json_object();
    if (rq && params && (m->era == MCP_LEGACY_ERA || !put_meta(params)))
        o = message(method, json_incref(params));
    json_decref(params);
    if (!o) {
        free(rq);
        return NULL;
    }
    *rq = (struct mcp_request){.mcp = m,
                               .id = ++m->ids,
                               .method = method,
                               .answered = answered,
                               .arg = arg,
                               .next = m->requests};
    m->requests = rq;
    if (timeout_ms > 0)
        rq->deadline = myna_deadline_start(m->src->host, timeout_ms, too_late, rq);
    if ((timeout_ms > 0 && !rq->deadline) ||
        json_object_set_new(o, "id", json_integer((json_int_t)rq->id)) || m->wire->send(m, rq, o)) {
        unlink_request(rq);
        m->wire->forget(m, rq);
        free(rq);
        rq = NULL;
    }
    json_decref(o);
    return rq;
}

/* ---- up and down */

static void open_again(struct myna_timer *t)
{
    struct mcp *m = t->arg;
    struct myna_why why = {0};

    if (myna_mcp_open(m, &why))
        myna_mcp_broken(m, "%s", why.text);
}

void myna_mcp_init(struct mcp *m, struct tool_source *src, const struct mcp_wire *wire)
{
    *m = (struct mcp){.src = src, .wire = wire};
    myna_host_timer_init(src->host, &m->again, open_again, m);
}

enum myna_err myna_mcp_open(struct mcp *m, struct myna_why *why)
{
    enum myna_err err = m->wire->open(m, why);

    if (err)
        return err;
    m->state = MCP_ASKING;
    m->unasked = 0;
    begin(m);
    return MYNA_OK;
}

static void drop_all(struct mcp *m, const char *trouble)
{
    struct mcp_request *rq;

    while ((rq = m->requests)) {
        if (trouble) {
            answer(rq, NULL, trouble);
        } else {
            unlink_request(rq);
            m->wire->forget(m, rq);
            free(rq);
        }
    }
    json_decref(m->list);
    m->list = NULL;
    m->list_running = m->list_stale = false;
}

void myna_mcp_broken(struct mcp *m, const char *fmt, ...)
{
    int wait = MCP_FIRST_WAIT_MS;
    char text[400], more[500];
    bool told;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (m->dead)
        return;
    m->state = MCP_DOWN;
    m->wire->close(m);
    drop_all(m, "is not there at the moment: its server has to be started again");
    for (int i = 0; i < m->failures && wait < MCP_LAST_WAIT_MS; i++)
        wait *= 2;
    m->failures++;
    if (wait > MCP_LAST_WAIT_MS)
        wait = MCP_LAST_WAIT_MS;
    snprintf(more, sizeof more, "%s; again in %d s", text, wait / 1000);
    told = myna_toolbox_trouble(m->src, more); /* a session says it itself */
    say(m, told ? MYNA_LOG_INFO : MYNA_LOG_WARN, more);
    if (!m->resting && myna_timer_set(&m->again, myna_host_now(m->src->host) + wait * MYNA_MS))
        say(m, MYNA_LOG_ERROR, "no memory to try again");
}

void myna_mcp_fini(struct mcp *m)
{
    m->dead = true;
    if (m->again.in)
        myna_timer_clear(&m->again);
    drop_all(m, NULL);
    m->wire->close(m);
}

/* ---- who it is */

static const json_t *member(const json_t *o, const char *a, const char *b)
{
    return json_object_get(json_object_get(o, a), b);
}

static void know_capabilities(struct mcp *m, const json_t *result)
{
    const json_t *tools = member(result, "capabilities", "tools");

    m->has_tools = json_is_object(tools);
    m->lists_change = json_is_true(json_object_get(tools, "listChanged"));
}

static void ready(struct mcp *m)
{
    m->state = MCP_READY;
    if (m->has_tools)
        ask_list(m, NULL);
    else
        say(m, MYNA_LOG_WARN, "it offers no tools");
}

static void on_initialized(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    static const char *const known[] = {MCP_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05"};
    struct mcp *m = rq->mcp;
    const char *version = json_string_value(json_object_get(result, "protocolVersion"));

    if (m->state == MCP_DOWN)
        return;
    if (trouble) {
        m->era = MCP_UNKNOWN_ERA; /* perhaps it was only slow to say that it is a modern one */
        myna_mcp_broken(m, "initialize: it %s", trouble);
        return;
    }
    for (size_t i = 0; version && i < sizeof known / sizeof *known; i++)
        if (!strcmp(version, known[i])) {
            snprintf(m->version, sizeof m->version, "%s", version);
            know_capabilities(m, result);
            notify(m, "notifications/initialized", NULL);
            ready(m);
            return;
        }
    myna_mcp_broken(m, "it speaks revision \"%.40s\" of the protocol, which we do not",
                    version ? version : "none");
}

static void initialize(struct mcp *m)
{
    json_t *can = m->src->conf.elicitation == MCP_ELICIT_DEFAULTS
                      ? json_pack("{s:{}}", "elicitation")
                      : json_object();

    m->era = MCP_LEGACY_ERA;
    m->version[0] = '\0';
    if (!myna_mcp_ask(m, "initialize",
                      json_pack("{s:s,s:o,s:{s:s,s:s}}", "protocolVersion", MCP_LEGACY,
                                "capabilities", can, "clientInfo", "name", "myna", "version",
                                MYNA_VERSION),
                      MCP_BEGIN_MS, on_initialized, NULL))
        myna_mcp_broken(m, "initialize could not be sent");
}

void myna_mcp_is_legacy(struct mcp *m, struct mcp_request *rq)
{
    unlink_request(rq);
    m->wire->forget(m, rq);
    free(rq);
    initialize(m);
}

static bool speaks(const json_t *versions, const char *which)
{
    const json_t *one;
    size_t i;

    json_array_foreach(versions, i, one)
    {
        if (json_is_string(one) && !strcmp(json_string_value(one), which))
            return true;
    }
    return false;
}

static void on_discovered(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    struct mcp *m = rq->mcp;

    if (m->state == MCP_DOWN)
        return;
    if (trouble || !speaks(json_object_get(result, "supportedVersions"), MCP_MODERN)) {
        initialize(m); /* one of the older kind, whatever it made of the question */
        return;
    }
    m->era = MCP_MODERN_ERA;
    snprintf(m->version, sizeof m->version, "%s", MCP_MODERN);
    know_capabilities(m, result);
    ready(m);
}

static void begin(struct mcp *m)
{
    if (m->era == MCP_LEGACY_ERA) {
        initialize(m);
        return;
    }
    m->era = MCP_UNKNOWN_ERA;
    snprintf(m->version, sizeof m->version, "%s", MCP_MODERN);
    if (!myna_mcp_ask(m, "server/discover", NULL, MCP_ASK_MS, on_discovered, NULL))
        myna_mcp_broken(m, "it could not be asked who it is");
}

/* ---- what it offers */

/* Ended by the server or the network: asked anew with the next list. */
static void on_listened(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    (void)rq;
    (void)result;
    (void)trouble;
}

static bool listens(const struct mcp *m)
{
    for (const struct mcp_request *rq = m->requests; rq; rq = rq->next)
        if (!strcmp(rq->method, "subscriptions/listen"))
            return true;
    return false;
}

/* Of changes: by a request of the newer revision, by the wire's own way of the older ones. There a
 * server may ask us in that way too. */
static void listen(struct mcp *m)
{
    bool may_ask = m->src->conf.elicitation == MCP_ELICIT_DEFAULTS && m->era == MCP_LEGACY_ERA;

    if (m->resting || (!m->lists_change && !may_ask))
        return;
    if (m->era == MCP_LEGACY_ERA) {
        if (m->wire->listen)
            m->wire->listen(m, true);
    } else if (!listens(m) &&
               !myna_mcp_ask(m, "subscriptions/listen",
                             json_pack("{s:{s:b}}", "notifications", "toolsListChanged", 1), 0,
                             on_listened, NULL)) {
        say(m, MYNA_LOG_WARN, "it cannot be asked to tell of changes");
    }
}

static void list_complete(struct mcp *m)
{
    json_t *list = m->list;

    m->list = NULL;
    m->list_running = false;
    m->failures = 0;
    myna_mcp_take_list(m, list);
    json_decref(list);
    listen(m);
    if (m->list_stale && m->state == MCP_READY)
        ask_list(m, NULL);
}

static void on_list(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    struct mcp *m = rq->mcp;
    const char *cursor = json_string_value(json_object_get(result, "nextCursor"));
    const json_t *page = json_object_get(result, "tools");

    if (m->state == MCP_DOWN)
        return;
    if (trouble || !json_is_array(page)) {
        myna_mcp_broken(m, "tools/list: it %s", trouble ? trouble : "gave no list");
        return;
    }
    if (!m->list || json_array_extend(m->list, (json_t *)(uintptr_t)page)) {
        myna_mcp_broken(m, "no memory for its tools");
        return;
    }
    if (cursor && ++m->pages < MCP_PAGES_MAX && json_array_size(m->list) < MCP_TOOLS_MAX) {
        ask_list(m, cursor);
        return;
    }
    if (cursor)
        say(m, MYNA_LOG_WARN, "its list of tools is too long: the rest is left out");
    list_complete(m);
}

static void ask_list(struct mcp *m, const char *cursor)
{
    if (!cursor) {
        json_decref(m->list);
        m->list = json_array();
        m->pages = 0;
        m->list_stale = false;
    }
    m->list_running = true;
    if (!myna_mcp_ask(m, "tools/list", cursor ? json_pack("{s:s}", "cursor", cursor) : NULL,
                      MCP_BEGIN_MS, on_list, NULL))
        myna_mcp_broken(m, "it could not be asked for its tools");
}

static void list_changed(struct mcp *m)
{
    if (m->state != MCP_READY)
        return;
    if (m->list_running)
        m->list_stale = true; /* one more, however often it says so */
    else
        ask_list(m, NULL);
}

/* Whoever has not said yet who it is, and a list that nobody needs now, must not keep the program
 * from ending: both are asked for again when somebody comes. */
static void fall_silent(struct mcp *m)
{
    struct mcp_request *next;

    myna_timer_clear(&m->again);
    if (m->state == MCP_ASKING) {
        m->state = MCP_DOWN;
        m->wire->close(m);
        drop_all(m, "is not there at the moment");
        return;
    }
    if (m->wire->listen)
        m->wire->listen(m, false);
    for (struct mcp_request *rq = m->requests; rq; rq = next) {
        bool list = !strcmp(rq->method, "tools/list");

        next = rq->next;
        if (!list && strcmp(rq->method, "subscriptions/listen") != 0)
            continue;
        myna_mcp_cancel(rq);
        if (list) {
            json_decref(m->list);
            m->list = NULL;
            m->list_running = m->list_stale = false;
        }
    }
}

void myna_mcp_rest(struct mcp *m, bool resting)
{
    m->resting = resting;
    if (resting) {
        fall_silent(m);
    } else if (m->state == MCP_DOWN) {
        m->failures = 0;
        (void)!myna_timer_set(&m->again, myna_host_now(m->src->host));
    } else {
        list_changed(m); /* perhaps, meanwhile */
    }
}

/* ---- messages */

/* The form of an elicitation as its own defaults fill it (SEP-1034); NULL: something that it wants
 * has none, or they do not fit it. */
static json_t *filled_form(const json_t *params)
{
    const char *mode = json_string_value(json_object_get(params, "mode")), *name;
    const json_t *schema = json_object_get(params, "requestedSchema");
    json_t *form, *field;
    struct myna_why why = {0};

    if ((mode && strcmp(mode, "form") != 0) || myna_schema_check(schema, &why))
        return NULL;
    form = json_object();
    json_object_foreach(json_object_get(schema, "properties"), name, field)
    {
        json_t *value = json_object_get(field, "default");

        if (value && json_object_set(form, name, value))
            break;
    }
    if (form && myna_schema_fits(schema, form, &why)) {
        json_decref(form);
        form = NULL;
    }
    return form;
}

/* Who asks the person something gets the defaults of its own form where the configuration says so.
 * Else it is declined by the protocol's own word, though we never offered that: so its tool can go
 * on. */
static json_t *elicited(struct mcp *m, const json_t *params)
{
    json_t *form = m->src->conf.elicitation == MCP_ELICIT_DEFAULTS ? filled_form(params) : NULL;

    return form ? json_pack("{s:s,s:o}", "action", "accept", "content", form)
                : json_pack("{s:s}", "action", "decline");
}

/* What the server asks of us (older revisions): it may ping. */
static void asked(struct mcp *m, const json_t *id, const char *method, const json_t *params)
{
    json_t *o = json_pack("{s:s,s:O}", "jsonrpc", "2.0", "id", id),
           *result = !strcmp(method, "ping")                 ? json_object()
                     : !strcmp(method, "elicitation/create") ? elicited(m, params)
                                                             : NULL;

    if (o)
        (void)json_object_set_new(
            o, result ? "result" : "error",
            result ? result
                   : json_pack("{s:i,s:s}", "code", -32601, "message", "Method not found"));
    else
        json_decref(result);
    if (o)
        (void)!m->wire->send(m, NULL, o);
    json_decref(o);
}

/* "was refused: …" for the model and the log. */
static void refused(struct mcp_request *rq, const json_t *error)
{
    const char *words = json_string_value(json_object_get(error, "message"));
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    char text[600];

    if (!strcmp(rq->method, "server/discover") && code == -32022 &&
        !speaks(member(error, "data", "supported"), MCP_LEGACY)) {
        myna_mcp_broken(rq->mcp, "it speaks no revision of the protocol that we do");
        return;
    }
    snprintf(text, sizeof text, "was refused: %.500s", words ? words : "no reason given");
    answer(rq, NULL, text);
}

void myna_mcp_message(struct mcp *m, const json_t *msg)
{
    const json_t *id = json_object_get(msg, "id"), *error = json_object_get(msg, "error"),
                 *result = json_object_get(msg, "result");
    const char *method = json_string_value(json_object_get(msg, "method"));

    if (method && id && !json_is_null(id)) {
        asked(m, id, method, json_object_get(msg, "params"));
    } else if (method) {
        if (!strcmp(method, "notifications/tools/list_changed"))
            list_changed(m);
    } else if (json_is_integer(id)) {
        for (struct mcp_request *rq = m->requests; rq; rq = rq->next)
            if (rq->id == json_integer_value(id)) {
                m->unasked = 0;
                if (json_is_object(error))
                    refused(rq, error);
                else
                    answer(rq, result, result ? NULL : "gave an answer that is none");
                return;
            }
    }
    if (++m->unasked > MCP_UNASKED_MAX)
        myna_mcp_broken(m, "it sends more than %d messages that nobody asked for", MCP_UNASKED_MAX);
}

/* remote_tools.c - see remote_tools.h. Two short lists: what is offered, what runs. */
#include "gateway/remote_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/control.h"
#include "gateway/log.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

struct tool {
    char *owner, *name, *description, *schema;
};

struct gone { /* its owner has left */
    char *owner, *name;
};

struct call {
    struct call *next;
    char id[16]; /* on the wire: tc_ and twelve hex digits */
    char *session_call, *owner, *name;
    char *by; /* whose words led to it; NULL: nobody's */
    myna_us until;
};

struct myna_gw_tools {
    const struct myna_gw_options *conf;
    myna_us timeout;
    const struct myna_gw_wire *wire;
    struct myna_gw_tools_host host;
    void *arg;
    struct tool tools[MYNA_GW_TOOLS];
    size_t n_tools;
    struct gone gone[MYNA_GW_GONE]; /* the oldest first */
    size_t n_gone;
    struct call *calls;
};

/* ---- the lists */

static void tool_free(struct tool *t)
{
    free(t->owner);
    free(t->name);
    free(t->description);
    free(t->schema);
}

static size_t find(const struct myna_gw_tools *t, const char *name)
{
    size_t i = 0;

    while (i < t->n_tools && strcmp(t->tools[i].name, name) != 0)
        i++;
    return i;
}

static size_t tools_of(const struct myna_gw_tools *t, const char *owner)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_tools; i++)
        n += !strcmp(t->tools[i].owner, owner);
    return n;
}

static void forget_gone(struct myna_gw_tools *t, size_t at)
{
    free(t->gone[at].owner);
    free(t->gone[at].name);
    t->n_gone--;
    memmove(&t->gone[at], &t->gone[at + 1], (t->n_gone - at) * sizeof t->gone[0]);
}

/* The agent may have seen it a moment ago. */
static void remember_gone(struct myna_gw_tools *t, const struct tool *tool)
{
    struct gone *g;

    if (t->n_gone == MYNA_GW_GONE)
        forget_gone(t, 0);
    g = &t->gone[t->n_gone];
    g->owner = strdup(tool->owner);
    g->name = strdup(tool->name);
    t->n_gone++;
    if (!g->owner || !g->name)
        forget_gone(t, t->n_gone - 1);
}

static const struct gone *gone_of(const struct myna_gw_tools *t, const char *name)
{
    for (size_t i = t->n_gone; i-- > 0;)
        if (!strcmp(t->gone[i].name, name))
            return &t->gone[i];
    return NULL;
}

static void drop(struct myna_gw_tools *t, size_t at)
{
    tool_free(&t->tools[at]);
    t->n_tools--;
    memmove(&t->tools[at], &t->tools[at + 1], (t->n_tools - at) * sizeof t->tools[0]);
}

static enum myna_err offer(struct myna_gw_tools *t, struct myna_why *why)
{
    struct myna_tool_def defs[MYNA_GW_TOOLS];

    for (size_t i = 0; i < t->n_tools; i++)
        defs[i] = (struct myna_tool_def){.name = t->tools[i].name,
                                         .description = t->tools[i].description,
                                         .parameters = t->tools[i].schema};
    return t->host.offer(t->arg, defs, t->n_tools, why);
}

/* ---- registering */

static bool good_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    return n && n <= MYNA_GW_TOOL_NAME && !name[n] && (*name < '0' || *name > '9');
}

static bool policy_allows(const struct myna_gw_options *conf, const char *identity,
                          const char *name)
{
    char pair[512];
    int policy = conf->remote_tool_policy;

    if (policy == MYNA_GW_POLICY_AUTO)
        policy = conf->mode == MYNA_GW_COMPAT ? MYNA_GW_TRUST : MYNA_GW_DENY;
    if (policy != MYNA_GW_ALLOWLIST)
        return policy == MYNA_GW_TRUST;
    snprintf(pair, sizeof pair, "%.300s=%s", identity, name);
    for (const char *const *p = conf->remote_tools; p && *p; p++)
        if (!strcmp(*p, pair))
            return true;
    return false;
}

static json_t *named(const char *type, const char *name)
{
    json_t *m = json_object();

    (void)!myna_json_put_text(m, "type", type);
    (void)!myna_json_put_text(m, "name", name);
    return m;
}

static void reply(const struct myna_gw_tools *t, const char *to, const char *type, const char *name,
                  const char *reason, const char *detail)
{
    json_t *m = named(type, name);

    (void)!json_object_set_new(m, "success", json_boolean(!reason));
    (void)!myna_json_put_text(m, "reason", reason);
    (void)!myna_json_put_text(m, "detail", detail);
    myna_gw_wire_tool(t->wire, to, m);
}

/* The tool takes its place and is offered; otherwise all is as it was. NULL: done; else the reason.
 * The tool is taken. */
static const char *put(struct myna_gw_tools *t, struct tool *one, struct myna_why *why)
{
    size_t at = find(t, one->name);
    struct tool before = {0};
    enum myna_err err;

    if (at < t->n_tools)
        before = t->tools[at];
    else
        t->n_tools++;
    t->tools[at] = *one;
    err = offer(t, why);
    if (!err) {
        tool_free(&before);
        return NULL;
    }
    tool_free(one);
    if (before.name)
        t->tools[at] = before;
    else
        t->n_tools--;
    return err == MYNA_EINVAL ? "name-reserved" : "register-failed";
}

static const char *take(struct myna_gw_tools *t, const char *identity, const char *name,
                        const json_t *body, struct myna_why *why)
{
    const json_t *schema = json_object_get(body, "input_schema");
    const char *type = json_string_value(json_object_get(schema, "type"));
    const char *description = json_string_value(json_object_get(body, "description"));
    struct tool one = {0};
    size_t at;

    if (!good_name(name))
        return "name-invalid";
    if (!json_is_object(schema) || !type || strcmp(type, "object") != 0)
        return "schema-invalid";
    if (!policy_allows(t->conf, identity, name))
        return "denied-by-policy";
    at = find(t, name);
    if ((description && strlen(description) > MYNA_GW_TOOL_DESCRIPTION) ||
        ((at == t->n_tools || strcmp(t->tools[at].owner, identity) != 0) &&
         tools_of(t, identity) >= MYNA_GW_TOOLS_OF_ONE) ||
        (at == t->n_tools && t->n_tools == MYNA_GW_TOOLS))
        return "limit-exceeded";
    one.owner = strdup(identity);
    one.name = strdup(name);
    one.description = strdup(description ? description : "");
    one.schema = myna_json_dump(schema, JSON_COMPACT);
    if (!one.owner || !one.name || !one.description || !one.schema ||
        strlen(one.schema) > MYNA_GW_TOOL_SCHEMA) {
        bool long_one = one.schema && strlen(one.schema) > MYNA_GW_TOOL_SCHEMA;

        tool_free(&one);
        (void)!myna_fail(why, MYNA_ENOMEM, "memory is short");
        return long_one ? "limit-exceeded" : "register-failed";
    }
    return put(t, &one, why);
}

void myna_gw_tools_register(struct myna_gw_tools *t, const char *identity, const json_t *body)
{
    char *name = myna_gw_trimmed(json_string_value(json_object_get(body, "name")));
    struct myna_why why = {0};
    const char *reason;

    if (*identity) {
        reason = take(t, identity, name ? name : "", body, &why);
        reply(t, identity, "agent:tool-registered", name ? name : "", reason,
              reason && !strcmp(reason, "register-failed") ? why.text : NULL);
    }
    free(name);
}

void myna_gw_tools_unregister(struct myna_gw_tools *t, const char *identity, const json_t *body)
{
    char *name = myna_gw_trimmed(json_string_value(json_object_get(body, "name")));
    size_t at = name ? find(t, name) : t->n_tools;
    bool own = at < t->n_tools && !strcmp(t->tools[at].owner, identity);

    if (own) {
        drop(t, at);
        (void)!offer(t, NULL);
    }
    if (*identity)
        reply(t, identity, "agent:tool-unregistered", name ? name : "",
              own ? NULL : "not-owned-by-you", NULL);
    free(name);
}

/* ---- calls */

static void call_free(struct call *c)
{
    free(c->session_call);
    free(c->owner);
    free(c->name);
    free(c->by);
    free(c);
}

static size_t calls_of(const struct myna_gw_tools *t, const char *owner)
{
    size_t n = 0;

    for (const struct call *c = t->calls; c; c = c->next)
        n += !strcmp(c->owner, owner);
    return n;
}

/* Out of the list, and the agent has its result. */
static void finish(struct myna_gw_tools *t, struct call **at, const char *output, bool is_error)
{
    struct call *c = *at;

    *at = c->next;
    t->host.result(t->arg, c->session_call, output, is_error);
    call_free(c);
}

static void say(const struct myna_gw_tools *t, const struct call *c, const char *type,
                const char *name, const char *reason)
{
    json_t *m = json_object();

    (void)!myna_json_put_text(m, "type", type);
    (void)!myna_json_put_text(m, "call_id", c->id);
    (void)!myna_json_put_text(m, "name", name);
    (void)!myna_json_put_text(m, "reason", reason);
    myna_gw_wire_tool(t->wire, c->owner, m);
}

/* Answers at once: the call never went out. */
static bool refuse(struct myna_gw_tools *t, const char *session_call, const char *why)
{
    t->host.result(t->arg, session_call, why, true);
    return true;
}

bool myna_gw_tools_call(struct myna_gw_tools *t, myna_us now, uint64_t chance,
                        const char *session_call, const char *name, const char *arguments,
                        const char *by)
{
    size_t at = find(t, name);
    const char *owner = at < t->n_tools ? t->tools[at].owner : NULL;
    const struct gone *gone = owner ? NULL : gone_of(t, name);
    struct call *c;
    json_t *m;

    if (gone) {
        char text[MYNA_GW_TOOL_NAME + 400];

        snprintf(text, sizeof text, "%.64s cannot be called: its client %.256s is not in the room",
                 gone->name, gone->owner);
        return refuse(t, session_call, text);
    }
    if (!owner)
        return false;
    if (strlen(arguments) > MYNA_GW_TOOL_BODY)
        return refuse(t, session_call, "limit-exceeded: the arguments are too long");
    if (calls_of(t, owner) >= MYNA_GW_CALLS_OF_ONE)
        return refuse(t, session_call, "limit-exceeded: too many calls of this client are running");
    c = calloc(1, sizeof *c);
    if (c) {
        snprintf(c->id, sizeof c->id, "tc_%012llx", (unsigned long long)(chance & 0xffffffffffff));
        c->session_call = strdup(session_call);
        c->owner = strdup(owner);
        c->name = strdup(name);
        c->by = by ? strdup(by) : NULL;
        c->until = now + t->timeout;
    }
    if (!c || !c->session_call || !c->owner || !c->name || (by && !c->by)) {
        if (c)
            call_free(c);
        return refuse(t, session_call, "memory is short");
    }
    c->next = t->calls;
    t->calls = c;
    m = json_object();
    (void)!myna_json_put_text(m, "type", "agent:tool-call");
    (void)!myna_json_put_text(m, "call_id", c->id);
    (void)!myna_json_put_text(m, "name", name);
    (void)!json_object_set_new(m, "arguments", myna_json_loads(arguments, 0, NULL));
    myna_gw_wire_tool(t->wire, owner, m);
    return true;
}

/* A text is passed as it is, all else as JSON; the caller frees. */
static char *text_of(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : myna_json_dump(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void end_with(struct myna_gw_tools *t, struct call **at, const json_t *body)
{
    const json_t *error = json_object_get(body, "error"), *result = json_object_get(body, "result");
    char *text = NULL;

    if (error)
        text = json_is_null(error) ? NULL : text_of(error);
    else
        text = result ? text_of(result) : strdup("null");
    if (text && strlen(text) > MYNA_GW_TOOL_BODY)
        finish(t, at, "limit-exceeded: the result is too long", true);
    else if (error)
        finish(t, at, text && *text ? text : "tool reported error", true);
    else
        finish(t, at, text ? text : "", !text);
    free(text);
}

void myna_gw_tools_result(struct myna_gw_tools *t, const char *identity, const json_t *body)
{
    const char *id = json_string_value(json_object_get(body, "call_id"));

    for (struct call **at = &t->calls; id && *at; at = &(*at)->next)
        if (!strcmp((*at)->id, id)) {
            if (!strcmp((*at)->owner, identity))
                end_with(t, at, body);
            return;
        }
    if (t->wire->host)
        myna_gw_log(t->wire->host, MYNA_LOG_DEBUG, "a tool's result that nobody waits for");
}

void myna_gw_tools_cancelled(struct myna_gw_tools *t, const char *session_call)
{
    for (struct call **at = &t->calls; *at; at = &(*at)->next)
        if (!strcmp((*at)->session_call, session_call)) {
            struct call *c = *at;

            *at = c->next;
            say(t, c, "agent:tool-call-cancelled", c->name, NULL);
            call_free(c);
            return;
        }
}

void myna_gw_tools_left(struct myna_gw_tools *t, const char *identity)
{
    size_t before = t->n_tools;

    for (struct call **at = &t->calls; *at;)
        if (!strcmp((*at)->owner, identity))
            finish(t, at, "client disconnected mid-call", true);
        else
            at = &(*at)->next;
    for (size_t i = t->n_tools; i-- > 0;)
        if (!strcmp(t->tools[i].owner, identity)) {
            remember_gone(t, &t->tools[i]);
            drop(t, i);
        }
    if (t->n_tools != before)
        (void)!offer(t, NULL);
}

void myna_gw_tools_reserved(struct myna_gw_tools *t, const char *name)
{
    size_t at = find(t, name);

    if (at == t->n_tools)
        return;
    reply(t, t->tools[at].owner, "agent:tool-registered", name, "name-reserved", NULL);
    drop(t, at);
}

void myna_gw_tools_reset(struct myna_gw_tools *t, const char *by)
{
    for (struct call **at = &t->calls; *at;)
        if (by && (!(*at)->by || strcmp((*at)->by, by) != 0)) {
            at = &(*at)->next;
        } else {
            say(t, *at, "agent:tool-call-cancelled", NULL, "session-reset");
            finish(t, at, "session reset", true);
        }
}

void myna_gw_tools_clear(struct myna_gw_tools *t)
{
    bool any = t->n_tools > 0;

    while (t->calls)
        finish(t, &t->calls, "shutting down", true);
    while (t->n_tools)
        drop(t, t->n_tools - 1);
    while (t->n_gone)
        forget_gone(t, 0);
    if (any)
        (void)!offer(t, NULL);
}

/* ---- time */

myna_us myna_gw_tools_deadline(const struct myna_gw_tools *t)
{
    myna_us at = MYNA_NEVER;

    for (const struct call *c = t->calls; c; c = c->next)
        at = c->until < at ? c->until : at;
    return at;
}

void myna_gw_tools_expire(struct myna_gw_tools *t, myna_us now)
{
    char text[MYNA_GW_TOOL_NAME + 64];

    for (struct call **at = &t->calls; *at;) {
        if ((*at)->until > now) {
            at = &(*at)->next;
            continue;
        }
        snprintf(text, sizeof text, "%.64s timed out after %.6gs", (*at)->name,
                 (double)t->timeout / (double)MYNA_S);
        say(t, *at, "agent:tool-call-timeout", (*at)->name, NULL);
        finish(t, at, text, true);
    }
}

/* ---- made and unmade */

struct myna_gw_tools *myna_gw_tools_create(const struct myna_gw_options *conf, myna_us timeout,
                                           const struct myna_gw_wire *wire,
                                           const struct myna_gw_tools_host *host, void *arg)
{
    struct myna_gw_tools *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->conf = conf;
    t->timeout = timeout;
    t->wire = wire;
    t->host = *host;
    t->arg = arg;
    return t;
}

void myna_gw_tools_destroy(struct myna_gw_tools *t)
{
    struct call *c;

    if (!t)
        return;
    while ((c = t->calls)) {
        t->calls = c->next;
        call_free(c);
    }
    while (t->n_tools)
        drop(t, t->n_tools - 1);
    while (t->n_gone)
        forget_gone(t, 0);
    free(t);
}

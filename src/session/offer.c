/* offer.c - which functions the agent may call: those of the host's agent, then those of the
 * toolbox, as copies of the session.
 *
 * The list may change while the call goes on, since MCP servers come, go and change theirs. A new
 * list is an input like any other: written to the recording as a whole, since a replay has no
 * toolbox, and into the history as what was added and removed.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"
#include "session/tools.h"
#include "tools/schema.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

/* ---- a list of its own */

static void drop(const char *text)
{
    free((void *)(uintptr_t)text); /* ours; `const` is for those who read it */
}

static void free_tool(struct myna_tool_def *def)
{
    drop(def->name);
    drop(def->description);
    drop(def->parameters);
}

static void free_list(struct myna_tool_def *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_tool(&list[i]);
    free(list);
}

static bool copy_text(const char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

/* `to` is zero; what was copied of it before memory ran short is the list's to free. */
static bool copy_tool(struct myna_tool_def *to, const struct myna_tool_def *from)
{
    return copy_text(&to->name, from->name) && copy_text(&to->description, from->description) &&
           copy_text(&to->parameters, from->parameters);
}

static const struct myna_tool_def *find(const struct myna_tool_def *list, size_t n,
                                        const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

/* ---- the host's */

static enum myna_err check_tool(const struct myna_agent *agent, size_t at, struct myna_why *why)
{
    const struct myna_tool_def *def = &agent->tools[at];
    struct myna_why what = {0};
    json_t *schema;
    enum myna_err err;

    if (!def->name || !def->name[0] || strlen(def->name) > 64)
        return myna_fail(why, MYNA_ECONFIG,
                         "tool %zu of the agent needs a name of 1 to 64 characters", at + 1);
    if (find(agent->tools, at, def->name))
        return myna_fail(why, MYNA_ECONFIG, "the agent has two tools of the name %s", def->name);
    if (!def->parameters)
        return MYNA_OK;
    schema = myna_json_loads(def->parameters, 0, NULL);
    err = myna_schema_check(schema, &what);
    json_decref(schema);
    return err ? myna_fail(why, MYNA_ECONFIG,
                           "the parameters of tool %s are not a JSON schema: %s; give an object, "
                           "or NULL for a tool without any",
                           def->name, what.text)
               : MYNA_OK;
}

static enum myna_err no_memory(struct myna_why *why)
{
    return myna_fail(why, MYNA_ENOMEM, "no memory for the agent's tools");
}

static enum myna_err same_name(const char *entry, const char *name, struct myna_why *why)
{
    return myna_fail(why, MYNA_ECONFIG,
                     "the host program and tools.%s have a tool of the same name, %s: rename one",
                     entry, name);
}

/* What this agent may call: the host's, the toolbox's, and to hand over. */
static enum myna_err compose(const struct myna_session *s, size_t agent, struct myna_tool_def **out,
                             size_t *n, struct myna_why *why)
{
    size_t m = 0, k = 0;
    const struct myna_tool_def *more = s->toolbox ? myna_toolbox_tools(s->toolbox, &m) : NULL;
    struct myna_tool_def *list = calloc(s->n_host_tools + m + 1, sizeof *list);
    struct myna_tool_def handoff = {.name = "handoff_to"};
    char *words = NULL, *schema = NULL;
    bool good = list != NULL;
    enum myna_err err = MYNA_OK;

    for (size_t i = 0; good && i < s->n_host_tools; i++)
        if (myna_s_agent_has_tool(s, agent, s->host_tools[i].name))
            good = copy_tool(&list[k++], &s->host_tools[i]);
    for (size_t i = 0; good && !err && i < m && k < MYNA_TOOLS_MAX; i++) {
        const char *entry = myna_toolbox_entry(s->toolbox, i);

        if (find(s->host_tools, s->n_host_tools, more[i].name))
            err = same_name(entry, more[i].name, why);
        else if (s->conf.turn_hook && !strcmp(s->conf.turn_hook, entry))
            continue; /* not for the agent */
        else if (myna_s_agent_has_tool(s, agent, entry))
            good = copy_tool(&list[k++], &more[i]);
    }
    if (good && !err && s->n_agents > 1) {
        good = !myna_s_handoff_tool(s, agent, &words, &schema);
        handoff.description = words;
        handoff.parameters = schema;
        if (good && words && find(list, k, handoff.name))
            err = myna_fail(why, MYNA_ECONFIG,
                            "a tool has the name handoff_to, which several agents need: rename it");
        else if (good && words)
            good = copy_tool(&list[k++], &handoff);
        free(words);
        free(schema);
    }
    if (!good && !err)
        err = no_memory(why);
    if (err) {
        free_list(list, list ? k : 0);
        return err;
    }
    *out = list;
    *n = k;
    return MYNA_OK;
}

static void replace(struct myna_session *s, struct myna_tool_def *list, size_t n)
{
    free_list(s->tools, s->n_tools);
    s->tools = list;
    s->n_tools = n;
}

/* The toolbox has another list. */
static void trouble(void *arg, const char *entry, const char *text)
{
    myna_s_tool_trouble(arg, entry, text);
}

/* A server's list may come, or change, in the middle of a call: the configuration's names stand,
 * and the host's tools that have one of them are gone. */
static void reserve(struct myna_session *s)
{
    size_t m = 0;
    const struct myna_tool_def *more = s->toolbox ? myna_toolbox_tools(s->toolbox, &m) : NULL;

    for (size_t i = s->n_host_tools; i-- > 0;) {
        struct myna_tool_def mine = s->host_tools[i];
        const struct myna_tool_def *same = find(more, m, mine.name);

        if (!same)
            continue;
        s->n_host_tools--;
        memmove(&s->host_tools[i], &s->host_tools[i + 1],
                (s->n_host_tools - i) * sizeof *s->host_tools);
        myna_s_tool_reserved(s, mine.name, myna_toolbox_entry(s->toolbox, (size_t)(same - more)));
        free_tool(&mine);
    }
}

static void changed(void *arg)
{
    struct myna_session *s = arg;
    struct myna_tool_def *list;
    struct myna_why why = {0};
    size_t n;
    char *json;

    if (s->dead || s->closing.told)
        return;
    reserve(s);
    if (compose(s, s->agent_at, &list, &n, &why)) {
        myna_s_log(s, MYNA_LOG_ERROR, "the agent's tools stay as they were error=\"%s\"", why.text);
        return;
    }
    if (!s->started) {
        replace(s, list, n);
        return;
    }
    json = myna_s_tools_json(list, n);
    free_list(list, n);
    if (!json || myna_s_tools_change(s, json))
        myna_s_log(s, MYNA_LOG_ERROR, "the agent's tools stay as they were, out of memory");
    free(json);
}

enum myna_err myna_s_tools_init(struct myna_session *s, const struct myna_agent *agent,
                                struct myna_why *why)
{
    struct myna_tool_def *list;
    enum myna_err err = MYNA_OK;
    size_t n;

    if (agent && agent->n_tools > MYNA_TOOLS_MAX)
        return myna_fail(why, MYNA_ELIMIT, "the agent has %zu tools, more than %d", agent->n_tools,
                         MYNA_TOOLS_MAX);
    s->host_tools = calloc(agent ? agent->n_tools + 1 : 1, sizeof *s->host_tools);
    if (!s->host_tools)
        return no_memory(why);
    for (size_t i = 0; agent && i < agent->n_tools && !err; i++) {
        err = check_tool(agent, i, why);
        if (!err && !copy_tool(&s->host_tools[s->n_host_tools++], &agent->tools[i]))
            err = no_memory(why);
    }
    if (!err && !s->toolbox) { /* a replay: the list is whole */
        replace(s, s->host_tools, s->n_host_tools);
        s->host_tools = NULL;
        s->n_host_tools = 0;
    }
    if (!err && s->toolbox && myna_s_has_hook(s) &&
        !myna_toolbox_has_entry(s->toolbox, s->conf.turn_hook))
        err =
            myna_fail(why, MYNA_ECONFIG,
                      "%s: session.turn_hook names \"%s\", but there is no tool of that name: add "
                      "tools.%s with a url or a command",
                      myna_config_origin(myna_runtime_config(s->rt), "session.turn_hook"),
                      s->conf.turn_hook, s->conf.turn_hook);
    if (!err)
        err = myna_s_agents_init(s, why);
    if (err || !s->toolbox)
        return err;
    err = compose(s, 0, &list, &n, why);
    if (err)
        return err;
    replace(s, list, n);
    s->toolbox_watch =
        (struct myna_toolbox_watch){.changed = changed, .trouble = trouble, .arg = s};
    myna_toolbox_watch(s->toolbox, &s->toolbox_watch);
    return MYNA_OK;
}

/* Others for the host's; on failure all is as it was. */
static enum myna_err copy_host_tools(struct myna_session *s, const struct myna_agent *from,
                                     struct myna_why *why)
{
    struct myna_tool_def *list = calloc(from->n_tools + 1, sizeof *list);
    enum myna_err err = list ? MYNA_OK : no_memory(why);
    size_t n = 0;

    for (size_t i = 0; i < from->n_tools && !err; i++) {
        const char *name = from->tools[i].name;
        size_t m = 0;
        const struct myna_tool_def *more = s->toolbox ? myna_toolbox_tools(s->toolbox, &m) : NULL;

        err = check_tool(from, i, why);
        if (!err && (find(more, m, name) || (s->n_agents > 1 && !strcmp(name, "handoff_to"))))
            err = myna_fail(why, MYNA_EINVAL, "the configuration has a tool of the name %s", name);
        if (!err && !copy_tool(&list[n++], &from->tools[i]))
            err = no_memory(why);
    }
    if (err) {
        free_list(list, list ? n : 0);
        return err;
    }
    free_list(s->host_tools, s->n_host_tools);
    s->host_tools = list;
    s->n_host_tools = n;
    return MYNA_OK;
}

enum myna_err myna_session_tools(struct myna_session *s, const struct myna_tool_def *tools,
                                 size_t n, struct myna_why *why)
{
    struct myna_agent from = {.tools = tools, .n_tools = n};
    enum myna_err err;

    if (s->dead || s->closing.told)
        return myna_fail(why, MYNA_ESTATE, "the call is over");
    if (n > MYNA_TOOLS_MAX)
        return myna_fail(why, MYNA_ELIMIT, "%zu tools are more than %d", n, MYNA_TOOLS_MAX);
    err = copy_host_tools(s, &from, why);
    if (!err)
        changed(s);
    return err;
}

char *myna_s_tools_of_agent(const struct myna_session *s, size_t agent)
{
    struct myna_tool_def *list;
    size_t n;
    char *json;

    if (compose(s, agent, &list, &n, NULL))
        return NULL;
    json = myna_s_tools_json(list, n);
    free_list(list, n);
    return json;
}

void myna_s_tools_leave(struct myna_session *s)
{
    if (s->toolbox)
        myna_toolbox_unwatch(s->toolbox, &s->toolbox_watch);
}

void myna_s_tools_fini(struct myna_session *s)
{
    replace(s, NULL, 0);
    myna_s_tools_forget_gone(s);
    free_list(s->host_tools, s->n_host_tools);
    myna_s_agents_fini(s);
}

/* ---- in words */

/* The names in `list` that `other` has not. NULL: none. */
static enum myna_err names(const struct myna_tool_def *list, size_t n,
                           const struct myna_tool_def *other, size_t m, const char **out)
{
    struct myna_buf text;
    enum myna_err err = MYNA_OK;

    myna_buf_init(&text, 0);
    for (size_t i = 0; i < n; i++)
        if (!find(other, m, list[i].name)) {
            (void)!myna_buf_puts(&text, text.len ? "," : "");
            (void)!myna_buf_puts(&text, list[i].name);
        }
    if (text.len || text.err) {
        *out = text.err ? NULL : strdup(myna_buf_str(&text));
        err = *out ? MYNA_OK : MYNA_ENOMEM;
    }
    myna_buf_fini(&text);
    return err;
}

enum myna_err myna_s_tools_names(const struct myna_session *s, const char **out)
{
    return names(s->tools, s->n_tools, NULL, 0, out);
}

char *myna_s_tools_json(const struct myna_tool_def *tools, size_t n)
{
    json_t *list = json_array();
    char *text;
    bool good = list != NULL;

    for (size_t i = 0; good && i < n; i++) {
        json_t *tool = json_object();

        good = !myna_json_put_text(tool, "name", tools[i].name) &&
               !myna_json_put_text(tool, "description", tools[i].description) &&
               !myna_json_put_text(tool, "parameters", tools[i].parameters) &&
               !json_array_append(list, tool);
        json_decref(tool);
    }
    text = good ? myna_json_dump(list, JSON_COMPACT) : NULL;
    json_decref(list);
    return text;
}

/* ---- the change */

static bool same(const struct myna_tool_def *a, const struct myna_tool_def *b, size_t n)
{
    char *x = myna_s_tools_json(a, n), *y = myna_s_tools_json(b, n);
    bool equal = x && y && !strcmp(x, y);

    free(x);
    free(y);
    return equal;
}

/* instructions NULL: as they were. */
static enum myna_err remember(struct myna_session *s, const struct myna_tool_def *list, size_t n,
                              const char *instructions)
{
    struct myna_item *it = myna_s_item_new(s, MYNA_ITEM_AGENT_CONFIG_UPDATE);

    if (!it)
        return MYNA_ENOMEM;
    if (names(list, n, s->tools, s->n_tools, &it->tools_added) ||
        names(s->tools, s->n_tools, list, n, &it->tools_removed) ||
        !copy_text(&it->instructions, instructions)) {
        myna_s_item_free(it);
        return MYNA_ENOMEM;
    }
    if (it->tools_added || it->tools_removed || instructions)
        return myna_s_item_keep(s, it);
    myna_s_item_free(it); /* only what is said of them */
    return MYNA_OK;
}

static enum myna_err parse(const char *json, struct myna_tool_def **out, size_t *count)
{
    json_t *root = myna_json_loads(json, 0, NULL), *tool;
    size_t n = json_array_size(root), k = 0, i;
    struct myna_tool_def *list = json_is_array(root) ? calloc(n + 1, sizeof *list) : NULL;
    enum myna_err err = list ? MYNA_OK : MYNA_EFORMAT;

    json_array_foreach(root, i, tool)
    {
        struct myna_tool_def from = {
            .name = json_string_value(json_object_get(tool, "name")),
            .description = json_string_value(json_object_get(tool, "description")),
            .parameters = json_string_value(json_object_get(tool, "parameters"))};

        if (!err)
            err = !from.name ? MYNA_EFORMAT : copy_tool(&list[k++], &from) ? MYNA_OK : MYNA_ENOMEM;
    }
    json_decref(root);
    if (err && list)
        free_list(list, k);
    *out = list;
    *count = k;
    return err;
}

enum myna_err myna_s_tools_replace(struct myna_session *s, const char *json,
                                   const char *instructions)
{
    struct myna_tool_def *list;
    size_t n;
    enum myna_err err = parse(json, &list, &n);

    if (err)
        return err;
    err = remember(s, list, n, instructions);
    if (err)
        free_list(list, n);
    else
        replace(s, list, n);
    return err;
}

bool myna_s_tool_gone(const struct myna_session *s, const char *name)
{
    for (size_t i = 0; i < s->n_gone_tools; i++)
        if (!strcmp(s->gone_tools[i], name))
            return true;
    return false;
}

void myna_s_tools_forget_gone(struct myna_session *s)
{
    while (s->n_gone_tools)
        free(s->gone_tools[--s->n_gone_tools]);
}

/* The agent may still call what it saw a moment ago. */
static void remember_gone(struct myna_session *s, const struct myna_tool_def *now, size_t n)
{
    for (size_t i = 0; i < s->n_tools; i++) {
        const char *name = s->tools[i].name;
        char *copy;

        if (find(now, n, name) || myna_s_tool_gone(s, name) || !(copy = strdup(name)))
            continue;
        if (s->n_gone_tools == S_GONE_TOOLS) {
            free(s->gone_tools[0]);
            memmove(s->gone_tools, s->gone_tools + 1, --s->n_gone_tools * sizeof s->gone_tools[0]);
        }
        s->gone_tools[s->n_gone_tools++] = copy;
    }
}

enum myna_err myna_s_tools_change(struct myna_session *s, const char *json)
{
    struct myna_tool_def *list;
    size_t n;
    enum myna_err err = parse(json, &list, &n);
    bool news;

    if (err)
        return err;
    news = n != s->n_tools || !same(list, s->tools, n);
    if (news)
        remember_gone(s, list, n);
    free_list(list, n);
    if (!news)
        return MYNA_OK;
    myna_s_command(s, S_CMD_TOOLS, 0, 0, json, NULL);
    err = myna_s_tools_replace(s, json, NULL);
    s->dirty = true;
    myna_s_leave(s);
    return err;
}

void myna_s_tool_trouble(struct myna_session *s, const char *entry, const char *text)
{
    struct myna_fault f = {.stage = MYNA_STAGE_SESSION,
                           .err = MYNA_EUNAVAIL,
                           .provider = entry,
                           .message = text,
                           .recoverable = true};

    if (!s->started || s->closing.asked)
        return;
    myna_s_command(s, S_CMD_TOOL_TROUBLE, 0, 0, entry, text);
    myna_s_fault(s, &f);
    s->dirty = true;
    myna_s_leave(s);
}

void myna_s_tool_reserved(struct myna_session *s, const char *name, const char *entry)
{
    char text[300];
    struct myna_fault f = {.stage = MYNA_STAGE_TOOL,
                           .err = MYNA_EINVAL,
                           .provider = name,
                           .message = text,
                           .recoverable = true};

    snprintf(text, sizeof text,
             "tools.%.64s has a tool of the name %.64s now: the host's is not offered any more",
             entry, name);
    if (!s->started) {
        myna_s_log(s, MYNA_LOG_WARN, "%s", text);
        return;
    }
    if (s->closing.asked)
        return;
    myna_s_command(s, S_CMD_TOOL_RESERVED, 0, 0, name, entry);
    myna_s_fault(s, &f);
    s->dirty = true;
    myna_s_leave(s);
}

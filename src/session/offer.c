/* offer.c - which functions the agent may call: those of the host's agent, then those of the
 * toolbox, as copies of the session.
 *
 * The list may change while the call goes on, since MCP servers come, go and change theirs. A new
 * list is an input like any other: written to the recording as a whole, since a replay has no
 * toolbox, and into the history as what was added and removed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"
#include "session/tools.h"
#include "tools/schema.h"
#include "util/item_json.h"

/* ---- a list of its own */

static void drop(const char *text)
{
    free((void *)(uintptr_t)text); /* ours; `const` is for those who read it */
}

static void free_list(struct myna_tool_def *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        drop(list[i].name);
        drop(list[i].description);
        drop(list[i].parameters);
    }
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
    schema = json_loads(def->parameters, 0, NULL);
    err = myna_schema_check(schema, &what);
    json_decref(schema);
    return err ? myna_fail(why, MYNA_ECONFIG,
                           "the parameters of tool %s are not a JSON schema: %s; give an object, "
                           "or NULL for a tool without any",
                           def->name, what.text)
               : MYNA_OK;
}

/* The host's tools are in `s`; these are put behind a copy of them. */
static enum myna_err compose(const struct myna_session *s, struct myna_tool_def **out, size_t *n,
                             struct myna_why *why)
{
    size_t m = 0, k = 0;
    const struct myna_tool_def *more = s->toolbox ? myna_toolbox_tools(s->toolbox, &m) : NULL;
    struct myna_tool_def *list = calloc(s->n_host_tools + m + 1, sizeof *list);
    bool good = list != NULL;

    for (size_t i = 0; good && i < s->n_host_tools; i++)
        good = copy_tool(&list[k++], &s->tools[i]);
    for (size_t i = 0; good && i < m && k < MYNA_TOOLS_MAX; i++) {
        if (find(s->tools, s->n_host_tools, more[i].name)) {
            free_list(list, k);
            return myna_fail(why, MYNA_ECONFIG,
                             "the host program and tools.%s have a tool of the same name, %s: "
                             "rename one",
                             myna_toolbox_entry(s->toolbox, i), more[i].name);
        }
        good = copy_tool(&list[k++], &more[i]);
    }
    if (!good) {
        free_list(list, list ? k : 0);
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agent's tools");
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
static void changed(void *arg)
{
    struct myna_session *s = arg;
    struct myna_tool_def *list;
    struct myna_why why = {0};
    size_t n;
    char *json;

    if (s->dead || s->closing.told)
        return;
    if (compose(s, &list, &n, &why)) {
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
    if (agent && agent->n_tools) {
        s->tools = calloc(agent->n_tools, sizeof *s->tools);
        if (!s->tools)
            return myna_fail(why, MYNA_ENOMEM, "no memory for the agent's tools");
    }
    for (size_t i = 0; agent && i < agent->n_tools && !err; i++) {
        err = check_tool(agent, i, why);
        if (!err && !copy_tool(&s->tools[s->n_tools++], &agent->tools[i]))
            err = myna_fail(why, MYNA_ENOMEM, "no memory for the agent's tools");
    }
    s->n_host_tools = s->n_tools;
    if (err || !s->toolbox)
        return err;
    err = compose(s, &list, &n, why);
    if (err)
        return err;
    replace(s, list, n);
    s->toolbox_watch = (struct myna_toolbox_watch){.changed = changed, .arg = s};
    myna_toolbox_watch(s->toolbox, &s->toolbox_watch);
    return MYNA_OK;
}

void myna_s_tools_leave(struct myna_session *s)
{
    if (s->toolbox)
        myna_toolbox_unwatch(s->toolbox, &s->toolbox_watch);
}

void myna_s_tools_fini(struct myna_session *s)
{
    replace(s, NULL, 0);
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
    text = good ? json_dumps(list, JSON_COMPACT) : NULL;
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

static enum myna_err remember(struct myna_session *s, const struct myna_tool_def *list, size_t n)
{
    struct myna_item *it = myna_s_item_new(s, MYNA_ITEM_AGENT_CONFIG_UPDATE);

    if (!it)
        return MYNA_ENOMEM;
    if (names(list, n, s->tools, s->n_tools, &it->tools_added) ||
        names(s->tools, s->n_tools, list, n, &it->tools_removed)) {
        myna_s_item_free(it);
        return MYNA_ENOMEM;
    }
    if (it->tools_added || it->tools_removed)
        return myna_s_item_keep(s, it);
    myna_s_item_free(it); /* only what is said of them */
    return MYNA_OK;
}

enum myna_err myna_s_tools_change(struct myna_session *s, const char *json)
{
    json_t *root = json_loads(json, 0, NULL), *tool;
    size_t n = json_array_size(root), k = 0, i;
    struct myna_tool_def *list = json_is_array(root) ? calloc(n + 1, sizeof *list) : NULL;
    enum myna_err err = list ? MYNA_OK : MYNA_ENOMEM;

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
    if (!err && !(n == s->n_tools && same(list, s->tools, n))) {
        myna_s_command(s, S_CMD_TOOLS, 0, 0, json, NULL);
        err = remember(s, list, k);
        if (!err) {
            replace(s, list, k);
            list = NULL;
        }
        s->dirty = true;
        myna_s_leave(s);
    }
    if (list)
        free_list(list, k);
    return err;
}

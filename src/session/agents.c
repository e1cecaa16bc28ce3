/* agents.c - several agents in one configuration, and who has the word (agent-session 1.12).
 *
 * The first agent is the section `agent` (or the host's); the others are the entries `agents.NAME`.
 * An agent that may hand over has one more tool, handoff_to, whose schema names those whom it may
 * name. The call of it is answered at once; when its step is over, the history gets
 * agent_handoff{old, new} and what the new agent is told, and the new agent speaks: its greeting,
 * or an answer that it makes.
 *
 * The handoff is an input (S_CMD_HANDOFF) that brings the new agent's list of tools, since a replay
 * has no toolbox. Who the agents are is in the recording's configuration.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"
#include "util/suggest.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define TOOL "handoff_to"

/* ---- the table */

static const struct s_agent *find(const struct myna_session *s, const char *name)
{
    for (size_t i = 0; i < s->n_agents; i++)
        if (!strcmp(s->agents[i].name, name))
            return &s->agents[i];
    return NULL;
}

/* Where a key of the agent stands, for messages. */
static const char *place(const struct myna_session *s, const struct s_agent *a, const char *key,
                         char path[160])
{
    const char *origin;

    snprintf(path, 160, "%s%s.%s", a->first ? "agent" : "agents.", a->first ? "" : a->name, key);
    origin = myna_config_origin(myna_runtime_config(s->rt), path);
    return origin ? origin : "host";
}

static enum myna_err check_handoff(const struct myna_session *s, const struct s_agent *a,
                                   struct myna_why *why)
{
    const char *names[S_AGENTS_MAX], *near;
    char path[160];

    for (size_t i = 0; i < s->n_agents; i++)
        names[i] = s->agents[i].name;
    for (const char *const *to = a->conf.handoff; a->conf.handoff && *to; to++) {
        const char *at = place(s, a, "handoff", path);

        if (!strcmp(*to, a->name))
            return myna_fail(why, MYNA_ECONFIG,
                             "%s: %s names the agent itself: a handoff goes to another one", at,
                             path);
        if (find(s, *to))
            continue;
        near = myna_suggest(*to, names, s->n_agents);
        return myna_fail(why, MYNA_ECONFIG,
                         "%s: %s names \"%s\", but there is no agent of that name%s%s%s: add "
                         "agents.%s",
                         at, path, *to, near ? "; did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "", *to);
    }
    return MYNA_OK;
}

/* A name in `tools` is an entry of the toolbox or a function of the host. */
static enum myna_err check_tools(const struct myna_session *s, const struct s_agent *a,
                                 struct myna_why *why)
{
    char path[160];

    for (const char *const *name = a->conf.tools; a->conf.tools && *name; name++) {
        bool known = s->toolbox && myna_toolbox_has_entry(s->toolbox, *name);

        for (size_t i = 0; !known && i < s->n_host_tools; i++)
            known = !strcmp(s->host_tools[i].name, *name);
        if (!known) {
            const char *at = place(s, a, "tools", path);

            return myna_fail(why, MYNA_ECONFIG,
                             "%s: %s names \"%s\", but there is no tool of that name: add tools.%s",
                             at, path, *name, *name);
        }
    }
    return MYNA_OK;
}

static enum myna_err add(struct myna_session *s, const struct myna_config_entry *entry,
                         struct myna_why *why)
{
    const struct myna_config *cfg = myna_runtime_config(s->rt);
    struct s_agent *a = &s->agents[s->n_agents];
    char path[160];
    enum myna_err err;

    *a = (struct s_agent){.name = entry->name};
    if (find(s, entry->name))
        return myna_fail(
            why, MYNA_ECONFIG,
            "%s: agents.%s has the name of the first agent (agent.name): two agents of "
            "one name",
            entry->origin, entry->name);
    err = myna_config_read_entry(cfg, &myna_agents_section, entry->name, &a->conf, why);
    if (err)
        return err;
    snprintf(path, sizeof path, "agents.%s.tools", entry->name);
    if (myna_config_is_default(cfg, path))
        a->conf.tools = NULL; /* all */
    snprintf(path, sizeof path, "agents.%s.handoff", entry->name);
    if (myna_config_is_default(cfg, path))
        a->conf.handoff = NULL;
    s->n_agents++;
    return MYNA_OK;
}

enum myna_err myna_s_agents_init(struct myna_session *s, struct myna_why *why)
{
    const struct myna_config *cfg = myna_runtime_config(s->rt);
    struct myna_config_entry entry;
    enum myna_err err = MYNA_OK;

    if (!myna_config_entry(cfg, &myna_agents_section, 0, &entry) &&
        myna_config_is_default(cfg, "agent.tools") && myna_config_is_default(cfg, "agent.handoff"))
        return MYNA_OK;
    s->agents = calloc(S_AGENTS_MAX, sizeof *s->agents);
    if (!s->agents)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agents");
    s->agents[s->n_agents++] = (struct s_agent){.name = s->agent_name,
                                                .first = true,
                                                .conf = {.instructions = s->agent_instructions,
                                                         .description = s->agent.description,
                                                         .tools = s->agent.tools,
                                                         .handoff = s->agent.handoff,
                                                         .turns = s->agent.turns}};
    if (myna_config_is_default(cfg, "agent.tools"))
        s->agents[0].conf.tools = NULL;
    if (myna_config_is_default(cfg, "agent.handoff"))
        s->agents[0].conf.handoff = NULL;
    for (size_t i = 0; !err && myna_config_entry(cfg, &myna_agents_section, i, &entry); i++)
        err = s->n_agents < S_AGENTS_MAX ? add(s, &entry, why)
                                         : myna_fail(why, MYNA_ECONFIG, "%s: more than %d agents",
                                                     entry.origin, S_AGENTS_MAX);
    for (size_t i = 0; !err && i < s->n_agents; i++)
        err = check_handoff(s, &s->agents[i], why);
    for (size_t i = 0; !err && s->toolbox && i < s->n_agents; i++)
        err = check_tools(s, &s->agents[i], why);
    return err;
}

bool myna_s_agent_has_tool(const struct myna_session *s, size_t agent, const char *entry)
{
    const char *const *list = s->n_agents ? s->agents[agent].conf.tools : NULL;

    if (!list)
        return true;
    while (*list && strcmp(*list, entry) != 0)
        list++;
    return *list;
}

/* ---- the tool */

static bool may_reach(const struct s_agent *from, const struct s_agent *to)
{
    if (from == to)
        return false;
    if (!from->conf.handoff)
        return true;
    for (const char *const *name = from->conf.handoff; *name; name++)
        if (!strcmp(*name, to->name))
            return true;
    return false;
}

enum myna_err myna_s_handoff_tool(const struct myna_session *s, size_t agent, char **description,
                                  char **parameters)
{
    json_t *names = json_array(), *schema;
    struct myna_buf words;
    enum myna_err err;

    *description = *parameters = NULL;
    myna_buf_init(&words, 0);
    (void)!myna_buf_puts(&words, "Hands the conversation over to another agent:");
    for (size_t i = 0; i < s->n_agents; i++)
        if (may_reach(&s->agents[agent], &s->agents[i])) {
            (void)!myna_buf_printf(&words, "\n%s", s->agents[i].name);
            if (s->agents[i].conf.description)
                (void)!myna_buf_printf(&words, ": %s", s->agents[i].conf.description);
            (void)json_array_append_new(names, json_string(s->agents[i].name));
        }
    if (!json_array_size(names)) {
        json_decref(names);
        myna_buf_fini(&words);
        return MYNA_OK;
    }
    schema = json_pack("{s:s,s:{s:{s:s,s:o}},s:[s]}", "type", "object", "properties", "agent",
                       "type", "string", "enum", names, "required", "agent");
    *parameters = schema ? myna_json_dump(schema, JSON_COMPACT) : NULL;
    *description = words.err ? NULL : myna_buf_take(&words);
    json_decref(schema);
    myna_buf_fini(&words);
    err = *parameters && *description ? MYNA_OK : MYNA_ENOMEM;
    if (err) {
        free(*parameters);
        free(*description);
        *description = *parameters = NULL;
    }
    return err;
}

/* ---- the handoff */

enum myna_err myna_s_handoff(struct myna_session *s, const char *name, const char *tools,
                             uint32_t person)
{
    const struct s_agent *to = find(s, name);

    if (!to || s->closing.asked)
        return to ? MYNA_ESTATE : MYNA_ENOENT;
    myna_s_command(s, S_CMD_HANDOFF, person, 0, name, tools);
    free(s->handoff_tools);
    s->handoff_tools = tools ? strdup(tools) : NULL;
    s->handoff = to;
    s->handoff_person = person;
    s->dirty = true;
    myna_s_leave(s);
    return MYNA_OK;
}

bool myna_s_handoff_call(struct myna_session *s, const char *call_id, const char *name,
                         const char *arguments, uint32_t person)
{
    struct myna_tool_result r = {.size = sizeof r, .no_reply = true};
    const struct s_agent *to;
    char *tools, output[160];
    json_t *args;

    /* A replay is told what came of it. Of one agent it is a tool of the host's, if anything. */
    if (strcmp(name, TOOL) != 0 || s->n_agents < 2 || !s->toolbox)
        return false;
    args = myna_json_loads(arguments, 0, NULL);
    to = find(s, json_string_value(json_object_get(args, "agent"))
                     ? json_string_value(json_object_get(args, "agent"))
                     : "");
    json_decref(args);
    tools = to ? myna_s_tools_of_agent(s, (size_t)(to - s->agents)) : NULL;
    snprintf(output, sizeof output, "{\"status\":\"handed over\",\"agent\":\"%.80s\"}",
             to ? to->name : "");
    r.output = output;
    if (s->handoff || !tools || myna_s_handoff(s, to->name, tools, person)) {
        r.output = s->handoff ? "Error: the conversation is being handed over already"
                              : "Error: the conversation cannot be handed over";
        r.is_error = true;
    }
    free(tools);
    (void)myna_session_tool_result(s, call_id, &r);
    return true;
}

enum myna_err myna_session_handoff(struct myna_session *s, const char *agent)
{
    const struct s_agent *to = agent ? find(s, agent) : NULL;
    enum myna_err err;
    char *tools;

    if (!s->started || s->closing.asked)
        return MYNA_ESTATE;
    if (!to)
        return MYNA_ENOENT;
    tools = myna_s_tools_of_agent(s, (size_t)(to - s->agents));
    err = tools ? myna_s_handoff(s, agent, tools, 0) : MYNA_ENOMEM;
    free(tools);
    return err;
}

static enum myna_err remember(struct myna_session *s, const struct s_agent *to)
{
    struct myna_item *it = myna_s_item_new(s, MYNA_ITEM_AGENT_HANDOFF);
    char *instructions = strdup(to->conf.instructions ? to->conf.instructions : "");

    if (it) {
        it->old_agent = strdup(s->agents[s->agent_at].name);
        it->new_agent = strdup(to->name);
    }
    if (!instructions || !it || !it->old_agent || !it->new_agent) {
        free(instructions);
        myna_s_item_free(it);
        return MYNA_ENOMEM;
    }
    free(s->handoff_instructions);
    s->handoff_instructions = instructions;
    return myna_s_item_add(s, it);
}

/* Its first words: as the host's, but they follow from the handoff. */
static void speak_first(struct myna_session *s, const struct s_agent *to)
{
    const char *greeting = to->conf.greeting;
    struct myna_reply_options how = {.size = sizeof how,
                                     .allow_interruptions = -1,
                                     .by = myna_s_person_identity(s, s->handoff_person)};
    enum myna_err err;

    if (s->turns || s->waiting || s->user_state == MYNA_USER_SPEAKING || s->closing.asked)
        return; /* the person has the word */
    s->greeting = true;
    err = greeting && greeting[0] ? myna_session_say(s, greeting, -1, true, NULL)
                                  : myna_session_generate_reply(s, &how, NULL);
    s->greeting = false;
    if (err)
        myna_s_log(s, MYNA_LOG_WARN, "the new agent says nothing reason=\"%s\"",
                   myna_strerror(err));
}

/* Once no speech is in the middle of its tools. */
void myna_s_handoff_advance(struct myna_session *s)
{
    const struct s_agent *to = s->handoff;
    char *tools = s->handoff_tools;

    if (!to)
        return;
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (!sp->done && sp->tools)
            return;
    s->handoff = NULL;
    s->handoff_tools = NULL;
    if (to == &s->agents[s->agent_at] || s->closing.asked) {
        free(tools);
        return;
    }
    myna_s_preempt_cancel(s); /* it was made with the old one's words */
    myna_s_tools_forget_gone(s);
    if (remember(s, to) || myna_s_tools_replace(s, tools ? tools : "[]", s->handoff_instructions)) {
        myna_s_log(s, MYNA_LOG_ERROR, "no handoff: no memory agent=%s", to->name);
    } else {
        s->agent_at = (size_t)(to - s->agents);
        myna_s_own_turns(s, &to->conf.turns);
        speak_first(s, to);
    }
    free(tools);
}

const char *myna_s_instructions(const struct myna_session *s)
{
    return s->handoff_instructions ? s->handoff_instructions : s->agent_instructions;
}

const char *myna_s_model(const struct myna_session *s)
{
    return s->n_agents ? s->agents[s->agent_at].conf.model : NULL;
}

const char *myna_s_voice(const struct myna_session *s)
{
    return s->n_agents ? s->agents[s->agent_at].conf.voice : NULL;
}

void myna_s_agents_fini(struct myna_session *s)
{
    free(s->agents);
    free(s->handoff_tools);
    free(s->handoff_instructions);
}

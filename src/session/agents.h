/* agents.h - a part of internal.h, which includes it: several agents, and what each may call.
 *
 *   agents.c   who has the word, handoff (1.12)
 *   own.c      that agent's turns
 *   offer.c    which functions there are
 *   tools.c    calls of them (1.11)
 */
#ifndef MYNA_SESSION_AGENTS_H
#define MYNA_SESSION_AGENTS_H

struct speech;

struct s_agent { /* one of several: texts are the configuration's */
    const char *name;
    bool first;
    struct myna_agents_conf conf; /* tools, handoff: NULL all */
};

/* ---- agents.c */
enum myna_err myna_s_agents_init(struct myna_session *s, struct myna_why *why);
void myna_s_agents_fini(struct myna_session *s);
bool myna_s_agent_has_tool(const struct myna_session *s, size_t agent, const char *entry);
/* Both NULL: it may hand over to nobody. The caller frees. */
enum myna_err myna_s_handoff_tool(const struct myna_session *s, size_t agent, char **description,
                                  char **parameters);
/* Is the call one of ours? Then it is answered. */
bool myna_s_handoff_call(struct myna_session *s, const char *call_id, const char *name,
                         const char *arguments, uint32_t person);
/* An input. MYNA_ENOENT: no such agent; MYNA_ESTATE: the call is ending. */
enum myna_err myna_s_handoff(struct myna_session *s, const char *name, const char *tools,
                             uint32_t person);
void myna_s_handoff_advance(struct myna_session *s);
/* Of the agent that has the word; NULL: the provider's own. */
const char *myna_s_model(const struct myna_session *s);
const char *myna_s_voice(const struct myna_session *s);
const char *myna_s_instructions(const struct myna_session *s); /* of the present agent */

/* ---- own.c */
/* From now on the agent with these has the word. */
void myna_s_own_turns(struct myna_session *s, const struct myna_agent_turns *own);
struct myna_endpointing_options myna_s_endpointing_options(const struct myna_session *s);

/* ---- offer.c */
/* What may be called at first: the host's tools, then the toolbox's. agent NULL: none of a host. */
enum myna_err myna_s_tools_init(struct myna_session *s, const struct myna_agent *agent,
                                struct myna_why *why);
void myna_s_tools_fini(struct myna_session *s);
void myna_s_tools_leave(struct myna_session *s); /* the call is over: no change is taken */
/* Names of the agent's tools, comma separated; the caller frees. Left alone without any. */
enum myna_err myna_s_tools_names(const struct myna_session *s, const char **out);
/* [{"name":…,"description":…,"parameters":…},…]; the caller frees. NULL: no memory. */
char *myna_s_tools_json(const struct myna_tool_def *tools, size_t n);
/* A tool server is gone for a while: an event, and the call goes on. */
void myna_s_tool_trouble(struct myna_session *s, const char *entry, const char *text);
/* A tool of the host's is gone, since an entry has its name: an event. */
void myna_s_tool_reserved(struct myna_session *s, const char *name, const char *entry);
/* An input: from now on these, as JSON. MYNA_EFORMAT, MYNA_ENOMEM: the list stays as it was. */
enum myna_err myna_s_tools_change(struct myna_session *s, const char *json);
/* The same inside of an input, told in the history with the new instructions (NULL: the same). */
enum myna_err myna_s_tools_replace(struct myna_session *s, const char *json,
                                   const char *instructions);
/* The present agent was offered it, and it was taken back: its host may know more. */
bool myna_s_tool_gone(const struct myna_session *s, const char *name);
void myna_s_tools_forget_gone(struct myna_session *s); /* another agent has the word */
/* What an agent would be offered, as JSON; the caller frees. NULL: no memory. */
char *myna_s_tools_of_agent(const struct myna_session *s, size_t agent);

/* ---- tools.c */
bool myna_s_runs_tools(const struct myna_session *s);        /* somebody does */
void myna_s_end_call(struct myna_session *s, bool farewell); /* an input */
void myna_s_tool_call(struct myna_session *s, struct speech *sp, const struct myna_llm_event *ev);
/* Hands one call to the host. true: there was one, and the speech may be gone since. */
bool myna_s_tools_start(struct myna_session *s, struct speech *sp);
/* A speech with calls has been heard: true when something moved. */
bool myna_s_tools_step(struct myna_session *s, struct speech *sp);
const struct myna_item *myna_s_tools_first(const struct speech *sp); /* call in the history */
/* A speech is between its first tool and its last word. */
bool myna_s_tools_busy(const struct myna_session *s);
/* Calls and outputs are told and forgotten; what still runs is "interrupted". */
void myna_s_tools_commit(struct myna_session *s, struct speech *sp);
/* The speeches that run any, by a turn of that person's. */
void myna_s_tools_interrupt(struct myna_session *s, uint32_t person);
void myna_s_tools_free(struct speech *sp);
myna_us myna_s_tools_deadline(const struct speech *sp);
void myna_s_tools_expire(struct myna_session *s, struct speech *sp);

#endif

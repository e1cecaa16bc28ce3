/* tool.h - the inside of a toolbox: an entry of the configuration is a *source* of one kind, which
 * offers tools and starts jobs.
 *
 * A kind is a table of functions (http_tool.c, command_tool.c, mcp_tool.c). A job begins with
 * struct myna_tool_job; the kind allocates it, myna_tool_job_init() puts it into the box, and its
 * kind ends it by myna_tool_job_done(), which frees it, from the loop alone.
 */
#ifndef MYNA_TOOLS_TOOL_H
#define MYNA_TOOLS_TOOL_H

#include <jansson.h>

#include "tools/toolbox.h"
#include "util/buf.h"
#include "util/http.h"

enum { MYNA_TOOL_OUTPUT_MAX = 64 << 10 }; /* the most that `max_output` may say */

enum tool_kind_name { TOOL_AUTO, TOOL_HTTP, TOOL_COMMAND, TOOL_MCP, TOOL_END_CALL };
enum { MCP_ELICIT_DECLINE, MCP_ELICIT_DEFAULTS };

struct tool_conf {
    int kind; /* enum tool_kind_name */
    const char *description, *parameters;
    const char *url, *method;
    const char *const *headers; /* name=value */
    const char *const *command;
    const char *const *env; /* name=value */
    const char *dir;
    int timeout_ms, max_output, retries;
    const char *const *only; /* MCP: the tools that are taken; none: all */
    int elicitation;         /* MCP_ELICIT_… */
};

/* Texts that are shown to nobody: what ${NAME} stood for. */
struct tool_secrets {
    char **list;
    size_t n;
};

struct tool_offer {
    char *name;  /* as its source calls it */
    char *shown; /* as the agent does; NULL: the same */
    char *description, *parameters;
};

struct tool_source {
    const struct tool_kind *kind;
    struct myna_toolbox *box;
    struct myna_host *host;
    struct tool_source *next;
    const char *name;   /* of the entry; the configuration's */
    const char *origin; /* "myna.yaml:12:3" */
    struct tool_conf conf;
    bool only_looked_at; /* by the doctor: nothing is started or asked */
    struct tool_secrets secrets;
    struct tool_offer *offers;
    size_t n_offers;
    /* What ${NAME} stood for is in them; made by text.c for the kinds that use them. */
    char *url;
    struct myna_http_header *headers;
    char **header_texts;
    size_t n_headers;
    char **env; /* NULL-terminated */
    void *own;  /* the kind's */
};

struct tool_kind {
    const char *name;
    bool server; /* it offers tools of names that are not its own */
    enum myna_err (*create)(struct tool_source *src, const json_t *schema, struct myna_why *why);
    void (*destroy)(struct tool_source *src);
    /* NULL: no memory. `args` is an object; both are borrowed. */
    struct myna_tool_job *(*start)(struct tool_source *src, const struct tool_offer *offer,
                                   json_t *args, const char *arguments);
    /* Nobody uses the toolbox (true), or somebody does again: what keeps a loop running ends, and
     * begins anew. May be NULL. */
    void (*rest)(struct tool_source *src, bool rest);
    /* Says good-bye where a server holds a session for us; true: that is under way. May be NULL. */
    bool (*leave)(struct tool_source *src);
    void (*stop)(struct myna_tool_job *job); /* ends what runs; the job is freed behind it */
};
extern const struct tool_kind myna_tool_http, myna_tool_command, myna_tool_mcp, myna_tool_end_call;

struct myna_tool_job {
    struct tool_source *src;
    const struct tool_kind *kind;
    struct myna_tool_job *next;
    const char *tool; /* as the agent calls it; borrowed from the list, "" when that has changed */
    void (*done)(void *arg, const struct myna_tool_outcome *how);
    void *arg;
    struct myna_timer timer;
    char *early;
    bool early_error, early_end;
};

void myna_tool_job_init(struct myna_tool_job *job, struct tool_source *src);
/* The output is masked and copied where needed; the job is freed. */
void myna_tool_job_done(struct myna_tool_job *job, struct myna_view output, bool is_error);
/* "Error: NAME …" */
void myna_tool_job_fail(struct myna_tool_job *job, const char *fmt, ...) MYNA_PRINTF(2, 3);
/* The same, told in the loop's next turn: for what start() knows at once. */
void myna_tool_job_fail_later(struct myna_tool_job *job, const char *fmt, ...) MYNA_PRINTF(2, 3);
/* The list of a source is another one now. */
void myna_toolbox_changed(struct myna_toolbox *box);
/* The source's server is no good at the moment. false: nobody was told. */
bool myna_toolbox_trouble(struct tool_source *src, const char *text);
/* Appends an offer; texts are copied. false: no memory. */
bool myna_tool_offer(struct tool_source *src, const char *name, const char *description,
                     const char *parameters);
void myna_tool_offers_clear(struct tool_source *src);
/* "myna.yaml:12:9: tools.weather.url …", MYNA_ECONFIG. key NULL: the entry. */
enum myna_err myna_tool_refuse(const struct tool_source *src, const char *key, struct myna_why *why,
                               const char *fmt, ...) MYNA_PRINTF(4, 5);

/* The program that `command` names can be started in `dir`; else it is refused with the remedy. */
MYNA_MUST enum myna_err myna_tool_program(const struct tool_source *src, struct myna_why *why);

/* ---- text.c */

/* ${NAME} becomes the environment's value, which is then a secret of the source; `key` stands in
 * the message when there is none. */
MYNA_MUST enum myna_err myna_tool_expand(struct tool_source *src, const char *key, const char *text,
                                         char **out, struct myna_why *why);
/* The entry's url, its headers, its env. */
MYNA_MUST enum myna_err myna_tool_read_url(struct tool_source *src, struct myna_why *why);
MYNA_MUST enum myna_err myna_tool_read_headers(struct tool_source *src, struct myna_why *why);
MYNA_MUST enum myna_err myna_tool_read_env(struct tool_source *src, struct myna_why *why);
/* All of these and the secrets. */
void myna_tool_texts_fini(struct tool_source *src);
/* `text` with *** for each secret. */
void myna_tool_mask(struct myna_buf *into, struct myna_view text, const struct tool_secrets *s);

/* The next {name} of a template at or behind `at`: its name's first byte and length; NULL: none.
 * Other braces are text. */
const char *myna_tool_placeholder(const char *at, size_t *len);
/* The argument as text: a string as it is, null and nothing as NULL, all else as JSON. `out` is
 * freed by the caller. false: no memory. */
bool myna_tool_argument(const json_t *args, const char *name, size_t len, char **out);
/* Every {name} of the template is in the schema's properties. */
MYNA_MUST enum myna_err myna_tool_placeholders_known(const struct tool_source *src, const char *key,
                                                     const char *template, const json_t *schema,
                                                     struct myna_why *why);

#endif

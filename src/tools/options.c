/* options.c - the keys of an entry `tools.NAME`. */
#include <stddef.h>

#include "tools/tool.h"

#define AT(type_, field_) .type = type_, .offset = offsetof(struct tool_conf, field_)

static const char *const kinds[] = {"auto", "http", "command", "mcp", "end_call", NULL};

static const char *const elicitations[] = {"decline", "defaults", NULL};

static const struct myna_option options[] = {
    {.name = "kind",
     AT(MYNA_OPT_CHOICE, kind),
     .def = "auto",
     .choices = kinds,
     .help = "what it is; auto: http where there is a url, else command"},
    {.name = "description",
     AT(MYNA_OPT_STRING, description),
     .help = "tells the agent when to use it"},
    {.name = "parameters",
     AT(MYNA_OPT_JSON, parameters),
     .help = "JSON schema of its arguments; unset: it has none"},
    {.name = "url",
     AT(MYNA_OPT_STRING, url),
     .help = "http: where to ask; {name} is an argument. mcp: the server"},
    {.name = "method",
     AT(MYNA_OPT_STRING, method),
     .help = "http: GET, POST, PUT, PATCH or DELETE; unset: GET"},
    {.name = "headers",
     AT(MYNA_OPT_MAP, headers),
     .secret = true,
     .help = "http, mcp: header lines; ${NAME} is an environment variable"},
    {.name = "command",
     AT(MYNA_OPT_LIST, command),
     .help = "command, mcp: the program and its arguments, without a shell; {name} is an argument"},
    {.name = "env",
     AT(MYNA_OPT_MAP, env),
     .secret = true,
     .help = "command, mcp: variables of the program; ${NAME} is one of ours"},
    {.name = "dir", AT(MYNA_OPT_PATH, dir), .help = "command, mcp: where the program runs"},
    {.name = "timeout",
     AT(MYNA_OPT_MS, timeout_ms),
     .def = "20s",
     .min = 1,
     .max = 300000,
     .help = "longest wait for its answer"},
    {.name = "max_output",
     AT(MYNA_OPT_INT, max_output),
     .def = "16384",
     .min = 1,
     .max = MYNA_TOOL_OUTPUT_MAX,
     .help = "most bytes that it may answer"},
    {.name = "retries",
     AT(MYNA_OPT_INT, retries),
     .def = "2",
     .min = 0,
     .max = 5,
     .help = "http: tries after the first, where asking twice does no harm"},
    {.name = "only",
     AT(MYNA_OPT_LIST, only),
     .help = "mcp: the tools that the agent may use; empty: all"},
    {.name = "elicitation",
     AT(MYNA_OPT_CHOICE, elicitation),
     .def = "decline",
     .choices = elicitations,
     .help = "mcp: what a server hears that asks the person something; defaults: its form's own, "
             "where they suffice"},
    {0},
};

const struct myna_section myna_tools_section = {
    "tools.*", "a tool that the agent may call: an HTTP endpoint, a command, the end of the call",
    options};

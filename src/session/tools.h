/* tools.h - the part of tools.c that needs no session: may a tool be called with these arguments?
 */
#ifndef MYNA_SESSION_TOOLS_H
#define MYNA_SESSION_TOOLS_H

#include <myna/provider.h>

#define MYNA_TOOL_TEXT_MAX  ((size_t)64 << 10) /* bytes of arguments, and of an output */
#define MYNA_TOOL_CALLS_MAX 16                 /* in one step */
#define MYNA_TOOLS_MAX      128                /* of one agent */

/* Are the arguments (NULL or "": none) a JSON object that has what the schema requires? They are
 * written anew, compact, into *out (the caller frees). Otherwise `why` is a sentence for the model
 * that names the tool and the field. def NULL: no schema. */
MYNA_MUST enum myna_err myna_tool_arguments(const struct myna_tool_def *def, const char *name,
                                            const char *arguments, char **out,
                                            struct myna_why *why);

#endif

/* agent.h - who answers: instructions, greeting, tools.
 *
 * Plain data, borrowed by myna_session_create() and copied there.
 */
#ifndef MYNA_AGENT_H
#define MYNA_AGENT_H

#include <stddef.h>

#include <myna/provider.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_agent {
    size_t size;              /* sizeof(struct myna_agent): lets the struct grow */
    const char *name;         /* NULL: "agent" */
    const char *instructions; /* system text; NULL: "" */
    /* First words of a call: `greeting` is spoken as it is; else with `greet` the model is asked to
     * greet; else the person speaks first. */
    const char *greeting;
    bool greet;
    const struct myna_tool_def *tools;
    size_t n_tools;
};

#ifdef __cplusplus
}
#endif
#endif

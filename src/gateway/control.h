/* control.h - what clients send on hermes-control, read with suspicion (voice-gateway 7). Pure.
 */
#ifndef MYNA_GATEWAY_CONTROL_H
#define MYNA_GATEWAY_CONTROL_H

#include <stdbool.h>

#include <jansson.h>

#include <myna/frame.h>

enum myna_gw_order {
    MYNA_GW_BROKEN,  /* not UTF-8, not JSON: worth a warning */
    MYNA_GW_NOTHING, /* not for us, or without what it needs: passed over */
    MYNA_GW_MESSAGE,
    MYNA_GW_PAUSE,
    MYNA_GW_RESUME,
    MYNA_GW_CAPTURE,
    MYNA_GW_END_OF_TURN,
    MYNA_GW_INTERRUPT,
    MYNA_GW_TOOL_REGISTER,
    MYNA_GW_TOOL_UNREGISTER,
    MYNA_GW_TOOL_RESULT,
};

struct myna_gw_control {
    enum myna_gw_order order;
    json_t *body; /* an object, or NULL */
    char *text;   /* MESSAGE: trimmed, not empty */
};

/* `compat`: without the orders that are ours alone. */
void myna_gw_control_read(struct myna_gw_control *c, struct myna_view bytes, bool compat);
void myna_gw_control_fini(struct myna_gw_control *c);
/* A copy without blanks at its ends; the caller frees. NULL for NULL, or when memory is short. */
char *myna_gw_trimmed(const char *text);

#endif

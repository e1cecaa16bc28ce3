/* control.c - see control.h. */
#include "gateway/control.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/json_load.h"

enum { DEPTH_SAFE = 32 }; /* the reader's own is 512; nobody needs so much here */

static const struct {
    const char *type;
    enum myna_gw_order order;
    bool ours; /* not in compat */
} orders[] = {
    {"client:message", MYNA_GW_MESSAGE, false},
    {"client:control", MYNA_GW_PAUSE, false},
    {"client:capture-frame", MYNA_GW_CAPTURE, false},
    {"client:end-of-turn", MYNA_GW_END_OF_TURN, true},
    {"client:interrupt", MYNA_GW_INTERRUPT, true},
    {"client:tool-register", MYNA_GW_TOOL_REGISTER, false},
    {"client:tool-unregister", MYNA_GW_TOOL_UNREGISTER, false},
    {"client:tool-result", MYNA_GW_TOOL_RESULT, false},
};

static const char blanks[] = " \t\r\n\v\f";

char *myna_gw_trimmed(const char *text)
{
    size_t n;

    if (!text)
        return NULL;
    text += strspn(text, blanks);
    n = strlen(text);
    while (n && strchr(blanks, text[n - 1]))
        n--;
    return strndup(text, n);
}

static bool too_deep(struct myna_view bytes)
{
    int depth = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '{' || bytes.ptr[i] == '[')
            depth++;
        else if (bytes.ptr[i] == '}' || bytes.ptr[i] == ']')
            depth--;
        if (depth > DEPTH_SAFE)
            return true;
    }
    return false;
}

static enum myna_gw_order action_of(const json_t *body)
{
    char *action = myna_gw_trimmed(json_string_value(json_object_get(body, "action")));
    enum myna_gw_order order = MYNA_GW_NOTHING;

    if (action && !strcasecmp(action, "pause"))
        order = MYNA_GW_PAUSE;
    else if (action && !strcasecmp(action, "resume"))
        order = MYNA_GW_RESUME;
    free(action);
    return order;
}

static enum myna_gw_order order_of(struct myna_gw_control *c, bool compat)
{
    const char *type = json_string_value(json_object_get(c->body, "type"));

    for (size_t i = 0; type && i < sizeof orders / sizeof *orders; i++) {
        if (strcmp(type, orders[i].type) != 0 || (compat && orders[i].ours))
            continue;
        if (orders[i].order == MYNA_GW_PAUSE)
            return action_of(c->body);
        if (orders[i].order == MYNA_GW_MESSAGE) {
            c->text = myna_gw_trimmed(json_string_value(json_object_get(c->body, "text")));
            return c->text && *c->text ? MYNA_GW_MESSAGE : MYNA_GW_NOTHING;
        }
        return orders[i].order;
    }
    return MYNA_GW_NOTHING;
}

void myna_gw_control_read(struct myna_gw_control *c, struct myna_view bytes, bool compat)
{
    *c = (struct myna_gw_control){.order = MYNA_GW_BROKEN};
    if (!too_deep(bytes))
        c->body = myna_json_loadb((const char *)bytes.ptr, bytes.len, JSON_DECODE_ANY, NULL);
    if (c->body)
        c->order = order_of(c, compat);
}

void myna_gw_control_fini(struct myna_gw_control *c)
{
    json_decref(c->body);
    free(c->text);
    *c = (struct myna_gw_control){.order = MYNA_GW_NOTHING};
}

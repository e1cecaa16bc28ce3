/* wire.c - see wire.h. */
#include "gateway/wire.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"
#include "gateway/split.h"
#include "util/buf.h"
#include "util/item_json.h"
#include "util/json_dump.h"

static void send(const struct myna_gw_wire *w, const char *topic, struct myna_view body,
                 const char *to)
{
    enum myna_err err = w->send(w->arg, topic, body, to);

    if (err && w->host)
        myna_gw_log(w->host, MYNA_LOG_DEBUG, "a message was not sent: %s", myna_strerror(err));
}

/* Takes the message. */
static void send_json(const struct myna_gw_wire *w, json_t *message, const char *to)
{
    char *text = myna_json_dump(message, JSON_COMPACT);

    json_decref(message);
    if (text)
        send(w, NULL, myna_view_of(text), to);
    free(text);
}

void myna_gw_wire_event(const struct myna_gw_wire *w, const char *type, json_t *payload)
{
    json_t *m = json_pack("{s:s, s:o}", "type", type, "payload", payload ? payload : json_object());

    send_json(w, m, NULL);
}

void myna_gw_wire_tool(const struct myna_gw_wire *w, const char *to, json_t *message)
{
    send_json(w, message, to);
}

json_t *myna_gw_wire_identity(const char *identity)
{
    json_t *o = json_object();

    if (myna_json_put_text(o, "identity", identity)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static void part(const struct myna_gw_wire *w, const char *text, bool last)
{
    json_t *payload = json_object();

    send(w, MYNA_GW_CHAT, myna_view_of(text), NULL);
    (void)!myna_json_put_text(payload, "transcript", text);
    (void)!json_object_set_new(payload, "final", json_boolean(last));
    myna_gw_wire_event(w, "agent:agent-transcript", payload);
}

void myna_gw_wire_words(const struct myna_gw_wire *w, const char *text)
{
    struct myna_view left = myna_view_of(text);

    while (left.len) {
        size_t n = myna_gw_split(left);
        char *copy = strndup((const char *)left.ptr, n);

        if (!copy)
            return;
        part(w, copy, n == left.len);
        free(copy);
        left.ptr += n;
        left.len -= n;
    }
}

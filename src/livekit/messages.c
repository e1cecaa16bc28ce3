/* messages.c - what the host and the people of a room say beside sound and chat (myna/message.h):
 * streams that the host sends, methods that are called either way. Only guests call us (who may
 * become one waits, early.c), and only guests are called. Packets, and streams that come in, are
 * transport.c's.
 */
#include <stdio.h>
#include <string.h>

#include "livekit/door.h"
#include "livekit/guests.h"

bool myna_lk_tell_call(struct lk *lk, const struct myna_lk_rpc_call *call)
{
    struct myna_method_call told = {.size = sizeof told,
                                    .call_id = call->id,
                                    .identity = call->caller,
                                    .name = call->method,
                                    .payload = call->payload,
                                    .timeout_ms = call->timeout_ms};

    return myna_transport_called(&lk->base, &told);
}

/* The server's API calls under the id of its call (livekit-rtc 5.3), and is nobody's guest. */
bool myna_lk_method_called(void *arg, const struct myna_lk_rpc_call *call)
{
    struct lk *lk = arg;

    if (lk->closed)
        return false;
    if (myna_lk_door_who(&lk->base, call->caller))
        return myna_lk_tell_call(lk, call);
    return strcmp(call->caller, call->id) != 0 && myna_transport_has_methods(&lk->base) &&
           myna_lk_may_come(lk,
                            myna_lk_people_by_identity(myna_lk_room_people(lk->room), call->caller),
                            call->caller) &&
           myna_lk_keep_early_call(lk, call);
}

void myna_lk_method_done(void *arg, uint32_t number, int code, const char *text)
{
    struct lk *lk = arg;

    if (!lk->closed)
        myna_transport_answered(&lk->base, number, code, text);
}

enum myna_err myna_lk_message_stream(struct myna_transport *t, const char *topic,
                                     struct myna_view body, const struct myna_message *bytes,
                                     uint32_t to_who)
{
    struct lk *lk = (struct lk *)t;
    const struct lk_guest *g = myna_lk_guest_who(lk, to_who);
    const char *to[1] = {g ? g->identity : NULL};
    char id[40];
    struct myna_lk_stream_out out = {.id = id,
                                     .topic = topic,
                                     .to = to,
                                     .n_to = g ? 1 : 0,
                                     .wall_ms = myna_host_wall_ms(t->host),
                                     .total = body.len};

    if (to_who && !g)
        return MYNA_ENOENT;
    snprintf(id, sizeof id, "ST_%08x%08x", (unsigned)myna_host_random(t->host),
             (unsigned)myna_host_random(t->host));
    if (bytes) {
        out.file = bytes->name ? bytes->name : "data";
        out.mime = bytes->type;
    }
    return myna_lk_stream_send(myna_lk_room_packets(lk->room), &out, body, MYNA_LK_PLAIN);
}

enum myna_err myna_lk_method_call(struct myna_transport *t, uint32_t who, const char *method,
                                  const char *payload, int timeout_ms, uint32_t *number)
{
    struct lk *lk = (struct lk *)t;
    const struct lk_guest *g = myna_lk_guest_who(lk, who);

    return g ? myna_lk_rpc_call(myna_lk_room_rpc(lk->room), g->identity, method, payload,
                                timeout_ms, number)
             : MYNA_ENOENT;
}

enum myna_err myna_lk_method_answer(struct myna_transport *t, const char *call_id, int code,
                                    const char *text)
{
    struct myna_lk_rpc *rpc = myna_lk_room_rpc(((struct lk *)t)->room);

    return code ? myna_lk_rpc_refuse(rpc, call_id, code, text)
                : myna_lk_rpc_answer(rpc, call_id, text);
}

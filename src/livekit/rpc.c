/* rpc.c - two small tables: calls that wait for our answer, and ours that wait for theirs. */
#include "livekit/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID = 64, IDENTITY = 257, MAX_MESSAGE = 256, VERSION = 1, LONG_VERSION = 2 };
#define ACK_WITHIN (7 * MYNA_S)
#define AT_LEAST   1000
#define LONGEST    (300 * 1000)
#define DEFAULT_MS 15000

struct theirs {
    char id[ID], caller[IDENTITY];
    bool streams; /* it came as one, and is answered as one */
    myna_us until;
};

struct ours {
    char id[40], to[IDENTITY];
    uint32_t number;
    bool acked;
    myna_us ack_by, answer_by;
};

struct myna_lk_rpc {
    struct myna_host *host;
    struct myna_lk_packets *packets;
    struct myna_lk_rpc_events events;
    void *arg;
    struct theirs theirs[MYNA_LK_RPC_OPEN];
    struct ours ours[MYNA_LK_RPC_OPEN];
    size_t n_theirs, n_ours;
    uint32_t numbers;
    struct myna_timer timer;
};

static myna_us due(const struct ours *o)
{
    return o->acked || o->answer_by < o->ack_by ? o->answer_by : o->ack_by;
}

static void arm(struct myna_lk_rpc *r)
{
    myna_us at = MYNA_NEVER;

    for (size_t i = 0; i < r->n_ours; i++)
        if (due(&r->ours[i]) < at)
            at = due(&r->ours[i]);
    for (size_t i = 0; i < r->n_theirs; i++)
        if (r->theirs[i].until < at)
            at = r->theirs[i].until;
    if (at == MYNA_NEVER)
        myna_timer_clear(&r->timer);
    else
        (void)!myna_timer_set(&r->timer, at);
}

static enum myna_err send_to(struct myna_lk_rpc *r, const char *to, Myna__Lk__DataPacket *m)
{
    char *list[1] = {(char *)to};

    m->destination_identities = list; /* none at all would tell the whole room */
    m->n_destination_identities = 1;
    return myna_lk_packets_send(r->packets, m, true);
}

/* All of it: a stream of one text to one person. */
static enum myna_err stream_to(struct myna_lk_rpc *r, const char *to, const char *topic,
                               const struct myna_lk_attributes *a, const char *text)
{
    char id[48];
    struct myna_lk_stream_out out = {.id = id,
                                     .topic = topic,
                                     .to = &to,
                                     .n_to = 1,
                                     .attributes = a,
                                     .wall_ms = myna_host_wall_ms(r->host)};
    enum myna_lk_packing packing =
        !r->events.protocol || r->events.protocol(r->arg, to) < 2 ? MYNA_LK_PLAIN
        : r->events.inflates && r->events.inflates(r->arg, to)    ? MYNA_LK_DEFLATED
                                                                  : MYNA_LK_INLINE;

    snprintf(id, sizeof id, "RPC_%08x%08x", (unsigned)myna_host_random(r->host),
             (unsigned)myna_host_random(r->host));
    return myna_lk_stream_send(r->packets, &out, myna_view_of(text), packing);
}

/* ---- theirs */

static void send_error(struct myna_lk_rpc *r, const char *to, const char *id, int code,
                       const char *message)
{
    Myna__Lk__RpcError e = MYNA__LK__RPC_ERROR__INIT;
    Myna__Lk__RpcResponse re = MYNA__LK__RPC_RESPONSE__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    char text[MAX_MESSAGE + 1];

    snprintf(text, sizeof text, "%s", message);
    e.code = (uint32_t)code;
    e.message = text;
    re.request_id = (char *)id;
    re.value_case = MYNA__LK__RPC_RESPONSE__VALUE_ERROR;
    re.error = &e;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE;
    m.rpc_response = &re;
    if (send_to(r, to, &m))
        myna_host_log(r->host, MYNA_LOG_WARN, "an answer to a call is lost");
}

static void send_ack(struct myna_lk_rpc *r, const char *to, const char *id)
{
    Myna__Lk__RpcAck ack = MYNA__LK__RPC_ACK__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    ack.request_id = (char *)id;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_ACK;
    m.rpc_ack = &ack;
    (void)!send_to(r, to, &m);
}

static struct theirs *find_theirs(struct myna_lk_rpc *r, const char *id)
{
    for (size_t i = 0; i < r->n_theirs; i++)
        if (!strcmp(r->theirs[i].id, id))
            return &r->theirs[i];
    return NULL;
}

static void take_call(struct myna_lk_rpc *r, struct myna_lk_rpc_call *call, bool streams)
{
    struct theirs *t;

    if (!*call->id || strlen(call->id) >= ID || !*call->caller ||
        strlen(call->caller) >= IDENTITY || find_theirs(r, call->id))
        return;
    send_ack(r, call->caller, call->id);
    if (strlen(call->payload) > (streams ? MYNA_LK_RPC_LONG : MYNA_LK_RPC_PAYLOAD)) {
        send_error(r, call->caller, call->id, MYNA_LK_RPC_REQUEST_TOO_LARGE,
                   "Request payload too large");
        return;
    }
    if (r->n_theirs == MYNA_LK_RPC_OPEN) {
        send_error(r, call->caller, call->id, MYNA_LK_RPC_APPLICATION_ERROR,
                   "too many calls are open");
        return;
    }
    if (!call->timeout_ms || call->timeout_ms > LONGEST)
        call->timeout_ms = DEFAULT_MS;
    t = &r->theirs[r->n_theirs++];
    snprintf(t->id, sizeof t->id, "%s", call->id);
    snprintf(t->caller, sizeof t->caller, "%s", call->caller);
    t->streams = streams;
    t->until = myna_host_now(r->host) + (myna_us)call->timeout_ms * MYNA_MS;
    arm(r);
    if (!r->events.called || !r->events.called(r->arg, call)) {
        t = find_theirs(r, call->id);
        if (t)
            *t = r->theirs[--r->n_theirs];
        send_error(r, call->caller, call->id, MYNA_LK_RPC_UNSUPPORTED_METHOD,
                   "Method not supported at destination");
    }
}

/* A payload may come packed (compressed_payload). The protocol has the field and does not say how;
 * LiveKit's SDKs (JS 2.x, Rust and Python of 2026) neither send nor read it, what is long goes by
 * streams. An empty payload in its place would be a lie. */
static const char packed[] = "The payload is packed, which is not understood here";

static void on_request(struct myna_lk_rpc *r, const char *caller, const Myna__Lk__RpcRequest *q)
{
    struct myna_lk_rpc_call call = {q->id, caller, q->method, q->payload, q->response_timeout_ms};

    if (q->version == VERSION && !q->compressed_payload.len) {
        take_call(r, &call, false);
    } else if (*q->id && strlen(q->id) < ID && *caller && strlen(caller) < IDENTITY) {
        send_ack(r, caller, q->id);
        send_error(r, caller, q->id, MYNA_LK_RPC_UNSUPPORTED_VERSION,
                   q->version == VERSION ? packed : "Unsupported RPC version");
    }
}

enum myna_err myna_lk_rpc_refuse(struct myna_lk_rpc *r, const char *id, int code,
                                 const char *message)
{
    struct theirs *t = find_theirs(r, id), whose;

    if (!t)
        return MYNA_ESTATE;
    whose = *t;
    *t = r->theirs[--r->n_theirs];
    send_error(r, whose.caller, whose.id, code, message);
    return MYNA_OK;
}

enum myna_err myna_lk_rpc_answer(struct myna_lk_rpc *r, const char *id, const char *payload)
{
    Myna__Lk__RpcResponse re = MYNA__LK__RPC_RESPONSE__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    struct theirs *t = find_theirs(r, id), whose;

    if (!t)
        return MYNA_ESTATE;
    if (strlen(payload) > (t->streams ? MYNA_LK_RPC_LONG : MYNA_LK_RPC_PAYLOAD))
        return myna_lk_rpc_refuse(r, id, MYNA_LK_RPC_RESPONSE_TOO_LARGE,
                                  "Response payload too large");
    whose = *t;
    *t = r->theirs[--r->n_theirs];
    if (whose.streams) {
        struct myna_lk_attributes a[] = {{"lk.rpc_request_id", whose.id}, {0}};

        return stream_to(r, whose.caller, MYNA_LK_RPC_RESPONSE_TOPIC, a, payload);
    }
    re.request_id = whose.id;
    re.value_case = MYNA__LK__RPC_RESPONSE__VALUE_PAYLOAD;
    re.payload = (char *)payload;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE;
    m.rpc_response = &re;
    return send_to(r, whose.caller, &m);
}

/* ---- ours */

static void finish(struct myna_lk_rpc *r, struct ours *o, int code, const char *text)
{
    uint32_t number = o->number;

    *o = r->ours[--r->n_ours];
    if (r->events.done)
        r->events.done(r->arg, number, code, text);
}

static struct ours *find_ours(struct myna_lk_rpc *r, const char *id)
{
    for (size_t i = 0; i < r->n_ours; i++)
        if (!strcmp(r->ours[i].id, id))
            return &r->ours[i];
    return NULL;
}

static enum myna_err ask(struct myna_lk_rpc *r, const struct ours *o, const char *method,
                         const char *payload, uint32_t wire_ms)
{
    Myna__Lk__RpcRequest q = MYNA__LK__RPC_REQUEST__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    q.id = (char *)o->id;
    q.method = (char *)method;
    q.payload = (char *)payload;
    q.version = VERSION;
    q.response_timeout_ms = wire_ms;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST;
    m.rpc_request = &q;
    return send_to(r, o->to, &m);
}

static enum myna_err ask_by_stream(struct myna_lk_rpc *r, const struct ours *o, const char *method,
                                   const char *payload, uint32_t wire_ms)
{
    char timeout[16];
    struct myna_lk_attributes a[] = {{"lk.rpc_request_id", o->id},
                                     {"lk.rpc_request_method", method},
                                     {"lk.rpc_request_response_timeout_ms", timeout},
                                     {"lk.rpc_request_version", "2"},
                                     {0}};

    snprintf(timeout, sizeof timeout, "%u", (unsigned)wire_ms);
    return stream_to(r, o->to, MYNA_LK_RPC_REQUEST_TOPIC, a, payload);
}

enum myna_err myna_lk_rpc_call(struct myna_lk_rpc *r, const char *to, const char *method,
                               const char *payload, int timeout_ms, uint32_t *number)
{
    bool streams = r->events.protocol && r->events.protocol(r->arg, to) >= 1;
    struct ours *o = &r->ours[r->n_ours];
    myna_us now = myna_host_now(r->host);
    uint32_t wire_ms;
    enum myna_err err;

    if (r->n_ours == MYNA_LK_RPC_OPEN || !*to || strlen(to) >= IDENTITY ||
        strlen(method) > MYNA_LK_RPC_METHOD ||
        strlen(payload) > (streams ? MYNA_LK_RPC_LONG : MYNA_LK_RPC_PAYLOAD))
        return MYNA_ELIMIT;
    if (timeout_ms <= 0 || timeout_ms > LONGEST)
        timeout_ms = DEFAULT_MS;
    *o = (struct ours){.number = ++r->numbers,
                       .ack_by = now + ACK_WITHIN,
                       .answer_by = now + timeout_ms * MYNA_MS};
    snprintf(o->id, sizeof o->id, "%08x-%08x-%08x", (unsigned)myna_host_random(r->host),
             (unsigned)myna_host_random(r->host), (unsigned)o->number);
    snprintf(o->to, sizeof o->to, "%s", to);
    timeout_ms -= (int)(ACK_WITHIN / MYNA_MS);
    wire_ms = (uint32_t)(timeout_ms > AT_LEAST ? timeout_ms : AT_LEAST);
    *number = o->number;
    r->n_ours++;
    err = streams ? ask_by_stream(r, o, method, payload, wire_ms)
                  : ask(r, o, method, payload, wire_ms);
    if (err)
        r->n_ours--; /* the last one: nothing has moved */
    arm(r);
    return err;
}

static void on_response(struct myna_lk_rpc *r, const Myna__Lk__RpcResponse *re)
{
    struct ours *o = find_ours(r, re->request_id);

    if (!o)
        return; /* too late, or never asked */
    if (re->value_case == MYNA__LK__RPC_RESPONSE__VALUE_ERROR)
        finish(r, o, re->error->code ? (int)re->error->code : MYNA_LK_RPC_APPLICATION_ERROR,
               re->error->message);
    else if (re->value_case == MYNA__LK__RPC_RESPONSE__VALUE_PAYLOAD)
        finish(r, o, MYNA_LK_RPC_OK, re->payload);
    else if (re->value_case == MYNA__LK__RPC_RESPONSE__VALUE_COMPRESSED_PAYLOAD)
        finish(r, o, MYNA_LK_RPC_UNSUPPORTED_VERSION, packed);
    else
        finish(r, o, MYNA_LK_RPC_OK, "");
    arm(r);
}

static const char *attribute(const Myna__Lk__StreamHeader *h, const char *key)
{
    for (size_t i = 0; i < h->n_attributes; i++)
        if (!strcmp(h->attributes[i]->key, key))
            return h->attributes[i]->value;
    return "";
}

bool myna_lk_rpc_stream(struct myna_lk_rpc *r, const char *identity,
                        const Myna__Lk__StreamHeader *h, const char *text)
{
    const char *id = attribute(h, "lk.rpc_request_id");
    struct myna_lk_rpc_call call = {
        id, identity, attribute(h, "lk.rpc_request_method"), text,
        (uint32_t)strtoul(attribute(h, "lk.rpc_request_response_timeout_ms"), NULL, 10)};
    struct ours *o;

    if (!strcmp(h->topic, MYNA_LK_RPC_REQUEST_TOPIC)) {
        if (atoi(attribute(h, "lk.rpc_request_version")) == LONG_VERSION)
            take_call(r, &call, true);
        else if (*id && strlen(id) < ID && *identity)
            send_error(r, identity, id, MYNA_LK_RPC_UNSUPPORTED_VERSION, "Unsupported RPC version");
        return true;
    }
    if (strcmp(h->topic, MYNA_LK_RPC_RESPONSE_TOPIC) != 0)
        return false;
    o = find_ours(r, id);
    if (o && !strcmp(o->to, identity)) {
        finish(r, o, MYNA_LK_RPC_OK, text);
        arm(r);
    }
    return true;
}

static void fire(struct myna_timer *t)
{
    struct myna_lk_rpc *r = t->arg;
    myna_us now = myna_host_now(r->host);

    for (size_t i = r->n_theirs; i-- > 0;)
        if (r->theirs[i].until <= now) /* nobody waits for it any more */
            r->theirs[i] = r->theirs[--r->n_theirs];
    for (size_t i = r->n_ours; i-- > 0;)
        if (i < r->n_ours && due(&r->ours[i]) <= now)
            finish(r, &r->ours[i], r->ours[i].acked ? MYNA_LK_RPC_NO_RESPONSE : MYNA_LK_RPC_NO_ACK,
                   r->ours[i].acked ? "no answer came in time" : "the call did not arrive");
    arm(r);
}

void myna_lk_rpc_left(struct myna_lk_rpc *r, const char *identity)
{
    for (size_t i = r->n_theirs; i-- > 0;)
        if (!strcmp(r->theirs[i].caller, identity))
            r->theirs[i] = r->theirs[--r->n_theirs];
    for (size_t i = r->n_ours; i-- > 0;)
        if (i < r->n_ours && !strcmp(r->ours[i].to, identity))
            finish(r, &r->ours[i], MYNA_LK_RPC_RECIPIENT_LEFT, "the one who was called has left");
    arm(r);
}

void myna_lk_rpc_packet(struct myna_lk_rpc *r, const Myna__Lk__DataPacket *m)
{
    struct ours *o;

    switch ((int)m->value_case) {
    case MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST:
        on_request(r, m->participant_identity, m->rpc_request);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_RPC_ACK:
        o = find_ours(r, m->rpc_ack->request_id);
        if (o)
            o->acked = true;
        arm(r);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE:
        on_response(r, m->rpc_response);
        break;
    default:
        break;
    }
}

struct myna_lk_rpc *myna_lk_rpc_create(struct myna_host *host, struct myna_lk_packets *packets,
                                       const struct myna_lk_rpc_events *events, void *arg)
{
    struct myna_lk_rpc *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->host = host;
    r->packets = packets;
    r->events = *events;
    r->arg = arg;
    myna_host_timer_init(host, &r->timer, fire, r);
    return r;
}

void myna_lk_rpc_destroy(struct myna_lk_rpc *r)
{
    if (!r)
        return;
    myna_timer_clear(&r->timer);
    free(r);
}

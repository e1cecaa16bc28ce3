/* room_words.c - packets, streams and attributes: what is said without sound. */
#include "livekit/room_inside.h"

#include <stdlib.h>
#include <string.h>

#define TOGETHER (20 * MYNA_MS) /* attributes set in a row go in one message */

enum { MAX_KEY = 256, MAX_VALUE = 16 << 10 };

/* ---- in */

static const char *sender(struct myna_lk_room *r, const Myna__Lk__DataPacket *m,
                          const struct myna_lk_person **who)
{
    const char *identity = myna_lk_text(r->mem, m->participant_identity, MYNA_LK_MAX_NAME);

    *who = myna_lk_people_by_identity(r->people, identity);
    if (!*who)
        *who = myna_lk_people_by_sid(r->people, m->participant_sid);
    return *who ? (*who)->identity : identity ? identity : "";
}

static void on_user(struct myna_lk_room *r, const Myna__Lk__DataPacket *m)
{
    const Myna__Lk__UserPacket *u = m->user;
    const struct myna_lk_person *who;
    const char *identity = sender(r, m, &who);
    const char *topic = u->has_topic_case == MYNA__LK__USER_PACKET__HAS_TOPIC_TOPIC ? u->topic : "";

    topic = myna_lk_text(r->mem, topic, MYNA_LK_MAX_NAME);
    if (topic && r->events.data)
        r->events.data(r->arg, who, identity, topic,
                       (struct myna_view){u->payload.data, u->payload.len});
}

/* Clients of before the streams: a chat message is told as the stream it would be today. */
static void on_chat(struct myna_lk_room *r, const Myna__Lk__DataPacket *m)
{
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    const struct myna_lk_person *who;
    const char *identity = sender(r, m, &who);
    const char *text = myna_lk_text(r->mem, m->chat_message->message, MYNA_LK_MAX_STREAM_TEXT);

    h.stream_id = m->chat_message->id;
    h.topic = (char *)"lk.chat";
    if (text && !m->chat_message->deleted && r->events.stream &&
        (!r->events.wants || r->events.wants(r->arg, who, identity, h.topic, true)))
        r->events.stream(r->arg, who, identity, &h, myna_view_of(text), true);
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_person *who;

    switch ((int)m->value_case) {
    case MYNA__LK__DATA_PACKET__VALUE_USER:
        on_user(r, m);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_SIP_DTMF:
        (void)sender(r, m, &who);
        if (who && r->events.dtmf)
            r->events.dtmf(r->arg, who, m->sip_dtmf->digit);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_CHAT_MESSAGE:
        on_chat(r, m);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST:
    case MYNA__LK__DATA_PACKET__VALUE_RPC_ACK:
    case MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE:
        myna_lk_rpc_packet(r->rpc, m);
        break;
    default:
        myna_lk_streams_packet(r->streams, myna_host_now(r->host), m);
        break;
    }
}

static void on_unreadable(void *arg, const Myna__Lk__DataPacket *m, enum myna_lk_opened why)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_person *who;

    (void)sender(r, m, &who);
    myna_lk_r_unreadable(r, who, why, false);
}

static bool on_wants(void *arg, const char *identity, const char *topic, bool is_text)
{
    struct myna_lk_room *r = arg;

    if (!strncmp(topic, "lk.rpc_", 7)) /* never the owner's */
        return is_text && (!strcmp(topic, MYNA_LK_RPC_REQUEST_TOPIC) ||
                           !strcmp(topic, MYNA_LK_RPC_RESPONSE_TOPIC));
    return r->events.stream &&
           (!r->events.wants ||
            r->events.wants(r->arg, myna_lk_people_by_identity(r->people, identity), identity,
                            topic, is_text));
}

static void on_stream(void *arg, const char *identity, const Myna__Lk__StreamHeader *h,
                      struct myna_view body, bool is_text)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_person *who = myna_lk_people_by_identity(r->people, identity);

    if (is_text) {
        const char *text = myna_lk_text_of(r->mem, body, MYNA_LK_MAX_STREAM_TEXT);

        if (!text)
            return;
        body = myna_view_of(text);
    }
    if (myna_lk_r_quiet(r) ||
        (is_text && myna_lk_rpc_stream(r->rpc, identity, h, (const char *)body.ptr)))
        return;
    if (r->events.stream)
        r->events.stream(r->arg, who, identity, h, body, is_text);
}

static enum myna_err on_send(void *arg, struct myna_view packet, bool reliable)
{
    struct myna_lk_room *r = arg;
    enum myna_err err = r->media ? myna_lk_media_send(r->media, packet, reliable) : MYNA_ESTATE;

    return err == MYNA_ESTATE ? MYNA_EAGAIN : err; /* no channel now: a later one takes it */
}

static bool on_called(void *arg, const struct myna_lk_rpc_call *call)
{
    struct myna_lk_room *r = arg;

    return !myna_lk_r_quiet(r) && r->events.rpc.called && r->events.rpc.called(r->arg, call);
}

static void on_done(void *arg, uint32_t number, int code, const char *text)
{
    struct myna_lk_room *r = arg;

    myna_lk_r_enter(r);
    if (!myna_lk_r_quiet(r) && r->events.rpc.done)
        r->events.rpc.done(r->arg, number, code, text);
    myna_lk_r_leave(r);
}

static int on_protocol(void *arg, const char *identity)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_person *p = myna_lk_people_by_identity(r->people, identity);

    return p ? p->protocol : 0;
}

static bool on_inflates(void *arg, const char *identity)
{
    struct myna_lk_room *r = arg;
    const struct myna_lk_person *p = myna_lk_people_by_identity(r->people, identity);

    return p && p->inflates;
}

bool myna_lk_r_words_open(struct myna_lk_room *r)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet, on_unreadable};
    static const struct myna_lk_streams_events se = {on_wants, on_stream};
    static const struct myna_lk_rpc_events re = {on_called, on_done, on_protocol, on_inflates};

    r->packets = myna_lk_packets_create(&pe, r);
    r->streams = myna_lk_streams_create(&se, r);
    if (r->packets)
        myna_lk_packets_protect(r->packets, r->e2ee);
    r->rpc = r->packets ? myna_lk_rpc_create(r->host, r->packets, &re, r) : NULL;
    return r->packets && r->streams && r->rpc;
}

/* ---- out */

enum myna_err myna_lk_room_data(struct myna_lk_room *r, const char *topic, struct myna_view body,
                                const char *to, bool reliable)
{
    Myna__Lk__UserPacket u = MYNA__LK__USER_PACKET__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    char *list[1] = {(char *)to};

    u.payload.data = (uint8_t *)body.ptr;
    u.payload.len = body.len;
    if (topic && *topic) {
        u.has_topic_case = MYNA__LK__USER_PACKET__HAS_TOPIC_TOPIC;
        u.topic = (char *)topic;
    }
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_USER;
    m.user = &u;
    if (to) {
        m.destination_identities = list;
        m.n_destination_identities = 1;
    }
    return myna_lk_packets_send(r->packets, &m, reliable);
}

static void send_attributes(struct myna_lk_room *r)
{
    Myna__Lk__UpdateParticipantMetadata__AttributesEntry entries[ROOM_ATTRIBUTES],
        *list[ROOM_ATTRIBUTES];
    Myna__Lk__UpdateParticipantMetadata up = MYNA__LK__UPDATE_PARTICIPANT_METADATA__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    for (size_t i = 0; i < r->n_attributes; i++) {
        struct room_attribute *a = &r->attributes[i];

        if (!a->dirty)
            continue;
        a->dirty = false;
        myna__lk__update_participant_metadata__attributes_entry__init(&entries[up.n_attributes]);
        entries[up.n_attributes].key = a->key;
        entries[up.n_attributes].value = a->value;
        list[up.n_attributes] = &entries[up.n_attributes];
        up.n_attributes++;
    }
    if (!up.n_attributes)
        return;
    up.attributes = list;
    up.request_id = ++r->requests;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_UPDATE_METADATA;
    rq.update_metadata = &up;
    if (myna_lk_signal_send(r->signal, &rq))
        myna_host_log(r->host, MYNA_LOG_WARN, "our attributes did not reach the LiveKit server");
}

void myna_lk_r_tell_attributes(struct myna_timer *t)
{
    send_attributes(t->arg);
}

void myna_lk_r_attributes_again(struct myna_lk_room *r)
{
    for (size_t i = 0; i < r->n_attributes; i++)
        r->attributes[i].dirty = *r->attributes[i].value != '\0';
    send_attributes(r);
}

static struct room_attribute *attribute_of(struct myna_lk_room *r, const char *key)
{
    struct room_attribute *a;

    for (size_t i = 0; i < r->n_attributes; i++)
        if (!strcmp(r->attributes[i].key, key))
            return &r->attributes[i];
    if (r->n_attributes == ROOM_ATTRIBUTES)
        return NULL;
    a = &r->attributes[r->n_attributes];
    *a = (struct room_attribute){.key = strdup(key)};
    if (!a->key)
        return NULL;
    r->n_attributes++;
    return a;
}

enum myna_err myna_lk_room_attribute(struct myna_lk_room *r, const char *key, const char *value)
{
    struct room_attribute *a;
    char *copy;

    if (!*key || strlen(key) > MAX_KEY || strlen(value) > MAX_VALUE)
        return MYNA_ELIMIT;
    copy = strdup(value);
    a = copy ? attribute_of(r, key) : NULL;
    if (!a) {
        free(copy);
        return copy ? MYNA_ELIMIT : MYNA_ENOMEM;
    }
    free(a->value);
    a->value = copy;
    a->dirty = true;
    if (r->tell_attributes.slot)
        return MYNA_OK; /* on its way */
    return myna_timer_set(&r->tell_attributes, myna_host_now(r->host) + TOGETHER);
}

/* What is "" stays as it is. */
static enum myna_err update_ours(struct myna_lk_room *r, const char *metadata, const char *name)
{
    Myna__Lk__UpdateParticipantMetadata up = MYNA__LK__UPDATE_PARTICIPANT_METADATA__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    up.metadata = (char *)metadata;
    up.name = (char *)name;
    up.request_id = ++r->requests;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_UPDATE_METADATA;
    rq.update_metadata = &up;
    return myna_lk_signal_send(r->signal, &rq);
}

enum myna_err myna_lk_room_metadata(struct myna_lk_room *r, const char *metadata)
{
    return update_ours(r, metadata, "");
}

enum myna_err myna_lk_room_rename(struct myna_lk_room *r, const char *name)
{
    return update_ours(r, "", name);
}

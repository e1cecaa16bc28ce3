/* packets.c - the number of a packet is written behind it when it is handed over, so that what
 * waits needs no second packing when a new session counts from 1 again. */
#include "livekit/packets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/gcm.h"

enum { SENDERS = 256, SID = 64, NUMBER_ROOM = 8 };
#define REMEMBER (30 * MYNA_S)

struct kept {
    struct kept *next;
    uint32_t sequence; /* 0: not handed over yet */
    size_t len;        /* without its number */
    uint8_t bytes[];   /* and room for that */
};

struct sender {
    char sid[SID];
    uint32_t last;
    myna_us at;
};

struct myna_lk_packets {
    struct myna_lk_packets_events events;
    void *arg;
    struct kept *first, *unsent, **last; /* unsent: the first that waits */
    size_t sent_bytes, unsent_bytes;
    uint32_t sequence;
    struct sender senders[SENDERS];
    size_t n_senders;
    struct myna_arena *mem;
    struct myna_lk_e2ee *e2ee; /* NULL: nothing is sealed */
    int depth;
    bool dead;
};

/* ---- out */

static void drop_first(struct myna_lk_packets *p)
{
    struct kept *k = p->first;

    p->first = k->next;
    if (p->unsent == k)
        p->unsent = k->next;
    if (!p->first)
        p->last = &p->first;
    if (k->sequence)
        p->sent_bytes -= k->len;
    else
        p->unsent_bytes -= k->len;
    free(k);
}

/* Field 16, varint: the number. */
static size_t write_number(uint8_t *into, uint32_t n)
{
    size_t at = 0;

    into[at++] = 0x80;
    into[at++] = 0x01;
    for (; n > 127; n >>= 7)
        into[at++] = (uint8_t)(n | 128);
    into[at++] = (uint8_t)n;
    return at;
}

static enum myna_err hand_over(struct myna_lk_packets *p, struct kept *k, uint32_t sequence)
{
    struct myna_view v = {k->bytes, k->len + write_number(k->bytes + k->len, sequence)};

    return p->events.send(p->arg, v, true);
}

void myna_lk_packets_pump(struct myna_lk_packets *p)
{
    while (p->unsent) {
        struct kept *k = p->unsent;
        enum myna_err err = hand_over(p, k, k->sequence ? k->sequence : p->sequence + 1);

        if (err == MYNA_EAGAIN)
            return;
        if (!k->sequence) { /* also when it is lost: a number is never used twice */
            k->sequence = ++p->sequence;
            p->unsent_bytes -= k->len;
            p->sent_bytes += k->len;
        }
        p->unsent = k->next;
    }
    while (p->first && p->first != p->unsent && p->sent_bytes > MYNA_LK_KEEP_SENT)
        drop_first(p);
}

static enum myna_err keep(struct myna_lk_packets *p, const Myna__Lk__DataPacket *m, size_t len)
{
    struct kept *k;

    if (p->unsent_bytes + len > MYNA_LK_MAX_UNSENT)
        return MYNA_ELIMIT;
    k = malloc(sizeof *k + len + NUMBER_ROOM);
    if (!k)
        return MYNA_ENOMEM;
    k->next = NULL;
    k->sequence = 0;
    k->len = protobuf_c_message_pack(&m->base, k->bytes);
    *p->last = k;
    p->last = &k->next;
    p->unsent_bytes += k->len;
    if (!p->unsent)
        p->unsent = k;
    myna_lk_packets_pump(p);
    return MYNA_OK;
}

static enum myna_err send_plain(struct myna_lk_packets *p, Myna__Lk__DataPacket *m, bool reliable)
{
    struct myna_buf b;
    enum myna_err err;
    size_t len;

    m->sequence = 0;
    m->kind = reliable ? 0 : 1;
    len = protobuf_c_message_get_packed_size(&m->base);
    if (len + NUMBER_ROOM > MYNA_LK_MAX_PACKET)
        return MYNA_ELIMIT;
    if (reliable)
        return keep(p, m, len);
    myna_buf_init(&b, MYNA_LK_MAX_PACKET);
    myna_lk_pack(&b, &m->base);
    err = b.err;
    if (!err)
        (void)p->events.send(p->arg, myna_buf_view(&b), false);
    myna_buf_fini(&b);
    return err;
}

/* ---- sealed */

/* The same union under other numbers. */
static const struct {
    int packet, payload;
} sealable[] = {
    {MYNA__LK__DATA_PACKET__VALUE_USER, MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_USER},
    {MYNA__LK__DATA_PACKET__VALUE_CHAT_MESSAGE,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_CHAT_MESSAGE},
    {MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_RPC_REQUEST},
    {MYNA__LK__DATA_PACKET__VALUE_RPC_ACK, MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_RPC_ACK},
    {MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_RPC_RESPONSE},
    {MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_STREAM_HEADER},
    {MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_STREAM_CHUNK},
    {MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER,
     MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__VALUE_STREAM_TRAILER},
};

static int payload_case(int packet)
{
    for (size_t i = 0; i < sizeof sealable / sizeof *sealable; i++)
        if (sealable[i].packet == packet)
            return sealable[i].payload;
    return 0;
}

static enum myna_err send_sealed(struct myna_lk_packets *p, const Myna__Lk__DataPacket *m,
                                 bool reliable)
{
    Myna__Lk__EncryptedPacketPayload inside = MYNA__LK__ENCRYPTED_PACKET_PAYLOAD__INIT;
    Myna__Lk__EncryptedPacket sealed = MYNA__LK__ENCRYPTED_PACKET__INIT;
    Myna__Lk__DataPacket outside = *m;
    uint8_t iv[MYNA_GCM_IV], *bytes;
    enum myna_err err = MYNA_EAGAIN;
    struct myna_buf b;
    unsigned key = 0;

    inside.value_case =
        (Myna__Lk__EncryptedPacketPayload__ValueCase)payload_case((int)m->value_case);
    inside.user = m->user; /* whichever it is */
    myna_buf_init(&b, MYNA_LK_MAX_PACKET);
    myna_lk_pack(&b, &inside.base);
    bytes = b.err ? NULL : malloc(b.len + MYNA_GCM_TAG);
    if (bytes && myna_lk_e2ee_seal(p->e2ee, myna_buf_view(&b), iv, bytes, &key)) {
        sealed.encryption_type = MYNA_LK_GCM;
        sealed.iv = (ProtobufCBinaryData){.data = iv, .len = sizeof iv};
        sealed.key_index = key;
        sealed.encrypted_value = (ProtobufCBinaryData){.data = bytes, .len = b.len + MYNA_GCM_TAG};
        outside.value_case = MYNA__LK__DATA_PACKET__VALUE_ENCRYPTED_PACKET;
        outside.encrypted_packet = &sealed;
        err = send_plain(p, &outside, reliable);
    } else if (b.err || !bytes) {
        err = b.err ? b.err : MYNA_ENOMEM;
    }
    free(bytes);
    myna_buf_fini(&b);
    return err;
}

enum myna_err myna_lk_packets_send(struct myna_lk_packets *p, Myna__Lk__DataPacket *m,
                                   bool reliable)
{
    if (p->e2ee && payload_case((int)m->value_case))
        return send_sealed(p, m, reliable);
    if (p->e2ee && m->value_case == MYNA__LK__DATA_PACKET__VALUE_TRANSCRIPTION)
        return MYNA_OK; /* the server would read along */
    return send_plain(p, m, reliable);
}

void myna_lk_packets_protect(struct myna_lk_packets *p, struct myna_lk_e2ee *e2ee)
{
    p->e2ee = e2ee;
}

void myna_lk_packets_resume(struct myna_lk_packets *p, uint32_t last)
{
    while (p->first && p->first->sequence && p->first->sequence <= last)
        drop_first(p);
    p->unsent = p->first;
    myna_lk_packets_pump(p);
}

void myna_lk_packets_renew(struct myna_lk_packets *p)
{
    while (p->first && p->first->sequence)
        drop_first(p);
    p->unsent = p->first;
    p->sequence = 0;
    p->n_senders = 0;
}

/* ---- in */

static struct sender *sender_of(struct myna_lk_packets *p, const char *sid, myna_us now)
{
    struct sender *oldest = &p->senders[0];

    for (size_t i = 0; i < p->n_senders; i++) {
        if (!strcmp(p->senders[i].sid, sid))
            return &p->senders[i];
        if (p->senders[i].at < oldest->at)
            oldest = &p->senders[i];
    }
    if (p->n_senders < SENDERS)
        oldest = &p->senders[p->n_senders++];
    snprintf(oldest->sid, sizeof oldest->sid, "%s", sid);
    oldest->last = 0;
    oldest->at = now;
    return oldest;
}

/* Packets of the server's API have no number and are always new. */
static bool is_new(struct myna_lk_packets *p, const Myna__Lk__DataPacket *m, myna_us now)
{
    struct sender *s;

    if (!m->sequence || !*m->participant_sid || strlen(m->participant_sid) >= SID)
        return true;
    s = sender_of(p, m->participant_sid, now);
    if (now - s->at > REMEMBER)
        s->last = 0;
    if (m->sequence <= s->last)
        return false;
    s->last = m->sequence;
    s->at = now;
    return true;
}

/* What was sealed takes the place of the seal. */
static enum myna_lk_opened unseal(struct myna_lk_packets *p, Myna__Lk__DataPacket *m)
{
    const Myna__Lk__EncryptedPacket *e = m->encrypted_packet;
    struct myna_view iv = {e->iv.data, e->iv.len},
                     sealed = {e->encrypted_value.data, e->encrypted_value.len};
    const Myna__Lk__EncryptedPacketPayload *inside;
    enum myna_lk_opened how;
    uint8_t *text;

    if (!p->e2ee)
        return MYNA_LK_NO_KEY;
    text = sealed.len <= MYNA_LK_MAX_FRAME ? myna_arena_alloc(p->mem, sealed.len + 1) : NULL;
    if (!text)
        return MYNA_LK_NOT_SEALED;
    how = myna_lk_e2ee_open(p->e2ee, e->key_index, iv, sealed, text);
    if (how != MYNA_LK_OPENED)
        return how;
    inside = myna_lk_unpack(p->mem, &myna__lk__encrypted_packet_payload__descriptor,
                            (struct myna_view){text, sealed.len - MYNA_GCM_TAG});
    m->value_case = MYNA__LK__DATA_PACKET__VALUE__NOT_SET;
    for (size_t i = 0; inside && i < sizeof sealable / sizeof *sealable; i++)
        if (sealable[i].payload == (int)inside->value_case) {
            m->value_case = (Myna__Lk__DataPacket__ValueCase)sealable[i].packet;
            m->user = inside->user; /* whichever it is */
        }
    return MYNA_LK_OPENED;
}

void myna_lk_packets_receive(struct myna_lk_packets *p, myna_us now, struct myna_view bytes)
{
    enum myna_lk_opened how = MYNA_LK_OPENED;
    Myna__Lk__DataPacket *m;

    if (p->depth || bytes.len > MYNA_LK_MAX_FRAME)
        return;
    m = myna_lk_unpack(p->mem, &myna__lk__data_packet__descriptor, bytes);
    p->depth++;
    if (m && is_new(p, m, now)) {
        if (m->value_case == MYNA__LK__DATA_PACKET__VALUE_ENCRYPTED_PACKET)
            how = unseal(p, m);
        else if (myna_lk_e2ee_requires(p->e2ee) && payload_case((int)m->value_case))
            how = MYNA_LK_BARE;
        if (how == MYNA_LK_OPENED)
            p->events.packet(p->arg, m);
        else if (p->events.unreadable)
            p->events.unreadable(p->arg, m, how);
    }
    p->depth--;
    myna_arena_reset(p->mem);
    if (p->dead)
        myna_lk_packets_destroy(p);
}

Myna__Lk__DataChannelReceiveState **myna_lk_packets_heard(const struct myna_lk_packets *p,
                                                          struct myna_arena *mem, myna_us now,
                                                          size_t *n)
{
    Myna__Lk__DataChannelReceiveState **list =
        myna_arena_alloc(mem, (p->n_senders + 1) * sizeof *list);

    *n = 0;
    for (size_t i = 0; list && i < p->n_senders; i++) {
        Myna__Lk__DataChannelReceiveState *s = myna_arena_alloc(mem, sizeof *s);

        if (!s || now - p->senders[i].at > REMEMBER)
            continue;
        myna__lk__data_channel_receive_state__init(s);
        s->publisher_sid = myna_arena_strdup(mem, p->senders[i].sid);
        s->last_seq = p->senders[i].last;
        if (s->publisher_sid)
            list[(*n)++] = s;
    }
    return list;
}

struct myna_lk_packets *myna_lk_packets_create(const struct myna_lk_packets_events *events,
                                               void *arg)
{
    struct myna_lk_packets *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->events = *events;
    p->arg = arg;
    p->last = &p->first;
    p->mem = myna_arena_create(4096, 2 << 20);
    if (!p->mem) {
        free(p);
        return NULL;
    }
    return p;
}

void myna_lk_packets_destroy(struct myna_lk_packets *p)
{
    if (!p)
        return;
    if (p->depth) {
        p->dead = true;
        return;
    }
    while (p->first)
        drop_first(p);
    myna_arena_destroy(p->mem);
    free(p);
}

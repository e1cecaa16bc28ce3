/* channels.c - data channels: opened by us or by the peer (DCEP), written, closed by resetting
 * their stream (RFC 8831, RFC 8832).
 *
 * What SCTP does not take at once waits in the channel's own queue, which has an end. A channel is
 * freed after its CLOSED event; until then it stays in the list, also when told from inside a loop
 * over that list.
 */
#include "rtc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/dcep.h"

enum {
    MAX_QUEUED = 4 * 1024 * 1024,
    MAX_LOSSY = 64 * 1024, /* late news is no news */
    MAX_CHANNELS = MYNA_SCTP_STREAMS,
    HEADER = 5, /* of a message in the queue */
};

static bool is_lossy(const struct myna_rtc_channel *ch)
{
    return ch->how.max_retransmits >= 0 || ch->how.max_lifetime_ms > 0;
}

static struct myna_rtc_channel *by_stream(struct myna_rtc *rtc, uint16_t stream)
{
    struct myna_rtc_channel *ch = rtc->channels;

    while (ch && (!ch->has_id || ch->how.stream != stream))
        ch = ch->next;
    return ch;
}

static void tell(struct myna_rtc_channel *ch, enum myna_rtc_channel_event event)
{
    struct myna_rtc *rtc = ch->rtc;

    if (rtc->events.channel && tell_begin(rtc)) {
        rtc->events.channel(rtc->arg, ch, event);
        tell_end(rtc);
    }
}

static void free_channel(struct myna_rtc_channel *ch)
{
    myna_buf_fini(&ch->queue);
    free(ch);
}

/* Tells and frees those that closed; from the top after each, an event may have closed more. */
static void sweep(struct myna_rtc *rtc)
{
    struct myna_rtc_channel **at = &rtc->channels;

    while (*at && !rtc->dead) {
        struct myna_rtc_channel *ch = *at;

        if (ch->state != CH_CLOSED) {
            at = &ch->next;
            continue;
        }
        *at = ch->next;
        tell(ch, MYNA_RTC_CHANNEL_CLOSED);
        free_channel(ch);
        at = &rtc->channels;
    }
}

/* --- opening --- */

/* Client even, server odd (RFC 8832, 6). */
static bool choose_stream(struct myna_rtc *rtc, struct myna_rtc_channel *ch)
{
    for (unsigned id = rtc->dtls_client ? 0 : 1; id < MYNA_SCTP_STREAMS; id += 2)
        if (!by_stream(rtc, (uint16_t)id)) {
            ch->how.stream = (uint16_t)id;
            ch->has_id = true;
            return true;
        }
    return false;
}

static enum myna_err say(struct myna_rtc_channel *ch, const uint8_t *data, size_t len)
{
    struct myna_sctp_send how = {
        .stream = ch->how.stream, .ppid = MYNA_PPID_DCEP, .max_retransmits = -1};

    return myna_sctp_send(ch->rtc->sctp, &how, (struct myna_view){data, len});
}

/* Says what is due of OPEN and ACK; what SCTP does not take now is said at the next tick. */
static void introduce(struct myna_rtc_channel *ch)
{
    uint8_t text[MYNA_DCEP_MAX];
    struct myna_dcep_open open = {.unordered = ch->how.unordered,
                                  .max_retransmits = ch->how.max_retransmits,
                                  .max_lifetime_ms = ch->how.max_lifetime_ms};

    if (!ch->rtc->sctp_up)
        return;
    if (ch->open_due) {
        if (!ch->has_id && !choose_stream(ch->rtc, ch)) {
            myna_host_log(ch->rtc->host, MYNA_LOG_ERROR,
                          "data channel not opened: no stream is free stage=rtc label=%s",
                          ch->label);
            ch->state = CH_CLOSED;
            return;
        }
        memcpy(open.label, ch->label, sizeof open.label);
        memcpy(open.protocol, ch->protocol, sizeof open.protocol);
        ch->open_due = say(ch, text, myna_dcep_write_open(&open, text)) == MYNA_EAGAIN;
    }
    if (ch->ack_due)
        ch->ack_due = say(ch, text, myna_dcep_write_ack(text)) == MYNA_EAGAIN;
}

static struct myna_rtc_channel *add_channel(struct myna_rtc *rtc)
{
    struct myna_rtc_channel *ch = calloc(1, sizeof *ch), **at = &rtc->channels;
    size_t n = 0;

    for (; *at; at = &(*at)->next)
        n++;
    if (!ch || n >= MAX_CHANNELS) {
        free(ch);
        return NULL;
    }
    ch->rtc = rtc;
    myna_buf_init(&ch->queue, MAX_QUEUED + MAX_QUEUED / 4);
    *at = ch; /* at the end: streams are numbered in the order of opening */
    return ch;
}

static bool has_data_section(const struct myna_rtc *rtc)
{
    for (size_t i = 0; i < rtc->n_sections; i++)
        if (rtc->sections[i].kind == MYNA_SDP_APPLICATION && !rtc->sections[i].refused)
            return true;
    return false;
}

enum myna_err myna_rtc_open_channel(struct myna_rtc *rtc,
                                    const struct myna_rtc_channel_options *opt,
                                    struct myna_rtc_channel **out, struct myna_why *why)
{
    struct myna_rtc_channel *ch;
    const char *label = opt->label ? opt->label : "",
               *protocol = opt->protocol ? opt->protocol : "";

    if (strlen(label) > 256 || strlen(protocol) > 256)
        return myna_fail(why, MYNA_EINVAL, "data channel: a label has at most 256 bytes");
    if (!has_data_section(rtc) && !myna_rtc_i_add_section(rtc, MYNA_SDP_APPLICATION))
        return myna_fail(why, MYNA_ELIMIT, "data channel: no section is left for it");
    ch = add_channel(rtc);
    if (!ch)
        return myna_fail(why, MYNA_ELIMIT, "data channel: more than %d, or memory is short",
                         MAX_CHANNELS);
    snprintf(ch->label, sizeof ch->label, "%s", label);
    snprintf(ch->protocol, sizeof ch->protocol, "%s", protocol);
    ch->how = (struct myna_sctp_send){
        .unordered = !opt->ordered,
        .max_retransmits = opt->max_retransmits < 0 ? -1 : opt->max_retransmits,
        .max_lifetime_ms = opt->max_retransmits < 0 ? opt->max_lifetime_ms : 0};
    ch->low_water = opt->low_water;
    ch->state = CH_OPENING;
    ch->open_due = true;
    introduce(ch);
    *out = ch;
    return MYNA_OK;
}

static void opened(struct myna_rtc_channel *ch)
{
    if (ch->state != CH_OPENING)
        return;
    ch->state = CH_OPEN;
    tell(ch, MYNA_RTC_CHANNEL_OPEN);
}

static void opened_by_peer(struct myna_rtc *rtc, uint16_t stream, const struct myna_dcep_open *open)
{
    struct myna_rtc_channel *ch = NULL;

    /* Ours have the other parity; a second OPEN on one that stands is an error of the peer. */
    if ((stream & 1) == (rtc->dtls_client ? 1 : 0) && stream < MYNA_SCTP_STREAMS &&
        !by_stream(rtc, stream))
        ch = add_channel(rtc);
    if (!ch) {
        myna_host_log(rtc->host, MYNA_LOG_WARN, "data channel refused stage=rtc stream=%u", stream);
        return;
    }
    memcpy(ch->label, open->label, sizeof ch->label);
    memcpy(ch->protocol, open->protocol, sizeof ch->protocol);
    ch->how = (struct myna_sctp_send){.stream = stream,
                                      .unordered = open->unordered,
                                      .max_retransmits = open->max_retransmits,
                                      .max_lifetime_ms = open->max_lifetime_ms};
    ch->has_id = true;
    ch->ack_due = true;
    ch->state = CH_OPENING;
    introduce(ch);
    opened(ch);
}

/* --- sending --- */

static enum myna_err send_now(struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    static const uint8_t zero; /* SCTP has no empty messages (RFC 8831, 6.6) */
    struct myna_sctp_send how = ch->how;

    if (body.len)
        how.ppid = is_text ? MYNA_PPID_TEXT : MYNA_PPID_BINARY;
    else
        how.ppid = is_text ? MYNA_PPID_TEXT_EMPTY : MYNA_PPID_BINARY_EMPTY;
    return myna_sctp_send(ch->rtc->sctp, &how, body.len ? body : (struct myna_view){&zero, 1});
}

enum myna_err myna_rtc_send(struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    enum myna_err err = MYNA_EAGAIN;

    if (ch->state == CH_CLOSED || ch->state == CH_CLOSING)
        return MYNA_ESTATE;
    if (body.len > myna_rtc_max_message(ch->rtc) || body.len > MAX_QUEUED)
        return MYNA_ELIMIT;
    if (ch->state != CH_OPEN)
        return MYNA_EAGAIN;
    if (!ch->queue.len)
        err = send_now(ch, body, is_text);
    if (err == MYNA_EIO)
        return MYNA_ESTATE;
    if (err != MYNA_EAGAIN)
        return err;
    if (is_lossy(ch) && ch->queued + body.len > MAX_LOSSY)
        return MYNA_OK;
    if (ch->queue.len + body.len + HEADER > MAX_QUEUED)
        return MYNA_EAGAIN;
    myna_buf_u8(&ch->queue, is_text);
    myna_buf_u32(&ch->queue, (uint32_t)body.len);
    if (myna_buf_put(&ch->queue, body.ptr, body.len))
        return MYNA_ENOMEM;
    ch->queued += body.len;
    ch->was_above |= ch->queued > ch->low_water;
    return MYNA_OK;
}

static void flush(struct myna_rtc_channel *ch)
{
    size_t at = 0;

    while (at < ch->queue.len) {
        struct myna_reader r = {ch->queue.ptr + at, ch->queue.len - at, false};
        bool is_text = myna_read_u8(&r);
        struct myna_view body = {NULL, myna_read_u32(&r)};

        body.ptr = r.ptr;
        if (send_now(ch, body, is_text) == MYNA_EAGAIN)
            break;
        at += HEADER + body.len;
        ch->queued -= body.len;
    }
    if (at)
        myna_buf_drop(&ch->queue, at);
    if (ch->was_above && ch->queued <= ch->low_water) {
        ch->was_above = false;
        tell(ch, MYNA_RTC_CHANNEL_DRAINED);
    }
}

/* --- closing --- */

static void try_reset(struct myna_rtc_channel *ch)
{
    if (!ch->reset_due || ch->queue.len)
        return;
    if (!ch->has_id || !ch->rtc->sctp_up) { /* never introduced */
        ch->state = CH_CLOSED;
        return;
    }
    if (myna_sctp_reset_stream(ch->rtc->sctp, ch->how.stream)) {
        ch->reset_due = false;
        ch->reset_sent = true;
    }
}

void myna_rtc_channel_close(struct myna_rtc_channel *ch)
{
    if (ch->state == CH_CLOSING || ch->state == CH_CLOSED)
        return;
    ch->state = CH_CLOSING;
    ch->reset_due = true;
    try_reset(ch); /* the rest, and CLOSED, comes with the tick */
    if (!ch->rtc->dead && !ch->rtc->tick.slot)
        myna_rtc_i_wake(ch->rtc);
}

/* --- what SCTP tells --- */

static void on_send(void *arg, const uint8_t *data, size_t len)
{
    struct myna_rtc *rtc = arg;

    myna_dtls_send(rtc->dtls, data, len);
}

static void on_up(void *arg)
{
    struct myna_rtc *rtc = arg;

    rtc->sctp_up = true;
    for (struct myna_rtc_channel *ch = rtc->channels; ch; ch = ch->next)
        introduce(ch);
    sweep(rtc);
}

static void on_message(void *arg, uint16_t stream, uint32_t ppid, struct myna_view body)
{
    struct myna_rtc *rtc = arg;
    struct myna_rtc_channel *ch = by_stream(rtc, stream);
    struct myna_dcep_open open;

    if (rtc->dead)
        return;
    if (ppid == MYNA_PPID_DCEP) {
        enum myna_dcep_type type = myna_dcep_parse(body, &open);

        if (type == MYNA_DCEP_OPEN)
            opened_by_peer(rtc, stream, &open);
        else if (type == MYNA_DCEP_ACK && ch)
            opened(ch);
        sweep(rtc);
        return;
    }
    if (!ch) {
        rtc->dropped_in++;
        return;
    }
    opened(ch); /* an unordered message may outrun the ACK */
    if (ch->state != CH_OPEN || !rtc->events.message)
        return;
    if (ppid == MYNA_PPID_TEXT_EMPTY || ppid == MYNA_PPID_BINARY_EMPTY)
        body.len = 0;
    if (tell_begin(rtc)) {
        rtc->events.message(rtc->arg, ch, body,
                            ppid == MYNA_PPID_TEXT || ppid == MYNA_PPID_TEXT_EMPTY);
        tell_end(rtc);
    }
}

static void on_stream_reset(void *arg, uint16_t stream)
{
    struct myna_rtc *rtc = arg;
    struct myna_rtc_channel *ch = by_stream(rtc, stream);

    if (!ch || ch->state == CH_CLOSED)
        return;
    if (!ch->reset_sent && !myna_sctp_reset_stream(rtc->sctp, stream)) {
        ch->state = CH_CLOSING; /* our half follows as soon as SCTP takes it */
        ch->reset_due = ch->peer_reset = true;
        myna_buf_clear(&ch->queue);
        return;
    }
    ch->state = CH_CLOSED;
    sweep(rtc);
}

static void on_writable(void *arg)
{
    struct myna_rtc *rtc = arg;

    /* An event in between may close channels, but they are freed by sweep() alone. */
    for (struct myna_rtc_channel *ch = rtc->channels; ch && !rtc->dead; ch = ch->next)
        if (ch->queue.len)
            flush(ch);
}

static void on_down(void *arg, const char *why)
{
    struct myna_rtc *rtc = arg;

    rtc->sctp_up = false;
    if (rtc->channels)
        myna_host_log(rtc->host, MYNA_LOG_INFO, "data channels closed: %s stage=rtc", why);
    for (struct myna_rtc_channel *ch = rtc->channels; ch; ch = ch->next)
        ch->state = CH_CLOSED;
    sweep(rtc);
}

const struct myna_sctp_events myna_rtc_i_sctp_events = {.send = on_send,
                                                        .up = on_up,
                                                        .message = on_message,
                                                        .stream_reset = on_stream_reset,
                                                        .writable = on_writable,
                                                        .down = on_down};

/* --- the rest --- */

void myna_rtc_i_channels_tick(struct myna_rtc *rtc)
{
    for (struct myna_rtc_channel *ch = rtc->channels; ch; ch = ch->next) {
        if (ch->open_due || ch->ack_due)
            introduce(ch);
        if (ch->reset_due) {
            try_reset(ch);
            if (ch->peer_reset && ch->reset_sent)
                ch->state = CH_CLOSED;
        }
    }
    sweep(rtc);
}

void myna_rtc_i_channels_free(struct myna_rtc *rtc)
{
    while (rtc->channels) {
        struct myna_rtc_channel *ch = rtc->channels;

        rtc->channels = ch->next;
        free_channel(ch);
    }
}

const char *myna_rtc_channel_label(const struct myna_rtc_channel *ch)
{
    return ch->label;
}

int myna_rtc_channel_id(const struct myna_rtc_channel *ch)
{
    return ch->has_id ? ch->how.stream : -1;
}

size_t myna_rtc_channel_buffered(const struct myna_rtc_channel *ch)
{
    return ch->queued;
}

size_t myna_rtc_max_message(const struct myna_rtc *rtc)
{
    uint64_t peer = rtc->peer_max_message ? rtc->peer_max_message : 65536;

    /* One message must fit in SCTP's send buffer. */
    return peer < MYNA_SCTP_MAX_SEND ? (size_t)peer : MYNA_SCTP_MAX_SEND;
}

void myna_rtc_channel_set_arg(struct myna_rtc_channel *ch, void *arg)
{
    ch->arg = arg;
}

void *myna_rtc_channel_arg(const struct myna_rtc_channel *ch)
{
    return ch->arg;
}

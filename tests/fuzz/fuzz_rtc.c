/* fuzz_rtc.c - whatever a path brings into a connection: connection.c sorts it by its first byte
 * (RFC 7983), media.c, video.c and channels.c take it from there; with time, a path that breaks,
 * and an owner who talks, asks and goes away between packets.
 *
 * The path, the keys and SCTP only are there: a packet's bytes reach the handlers as they are in
 * the input, as if the peer that is let in had sealed them. What is real is all that is ours.
 * Nothing is told after the end, what is told lies in memory, and in the end all is gone.
 *
 * The input: one byte, whose lowest bit says that there is no path yet. Then steps: two bytes of
 * length, and so many bytes as one datagram. A length with its highest bit set is none: its lowest
 * four bits say what happens, see step().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/dtls.h"
#include "rtc/ice.h"
#include "rtc/rtc.h"
#include "rtc/sctp.h"
#include "rtc/srtp.h"
#include "util/grave.h"
#include "util/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ALERT = 21, APPLICATION = 23, RECORD_HEAD = 13, LONGEST = 2048 };

static struct {
    struct myna_host host;
    struct myna_rtc *rtc;
    struct myna_rtc_audio *audio;
    struct myna_rtc_video *video;
    struct myna_rtc_channel *channel; /* the last that opened */
    bool full, silent, rests, leaves; /* leaves: inside the next event */
    int layers;                       /* that are there */
    unsigned touched;
} f;

/* ---- the path */

static struct myna_ice {
    struct myna_ice_events events;
    void *arg;
} path;

enum myna_err myna_ice_prepare(struct myna_why *why)
{
    (void)why;
    return MYNA_OK;
}

bool myna_ice_is_prepared(void)
{
    return true;
}

enum myna_err myna_ice_create(struct myna_ice **out, const struct myna_rtc_options *opt,
                              const struct myna_ice_events *events, void *arg, struct myna_why *why)
{
    (void)opt;
    (void)why;
    path = (struct myna_ice){*events, arg};
    f.layers++;
    *out = &path;
    return MYNA_OK;
}

void myna_ice_destroy(struct myna_ice *ice)
{
    f.layers -= ice != NULL;
}

void myna_ice_set_servers(struct myna_ice *ice, const struct myna_rtc_server *servers, size_t n)
{
    (void)ice;
    (void)servers;
    (void)n;
}

void myna_ice_set_relay_only(struct myna_ice *ice, bool on)
{
    (void)ice;
    (void)on;
}

void myna_ice_set_controlling(struct myna_ice *ice, bool controlling)
{
    (void)ice;
    (void)controlling;
}

void myna_ice_gather(struct myna_ice *ice)
{
    (void)ice;
}

bool myna_ice_restart(struct myna_ice *ice)
{
    (void)ice;
    return false;
}

void myna_ice_lost(struct myna_ice *ice)
{
    (void)ice;
}

const char *myna_ice_problem(const struct myna_ice *ice)
{
    (void)ice;
    return "";
}

const char *myna_ice_ufrag(const struct myna_ice *ice)
{
    (void)ice;
    return "abcd";
}

const char *myna_ice_pwd(const struct myna_ice *ice)
{
    (void)ice;
    return "abcdefghijklmnopqrstuv";
}

void myna_ice_set_remote(struct myna_ice *ice, const char *ufrag, const char *pwd)
{
    (void)ice;
    (void)ufrag;
    (void)pwd;
}

void myna_ice_add_candidate(struct myna_ice *ice, const struct myna_candidate *c)
{
    (void)ice;
    (void)c;
}

void myna_ice_remote_done(struct myna_ice *ice)
{
    (void)ice;
}

bool myna_ice_send(struct myna_ice *ice, const uint8_t *data, size_t len)
{
    (void)ice;
    if (!len || len > LONGEST)
        abort();
    f.touched += data[len - 1];
    return true;
}

void myna_ice_pair(const struct myna_ice *ice, char local[96], char remote[96])
{
    (void)ice;
    local[0] = remote[0] = '\0';
}

/* ---- the keys: the first datagram is the whole handshake */

static struct myna_dtls {
    struct myna_dtls_events events;
    void *arg;
    bool started, connected, over;
} keys;

void myna_dtls_prepare(void)
{
}

enum myna_err myna_dtls_create(struct myna_dtls **out, struct myna_host *host,
                               const struct myna_dtls_events *events, void *arg,
                               struct myna_why *why)
{
    (void)host;
    (void)why;
    keys = (struct myna_dtls){.events = *events, .arg = arg};
    f.layers++;
    *out = &keys;
    return MYNA_OK;
}

void myna_dtls_destroy(struct myna_dtls *d)
{
    f.layers -= d != NULL;
}

const char *myna_dtls_fingerprint(const struct myna_dtls *d)
{
    (void)d;
    return "sha-256 00";
}

enum myna_err myna_dtls_set_fingerprint(struct myna_dtls *d, const char *text, struct myna_why *why)
{
    (void)d;
    (void)text;
    (void)why;
    return MYNA_OK;
}

void myna_dtls_start(struct myna_dtls *d, bool client)
{
    (void)client;
    d->started = true;
}

bool myna_dtls_started(const struct myna_dtls *d)
{
    return d->started;
}

void myna_dtls_receive(struct myna_dtls *d, const uint8_t *data, size_t len)
{
    const struct myna_srtp_keys k = {.profile = MYNA_SRTP_AEAD_AES_128_GCM};

    if (!d->started || d->over)
        return;
    if (!d->connected) {
        d->connected = true;
        d->events.connected(d->arg, &k);
    } else if (data[0] == ALERT) {
        d->over = true;
        d->events.failed(d->arg, "");
    } else if (data[0] == APPLICATION && len > RECORD_HEAD) {
        d->events.data(d->arg, data + RECORD_HEAD, len - RECORD_HEAD);
    }
}

bool myna_dtls_send(struct myna_dtls *d, const uint8_t *data, size_t len)
{
    (void)d;
    (void)data;
    (void)len;
    return true;
}

/* ---- the lock: none */

struct myna_srtp {
    int unused;
};

void myna_srtp_prepare(void)
{
}

enum myna_err myna_srtp_create(struct myna_srtp **out, const struct myna_srtp_keys *k,
                               struct myna_why *why)
{
    static struct myna_srtp lock;

    (void)k;
    (void)why;
    f.layers++;
    *out = &lock;
    return MYNA_OK;
}

void myna_srtp_destroy(struct myna_srtp *s)
{
    f.layers -= s != NULL;
}

const char *myna_srtp_profile_name(enum myna_srtp_profile p)
{
    (void)p;
    return "";
}

static bool pass(const uint8_t *data, size_t len)
{
    f.touched += len ? data[len - 1] : 0u;
    return true;
}

bool myna_srtp_protect(struct myna_srtp *s, uint8_t *rtp, size_t *len)
{
    return s && pass(rtp, *len);
}

bool myna_srtp_unprotect(struct myna_srtp *s, uint8_t *rtp, size_t *len)
{
    return s && pass(rtp, *len);
}

bool myna_srtp_protect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len)
{
    return s && pass(rtcp, *len);
}

bool myna_srtp_unprotect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len)
{
    return s && pass(rtcp, *len);
}

void myna_srtp_forget(struct myna_srtp *s, uint32_t ssrc)
{
    (void)s;
    (void)ssrc;
}

/* ---- messages on streams: what happens, the stream, the kind, the body */

static struct myna_sctp {
    const struct myna_sctp_events *events;
    void *arg;
    bool down;
} messages;

enum myna_err myna_sctp_create(struct myna_sctp **out, struct myna_host *host, size_t max_message,
                               const struct myna_sctp_events *events, void *arg,
                               struct myna_why *why)
{
    (void)host;
    (void)max_message;
    (void)why;
    messages = (struct myna_sctp){.events = events, .arg = arg};
    f.layers++;
    *out = &messages;
    return MYNA_OK;
}

void myna_sctp_destroy(struct myna_sctp *s)
{
    f.layers -= s != NULL;
}

enum myna_err myna_sctp_connect(struct myna_sctp *s, int remote_port, struct myna_why *why)
{
    (void)s;
    (void)remote_port;
    (void)why;
    return MYNA_OK;
}

void myna_sctp_receive(struct myna_sctp *s, const uint8_t *data, size_t len)
{
    if (len < 3 || s->down)
        return;
    switch (data[0] & 7) {
    case 0:
        s->events->up(s->arg);
        return;
    case 1:
        s->events->stream_reset(s->arg, data[1]);
        return;
    case 2:
        s->events->writable(s->arg);
        return;
    case 3:
        s->down = true;
        s->events->down(s->arg, "it broke");
        return;
    default:
        s->events->message(s->arg, data[1], data[2], (struct myna_view){data + 3, len - 3});
    }
}

enum myna_err myna_sctp_send(struct myna_sctp *s, const struct myna_sctp_send *how,
                             struct myna_view body)
{
    if (how->stream >= MYNA_SCTP_STREAMS)
        abort();
    if (f.full || s->down)
        return s->down ? MYNA_EIO : MYNA_EAGAIN;
    f.touched += body.len ? body.ptr[body.len - 1] : 0u;
    return MYNA_OK;
}

bool myna_sctp_reset_stream(struct myna_sctp *s, uint16_t stream)
{
    (void)s;
    (void)stream;
    return !f.full;
}

/* ---- what is told */

static void leave(void)
{
    struct myna_rtc *rtc = f.rtc;

    f.rtc = NULL; /* what is told from now on is told too late */
    myna_rtc_destroy(rtc);
}

static void tell(void)
{
    if (!f.rtc)
        abort(); /* it is destroyed */
    if (f.leaves)
        leave();
}

static void touch(const void *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        f.touched += ((const uint8_t *)ptr)[i];
}

static void on_state(void *arg, enum myna_rtc_state state, const char *why)
{
    (void)arg;
    (void)state;
    touch(why, strlen(why));
    tell();
}

static void on_track(void *arg, struct myna_rtc_audio *a, const char *stream, const char *track)
{
    (void)arg;
    (void)a;
    if (stream)
        touch(track, strlen(track));
    tell();
}

static void on_frame(void *arg, struct myna_rtc_audio *a, const struct myna_frame *frame)
{
    (void)arg;
    (void)a;
    touch(frame->pcm, sizeof frame->pcm[0] * MYNA_IN_SAMPLES);
    tell();
}

static void on_tick(void *arg, myna_us now)
{
    static int16_t pcm[MYNA_OUT_SAMPLES];

    (void)arg;
    (void)now;
    if (f.rests)
        myna_rtc_rest(f.rtc);
    myna_rtc_audio_send(f.audio, f.silent ? NULL : pcm);
    tell();
}

static void on_picture(void *arg, struct myna_rtc_video *v, const struct myna_rtc_picture *p)
{
    (void)arg;
    (void)v;
    touch(p->vp8.ptr, p->vp8.len);
    tell();
}

static void on_channel(void *arg, struct myna_rtc_channel *ch, enum myna_rtc_channel_event event)
{
    (void)arg;
    touch(myna_rtc_channel_label(ch), strlen(myna_rtc_channel_label(ch)));
    if (event == MYNA_RTC_CHANNEL_CLOSED)
        f.channel = f.channel == ch ? NULL : f.channel;
    else
        f.channel = ch;
    tell();
}

static void on_message(void *arg, struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    (void)arg;
    (void)ch;
    (void)is_text;
    touch(body.ptr, body.len);
    tell();
}

/* ---- what happens */

#define PATH                                                                                       \
    "a=ice-ufrag:kGzI\r\na=ice-pwd:bXZtUqRnDCBqYQvAtQoRcO\r\na=setup:active\r\na=rtcp-mux\r\n"

static const char answer[] =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 00\r\n"
    "a=group:BUNDLE 0 1 2 3\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:0\r\n" PATH
    "a=sendrecv\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=rtcp-fb:111 nack\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=msid:s t\r\na=ssrc:1 cname:c\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n" PATH
    "a=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=msid:s u\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\n" PATH
    "a=sendonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
    "a=ssrc:3 cname:c\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n" PATH
    "a=sctp-port:5000\r\na=max-message-size:1000\r\n";

/* ESTATE: the peer has said goodbye. */
static void negotiate(unsigned flags)
{
    struct myna_why why;
    const char *offer;
    enum myna_err err = myna_rtc_offer(f.rtc, flags, &offer, &why);

    if (!err && f.rtc)
        err = myna_rtc_accept_answer(f.rtc, answer, &why);
    if (err && err != MYNA_ESTATE) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
}

static void open_channel(const char *label)
{
    struct myna_rtc_channel_options opt = {
        .label = label, .ordered = true, .max_retransmits = -1, .low_water = 1};
    struct myna_rtc_channel *ch;
    struct myna_why why;

    (void)!myna_rtc_open_channel(f.rtc, &opt, &ch, &why);
}

static void receive(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    if (n)
        memcpy(copy, data, n);
    path.events.packet(path.arg, copy, n);
    free(copy);
}

static void let_pass(myna_us time)
{
    myna_loop_run_until(f.host.loop, myna_loop_now(f.host.loop) + time);
}

static void step(unsigned what)
{
    static const enum myna_ice_state states[] = {MYNA_ICE_CONNECTED, MYNA_ICE_LOST,
                                                 MYNA_ICE_FAILED};
    const struct myna_view hello = {(const uint8_t *)"hello", 5};

    switch (what & 15) {
    case 0:
        let_pass(20 * MYNA_MS);
        return;
    case 1:
        let_pass(400 * MYNA_MS);
        return;
    case 2:
        let_pass(3 * MYNA_S);
        return;
    case 3:
    case 4:
    case 5:
        path.events.state(path.arg, states[(what & 15) - 3]);
        return;
    case 6:
        myna_rtc_video_ask(f.video);
        return;
    case 7:
        myna_rtc_video_rest(f.video);
        return;
    case 8:
        open_channel("of ours");
        return;
    case 9:
        if (f.channel)
            (void)!myna_rtc_send(f.channel, hello, what & 16);
        return;
    case 10:
        f.full = !f.full;
        return;
    case 11:
        f.rests = !f.rests;
        f.silent = f.rests;
        return;
    case 12:
        if (f.channel)
            myna_rtc_channel_close(f.channel);
        return;
    case 13:
        myna_rtc_wake(f.rtc);
        return;
    case 14:
        negotiate(what & 16 ? MYNA_RTC_ICE_RESTART : 0);
        return;
    default:
        f.leaves = true;
    }
}

static void open_world(bool has_path)
{
    static const struct myna_rtc_events events = {.state = on_state,
                                                  .track = on_track,
                                                  .frame = on_frame,
                                                  .tick = on_tick,
                                                  .picture = on_picture,
                                                  .channel = on_channel,
                                                  .message = on_message};
    static const uint8_t handshake[] = {22};
    struct myna_rtc_options opt = {.host = &f.host, .red = true};
    struct myna_loop *loop = f.host.loop;
    struct myna_why why;

    memset(&f, 0, sizeof f);
    f.host.loop =
        loop ? loop : myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, &why);
    if (!f.host.loop)
        abort();
    myna_rand_seed(&f.host.rand, 7);
    if (myna_rtc_create(&f.rtc, &opt, &events, NULL, &why))
        abort();
    f.audio = myna_rtc_add_audio(f.rtc, MYNA_RTC_SENDRECV);
    if (!f.audio || !myna_rtc_add_audio(f.rtc, MYNA_RTC_RECVONLY))
        abort();
    f.video = myna_rtc_add_video(f.rtc);
    open_channel("first");
    if (!f.video)
        abort();
    negotiate(0);
    if (!has_path)
        return;
    path.events.state(path.arg, MYNA_ICE_CONNECTED);
    receive(handshake, sizeof handshake);
    if (myna_rtc_get_state(f.rtc) != MYNA_RTC_CONNECTED)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    open_world(!(data[0] & 1));
    data++;
    size--;
    while (size >= 2 && f.rtc) {
        unsigned word = (unsigned)data[0] << 8 | data[1];
        size_t n = word & 0x7fff;

        data += 2;
        size -= 2;
        if (word & 0x8000) {
            step(word);
            continue;
        }
        n = n < size ? n : size;
        n = n < LONGEST ? n : LONGEST;
        receive(data, n);
        data += n;
        size -= n;
    }
    leave();
    myna_host_bury_all(&f.host);
    if (f.layers)
        abort();
    return 0;
}

/* sctp_usrsctp.c - SCTP by usrsctp, the only file that includes it, and the only shared state of
 * this room.
 *
 * usrsctp keeps one state for the process and calls back with an address that we registered. The
 * address is a number that is never used twice, looked up in a list of who is alive: a packet that
 * usrsctp still wants to send for a closed association finds nobody.
 *
 * It is run without its threads. Its clock ticks every 20 ms while messages come and go, every
 * 100 ms while anybody is alive, by the timer of the list's first connection; when that one goes,
 * the next takes over. What it has to tell is fetched by us after each call into it (no receive
 * callback), so no event is told from inside it.
 */
#include "rtc/sctp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <usrsctp.h>

enum {
    PORT = 5000, /* ours, always */
    TICK_MS = 20,
    SLOW_TICK_MS = 100, /* of who waits for nothing but timers of 300 ms and more … */
    BUSY_MS = 60,       /* … once what came lately was acknowledged, which takes 20 ms */
    BUFFER = 2 * MYNA_SCTP_MAX_SEND, /* each way; a message is taken whole or not */
    PATH_MTU = 1200 - 64,            /* inside DTLS inside UDP or TURN */
};

struct myna_sctp {
    struct myna_host *host;
    struct myna_sctp_events events;
    void *arg;
    struct socket *so;
    uintptr_t id; /* as usrsctp knows us */
    struct myna_sctp *next;
    struct myna_timer timer;
    uint8_t *message; /* the one that is being read, max_message long; made at the first */
    size_t max_message, message_len;
    bool connected, up, down, overlong, wants_writable, dirty;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Loop thread only. */
static struct {
    struct myna_sctp *first;
    uintptr_t last_id;
    myna_us ticked; /* of the present driver's clock; < 0: a new driver begins */
    myna_us busy_to;
    bool slow;
} shared = {.ticked = -1};

static struct myna_sctp *by_id(uintptr_t id)
{
    struct myna_sctp *s = shared.first;

    while (s && s->id != id)
        s = s->next;
    return s;
}

static int on_output(void *addr, void *data, size_t len, uint8_t tos, uint8_t set_df)
{
    struct myna_sctp *s = by_id((uintptr_t)addr);

    (void)tos;
    (void)set_df;
    if (s)
        s->events.send(s->arg, data, len);
    return 0;
}

static void init_library(void)
{
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_blackhole(2);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(MYNA_SCTP_STREAMS);
    /* Outages of a minute and more must be survived: what gives up is ICE, not we. */
    usrsctp_sysctl_set_sctp_rto_initial_default(500);
    usrsctp_sysctl_set_sctp_rto_min_default(300);
    usrsctp_sysctl_set_sctp_rto_max_default(3000);
    usrsctp_sysctl_set_sctp_init_rto_max_default(1000);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(100);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(100);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(100);
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(4096);
    /* A free association keeps its memory for the next in these lists: none is kept. */
    usrsctp_sysctl_set_sctp_system_free_resc_limit(0);
    usrsctp_sysctl_set_sctp_asoc_free_resc_limit(8);
}

/* --- what usrsctp has to tell --- */

static void on_upcall(struct socket *so, void *arg, int flags)
{
    struct myna_sctp *s = by_id((uintptr_t)arg);

    (void)so;
    (void)flags;
    if (s)
        s->dirty = true;
}

static void go_down(struct myna_sctp *s, const char *why)
{
    if (s->down)
        return;
    s->down = true;
    s->events.down(s->arg, why);
}

static void take_assoc_change(struct myna_sctp *s, const struct sctp_assoc_change *c)
{
    switch (c->sac_state) {
    case SCTP_COMM_UP:
        if (!s->up && !s->down) {
            s->up = true;
            s->events.up(s->arg);
        }
        break;
    case SCTP_COMM_LOST:
    case SCTP_SHUTDOWN_COMP:
    case SCTP_CANT_STR_ASSOC:
        go_down(s, "the peer ended the SCTP association");
        break;
    case SCTP_RESTART: /* its streams begin anew; so must everything above */
        go_down(s, "the peer restarted the SCTP association");
        break;
    default:
        break;
    }
}

static void take_stream_reset(struct myna_sctp *s, const struct sctp_stream_reset_event *e)
{
    size_t n = (e->strreset_length - sizeof *e) / sizeof(uint16_t);

    if (!(e->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
        return;
    for (size_t i = 0; i < n && !s->down; i++)
        s->events.stream_reset(s->arg, e->strreset_stream_list[i]);
}

static void take_notification(struct myna_sctp *s)
{
    const union sctp_notification *n = (const union sctp_notification *)s->message;

    if (s->message_len < sizeof n->sn_header || n->sn_header.sn_length != s->message_len)
        return;
    if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE)
        take_assoc_change(s, &n->sn_assoc_change);
    else if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT)
        take_stream_reset(s, &n->sn_strreset_event);
}

/* Reads one piece; false when there is none. */
static bool read_one(struct myna_sctp *s)
{
    struct sockaddr_conn from;
    socklen_t from_len = sizeof from, info_len = sizeof(struct sctp_rcvinfo);
    struct sctp_rcvinfo info = {0};
    unsigned type = 0;
    int flags = 0;
    ssize_t n;

    if (s->message_len == s->max_message) { /* a longer one: the rest goes the same way */
        s->overlong = true;
        s->message_len = 0;
    }
    n = usrsctp_recvv(s->so, s->message + s->message_len, s->max_message - s->message_len,
                      (struct sockaddr *)&from, &from_len, &info, &info_len, &type, &flags);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            go_down(s, "the SCTP association is gone");
        return false;
    }
    s->message_len += (size_t)n;
    if (!(flags & MSG_EOR))
        return true;
    if (flags & MSG_NOTIFICATION) {
        take_notification(s);
    } else if (s->overlong) {
        myna_host_log(s->host, MYNA_LOG_WARN,
                      "data message dropped: longer than we take stage=rtc limit=%zu stream=%u",
                      s->max_message, info.rcv_sid);
    } else if (type == SCTP_RECVV_RCVINFO) {
        s->events.message(s->arg, info.rcv_sid, ntohl(info.rcv_ppid),
                          (struct myna_view){s->message, s->message_len});
    }
    s->overlong = false;
    s->message_len = 0;
    return true;
}

static void drain(struct myna_sctp *s)
{
    s->dirty = false;
    if (!s->message && !(s->message = malloc(s->max_message)))
        return; /* memory is short: it stays with usrsctp until the next packet */
    while (!s->down && read_one(s))
        ;
    if (!s->down && s->wants_writable && usrsctp_get_events(s->so) & SCTP_EVENT_WRITE) {
        s->wants_writable = false;
        s->events.writable(s->arg);
    }
}

/* Whoever was told of something; an event may destroy another one, so from the top each time. */
static void drain_all(void)
{
    for (struct myna_sctp *s = shared.first; s;) {
        if (!s->dirty) {
            s = s->next;
            continue;
        }
        drain(s);
        s = shared.first;
    }
}

static void set_tick(struct myna_sctp *driver, myna_us now)
{
    myna_us at = now + TICK_MS * MYNA_MS;

    shared.slow = now >= shared.busy_to;
    if (shared.slow) /* together with those who rest (beat.h) */
        at = now - now % (SLOW_TICK_MS * MYNA_MS) + SLOW_TICK_MS * MYNA_MS;
    if (myna_timer_set(&driver->timer, at))
        myna_host_log(driver->host, MYNA_LOG_ERROR, "sctp timer lost: out of memory stage=rtc");
}

/* Something comes or goes. */
static void stir(const struct myna_sctp *s)
{
    myna_us now = myna_host_now(s->host);

    shared.busy_to = now + BUSY_MS * MYNA_MS;
    if (shared.slow && shared.first)
        set_tick(shared.first, now);
}

static void on_tick(struct myna_timer *t)
{
    struct myna_sctp *s = t->arg;
    myna_us now = myna_host_now(s->host);
    uint32_t ms;

    if (shared.ticked < 0)
        shared.ticked = now - TICK_MS * MYNA_MS;
    ms = (uint32_t)((now - shared.ticked) / MYNA_MS);
    shared.ticked += (myna_us)ms * MYNA_MS;
    set_tick(s, now);
    usrsctp_handle_timers(ms);
    drain_all();
}

/* --- life --- */

static void drive(struct myna_sctp *s)
{
    shared.ticked = -1;
    if (s)
        set_tick(s, myna_host_now(s->host));
}

static bool set(struct socket *so, int name, const void *value, socklen_t len)
{
    return usrsctp_setsockopt(so, IPPROTO_SCTP, name, value, len) == 0;
}

static bool configure(struct socket *so)
{
    static const uint16_t wanted[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct sctp_assoc_value reset = {.assoc_id = SCTP_ALL_ASSOC,
                                     .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    struct sctp_initmsg init = {.sinit_num_ostreams = MYNA_SCTP_STREAMS,
                                .sinit_max_instreams = MYNA_SCTP_STREAMS};
    int on = 1, size = BUFFER;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct sctp_event e = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = wanted[i], .se_on = 1};

        if (!set(so, SCTP_EVENT, &e, sizeof e))
            return false;
    }
    return !usrsctp_set_non_blocking(so, 1) &&
           !usrsctp_setsockopt(so, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) &&
           !usrsctp_setsockopt(so, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) &&
           !usrsctp_setsockopt(so, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) &&
           set(so, SCTP_NODELAY, &on, sizeof on) && set(so, SCTP_RECVRCVINFO, &on, sizeof on) &&
           set(so, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset) &&
           set(so, SCTP_INITMSG, &init, sizeof init);
}

static struct sockaddr_conn address(const struct myna_sctp *s, int port)
{
    return (struct sockaddr_conn){
        .sconn_family = AF_CONN, .sconn_port = htons((uint16_t)port), .sconn_addr = (void *)s->id};
}

enum myna_err myna_sctp_create(struct myna_sctp **out, struct myna_host *host, size_t max_message,
                               const struct myna_sctp_events *events, void *arg,
                               struct myna_why *why)
{
    struct myna_sctp *s = calloc(1, sizeof *s);
    struct sockaddr_conn at;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    pthread_once(&once, init_library);
    s->host = host;
    s->events = *events;
    s->arg = arg;
    s->max_message = max_message < 1024 ? 1024 : max_message; /* notifications fit */
    myna_host_timer_init(host, &s->timer, on_tick, s);
    s->id = ++shared.last_id;
    usrsctp_register_address((void *)s->id);
    s->so = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    at = address(s, PORT);
    if (!s->so || !configure(s->so) || usrsctp_bind(s->so, (struct sockaddr *)&at, sizeof at)) {
        int e = errno;

        if (s->so)
            usrsctp_close(s->so);
        usrsctp_deregister_address((void *)s->id);
        free(s);
        return myna_fail(why, e == ENOMEM ? MYNA_ENOMEM : MYNA_EIO, "SCTP: no socket: %s",
                         strerror(e));
    }
    usrsctp_set_upcall(s->so, on_upcall, (void *)s->id);
    s->next = shared.first;
    if (shared.first)
        myna_timer_clear(&shared.first->timer);
    shared.first = s;
    drive(s);
    *out = s;
    return MYNA_OK;
}

void myna_sctp_destroy(struct myna_sctp *s)
{
    struct myna_sctp **at = &shared.first;

    if (!s)
        return;
    usrsctp_set_upcall(s->so, NULL, NULL);
    usrsctp_close(s->so); /* still in the list: its ABORT goes out */
    usrsctp_deregister_address((void *)s->id);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (at == &shared.first)
        drive(shared.first);
    myna_timer_clear(&s->timer);
    free(s->message);
    free(s);
}

enum myna_err myna_sctp_connect(struct myna_sctp *s, int remote_port, struct myna_why *why)
{
    struct sockaddr_conn to = address(s, remote_port);
    struct sctp_paddrparams path = {.spp_pathmtu = PATH_MTU,
                                    .spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE,
                                    .spp_hbinterval = 10000};

    if (s->connected)
        return MYNA_OK;
    if (usrsctp_connect(s->so, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        return myna_fail(why, MYNA_EIO, "SCTP: no association: %s", strerror(errno));
    s->connected = true;
    stir(s);
    memcpy(&path.spp_address, &to, sizeof to);
    if (!set(s->so, SCTP_PEER_ADDR_PARAMS, &path, sizeof path))
        return myna_fail(why, MYNA_EIO, "SCTP: no path MTU: %s", strerror(errno));
    return MYNA_OK;
}

void myna_sctp_receive(struct myna_sctp *s, const uint8_t *data, size_t len)
{
    if (s->down)
        return;
    stir(s);
    usrsctp_conninput((void *)s->id, data, len, 0);
    if (s->dirty)
        drain(s);
}

enum myna_err myna_sctp_send(struct myna_sctp *s, const struct myna_sctp_send *how,
                             struct myna_view body)
{
    struct sctp_sendv_spa spa = {
        .sendv_flags = SCTP_SEND_SNDINFO_VALID,
        .sendv_sndinfo = {.snd_sid = how->stream, .snd_ppid = htonl(how->ppid)}};

    if (!s->up || s->down)
        return MYNA_EIO;
    stir(s);
    if (how->unordered)
        spa.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
    if (how->max_retransmits >= 0) {
        spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        spa.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
        spa.sendv_prinfo.pr_value = (uint32_t)how->max_retransmits;
    } else if (how->max_lifetime_ms > 0) {
        spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        spa.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
        spa.sendv_prinfo.pr_value = (uint32_t)how->max_lifetime_ms;
    }
    if (usrsctp_sendv(s->so, body.ptr, body.len, NULL, 0, &spa, sizeof spa, SCTP_SENDV_SPA, 0) >= 0)
        return MYNA_OK;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        s->wants_writable = true;
        return MYNA_EAGAIN;
    }
    return errno == EMSGSIZE ? MYNA_ELIMIT : MYNA_EIO;
}

bool myna_sctp_reset_stream(struct myna_sctp *s, uint16_t stream)
{
    union {
        struct sctp_reset_streams r;
        uint8_t room[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } u = {.r = {.srs_flags = SCTP_STREAM_RESET_OUTGOING, .srs_number_streams = 1}};

    u.r.srs_stream_list[0] = stream;
    return s->up && !s->down && set(s->so, SCTP_RESET_STREAMS, &u, sizeof u);
}

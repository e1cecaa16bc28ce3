/* ice_nice.c - ICE by libnice, the only file that includes it.
 *
 * One agent, one stream, one component, one GMainContext of its own (measured: no dearer than a
 * shared one, and it scales flat; DESIGN). Traps met:
 *   - libnice leaves out loopback addresses unless each address is named to it;
 *   - it wants servers as IP addresses: names are looked up on a worker before gathering, and a
 *     server that does not resolve is left out, so that DNS never holds a call up for good;
 *   - `upnp` is on by default and would look for a router: off;
 *   - it speaks no TLS to relays (its "TLS" is the pseudo TLS of other days): it is given a port of
 * ours instead, behind which TLS begins (turn_tunnel.h);
 *   - hung up on by its last relay over TCP it never ends gathering: those have such a port, too;
 *   - regular nomination: aggressive nomination confuses peers that run ICE-lite;
 *   - its consent (RFC 7675) is a single request every 5 s that must be answered within 10 s, where
 * the RFC says 30: at 10 % loss each way a good path is given up every other minute. Its keepalive,
 * a request every 25 s and 50 s of patience, stays on, and connection.c knows by the packets that
 * it can decipher whether the peer is there;
 *   - its timer of checks never stops before it is told that the peer has no more candidates, which
 * livekit-server never says: it is told so once a pair is chosen;
 *   - checks are paced by 20 ms each, and a machine with a few addresses has a dozen pairs: 5 ms,
 * the least that RFC 8445 (14.2) allows, brings sound 60 ms earlier.
 */
#include "rtc/ice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rtc/glib_loop.h"
#include "rtc/ice_servers.h"
#include "rtc/nice_calls.h"
#include "rtc/shortcut.h"
#include "rtc/turn_tunnel.h"

#define LOOPBACK "127.0.0.1"

enum {
    COMPONENT = 1,
    MAX_HELD = 64,
    MAX_ADDRESSES = 32,
    PACING_MS = 5,
    IDLE_MS = 5000, /* libnice's own: with nothing left to try, what did not connect has failed */
    IDLE_READY_MS = 100,
    PACKET_MAX = 2048,
    PACKETS_AT_ONCE = 32,
    BURST_MS = 3, /* packets that are nearer than that */
};

/* Of the peer, while we have no candidates to pair them with. */
struct held {
    struct myna_candidate list[MAX_HELD];
    size_t n;
};

struct myna_ice {
    struct myna_host *host;
    struct myna_ice_events events;
    void *arg;
    struct myna_glib *glib;
    NiceAgent *agent;
    guint stream;
    char *ufrag, *pwd; /* ours; GLib's */
    struct myna_ice_servers servers;
    struct myna_turn_tunnel *tunnels[MYNA_ICE_MAX_SERVERS]; /* to relays; as long as the sockets */
    struct held *held;
    char problem[400];             /* why no path can be found, "" as far as is known */
    char named[MAX_ADDRESSES][64]; /* addresses that libnice was told; it keeps them for good */
    size_t n_named;
    bool relay_only, gathering, all_addresses;
    bool open; /* libnice has made what candidates it makes of this machine's addresses */
    bool has_relay;
    enum myna_ice_state state;
    struct myna_shortcut shortcut;
    GSocket *socket; /* of the shortcut; ours too */
    myna_us taken;   /* from it, last */
};

enum myna_err myna_ice_prepare(struct myna_why *why)
{
    return myna_nice_load(why);
}

bool myna_ice_is_prepared(void)
{
    return myna_nice_is_loaded();
}

/* --- libnice tells --- */

static enum myna_ice_state state_of(const struct myna_ice *ice, guint s)
{
    switch (s) {
    case NICE_COMPONENT_STATE_CONNECTED:
    case NICE_COMPONENT_STATE_READY:
        return MYNA_ICE_CONNECTED;
    case NICE_COMPONENT_STATE_FAILED:
        return MYNA_ICE_FAILED;
    case NICE_COMPONENT_STATE_CONNECTING:
        return ice->state == MYNA_ICE_CONNECTED ? MYNA_ICE_LOST : MYNA_ICE_CHECKING;
    default:
        return ice->state == MYNA_ICE_CONNECTED ? MYNA_ICE_LOST : ice->state;
    }
}

/* --- media goes by the shortest way --- */

static void close_shortcut(struct myna_ice *ice)
{
    myna_glib_express(ice->glib, -1, NULL, NULL);
    ice->shortcut.fd = -1;
    if (ice->socket)
        g_object_unref(ice->socket);
    ice->socket = NULL;
}

static bool has_shortcut(const struct myna_ice *ice)
{
    return ice->shortcut.fd >= 0 && !g_socket_is_closed(ice->socket);
}

/* true: all that waited was for us. */
static bool take_packets(void *arg)
{
    struct myna_ice *ice = arg;
    uint8_t data[PACKET_MAX];
    size_t len;
    myna_us now = myna_host_now(ice->host);
    /* Sound comes one packet at a time: to look whether a second waits is a third of the work. */
    int most = now - ice->taken < BURST_MS * MYNA_MS ? PACKETS_AT_ONCE : 1;

    ice->taken = now;
    for (int i = 0; i < most; i++) {
        if (!has_shortcut(ice)) /* an event closed it */
            return false;
        switch (myna_shortcut_receive(&ice->shortcut, data, sizeof data, &len)) {
        case MYNA_SHORTCUT_PACKET:
            ice->events.packet(ice->arg, data, len);
            break;
        case MYNA_SHORTCUT_NOTHING:
            return true;
        case MYNA_SHORTCUT_OTHER:
            return false;
        }
    }
    return true; /* the rest is told again */
}

/* Over UDP and no relay; everything else has framing of its own. */
static void open_shortcut(struct myna_ice *ice)
{
    NiceCandidate *l = NULL, *r = NULL;
    GSocket *sock;

    close_shortcut(ice);
    if (!nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &l, &r) ||
        l->transport != NICE_CANDIDATE_TRANSPORT_UDP || l->type == NICE_CANDIDATE_TYPE_RELAYED)
        return;
    sock = nice_agent_get_selected_socket(ice->agent, ice->stream, COMPONENT);
    if (!sock || g_socket_is_closed(sock))
        return;
    memset(&ice->shortcut.peer, 0, sizeof ice->shortcut.peer);
    nice_address_copy_to_sockaddr(&r->addr, (struct sockaddr *)&ice->shortcut.peer);
    (*myna_nice.g_object_ref)(sock);
    ice->socket = sock;
    ice->shortcut.fd = g_socket_get_fd(sock);
    myna_glib_express(ice->glib, ice->shortcut.fd, take_packets, ice);
}

static void on_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
                    NiceCandidate *remote, gpointer arg)
{
    struct myna_ice *ice = arg;

    (void)agent;
    (void)component;
    (void)local;
    (void)remote;
    if (stream == ice->stream)
        open_shortcut(ice);
}

/* --- */

/* Nothing is left to be found: no timer of 5 ms any more. */
static void end_checks(struct myna_ice *ice)
{
    g_object_set(ice->agent, "idle-timeout", (guint)IDLE_READY_MS, NULL);
    nice_agent_peer_candidate_gathering_done(ice->agent, ice->stream);
}

/* There will be no path; what we can say of it is better than a timeout. */
static void give_up(struct myna_ice *ice, const char *problem)
{
    snprintf(ice->problem, sizeof ice->problem, "%s", problem);
    ice->state = MYNA_ICE_FAILED;
    ice->events.state(ice->arg, MYNA_ICE_FAILED);
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint s, gpointer arg)
{
    struct myna_ice *ice = arg;
    enum myna_ice_state state = state_of(ice, s);

    (void)agent;
    (void)component;
    if (stream != ice->stream)
        return;
    if (s == NICE_COMPONENT_STATE_READY)
        end_checks(ice);
    if (state != MYNA_ICE_CONNECTED)
        close_shortcut(ice);
    if (state == ice->state)
        return;
    ice->state = state;
    ice->events.state(ice->arg, state);
}

static void address_out(const NiceAddress *from, char *into, size_t cap, int *port)
{
    char text[NICE_ADDRESS_STRING_LEN] = "";

    nice_address_to_string(from, text);
    text[strcspn(text, "%")] = '\0'; /* a zone is nobody else's business */
    snprintf(into, cap, "%s", text);
    *port = (int)nice_address_get_port(from);
}

static enum myna_candidate_tcp transport_of(NiceCandidateTransport t)
{
    switch (t) {
    case NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE:
        return MYNA_CAND_ACTIVE;
    case NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE:
        return MYNA_CAND_PASSIVE;
    case NICE_CANDIDATE_TRANSPORT_TCP_SO:
        return MYNA_CAND_SO;
    case NICE_CANDIDATE_TRANSPORT_UDP:
        break;
    }
    return MYNA_CAND_UDP;
}

static enum myna_candidate_type type_of(NiceCandidateType t)
{
    switch (t) {
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
        return MYNA_CAND_SRFLX;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
        return MYNA_CAND_PRFLX;
    case NICE_CANDIDATE_TYPE_RELAYED:
        return MYNA_CAND_RELAY;
    case NICE_CANDIDATE_TYPE_HOST:
        break;
    }
    return MYNA_CAND_HOST;
}

static void from_nice(const NiceCandidate *n, struct myna_candidate *c)
{
    *c = (struct myna_candidate){.component = (int)n->component_id,
                                 .transport = transport_of(n->transport),
                                 .priority = n->priority,
                                 .type = type_of(n->type)};
    snprintf(c->foundation, sizeof c->foundation, "%s", n->foundation);
    address_out(&n->addr, c->address, sizeof c->address, &c->port);
    if (c->transport == MYNA_CAND_ACTIVE)
        c->port = 9;                  /* it dials, nobody dials it (RFC 6544, 4.5) */
    if (c->type == MYNA_CAND_RELAY) { /* libnice names the socket that goes to it: nobody's
                                         business (RFC 8839, 5.1) */
        snprintf(c->raddr, sizeof c->raddr, "%s", strchr(c->address, ':') ? "::" : "0.0.0.0");
        c->rport = 9;
    } else if (c->type != MYNA_CAND_HOST) {
        address_out(&n->base_addr, c->raddr, sizeof c->raddr, &c->rport);
    }
}

static void on_candidate(NiceAgent *agent, NiceCandidate *n, gpointer arg)
{
    struct myna_ice *ice = arg;
    struct myna_candidate c;

    (void)agent;
    if (n->stream_id != ice->stream)
        return;
    from_nice(n, &c);
    if (ice->relay_only && c.type != MYNA_CAND_RELAY)
        return;
    ice->has_relay |= c.type == MYNA_CAND_RELAY;
    ice->events.candidate(ice->arg, &c);
}

/* Of the first relay behind a tunnel that has one. */
static const char *tunnel_problem(const struct myna_ice *ice)
{
    for (size_t i = 0; i < MYNA_ICE_MAX_SERVERS; i++)
        if (ice->tunnels[i] && *myna_turn_tunnel_problem(ice->tunnels[i]))
            return myna_turn_tunnel_problem(ice->tunnels[i]);
    return "";
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer arg)
{
    struct myna_ice *ice = arg;
    char problem[sizeof ice->problem];
    const char *known = tunnel_problem(ice);

    (void)agent;
    if (stream != ice->stream)
        return;
    snprintf(problem, sizeof problem, "only a path through a relay is allowed, and %s",
             *known ? known
                    : "no relay gave us an address: is its turn: server up and reachable, and are "
                      "user name and password right?");
    ice->events.candidate(ice->arg, NULL);
    if (ice->relay_only && !ice->has_relay)
        give_up(ice, problem);
}

static void on_packet(NiceAgent *agent, guint stream, guint component, guint len, gchar *data,
                      gpointer arg)
{
    struct myna_ice *ice = arg;

    (void)agent;
    (void)stream;
    (void)component;
    ice->events.packet(ice->arg, (uint8_t *)data, len);
}

/* --- life --- */

static void take_credentials(struct myna_ice *ice)
{
    g_free(ice->ufrag);
    g_free(ice->pwd);
    ice->ufrag = ice->pwd = NULL;
    nice_agent_get_local_credentials(ice->agent, ice->stream, &ice->ufrag, &ice->pwd);
}

static void open_stream(struct myna_ice *ice)
{
    ice->stream = nice_agent_add_stream(ice->agent, 1);
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, myna_glib_context(ice->glib),
                           on_packet, ice);
    take_credentials(ice);
}

static void close_stream(struct myna_ice *ice)
{
    close_shortcut(ice);
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, NULL, NULL, NULL);
    nice_agent_remove_stream(ice->agent, ice->stream);
    for (size_t i = 0; i < MYNA_ICE_MAX_SERVERS; i++) {
        myna_turn_tunnel_destroy(ice->tunnels[i]);
        ice->tunnels[i] = NULL;
    }
}

static void name_address(struct myna_ice *ice, const char *text)
{
    NiceAddress addr;

    for (size_t i = 0; i < ice->n_named; i++)
        if (!strcmp(ice->named[i], text))
            return;
    nice_address_init(&addr);
    if (ice->n_named == MAX_ADDRESSES || !nice_address_set_from_string(&addr, text))
        return;
    snprintf(ice->named[ice->n_named++], sizeof ice->named[0], "%.63s", text);
    nice_agent_add_local_address(ice->agent, &addr);
}

/* Those that the machine has now: once again where the path was lost, they may be others. */
static void name_addresses(struct myna_ice *ice)
{
    GList *ips = nice_interfaces_get_local_ips(FALSE);

    /* First: whoever can be reached so is tried first, while other pairs with it are none. */
    name_address(ice, LOOPBACK);
    for (GList *l = ips; l; l = l->next)
        name_address(ice, l->data);
    g_list_free_full(ips, g_free);
}

enum myna_err myna_ice_create(struct myna_ice **out, const struct myna_rtc_options *opt,
                              const struct myna_ice_events *events, void *arg, struct myna_why *why)
{
    struct myna_ice *ice = calloc(1, sizeof *ice);
    enum myna_err err;

    if (!ice)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    ice->host = opt->host;
    ice->shortcut.fd = -1;
    ice->events = *events;
    ice->arg = arg;
    ice->relay_only = opt->relay_only;
    err = myna_glib_create(&ice->glib, opt->host, why);
    if (err)
        goto fail;
    myna_ice_servers_init(&ice->servers, opt->host);
    myna_ice_set_servers(ice, opt->servers, opt->n_servers);
    ice->agent =
        nice_agent_new_full(myna_glib_context(ice->glib), NICE_COMPATIBILITY_RFC5245,
                            NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE);
    g_object_set(ice->agent, "upnp", FALSE, "ice-udp", !opt->no_udp, "ice-tcp", !opt->no_tcp,
                 "force-relay", opt->relay_only, "stun-pacing-timer", (guint)PACING_MS,
                 "keepalive-conncheck", TRUE, NULL);
    g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(on_state), ice);
    g_signal_connect(ice->agent, "new-selected-pair-full", G_CALLBACK(on_pair), ice);
    g_signal_connect(ice->agent, "new-candidate-full", G_CALLBACK(on_candidate), ice);
    g_signal_connect(ice->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), ice);
    ice->all_addresses = opt->loopback && !opt->only_address;
    if (opt->only_address)
        name_address(ice, opt->only_address);
    if (ice->all_addresses)
        name_addresses(ice);
    open_stream(ice);
    myna_glib_touch(ice->glib);
    *out = ice;
    return MYNA_OK;
fail:
    myna_ice_destroy(ice);
    return err;
}

void myna_ice_destroy(struct myna_ice *ice)
{
    if (!ice)
        return;
    myna_ice_servers_stop(&ice->servers);
    if (ice->agent) {
        g_signal_handlers_disconnect_by_data(ice->agent, ice);
        close_stream(ice);
        g_object_unref(ice->agent);
        g_free(ice->ufrag); /* it gave them; without it there may be no GLib either */
        g_free(ice->pwd);
    }
    myna_glib_destroy(ice->glib);
    free(ice->held);
    free(ice);
}

void myna_ice_set_servers(struct myna_ice *ice, const struct myna_rtc_server *servers, size_t n)
{
    myna_ice_servers_set(&ice->servers, servers, n);
}

void myna_ice_set_relay_only(struct myna_ice *ice, bool on)
{
    ice->relay_only = on;
    g_object_set(ice->agent, "force-relay", on, NULL);
}

void myna_ice_set_controlling(struct myna_ice *ice, bool controlling)
{
    g_object_set(ice->agent, "controlling-mode", controlling, NULL);
}

/* --- gathering --- */

static bool is_ip(const char *text)
{
    NiceAddress addr;

    nice_address_init(&addr);
    return nice_address_set_from_string(&addr, text);
}

static void add_remote(struct myna_ice *ice, const struct myna_candidate *c)
{
    static const NiceCandidateType types[] = {
        NICE_CANDIDATE_TYPE_HOST, NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
        NICE_CANDIDATE_TYPE_PEER_REFLEXIVE, NICE_CANDIDATE_TYPE_RELAYED};
    static const NiceCandidateTransport transports[] = {
        NICE_CANDIDATE_TRANSPORT_UDP, NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE,
        NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE, NICE_CANDIDATE_TRANSPORT_TCP_SO};
    NiceCandidate *n;
    GSList *one;

    n = nice_candidate_new(types[c->type]);
    n->transport = transports[c->transport];
    n->priority = c->priority;
    n->stream_id = ice->stream;
    n->component_id = COMPONENT;
    g_strlcpy(n->foundation, c->foundation, sizeof n->foundation);
    nice_address_set_from_string(&n->addr, c->address);
    nice_address_set_port(&n->addr, (guint)c->port);
    if (is_ip(c->raddr)) {
        nice_address_set_from_string(&n->base_addr, c->raddr);
        nice_address_set_port(&n->base_addr, (guint)c->rport);
    }
    one = g_slist_append(NULL, n);
    nice_agent_set_remote_candidates(ice->agent, ice->stream, COMPONENT, one);
    g_slist_free_full(one, (GDestroyNotify)nice_candidate_free);
    myna_glib_touch(ice->glib);
}

/* The port of ours that leads to it; 0: there is none. */
static int tunnel_to(struct myna_ice *ice, const char *server, int port, bool is_tls)
{
    struct myna_why why;
    size_t i = 0;

    while (i < MYNA_ICE_MAX_SERVERS && ice->tunnels[i]) {
        if (myna_turn_tunnel_is_to(ice->tunnels[i], server, port, is_tls))
            return myna_turn_tunnel_port(ice->tunnels[i]);
        i++;
    }
    if (i == MYNA_ICE_MAX_SERVERS)
        return 0;
    if (myna_turn_tunnel_create(&ice->tunnels[i], ice->host, server, port, is_tls, &why)) {
        myna_host_log(ice->host, MYNA_LOG_WARN, "%s stage=rtc", why.text);
        return 0;
    }
    return myna_turn_tunnel_port(ice->tunnels[i]);
}

/* Where libnice finds a server; false: nowhere. Over TCP it is our tunnel, but with IPv6, where
 * this machine may have no IPv4 address from which to dial that. */
static bool address_of(struct myna_ice *ice, const struct myna_ice_server *s, const char **ip,
                       int *port)
{
    *ip = s->ip;
    *port = s->url.port;
    if (!s->ip[0])
        return false;
    if (s->url.is_tls) {
        *port = tunnel_to(ice, s->url.host, s->url.port, true);
    } else if (s->url.is_turn && s->url.is_tcp && !strchr(s->ip, ':')) {
        *ip = LOOPBACK;
        *port = tunnel_to(ice, s->ip, s->url.port, false);
    }
    return *port != 0;
}

static void apply_servers(struct myna_ice *ice)
{
    nice_agent_forget_relays(ice->agent, ice->stream, COMPONENT);
    for (size_t i = 0; i < ice->servers.n; i++) {
        const struct myna_ice_server *s = &ice->servers.list[i];
        const char *ip;
        int port;

        if (!address_of(ice, s, &ip, &port))
            continue;
        if (!s->url.is_turn)
            g_object_set(ice->agent, "stun-server", ip, "stun-server-port", (guint)port, NULL);
        else
            nice_agent_set_relay_info(
                ice->agent, ice->stream, COMPONENT, ip, (guint)port, s->username, s->credential,
                s->url.is_tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
    }
}

static void add_held(struct myna_ice *ice)
{
    struct held *h = ice->held;

    ice->open = true;
    ice->held = NULL;
    for (size_t i = 0; h && i < h->n; i++)
        add_remote(ice, &h->list[i]);
    free(h);
}

static void gather_now(void *arg)
{
    struct myna_ice *ice = arg;

    if (ice->relay_only && !myna_ice_servers_have_relay(&ice->servers)) {
        ice->events.candidate(ice->arg, NULL);
        give_up(ice, "only a path through a relay is allowed, and there is no relay that can be "
                     "used: a server with a turn: or turns: URL is needed");
        return;
    }
    apply_servers(ice);
    if (!nice_agent_gather_candidates(ice->agent, ice->stream)) {
        myna_host_log(ice->host, MYNA_LOG_ERROR,
                      "no ice candidate: no address of this machine could be bound stage=rtc");
        ice->events.candidate(ice->arg, NULL);
    }
    add_held(ice);
    myna_glib_touch(ice->glib);
}

void myna_ice_gather(struct myna_ice *ice)
{
    if (ice->gathering)
        return;
    ice->gathering = true;
    ice->problem[0] = '\0';
    myna_ice_servers_find(&ice->servers, gather_now, ice);
}

bool myna_ice_restart(struct myna_ice *ice)
{
    bool fresh = ice->state == MYNA_ICE_LOST || ice->state == MYNA_ICE_FAILED;

    g_object_set(ice->agent, "idle-timeout", (guint)IDLE_MS, NULL);
    if (fresh) {
        myna_ice_servers_stop(&ice->servers); /* gather() is due again, and asks again */
        close_stream(ice);
        if (ice->all_addresses)
            name_addresses(ice);
        open_stream(ice);
        ice->gathering = ice->open = ice->has_relay = false;
        free(ice->held);
        ice->held = NULL;
        ice->state = MYNA_ICE_NEW;
    } else {
        nice_agent_restart_stream(ice->agent, ice->stream);
        take_credentials(ice);
    }
    myna_glib_touch(ice->glib);
    return fresh;
}

void myna_ice_lost(struct myna_ice *ice)
{
    close_shortcut(ice);
    ice->state = MYNA_ICE_LOST;
}

const char *myna_ice_problem(const struct myna_ice *ice)
{
    return ice->problem;
}

const char *myna_ice_ufrag(const struct myna_ice *ice)
{
    return ice->ufrag ? ice->ufrag : "";
}

const char *myna_ice_pwd(const struct myna_ice *ice)
{
    return ice->pwd ? ice->pwd : "";
}

/* --- the other side --- */

void myna_ice_set_remote(struct myna_ice *ice, const char *ufrag, const char *pwd)
{
    nice_agent_set_remote_credentials(ice->agent, ice->stream, ufrag, pwd);
    myna_glib_touch(ice->glib);
}

/* force-relay leaves out pairs of our hosts when a remote candidate comes, but not when one of ours
 * does: what comes first would be checked from this machine's own address. */
void myna_ice_add_candidate(struct myna_ice *ice, const struct myna_candidate *c)
{
    if (c->component != COMPONENT || !is_ip(c->address))
        return;
    if (!ice->relay_only || ice->open) {
        add_remote(ice, c);
        return;
    }
    if (!ice->held)
        ice->held = calloc(1, sizeof *ice->held);
    if (ice->held && ice->held->n < MAX_HELD)
        ice->held->list[ice->held->n++] = *c;
}

void myna_ice_remote_done(struct myna_ice *ice)
{
    nice_agent_peer_candidate_gathering_done(ice->agent, ice->stream);
    myna_glib_touch(ice->glib);
}

bool myna_ice_send(struct myna_ice *ice, const uint8_t *data, size_t len)
{
    if (has_shortcut(ice))
        return myna_shortcut_send(&ice->shortcut, data, len);
    return nice_agent_send(ice->agent, ice->stream, COMPONENT, (guint)len, (const gchar *)data) ==
           (gint)len;
}

static void describe(const NiceCandidate *n, char into[96])
{
    static const char *const types[] = {"host", "srflx", "prflx", "relay"};
    struct myna_candidate c;

    from_nice(n, &c);
    snprintf(into, 96, "%s %s %.60s:%d", types[c.type],
             c.transport == MYNA_CAND_UDP ? "udp" : "tcp", c.address, c.port);
}

void myna_ice_pair(const struct myna_ice *ice, char local[96], char remote[96])
{
    NiceCandidate *l = NULL, *r = NULL;

    local[0] = remote[0] = '\0';
    if (nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &l, &r)) {
        describe(l, local);
        describe(r, remote);
    }
}

/* ice_nice.c - ICE by libnice, the only file that includes it.
 *
 * One agent, one stream, one component, one GMainContext of its own (measured: no dearer than a
 * shared one, and it scales flat; DESIGN). Traps met:
 *   - libnice leaves out loopback addresses unless each address is named to it;
 *   - it wants servers as IP addresses: names are looked up on a worker before gathering, and a
 *     server that does not resolve is left out, so that DNS never holds a call up for good;
 *   - `upnp` is on by default and would look for a router: off;
 *   - `turns:` is not spoken (its "TLS" is the pseudo TLS of other days): refused in ice_url.c;
 *   - regular nomination: aggressive nomination confuses peers that run ICE-lite;
 *   - its consent (RFC 7675) is a single request every 5 s that must be answered within 10 s, where
 * the RFC says 30: at 10 % loss each way a good path is given up every other minute. Its keepalive,
 * a request every 25 s and 50 s of patience, stays on, and connection.c knows by the packets that
 * it can decipher whether the peer is there;
 *   - checks are paced by 20 ms each, and a machine with a few addresses has a dozen pairs: 5 ms,
 * the least that RFC 8445 (14.2) allows, brings sound 60 ms earlier.
 */
#include "rtc/ice.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rtc/glib_loop.h"
#include "rtc/nice_calls.h"

enum { COMPONENT = 1, MAX_SERVERS = 8, MAX_ADDRESSES = 32, PACING_MS = 5 };

struct server {
    struct myna_ice_url url;
    char username[512], credential[512];
    char ip[64]; /* found by lookup; "" before, or when there is none */
};

/* Outlives its ice when that is destroyed during the lookup. */
struct lookup {
    struct myna_work work;
    struct myna_ice *ice; /* loop thread only; NULL: nobody waits any more */
    struct server servers[MAX_SERVERS];
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
    struct lookup *lookup;
    struct server servers[MAX_SERVERS];
    size_t n_servers;
    char named[MAX_ADDRESSES][64]; /* addresses that libnice was told; it keeps them for good */
    size_t n_named;
    bool relay_only, gathering, all_addresses;
    enum myna_ice_state state;
};

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

static void on_state(NiceAgent *agent, guint stream, guint component, guint s, gpointer arg)
{
    struct myna_ice *ice = arg;
    enum myna_ice_state state = state_of(ice, s);

    (void)agent;
    (void)component;
    if (stream != ice->stream || state == ice->state)
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
        c->port = 9; /* it dials, nobody dials it (RFC 6544, 4.5) */
    if (c->type != MYNA_CAND_HOST)
        address_out(&n->base_addr, c->raddr, sizeof c->raddr, &c->rport);
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
    ice->events.candidate(ice->arg, &c);
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer arg)
{
    struct myna_ice *ice = arg;

    (void)agent;
    if (stream == ice->stream)
        ice->events.candidate(ice->arg, NULL);
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
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, NULL, NULL, NULL);
    nice_agent_remove_stream(ice->agent, ice->stream);
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

    for (GList *l = ips; l; l = l->next)
        name_address(ice, l->data);
    g_list_free_full(ips, g_free);
    name_address(ice, "127.0.0.1");
}

enum myna_err myna_ice_create(struct myna_ice **out, const struct myna_rtc_options *opt,
                              const struct myna_ice_events *events, void *arg, struct myna_why *why)
{
    struct myna_ice *ice = calloc(1, sizeof *ice);
    enum myna_err err;

    if (!ice)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    ice->host = opt->host;
    ice->events = *events;
    ice->arg = arg;
    ice->relay_only = opt->relay_only;
    err = myna_glib_create(&ice->glib, opt->host, why);
    if (err)
        goto fail;
    err = myna_ice_set_servers(ice, opt->servers, opt->n_servers, why);
    if (err)
        goto fail;
    ice->agent =
        nice_agent_new_full(myna_glib_context(ice->glib), NICE_COMPATIBILITY_RFC5245,
                            NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE);
    g_object_set(ice->agent, "upnp", FALSE, "ice-udp", !opt->no_udp, "ice-tcp", !opt->no_tcp,
                 "force-relay", opt->relay_only, "stun-pacing-timer", (guint)PACING_MS,
                 "keepalive-conncheck", TRUE, NULL);
    g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(on_state), ice);
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
    if (ice->lookup)
        ice->lookup->ice = NULL;
    if (ice->agent) {
        g_signal_handlers_disconnect_by_data(ice->agent, ice);
        close_stream(ice);
        g_object_unref(ice->agent);
    }
    myna_glib_destroy(ice->glib);
    g_free(ice->ufrag);
    g_free(ice->pwd);
    free(ice);
}

enum myna_err myna_ice_set_servers(struct myna_ice *ice, const struct myna_rtc_server *servers,
                                   size_t n, struct myna_why *why)
{
    ice->n_servers = 0;
    for (size_t i = 0; i < n && ice->n_servers < MAX_SERVERS; i++) {
        struct server *s = &ice->servers[ice->n_servers];
        struct myna_why note;
        enum myna_err err = myna_ice_url_parse(&s->url, servers[i].url, &note);

        if (err == MYNA_EUNAVAIL) {
            myna_host_log(ice->host, MYNA_LOG_WARN, "%s stage=rtc", note.text);
            continue;
        }
        if (err)
            return myna_fail(why, err, "%s", note.text);
        snprintf(s->username, sizeof s->username, "%s",
                 servers[i].username ? servers[i].username : "");
        snprintf(s->credential, sizeof s->credential, "%s",
                 servers[i].credential ? servers[i].credential : "");
        s->ip[0] = '\0';
        ice->n_servers++;
    }
    return MYNA_OK;
}

void myna_ice_set_controlling(struct myna_ice *ice, bool controlling)
{
    g_object_set(ice->agent, "controlling-mode", controlling, NULL);
}

/* --- gathering --- */

static void apply_servers(struct myna_ice *ice)
{
    nice_agent_forget_relays(ice->agent, ice->stream, COMPONENT);
    for (size_t i = 0; i < ice->n_servers; i++) {
        const struct server *s = &ice->servers[i];

        if (!s->ip[0])
            continue;
        if (!s->url.is_turn)
            g_object_set(ice->agent, "stun-server", s->ip, "stun-server-port", (guint)s->url.port,
                         NULL);
        else
            nice_agent_set_relay_info(
                ice->agent, ice->stream, COMPONENT, s->ip, (guint)s->url.port, s->username,
                s->credential, s->url.is_tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
    }
}

static void gather_now(struct myna_ice *ice)
{
    apply_servers(ice);
    if (!nice_agent_gather_candidates(ice->agent, ice->stream)) {
        myna_host_log(ice->host, MYNA_LOG_ERROR,
                      "no ice candidate: no address of this machine could be bound stage=rtc");
        ice->events.candidate(ice->arg, NULL);
    }
    myna_glib_touch(ice->glib);
}

static void run_lookup(struct myna_work *w)
{
    struct lookup *l = w->arg;

    for (size_t i = 0; i < l->n; i++) {
        struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG}, *found;
        char *ip = l->servers[i].ip;

        if (getaddrinfo(l->servers[i].url.host, NULL, &hints, &found))
            continue;
        if (getnameinfo(found->ai_addr, found->ai_addrlen, ip, sizeof l->servers[i].ip, NULL, 0,
                        NI_NUMERICHOST))
            ip[0] = '\0';
        freeaddrinfo(found);
    }
}

static void lookup_done(struct myna_work *w)
{
    struct lookup *l = w->arg;
    struct myna_ice *ice = l->ice;

    if (ice) {
        ice->lookup = NULL;
        memcpy(ice->servers, l->servers, sizeof l->servers);
        ice->n_servers = l->n;
        for (size_t i = 0; i < l->n; i++)
            if (!l->servers[i].ip[0])
                myna_host_log(ice->host, MYNA_LOG_WARN,
                              "ice server left out: its name is unknown stage=rtc host=%s",
                              l->servers[i].url.host);
        gather_now(ice);
    }
    free(l);
}

static bool is_ip(const char *text)
{
    NiceAddress addr;

    nice_address_init(&addr);
    return nice_address_set_from_string(&addr, text);
}

void myna_ice_gather(struct myna_ice *ice)
{
    struct lookup *l;
    bool names = false;

    if (ice->gathering)
        return;
    ice->gathering = true;
    for (size_t i = 0; i < ice->n_servers; i++) {
        struct server *s = &ice->servers[i];

        if (is_ip(s->url.host))
            snprintf(s->ip, sizeof s->ip, "%.63s", s->url.host);
        else
            names = true;
    }
    l = names ? calloc(1, sizeof *l) : NULL;
    if (l) {
        l->ice = ice;
        l->n = ice->n_servers;
        memcpy(l->servers, ice->servers, sizeof l->servers);
        l->work = (struct myna_work){.run = run_lookup, .done = lookup_done, .arg = l};
        ice->lookup = l;
        if (!myna_host_work(ice->host, &l->work))
            return;
        ice->lookup = NULL;
        free(l);
    }
    gather_now(ice);
}

bool myna_ice_restart(struct myna_ice *ice)
{
    bool fresh = ice->state == MYNA_ICE_LOST || ice->state == MYNA_ICE_FAILED;

    if (fresh) {
        close_stream(ice);
        if (ice->all_addresses)
            name_addresses(ice);
        open_stream(ice);
        ice->gathering = false;
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
    ice->state = MYNA_ICE_LOST;
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

void myna_ice_add_candidate(struct myna_ice *ice, const struct myna_candidate *c)
{
    static const NiceCandidateType types[] = {
        NICE_CANDIDATE_TYPE_HOST, NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
        NICE_CANDIDATE_TYPE_PEER_REFLEXIVE, NICE_CANDIDATE_TYPE_RELAYED};
    static const NiceCandidateTransport transports[] = {
        NICE_CANDIDATE_TRANSPORT_UDP, NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE,
        NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE, NICE_CANDIDATE_TRANSPORT_TCP_SO};
    NiceCandidate *n;
    GSList *one;

    if (c->component != COMPONENT || !is_ip(c->address))
        return;
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

void myna_ice_remote_done(struct myna_ice *ice)
{
    nice_agent_peer_candidate_gathering_done(ice->agent, ice->stream);
    myna_glib_touch(ice->glib);
}

bool myna_ice_send(struct myna_ice *ice, const uint8_t *data, size_t len)
{
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

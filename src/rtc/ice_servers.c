/* ice_servers.c - see ice_servers.h. */
#include "rtc/ice_servers.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Outlives its owner when that is destroyed meanwhile. */
struct myna_ice_lookup {
    struct myna_work work;
    struct myna_ice_servers *servers; /* loop thread only; NULL: nobody waits any more */
    void (*done)(void *arg);
    void *arg;
    struct myna_ice_server list[MYNA_ICE_MAX_SERVERS];
    const char *problems[MYNA_ICE_MAX_SERVERS]; /* the system's words; NULL: none */
    size_t n;
};

void myna_ice_servers_init(struct myna_ice_servers *s, struct myna_host *host)
{
    *s = (struct myna_ice_servers){.host = host};
}

void myna_ice_servers_stop(struct myna_ice_servers *s)
{
    if (s->lookup)
        s->lookup->servers = NULL;
    s->lookup = NULL;
}

void myna_ice_servers_set(struct myna_ice_servers *s, const struct myna_rtc_server *servers,
                          size_t n)
{
    bool told = s->told;

    s->n = 0;
    s->replaced = true;
    for (size_t i = 0; i < n && s->n < MYNA_ICE_MAX_SERVERS; i++) {
        struct myna_ice_server *into = &s->list[s->n];
        struct myna_why why;

        if (myna_ice_url_parse(&into->url, servers[i].url, &why)) {
            if (!told)
                myna_host_log(s->host, MYNA_LOG_WARN, "%s; it is left out stage=rtc", why.text);
            s->told = true;
            continue;
        }
        snprintf(into->username, sizeof into->username, "%s",
                 servers[i].username ? servers[i].username : "");
        snprintf(into->credential, sizeof into->credential, "%s",
                 servers[i].credential ? servers[i].credential : "");
        into->ip[0] = '\0';
        s->n++;
    }
}

static bool is_ip(const char *text)
{
    struct in6_addr any;

    return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static void run_lookup(struct myna_work *w)
{
    struct myna_ice_lookup *l = w->arg;

    for (size_t i = 0; i < l->n; i++) {
        struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG}, *found;
        char *ip = l->list[i].ip;
        int bad;

        if (*ip)
            continue;
        bad = getaddrinfo(l->list[i].url.host, NULL, &hints, &found);
        if (!bad) {
            bad = getnameinfo(found->ai_addr, found->ai_addrlen, ip, sizeof l->list[i].ip, NULL, 0,
                              NI_NUMERICHOST);
            freeaddrinfo(found);
        }
        if (bad) {
            ip[0] = '\0';
            l->problems[i] = gai_strerror(bad);
        }
    }
}

static void take(struct myna_ice_servers *s, const struct myna_ice_lookup *l)
{
    for (size_t i = 0; i < s->n; i++) {
        struct myna_ice_server *to = &s->list[i];

        if (l->list[i].ip[0]) /* else it is where it was, as far as anybody knows */
            snprintf(to->ip, sizeof to->ip, "%s", l->list[i].ip);
        if (!to->ip[0])
            myna_host_log(s->host, MYNA_LOG_WARN,
                          "ice server left out: its name has no address (%s): is it written right, "
                          "and does this machine reach a name server? stage=rtc host=%s",
                          l->problems[i] ? l->problems[i] : "none", to->url.host);
    }
}

static void lookup_done(struct myna_work *w)
{
    struct myna_ice_lookup *l = w->arg;
    struct myna_ice_servers *s = l->servers;

    if (s) {
        s->lookup = NULL;
        if (s->replaced) { /* of these names none was asked for */
            myna_ice_servers_find(s, l->done, l->arg);
        } else {
            take(s, l);
            l->done(l->arg);
        }
    }
    free(l);
}

void myna_ice_servers_find(struct myna_ice_servers *s, void (*done)(void *arg), void *arg)
{
    struct myna_ice_lookup *l;
    bool names = false;

    myna_ice_servers_stop(s);
    s->replaced = false;
    for (size_t i = 0; i < s->n; i++) {
        struct myna_ice_server *one = &s->list[i];

        if (one->url.is_tls) {
            snprintf(one->ip, sizeof one->ip, "127.0.0.1");
        } else if (is_ip(one->url.host)) {
            snprintf(one->ip, sizeof one->ip, "%.63s", one->url.host);
        } else {
            names = true;
        }
    }
    l = names ? calloc(1, sizeof *l) : NULL;
    if (l) {
        l->servers = s;
        l->done = done;
        l->arg = arg;
        l->n = s->n;
        memcpy(l->list, s->list, sizeof l->list);
        for (size_t i = 0; i < l->n; i++) /* what a name stood for may be another's by now */
            if (!l->list[i].url.is_tls && !is_ip(l->list[i].url.host))
                l->list[i].ip[0] = '\0';
        l->work = (struct myna_work){.run = run_lookup, .done = lookup_done, .arg = l};
        s->lookup = l;
        if (!myna_host_work(s->host, &l->work))
            return;
        s->lookup = NULL;
        free(l);
    }
    if (names)
        myna_host_log(s->host, MYNA_LOG_WARN,
                      "ice servers with a name left out: too much work waits stage=rtc");
    done(arg);
}

bool myna_ice_servers_have_relay(const struct myna_ice_servers *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].url.is_turn && s->list[i].ip[0])
            return true;
    return false;
}

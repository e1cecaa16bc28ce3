/* candidate.c - one ICE candidate, text to struct and back (RFC 8839 5.1). Unknown pairs at the end
 * are skipped: pion writes "ufrag", Chrome "generation" and "network-cost". */
#include "rtc/sdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const type_names[] = {"host", "srflx", "prflx", "relay"};
static const char *const tcp_names[] = {"", "active", "passive", "so"};

/* Copies the next word; false when there is none or it does not fit. */
static bool next(const char **at, char *into, size_t cap)
{
    size_t n;

    *at += strspn(*at, " ");
    n = strcspn(*at, " \r\n");
    if (!n || n >= cap)
        return false;
    memcpy(into, *at, n);
    into[n] = '\0';
    *at += n;
    return true;
}

static bool next_number(const char **at, unsigned long long max, unsigned long long *out)
{
    char text[16], *end;

    if (!next(at, text, sizeof text) || text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return !*end && *out <= max;
}

static int index_of(const char *text, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcasecmp(text, names[i]))
            return i;
    return -1;
}

static bool plain(const char *text, const char *also)
{
    for (; *text; text++)
        if (!((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
              (*text >= 'A' && *text <= 'Z') || strchr(also, *text)))
            return false;
    return true;
}

/* The pairs behind the type. A name without a value, or a value that does not fit, ends them. */
static bool take_pairs(struct myna_candidate *c, const char *at, bool is_tcp)
{
    char name[64], value[300];
    bool has_tcptype = false;

    while (next(&at, name, sizeof name) && next(&at, value, sizeof value)) {
        if (!strcasecmp(name, "raddr") && strlen(value) < sizeof c->raddr) {
            strcpy(c->raddr, value);
        } else if (!strcasecmp(name, "rport")) {
            c->rport = (int)(strtoul(value, NULL, 10) & 0xffff);
        } else if (!strcasecmp(name, "ufrag") && strlen(value) < sizeof c->ufrag) {
            strcpy(c->ufrag, value);
        } else if (!strcasecmp(name, "tcptype") && is_tcp) {
            int i = index_of(value, tcp_names, 4);

            if (i <= 0)
                return false;
            c->transport = (enum myna_candidate_tcp)i;
            has_tcptype = true;
        }
    }
    return has_tcptype == is_tcp && plain(c->raddr, ".:-") && plain(c->ufrag, "+/=_-");
}

bool myna_candidate_parse(struct myna_candidate *into, const char *text)
{
    struct myna_candidate c = {0};
    char word[64];
    unsigned long long n;
    bool is_tcp;
    int type;

    if (!strncmp(text, "a=", 2))
        text += 2;
    if (!strncmp(text, "candidate:", 10))
        text += 10;
    if (!next(&text, c.foundation, sizeof c.foundation) || !plain(c.foundation, "+/=_-."))
        return false;
    if (!next_number(&text, 256, &n) || !n)
        return false;
    c.component = (int)n;
    if (!next(&text, word, sizeof word))
        return false;
    is_tcp = !strcasecmp(word, "tcp");
    if (!is_tcp && strcasecmp(word, "udp") != 0)
        return false;
    if (!next_number(&text, UINT32_MAX, &n))
        return false;
    c.priority = (uint32_t)n;
    if (!next(&text, c.address, sizeof c.address) || !plain(c.address, ".:-") ||
        !next_number(&text, 65535, &n))
        return false;
    c.port = (int)n;
    if (!next(&text, word, sizeof word) || strcmp(word, "typ") != 0 ||
        !next(&text, word, sizeof word) || (type = index_of(word, type_names, 4)) < 0)
        return false;
    c.type = (enum myna_candidate_type)type;
    if (!take_pairs(&c, text, is_tcp))
        return false;
    *into = c;
    return true;
}

int myna_candidate_write(const struct myna_candidate *c, char *into, size_t cap)
{
    char related[96] = "", tcp[24] = "";

    if (c->raddr[0])
        snprintf(related, sizeof related, " raddr %s rport %d", c->raddr, c->rport);
    if (c->transport != MYNA_CAND_UDP)
        snprintf(tcp, sizeof tcp, " tcptype %s", tcp_names[c->transport]);
    return snprintf(into, cap, "candidate:%s %d %s %u %s %d typ %s%s%s", c->foundation,
                    c->component, c->transport == MYNA_CAND_UDP ? "udp" : "tcp", c->priority,
                    c->address, c->port, type_names[c->type], related, tcp);
}

/* ice_url.c - addresses of STUN and TURN servers (RFC 7064, RFC 7065). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rtc/ice.h"

static enum myna_err bad(const char *url, struct myna_why *why)
{
    return myna_fail(why, MYNA_ECONFIG,
                     "ICE server \"%.200s\": want stun:HOST[:PORT], "
                     "turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT]",
                     url);
}

/* [::1] or a name up to `:` or `?`; moves *at behind it. */
static bool take_host(const char **at, char into[256])
{
    const char *begin = *at;
    size_t n;

    if (*begin == '[') {
        n = strcspn(++begin, "]");
        if (begin[n] != ']')
            return false;
        *at = begin + n + 1;
    } else {
        n = strcspn(begin, ":?");
        *at = begin + n;
    }
    if (!n || n > 255)
        return false;
    memcpy(into, begin, n);
    into[n] = '\0';
    return true;
}

enum myna_err myna_ice_url_parse(struct myna_ice_url *into, const char *url, struct myna_why *why)
{
    struct myna_ice_url u = {.port = 3478};
    const char *at = url;

    if (!strncasecmp(at, "stuns:", 6))
        return myna_fail(why, MYNA_EUNAVAIL,
                         "ICE server \"%.200s\": over TLS a STUN server could not tell which "
                         "address our UDP has; give a stun: URL",
                         url);
    if (!strncasecmp(at, "turns:", 6))
        u = (struct myna_ice_url){.is_turn = true, .is_tcp = true, .is_tls = true, .port = 5349};
    else if (!strncasecmp(at, "turn:", 5))
        u.is_turn = true;
    else if (strncasecmp(at, "stun:", 5) != 0)
        return bad(url, why);
    at += u.is_tls ? 6 : 5;
    if (!take_host(&at, u.host))
        return bad(url, why);
    if (*at == ':') {
        char *end;
        long port = strtol(at + 1, &end, 10);

        if (end == at + 1 || port < 1 || port > 65535)
            return bad(url, why);
        u.port = (int)port;
        at = end;
    }
    if (u.is_tls && !strcasecmp(at, "?transport=udp"))
        return myna_fail(why, MYNA_EUNAVAIL,
                         "ICE server \"%.200s\": DTLS to a relay is not spoken here; give the "
                         "same with ?transport=tcp",
                         url);
    if (!strcasecmp(at, "?transport=tcp"))
        u.is_tcp = true;
    else if (*at && strcasecmp(at, "?transport=udp") != 0)
        return bad(url, why);
    *into = u;
    return MYNA_OK;
}

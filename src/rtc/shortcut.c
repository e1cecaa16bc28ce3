/* shortcut.c - a look at what waits (MSG_PEEK), then it is taken or left. */
#include "rtc/shortcut.h"

#include <errno.h>
#include <string.h>

#include <netinet/in.h>

static socklen_t length_of(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *x = (const struct sockaddr_in *)a,
                                 *y = (const struct sockaddr_in *)b;

        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)a,
                              *y = (const struct sockaddr_in6 *)b;

    return x->sin6_port == y->sin6_port &&
           !memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr);
}

bool myna_shortcut_send(const struct myna_shortcut *s, const uint8_t *data, size_t len)
{
    ssize_t n;

    do
        n = sendto(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&s->peer,
                   length_of(&s->peer));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

enum myna_shortcut_got myna_shortcut_receive(const struct myna_shortcut *s, uint8_t *data,
                                             size_t cap, size_t *len)
{
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(s->fd, data, cap, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC,
                         (struct sockaddr *)&from, &from_len);
    uint8_t taken;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? MYNA_SHORTCUT_NOTHING : MYNA_SHORTCUT_OTHER;
    if (n == 0 || (size_t)n > cap || data[0] < 128 || data[0] > 191 || !same(&from, &s->peer))
        return MYNA_SHORTCUT_OTHER; /* RFC 7983: 128 to 191 is RTP and RTCP */
    (void)!recv(s->fd, &taken, 1, MSG_DONTWAIT);
    *len = (size_t)n;
    return MYNA_SHORTCUT_PACKET;
}

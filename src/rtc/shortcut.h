/* shortcut.h - media packets past libnice, on the socket and to the address that it has chosen.
 *
 * Sound is 100 packets a second and call; libnice and GLib take ten system calls and two
 * allocations for each that comes. Here it is two, and one for each that goes. What is no media
 * (STUN, DTLS), or from another address than the chosen one, is left in the socket for libnice.
 *
 * Whoever opened it says when the descriptor is gone. Loop thread.
 */
#ifndef MYNA_RTC_SHORTCUT_H
#define MYNA_RTC_SHORTCUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

struct myna_shortcut {
    int fd; /* < 0: closed */
    struct sockaddr_storage peer;
};

bool myna_shortcut_send(const struct myna_shortcut *s, const uint8_t *data, size_t len);

enum myna_shortcut_got {
    MYNA_SHORTCUT_PACKET,  /* into `data`, `len` bytes */
    MYNA_SHORTCUT_NOTHING, /* no packet waits */
    MYNA_SHORTCUT_OTHER,   /* what waits first is not for us */
};
enum myna_shortcut_got myna_shortcut_receive(const struct myna_shortcut *s, uint8_t *data,
                                             size_t cap, size_t *len);

#endif

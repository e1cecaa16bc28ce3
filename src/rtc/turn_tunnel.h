/* turn_tunnel.h - TLS or TCP to a TURN server for libnice, which speaks no TLS, and which never
 * ends gathering when a relay over TCP hangs up on it.
 *
 * libnice is given a port of this machine's loopback as a TURN server over TCP. Whoever of this
 * process connects there (nobody else is let in) gets a connection to the real server
 * (turn_far.h), and bytes are moved both ways. What they mean is not looked at, but for whether an
 * address was granted.
 *
 * One connection at a time: libnice dials twice for each address of the machine, and the relay
 * needs it once. A second one is answered "400" at once, by which libnice knows in a moment; so is
 * the first when there is no connection, or one that ended before an address was granted. A
 * sentence that says why goes to the log, once.
 *
 * Bounded: 16 KiB each way wait here, the rest with who sent it. Loop thread; nothing is called
 * back.
 */
#ifndef MYNA_RTC_TURN_TUNNEL_H
#define MYNA_RTC_TURN_TUNNEL_H

#include <myna/error.h>
#include <myna/host.h>

struct myna_turn_tunnel;

/* Listens; the server is dialled when somebody connects. `server` is copied: a name or an address,
 * without TLS an IPv4 address. */
MYNA_MUST enum myna_err myna_turn_tunnel_create(struct myna_turn_tunnel **out,
                                                struct myna_host *host, const char *server,
                                                int port, bool is_tls, struct myna_why *why);
void myna_turn_tunnel_destroy(struct myna_turn_tunnel *t);   /* its connection too; NULL is fine */
int myna_turn_tunnel_port(const struct myna_turn_tunnel *t); /* on 127.0.0.1 */
bool myna_turn_tunnel_is_to(const struct myna_turn_tunnel *t, const char *server, int port,
                            bool is_tls);
/* Why the server cannot be used, with the remedy; "" as far as is known. */
const char *myna_turn_tunnel_problem(const struct myna_turn_tunnel *t);

#endif

/* turn_tls.h - TLS to a TURN server ("turns:"), for libnice, which speaks none.
 *
 * libnice is given a port of this machine's loopback as a TURN server over TCP. Whoever of this
 * process connects there (nobody else is let in) gets a TLS connection to the real server, its
 * certificate checked as for every other address (util/http.h: the system's store or
 * $SSL_CERT_FILE, the proxy of the environment), and bytes are moved both ways. What they mean is
 * not looked at.
 *
 * One connection at a time: libnice dials twice for each address of the machine, and the relay
 * needs it once. A second one is answered "400" at once, by which libnice knows in a moment; so is
 * the first when there is no TLS connection. A sentence that says why goes to the log, once.
 *
 * Bounded: 16 KiB each way wait here, the rest with who sent it. Loop thread; nothing is called
 * back.
 */
#ifndef MYNA_RTC_TURN_TLS_H
#define MYNA_RTC_TURN_TLS_H

#include <myna/error.h>
#include <myna/host.h>

struct myna_turn_tls;

/* Listens; the server is dialled when somebody connects. `server` (a name or an address) is copied.
 */
MYNA_MUST enum myna_err myna_turn_tls_create(struct myna_turn_tls **out, struct myna_host *host,
                                             const char *server, int port, struct myna_why *why);
void myna_turn_tls_destroy(struct myna_turn_tls *t);   /* its connection too; NULL is fine */
int myna_turn_tls_port(const struct myna_turn_tls *t); /* on 127.0.0.1 */
bool myna_turn_tls_is_to(const struct myna_turn_tls *t, const char *server, int port);
/* Why the server cannot be used, with the remedy; "" as far as is known. */
const char *myna_turn_tls_problem(const struct myna_turn_tls *t);

#endif

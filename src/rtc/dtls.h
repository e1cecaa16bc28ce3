/* dtls.h - the handshake that proves who the peer is and gives the keys of SRTP; afterwards the
 * envelope of SCTP (DTLS 1.2, RFC 6347, RFC 5764, RFC 8827).
 *
 * Bytes in, bytes out through callbacks; the certificate is made at create (ECDSA P-256), the
 * peer's is compared with the fingerprint of its SDP and with nothing else. Retransmission runs on
 * the host's timers, but OpenSSL reads the system's clock to judge it: a virtual clock stays out.
 *
 * Loop thread. Events may call back in; destroy is for outside of them.
 */
#ifndef MYNA_RTC_DTLS_H
#define MYNA_RTC_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/host.h>

struct myna_dtls;

enum myna_srtp_profile { /* numbers of the wire (RFC 5764, RFC 7714) */
                         MYNA_SRTP_NONE = 0,
                         MYNA_SRTP_AES128_CM_SHA1_80 = 1,
                         MYNA_SRTP_AEAD_AES_128_GCM = 7,
                         MYNA_SRTP_AEAD_AES_256_GCM = 8,
};

struct myna_srtp_keys {
    enum myna_srtp_profile profile;
    uint8_t ours[46], theirs[46]; /* key and salt, one behind the other */
};

struct myna_dtls_events {
    void (*send)(void *arg, const uint8_t *data, size_t len);
    void (*connected)(void *arg, const struct myna_srtp_keys *keys);
    void (*data)(void *arg, const uint8_t *data, size_t len); /* SCTP */
    void (*failed)(void *arg, const char *why); /* once; close_notify of the peer: why is "" */
};

/* Once a process, ahead of the first create(), which otherwise does it. Any thread. */
void myna_dtls_prepare(void);
MYNA_MUST enum myna_err myna_dtls_create(struct myna_dtls **out, struct myna_host *host,
                                         const struct myna_dtls_events *events, void *arg,
                                         struct myna_why *why);
void myna_dtls_destroy(struct myna_dtls *d);                  /* says close_notify; NULL is fine */
const char *myna_dtls_fingerprint(const struct myna_dtls *d); /* "sha-256 AB:CD:…" */
/* "sha-256 AB:…" of the peer's SDP (sha-1, -256, -384, -512). EFORMAT: not a fingerprint. A later
 * one that differs is EINVAL: the peer may not change its certificate. */
MYNA_MUST enum myna_err myna_dtls_set_fingerprint(struct myna_dtls *d, const char *text,
                                                  struct myna_why *why);
/* Once, when there is a path and a fingerprint. client: we send ClientHello. */
void myna_dtls_start(struct myna_dtls *d, bool client);
bool myna_dtls_started(const struct myna_dtls *d);
/* A datagram from the peer. Before start() the last few are kept. */
void myna_dtls_receive(struct myna_dtls *d, const uint8_t *data, size_t len);
/* Sends it encrypted; false before connected or when OpenSSL refuses. */
bool myna_dtls_send(struct myna_dtls *d, const uint8_t *data, size_t len);

#endif

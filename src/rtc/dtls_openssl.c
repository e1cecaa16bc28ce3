/* dtls_openssl.c - DTLS by OpenSSL, the only file of this room that includes it.
 *
 * OpenSSL sees a BIO of our own: what it writes leaves as one datagram, what it reads is the one
 * datagram that is being received. So record boundaries are the network's, and nothing is buffered
 * twice. The flight is sent again after 100, 200, 400 … ms up to 2 s (OpenSSL's own begins at one
 * second, too slow beside an ICE that took 10 ms); LiveKit's server uses 100 ms as well.
 */
#include "rtc/dtls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum {
    MTU = 1200,    /* of a datagram: fits every path that WebRTC meets */
    MAX_EARLY = 4, /* datagrams before start(): a ClientHello that outran the answer */
    FIRST_US = 100000,
    LONGEST_US = 2000000,
    BUDGET_S = 30, /* of a handshake */
};

struct early {
    size_t len;
    uint8_t data[1500];
};

struct myna_dtls {
    struct myna_host *host;
    struct myna_dtls_events events;
    void *arg;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO_METHOD *method;
    EVP_PKEY *key;
    X509 *cert;
    char fingerprint[112];
    const EVP_MD *peer_hash; /* NULL: no fingerprint yet */
    uint8_t peer_digest[EVP_MAX_MD_SIZE];
    size_t peer_digest_len;
    struct myna_timer timer;
    myna_us give_up;
    const uint8_t *in; /* the datagram that is being received */
    size_t in_len;
    struct early early[MAX_EARLY];
    size_t n_early;
    bool started, connected, over;
};

/* --- the BIO --- */

static int bio_write(BIO *bio, const char *data, int len)
{
    struct myna_dtls *d = BIO_get_data(bio);

    d->events.send(d->arg, (const uint8_t *)data, (size_t)len);
    return len;
}

static int bio_read(BIO *bio, char *into, int cap)
{
    struct myna_dtls *d = BIO_get_data(bio);
    int n = d->in_len < (size_t)cap ? (int)d->in_len : cap;

    BIO_clear_retry_flags(bio);
    if (!d->in) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(into, d->in, (size_t)n);
    d->in = NULL;
    return n;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
        return MTU;
    default:
        return 0;
    }
}

/* --- the certificate --- */

static bool digest_text(X509 *cert, char into[112])
{
    uint8_t md[32];
    unsigned n = 0;
    char *at = into;

    if (!X509_digest(cert, EVP_sha256(), md, &n) || n != sizeof md)
        return false;
    at += sprintf(at, "sha-256 ");
    for (unsigned i = 0; i < n; i++)
        at += sprintf(at, i ? ":%02X" : "%02X", md[i]);
    return true;
}

static bool make_certificate(struct myna_dtls *d)
{
    X509_NAME *name;

    d->key = EVP_EC_gen("P-256");
    d->cert = X509_new();
    if (!d->key || !d->cert)
        return false;
    name = X509_get_subject_name(d->cert);
    return X509_set_version(d->cert, 2) &&
           ASN1_INTEGER_set_int64(X509_get_serialNumber(d->cert),
                                  (int64_t)myna_host_random(d->host) + 1) &&
           X509_gmtime_adj(X509_getm_notBefore(d->cert), -24 * 3600) &&
           X509_gmtime_adj(X509_getm_notAfter(d->cert), 30L * 24 * 3600) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"myna", -1, -1,
                                      0) &&
           X509_set_issuer_name(d->cert, name) && X509_set_pubkey(d->cert, d->key) &&
           X509_sign(d->cert, d->key, EVP_sha256()) && digest_text(d->cert, d->fingerprint);
}

/* OpenSSL looks up each algorithm at its first use in the process: 5 ms until there is a context,
 * another 2 ms to make a key and sign with it. */
void myna_dtls_prepare(void)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");

    EVP_PKEY_free(key);
    SSL_CTX_free(ctx);
    ERR_clear_error(); /* who makes a real one is told what is wrong */
}

/* Anybody's certificate passes here; the fingerprint decides, once the handshake is done. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static unsigned timer_length(SSL *ssl, unsigned before_us)
{
    (void)ssl;
    if (!before_us)
        return FIRST_US;
    return before_us * 2 < LONGEST_US ? before_us * 2 : LONGEST_US;
}

static bool make_context(struct myna_dtls *d)
{
    d->ctx = SSL_CTX_new(DTLS_method());
    if (!d->ctx)
        return false;
    SSL_CTX_set_verify(d->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    SSL_CTX_set_options(d->ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(d->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(d->ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(d->ctx, 1); /* a datagram is read whole */
    return SSL_CTX_set_min_proto_version(d->ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(d->ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES") &&
           SSL_CTX_set1_groups_list(d->ctx, "X25519:P-256:P-384") &&
           SSL_CTX_use_certificate(d->ctx, d->cert) && SSL_CTX_use_PrivateKey(d->ctx, d->key) &&
           !SSL_CTX_set_tlsext_use_srtp(
               d->ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80");
}

static bool make_connection(struct myna_dtls *d)
{
    BIO *bio;

    d->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "myna datagram");
    if (!d->method || !BIO_meth_set_write(d->method, bio_write) ||
        !BIO_meth_set_read(d->method, bio_read) || !BIO_meth_set_ctrl(d->method, bio_ctrl))
        return false;
    d->ssl = SSL_new(d->ctx);
    bio = d->ssl ? BIO_new(d->method) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(d->ssl, bio, bio);
    SSL_set_mtu(d->ssl, MTU);
    DTLS_set_timer_cb(d->ssl, timer_length);
    return true;
}

/* --- the handshake --- */

static void fail(struct myna_dtls *d, const char *why)
{
    if (d->over)
        return;
    d->over = true;
    d->connected = false;
    myna_timer_clear(&d->timer);
    d->events.failed(d->arg, why);
}

static void fail_ssl(struct myna_dtls *d, const char *what)
{
    char text[256];
    unsigned long e = ERR_peek_last_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;

    snprintf(text, sizeof text, "DTLS: %s: %s", what, reason ? reason : "unknown reason");
    ERR_clear_error();
    fail(d, text);
}

static void arm(struct myna_dtls *d)
{
    struct timeval left;
    myna_us wait;

    if (!DTLSv1_get_timeout(d->ssl, &left)) {
        myna_timer_clear(&d->timer);
        return;
    }
    wait = (myna_us)left.tv_sec * MYNA_S + left.tv_usec;
    if (myna_timer_set(&d->timer, myna_host_now(d->host) + (wait > MYNA_MS ? wait : MYNA_MS)))
        fail(d, "DTLS: out of memory");
}

static bool fingerprint_holds(struct myna_dtls *d)
{
    X509 *cert = SSL_get1_peer_certificate(d->ssl);
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool holds = cert && d->peer_hash && X509_digest(cert, d->peer_hash, md, &n) &&
                 n == d->peer_digest_len && !memcmp(md, d->peer_digest, n);

    X509_free(cert);
    return holds;
}

static bool export_keys(struct myna_dtls *d, struct myna_srtp_keys *keys)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
    uint8_t raw[92], *client = keys->ours, *server = keys->theirs;
    size_t key, salt;

    if (!p)
        return false;
    keys->profile = (enum myna_srtp_profile)p->id;
    key = p->id == SRTP_AEAD_AES_256_GCM ? 32 : 16;
    salt = p->id == SRTP_AES128_CM_SHA1_80 ? 14 : 12;
    if (SSL_export_keying_material(d->ssl, raw, 2 * (key + salt), label, sizeof label - 1, NULL, 0,
                                   0) != 1)
        return false;
    if (SSL_is_server(d->ssl)) {
        client = keys->theirs;
        server = keys->ours;
    }
    memcpy(client, raw, key);
    memcpy(server, raw + key, key);
    memcpy(client + key, raw + 2 * key, salt);
    memcpy(server + key, raw + 2 * key + salt, salt);
    OPENSSL_cleanse(raw, sizeof raw);
    return true;
}

static void handshake_done(struct myna_dtls *d)
{
    struct myna_srtp_keys keys = {0};

    if (!fingerprint_holds(d)) {
        fail(d, "DTLS: the peer's certificate is not the one whose fingerprint its description "
                "gave; somebody may be in between");
        return;
    }
    if (!export_keys(d, &keys)) {
        fail(d, "DTLS: no SRTP profile in common (ours: AEAD_AES_128_GCM, AEAD_AES_256_GCM, "
                "AES128_CM_SHA1_80)");
        return;
    }
    d->connected = true;
    d->events.connected(d->arg, &keys);
    OPENSSL_cleanse(&keys, sizeof keys);
}

static void shake(struct myna_dtls *d)
{
    int rc, e;

    ERR_clear_error();
    rc = SSL_do_handshake(d->ssl);
    e = SSL_get_error(d->ssl, rc);
    if (rc == 1)
        handshake_done(d);
    else if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
        fail_ssl(d, "the handshake failed");
}

static void on_timer(struct myna_timer *t)
{
    struct myna_dtls *d = t->arg;

    if (d->over)
        return;
    if (!d->connected && myna_host_now(d->host) > d->give_up) {
        fail(d, "DTLS: the peer did not answer in 30 s though there is a path to it");
        return;
    }
    ERR_clear_error();
    if (DTLSv1_handle_timeout(d->ssl) < 0) {
        fail_ssl(d, "sending again failed");
        return;
    }
    arm(d);
}

static void read_data(struct myna_dtls *d)
{
    uint8_t data[2048];

    while (!d->over) {
        int n, e;

        ERR_clear_error();
        n = SSL_read(d->ssl, data, sizeof data);
        if (n > 0) {
            d->events.data(d->arg, data, (size_t)n);
            continue;
        }
        e = SSL_get_error(d->ssl, n);
        if (e == SSL_ERROR_ZERO_RETURN)
            fail(d, "");
        else if (e == SSL_ERROR_SSL)
            fail_ssl(d, "a record is broken");
        return;
    }
}

/* --- calls --- */

enum myna_err myna_dtls_create(struct myna_dtls **out, struct myna_host *host,
                               const struct myna_dtls_events *events, void *arg,
                               struct myna_why *why)
{
    struct myna_dtls *d = calloc(1, sizeof *d);

    if (!d)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    d->host = host;
    d->events = *events;
    d->arg = arg;
    myna_host_timer_init(host, &d->timer, on_timer, d);
    ERR_clear_error();
    if (!make_certificate(d) || !make_context(d) || !make_connection(d)) {
        unsigned long e = ERR_peek_last_error();

        myna_dtls_destroy(d);
        ERR_clear_error();
        return myna_fail(why, MYNA_EIO, "DTLS: OpenSSL makes no context: %s",
                         e ? ERR_reason_error_string(e) : "out of memory");
    }
    *out = d;
    return MYNA_OK;
}

void myna_dtls_destroy(struct myna_dtls *d)
{
    if (!d)
        return;
    myna_timer_clear(&d->timer);
    if (d->connected)
        SSL_shutdown(d->ssl);
    ERR_clear_error();
    SSL_free(d->ssl);
    SSL_CTX_free(d->ctx);
    BIO_meth_free(d->method);
    X509_free(d->cert);
    EVP_PKEY_free(d->key);
    free(d);
}

const char *myna_dtls_fingerprint(const struct myna_dtls *d)
{
    return d->fingerprint;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* "AB:CD:…", exactly n pairs. */
static bool parse_pairs(const char *text, uint8_t *into, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int hi = hex(text[0]), lo = hi < 0 ? -1 : hex(text[1]);

        if (lo < 0)
            return false;
        into[i] = (uint8_t)(hi << 4 | lo);
        text += 2;
        if (i + 1 < n && *text++ != ':')
            return false;
    }
    return !*text || *text == ' ';
}

enum myna_err myna_dtls_set_fingerprint(struct myna_dtls *d, const char *text, struct myna_why *why)
{
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } hashes[] = {{"sha-256 ", EVP_sha256},
                  {"sha-384 ", EVP_sha384},
                  {"sha-512 ", EVP_sha512},
                  {"sha-1 ", EVP_sha1}};
    uint8_t digest[EVP_MAX_MD_SIZE];

    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        size_t skip = strlen(hashes[i].name);
        const EVP_MD *md = hashes[i].md();
        size_t n = (size_t)EVP_MD_get_size(md);

        if (strncasecmp(text, hashes[i].name, skip) != 0)
            continue;
        if (!parse_pairs(text + skip, digest, n))
            break;
        if (d->peer_hash && (d->peer_hash != md || memcmp(digest, d->peer_digest, n) != 0))
            return myna_fail(why, MYNA_EINVAL,
                             "DTLS: the fingerprint changed in the middle of a connection; begin a "
                             "new one");
        d->peer_hash = md;
        d->peer_digest_len = n;
        memcpy(d->peer_digest, digest, n);
        return MYNA_OK;
    }
    return myna_fail(why, MYNA_EFORMAT,
                     "DTLS: \"%.100s\" is not a fingerprint (sha-256 and 32 pairs of hex digits)",
                     text);
}

void myna_dtls_start(struct myna_dtls *d, bool client)
{
    if (d->started || d->over)
        return;
    d->started = true;
    d->give_up = myna_host_now(d->host) + BUDGET_S * MYNA_S;
    if (client)
        SSL_set_connect_state(d->ssl);
    else
        SSL_set_accept_state(d->ssl);
    shake(d);
    for (size_t i = 0; i < d->n_early && !d->over; i++)
        myna_dtls_receive(d, d->early[i].data, d->early[i].len);
    d->n_early = 0;
    if (!d->over)
        arm(d);
}

bool myna_dtls_started(const struct myna_dtls *d)
{
    return d->started;
}

void myna_dtls_receive(struct myna_dtls *d, const uint8_t *data, size_t len)
{
    if (d->over)
        return;
    if (!d->started) {
        struct early *e = &d->early[d->n_early < MAX_EARLY ? d->n_early : MAX_EARLY - 1];

        if (len > sizeof e->data)
            return;
        memcpy(e->data, data, len);
        e->len = len;
        d->n_early += d->n_early < MAX_EARLY;
        return;
    }
    d->in = data;
    d->in_len = len;
    if (!d->connected)
        shake(d);
    if (d->connected)
        read_data(d); /* also answers a flight that the peer sends again */
    d->in = NULL;
    if (!d->over)
        arm(d);
}

bool myna_dtls_send(struct myna_dtls *d, const uint8_t *data, size_t len)
{
    if (!d->connected || d->over)
        return false;
    ERR_clear_error();
    return SSL_write(d->ssl, data, (int)len) == (int)len;
}

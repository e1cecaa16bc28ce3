/* fake_tls.h - a server that speaks TLS, in the test's own loop, with a certificate of its own.
 *
 * It says what it hears back, byte for byte, unless it is told to hold, or what to say once. Its
 * certificate is for one name, signed by itself and made anew for each; fake_tls_trust() lets this
 * process believe it.
 */
#ifndef TESTS_FAKE_TLS_H
#define TESTS_FAKE_TLS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "util/loop.h"

#include "check.h"

enum { FAKE_TLS_CONNS = 8 };

struct fake_tls_conn {
    struct fake_tls *server;
    int fd; /* -1: free */
    SSL *ssl;
    struct myna_poll *poll;
    uint8_t block[4096];
    int from, to;
};

struct fake_tls {
    struct myna_loop *loop;
    SSL_CTX *ctx;
    X509 *cert;
    char file[64]; /* the certificate, as PEM */
    int fd, port;
    struct myna_poll *poll;
    struct fake_tls_conn conns[FAKE_TLS_CONNS];
    int n_accepted, n_closed; /* n_closed: by the client */
    bool holds;               /* reads nothing */
    const uint8_t *says;      /* instead of what it hears, and hangs up then; NULL: nothing */
    size_t n_says;
    char name[64];         /* that the client asked for */
    bool named_a_protocol; /* ALPN */
};

static inline void fake_tls_close(struct fake_tls_conn *c)
{
    myna_loop_poll_close(c->poll);
    SSL_free(c->ssl);
    close(c->fd);
    c->poll = NULL;
    c->ssl = NULL;
    c->fd = -1;
}

/* One answer and the end of the line; true: that is how this server is. */
static inline bool fake_tls_hangs_up(struct fake_tls_conn *c)
{
    if (!c->server->says)
        return false;
    if (c->server->n_says)
        CHECK_EQ(SSL_write(c->ssl, c->server->says, (int)c->server->n_says),
                 (int)c->server->n_says);
    (void)SSL_shutdown(c->ssl);
    fake_tls_close(c);
    return true;
}

/* Says back until one way says "not now". */
static inline void fake_tls_echo(struct fake_tls_conn *c)
{
    for (;;) {
        int n, e;

        ERR_clear_error();
        if (c->from == c->to && c->server->holds) {
            myna_loop_poll_events(c->poll, 0);
            return;
        }
        if (c->from == c->to) {
            n = SSL_read(c->ssl, c->block, sizeof c->block);
            c->from = 0;
            c->to = n > 0 ? n : 0;
            if (n > 0 && fake_tls_hangs_up(c))
                return;
        } else {
            n = SSL_write(c->ssl, c->block + c->from, c->to - c->from);
            c->from += n > 0 ? n : 0;
        }
        if (n > 0)
            continue;
        e = SSL_get_error(c->ssl, n);
        if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
            myna_loop_poll_events(c->poll, e == SSL_ERROR_WANT_WRITE ? 2 : 1);
            return;
        }
        c->server->n_closed++;
        fake_tls_close(c);
        return;
    }
}

static inline void fake_tls_ready(void *arg, int events)
{
    (void)events;
    fake_tls_echo(arg);
}

static inline void fake_tls_accept(void *arg, int events)
{
    struct fake_tls *s = arg;
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    for (int i = 0; fd >= 0 && i < FAKE_TLS_CONNS; i++) {
        struct fake_tls_conn *c = &s->conns[i];

        if (c->fd >= 0)
            continue;
        *c = (struct fake_tls_conn){.server = s, .fd = fd, .ssl = SSL_new(s->ctx)};
        CHECK(c->ssl && SSL_set_fd(c->ssl, fd));
        SSL_set_accept_state(c->ssl);
        c->poll = myna_loop_poll(s->loop, fd, 1, fake_tls_ready, c);
        CHECK(c->poll);
        s->n_accepted++;
        return;
    }
    CHECK(fd < 0);
}

static inline void fake_tls_hold(struct fake_tls *s, bool on)
{
    s->holds = on;
    for (int i = 0; i < FAKE_TLS_CONNS; i++)
        if (s->conns[i].fd >= 0)
            fake_tls_echo(&s->conns[i]);
}

static inline int fake_tls_on_hello(SSL *ssl, int *alert, void *arg)
{
    struct fake_tls *s = arg;
    const unsigned char *ext;
    size_t len;

    (void)alert;
    s->name[0] = '\0';
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &len) && len > 5)
        snprintf(s->name, sizeof s->name, "%.*s", (int)len - 5, (const char *)ext + 5);
    s->named_a_protocol = SSL_client_hello_get0_ext(
        ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext, &len);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static inline void fake_tls_certify(struct fake_tls *s, const char *alt_name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt_name);
    FILE *f;
    int fd;

    CHECK(key && cert && ext);
    CHECK(X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
          X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
          X509_gmtime_adj(X509_getm_notAfter(cert), 24L * 3600) &&
          X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"myna test", -1, -1,
                                     0) &&
          X509_set_issuer_name(cert, name) && X509_add_ext(cert, ext, -1) &&
          X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()));
    CHECK(SSL_CTX_use_certificate(s->ctx, cert) && SSL_CTX_use_PrivateKey(s->ctx, key));
    snprintf(s->file, sizeof s->file, "/tmp/myna-test-XXXXXX");
    fd = mkstemp(s->file);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    CHECK(f && PEM_write_X509(f, cert) && !fclose(f));
    X509_EXTENSION_free(ext);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* alt_name: "DNS:localhost", "IP:127.0.0.1". */
static inline void fake_tls_open(struct fake_tls *s, struct myna_loop *loop, const char *alt_name)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;

    memset(s, 0, sizeof *s);
    s->loop = loop;
    for (int i = 0; i < FAKE_TLS_CONNS; i++)
        s->conns[i].fd = -1;
    s->ctx = SSL_CTX_new(TLS_server_method());
    CHECK(s->ctx);
    SSL_CTX_set_client_hello_cb(s->ctx, fake_tls_on_hello, s);
    fake_tls_certify(s, alt_name);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(s->fd >= 0 && !bind(s->fd, (struct sockaddr *)&a, sizeof a) && !listen(s->fd, 8));
    CHECK(!getsockname(s->fd, (struct sockaddr *)&a, &len));
    s->port = ntohs(a.sin_port);
    s->poll = myna_loop_poll(loop, s->fd, 1, fake_tls_accept, s);
    CHECK(s->poll);
}

static inline void fake_tls_trust(const struct fake_tls *s)
{
    CHECK(!setenv("SSL_CERT_FILE", s->file, 1));
}

static inline void fake_tls_shut(struct fake_tls *s)
{
    for (int i = 0; i < FAKE_TLS_CONNS; i++)
        if (s->conns[i].fd >= 0)
            fake_tls_close(&s->conns[i]);
    myna_loop_poll_close(s->poll);
    close(s->fd);
    SSL_CTX_free(s->ctx);
    unlink(s->file);
}

#endif

/* srtp.c - SRTP by libsrtp2, the only file that includes it.
 *
 * libsrtp wants one call for the whole process before any other: it fills tables that are then read
 * only. pthread_once() is that call; nothing else here is shared.
 */
#include "rtc/srtp.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

enum {
    WINDOW = 1024,     /* of replay protection, in packets: 20 s of a voice */
    MAX_SOURCES = 128, /* of the peer at a time */
};

struct myna_srtp {
    srtp_t out, in;
    uint32_t sources[MAX_SOURCES];
    size_t n_sources;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Debian's libsrtp computes with NSS, and NSS loads and tests its own libraries whenever the first
 * key comes and gives them up with the last: fourteen times in srtp_init() (25 to 34 ms of
 * processor time), once more for the first call (2 ms between its handshake and its first packet).
 * With a context that stays it is once (9 ms, 0.1 ms). Where libsrtp computes with something else
 * there is nothing to do. */
static void hold_nss(void)
{
    /* As libsrtp opens its own: READONLY, NOCERTDB, NOMODDB, FORCEOPEN, OPTIMIZESPACE. */
    enum { FLAGS = 0x01 | 0x02 | 0x04 | 0x08 | 0x20 };
    static void *held;
    void *(*init)(const char *, const char *, const char *, const char *, void *, uint32_t) = NULL;
    void *lib = dlopen("libnss3.so", RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE), *call;

    call = lib ? dlsym(lib, "NSS_InitContext") : NULL;
    memcpy(&init, &call, sizeof init); /* ISO C has no cast for it */
    if (init)
        held = init("", "", "", "", NULL, FLAGS);
    (void)held;
}

static void init_library(void)
{
    hold_nss();
    if (srtp_init() == srtp_err_status_ok)
        srtp_install_log_handler(NULL, NULL);
}

void myna_srtp_prepare(void)
{
    pthread_once(&once, init_library);
}

static bool make(srtp_t *out, const struct myna_srtp_keys *keys, bool inbound)
{
    uint8_t key[46];
    srtp_policy_t policy = {.key = key, .window_size = WINDOW, .allow_repeat_tx = 1};
    srtp_profile_t profile = (srtp_profile_t)keys->profile;

    memcpy(key, inbound ? keys->theirs : keys->ours, sizeof key);
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile) ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile))
        return false;
    return srtp_create(out, &policy) == srtp_err_status_ok;
}

enum myna_err myna_srtp_create(struct myna_srtp **out, const struct myna_srtp_keys *keys,
                               struct myna_why *why)
{
    struct myna_srtp *s = calloc(1, sizeof *s);

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    myna_srtp_prepare();
    if (!make(&s->out, keys, false) || !make(&s->in, keys, true)) {
        myna_srtp_destroy(s);
        return myna_fail(why, MYNA_EUNAVAIL,
                         "SRTP: libsrtp2 of this machine does not know %s (built without OpenSSL?)",
                         myna_srtp_profile_name(keys->profile));
    }
    *out = s;
    return MYNA_OK;
}

void myna_srtp_destroy(struct myna_srtp *s)
{
    if (!s)
        return;
    if (s->out)
        srtp_dealloc(s->out);
    if (s->in)
        srtp_dealloc(s->in);
    free(s);
}

const char *myna_srtp_profile_name(enum myna_srtp_profile p)
{
    switch (p) {
    case MYNA_SRTP_AES128_CM_SHA1_80:
        return "AES128_CM_SHA1_80";
    case MYNA_SRTP_AEAD_AES_128_GCM:
        return "AEAD_AES_128_GCM";
    case MYNA_SRTP_AEAD_AES_256_GCM:
        return "AEAD_AES_256_GCM";
    case MYNA_SRTP_NONE:
        break;
    }
    return "";
}

static uint32_t ssrc_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool known(const struct myna_srtp *s, uint32_t ssrc)
{
    for (size_t i = 0; i < s->n_sources; i++)
        if (s->sources[i] == ssrc)
            return true;
    return false;
}

/* libsrtp makes a stream for a new source once a packet of it proved genuine: count those. */
static bool take(struct myna_srtp *s, uint32_t ssrc, bool is_new, srtp_err_status_t rc)
{
    if (rc != srtp_err_status_ok)
        return false;
    if (is_new)
        s->sources[s->n_sources++] = ssrc;
    return true;
}

bool myna_srtp_protect(struct myna_srtp *s, uint8_t *rtp, size_t *len)
{
    int n = (int)*len;

    if (srtp_protect(s->out, rtp, &n))
        return false;
    *len = (size_t)n;
    return true;
}

bool myna_srtp_protect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len)
{
    int n = (int)*len;

    if (srtp_protect_rtcp(s->out, rtcp, &n))
        return false;
    *len = (size_t)n;
    return true;
}

bool myna_srtp_unprotect(struct myna_srtp *s, uint8_t *rtp, size_t *len)
{
    int n = (int)*len;
    uint32_t ssrc = n >= 12 ? ssrc_at(rtp + 8) : 0;
    bool is_new = !known(s, ssrc);

    if (n < 12 || (is_new && s->n_sources == MAX_SOURCES) ||
        !take(s, ssrc, is_new, srtp_unprotect(s->in, rtp, &n)))
        return false;
    *len = (size_t)n;
    return true;
}

bool myna_srtp_unprotect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len)
{
    int n = (int)*len;
    uint32_t ssrc = n >= 8 ? ssrc_at(rtcp + 4) : 0;
    bool is_new = !known(s, ssrc);

    if (n < 8 || (is_new && s->n_sources == MAX_SOURCES) ||
        !take(s, ssrc, is_new, srtp_unprotect_rtcp(s->in, rtcp, &n)))
        return false;
    *len = (size_t)n;
    return true;
}

void myna_srtp_forget(struct myna_srtp *s, uint32_t ssrc)
{
    for (size_t i = 0; i < s->n_sources; i++)
        if (s->sources[i] == ssrc) {
            srtp_remove_stream(s->in, htonl(ssrc));
            s->sources[i] = s->sources[--s->n_sources];
            return;
        }
}

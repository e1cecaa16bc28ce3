/* e2ee.c - see e2ee.h. What the keys are made of is as LiveKit's SDKs make them: PBKDF2 over the
 * password, salted with one word; a turn of the ratchet is the same over the secret so far.
 *
 * A frame: its first byte as it was (of a picture the first ten), the rest sealed, the IV, the IV's
 * length, the key's number.
 */
#include "livekit/e2ee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/gcm.h"

enum {
    TURNS = 16,
    KEY = 16,
    SECRET = 32,
    ROUNDS = 100000,
    MARK = 64,
    VP8_CLEAR = 10, /* RFC 6386, 9.1: what tells a key frame and its size */
    TRAILER = 2,
    MAX_PASSWORD = 1024
};

/* Fullband CELT of 20 ms that holds nothing (RFC 6716). */
static const uint8_t silence[3] = {0xf8, 0xff, 0xfe};

/* Outlives its ring when that is destroyed meanwhile. */
struct derive {
    struct myna_work work;
    struct myna_lk_e2ee *e; /* loop thread only; NULL: nobody waits any more */
    struct derive *next;
    unsigned index;
    bool turn; /* the secret is turned on before it becomes a key */
    bool ok;
    uint8_t secret[MAX_PASSWORD], key[KEY];
    size_t len;
};

struct ring_key {
    uint8_t *secret; /* the password, or what the last turn made of it */
    size_t len;
    struct myna_gcm *ways[1 + TURNS]; /* the key, and it after each turn */
    size_t n_ways, last;              /* last: which opened something */
    bool working, failed; /* failed: no more can be made of it, and it is not tried again */
};

struct myna_lk_e2ee {
    struct myna_host *host;
    void (*ready)(void *arg);
    void *arg;
    struct ring_key ring[MYNA_LK_KEYS];
    unsigned ours; /* number of what we seal with */
    size_t waits;  /* passwords that are not keys yet */
    struct derive *working;
    bool require, told; /* told: that a key cannot be made */
    uint16_t count;     /* of our frames, from somewhere */
    uint8_t mark[MARK];
    size_t n_mark;
};

/* ---- keys */

static struct myna_view salt(void)
{
    return myna_view_of("LKFrameEncryptionKey");
}

static void run_derive(struct myna_work *w)
{
    struct derive *d = w->arg;
    uint8_t turned[SECRET];

    d->ok = true;
    if (d->turn) {
        d->ok = myna_pbkdf2_sha256((struct myna_view){d->secret, d->len}, salt(), ROUNDS, turned,
                                   SECRET);
        memcpy(d->secret, turned, SECRET);
        d->len = SECRET;
        myna_forget(turned, SECRET);
    }
    d->ok = d->ok &&
            myna_pbkdf2_sha256((struct myna_view){d->secret, d->len}, salt(), ROUNDS, d->key, KEY);
}

static void derive_free(struct derive *d)
{
    myna_forget(d, sizeof *d);
    free(d);
}

#define NOT_MADE                                                                                   \
    "a key of end-to-end encryption cannot be made: this machine's OpenSSL refuses PBKDF2 with "   \
    "SHA-256, or AES-GCM; is it in FIPS mode, which takes no short password? (openssl list "       \
    "-providers, transport.livekit.e2ee)"

static void take_key(struct myna_lk_e2ee *e, const struct derive *d)
{
    struct ring_key *k = &e->ring[d->index];
    struct myna_gcm *g =
        d->ok && k->n_ways <= TURNS ? myna_gcm_create((struct myna_view){d->key, KEY}) : NULL;

    k->working = false;
    k->failed = !g;
    if (!g && !e->told)
        myna_host_log(e->host, MYNA_LOG_WARN, "%s key=%u", NOT_MADE, d->index);
    e->told |= !g;
    if (!g)
        return;
    k->ways[k->n_ways++] = g;
    memcpy(k->secret, d->secret, d->len); /* there is room for a turned one */
    k->len = d->len;
}

static void done_derive(struct myna_work *w)
{
    struct derive *d = w->arg;
    struct myna_lk_e2ee *e = d->e;
    bool turn = d->turn;

    if (e) {
        for (struct derive **p = &e->working; *p; p = &(*p)->next)
            if (*p == d) {
                *p = d->next;
                break;
            }
        take_key(e, d);
    }
    derive_free(d);
    if (e && !turn && --e->waits == 0)
        e->ready(e->arg);
}

static enum myna_err derive(struct myna_lk_e2ee *e, unsigned index, bool turn)
{
    struct ring_key *k = &e->ring[index];
    struct derive *d = calloc(1, sizeof *d);
    enum myna_err err;

    if (!d)
        return MYNA_ENOMEM;
    d->e = e;
    d->index = index;
    d->turn = turn;
    d->len = k->len;
    memcpy(d->secret, k->secret, k->len);
    d->work = (struct myna_work){.run = run_derive, .done = done_derive, .arg = d};
    err = myna_host_work(e->host, &d->work);
    if (err) {
        derive_free(d);
        return err;
    }
    k->working = true;
    d->next = e->working;
    e->working = d;
    return MYNA_OK;
}

static enum myna_err set_key(struct myna_lk_e2ee *e, long index, const char *password,
                             struct myna_why *why)
{
    struct ring_key *k;
    size_t len = strlen(password);

    if (index < 0 || index >= MYNA_LK_KEYS || !len || len > MAX_PASSWORD)
        return myna_fail(why, MYNA_ECONFIG,
                         "transport.livekit.e2ee: a key has a number from 0 to 15 and 1 to 1024 "
                         "bytes");
    k = &e->ring[index];
    if (k->secret)
        return myna_fail(why, MYNA_ECONFIG, "transport.livekit.e2ee: key %ld is there twice",
                         index);
    k->secret = malloc(len > SECRET ? len : SECRET);
    if (!k->secret)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    memcpy(k->secret, password, len);
    k->len = len;
    e->waits++;
    if (derive(e, (unsigned)index, false))
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    return MYNA_OK;
}

static enum myna_err set_ring(struct myna_lk_e2ee *e, const struct myna_lk_e2ee_options *opt,
                              struct myna_why *why)
{
    enum myna_err err = set_key(e, opt->key_index, opt->key, why);

    for (const char *const *p = opt->more_keys; p && *p && !err; p++) { /* "3=another" */
        char *end;
        long index = strtol(*p, &end, 10);

        err = end == *p || *end != '=' ? set_key(e, -1, "?", why) : set_key(e, index, end + 1, why);
    }
    return err;
}

enum myna_err myna_lk_e2ee_create(struct myna_lk_e2ee **out, struct myna_host *host,
                                  const struct myna_lk_e2ee_options *opt, void (*ready)(void *arg),
                                  void *arg, struct myna_why *why)
{
    struct myna_lk_e2ee *e;
    enum myna_err err;

    *out = NULL;
    if (!opt->key || !*opt->key)
        return !opt->require
                   ? MYNA_OK
                   : myna_fail(why, MYNA_ECONFIG,
                               "transport.livekit.e2ee.require takes only what is sealed, and no "
                               "key is set (transport.livekit.e2ee.key, LIVEKIT_E2EE_KEY)");
    e = calloc(1, sizeof *e);
    if (!e)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    e->host = host;
    e->ready = ready;
    e->arg = arg;
    e->ours = (unsigned)opt->key_index;
    e->require = opt->require;
    e->count = (uint16_t)myna_host_random(host);
    err = set_ring(e, opt, why);
    if (err) {
        myna_lk_e2ee_destroy(e);
        return err;
    }
    *out = e;
    return MYNA_OK;
}

void myna_lk_e2ee_destroy(struct myna_lk_e2ee *e)
{
    if (!e)
        return;
    for (struct derive *d = e->working; d; d = d->next)
        d->e = NULL;
    for (size_t i = 0; i < MYNA_LK_KEYS; i++) {
        struct ring_key *k = &e->ring[i];

        for (size_t n = 0; n < k->n_ways; n++)
            myna_gcm_destroy(k->ways[n]);
        if (k->secret)
            myna_forget(k->secret, k->len);
        free(k->secret);
    }
    free(e);
}

bool myna_lk_e2ee_requires(const struct myna_lk_e2ee *e)
{
    return e && e->require;
}

bool myna_lk_e2ee_is_ready(const struct myna_lk_e2ee *e)
{
    return !e->waits;
}

const char *myna_lk_e2ee_problem(const struct myna_lk_e2ee *e)
{
    return e->ring[e->ours].failed && !e->ring[e->ours].n_ways ? NOT_MADE : "";
}

bool myna_lk_e2ee_is_working(const struct myna_lk_e2ee *e)
{
    return e->working;
}

void myna_lk_e2ee_server_mark(struct myna_lk_e2ee *e, struct myna_view mark)
{
    e->n_mark = mark.len <= MARK ? mark.len : 0;
    if (e->n_mark)
        memcpy(e->mark, mark.ptr, e->n_mark);
}

/* ---- opening with any of a key's ways */

static enum myna_lk_opened open_by(struct myna_lk_e2ee *e, unsigned index, const uint8_t *iv,
                                   struct myna_view seen, struct myna_view sealed, uint8_t *into)
{
    struct ring_key *k;

    if (index >= MYNA_LK_KEYS || !e->ring[index].n_ways)
        return MYNA_LK_NO_KEY;
    k = &e->ring[index];
    for (size_t i = 0; i < k->n_ways; i++) {
        size_t way = (k->last + i) % k->n_ways;

        if (myna_gcm_open(k->ways[way], iv, seen, sealed, into)) {
            k->last = way;
            return MYNA_LK_OPENED;
        }
    }
    if (!k->working && !k->failed && k->n_ways <= TURNS) /* one turn more for the next time */
        (void)!derive(e, index, true);
    return MYNA_LK_WRONG_KEY;
}

/* ---- frames */

static void put32(uint8_t *into, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        into[i] = (uint8_t)(n >> (24 - 8 * i));
}

size_t myna_lk_e2ee_seal_frame(struct myna_lk_e2ee *e, uint32_t ssrc, uint32_t ts,
                               struct myna_view frame, uint8_t *into, size_t cap)
{
    const struct ring_key *k = &e->ring[e->ours];
    uint8_t iv[MYNA_GCM_IV], *at;

    if (!frame.len || !k->n_ways || frame.len + MYNA_LK_SEALED_MORE > cap)
        return 0;
    put32(iv, ssrc);
    put32(iv + 4, ts);
    put32(iv + 8, ts - e->count++ % 0xffffu);
    into[0] = frame.ptr[0];
    if (!myna_gcm_seal(k->ways[0], iv, (struct myna_view){into, 1},
                       (struct myna_view){frame.ptr + 1, frame.len - 1}, into + 1))
        return 0;
    at = into + frame.len + MYNA_GCM_TAG;
    memcpy(at, iv, sizeof iv);
    at[sizeof iv] = sizeof iv;
    at[sizeof iv + 1] = (uint8_t)e->ours;
    return frame.len + MYNA_LK_SEALED_MORE;
}

static bool is_servers(const struct myna_lk_e2ee *e, struct myna_view frame)
{
    return e->n_mark && frame.len >= e->n_mark &&
           !memcmp(frame.ptr + frame.len - e->n_mark, e->mark, e->n_mark);
}

/* `clear` bytes of it are not sealed. */
static enum myna_lk_opened open_behind(struct myna_lk_e2ee *e, struct myna_view frame, size_t clear,
                                       uint8_t *into, size_t *n)
{
    struct myna_view sealed;

    if (frame.len < clear + MYNA_LK_SEALED_MORE || frame.ptr[frame.len - 2] != MYNA_GCM_IV)
        return MYNA_LK_NOT_SEALED;
    sealed = (struct myna_view){frame.ptr + clear, frame.len - clear - TRAILER - MYNA_GCM_IV};
    memcpy(into, frame.ptr, clear);
    *n = clear + sealed.len - MYNA_GCM_TAG;
    return open_by(e, frame.ptr[frame.len - 1], sealed.ptr + sealed.len,
                   (struct myna_view){frame.ptr, clear}, sealed, into + clear);
}

enum myna_lk_opened myna_lk_e2ee_open_frame(struct myna_lk_e2ee *e, struct myna_view frame,
                                            uint8_t *into, size_t cap, size_t *n)
{
    *n = 0;
    if (cap < frame.len || cap < sizeof silence)
        return MYNA_LK_NOT_SEALED;
    if (!frame.len || is_servers(e, frame)) {
        memcpy(into, silence, sizeof silence);
        *n = sizeof silence;
        return MYNA_LK_OPENED;
    }
    return open_behind(e, frame, 1, into, n);
}

enum myna_lk_opened myna_lk_e2ee_open_picture(struct myna_lk_e2ee *e, struct myna_view frame,
                                              uint8_t *into, size_t *n)
{
    *n = 0;
    if (is_servers(e, frame))
        return MYNA_LK_SERVERS;
    if (frame.len && frame.ptr[0] & 1)
        return MYNA_LK_NOT_SEALED;
    return open_behind(e, frame, VP8_CLEAR, into, n);
}

/* ---- messages */

bool myna_lk_e2ee_seal(struct myna_lk_e2ee *e, struct myna_view text, uint8_t iv[12], uint8_t *into,
                       unsigned *key)
{
    const struct ring_key *k = &e->ring[e->ours];

    for (int i = 0; i < 3; i++)
        put32(iv + 4 * (size_t)i, myna_host_random(e->host));
    *key = e->ours;
    return k->n_ways && myna_gcm_seal(k->ways[0], iv, (struct myna_view){0}, text, into);
}

enum myna_lk_opened myna_lk_e2ee_open(struct myna_lk_e2ee *e, unsigned key, struct myna_view iv,
                                      struct myna_view sealed, uint8_t *into)
{
    if (iv.len != MYNA_GCM_IV || sealed.len < MYNA_GCM_TAG)
        return MYNA_LK_NOT_SEALED;
    return open_by(e, key, iv.ptr, (struct myna_view){0}, sealed, into);
}

/* e2ee.h - the keys of a room whose people seal what they say from each other to each other, so
 * that the server cannot understand it (livekit-rtc 8).
 *
 * One ring of sixteen shared keys; each frame and packet names the one it was sealed with. Keys
 * come out of passwords on a worker, some 40 ms each; ready() tells when. Somebody whose SDK has
 * turned a key on (the "ratchet") is followed up to sixteen turns: one more of those keys is made
 * each time that something does not open. What cannot be made (the library refuses) is said once
 * and not tried again.
 *
 * Loop thread. Sealing and opening allocate nothing, but for the request for the next key where
 * something does not open.
 */
#ifndef MYNA_LIVEKIT_E2EE_H
#define MYNA_LIVEKIT_E2EE_H

#include <myna/host.h>

#include "livekit/options.h"

enum {
    MYNA_LK_KEYS = 16,
    MYNA_LK_SEALED_MORE = 30, /* bytes that a sealed frame is longer: tag, IV, two of the trailer */
    MYNA_LK_GCM = 1,          /* on the wire: how a track or packet is sealed */
};

enum myna_lk_opened {
    MYNA_LK_OPENED,
    MYNA_LK_NO_KEY,     /* it names one that we do not have */
    MYNA_LK_WRONG_KEY,  /* ours of that number is another one */
    MYNA_LK_NOT_SEALED, /* it is said to be, and is not */
    MYNA_LK_SERVERS,    /* a picture of the server's own, in which there is nothing to see */
    MYNA_LK_BARE,       /* it is not even said to be, and only what is sealed is taken */
};

struct myna_lk_e2ee;

/* ECONFIG: a number that is none. NULL in *out: the options have no key. ready() comes from the
 * loop, later. */
MYNA_MUST enum myna_err myna_lk_e2ee_create(struct myna_lk_e2ee **out, struct myna_host *host,
                                            const struct myna_lk_e2ee_options *opt,
                                            void (*ready)(void *arg), void *arg,
                                            struct myna_why *why);
void myna_lk_e2ee_destroy(struct myna_lk_e2ee *e); /* NULL is fine */
bool myna_lk_e2ee_is_ready(const struct myna_lk_e2ee *e);
/* Why nothing can be sealed with our key, with the remedy; "" as far as is known. */
const char *myna_lk_e2ee_problem(const struct myna_lk_e2ee *e);
/* Is a key being made? What does not open may open with that one. */
bool myna_lk_e2ee_is_working(const struct myna_lk_e2ee *e);
/* What the server ends frames of its own with, which nobody has sealed; at most 64 bytes. */
void myna_lk_e2ee_server_mark(struct myna_lk_e2ee *e, struct myna_view mark);

/* A packet of Opus; 0: there is no room for it, or no key yet. */
size_t myna_lk_e2ee_seal_frame(struct myna_lk_e2ee *e, uint32_t ssrc, uint32_t ts,
                               struct myna_view frame, uint8_t *into, size_t cap);
/* *n: bytes in `into`, never more than frame.len + 3. A frame of the server's own becomes silence:
 * what it holds nobody vouches for. */
enum myna_lk_opened myna_lk_e2ee_open_frame(struct myna_lk_e2ee *e, struct myna_view frame,
                                            uint8_t *into, size_t cap, size_t *n);

/* A key frame of VP8, whose first ten bytes anybody may read; frame.len bytes at most. SERVERS:
 * nobody vouches for it. NOT_SEALED: so are frames that are no key frames. */
enum myna_lk_opened myna_lk_e2ee_open_picture(struct myna_lk_e2ee *e, struct myna_view frame,
                                              uint8_t *into, size_t *n);

/* Is what nobody sealed refused? false for NULL. */
bool myna_lk_e2ee_requires(const struct myna_lk_e2ee *e);

/* A message: text.len + 16 bytes into `into`. *key: the number to name. */
bool myna_lk_e2ee_seal(struct myna_lk_e2ee *e, struct myna_view text, uint8_t iv[12], uint8_t *into,
                       unsigned *key);
/* sealed.len - 16 bytes into `into`. */
enum myna_lk_opened myna_lk_e2ee_open(struct myna_lk_e2ee *e, unsigned key, struct myna_view iv,
                                      struct myna_view sealed, uint8_t *into);

#endif

/* gcm.h - AES-GCM under one key, and keys out of passwords: what end-to-end encryption in rooms is
 * made of.
 *
 * A value of struct myna_gcm seals and opens as often as one likes and allocates nothing then; one
 * thread at a time. Who seals two texts with one IV has betrayed both.
 */
#ifndef MYNA_UTIL_GCM_H
#define MYNA_UTIL_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/frame.h>

enum { MYNA_GCM_IV = 12, MYNA_GCM_TAG = 16 };

struct myna_gcm;

struct myna_gcm *myna_gcm_create(struct myna_view key); /* 16 or 32 bytes; NULL: else, or memory */
void myna_gcm_destroy(struct myna_gcm *g);              /* NULL is fine */
/* Ciphertext and tag into `into`: text.len + MYNA_GCM_TAG bytes. `seen` is vouched for, not hidden.
 */
bool myna_gcm_seal(struct myna_gcm *g, const uint8_t iv[MYNA_GCM_IV], struct myna_view seen,
                   struct myna_view text, uint8_t *into);
/* The other way: sealed.len - MYNA_GCM_TAG bytes. False: it was not sealed so; `into` is undefined.
 */
bool myna_gcm_open(struct myna_gcm *g, const uint8_t iv[MYNA_GCM_IV], struct myna_view seen,
                   struct myna_view sealed, uint8_t *into);

/* PBKDF2 with HMAC-SHA256: 40 ms for 100,000 rounds, so on a worker. False: the library refuses. */
bool myna_pbkdf2_sha256(struct myna_view secret, struct myna_view salt, int rounds, uint8_t *into,
                        size_t n);
void myna_forget(void *secret, size_t n); /* overwritten for good */

#endif

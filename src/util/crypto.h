/* crypto.h - hashes and base64 of the wires we speak: HS256 tokens, WebSocket keys. Pure. */
#ifndef MYNA_UTIL_CRYPTO_H
#define MYNA_UTIL_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_buf;

/* False: the library refuses (out of memory). */
bool myna_sha1(struct myna_view data, uint8_t out[20]);
/* As util/sha256.h, which needs no library; this one is six times as fast where the machine helps.
 */
bool myna_sha256_hex(struct myna_view data, char hex[65]);
bool myna_hmac_sha256(struct myna_view key, struct myna_view data, uint8_t out[32]);
/* Without looking at where they differ. */
bool myna_same_bytes(const void *a, const void *b, size_t n);

enum myna_base64 { MYNA_BASE64, MYNA_BASE64URL, MYNA_BASE64URL_UNPADDED };
/* RFC 4648 4 and 5. The buffer keeps what went wrong. */
void myna_base64_put(struct myna_buf *b, struct myna_view data, enum myna_base64 kind);
/* Either alphabet, padded or not. MYNA_EINVAL: another character, or a length that none has. */
MYNA_MUST enum myna_err myna_base64_read(struct myna_buf *into, struct myna_view text);

#endif

/* sha256.h - SHA-256 (FIPS 180-4): is a fetched file the one we pinned? Pure, but for the file. */
#ifndef MYNA_UTIL_SHA256_H
#define MYNA_UTIL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

#define MYNA_SHA256_HEX 65 /* 64 digits and '\0' */

struct myna_sha256 { /* init: storage is the caller's */
    uint32_t h[8];
    uint64_t len;
    uint8_t block[64];
};

void myna_sha256_init(struct myna_sha256 *s);
void myna_sha256_update(struct myna_sha256 *s, const void *ptr, size_t len);
void myna_sha256_final(struct myna_sha256 *s, char hex[MYNA_SHA256_HEX]);
/* Blocks while it reads. MYNA_ENOENT, MYNA_EIO. */
enum myna_err myna_sha256_file(const char *path, char hex[MYNA_SHA256_HEX], struct myna_why *why);

#endif

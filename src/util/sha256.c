/* sha256.c - FIPS 180-4, plain C. */
#include "util/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/bytes.h"

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7];

    for (int i = 0; i < 16; i++)
        w[i] = myna_get_be32(p + 4 * i);
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 =
            z + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
        uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        z = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
    h[5] += f;
    h[6] += g;
    h[7] += z;
}

void myna_sha256_init(struct myna_sha256 *s)
{
    static const uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(s->h, h, sizeof h);
    s->len = 0;
}

void myna_sha256_update(struct myna_sha256 *s, const void *ptr, size_t len)
{
    const uint8_t *p = ptr;
    size_t have = (size_t)(s->len % 64);

    s->len += len;
    if (have) {
        size_t n = len < 64 - have ? len : 64 - have;

        memcpy(s->block + have, p, n);
        p += n;
        len -= n;
        if (have + n < 64)
            return;
        block(s->h, s->block);
    }
    for (; len >= 64; p += 64, len -= 64)
        block(s->h, p);
    if (len)
        memcpy(s->block, p, len);
}

void myna_sha256_final(struct myna_sha256 *s, char hex[MYNA_SHA256_HEX])
{
    static const uint8_t pad[64] = {0x80};
    uint64_t bits = s->len * 8;
    uint8_t end[8];

    for (int i = 0; i < 8; i++)
        end[i] = (uint8_t)(bits >> (56 - 8 * i));
    myna_sha256_update(s, pad, 1 + (size_t)((119 - s->len % 64) % 64));
    myna_sha256_update(s, end, sizeof end);
    for (int i = 0; i < 8; i++)
        snprintf(hex + 8 * i, 9, "%08x", s->h[i]);
}

enum myna_err myna_sha256_file(const char *path, char hex[MYNA_SHA256_HEX], struct myna_why *why)
{
    struct myna_sha256 s;
    uint8_t bytes[65536];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f)
        return myna_fail(why, errno == ENOENT ? MYNA_ENOENT : MYNA_EIO, "cannot read %s: %s", path,
                         strerror(errno));
    myna_sha256_init(&s);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        myna_sha256_update(&s, bytes, n);
    if (ferror(f)) {
        fclose(f);
        return myna_fail(why, MYNA_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    fclose(f);
    myna_sha256_final(&s, hex);
    return MYNA_OK;
}

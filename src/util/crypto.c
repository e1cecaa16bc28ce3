/* crypto.c - OpenSSL's digests, and base64. */
#include "util/crypto.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "util/buf.h"

bool myna_sha1(struct myna_view data, uint8_t out[20])
{
    return EVP_Digest(data.ptr, data.len, out, NULL, EVP_sha1(), NULL) == 1;
}

bool myna_sha256_hex(struct myna_view data, char hex[65])
{
    uint8_t out[32];

    if (EVP_Digest(data.ptr, data.len, out, NULL, EVP_sha256(), NULL) != 1)
        return false;
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[out[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[out[i] & 15];
    }
    hex[64] = '\0';
    return true;
}

bool myna_hmac_sha256(struct myna_view key, struct myna_view data, uint8_t out[32])
{
    unsigned int n = 0;

    if (key.len > INT32_MAX)
        return false;
    return HMAC(EVP_sha256(), key.ptr, (int)key.len, data.ptr, data.len, out, &n) && n == 32;
}

bool myna_same_bytes(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void myna_base64_put(struct myna_buf *b, struct myna_view data, enum myna_base64 kind)
{
    const char *letters = kind == MYNA_BASE64
                              ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                              : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < data.len; i += 3) {
        size_t n = data.len - i < 3 ? data.len - i : 3;
        uint32_t v = (uint32_t)data.ptr[i] << 16;
        char four[4];

        if (n > 1)
            v |= (uint32_t)data.ptr[i + 1] << 8;
        if (n > 2)
            v |= data.ptr[i + 2];
        for (size_t k = 0; k < 4; k++)
            four[k] = k <= n ? letters[v >> (18 - 6 * k) & 63] : '=';
        myna_buf_put(b, four, kind == MYNA_BASE64URL_UNPADDED ? n + 1 : 4);
    }
}

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

enum myna_err myna_base64_read(struct myna_buf *into, struct myna_view text)
{
    uint32_t v = 0;
    int bits = 0;

    if (text.len > 0 && text.len % 4 == 0 && text.ptr[text.len - 1] == '=')
        text.len -= text.ptr[text.len - 2] == '=' ? 2 : 1;
    if (text.len % 4 == 1)
        return MYNA_EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        int c = value_of(text.ptr[i]);

        if (c < 0)
            return MYNA_EINVAL;
        v = v << 6 | (uint32_t)c;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            myna_buf_putc(into, (char)(v >> bits & 255));
        }
    }
    return into->err;
}

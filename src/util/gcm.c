/* gcm.c - OpenSSL's AES-GCM with one context for each direction. */
#include "util/gcm.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct myna_gcm {
    EVP_CIPHER_CTX *out, *in; /* the key is in them */
};

struct myna_gcm *myna_gcm_create(struct myna_view key)
{
    const EVP_CIPHER *cipher = key.len == 16   ? EVP_aes_128_gcm()
                               : key.len == 32 ? EVP_aes_256_gcm()
                                               : NULL;
    struct myna_gcm *g = cipher ? calloc(1, sizeof *g) : NULL;

    if (!g)
        return NULL;
    g->out = EVP_CIPHER_CTX_new();
    g->in = EVP_CIPHER_CTX_new();
    if (!g->out || !g->in || EVP_EncryptInit_ex(g->out, cipher, NULL, key.ptr, NULL) != 1 ||
        EVP_DecryptInit_ex(g->in, cipher, NULL, key.ptr, NULL) != 1) {
        myna_gcm_destroy(g);
        return NULL;
    }
    return g;
}

void myna_gcm_destroy(struct myna_gcm *g)
{
    if (!g)
        return;
    EVP_CIPHER_CTX_free(g->out);
    EVP_CIPHER_CTX_free(g->in);
    free(g);
}

bool myna_gcm_seal(struct myna_gcm *g, const uint8_t iv[MYNA_GCM_IV], struct myna_view seen,
                   struct myna_view text, uint8_t *into)
{
    int n = 0, end = 0;

    if (seen.len > INT32_MAX || text.len > INT32_MAX)
        return false;
    return EVP_EncryptInit_ex(g->out, NULL, NULL, NULL, iv) == 1 &&
           (!seen.len || EVP_EncryptUpdate(g->out, NULL, &n, seen.ptr, (int)seen.len) == 1) &&
           (!text.len || EVP_EncryptUpdate(g->out, into, &n, text.ptr, (int)text.len) == 1) &&
           EVP_EncryptFinal_ex(g->out, into + text.len, &end) == 1 && end == 0 &&
           EVP_CIPHER_CTX_ctrl(g->out, EVP_CTRL_GCM_GET_TAG, MYNA_GCM_TAG, into + text.len) == 1;
}

bool myna_gcm_open(struct myna_gcm *g, const uint8_t iv[MYNA_GCM_IV], struct myna_view seen,
                   struct myna_view sealed, uint8_t *into)
{
    uint8_t tag[MYNA_GCM_TAG], none[1];
    size_t len = sealed.len - MYNA_GCM_TAG;
    int n = 0, end = 0;

    if (sealed.len < MYNA_GCM_TAG || sealed.len > INT32_MAX || seen.len > INT32_MAX)
        return false;
    for (size_t i = 0; i < MYNA_GCM_TAG; i++)
        tag[i] = sealed.ptr[len + i];
    return EVP_DecryptInit_ex(g->in, NULL, NULL, NULL, iv) == 1 &&
           EVP_CIPHER_CTX_ctrl(g->in, EVP_CTRL_GCM_SET_TAG, MYNA_GCM_TAG, tag) == 1 &&
           (!seen.len || EVP_DecryptUpdate(g->in, NULL, &n, seen.ptr, (int)seen.len) == 1) &&
           (!len || EVP_DecryptUpdate(g->in, into, &n, sealed.ptr, (int)len) == 1) &&
           EVP_DecryptFinal_ex(g->in, none, &end) == 1;
}

bool myna_pbkdf2_sha256(struct myna_view secret, struct myna_view salt, int rounds, uint8_t *into,
                        size_t n)
{
    if (secret.len > INT32_MAX || salt.len > INT32_MAX || n > INT32_MAX)
        return false;
    return PKCS5_PBKDF2_HMAC((const char *)secret.ptr, (int)secret.len, salt.ptr, (int)salt.len,
                             rounds, EVP_sha256(), (int)n, into) == 1;
}

void myna_forget(void *secret, size_t n)
{
    OPENSSL_cleanse(secret, n);
}

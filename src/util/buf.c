/* buf.c - see buf.h. One byte more than `len` is always owned, for the '\0'. */
#include "util/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX ((size_t)1 << 20)
#define NULL_LENGTH UINT32_MAX /* length of a string that is NULL */

void myna_buf_init(struct myna_buf *b, size_t max)
{
    *b = (struct myna_buf){.max = max ? max : DEFAULT_MAX};
}

void myna_buf_fini(struct myna_buf *b)
{
    free(b->ptr);
    *b = (struct myna_buf){.max = b->max};
}

void myna_buf_clear(struct myna_buf *b)
{
    b->len = 0;
    b->err = MYNA_OK;
    if (b->ptr)
        b->ptr[0] = '\0';
}

/* Room for `more` bytes and the '\0'. */
static enum myna_err reserve(struct myna_buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 64;
    uint8_t *ptr;

    if (b->err)
        return b->err;
    if (more > b->max - b->len)
        return b->err = MYNA_ELIMIT;
    if (b->ptr && b->len + more < b->cap)
        return MYNA_OK;
    while (cap <= b->len + more)
        cap *= 2;
    if (cap > b->max + 1)
        cap = b->max + 1;
    ptr = realloc(b->ptr, cap);
    if (!ptr)
        return b->err = MYNA_ENOMEM;
    b->ptr = ptr;
    b->cap = cap;
    return MYNA_OK;
}

enum myna_err myna_buf_put(struct myna_buf *b, const void *ptr, size_t len)
{
    if (reserve(b, len))
        return b->err;
    if (len)
        memcpy(b->ptr + b->len, ptr, len);
    b->len += len;
    b->ptr[b->len] = '\0';
    return MYNA_OK;
}

enum myna_err myna_buf_puts(struct myna_buf *b, const char *text)
{
    return myna_buf_put(b, text, strlen(text));
}

enum myna_err myna_buf_putc(struct myna_buf *b, char c)
{
    return myna_buf_put(b, &c, 1);
}

enum myna_err myna_buf_printf(struct myna_buf *b, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return b->err ? b->err : (b->err = MYNA_ELIMIT);
    if (reserve(b, (size_t)len))
        return b->err;
    va_start(ap, fmt);
    vsnprintf((char *)b->ptr + b->len, (size_t)len + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)len;
    return MYNA_OK;
}

void myna_buf_drop(struct myna_buf *b, size_t n)
{
    if (!b->len)
        return;
    if (n > b->len)
        n = b->len;
    b->len -= n;
    memmove(b->ptr, b->ptr + n, b->len + 1);
}

struct myna_view myna_buf_view(const struct myna_buf *b)
{
    return (struct myna_view){b->ptr, b->len};
}

const char *myna_buf_str(const struct myna_buf *b)
{
    return b->ptr ? (const char *)b->ptr : "";
}

char *myna_buf_take(struct myna_buf *b)
{
    char *text;

    if (reserve(b, 0)) /* an empty buffer is taken as "" */
        return NULL;
    b->ptr[b->len] = '\0';
    text = (char *)b->ptr;
    *b = (struct myna_buf){.max = b->max};
    return text;
}

void myna_buf_u8(struct myna_buf *b, uint8_t v)
{
    myna_buf_put(b, &v, 1);
}

static void put_le(struct myna_buf *b, uint64_t v, size_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    myna_buf_put(b, bytes, n);
}

void myna_buf_u32(struct myna_buf *b, uint32_t v)
{
    put_le(b, v, 4);
}

void myna_buf_i64(struct myna_buf *b, int64_t v)
{
    put_le(b, (uint64_t)v, 8);
}

void myna_buf_f64(struct myna_buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_le(b, bits, 8);
}

void myna_buf_str_opt(struct myna_buf *b, const char *text)
{
    if (!text) {
        myna_buf_u32(b, NULL_LENGTH);
        return;
    }
    myna_buf_bytes(b, myna_view_of(text));
    myna_buf_putc(b, '\0');
}

void myna_buf_bytes(struct myna_buf *b, struct myna_view v)
{
    if (v.len >= NULL_LENGTH) {
        if (!b->err)
            b->err = MYNA_ELIMIT;
        return;
    }
    myna_buf_u32(b, (uint32_t)v.len);
    myna_buf_put(b, v.ptr, v.len);
}

/* The next n bytes, or NULL and bad. */
static const uint8_t *take(struct myna_reader *r, size_t n)
{
    const uint8_t *at = r->ptr;

    if (r->bad || n > r->len) {
        r->bad = true;
        return NULL;
    }
    if (n) {
        r->ptr += n;
        r->len -= n;
    }
    return at;
}

static uint64_t get_le(struct myna_reader *r, size_t n)
{
    const uint8_t *at = take(r, n);
    uint64_t v = 0;

    for (size_t i = 0; at && i < n; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

uint8_t myna_read_u8(struct myna_reader *r)
{
    return (uint8_t)get_le(r, 1);
}

uint32_t myna_read_u32(struct myna_reader *r)
{
    return (uint32_t)get_le(r, 4);
}

int64_t myna_read_i64(struct myna_reader *r)
{
    return (int64_t)get_le(r, 8);
}

double myna_read_f64(struct myna_reader *r)
{
    uint64_t bits = get_le(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

const char *myna_read_str_opt(struct myna_reader *r)
{
    uint32_t len = myna_read_u32(r);
    const uint8_t *at;

    if (r->bad || len == NULL_LENGTH)
        return NULL;
    at = take(r, (size_t)len + 1);
    if (!at)
        return NULL;
    if (memchr(at, '\0', (size_t)len + 1) != at + len) { /* not what str_opt wrote */
        r->bad = true;
        return NULL;
    }
    return (const char *)at;
}

struct myna_view myna_read_bytes(struct myna_reader *r)
{
    uint32_t len = myna_read_u32(r);
    const uint8_t *at = take(r, len);

    return at ? (struct myna_view){at, len} : (struct myna_view){NULL, 0};
}

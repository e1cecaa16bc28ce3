/* pack.c - fault and words to bytes and back. */
#include "util/pack.h"

#include "util/tap.h"

void myna_pack_fault(struct myna_buf *b, const struct myna_fault *f)
{
    myna_buf_u8(b, (uint8_t)f->stage);
    myna_buf_u8(b, (uint8_t)f->err);
    myna_buf_str_opt(b, f->provider);
    myna_buf_str_opt(b, f->message);
    myna_buf_u32(b, (uint32_t)f->http_status);
    myna_buf_u8(b, (uint8_t)(f->retryable | (f->recoverable << 1)));
}

void myna_read_fault(struct myna_reader *r, struct myna_fault *f)
{
    uint8_t flags;

    f->stage = (enum myna_stage)myna_read_u8(r);
    f->err = (enum myna_err)myna_read_u8(r);
    f->provider = myna_read_str_opt(r);
    f->message = myna_read_str_opt(r);
    f->http_status = (int)myna_read_u32(r);
    flags = myna_read_u8(r);
    f->retryable = flags & 1;
    f->recoverable = flags & 2;
    if (f->stage > MYNA_STAGE_TOOL || f->err > MYNA_EDIFFER)
        r->bad = true;
}

void myna_pack_words(struct myna_buf *b, const struct myna_word *words, size_t n)
{
    myna_buf_u32(b, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        myna_buf_str_opt(b, words[i].text);
        myna_buf_i64(b, words[i].start);
        myna_buf_i64(b, words[i].end);
        myna_buf_f64(b, (double)words[i].confidence);
    }
}

size_t myna_read_words(struct myna_reader *r, struct myna_word *words, size_t max)
{
    size_t n = myna_read_u32(r);

    if (n > max)
        r->bad = true;
    for (size_t i = 0; i < n && !r->bad; i++) {
        words[i].text = myna_read_str_opt(r);
        words[i].start = myna_read_i64(r);
        words[i].end = myna_read_i64(r);
        words[i].confidence = (float)myna_read_f64(r);
    }
    return r->bad ? 0 : n;
}

void myna_tap_fail(struct myna_tap *tap, enum myna_stage stage, uint32_t id, enum myna_err err)
{
    uint8_t bytes[8];

    myna_le32(myna_le32(bytes, (uint32_t)stage), (uint32_t)err);
    myna_tap_put(tap, MYNA_IN_FAIL, id, &(struct myna_view){bytes, sizeof bytes}, 1);
}

enum myna_err myna_fail_unpack(struct myna_view from, enum myna_stage *stage, enum myna_err *err)
{
    struct myna_reader r = {.ptr = from.ptr, .len = from.len};
    uint32_t s = myna_read_u32(&r), e = myna_read_u32(&r);

    if (r.bad || r.len || s > MYNA_STAGE_TOOL || e == MYNA_OK || e > MYNA_EDIFFER)
        return MYNA_EFORMAT;
    *stage = (enum myna_stage)s;
    *err = (enum myna_err)e;
    return MYNA_OK;
}

/* buf.h - a growing buffer with a ceiling, and flat little-endian packing into and out of it.
 *
 * Errors stick: after the first failed put the buffer says so in `err` and ignores the rest, so a
 * row of puts needs one check at its end.
 */
#ifndef MYNA_UTIL_BUF_H
#define MYNA_UTIL_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_buf {
    uint8_t *ptr; /* always '\0'-terminated behind len once anything was put */
    size_t len, cap, max;
    enum myna_err err; /* MYNA_OK, MYNA_ENOMEM, MYNA_ELIMIT */
};

void myna_buf_init(struct myna_buf *b, size_t max); /* max bytes; 0: 1 MiB */
void myna_buf_fini(struct myna_buf *b);
void myna_buf_clear(struct myna_buf *b); /* keeps the memory, forgets the error */
enum myna_err myna_buf_put(struct myna_buf *b, const void *ptr, size_t len);
enum myna_err myna_buf_puts(struct myna_buf *b, const char *text);
enum myna_err myna_buf_putc(struct myna_buf *b, char c);
enum myna_err myna_buf_printf(struct myna_buf *b, const char *fmt, ...) MYNA_PRINTF(2, 3);
void myna_buf_drop(struct myna_buf *b, size_t n); /* from the front */
struct myna_view myna_buf_view(const struct myna_buf *b);
const char *myna_buf_str(const struct myna_buf *b); /* never NULL */
char *myna_buf_take(struct myna_buf *b);            /* '\0'-terminated, caller frees; NULL: short */

void myna_buf_u8(struct myna_buf *b, uint8_t v);
void myna_buf_u32(struct myna_buf *b, uint32_t v);
void myna_buf_i64(struct myna_buf *b, int64_t v);
void myna_buf_f64(struct myna_buf *b, double v);
void myna_buf_str_opt(struct myna_buf *b,
                      const char *text); /* length + bytes + '\0'; NULL is kept */
void myna_buf_bytes(struct myna_buf *b, struct myna_view v); /* length + bytes */

/* Reads back; after the first short read `bad` is set and everything reads as 0 / NULL / empty. */
struct myna_reader {
    const uint8_t *ptr;
    size_t len;
    bool bad;
};
uint8_t myna_read_u8(struct myna_reader *r);
uint32_t myna_read_u32(struct myna_reader *r);
int64_t myna_read_i64(struct myna_reader *r);
double myna_read_f64(struct myna_reader *r);
const char *myna_read_str_opt(struct myna_reader *r); /* points into the buffer, '\0'-terminated */
struct myna_view myna_read_bytes(struct myna_reader *r);

static inline struct myna_view myna_view_of(const char *text)
{
    struct myna_view v = {(const uint8_t *)text, 0};

    if (text)
        while (text[v.len])
            v.len++;
    return v;
}

#endif

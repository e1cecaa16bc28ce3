/* filter.h - one transform in the chain of filters.c: the inside, for the filter_*.c files alone.
 *
 * Characters go from filter to filter, never bytes, so nothing is ever cut inside one; a byte that
 * is none travels as BROKEN + byte. Each is fed one at a time and decides by what it has seen,
 * hence pieces cannot matter. end() gives out what is held and begins anew; the chain ends the
 * filters in order.
 */
#ifndef MYNA_TTS_FILTER_H
#define MYNA_TTS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MYNA_UNIT_BROKEN 0x110000u

struct myna_unit {
    uint32_t cp;
    uint32_t src; /* bytes of the source that are accounted for with it */
};

/* What a filter has not decided about; the most is set at create. */
struct myna_hold {
    struct myna_unit *u;
    size_t n, max;
};

struct myna_filter_setup {
    const char *language;
};

struct myna_filter {
    const struct myna_filter_class *cls;
    struct myna_filter *next;
    struct myna_hold hold;
};

struct myna_filter_class {
    size_t size;     /* of the struct that begins with struct myna_filter */
    size_t hold_max; /* 0: holds nothing */
    void (*init)(struct myna_filter *f, const struct myna_filter_setup *how); /* NULL: zeroes */
    void (*put)(struct myna_filter *f, struct myna_unit u);
    void (*end)(struct myna_filter *f); /* NULL: nothing to do */
};

static inline void myna_filter_pass(struct myna_filter *f, struct myna_unit u)
{
    f->next->cls->put(f->next, u);
}

/* False: full, u was not taken. */
bool myna_hold_put(struct myna_hold *h, struct myna_unit u);
void myna_hold_drop(struct myna_hold *h, size_t n); /* the first n */
/* Passes the first n on, then forgets them. */
void myna_filter_release(struct myna_filter *f, size_t n);
/* Passes ASCII text that stands for source up to `end`; until its last character is out, only what
 * came before it (`begin`) counts. */
void myna_filter_say(struct myna_filter *f, const char *text, uint32_t begin, uint32_t end);

bool myna_cp_space(uint32_t cp); /* Unicode White_Space */
bool myna_cp_word(uint32_t cp);  /* letter or digit, any script */
bool myna_cp_emoji(uint32_t cp);
static inline bool myna_cp_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}
static inline bool myna_cp_letter(uint32_t cp) /* ASCII */
{
    return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}
static inline uint32_t myna_cp_lower(uint32_t cp)
{
    return cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp;
}

extern const struct myna_filter_class myna_filter_markdown, myna_filter_emoji, myna_filter_code,
    myna_filter_tables, myna_filter_html, myna_filter_urls, myna_filter_numbers;
/* The steps of voice-gateway 10 in their order, ended by NULL. */
extern const struct myna_filter_class *const myna_filter_spoken[];
extern const struct myna_filter_class *const myna_filter_spoken_keep[];

#endif

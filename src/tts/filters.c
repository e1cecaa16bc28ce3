/* filters.c - markdown, emoji, replacements: three small machines in a row, fed byte by byte.
 *
 * Each holds only what it cannot decide yet, and decides by the bytes alone, so that the pieces in
 * which a model's tokens arrive do not matter. What comes out is gathered and handed on once a
 * push.
 *
 * Markdown is held until a place where text is usually divided (space, comma, full stop…; the marks
 * of 8.7) and nothing is open, at most HOLD_MAX bytes, which then pass as they are; a line's end
 * decides everything. No allocation after create.
 */
#include "tts/filters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tts/markdown.h"

enum { HOLD_MAX = 4096, OUT_MAX = 1024 };

struct myna_filters {
    struct myna_filters_options opt;

    /* markdown */
    uint8_t hold[HOLD_MAX];
    bool drop[HOLD_MAX];
    size_t n_hold;
    bool line_start; /* the hold begins a line */

    /* emoji */
    uint8_t part[4]; /* a character's first bytes */
    size_t n_part;

    /* replace */
    struct myna_replacement *replace; /* longest first */
    size_t n_replace, longest;
    uint8_t *window; /* `longest` bytes */
    size_t n_window;

    uint8_t out[OUT_MAX];
    size_t n_out;
};

/* ------------------------------------------------------------------ out */

static void send(struct myna_filters *fi)
{
    size_t n = fi->n_out;

    fi->n_out = 0;
    if (n)
        fi->opt.out(fi->opt.arg, (struct myna_view){fi->out, n});
}

static void put(struct myna_filters *fi, uint8_t b)
{
    fi->out[fi->n_out++] = b;
    if (fi->n_out == OUT_MAX)
        send(fi);
}

/* ------------------------------------------------------------------ replace */

static uint8_t fold(const struct myna_filters *fi, uint8_t b)
{
    return !fi->opt.match_case && b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
}

static size_t key_here(const struct myna_filters *fi, const char **to)
{
    for (size_t r = 0; r < fi->n_replace; r++) {
        const char *key = fi->replace[r].from;
        size_t n = 0;

        while (n < fi->n_window && key[n] && fold(fi, (uint8_t)key[n]) == fold(fi, fi->window[n]))
            n++;
        if (!key[n]) {
            *to = fi->replace[r].to;
            return n;
        }
    }
    return 0;
}

static void replace_first(struct myna_filters *fi)
{
    const char *to = NULL;
    size_t n = key_here(fi, &to);

    if (n)
        for (; to && *to; to++)
            put(fi, (uint8_t)*to);
    else
        put(fi, fi->window[0]);
    n = n ? n : 1;
    memmove(fi->window, fi->window + n, fi->n_window - n);
    fi->n_window -= n;
}

static void replace(struct myna_filters *fi, uint8_t b)
{
    if (fi->longest == 0) {
        put(fi, b);
        return;
    }
    fi->window[fi->n_window++] = b;
    if (fi->n_window == fi->longest)
        replace_first(fi);
}

/* ------------------------------------------------------------------ emoji */

static bool is_emoji(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x1f000, 0x1fbff}, {0x2600, 0x26ff}, {0x2700, 0x27bf}, {0x2b00, 0x2bff},
                  {0xfe00, 0xfe0f},   {0x200d, 0x200d}, {0x20e3, 0x20e3}};

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    return false;
}

static void part_done(struct myna_filters *fi)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t cp = fi->part[0] & first_bits[fi->n_part];

    for (size_t i = 1; i < fi->n_part; i++)
        cp = cp << 6 | (fi->part[i] & 0x3f);
    if (!is_emoji(cp))
        for (size_t i = 0; i < fi->n_part; i++)
            replace(fi, fi->part[i]);
    fi->n_part = 0;
}

static void part_broken(struct myna_filters *fi) /* no character: as it is */
{
    for (size_t i = 0; i < fi->n_part; i++)
        replace(fi, fi->part[i]);
    fi->n_part = 0;
}

static void emoji(struct myna_filters *fi, uint8_t b)
{
    if (!fi->opt.emoji) {
        replace(fi, b);
        return;
    }
    if (fi->n_part && (b & 0xc0) != 0x80)
        part_broken(fi);
    if (fi->n_part == 0 && (b < 0xc2 || b > 0xf4)) { /* ASCII, or a stray byte */
        replace(fi, b);
        return;
    }
    fi->part[fi->n_part++] = b;
    if (fi->n_part == (fi->part[0] < 0xe0 ? 2u : fi->part[0] < 0xf0 ? 3u : 4u))
        part_done(fi);
}

/* ------------------------------------------------------------------ markdown */

static bool divides(const struct myna_filters *fi, size_t *n)
{
    /* ，。？！； */
    static const char wide[] = "\uff0c\u3002\uff1f\uff01\uff1b";
    const uint8_t *end = fi->hold + fi->n_hold;

    *n = 1;
    if (strchr(" ,.?!;", end[-1]) && end[-1])
        return true;
    *n = 3;
    for (size_t i = 0; fi->n_hold >= 3 && i + 3 < sizeof wide; i += 3)
        if (memcmp(end - 3, wide + i, 3) == 0)
            return true;
    return false;
}

/* Passes on the first n held bytes that are not dropped. */
static void release(struct myna_filters *fi, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!fi->drop[i])
            emoji(fi, fi->hold[i]);
    memmove(fi->hold, fi->hold + n, fi->n_hold - n);
    fi->n_hold -= n;
    fi->line_start = false;
}

static void release_all(struct myna_filters *fi)
{
    if (fi->n_hold == 0)
        return;
    myna_markdown_mark(fi->hold, fi->n_hold, fi->line_start, true, fi->drop);
    release(fi, fi->n_hold);
}

static void markdown(struct myna_filters *fi, uint8_t b)
{
    size_t n;

    if (!fi->opt.markdown) {
        emoji(fi, b);
        return;
    }
    if (b == '\n') {
        release_all(fi);
        emoji(fi, b);
        fi->line_start = true;
        return;
    }
    fi->hold[fi->n_hold++] = b;
    /* The dividing mark itself stays: it may stand before an opening one. */
    if (divides(fi, &n) && fi->n_hold > n &&
        myna_markdown_mark(fi->hold, fi->n_hold, fi->line_start, false, fi->drop))
        release(fi, fi->n_hold - n);
    if (fi->n_hold == HOLD_MAX)
        release_all(fi);
}

/* ------------------------------------------------------------------ public */

static int longer_first(const void *a, const void *b)
{
    const struct myna_replacement *x = a, *y = b;
    size_t nx = strlen(x->from), ny = strlen(y->from);

    return nx < ny ? 1 : nx > ny ? -1 : strcmp(x->from, y->from);
}

struct myna_filters *myna_filters_create(const struct myna_filters_options *opt)
{
    struct myna_filters *fi = calloc(1, sizeof *fi);

    assert(opt->out);
    if (!fi)
        return NULL;
    fi->opt = *opt;
    fi->opt.replace = NULL;
    fi->line_start = true;
    if (opt->n_replace == 0)
        return fi;
    fi->replace = calloc(opt->n_replace, sizeof *fi->replace);
    if (!fi->replace)
        goto fail;
    for (size_t i = 0; i < opt->n_replace; i++) {
        size_t n = opt->replace[i].from ? strlen(opt->replace[i].from) : 0;

        if (n == 0)
            continue;
        fi->replace[fi->n_replace++] = opt->replace[i];
        if (n > fi->longest)
            fi->longest = n;
    }
    qsort(fi->replace, fi->n_replace, sizeof *fi->replace, longer_first);
    fi->window = fi->longest ? malloc(fi->longest) : NULL;
    if (fi->longest && !fi->window)
        goto fail;
    return fi;
fail:
    myna_filters_destroy(fi);
    return NULL;
}

void myna_filters_destroy(struct myna_filters *fi)
{
    if (!fi)
        return;
    free(fi->window);
    free(fi->replace);
    free(fi);
}

enum myna_err myna_filters_push(struct myna_filters *fi, struct myna_view text)
{
    for (size_t i = 0; i < text.len; i++)
        markdown(fi, text.ptr[i]);
    send(fi);
    return MYNA_OK;
}

void myna_filters_flush(struct myna_filters *fi)
{
    release_all(fi);
    part_broken(fi);
    while (fi->n_window)
        replace_first(fi);
    send(fi);
    fi->line_start = true;
}

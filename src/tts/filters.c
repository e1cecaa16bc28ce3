/* filters.c - the chain: bytes into characters, through the filters of the list, replacements,
 * bytes again.
 *
 * Replacements come last and are the chain's own, since their table is the caller's; then a
 * character becomes bytes, gathered and handed on once a push.
 */
#include "tts/filters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tts/filter.h"
#include "util/suggest.h"
#include "util/utf8.h"

enum { OUT_MAX = 1024 };

struct sink { /* the last filter */
    struct myna_filter base;
    struct myna_filters *chain;
};

struct myna_filters {
    struct myna_filters_options opt;
    struct myna_filter *first;
    struct sink sink;

    uint8_t part[4]; /* a character's first bytes */
    size_t n_part;
    uint32_t pushed; /* bytes so far */

    /* replace */
    struct myna_replacement *replace; /* longest first */
    size_t n_replace, longest;
    uint8_t *window; /* `longest` bytes */
    uint32_t *window_src;
    size_t n_window;

    uint8_t out[OUT_MAX];
    uint32_t src[OUT_MAX];
    size_t n_out;
};

/* ------------------------------------------------------------------ out */

static void send(struct myna_filters *fi)
{
    size_t n = fi->n_out;

    fi->n_out = 0;
    if (n)
        fi->opt.out(fi->opt.arg, (struct myna_view){fi->out, n}, fi->src);
}

static void put(struct myna_filters *fi, uint8_t b, uint32_t src)
{
    fi->out[fi->n_out] = b;
    fi->src[fi->n_out++] = src;
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
        size_t n = 0, len = fi->replace[r].n_from;

        while (n < fi->n_window && n < len && fold(fi, (uint8_t)key[n]) == fold(fi, fi->window[n]))
            n++;
        if (n == len) {
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
    uint32_t src = fi->window_src[n ? n - 1 : 0];

    if (n)
        for (; to && *to; to++)
            put(fi, (uint8_t)*to, src);
    else
        put(fi, fi->window[0], src);
    n = n ? n : 1;
    fi->n_window -= n;
    memmove(fi->window, fi->window + n, fi->n_window);
    memmove(fi->window_src, fi->window_src + n, fi->n_window * sizeof *fi->window_src);
}

static void replace(struct myna_filters *fi, uint8_t b, uint32_t src)
{
    if (fi->longest == 0) {
        put(fi, b, src);
        return;
    }
    fi->window[fi->n_window] = b;
    fi->window_src[fi->n_window++] = src;
    if (fi->n_window == fi->longest)
        replace_first(fi);
}

static void sink_put(struct myna_filter *f, struct myna_unit u)
{
    struct myna_filters *fi = ((struct sink *)f)->chain;
    uint32_t cp = u.cp;

    if (cp >= MYNA_UNIT_BROKEN) {
        replace(fi, (uint8_t)(cp - MYNA_UNIT_BROKEN), u.src);
    } else if (cp < 0x80) {
        replace(fi, (uint8_t)cp, u.src);
    } else {
        int more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
        static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};

        replace(fi, (uint8_t)(first[more] | cp >> (6 * more)), u.src - (uint32_t)more);
        while (more--)
            replace(fi, (uint8_t)(0x80 | (cp >> (6 * more) & 0x3f)), u.src - (uint32_t)more);
    }
}

static const struct myna_filter_class sink_class = {.size = sizeof(struct sink), .put = sink_put};

/* ------------------------------------------------------------------ in */

static void feed(struct myna_filters *fi, uint32_t cp, uint32_t src)
{
    fi->first->cls->put(fi->first, (struct myna_unit){cp, src});
}

/* Gives out the first n held bytes, which are no character. */
static void broken(struct myna_filters *fi, size_t n)
{
    uint32_t at = fi->pushed - (uint32_t)fi->n_part;

    for (size_t i = 0; i < n; i++)
        feed(fi, MYNA_UNIT_BROKEN + fi->part[i], at + (uint32_t)i + 1);
    fi->n_part -= n;
    memmove(fi->part, fi->part + n, fi->n_part);
}

static void take(struct myna_filters *fi, uint8_t b)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    int n;

    fi->pushed++;
    fi->part[fi->n_part++] = b;
    while (fi->n_part && (n = myna_utf8_next(fi->part, fi->n_part)) != 0) {
        if (n < 0) {
            broken(fi, (size_t)-n);
            continue;
        }
        uint32_t cp = fi->part[0] & first_bits[n];
        for (int i = 1; i < n; i++)
            cp = cp << 6 | (fi->part[i] & 0x3f);
        fi->n_part -= (size_t)n; /* at most one more byte was waiting: none */
        feed(fi, cp, fi->pushed - (uint32_t)fi->n_part);
    }
}

/* ------------------------------------------------------------------ the list */

static const struct named {
    const char *name;
    const struct myna_filter_class *one;
    const struct myna_filter_class *const *many;
} table[] = {
    {"code", &myna_filter_code, NULL},
    {"tables", &myna_filter_tables, NULL},
    {"html", &myna_filter_html, NULL},
    {"markdown", &myna_filter_markdown, NULL},
    {"urls", &myna_filter_urls, NULL},
    {"emoji", &myna_filter_emoji, NULL},
    {"numbers", &myna_filter_numbers, NULL},
    {"spoken", NULL, myna_filter_spoken},
    {"spoken_keep", NULL, myna_filter_spoken_keep},
    {"filter_markdown", &myna_filter_markdown, NULL}, /* as LiveKit names them */
    {"filter_emoji", &myna_filter_emoji, NULL},
};

static const struct named *named(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

enum myna_err myna_filters_check(const char *const *transforms, struct myna_why *why)
{
    const char *names[sizeof table / sizeof *table], *near;

    for (const char *const *p = transforms; p && *p; p++) {
        if (named(*p) || !strcmp(*p, "none"))
            continue;
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            names[i] = table[i].name;
        near = myna_suggest(*p, names, sizeof table / sizeof *table);
        return myna_fail(why, MYNA_ECONFIG,
                         "text.transforms: there is no transform '%.40s'%s%s%s (there are code, "
                         "tables, html, markdown, urls, emoji, numbers, spoken, spoken_keep, none)",
                         *p, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return MYNA_OK;
}

enum myna_err myna_filters_replacements(const char *const *pairs, struct myna_replacement *out,
                                        size_t max, size_t *n, struct myna_why *why)
{
    size_t k = 0;

    for (; pairs && *pairs; pairs++) {
        const char *eq = strchr(*pairs, '=');

        if (!eq || eq == *pairs)
            continue;
        if (k == max)
            return myna_fail(why, MYNA_ECONFIG, "text.replace: at most %zu words, please", max);
        out[k++] = (struct myna_replacement){*pairs, eq + 1, (size_t)(eq - *pairs)};
    }
    *n = k;
    return MYNA_OK;
}

/* ------------------------------------------------------------------ public */

static int longer_first(const void *a, const void *b)
{
    const struct myna_replacement *x = a, *y = b;

    return x->n_from < y->n_from   ? 1
           : x->n_from > y->n_from ? -1
                                   : memcmp(x->from, y->from, x->n_from);
}

static bool take_replacements(struct myna_filters *fi, const struct myna_filters_options *opt)
{
    fi->replace = calloc(opt->n_replace, sizeof *fi->replace);
    if (!fi->replace)
        return false;
    for (size_t i = 0; i < opt->n_replace; i++) {
        size_t n = opt->replace[i].n_from;

        if (n == 0 && opt->replace[i].from)
            n = strlen(opt->replace[i].from);
        if (n == 0)
            continue;
        fi->replace[fi->n_replace] = opt->replace[i];
        fi->replace[fi->n_replace++].n_from = n;
        if (n > fi->longest)
            fi->longest = n;
    }
    qsort(fi->replace, fi->n_replace, sizeof *fi->replace, longer_first);
    if (!fi->longest)
        return true;
    fi->window = malloc(fi->longest);
    fi->window_src = calloc(fi->longest, sizeof *fi->window_src);
    return fi->window && fi->window_src;
}

/* Appends at *end; false: memory is short. */
static bool append(struct myna_filter ***end, const struct myna_filter_class *cls,
                   const struct myna_filter_setup *how)
{
    struct myna_filter *f = calloc(1, cls->size);

    if (!f)
        return false;
    f->cls = cls;
    **end = f;
    *end = &f->next;
    if (cls->hold_max) {
        f->hold.u = calloc(cls->hold_max, sizeof *f->hold.u);
        f->hold.max = cls->hold_max;
        if (!f->hold.u)
            return false;
    }
    if (cls->init)
        cls->init(f, how);
    return true;
}

static bool append_named(struct myna_filter ***end, const struct named *which,
                         const struct myna_filter_setup *how)
{
    if (which->one)
        return append(end, which->one, how);
    for (const struct myna_filter_class *const *cls = which->many; *cls; cls++)
        if (!append(end, *cls, how))
            return false;
    return true;
}

struct myna_filters *myna_filters_create(const struct myna_filters_options *opt)
{
    struct myna_filters *fi = calloc(1, sizeof *fi);
    struct myna_filter_setup how = {.language = opt->language ? opt->language : "auto"};
    const char *const *name = opt->transforms;
    struct myna_filter **end;
    bool ok = true;

    assert(opt->out);
    if (!fi)
        return NULL;
    fi->opt = *opt;
    fi->opt.replace = NULL;
    fi->opt.transforms = NULL;
    fi->opt.language = NULL;
    fi->sink.base.cls = &sink_class;
    fi->sink.chain = fi;
    end = &fi->first;
    for (; ok && name && *name; name++) {
        const struct named *which = named(*name);

        ok = !which || append_named(&end, which, &how);
    }
    if (ok)
        *end = &fi->sink.base;
    if (ok && opt->n_replace)
        ok = take_replacements(fi, opt);
    if (ok)
        return fi;
    myna_filters_destroy(fi);
    return NULL;
}

void myna_filters_destroy(struct myna_filters *fi)
{
    if (!fi)
        return;
    for (struct myna_filter *f = fi->first, *next; f && f != &fi->sink.base; f = next) {
        next = f->next;
        free(f->hold.u);
        free(f);
    }
    free(fi->window);
    free(fi->window_src);
    free(fi->replace);
    free(fi);
}

enum myna_err myna_filters_push(struct myna_filters *fi, struct myna_view text)
{
    for (size_t i = 0; i < text.len; i++)
        take(fi, text.ptr[i]);
    send(fi);
    return MYNA_OK;
}

void myna_filters_flush(struct myna_filters *fi)
{
    broken(fi, fi->n_part);
    for (struct myna_filter *f = fi->first; f; f = f->next)
        if (f->cls->end)
            f->cls->end(f);
    while (fi->n_window)
        replace_first(fi);
    send(fi);
}

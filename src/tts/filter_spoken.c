/* filter_spoken.c - the text preparation of the voice gateway (voice-gateway 10), step by step.
 *
 * Each step is a small filter, so the chain does what the ten replacements in a row do, only as the
 * text comes. KEEP is the gateway's own behaviour, FIX what it should have been: a slash within a
 * word is no path, stars and underscores within words become a space, a long text ends with a
 * sentence.
 *
 * Streaming has a price where an opening mark may never close: an inline code of more than 512
 * characters is none; behind an opening fence up to 16,000 characters are held, more than that is
 * code whether it closes or not. FIX gives words out as they come in the first 2,000 characters,
 * then sentence by sentence, since the last one may have to be left out.
 */
#include "tts/filter.h"

#include <string.h>

enum {
    FENCE_MAX = 16000,
    INLINE_MAX = 512,
    TEXT_MAX = 4000,
    FLOW_MAX = 2000, /* FIX: from here on by sentences */
    SPACES_MAX = 64, /* of white space that may be the end's */
};

/* ------------------------------------------------------------------ 1: fenced code */

struct fence {
    struct myna_filter base;
    bool open, lost; /* lost: too long to be held, its end is waited for */
    int run;         /* backticks in a row inside */
};

static void fence_put(struct myna_filter *f, struct myna_unit u)
{
    struct fence *fe = (struct fence *)f;

    if (!fe->open) {
        if (u.cp != '`') {
            myna_filter_release(f, f->hold.n);
            myna_filter_pass(f, u);
            return;
        }
        myna_hold_put(&f->hold, u);
        fe->open = f->hold.n == 3;
        fe->run = 0;
        return;
    }
    fe->run = u.cp == '`' ? fe->run + 1 : 0;
    if (fe->run == 3) {
        f->hold.n = 0;
        fe->open = fe->lost = false;
    } else if (!fe->lost && !myna_hold_put(&f->hold, u)) {
        fe->lost = true;
        f->hold.n = 0;
    }
}

static void fence_end(struct myna_filter *f)
{
    struct fence *fe = (struct fence *)f;

    myna_filter_release(f, f->hold.n);
    fe->open = fe->lost = false;
}

static const struct myna_filter_class fence = {
    .size = sizeof(struct fence), .hold_max = FENCE_MAX, .put = fence_put, .end = fence_end};

/* ------------------------------------------------------------------ 2: inline code */

static void inline_put(struct myna_filter *f, struct myna_unit u)
{
    struct myna_hold *h = &f->hold;

    if (h->n == 0 && u.cp != '`') {
        myna_filter_pass(f, u);
        return;
    }
    if (u.cp == '`' && h->n > 1) {
        h->n = 0;
        return;
    }
    if (u.cp == '`' && h->n == 1)
        myna_filter_release(f, 1); /* nothing between: the second may open one */
    myna_hold_put(h, u);
    if (h->n == h->max)
        myna_filter_release(f, h->n);
}

static void release_end(struct myna_filter *f)
{
    myna_filter_release(f, f->hold.n);
}

static const struct myna_filter_class inline_code = {.size = sizeof(struct myna_filter),
                                                     .hold_max = INLINE_MAX,
                                                     .put = inline_put,
                                                     .end = release_end};

/* ------------------------------------------------------------------ 3, 5: links, MEDIA: */

struct prefixed { /* a prefix and what follows it up to white space */
    struct myna_filter base;
    bool dropping;
};

static bool begins(const struct myna_hold *h, const char *prefix, bool *whole)
{
    size_t i = 0;

    while (i < h->n && prefix[i] && h->u[i].cp == (uint8_t)prefix[i])
        i++;
    *whole = !prefix[i] && i == h->n;
    return i == h->n;
}

/* How the held characters stand to the prefixes. */
static bool may_be(const struct myna_hold *h, const char *const *prefixes, bool *whole)
{
    for (; *prefixes; prefixes++)
        if (begins(h, *prefixes, whole))
            return true;
    *whole = false;
    return false;
}

static void prefixed_put(struct myna_filter *f, struct myna_unit u, const char *const *prefixes)
{
    struct prefixed *p = (struct prefixed *)f;
    bool whole = false;

    if (p->dropping) {
        if (!myna_cp_space(u.cp))
            return;
        p->dropping = false;
    }
    if (f->hold.n && may_be(&f->hold, prefixes, &whole) && whole) {
        if (!myna_cp_space(u.cp)) {
            f->hold.n = 0;
            p->dropping = true;
            return;
        }
    }
    myna_hold_put(&f->hold, u);
    while (f->hold.n && !may_be(&f->hold, prefixes, &whole))
        myna_filter_release(f, 1);
}

static void prefixed_end(struct myna_filter *f)
{
    myna_filter_release(f, f->hold.n);
    ((struct prefixed *)f)->dropping = false;
}

static void link_put(struct myna_filter *f, struct myna_unit u)
{
    static const char *const prefixes[] = {"http://", "https://", NULL};

    prefixed_put(f, u, prefixes);
}

static void media_put(struct myna_filter *f, struct myna_unit u)
{
    static const char *const prefixes[] = {"MEDIA:", NULL};

    prefixed_put(f, u, prefixes);
}

static const struct myna_filter_class links = {
    .size = sizeof(struct prefixed), .hold_max = 16, .put = link_put, .end = prefixed_end};
static const struct myna_filter_class media = {
    .size = sizeof(struct prefixed), .hold_max = 16, .put = media_put, .end = prefixed_end};

/* ------------------------------------------------------------------ 4: paths */

struct path {
    struct myna_filter base; /* holds ~ / C C: C:\ */
    uint32_t before;         /* what stood before the hold; 0: the beginning */
    bool dropping;
};

static bool in_path(uint32_t cp)
{
    return myna_cp_word(cp) || cp == '_' || cp == '.' || cp == '/' || cp == '\\' || cp == '-';
}

static bool path_may_start(uint32_t before)
{
    return before == 0 || myna_cp_space(before) || before == '(' || before == '"' ||
           before == '\'' || before == '<';
}

static void path_step(struct myna_filter *f, struct myna_unit u, bool fix)
{
    struct path *p = (struct path *)f;
    struct myna_hold *h = &f->hold;

    if (p->dropping && in_path(u.cp))
        return;
    p->dropping = false;
    if (h->n) {
        uint32_t first = h->u[0].cp;
        bool drive = myna_cp_letter(first);

        if (drive && h->n < 3 && u.cp == (h->n == 1 ? ':' : '\\')) {
            myna_hold_put(h, u);
            return;
        }
        if ((!drive || h->n == 3) && in_path(u.cp) &&
            !(fix && first == '~' && myna_cp_digit(u.cp))) { /* "~5 minutes" */
            h->n = 0;
            p->dropping = true;
            return;
        }
        p->before = h->u[h->n - 1].cp;
        myna_filter_release(f, h->n);
    }
    if ((u.cp == '~' || u.cp == '/' || (u.cp >= 'A' && u.cp <= 'Z')) &&
        (!fix || path_may_start(p->before))) {
        myna_hold_put(h, u);
        return;
    }
    p->before = u.cp;
    myna_filter_pass(f, u);
}

static void path_put(struct myna_filter *f, struct myna_unit u)
{
    path_step(f, u, false);
}

static void path_put_fix(struct myna_filter *f, struct myna_unit u)
{
    path_step(f, u, true);
}

static void path_end(struct myna_filter *f)
{
    struct path *p = (struct path *)f;

    myna_filter_release(f, f->hold.n);
    p->dropping = false;
    p->before = 0;
}

static const struct myna_filter_class paths = {
    .size = sizeof(struct path), .hold_max = 4, .put = path_put, .end = path_end};
static const struct myna_filter_class paths_fix = {
    .size = sizeof(struct path), .hold_max = 4, .put = path_put_fix, .end = path_end};

/* ------------------------------------------------------------------ 6: single marks */

static bool is_mark(uint32_t cp)
{
    return cp < 0x80 && cp && strchr("*_`#[]()", (int)cp);
}

static void marks_put(struct myna_filter *f, struct myna_unit u)
{
    if (!is_mark(u.cp))
        myna_filter_pass(f, u);
}

struct marks {
    struct myna_filter base;
    bool after_word; /* what came last is a word's */
    bool pending;    /* stars, underscores behind it */
    uint32_t src;
};

static void marks_put_fix(struct myna_filter *f, struct myna_unit u)
{
    struct marks *m = (struct marks *)f;

    if (u.cp == '*' || u.cp == '_') {
        m->pending = m->after_word || m->pending;
        m->src = u.src;
        return;
    }
    m->after_word = myna_cp_word(u.cp);
    if (m->pending && m->after_word)
        myna_filter_pass(f, (struct myna_unit){' ', m->src});
    m->pending = false;
    if (!is_mark(u.cp))
        myna_filter_pass(f, u);
}

static void marks_end(struct myna_filter *f)
{
    struct marks *m = (struct marks *)f;

    m->after_word = m->pending = false;
}

static const struct myna_filter_class marks = {.size = sizeof(struct myna_filter),
                                               .put = marks_put};
static const struct myna_filter_class marks_fix = {
    .size = sizeof(struct marks), .put = marks_put_fix, .end = marks_end};

/* ------------------------------------------------------------------ 7 to 10: space and length */

struct tidy {
    struct myna_filter base; /* FIX: a sentence that may be left out */
    uint32_t last;           /* kind of run: '\n', ' ' or 0 */
    int newlines;
    size_t n;   /* characters that count, white space too */
    bool begun; /* past the white space at the start */
    bool cut;   /* nothing more is said */
    bool by_sentence, sentence_out;
    uint32_t stop; /* the last character, if it may end a sentence */
    size_t n_spaces;
    struct myna_unit spaces[SPACES_MAX];
};

static bool stops(uint32_t cp)
{
    return cp == '.' || cp == '!' || cp == '?' || cp == 0x2026 || cp == 0x3002 || cp == 0xff01 ||
           cp == 0xff1f;
}

static void tidy_give(struct tidy *t, struct myna_unit u)
{
    if (t->by_sentence && t->n > FLOW_MAX)
        myna_hold_put(&t->base.hold, u);
    else
        myna_filter_pass(&t->base, u);
}

static void tidy_spaces(struct tidy *t)
{
    for (size_t i = 0; t->begun && i < t->n_spaces; i++)
        tidy_give(t, t->spaces[i]);
    t->n_spaces = 0;
}

/* Past the limit: what is held is left out, unless not one sentence has ended. */
static void tidy_cut(struct tidy *t)
{
    if (t->by_sentence && !t->sentence_out)
        myna_filter_release(&t->base, t->base.hold.n);
    t->base.hold.n = 0;
    t->cut = true;
}

static void tidy_put(struct myna_filter *f, struct myna_unit u)
{
    struct tidy *t = (struct tidy *)f;

    if (u.cp == '\n') {
        t->newlines = t->last == '\n' ? t->newlines + 1 : 1;
        t->last = '\n';
        if (t->newlines > 2)
            return;
    } else if (u.cp == ' ') {
        if (t->last == ' ')
            return;
        t->last = ' ';
    } else {
        t->last = 0;
    }
    if (t->cut)
        return;
    t->n++;
    if (t->by_sentence && t->n > FLOW_MAX && stops(t->stop) &&
        (myna_cp_space(u.cp) || t->stop >= 0x3002)) {
        myna_filter_release(f, f->hold.n);
        t->sentence_out = true;
    }
    t->stop = u.cp;
    if (myna_cp_space(u.cp)) {
        if (t->n_spaces < SPACES_MAX)
            t->spaces[t->n_spaces++] = u;
        return;
    }
    if (t->n > TEXT_MAX) {
        tidy_cut(t);
        return;
    }
    tidy_spaces(t);
    t->begun = true;
    tidy_give(t, u);
}

static void tidy_end(struct myna_filter *f)
{
    struct tidy *t = (struct tidy *)f;

    myna_filter_release(f, f->hold.n);
    t->last = t->stop = 0;
    t->newlines = 0;
    t->n = t->n_spaces = 0;
    t->begun = t->cut = t->sentence_out = false;
}

static void tidy_init_fix(struct myna_filter *f, const struct myna_filter_setup *how)
{
    (void)how;
    ((struct tidy *)f)->by_sentence = true;
}

static const struct myna_filter_class tidy = {
    .size = sizeof(struct tidy), .put = tidy_put, .end = tidy_end};
static const struct myna_filter_class tidy_fix = {.size = sizeof(struct tidy),
                                                  .hold_max = TEXT_MAX - FLOW_MAX,
                                                  .init = tidy_init_fix,
                                                  .put = tidy_put,
                                                  .end = tidy_end};

/* ------------------------------------------------------------------ the two rows */

const struct myna_filter_class *const myna_filter_spoken_keep[] = {
    &fence, &inline_code, &links, &paths, &media, &marks, &tidy, NULL};
const struct myna_filter_class *const myna_filter_spoken[] = {
    &fence, &inline_code, &links, &media, &paths_fix, &marks_fix, &tidy_fix, NULL};

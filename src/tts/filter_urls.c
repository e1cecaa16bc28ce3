/* filter_urls.c - of an address in the text only the host is spoken: "example.com" for
 * https://www.example.com/a?b=c. Punctuation behind it stays. Nothing is held but a beginning that
 * may become one, and what may be the punctuation at its end.
 */
#include "tts/filter.h"

#include <string.h>

enum { HOST_MAX = 253, TAIL_MAX = 16 };

enum state {
    SEEK,
    WWW,  /* behind the slashes: is it "www."? */
    HOST, /* holds dots that may be the sentence's */
    REST, /* the path: dropped; holds what may be punctuation behind it */
};

struct urls {
    struct myna_filter base;
    enum state state;
    uint32_t before; /* the character before the hold; 0: none */
    size_t n_host;
};

static bool closes(uint32_t cp)
{
    return cp == '.' || cp == ',' || cp == ';' || cp == ':' || cp == '!' || cp == '?' ||
           cp == ')' || cp == ']' || cp == '\'' || cp == '*' || cp == '_' || cp == 0x3002 ||
           cp == 0xff0c || cp == 0xff01 || cp == 0xff1f;
}

static bool ends(uint32_t cp)
{
    return myna_cp_space(cp) || cp == '<' || cp == '>' || cp == '"' || cp == '|';
}

/* The hold is `text` as far as it goes. */
static bool is_start_of(const struct myna_hold *h, const char *text, bool *whole)
{
    size_t i = 0;

    while (i < h->n && text[i] && myna_cp_lower(h->u[i].cp) == (uint8_t)text[i])
        i++;
    *whole = i == h->n && !text[i];
    return i == h->n;
}

static void seek(struct urls *w, struct myna_unit u)
{
    struct myna_filter *f = &w->base;
    struct myna_hold *h = &f->hold;
    bool whole;

    if (h->n || !(myna_cp_word(w->before) || w->before == '@' || w->before == '/')) {
        myna_hold_put(h, u);
        for (int i = 0; i < 3; i++) {
            static const char *const starts[] = {"https://", "http://", "www."};

            if (!is_start_of(h, starts[i], &whole))
                continue;
            if (whole) {
                h->n = w->n_host = 0;
                w->state = i < 2 ? WWW : HOST;
            }
            return;
        }
        h->n--;
    }
    myna_filter_release(f, h->n);
    w->before = u.cp;
    myna_filter_pass(f, u);
}

/* True: u belongs to it; false: the host begins, u is its. */
static bool www(struct urls *w, struct myna_unit u)
{
    struct myna_hold *h = &w->base.hold;
    bool whole;

    myna_hold_put(h, u);
    if (is_start_of(h, "www.", &whole)) {
        if (whole) {
            h->n = 0;
            w->state = HOST;
        }
        return true;
    }
    h->n--;
    w->n_host = h->n;
    myna_filter_release(&w->base, h->n);
    w->state = HOST;
    return false;
}

static bool only_dots(const struct myna_hold *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->u[i].cp != '.' && h->u[i].cp != '_')
            return false;
    return true;
}

static void urls_put(struct myna_filter *f, struct myna_unit u)
{
    struct urls *w = (struct urls *)f;
    struct myna_hold *h = &f->hold;

    if (w->state == SEEK) {
        seek(w, u);
        return;
    }
    if (w->state == WWW && www(w, u))
        return;
    if (ends(u.cp)) {
        myna_filter_release(f, h->n);
        myna_filter_pass(f, u);
        w->before = u.cp;
        w->state = SEEK;
    } else if (closes(u.cp) && h->n < TAIL_MAX) {
        myna_hold_put(h, u);
    } else if (w->state == HOST && (myna_cp_word(u.cp) || u.cp == '-') && only_dots(h) &&
               w->n_host < HOST_MAX) {
        w->n_host += h->n + 1;
        myna_filter_release(f, h->n);
        myna_filter_pass(f, u);
    } else {
        h->n = 0; /* it was not the end */
        w->state = REST;
    }
}

static void urls_end(struct myna_filter *f)
{
    struct urls *w = (struct urls *)f;

    myna_filter_release(f, f->hold.n);
    w->state = SEEK;
    w->before = 0;
}

const struct myna_filter_class myna_filter_urls = {
    .size = sizeof(struct urls), .hold_max = TAIL_MAX, .put = urls_put, .end = urls_end};

/* markdown.c - which bytes of a line are marks and which are words.
 *
 * One walk from left to right. Each rule looks from its opening mark for the closing one, drops
 * both and lets the walk go on between them, so that marks may nest. An opening mark without its
 * partner makes the stretch undecided; behind SPAN_MAX bytes nobody waits any longer and it is what
 * it looks like: a star, a bracket.
 *
 * Rules: agent-session 8.7. Ours: stars and underscores belong to a pair only next to a word on
 * their inner and not on their outer side ("2*3*4", "snake_case" stay), and a line of nothing but
 * dashes or stars is not spoken.
 */
#include "tts/markdown.h"

#include <string.h>

enum { SPAN_MAX = 240, URL_MAX = 2048 };
#define NEVER SIZE_MAX

struct walk {
    const uint8_t *p;
    size_t len;
    bool final, open;
    bool *drop;
};

static bool is_space(uint8_t b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

static bool is_word(uint8_t b)
{
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

static size_t run(const struct walk *w, size_t i)
{
    size_t n = 1;

    while (i + n < w->len && w->p[i + n] == w->p[i])
        n++;
    return n;
}

static void drop(struct walk *w, size_t from, size_t to)
{
    memset(w->drop + from, true, to - from);
}

/* An opening mark at `at` found no partner: may one still come? */
static void unclosed(struct walk *w, size_t at)
{
    if (!w->final && w->len - at <= SPAN_MAX)
        w->open = true;
}

/* The partner of the run of n marks at i: same length, no space before it. 0: none yet; NEVER:
 * another such mark opens first, so this one was just a star. */
static size_t partner(const struct walk *w, size_t i, size_t n)
{
    size_t end = i + SPAN_MAX < w->len ? i + SPAN_MAX : w->len;

    for (size_t k = i + n; k < end;) {
        if (w->p[k] != w->p[i]) {
            k++;
            continue;
        }
        size_t m = run(w, k);
        if (m == n && k > i + n && !is_space(w->p[k - 1]) &&
            (k + m == w->len || !is_word(w->p[k + m])))
            return k;
        if (m == n && is_space(w->p[k - 1]) && k + m < w->len && !is_space(w->p[k + m]))
            return NEVER;
        k += m;
    }
    return 0;
}

/* Where the partner of the run at i stands; 0: it has none, or none yet. */
static size_t closing(struct walk *w, size_t i, size_t n)
{
    size_t close = partner(w, i, n);

    if (!close)
        unclosed(w, i);
    return close == NEVER ? 0 : close;
}

/* Each rule returns how far the walk may go on. */

static size_t emphasis(struct walk *w, size_t i)
{
    size_t n = run(w, i), close;
    uint8_t before = i ? w->p[i - 1] : ' ';

    if (w->drop[i] || n > 3 || is_word(before) || (w->p[i] == '_' && before >= 0x80))
        return i + n;
    if (i + n == w->len || is_space(w->p[i + n])) {
        if (i + n == w->len)
            unclosed(w, i);
        return i + n;
    }
    close = closing(w, i, n);
    if (!close)
        return i + n;
    drop(w, i, i + n);
    drop(w, close, close + n);
    return i + n;
}

static size_t struck(struct walk *w, size_t i)
{
    size_t n = run(w, i), close;

    if (n != 2 || (i + n < w->len && is_space(w->p[i + n])))
        return i + n;
    close = closing(w, i, n);
    if (!close)
        return i + n;
    drop(w, i, close + n); /* what was struck out is not said */
    return close + n;
}

static size_t code(struct walk *w, size_t i, bool line_start)
{
    size_t n = run(w, i), k = i + n;

    if (n >= 3) { /* a fence; behind an opening one stands the language */
        while (line_start && k < w->len && !is_space(w->p[k]))
            k++;
        if (k == w->len)
            unclosed(w, i);
        drop(w, i, k);
        return k;
    }
    size_t end = i + SPAN_MAX < w->len ? i + SPAN_MAX : w->len;
    for (; k < end; k++) {
        if (w->p[k] != '`')
            continue;
        size_t m = run(w, k);
        if (m == n) {
            drop(w, i, i + n);
            drop(w, k, k + n);
            return k + n; /* what is inside is code, no marks */
        }
        k += m - 1;
    }
    unclosed(w, i);
    return i + n;
}

/* [text](url), ![text](url) */
static size_t link_mark(struct walk *w, size_t i)
{
    size_t end = i + SPAN_MAX < w->len ? i + SPAN_MAX : w->len, k = i + 1, depth = 1;

    for (; k < end && depth; k++)
        depth = depth + (w->p[k] == '[') - (w->p[k] == ']');
    if (depth || k == w->len) {
        unclosed(w, i);
        return i + 1;
    }
    if (w->p[k] != '(')
        return i + 1;
    size_t text_end = k - 1;
    end = k + URL_MAX < w->len ? k + URL_MAX : w->len;
    for (k++, depth = 1; k < end && depth; k++)
        depth = depth + (w->p[k] == '(') - (w->p[k] == ')');
    if (depth) {
        if (!w->final && w->len - text_end < URL_MAX)
            w->open = true;
        return i + 1;
    }
    drop(w, i > 0 && w->p[i - 1] == '!' ? i - 1 : i, i + 1);
    drop(w, text_end, k);
    return i + 1;
}

/* `# `, `- `, `> ` and their repetition. Returns where the line's words begin. */
static size_t prefix(struct walk *w)
{
    size_t i = 0, words = 0;

    for (;;) {
        while (i < w->len && is_space(w->p[i]))
            i++;
        size_t at = i, n = i < w->len ? run(w, i) : 0;
        if (i == w->len)
            break;
        bool heading = w->p[i] == '#' && n <= 6;
        bool bullet = n == 1 && memchr("-+*>", w->p[i], 4);
        if (!heading && !bullet)
            return words;
        i += n;
        if (i == w->len || !is_space(w->p[i])) {
            if (i < w->len)
                return words; /* "-5", "#1", "*so*" */
            i = at;
            break;
        }
        drop(w, words, at + n + 1);
        words = i = at + n + 1;
    }
    if (!w->final)
        w->open = true; /* only marks so far */
    return words;
}

static bool is_rule(const struct walk *w)
{
    size_t n = 0;
    uint8_t mark = 0;

    for (size_t i = 0; i < w->len; i++) {
        uint8_t b = w->p[i];

        if (is_space(b))
            continue;
        if ((b != '-' && b != '*' && b != '_') || (mark && b != mark))
            return false;
        mark = b;
        n++;
    }
    return n >= 3;
}

bool myna_markdown_mark(const uint8_t *p, size_t len, bool line_start, bool final, bool *marks)
{
    struct walk w = {.p = p, .len = len, .final = final, .drop = marks};
    size_t i = 0;

    memset(marks, 0, len * sizeof *marks);
    if (line_start && is_rule(&w)) {
        drop(&w, 0, len);
        return final;
    }
    if (line_start)
        i = prefix(&w);
    size_t words = i;
    while (i < len && !w.open) {
        switch (p[i]) {
        case '*':
        case '_':
            i = emphasis(&w, i);
            break;
        case '~':
            i = struck(&w, i);
            break;
        case '`':
            i = code(&w, i, line_start && i == words);
            break;
        case '[':
            i = link_mark(&w, i);
            break;
        default:
            i++;
        }
    }
    return !w.open;
}

/* filter_html.c - HTML tags, comments and character references.
 *
 * Only elements that HTML has: "List<String>", "your <name>" and the tags of a voice's own markup
 * (<break>) stay. Tags that end a line on paper end one here. What stands in <script> and <style>
 * goes too when it closes within 4,096 characters. `&amp;` and its like become their characters.
 */
#include "tts/filter.h"

#include <string.h>

enum { TAG_MAX = 4096, NAME_MAX_LEN = 10, REF_MAX = 10 };

static const char *const inline_names[] = {
    "a",      "abbr", "audio",  "b",     "bdi", "bdo", "button", "cite",   "code",
    "data",   "del",  "em",     "font",  "i",   "img", "ins",    "input",  "kbd",
    "label",  "link", "mark",   "meta",  "q",   "s",   "samp",   "script", "small",
    "source", "span", "strong", "style", "sub", "sup", "svg",    "time",   "tt",
    "u",      "var",  "video",  "wbr",   NULL};
static const char *const block_names[] = {
    "address", "article", "aside", "blockquote", "body",   "br",      "caption", "dd",    "details",
    "div",     "dl",      "dt",    "figcaption", "figure", "footer",  "form",    "h1",    "h2",
    "h3",      "h4",      "h5",    "h6",         "head",   "header",  "hr",      "html",  "li",
    "main",    "nav",     "ol",    "p",          "pre",    "section", "summary", "table", "tbody",
    "td",      "tfoot",   "th",    "thead",      "title",  "tr",      "ul",      NULL};

static const struct {
    const char *name;
    uint32_t cp;
} references[] = {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},
                  {"apos", '\''},    {"nbsp", ' '},     {"copy", 0xa9},     {"reg", 0xae},
                  {"deg", 0xb0},     {"euro", 0x20ac},  {"pound", 0xa3},    {"yen", 0xa5},
                  {"cent", 0xa2},    {"sect", 0xa7},    {"hellip", 0x2026}, {"ndash", 0x2013},
                  {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"ldquo", 0x201c},
                  {"rdquo", 0x201d}, {"laquo", 0xab},   {"raquo", 0xbb},    {"times", 0xd7},
                  {"divide", 0xf7},  {"frac12", 0xbd},  {"plusmn", 0xb1},   {"middot", 0xb7},
                  {"bull", 0x2022},  {"trade", 0x2122}, {"auml", 0xe4},     {"ouml", 0xf6},
                  {"uuml", 0xfc},    {"szlig", 0xdf},   {"eacute", 0xe9},   {"egrave", 0xe8}};

static bool in_list(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(*list, name))
            return true;
    return false;
}

/* The element's name behind `<` or `</`, in small letters; "" where there is none. */
static size_t tag_name(const struct myna_hold *h, char *name)
{
    size_t i = 1, n = 0;

    if (i < h->n && h->u[i].cp == '/')
        i++;
    for (; i < h->n && n < NAME_MAX_LEN; i++) {
        uint32_t cp = h->u[i].cp;

        if (!myna_cp_letter(cp) && !(n && myna_cp_digit(cp)))
            break;
        name[n++] = (char)myna_cp_lower(cp);
    }
    name[n] = '\0';
    return i;
}

static bool same(const struct myna_hold *h, size_t at, const char *text)
{
    for (; *text; text++, at++)
        if (at >= h->n || myna_cp_lower(h->u[at].cp) != (uint8_t)*text)
            return false;
    return true;
}

static bool ends_with(const struct myna_hold *h, const char *text)
{
    size_t n = strlen(text);

    return h->n >= n && same(h, h->n - n, text);
}

/* An address between angle brackets: its brackets go. */
static bool is_address(const struct myna_hold *h)
{
    return same(h, 1, "http://") || same(h, 1, "https://") || same(h, 1, "mailto:");
}

enum verdict { OPEN, TEXT, TAG, BREAK, ADDRESS };

/* What the hold, which begins with '<', is so far. */
static enum verdict judge(const struct myna_hold *h)
{
    char name[NAME_MAX_LEN + 1];
    uint32_t last = h->u[h->n - 1].cp;
    size_t end;

    if (h->n == 1)
        return OPEN;
    if (h->u[1].cp == '!') {
        if (same(h, 1, "!--") && h->n >= 7)
            return ends_with(h, "-->") ? TAG : OPEN;
        if (h->n <= 4)
            return h->n == 2 || (h->n == 3 && h->u[2].cp == '-') || same(h, 1, "!--") ||
                           myna_cp_letter(h->u[2].cp)
                       ? OPEN
                       : TEXT;
        return same(h, 1, "!--")        ? OPEN
               : same(h, 1, "!doctype") ? (last == '>' ? TAG : OPEN)
               : h->n < 9               ? OPEN
                                        : TEXT;
    }
    if (h->u[1].cp != '/' && !myna_cp_letter(h->u[1].cp))
        return TEXT;
    end = tag_name(h, name);
    if (end == h->n)
        return end > NAME_MAX_LEN + 1 ? TEXT : OPEN; /* the name may go on */
    if (h->u[end].cp == ':')
        return is_address(h)    ? (last == '>'           ? ADDRESS
                                   : myna_cp_space(last) ? TEXT
                                                         : OPEN)
               : h->n > end + 3 ? TEXT
                                : OPEN;
    if (!name[0] || (!in_list(name, inline_names) && !in_list(name, block_names)))
        return TEXT;
    if (h->u[end].cp != '>' && h->u[end].cp != '/' && !myna_cp_space(h->u[end].cp))
        return TEXT;
    if (last != '>')
        return OPEN;
    if (h->u[1].cp != '/' && !strcmp(name, "script"))
        return ends_with(h, "</script>") ? TAG : OPEN;
    if (h->u[1].cp != '/' && !strcmp(name, "style"))
        return ends_with(h, "</style>") ? TAG : OPEN;
    return in_list(name, block_names) ? BREAK : TAG;
}

/* The hold is `&…;`: its character, 0 when it is none. */
static uint32_t reference(const struct myna_hold *h)
{
    char name[REF_MAX + 1];
    uint32_t cp = 0;
    size_t n = 0, i = 1;
    bool hex;

    for (; i + 1 < h->n && n < REF_MAX; i++)
        name[n++] = h->u[i].cp < 0x80 ? (char)h->u[i].cp : '?';
    name[n] = '\0';
    if (name[0] != '#') {
        for (i = 0; i < sizeof references / sizeof *references; i++)
            if (!strcmp(references[i].name, name))
                return references[i].cp;
        return 0;
    }
    hex = name[1] == 'x' || name[1] == 'X';
    for (i = hex ? 2 : 1; name[i]; i++) {
        int d = myna_cp_digit((uint8_t)name[i])          ? name[i] - '0'
                : hex && strchr("abcdefABCDEF", name[i]) ? (name[i] | 0x20) - 'a' + 10
                                                         : -1;
        if (d < 0)
            return 0;
        cp = cp * (hex ? 16 : 10) + (uint32_t)d;
        if (cp > 0x10ffff)
            return 0;
    }
    return cp < 0x20 || (cp >= 0xd800 && cp < 0xe000) ? 0 : cp;
}

static void html_put(struct myna_filter *f, struct myna_unit u);

/* The first held character is only itself; what follows it is looked at anew. */
static void pass_first(struct myna_filter *f)
{
    struct myna_unit *u = f->hold.u;
    size_t n = f->hold.n;

    /* Behind the first there may be another '<' or '&': found once, then taken again from there. */
    for (size_t i = 1; i < n; i++)
        if (u[i].cp == '<' || u[i].cp == '&') {
            myna_filter_release(f, i);
            n -= i;
            f->hold.n = 0;
            for (size_t k = 0; k < n; k++)
                html_put(f, u[k]); /* writes at most what was read */
            return;
        }
    myna_filter_release(f, n);
}

static void html_put(struct myna_filter *f, struct myna_unit u)
{
    struct myna_hold *h = &f->hold;

    if (h->n == 0 && u.cp != '<' && u.cp != '&') {
        myna_filter_pass(f, u);
        return;
    }
    if (!myna_hold_put(h, u)) { /* no tag is that long */
        pass_first(f);
        html_put(f, u);
        return;
    }
    if (h->u[0].cp == '&') {
        uint32_t cp = u.cp == ';' ? reference(h) : 0;

        if (cp) {
            h->n = 0;
            myna_filter_pass(f, (struct myna_unit){cp, u.src});
        } else if (h->n > 1 && (h->n > REF_MAX || !(myna_cp_letter(u.cp) || myna_cp_digit(u.cp) ||
                                                    (u.cp == '#' && h->n == 2)))) {
            pass_first(f);
        }
        return;
    }
    switch (judge(h)) {
    case OPEN:
        break;
    case TEXT:
        pass_first(f);
        break;
    case TAG:
        h->n = 0;
        break;
    case BREAK:
        h->n = 0;
        myna_filter_pass(f, (struct myna_unit){'\n', u.src});
        break;
    case ADDRESS:
        myna_hold_drop(h, 1);
        h->n--;
        myna_filter_release(f, h->n);
        break;
    }
}

static void html_end(struct myna_filter *f)
{
    while (f->hold.n)
        pass_first(f);
}

const struct myna_filter_class myna_filter_html = {
    .size = sizeof(struct myna_filter), .hold_max = TAG_MAX, .put = html_put, .end = html_end};

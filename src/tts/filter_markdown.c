/* filter_markdown.c - markdown and emoji (agent-session 8.7).
 *
 * Markdown is held until a place where text is usually divided (space, comma, full stop…) and
 * nothing is open, at most HOLD_MAX characters, which then pass as they are; a line's end decides
 * everything. Which characters are marks is markdown.c's to say.
 */
#include "tts/filter.h"

#include <string.h>

#include "tts/markdown.h"

enum { HOLD_MAX = 4096 };

struct markdown {
    struct myna_filter base;
    bool inside;            /* of a line: the hold does not begin it */
    uint8_t text[HOLD_MAX]; /* the hold; what is not ASCII as 0x80 */
    bool drop[HOLD_MAX];
};

static bool divides(uint32_t cp)
{
    switch (cp) {
    case ' ':
    case ',':
    case '.':
    case '?':
    case '!':
    case ';':
    case 0xff0c: /* ， */
    case 0x3002: /* 。 */
    case 0xff1f: /* ？ */
    case 0xff01: /* ！ */
    case 0xff1b: /* ； */
        return true;
    default:
        return false;
    }
}

/* Passes on the first n held characters that are no marks. */
static void release(struct markdown *m, size_t n)
{
    struct myna_hold *h = &m->base.hold;

    for (size_t i = 0; i < n; i++)
        if (!m->drop[i])
            myna_filter_pass(&m->base, h->u[i]);
    myna_hold_drop(h, n);
    memmove(m->text, m->text + n, h->n);
    m->inside = true;
}

static void release_all(struct markdown *m)
{
    if (m->base.hold.n == 0)
        return;
    myna_markdown_mark(m->text, m->base.hold.n, !m->inside, true, m->drop);
    release(m, m->base.hold.n);
}

static void markdown_put(struct myna_filter *f, struct myna_unit u)
{
    struct markdown *m = (struct markdown *)f;
    struct myna_hold *h = &f->hold;

    if (u.cp == '\n') {
        release_all(m);
        myna_filter_pass(f, u);
        m->inside = false;
        return;
    }
    m->text[h->n] = u.cp < 0x80 ? (uint8_t)u.cp : 0x80;
    myna_hold_put(h, u);
    /* The dividing mark itself stays: it may stand before an opening one. */
    if (divides(u.cp) && h->n > 1 && myna_markdown_mark(m->text, h->n, !m->inside, false, m->drop))
        release(m, h->n - 1);
    if (h->n == HOLD_MAX)
        release_all(m);
}

static void markdown_end(struct myna_filter *f)
{
    struct markdown *m = (struct markdown *)f;

    release_all(m);
    m->inside = false;
}

const struct myna_filter_class myna_filter_markdown = {.size = sizeof(struct markdown),
                                                       .hold_max = HOLD_MAX,
                                                       .put = markdown_put,
                                                       .end = markdown_end};

static void emoji_put(struct myna_filter *f, struct myna_unit u)
{
    if (!myna_cp_emoji(u.cp))
        myna_filter_pass(f, u);
}

const struct myna_filter_class myna_filter_emoji = {.size = sizeof(struct myna_filter),
                                                    .put = emoji_put};

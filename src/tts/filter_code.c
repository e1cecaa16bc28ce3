/* filter_code.c - blocks of code and tables.
 *
 * A fenced block (CommonMark: ``` or ~~~ at a line's beginning) is not spoken, and nothing of it is
 * held: what stands behind an opening fence is code, also where the fence never closes. Code within
 * a line is left to markdown.
 *
 * Of a table the cells are spoken, "one, two." for `| one | two |`; the row of dashes is not. Cells
 * go out as they come; only a bar waits for what follows it.
 */
#include "tts/filter.h"

#include <string.h>

/* ------------------------------------------------------------------ code */

enum code_state { LINE_START, TEXT, INFO, CODE_START, CODE_TEXT };

struct code {
    struct myna_filter base; /* holds a line's first blanks and marks */
    enum code_state state;
    uint32_t mark;
    int run, opened; /* marks in a row; of the opening fence */
    int blanks;
};

static void code_line(struct code *c, enum code_state state)
{
    c->state = state;
    c->run = c->blanks = 0;
}

/* At a line's beginning, outside of code. */
static void code_start(struct code *c, struct myna_unit u)
{
    struct myna_filter *f = &c->base;

    if (u.cp == ' ' && c->run == 0 && c->blanks < 3) {
        c->blanks++;
        myna_hold_put(&f->hold, u);
        return;
    }
    if ((u.cp == '`' || u.cp == '~') && (c->run == 0 || u.cp == c->mark)) {
        c->mark = u.cp;
        myna_hold_put(&f->hold, u);
        if (++c->run == 3) {
            f->hold.n = 0;
            c->opened = 3;
            c->state = INFO;
        }
        return;
    }
    myna_filter_release(f, f->hold.n);
    myna_filter_pass(f, u);
    code_line(c, u.cp == '\n' ? LINE_START : TEXT);
}

static void code_put(struct myna_filter *f, struct myna_unit u)
{
    struct code *c = (struct code *)f;

    switch (c->state) {
    case LINE_START:
        code_start(c, u);
        break;
    case TEXT:
        myna_filter_pass(f, u);
        if (u.cp == '\n')
            code_line(c, LINE_START);
        break;
    case INFO: /* the language */
        if (u.cp == c->mark && c->run == c->opened)
            c->opened = ++c->run;
        else if (u.cp == '\n')
            code_line(c, CODE_START);
        else
            c->run = 0;
        break;
    case CODE_START: /* does this line close it? */
        if (u.cp == c->mark && c->blanks == 0) {
            c->run++;
        } else if (u.cp == '\n' && c->run >= c->opened) {
            myna_filter_pass(f, u);
            code_line(c, LINE_START);
        } else if (u.cp == '\n') {
            code_line(c, CODE_START);
        } else if (u.cp == ' ' || u.cp == '\r') {
            c->blanks = c->run > 0; /* behind a closing fence nothing but blanks may stand */
        } else {
            c->state = CODE_TEXT;
        }
        break;
    case CODE_TEXT:
        if (u.cp == '\n')
            code_line(c, CODE_START);
        break;
    }
}

static void code_end(struct myna_filter *f)
{
    myna_filter_release(f, f->hold.n);
    code_line((struct code *)f, LINE_START);
}

const struct myna_filter_class myna_filter_code = {
    .size = sizeof(struct code), .hold_max = 8, .put = code_put, .end = code_end};

/* ------------------------------------------------------------------ tables */

enum { RULE_MAX = 512 };
enum table_state { NOT_YET, NO_ROW, ROW, BAR };

struct tables {
    struct myna_filter base; /* holds what may be a row of dashes; behind a bar: blanks */
    enum table_state state;
    uint32_t bar; /* what is accounted for with it */
    uint32_t last;
};

static bool in_rule(uint32_t cp)
{
    return cp == '|' || cp == '-' || cp == ':' || cp == ' ' || cp == '+';
}

static bool is_rule(const struct myna_hold *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->u[i].cp == '-')
            return true;
    return false;
}

static void row_put(struct tables *t, struct myna_unit u)
{
    struct myna_filter *f = &t->base;

    if (u.cp == '|') {
        if (t->state == BAR) /* an empty cell */
            f->hold.n = 0;
        t->state = BAR;
        t->bar = u.src;
    } else if (u.cp == ' ') {
        if (!myna_hold_put(&f->hold, u)) /* blanks before a bar are not spoken */
            f->hold.n = 1;
    } else if (u.cp == '\n') {
        f->hold.n = 0;
        if (t->last && t->last != '.' && t->last != '!' && t->last != '?')
            myna_filter_pass(f, (struct myna_unit){'.', u.src - 1});
        t->state = NOT_YET;
        myna_filter_pass(f, u);
    } else {
        if (t->state == BAR && t->last) {
            myna_filter_say(f, ", ", t->bar, t->bar);
            f->hold.n = 0;
        } else if (t->state == BAR) {
            f->hold.n = 0;
        }
        myna_filter_release(f, f->hold.n);
        t->state = ROW;
        t->last = u.cp;
        myna_filter_pass(f, u);
    }
}

/* The line begins with a bar and holds more than dashes: its held beginning is a row's. */
static void begin_row(struct tables *t)
{
    struct myna_unit held[RULE_MAX];
    size_t n = t->base.hold.n;

    memcpy(held, t->base.hold.u, n * sizeof *held);
    t->base.hold.n = 0;
    t->state = ROW;
    t->last = 0;
    for (size_t i = 0; i < n; i++)
        row_put(t, held[i]);
}

static void tables_put(struct myna_filter *f, struct myna_unit u)
{
    struct tables *t = (struct tables *)f;
    struct myna_hold *h = &f->hold;

    if (t->state == ROW || t->state == BAR) {
        row_put(t, u);
        return;
    }
    if (t->state == NOT_YET && in_rule(u.cp) && (h->n || u.cp == '|') && h->n + 1 < h->max) {
        myna_hold_put(h, u);
        return;
    }
    if (t->state == NOT_YET && h->n && u.cp == '\n' && is_rule(h)) {
        h->n = 0;
        return; /* the row above has ended its line */
    }
    if (t->state == NOT_YET && h->n && u.cp != '\n') {
        begin_row(t);
        row_put(t, u);
        return;
    }
    myna_filter_release(f, h->n);
    myna_filter_pass(f, u);
    t->state = u.cp == '\n' ? NOT_YET : NO_ROW;
}

static void tables_end(struct myna_filter *f)
{
    struct tables *t = (struct tables *)f;

    if (t->state == NOT_YET && !is_rule(&f->hold))
        myna_filter_release(f, f->hold.n);
    if (t->state == BAR && t->last && t->last != '.' && t->last != '!' && t->last != '?')
        myna_filter_pass(f, (struct myna_unit){'.', t->bar});
    f->hold.n = 0;
    t->state = NOT_YET;
}

const struct myna_filter_class myna_filter_tables = {
    .size = sizeof(struct tables), .hold_max = RULE_MAX, .put = tables_put, .end = tables_end};

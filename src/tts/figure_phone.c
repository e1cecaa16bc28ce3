/* figure_phone.c - telephone numbers, digit by digit in the groups they were written in. */
#include "tts/figure.h"

static bool phone_gap(uint32_t cp)
{
    return cp == '-' || cp == '.' || cp == ' ' || cp == 0xa0 || cp == 0x2011;
}

struct phone {
    char digits[20];
    size_t n, groups[8], n_groups;
};

static bool phone_group(struct myna_fig_reader *r, struct phone *p, size_t *ahead, size_t n)
{
    if (p->n + n > sizeof p->digits || p->n_groups == 8)
        return false;
    myna_fig_copy(r, *ahead, n, p->digits + p->n);
    p->n += n;
    p->groups[p->n_groups++] = n;
    *ahead += n;
    return true;
}

static void say_phone(const struct phone *p, struct myna_spell *sp)
{
    size_t at = 0;

    for (size_t g = 0; g < p->n_groups; g++) {
        if (g)
            myna_spell_word(sp, ",");
        myna_spell_digits(sp, p->digits + at, p->groups[g]);
        at += p->groups[g];
    }
}

/* +49 30 1234567: groups up to what a number has. */
bool myna_fig_international(struct myna_fig_reader *r, struct myna_spell *sp)
{
    struct phone p = {.n = 0};
    size_t ahead = 1, n;

    while ((n = myna_fig_digits(r, ahead)) > 0) {
        if (!phone_group(r, &p, &ahead, n))
            return false;
        bool open = myna_fig_peek(r, ahead) == ' ' && myna_fig_peek(r, ahead + 1) == '(';
        size_t gap = open                                                                   ? 2
                     : phone_gap(myna_fig_peek(r, ahead)) || myna_fig_peek(r, ahead) == ')' ? 1
                                                                                            : 0;
        if (myna_fig_peek(r, ahead) == ')' && phone_gap(myna_fig_peek(r, ahead + 1)))
            gap = 2;
        if (!gap || !myna_cp_digit(myna_fig_peek(r, ahead + gap)) || p.n >= 15)
            break;
        ahead += gap;
    }
    if (p.n < 7 || p.n > 15 || !myna_fig_over(r, ahead))
        return false;
    myna_spell_word(sp, "plus");
    say_phone(&p, sp);
    r->at += ahead;
    return true;
}

/* 555-1234, 555-123-4567, (555) 123-4567, 1-800-555-0199: North American. */
bool myna_fig_local_phone(struct myna_fig_reader *r, struct myna_spell *sp)
{
    struct phone p = {.n = 0};
    size_t ahead = 0, n;
    bool open = myna_fig_peek(r, 0) == '(';

    if (open) {
        if (myna_fig_digits(r, 1) != 3 || myna_fig_peek(r, 4) != ')')
            return false;
        ahead = 1;
        (void)!phone_group(r, &p, &ahead, 3);
        ahead++;
        if (myna_fig_peek(r, ahead) == ' ' || myna_fig_peek(r, ahead) == '-')
            ahead++;
    } else if (myna_fig_peek(r, 0) == '1' && phone_gap(myna_fig_peek(r, 1)) &&
               myna_fig_digits(r, 2) == 3) {
        (void)!phone_group(r, &p, &ahead, 1);
        ahead++;
    }
    uint32_t gap = 0;
    while ((n = myna_fig_digits(r, ahead)) == 3) {
        if (!phone_group(r, &p, &ahead, 3))
            return false;
        if (!phone_gap(myna_fig_peek(r, ahead)) || (gap && myna_fig_peek(r, ahead) != gap))
            return false;
        gap = myna_fig_peek(r, ahead++);
    }
    /* "in 555 1234 people": without dashes only the long form is one */
    bool sure = open || gap == '-' || p.n >= 6;
    if (n != 4 || !sure || (p.n != 3 && p.n != 6 && p.n != 7) || (gap == '.' && p.n == 3) ||
        !phone_group(r, &p, &ahead, 4) || !myna_fig_over(r, ahead))
        return false;
    say_phone(&p, sp);
    r->at += ahead;
    return true;
}

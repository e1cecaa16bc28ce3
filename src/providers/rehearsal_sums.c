/* rehearsal_sums.c - sums as people say them: number words and digits, the four operations.
 *
 * A sum is numbers with nothing between them but words that name an operation or join its parts
 * ("add 3 to 4", "twelve divided by four"). Anything else between them ("two dogs and three cats")
 * makes it no sum.
 */
#include "providers/rehearsal_rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 64, MAX_TERMS = 8, TOKEN_SIZE = 24 };

struct tokens {
    char t[MAX_TOKENS][TOKEN_SIZE];
    int n;
};

enum kind { NONE, ONES, TEENS, TENS, DIGITS, SCALE };

static const struct {
    const char *word;
    enum kind kind;
    double value;
} names[] = {
    {"zero", ONES, 0},        {"one", ONES, 1},        {"two", ONES, 2},
    {"three", ONES, 3},       {"four", ONES, 4},       {"five", ONES, 5},
    {"six", ONES, 6},         {"seven", ONES, 7},      {"eight", ONES, 8},
    {"nine", ONES, 9},        {"ten", TEENS, 10},      {"eleven", TEENS, 11},
    {"twelve", TEENS, 12},    {"thirteen", TEENS, 13}, {"fourteen", TEENS, 14},
    {"fifteen", TEENS, 15},   {"sixteen", TEENS, 16},  {"seventeen", TEENS, 17},
    {"eighteen", TEENS, 18},  {"nineteen", TEENS, 19}, {"twenty", TENS, 20},
    {"thirty", TENS, 30},     {"forty", TENS, 40},     {"fifty", TENS, 50},
    {"sixty", TENS, 60},      {"seventy", TENS, 70},   {"eighty", TENS, 80},
    {"ninety", TENS, 90},     {"dozen", SCALE, 12},    {"hundred", SCALE, 100},
    {"thousand", SCALE, 1e3}, {"million", SCALE, 1e6},
};

static void cut(struct tokens *to, const char *text)
{
    to->n = 0;
    while (*text && to->n < MAX_TOKENS) {
        size_t n = strcspn(text, " ");

        if (n)
            snprintf(to->t[to->n++], TOKEN_SIZE, "%.*s", (int)(n < TOKEN_SIZE ? n : 0), text);
        text += n + (text[n] == ' ');
    }
}

static enum kind number(const struct tokens *t, int i, double *value)
{
    char *end;

    if (i >= t->n)
        return NONE;
    if (t->t[i][0] >= '0' && t->t[i][0] <= '9') {
        *value = strtod(t->t[i], &end);
        return *end ? NONE : DIGITS;
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (!strcmp(names[k].word, t->t[i])) {
            *value = names[k].value;
            return names[k].kind;
        }
    return NONE;
}

/* May a word of this kind stand behind that one in the same number? */
static bool follows(enum kind before, enum kind k)
{
    switch (k) {
    case ONES:
        return before == NONE || before == TENS || before == SCALE;
    case TEENS:
    case TENS:
    case DIGITS:
        return before == NONE || before == SCALE;
    case SCALE:
        return before != NONE;
    case NONE:
        break;
    }
    return false;
}

/* The number that begins at *i; moves *i behind it. */
static bool read_number(const struct tokens *t, int *i, double *out)
{
    double total = 0, part = 0, v = 0, unit = 0.1;
    enum kind before = NONE, k;
    int at = *i;

    if (at + 1 < t->n && !strcmp(t->t[at], "a") && number(t, at + 1, &v) == SCALE) {
        part = 1;
        before = ONES;
        at++;
    }
    for (;; at++) {
        if (before == SCALE && at < t->n && !strcmp(t->t[at], "and") &&
            number(t, at + 1, &v) != NONE)
            at++;
        k = number(t, at, &v);
        if (!follows(before, k))
            break;
        if (k != SCALE) {
            part += v;
        } else if (v <= 100) {
            part *= v;
        } else {
            total += part * v;
            part = 0;
        }
        before = k;
    }
    if (before == NONE)
        return false;
    if (at < t->n && !strcmp(t->t[at], "point"))
        for (at++; number(t, at, &v) == ONES; at++, unit /= 10)
            part += v * unit;
    *i = at;
    *out = total + part;
    return true;
}

/* What a word says about the operation: + - * /, '.' joins the parts of one named before, 'f' is
 * "from", '\0' something else. */
static char meaning(const char *word)
{
    static const struct {
        const char *word;
        char op;
    } ops[] = {{"plus", '+'},       {"add", '+'},      {"added", '+'},    {"sum", '+'},
               {"minus", '-'},      {"less", '-'},     {"subtract", '-'}, {"subtracted", '-'},
               {"difference", '-'}, {"times", '*'},    {"x", '*'},        {"multiply", '*'},
               {"multiplied", '*'}, {"product", '*'},  {"divide", '/'},   {"divided", '/'},
               {"over", '/'},       {"quotient", '/'}, {"take", '-'},     {"away", '-'},
               {"and", '.'},        {"by", '.'},       {"to", '.'},       {"with", '.'},
               {"from", 'f'}};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(ops[i].word, word))
            return ops[i].op;
    return '\0';
}

struct sum {
    double term[MAX_TERMS];
    char op[MAX_TERMS]; /* before the term */
    int n;
};

static bool read_sum(const struct tokens *t, struct sum *s)
{
    char named = '\0'; /* "add …", "the product of …" */
    int i = 0;

    s->n = 0;
    while (i < t->n && !read_number(t, &i, &s->term[0])) {
        char m = meaning(t->t[i++]);
        if (m && m != '.' && m != 'f')
            named = m;
    }
    if (i >= t->n)
        return false;
    s->n = 1;
    while (s->n < MAX_TERMS) {
        char op = '\0', joined = '\0';
        int k = i;
        double v;

        for (; k < t->n && !read_number(t, &k, &v); k++) {
            char m = meaning(t->t[k]);

            if (!m)
                return s->n > 1; /* "…please", or no sum at all */
            if (m == '.' || m == 'f')
                joined = m;
            else
                op = m;
        }
        if (k <= i || (k == t->n && number(t, k - 1, &v) == NONE))
            return s->n > 1;
        if (!op && joined)
            op = named;
        if (!op)
            return s->n > 1;
        i = k;
        s->term[s->n] = v;
        s->op[s->n++] = op;
        if (joined == 'f' && op == '-') { /* "subtract 3 from 10" */
            s->term[s->n - 1] = s->term[s->n - 2];
            s->term[s->n - 2] = v;
        }
    }
    return true;
}

static void say_number(char *into, size_t size, double v)
{
    if (v == floor(v) && fabs(v) < 1e15)
        snprintf(into, size, "%s%.0f", v < 0 ? "minus " : "", fabs(v));
    else if (fabs(v) < 1e12)
        snprintf(into, size, "%s%.4g", v < 0 ? "minus " : "", fabs(v));
    else
        snprintf(into, size, "a very large number");
}

static const char *say_op(char op)
{
    return op == '+' ? "plus" : op == '-' ? "minus" : op == '*' ? "times" : "divided by";
}

bool myna_rehearsal_sum(const char *text, char *answer, size_t size)
{
    struct tokens t;
    struct sum s;
    char num[48];
    size_t n = 0;
    double total = 0, product;
    char sign = '+';

    cut(&t, text);
    if (!read_sum(&t, &s) || s.n < 2)
        return false;
    product = s.term[0];
    for (int i = 1; i <= s.n; i++) { /* times and divided by first, then plus and minus */
        char op = i < s.n ? s.op[i] : '+';

        if (i < s.n && op == '/' && s.term[i] == 0) {
            snprintf(answer, size, "Nobody can divide by zero.");
            return true;
        }
        if (i < s.n && (op == '*' || op == '/')) {
            product = op == '*' ? product * s.term[i] : product / s.term[i];
            continue;
        }
        total += sign == '+' ? product : -product;
        sign = op;
        product = i < s.n ? s.term[i] : 0;
    }
    for (int i = 0; i < s.n && n < size; i++) {
        say_number(num, sizeof num, s.term[i]);
        n += (size_t)snprintf(answer + n, size - n, "%s%s%s%s", i ? " " : "",
                              i ? say_op(s.op[i]) : "", i ? " " : "", num);
    }
    say_number(num, sizeof num, total);
    if (n < size)
        snprintf(answer + n, size - n, " is %s%s.",
                 total == floor(total) || fabs(total * 100 - round(total * 100)) < 1e-9 ? ""
                                                                                        : "about ",
                 num);
    return true;
}

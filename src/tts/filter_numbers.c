/* filter_numbers.c - figures that a voice reads badly, as English words; other languages are left
 * alone.
 *
 * Only a character with which a figure may begin starts a hold, and it ends as soon as numbers.c is
 * sure. Where the language is not told ("auto"), figures are said only once a word has shown that
 * the text is English and none that it is not: a wrong guess would be worse than the voice's own
 * reading.
 */
#include "tts/filter.h"

#include <string.h>
#include <strings.h>

#include "tts/numbers.h"

enum { HOLD_MAX = 96, WORD_MAX = 8 };
enum language { AUTO, ENGLISH, OTHER };

struct numbers {
    struct myna_filter base;
    enum language told;
    bool day_first;
    bool english, foreign; /* seen so far */
    uint32_t before;       /* the character before the hold; 0: none */
    uint32_t src;          /* accounted for with it */
    char word[WORD_MAX + 2];
    size_t n_word; /* WORD_MAX + 1: longer, none of ours */
};

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(*list, word))
            return true;
    return false;
}

/* Short words that one language has and its neighbours have not. */
static void word_over(struct numbers *nu)
{
    static const char *const english[] = {
        "the",  "it",  "to",    "and",   "for",   "your", "you", "that", "this", "are", "have",
        "has",  "be",  "with",  "from",  "by",    "at",   "of",  "is",   "they", "can", "our",
        "what", "how", "there", "about", "costs", "i",    "its", "my",   "will", NULL};
    static const char *const foreign[] = {
        "der", "das", "und", "ist",  "nicht", "ein", "eine", "den", "dem", "sie",  "ich",
        "wir", "le",  "les", "el",   "los",   "las", "que",  "une", "est", "il",   "lo",
        "di",  "che", "het", "een",  "de",    "och", "att",  "det", "por", "para", "con",
        "uma", "el",  "la",  "vous", "je",    "um",  "von",  "zu",  "mit", "auf",  NULL};

    if (nu->n_word && nu->n_word <= WORD_MAX) {
        nu->word[nu->n_word] = '\0';
        nu->english = nu->english || one_of(nu->word, english);
        nu->foreign = nu->foreign || one_of(nu->word, foreign);
    }
    nu->n_word = 0;
}

static void listen(struct numbers *nu, uint32_t cp)
{
    if (myna_cp_letter(cp)) {
        if (nu->n_word <= WORD_MAX)
            nu->word[nu->n_word++] = (char)myna_cp_lower(cp);
    } else if (cp == '\'' || cp == 0x2019) {
        /* "it's": "it" */
        word_over(nu);
        nu->n_word = WORD_MAX + 1;
    } else if (myna_cp_word(cp)) {
        nu->n_word = WORD_MAX + 1;
    } else {
        word_over(nu);
    }
}

static bool speaks(const struct numbers *nu)
{
    return nu->told == ENGLISH || (nu->told == AUTO && nu->english && !nu->foreign);
}

static bool may_begin(uint32_t cp)
{
    static const uint32_t signs[] = {'$',  0x20ac, 0xa3,   0xa5,   0x20b9, 0x20a9, '~', 0x2248,
                                     '#',  0x2116, '-',    0x2212, 0xb1,   '+',    '&', '=',
                                     0xd7, 0xf7,   0x2264, 0x2265, 0x2260, '('};

    if (myna_cp_digit(cp))
        return true;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i] == cp)
            return true;
    return false;
}

static bool may_stand_before(uint32_t cp)
{
    static const uint32_t others[] = {'(',    '[',    '"',    '\'',   '*',  '>',  '<',
                                      0x2018, 0x201c, 0x2014, 0x2013, 0xbf, 0xa1, 0xab};

    if (cp == 0 || myna_cp_space(cp))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == cp)
            return true;
    return false;
}

static void pass(struct numbers *nu, size_t n)
{
    for (size_t i = 0; i < n; i++)
        listen(nu, nu->base.hold.u[i].cp);
    nu->before = nu->base.hold.u[n - 1].cp;
    nu->src = nu->base.hold.u[n - 1].src;
    myna_filter_release(&nu->base, n);
}

/* Decides about the hold from its front as far as it can. */
static void decide(struct numbers *nu, bool final)
{
    struct myna_hold *h = &nu->base.hold;
    struct myna_spell said;
    size_t used;

    while (h->n) {
        if (!may_begin(h->u[0].cp) || !may_stand_before(nu->before)) {
            pass(nu, 1);
            continue;
        }
        switch (myna_figure_at(h->u, h->n, final || h->n == h->max, nu->day_first, &said, &used)) {
        case MYNA_FIGURE_MORE:
            return;
        case MYNA_FIGURE_NONE:
            pass(nu, used);
            break;
        case MYNA_FIGURE_SAID:
            if (!speaks(nu)) {
                pass(nu, used);
                break;
            }
            word_over(nu);
            nu->before = h->u[used - 1].cp;
            uint32_t begin = nu->src;
            nu->src = h->u[used - 1].src;
            myna_hold_drop(h, used);
            myna_filter_say(&nu->base, said.text, begin, nu->src);
            break;
        }
    }
}

static void numbers_put(struct myna_filter *f, struct myna_unit u)
{
    struct numbers *nu = (struct numbers *)f;

    if (nu->told == OTHER) {
        myna_filter_pass(f, u);
        return;
    }
    myna_hold_put(&f->hold, u);
    decide(nu, false);
}

static void numbers_end(struct myna_filter *f)
{
    struct numbers *nu = (struct numbers *)f;

    decide(nu, true);
    nu->before = 0;
    nu->n_word = 0;
    nu->english = nu->foreign = false;
}

static void numbers_init(struct myna_filter *f, const struct myna_filter_setup *how)
{
    struct numbers *nu = (struct numbers *)f;
    const char *l = how->language;

    nu->told = !strcasecmp(l, "auto")                                              ? AUTO
               : !strncasecmp(l, "en", 2) && (!l[2] || l[2] == '-' || l[2] == '_') ? ENGLISH
                                                                                   : OTHER;
    nu->day_first = nu->told == ENGLISH && l[2] && strcasecmp(l + 3, "US");
}

const struct myna_filter_class myna_filter_numbers = {.size = sizeof(struct numbers),
                                                      .hold_max = HOLD_MAX,
                                                      .init = numbers_init,
                                                      .put = numbers_put,
                                                      .end = numbers_end};

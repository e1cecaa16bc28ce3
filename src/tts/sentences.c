/* sentences.c - the cutter: one character at a time, so that pieces cannot matter.
 *
 * The text since the last cut lies in a fixed buffer, white space collapsed to single spaces. A
 * sentence may end only where a word ends; classify() looks at that word and says whether its dot
 * ends a sentence for certain, never, or depending on the word that follows. In the last case the
 * place is kept (`doubt`) and decided when that word is complete. At most one place is in doubt.
 *
 * The rules are those of agent-session 8.7 (titles, suffixes, acronyms, single letters, Ph.D.,
 * ellipses are protected; decimals and web names never come to a decision, no space following their
 * inner dots), and three of ours: full stops of Chinese and Japanese need no space behind them; an
 * em dash is a clause mark; "etc. and", "vs. the", "No. 5" go on.
 */
#include "tts/sentences.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    DEFAULT_MIN_CHARS = 20,
    DEFAULT_CONTEXT_CHARS = 10,
    MAX_CHARS = 2000, /* of text without any end; sentences.h */
    BUF_SIZE = MAX_CHARS * 4 + 8,
};

enum verdict {
    GOES_ON,
    ENDS,
    ENDS_BEFORE_STARTER, /* acronym, suffix: only if the next word usually begins a sentence */
    GOES_ON_IN_LOWER,    /* etc.: not if a small letter or a digit follows */
};

struct myna_sentences {
    struct myna_sentences_options opt;
    bool first;         /* nothing was given out yet */
    enum verdict doubt; /* about `doubt_at`; GOES_ON: none */
    size_t doubt_at;    /* where the sentence may have ended */
    size_t len, chars;  /* of buf: bytes, characters */
    size_t seen;        /* characters since the start of the stream */
    size_t n_part;      /* bytes of an incomplete character */
    uint8_t part[4];
    uint8_t buf[BUF_SIZE];
};

/* ------------------------------------------------------------------ characters */

/* Length that a first byte promises; a stray byte stands for itself. */
static size_t promised(uint8_t b)
{
    return b < 0xc2 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : b < 0xf5 ? 4 : 1;
}

static bool continues(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

static size_t count_chars(const uint8_t *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += !continues(p[i]);
    return n;
}

/* Is the character one of `set` (characters separated by spaces)? */
static bool one_of(const uint8_t *ch, size_t n, const char *set)
{
    for (const char *s = set; *s; s += *s == ' ') {
        size_t k = strcspn(s, " ");

        if (k == n && memcmp(s, ch, n) == 0)
            return true;
        s += k;
    }
    return false;
}

static const char closers[] = "\" ' ) ] } \u201d \u2019 \u00bb \u300d \u300f \uff09";
static const char openers[] = "\" ' ( [ { \u201c \u2018 \u00ab \u300c \u300e \uff08 \u00bf \u00a1";
static const char stops_wide[] = "\u3002 \uff01 \uff1f";
static const char clause_marks[] = ", ; : \u2014 \u2013 - \uff0c \u3001 \uff1b \uff1a";
static const char clause_marks_tight[] = "\u2014 \uff0c \u3001 \uff1b \uff1a"; /* need no space */
static const char spaces[] = "\t \n \r \f \v \u00a0 \u3000 \u2028 \u2029";

static size_t last_char(const uint8_t *p, size_t len) /* its length; 0 when there is none */
{
    size_t n = 0;

    while (n < len && n < 4 && continues(p[len - 1 - n]))
        n++;
    return n < len ? n + 1 : n;
}

static size_t without_closers(const uint8_t *p, size_t len)
{
    for (;;) {
        size_t n = last_char(p, len);

        if (!n || !one_of(p + len - n, n, closers))
            return len;
        len -= n;
    }
}

static bool is_letter(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

/* ------------------------------------------------------------------ does this dot end it? */

static const char *const titles[] = {"Mr",  "Mrs", "Ms",  "Dr",   "St",  "Prof", "Rev", "Gen",
                                     "Sen", "Rep", "Gov", "Capt", "Cpt", "Lt",   "Mt",  NULL};
static const char *const suffixes[] = {"Inc", "Ltd", "Jr", "Sr", "Co", NULL};
static const char *const shortened[] = {"etc", "vs", "approx", "No", "Fig", "Vol", "ca", NULL};
static const char *const starters[] = {
    "Mr",   "Mrs",   "Ms",    "Dr",    "Prof", "Capt",    "Cpt",  "Lt",   "He",       "She", "It",
    "They", "Their", "Our",   "We",    "But",  "However", "That", "This", "Wherever", "I",   "You",
    "The",  "These", "Those", "There", "If",   "When",    "What", "So",   NULL};

static bool in_list(const uint8_t *word, size_t n, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == n && memcmp(*list, word, n) == 0)
            return true;
    return false;
}

/* Single letters with dots between: "U.S", "e.g", "R.T.C". */
static bool is_acronym(const uint8_t *word, size_t n)
{
    if (n < 3 || n % 2 == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (i % 2 ? word[i] != '.' : !is_letter(word[i]))
            return false;
    return true;
}

/* The word that ends before the space at `len`. */
static enum verdict classify(const uint8_t *p, size_t len)
{
    size_t end = without_closers(p, len), n = last_char(p, end), start;

    if (n == 1 && (p[end - 1] == '!' || p[end - 1] == '?'))
        return ENDS;
    if (n && one_of(p + end - n, n, stops_wide))
        return ENDS;
    if (n != 1 || p[end - 1] != '.' || (end > 1 && p[end - 2] == '.'))
        return GOES_ON; /* no stop, or an ellipsis */
    end--;
    for (start = end; start > 0 && p[start - 1] != ' ';)
        start--;
    while (start < end) { /* `("Mr` */
        n = promised(p[start]);
        if (start + n > end || !one_of(p + start, n, openers))
            break;
        start += n;
    }
    p += start;
    n = end - start;
    if (in_list(p, n, titles) || (n == 1 && is_letter(*p)) || (n == 4 && !memcmp(p, "Ph.D", 4)))
        return GOES_ON;
    if (is_acronym(p, n) || in_list(p, n, suffixes))
        return ENDS_BEFORE_STARTER;
    return in_list(p, n, shortened) ? GOES_ON_IN_LOWER : ENDS;
}

static bool begins_sentence(const uint8_t *p, size_t len)
{
    size_t n = 0;

    while (len) {
        size_t k = promised(*p);

        if (k > len || !one_of(p, k, openers))
            break;
        p += k;
        len -= k;
    }
    while (n < len && is_letter(p[n]))
        n++;
    return in_list(p, n, starters);
}

/* ------------------------------------------------------------------ cutting */

static void give(struct myna_sentences *se, size_t at)
{
    size_t drop = at < se->len && se->buf[at] == ' ' ? at + 1 : at;

    se->first = false;
    if (at)
        se->opt.out(se->opt.arg, (struct myna_view){se->buf, at});
    memmove(se->buf, se->buf + drop, se->len - drop);
    se->len -= drop;
    se->chars = count_chars(se->buf, se->len);
    se->doubt = GOES_ON;
}

static void end_sentence(struct myna_sentences *se, size_t at)
{
    se->doubt = GOES_ON;
    if (se->seen >= se->opt.context_chars && count_chars(se->buf, at) > se->opt.min_chars)
        give(se, at);
}

static void end_clause(struct myna_sentences *se, const char *marks)
{
    size_t n = last_char(se->buf, se->len);

    if (se->first && se->opt.first_clause_chars && n && one_of(se->buf + se->len - n, n, marks) &&
        se->chars >= se->opt.first_clause_chars)
        give(se, se->len);
}

static void decide(struct myna_sentences *se)
{
    size_t next = se->doubt_at + 1; /* behind the space */
    bool ends;

    if (se->doubt == GOES_ON || next >= se->len)
        return;
    if (se->doubt == ENDS_BEFORE_STARTER)
        ends = begins_sentence(se->buf + next, se->len - next);
    else
        ends = !(se->buf[next] >= 'a' && se->buf[next] <= 'z') &&
               !(se->buf[next] >= '0' && se->buf[next] <= '9');
    if (ends)
        end_sentence(se, se->doubt_at);
    se->doubt = GOES_ON;
}

static void end_word(struct myna_sentences *se)
{
    enum verdict v;

    decide(se);
    v = classify(se->buf, se->len);
    if (v == ENDS) {
        end_sentence(se, se->len);
    } else if (v != GOES_ON) {
        se->doubt = v;
        se->doubt_at = se->len;
    } else {
        end_clause(se, clause_marks);
    }
}

/* No end in sight: cut between words if there are any. */
static void overflow(struct myna_sentences *se)
{
    size_t at = se->len;

    while (at > 0 && se->buf[at - 1] != ' ')
        at--;
    give(se, at > 1 ? at - 1 : se->len);
}

static bool wide_stop_before(const struct myna_sentences *se)
{
    size_t end = without_closers(se->buf, se->len), n = last_char(se->buf, end);

    return n > 1 && one_of(se->buf + end - n, n, stops_wide);
}

static void feed(struct myna_sentences *se, const uint8_t *ch, size_t n)
{
    se->seen++;
    if (*ch == ' ' || one_of(ch, n, spaces)) {
        if (se->len == 0 || se->buf[se->len - 1] == ' ')
            return;
        end_word(se);
        if (se->len == 0)
            return;
        ch = (const uint8_t *)" ";
        n = 1;
    } else if (wide_stop_before(se) && !one_of(ch, n, closers) && !one_of(ch, n, stops_wide)) {
        end_sentence(se, se->len);
    }
    if (se->chars >= MAX_CHARS || se->len + n > BUF_SIZE)
        overflow(se);
    memcpy(se->buf + se->len, ch, n);
    se->len += n;
    se->chars++;
    if (n > 1)
        end_clause(se, clause_marks_tight);
}

/* ------------------------------------------------------------------ public */

struct myna_sentences *myna_sentences_create(const struct myna_sentences_options *opt)
{
    struct myna_sentences *se = calloc(1, sizeof *se);

    assert(opt->out);
    if (!se)
        return NULL;
    se->opt = *opt;
    if (se->opt.min_chars == 0)
        se->opt.min_chars = DEFAULT_MIN_CHARS;
    if (se->opt.context_chars == 0)
        se->opt.context_chars = DEFAULT_CONTEXT_CHARS;
    se->first = true;
    return se;
}

void myna_sentences_destroy(struct myna_sentences *se)
{
    free(se);
}

enum myna_err myna_sentences_push(struct myna_sentences *se, struct myna_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t b = text.ptr[i];

        if (se->n_part && !continues(b)) { /* broken: as it is */
            feed(se, se->part, se->n_part);
            se->n_part = 0;
        }
        se->part[se->n_part++] = b;
        if (se->n_part >= promised(se->part[0])) {
            feed(se, se->part, se->n_part);
            se->n_part = 0;
        }
    }
    return MYNA_OK;
}

void myna_sentences_flush(struct myna_sentences *se)
{
    if (se->n_part)
        feed(se, se->part, se->n_part);
    decide(se);
    if (se->len && se->buf[se->len - 1] == ' ')
        se->len--;
    if (se->len)
        give(se, se->len);
    (void)myna_sentences_reset(se);
}

size_t myna_sentences_reset(struct myna_sentences *se)
{
    size_t n = se->n_part;

    for (size_t i = 0; i < se->len; i++)
        n += se->buf[i] != ' ';
    se->first = true;
    se->doubt = GOES_ON;
    se->len = se->chars = se->seen = se->n_part = 0;
    return n;
}

/* ------------------------------------------------------------------ words */

static bool is_punctuation(const uint8_t *ch, size_t n)
{
    static const char wide[] =
        "\u2026 \u2014 \u2013 \u201c \u2018 \u201e \u3001 \uff0c \uff1b \uff1a \u00bf \u00a1";

    if (n == 1)
        return *ch < 0x80 && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", *ch) != NULL;
    return one_of(ch, n, wide) || one_of(ch, n, closers) || one_of(ch, n, openers) ||
           one_of(ch, n, stops_wide);
}

static struct myna_view strip(const uint8_t *p, size_t len)
{
    size_t n;

    while (len && (n = promised(*p)) <= len && is_punctuation(p, n)) {
        p += n;
        len -= n;
    }
    while (len && (n = last_char(p, len)) && is_punctuation(p + len - n, n))
        len -= n;
    return (struct myna_view){p, len};
}

static bool is_blank(uint8_t b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

void myna_words_each(struct myna_view text,
                     void (*word)(void *arg, size_t start, size_t end, struct myna_view bare),
                     void *arg)
{
    size_t i = 0;

    while (i < text.len) {
        while (i < text.len && is_blank(text.ptr[i]))
            i++;
        size_t start = i;
        while (i < text.len && !is_blank(text.ptr[i]))
            i++;
        struct myna_view bare = strip(text.ptr + start, i - start);
        if (bare.len)
            word(arg, start, i, bare);
    }
}

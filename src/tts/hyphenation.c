/* hyphenation.c - where a word may be broken, which is how long it takes to say.
 *
 * Liang's patterns by libhyphen with its English dictionary, read once when first asked for and
 * never freed (one immutable table for the process). Where the dictionary is not installed, groups
 * of vowels stand in: good enough for pacing, which is all that Myna asks.
 *
 * The patterns are applied to runs of ASCII letters of five and more; parts are at least two
 * letters, as LiveKit's tokenizer has it (agent-session 8.7), whose pace of 3.83 a second was
 * measured with that.
 */
#include "tts/sentences.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <hyphen.h>

enum {
    MAX_RUN = 64, /* letters; what is longer is no word, vowels serve */
    MIN_LETTERS = 5,
    MIN_PART = 2,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static HyphenDict *dict; /* immutable after `once`; NULL: not installed */

static void load(void)
{
    static const char *const places[] = {"/usr/share/hyphen/hyph_en_US.dic",
                                         "/usr/local/share/hyphen/hyph_en_US.dic"};

    for (size_t i = 0; !dict && i < sizeof places / sizeof *places; i++)
        dict = hnj_hyphen_load(places[i]);
    for (HyphenDict *d = dict; d; d = d->nextlevel)
        d->lhmin = d->rhmin = MIN_PART; /* the file's own minimum is for print */
}

static bool is_letter(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

static bool is_vowel(char c)
{
    return c && strchr("aeiouy", c);
}

/* Marks brk[i] where a part begins with letter i. `low`: n small letters. */
static void by_patterns(const char *low, size_t n, bool *brk)
{
    char marks[MAX_RUN + 8], **rep = NULL;
    int *pos = NULL, *cut = NULL;

    if (hnj_hyphen_hyphenate3(dict, low, (int)n, marks, NULL, &rep, &pos, &cut, MIN_PART, MIN_PART,
                              MIN_PART, MIN_PART))
        return;
    for (size_t i = 0; i + 1 < n; i++)
        brk[i + 1] = marks[i] & 1;
    if (rep) /* alternative spellings; English has none */
        for (size_t i = 0; i < n; i++)
            free(rep[i]);
    free(rep);
    free(pos);
    free(cut);
}

/* A part begins at the consonant before each later group of vowels. */
static void by_vowels(const char *low, size_t n, bool *brk)
{
    bool seen = false;

    if (n && low[n - 1] == 'e' && !(n > 2 && low[n - 2] == 'l' && !is_vowel(low[n - 3])))
        n--; /* silent */
    for (size_t i = 0; i < n; i++) {
        if (!is_vowel(low[i]) || (i && is_vowel(low[i - 1])))
            continue;
        size_t at = i && !is_vowel(low[i - 1]) ? i - 1 : i;
        if (seen && at >= MIN_PART)
            brk[at] = true;
        seen = true;
    }
}

static void break_run(const uint8_t *p, size_t n, bool *brk)
{
    char low[MAX_RUN + 1];

    memset(brk, 0, n * sizeof *brk);
    if (n < MIN_LETTERS || n > MAX_RUN)
        return;
    for (size_t i = 0; i < n; i++)
        low[i] = (char)(p[i] | 0x20);
    low[n] = '\0';
    pthread_once(&once, load);
    if (dict)
        by_patterns(low, n, brk);
    else
        by_vowels(low, n, brk);
}

static size_t run_at(struct myna_view word, size_t i) /* length of the run of letters at i */
{
    size_t n = 0;

    while (i + n < word.len && n < MAX_RUN && is_letter(word.ptr[i + n]))
        n++;
    return n;
}

int myna_syllables(struct myna_view word)
{
    bool brk[MAX_RUN];
    int count = 0;
    bool inside = false; /* of something spoken that is no run of ASCII letters */

    for (size_t i = 0; i < word.len;) {
        size_t n = run_at(word, i);
        uint8_t b = word.ptr[i];

        if (n) {
            /* "don't", "café": the letters around belong together */
            count += inside ? 0 : 1;
            break_run(word.ptr + i, n, brk);
            for (size_t k = 1; k < n; k++)
                count += brk[k];
            i += n;
            inside = true;
            continue;
        }
        if (b >= 0xe3 && b <= 0xed) { /* U+3000…: one character, one syllable */
            count++;
            inside = true;
            i += 2;
        } else if ((b >= '0' && b <= '9') || b >= 0x80) {
            count += !inside;
            inside = true;
        } else if (b != '\'') {
            inside = false; /* "well-known" */
        }
        i++;
    }
    return count;
}

void myna_hyphenate(struct myna_view word, char *into, size_t size)
{
    bool brk[MAX_RUN];
    size_t o = 0;

    if (size == 0)
        return;
    for (size_t i = 0; i < word.len;) {
        size_t n = run_at(word, i);

        if (n == 0) {
            if (o + 1 < size)
                into[o++] = (char)word.ptr[i];
            i++;
            continue;
        }
        break_run(word.ptr + i, n, brk);
        for (size_t k = 0; k < n; k++) {
            if (k && brk[k] && o + 2 < size)
                into[o++] = '-';
            if (o + 1 < size)
                into[o++] = (char)word.ptr[i + k];
        }
        i += n;
    }
    into[o] = '\0';
}

/* clause_sound.c - what a clause's samples need before they are heard: quiet cut off both ends, the
 * pause that a person would make, and the times of its words (clauses.h). */
#include "providers/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "providers/phonemes.h"

#define QUIET       200 /* of 32768: below it nobody hears speech */
#define HEAD_MS     10  /* of quiet kept before the first sound: its onset is soft */
#define TAIL_MS     30
#define COMMA_MS    120
#define SENTENCE_MS 250

static int pause_after_ms(const struct myna_clause *c)
{
    size_t to = c->spoken;
    char sign;

    if (to < c->n_phones)
        return 0; /* a seam of ours: the voice goes on */
    while (to > 0 && c->phones[to - 1].len == 0)
        to--;
    sign = to > 0 ? c->phones[to - 1].punc : '\0';
    return sign == ',' || sign == ';' || sign == ':' ? COMMA_MS : SENTENCE_MS;
}

static bool quiet(const int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pcm[i] > QUIET || pcm[i] < -QUIET)
            return false;
    return true;
}

/* The sound without its quiet ends is samples [*first, *last). */
static void bounds(const struct myna_clause *c, int rate_hz, size_t *first, size_t *last)
{
    size_t step = (size_t)rate_hz / 200, head = (size_t)rate_hz * HEAD_MS / 1000,
           tail = (size_t)rate_hz * TAIL_MS / 1000, a = 0, b = c->n;

    while (a + step <= b && quiet(c->pcm + a, step))
        a += step;
    while (b >= a + step && quiet(c->pcm + b - step, step))
        b -= step;
    *first = a > head ? a - head : 0;
    *last = b + tail < c->n ? b + tail : c->n;
}

/* When phone i is over, from the clause's first sample: exactly, or by its share of the weight. */
struct clock_of {
    bool exact;
    double start, length, total, sum; /* seconds; weights */
    double shift;                     /* exact: added to end_s */
};

static double phone_end(struct clock_of *t, const struct myna_phone *p)
{
    double end = p->end_s + t->shift;

    if (!t->exact) {
        t->sum += myna_phone_weight(p);
        end = t->start + t->length * t->sum / t->total;
    }
    return end < t->start ? t->start : end > t->start + t->length ? t->start + t->length : end;
}

static enum myna_err find_words(struct myna_clause *c, struct clock_of *t)
{
    size_t room = 1, used = 0;
    double at = t->start;

    for (size_t i = c->from; i < c->spoken; i++) {
        room += c->phones[i].len + 1u;
        t->total += myna_phone_weight(&c->phones[i]);
    }
    c->words = calloc(c->spoken - c->from + 1, sizeof *c->words);
    c->letters = malloc(room);
    if (!c->words || !c->letters)
        return MYNA_ENOMEM;
    for (size_t i = c->from; i < c->spoken; i++) {
        const struct myna_phone *p = &c->phones[i];
        double end = phone_end(t, p);
        bool same = i > c->from && c->n_words && p->len && p[-1].len && p[-1].offset == p->offset;

        if (p->len && !same) {
            struct myna_word *w = &c->words[c->n_words++];

            memcpy(c->letters + used, c->text + p->offset, p->len);
            c->letters[used + p->len] = '\0';
            *w = (struct myna_word){
                .text = c->letters + used, .start = (myna_us)(at * 1e6), .confidence = -1};
            used += p->len + 1u;
        }
        if (p->len)
            c->words[c->n_words - 1].end = (myna_us)(end * 1e6);
        at = end;
    }
    return MYNA_OK;
}

enum myna_err myna_clause_finish(struct myna_clause *c, int rate_hz, bool exact)
{
    size_t first, last, pause = (size_t)rate_hz * (size_t)c->pause_ms / 1000;
    struct clock_of t = {.exact = exact};
    int16_t *pcm;

    bounds(c, rate_hz, &first, &last);
    pcm = calloc(pause + (last - first) + 1, sizeof *pcm);
    if (!pcm)
        return MYNA_ENOMEM;
    memcpy(pcm + pause, c->pcm + first, (last - first) * sizeof *pcm);
    free(c->pcm);
    c->pcm = pcm;
    c->n = pause + (last - first);
    c->pause_after_ms = pause_after_ms(c);
    t.start = (double)pause / rate_hz;
    t.length = (double)(last - first) / rate_hz;
    t.shift = t.start - (double)first / rate_hz;
    return find_words(c, &t);
}

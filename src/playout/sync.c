/* sync.c - one text, one cursor, and a clock that says how far the cursor may be.
 *
 * `heard` is always a prefix of `text`, byte for byte; give() alone moves the cursor. Two ways of
 * knowing the time of a word:
 *
 *   by rate   each word waits for its syllables at 3.83 a second, half before it is given out and
 *             half after, less what the clock is ahead (agent-session 6.5). Steps are taken at the
 *             times they were due, so a late timer changes nothing.
 *   by words  the voice said when each of its words begins. Its words are matched with the text by
 *             letters alone, since a voice is told filtered text and reports without punctuation; a
 *             word that is not in the text ("five dollars" for "$5") is passed over, and a voice
 *             whose words match nothing is not believed: the rate takes over.
 *
 * Words and syllables are found when text arrives, so that expire() allocates nothing.
 */
#include "playout/sync.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tts/sentences.h"
#include "util/buf.h"

#define SYLLABLES_PER_S 3.83 /* agent-session 6.5 */
#define JITTER          (60 * MYNA_MS)

enum {
    MAX_TEXT = 1 << 20,
    LOOK_AHEAD = 6,   /* words of text that an aligned word may skip */
    MAX_STRANGE = 8,  /* aligned words in a row that are not in the text */
    SURE_LETTERS = 4, /* a word this long is believed without a neighbour */
};

struct span { /* a whole word of the text */
    uint32_t end;
    int syllables;
    myna_us given; /* out, at that playout time */
};

struct timed { /* a word of the voice */
    myna_us start;
    uint32_t at, len; /* its letters */
};

enum rate_phase { NEXT, BEFORE, AFTER };

struct myna_sync {
    struct myna_sync_options opt;
    double rate; /* syllables a second */

    struct myna_buf text;
    char *heard; /* room for all of `text` and '\0' */
    size_t heard_cap, cursor;
    bool text_ended, finished;

    struct span *spans;
    size_t n_spans, cap_spans, next_span;
    size_t n_given;          /* spans that are out */
    size_t scanned, word_at; /* of text; word_at: where the unfinished word begins */
    bool in_word;

    bool started, paused;
    myna_us started_at, paused_at, lost; /* lost: time spent paused */
    myna_us last_t;                      /* playout time of the last step */
    bool put_back;                       /* the clock was, behind words that are out */

    enum rate_phase phase;
    myna_us wake, half; /* playout time of the next step; half of the word's delay */
    double forwarded;   /* syllables */
    bool starved;       /* all words are out; the next begins when it is there */

    struct timed *timed;
    size_t n_timed, cap_timed, next_timed;
    struct myna_buf letters;
    size_t matched; /* of text: behind the last word found */
    int strange;    /* words in a row that were not found */
    bool by_words;
    bool text_short; /* the voice is ahead of the text: look again when there is more */
};

/* ------------------------------------------------------------------ giving out */

static void give(struct myna_sync *sy, size_t upto, myna_us t)
{
    size_t from = sy->cursor, n = upto > from ? upto - from : 0;

    if (n == 0)
        return;
    memcpy(sy->heard + from, sy->text.ptr + from, n);
    sy->heard[upto] = '\0';
    sy->cursor = upto;
    while (sy->n_given < sy->n_spans && sy->spans[sy->n_given].end <= upto)
        sy->spans[sy->n_given++].given = t;
    if (sy->opt.out)
        sy->opt.out(sy->opt.arg, sy->heard + from, t);
}

static myna_us playout_time(const struct myna_sync *sy, myna_us now)
{
    return (sy->paused ? sy->paused_at : now) - sy->started_at - sy->lost;
}

/* ------------------------------------------------------------------ by rate */

static void plan_word(struct myna_sync *sy, myna_us begin)
{
    double h = sy->spans[sy->next_span].syllables;
    double ahead = (double)begin / (double)MYNA_S * sy->rate - sy->forwarded;
    double wait = h - (ahead > 0 ? ahead : 0);

    sy->half = wait > 0 ? (myna_us)(wait / sy->rate / 2 * (double)MYNA_S) : 0;
    sy->wake = begin + sy->half;
    sy->phase = BEFORE;
}

static void step_by_rate(struct myna_sync *sy, myna_us t)
{
    for (;;) {
        if (sy->phase == NEXT) {
            if (sy->next_span == sy->n_spans) {
                sy->starved = true;
                return;
            }
            plan_word(sy, sy->starved && t > sy->wake ? t : sy->wake);
            sy->starved = false;
        }
        if (sy->wake > t)
            return;
        const struct span *s = &sy->spans[sy->next_span];
        if (sy->phase == BEFORE) {
            sy->phase = AFTER;
            myna_us at = sy->wake;
            sy->wake += sy->half;
            give(sy, s->end, at);
        } else {
            sy->forwarded += s->syllables;
            sy->next_span++;
            sy->phase = NEXT;
        }
    }
}

/* The voice's words led nowhere: go on by rate behind what was given out. */
static void turn_to_rate(struct myna_sync *sy, myna_us t)
{
    sy->by_words = false;
    sy->phase = NEXT;
    sy->wake = t;
    sy->forwarded = 0;
    for (sy->next_span = 0; sy->next_span < sy->n_spans; sy->next_span++) {
        if (sy->spans[sy->next_span].end > sy->cursor)
            break;
        sy->forwarded += sy->spans[sy->next_span].syllables;
    }
}

/* ------------------------------------------------------------------ by words */

static bool is_blank(uint8_t b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

/* Length of what is no letter at p (space, punctuation), 0 where a letter is. */
static size_t no_letter(const uint8_t *p, size_t len)
{
    uint8_t b = *p;

    if (b >= 0x80) /* U+2000…203F: typographic quotes, dashes, ellipsis, spaces */
        return len >= 3 && b == 0xe2 && p[1] == 0x80 ? 3 : 0;
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ? 0 : 1;
}

static uint8_t lower(uint8_t b)
{
    return b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
}

enum found { FOUND, ELSEWHERE, TEXT_SHORT };

static enum found match_at(const struct myna_sync *sy, size_t pos, const struct timed *w,
                           size_t *end)
{
    const uint8_t *text = sy->text.ptr, *want = sy->letters.ptr + w->at;

    for (size_t i = 0; i < w->len; pos++, i++) {
        size_t skip;

        while (pos < sy->text.len && (skip = no_letter(text + pos, sy->text.len - pos)))
            pos += skip;
        if (pos >= sy->text.len)
            return TEXT_SHORT;
        if (lower(text[pos]) != want[i])
            return ELSEWHERE;
    }
    *end = pos;
    return FOUND;
}

static size_t next_word_start(const struct myna_sync *sy, size_t pos)
{
    while (pos < sy->text.len && is_blank(sy->text.ptr[pos]))
        pos++;
    while (pos < sy->text.len && !is_blank(sy->text.ptr[pos]))
        pos++;
    return pos;
}

/* Where the text says the voice's next word; a word found only further on needs a witness: its
 * length, or the word after it. */
static enum found look(const struct myna_sync *sy, size_t *end)
{
    const struct timed *w = &sy->timed[sy->next_timed];
    enum found f = match_at(sy, sy->matched, w, end);
    size_t pos = sy->matched, ignored;

    if (f != ELSEWHERE)
        return f;
    for (int i = 0; i < LOOK_AHEAD; i++) {
        pos = next_word_start(sy, pos);
        f = match_at(sy, pos, w, end);
        if (f == TEXT_SHORT)
            break;
        if (f == FOUND && sy->next_timed + 1 < sy->n_timed) {
            if (match_at(sy, *end, w + 1, &ignored) == FOUND)
                return FOUND;
        } else if (f == FOUND && w->len >= SURE_LETTERS) {
            return FOUND;
        }
    }
    return ELSEWHERE;
}

/* With its trailing punctuation, up to white space. False: the text may go on here. */
static bool through_word(const struct myna_sync *sy, size_t *end)
{
    while (*end < sy->text.len && !is_blank(sy->text.ptr[*end]))
        ++*end;
    return *end < sy->text.len || sy->text_ended;
}

/* `last`: the segment is over, no more text is waited for, words that begin at t are not heard. */
static void step_by_words(struct myna_sync *sy, myna_us t, bool last)
{
    while (sy->by_words && sy->next_timed < sy->n_timed) {
        const struct timed *w = &sy->timed[sy->next_timed];
        size_t end = 0;

        if (last ? w->start >= t : w->start > t)
            return;
        enum found f = look(sy, &end);
        if (f == TEXT_SHORT && !sy->text_ended && !last) {
            sy->text_short = true;
            return;
        }
        if (f != FOUND) {
            sy->next_timed++;
            if (++sy->strange == MAX_STRANGE)
                turn_to_rate(sy, t);
            continue;
        }
        size_t word_end = end;
        if (!through_word(sy, &word_end) && !last) {
            sy->text_short = true;
            return;
        }
        sy->next_timed++;
        sy->strange = 0;
        sy->matched = end; /* "well" of "well-known" leaves "known" to be found */
        give(sy, word_end, w->start > 0 ? w->start : 0);
    }
}

static void step(struct myna_sync *sy, myna_us t, bool last)
{
    if (t < sy->last_t && !last)
        t = sy->last_t;
    sy->last_t = t;
    if (sy->by_words)
        step_by_words(sy, t, last);
    if (!sy->by_words)
        step_by_rate(sy, t);
}

/* ------------------------------------------------------------------ text */

static void count_word(void *arg, size_t start, size_t end, struct myna_view bare)
{
    (void)start, (void)end;
    *(int *)arg += myna_syllables(bare);
}

static void add_span(struct myna_sync *sy, size_t end)
{
    struct span s = {.end = (uint32_t)end};

    assert(sy->n_spans < sy->cap_spans);
    myna_words_each((struct myna_view){sy->text.ptr + sy->word_at, end - sy->word_at}, count_word,
                    &s.syllables);
    sy->spans[sy->n_spans++] = s;
    sy->in_word = false;
}

static void scan(struct myna_sync *sy)
{
    for (; sy->scanned < sy->text.len; sy->scanned++) {
        bool blank = is_blank(sy->text.ptr[sy->scanned]);

        if (sy->in_word && blank) {
            add_span(sy, sy->scanned);
        } else if (!sy->in_word && !blank) {
            sy->in_word = true;
            sy->word_at = sy->scanned;
        }
    }
}

static enum myna_err reserve(void **items, size_t *cap, size_t want, size_t size)
{
    size_t more = *cap ? *cap : 64;

    while (more < want)
        more *= 2;
    if (more == *cap)
        return MYNA_OK;
    void *p = realloc(*items, more * size);
    if (!p)
        return MYNA_ENOMEM;
    *items = p;
    *cap = more;
    return MYNA_OK;
}

enum myna_err myna_sync_text(struct myna_sync *sy, struct myna_view text)
{
    size_t len = sy->text.len + text.len;
    void *heard = sy->heard, *spans = sy->spans;
    enum myna_err err;

    if (sy->finished || sy->text_ended || text.len == 0)
        return MYNA_OK;
    if (len > MAX_TEXT)
        return MYNA_ELIMIT;
    err = reserve(&heard, &sy->heard_cap, len + 1, 1);
    sy->heard = heard;
    if (err)
        return err;
    /* at most every second byte ends a word; one more for the text's end */
    err = reserve(&spans, &sy->cap_spans, sy->n_spans + text.len / 2 + 2, sizeof *sy->spans);
    sy->spans = spans;
    if (err)
        return err;
    err = myna_buf_put(&sy->text, text.ptr, text.len);
    if (err) {
        sy->text.err = MYNA_OK; /* this piece is missing; the next may find memory */
        return err;
    }
    sy->heard[sy->cursor] = '\0';
    sy->text_short = false;
    scan(sy);
    return MYNA_OK;
}

void myna_sync_text_end(struct myna_sync *sy)
{
    if (sy->finished || sy->text_ended)
        return;
    sy->text_ended = true;
    sy->text_short = false;
    if (sy->in_word)
        add_span(sy, sy->text.len);
}

void myna_sync_drop(struct myna_sync *sy, size_t letters)
{
    size_t len = sy->text.len;

    if (sy->finished)
        return;
    while (len > sy->cursor && (letters > 0 || is_blank(sy->text.ptr[len - 1])))
        letters -= !is_blank(sy->text.ptr[--len]);
    sy->text.len = sy->scanned = len;
    sy->in_word = false;
    while (sy->n_spans > 0 && sy->spans[sy->n_spans - 1].end > len)
        sy->n_spans--;
    if (sy->next_span < sy->n_spans)
        return;
    if (sy->next_span > sy->n_spans || sy->phase == BEFORE)
        sy->phase = NEXT; /* its word is gone */
    sy->next_span = sy->n_spans;
    sy->starved = sy->phase == NEXT;
}

enum myna_err myna_sync_words(struct myna_sync *sy, const struct myna_word *words, size_t n)
{
    if (sy->finished)
        return MYNA_OK;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = (const uint8_t *)words[i].text;
        size_t len = p ? strlen(words[i].text) : 0, skip;
        struct timed w = {.start = words[i].start, .at = (uint32_t)sy->letters.len};
        void *timed = sy->timed;
        enum myna_err err = reserve(&timed, &sy->cap_timed, sy->n_timed + 1, sizeof *sy->timed);

        sy->timed = timed;
        for (size_t k = 0; k < len && !err; k += skip ? skip : 1) {
            skip = no_letter(p + k, len - k);
            if (!skip)
                err = myna_buf_putc(&sy->letters, (char)lower(p[k]));
        }
        if (err) {
            sy->letters.err = MYNA_OK;
            return err;
        }
        w.len = (uint32_t)sy->letters.len - w.at;
        if (w.len == 0)
            continue;
        sy->timed[sy->n_timed++] = w;
        if (sy->strange < MAX_STRANGE)
            sy->by_words = true;
    }
    return MYNA_OK;
}

/* ------------------------------------------------------------------ life and clock */

struct myna_sync *myna_sync_create(const struct myna_sync_options *opt)
{
    struct myna_sync *sy = calloc(1, sizeof *sy);

    if (!sy)
        return NULL;
    sy->opt = *opt;
    sy->rate = SYLLABLES_PER_S * (opt->speed > 0 ? opt->speed : 1.0);
    myna_buf_init(&sy->text, MAX_TEXT);
    myna_buf_init(&sy->letters, MAX_TEXT);
    return sy;
}

void myna_sync_destroy(struct myna_sync *sy)
{
    if (!sy)
        return;
    myna_buf_fini(&sy->text);
    myna_buf_fini(&sy->letters);
    free(sy->heard);
    free(sy->spans);
    free(sy->timed);
    free(sy);
}

void myna_sync_start(struct myna_sync *sy, myna_us now)
{
    if (sy->started)
        return;
    sy->started = true;
    sy->started_at = now;
    if (sy->paused)
        sy->paused_at = now;
}

void myna_sync_pause(struct myna_sync *sy, myna_us now)
{
    if (sy->paused)
        return;
    sy->paused = true;
    sy->paused_at = now;
}

void myna_sync_resume(struct myna_sync *sy, myna_us now)
{
    if (!sy->paused)
        return;
    sy->paused = false;
    if (sy->started)
        sy->lost += now - sy->paused_at;
}

void myna_sync_at(struct myna_sync *sy, myna_us when, myna_us t)
{
    myna_us late = when - sy->started_at - sy->lost - t;

    sy->paused = false;
    if (!sy->started || sy->finished)
        return;
    if (late > -JITTER && late < JITTER)
        return;
    sy->lost += late;
    sy->put_back |= t < sy->last_t;
}

myna_us myna_sync_deadline(const struct myna_sync *sy)
{
    myna_us t = MYNA_NEVER;

    if (!sy->started || sy->paused || sy->finished)
        return MYNA_NEVER;
    if (sy->by_words) {
        if (!sy->text_short && sy->next_timed < sy->n_timed)
            t = sy->timed[sy->next_timed].start;
    } else if (sy->phase != NEXT) {
        t = sy->wake;
    } else if (!sy->starved || sy->next_span < sy->n_spans) {
        t = sy->last_t;
    }
    if (t == MYNA_NEVER)
        return t;
    return sy->started_at + sy->lost + (t > sy->last_t ? t : sy->last_t);
}

void myna_sync_expire(struct myna_sync *sy, myna_us now)
{
    if (sy->started && !sy->finished)
        step(sy, playout_time(sy, now), false);
}

/* Words are out that are to be heard again, and are not. */
static void take_back(struct myna_sync *sy, myna_us heard)
{
    size_t n = sy->n_given;

    while (n > 0 &&
           (sy->by_words ? sy->spans[n - 1].given >= heard : sy->spans[n - 1].given > heard))
        n--;
    if (n == sy->n_given)
        return;
    sy->cursor = n ? sy->spans[n - 1].end : 0;
    sy->heard[sy->cursor] = '\0';
}

void myna_sync_finish(struct myna_sync *sy, myna_us now, bool interrupted, myna_us heard)
{
    myna_us t = sy->started ? playout_time(sy, now) : 0;

    if (sy->finished)
        return;
    if (!interrupted) {
        if (sy->started)
            step(sy, t, false);
        give(sy, sy->text.len, t);
    } else if (sy->started) {
        /* By words `heard` is exact; by rate the clock may not have run past it. */
        step(sy, sy->by_words || heard < t ? heard : t, true);
        if (sy->put_back)
            take_back(sy, heard);
    }
    sy->finished = true;
}

const char *myna_sync_heard(const struct myna_sync *sy)
{
    return sy->cursor ? sy->heard : "";
}

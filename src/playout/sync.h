/* sync.h - which words have been heard? The synchroniser of agent-session 6.5.
 *
 * Gets the text of a segment as the agent writes it and the clock of its playout; gives the text
 * out word by word at the pace of speech: by the voice's word times where there are any, else
 * by 3.83 syllables a second. What it has given out when a segment is cut is the transcript of what
 * was heard.
 *
 * One per segment. No I/O, no threads. Told through `out` from inside expire(), finish().
 */
#ifndef MYNA_PLAYOUT_SYNC_H
#define MYNA_PLAYOUT_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/frame.h>
#include <myna/provider.h>

struct myna_sync;

struct myna_sync_options {
    double speed; /* 0: 1.0 */
    /* Next piece of text that became audible (word with trailing punctuation and space before it).
     */
    void (*out)(void *arg, const char *text, myna_us end_time);
    void *arg;
};

struct myna_sync *myna_sync_create(const struct myna_sync_options *opt);
void myna_sync_destroy(struct myna_sync *sy); /* NULL is fine */

/* MYNA_ENOMEM; MYNA_ELIMIT past 1 MiB of text. */
enum myna_err myna_sync_text(struct myna_sync *sy, struct myna_view text);
void myna_sync_text_end(struct myna_sync *sy);
/* The last `letters` bytes that are not white space will not be spoken after all, nor will the
 * space before them; what was given out stays. */
void myna_sync_drop(struct myna_sync *sy, size_t letters);
/* Times from the segment's first sample. */
enum myna_err myna_sync_words(struct myna_sync *sy, const struct myna_word *words, size_t n);
void myna_sync_start(struct myna_sync *sy, myna_us now); /* the first sample is heard */
void myna_sync_pause(struct myna_sync *sy, myna_us now);
void myna_sync_resume(struct myna_sync *sy, myna_us now);
/* What lies `t` in the segment is heard at `when`: the clock goes by that, and no longer stands
 * still. Words that were given out before it was put back do not come twice, and are heard only
 * when their time has come once more. A difference of up to 60 ms is jitter. */
void myna_sync_at(struct myna_sync *sy, myna_us when, myna_us t);

myna_us myna_sync_deadline(const struct myna_sync *sy);
void myna_sync_expire(struct myna_sync *sy, myna_us now);

/* The segment is over. Not interrupted: the rest is given out at once. Interrupted after `heard` of
 * sound: words that begin after it are not. */
void myna_sync_finish(struct myna_sync *sy, myna_us now, bool interrupted, myna_us heard);
/* All that was given out so far; '\0'-terminated, borrowed until the next call. */
const char *myna_sync_heard(const struct myna_sync *sy);

/* 6.5's annotation integral, for its own tests: n points (time s, rate chars/s). */
struct myna_sync_rates;
struct myna_sync_rates *myna_sync_rates_create(void);
void myna_sync_rates_destroy(struct myna_sync_rates *r);
enum myna_err myna_sync_rates_add(struct myna_sync_rates *r, double t, double rate);
double myna_sync_rates_accumulate(const struct myna_sync_rates *r, double t);

#endif

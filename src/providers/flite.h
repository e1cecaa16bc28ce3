/* flite.h - Flite's English, opened at run time: text to phones for the neural voice, and its own
 * voice slt for machines without models.
 *
 * Flite normalises ("$5.50" to "five dollars fifty cents"), looks words up and guesses the rest. It
 * keeps tables of its own and is not made for threads: all calls of a process take turns, by one
 * lock (a sentence's phones take under a millisecond; slt holds it for its synthesis).
 *
 * Thread: blocks; call it on a worker.
 */
#ifndef MYNA_PROVIDERS_FLITE_H
#define MYNA_PROVIDERS_FLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_flite;

struct myna_phone {
    char name[8];    /* of the CMU set, "ah"; "pau": a pause */
    bool stressed;   /* its syllable is */
    bool begins;     /* first phone of a spoken word */
    bool clitic;     /* …that leans on the one before: 's */
    char punc;       /* last phone of a written word with punctuation behind it: its first sign */
    uint32_t offset; /* of the written word in the text, in bytes */
    uint32_t len;    /* …with its punctuation; 0: belongs to none */
    float end_s;     /* speak() only: seconds from the first sample */
};

/* voice: also slt, for speak(). MYNA_EUNAVAIL: Flite is not installed; the sentence says how. */
enum myna_err myna_flite_open(bool voice, struct myna_flite **out, struct myna_why *why);
void myna_flite_close(struct myna_flite *fl); /* NULL is fine */

/* Phones of a text, '\0'-terminated ASCII (myna_flite_fold). Caller frees. */
enum myna_err myna_flite_phones(struct myna_flite *fl, const char *text, struct myna_phone **phones,
                                size_t *n_phones);
/* The text in slt's voice at 16 kHz, with its phones. Caller frees both. */
enum myna_err myna_flite_speak(struct myna_flite *fl, const char *text, float speed, int16_t **pcm,
                               size_t *n, struct myna_phone **phones, size_t *n_phones);

/* UTF-8 to the ASCII that Flite reads: typographic signs and accents lose their curls, what has no
 * sound in it is left out. In place; never longer. */
void myna_flite_fold(char *text);

#endif

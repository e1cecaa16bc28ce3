/* phonemes.h - Flite's phones as the IPA symbols that Piper's English voices know. Pure. */
#ifndef MYNA_PROVIDERS_PHONEMES_H
#define MYNA_PROVIDERS_PHONEMES_H

#include "providers/flite.h"

/* Writes at most `max` code points, returns how many: stress before stressed vowels, a space
 * between words, signs at pauses, and `end` (a sign, or 0) last. */
size_t myna_phonemes(const struct myna_phone *phones, size_t n, char end, int32_t *into,
                     size_t max);
/* The sign that a clause of phones [0, spoken) of n ends with: its punctuation, a comma where it
 * was cut, a full stop where nothing is written. */
char myna_phones_sign(const struct myna_phone *phones, size_t spoken, size_t n);
/* How long a phone lasts beside the others, roughly: for times of words inside a clause. */
double myna_phone_weight(const struct myna_phone *phone);
/* Where a clause may be cut so that its first part has at most `most` phones: before a word, best
 * before one that begins a phrase ("and", "with", "that"). n: nowhere. text: the phones' own. */
size_t myna_phones_cut(const struct myna_phone *phones, size_t n, size_t most, const char *text);

#endif

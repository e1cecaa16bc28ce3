/* sorry.h - the sentence for when a provider fails, recorded beforehand: speaking it needs nothing.
 */
#ifndef MYNA_SESSION_SORRY_H
#define MYNA_SESSION_SORRY_H

#include <stddef.h>
#include <stdint.h>

#define MYNA_SORRY_TEXT "I'm sorry, something went wrong on my side. Please try again."

/* 24 kHz mono; n samples; lives as long as the program. */
const int16_t *myna_sorry_pcm(size_t *n);

#endif

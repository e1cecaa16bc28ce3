/* card.h - the sound card below the terminal door: microphone and loudspeaker as one stream of
 * mono 16 bit at the card's own rate.
 *
 * open() looks for the devices and starts nothing; start() begins the calls of `process`, on a
 * thread of the sound library: no lock, no allocation, no log there. After close() none comes.
 */
#ifndef MYNA_TRANSPORT_CARD_H
#define MYNA_TRANSPORT_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_card;

struct myna_card_options {
    const char *input, *output; /* number or part of a name; NULL or "": the system's default */
    /* The card's thread: n samples were recorded, n are wanted. */
    void (*process)(void *arg, const int16_t *in, int16_t *out, size_t n);
    void *arg;
};

/* MYNA_EUNAVAIL: there is no sound card (or no support for one in this build). MYNA_ENOENT: no
 * device of that name; the sentence lists those that are there. MYNA_EIO: busy or refused. */
MYNA_MUST enum myna_err myna_card_open(const struct myna_card_options *opt, struct myna_card **out,
                                       struct myna_why *why);
MYNA_MUST enum myna_err myna_card_start(struct myna_card *card, struct myna_why *why);
void myna_card_close(struct myna_card *card); /* NULL is fine */

uint32_t myna_card_rate_hz(const struct myna_card *card);
myna_us myna_card_input_latency(const struct myna_card *card);
myna_us myna_card_output_latency(const struct myna_card *card);
bool myna_card_running(const struct myna_card *card); /* false: the device is gone */

#endif

/* energy.h - a score that sounds like the probability of speech, from loudness alone: for machines
 * without the network's weights.
 *
 * The quietest that was heard lately is the noise of the place; what stands 10 dB above it is taken
 * for speech. Steady noise becomes the floor within seconds; a door that slams is still "speech".
 *
 * Pure; storage is the caller's.
 */
#ifndef MYNA_TURN_ENERGY_H
#define MYNA_TURN_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

struct myna_energy {
    float floor_db; /* of the place's noise */
    bool begun;
};

void myna_energy_reset(struct myna_energy *e);
float myna_energy_run(struct myna_energy *e, const int16_t window[512]); /* 16 kHz; 0 … 1 */

#endif

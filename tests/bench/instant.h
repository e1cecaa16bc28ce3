/* instant.h - a VAD and a door of bare frames, to measure what the session itself costs.
 *
 * Everybody speaks for 2 s of every 8, each session at its own phase. The recogniser, the agent and
 * the voice are the program's own `instant` providers: they answer in the same loop turn, and the
 * voice has 2 s of sound ready at once.
 */
#ifndef TESTS_INSTANT_H
#define TESTS_INSTANT_H

#include <myna/myna.h>

extern const struct myna_vad_class instant_vad;
extern const struct myna_transport_class instant_door;

enum { INSTANT_MAX = 1024 };

/* What all doors and sessions of the process measured; one runtime, one thread. */
struct instant_figures {
    double *late_ms; /* of each tick */
    size_t n_late, cap_late;
    double *overhead_ms; /* from the moment the answer was due to its first sample at the door */
    size_t n_overhead, cap_overhead;
    uint64_t frames_in, frames_out, turns;
    int64_t end_delay_ns;        /* configured endpointing delay */
    int64_t due_ns[INSTANT_MAX]; /* of session n's answer; 0: none */
    size_t session;              /* number of the one being made */
    bool talking;                /* false: everybody is silent */
};
extern struct instant_figures instant;

#endif

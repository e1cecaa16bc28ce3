/* resample.h - one mono stream from any rate between 8 and 48 kHz to any other, in time with
 * itself.
 *
 * The filter's own delay is taken out: output sample k is the sound at input time k/out_hz. What
 * the filter still holds back comes out of finish(), so that n samples in give exactly
 * ceil(n * out_hz / in_hz) out. Equal rates are copied.
 *
 * One owner; no allocation after create, so it may run in the media tick.
 */
#ifndef MYNA_AUDIO_RESAMPLE_H
#define MYNA_AUDIO_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define MYNA_RATE_MIN_HZ 8000
#define MYNA_RATE_MAX_HZ 48000

struct myna_resample;

/* NULL: memory is short, or a rate is outside MYNA_RATE_MIN_HZ … MYNA_RATE_MAX_HZ. */
struct myna_resample *myna_resample_create(uint32_t in_hz, uint32_t out_hz);
void myna_resample_destroy(struct myna_resample *rs); /* NULL is fine */

/* Most samples that run() can give for n in. */
size_t myna_resample_bound(const struct myna_resample *rs, size_t n);
/* Takes all n samples; `out` must have room for bound(n). Returns the number written. */
size_t myna_resample_run(struct myna_resample *rs, const int16_t *in, size_t n, int16_t *out);
/* End of the stream: writes up to `max` of the rest, returns how many; call until it returns 0. */
size_t myna_resample_finish(struct myna_resample *rs, int16_t *out, size_t max);
/* Starts a new stream. */
void myna_resample_reset(struct myna_resample *rs);
/* Input samples that went in and have not come out yet, at most. */
size_t myna_resample_held(const struct myna_resample *rs);

#endif

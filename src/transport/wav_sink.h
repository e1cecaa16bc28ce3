/* wav_sink.h - a WAV that is written beside the call: the tick fills blocks of memory, a worker
 * carries them to the file.
 *
 * A disk may stall for some seconds; then the sink fails, as it does when the disk is full. What
 * was written until then stays readable.
 *
 * Thread: the loop's. write() neither allocates nor waits.
 */
#ifndef MYNA_TRANSPORT_WAV_SINK_H
#define MYNA_TRANSPORT_WAV_SINK_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/host.h>

struct myna_wav_sink;

/* Told once, from a callback of the loop: the file is closed after finish(), or has failed. `why`
 * is NULL when all went well. The sink may be destroyed here. */
typedef void (*myna_wav_sink_over)(void *arg, const struct myna_why *why);

/* Makes or replaces the file: 24 kHz mono. */
MYNA_MUST enum myna_err myna_wav_sink_open(struct myna_host *host, const char *path,
                                           myna_wav_sink_over over, void *arg,
                                           struct myna_wav_sink **out, struct myna_why *why);
/* After a failure it does nothing. */
void myna_wav_sink_write(struct myna_wav_sink *sink, const int16_t *pcm, size_t n);
void myna_wav_sink_finish(struct myna_wav_sink *sink);
/* Not finished: what it was given is written first, without a word. NULL is fine. */
void myna_wav_sink_destroy(struct myna_wav_sink *sink);

#endif

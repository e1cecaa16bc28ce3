/* wav.h - sound files: any WAV in, a WAV that survives a killed program out.
 *
 * Reader: 8 to 48 kHz, one or two channels (mixed to mono), 16/24/32-bit, float, A-law or µ-law.
 * Writer: mono 16 bit; the header is right after every flush, so what was flushed can be played
 * even when the process dies.
 *
 * Blocking file calls; one owner. Reading and writing allocate nothing.
 */
#ifndef MYNA_AUDIO_WAV_H
#define MYNA_AUDIO_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_wav_reader;

/* MYNA_ENOENT, MYNA_EIO, MYNA_EFORMAT (not a WAV, empty, too many channels, rate out of range). */
MYNA_MUST enum myna_err myna_wav_open(const char *path, struct myna_wav_reader **out,
                                      struct myna_why *why);
/* The same from memory (borrowed until close); `name` stands in messages. */
MYNA_MUST enum myna_err myna_wav_open_bytes(const char *name, const void *ptr, size_t len,
                                            struct myna_wav_reader **out, struct myna_why *why);
void myna_wav_close(struct myna_wav_reader *r); /* NULL is fine */

uint32_t myna_wav_rate_hz(const struct myna_wav_reader *r);
int myna_wav_channels(const struct myna_wav_reader *r);    /* of the file; read() gives mono */
uint64_t myna_wav_length(const struct myna_wav_reader *r); /* samples per channel, as claimed */

/* A sentence into `text` when the file ends before its header says (a copy that broke off): what is
 * there is read all the same. */
bool myna_wav_short(const struct myna_wav_reader *r, char *text, size_t size);

/* Up to `max` mono samples at the file's rate; *n is 0 only at the end. */
MYNA_MUST enum myna_err myna_wav_read(struct myna_wav_reader *r, int16_t *mono, size_t max,
                                      size_t *n, struct myna_why *why);

/* The header of a mono 16-bit WAV with `len` bytes of samples (UINT32_MAX: not known yet). */
enum { MYNA_WAV_HEADER = 44 };
void myna_wav_header(uint8_t into[MYNA_WAV_HEADER], uint32_t rate_hz, uint32_t len);

struct myna_wav_writer;

/* Makes or replaces the file. */
MYNA_MUST enum myna_err myna_wav_create(const char *path, uint32_t rate_hz,
                                        struct myna_wav_writer **out, struct myna_why *why);
/* Buffers; writes to the file about four times a second of sound. After a failure every later call
 * fails the same way; what was flushed stays readable. MYNA_ENOSPC: the disk is full. */
MYNA_MUST enum myna_err myna_wav_write(struct myna_wav_writer *w, const int16_t *mono, size_t n,
                                       struct myna_why *why);
MYNA_MUST enum myna_err myna_wav_flush(struct myna_wav_writer *w, struct myna_why *why);
/* Flushes, closes and frees, also when it fails. NULL is fine. */
MYNA_MUST enum myna_err myna_wav_finish(struct myna_wav_writer *w, struct myna_why *why);

#endif

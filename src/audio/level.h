/* level.h - how loud is it? In dBFS: 0 is a full-scale square wave, a full-scale sine is -3.
 *
 * Pure; any thread.
 */
#ifndef MYNA_AUDIO_LEVEL_H
#define MYNA_AUDIO_LEVEL_H

#include <stddef.h>
#include <stdint.h>

#define MYNA_LEVEL_SILENT_DB (-96.0f) /* digital silence, and everything below one step */

float myna_level_rms(const int16_t *pcm, size_t n);  /* dBFS */
float myna_level_peak(const int16_t *pcm, size_t n); /* dBFS */

#endif

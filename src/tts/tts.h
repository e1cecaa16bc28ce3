/* tts.h - one stretch of speech (segment) as the session holds it.
 *
 * Stands between session and voice: cuts the text into sentences for voices that do not stream text
 * (agent-session 8.4, 8.7), resamples the voice's rate to 24 kHz, numbers and taps the stream, and
 * keeps what playout had no room for (at most one resampler block).
 *
 * Owned by the session, loop thread. pump() may be part of a media tick.
 */
#ifndef MYNA_TTS_TTS_H
#define MYNA_TTS_TTS_H

#include <myna/provider.h>

#include "util/tap.h"

struct myna_tts_port;

struct myna_tts_port_options {
    struct myna_tts *tts;
    struct myna_tts_open how;
    struct myna_tap *tap;
    uint32_t id;
    /* Sound at 24 kHz, from within myna_tts_port_pump(): returns how many samples were taken. */
    size_t (*audio)(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n);
    void (*ready)(void *arg, struct myna_tts_port *port); /* sound waits: pump soon */
    void (*event)(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev);
    void *arg;
};

enum myna_err myna_tts_port_open(const struct myna_tts_port_options *opt,
                                 struct myna_tts_port **out);
void myna_tts_port_close(struct myna_tts_port *port); /* NULL is fine; cancels */
enum myna_err myna_tts_port_text(struct myna_tts_port *port, struct myna_view text); /* increment */
void myna_tts_port_end(struct myna_tts_port *port);
/* The same, but the unfinished sentence is not spoken: returns how many of its bytes were no white
 * space. A voice that takes increments has them already: 0. */
size_t myna_tts_port_end_short(struct myna_tts_port *port);
void myna_tts_port_pump(struct myna_tts_port *port, size_t room); /* samples at 24 kHz */
/* When the voice got its first words (a voice of whole sentences waits for one); MYNA_NEVER. */
myna_us myna_tts_port_first_text(const struct myna_tts_port *port);
uint32_t myna_tts_port_id(const struct myna_tts_port *port);

struct myna_buf;
enum myna_err myna_tts_event_pack(struct myna_buf *into, const struct myna_tts_event *ev);
enum myna_err myna_tts_event_unpack(struct myna_view from, struct myna_tts_event *ev,
                                    struct myna_word *words, size_t max_words);

#endif

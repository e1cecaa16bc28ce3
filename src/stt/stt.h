/* stt.h - one open speech-to-text stream as the session holds it.
 *
 * Stands between session and provider: numbers the stream, tells the tap, and for batch recognisers
 * (MYNA_STT_WANTS_SPEECH) keeps 550 ms of pre-roll and passes on only what the VAD marked
 * (agent-session 8.2, stream adapter).
 *
 * Owned by the session, loop thread. push() is part of the media tick: no allocation.
 */
#ifndef MYNA_STT_STT_H
#define MYNA_STT_STT_H

#include <myna/provider.h>

#include "util/tap.h"

struct myna_stt_port;

struct myna_stt_port_options {
    struct myna_stt *stt;
    struct myna_stt_open how;
    struct myna_tap *tap; /* NULL is fine */
    uint32_t id;          /* number for the tap */
    int preroll_ms;       /* 0: 550 */
    void (*event)(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev);
    void *arg;
};

enum myna_err myna_stt_port_open(const struct myna_stt_port_options *opt,
                                 struct myna_stt_port **out);
void myna_stt_port_close(struct myna_stt_port *port); /* NULL is fine; nothing is emitted after */
void myna_stt_port_push(struct myna_stt_port *port, const struct myna_frame *f);
void myna_stt_port_mark(struct myna_stt_port *port, enum myna_stt_mark mark, myna_us at);
uint32_t myna_stt_port_id(const struct myna_stt_port *port);

/* Flat bytes for the tap. unpack: strings and words point into `from` and into `words` (room for
 * max_words); MYNA_EFORMAT when the bytes are not whole. */
struct myna_buf;
enum myna_err myna_stt_event_pack(struct myna_buf *into, const struct myna_stt_event *ev);
enum myna_err myna_stt_event_unpack(struct myna_view from, struct myna_stt_event *ev,
                                    struct myna_word *words, size_t max_words);

#endif

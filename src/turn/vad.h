/* vad.h - one open voice activity detector as the session holds it: numbered and tapped.
 *
 * Owned by the session, loop thread; push() is the media tick and may call `event` from inside.
 */
#ifndef MYNA_TURN_VAD_H
#define MYNA_TURN_VAD_H

#include <myna/provider.h>

#include "util/tap.h"

struct myna_vad_port;

struct myna_vad_port_options {
    struct myna_vad *vad;
    struct myna_tap *tap;
    uint32_t id;
    void (*event)(void *arg, struct myna_vad_port *port, const struct myna_vad_event *ev);
    void *arg;
};

enum myna_err myna_vad_port_open(const struct myna_vad_port_options *opt,
                                 struct myna_vad_port **out);
void myna_vad_port_close(struct myna_vad_port *port); /* NULL is fine */
void myna_vad_port_push(struct myna_vad_port *port, const struct myna_frame *f);
void myna_vad_port_flush(struct myna_vad_port *port);

struct myna_buf;
/* No allocation: an inference is told 31 times a second. */
#define MYNA_VAD_PACKED_MAX 512
size_t myna_vad_event_pack(uint8_t into[MYNA_VAD_PACKED_MAX], const struct myna_vad_event *ev);
enum myna_err myna_vad_event_unpack(struct myna_view from, struct myna_vad_event *ev);

#endif

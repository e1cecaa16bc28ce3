/* vad_local.h - what the built-in VADs share: one object for both engines, the network and
 * loudness.
 *
 * silero.create() makes an object with the other engine when its weights are not usable, so the
 * functions of both classes are the same and the object tells which engine it has.
 */
#ifndef MYNA_PROVIDERS_VAD_LOCAL_H
#define MYNA_PROVIDERS_VAD_LOCAL_H

#include <myna/provider.h>

#include "turn/silero.h"

struct myna_vad_local_options {
    int min_speech_ms, min_silence_ms, prefix_padding_ms, max_buffered_speech_ms;
    double activation_threshold, deactivation_threshold;
    const char *weights; /* silero alone */
};

/* Rows of an options table, for both classes. */
#define MYNA_VAD_LOCAL_AT(type_, field)                                                            \
    .name = #field, .type = type_, .offset = offsetof(struct myna_vad_local_options, field)
#define MYNA_VAD_LOCAL_ROWS                                                                        \
    {MYNA_VAD_LOCAL_AT(MYNA_OPT_MS, min_speech_ms), .def = "50", .min = 0, .max = 10000,           \
     .help = "speech shorter than this is not taken for any"},                                     \
        {MYNA_VAD_LOCAL_AT(MYNA_OPT_MS, min_silence_ms), .def = "250", .min = 0, .max = 10000,     \
         .help = "silence that ends a stretch of speech"},                                         \
        {MYNA_VAD_LOCAL_AT(MYNA_OPT_MS, prefix_padding_ms), .def = "500", .min = 0, .max = 10000,  \
         .help = "sound kept from before speech began"},                                           \
        {MYNA_VAD_LOCAL_AT(MYNA_OPT_MS, max_buffered_speech_ms), .def = "60000", .min = 0,         \
         .max = 600000, .help = "most sound kept of one stretch of speech"},                       \
        {MYNA_VAD_LOCAL_AT(MYNA_OPT_DOUBLE, activation_threshold), .def = "0.5", .min = 0.01,      \
         .max = 1, .help = "probability from which a window is speech"},                           \
    {                                                                                              \
        MYNA_VAD_LOCAL_AT(MYNA_OPT_DOUBLE, deactivation_threshold),                                \
            .def = "0", .min = 0, .max = 1,                                                        \
            .help = "probability below which speech stops; 0: activation - 0.15, at least 0.01"    \
    }

/* weights: taken; NULL: loudness. */
MYNA_MUST enum myna_err
myna_vad_local_create(struct myna_vad **out, const struct myna_vad_class *cls,
                      struct myna_host *host, const struct myna_vad_local_options *opt,
                      struct myna_silero_weights *weights, struct myna_why *why);
void myna_vad_local_destroy(struct myna_vad *vad);
enum myna_err myna_vad_local_open(struct myna_vad *vad, struct myna_vad_stream **out);
void myna_vad_local_push(struct myna_vad_stream *st, const struct myna_frame *f);
void myna_vad_local_flush(struct myna_vad_stream *st);
void myna_vad_local_close(struct myna_vad_stream *st);
myna_us myna_vad_local_min_silence(const struct myna_vad *vad);

extern const struct myna_vad_class myna_vad_silero, myna_vad_energy;

#endif

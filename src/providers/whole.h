/* whole.h - the streams of a recogniser in this process that wants whole utterances.
 *
 * stt_moonshine.c and stt_sherpa.c make the recogniser; these are the functions of its class.
 */
#ifndef MYNA_PROVIDERS_WHOLE_H
#define MYNA_PROVIDERS_WHOLE_H

#include "providers/local_stt.h"
#include "providers/sherpa.h"

struct myna_whole { /* first in the recogniser; stt.loaded and stt.warm are ours, see below */
    struct myna_local_stt stt;
    struct myna_sherpa_stt *rec; /* made by stt.load() */
    int interim_ms, max_utterance_ms;
    char language[16]; /* of the transcripts; "" unknown */
};

void myna_whole_loaded(struct myna_local_stream *st);
void myna_whole_warm(struct myna_local_stt *stt); /* a second of quiet */

enum myna_err myna_whole_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out);
void myna_whole_push(struct myna_stt_stream *base, const struct myna_frame *f);
void myna_whole_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at);
void myna_whole_close(struct myna_stt_stream *base);

#endif

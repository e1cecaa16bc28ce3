/* stt_openai.h - a recogniser behind /audio/transcriptions from the inside: an utterance on its way
 * and the stream that it belongs to.
 *
 * A batch recogniser: the VAD cuts the utterance (with its pre-roll), which is uploaded as a 16 kHz
 * WAV when speech has ended; the connection is opened while the person still speaks. With `ahead`
 * the utterance is sent at the first quiet already, which saves the half second that the VAD needs
 * to be sure; if the person goes on, that request is cancelled and was in vain. Where the server
 * streams its transcript, the pieces are interims.
 *
 * What can succeed later is tried again here, by the session's own rule, since only here the sound
 * still is. After that the utterance is lost and the stream over: a fault.
 *
 * Utterances are uploaded at once and told in their order. A stream holds at most eight.
 *
 * stt_openai_upload.c sends an utterance, takes its transcript and tells it; stt_openai.c has the
 * stream and the classes. Loop thread.
 */
#ifndef MYNA_PROVIDERS_STT_OPENAI_H
#define MYNA_PROVIDERS_STT_OPENAI_H

#include "providers/openai_audio.h"
#include "providers/utterance.h"
#include "util/multipart.h"

enum openai_text_format { FORMAT_AUTO, FORMAT_JSON, FORMAT_VERBOSE, FORMAT_TEXT };
enum openai_streaming { STREAM_AUTO, STREAM_YES, STREAM_NO };

struct openai_ears_options {
    struct myna_openai_audio_conf at; /* first */
    const char *language, *prompt;
    double temperature;
    int response_format, stream;
    bool ahead;
    int max_utterance_ms;
};

struct openai_ears {
    struct myna_stt base;
    struct openai_ears_options opt;
    struct myna_openai_audio api;
    bool has_temperature;
    bool no_stream; /* the server refused `stream` */
    uint32_t requests;
};

struct openai_upload { /* an utterance on its way */
    struct openai_hearing *st;
    struct openai_upload *next;
    struct myna_buf body;
    char type[MYNA_MULTIPART_TYPE];
    struct myna_http_request *rq;
    struct myna_transcript answer;
    bool has_answer, streamed, final, finished;
    int tries;
    size_t n;
    myna_us start, end, since;
};

struct openai_hearing {
    struct myna_stt_stream base;
    struct openai_ears *o;
    char language[16];
    struct myna_utterance u;
    bool speaking, paused, over;
    size_t pause_n;                       /* samples when the VAD heard quiet */
    struct openai_upload *finals, **last; /* in order; told from the front */
    size_t n_finals;
    struct openai_upload *guess; /* the utterance up to pause_n */
    struct myna_timer look;      /* is the utterance too long? */
    struct myna_timer deliver;   /* what was found out inside a mark */
    struct myna_openai_trouble late;
};

/* Names of the forms in their order; NULL ends the row. */
extern const char *const myna_openai_text_formats[];

/* The first n samples of the utterance go up. NULL: st->late says why not. */
struct openai_upload *myna_openai_upload_start(struct openai_hearing *st, size_t n);
void myna_openai_upload_free(struct openai_upload *j); /* its request ends too; NULL is fine */

/* Tells what is finished at the front. */
void myna_openai_hearing_deliver(struct openai_hearing *st);
/* The stream is over. */
void myna_openai_hearing_fault(struct openai_hearing *st, const struct myna_openai_trouble *t);

#endif

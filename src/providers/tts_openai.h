/* tts_openai.h - a voice behind /audio/speech from the inside: its sentences, and the stream that
 * they are said in.
 *
 * One request a sentence, its sound handed on as it arrives. The next sentences are asked for once
 * the one before has begun to sound: the first is never slowed by them, and they are there when it
 * ends. Who is cut short has its sockets closed at once, which is how a server learns of it.
 *
 * A failure before the stream's first sound is a fault, and the session tries again, with the whole
 * text. Later the session cannot, without saying things twice; but a sentence that has not begun to
 * sound can be asked for again here. Half a sentence is never repeated.
 *
 * Sound waits in memory up to MYNA_VOICE_HIGH_MS a sentence; past that the server is held back. One
 * that sends slower than ten times real time is given up after `timeout`, so that a dripping server
 * is found out too.
 *
 * tts_openai_sentence.c asks for sentences and takes their sound; tts_openai.c has the stream and
 * the classes. Loop thread.
 */
#ifndef MYNA_PROVIDERS_TTS_OPENAI_H
#define MYNA_PROVIDERS_TTS_OPENAI_H

#include "providers/openai_audio.h"

enum { MYNA_VOICE_HIGH_MS = 20000, MYNA_VOICE_LOW_MS = 10000 };

enum openai_format { FORMAT_AUTO, FORMAT_PCM, FORMAT_WAV, FORMAT_OPUS, FORMAT_MP3, N_FORMATS };

struct openai_voice_options {
    struct myna_openai_audio_conf at; /* first */
    const char *voice, *instructions;
    double speed;
    int format, pcm_rate_hz;
};

struct openai_voice {
    struct myna_tts base;
    struct openai_voice_options opt;
    struct myna_openai_audio api;
    bool has_speed;
    const enum openai_format *order; /* for auto: what to ask for, what next when it is refused */
    size_t at;                       /* where in it */
};

struct openai_sentence {
    struct openai_saying *st;
    struct openai_sentence *next;
    char *text;
    struct myna_http_request *rq;
    struct myna_speech_answer answer;
    bool asked, has_answer, paused, finished;
    int tries;
    enum openai_format format; /* asked for last */
    int16_t *pcm;              /* 24 kHz; the first `at` were handed over */
    size_t at, n, cap;
    bool sounded;
    myna_us window; /* since when `fresh` samples came, real time */
    size_t fresh;
    struct myna_openai_trouble bad; /* err: it failed for good */
};

struct openai_saying {
    struct myna_tts_stream base;
    struct openai_voice *o;
    char *voice;                          /* of who has the word; NULL: ours */
    struct openai_sentence *head, **last; /* the head plays */
    struct openai_sentence *spent;        /* played; freed outside the media tick */
    size_t waiting_bytes;
    bool sounded, ended, told;
    struct myna_timer later;
};

/* Names of the forms in their order; NULL ends the row. */
extern const char *const myna_openai_formats[];

/* Asks for those sentences whose turn has come. */
void myna_openai_voice_advance(struct openai_saying *st);
/* Has the stream looked at behind what runs now: none of it is for the media tick. */
void myna_openai_voice_soon(struct openai_saying *st);
/* Its request ends with it. */
void myna_openai_sentence_free(struct openai_sentence *x);

#endif

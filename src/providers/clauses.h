/* clauses.h - a local voice as a stage: text is cut into clauses, each is computed by one work, the
 * next ones while one plays.
 *
 * The two local voices (tts_piper.c, tts_flite.c) differ in how a clause becomes sound; all the
 * rest is here: loading behind the start, the queue of clauses, at most three of them ahead, word
 * times, end, cancelling. A voice fills struct myna_voice in its create() and lists the
 * myna_clauses_*() functions in its class.
 *
 * The object lives until its last work is back; a clause of a closed stream is dropped then.
 */
#ifndef MYNA_PROVIDERS_CLAUSES_H
#define MYNA_PROVIDERS_CLAUSES_H

#include <myna/provider.h>

#include "providers/flite.h"

/* What a work gets and gives. Fields after `text` are the worker's while it runs. */
struct myna_clause {
    char *text;                /* folded to ASCII unless the voice reads UTF-8 */
    char voice[16];            /* the stream's; "" the provider's own */
    struct myna_phone *phones; /* of the text; made by the work unless the clause is a rest */
    size_t n_phones, from;     /* speak [from, n_phones) */
    int pause_ms;              /* quiet to put in front: what the clause before it asks for */
    /* The first clause of a stream is spoken in growing pieces, to be heard early: 0, 1, ... Later
     * clauses: -1, whole. */
    int piece;
    /* results */
    int16_t *pcm; /* at the class's rate */
    size_t n;
    size_t spoken;           /* phones up to here are in pcm; less than n_phones: a rest remains */
    struct myna_word *words; /* text: in `letters` */
    size_t n_words;
    char *letters;
    int pause_after_ms;
    enum myna_err err;
};

struct myna_voice {
    struct myna_tts base; /* first */
    /* On a worker. Failing: every stream is told. */
    enum myna_err (*load)(struct myna_voice *v, struct myna_why *why);
    enum myna_err (*speak)(struct myna_voice *v, struct myna_clause *c);
    void (*warm)(struct myna_voice *v); /* optional, after load: what the first clause needs */
    void (*free)(struct myna_voice *v);
    bool reads_utf8;  /* its text is left as it is; else it is folded for Flite's rules */
    myna_us patience; /* how often it is told that loading goes on; 0: 5 s */
    /* clauses.c's own */
    enum { MYNA_VOICE_LOADING, MYNA_VOICE_READY, MYNA_VOICE_FAILED } state;
    int refs;
    myna_us since; /* loading */
    bool slow;     /* …and it was said that it takes long */
    struct myna_clause_stream *streams;
    struct myna_work work;
    enum myna_err load_err;
    struct myna_why why;
};

/* base, load, speak and free are set: starts loading. On failure the voice was freed. */
enum myna_err myna_clauses_start(struct myna_voice *v, struct myna_why *why);

/* For the class. */
void myna_clauses_destroy(struct myna_tts *tts);
enum myna_err myna_clauses_open(struct myna_tts *tts, const struct myna_tts_open *how,
                                struct myna_tts_stream **out);
enum myna_err myna_clauses_text(struct myna_tts_stream *st, struct myna_view text);
void myna_clauses_end(struct myna_tts_stream *st);
void myna_clauses_pump(struct myna_tts_stream *st, size_t room);
void myna_clauses_close(struct myna_tts_stream *st);

/* For speak(), when pcm, phones and spoken are there: cuts quiet off both ends, puts the pause in
 * front, finds the words and their times: from end_s where `exact`, else by the phones' weights. */
enum myna_err myna_clause_finish(struct myna_clause *c, int rate_hz, bool exact);

#endif

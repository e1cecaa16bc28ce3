/* replay.h - the inside of a replay, shared by replay.c (the file, the order of inputs),
 * replay_make.c (the session from the header), replay_stages.c (providers and transport that answer
 * from the file) and replay_compare.c.
 *
 * One list of records, one cursor. What the session does while an input is applied comes back
 * either as an output, which must be the record at the cursor, or as a call into a stage, which
 * takes its answer from the cursor: the VAD's verdict on a frame, the sound that a pump brought,
 * an open that failed.
 */
#ifndef MYNA_SESSION_REPLAY_H
#define MYNA_SESSION_REPLAY_H

#include <jansson.h>
#include <myna/stages.h>

#include "audio/wav.h"
#include "recorder/flight.h"
#include "session/internal.h"

struct replay_stream; /* any open stream of a stage */

struct replay {
    struct myna_flight_record *records;
    size_t n, cap, at; /* at: the cursor */
    myna_us start;

    struct myna_runtime *rt;
    struct myna_loop *loop;
    struct myna_session *session;
    char *model;    /* of the recorded llm; NULL */
    char *names[4]; /* of the recorded classes: vad, stt, llm, tts */
    struct myna_vad_class vad_cls;
    struct myna_stt_class stt_cls;
    struct myna_llm_class llm_cls;
    struct myna_tts_class tts_cls;
    struct myna_transport_class transport_cls;
    struct replay_vad {
        struct myna_vad base;
        struct replay *rp;
        myna_us min_silence;
    } vad;
    struct replay_stt {
        struct myna_stt base;
        struct replay *rp;
    } stt;
    struct replay_llm {
        struct myna_llm base;
        struct replay *rp;
    } llm;
    struct replay_tts {
        struct myna_tts base;
        struct replay *rp;
    } tts;
    struct replay_transport {
        struct myna_transport base;
        struct replay *rp;
        bool hung_up;
    } transport;
    uint32_t opened[4];            /* streams so far, failed ones too */
    struct replay_stream *streams; /* open ones */
    struct myna_word words[4096];

    struct myna_tap tap;
    bool comparing;
    bool starved; /* memory ran short here: what differs says nothing about the recording */
    struct myna_replay_result *result;
    struct myna_wav_writer *wav;
    uint64_t wav_n; /* samples written */
    struct myna_why wav_why;
};

/* ---- replay.c */
/* The record at the cursor if it is of this kind and stream and of this moment; else NULL. */
const struct myna_flight_record *myna_replay_next(struct replay *rp, unsigned kind, uint32_t id);
/* Applies the command at the cursor. */
void myna_replay_command(struct replay *rp);

/* ---- replay_make.c */
/* What of the recorded configuration shapes a session; the caller destroys it. */
enum myna_err myna_replay_config(json_t *header, struct myna_config **out, struct myna_why *why);
/* rp->session, on rp->rt and rp->loop; nothing has come in yet. */
enum myna_err myna_replay_make(struct replay *rp, json_t *header, struct myna_why *why);

/* ---- replay_stages.c */
/* Fills classes and objects; the names and abilities come from the first OPEN records. */
enum myna_err myna_replay_stages_init(struct replay *rp, const char *transport_name,
                                      struct myna_why *why);
void myna_replay_stages_fini(struct replay *rp);
/* An event of a stage that came from the loop. false: there is no such stream, or the bytes are
 * not whole. */
bool myna_replay_stage_event(struct replay *rp, const struct myna_flight_record *r);

/* ---- replay_compare.c */
void myna_replay_compare_init(struct replay *rp);
/* The record at the cursor was not repeated by the session. */
void myna_replay_missing(struct replay *rp, const struct myna_flight_record *r, const char *what);

#endif

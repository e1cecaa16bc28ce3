/* recorder.h - the flight recorder: every input of a session, every output, and the sound.
 *
 * In `recordings/session-<timestamp>/`: `call.flight` (format: flight.h), `audio.ogg` (stereo Opus
 * at 48 kHz: person left, agent right, one time line) and, when the session ends,
 * `session_report.json`. The loop only copies into a bounded ring; a worker writes. When the ring
 * is full or the disk fails, recording ends with an event, the call goes on, and what was written
 * stays readable.
 *
 * Owned by the session, loop thread.
 */
#ifndef MYNA_RECORDER_RECORDER_H
#define MYNA_RECORDER_RECORDER_H

#include <stdbool.h>

#include <myna/config.h>
#include <myna/host.h>

#include "util/tap.h"

struct myna_recorder;

struct myna_recorder_options {
    struct myna_host *host;
    const char *parent_dir; /* "recordings"; the session directory is made below it */
    const char *session_id;
    const char
        *header_json; /* version, build, seed, configuration without secrets, agent, transport */
    bool flight, audio;
    /* Recording had to stop: once. Loop thread. */
    void (*failed)(void *arg, enum myna_err err, const char *message);
    void *arg;
};

enum myna_err myna_recorder_open(const struct myna_recorder_options *opt,
                                 struct myna_recorder **out, struct myna_why *why);
struct myna_tap *myna_recorder_tap(struct myna_recorder *rec);
const char *myna_recorder_dir(const struct myna_recorder *rec);
/* Writes the rest, then the report (JSON text, borrowed; NULL: none), then calls `closed` from the
 * loop. The recorder frees itself after that. */
void myna_recorder_close(struct myna_recorder *rec, const char *report_json,
                         void (*closed)(void *arg), void *arg);
/* At once, blocking: for destroy paths. NULL is fine. */
void myna_recorder_abort(struct myna_recorder *rec);

#endif

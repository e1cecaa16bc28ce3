/* console.h - talk with an agent from a terminal: aloud, over files, or typed. What `myna console`
 * does.
 *
 * One call makes a runtime and a session, shows the conversation on `print`, and returns when the
 * call is over. Four ways, chosen by the options and by the machine:
 *
 *   in, out    a conversation over WAV files, in real time or `fast` (virtual clock);
 *   text       typed instead of spoken, lines from `typed_fd`;
 *   neither    the sound card, with a live view when `print` is a terminal;
 *   no card    says so, asks the recorded question of the project, leaves the answer as a WAV.
 *
 * While it runs it takes SIGINT and SIGTERM of the process: the first hangs up politely (MYNA_OK),
 * the second ends at once (MYNA_ECANCELED; the process exits with 130 when something, such as a
 * disk that hangs, holds that up for a second). Afterwards they are as they were before.
 *
 * Thread: the caller's, which is kept until the end.
 */
#ifndef MYNA_CONSOLE_H
#define MYNA_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <myna/config.h>
#include <myna/error.h>
#include <myna/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_console_options {
    size_t size;          /* sizeof(struct myna_console_options) */
    const char *in, *out; /* WAV to ask, WAV to write what was heard (time line of `in`) or NULL */
    const char *events;   /* one JSON object a line into this file, or NULL */
    bool fast;            /* virtual clock: as fast as the machine goes */
    bool text;            /* typed conversation */
    bool record;          /* record, whatever the configuration says */
    const char *record_dir; /* NULL: as configured */
    bool quiet;             /* transcript only: no waterfall, no live line, no notes */
    bool colour;           /* colours on `print`; without a terminal there is no live view anyway */
    FILE *print;           /* NULL: standard output */
    int typed_fd;          /* text: lines to say; 0 is standard input */
    const char *transport; /* that one instead of the four ways ("livekit"); NULL */
};

/* Adds to `cfg` what the options ask for (transport, record). MYNA_OK when the call ended by itself
 * or politely; MYNA_ECANCELED after a second Ctrl-C (exit 130); else the sentence in `why` names
 * the thing and the remedy, and what was recorded until then stays. */
MYNA_API MYNA_MUST enum myna_err myna_console_run(struct myna_config *cfg,
                                                  const struct myna_console_options *opt,
                                                  struct myna_why *why);

/* Where the time of a turn went, as a few lines with bars; `turn` counts from 1. The caller's to
 * free(); NULL when memory is short. */
MYNA_API char *myna_waterfall_text(const struct myna_waterfall *w, int turn);

#ifdef __cplusplus
}
#endif
#endif

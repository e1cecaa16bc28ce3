/* tap.h - where the flight recorder listens: each stage boundary tells its tap what went in and
 * out.
 *
 * A tap is a function; NULL taps cost a branch. The recorder's tap copies into a ring and never
 * waits; the replay's tap ignores inputs (it made them) and compares outputs.
 *
 * Inputs (IN) are all that can change a session. Outputs (OUT) are all that a session causes.
 * `id` is the number of the stream within its kind of stage, counted from 1 in order of opening.
 * The kinds are written to files: never renumber, only append.
 */
#ifndef MYNA_UTIL_TAP_H
#define MYNA_UTIL_TAP_H

#include <stddef.h>
#include <stdint.h>

#include <myna/frame.h>

enum myna_tap_kind {
    /* inputs */
    MYNA_IN_START = 1,     /* session started */
    MYNA_IN_TICK = 2,      /* a deadline of the session passed */
    MYNA_IN_FRAME = 3,     /* one frame of a person; payload: captured i64, who u32, flags u32, pcm
                              (none: silence) */
    MYNA_IN_PULL = 4,      /* the transport asked for sound */
    MYNA_IN_VAD = 5,       /* packed struct myna_vad_event */
    MYNA_IN_STT = 6,       /* packed struct myna_stt_event */
    MYNA_IN_LLM = 7,       /* packed struct myna_llm_event */
    MYNA_IN_TTS_AUDIO = 8, /* pcm at 24 kHz as handed to the session, at most 480 samples */
    MYNA_IN_TTS = 9,       /* packed struct myna_tts_event */
    MYNA_IN_TRANSPORT =
        10,               /* packed: joined, left, heard, finished, closed, data, attribute, dtmf */
    MYNA_IN_TEXT = 11,    /* typed text: who u32, text */
    MYNA_IN_COMMAND = 12, /* packed: say, reply, interrupt, shutdown, commit, clear, decided */
    MYNA_IN_REALTIME = 13,
    MYNA_IN_TTS_READY = 14,
    MYNA_IN_FAIL = 15, /* an open/start call into a stage failed: stage u32, err u32 */
    /* outputs */
    MYNA_OUT_EVENT = 64, /* JSON of the event */
    MYNA_OUT_FRAME =
        65,                 /* answer to a pull: empty = silence, else 480 samples of the agent's
                               speech. id FRAME_MIXED: an OUT_MIXED with what was really drawn follows */
    MYNA_OUT_STT_OPEN = 66, /* caps u32, class name, language, who u32 */
    MYNA_OUT_STT_PUSH = 67, /* CRC-32 of the samples handed over */
    MYNA_OUT_STT_MARK = 68, /* mark u32, at i64 */
    MYNA_OUT_STT_CLOSE = 69,
    MYNA_OUT_LLM_START = 70, /* class name, then the request as JSON */
    MYNA_OUT_LLM_CLOSE = 71,
    MYNA_OUT_TTS_OPEN = 72, /* caps u32, class name, language, voice */
    MYNA_OUT_TTS_TEXT = 73,
    MYNA_OUT_TTS_END = 74,
    MYNA_OUT_TTS_CLOSE = 75,
    MYNA_OUT_TRANSPORT = 76, /* packed: flush, clear, text, data, attribute, hangup */
    MYNA_OUT_VAD_FLUSH = 77,
    MYNA_OUT_VAD_OPEN = 78,   /* class name, its shortest silence i64 */
    MYNA_OUT_BACKGROUND = 79, /* mixed into this frame: struct myna_background_mark, 4 times u32 */
    MYNA_OUT_MIXED = 80,      /* 480 samples for audio.ogg; not written to the flight */
};

enum { MYNA_FRAME_MIXED = 2 }; /* id of an OUT_FRAME, else 0 */

struct myna_tap {
    /* parts: the payload in pieces, borrowed. Loop thread. Must not allocate for FRAME, PULL, VAD,
     * TTS_AUDIO, STT_PUSH, OUT_FRAME (media tick). */
    void (*put)(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                const struct myna_view *parts, size_t n_parts);
};

static inline void myna_tap_put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                                const struct myna_view *parts, size_t n_parts)
{
    if (tap)
        tap->put(tap, kind, id, parts, n_parts);
}

#endif

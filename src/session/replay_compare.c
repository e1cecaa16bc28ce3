/* replay_compare.c - each output of the session against the one in the recording, byte for byte;
 * the first difference in words; what was heard as a WAV. */
#include "session/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/guard.h"

#define SHOWN 400 /* bytes of each side in the paragraph */

static const char *kind_name(unsigned kind)
{
    static const char *const in[] = {"header",    "start",     "tick",      "frame",
                                     "pull",      "VAD event", "STT event", "LLM event",
                                     "TTS sound", "TTS event", "transport", "text",
                                     "command",   "realtime",  "TTS ready", "failed call"};
    static const char *const out[] = {
        "event",          "frame to be heard", "STT open", "STT sound", "STT mark", "STT close",
        "LLM request",    "LLM close",         "TTS open", "TTS text",  "TTS end",  "TTS close",
        "transport call", "VAD flush",         "VAD open", "background"};

    if (kind < sizeof in / sizeof *in)
        return in[kind];
    if (kind >= MYNA_OUT_EVENT && kind - MYNA_OUT_EVENT < sizeof out / sizeof *out)
        return out[kind - MYNA_OUT_EVENT];
    return "unknown";
}

/* Text as it is, anything else by its length and first bytes. */
static void show(struct myna_buf *b, struct myna_view v)
{
    bool text = v.len > 0;

    for (size_t i = 0; i < v.len && text; i++)
        text = v.ptr[i] >= 0x20 || v.ptr[i] == '\n';
    if (text) {
        myna_buf_put(b, v.ptr, v.len < SHOWN ? v.len : SHOWN);
        if (v.len > SHOWN)
            myna_buf_puts(b, "…");
        return;
    }
    myna_buf_printf(b, "%zu bytes", v.len);
    for (size_t i = 0; i < v.len && i < 16; i++)
        myna_buf_printf(b, " %02x", (unsigned)v.ptr[i]);
}

/* One difference; the first one is kept in words. NULL: that side has nothing. */
static void differ(struct replay *rp, const struct myna_flight_record *was,
                   const struct myna_flight_record *is, const char *what)
{
    const struct myna_flight_record *any = was ? was : is;
    struct myna_buf b;

    rp->result->differ++;
    if (rp->result->first_difference)
        return;
    myna_buf_init(&b, 0);
    myna_buf_printf(&b, "record %llu at %.3f ms, %s %u: ", (unsigned long long)any->number,
                    (double)(any->now - rp->start) / 1e3, kind_name(any->kind), any->id);
    if (what) {
        myna_buf_puts(&b, what);
    } else {
        myna_buf_puts(&b, "recorded ");
        if (was)
            show(&b, was->payload);
        else
            myna_buf_puts(&b, "nothing");
        myna_buf_puts(&b, "; replayed ");
        if (!is) {
            myna_buf_puts(&b, "nothing");
        } else {
            if (was && (was->kind != is->kind || was->id != is->id))
                myna_buf_printf(&b, "%s %u: ", kind_name(is->kind), is->id);
            show(&b, is->payload);
        }
    }
    rp->result->first_difference = myna_buf_take(&b);
    rp->starved |= !rp->result->first_difference;
}

void myna_replay_missing(struct replay *rp, const struct myna_flight_record *r, const char *what)
{
    differ(rp, r, NULL, what);
}

/* The time line of what was drawn: gaps are silence, as in audio.ogg. */
static void write_heard(struct replay *rp, struct myna_view pcm)
{
    static const int16_t silence[MYNA_OUT_SAMPLES];
    uint64_t at = (uint64_t)(myna_loop_now(rp->loop) - rp->start) * MYNA_OUT_RATE_HZ / MYNA_S;
    int16_t frame[MYNA_OUT_SAMPLES] = {0};
    enum myna_err err = MYNA_OK;

    if (!rp->wav || rp->wav_why.err)
        return;
    if (pcm.len == sizeof frame)
        memcpy(frame, pcm.ptr, sizeof frame);
    else if (rp->wav_n > at)
        return;
    while (rp->wav_n < at && !err) {
        size_t n = at - rp->wav_n < MYNA_OUT_SAMPLES ? (size_t)(at - rp->wav_n) : MYNA_OUT_SAMPLES;

        if (rp->wav_n > 0 && at - rp->wav_n < 60 * MYNA_OUT_RATE_HZ / 1000)
            break; /* jitter: the frames follow each other */
        err = myna_wav_write(rp->wav, silence, n, &rp->wav_why);
        rp->wav_n += n;
    }
    if (!err && !myna_wav_write(rp->wav, frame, MYNA_OUT_SAMPLES, &rp->wav_why))
        rp->wav_n += MYNA_OUT_SAMPLES;
}

static bool same(struct myna_view a, struct myna_view b)
{
    return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

static void put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                const struct myna_view *parts, size_t n_parts)
{
    struct replay *rp = (struct replay *)(void *)((char *)tap - offsetof(struct replay, tap));
    const struct myna_flight_record *was;
    struct myna_flight_record is = {.kind = (uint16_t)kind, .id = id};
    struct myna_buf joined;

    /* Inputs were made from the record; what is for audio.ogg alone is not in it. */
    if (kind < MYNA_OUT_EVENT || kind == MYNA_OUT_MIXED || !rp->comparing)
        return;
    if (rp->at >= rp->n) /* the writer was killed before it recorded this */
        return;
    myna_guard_lift(); /* a replay has time */
    myna_buf_init(&joined, MYNA_FLIGHT_MAX);
    if (n_parts > 1) {
        for (size_t i = 0; i < n_parts; i++)
            rp->starved |= myna_buf_put(&joined, parts[i].ptr, parts[i].len) != MYNA_OK;
        is.payload = myna_buf_view(&joined);
    } else if (n_parts == 1) {
        is.payload = parts[0];
    }
    rp->result->outputs++;
    if (kind == MYNA_OUT_FRAME)
        write_heard(rp, is.payload);
    was = &rp->records[rp->at];
    is.number = was->number;
    is.now = myna_loop_now(rp->loop);
    if (was->kind < MYNA_OUT_EVENT) {
        differ(rp, NULL, &is, NULL);
    } else {
        if (was->kind != kind || was->id != id || !same(was->payload, is.payload))
            differ(rp, was, &is, NULL);
        rp->at++;
    }
    myna_buf_fini(&joined);
    myna_guard_lower();
}

void myna_replay_compare_init(struct replay *rp)
{
    rp->tap.put = put;
    rp->comparing = true;
}

/* internal.h - what sim.c and the scripted stages (sim_vad.c, sim_stt.c, sim_llm.c, sim_tts.c)
 * share: the script, and what it is played from. The stages tell everything from timers of the
 * host, as provider.h demands of a real one. */
#ifndef TESTS_SIM_INTERNAL_H
#define TESTS_SIM_INTERNAL_H

#include "sim.h"

enum { SIM_ROWS = 64, SIM_LINES = 512, SIM_MAX_S = 700 };

struct sim_speech {
    myna_us from, to, final_at;
    const char *text;
    bool interim;
    uint32_t who; /* 0: the one of the door */
};

struct sim_line {
    myna_us at;
    char text[400];
    long value; /* -1: none */
};

struct sim_later {
    struct myna_timer timer;
    uint32_t turn;
    enum myna_turn_verdict verdict;
    struct sim *s;
    bool used;
};

struct sim_tool_later {
    struct myna_timer timer;
    char call_id[40];
    struct myna_tool_result result;
    struct sim *s;
    bool used;
};

struct sim {
    struct sim_setup setup;
    struct myna_config *config;
    struct myna_runtime *rt;
    struct myna_session *session;
    struct myna_transport *transport;
    char dir[64];
    myna_us t0;                         /* start of the session on the runtime's clock */
    bool started, closed, failed;       /* failed: not made, or destroyed */
    struct myna_stt_stream *stt_stream; /* the open one */
    uint32_t coming;                    /* whose first frame is handed over */

    struct sim_speech speeches[SIM_ROWS];
    size_t n_speeches;
    struct sim_answer answers[SIM_ROWS];
    size_t n_answers;
    struct sim_voice voices[SIM_ROWS];
    size_t n_voices;
    uint32_t vad_refuses; /* 0: nobody */
    struct {
        myna_us at;
        bool retryable;
        int times;
        bool all; /* the spare one too */
    } stt_failure;
    int llm_requests, llm_items, tts_requests;
    char asked[SIM_ROWS][200];
    char seen[200];                                      /* pictures of the requests */
    char model[64], voice[64];                           /* asked for last; "" the provider's own */
    uint8_t stt_sound[SIM_MAX_S * 1000 / MYNA_FRAME_MS]; /* per frame: was it sound? */

    struct sim_line lines[SIM_KINDS][SIM_LINES];
    size_t n_lines[SIM_KINDS];
    struct myna_metrics metrics[SIM_LINES];
    size_t n_metrics;
    struct myna_item items[SIM_LINES];
    size_t n_items;
    struct myna_waterfall falls[SIM_ROWS];
    size_t n_falls;
    struct sim_later later[8];
    struct sim_tool_later results[32];
};

/* The scenario being made: a class's create() has no other way to learn whose it is. One at a time
 * per thread. */
extern _Thread_local struct sim *sim_making;

/* Times of a script count from the start of the session. */
static inline myna_us sim_now(struct sim *s)
{
    return myna_runtime_now(s->rt) - s->t0;
}

/* One emission a timer: most fakes need only "at that time, do this". */
static inline void sim_at(struct myna_timer *t, myna_us when)
{
    /* once more: one failing allocation is the session's matter, not ours */
    if (myna_timer_set(t, when) && myna_timer_set(t, when))
        abort();
}

/* A class's create(), which is told neither its class nor its script: what makes it gets the class.
 */
#define SIM_CREATE(name, stage, make, cls)                                                         \
    static enum myna_err name(stage **out, struct myna_host *host, const struct myna_config *cfg,  \
                              struct myna_why *why)                                                \
    {                                                                                              \
        (void)cfg;                                                                                 \
        (void)why;                                                                                 \
        return make(out, host, &(cls));                                                            \
    }

extern const struct myna_vad_class sim_vad_class;
extern const struct myna_stt_class sim_stt_class, sim_stt_batch_class, sim_stt_spare_class;
extern const struct myna_llm_class sim_llm_class, sim_llm_spare_class;
extern const struct myna_tts_class sim_tts_class, sim_tts_stream_class, sim_tts_spare_class;

#endif

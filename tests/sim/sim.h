/* sim.h - a whole conversation on the virtual clock, with scripted people and providers.
 *
 * A scenario says who speaks when, what the agent answers and how long that sounds, runs the clock,
 * and compares what was told. All times are milliseconds from the start of the session.
 *
 *     struct sim *s = sim_create(NULL);
 *     sim_user(s, 500, 2500, "Hello, how are you?", 200);
 *     sim_answer(s, "Hello, how are you?", "I'm doing well!");
 *     sim_voice(s, "I'm doing well!", 2000);
 *     sim_run(s, 8000);
 *     CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | listening@5500~");
 *     sim_end(s);
 *
 * The fakes (sim_vad.c, sim_stt.c, sim_llm.c, sim_tts.c) are those of agent-session 11:
 *   VAD   START 50 ms after the speech begins, INFERENCE every 50 ms, END 500 ms after it ends;
 *   STT   the final text `delay` after the speech ends; empty text: only the VAD hears it
 *         ("stt.provider=sim-batch": the same as a recogniser that gets utterances);
 *   LLM   answers by the last thing the user said: all text 100 ms after the request, done at 300;
 *   TTS   speaks after end(): first sound 200 ms later, a tone of the given length;
 *   door  transport/loopback: a frame every 20 ms in and out, heard as it is pulled.
 * They reach the session through the public API only.
 *
 * sim_end() shuts the call, replays its recording and checks that nothing differs. So every
 * scenario is also a test of the recorder.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <myna/myna.h>

#include "check.h"

struct sim;
struct myna_loopback_options;

struct sim_setup {
    const char *const
        *config;          /* "turn.min_delay=300", …; NULL-terminated; on top of 11's defaults */
    bool pausable;        /* output can be paused */
    bool greet;           /* the agent speaks first, asked by its instructions */
    const char *greeting; /* …or says this */
    bool text_stream;     /* the voice takes text as it comes */
    bool no_replay;       /* the scenario does what a recording cannot hold */
    bool (*hook)(struct sim *s, uint32_t turn, const char *text, enum myna_turn_verdict *verdict);
    const struct myna_tool_def *tools;
    size_t n_tools;
    bool (*tool)(struct sim *s, const struct myna_tool_call *call);
    const struct myna_loopback_options *door; /* how it is heard, how late it reports */
    uint32_t without_caps;                    /* of the door */
    uint32_t llm_caps;
    const char *llm_model;
    /* The host, called inside each event; it may act on the session, also by sim_destroy(). */
    void (*told)(struct sim *s, const struct myna_event *ev);
    /* From the making of the runtime on, this allocation or file call fails; what cannot be made
     * then is missing, and sim_end() compares nothing. */
    unsigned long fail_alloc, fail_io;
};

struct sim *sim_create(const struct sim_setup *setup); /* NULL: 11's defaults, not pausable */
void sim_end(struct sim *s);

/* ---- the script */

void sim_user(struct sim *s, int from_ms, int to_ms, const char *text, int delay_ms);
/* Somebody else comes now, and is heard; what they will say is in the script before. */
void sim_says(struct sim *s, uint32_t who, int from_ms, int to_ms, const char *text, int delay_ms);
void sim_comes(struct sim *s, uint32_t who, const char *identity, const char *name);
void sim_interim(struct sim *s, int at_ms, const char *text);
/* An answer is known by the last words of the user, by "output:…" when a tool's output came after
 * them, or by "instructions:…" of a reply asked for.
 * "<flush>" in the text ends a segment. The returned row may be changed: times, failures. */
enum sim_failure {
    SIM_WELL,
    SIM_REFUSES, /* start()/open() fails */
    SIM_FAULT,   /* a fault instead of the answer */
    SIM_BREAKS,  /* a fault in the middle */
    SIM_FADES,   /* a voice: sound is announced, then a fault instead of it */
    SIM_SILENT,  /* never a word */
};
struct sim_answer {
    const char *input, *text;
    int ttft_ms, duration_ms;
    enum sim_failure failure;
    bool retryable;
    int times;       /* that it fails; then it works. 0: always */
    int http_status; /* of its fault */
    struct sim_call {
        const char *name, *arguments, *id; /* id NULL: none is given */
        const char *extra;
    } calls[20];                     /* of tools, behind the text */
    struct myna_llm_event before[4]; /* told first; those that are all zero are not */
    struct myna_llm_event usage;
};
struct sim_answer *sim_answer(struct sim *s, const char *input, const char *text);
struct sim_voice {
    const char *text;
    int audio_ms, ttfb_ms;
    enum sim_failure failure;
    bool retryable;
    int times;
    bool early;     /* sounds once it has this text, whatever follows; else at its end */
    int loading_ms; /* so long it says that it is being loaded, every 4 s; then all goes on */
};
struct sim_voice *sim_voice(struct sim *s, const char *text, int audio_ms);
void sim_vad_refuses(struct sim *s, uint32_t who); /* to be opened for them */
void sim_stt_fails(struct sim *s, int at_ms, bool retryable, int times);
void sim_stt_all_fail(struct sim *s, int at_ms, int times);
/* Of each stage there is a second provider, "spare" ("llm.fallback=spare"). Rows of the agent and
 * of the voice for it begin with "spare:". */

/* The recogniser tells this now: its own START and END, a FINAL. */
void sim_stt_tell(struct sim *s, enum myna_stt_event_type type, const char *text);
void sim_stt_tell_end(struct sim *s, enum myna_stt_event_type type, const char *text, int end_ms);

/* ---- running */

void sim_run(struct sim *s, int until_ms);
void sim_destroy(
    struct sim *s); /* the session; allowed at any moment, then only sim_end() is left */
bool sim_started(struct sim *s); /* it was made and began */
bool sim_closed(struct sim *s);  /* `close` was told */
struct myna_session *sim_session(struct sim *s);
struct myna_runtime *sim_runtime(struct sim *s);
struct myna_transport *sim_transport(struct sim *s);
/* From the hook: decide so much later. */
void sim_decide_later(struct sim *s, uint32_t turn, int after_ms, enum myna_turn_verdict verdict);

/* From the tool: its result so much later. The output is kept, not copied. */
void sim_result_later(struct sim *s, const char *call_id, int after_ms,
                      const struct myna_tool_result *r);

/* ---- what was told
 *
 * An expectation is "word=VALUE@TIME | …", VALUE and TIME optional, each exact to the millisecond
 * unless a ~ follows: then one frame, 20 ms, to either side. */

enum sim_kind {
    SIM_AGENT,       /* listening | thinking | speaking | idle | initializing */
    SIM_USER,        /* speaking | listening | away */
    SIM_TRANSCRIBED, /* final text, or interim text with … behind it */
    SIM_ITEMS,       /* user: text | assistant: text | assistant cut: text | handoff | config */
    SIM_PLAYOUTS,    /* heard=MS | cut=MS, when a segment was over */
    SIM_METRICS,     /* eou | llm | tts | stt; without vad */
    SIM_ERRORS,      /* llm recoverable | tts fatal | … */
    SIM_FALSE,       /* resumed | not resumed */
    SIM_SPEECHES,    /* say | generate_reply, as created */
    SIM_CLOSE,       /* its reason */
    SIM_PROGRESS,    /* TOOL STATUS: LABEL (CALL) */
    SIM_TOOLS,       /* one a step: "name: output; name error: output; name none" */
    SIM_SWITCHES,    /* stt one>two, when a stage goes on with another provider */
    SIM_KINDS,
};
void sim_expect(const char *file, int line, struct sim *s, enum sim_kind kind, const char *want);
#define CHECK_AGENT(s, want)       sim_expect(__FILE__, __LINE__, s, SIM_AGENT, want)
#define CHECK_USER(s, want)        sim_expect(__FILE__, __LINE__, s, SIM_USER, want)
#define CHECK_TRANSCRIBED(s, want) sim_expect(__FILE__, __LINE__, s, SIM_TRANSCRIBED, want)
#define CHECK_ITEMS(s, want)       sim_expect(__FILE__, __LINE__, s, SIM_ITEMS, want)
#define CHECK_PLAYOUTS(s, want)    sim_expect(__FILE__, __LINE__, s, SIM_PLAYOUTS, want)
#define CHECK_METRICS(s, want)     sim_expect(__FILE__, __LINE__, s, SIM_METRICS, want)
#define CHECK_ERRORS(s, want)      sim_expect(__FILE__, __LINE__, s, SIM_ERRORS, want)
#define CHECK_FALSE(s, want)       sim_expect(__FILE__, __LINE__, s, SIM_FALSE, want)
#define CHECK_SPEECHES(s, want)    sim_expect(__FILE__, __LINE__, s, SIM_SPEECHES, want)
#define CHECK_PROGRESS(s, want)    sim_expect(__FILE__, __LINE__, s, SIM_PROGRESS, want)
#define CHECK_TOOLS(s, want)       sim_expect(__FILE__, __LINE__, s, SIM_TOOLS, want)
#define CHECK_SWITCHES(s, want)    sim_expect(__FILE__, __LINE__, s, SIM_SWITCHES, want)
#define CHECK_CLOSE(s, want)       sim_expect(__FILE__, __LINE__, s, SIM_CLOSE, want)

/* The nth metrics of a type, the nth message of a role; the test fails where there is none. */
const struct myna_metrics *sim_metrics(struct sim *s, enum myna_metrics_type type, int nth);
const struct myna_item *sim_message(struct sim *s, enum myna_role role, int nth);
const struct myna_waterfall *sim_latency(struct sim *s, int nth);
/* Milliseconds of sound (not silence) that were heard in this span of the call. */
int sim_sound_ms(struct sim *s, int from_ms, int to_ms);
/* Did the recogniser get sound, not silence, in this span? The person's speech is a tone. */
bool sim_stt_heard(struct sim *s, int from_ms, int to_ms);
/* Streams of the voice and requests to the agent that were opened. */
int sim_llm_requests(struct sim *s);
/* Items of the conversation in the last request. */
int sim_llm_items(struct sim *s);
/* What the nth request showed the agent, as "-p1 ann-1 > hello | Hi! | what?": the conversation's
 * id behind the session's, whose it is (- nobody's), what was said in it. */
const char *sim_asked(struct sim *s, int nth);
/* Named in the last request; "" none. */
const char *sim_model(struct sim *s);
const char *sim_voice_name(struct sim *s);
int sim_tts_requests(struct sim *s);
/* What of each request was seen, one word a request: the first byte of each picture, "-" none. */
const char *sim_seen(struct sim *s);

#endif

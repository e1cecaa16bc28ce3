/* internal.h - the inside of a session, shared by the files of this room and by nobody else.
 *
 * How a session runs: everything that can change it is an *input* (a frame, a provider's event, a
 * deadline, a command). An input begins with myna_s_enter() and ends with myna_s_leave(); the
 * outermost leave *settles*: it lets speeches advance until nothing moves, tells the queued events,
 * pumps the voice and arms the one timer. Handlers in between only change state and queue events,
 * so no handler ever meets a half-changed session, and a replay that repeats the inputs in order
 * repeats the outputs.
 *
 * What belongs together has a header of its own, each a part of this one; no file includes it
 * alone:
 *
 *   inputs.h         what changes a session, as it is recorded and replayed
 *   hearing.h        who is heard, what they say, when their turn is over (ears.c, line.c,
 *                    recognition.c, decision.c, limit.c, turns.c)
 *   talks.h          who speaks with the agent, and whose history that is (talks.c)
 *   speech.h         what the agent says (speech.c, answer.c, reply.c, voice.c, interrupt.c)
 *   agents.h         several agents, and what they may call (agents.c, own.c, offer.c, tools.c)
 *   told.h           what the host is told, what is kept (events.c, history.c, usage.c, spans.c)
 *   runtime_inside.h what a session asks of its runtime (runtime.c)
 *
 * Below are the session itself, and
 *
 *   door.c         frames, pulls and reports of the transport
 *   messages.c     what a host sends to people, and methods
 *   faults.c       provider failures: retries, the spoken sentence, closing (8.1, telephony 3.5)
 *   patience.c     fillers, questions into a silence, hanging up (telephony 2.1)
 *   pictures.c     what a person shows goes with what they say
 *   background.c   ambience and thinking sounds (8.8)
 *   closing.c      shutdown (1.13)
 *
 * queue.c, turns that wait until somebody else is answered, has a header for those who call it.
 */
#ifndef MYNA_SESSION_INTERNAL_H
#define MYNA_SESSION_INTERNAL_H

#include <myna/runtime.h>
#include <myna/session.h>

#include "llm/llm.h"
#include "playout/background.h"
#include "playout/playout.h"
#include "playout/sync.h"
#include "recorder/recorder.h"
#include "session/options.h"
#include "stt/stt.h"
#include "tools/toolbox.h"
#include "trace/trace.h"
#include "tts/filters.h"
#include "tts/tts.h"
#include "tts/written.h"
#include "turn/endpointing.h"
#include "turn/vad.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/host.h"
#include "util/tap.h"

#include "session/inputs.h"
#include "session/told.h"
#include "session/hearing.h"
#include "session/speech.h"
#include "session/talks.h"
#include "session/agents.h"
#include "session/runtime_inside.h"

struct s_method { /* of somebody else, which we called (messages.c) */
    uint32_t number;
    myna_method_done *done;
    void *arg;
};

struct closing { /* closing.c */
    bool asked, drain, hung_up, transport_done, error, finished, told;
    char reason[48];
    bool wait_transcript;
    myna_us asked_at, drain_by, transcript_by, transport_by;
};

#define S_SOUNDS_MAX 16

struct s_sounds { /* that nobody says */
    struct s_sound {
        char *path;                   /* owned */
        const struct myna_clip *clip; /* the runtime's */
        uint32_t share;               /* of 65536: how likely it is */
    } of[S_SOUNDS_MAX];
    size_t n;
};

struct s_background {
    struct s_sounds ambient, thinking;
    struct myna_background mix;
    bool on, thinks;
};

#define S_AGENTS_MAX    32
#define S_EARS_MAX      16 /* people who are heard at a time */
#define S_GONE_TOOLS    32
#define S_REPLACE_MAX   64
#define S_USAGE_MAX     8
#define S_STAGES        (MYNA_STAGE_TTS + 1) /* those whose provider may change */
#define S_PROVIDERS_MAX 16
#define S_EVENT_POOL    16
#define S_PICTURES_EACH 4 /* of one person, waiting */
#define S_PICTURES_MAX  16

struct myna_session {
    struct myna_grave grave;   /* first: destroyed from inside one of its own events */
    struct myna_session *next; /* runtime's list */
    struct myna_runtime *rt;
    struct myna_loop *loop;
    struct myna_host *host;
    char id[40];
    struct myna_rand rand;
    struct myna_timer timer;
    myna_us now, t0;
    int depth;
    uint64_t seed;
    myna_us armed_at;
    bool started, dirty, settling, dead, deferred, greeting, held, replayed;
    bool asking; /* the host, in a call of the transport that is no input: messages.c */

    struct myna_agent_conf agent;
    char *agent_name, *agent_instructions, *agent_greeting; /* owned copies */
    struct myna_tool_def *tools;                            /* offer.c: of the present agent */
    size_t n_tools;
    struct myna_tool_def *host_tools;
    size_t n_host_tools;
    char *gone_tools[S_GONE_TOOLS]; /* names that the present agent was offered and is no more */
    size_t n_gone_tools;
    struct s_agent *agents; /* agents.c; the first is `agent`; none when it is alone */
    size_t n_agents, agent_at;
    const struct s_agent *handoff; /* asked for, not done yet; NULL none */
    char *handoff_tools, *handoff_instructions;
    uint32_t handoff_person;      /* for whose words it was asked for */
    struct myna_toolbox *toolbox; /* the runtime's; NULL in a replay */
    struct myna_toolbox_watch toolbox_watch;
    uint32_t tool_calls; /* so far */
    struct myna_session_conf conf;
    struct myna_turn_conf turn_conf;  /* of the agent that has the word */
    struct myna_turn_conf call_turns; /* of the call: what an agent without its own has */
    struct myna_text_conf text_conf;
    struct myna_replacement replace[S_REPLACE_MAX];
    size_t n_replace;
    struct s_background background;

    void (*on_event)(void *arg, struct myna_session *s, const struct myna_event *ev);
    bool (*on_user_turn)(void *arg, struct myna_session *s, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict);
    bool (*on_tool)(void *arg, struct myna_session *s, const struct myna_tool_call *call);
    bool (*on_method)(void *arg, struct myna_session *s, const struct myna_method_call *call);
    struct s_method methods[MYNA_METHODS_OPEN]; /* of others that we called; done NULL: free */
    bool tells_errors;
    void *arg;

    struct myna_tap *tap;
    struct myna_recorder *recorder;
    struct myna_report *report;
    char *record_dir, *kept_record_dir;
    bool record_flight, record_audio;

    struct myna_vad *vad;
    struct myna_stt *stt;
    struct myna_llm *llm;
    struct myna_tts *tts;
    struct ear first;             /* the one person of a call, or the first of several */
    struct ear *ears[S_EARS_MAX]; /* made when they come, kept; ears[0] is `first` */
    size_t n_ears;
    struct ear *ear;   /* whose input is at hand; between inputs nobody's in particular */
    struct ear *spoke; /* who began to speak last */
    bool several;      /* more than one person has been in the call: words carry names */
    char known[257];   /* identity of the first */
    uint32_t vad_streams, stt_streams;
    struct myna_transport *transport;
    bool owns_transport, audio_in, audio_out;
    struct myna_playout *playout;
    struct segment *playout_segment; /* whose sound is in playout */
    bool tail_spared;                /* what was in playout last may not be interrupted */
    struct speech *playout_speech;
    uint32_t llm_streams, tts_streams;
    struct feeding *feeding; /* text on its way through the filters */

    enum myna_agent_state agent_state;
    enum myna_user_state user_state;
    bool ended_speaking; /* an agent speech ended in this input */
    myna_us away_at, aec_until, max_at, reprompt_at, hangup_at;
    int reprompts; /* since the person's last word */
    bool silent;   /* neither speaks nor thinks */
    bool aec_started;
    myna_us gap_until; /* between two speeches */

    struct turn *turns, *waiting; /* those that must wait are in queue.c */
    uint32_t turn_numbers;
    struct speech *speeches; /* all that are not done, in order of creation */
    struct speech *current;
    uint64_t speech_orders;
    struct paused_speech paused;
    struct {
        struct speech *speech;
        char *text;
        uint64_t history_rev;
        const struct ear *by;
        int attempts;
    } preemptive;
    int llm_errors, tts_errors, stt_errors;
    bool sorry_pending;
    bool refusal_told;

    struct myna_item **items;     /* owned, stable */
    const struct myna_item *flat; /* copy for myna_session_history() */
    size_t n_items, cap_items;
    uint64_t history_rev;
    struct s_picture {
        char *identity;
        struct myna_image image; /* owned */
    } pictures[S_PICTURES_MAX];  /* they wait for their person's next words */
    size_t n_pictures;
    size_t pictured_from; /* items before it hold no pictures */
    struct s_talks talks;
    bool advancing; /* inside myna_s_speeches_advance() */

    struct s_event *events, *events_last, *event_pool;
    struct s_event pool[S_EVENT_POOL];
    struct s_event close_event; /* `close` is told whatever memory there is */

    struct myna_usage usage[S_USAGE_MAX];
    const char *using[S_STAGES]; /* by stage; NULL: the class that the stage has */
    char provider_names[S_PROVIDERS_MAX][48];
    size_t n_usage;

    float in_dbfs, out_dbfs;
    myna_us pulled_at;       /* 0: never */
    struct myna_buf scratch; /* myna_s_transcript() */
    struct myna_buf shown;   /* a piece of a segment's text */
    struct {
        struct myna_trace *trace; /* NULL: no spans */
        uint8_t trace_id[16], root[8];
        int64_t epoch_ns; /* of 0 on the clock */
        myna_us drain_at;
    } spans;
    bool unspoken; /* what begins now is shown, not spoken */
    struct closing closing;
    struct myna_fault close_fault;
    char close_message[200];
    struct myna_frame silence;
};

void myna_s_log(struct myna_session *s, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);

/* ---- door.c */
enum myna_err myna_s_door_open(struct myna_session *s, struct myna_why *why);
/* by NULL: the agent's words. */
void myna_s_caption(struct myna_session *s, const char *id, const char *text, const struct ear *by,
                    bool final);
/* The agent's captions do not wait for its sound. */
bool myna_s_captions_ahead(const struct myna_session *s);
/* What all in the room may read of us. */
void myna_s_attribute(struct myna_session *s, const char *key, const char *value);

/* ---- messages.c */
void myna_s_messages_over(struct myna_session *s); /* no answer will come any more */

/* ---- pictures.c */
bool myna_s_pictures_wait(const struct myna_session *s, const struct ear *by); /* of that person */
enum myna_err myna_s_show(struct myna_session *s, const char *identity,
                          const struct myna_image *image); /* an input */
enum myna_err myna_s_show_again(struct myna_session *s, const char *identity, uint32_t width,
                                uint32_t height, const char *what); /* a replay's */
void myna_s_pictures_take(struct myna_session *s, const char *identity, struct myna_item *it);
void myna_s_pictures_free(struct myna_item *it);
void myna_s_pictures_answered(struct myna_session *s, uint32_t talk);
void myna_s_pictures_fini(struct myna_session *s);

/* ---- background.c */
enum myna_err myna_s_background_open(struct myna_session *s, struct myna_why *why);
void myna_s_background_start(struct myna_session *s); /* the call begins */
void myna_s_background_fini(struct myna_session *s);
/* Media tick, for each pull: is there something to mix into it? Then mix it in. `speech`: `out`
 * holds the agent's sound. */
bool myna_s_background_sounds(struct myna_session *s);
void myna_s_background_mix(struct myna_session *s, bool speech, int16_t out[MYNA_OUT_SAMPLES]);

/* ---- patience.c */
void myna_s_filler_arm(struct myna_session *s, struct speech *sp); /* its turn begins to wait */
void myna_s_filler_due(struct myna_session *s, struct speech *sp);
bool myna_s_filler_advance(struct myna_session *s, struct speech *filler);  /* true: taken back */
void myna_s_filler_forget(struct myna_session *s, const struct speech *sp); /* sp is done */
/* Who speaks has changed; `word`: the person said something. */
void myna_s_silence(struct myna_session *s, bool word);
void myna_s_silence_expire(struct myna_session *s);
/* The end, behind what is queued and, where wanted, the farewell. */
void myna_s_hangup(struct myna_session *s, const char *reason, bool farewell);
bool myna_s_says_goodbye(const struct myna_session *s, const char *said);

/* ---- faults.c */
void myna_s_fault(struct myna_session *s, const struct myna_fault *f); /* the `error` event */
bool myna_s_retry(const struct myna_session *s, const struct myna_fault *f, int tries, myna_us *at);
/* For good: count, and say so if `aloud`. `instead`: what would have been heard; may be NULL. */
void myna_s_failed(struct myna_session *s, const struct myna_fault *f, bool aloud,
                   const struct speech *instead);
/* From here on the segment is the recorded sentence. false: no memory. */
bool myna_s_sorry_recorded(struct segment *seg);

/* ---- closing.c */
/* fault: why, for reason `error`; else NULL. */
void myna_s_close(struct myna_session *s, bool drain, const char *reason,
                  const struct myna_fault *fault);
void myna_s_close_expire(struct myna_session *s);
void myna_s_close_advance(struct myna_session *s);

#endif

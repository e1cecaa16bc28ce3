/* internal.h - the inside of a session, shared by the files of this room and by nobody else.
 *
 * How a session runs: everything that can change it is an *input* (a frame, a provider's event, a
 * deadline, a command). An input begins with myna_s_enter() and ends with myna_s_leave(); the
 * outermost leave *settles*: it lets speeches advance until nothing moves, tells the queued events,
 * pumps the voice and arms the one timer. Handlers in between only change state and queue events,
 * so no handler ever meets a half-changed session, and a replay that repeats the inputs in order
 * repeats the outputs.
 *
 *   door.c         frames, pulls and reports of the transport
 *   ears.c         who is heard: a VAD, a recogniser and an open turn for each person
 *   line.c         a person's frames, or silence where they fail to come
 *   recognition.c  VAD and STT: what the person says (agent-session 1.6)
 *   decision.c     is the person's turn over? (1.6)
 *   limit.c        it is long enough (1.6)
 *   turns.c        end of turn → reply, preemptive generation (1.7)
 *   speech.c       speech handles, queue, scheduling (1.8)
 *   reply.c        one reply: LLM → segments → TTS → playout (1.8)
 *   tools.c        the agent's calls of functions (1.11); offer.c which there are
 *   agents.c       several agents, handoff (1.12)
 *   interrupt.c    interruption, pause, resume (1.8, 1.9)
 *   faults.c       provider failures: retries, the spoken sentence, closing (8.1, telephony 3.5)
 *   patience.c     fillers, questions into a silence, hanging up (telephony 2.1)
 *   background.c   ambience and thinking sounds (8.8)
 *   closing.c      shutdown (1.13)
 *   events.c       event queue, states, history.c items, usage.c usage and metrics, spans.c spans
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
#include "tts/written.h"
#include "tts/tts.h"
#include "turn/endpointing.h"
#include "turn/vad.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/host.h"
#include "util/tap.h"

/* ---- events waiting to be told */

struct s_event {
    struct s_event *next;
    struct myna_event ev;
    struct myna_metrics metrics;
    char speech_id[MYNA_ID_SIZE], segment_id[MYNA_ID_SIZE], request_id[MYNA_ID_SIZE];
    char *text, *text2, *text3; /* owned copies that ev points to */
    bool pooled;
};

/* ---- one segment of a speech: one voice stream, one playout */

struct segment {
    struct segment *next;
    char id[MYNA_ID_SIZE]; /* SG_… */
    struct myna_buf text;  /* as the agent wrote it */
    bool text_ended;       /* no more text comes */
    size_t fed;            /* bytes of text handed to the filters */
    struct myna_filters *filters;
    struct myna_written written; /* of what the voice got */
    size_t said, shown_to;       /* bytes given out: of what the voice got, of `text` */
    struct myna_tts_port *tts;   /* open voice stream */
    struct myna_sync *sync;
    bool tts_started, tts_ended, tts_done, tts_failed;
    bool ready;         /* sound waits in the provider */
    bool dry;           /* nothing of it waits while it plays: its words wait too */
    bool playing;       /* its playout segment is open */
    bool cut;           /* the voice failed in the middle */
    bool shortened;     /* the end of its text will not be spoken */
    bool over;          /* heard to its end or cut */
    bool shown;         /* the `is_final` transcript was told */
    const int16_t *pcm; /* recorded sound instead of a voice (the spoken error) */
    size_t pcm_n, pcm_at;
    uint32_t playout_id;
    int tts_tries;
    myna_us tts_retry_at;
    myna_us tts_opened, tts_first_text, tts_first_audio, tts_last_audio;
    uint64_t samples; /* of sound got from the voice */
    size_t characters;
};

/* ---- one utterance of the agent (SpeechHandle) */

enum speech_kind { SPEECH_SAY, SPEECH_REPLY, SPEECH_ERROR, SPEECH_FILLER };

struct speech {
    struct speech *next;
    char id[MYNA_ID_SIZE];
    enum speech_kind kind;
    int priority;
    uint64_t order;
    bool preemptive; /* not scheduled yet: runs ahead of the turn's end */
    bool scheduled;
    bool started;    /* left "wait for scheduled": user item in history, state thinking */
    bool authorized; /* current, nothing holds it back: may be heard */
    bool interrupted;
    bool done;
    bool allow_interruptions;
    bool add_to_history;
    bool llm_running, llm_done;
    struct myna_item *user_item; /* owned until it is in the history */
    char *instructions;          /* for this reply alone */
    enum myna_tool_choice tool_choice;
    struct myna_llm_port *llm;
    int llm_tries;
    myna_us llm_retry_at, llm_timeout_at;
    bool llm_output; /* text came: no longer retryable */
    bool voiced;     /* sound of it was given to playout (text: shown); never taken back */
    struct segment *segments, *last_segment, *playing;
    struct myna_buf forwarded; /* what was heard (text: shown), over all segments */
    myna_us created, llm_start, first_token, first_sentence, llm_end, first_heard, forward_start;
    int prompt_tokens, prompt_cached_tokens, prompt_cache_write_tokens, completion_tokens,
        total_tokens;
    double cost;
    struct myna_waterfall fall;
    struct myna_waterfall told; /* as it was when its first sound was heard */
    uint8_t span[8];            /* id of its agent_turn */
    struct myna_fault fault;
    bool failed;
    struct tool_run *tools; /* calls of this step */
    int step;               /* rounds of tools that are over */
    bool waiting;           /* heard, but its tools run: in the background */
    myna_us long_at;        /* the person has waited long then */
    bool filled;            /* and was told so */
    struct speech *excuses; /* FILLER: for whom; NULL: it is gone */
};

/* ---- the person's turn */

struct end_of_turn {
    char *text; /* owned */
    double confidence;
    myna_us started, stopped, final_at, decided;
    myna_us transcription_delay, end_delay; /* MYNA_NEVER unknown */
};

struct turn { /* accepted, waiting for the host's hook */
    struct turn *next;
    uint32_t number;
    struct end_of_turn info;
    struct myna_item *item;
    const struct ear *by;
    bool asked, decided;
    enum myna_turn_verdict verdict;
    myna_us asked_at, decide_by;
    struct myna_session *session; /* for the hook's answer */
    struct myna_tool_job *job;    /* the hook is asked */
};

struct recognition {
    struct myna_buf final, interim, preflight;
    double confidence_sum;
    int confidences;
    myna_us last_speaking, speech_start, last_final;
    bool vad_speaking, paused_mark, committed;
    bool eou_open; /* a turn decision is pending */
    bool eou_manual;
    myna_us eou_at;
    myna_us commit_at; /* the host has committed the turn: its last words are waited for so long */
    myna_us words_by;  /* speech has ended: its transcript is waited for so long */
    bool user_quiet;   /* nothing speaks against a reply being launched */
    bool speaks;       /* between the beginning and the end of speech, whoever told of it */
    char language[16];
    int stt_tries;
    myna_us stt_retry_at;
    double vad_inference_ms;
    int vad_inferences;
    myna_us vad_idle_since;
    bool stt_failed; /* no recogniser left */
};

/* One person who is heard. */
struct ear {
    struct myna_session *session;
    uint32_t who;
    bool there, open;              /* somebody is; VAD and recogniser were opened */
    char identity[257], name[257]; /* "": not told */
    struct myna_vad_port *vad_port;
    struct myna_stt_port *stt_port;
    struct recognition rec;
    struct myna_endpointing endpointing;
    struct {
        int words, partial; /* of finals since the agent was heard; of the interim */
        myna_us since;      /* the first speech since then */
        bool reached;
    } limit;
    struct {
        myna_us heard_at; /* when the last frame came, or was made up; MYNA_NEVER: none yet */
        myna_us next;     /* capture time of the next one */
        bool stalled;     /* frames are made up */
    } line;
    myna_us final_at; /* closing: the last transcript when the wait began */
};

struct paused_speech {
    struct speech *speech; /* NULL: none */
    enum myna_agent_state state;
    myna_us timeout;
    myna_us timer_at; /* MYNA_NEVER: not armed */
    bool pending;     /* fired while a turn decision was open */
};

struct closing {
    bool asked, drain, hung_up, transport_done, error, finished, told;
    char reason[48];
    bool wait_transcript;
    myna_us drain_by, transcript_by, transport_by;
};

/* ---- sounds that nobody says */

#define S_SOUNDS_MAX 16

struct s_sounds {
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

/* ---- one of several agents: texts are the configuration's */

struct s_agent {
    const char *name;
    bool first;
    struct myna_agents_conf conf; /* tools, handoff: NULL all */
};

#define S_AGENTS_MAX    32
#define S_EARS_MAX      16 /* people who are heard at a time */
#define S_REPLACE_MAX   64
#define S_USAGE_MAX     8
#define S_STAGES        (MYNA_STAGE_TTS + 1) /* those whose provider may change */
#define S_PROVIDERS_MAX 16
#define S_EVENT_POOL    16

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

    struct myna_agent_conf agent;
    char *agent_name, *agent_instructions, *agent_greeting; /* owned copies */
    struct myna_tool_def *tools;                            /* offer.c: of the present agent */
    size_t n_tools;
    struct myna_tool_def *host_tools;
    size_t n_host_tools;
    struct s_agent *agents; /* agents.c; the first is `agent`; none when it is alone */
    size_t n_agents, agent_at;
    const struct s_agent *handoff; /* asked for, not done yet; NULL none */
    char *handoff_tools, *handoff_instructions;
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
    struct ear *ear; /* whose input is at hand; later: the last one's */
    bool several;    /* more than one person has been in the call: words carry names */
    char known[257]; /* identity of the first */
    uint32_t vad_streams, stt_streams;
    struct myna_transport *transport;
    bool owns_transport, audio_in, audio_out;
    struct myna_playout *playout;
    struct segment *playout_segment; /* whose sound is in playout */
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

    struct turn *turns;
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

    struct myna_item **items;     /* owned, stable */
    const struct myna_item *flat; /* copy for myna_session_history() */
    size_t n_items, cap_items;
    uint64_t history_rev;
    size_t forgotten;  /* so many items the agent is not shown any more */
    char agent_id[48]; /* of the conversation, for providers that keep state */

    struct s_event *events, *events_last, *event_pool;
    struct s_event pool[S_EVENT_POOL];
    struct s_event close_event; /* `close` is told whatever memory there is */

    struct myna_usage usage[S_USAGE_MAX];
    const char *using[S_STAGES]; /* by stage; NULL: the class that the stage has */
    char provider_names[S_PROVIDERS_MAX][48];
    size_t n_usage;

    float in_dbfs, out_dbfs;
    struct myna_buf scratch; /* myna_s_transcript() */
    struct myna_buf shown;   /* a piece of a segment's text */
    struct {
        struct myna_trace *trace; /* NULL: no spans */
        uint8_t trace_id[16], root[8];
        int64_t epoch_ns; /* of 0 on the clock */
        myna_us drain_at;
    } spans;
    struct closing closing;
    struct myna_fault close_fault;
    char close_message[200];
    struct myna_frame silence;
};

/* ---- session.c */
/* A call of the host: begins like an input, is written to the tap; leave ends it. */
enum s_command {
    S_CMD_SAY = 1,   /* a: allow_interruptions, b: add_to_history; text */
    S_CMD_REPLY = 2, /* a: allow_interruptions, b: tool choice; text: input, more: instructions */
    S_CMD_INTERRUPT = 3, /* a: force */
    S_CMD_COMMIT = 4,
    S_CMD_CLEAR = 5,
    S_CMD_SHUTDOWN = 6,     /* a: drain; text: reason */
    S_CMD_DECIDED = 7,      /* a: turn, b: stop */
    S_CMD_TOOL_CALL = 8,    /* a: number of the call; the host is asked */
    S_CMD_TOOL_TAKEN = 9,   /* a: number, b: it has such a tool */
    S_CMD_TOOL_RESULT = 10, /* a: S_TOOL_…; text: call id, more: output */
    S_CMD_END_CALL = 11,    /* a: say farewell */
    S_CMD_TOOLS = 12,       /* text: the tools that are offered from now on, as JSON */
    S_CMD_HANDOFF = 13,     /* text: the agent, more: its tools as JSON */
    S_CMD_TYPED = 14,       /* a: who; text: typed by somebody there */
    S_CMD_FORGET = 15,
    /* text: the entry, more: what happened to its server */
    S_CMD_TOOL_TROUBLE = 16,
};
enum { S_TOOL_ERROR = 1, S_TOOL_NO_REPLY = 2, S_TOOL_STOP = 4 };
void myna_s_command(struct myna_session *s, enum s_command what, uint32_t a, uint32_t b,
                    const char *text, const char *more);
enum myna_err myna_s_typed(struct myna_session *s, uint32_t who, const char *text);
void myna_s_forget(struct myna_session *s); /* an input */
void myna_s_enter(struct myna_session *s);
void myna_s_leave(struct myna_session *s);
void myna_session_tick(struct myna_session *s); /* its deadline passed */
/* What a replay needs: a session on given objects and tap, no recorder. */
struct myna_s_parts {
    struct myna_vad *vad;
    struct myna_stt *stt;
    struct myna_llm *llm;
    struct myna_tts *tts;
    struct myna_tap *tap;
    uint64_t seed; /* of ids */
    bool given;
};
enum myna_err myna_s_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                            const struct myna_s_parts *parts, struct myna_session **out,
                            struct myna_why *why);
void myna_s_log(struct myna_session *s, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);

/* ---- events.c */
void myna_s_event(struct myna_session *s, const struct myna_event *ev); /* copies */
void myna_s_tell(struct myna_session *s);                               /* drains the queue */
void myna_s_agent_state(struct myna_session *s, enum myna_agent_state to);
void myna_s_user_state(struct myna_session *s, enum myna_user_state to);
void myna_s_events_init(struct myna_session *s);
void myna_s_events_fini(struct myna_session *s);
double myna_s_epoch(const struct myna_session *s, myna_us at); /* seconds; NaN for MYNA_NEVER */

/* ---- history.c */
struct myna_item *myna_s_item_new(struct myna_session *s, enum myna_item_type type);
void myna_s_item_free(struct myna_item *it);
enum myna_err myna_s_item_add(struct myna_session *s, struct myna_item *it); /* taken; tells */
/* The same without telling (agent_config_update). */
enum myna_err myna_s_item_keep(struct myna_session *s, struct myna_item *it);
/* Moves the newest item before another one. */
void myna_s_item_before(struct myna_session *s, const struct myna_item *mark);
void myna_s_history_fini(struct myna_session *s);
struct myna_item *myna_s_item_message(struct myna_session *s, enum myna_role role,
                                      const char *text);

/* ---- usage.c */

/* Who works for the stage now: of several, the one that was told last. Lives as long as s. */
const char *myna_s_provider(const struct myna_session *s, enum myna_stage stage);
void myna_s_using(struct myna_session *s, enum myna_stage stage, const struct myna_fault *now);
void myna_s_metrics(struct myna_session *s, const struct myna_metrics *m);
void myna_s_llm_metrics(struct myna_session *s, struct speech *sp, bool cancelled);
void myna_s_tts_metrics(struct myna_session *s, struct speech *sp, struct segment *seg,
                        bool cancelled);

/* ---- ears.c */
void myna_s_ears_init(struct myna_session *s);
void myna_s_ears_fini(struct myna_session *s);
/* Whose is it? NULL: nobody's that is heard. */
struct ear *myna_s_ear_of(const struct myna_session *s, uint32_t who);
/* Somebody is there from now on. NULL: so many are heard already, or memory is short. */
struct ear *myna_s_ear_join(struct myna_session *s, uint32_t who, const char *identity,
                            const char *name);
/* What they said so far is a turn. false: nobody is left. */
bool myna_s_ear_leave(struct myna_session *s, struct ear *e);
const char *myna_s_ear_name(const struct ear *e); /* "": not known */
bool myna_s_anyone_there(const struct myna_session *s);
void myna_s_speaks(struct myna_session *s, struct ear *e, bool speaks); /* tells it */
bool myna_s_anyone_speaks(const struct myna_session *s);
bool myna_s_all_quiet(const struct myna_session *s); /* nothing speaks against a reply */
bool myna_s_eou_anywhere(const struct myna_session *s);
bool myna_s_all_deaf(const struct myna_session *s); /* no recogniser is left */
myna_us myna_s_ears_deadline(const struct myna_session *s);
void myna_s_ears_expire(struct myna_session *s);
void myna_s_ears_commit(struct myna_session *s);
void myna_s_ears_clear(struct myna_session *s);
void myna_s_agent_started(struct myna_session *s, myna_us at); /* to those who learn pauses */
void myna_s_agent_ended(struct myna_session *s);
/* A message of theirs carries who said it. */
void myna_s_item_by(struct myna_item *it, const struct ear *e);
/* For the agent, where several are heard: a person's message begins with their name. The texts are
 * made until unnamed(). */
enum myna_err myna_s_named(const struct myna_session *s, struct myna_item *items, size_t n);
void myna_s_unnamed(const struct myna_session *s, struct myna_item *items, size_t n);
/* The present agent's instructions, with a word on the names; the caller frees. NULL: no memory. */
char *myna_s_instructed(const struct myna_session *s);

/* ---- line.c: of the ear at hand */
void myna_s_hear(struct myna_session *s, const struct myna_frame *f); /* media tick */
myna_us myna_s_line_deadline(const struct ear *e);
void myna_s_line_expire(struct myna_session *s);
/* ---- spans.c: nothing of it changes the call */
void myna_s_spans_start(struct myna_session *s, struct myna_trace *trace); /* NULL: none */
void myna_s_spans_close(struct myna_session *s);
void myna_s_spans_speech(struct myna_session *s, struct speech *sp); /* a new one */
/* One span each, that is over now. */
void myna_s_span_activity(struct myna_session *s);
void myna_s_span_user_turn(struct myna_session *s, const struct end_of_turn *info, bool manual);
void myna_s_span_llm(struct myna_session *s, const struct speech *sp, const struct myna_metrics *m);
void myna_s_span_tts(struct myna_session *s, const struct speech *sp, const struct segment *seg,
                     const struct myna_metrics *m);
void myna_s_span_tool(struct myna_session *s, const struct speech *sp, const struct myna_item *call,
                      myna_us ended, const char *output, bool is_error);
void myna_s_span_speaking(struct myna_session *s, const struct speech *sp);
void myna_s_span_agent_turn(struct myna_session *s, const struct speech *sp);

/* ---- recognition.c: of the ear at hand, as decision.c */
enum myna_err myna_s_ear_open(struct myna_session *s, struct myna_why *why);
void myna_s_ear_close(struct myna_session *s);
void myna_s_ears_close(struct myna_session *s);
void myna_s_stt_reopen(struct myna_session *s);
void myna_s_eou_start(struct myna_session *s, bool manual);
void myna_s_eou_fire(struct myna_session *s);
void myna_s_eou_cancel(struct myna_session *s);
void myna_s_turn_clear(struct myna_session *s);
void myna_s_turn_commit(struct myna_session *s);
void myna_s_turn_take(struct myna_session *s); /* committed, and waited long enough */
/* Speech was heard whose transcript has not come. */
bool myna_s_words_expected(const struct myna_session *s);
void myna_s_stt_restart(struct myna_session *s);
const char *myna_s_transcript(struct myna_session *s); /* final + interim; borrowed */

/* The transcript of what was said has not come in time. */
void myna_s_words_late(struct myna_session *s);

/* ---- limit.c */
void myna_s_limit_reset(struct myna_session *s); /* of the ear at hand */
void myna_s_limits_reset(struct myna_session *s);
void myna_s_limit_speech(struct myna_session *s, myna_us start);
void myna_s_limit_words(struct myna_session *s, const char *text, bool final);
void myna_s_limit_check(struct myna_session *s); /* media tick */
void myna_s_limit_advance(struct myna_session *s);

/* ---- turns.c */
bool myna_s_end_of_turn(struct myna_session *s, struct end_of_turn *info); /* text taken if true */
void myna_s_turns_advance(struct myna_session *s);
bool myna_s_has_hook(const struct myna_session *s); /* a tool decides about turns */
void myna_s_turn_decided(struct myna_session *s, uint32_t turn, enum myna_turn_verdict verdict,
                         const char *trouble); /* an input */
myna_us myna_s_turns_deadline(const struct myna_session *s);
void myna_s_turns_expire(struct myna_session *s);
void myna_s_preempt(struct myna_session *s, const char *text);
void myna_s_preempt_cancel(struct myna_session *s);
void myna_s_turns_fini(struct myna_session *s);
int myna_s_words(const char *text);
bool myna_s_same_words(const char *a, const char *b);

/* ---- speech.c */
struct speech *myna_s_speech_new(struct myna_session *s, enum speech_kind kind, int allow);
enum myna_err myna_s_speech_schedule(struct myna_session *s, struct speech *sp, int priority);
void myna_s_speech_interrupt(struct myna_session *s, struct speech *sp);
void myna_s_speech_created(struct myna_session *s, const struct speech *sp, bool by_user,
                           const char *source); /* the event */
void myna_s_speech_done(struct myna_session *s, struct speech *sp);
void myna_s_speech_free(struct speech *sp);
/* Its words were heard; its tools may still run. It is no longer current. */
void myna_s_speech_background(struct myna_session *s, struct speech *sp);
/* As if it had never asked the agent. */
void myna_s_speech_renew(struct speech *sp);
void myna_s_speeches_advance(struct myna_session *s);
bool myna_s_busy(const struct myna_session *s); /* a scheduled speech is not done */
struct segment *myna_s_segment_new(struct myna_session *s, struct speech *sp);
void myna_s_segment_free(struct segment *seg);

/* ---- reply.c */
enum myna_err myna_s_llm_start(struct myna_session *s, struct speech *sp);
bool myna_s_reply_advance(struct myna_session *s, struct speech *sp); /* true: something moved */
void myna_s_reply_stop(struct myna_session *s, struct speech *sp);    /* cancel generation */
void myna_s_playout_event(void *arg, const struct myna_playout_event *ev);
void myna_s_pump(struct myna_session *s);
myna_us myna_s_reply_deadline(const struct myna_session *s, const struct speech *sp);
void myna_s_reply_expire(struct myna_session *s, struct speech *sp);

/* ---- voice.c: the voice of one segment */
void myna_s_voice_advance(struct myna_session *s, struct speech *sp, struct segment *seg);
void myna_s_voice_close(struct myna_session *s, struct speech *sp, struct segment *seg);
/* No more text comes, and the sentence at hand stays unfinished: it is not spoken. */
void myna_s_voice_end_short(struct myna_session *s, struct speech *sp, struct segment *seg);
/* The first bytes of its text that count as heard when the synchroniser has given out all it has;
 * borrowed until the next use of s->shown. */
const char *myna_s_voice_heard(struct myna_session *s, struct segment *seg);
void myna_s_voice_stalled(struct myna_session *s, struct speech *sp, struct segment *seg);

/* ---- background.c */
enum myna_err myna_s_background_open(struct myna_session *s, struct myna_why *why);
void myna_s_background_start(struct myna_session *s); /* the call begins */
void myna_s_background_fini(struct myna_session *s);
/* Media tick, for each pull: is there something to mix into it? Then mix it in. `speech`: `out`
 * holds the agent's sound. */
bool myna_s_background_sounds(struct myna_session *s);
void myna_s_background_mix(struct myna_session *s, bool speech, int16_t out[MYNA_OUT_SAMPLES]);

/* ---- offer.c */
/* What may be called at first: the host's tools, then the toolbox's. agent NULL: none of a host. */
enum myna_err myna_s_tools_init(struct myna_session *s, const struct myna_agent *agent,
                                struct myna_why *why);
void myna_s_tools_fini(struct myna_session *s);
void myna_s_tools_leave(struct myna_session *s); /* the call is over: no change is taken */
/* Names of the agent's tools, comma separated; the caller frees. Left alone without any. */
enum myna_err myna_s_tools_names(const struct myna_session *s, const char **out);
/* [{"name":…,"description":…,"parameters":…},…]; the caller frees. NULL: no memory. */
char *myna_s_tools_json(const struct myna_tool_def *tools, size_t n);
/* An input: from now on these, as JSON. MYNA_EFORMAT, MYNA_ENOMEM: the list stays as it was. */
/* A tool server is gone for a while: an event, and the call goes on. */
void myna_s_tool_trouble(struct myna_session *s, const char *entry, const char *text);
enum myna_err myna_s_tools_change(struct myna_session *s, const char *json);
/* The same inside of an input, told in the history with the new instructions (NULL: the same). */
enum myna_err myna_s_tools_replace(struct myna_session *s, const char *json,
                                   const char *instructions);
/* What an agent would be offered, as JSON; the caller frees. NULL: no memory. */
char *myna_s_tools_of_agent(const struct myna_session *s, size_t agent);

/* ---- agents.c */
enum myna_err myna_s_agents_init(struct myna_session *s, struct myna_why *why);
void myna_s_agents_fini(struct myna_session *s);
bool myna_s_agent_has_tool(const struct myna_session *s, size_t agent, const char *entry);
/* Both NULL: it may hand over to nobody. The caller frees. */
enum myna_err myna_s_handoff_tool(const struct myna_session *s, size_t agent, char **description,
                                  char **parameters);
/* Is the call one of ours? Then it is answered. */
bool myna_s_handoff_call(struct myna_session *s, const char *call_id, const char *name,
                         const char *arguments);
/* An input. MYNA_ENOENT: no such agent; MYNA_ESTATE: the call is ending. */
enum myna_err myna_s_handoff(struct myna_session *s, const char *name, const char *tools);
void myna_s_handoff_advance(struct myna_session *s);
/* Of the agent that has the word; NULL: the provider's own. */
const char *myna_s_model(const struct myna_session *s);
const char *myna_s_voice(const struct myna_session *s);
const char *myna_s_instructions(const struct myna_session *s); /* of the present agent */

/* ---- own.c */
/* From now on the agent with these has the word. */
void myna_s_own_turns(struct myna_session *s, const struct myna_agent_turns *own);
struct myna_endpointing_options myna_s_endpointing_options(const struct myna_session *s);

/* ---- tools.c */
bool myna_s_runs_tools(const struct myna_session *s);        /* somebody does */
void myna_s_end_call(struct myna_session *s, bool farewell); /* an input */
void myna_s_tool_call(struct myna_session *s, struct speech *sp, const struct myna_llm_event *ev);
/* Hands one call to the host. true: there was one, and the speech may be gone since. */
bool myna_s_tools_start(struct myna_session *s, struct speech *sp);
/* A speech with calls has been heard: true when something moved. */
bool myna_s_tools_step(struct myna_session *s, struct speech *sp);
const struct myna_item *myna_s_tools_first(const struct speech *sp); /* call in the history */
/* A speech is between its first tool and its last word. */
bool myna_s_tools_busy(const struct myna_session *s);
/* Calls and outputs are told and forgotten; what still runs is "interrupted". */
void myna_s_tools_commit(struct myna_session *s, struct speech *sp);
void myna_s_tools_interrupt(struct myna_session *s); /* the speeches that run any */
void myna_s_tools_free(struct speech *sp);
myna_us myna_s_tools_deadline(const struct speech *sp);
void myna_s_tools_expire(struct myna_session *s, struct speech *sp);

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

/* ---- interrupt.c */
void myna_s_audio_activity(struct myna_session *s);
void myna_s_pause(struct myna_session *s, struct speech *sp, myna_us timeout);
void myna_s_pause_cancel(struct myna_session *s, bool interrupt);
void myna_s_pause_reconcile(struct myna_session *s, struct speech *sp);
void myna_s_false_timer(struct myna_session *s, myna_us timeout);
void myna_s_false_timer_stop(struct myna_session *s);
void myna_s_false_fire(struct myna_session *s);
void myna_s_eou_settled(struct myna_session *s);
bool myna_s_can_pause(const struct myna_session *s);
enum myna_err myna_s_interrupt_all(struct myna_session *s, bool force);

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

/* ---- door.c */
enum s_door_in { /* first byte of MYNA_IN_TRANSPORT; written to files: only append */
                 S_DOOR_JOINED = 1,
                 S_DOOR_LEFT = 2,
                 S_DOOR_HEARD = 3,
                 S_DOOR_FINISHED = 4,
                 S_DOOR_DATA = 5,
                 S_DOOR_ATTRIBUTE = 6,
                 S_DOOR_DTMF = 7,
                 S_DOOR_CLOSED = 8,
};
enum myna_err myna_s_door_open(struct myna_session *s, struct myna_why *why);
/* by NULL: the agent's words. */
void myna_s_caption(struct myna_session *s, const char *id, const char *text, const struct ear *by,
                    bool final);
/* What all in the room may read of us. */
void myna_s_attribute(struct myna_session *s, const char *key, const char *value);

/* ---- runtime.c */
struct myna_runtime_stages {
    struct myna_vad *vad;
    struct myna_stt *stt;
    struct myna_llm *llm;
    struct myna_tts *tts;
};
enum myna_err myna_runtime_stages(struct myna_runtime *rt, struct myna_runtime_stages *out,
                                  struct myna_why *why);
/* One stage with its fallback list, as a call has it; the caller's, and gone before the runtime.
 * NULL with MYNA_OK: the provider is "none". After an error it may be there all the same. */
enum myna_err myna_runtime_make_stt(struct myna_runtime *rt, struct myna_stt **out,
                                    struct myna_why *why);
enum myna_err myna_runtime_make_tts(struct myna_runtime *rt, struct myna_tts **out,
                                    struct myna_why *why);
/* Made at the first call. */
enum myna_err myna_runtime_toolbox(struct myna_runtime *rt, struct myna_toolbox **out,
                                   struct myna_why *why);
struct myna_loop *myna_runtime_loop(struct myna_runtime *rt);
/* A sound file, read when first asked for and kept. Blocking. */
enum myna_err myna_runtime_clip(struct myna_runtime *rt, const char *path,
                                const struct myna_clip **out, struct myna_why *why);
/* From now on this path is so many samples of silence (a replay, which has no files). */
enum myna_err myna_runtime_clip_known(struct myna_runtime *rt, const char *path, size_t n,
                                      struct myna_why *why);
/* A call began, is over: it held the loop. */
void myna_runtime_call(struct myna_runtime *rt, bool began);
struct myna_trace *myna_runtime_trace(struct myna_runtime *rt); /* NULL: no collector */
void myna_runtime_attach(struct myna_runtime *rt, struct myna_session *s);
void myna_runtime_detach(struct myna_runtime *rt, struct myna_session *s);
uint64_t myna_runtime_seed(struct myna_runtime *rt); /* another one for each session */
enum myna_err myna_runtime_transport(struct myna_runtime *rt, const char *name,
                                     struct myna_transport **out, struct myna_why *why);

#endif

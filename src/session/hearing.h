/* hearing.h - a part of internal.h, which includes it: who is heard, what they say, and when it is
 * their turn's end.
 *
 *   ears.c          a VAD, a recogniser and an open turn for each person
 *   line.c          a person's frames, or silence where they fail to come
 *   recognition.c   VAD and STT: what the person says (agent-session 1.6)
 *   decision.c      is the person's turn over? (1.6)
 *   limit.c         it is long enough (1.6)
 *   turns.c         end of turn → reply, preemptive generation (1.7)
 */
#ifndef MYNA_SESSION_HEARING_H
#define MYNA_SESSION_HEARING_H

struct speech;

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
    uint32_t person; /* whose it is; the ear may be another's by then */
    bool typed;      /* not spoken: nobody decides about it */
    bool silent;     /* its answer is shown, not spoken */
    bool asked, decided;
    bool past; /* of a conversation that is over: kept, and not answered */
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
    myna_us sounded_at; /* the VAD heard speech last, or was opened */
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
    myna_us going_by; /* they have left; until then their last words may come. MYNA_NEVER */
};

/* ---- ears.c */
void myna_s_ears_init(struct myna_session *s);
void myna_s_ears_fini(struct myna_session *s);
/* Whose is it? NULL: nobody's that is heard. */
struct ear *myna_s_ear_of(const struct myna_session *s, uint32_t who);
/* Somebody is there from now on. NULL: so many are heard already, or memory is short. */
struct ear *myna_s_ear_join(struct myna_session *s, uint32_t who, const char *identity,
                            const char *name);
/* What they said so far is a turn. false: nobody is left, and the call does not go on. */
bool myna_s_ear_leave(struct myna_session *s, struct ear *e, bool goes_on);
const char *myna_s_ear_name(const struct ear *e); /* "": not known */
bool myna_s_anyone_there(const struct myna_session *s);
void myna_s_speaks(struct myna_session *s, struct ear *e, bool speaks); /* tells it */
bool myna_s_anyone_speaks(const struct myna_session *s);
bool myna_s_all_quiet(const struct myna_session *s); /* nothing speaks against a reply */
bool myna_s_eou_anywhere(const struct myna_session *s);
bool myna_s_all_deaf(const struct myna_session *s); /* no recogniser is left */
myna_us myna_s_ears_deadline(const struct myna_session *s);
void myna_s_ears_expire(struct myna_session *s);
/* The turn of that person; NULL: of everybody. */
void myna_s_ears_commit(struct myna_session *s, const char *identity);
void myna_s_ears_clear(struct myna_session *s, const char *identity);
void myna_s_agent_started(struct myna_session *s, myna_us at); /* to those who learn pauses */
void myna_s_agent_ended(struct myna_session *s);
/* A message of theirs carries who said it. */
void myna_s_item_by(struct myna_item *it, const struct ear *e);
void myna_s_item_of(struct myna_item *it, const char *identity); /* of who is not heard */
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

/* ---- recognition.c: of the ear at hand, as decision.c */
enum myna_err myna_s_ear_open(struct myna_session *s, struct myna_why *why);
void myna_s_ear_open_late(struct myna_session *s); /* in the middle of a call: it goes on */
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
bool myna_s_words_expected_of(const struct ear *e);
void myna_s_vad_over(struct myna_session *s); /* no more sound of that ear comes */
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
/* What waits was said in a conversation that is over: this one, or in any. */
void myna_s_turns_forget(struct myna_session *s, bool all, uint32_t talk);
myna_us myna_s_turns_deadline(const struct myna_session *s);
void myna_s_turns_expire(struct myna_session *s);
void myna_s_preempt(struct myna_session *s, const char *text);
void myna_s_preempt_cancel(struct myna_session *s);
void myna_s_preempt_drop(struct myna_session *s); /* if it answers the ear at hand */
void myna_s_turns_fini(struct myna_session *s);
void myna_s_turn_keep_only(struct myna_session *s, struct turn *t); /* its words, no reply */
void myna_s_turn_free(struct turn *t);
int myna_s_words(const char *text);
bool myna_s_same_words(const char *a, const char *b);

#endif

/* speech.h - a part of internal.h, which includes it: what the agent says, from the handle to the
 * sound.
 *
 *   speech.c      handles, the queue, whose turn it is to be said (1.8)
 *   answer.c      the agent is asked, its text becomes segments
 *   reply.c       one speech step by step: asked, scheduled, said, heard
 *   voice.c       the voice of one segment
 *   interrupt.c   interruption, pause, resume (1.8, 1.9)
 */
#ifndef MYNA_SESSION_SPEECH_H
#define MYNA_SESSION_SPEECH_H

struct tool_run;

/* ---- one segment of a speech: one voice stream, one playout */

struct segment {
    struct segment *next;
    char id[MYNA_ID_SIZE]; /* SG_… */
    struct myna_buf text;  /* as the agent wrote it */
    bool text_ended;       /* no more text comes */
    size_t fed;            /* bytes of text handed to the filters */
    size_t captioned;      /* … shown in full, or ahead of the sound */
    struct myna_filters *filters;
    struct myna_written written; /* of what the voice got */
    size_t said, shown_to;       /* bytes given out: of what the voice got, of `text` */
    struct myna_tts_port *tts;   /* open voice stream */
    struct myna_sync *sync;
    bool tts_started, tts_ended, tts_done, tts_failed;
    bool ready;         /* sound waits in the provider */
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
    bool silent;     /* its text is shown, not spoken */
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
    bool refused_call;      /* it called one where none was allowed */
    bool waiting;           /* heard, but its tools run: in the background */
    myna_us long_at;        /* the person has waited long then */
    bool filled;            /* and was told so */
    struct speech *excuses; /* FILLER: for whom; NULL: it is gone */
    uint32_t person;        /* whose words it answers (talks.h); 0: nobody's */
    uint32_t talk;          /* the conversation that it belongs to */
};

struct paused_speech {
    struct speech *speech; /* NULL: none */
    enum myna_agent_state state;
    myna_us timeout;
    myna_us timer_at; /* MYNA_NEVER: not armed */
    bool pending;     /* fired while a turn decision was open */
};

/* ---- speech.c */
struct speech *myna_s_speech_new(struct myna_session *s, enum speech_kind kind, int allow);
/* It answers that person's words; those are set before. */
void myna_s_speech_by(struct myna_session *s, struct speech *sp, uint32_t person);
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

/* ---- answer.c */
enum myna_err myna_s_llm_start(struct myna_session *s, struct speech *sp);
/* Nothing more is taken from it; its request ends. */
void myna_s_llm_over(struct myna_session *s, struct speech *sp, bool cancelled);
/* Tried again, told, or spoken about. */
void myna_s_llm_failed(struct myna_session *s, struct speech *sp, const struct myna_fault *f);
void myna_s_end_text(struct speech *sp); /* of the last segment */
/* Has it a sound? Without a voice the answer is text; the recorded sentence needs none. */
bool myna_s_audible(const struct myna_session *s, const struct speech *sp,
                    const struct segment *seg);

/* ---- reply.c */
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
/* Its words go by what is heard of its sound (AT_PULL): they stand still when no more of it was
 * drawn, begin again with the sample from which on it was drawn now, and are put back with it. */
void myna_s_words_wait(struct myna_session *s, struct segment *seg);
void myna_s_words_drawn(struct myna_session *s, uint64_t from);
void myna_s_words_rewind(struct myna_session *s);
void myna_s_voice_stalled(struct myna_session *s, struct speech *sp, struct segment *seg);

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
void myna_s_interrupt_of(struct myna_session *s, uint32_t talk); /* what belongs to it */

#endif

/* told.h - a part of internal.h, which includes it: what the host is told of a call, and what is
 * kept of it.
 *
 *   events.c    the queue of events, the states of agent and person
 *   history.c   what was said, as items
 *   usage.c     what it cost, metrics
 *   spans.c     the same for a collector
 */
#ifndef MYNA_SESSION_TOLD_H
#define MYNA_SESSION_TOLD_H

struct end_of_turn;
struct segment;
struct speech;

struct s_event { /* waits to be told */
    struct s_event *next;
    struct myna_event ev;
    struct myna_metrics metrics;
    char speech_id[MYNA_ID_SIZE], segment_id[MYNA_ID_SIZE], request_id[MYNA_ID_SIZE];
    char *text, *text2, *text3; /* owned copies that ev points to */
    bool pooled;
};

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
/* Moves it behind all others, if its conversation still shows it. */
void myna_s_item_last(struct myna_session *s, const struct myna_item *mark);
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

#endif

/* report.h - session_report.json: what happened in a call, as agent-session 4.7 has it.
 *
 * Collects the events as they are told (metrics and usage events are left out) and writes one JSON
 * text at the end. Loop thread; owned by the session.
 */
#ifndef MYNA_RECORDER_REPORT_H
#define MYNA_RECORDER_REPORT_H

#include <myna/event.h>

struct myna_report;

struct myna_report_info {
    const char *job_id, *room;
    int64_t started_ms; /* since the Unix epoch */
    double duration_ms;
    const char *options_json; /* the `options` object; borrowed */
    const char *audio_path;   /* NULL: no audio.ogg */
    const struct myna_item *items;
    size_t n_items;
    const struct myna_usage *usage;
    size_t n_usage;
};

struct myna_report *myna_report_create(void);
void myna_report_destroy(struct myna_report *r); /* NULL is fine */
/* An event that does not fit (memory, 100,000 events) is counted and named in the report. */
void myna_report_event(struct myna_report *r, const struct myna_event *ev);
/* Indent 2. Caller frees; NULL when memory is short. */
char *myna_report_json(struct myna_report *r, const struct myna_report_info *info);

#endif

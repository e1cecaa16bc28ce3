/* header.h - what a recording says of its session: first record of a .flight, options of the
 * report. */
#ifndef MYNA_SESSION_HEADER_H
#define MYNA_SESSION_HEADER_H

#include <stdint.h>

#include <myna/event.h>

struct myna_session;

/* {"myna":…,"build":…,"session":…,"seed":"…","start_us":…,"wall_ms":…,"agent":{…},"transport":{…},
 * "stages":{…},"config":{…}}. Caller frees; NULL when memory is short. */
char *myna_s_header_json(const struct myna_session *s);
/* The `options` object of session_report.json (agent-session 4.7). Caller frees. */
char *myna_s_options_json(const struct myna_session *s);

/* One piece of metrics as agent-session 9 has it (event_json.c). Caller frees; NULL when memory is
 * short. */
char *myna_s_metrics_json(const struct myna_metrics *m, int64_t created_ms);

#endif

/* header.h - what a recording says of its session: first record of a .flight, options of the
 * report. */
#ifndef MYNA_SESSION_HEADER_H
#define MYNA_SESSION_HEADER_H

struct myna_session;

/* {"myna":…,"build":…,"session":…,"seed":"…","start_us":…,"wall_ms":…,"agent":{…},"transport":{…},
 * "stages":{…},"config":{…}}. Caller frees; NULL when memory is short. */
char *myna_s_header_json(const struct myna_session *s);
/* The `options` object of session_report.json (agent-session 4.7). Caller frees. */
char *myna_s_options_json(const struct myna_session *s);

#endif

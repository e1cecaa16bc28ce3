/* doctor.h - the inside of the doctor: how a check is told, what the network is asked.
 *
 *   doctor.c    the order of the checks; Myna's own: files, sound card
 *   rooms.c     LiveKit, and the gateway that keeps one of its rooms
 *   speech.c    hearing and voice: models, keys, a word there and back
 *   agent.c     who answers: key, models, a first word
 *   gateways.c  what Hermes and OpenClaw have in their own files
 *   reach.c     one GET
 *   trials.c    a first word, a word there and back
 */
#ifndef MYNA_DOCTOR_DOCTOR_H
#define MYNA_DOCTOR_DOCTOR_H

#include <stdint.h>

#include <myna/doctor.h>

#include "discover/probe.h"

struct myna_doctor {
    struct myna_config *cfg;
    const struct myna_doctor_options *opt;
    struct myna_doctor_result *out;
    const char *agent; /* the section of the agent that is looked at */
};

/* `fix`: printf, or NULL. */
void myna_doctor_tell(struct myna_doctor *d, const char *section, const char *name,
                      enum myna_check_state state, const char *fix, const char *fmt, ...)
    MYNA_PRINTF(6, 7);

/* The text of "stage.provider.name"; NULL unset. */
const char *myna_doctor_value(const struct myna_doctor *d, const char *stage, const char *provider,
                              const char *name);
/* Its key, from api_key or the variable that api_key_env names; NULL none. `from` says which. */
const char *myna_doctor_key(const struct myna_doctor *d, const char *stage, const char *provider,
                            char *from, size_t size);

/* Who has a stage: its provider, then its fallback list, each once. */
enum { MYNA_DOCTOR_LIST_MAX = 8 };
struct myna_doctor_list {
    char names[MYNA_DOCTOR_LIST_MAX][64];
    size_t n;
};
void myna_doctor_list(const struct myna_doctor *d, const char *stage, struct myna_doctor_list *out);
/* "llm.provider", and "llm.fallback" behind the first: where that name stands. */
const char *myna_doctor_origin(const struct myna_doctor *d, const char *stage, bool is_first);

void myna_doctor_speech(struct myna_doctor *d);
void myna_doctor_agents(struct myna_doctor *d);
void myna_doctor_livekit(struct myna_doctor *d);
/* False: it was told that it cannot work, so it need not be asked. */
bool myna_doctor_hermes(struct myna_doctor *d, const char *base_url);
bool myna_doctor_openclaw(struct myna_doctor *d, const char *base_url);

#define MYNA_DOCTOR_HTTP "apt install libcurl4" /* the remedy where nothing can be asked */

struct myna_reached {
    int status;   /* 0: no answer */
    bool slow;    /* somebody may be there, but the time was over */
    bool unasked; /* this machine has no library to ask with */
    char *body;   /* '\0'-terminated; NULL none */
    char message[300];
};
/* GET within the time; key NULL: none is sent. `anthropic`: its way to send the key. */
void myna_reach(const char *url, const char *key, bool anthropic, int timeout_ms,
                struct myna_reached *out);
void myna_reached_fini(struct myna_reached *r);

#endif

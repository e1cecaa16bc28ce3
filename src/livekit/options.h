/* options.h - section transport.livekit (which server, which room, who we are there), section
 * worker (which jobs). */
#ifndef MYNA_LIVEKIT_OPTIONS_H
#define MYNA_LIVEKIT_OPTIONS_H

#include <stdbool.h>

#include <myna/config.h>

enum myna_lk_hear { MYNA_LK_HEAR_AUTO, MYNA_LK_HEAR_ALL, MYNA_LK_HEAR_LINKED };

/* Section transport.livekit.e2ee: end-to-end encryption. */
struct myna_lk_e2ee_options {
    const char *key; /* NULL or "": none */
    int key_index;
    const char *const *more_keys; /* "NUMBER=KEY", ended by NULL; may be NULL */
    bool require;
};
extern const struct myna_section myna_lk_e2ee_section;

struct myna_lk_options {
    const char *url, *api_key, *api_secret, *token;
    const char *room, *identity, *name, *metadata;
    const char *participant;
    const char *const *kinds; /* whom we talk with, by what they are in the room */
    unsigned kind_bits;       /* the same: 1 << enum myna_lk_kind */
    int hear;                 /* enum myna_lk_hear */
    bool stay, relay_only;
    /* What of the room reaches the session, and back (agent-session 6.1). */
    bool audio_input, text_input, audio_output, transcription, sync_transcription,
        json_transcription;
    bool close_on_disconnect, delete_room_on_close;
    struct myna_lk_e2ee_options e2ee;
};
extern const struct myna_option myna_lk_option_table[];
/* Keys of those switches, ended by NULL, for an owner of the room whose rules are others; and the
 * switches as they come. */
extern const char *const myna_lk_switches[];
void myna_lk_switches_usual(struct myna_lk_options *o);

enum myna_err myna_lk_options_read(const struct myna_config *cfg, struct myna_lk_options *out,
                                   struct myna_why *why);

/* Section worker: which jobs, and how many. */
struct myna_worker_conf {
    const char *agent_name;
    int max_jobs;
    double load_threshold;
    const char *health;
    int process;
};
extern const struct myna_section myna_worker_section;

#endif

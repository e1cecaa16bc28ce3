/* options.h - section transport.livekit (which server, which room, who we are there), section
 * worker (which jobs). */
#ifndef MYNA_LIVEKIT_OPTIONS_H
#define MYNA_LIVEKIT_OPTIONS_H

#include <myna/config.h>

enum myna_lk_hear { MYNA_LK_HEAR_AUTO, MYNA_LK_HEAR_ALL, MYNA_LK_HEAR_LINKED };

struct myna_lk_options {
    const char *url, *api_key, *api_secret, *token;
    const char *room, *identity, *name, *metadata;
    const char *participant;
    int hear; /* enum myna_lk_hear */
    bool stay, relay_only;
};
extern const struct myna_option myna_lk_option_table[];

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

/* doctor.h - is everything in its place? What `myna doctor` and `myna setup` look at.
 *
 * Each check is told as it is made: what was looked at, how it stands, and what to do. Nothing on
 * the machine is changed, and no secret is ever told. The trials below it ask the real thing: the
 * agent for a first word, the voice and the recogniser for one word there and back.
 *
 * These block, for some seconds at the most, and make runtimes of their own.
 *
 * Thread: any, one call at a time per configuration.
 */
#ifndef MYNA_DOCTOR_H
#define MYNA_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_check_state { MYNA_CHECK_OK, MYNA_CHECK_WARN, MYNA_CHECK_FAIL, MYNA_CHECK_SKIP };
MYNA_API const char *myna_check_state_name(enum myna_check_state s); /* "ok", "warn", … */

struct myna_check {
    const char *section; /* "myna", "agent", "hearing", "voice", "sound", "livekit" */
    const char *name;    /* "key", "models", … */
    enum myna_check_state state;
    const char *text; /* what was found */
    const char *fix;  /* what to do, one line; "" when nothing is to be done */
};

struct myna_doctor_options {
    size_t size;          /* sizeof(struct myna_doctor_options) */
    const char *provider; /* look at this agent's gateway, whoever answers; NULL: who answers */
    bool no_network;      /* nothing is asked, this machine's own ports included */
    void (*on_check)(void *arg, const struct myna_check *check);
    void *arg;
};

struct myna_doctor_result {
    int n[4]; /* by enum myna_check_state */
};

/* `cfg` is changed: an agent that was found is taken into it, as in a call. MYNA_ECONFIG: there is
 * no such provider. */
MYNA_API MYNA_MUST enum myna_err myna_doctor(struct myna_config *cfg,
                                             const struct myna_doctor_options *opt,
                                             struct myna_doctor_result *out, struct myna_why *why);

/* Asks the configured agent for a word and hangs up at the first one. */
struct myna_first_word {
    double ms;      /* request to first token */
    char model[96]; /* who answered, as the provider calls it; "" unknown */
};
MYNA_API MYNA_MUST enum myna_err myna_try_agent(const struct myna_config *cfg, int timeout_ms,
                                                struct myna_first_word *out, struct myna_why *why);

/* Speaks a word with the configured voice into a file and lets the recogniser hear it. */
struct myna_word_back {
    char said[32], heard[160];
    bool same; /* the word is among what was heard */
    double spoken_ms;
};
MYNA_API MYNA_MUST enum myna_err myna_try_word(const struct myna_config *cfg,
                                               struct myna_word_back *out, struct myna_why *why);

#ifdef __cplusplus
}
#endif
#endif

/* interview.h - questions to a person, whose answers become changes of the configuration.
 *
 * A flag may answer a question, and each has a default: what is configured, else what was found,
 * else Myna's own. An answer goes into the configuration at once, so that it can be tried, and into
 * the list of changes, which the owner writes at the end.
 */
#ifndef MYNA_CLI_INTERVIEW_H
#define MYNA_CLI_INTERVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>

enum { MAX_CHANGES = 48 };

struct interview {
    struct myna_config *cfg;
    bool yes;    /* ask nothing */
    bool colour; /* of the questions */
    struct myna_config_change changes[MAX_CHANGES];
    size_t n;
};

struct question {
    const char *key, *text;
    const char *flag;      /* its flag's value; NULL: not given */
    const char *found;     /* default when nothing is configured; NULL none */
    const char *from;      /* where that is from; NULL */
    bool secret, optional; /* optional: Enter on nothing leaves it unset */
};

/* MYNA_EIO: the input has ended. MYNA_ECONFIG: nobody is asked and there is no answer, or a flag's
 * is wrong; a person is asked again. */
MYNA_MUST enum myna_err myna_cli_question(struct interview *iv, struct question q,
                                          struct myna_why *why);
MYNA_MUST enum myna_err myna_cli_yes_or_no(const struct interview *iv, const char *text, bool *yes,
                                           struct myna_why *why);
void myna_cli_interview_fini(struct interview *iv);

#endif

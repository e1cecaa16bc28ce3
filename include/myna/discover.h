/* discover.h - who is already there? Agents and speech servers that run on this machine.
 *
 * Asks the usual ports of 127.0.0.1, all at once and without any credential, and looks at what they
 * say: Hermes, OpenClaw, Ollama, LM Studio, llama.cpp, vLLM, and servers with OpenAI's audio
 * endpoints. What answers nonsense, or not in time, is not there.
 *
 * These block (for `probe.timeout` at most) and are meant for the start of a program. They make a
 * runtime of their own.
 *
 * Thread: any, one call at a time per configuration.
 */
#ifndef MYNA_DISCOVER_H
#define MYNA_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_found_use { MYNA_FOUND_ANSWERS, MYNA_FOUND_HEARS, MYNA_FOUND_SPEAKS };

struct myna_found {
    enum myna_found_use use;
    const char *product;  /* "Ollama" */
    const char *provider; /* llm class that talks with it; NULL for speech */
    int port;
    char base_url[64]; /* "http://127.0.0.1:11434/v1" */
    char model[160];   /* what would be asked for; "" when the provider knows by itself */
    char voice[64];    /* SPEAKS: one that it has; "" unknown */
    size_t n_models;   /* to choose from */
    bool usable;
    char remedy[320];     /* not usable: why, and what to do; one sentence */
    char key[512];        /* the credential it wants, as found on this machine; "" none. Secret. */
    const char *key_from; /* where that was found: "~/.hermes/.env" */
};

enum { MYNA_FOUND_MAX = 16, MYNA_MODELS_MAX = 64 };

struct myna_discovery {
    struct myna_found found[MYNA_FOUND_MAX]; /* in the order of preference */
    size_t n;
    double took_ms;
};

/* Looks at all places, whatever the configuration says about providers. MYNA_EUNAVAIL: the library
 * to ask with is missing. */
MYNA_API MYNA_MUST enum myna_err myna_discover(const struct myna_config *cfg,
                                               struct myna_discovery *out, struct myna_why *why);

/* Takes what was found into the configuration, for stages whose provider nobody has chosen. One
 * line of what was done goes into `line`: "" when everything was chosen already. */
MYNA_API MYNA_MUST enum myna_err myna_discover_use(struct myna_config *cfg,
                                                   const struct myna_discovery *d, char *line,
                                                   size_t size, struct myna_why *why);

/* Both, unless `probe.enabled` is false or nothing is left to choose; `line` is then "". Where
 * nobody can be asked, `line` says why. */
MYNA_API MYNA_MUST enum myna_err myna_discover_all(struct myna_config *cfg, char *line, size_t size,
                                                   struct myna_why *why);

#ifdef __cplusplus
}
#endif
#endif

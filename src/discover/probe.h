/* probe.h - the inside of discovery: where to look, what was answered, what that means.
 *
 *   places.c  the table of places and of what each is asked; options
 *   probe.c   asks them all at once
 *   judge.c   answers to findings                          pure
 *   keys.c    credentials that lie on this machine
 *   use.c     findings into the configuration, the one line
 */
#ifndef MYNA_DISCOVER_PROBE_H
#define MYNA_DISCOVER_PROBE_H

#include <myna/discover.h>

#include "discover/options.h"
#include "util/buf.h"

enum myna_place_kind { /* in the order of preference */
                       MYNA_PLACE_HERMES,
                       MYNA_PLACE_OPENCLAW,
                       MYNA_PLACE_OLLAMA,
                       MYNA_PLACE_LMSTUDIO,
                       MYNA_PLACE_LLAMACPP,
                       MYNA_PLACE_VLLM,
                       MYNA_PLACE_KOKORO,
                       MYNA_PLACES
};

enum { MYNA_ASKS = 4, MYNA_ANSWER_MAX = 1 << 20 };

struct myna_place_class {
    const char *product, *provider;
    const char *asks[MYNA_ASKS]; /* paths to GET */
};
extern const struct myna_place_class myna_places[MYNA_PLACES];

struct myna_answer {
    int status; /* 0: none, or none in time */
    struct myna_buf body;
};
struct myna_place {
    enum myna_place_kind kind;
    int port; /* 0: not looked at */
    struct myna_answer answers[MYNA_ASKS];
};

/* Keys of the two agents that want one. */
struct myna_probe_keys {
    char hermes[512], openclaw[512];
    const char *hermes_from, *openclaw_from; /* NULL: none */
    int hermes_port;                         /* 0: not said */
};
void myna_probe_find_keys(struct myna_probe_keys *keys);

/* Adds what stands behind the answers of one place; nothing when it is somebody else. */
void myna_probe_judge(const struct myna_place *place, const struct myna_probe_keys *keys,
                      struct myna_discovery *d);

/* Speech, embeddings, or words? By the server's own `task`, else by the model's name. */
enum myna_model_kind { MYNA_MODEL_WORDS, MYNA_MODEL_HEARS, MYNA_MODEL_SPEAKS, MYNA_MODEL_OTHER };
enum myna_model_kind myna_probe_model_kind(const char *name, const char *task);

#endif

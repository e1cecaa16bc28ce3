/* places.c - where agents and speech servers live by default, and what they are asked.
 *
 * A GET on an endpoint that takes only POST tells whether it is there (405, sometimes 400 or 422)
 * or not (404), and does nothing.
 */
#include <stddef.h>

#include "discover/probe.h"

#define SPEECH "/v1/audio/transcriptions", "/v1/audio/speech", "/v1/audio/voices"

const struct myna_place_class myna_places[MYNA_PLACES] = {
    [MYNA_PLACE_HERMES] = {"Hermes", "hermes", {"/health", "/v1/models"}},
    [MYNA_PLACE_OPENCLAW] = {"OpenClaw", "openclaw", {"/v1/models", "/health", "/"}},
    [MYNA_PLACE_OLLAMA] = {"Ollama", "ollama", {"/api/tags", "/api/ps"}},
    [MYNA_PLACE_LMSTUDIO] = {"LM Studio", "lmstudio", {"/api/v0/models", "/v1/models"}},
    [MYNA_PLACE_LLAMACPP] = {"llama.cpp", "openai_compatible", {"/v1/models", SPEECH}},
    [MYNA_PLACE_VLLM] = {"vLLM", "openai_compatible", {"/v1/models", SPEECH}},
    [MYNA_PLACE_KOKORO] = {"Kokoro", "openai_compatible", {"/v1/models", SPEECH}},
};

#define PORT(name_, kind_, def_, who_)                                                             \
    {                                                                                              \
        .name = name_, .type = MYNA_OPT_INT,                                                       \
        .offset = offsetof(struct myna_probe_conf, ports[kind_]), .def = def_, .min = 0,           \
        .max = 65535, .help = "port of 127.0.0.1 where " who_ "; 0: do not look"                   \
    }

static const struct myna_option options[] = {
    {.name = "enabled",
     .type = MYNA_OPT_BOOL,
     .offset = offsetof(struct myna_probe_conf, enabled),
     .def = "true",
     .help = "at the start, look for agents and speech servers on this machine"},
    {.name = "timeout",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct myna_probe_conf, timeout_ms),
     .def = "250ms",
     .min = 10,
     .max = 10000,
     .help = "longest time that this takes"},
    PORT("hermes", MYNA_PLACE_HERMES, "8642", "Hermes is looked for"),
    PORT("openclaw", MYNA_PLACE_OPENCLAW, "18789", "OpenClaw is looked for"),
    PORT("ollama", MYNA_PLACE_OLLAMA, "11434", "Ollama is looked for"),
    PORT("lmstudio", MYNA_PLACE_LMSTUDIO, "1234", "LM Studio is looked for"),
    PORT("llamacpp", MYNA_PLACE_LLAMACPP, "8080", "llama.cpp or a speech server is looked for"),
    PORT("vllm", MYNA_PLACE_VLLM, "8000", "vLLM or a speech server is looked for"),
    PORT("kokoro", MYNA_PLACE_KOKORO, "8880", "a speech server (Kokoro) is looked for"),
    {0},
};

const struct myna_section myna_probe_section = {
    "probe", "who is looked for on this machine when nothing is configured", options};

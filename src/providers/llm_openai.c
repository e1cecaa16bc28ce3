/* llm_openai.c - the classes of agents and models behind OpenAI's chat completions. llm_openai.h
 * tells how they are asked. */
#include "providers/llm_openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/builtin.h"
#include "util/host.h"

static const struct entry {
    const struct myna_llm_class *cls;
    struct myna_openai_preset preset;
} presets[] = {
    {&myna_llm_openai_compatible,
     {.name = "openai_compatible",
      .product = "the server",
      .model_hint = "see GET {base_url}/models"}},
    {&myna_llm_hermes,
     {.name = "hermes",
      .product = "Hermes",
      .model_env = "API_SERVER_MODEL_NAME",
      .default_model = "hermes-agent",
      .hermes = true}},
    {&myna_llm_openclaw,
     {.name = "openclaw",
      .product = "OpenClaw",
      .not_found_hint = "OpenClaw's chat endpoint is off by default: set "
                        "gateway.http.endpoints.chatCompletions.enabled to true in openclaw.json",
      .openclaw = true}},
    {&myna_llm_ollama,
     {.name = "ollama",
      .product = "Ollama",
      .model_hint = "`ollama list` shows what is there",
      .not_found_hint = "is the model there? `ollama pull MODEL` fetches it"}},
    {&myna_llm_lmstudio,
     {.name = "lmstudio", .product = "LM Studio", .model_hint = "`lms ls` shows what is there"}},
    {&myna_llm_openai,
     {.name = "openai", .product = "OpenAI", .default_model = "gpt-4o-mini", .needs_key = true}},
    {&myna_llm_anthropic,
     {.name = "anthropic",
      .product = "Anthropic",
      .model_hint = "see GET {base_url}/models",
      .anthropic = true,
      .needs_key = true}},
};

/* ---- the provider */

static const char *from_environment(const char *name)
{
    return getenv(name);
}

static bool is_set(const struct myna_config *cfg, const struct llm_openai *o, const char *key)
{
    char path[96];

    snprintf(path, sizeof path, "llm.%s.%s", o->preset->name, key);
    return myna_config_get(cfg, path) != NULL;
}

static void destroy(struct myna_llm *llm)
{
    struct llm_openai *o = (struct llm_openai *)llm;

    myna_hermes_runs_destroy(o->runs);
    myna_http_cancel(o->warm.rq);
    myna_openai_target_fini(&o->target);
    for (size_t i = 0; i < MYNA_OPENAI_REMEMBERED; i++) {
        free(o->calls[i].id);
        free(o->calls[i].adopted);
    }
    free(o);
}

static enum myna_err create(const struct myna_llm_class *cls, struct myna_llm **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct llm_openai *o = calloc(1, sizeof *o);
    struct myna_section section = {.options = cls->options};
    enum myna_err err;
    char path[64];

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agent");
    o->base = (struct myna_llm){.cls = cls, .host = host};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (presets[i].cls == cls)
            o->preset = &presets[i].preset;
    snprintf(path, sizeof path, "llm.%s", cls->name);
    section.path = path;
    err = myna_config_read(cfg, &section, &o->conf, why);
    if (err)
        goto fail;
    o->conf.has_temperature = is_set(cfg, o, "temperature");
    o->conf.has_top_p = is_set(cfg, o, "top_p");
    o->conf.has_frequency_penalty = is_set(cfg, o, "frequency_penalty");
    o->conf.has_presence_penalty = is_set(cfg, o, "presence_penalty");
    o->conf.has_seed = is_set(cfg, o, "seed");
    o->conf.has_max_tokens = is_set(cfg, o, "max_tokens");
    err = myna_openai_resolve(&o->target, o->preset, &o->conf, from_environment, why);
    if (err)
        goto fail;
    o->warm = (struct myna_openai_warm){.host = host, .name = cls->name};
    o->base.model = o->target.model;
    if (o->preset->hermes || o->preset->openclaw ||
        (o->conf.session_id_header && o->conf.session_id_header[0]))
        o->base.caps |= MYNA_LLM_OWN_HISTORY;
    if (o->preset->hermes && o->conf.runs) {
        o->runs = myna_hermes_runs_create(&o->base, &o->target);
        err = o->runs ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the agent");
        if (err)
            goto fail;
    }
    if (o->target.key && !strncmp(o->target.chat_url, "http://", 7) &&
        !myna_http_is_loopback(o->target.chat_url))
        myna_host_log(host, MYNA_LOG_WARN,
                      "the key travels in the clear: base_url is http:// to "
                      "another machine provider=%s",
                      cls->name);
    *out = &o->base;
    return MYNA_OK;
fail:
    destroy(&o->base);
    return err;
}

/* ---- warm-up */

static void warm(struct myna_llm *llm)
{
    struct llm_openai *o = (struct llm_openai *)llm;
    struct myna_openai_headers headers;

    if (o->runs) {
        myna_hermes_runs_probe(o->runs); /* a connection too */
        return;
    }
    if (o->warm.rq || myna_openai_headers(&o->target, NULL, &headers))
        return;
    myna_openai_warm(&o->warm, o->target.models_url, &headers);
    myna_openai_headers_fini(&headers);
}

/* ---- the classes */

#define CLASS(id, name_, summary_, options_)                                                       \
    static enum myna_err create_##id(struct myna_llm **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_llm_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_llm_class myna_llm_##id = {                                                  \
        .name = name_,                                                                             \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .create = create_##id,                                                                     \
        .destroy = destroy,                                                                        \
        .start = myna_openai_request_start,                                                        \
        .close = myna_openai_request_close,                                                        \
        .warm = warm,                                                                              \
    }

CLASS(openai_compatible, "openai_compatible", "any server that speaks OpenAI's chat completions",
      myna_openai_generic_options);
CLASS(hermes, "hermes", "Hermes agent on this machine", myna_openai_hermes_options);
CLASS(openclaw, "openclaw", "OpenClaw gateway on this machine", myna_openai_openclaw_options);
CLASS(ollama, "ollama", "a model that Ollama runs on this machine", myna_openai_ollama_options);
CLASS(lmstudio, "lmstudio", "a model that LM Studio runs on this machine",
      myna_openai_lmstudio_options);
CLASS(openai, "openai", "OpenAI's own models", myna_openai_openai_options);
CLASS(anthropic, "anthropic", "Anthropic's own models, or a gateway that speaks their wire",
      myna_anthropic_options);

/* use.c - takes what was found into the configuration and tells it in one line. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"

#define ORIGIN "found on this machine"

static const struct myna_found *first(const struct myna_discovery *d, enum myna_found_use use)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->found[i].use == use && d->found[i].usable)
            return &d->found[i];
    return NULL;
}

/* A key that somebody has set stays. */
static enum myna_err offer(struct myna_config *cfg, const char *stage, const char *provider,
                           const char *name, const char *value, struct myna_why *why)
{
    char key[96];

    snprintf(key, sizeof key, "%s.%s.%s", stage, provider, name);
    if (!value || !*value || !myna_config_is_default(cfg, key))
        return MYNA_OK;
    return myna_config_set(cfg, key, value, ORIGIN, why);
}

static enum myna_err use_agent(struct myna_config *cfg, const struct myna_found *f,
                               struct myna_why *why)
{
    enum myna_err err = myna_config_set(cfg, "llm.provider", f->provider, ORIGIN, why);

    if (!err)
        err = offer(cfg, "llm", f->provider, "base_url", f->base_url, why);
    if (!err)
        err = offer(cfg, "llm", f->provider, "model", f->model, why);
    /* The providers read these variables themselves. */
    if (!err && *f->key && strcmp(f->key_from, "API_SERVER_KEY") &&
        strcmp(f->key_from, "OPENCLAW_API_KEY"))
        err = offer(cfg, "llm", f->provider, "api_key", f->key, why);
    return err;
}

/* The provider of OpenAI's audio endpoints, if this program has one. */
static const char *speech_provider(const struct myna_config *cfg, const char *stage)
{
    static const char *const names[] = {"openai_compatible", "openai"};
    char key[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(key, sizeof key, "%s.%s.base_url", stage, names[i]);
        if (myna_config_is_default(cfg, key))
            return names[i];
    }
    return NULL;
}

static enum myna_err use_speech(struct myna_config *cfg, const struct myna_found *f,
                                const char *stage, const char *provider, struct myna_why *why)
{
    char key[64];
    enum myna_err err;

    snprintf(key, sizeof key, "%s.provider", stage);
    err = myna_config_set(cfg, key, provider, ORIGIN, why);
    if (!err)
        err = offer(cfg, stage, provider, "base_url", f->base_url, why);
    if (!err)
        err = offer(cfg, stage, provider, "model", f->model, why);
    if (!err && f->use == MYNA_FOUND_SPEAKS)
        err = offer(cfg, stage, provider, "voice", f->voice, why);
    return err;
}

/* ------------------------------------------------------------------ the line */

struct line {
    char *text;
    size_t size, len;
};

static void say(struct line *l, const char *fmt, ...) MYNA_PRINTF(2, 3);
static void say(struct line *l, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(l->text + l->len, l->size - l->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        l->len = l->len + (size_t)n < l->size ? l->len + (size_t)n : l->size - 1;
}

static void say_agent(struct line *l, const struct myna_discovery *d, const struct myna_found *f)
{
    const struct myna_found *stuck = NULL;

    for (size_t i = 0; i < d->n && !stuck; i++)
        if (d->found[i].use == MYNA_FOUND_ANSWERS && !d->found[i].usable)
            stuck = &d->found[i];
    if (f && *f->model)
        say(l, "Found %s on 127.0.0.1:%d: %s answers.", f->product, f->port, f->model);
    else if (f)
        say(l, "Found %s on 127.0.0.1:%d: it answers.", f->product, f->port);
    if (stuck)
        say(l, "%s %s on 127.0.0.1:%d, but %s.", f ? " Also there is" : "Found", stuck->product,
            stuck->port, stuck->remedy);
    if (stuck && !f)
        say(l, " Until then the built-in rehearsal agent answers.");
    if (!f && !stuck)
        say(l, "Found no agent on this machine (Hermes, OpenClaw, Ollama, LM Studio, llama.cpp, "
               "vLLM): the built-in rehearsal agent answers.");
}

enum myna_err myna_discover_use(struct myna_config *cfg, const struct myna_discovery *d, char *text,
                                size_t size, struct myna_why *why)
{
    const struct myna_found *agent = first(d, MYNA_FOUND_ANSWERS);
    const struct myna_found *ears = first(d, MYNA_FOUND_HEARS),
                            *voice = first(d, MYNA_FOUND_SPEAKS);
    const char *hears = speech_provider(cfg, "stt"), *speaks = speech_provider(cfg, "tts");
    struct line l = {text, size, 0};
    enum myna_err err = MYNA_OK;

    *text = '\0';
    if (myna_config_is_default(cfg, "llm.provider")) {
        say_agent(&l, d, agent);
        if (agent)
            err = use_agent(cfg, agent, why);
    }
    if (!err && ears && hears && myna_config_is_default(cfg, "stt.provider")) {
        say(&l, "%s%s on 127.0.0.1:%d hears%s%s.", l.len ? " " : "", ears->product, ears->port,
            *ears->model ? " with " : "", ears->model);
        err = use_speech(cfg, ears, "stt", hears, why);
    }
    if (!err && voice && speaks && myna_config_is_default(cfg, "tts.provider")) {
        say(&l, "%s%s on 127.0.0.1:%d speaks%s%s.", l.len ? " " : "", voice->product, voice->port,
            *voice->model ? " with " : "", voice->model);
        err = use_speech(cfg, voice, "tts", speaks, why);
    }
    return err;
}

enum myna_err myna_discover_all(struct myna_config *cfg, char *line, size_t size,
                                struct myna_why *why)
{
    static const char *const keys[] = {"llm.provider", "stt.provider", "tts.provider"};
    struct myna_probe_conf conf;
    struct myna_discovery d;
    struct myna_why missing = {0};
    bool open = false;
    enum myna_err err = myna_config_read(cfg, &myna_probe_section, &conf, why);

    *line = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        open = open || myna_config_is_default(cfg, keys[i]);
    if (err || !conf.enabled || !open)
        return err;
    err = myna_discover(cfg, &d, &missing);
    if (err == MYNA_EUNAVAIL) { /* the rest of the program does without */
        bool alone = myna_config_is_default(cfg, "llm.provider");

        snprintf(line, size, "%s%s", missing.text,
                 alone ? ". The built-in rehearsal agent answers." : "");
        return MYNA_OK;
    }
    if (err)
        return myna_fail(why, err, "%s", missing.text);
    return myna_discover_use(cfg, &d, line, size, why);
}

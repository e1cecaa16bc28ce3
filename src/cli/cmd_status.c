/* cmd_status.c - `myna status`: how this machine's Myna is set up, on one screen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/calls.h>
#include <myna/gateway.h>
#include <myna/runtime.h>
#include <myna/stages.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "util/json_load.h"

struct options {
    bool json, no_probe;
};

static const struct flag flags[] = {
    SWITCH_FLAG("json", json, "as JSON"),
    NO_PROBE_FLAG,
    {0},
};

enum { MODELS_MAX = 32 };

static const char *const stages[] = {"vad", "stt", "llm", "tts"};

/* Whether it has a key, never the key. */
static const char *key_of(const struct myna_config *cfg, const char *stage, const char *provider)
{
    char name[128];
    const char *text;

    snprintf(name, sizeof name, "%s.%s.api_key", stage, provider);
    text = myna_config_get(cfg, name);
    if (text && *text)
        return "set";
    snprintf(name, sizeof name, "%s.%s.api_key_env", stage, provider);
    text = myna_config_get(cfg, name);
    if (text && *text && getenv(text) && *getenv(text))
        return "set";
    return myna_config_origin(cfg, name) ? "not set" : NULL;
}

static json_t *stage_row(const struct myna_config *cfg, const char *stage)
{
    char key[128];
    const char *provider, *base_url, *model, *origin;

    snprintf(key, sizeof key, "%s.provider", stage);
    provider = myna_config_get(cfg, key);
    provider = provider ? provider : "";
    origin = myna_config_origin(cfg, key);
    snprintf(key, sizeof key, "%s.%s.base_url", stage, provider);
    base_url = myna_config_get(cfg, key);
    snprintf(key, sizeof key, "%s.%s.model", stage, provider);
    model = myna_config_get(cfg, key);
    return json_pack("{ss ss* ss* ss* ss*}", "provider", provider, "origin", origin, "base_url",
                     base_url, "model", model, "key", key_of(cfg, stage, provider));
}

/* The room that is kept: as it is configured, and as its gateway is, where that may be asked. */
static json_t *livekit_row(const struct myna_config *cfg)
{
    struct myna_gateway_facts f;
    struct myna_why why = {0};
    char *text = NULL;
    json_t *o, *running;

    if (myna_gateway_facts(cfg, &f, &why))
        return json_pack("{sb ss}", "configured", 0, "trouble", why.text);
    o = json_pack("{sb ss* ss* ss ss ss ss sf ss}", "configured", f.configured, "url",
                  myna_config_get(cfg, "transport.livekit.url"), "room", f.room, "identity",
                  f.identity, "agent_name", myna_config_get(cfg, "gateway.agent_name"),
                  "home_channel", f.home, "home_channel_name", f.home_name, "poll_interval",
                  f.poll_s, "poll_interval_why", f.poll_why);
    if (!f.configured)
        return o;
    if (myna_gateway_status(cfg, &text, &why)) {
        (void)json_object_set_new(o, "gateway", json_pack("{ss}", "trouble", why.text));
        return o;
    }
    running = myna_json_loads(text, 0, NULL);
    (void)json_object_set_new(o, "gateway", running ? running : json_null());
    free(text);
    return o;
}

static json_t *models_row(void)
{
    struct myna_model rows[MODELS_MAX];
    size_t n = myna_models_list(rows, MODELS_MAX, false), here = 0;
    json_t *missing = json_array();

    n = n < MODELS_MAX ? n : MODELS_MAX;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].state == MYNA_MODEL_HERE)
            here++;
        else
            (void)json_array_append_new(missing, json_string(rows[i].name));
    }
    return json_pack("{ss si so}", "dir", myna_models_dir(), "here", (int)here, "missing", missing);
}

static json_t *last_call(const struct myna_config *cfg)
{
    char *text = NULL;
    struct myna_why why = {0};
    json_t *list, *row;

    if (myna_calls_json(cfg, NULL, 1, &text, &why))
        return json_pack("{ss}", "trouble", why.text);
    list = myna_json_loads(text, 0, NULL);
    free(text);
    row = json_incref(json_array_get(list, 0));
    json_decref(list);
    return row ? row : json_null();
}

static json_t *gather(const struct call *call)
{
    json_t *o = json_object();
    char *path = NULL;

    (void)json_object_set_new(o, "version", json_string(myna_version()));
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        (void)json_object_set_new(o, stages[i], stage_row(call->cfg, stages[i]));
    (void)json_object_set_new(o, "models", models_row());
    (void)json_object_set_new(o, "livekit", livekit_row(call->cfg));
    if (!myna_calls_file(call->cfg, &path, NULL) && path)
        (void)json_object_set_new(o, "call_log", json_string(path));
    free(path);
    (void)json_object_set_new(o, "last_call", last_call(call->cfg));
    return o;
}

/* ------------------------------------------------------------------ for people */

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static void show_stage(const json_t *o, const char *stage, const char *what)
{
    const json_t *row = json_object_get(o, stage);

    printf("%-8s %s", what, text_of(row, "provider"));
    if (*text_of(row, "model"))
        printf(" %s", text_of(row, "model"));
    if (*text_of(row, "base_url"))
        printf(" at %s", text_of(row, "base_url"));
    if (!strcmp(text_of(row, "key"), "set"))
        printf(", key ************");
    printf(" (%s)\n", text_of(row, "origin"));
}

static void show_gateway(const json_t *livekit)
{
    const json_t *g = json_object_get(livekit, "gateway");

    printf("gateway  %s, looks every %.3g s (%s); ", text_of(livekit, "identity"),
           json_number_value(json_object_get(livekit, "poll_interval")),
           text_of(livekit, "poll_interval_why"));
    if (*text_of(g, "trouble"))
        puts(text_of(g, "trouble"));
    else
        printf("%s, %lld people, agent %s, voice %s, %lld waiting\n", text_of(g, "state"),
               (long long)json_integer_value(json_object_get(g, "participants")),
               text_of(g, "backend"), text_of(g, "voice"),
               (long long)json_integer_value(json_object_get(g, "waiting")));
}

static void show_last(const json_t *call)
{
    if (json_is_null(call))
        puts("calls    none yet");
    else if (*text_of(call, "trouble"))
        printf("calls    %s\n", text_of(call, "trouble"));
    else
        printf("calls    the last one %s, %.0f s, %lld turn%s (myna calls)\n",
               text_of(call, "started"),
               json_number_value(json_object_get(call, "duration_ms")) / 1000,
               (long long)json_integer_value(json_object_get(call, "turns")),
               json_integer_value(json_object_get(call, "turns")) == 1 ? "" : "s");
}

static void show(const json_t *o)
{
    const json_t *models = json_object_get(o, "models"), *livekit = json_object_get(o, "livekit");
    const json_t *missing = json_object_get(models, "missing"), *name;
    bool configured = json_is_true(json_object_get(livekit, "configured"));
    size_t i;

    printf("myna     %s\n", text_of(o, "version"));
    show_stage(o, "llm", "agent");
    show_stage(o, "stt", "hears");
    show_stage(o, "tts", "speaks");
    show_stage(o, "vad", "speech");
    printf("models   %lld in %s", (long long)json_integer_value(json_object_get(models, "here")),
           text_of(models, "dir"));
    json_array_foreach(missing, i, name)
        printf("%s%s", i ? ", " : "; missing: ", json_string_value(name));
    putchar('\n');
    printf("livekit  %s%s%s", configured ? text_of(livekit, "url") : "not configured",
           configured ? ", room " : "", configured ? text_of(livekit, "room") : "");
    if (configured && strcmp(text_of(livekit, "home_channel"), text_of(livekit, "room")) != 0)
        printf(", home %s", text_of(livekit, "home_channel"));
    putchar('\n');
    if (configured)
        show_gateway(livekit);
    show_last(json_object_get(o, "last_call"));
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    enum myna_err err = myna_cli_discover(call->cfg, opt->no_probe, opt->json, why);
    json_t *o;

    if (err)
        return err;
    o = gather(call);
    if (opt->json)
        return myna_cli_json(o, why);
    show(o);
    json_decref(o);
    return MYNA_OK;
}

static const char *const examples[] = {"myna status", "myna status --json", NULL};

const struct cmd myna_cmd_status = {
    .name = "status",
    .summary = "how Myna is set up here: agent, voices, models, rooms, the last call",
    .about = "Shows who would answer, hear and speak in a call now, which models are here, whether "
             "LiveKit is configured, and the last call. Keys are never shown. For checks that try "
             "things out see myna doctor.",
    .flags = flags,
    .examples = examples,
    .run = run,
};

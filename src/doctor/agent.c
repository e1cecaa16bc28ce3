/* agent.c - who answers, and does it? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <myna/runtime.h>

#include "doctor/doctor.h"
#include "util/http.h"
#include "util/json_load.h"

enum { MODELS_MS = 4000, FIRST_WORD_MS = 60000 };

/* Those that are reached over a network have an address among their options. */
static bool is_remote(const struct myna_doctor *d, const char *provider)
{
    char key[96];

    snprintf(key, sizeof key, "llm.%s.base_url", provider);
    return myna_config_origin(d->cfg, key) != NULL;
}

static void tell_key(struct myna_doctor *d, const char *provider, const char *base_url)
{
    char from[64];
    const char *key = myna_doctor_key(d, "llm", provider, from, sizeof from);
    const char *env = myna_doctor_value(d, "llm", provider, "api_key_env");
    char fix[200];

    if (key) {
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_OK, NULL, "the key is set (%s)", from);
    } else if (myna_http_is_loopback(base_url)) {
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_SKIP, NULL,
                         "no key is set; servers on one's own machine seldom want one");
    } else {
        snprintf(fix, sizeof fix, "%s%s%s, or run `myna setup`", env && *env ? "export " : "",
                 env && *env ? env : "set llm.", env && *env ? "=…" : "PROVIDER.api_key");
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_FAIL, fix, "there is no key for %s",
                         provider);
    }
}

/* 1 listed, 0 not, -1 that is no list. */
static int lists(const char *body, const char *model)
{
    json_t *root = body ? myna_json_loads(body, 0, NULL) : NULL;
    const json_t *data = json_object_get(root, "data"), *row;
    int found = json_is_array(data) ? 0 : -1;
    size_t i;

    json_array_foreach(data, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "id"));

        if (id && !strcmp(id, model))
            found = 1;
    }
    json_decref(root);
    return found;
}

/* The model that will be asked for, as far as the configuration says. */
static void model_of(const struct myna_doctor *d, const char *provider, char *out, size_t size)
{
    const char *model = myna_doctor_value(d, "llm", provider, "model");
    const char *agent = myna_doctor_value(d, "llm", provider, "agent");

    if (!strcmp(provider, "openclaw"))
        snprintf(out, size, "openclaw/%s", agent && *agent ? agent : "default");
    else
        snprintf(out, size, "%s", model ? model : "");
}

static bool judge_models(struct myna_doctor *d, const char *provider, const char *url,
                         const struct myna_reached *r)
{
    char model[200], fix[800];
    int listed;

    model_of(d, provider, model, sizeof model);
    if (r->unasked)
        snprintf(fix, sizeof fix, MYNA_DOCTOR_HTTP);
    else
        snprintf(fix, sizeof fix, "start it, or set llm.%s.base_url", provider);
    if (r->slow) { /* OpenClaw's first answer takes longer; the next check has more patience */
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_WARN, "see whether it is busy or stuck",
                         "%s", r->message);
        return true;
    }
    if (!r->status) {
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_FAIL, fix, "%s", r->message);
        return false;
    }
    if (r->status == 401 || r->status == 403) {
        snprintf(fix, sizeof fix, "set llm.%s.api_key to the key it wants (`myna setup`)",
                 provider);
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_FAIL, fix,
                         "%s refuses the key (HTTP %d)", url, r->status);
        return false;
    }
    if (r->status != 200) {
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_WARN,
                         "check that base_url ends before /chat/completions, mostly in /v1",
                         "%s answers HTTP %d", url, r->status);
        return true;
    }
    listed = *model ? lists(r->body, model) : -1;
    if (listed == 0) {
        snprintf(fix, sizeof fix, "set llm.%s.model to one of %s", provider, url);
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_WARN, fix,
                         "it answers, but does not list %s", model);
    } else {
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_OK, NULL, "it answers%s%s",
                         listed > 0 ? " and lists " : "", listed > 0 ? model : "");
    }
    return true;
}

static bool ask_models(struct myna_doctor *d, const char *provider, const char *base_url)
{
    char url[512], from[64];
    size_t n = strlen(base_url);
    struct myna_reached r;
    bool there;

    while (n && base_url[n - 1] == '/')
        n--;
    snprintf(url, sizeof url, "%.*s/models", (int)n, base_url);
    myna_reach(url, myna_doctor_key(d, "llm", provider, from, sizeof from),
               !strcmp(provider, "anthropic"), MODELS_MS, &r);
    there = judge_models(d, provider, url, &r);
    myna_reached_fini(&r);
    return there;
}

static void first_word(struct myna_doctor *d)
{
    struct myna_first_word w;
    struct myna_why why = {0};

    if (myna_try_agent(d->cfg, FIRST_WORD_MS, &w, &why))
        myna_doctor_tell(d, d->agent, "answer", MYNA_CHECK_FAIL, "see docs/agents.md", "%s",
                         why.text);
    else
        myna_doctor_tell(d, d->agent, "answer", MYNA_CHECK_OK, NULL,
                         "first token after %.0f ms%s%s", w.ms, *w.model ? " from " : "", w.model);
}

static bool is_known(const char *name)
{
    for (const struct myna_llm_class *const *c = myna_builtin_llms(); *c; c++)
        if (!strcmp((*c)->name, name))
            return true;
    return false;
}

static void check_one(struct myna_doctor *d, const char *provider, const char *origin,
                      bool is_first)
{
    const char *base_url = myna_doctor_value(d, "llm", provider, "base_url");
    bool worth_asking = true;

    if (!is_known(provider)) {
        myna_doctor_tell(d, d->agent, "provider", MYNA_CHECK_FAIL,
                         "name one of those below llm in `myna config`",
                         "there is no llm provider '%s' (%s)", provider, origin);
        return;
    }
    if (!is_remote(d, provider)) {
        bool built_in = is_first && !strcmp(provider, "rehearsal");

        myna_doctor_tell(d, d->agent, "provider", built_in ? MYNA_CHECK_WARN : MYNA_CHECK_OK,
                         built_in ? "run `myna setup`, or start your agent (docs/agents.md)" : NULL,
                         "%s answers (%s)%s", provider, origin,
                         built_in ? ", by rule: no agent is configured or found" : "");
        return;
    }
    if (!base_url || !*base_url) {
        myna_doctor_tell(d, d->agent, "provider", MYNA_CHECK_FAIL,
                         "set its base_url (`myna setup`)", "llm.%s.base_url is not set", provider);
        return;
    }
    myna_doctor_tell(d, d->agent, "provider", MYNA_CHECK_OK, NULL, "%s at %s (%s)", provider,
                     base_url, origin);
    if (!strcmp(provider, "hermes"))
        worth_asking = myna_doctor_hermes(d, base_url);
    else if (!strcmp(provider, "openclaw"))
        worth_asking = myna_doctor_openclaw(d, base_url);
    else
        tell_key(d, provider, base_url);
    if (d->opt->no_network) {
        myna_doctor_tell(d, d->agent, "models", MYNA_CHECK_SKIP, NULL, "not asked (--no-network)");
        myna_doctor_tell(d, d->agent, "answer", MYNA_CHECK_SKIP, NULL, "not asked (--no-network)");
    } else if (!worth_asking || !ask_models(d, provider, base_url)) {
        myna_doctor_tell(d, d->agent, "answer", MYNA_CHECK_SKIP, NULL,
                         "not asked: the above comes first");
    } else {
        first_word(d);
    }
}

void myna_doctor_agents(struct myna_doctor *d)
{
    struct myna_doctor_list who;
    char section[80], origin[96];

    myna_doctor_list(d, "llm", &who);
    if (d->opt->provider) /* at that one alone */
        who.n = 1;
    for (size_t i = 0; i < who.n; i++) {
        snprintf(section, sizeof section, "%s%s", i ? "fallback " : "agent", i ? who.names[i] : "");
        snprintf(origin, sizeof origin, "%s", myna_doctor_origin(d, "llm", i == 0));
        d->agent = section;
        if (i) /* the trial asks whoever stands there */
            (void)!myna_config_set(d->cfg, "llm.provider", who.names[i], "doctor", NULL);
        check_one(d, who.names[i], origin, i == 0);
    }
}

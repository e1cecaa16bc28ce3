/* doctor.c - the order of the checks, and those of Myna's own. */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/calls.h>
#include <myna/runtime.h>
#include <myna/stages.h>

#include "transport/card.h"

enum { MODELS_MAX = 32, LIVEKIT_MS = 4000 };

const char *myna_check_state_name(enum myna_check_state s)
{
    static const char *const names[] = {"ok", "warn", "fail", "skip"};

    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "fail";
}

void myna_doctor_tell(struct myna_doctor *d, const char *section, const char *name,
                      enum myna_check_state state, const char *fix, const char *fmt, ...)
{
    char text[700];
    struct myna_check check = {
        .section = section, .name = name, .state = state, .text = text, .fix = fix ? fix : ""};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->out->n[state]++;
    if (d->opt->on_check)
        d->opt->on_check(d->opt->arg, &check);
}

const char *myna_doctor_value(const struct myna_doctor *d, const char *stage, const char *provider,
                              const char *name)
{
    char key[128];

    snprintf(key, sizeof key, "%s.%s.%s", stage, provider, name);
    return myna_config_get(d->cfg, key);
}

const char *myna_doctor_key(const struct myna_doctor *d, const char *stage, const char *provider,
                            char *from, size_t size)
{
    const char *key = myna_doctor_value(d, stage, provider, "api_key");
    const char *env = myna_doctor_value(d, stage, provider, "api_key_env");

    if (key && *key) {
        char name[128];
        const char *origin;

        snprintf(name, sizeof name, "%s.%s.api_key", stage, provider);
        origin = myna_config_origin(d->cfg, name);
        snprintf(from, size, "%s", origin ? origin : name);
        return strcmp(key, "EMPTY") ? key : NULL;
    }
    if (!env || !*env)
        return NULL;
    key = getenv(env);
    snprintf(from, size, "$%s", env);
    return key && *key ? key : NULL;
}

/* ------------------------------------------------------------------ Myna's own files */

static void check_private(struct myna_doctor *d)
{
    char *path = myna_config_env_path();
    struct stat st;
    char fix[600];

    if (!path || stat(path, &st)) {
        myna_doctor_tell(d, "myna", "private file", MYNA_CHECK_SKIP, NULL,
                         "there is none (%s); `myna setup` makes it when a key is given",
                         path ? path : "no HOME");
    } else if (st.st_mode & 077) {
        snprintf(fix, sizeof fix, "chmod 600 %.500s", path);
        myna_doctor_tell(d, "myna", "private file", MYNA_CHECK_FAIL, fix,
                         "others can read the keys in %s", path);
    } else {
        myna_doctor_tell(d, "myna", "private file", MYNA_CHECK_OK, NULL, "%s is its owner's alone",
                         path);
    }
    free(path);
}

/* Looked at from outside: to open it would bring an older form up to date. */
static void check_log(struct myna_doctor *d)
{
    static const char magic[] = "SQLite format 3";
    char *path = NULL, head[16] = "";
    struct myna_why why = {0};
    FILE *f;

    if (myna_calls_file(d->cfg, &path, &why)) {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_WARN, "set calls.file", "%s", why.text);
        return;
    }
    f = path ? fopen(path, "re") : NULL;
    if (!path) {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_SKIP, NULL, "calls.enabled is false");
    } else if (!f && errno == ENOENT) {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_OK, NULL,
                         "%s begins with the first call", path);
    } else if (!f || access(path, W_OK)) {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_FAIL,
                         "mend its permissions, or set calls.file", "%s cannot be used: %s", path,
                         strerror(errno));
    } else if (fread(head, 1, sizeof head, f) && memcmp(head, magic, sizeof head) != 0) {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_FAIL,
                         "move it away and a new one is begun", "%s is damaged", path);
    } else {
        myna_doctor_tell(d, "myna", "call log", MYNA_CHECK_OK, NULL, "%s", path);
    }
    if (f)
        fclose(f);
    free(path);
}

/* ------------------------------------------------------------------ hearing and voice */

struct need {
    const char *stage, *provider, *section;
    const char *models[2];
};

/* Who needs which model of `myna models`. */
static const struct need needs[] = {
    {"vad", "silero", "hearing", {"silero-vad", NULL}},
    {"stt", "moonshine", "hearing", {"sherpa-onnx", "moonshine-tiny-en"}},
    {"tts", "piper", "voice", {"sherpa-onnx", "piper-joe"}},
};

static void check_models(struct myna_doctor *d, const struct need *n)
{
    struct myna_model rows[MODELS_MAX];
    size_t count = myna_models_list(rows, MODELS_MAX, false);
    /* without theirs, another VAD and another voice serve */
    enum myna_check_state bad = strcmp(n->stage, "stt") ? MYNA_CHECK_WARN : MYNA_CHECK_FAIL;
    bool whole = true;
    char fix[120];

    for (size_t i = 0; i < count && i < MODELS_MAX; i++)
        for (size_t k = 0; k < 2; k++) {
            if (!n->models[k] || strcmp(rows[i].name, n->models[k]) ||
                rows[i].state == MYNA_MODEL_HERE)
                continue;
            whole = false;
            snprintf(fix, sizeof fix, "myna models fetch %s", rows[i].name);
            myna_doctor_tell(d, n->section, n->stage, bad, fix, "%s needs %s, which is %s",
                             n->provider, rows[i].name,
                             rows[i].state == MYNA_MODEL_CORRUPT ? "damaged" : "missing");
        }
    if (whole)
        myna_doctor_tell(d, n->section, n->stage, MYNA_CHECK_OK, NULL, "%s, its model is here",
                         n->provider);
}

static void check_stage(struct myna_doctor *d, const char *stage, const char *section)
{
    char key[64], from[64], fix[160];
    const char *provider, *base_url;

    snprintf(key, sizeof key, "%s.provider", stage);
    provider = myna_config_get(d->cfg, key);
    for (size_t i = 0; provider && i < sizeof needs / sizeof *needs; i++)
        if (!strcmp(needs[i].stage, stage) && !strcmp(needs[i].provider, provider)) {
            check_models(d, &needs[i]);
            return;
        }
    provider = provider ? provider : "";
    base_url = myna_doctor_value(d, stage, provider, "base_url");
    if (!strcmp(provider, "openai") && !myna_doctor_key(d, stage, provider, from, sizeof from)) {
        snprintf(fix, sizeof fix, "export OPENAI_API_KEY=…, or run `myna setup`");
        myna_doctor_tell(d, section, stage, MYNA_CHECK_FAIL, fix, "there is no key for %s",
                         provider);
        return;
    }
    myna_doctor_tell(d, section, stage, MYNA_CHECK_OK, NULL, "%s%s%s", provider,
                     base_url ? " at " : "", base_url ? base_url : "");
}

static bool is_local(const struct myna_doctor *d, const char *stage)
{
    char key[64];
    const char *provider;

    snprintf(key, sizeof key, "%s.provider", stage);
    provider = myna_config_get(d->cfg, key);
    return !provider || !myna_doctor_value(d, stage, provider, "base_url");
}

static void check_word(struct myna_doctor *d)
{
    struct myna_word_back w;
    struct myna_why why = {0};

    /* the providers themselves are looked at, not those that would take over */
    (void)!myna_config_set(d->cfg, "stt.fallback", "", "doctor", NULL);
    (void)!myna_config_set(d->cfg, "tts.fallback", "", "doctor", NULL);
    if (d->opt->no_network && !(is_local(d, "stt") && is_local(d, "tts")))
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_SKIP, NULL, "not spoken (--no-network)");
    else if (d->out->n[MYNA_CHECK_FAIL])
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_SKIP, NULL,
                         "not spoken: the above comes first");
    else if (myna_try_word(d->cfg, &w, &why))
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_FAIL, "see docs/providers.md", "%s",
                         why.text);
    else
        myna_doctor_tell(d, "voice", "word", w.same ? MYNA_CHECK_OK : MYNA_CHECK_WARN,
                         w.same ? NULL : "try `myna say` and `myna hear` with another provider",
                         "said \"%s\", heard \"%s\"", w.said, w.heard);
}

static void check_card(struct myna_doctor *d)
{
    struct myna_card_options co = {0};
    struct myna_card *card = NULL;
    struct myna_why why = {0};

    if (myna_card_open(&co, &card, &why))
        myna_doctor_tell(d, "sound", "card", MYNA_CHECK_WARN,
                         "use --in and --out with `myna console`, or --text", "%s", why.text);
    else
        myna_doctor_tell(d, "sound", "card", MYNA_CHECK_OK, NULL, "there is one, at %u Hz",
                         myna_card_rate_hz(card));
    myna_card_close(card);
}

/* ------------------------------------------------------------------ LiveKit */

/* wss://host -> https://host */
static bool http_url(const char *url, char *out, size_t size)
{
    if (!strncmp(url, "ws", 2))
        return snprintf(out, size, "http%s", url + 2) < (int)size;
    return !strncmp(url, "http", 4) && snprintf(out, size, "%s", url) < (int)size;
}

static void ask_livekit(struct myna_doctor *d, const char *url)
{
    char http[512];
    struct myna_reached r;

    if (!http_url(url, http, sizeof http)) {
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_FAIL,
                         "set LIVEKIT_URL to something like wss://example.livekit.cloud",
                         "the URL is none of ws, wss, http, https");
        return;
    }
    myna_reach(http, NULL, false, LIVEKIT_MS, &r);
    if (r.status && r.status < 500)
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_OK, NULL, "%s answers", url);
    else
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_FAIL,
                         "is it running, and is LIVEKIT_URL right?", "%s",
                         r.status ? "it answers with an error of its own" : r.message);
    myna_reached_fini(&r);
}

/* A room that is kept as a gateway is deaf until somebody is allowed. */
static void check_people(struct myna_doctor *d)
{
    static const char *const keys[] = {"gateway.allowed_users", "gateway.allow_all_users",
                                       "gateway.global_allowed_users",
                                       "gateway.global_allow_all_users"};
    const char *room = myna_doctor_value(d, "transport", "livekit", "room");

    if (!room || !*room)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = myna_config_get(d->cfg, keys[i]);

        if (text && *text) {
            myna_doctor_tell(d, "livekit", "people", MYNA_CHECK_OK, NULL,
                             "who may talk with the gateway is said (%s)", keys[i]);
            return;
        }
    }
    myna_doctor_tell(
        d, "livekit", "people", MYNA_CHECK_WARN,
        "set LIVEKIT_ALLOWED_USERS to their identities, or LIVEKIT_ALLOW_ALL_USERS=true",
        "nobody may talk with the gateway of room %s", room);
}

static void check_livekit(struct myna_doctor *d)
{
    static const char *const names[] = {"url", "api_key", "api_secret"};
    const char *values[3];
    int set = 0;

    for (size_t i = 0; i < 3; i++) {
        values[i] = myna_doctor_value(d, "transport", "livekit", names[i]);
        set += values[i] && *values[i];
    }
    if (!set) {
        myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_SKIP, NULL,
                         "LiveKit is not configured (LIVEKIT_URL)");
        return;
    }
    if (set < 3) {
        myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_FAIL,
                         "set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
                         "%s%s%s not set", values[0] && *values[0] ? "" : "the URL is",
                         values[1] && *values[1] ? "" : " the key is",
                         values[2] && *values[2] ? "" : " the secret is");
        return;
    }
    myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_OK, NULL, "URL, key and secret are set");
    check_people(d);
    if (d->opt->no_network)
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_SKIP, NULL, "not asked (--no-network)");
    else
        ask_livekit(d, values[0]);
}

/* Nothing is asked and no key is read: there is nobody here who would use them. */
static void check_phone(struct myna_doctor *d)
{
    myna_doctor_tell(d, "phone", "carrier", MYNA_CHECK_SKIP, NULL,
                     "this version takes no calls from a carrier: no credentials, webhook or "
                     "tunnel to look at");
}

/* ------------------------------------------------------------------ the order */

/* Who runs here; whoever cannot be used is told with the remedy. */
static enum myna_err look_around(struct myna_doctor *d, struct myna_why *why)
{
    const char *enabled = myna_config_get(d->cfg, "probe.enabled");
    struct myna_discovery found;
    char line[1024];
    enum myna_err err;

    if (enabled && !strcmp(enabled, "false"))
        return MYNA_OK;
    err = myna_discover(d->cfg, &found, why);
    for (size_t i = 0; !err && i < found.n; i++)
        if (!found.found[i].usable)
            myna_doctor_tell(d, "found", found.found[i].product, MYNA_CHECK_WARN,
                             found.found[i].remedy, "it runs on 127.0.0.1:%d and cannot be used",
                             found.found[i].port);
    return err ? err : myna_discover_use(d->cfg, &found, line, sizeof line, why);
}

/* Who would answer a call now? Or: this one, with what is known of it on this machine. */
static enum myna_err choose_agent(struct myna_doctor *d, struct myna_why *why)
{
    struct myna_probe_keys keys;
    char line[1024];
    const char *name = d->opt->provider, *key = NULL;
    enum myna_err err;

    if (!name && d->opt->no_network)
        return MYNA_OK;
    if (!name)
        return look_around(d, why);
    for (const struct myna_llm_class *const *c = myna_builtin_llms(); *c; c++)
        if (!strcmp((*c)->name, name)) {
            err = myna_config_set(d->cfg, "llm.provider", name, "doctor", why);
            if (err)
                return err;
            myna_probe_find_keys(&keys);
            if (!strcmp(name, "hermes"))
                key = keys.hermes;
            else if (!strcmp(name, "openclaw"))
                key = keys.openclaw;
            if (key && *key && !myna_doctor_key(d, "llm", name, line, sizeof line))
                err = myna_config_set(
                    d->cfg, !strcmp(name, "hermes") ? "llm.hermes.api_key" : "llm.openclaw.api_key",
                    key, "found on this machine", why);
            if (!err && !strcmp(name, "hermes") && keys.hermes_port &&
                myna_config_is_default(d->cfg, "llm.hermes.base_url")) {
                snprintf(line, sizeof line, "http://127.0.0.1:%d/v1", keys.hermes_port);
                err = myna_config_set(d->cfg, "llm.hermes.base_url", line, "found on this machine",
                                      why);
            }
            return err;
        }
    return myna_fail(why, MYNA_ECONFIG,
                     "there is no agent '%.40s'; see `myna config`, llm.provider", name);
}

enum myna_err myna_doctor(struct myna_config *cfg, const struct myna_doctor_options *opt,
                          struct myna_doctor_result *out, struct myna_why *why)
{
    struct myna_doctor d = {.cfg = cfg, .opt = opt, .out = out};
    enum myna_err err;

    *out = (struct myna_doctor_result){0};
    err = choose_agent(&d, why);
    if (err)
        return err;
    if (!opt->provider) {
        check_private(&d);
        check_log(&d);
        check_stage(&d, "vad", "hearing");
        check_stage(&d, "stt", "hearing");
        check_stage(&d, "tts", "voice");
        check_word(&d);
        check_card(&d);
    }
    myna_doctor_agent(&d);
    if (!opt->provider) {
        check_livekit(&d);
        check_phone(&d);
    }
    return MYNA_OK;
}

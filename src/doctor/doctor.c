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

#include "rtc/rtc.h"
#include "tools/toolbox.h"
#include "transport/card.h"
#include "util/http.h"

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

/* ------------------------------------------------------------------ who has a stage */

struct spares {
    const char *const *names;
};
static const struct myna_option spare_options[] = {
    {.name = "fallback", .type = MYNA_OPT_LIST, .offset = offsetof(struct spares, names)}, {0}};

static void add(struct myna_doctor_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->names[i], name))
            return;
    if (l->n < MYNA_DOCTOR_LIST_MAX)
        snprintf(l->names[l->n++], sizeof *l->names, "%s", name);
}

void myna_doctor_list(const struct myna_doctor *d, const char *stage, struct myna_doctor_list *out)
{
    const struct myna_section section = {.path = stage, .options = spare_options};
    struct spares spares = {0};
    struct myna_why why = {0};
    char key[64];
    const char *provider;

    *out = (struct myna_doctor_list){0};
    snprintf(key, sizeof key, "%s.provider", stage);
    provider = myna_config_get(d->cfg, key);
    add(out, provider ? provider : "");
    if (!strcmp(stage, "vad") || myna_config_read(d->cfg, &section, &spares, &why))
        return;
    for (; spares.names && *spares.names; spares.names++)
        add(out, *spares.names);
}

const char *myna_doctor_origin(const struct myna_doctor *d, const char *stage, bool is_first)
{
    char key[64];
    const char *origin;

    snprintf(key, sizeof key, "%s.%s", stage, is_first ? "provider" : "fallback");
    origin = myna_config_origin(d->cfg, key);
    return origin ? origin : "?";
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

/* ------------------------------------------------------------------ sound */

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

/* ------------------------------------------------------------------ tools */

static void tell_tool(void *arg, const char *entry, const char *kind, const char *wrong)
{
    if (wrong)
        myna_doctor_tell(arg, "tools", entry, MYNA_CHECK_FAIL, "mend that line (docs/tools.md)",
                         "%s", wrong);
    else
        myna_doctor_tell(arg, "tools", entry, MYNA_CHECK_OK, NULL, "%s", kind);
}

/* ------------------------------------------------------------------ phone */

/* Nothing is asked and no key is read: there is nobody here who would use them. */
static void check_phone(struct myna_doctor *d)
{
    myna_doctor_tell(d, "phone", "carrier", MYNA_CHECK_SKIP, NULL,
                     "this version takes no calls from a carrier: no credentials, webhook or "
                     "tunnel to look at");
}

/* ------------------------------------------------------------------ the order */

/* Opened by name when they are needed: whether they are there shows only then. */
static void check_libraries(struct myna_doctor *d)
{
    const char *room = myna_config_get(d->cfg, "transport.livekit.url");
    struct myna_why why = {0};

    if (myna_http_available(&why))
        myna_doctor_tell(d, "myna", "HTTP", MYNA_CHECK_FAIL, MYNA_DOCTOR_HTTP, "%s", why.text);
    else
        myna_doctor_tell(d, "myna", "HTTP", MYNA_CHECK_OK, NULL, "libcurl is there");
    if (myna_rtc_available(&why))
        myna_doctor_tell(d, "myna", "WebRTC", room && *room ? MYNA_CHECK_FAIL : MYNA_CHECK_WARN,
                         "apt install libnice10", "%s", why.text);
    else
        myna_doctor_tell(d, "myna", "WebRTC", MYNA_CHECK_OK, NULL, "libnice is there");
}

/* Who runs here; whoever cannot be used is told with the remedy. */
static enum myna_err look_around(struct myna_doctor *d, struct myna_why *why)
{
    const char *enabled = myna_config_get(d->cfg, "probe.enabled");
    struct myna_discovery found;
    char line[1024];
    enum myna_err err;

    if (enabled && !strcmp(enabled, "false"))
        return MYNA_OK;
    if (myna_http_available(NULL))
        return MYNA_OK; /* told by check_libraries() */
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
    return myna_fail(
        why, MYNA_ECONFIG,
        "there is no agent '%.40s'; see `myna config`, llm.provider (or livekit, for rooms)", name);
}

enum myna_err myna_doctor(struct myna_config *cfg, const struct myna_doctor_options *opt,
                          struct myna_doctor_result *out, struct myna_why *why)
{
    struct myna_doctor d = {.cfg = cfg, .opt = opt, .out = out};
    enum myna_err err;

    *out = (struct myna_doctor_result){0};
    if (opt->provider && !strcmp(opt->provider, "livekit")) {
        myna_doctor_livekit(&d);
        return MYNA_OK;
    }
    err = choose_agent(&d, why);
    if (err)
        return err;
    if (!opt->provider) {
        check_libraries(&d);
        check_private(&d);
        check_log(&d);
        myna_doctor_speech(&d);
        check_card(&d);
    }
    myna_doctor_agents(&d);
    if (!opt->provider) {
        myna_toolbox_look(d.cfg, tell_tool, &d);
        myna_doctor_livekit(&d);
        check_phone(&d);
    }
    return MYNA_OK;
}

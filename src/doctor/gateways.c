/* gateways.c - what Hermes and OpenClaw have in their own files, before anybody is asked.
 *
 * Hermes: ~/.hermes/.env stands over config.yaml, of which only the block `api_server:` is looked
 * at, line by line. OpenClaw: openclaw.json where that is plain JSON.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "doctor/doctor.h"
#include "util/envfile.h"
#include "util/fs.h"
#include "util/http.h"
#include "util/json_load.h"

enum { FILE_MAX = 1 << 20, HERMES_KEY_MIN = 16 };

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    char at[1024];

    for (size_t n; path && *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        if (n && snprintf(at, sizeof at, "%.*s/%s", (int)n, path, program) < (int)sizeof at &&
            !access(at, X_OK))
            return true;
    }
    return false;
}

static void tell_program(struct myna_doctor *d, const char *program, const char *install)
{
    if (on_path(program))
        myna_doctor_tell(d, d->agent, "program", MYNA_CHECK_OK, NULL, "%s is on the PATH", program);
    else
        myna_doctor_tell(d, d->agent, "program", MYNA_CHECK_WARN, install,
                         "%s is not on the PATH; fine when its gateway runs elsewhere", program);
}

/* The path of `name` in the directory of such a program; NULL: no HOME. */
static char *own_file(const char *dir_var, const char *home_dir, const char *name)
{
    const char *dir = getenv(dir_var), *home = getenv("HOME");
    char *path = NULL;

    if (dir && *dir)
        return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
    if (home && *home)
        return asprintf(&path, "%s/%s/%s", home, home_dir, name) < 0 ? NULL : path;
    return NULL;
}

static char *text_of(const char *path)
{
    char *text = NULL;
    size_t len;

    return path && !myna_fs_read(path, FILE_MAX, &text, &len, NULL) ? text : NULL;
}

/* ------------------------------------------------------------------ Hermes */

struct hermes {
    char enabled[16], key[512], port[16], model[128];
    bool files; /* there is one of its files here */
};

static size_t indent_of(const char *line)
{
    return strspn(line, " ");
}

/* "  key: value" below "api_server:", which stands somewhere in the file. */
static void from_yaml(const char *text, const char *key, char *out, size_t size)
{
    size_t block = 0, n = strlen(key);
    bool inside = false;

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t indent = indent_of(line), len = strcspn(line, "#\r\n");
        const char *at = line + indent;

        if (len <= indent)
            continue;
        if (inside && indent <= block)
            inside = false;
        if (!inside && !strncmp(at, "api_server:", 11)) {
            inside = true;
            block = indent;
        } else if (inside && !strncmp(at, key, n) && at[n] == ':') {
            const char *v = at + n + 1 + strspn(at + n + 1, " \"'");

            snprintf(out, size, "%.*s", (int)strcspn(v, " \"'#\r\n"), v);
            return;
        }
    }
}

static void read_hermes(struct hermes *h)
{
    static const char *const names[][2] = {{"API_SERVER_ENABLED", "enabled"},
                                           {"API_SERVER_KEY", "key"},
                                           {"API_SERVER_PORT", "port"},
                                           {"API_SERVER_MODEL_NAME", "model_name"}};
    char *env_path = own_file("HERMES_HOME", ".hermes", ".env");
    char *yaml_path = own_file("HERMES_HOME", ".hermes", "config.yaml");
    char *env = text_of(env_path), *yaml = text_of(yaml_path);
    struct {
        char *out;
        size_t size;
    } into[] = {{h->enabled, sizeof h->enabled},
                {h->key, sizeof h->key},
                {h->port, sizeof h->port},
                {h->model, sizeof h->model}};

    h->files = env || yaml;
    for (size_t i = 0; i < 4; i++)
        if (!env || !myna_envfile_find(env, names[i][0], into[i].out, into[i].size))
            from_yaml(yaml, names[i][1], into[i].out, into[i].size);
    free(env);
    free(yaml);
    free(env_path);
    free(yaml_path);
}

static bool yes(const char *text)
{
    return !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcasecmp(text, "on") ||
           !strcmp(text, "1");
}

static void tell_hermes_key(struct myna_doctor *d, const struct hermes *h)
{
    char from[64];
    const char *ours = myna_doctor_key(d, "llm", "hermes", from, sizeof from);

    if (*h->key && strlen(h->key) < HERMES_KEY_MIN)
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_FAIL,
                         "set API_SERVER_KEY in ~/.hermes/.env to 16 characters or more",
                         "API_SERVER_KEY has %zu characters; Hermes refuses to start with it",
                         strlen(h->key));
    else if (ours && *h->key && strcmp(ours, h->key) != 0)
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_FAIL,
                         "unset the one of Myna, or make both the same",
                         "the key of Myna (%s) is not the API_SERVER_KEY of ~/.hermes", from);
    else if (ours)
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_OK, NULL, "the key is set (%s)", from);
    else
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_WARN,
                         "set API_SERVER_KEY in ~/.hermes/.env and restart `hermes gateway run`",
                         "there is no key: Hermes takes no session headers without one, so it will "
                         "not remember a call by its id");
}

static void tell_hermes_port(struct myna_doctor *d, const struct hermes *h, const char *base_url)
{
    char part[32];

    if (!*h->port)
        return;
    snprintf(part, sizeof part, ":%.12s/", h->port);
    if (!strstr(base_url, part))
        myna_doctor_tell(d, d->agent, "port", MYNA_CHECK_WARN,
                         "set llm.hermes.base_url to http://127.0.0.1:PORT/v1 with its port",
                         "Hermes listens on port %.12s, Myna asks %s", h->port, base_url);
    else
        myna_doctor_tell(d, d->agent, "port", MYNA_CHECK_OK, NULL, "port %.12s", h->port);
}

bool myna_doctor_hermes(struct myna_doctor *d, const char *base_url)
{
    struct hermes h = {0};
    bool on = true;

    if (!myna_http_is_loopback(base_url)) {
        myna_doctor_tell(d, d->agent, "gateway", MYNA_CHECK_SKIP, NULL,
                         "Hermes runs on another machine; its files are not here");
        return true;
    }
    tell_program(d, "hermes", "pip install hermes-agent aiohttp");
    read_hermes(&h);
    if (!h.files) {
        myna_doctor_tell(d, d->agent, "gateway", MYNA_CHECK_WARN,
                         "put API_SERVER_ENABLED=true and API_SERVER_KEY=… into ~/.hermes/.env",
                         "there are no files of Hermes here (~/.hermes)");
    } else {
        on = yes(h.enabled);
        myna_doctor_tell(d, d->agent, "gateway", on ? MYNA_CHECK_OK : MYNA_CHECK_FAIL,
                         on ? NULL
                            : "put API_SERVER_ENABLED=true into ~/.hermes/.env; hermes gateway run",
                         "the API server of Hermes is %s", on ? "on" : "off");
    }
    tell_hermes_key(d, &h);
    tell_hermes_port(d, &h, base_url);
    if (*h.model)
        myna_doctor_tell(d, d->agent, "model name", MYNA_CHECK_OK, NULL, "it calls itself %.100s",
                         h.model);
    return on;
}

/* ------------------------------------------------------------------ OpenClaw */

#define ENABLE                                                                                     \
    "put {\"gateway\":{\"http\":{\"endpoints\":{\"chatCompletions\":{\"enabled\":true}}}}} into "  \
    "~/.openclaw/openclaw.json"

/* Its chat endpoint is off unless the file says otherwise. */
static bool tell_endpoint(struct myna_doctor *d, const json_t *root)
{
    static const char *const way[] = {"gateway", "http", "endpoints", "chatCompletions", "enabled"};
    const json_t *v = root;

    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        v = json_object_get(v, way[i]);
    myna_doctor_tell(d, d->agent, "gateway", json_is_true(v) ? MYNA_CHECK_OK : MYNA_CHECK_FAIL,
                     json_is_true(v) ? NULL : ENABLE, "the chat endpoint of OpenClaw is %s",
                     json_is_true(v) ? "on" : "off, as it is by default");
    return json_is_true(v);
}

static void tell_openclaw_key(struct myna_doctor *d)
{
    char from[64];

    if (myna_doctor_key(d, "llm", "openclaw", from, sizeof from))
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_OK, NULL, "the token is set (%s)", from);
    else
        myna_doctor_tell(d, d->agent, "key", MYNA_CHECK_WARN,
                         "export OPENCLAW_GATEWAY_TOKEN=… (or gateway.auth.token in openclaw.json)",
                         "there is no token; a gateway that wants one answers 401");
}

bool myna_doctor_openclaw(struct myna_doctor *d, const char *base_url)
{
    const char *named = getenv("OPENCLAW_CONFIG_PATH");
    char *path, *text;
    json_t *root;
    bool on = true;

    if (!myna_http_is_loopback(base_url)) {
        myna_doctor_tell(d, d->agent, "gateway", MYNA_CHECK_SKIP, NULL,
                         "OpenClaw runs on another machine; its files are not here");
        return true;
    }
    tell_program(d, "openclaw", "npm install -g openclaw");
    path = named && *named ? strdup(named)
                           : own_file("OPENCLAW_STATE_DIR", ".openclaw", "openclaw.json");
    text = text_of(path);
    root = text ? myna_json_loads(text, 0, NULL) : NULL;
    if (root)
        on = tell_endpoint(d, root);
    else
        myna_doctor_tell(d, d->agent, "gateway", MYNA_CHECK_WARN, ENABLE,
                         text ? "%s is no plain JSON: whether the chat endpoint is on is not known"
                              : "%s is not there",
                         path ? path : "openclaw.json");
    tell_openclaw_key(d);
    json_decref(root);
    free(text);
    free(path);
    return on;
}

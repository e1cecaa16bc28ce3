/* keys.c - the credentials that Hermes and OpenClaw want, where their own programs keep them.
 *
 * Hermes: $API_SERVER_KEY, else $HERMES_HOME/.env or ~/.hermes/.env. OpenClaw: $OPENCLAW_API_KEY,
 * $OPENCLAW_GATEWAY_TOKEN, else gateway.auth in openclaw.json, when that is plain JSON.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/probe.h"
#include "util/envfile.h"
#include "util/fs.h"
#include "util/json_load.h"

enum { FILE_MAX = 1 << 20 };

static bool from_env(const char *name, char *key, size_t size)
{
    const char *value = getenv(name);

    if (!value || !*value || strlen(value) >= size)
        return false;
    snprintf(key, size, "%s", value);
    return true;
}

/* NULL: it is not there, or cannot be read: then it says nothing. */
static char *file_of(const char *home_var, const char *home_dir, const char *name)
{
    const char *dir = getenv(home_var), *home = getenv("HOME");
    char path[1024], *text = NULL;
    size_t len;

    if (dir && *dir)
        snprintf(path, sizeof path, "%s/%s", dir, name);
    else if (home && *home)
        snprintf(path, sizeof path, "%s/%s/%s", home, home_dir, name);
    else
        return NULL;
    return myna_fs_read(path, FILE_MAX, &text, &len, NULL) ? NULL : text;
}

static void hermes(struct myna_probe_keys *k)
{
    char *text = file_of("HERMES_HOME", ".hermes", ".env");
    char port[16];

    if (from_env("API_SERVER_KEY", k->hermes, sizeof k->hermes))
        k->hermes_from = "API_SERVER_KEY";
    else if (text && myna_envfile_find(text, "API_SERVER_KEY", k->hermes, sizeof k->hermes) &&
             *k->hermes)
        k->hermes_from = getenv("HERMES_HOME") ? "$HERMES_HOME/.env" : "~/.hermes/.env";
    if (text && myna_envfile_find(text, "API_SERVER_PORT", port, sizeof port))
        k->hermes_port = atoi(port) > 0 && atoi(port) < 65536 ? atoi(port) : 0;
    free(text);
}

static const char *auth_text(const json_t *root, const char *name)
{
    const json_t *auth = json_object_get(json_object_get(root, "gateway"), "auth");

    return json_string_value(json_object_get(auth, name));
}

static void openclaw(struct myna_probe_keys *k)
{
    const char *value, *path = getenv("OPENCLAW_CONFIG_PATH");
    char *text = NULL;
    json_t *root;
    size_t len;

    if (from_env("OPENCLAW_API_KEY", k->openclaw, sizeof k->openclaw))
        k->openclaw_from = "OPENCLAW_API_KEY";
    else if (from_env("OPENCLAW_GATEWAY_TOKEN", k->openclaw, sizeof k->openclaw))
        k->openclaw_from = "OPENCLAW_GATEWAY_TOKEN";
    if (k->openclaw_from)
        return;
    if (path && *path) {
        if (myna_fs_read(path, FILE_MAX, &text, &len, NULL))
            text = NULL;
    } else {
        text = file_of("OPENCLAW_STATE_DIR", ".openclaw", "openclaw.json");
    }
    root = text ? myna_json_loads(text, 0, NULL) : NULL;
    value = auth_text(root, "token");
    if (!value)
        value = auth_text(root, "password");
    /* "${NAME}" and the like are OpenClaw's to resolve. */
    if (value && *value && *value != '$' && strlen(value) < sizeof k->openclaw) {
        snprintf(k->openclaw, sizeof k->openclaw, "%s", value);
        k->openclaw_from = "openclaw.json";
    }
    json_decref(root);
    free(text);
}

void myna_probe_find_keys(struct myna_probe_keys *keys)
{
    *keys = (struct myna_probe_keys){0};
    hermes(keys);
    openclaw(keys);
}

/* paired.c - see paired.h. */
#include "gateway/paired.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/fs.h"
#include "util/json_load.h"

enum { FILE_MAX = 1 << 20 };

static json_t *read_one(const char *home, const char *below, const char *file)
{
    char path[4096], *text = NULL;
    json_t *o = NULL;
    size_t len;

    if (snprintf(path, sizeof path, "%s/%s%s", home, below, file) < (int)sizeof path &&
        !myna_fs_read(path, FILE_MAX, &text, &len, NULL))
        o = myna_json_loadb(text, len, 0, NULL);
    free(text);
    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

json_t *myna_gw_paired_read(void)
{
    const char *named = getenv("HERMES_HOME"), *home = getenv("HOME");
    const char *base = named && *named ? named : home, *below = named && *named ? "" : ".hermes/";
    json_t *o;

    if (!base || !*base)
        return NULL;
    o = read_one(base, below, "platforms/pairing/livekit-approved.json");
    return o ? o : read_one(base, below, "pairing/livekit-approved.json");
}

bool myna_gw_paired(const json_t *paired, const char *identity)
{
    return identity && *identity && json_object_get(paired, identity);
}

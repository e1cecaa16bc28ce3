/* avatar.c - see avatar.h. */
#include "gateway/avatar.h"
#include "gateway/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "util/buf.h"
#include "util/crypto.h"
#include "util/fs.h"
#include "util/json_dump.h"

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg")) ? "image/jpeg"
                                                                          : "image/png";
}

/* False: there is no such file. What is longer than could ever pass is not read to its end. */
static bool read_file(const char *path, struct myna_buf *into)
{
    char piece[16 << 10];
    FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return false;
    while (!into->err && (n = fread(piece, 1, sizeof piece, f)) > 0)
        (void)!myna_buf_put(into, piece, n);
    n = !ferror(f);
    fclose(f);
    return n;
}

static void data_uri(const char *path, struct myna_buf *out, bool *too_long)
{
    struct myna_buf bytes, full;
    const char *home = getenv("HOME");

    myna_buf_init(&bytes, MYNA_GW_METADATA_MAX);
    myna_buf_init(&full, 0);
    if (starts(path, "~/") && home)
        myna_buf_printf(&full, "%s%s", home, path + 1);
    else
        (void)!myna_buf_puts(&full, path);
    if (read_file(myna_buf_str(&full), &bytes)) {
        myna_buf_printf(out, "data:%s;base64,", type_of(path));
        myna_base64_put(out, myna_buf_view(&bytes), MYNA_BASE64);
    }
    *too_long = bytes.err == MYNA_ELIMIT;
    myna_buf_fini(&full);
    myna_buf_fini(&bytes);
}

/* Nobody chose one: agent.png or agent.jpg in the agent's home. */
static const char *usual(char path[512])
{
    static const char *const names[] = {"agent.png", "agent.jpg"};
    const char *hermes = getenv("HERMES_HOME"), *home = getenv("HOME");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (hermes && *hermes)
            snprintf(path, 512, "%s/%s", hermes, names[i]);
        else
            snprintf(path, 512, "%s/.hermes/%s", home ? home : "", names[i]);
        if (myna_fs_exists(path))
            return path;
    }
    return NULL;
}

char *myna_gw_avatar(struct myna_host *host, const char *setting)
{
    struct myna_buf value;
    char *text = NULL, path[512];
    bool too_long = false;
    json_t *o;

    if (!setting || !*setting)
        setting = usual(path);
    if (!setting)
        return NULL;
    myna_buf_init(&value, 4 * MYNA_GW_METADATA_MAX);
    if (starts(setting, "http://") || starts(setting, "https://") || starts(setting, "data:"))
        (void)!myna_buf_puts(&value, setting);
    else
        data_uri(setting, &value, &too_long);
    if (value.len && !value.err && !too_long) {
        o = json_pack("{s:s}", "avatar", myna_buf_str(&value));
        text = myna_json_dump(o, JSON_COMPACT);
        json_decref(o);
    }
    myna_buf_fini(&value);
    if (too_long || (text && strlen(text) > MYNA_GW_METADATA_MAX)) {
        myna_gw_log(host, MYNA_LOG_WARN,
                    "the agent's picture is longer than %d KiB as metadata and is left out",
                    MYNA_GW_METADATA_MAX >> 10);
        free(text);
        text = NULL;
    }
    return text;
}

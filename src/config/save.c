/* save.c - writes what was chosen: myna.yaml for everybody's eyes, the private file for keys.
 *
 * The file is read alone, without environment and flags, changed, and written anew, so that what
 * else a person has put into it stays; its comments do not, hence the copy beside it. What is
 * written is read once more before it replaces anything. Secrets that stood in it move into the
 * private file.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/store.h"
#include "util/buf.h"
#include "util/envfile.h"
#include "util/fs.h"
#include "util/json_dump.h"

enum { MAX_TEXT = 1 << 20 };

struct save {
    struct myna_config *file; /* what the file will hold */
    const char *path;
    char *env_path;
    struct myna_buf yaml, env;
    bool any_secret;
};

/* ------------------------------------------------------------------ YAML */

static void put_json(struct myna_buf *b, json_t *value)
{
    char *text = myna_json_dump(value, JSON_ENCODE_ANY | JSON_COMPACT);

    if (!text)
        b->err = MYNA_ENOMEM;
    else
        myna_buf_puts(b, text);
    free(text);
    json_decref(value);
}

static json_t *items_json(const struct myna_config_value *v, bool map)
{
    json_t *all = map ? json_object() : json_array();

    for (char **i = v->items; i && *i; i++) {
        const char *equals = map ? strchr(*i, '=') : NULL;
        char *name = equals ? strndup(*i, (size_t)(equals - *i)) : NULL;

        if (name)
            (void)json_object_set_new(all, name, json_string(equals + 1));
        else
            (void)json_array_append_new(all, json_string(*i));
        free(name);
    }
    return all;
}

/* A value as YAML on one line: what JSON writes is YAML too. */
static void put_value(struct myna_buf *b, const struct myna_option *o,
                      const struct myna_config_value *v)
{
    if (o->type == MYNA_OPT_LIST || o->type == MYNA_OPT_MAP)
        put_json(b, items_json(v, o->type == MYNA_OPT_MAP));
    else if (!v->text)
        myna_buf_puts(b, "null");
    else if (o->type == MYNA_OPT_BOOL || o->type == MYNA_OPT_INT || o->type == MYNA_OPT_DOUBLE ||
             o->type == MYNA_OPT_MS)
        myna_buf_puts(b, v->text);
    else
        put_json(b, json_string(v->text));
}

/* The leaf of "a.b.c" in nested objects; a section's own keys and its subsections share one. */
static json_t *branch(json_t *root, const char *path)
{
    while (*path) {
        char name[MYNA_CONFIG_MAX_KEY];
        size_t n = strcspn(path, ".");

        snprintf(name, sizeof name, "%.*s", (int)n, path);
        if (!json_object_get(root, name) && json_object_set_new(root, name, json_object()))
            return NULL;
        root = json_object_get(root, name);
        path += n + (path[n] == '.');
    }
    return root;
}

static void put_tree(struct myna_buf *b, const json_t *tree, int depth)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)tree, name, value)
    {
        if (json_is_object(value)) {
            if (!depth)
                myna_buf_putc(b, '\n');
            myna_buf_printf(b, "%*s%s:\n", 2 * depth, "", name);
            put_tree(b, value, depth + 1);
        } else {
            myna_buf_printf(b, "%*s%s: %s\n", 2 * depth, "", name, json_string_value(value));
        }
    }
}

/* ------------------------------------------------------------------ the private file */

static enum myna_err put_env(struct myna_buf *b, const char *name, const char *value,
                             struct myna_why *why)
{
    char quote = strchr(value, '"') ? '\'' : '"';

    if (strpbrk(value, "\r\n") || strchr(value, quote) || strlen(value) >= MYNA_ENVFILE_VALUE)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s cannot be kept in the private file: it has line ends or quotes of "
                         "both kinds, or is too long",
                         name);
    myna_buf_printf(b, "%s=%c%s%c\n", name, quote, value, quote);
    return MYNA_OK;
}

/* What stands there and is not changed now. */
static enum myna_err keep_env(struct save *s, struct myna_why *why)
{
    struct myna_envfile f = {0};
    char *text = NULL;
    size_t len;
    enum myna_err err = MYNA_OK;

    if (!myna_fs_exists(s->env_path))
        return MYNA_OK;
    err = myna_fs_read(s->env_path, MAX_TEXT, &text, &len, why);
    f.at = text;
    while (!err && myna_envfile_next(&f)) {
        char name[MYNA_ENVFILE_NAME + 2];

        snprintf(name, sizeof name, "\n%s=", f.name);
        if (!strstr(myna_buf_str(&s->env), name))
            err = put_env(&s->env, f.name, f.value, why);
    }
    if (!err && f.bad)
        err = myna_fail(why, MYNA_ECONFIG, "%s:%u: this is no NAME=value; mend or remove it",
                        s->env_path, f.line);
    free(text);
    return err;
}

/* ------------------------------------------------------------------ */

static enum myna_err put_secret(struct save *s, const char *path, const struct myna_option *o,
                                const struct myna_config_value *v, struct myna_why *why)
{
    char name[MYNA_CONFIG_MAX_KEY + 8];

    if (o->type != MYNA_OPT_SECRET)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s.%s in %s holds secrets of several names, which cannot be moved into "
                         "the private file; move it into the environment first",
                         path, o->name, s->path);
    s->any_secret = true;
    myna_config_env_name(path, o->name, name, sizeof name);
    return put_env(&s->env, name, v->text ? v->text : "", why);
}

static enum myna_err gather(struct save *s, json_t *tree, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    for (size_t g = 0; !err && g < s->file->n; g++)
        for (size_t i = 0; !err && i < s->file->groups[g].n; i++) {
            const struct myna_config_group *group = &s->file->groups[g];
            const struct myna_option *o = &group->section->options[i];
            const struct myna_config_value *v = &group->values[i];
            struct myna_buf text;

            if (v->rank == MYNA_CONFIG_DEFAULT)
                continue;
            if (o->type == MYNA_OPT_SECRET || o->secret) {
                err = put_secret(s, group->path, o, v, why);
                continue;
            }
            myna_buf_init(&text, 0);
            put_value(&text, o, v);
            if (text.err || json_object_set_new(branch(tree, group->path), o->name,
                                                json_string(myna_buf_str(&text))))
                err = myna_fail(why, MYNA_ENOMEM, "memory is short");
            myna_buf_fini(&text);
        }
    return err;
}

/* Would it be read again? */
static enum myna_err try_yaml(struct save *s, struct myna_why *why)
{
    struct myna_config *cfg = myna_config_create();
    enum myna_err err =
        cfg ? myna_config_parse(cfg, s->path, myna_buf_str(&s->yaml), s->yaml.len, why)
            : myna_fail(why, MYNA_ENOMEM, "memory is short");

    myna_config_destroy(cfg);
    return err;
}

static enum myna_err make_dir(const char *path, struct myna_why *why)
{
    const char *slash = strrchr(path, '/');
    enum myna_err err = MYNA_OK;
    char *dir;

    if (!slash || slash == path)
        return MYNA_OK;
    dir = strndup(path, (size_t)(slash - path));
    err = dir ? myna_fs_mkdirs(dir, why) : myna_fail(why, MYNA_ENOMEM, "memory is short");
    free(dir);
    return err;
}

/* The file as it was, for its comments; it may hold keys. */
static enum myna_err keep_old(struct save *s, struct myna_why *why)
{
    char *text = NULL, *bak = NULL;
    size_t len = 0;
    enum myna_err err = MYNA_OK;

    if (!myna_fs_exists(s->path))
        return MYNA_OK;
    err = myna_fs_read(s->path, MAX_TEXT, &text, &len, why);
    if (!err && strcmp(text, myna_buf_str(&s->yaml)) != 0) {
        if (asprintf(&bak, "%s.bak", s->path) < 0)
            bak = NULL;
        err = bak ? myna_fs_write(bak, (struct myna_view){(const uint8_t *)text, len}, 0600, why)
                  : myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    free(bak);
    free(text);
    return err;
}

static enum myna_err write_all(struct save *s, struct myna_why *why)
{
    enum myna_err err = try_yaml(s, why);

    if (!err)
        err = make_dir(s->path, why);
    if (!err && s->any_secret)
        err = make_dir(s->env_path, why);
    if (!err)
        err = keep_old(s, why);
    if (!err && s->any_secret) /* before the file that may have held them */
        err = myna_fs_write(s->env_path, (struct myna_view){s->env.ptr, s->env.len}, 0600, why);
    if (!err)
        err = myna_fs_write(s->path, (struct myna_view){s->yaml.ptr, s->yaml.len}, 0644, why);
    return err;
}

static enum myna_err fill(struct save *s, const struct myna_config_change *changes, size_t n,
                          struct myna_why *why)
{
    enum myna_err err = MYNA_OK;
    json_t *tree = json_object();

    if (myna_fs_exists(s->path))
        err = myna_config_load(s->file, s->path, why);
    for (size_t i = 0; i < n && !err; i++)
        err = myna_config_set(s->file, changes[i].key, changes[i].value, "setup", why);
    myna_buf_puts(&s->yaml, "# Written by `myna setup`, which keeps what else is put in here, but "
                            "no comments.\n# Keys are in the private file beside it (env).\n");
    myna_buf_puts(&s->env, "# Keys of Myna, written by `myna setup`. Its owner's alone.\n");
    if (!err)
        err = gather(s, tree, why);
    if (!err)
        err = keep_env(s, why);
    put_tree(&s->yaml, tree, 0);
    json_decref(tree);
    if (!err && (s->yaml.err || s->env.err))
        err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    return err;
}

enum myna_err myna_config_save(const char *path, const struct myna_config_change *changes, size_t n,
                               struct myna_why *why)
{
    struct save s = {
        .file = myna_config_create(), .path = path, .env_path = myna_config_env_path()};
    enum myna_err err = MYNA_OK;

    myna_buf_init(&s.yaml, MAX_TEXT);
    myna_buf_init(&s.env, MAX_TEXT);
    if (!s.file)
        err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    else if (!s.env_path)
        err = myna_fail(why, MYNA_ECONFIG, "there is no HOME to keep keys in");
    if (!err)
        err = fill(&s, changes, n, why);
    if (!err)
        err = write_all(&s, why);
    myna_buf_fini(&s.yaml);
    myna_buf_fini(&s.env);
    free(s.env_path);
    myna_config_destroy(s.file);
    return err;
}

char *myna_config_home_path(void)
{
    char *env = myna_config_env_path(), *path = NULL;

    if (env && asprintf(&path, "%.*s/myna.yaml", (int)(strrchr(env, '/') - env), env) < 0)
        path = NULL;
    free(env);
    return path;
}

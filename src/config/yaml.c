/* yaml.c - the file: nested mappings of section names, keys and plain values; lists, maps and trees
 * only where an option wants one.
 *
 * libyaml gives events with marks, so that each complaint names line and column. What YAML can do
 * beyond our need (anchors and aliases, tags, many documents, complex keys) is refused where it
 * appears: nothing can be expanded, and memory is bounded by the size of the text.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <jansson.h>
#include <yaml.h>

#include "config/list.h"
#include "config/store.h"
#include "util/json_dump.h"
#include "util/json_load.h"

enum { MAX_TEXT = 1024 * 1024, MAX_DEPTH = 8, MAX_MAPPINGS = 1024, MAX_TREE = 32 };

struct reader {
    struct myna_config *cfg;
    const char *name; /* of the file, in messages */
    const char *text; /* what is read */
    size_t len;
    struct myna_why *why;
    yaml_parser_t yaml;
    yaml_event_t event; /* the one at hand; zeroed when none */

    char path[MYNA_CONFIG_MAX_KEY]; /* "stt.moonshine" inside that mapping, "" at the top */
    size_t ends[MAX_DEPTH];         /* length of `path` outside of each open mapping */
    size_t depth;
    struct {
        char path[MYNA_CONFIG_MAX_KEY];
        size_t line;
    } * mappings; /* already seen, MAX_MAPPINGS */
    size_t n_mappings;
};

/* ------------------------------------------------------------------ messages */

static enum myna_err complain(struct reader *r, yaml_mark_t at, const char *fmt, ...)
    MYNA_PRINTF(3, 4);
static enum myna_err complain(struct reader *r, yaml_mark_t at, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return myna_fail(r->why, MYNA_ECONFIG, "%s:%zu:%zu: %s", r->name, at.line + 1, at.column + 1,
                     text);
}

/* libyaml counts bytes, not lines, when the bytes themselves are bad (no UTF-8, control codes). */
static yaml_mark_t mark_of_byte(const char *text, size_t len, size_t offset)
{
    yaml_mark_t at = {0};

    for (size_t i = 0; i < len && i < offset; i++) {
        at.column++;
        if (text[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return at;
}

static enum myna_err broken(struct reader *r)
{
    const yaml_parser_t *y = &r->yaml;

    switch (y->error) {
    case YAML_MEMORY_ERROR:
        return myna_fail(r->why, MYNA_ENOMEM, "%s: memory is short", r->name);
    case YAML_READER_ERROR:
        return complain(r, mark_of_byte(r->text, r->len, y->problem_offset),
                        "this is not UTF-8 text (%s)", y->problem);
    case YAML_NO_ERROR:
    case YAML_SCANNER_ERROR:
    case YAML_PARSER_ERROR:
    case YAML_COMPOSER_ERROR:
    case YAML_WRITER_ERROR:
    case YAML_EMITTER_ERROR:
        break;
    }
    return complain(r, y->problem_mark, "this is not YAML: %s%s%s",
                    y->problem ? y->problem : "it cannot be read", y->context ? " " : "",
                    y->context ? y->context : "");
}

/* ------------------------------------------------------------------ events */

static enum myna_err next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->yaml, &r->event))
        return broken(r);
    return MYNA_OK;
}

/* What the event says beyond plain YAML. */
static enum myna_err plain(struct reader *r)
{
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (e->type == YAML_ALIAS_EVENT)
        return complain(r, e->start_mark, "aliases (*%.40s) are not used here; write the value out",
                        (const char *)e->data.alias.anchor);
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        if (memchr(e->data.scalar.value, '\0', e->data.scalar.length))
            return complain(r, e->start_mark, "this text holds a NUL character");
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    }
    if (anchor)
        return complain(r, e->start_mark, "anchors (&%.40s) are not used here; take it out",
                        (const char *)anchor);
    if (tag)
        return complain(r, e->start_mark, "tags (%.60s) are not used here; take it out",
                        (const char *)tag);
    return MYNA_OK;
}

/* null, ~ and nothing at all; in quotes they are text. */
static bool is_null(const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;

    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || !strcmp(text, "~") || !strcasecmp(text, "null"));
}

static const char *scalar(const yaml_event_t *e)
{
    return (const char *)e->data.scalar.value;
}

/* ------------------------------------------------------------------ lists, maps, trees */

struct tree {
    struct reader *r;
    const char *path; /* of the key, in messages */
    enum myna_option_type type;
};

/* YAML 1.2's JSON words and numbers where any value may stand, else text. */
static json_t *scalar_value(const struct tree *t, const yaml_event_t *e)
{
    const char *text = scalar(e);

    if (t->type == MYNA_OPT_JSON && is_null(e))
        return json_null();
    if (t->type == MYNA_OPT_JSON && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        json_t *number = NULL;
        json_error_t why = {0};

        if (!strcasecmp(text, "true") || !strcasecmp(text, "false"))
            return json_boolean(*text == 't' || *text == 'T');
        if (*text == '-' || (*text >= '0' && *text <= '9'))
            number = myna_json_loads(text, JSON_DECODE_ANY, &why);
        else
            return json_string(text);
        if (number || myna_json_starved(&why))
            return number;
    }
    return json_string(text);
}

static enum myna_err value_of(const struct tree *t, int depth, json_t **out);

static enum myna_err short_of_memory(const struct tree *t)
{
    return myna_fail(t->r->why, MYNA_ENOMEM, "%s: memory is short", t->r->name);
}

/* The next event, checked. */
static enum myna_err step(const struct tree *t)
{
    enum myna_err err = next(t->r);

    return err ? err : plain(t->r);
}

static enum myna_err sequence(const struct tree *t, int depth, json_t *list)
{
    for (;;) {
        json_t *value = NULL;
        enum myna_err err = step(t);

        if (err || t->r->event.type == YAML_SEQUENCE_END_EVENT)
            return err;
        err = value_of(t, depth + 1, &value);
        if (err)
            return err;
        if (json_array_append_new(list, value))
            return short_of_memory(t);
    }
}

static enum myna_err mapping(const struct tree *t, int depth, json_t *object)
{
    for (;;) {
        const yaml_event_t *e = &t->r->event;
        json_t *value = NULL;
        enum myna_err err = step(t);
        char *key;

        if (err || e->type == YAML_MAPPING_END_EVENT)
            return err;
        if (e->type != YAML_SCALAR_EVENT)
            return complain(t->r, e->start_mark, "a key must be a plain name");
        if (json_object_get(object, scalar(e)))
            return complain(t->r, e->start_mark, "\"%.60s\" is given twice in %s", scalar(e),
                            t->path);
        key = strdup(scalar(e));
        if (!key)
            return short_of_memory(t);
        err = step(t);
        if (!err)
            err = value_of(t, depth + 1, &value);
        if (!err && json_object_set_new(object, key, value))
            err = short_of_memory(t);
        free(key);
        if (err)
            return err;
    }
}

/* The event at hand with all below it. Only a tree has depth. */
static enum myna_err value_of(const struct tree *t, int depth, json_t **out)
{
    const yaml_event_t *e = &t->r->event;
    enum myna_err err = MYNA_OK;
    json_t *value;

    if (t->type != MYNA_OPT_JSON && depth && (e->type != YAML_SCALAR_EVENT || is_null(e)))
        return complain(t->r, e->start_mark, "%s wants text here", t->path);
    if (depth == MAX_TREE)
        return complain(t->r, e->start_mark, "%s is deeper than %d levels", t->path, MAX_TREE);
    value = e->type == YAML_SCALAR_EVENT           ? scalar_value(t, e)
            : e->type == YAML_SEQUENCE_START_EVENT ? json_array()
                                                   : json_object();
    if (!value)
        return short_of_memory(t);
    if (e->type == YAML_SEQUENCE_START_EVENT)
        err = sequence(t, depth, value);
    else if (e->type == YAML_MAPPING_START_EVENT)
        err = mapping(t, depth, value);
    if (err)
        json_decref(value);
    else
        *out = value;
    return err;
}

/* The same as text, which is the caller's. */
static enum myna_err tree_text(const struct tree *t, char **out)
{
    json_t *value = NULL;
    enum myna_err err = value_of(t, 0, &value);

    if (err)
        return err;
    *out = myna_json_dump(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(value);
    return *out ? MYNA_OK : short_of_memory(t);
}

/* ------------------------------------------------------------------ sections and values */

/* Makes an entry if `path` can be one. */
static enum myna_err add_entry(struct reader *r, const char *path, yaml_mark_t at)
{
    char where[300];
    enum myna_err err;

    snprintf(where, sizeof where, "%.250s:%zu:%zu", r->name, at.line + 1, at.column + 1);
    err = myna_config_add_entry(r->cfg, path, where, where, r->why);
    return err == MYNA_ENOENT ? MYNA_OK : err;
}

static enum myna_err enter(struct reader *r, const char *path, yaml_mark_t at)
{
    enum myna_err err = add_entry(r, path, at);

    if (err)
        return err;
    if (!myna_config_is_section(r->cfg, path)) {
        char hint[MYNA_CONFIG_MAX_KEY + 32];

        myna_config_hint(r->cfg, path, hint, sizeof hint);
        return complain(r, at, "unknown section \"%s\"%s", path, hint);
    }
    for (size_t i = 0; i < r->n_mappings; i++)
        if (!strcmp(r->mappings[i].path, path))
            return complain(r, at, "\"%s\" is given twice, first in line %zu", path,
                            r->mappings[i].line + 1);
    if (r->n_mappings == MAX_MAPPINGS || r->depth == MAX_DEPTH)
        return complain(r, at, "too many sections");
    snprintf(r->mappings[r->n_mappings].path, sizeof r->mappings->path, "%s", path);
    r->mappings[r->n_mappings++].line = at.line;
    r->ends[r->depth++] = strlen(r->path);
    snprintf(r->path, sizeof r->path, "%s", path);
    return MYNA_OK;
}

static enum myna_err put(struct reader *r, const struct myna_config_place *place, yaml_mark_t key,
                         yaml_mark_t at, const char *text)
{
    struct myna_config_value *v = place->value;
    char where[300], origin[300];
    enum myna_err err;

    if (v->parsed == r->cfg->parse)
        return complain(r, key, "\"%s.%s\" is given twice, first in line %u", place->path,
                        place->option->name, v->line);
    snprintf(where, sizeof where, "%.250s:%zu:%zu", r->name, at.line + 1, at.column + 1);
    snprintf(origin, sizeof origin, "%.250s:%zu:%zu", r->name, key.line + 1, key.column + 1);
    err = myna_config_put(place, text, MYNA_CONFIG_FILE, where, origin, r->why);
    if (err)
        return err;
    v->parsed = r->cfg->parse;
    v->line = (unsigned)key.line + 1;
    v->column = (unsigned)key.column + 1;
    return MYNA_OK;
}

/* A list or a mapping behind a key. */
static enum myna_err collection(struct reader *r, const struct myna_config_place *place,
                                const char *path, yaml_mark_t key)
{
    struct tree t = {.r = r, .path = path, .type = place->option->type};
    yaml_mark_t at = r->event.start_mark;
    bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
    char *text = NULL;
    enum myna_err err;

    if (t.type != MYNA_OPT_JSON && t.type != MYNA_OPT_LIST && t.type != MYNA_OPT_MAP)
        return complain(r, at, "%s wants a single value, not a %s", path,
                        list ? "list" : "section");
    if (t.type != MYNA_OPT_JSON && list != (t.type == MYNA_OPT_LIST))
        return complain(r, at,
                        list ? "%s wants names with texts behind them, not a list"
                             : "%s wants a list, not names with values",
                        path);
    err = tree_text(&t, &text);
    if (!err)
        err = put(r, place, key, at, text);
    free(text);
    return err;
}

/* The value behind a key: `path` with its position in `key`, the value as the event at hand. */
static enum myna_err value(struct reader *r, const char *path, yaml_mark_t key)
{
    const yaml_event_t *e = &r->event;
    struct myna_config_place place;
    char hint[MYNA_CONFIG_MAX_KEY + 32];
    enum myna_err err;

    if (myna_config_find(r->cfg, path, &place)) {
        if (e->type != YAML_SCALAR_EVENT)
            return collection(r, &place, path, key);
        return put(r, &place, key, e->start_mark, is_null(e) ? NULL : scalar(e));
    }
    if (e->type == YAML_MAPPING_START_EVENT)
        return enter(r, path, key);
    if (e->type == YAML_SCALAR_EVENT && is_null(e)) {
        err = add_entry(r, path, key); /* an entry with its defaults */
        if (err)
            return err;
    }
    if (myna_config_is_section(r->cfg, path) || myna_config_may_be_entry(r->cfg, path)) {
        if (e->type == YAML_SCALAR_EVENT && is_null(e))
            return MYNA_OK; /* a section with all its keys commented out */
        return complain(r, e->start_mark, "%s is a section; its keys go below it, indented", path);
    }
    myna_config_hint(r->cfg, path, hint, sizeof hint);
    return complain(r, key, "unknown key \"%s\"%s", path, hint);
}

/* ------------------------------------------------------------------ the document */

/* One key and its value, or the end of a mapping. */
static enum myna_err entry(struct reader *r)
{
    char path[MYNA_CONFIG_MAX_KEY];
    yaml_mark_t key = r->event.start_mark;
    enum myna_err err;
    int n;

    if (r->event.type == YAML_MAPPING_END_EVENT) {
        r->path[r->ends[--r->depth]] = '\0';
        return MYNA_OK;
    }
    if (r->event.type != YAML_SCALAR_EVENT)
        return complain(r, key, "a key must be a plain name");
    n = snprintf(path, sizeof path, "%s%s%s", r->path, *r->path ? "." : "", scalar(&r->event));
    if (n >= (int)sizeof path)
        return complain(r, key, "unknown key \"%.60s...\"; it is too long for any", path);
    err = next(r);
    if (!err)
        err = plain(r);
    return err ? err : value(r, path, key);
}

static enum myna_err top(struct reader *r)
{
    const yaml_event_t *e = &r->event;

    if (e->type == YAML_SCALAR_EVENT && is_null(e))
        return MYNA_OK;
    if (e->type != YAML_MAPPING_START_EVENT)
        return complain(r, e->start_mark,
                        "the file must hold sections, such as \"stt:\", with their keys below");
    r->ends[r->depth++] = 0;
    return MYNA_OK;
}

static enum myna_err document(struct reader *r)
{
    bool begun = false;
    enum myna_err err;

    for (;;) {
        err = next(r);
        if (err || r->event.type == YAML_STREAM_END_EVENT)
            return err;
        if (r->event.type == YAML_STREAM_START_EVENT || r->event.type == YAML_DOCUMENT_END_EVENT)
            continue;
        if (r->event.type == YAML_DOCUMENT_START_EVENT) {
            if (begun)
                return complain(r, r->event.start_mark, "a second document begins here");
            begun = true;
            continue;
        }
        err = plain(r);
        if (!err)
            err = r->depth ? entry(r) : top(r);
        if (err)
            return err;
    }
}

enum myna_err myna_config_parse(struct myna_config *cfg, const char *name, const char *text,
                                size_t len, struct myna_why *why)
{
    struct reader r = {.cfg = cfg, .name = name, .text = text, .len = len, .why = why};
    enum myna_err err = MYNA_ENOMEM;

    if (len > MAX_TEXT)
        return myna_fail(why, MYNA_ECONFIG, "%s: larger than %d bytes; this is no configuration",
                         name, MAX_TEXT);
    if (!yaml_parser_initialize(&r.yaml))
        return myna_fail(why, MYNA_ENOMEM, "%s: memory is short", name);
    r.mappings = calloc(MAX_MAPPINGS, sizeof *r.mappings);
    if (!r.mappings) {
        err = myna_fail(why, MYNA_ENOMEM, "%s: memory is short", name);
        goto out;
    }
    cfg->parse++;
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, len);
    err = document(&r);
out:
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    free(r.mappings);
    return err;
}

/* yaml.c - the file: nested mappings of section names, keys and plain values, nothing else.
 *
 * libyaml gives events with marks, so that each complaint names line and column. What YAML can do
 * beyond our need (anchors and aliases, tags, lists, many documents, complex keys) is refused where
 * it appears: nothing can be expanded, and memory is bounded by the size of the text.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "config/store.h"

enum { MAX_TEXT = 1024 * 1024, MAX_DEPTH = 8, MAX_MAPPINGS = 256 };

struct reader {
    struct myna_config *cfg;
    const char *name; /* of the file, in messages */
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

static enum myna_err broken(struct reader *r, const char *text, size_t len)
{
    const yaml_parser_t *y = &r->yaml;

    switch (y->error) {
    case YAML_MEMORY_ERROR:
        return myna_fail(r->why, MYNA_ENOMEM, "%s: memory is short", r->name);
    case YAML_READER_ERROR:
        return complain(r, mark_of_byte(text, len, y->problem_offset),
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

static enum myna_err next(struct reader *r, const char *text, size_t len)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->yaml, &r->event))
        return broken(r, text, len);
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

/* ------------------------------------------------------------------ sections and values */

static enum myna_err enter(struct reader *r, const char *path, yaml_mark_t at)
{
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
        return complain(r, key, "\"%s.%s\" is given twice, first in line %u", place->section->path,
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

/* The value behind a key: `path` with its position in `key`, the value as the event at hand. */
static enum myna_err value(struct reader *r, const char *path, yaml_mark_t key)
{
    const yaml_event_t *e = &r->event;
    struct myna_config_place place;
    char hint[MYNA_CONFIG_MAX_KEY + 32];

    if (myna_config_find(r->cfg, path, &place)) {
        if (e->type != YAML_SCALAR_EVENT)
            return complain(r, e->start_mark, "%s wants a single value, not a %s", path,
                            e->type == YAML_SEQUENCE_START_EVENT ? "list" : "section");
        return put(r, &place, key, e->start_mark,
                   is_null(e) ? NULL : (const char *)e->data.scalar.value);
    }
    if (e->type == YAML_MAPPING_START_EVENT)
        return enter(r, path, key);
    if (myna_config_is_section(r->cfg, path)) {
        if (e->type == YAML_SCALAR_EVENT && is_null(e))
            return MYNA_OK; /* a section with all its keys commented out */
        return complain(r, e->start_mark, "%s is a section; its keys go below it, indented", path);
    }
    myna_config_hint(r->cfg, path, hint, sizeof hint);
    return complain(r, key, "unknown key \"%s\"%s", path, hint);
}

/* ------------------------------------------------------------------ the document */

/* One key and its value, or the end of a mapping. */
static enum myna_err entry(struct reader *r, const char *text, size_t len)
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
    n = snprintf(path, sizeof path, "%s%s%s", r->path, *r->path ? "." : "",
                 (const char *)r->event.data.scalar.value);
    if (n >= (int)sizeof path)
        return complain(r, key, "unknown key \"%.60s...\"; it is too long for any", path);
    err = next(r, text, len);
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

static enum myna_err document(struct reader *r, const char *text, size_t len)
{
    bool begun = false;
    enum myna_err err;

    for (;;) {
        err = next(r, text, len);
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
            err = r->depth ? entry(r, text, len) : top(r);
        if (err)
            return err;
    }
}

enum myna_err myna_config_parse(struct myna_config *cfg, const char *name, const char *text,
                                size_t len, struct myna_why *why)
{
    struct reader r = {.cfg = cfg, .name = name, .why = why};
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
    err = document(&r, text, len);
out:
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    free(r.mappings);
    return err;
}

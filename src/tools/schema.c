/* schema.c - walks a schema twice: alone, to find what is wrong with it, and beside a value. Both
 * walks are bounded in depth, so a schema that refers to itself ends. */
#include "tools/schema.h"
#include "util/json_dump.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32, PLACE = 160 };

static const char *const types[] = {"object",  "array",   "string", "number",
                                    "integer", "boolean", "null",   NULL};

static bool is_type(const char *name)
{
    for (size_t i = 0; name && types[i]; i++)
        if (!strcmp(types[i], name))
            return true;
    return false;
}

/* ---- the schema alone */

struct place {
    const struct place *above;
    const char *name;
    int depth;
};

static enum myna_err wrong(const struct place *at, const char *what, struct myna_why *why)
{
    char text[PLACE] = "";

    for (; at; at = at->above) {
        char longer[PLACE];

        if (!at->name)
            continue;
        snprintf(longer, sizeof longer, "%.70s%s%.80s", at->name, text[0] ? "." : "", text);
        memcpy(text, longer, sizeof text);
    }
    return myna_fail(why, MYNA_ECONFIG, "%s%s%s", text, text[0] ? " " : "it ", what);
}

/* "#/$defs/x/y" within the document; NULL: not there, or not of this document. */
static const json_t *target(const json_t *root, const char *ref)
{
    const json_t *at = root;
    char name[128];

    if (ref[0] != '#')
        return NULL;
    for (ref++; at && *ref == '/';) {
        size_t n = strcspn(++ref, "/"), len = 0;

        for (size_t i = 0; i < n && len < sizeof name - 1; i++) {
            char c = ref[i];

            if (c == '~' && i + 1 < n) /* RFC 6901: ~0 is ~, ~1 is / */
                c = ref[++i] == '1' ? '/' : '~';
            name[len++] = c;
        }
        name[len] = '\0';
        at = json_object_get(at, name);
        ref += n;
    }
    return *ref ? NULL : at;
}

/* Follows references; NULL: one leads nowhere or in a circle. */
static const json_t *resolve(const json_t *root, const json_t *schema)
{
    for (int i = 0; i < DEPTH && schema; i++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));

        if (!ref)
            return schema;
        schema = target(root, ref);
    }
    return NULL;
}

static enum myna_err check(const json_t *root, const json_t *schema, const struct place *at,
                           struct myna_why *why);

static enum myna_err check_at(const json_t *root, const json_t *schema, const struct place *above,
                              const char *name, struct myna_why *why)
{
    struct place at = {above, name, above->depth + 1};

    return check(root, schema, &at, why);
}

static enum myna_err check_type(const json_t *type, const struct place *at, struct myna_why *why)
{
    struct place here = {at, "type", 0};
    const json_t *one;
    size_t i;

    if (!type || is_type(json_string_value(type)))
        return MYNA_OK;
    json_array_foreach(type, i, one)
    {
        if (!is_type(json_string_value(one)))
            return wrong(&here, "names a type that JSON schema does not know", why);
    }
    return json_array_size(type)
               ? MYNA_OK
               : wrong(&here, "must be object, array, string, number, integer, boolean or null",
                       why);
}

static enum myna_err check_required(const json_t *schema, const struct place *at,
                                    struct myna_why *why)
{
    const json_t *list = json_object_get(schema, "required"), *name,
                 *known = json_object_get(schema, "properties");
    struct place here = {at, "required", 0};
    size_t i;

    if (!list)
        return MYNA_OK;
    if (!json_is_array(list))
        return wrong(&here, "must be a list of names", why);
    json_array_foreach(list, i, name)
    {
        char text[160];

        if (!json_is_string(name))
            return wrong(&here, "must be a list of names", why);
        snprintf(text, sizeof text, "names \"%.80s\", which properties do not have",
                 json_string_value(name));
        if (known && !json_object_get(known, json_string_value(name)))
            return wrong(&here, text, why);
    }
    return MYNA_OK;
}

static enum myna_err check_parts(const json_t *root, const json_t *schema, const struct place *at,
                                 struct myna_why *why)
{
    static const char *const choices[] = {"anyOf", "oneOf", "allOf", NULL};
    const json_t *part;
    json_t *properties = json_object_get(schema, "properties");
    const char *name;
    struct place here = {at, "properties", at->depth};
    enum myna_err err = MYNA_OK;

    if (properties && !json_is_object(properties))
        return wrong(&here, "must be an object of schemas", why);
    json_object_foreach(properties, name, part)
    {
        if (!err)
            err = check_at(root, part, &here, name, why);
    }
    part = json_object_get(schema, "items");
    if (!err && part)
        err = check_at(root, part, at, "items", why);
    for (size_t c = 0; !err && choices[c]; c++) {
        const json_t *list = json_object_get(schema, choices[c]);
        struct place in = {at, choices[c], at->depth};
        size_t i;

        if (list && !json_array_size(list))
            return wrong(&in, "must be a list of schemas", why);
        json_array_foreach(list, i, part)
        {
            if (!err)
                err = check_at(root, part, &in, NULL, why);
        }
    }
    return err;
}

static enum myna_err check(const json_t *root, const json_t *schema, const struct place *at,
                           struct myna_why *why)
{
    struct place here = {at, "enum", 0};
    const json_t *list;
    enum myna_err err;

    if (json_is_boolean(schema))
        return MYNA_OK;
    if (!json_is_object(schema))
        return wrong(at, "must be a schema: an object", why);
    if (at->depth > DEPTH)
        return wrong(NULL, "is nested too deep", why);
    if (json_object_get(schema, "$ref") && !resolve(root, schema))
        return wrong(at, "has a $ref that leads nowhere or in a circle", why);
    list = json_object_get(schema, "enum");
    if (list && !json_array_size(list))
        return wrong(&here, "must be a list of values", why);
    err = check_type(json_object_get(schema, "type"), at, why);
    if (!err)
        err = check_required(schema, at, why);
    return err ? err : check_parts(root, schema, at, why);
}

enum myna_err myna_schema_check(const json_t *schema, struct myna_why *why)
{
    struct place top = {NULL, NULL, 0}, here = {NULL, "type", 0};
    const json_t *type = json_object_get(schema, "type");

    if (!json_is_object(schema))
        return wrong(NULL, "must be an object", why);
    if (type && (!json_is_string(type) || strcmp(json_string_value(type), "object")))
        return wrong(&here, "must be \"object\": arguments have names", why);
    return check(schema, schema, &top, why);
}

/* ---- beside a value */

static bool has_type(const json_t *value, const char *type)
{
    if (!strcmp(type, "object"))
        return json_is_object(value);
    if (!strcmp(type, "array"))
        return json_is_array(value);
    if (!strcmp(type, "string"))
        return json_is_string(value);
    if (!strcmp(type, "number"))
        return json_is_number(value);
    if (!strcmp(type, "integer")) { /* 3.0 is one */
        double n = json_number_value(value);

        return json_is_integer(value) ||
               (json_is_real(value) && n >= -9e15 && n <= 9e15 && n == (double)(long long)n);
    }
    if (!strcmp(type, "boolean"))
        return json_is_boolean(value);
    return !strcmp(type, "null") && json_is_null(value);
}

/* `name` NULL: the arguments as a whole. */
static enum myna_err misfit(const char *name, const char *what, struct myna_why *why)
{
    return name ? myna_fail(why, MYNA_EFORMAT, "\"%.80s\" %s", name, what)
                : myna_fail(why, MYNA_EFORMAT, "they %s", what);
}

static enum myna_err fits(const json_t *root, const json_t *schema, const json_t *value,
                          const char *name, int depth, struct myna_why *why);

static enum myna_err fits_type(const json_t *type, const json_t *value, const char *name,
                               struct myna_why *why)
{
    const char *first = json_string_value(type);
    const json_t *one;
    char text[80];
    size_t i;

    if (!type || (first && has_type(value, first)))
        return MYNA_OK;
    json_array_foreach(type, i, one)
    {
        const char *t = json_string_value(one);

        first = first ? first : t;
        if (t && has_type(value, t))
            return MYNA_OK;
    }
    if (!first)
        return MYNA_OK;
    snprintf(text, sizeof text, "must be %s %.40s", strchr("aeiou", first[0]) ? "an" : "a", first);
    return misfit(name, text, why);
}

static enum myna_err fits_values(const json_t *schema, const json_t *value, const char *name,
                                 struct myna_why *why)
{
    json_t *list = json_object_get(schema, "enum");
    const json_t *one, *only = json_object_get(schema, "const");
    char text[200], *all;
    size_t i;

    if (only && !json_equal(only, value))
        return misfit(name, "has a value that is not allowed", why);
    if (!list)
        return MYNA_OK;
    json_array_foreach(list, i, one)
    {
        if (json_equal(one, value))
            return MYNA_OK;
    }
    all = myna_json_dump(list, JSON_COMPACT);
    snprintf(text, sizeof text, "must be one of %.150s", all ? all : "the listed values");
    free(all);
    return misfit(name, text, why);
}

static enum myna_err fits_range(const json_t *schema, const json_t *value, const char *name,
                                struct myna_why *why)
{
    static const struct limit {
        const char *key;
        bool most, exclusive;
        json_type of;
        const char *what;
    } limits[] = {
        {"minimum", false, false, JSON_REAL, "must be at least %.15g"},
        {"maximum", true, false, JSON_REAL, "must be at most %.15g"},
        {"exclusiveMinimum", false, true, JSON_REAL, "must be more than %.15g"},
        {"exclusiveMaximum", true, true, JSON_REAL, "must be less than %.15g"},
        {"minLength", false, false, JSON_STRING, "must have at least %.15g characters"},
        {"maxLength", true, false, JSON_STRING, "must have at most %.15g characters"},
        {"minItems", false, false, JSON_ARRAY, "must have at least %.15g items"},
        {"maxItems", true, false, JSON_ARRAY, "must have at most %.15g items"},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct limit *l = &limits[i];
        const json_t *bound = json_object_get(schema, l->key);
        double n, at = json_number_value(bound);
        char text[80];

        if (!json_is_number(bound))
            continue;
        if (l->of == JSON_REAL && json_is_number(value)) {
            n = json_number_value(value);
        } else if (l->of == JSON_STRING && json_is_string(value)) {
            n = 0;
            for (const char *c = json_string_value(value); *c; c++)
                n += (*c & 0xc0) != 0x80;
        } else if (l->of == JSON_ARRAY && json_is_array(value)) {
            n = (double)json_array_size(value);
        } else {
            continue;
        }
        if (l->most ? n > at : n < at)
            bound = NULL;
        else if (!l->exclusive || n < at || n > at)
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* from the table above */
        snprintf(text, sizeof text, l->what, at);
#pragma GCC diagnostic pop
        return misfit(name, text, why);
    }
    return MYNA_OK;
}

static enum myna_err fits_object(const json_t *root, const json_t *schema, json_t *value,
                                 const char *name, int depth, struct myna_why *why)
{
    const json_t *known = json_object_get(schema, "properties"),
                 *rest = json_object_get(schema, "additionalProperties"), *one;
    enum myna_err err = MYNA_OK;
    const char *key;
    size_t i;

    json_array_foreach(json_object_get(schema, "required"), i, one)
    {
        const char *field = json_string_value(one);

        if (field && !json_object_get(value, field))
            return myna_fail(why, MYNA_EFORMAT, "the required field \"%.80s\" is missing%s%.80s",
                             field, name ? " in " : "", name ? name : "");
    }
    json_object_foreach(value, key, one)
    {
        const json_t *its = json_object_get(known, key);

        if (err)
            break;
        if (its)
            err = fits(root, its, one, key, depth + 1, why);
        else if (json_is_false(rest))
            err = misfit(key, "is a field that it does not have", why);
        else if (json_is_object(rest))
            err = fits(root, rest, one, key, depth + 1, why);
    }
    return err;
}

static enum myna_err fits_choices(const json_t *root, const json_t *schema, const json_t *value,
                                  const char *name, int depth, struct myna_why *why)
{
    static const char *const some[] = {"anyOf", "oneOf", NULL};
    const json_t *one;
    struct myna_why first;
    size_t i;

    json_array_foreach(json_object_get(schema, "allOf"), i, one)
    {
        enum myna_err err = fits(root, one, value, name, depth + 1, why);

        if (err)
            return err;
    }
    for (size_t c = 0; some[c]; c++) {
        const json_t *list = json_object_get(schema, some[c]);
        bool any = !list;

        json_array_foreach(list, i, one)
        {
            any = any || !fits(root, one, value, name, depth + 1, i ? NULL : &first);
        }
        if (!any && json_array_size(list)) {
            if (why)
                *why = first;
            return MYNA_EFORMAT;
        }
    }
    return MYNA_OK;
}

static enum myna_err fits(const json_t *root, const json_t *schema, const json_t *value,
                          const char *name, int depth, struct myna_why *why)
{
    enum myna_err err;
    const json_t *one;
    size_t i;

    if (depth > DEPTH)
        return misfit(name, "is nested too deep", why);
    if (json_is_false(schema))
        return misfit(name, "is not allowed", why);
    schema = resolve(root, schema);
    if (!json_is_object(schema))
        return MYNA_OK;
    err = fits_type(json_object_get(schema, "type"), value, name, why);
    if (!err)
        err = fits_values(schema, value, name, why);
    if (!err)
        err = fits_range(schema, value, name, why);
    if (!err && json_is_object(value))
        err = fits_object(root, schema, (json_t *)(uintptr_t)value, name, depth, why);
    if (json_is_array(value))
        json_array_foreach(value, i, one)
        {
            if (!err && json_object_get(schema, "items"))
                err = fits(root, json_object_get(schema, "items"), one, name, depth + 1, why);
        }
    return err ? err : fits_choices(root, schema, value, name, depth, why);
}

enum myna_err myna_schema_fits(const json_t *schema, const json_t *value, struct myna_why *why)
{
    return fits(schema, schema, value, NULL, 0, why);
}

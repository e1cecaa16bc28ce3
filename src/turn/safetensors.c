/* safetensors.c - jansson reads the header; the rest is arithmetic that cannot overflow. */
#include "turn/safetensors.h"
#include "util/json_load.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { LENGTH = 8, HEADER_MAX = 1 << 20, TENSORS_MAX = 1024 };

struct myna_safetensors {
    json_t *header; /* owns names */
    size_t n;
    struct myna_tensor *tensors;
};

/* Bytes of one element; 0: unknown. */
static size_t element_size(const char *dtype)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U64", 8},  {"U32", 4},
                 {"U16", 2}, {"U8", 1},  {"BOOL", 1}};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, dtype))
            return types[i].bytes;
    return 0;
}

/* A JSON integer from 0 to max. */
static bool read_size(const json_t *j, size_t max, size_t *out)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0 || (uint64_t)json_integer_value(j) > max)
        return false;
    *out = (size_t)json_integer_value(j);
    return true;
}

static enum myna_err read_tensor(const char *file, const char *name, const json_t *j,
                                 const uint8_t *data, size_t n_data, struct myna_tensor *t,
                                 struct myna_why *why)
{
    const json_t *dtype = json_object_get(j, "dtype"), *shape = json_object_get(j, "shape"),
                 *offsets = json_object_get(j, "data_offsets");
    size_t begin, end, elements = 1, size;

    if (!json_is_string(dtype) || !json_is_array(shape) || json_array_size(offsets) != 2)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: tensor %.64s lacks dtype, shape or data_offsets", file,
                         name);
    size = element_size(json_string_value(dtype));
    if (size == 0 || json_array_size(shape) > MYNA_TENSOR_DIMS)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: tensor %.64s has an unknown type or too many dimensions",
                         file, name);
    t->n_dims = json_array_size(shape);
    for (size_t d = 0; d < t->n_dims; d++) {
        if (!read_size(json_array_get(shape, d), n_data, &t->dims[d]) ||
            (t->dims[d] > 0 && elements > n_data / t->dims[d]))
            return myna_fail(why, MYNA_EFORMAT,
                             "%s is damaged: the shape of tensor %.64s is larger than the file",
                             file, name);
        elements *= t->dims[d];
    }
    if (!read_size(json_array_get(offsets, 0), n_data, &begin) ||
        !read_size(json_array_get(offsets, 1), n_data, &end) || begin > end)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is truncated or damaged: tensor %.64s lies outside the file", file,
                         name);
    if (elements > n_data / size || end - begin != elements * size)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: shape and length of tensor %.64s do not agree", file,
                         name);
    t->name = name;
    t->dtype = json_string_value(dtype);
    t->data = data + begin;
    t->bytes = end - begin;
    return MYNA_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct myna_tensor *x = a, *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Sorted by place, each tensor must begin where the one before it ended. */
static enum myna_err check_places(const char *file, struct myna_safetensors *st,
                                  const uint8_t *data, size_t n_data, struct myna_why *why)
{
    const uint8_t *at = data;

    qsort(st->tensors, st->n, sizeof *st->tensors, by_place);
    for (size_t i = 0; i < st->n; i++) {
        if (st->tensors[i].data != at)
            return myna_fail(why, MYNA_EFORMAT,
                             "%s is damaged: tensor %.64s overlaps another or leaves a hole", file,
                             st->tensors[i].name);
        at += st->tensors[i].bytes;
    }
    if (at != data + n_data)
        return myna_fail(why, MYNA_EFORMAT, "%s is damaged: %zu bytes behind the last tensor", file,
                         (size_t)(data + n_data - at));
    return MYNA_OK;
}

static enum myna_err read_header(const char *file, struct myna_safetensors *st, const uint8_t *data,
                                 size_t n_data, struct myna_why *why)
{
    const char *name;
    json_t *value;

    if (!json_is_object(st->header) || json_object_size(st->header) > TENSORS_MAX)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: its header lists no tensors, or too "
                         "many",
                         file);
    st->tensors = calloc(json_object_size(st->header) + 1, sizeof *st->tensors);
    if (!st->tensors)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", file);
    json_object_foreach(st->header, name, value)
    {
        enum myna_err err;

        if (!strcmp(name, "__metadata__"))
            continue;
        err = read_tensor(file, name, value, data, n_data, &st->tensors[st->n], why);
        if (err)
            return err;
        st->n++;
    }
    return check_places(file, st, data, n_data, why);
}

enum myna_err myna_safetensors_parse(const char *name, const uint8_t *ptr, size_t len,
                                     struct myna_safetensors **out, struct myna_why *why)
{
    enum myna_err err;
    struct myna_safetensors *st;
    uint64_t header = 0;
    json_error_t at;

    for (size_t i = 0; i < LENGTH && i < len; i++)
        header |= (uint64_t)ptr[i] << (8 * i);
    if (len < LENGTH || header > len - LENGTH)
        return myna_fail(why, MYNA_EFORMAT, "%s is truncated: %zu bytes do not hold its header",
                         name, len);
    if (header > HEADER_MAX)
        return myna_fail(why, MYNA_EFORMAT, "%s is damaged: a header of %llu bytes is too long",
                         name, (unsigned long long)header);
    st = calloc(1, sizeof *st);
    if (!st)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", name);
    st->header =
        myna_json_loadb((const char *)ptr + LENGTH, (size_t)header, JSON_REJECT_DUPLICATES, &at);
    if (!st->header) {
        err = myna_json_starved(&at)
                  ? myna_fail(why, MYNA_ENOMEM, "no memory to read %s", name)
                  : myna_fail(why, MYNA_EFORMAT, "%s is damaged: its header is not JSON (%s)", name,
                              at.text);
        goto fail;
    }
    err = read_header(name, st, ptr + LENGTH + header, len - LENGTH - (size_t)header, why);
    if (err)
        goto fail;
    *out = st;
    return MYNA_OK;
fail:
    myna_safetensors_destroy(st);
    return err;
}

void myna_safetensors_destroy(struct myna_safetensors *st)
{
    if (!st)
        return;
    json_decref(st->header);
    free(st->tensors);
    free(st);
}

size_t myna_safetensors_count(const struct myna_safetensors *st)
{
    return st->n;
}

const struct myna_tensor *myna_safetensors_at(const struct myna_safetensors *st, size_t i)
{
    return i < st->n ? &st->tensors[i] : NULL;
}

const struct myna_tensor *myna_safetensors_find(const struct myna_safetensors *st, const char *name)
{
    for (size_t i = 0; i < st->n; i++)
        if (!strcmp(st->tensors[i].name, name))
            return &st->tensors[i];
    return NULL;
}

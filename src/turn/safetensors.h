/* safetensors.h - a file of named tensors, read as if an enemy had written it.
 *
 * Format: 8 bytes little-endian length, that many bytes of JSON {name: {dtype, shape,
 * data_offsets}}, then the data. Every length, shape and offset is checked before anything is
 * handed out; tensors may not overlap and must fill the data. What the numbers mean is not checked.
 *
 * Views point into the bytes given to parse(), which must outlive them. Pure; one owner.
 */
#ifndef MYNA_TURN_SAFETENSORS_H
#define MYNA_TURN_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

#define MYNA_TENSOR_DIMS 8

struct myna_tensor {
    const char *name, *dtype; /* "F32", …; live as long as the parsed object */
    size_t n_dims, dims[MYNA_TENSOR_DIMS];
    const uint8_t *data; /* not aligned */
    size_t bytes;        /* = elements * size of one */
};

struct myna_safetensors;

/* MYNA_EFORMAT with the place that is wrong; `name` stands in messages. */
MYNA_MUST enum myna_err myna_safetensors_parse(const char *name, const uint8_t *ptr, size_t len,
                                               struct myna_safetensors **out, struct myna_why *why);
void myna_safetensors_destroy(struct myna_safetensors *st); /* NULL is fine */
size_t myna_safetensors_count(const struct myna_safetensors *st);
const struct myna_tensor *myna_safetensors_at(const struct myna_safetensors *st, size_t i);
/* NULL: no such tensor. */
const struct myna_tensor *myna_safetensors_find(const struct myna_safetensors *st,
                                                const char *name);

#endif

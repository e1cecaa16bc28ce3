/* derive_silero.c - the weights of Silero's VAD as safetensors, taken out of its ONNX model.
 *
 * The wheel holds a silero_vad_16k.safetensors too, but of another checkpoint: its probabilities
 * differ by up to 0.3 from those of the .onnx and .jit files that everybody runs
 * (snakers4/silero-vad issue 768, measured on jfk.wav). So ours is made from the .onnx; order and
 * header are those of the package's file.
 *
 * ONNX is protobuf: the model's field 7 is the graph, the graph's field 5 a tensor, whose field 8
 * is the name and field 9 the raw little-endian floats. Nothing else is looked at; a length that
 * passes the end stops everything. The bytes were checked against their SHA-256 before.
 */
#include "models/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/fs.h"

enum { ONNX_MAX = 16 << 20, OUT_MAX = 16 << 20, GRAPH = 7, TENSOR = 5, NAME = 8, RAW = 9 };

static const struct {
    const char *name, *onnx, *shape;
    size_t floats;
} rows[] = {
    {"stft_conv.weight", "model.stft.forward_basis_buffer", "258,1,256", 258 * 256},
    {"conv1.weight", "model.encoder.0.reparam_conv.weight", "128,129,3", 128 * 129 * 3},
    {"conv1.bias", "model.encoder.0.reparam_conv.bias", "128", 128},
    {"conv2.weight", "model.encoder.1.reparam_conv.weight", "64,128,3", 64 * 128 * 3},
    {"conv2.bias", "model.encoder.1.reparam_conv.bias", "64", 64},
    {"conv3.weight", "model.encoder.2.reparam_conv.weight", "64,64,3", 64 * 64 * 3},
    {"conv3.bias", "model.encoder.2.reparam_conv.bias", "64", 64},
    {"conv4.weight", "model.encoder.3.reparam_conv.weight", "128,64,3", 128 * 64 * 3},
    {"conv4.bias", "model.encoder.3.reparam_conv.bias", "128", 128},
    {"lstm_cell.weight_ih", "model.decoder.rnn.weight_ih", "512,128", 512 * 128},
    {"lstm_cell.weight_hh", "model.decoder.rnn.weight_hh", "512,128", 512 * 128},
    {"lstm_cell.bias_ih", "model.decoder.rnn.bias_ih", "512", 512},
    {"lstm_cell.bias_hh", "model.decoder.rnn.bias_hh", "512", 512},
    {"final_conv.weight", "model.decoder.decoder.2.weight", "1,128,1", 128},
    {"final_conv.bias", "model.decoder.decoder.2.bias", "1", 1},
};
#define N_ROWS (sizeof rows / sizeof *rows)

/* A base-128 number; false: it passes the end. */
static bool take_varint(struct myna_view *v, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && v->len > 0; shift += 7) {
        uint8_t b = *v->ptr;

        v->ptr++;
        v->len--;
        *out |= (uint64_t)(b & 127) << shift;
        if (!(b & 128))
            return true;
    }
    return false;
}

/* The next field; bytes is empty for numbers. false: end or damage. */
static bool take_field(struct myna_view *v, uint64_t *number, struct myna_view *bytes)
{
    uint64_t key, len;

    *bytes = (struct myna_view){v->ptr, 0};
    if (v->len == 0 || !take_varint(v, &key))
        return false;
    *number = key >> 3;
    switch (key & 7) {
    case 0:
        return take_varint(v, &len);
    case 1:
        len = 8;
        break;
    case 2:
        if (!take_varint(v, &len))
            return false;
        break;
    case 5:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > v->len)
        return false;
    *bytes = (struct myna_view){v->ptr, (size_t)len};
    v->ptr += len;
    v->len -= (size_t)len;
    return true;
}

/* Notes the tensor's floats if it is one of ours. */
static void note(struct myna_view tensor, struct myna_view found[N_ROWS])
{
    struct myna_view name = {0}, raw = {0}, bytes;
    uint64_t number;

    while (take_field(&tensor, &number, &bytes)) {
        if (number == NAME)
            name = bytes;
        else if (number == RAW)
            raw = bytes;
    }
    for (size_t i = 0; i < N_ROWS; i++)
        if (name.len == strlen(rows[i].onnx) && !memcmp(name.ptr, rows[i].onnx, name.len) &&
            raw.len == rows[i].floats * 4)
            found[i] = raw;
}

static void write_out(struct myna_buf *out, const struct myna_view found[N_ROWS])
{
    struct myna_buf head;
    uint8_t length[8] = {0};
    size_t at = 0;

    myna_buf_init(&head, 0);
    for (size_t i = 0; i < N_ROWS; i++) {
        myna_buf_printf(&head,
                        "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                        i ? "," : "{", rows[i].name, rows[i].shape, at, at + found[i].len);
        at += found[i].len;
    }
    myna_buf_putc(&head, '}');
    while (head.len % 8 != 0 && !head.err)
        myna_buf_putc(&head, ' ');
    for (size_t i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)head.len >> (8 * i));
    myna_buf_put(out, length, sizeof length);
    myna_buf_put(out, head.ptr, head.len);
    for (size_t i = 0; i < N_ROWS; i++)
        myna_buf_put(out, found[i].ptr, found[i].len);
    if (head.err)
        out->err = head.err;
    myna_buf_fini(&head);
}

enum myna_err myna_model_make_silero(const char *from, const char *to, struct myna_why *why)
{
    struct myna_view found[N_ROWS] = {0}, model, graph, tensor;
    struct myna_buf out;
    uint64_t number;
    char *bytes = NULL;
    size_t len = 0;
    enum myna_err err = myna_fs_read(from, ONNX_MAX, &bytes, &len, why);

    if (err)
        return err;
    myna_buf_init(&out, OUT_MAX);
    model = (struct myna_view){(const uint8_t *)bytes, len};
    while (take_field(&model, &number, &graph))
        while (number == GRAPH && graph.len > 0) {
            if (!take_field(&graph, &number, &tensor))
                break;
            if (number == TENSOR)
                note(tensor, found);
            number = GRAPH;
        }
    for (size_t i = 0; i < N_ROWS; i++)
        if (!found[i].ptr) {
            err = myna_fail(why, MYNA_EFORMAT, "%s is damaged: it has no tensor %s of %zu numbers",
                            from, rows[i].onnx, rows[i].floats);
            goto done;
        }
    write_out(&out, found);
    if (out.err)
        err = myna_fail(why, out.err, "no memory to make %s", to);
    else
        err = myna_fs_write(to, myna_buf_view(&out), 0644, why);
done:
    myna_buf_fini(&out);
    free(bytes);
    return err;
}

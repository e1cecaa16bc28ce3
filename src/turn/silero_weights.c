/* silero_weights.c - from the file to the kernel's layout: hash, shapes, one allocation.
 *
 * The package silero-vad 6.2.3 holds two different checkpoints: its .onnx and .jit files agree with
 * each other, its .safetensors was trained apart (snakers4/silero-vad issue 768). We fetch the
 * weights of the .onnx, written as safetensors; the other is accepted, and known by its hash.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turn/safetensors.h"
#include "turn/silero.h"
#include "turn/silero_layout.h"
#include "util/crypto.h"

enum { FILE_MAX = 8 << 20, LINE = 64 };

static const struct {
    const char *sha256;
    enum myna_silero_checkpoint which;
} known[] = {
    {"8fe5ade2da22d6e4478cfe0b611cffd30334da8753aec34f6492a4c3b3ce0efb", MYNA_SILERO_ONNX},
    {"c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1", MYNA_SILERO_OTHER},
};

/* The tensor of exactly this shape in float32; dims end with 0. */
static const struct myna_tensor *want(const struct myna_safetensors *st, const char *name,
                                      const size_t dims[4])
{
    const struct myna_tensor *t = myna_safetensors_find(st, name);
    size_t n = 0;

    if (!t || strcmp(t->dtype, "F32") != 0)
        return NULL;
    while (n < 3 && dims[n])
        n++;
    return t->n_dims == n && !memcmp(t->dims, dims, n * sizeof *dims) ? t : NULL;
}

static float number(const struct myna_tensor *t, size_t i)
{
    float v;

    memcpy(&v, t->data + 4 * i, 4); /* little-endian, as every machine we build for */
    return v;
}

/* Tensor [outs][channels][3] to rows (channel, tap) for taps first … last, in blocks of outputs. */
static void lay(float *to, const struct myna_tensor *t, size_t outs, size_t channels, size_t first,
                size_t last, size_t block)
{
    for (size_t base = 0; base < outs; base += block)
        for (size_t c = 0; c < channels; c++)
            for (size_t k = first; k <= last; k++)
                for (size_t o = 0; o < block; o++)
                    *to++ = number(t, ((base + o) * channels + c) * 3 + k);
}

/* Both matrices of the LSTM [512][128], one above the other. */
static void lay_cell(float *to, const struct myna_tensor *ih, const struct myna_tensor *hh)
{
    const size_t block = SILERO_SUMS;

    for (size_t base = 0; base < SILERO_GATES; base += block)
        for (size_t r = 0; r < SILERO_ROWS5; r++)
            for (size_t o = 0; o < block; o++)
                *to++ = r < 128 ? number(ih, (base + o) * 128 + r)
                                : number(hh, (base + o) * 128 + r - 128);
}

/* The first layer must be the transform that silero_fft.c computes in its place. */
static bool is_transform(const struct myna_tensor *t, const struct silero_fft *fft)
{
    double wave[SILERO_FFT];

    for (int i = 0; i < SILERO_FFT; i++)
        wave[i] = cos(2 * M_PI * i / SILERO_FFT);
    for (size_t k = 0; k < SILERO_BINS; k++)
        for (size_t n = 0; n < SILERO_FFT; n++) {
            size_t turn = k * n % SILERO_FFT; /* -sin is cos a quarter turn on */
            double re = fft->window[n] * wave[turn];
            double im = fft->window[n] * wave[(turn + SILERO_FFT / 4) % SILERO_FFT];

            if (!(fabs(number(t, k * SILERO_FFT + n) - re) < 1e-5) ||
                !(fabs(number(t, (k + SILERO_BINS) * SILERO_FFT + n) - im) < 1e-5))
                return false;
        }
    return true;
}

/* Cuts one allocation into the arrays, each on its own cache line. */
static bool carve(struct myna_silero_weights *w)
{
    const struct {
        float **array;
        size_t n;
    } parts[] = {{&w->w1, SILERO_ROWS1 * 128},
                 {&w->w2, SILERO_ROWS2 * 64},
                 {&w->w3, SILERO_ROWS3 * 64},
                 {&w->w4, SILERO_ROWS4 * 128},
                 {&w->w5, SILERO_ROWS5 * SILERO_GATES},
                 {&w->b1, 128},
                 {&w->b2, 64},
                 {&w->b3, 64},
                 {&w->b4, 128},
                 {&w->b5, SILERO_GATES},
                 {&w->w6, 128}};
    size_t total = 0;
    float *at;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        total += parts[i].n; /* each a multiple of a line's 16 floats */
    w->raw = malloc(total * sizeof(float) + LINE);
    if (!w->raw)
        return false;
    at = (float *)(((uintptr_t)w->raw + LINE - 1) & ~(uintptr_t)(LINE - 1));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].array = at;
        at += parts[i].n;
    }
    return true;
}

static const struct myna_silero_ops *find_path(enum myna_silero_path path)
{
    switch (path) {
    case MYNA_SILERO_PLAIN:
        return &myna_silero_plain;
    case MYNA_SILERO_AVX2:
        return myna_silero_avx2();
    case MYNA_SILERO_NEON:
        return myna_silero_neon();
    case MYNA_SILERO_PATHS:
        break;
    }
    return NULL;
}

static enum myna_err fill(struct myna_silero_weights *w, const struct myna_safetensors *st,
                          const char *name, struct myna_why *why)
{
    enum { STFT, W1, B1, W2, B2, W3, B3, W4, B4, IH, HH, BIH, BHH, W6, B6, N };
    static const struct {
        const char *name;
        size_t dims[4];
    } rows[N] = {
        [STFT] = {"stft_conv.weight", {258, 1, 256}},
        [W1] = {"conv1.weight", {128, 129, 3}},
        [B1] = {"conv1.bias", {128}},
        [W2] = {"conv2.weight", {64, 128, 3}},
        [B2] = {"conv2.bias", {64}},
        [W3] = {"conv3.weight", {64, 64, 3}},
        [B3] = {"conv3.bias", {64}},
        [W4] = {"conv4.weight", {128, 64, 3}},
        [B4] = {"conv4.bias", {128}},
        [IH] = {"lstm_cell.weight_ih", {512, 128}},
        [HH] = {"lstm_cell.weight_hh", {512, 128}},
        [BIH] = {"lstm_cell.bias_ih", {512}},
        [BHH] = {"lstm_cell.bias_hh", {512}},
        [W6] = {"final_conv.weight", {1, 128, 1}},
        [B6] = {"final_conv.bias", {1}},
    };
    const struct myna_tensor *t[N];

    for (int i = 0; i < N; i++) {
        t[i] = want(st, rows[i].name, rows[i].dims);
        if (!t[i])
            return myna_fail(why, MYNA_EFORMAT,
                             "%s is not Silero's VAD at 16 kHz: tensor %s is missing or has "
                             "another shape",
                             name, rows[i].name);
    }
    myna_silero_fft_init(&w->fft);
    if (!is_transform(t[STFT], &w->fft))
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is not Silero's VAD at 16 kHz: its first layer is no Fourier "
                         "transform",
                         name);
    lay(w->w1, t[W1], 128, SILERO_BINS, 0, 2, SILERO_SUMS / 4);
    lay(w->w2, t[W2], 64, 128, 0, 2, SILERO_SUMS / 2);
    lay(w->w3, t[W3], 64, 64, 1, 2, SILERO_SUMS);
    lay(w->w4, t[W4], 128, 64, 1, 1, SILERO_SUMS);
    lay_cell(w->w5, t[IH], t[HH]);
    memcpy(w->b1, t[B1]->data, t[B1]->bytes);
    memcpy(w->b2, t[B2]->data, t[B2]->bytes);
    memcpy(w->b3, t[B3]->data, t[B3]->bytes);
    memcpy(w->b4, t[B4]->data, t[B4]->bytes);
    memcpy(w->w6, t[W6]->data, t[W6]->bytes);
    for (size_t i = 0; i < SILERO_GATES; i++)
        w->b5[i] = number(t[BIH], i) + number(t[BHH], i);
    w->b6 = number(t[B6], 0);
    return MYNA_OK;
}

enum myna_err myna_silero_from_bytes(const char *name, const uint8_t *ptr, size_t len,
                                     struct myna_silero_weights **out, struct myna_why *why)
{
    struct myna_safetensors *st = NULL;
    struct myna_silero_weights *w = NULL;
    enum myna_err err = myna_safetensors_parse(name, ptr, len, &st, why);

    if (err)
        return err;
    w = calloc(1, sizeof *w);
    if (!w || !carve(w)) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the weights of %s", name);
        goto fail;
    }
    w->checkpoint = MYNA_SILERO_UNKNOWN;
    for (int p = 0; p < MYNA_SILERO_PATHS; p++)
        if (find_path(p))
            w->ops = find_path(p); /* the later, the faster */
    err = fill(w, st, name, why);
    if (err)
        goto fail;
    myna_safetensors_destroy(st);
    *out = w;
    return MYNA_OK;
fail:
    myna_safetensors_destroy(st);
    myna_silero_weights_destroy(w);
    return err;
}

static enum myna_err read_file(const char *path, uint8_t **out, size_t *out_len,
                               struct myna_why *why)
{
    enum myna_err err = MYNA_EIO;
    uint8_t *bytes = NULL;
    size_t len, at = 0;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT
                   ? myna_fail(why, MYNA_ENOENT, "%s is missing", path)
                   : myna_fail(why, MYNA_EIO, "cannot read %s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        err = myna_fail(why, MYNA_EFORMAT, "%s is not a file of weights", path);
        goto fail;
    }
    len = (size_t)st.st_size;
    bytes = malloc(len + 1);
    if (!bytes) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
        goto fail;
    }
    while (at < len) {
        ssize_t n = read(fd, bytes + at, len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err = myna_fail(why, MYNA_EIO, "cannot read %s: %s", path, strerror(errno));
            goto fail;
        }
        if (n == 0)
            break; /* became shorter meanwhile: the parser will say so */
        at += (size_t)n;
    }
    close(fd);
    *out = bytes;
    *out_len = at;
    return MYNA_OK;
fail:
    close(fd);
    free(bytes);
    return err;
}

enum myna_err myna_silero_load(const char *path, struct myna_silero_weights **out,
                               struct myna_why *why)
{
    char hex[65];
    struct myna_silero_weights *w = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum myna_err err = read_file(path, &bytes, &len, why);

    if (err)
        return err;
    err = myna_silero_from_bytes(path, bytes, len, &w, why);
    if (err)
        goto done;
    if (!myna_sha256_hex((struct myna_view){bytes, len}, hex)) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the hash of %s", path);
        myna_silero_weights_destroy(w);
        goto done;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].sha256, hex))
            w->checkpoint = known[i].which;
    if (w->checkpoint == MYNA_SILERO_UNKNOWN) {
        err = myna_fail(why, MYNA_EFORMAT,
                        "%s is damaged: its SHA-256 is %.16s…, not the pinned one", path, hex);
        myna_silero_weights_destroy(w);
        goto done;
    }
    *out = w;
done:
    free(bytes);
    return err;
}

void myna_silero_weights_destroy(struct myna_silero_weights *w)
{
    if (!w)
        return;
    free(w->raw);
    free(w);
}

enum myna_silero_checkpoint myna_silero_checkpoint(const struct myna_silero_weights *w)
{
    return w->checkpoint;
}

bool myna_silero_use(struct myna_silero_weights *w, enum myna_silero_path path)
{
    const struct myna_silero_ops *ops = find_path(path);

    if (ops)
        w->ops = ops;
    return ops != NULL;
}

const char *myna_silero_path_name(const struct myna_silero_weights *w)
{
    return w->ops->name;
}

/* silero_test.c - the kernel against the network written down naively, against ONNX Runtime's
 * values, and each path against the others.
 *
 * The naive network takes weights made up here, so it runs anywhere; the reference values need the
 * real weights: from the models' directory, or from ../shared/data.
 */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <unistd.h>

#include <myna/stages.h>

#include "audio/wav.h"
#include "turn/silero.h"

static uint32_t seed;

static float chance(float size)
{
    seed = seed * 1664525 + 1013904223;
    return ((float)(seed >> 8) / 8388608.0f - 1) * size;
}

/* ---- made-up weights in a file of the right shapes */

static const struct row {
    const char *name, *shape;
    size_t n;
    float size;
} rows[] = {{"stft_conv.weight", "258,1,256", 258 * 256, 0},
            {"conv1.weight", "128,129,3", 128 * 129 * 3, 0.1f},
            {"conv1.bias", "128", 128, 0.1f},
            {"conv2.weight", "64,128,3", 64 * 128 * 3, 0.1f},
            {"conv2.bias", "64", 64, 0.1f},
            {"conv3.weight", "64,64,3", 64 * 64 * 3, 0.1f},
            {"conv3.bias", "64", 64, 0.1f},
            {"conv4.weight", "128,64,3", 128 * 64 * 3, 0.1f},
            {"conv4.bias", "128", 128, 0.1f},
            {"lstm_cell.weight_ih", "512,128", 512 * 128, 0.1f},
            {"lstm_cell.weight_hh", "512,128", 512 * 128, 0.1f},
            {"lstm_cell.bias_ih", "512", 512, 0.1f},
            {"lstm_cell.bias_hh", "512", 512, 0.1f},
            {"final_conv.weight", "1,128,1", 128, 1.0f},
            {"final_conv.bias", "1", 1, 0.5f}};
enum { STFT, W1, B1, W2, B2, W3, B3, W4, B4, IH, HH, BIH, BHH, W6, B6, N_ROWS };
static float *made[N_ROWS];

static size_t make_file(uint8_t *file)
{
    char head[4096];
    size_t at = 0, len = 0, n = 8;

    for (int i = 0; i < N_ROWS; i++) {
        len += (size_t)snprintf(
            head + len, sizeof head - len,
            "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}", i ? "," : "{",
            rows[i].name, rows[i].shape, at * 4, (at + rows[i].n) * 4);
        at += rows[i].n;
    }
    head[len++] = '}';
    memset(file, 0, 8);
    file[0] = (uint8_t)len;
    file[1] = (uint8_t)(len >> 8);
    memcpy(file + n, head, len);
    n += len;
    seed = 3;
    for (int i = 0; i < N_ROWS; i++) {
        made[i] = malloc(rows[i].n * 4);
        for (size_t k = 0; k < rows[i].n; k++) {
            size_t bin = k / 256 % 129, t = k % 256;
            double turn = 2 * M_PI * (double)(bin * t % 256) / 256;
            double hann = 0.5 - 0.5 * cos(2 * M_PI * (double)t / 256);

            if (i != STFT)
                made[i][k] = chance(rows[i].size);
            else
                made[i][k] = (float)(hann * (k < 129 * 256 ? cos(turn) : -sin(turn)));
        }
        memcpy(file + n, made[i], rows[i].n * 4);
        n += rows[i].n * 4;
    }
    return n;
}

static void forget_made(void)
{
    for (int i = 0; i < N_ROWS; i++) {
        free(made[i]);
        made[i] = NULL;
    }
}

/* ---- the network as its authors write it */

static int conv(const double *x, int frames, int channels, const float *w, const float *b, int outs,
                int stride, double *y)
{
    int n = 0;

    for (int at = 0; at < frames; at += stride, n++)
        for (int o = 0; o < outs; o++) {
            double sum = b[o];

            for (int c = 0; c < channels; c++)
                for (int k = 0; k < 3; k++)
                    if (at + k - 1 >= 0 && at + k - 1 < frames)
                        sum += w[(o * channels + c) * 3 + k] * x[(at + k - 1) * channels + c];
            y[n * outs + o] = sum > 0 ? sum : 0;
        }
    return n;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double naive_context[64], naive_h[128], naive_c[128];

static double naive(const int16_t *window)
{
    static double s[640], mag[4 * 129], a[4 * 128], b[4 * 128];
    double out = made[B6][0], gate[512];
    int n = 4;

    memcpy(s, naive_context, sizeof naive_context);
    for (int i = 0; i < 512; i++)
        s[64 + i] = window[i] / 32768.0;
    for (int i = 0; i < 64; i++)
        s[576 + i] = s[574 - i];
    memcpy(naive_context, s + 512, sizeof naive_context);
    for (int t = 0; t < 4; t++)
        for (int k = 0; k < 129; k++) {
            double re = 0, im = 0;

            for (int i = 0; i < 256; i++) {
                re += made[STFT][k * 256 + i] * s[t * 128 + i];
                im += made[STFT][(k + 129) * 256 + i] * s[t * 128 + i];
            }
            mag[t * 129 + k] = sqrt(re * re + im * im);
        }
    n = conv(mag, n, 129, made[W1], made[B1], 128, 1, a);
    n = conv(a, n, 128, made[W2], made[B2], 64, 2, b);
    n = conv(b, n, 64, made[W3], made[B3], 64, 2, a);
    n = conv(a, n, 64, made[W4], made[B4], 128, 1, b);
    CHECK_EQ(n, 1);
    for (int g = 0; g < 512; g++) {
        gate[g] = made[BIH][g] + made[BHH][g];
        for (int i = 0; i < 128; i++)
            gate[g] += made[IH][g * 128 + i] * b[i] + made[HH][g * 128 + i] * naive_h[i];
    }
    for (int i = 0; i < 128; i++) {
        naive_c[i] = sigmoid(gate[128 + i]) * naive_c[i] + sigmoid(gate[i]) * tanh(gate[256 + i]);
        naive_h[i] = sigmoid(gate[384 + i]) * tanh(naive_c[i]);
        out += made[W6][i] * (naive_h[i] > 0 ? naive_h[i] : 0);
    }
    return sigmoid(out);
}

TEST(every_path_computes_the_network)
{
    static uint8_t file[1300000];
    struct myna_silero_weights *w;
    struct myna_why why;
    double lowest = 1, highest = 0;
    int paths = 0;

    CHECK_EQ(myna_silero_from_bytes("made", file, make_file(file), &w, &why), MYNA_OK);
    for (int path = 0; path < MYNA_SILERO_PATHS; path++) {
        struct myna_silero_state state;

        if (!myna_silero_use(w, path))
            continue;
        paths++;
        seed = 99;
        myna_silero_reset(&state);
        memset(naive_context, 0, sizeof naive_context);
        memset(naive_h, 0, sizeof naive_h);
        memset(naive_c, 0, sizeof naive_c);
        for (int n = 0; n < 12; n++) {
            int16_t window[512];
            double want, got;

            for (int i = 0; i < 512; i++)
                window[i] = (int16_t)chance((float)n * 2500);
            got = myna_silero_run(w, &state, window);
            want = naive(window);
            lowest = fmin(lowest, want);
            highest = fmax(highest, want);
            CHECK_NEAR(got, want, 1e-5);
        }
    }
    CHECK(paths >= 1);
    CHECK(highest - lowest > 0.01); /* the windows do differ */
    myna_silero_weights_destroy(w);
    forget_made();
}

static uint8_t hurt[1300000];

TEST(weights_of_another_network_are_refused_by_name)
{
    size_t len = make_file(hurt);
    struct myna_silero_weights *w = NULL;
    struct myna_why why;
    char *at;

    forget_made();
    CHECK_EQ(myna_silero_from_bytes("cut.st", hurt, len - 1, &w, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "cut.st is truncated");
    at = strstr((char *)hurt + 8, "conv3.bias");
    at[0] = 'k';
    CHECK_EQ(myna_silero_from_bytes("odd.st", hurt, len, &w, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "odd.st is not Silero's VAD at 16 kHz: tensor conv3.bias is missing");
    at[0] = 'c';
    memset(hurt + len - 4 - 512 - 2048, 0, 4); /* some bias: not ours to judge */
    CHECK_EQ(myna_silero_from_bytes("fine.st", hurt, len, &w, &why), MYNA_OK);
    myna_silero_weights_destroy(w);
    for (size_t i = 8; i + 4 < len; i++)
        if (!memcmp(hurt + i, "}}", 2)) {
            memset(hurt + i + 2 + 4000, 0x3f, 4); /* the transform's weight becomes 0.747 */
            break;
        }
    CHECK_EQ(myna_silero_from_bytes("wave.st", hurt, len, &w, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "its first layer is no Fourier transform");
}

static bool from_bytes(void *arg)
{
    struct myna_silero_weights *w;

    if (myna_silero_from_bytes("made", hurt, *(size_t *)arg, &w, NULL))
        return false;
    myna_silero_weights_destroy(w);
    return true;
}

TEST(memory_that_runs_short_while_reading_weights_leaves_nothing_behind)
{
    size_t len = make_file(hurt);

    forget_made();
    CHECK(fault_each_alloc(from_bytes, &len) > 0);
}

/* A file of weights that are whole but nobody's: refused for its hash alone, unless the disk or the
 * memory failed before that. */
struct loading {
    char path[40];
    enum myna_err want;
};

static bool load_made(void *arg)
{
    const struct loading *l = arg;
    struct myna_silero_weights *w = NULL;
    struct myna_why why = {0};
    enum myna_err err = myna_silero_load(l->path, &w, &why);

    CHECK(w == NULL);
    CHECK_EQ(why.err, err);
    CHECK_HAS(why.text, l->path);
    if (err == MYNA_EFORMAT) {
        CHECK_HAS(why.text, "not the pinned one");
        return true;
    }
    CHECK(fault_hit());
    CHECK_EQ(err, l->want);
    return false;
}

TEST(a_disk_or_memory_that_fails_while_weights_are_loaded_is_not_called_damage)
{
    struct loading l = {"/tmp/myna-st-XXXXXX", MYNA_EIO};
    size_t len = make_file(hurt);
    FILE *f = fdopen(mkstemp(l.path), "wb");

    forget_made();
    CHECK(f && fwrite(hurt, 1, len, f) == len && fclose(f) == 0);
    CHECK(fault_each_io(load_made, &l, EIO) >= 2); /* open, read */
    l.want = MYNA_ENOMEM;
    CHECK(fault_each_alloc(load_made, &l) >= 5);
    unlink(l.path);
}

/* ---- the real weights */

static struct myna_silero_weights *real(void)
{
    char path[1024];
    struct myna_silero_weights *w;
    const char *tree = getenv("MYNA_TEST_TREE");

    snprintf(path, sizeof path, "%s/silero_vad_16k.safetensors", myna_models_dir());
    if (!myna_silero_load(path, &w, NULL))
        return w;
    snprintf(path, sizeof path, "%s/../shared/data/silero_vad_16k.safetensors", tree ? tree : ".");
    if (!myna_silero_load(path, &w, NULL))
        return w;
    SKIP("no weights: `myna models fetch silero-vad` brings them");
}

/* ONNX Runtime 1.x over the same windows; the second with the other checkpoint's weights put in. */
static const float reference[2][48] = {
    {0.091615f, 0.038210f, 0.023891f, 0.020709f, 0.015707f, 0.015954f, 0.010453f, 0.008276f,
     0.007049f, 0.691872f, 0.875755f, 0.603706f, 0.331934f, 0.077797f, 0.064495f, 0.046186f,
     0.272258f, 0.104088f, 0.093426f, 0.032883f, 0.018067f, 0.008032f, 0.007486f, 0.006424f,
     0.044806f, 0.019235f, 0.014836f, 0.009085f, 0.004566f, 0.002671f, 0.002290f, 0.006253f,
     0.017512f, 0.006970f, 0.005107f, 0.001957f, 0.000824f, 0.002582f, 0.008980f, 0.015523f,
     0.017787f, 0.011927f, 0.008635f, 0.005363f, 0.004482f, 0.004338f, 0.003990f, 0.003836f},
    {0.091779f, 0.042948f, 0.040630f, 0.024408f, 0.018397f, 0.017569f, 0.014172f, 0.010906f,
     0.010125f, 0.824236f, 0.872625f, 0.724989f, 0.529819f, 0.293571f, 0.281016f, 0.312791f,
     0.596770f, 0.737391f, 0.545919f, 0.333004f, 0.252502f, 0.184538f, 0.169160f, 0.245523f,
     0.179660f, 0.267781f, 0.235495f, 0.153405f, 0.197372f, 0.117542f, 0.074941f, 0.122415f,
     0.081559f, 0.064761f, 0.072957f, 0.062196f, 0.029325f, 0.043146f, 0.177746f, 0.302690f,
     0.260059f, 0.200597f, 0.182502f, 0.148468f, 0.125598f, 0.121241f, 0.110435f, 0.106871f}};

/* A second of vowels in a noisy room. */
static void speak(int16_t out[48 * 512])
{
    double phase = 0;

    seed = 1;
    for (int i = 0; i < 48 * 512; i++) {
        double t = i / 16000.0, v = 0, f0 = 120 + 30 * t;

        seed = seed * 1664525 + 1013904223;
        if (0.3 < t && t < 1.2) {
            phase += 2 * M_PI * f0 / 16000;
            for (int h = 1; h < 25; h++) {
                double f = h * f0;

                v += (exp(-pow((f - 600) / 250, 2)) + 0.5 * exp(-pow((f - 1200) / 300, 2)) +
                      0.25 * exp(-pow((f - 2500) / 400, 2)) + 0.02) *
                     sin(h * phase);
            }
            v *= 3000 * (0.5 - 0.5 * cos(2 * M_PI * 4 * t));
        }
        out[i] = (int16_t)rint(v + 60 * ((double)(seed >> 16) - 32768) / 32768);
    }
}

TEST(real_weights_agree_with_onnx_runtime_on_a_made_voice)
{
    struct myna_silero_weights *w = real();
    static int16_t pcm[48 * 512];

    speak(pcm);
    for (int path = 0; path < MYNA_SILERO_PATHS; path++) {
        struct myna_silero_state state;

        if (!myna_silero_use(w, path))
            continue;
        myna_silero_reset(&state);
        for (int i = 0; i < 48; i++)
            CHECK_NEAR(myna_silero_run(w, &state, pcm + i * 512),
                       reference[myna_silero_checkpoint(w)][i], 1e-4);
    }
    myna_silero_weights_destroy(w);
}

TEST(jfk_agrees_with_its_reference)
{
    char path[1024];
    const char *tree = getenv("MYNA_TEST_TREE");
    struct myna_silero_weights *w = real();
    struct myna_silero_state state;
    struct myna_wav_reader *wav;
    static int16_t pcm[200000];
    size_t n = 0, got;
    FILE *ref;

    if (myna_silero_checkpoint(w) != MYNA_SILERO_ONNX) {
        myna_silero_weights_destroy(w);
        SKIP("these weights are the package's other checkpoint: `myna models fetch silero-vad`");
    }
    snprintf(path, sizeof path, "%s/../shared/data/jfk.wav", tree ? tree : ".");
    if (myna_wav_open(path, &wav, NULL)) {
        myna_silero_weights_destroy(w);
        SKIP("no ../shared/data/jfk.wav beside the tree");
    }
    do {
        CHECK_EQ(myna_wav_read(wav, pcm + n, 1024, &got, NULL), MYNA_OK);
        n += got;
    } while (got > 0);
    myna_wav_close(wav);
    snprintf(path, sizeof path, "%s/../shared/data/jfk.silero_vad.txt", tree ? tree : ".");
    ref = fopen(path, "r");
    CHECK(ref != NULL);
    myna_silero_reset(&state);
    for (size_t i = 0; i < n / 512; i++) {
        double want = -1;

        CHECK_EQ(fscanf(ref, "%lf", &want), 1);
        CHECK_NEAR(myna_silero_run(w, &state, pcm + i * 512), want, 1e-5);
    }
    fclose(ref);
    CHECK_EQ(n / 512, 343);
    myna_silero_weights_destroy(w);
}

TEST(a_file_with_another_hash_is_refused)
{
    struct myna_silero_weights *w = NULL;
    struct myna_why why;
    char path[] = "/tmp/myna-st-XXXXXX";
    size_t len = make_file(hurt);
    FILE *f = fdopen(mkstemp(path), "wb");

    forget_made();
    fwrite(hurt, 1, len, f);
    fclose(f);
    CHECK_EQ(myna_silero_load(path, &w, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "not the pinned one");
    CHECK_EQ(truncate(path, 1000), 0);
    CHECK_EQ(myna_silero_load(path, &w, &why), MYNA_EFORMAT);
    CHECK_EQ(truncate(path, 0), 0);
    CHECK_EQ(myna_silero_load(path, &w, &why), MYNA_EFORMAT);
    unlink(path);
    CHECK_EQ(myna_silero_load(path, &w, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "is missing");
}

TEST_MAIN

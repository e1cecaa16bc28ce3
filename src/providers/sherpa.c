/* sherpa.c - sherpa-onnx opened at run time: its symbols by name, its version asked. */
#include "providers/sherpa_calls.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

#define VERSION "2.0.1"

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"SherpaOnnxGetVersionStr", offsetof(struct sherpa_calls, version)},
    {"SherpaOnnxCreateOfflineRecognizer", offsetof(struct sherpa_calls, stt_create)},
    {"SherpaOnnxDestroyOfflineRecognizer", offsetof(struct sherpa_calls, stt_destroy)},
    {"SherpaOnnxCreateOfflineStream", offsetof(struct sherpa_calls, stream_create)},
    {"SherpaOnnxDestroyOfflineStream", offsetof(struct sherpa_calls, stream_destroy)},
    {"SherpaOnnxAcceptWaveformOffline", offsetof(struct sherpa_calls, stream_accept)},
    {"SherpaOnnxDecodeOfflineStream", offsetof(struct sherpa_calls, stream_decode)},
    {"SherpaOnnxGetOfflineStreamResult", offsetof(struct sherpa_calls, result)},
    {"SherpaOnnxDestroyOfflineRecognizerResult", offsetof(struct sherpa_calls, result_destroy)},
    {"SherpaOnnxCreateOnlineRecognizer", offsetof(struct sherpa_calls, live_create)},
    {"SherpaOnnxDestroyOnlineRecognizer", offsetof(struct sherpa_calls, live_destroy)},
    {"SherpaOnnxCreateOnlineStream", offsetof(struct sherpa_calls, live_begin)},
    {"SherpaOnnxDestroyOnlineStream", offsetof(struct sherpa_calls, live_end)},
    {"SherpaOnnxOnlineStreamAcceptWaveform", offsetof(struct sherpa_calls, live_accept)},
    {"SherpaOnnxOnlineStreamInputFinished", offsetof(struct sherpa_calls, live_finish)},
    {"SherpaOnnxIsOnlineStreamReady", offsetof(struct sherpa_calls, live_ready)},
    {"SherpaOnnxDecodeOnlineStream", offsetof(struct sherpa_calls, live_decode)},
    {"SherpaOnnxGetOnlineStreamResult", offsetof(struct sherpa_calls, live_result)},
    {"SherpaOnnxDestroyOnlineRecognizerResult", offsetof(struct sherpa_calls, live_result_destroy)},
    {"SherpaOnnxCreateOfflineTts", offsetof(struct sherpa_calls, tts_create)},
    {"SherpaOnnxDestroyOfflineTts", offsetof(struct sherpa_calls, tts_destroy)},
    {"SherpaOnnxOfflineTtsSampleRate", offsetof(struct sherpa_calls, tts_rate)},
    {"SherpaOnnxOfflineTtsGenerateWithConfig", offsetof(struct sherpa_calls, tts_generate)},
    {"SherpaOnnxDestroyOfflineTtsGeneratedAudio", offsetof(struct sherpa_calls, audio_destroy)},
};

enum myna_err myna_sherpa_load(void **lib, struct sherpa_calls *call, struct myna_why *why)
{
    const struct myna_model_part *part = myna_model_part("sherpa-onnx");
    char folder[MYNA_MODEL_PATH_MAX], path[MYNA_MODEL_PATH_MAX + 64];
    enum myna_err err = myna_model_folder(part, folder, why);

    if (!err)
        err = myna_model_check(part, NULL, why);
    if (err)
        return err;
    snprintf(path, sizeof path, "%s/lib/libsherpa-onnx-c-api.so", folder);
    /* It finds libonnxruntime.so beside itself. NODELETE: see sherpa.h. */
    *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*lib)
        return myna_fail(why, MYNA_EUNAVAIL, "cannot open the speech library: %s", dlerror());
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *at = dlsym(*lib, symbols[i].name);

        if (!at) {
            dlclose(*lib);
            return myna_fail(why, MYNA_EUNAVAIL,
                             "%s has no %s: it is not version " VERSION
                             "; fetch it with: myna models fetch sherpa-onnx",
                             path, symbols[i].name);
        }
        memcpy((char *)call + symbols[i].offset, &at, sizeof at);
    }
    if (strcmp(call->version(), VERSION) != 0) {
        err = myna_fail(why, MYNA_EUNAVAIL,
                        "%s is version %s, want " VERSION
                        "; fetch it with: myna models fetch sherpa-onnx",
                        path, call->version());
        dlclose(*lib);
    }
    return err;
}

char *myna_sherpa_trimmed(const char *text)
{
    size_t n;

    while (isspace((unsigned char)*text))
        text++;
    n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    return strndup(text, n);
}

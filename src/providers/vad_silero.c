/* vad_silero.c - Silero's network as VAD; without its weights the energy VAD serves and says so. */
#include <stdio.h>

#include <myna/stages.h>

#include "providers/vad_local.h"

#define WEIGHTS "silero_vad_16k.safetensors"

static const struct myna_option options[] = {
    MYNA_VAD_LOCAL_ROWS,
    {MYNA_VAD_LOCAL_AT(MYNA_OPT_PATH, weights),
     .help = "file of the network's weights (default: " WEIGHTS " of the models' directory)"},
    {0},
};
static const struct myna_section section = {"vad.silero", "Silero's network", options};

static enum myna_err create(struct myna_vad **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_vad_local_options opt = {0};
    struct myna_silero_weights *weights = NULL;
    struct myna_why reason;
    char path[1024];
    enum myna_err err = myna_config_read(cfg, &section, &opt, why);

    if (err)
        return err;
    if (opt.weights)
        snprintf(path, sizeof path, "%s", opt.weights);
    else
        snprintf(path, sizeof path, "%s/%s", myna_models_dir(), WEIGHTS);
    err = myna_silero_load(path, &weights, &reason);
    if (err == MYNA_ENOMEM)
        return myna_fail(why, err, "%s", reason.text);
    if (err)
        myna_host_log(host, MYNA_LOG_WARN,
                      "VAD weights are %s, the energy VAD serves: fetch them with `myna models "
                      "fetch silero-vad` stage=vad reason=\"%s\"",
                      err == MYNA_ENOENT ? "missing" : "not usable", reason.text);
    else if (myna_silero_checkpoint(weights) == MYNA_SILERO_OTHER)
        myna_host_log(host, MYNA_LOG_WARN,
                      "VAD weights are another checkpoint than the published network, its "
                      "thresholds may not fit: fetch the right ones with `myna models fetch "
                      "silero-vad` stage=vad path=%s",
                      path);
    return myna_vad_local_create(out, weights ? &myna_vad_silero : &myna_vad_energy, host, &opt,
                                 weights, why);
}

const struct myna_vad_class myna_vad_silero = {
    .name = "silero",
    .summary = "Silero's neural network, run by our own kernel",
    .options = options,
    .create = create,
    .destroy = myna_vad_local_destroy,
    .open = myna_vad_local_open,
    .push = myna_vad_local_push,
    .flush = myna_vad_local_flush,
    .close = myna_vad_local_close,
    .min_silence = myna_vad_local_min_silence,
};

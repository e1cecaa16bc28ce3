/* vad_energy.c - the VAD that needs nothing: loudness above the noise of the place. */
#include "providers/vad_local.h"

static const struct myna_option options[] = {MYNA_VAD_LOCAL_ROWS, {0}};
static const struct myna_section section = {"vad.energy", "speech told by loudness", options};

static enum myna_err create(struct myna_vad **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_vad_local_options opt = {0};
    enum myna_err err = myna_config_read(cfg, &section, &opt, why);

    return err ? err : myna_vad_local_create(out, &myna_vad_energy, host, &opt, NULL, why);
}

const struct myna_vad_class myna_vad_energy = {
    .name = "energy",
    .summary = "speech told by loudness: needs no weights, takes any loud noise for speech",
    .options = options,
    .create = create,
    .destroy = myna_vad_local_destroy,
    .open = myna_vad_local_open,
    .push = myna_vad_local_push,
    .flush = myna_vad_local_flush,
    .close = myna_vad_local_close,
    .min_silence = myna_vad_local_min_silence,
};

/* registry.c - the table of all built-in classes, one line each. A class not listed here does not
 * exist. */
#include <myna/runtime.h>

#include <stddef.h>

#include "providers/builtin.h"
#include "providers/vad_local.h"
#include "transport/builtin.h"

static const struct myna_vad_class *const vads[] = {
    &myna_vad_silero,
    &myna_vad_energy,
    NULL,
};

static const struct myna_stt_class *const stts[] = {
    &myna_stt_moonshine,         &myna_stt_sherpa,  &myna_stt_openai,
    &myna_stt_openai_compatible, &myna_stt_instant, NULL,
};

static const struct myna_llm_class *const llms[] = {
    &myna_llm_rehearsal, &myna_llm_hermes,
    &myna_llm_openclaw,  &myna_llm_ollama,
    &myna_llm_lmstudio,  &myna_llm_openai,
    &myna_llm_anthropic, &myna_llm_openai_compatible,
    &myna_llm_instant,   NULL,
};

static const struct myna_tts_class *const ttss[] = {
    &myna_tts_instant,
    &myna_tts_piper,
    &myna_tts_sherpa,
    &myna_tts_flite,
    &myna_tts_openai,
    &myna_tts_openai_compatible,
    NULL,
};

static const struct myna_transport_class *const transports[] = {
    &myna_transport_terminal, &myna_transport_file,     &myna_transport_livekit,
    &myna_transport_none,     &myna_transport_loopback, NULL,
};

const struct myna_vad_class *const *myna_builtin_vads(void)
{
    return vads;
}

const struct myna_stt_class *const *myna_builtin_stts(void)
{
    return stts;
}

const struct myna_llm_class *const *myna_builtin_llms(void)
{
    return llms;
}

const struct myna_tts_class *const *myna_builtin_ttss(void)
{
    return ttss;
}

const struct myna_transport_class *const *myna_builtin_transports(void)
{
    return transports;
}

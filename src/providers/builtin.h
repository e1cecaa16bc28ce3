/* builtin.h - the classes that come with Myna, one line each, for registry.c and the stages' own
 * tests. */
#ifndef MYNA_PROVIDERS_BUILTIN_H
#define MYNA_PROVIDERS_BUILTIN_H

#include <myna/provider.h>

/* for load tests */
extern const struct myna_stt_class myna_stt_instant;
extern const struct myna_llm_class myna_llm_instant;
extern const struct myna_tts_class myna_tts_instant;

extern const struct myna_stt_class myna_stt_moonshine; /* Moonshine tiny, English */
extern const struct myna_stt_class myna_stt_sherpa;    /* from a folder */
extern const struct myna_llm_class myna_llm_rehearsal; /* answers by rule */

/* llm_openai.c: OpenAI's chat completions */
extern const struct myna_llm_class myna_llm_openai_compatible, myna_llm_hermes, myna_llm_openclaw,
    myna_llm_ollama, myna_llm_lmstudio, myna_llm_openai, myna_llm_anthropic;

/* stt_openai.c: OpenAI's /audio/transcriptions */
extern const struct myna_stt_class myna_stt_openai, myna_stt_openai_compatible;

/* tts_openai.c: OpenAI's /audio/speech */
extern const struct myna_tts_class myna_tts_openai, myna_tts_openai_compatible;

extern const struct myna_tts_class myna_tts_piper;  /* Piper's joe */
extern const struct myna_tts_class myna_tts_sherpa; /* from a folder */
extern const struct myna_tts_class myna_tts_flite;  /* slt */

#endif

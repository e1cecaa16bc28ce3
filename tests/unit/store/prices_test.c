/* prices_test.c - what is free, what has a price, what is not known. */
#include "check.h"

#include <myna/calls.h>

#include "store/prices.h"

static double price(const char *stage, const char *provider, const char *model, int input,
                    int cached, int output, int characters, double audio_ms)
{
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:f}", "stage", stage, "provider", provider,
                  "model", model, "input_tokens", input, "cached_tokens", cached, "output_tokens",
                  output, "characters", characters, "audio_ms", audio_ms);
    double out = myna_price(row);

    json_decref(row);
    return out;
}

TEST(a_model_is_found_by_its_longest_beginning)
{
    CHECK_NEAR(price("llm", "openai", "gpt-4o-mini-2024-07-18", 1000000, 0, 0, 0, 0), 0.15, 1e-9);
    CHECK_NEAR(price("llm", "openai", "gpt-4o", 1000000, 0, 0, 0, 0), 2.5, 1e-9);
    CHECK(isnan(price("llm", "openai", "gpt-4omega", 1000000, 0, 0, 0, 0)));
}

TEST(cached_tokens_have_their_own_price_and_are_not_counted_twice)
{
    CHECK_NEAR(price("llm", "openai", "gpt-4o", 100, 40, 7, 0, 0),
               (60 * 2.5 + 40 * 1.25 + 7 * 10) / 1e6, 1e-12);
}

TEST(sound_is_paid_by_the_minute_and_speech_by_the_character)
{
    CHECK_NEAR(price("stt", "openai", "whisper-1", 0, 0, 0, 0, 30000), 0.003, 1e-12);
    CHECK_NEAR(price("tts", "openai", "tts-1", 0, 0, 0, 1000, 9), 0.015, 1e-12);
}

TEST(ones_own_machine_is_free_and_a_stranger_is_not_known)
{
    CHECK_EQ(price("llm", "ollama", "gpt-4o", 1000000, 0, 0, 0, 0), 0);
    CHECK(isnan(price("llm", "openai_compatible", "what", 1, 1, 1, 0, 0)));
    CHECK(isnan(price("llm", "openai", "", 1, 1, 1, 0, 0)));
}

TEST(what_the_provider_says_comes_before_the_list)
{
    struct myna_usage u = {.stage = MYNA_STAGE_LLM,
                           .provider = "openai",
                           .model = "gpt-4o",
                           .input_tokens = 1000000,
                           .cost = 0.25};

    CHECK_NEAR(myna_usage_cost(&u), 0.25, 1e-12);
    u.cost = 0;
    CHECK_NEAR(myna_usage_cost(&u), 2.5, 1e-12);
}

TEST_MAIN

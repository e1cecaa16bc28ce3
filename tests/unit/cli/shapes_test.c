/* shapes_test.c - the JSON of vad, hear and replay, to the letter. */
#include "shapes.h"

#include "check.h"

static const char *text_of(json_t *value)
{
    static char text[1024];
    char *dumped = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    CHECK(dumped);
    snprintf(text, sizeof text, "%s", dumped);
    free(dumped);
    json_decref(value);
    return text;
}

TEST(vad_gives_rate_window_probabilities_and_segments)
{
    float probs[] = {0.25f, 0.012345679f};
    struct myna_span segments[] = {{32, 1504.5}, {2000, 3000}};
    struct myna_vad_result r = {probs, 2, segments, 2, "silero"};

    CHECK_STR(text_of(myna_cli_vad_shape(&r)),
              "{\"rate_hz\":16000,\"window\":512,\"probs\":[0.25,0.0123456791],\"segments\":["
              "{\"start_ms\":32,\"end_ms\":1504.5},{\"start_ms\":2000,\"end_ms\":3000}]}");
}

TEST(vad_of_nothing_has_empty_lists)
{
    struct myna_vad_result r = {0};

    CHECK_STR(text_of(myna_cli_vad_shape(&r)),
              "{\"rate_hz\":16000,\"window\":512,\"probs\":[],\"segments\":[]}");
}

TEST(hear_gives_segments_and_words_with_times_in_ms)
{
    char text[] = "one \"two\"", all[] = "one \"two\" three", three[] = "three";
    struct myna_word words[] = {{"one", 100000, 250500, 0.5f}, {"\"two\"", 300000, 400000, -1}};
    struct myna_heard_segment segments[] = {{text, 96, 420, words, 2}, {three, 500, 600, NULL, 0}};
    struct myna_hear_result r = {all, segments, 2};

    CHECK_STR(text_of(myna_cli_hear_shape(&r)),
              "{\"text\":\"one \\\"two\\\" three\",\"segments\":[{\"text\":\"one \\\"two\\\"\","
              "\"start_ms\":96,\"end_ms\":420,\"words\":[{\"text\":\"one\",\"start_ms\":100,"
              "\"end_ms\":250.5,\"confidence\":0.5},{\"text\":\"\\\"two\\\"\",\"start_ms\":300,"
              "\"end_ms\":400}]},{\"text\":\"three\",\"start_ms\":500,\"end_ms\":600,"
              "\"words\":[]}]}");
}

TEST(hear_of_silence_is_empty_text)
{
    struct myna_hear_result r = {0};

    CHECK_STR(text_of(myna_cli_hear_shape(&r)), "{\"text\":\"\",\"segments\":[]}");
}

TEST(replay_tells_the_first_difference_or_null)
{
    char difference[] = "record 7";
    struct myna_replay_result r = {.outputs = 12, .call_ms = 3000, .wall_ms = 1.5};

    CHECK_STR(text_of(myna_cli_replay_shape(&r)),
              "{\"outputs\":12,\"differ\":0,\"first_difference\":null,\"call_ms\":3000,"
              "\"wall_ms\":1.5}");
    r.differ = 2;
    r.first_difference = difference;
    CHECK_STR(text_of(myna_cli_replay_shape(&r)),
              "{\"outputs\":12,\"differ\":2,\"first_difference\":\"record 7\",\"call_ms\":3000,"
              "\"wall_ms\":1.5}");
}

TEST_MAIN

/* transcript_test.c - the answers of transcription servers, whole and byte by byte. */
#include "check.h"

#include "providers/openai_audio.h"

static struct myna_transcript t;
static char partials[512];
static int n_partials;

static void on_partial(void *arg, const char *text)
{
    (void)arg;
    n_partials++;
    snprintf(partials, sizeof partials, "%s", text);
}

/* Both ways must give the same. */
static void read(const char *type, const char *bytes, size_t step)
{
    size_t len = strlen(bytes);

    partials[0] = '\0';
    n_partials = 0;
    myna_transcript_init(&t, type, on_partial, NULL);
    for (size_t at = 0; at < len; at += step)
        myna_transcript_feed(
            &t, (struct myna_view){(const uint8_t *)bytes + at, len - at < step ? len - at : step});
    myna_transcript_end(&t);
}

static void expect(const char *type, const char *bytes, const char *text)
{
    for (size_t step = 1; step < 4096; step = step == 1 ? 7 : 4096) {
        read(type, bytes, step);
        if (t.err)
            check_fail(__FILE__, __LINE__, "%s", t.problem);
        CHECK_STR(myna_buf_str(&t.text), text);
        myna_transcript_fini(&t);
    }
    read(type, bytes, 4096);
    CHECK_STR(myna_buf_str(&t.text), text);
    myna_transcript_fini(&t);
}

static void refuse(const char *type, const char *bytes, enum myna_err err, const char *words)
{
    for (size_t step = 1; step < 8192; step += 4000) {
        read(type, bytes, step);
        CHECK_EQ(t.err, err);
        CHECK_HAS(t.problem, words);
        myna_transcript_fini(&t);
    }
}

TEST(json_and_plain_text_are_read)
{
    expect("application/json", " {\"text\": \"  What is the weather?\\n\"}",
           "What is the weather?");
    expect(NULL, "{\"text\":\"\"}", "");
    expect("text/plain; charset=utf-8", "Guten Tag.\n", "Guten Tag.");
    expect("application/json", "{\"text\":\"Caf\xe9\"}", "Caf\xEF\xBF\xBD"); /* broken UTF-8 */
    expect("application/json", "{\"text\":\"a\\u0000b\"}", "a");
}

TEST(verbose_json_tells_language_and_how_sure_it_is)
{
    read("application/json",
         "{\"text\":\"Hi there.\",\"language\":\"english\",\"segments\":["
         "{\"start\":0,\"end\":1,\"text\":\"Hi\",\"avg_logprob\":-0.1,\"no_speech_prob\":0.01},"
         "{\"start\":1,\"end\":2,\"text\":\" there.\",\"avg_logprob\":-0.3,\"no_speech_prob\":0}]}",
         5);
    CHECK_EQ(t.err, MYNA_OK);
    CHECK_STR(myna_buf_str(&t.text), "Hi there.");
    CHECK_STR(t.language, "en");
    CHECK(t.confidence > 0.82f && t.confidence < 0.83f); /* (e^-0.1 + e^-0.3) / 2 */
    myna_transcript_fini(&t);
}

TEST(a_segment_that_the_model_takes_for_noise_is_left_out)
{
    expect("application/json",
           "{\"text\":\"Yes. Thanks for watching!\",\"segments\":["
           "{\"start\":0,\"end\":1,\"text\":\" Yes.\",\"avg_logprob\":-0.2,\"no_speech_prob\":0.1},"
           "{\"start\":1,\"end\":2,\"text\":\" Thanks for watching!\",\"avg_logprob\":-1.4,"
           "\"no_speech_prob\":0.9}]}",
           "Yes.");
}

#define DELTA(text_) "data: {\"type\":\"transcript.text.delta\",\"delta\":\"" text_ "\"}\n\n"

TEST(streamed_events_become_partials_and_a_text)
{
    static const char events[] = DELTA("What is ")
        DELTA("the weather?") "data: {\"type\":\"transcript.text.done\",\"text\":\"What is the "
                              "weather?\","
                              "\"logprobs\":[{\"token\":\"What\",\"logprob\":-0.5}]}\n\n";

    expect("text/event-stream", events, "What is the weather?");
    expect(NULL, events, "What is the weather?"); /* no word of what it is */
    read("text/event-stream", events, 3);
    CHECK_EQ(n_partials, 2);
    CHECK_STR(partials, "What is the weather?");
    CHECK(t.confidence > 0.6f && t.confidence < 0.61f);
    myna_transcript_fini(&t);
}

TEST(other_servers_streams_are_read_too)
{
    expect("text/event-stream",
           "data: {\"choices\":[{\"delta\":{\"content\":\"One \"}}]}\n\n"
           "data: {\"choices\":[{\"delta\":{\"content\":\"two.\"}}]}\n\ndata: [DONE]\n\n",
           "One two.");
    expect("text/event-stream", "data: {\"text\":\"One.\"}\n\ndata: {\"text\":\"Two.\"}\n\n",
           "One. Two.");
    expect("text/event-stream", "data: [DONE]\n\n", "");
}

TEST(what_is_no_transcript_is_named)
{
    refuse("text/html", "<!DOCTYPE html><title>Sign in</title>", MYNA_EFORMAT,
           "a web page answered");
    refuse("audio/mpeg", "garbage", MYNA_EFORMAT, "answered audio/mpeg that is not a JSON object");
    refuse("application/json", "{\"error\":{\"message\":\"model fell over\"}}", MYNA_EPROVIDER,
           "model fell over");
    refuse("application/json", "{\"error\":\"no such model\"}", MYNA_EPROVIDER, "no such model");
    refuse("application/json", "{\"message\":\"hm\"}", MYNA_EFORMAT, "has no text");
    refuse("application/json", "", MYNA_EFORMAT, "not a JSON object");
    refuse("text/event-stream", DELTA("What is "), MYNA_EPROVIDER,
           "before the transcript was whole");
    refuse("text/event-stream", "data: {\"type\":\"error\",\"message\":\"out of memory\"}\n\n",
           MYNA_EPROVIDER, "out of memory");
    refuse("text/event-stream", "data: what\n\n", MYNA_EFORMAT, "not a JSON object: what");
}

TEST(an_endless_answer_is_ended)
{
    char block[4096];

    memset(block, 'x', sizeof block);
    myna_transcript_init(&t, "application/json", NULL, NULL);
    for (int i = 0; i < 1000; i++)
        myna_transcript_feed(&t, (struct myna_view){(uint8_t *)block, sizeof block});
    CHECK_EQ(t.err, MYNA_ELIMIT);
    CHECK(t.whole.cap <= 2 * MYNA_TRANSCRIPT_MAX);
    myna_transcript_end(&t);
    CHECK_EQ(t.err, MYNA_ELIMIT);
    myna_transcript_fini(&t);
}

TEST_MAIN

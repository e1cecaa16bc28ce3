/* scenarios_test.c - conversations that go well: agent-session 11.1, and typed input, away, items.
 */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

TEST(a_question_and_its_answer_tell_every_event_at_its_time)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);

    CHECK_USER(s, "speaking@550 | listening@3000");
    CHECK_TRANSCRIBED(s, HELLO "@2700");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | listening@5500~");
    CHECK_ITEMS(s, "handoff@0 | user: " HELLO "@3000 | assistant: " ANSWER "@5500~");
    CHECK_PLAYOUTS(s, "heard=2000@5500~");
    CHECK_SPEECHES(s, "generate_reply@3000");
    CHECK_METRICS(s, "eou@3000 | llm@3300 | tts");
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(metrics_of_a_turn_are_what_its_stages_took)
{
    struct sim *s = sim_create(NULL);
    const struct myna_metrics *m;
    const struct myna_item *it;

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);

    m = sim_metrics(s, MYNA_METRICS_EOU, 0);
    CHECK_NEAR(m->end_of_utterance_delay_ms, 500, 0.001);
    CHECK_NEAR(m->transcription_delay_ms, 200, 0.001);
    m = sim_metrics(s, MYNA_METRICS_LLM, 0);
    CHECK_NEAR(m->ttft_ms, 100, 0.001);
    CHECK_NEAR(m->duration_ms, 300, 0.001);
    CHECK(!m->cancelled);
    m = sim_metrics(s, MYNA_METRICS_TTS, 0);
    CHECK_NEAR(m->ttfb_ms, 200, 0.001);
    CHECK_NEAR(m->audio_duration_ms, 2000, 0.001);
    CHECK_EQ(m->characters_count, (int)strlen(ANSWER));

    it = sim_message(s, MYNA_ROLE_USER, 0);
    CHECK_NEAR(it->metrics.transcription_delay, 0.2, 1e-6);
    CHECK_NEAR(it->metrics.end_of_turn_delay, 0.5, 1e-6);
    CHECK_NEAR(it->metrics.stopped_speaking_at - it->metrics.started_speaking_at, 2.0, 1e-3);
    it = sim_message(s, MYNA_ROLE_ASSISTANT, 0);
    CHECK_NEAR(it->metrics.llm_node_ttft, 0.1, 1e-6);
    CHECK_NEAR(it->metrics.tts_node_ttfb, 0.2, 1e-6);
    CHECK_NEAR(it->metrics.e2e_latency, 1.0, 0.0201);
    CHECK_NEAR(it->metrics.stopped_speaking_at - it->metrics.started_speaking_at, 2.0, 0.0201);
    sim_end(s);
}

TEST(the_time_of_the_voice_does_not_count_the_agent_s_thinking)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER)->duration_ms = 2000;
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 9000);

    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@5200~ | listening@7200~");
    CHECK_NEAR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->metrics.tts_node_ttfb, 0.2, 1e-6);
    CHECK_NEAR(sim_metrics(s, MYNA_METRICS_LLM, 0)->ttfs_ms, 2000, 0.001);
    CHECK_NEAR(sim_metrics(s, MYNA_METRICS_LLM, 0)->ttft_ms, 100, 0.001);
    sim_end(s);
}

TEST(the_waterfall_of_a_turn_falls_in_order)
{
    struct sim *s = sim_create(NULL);
    const struct myna_waterfall *w;

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);

    w = sim_latency(s, 0);
    CHECK_EQ(w->speech_end, 2500 * MYNA_MS);
    CHECK_EQ(w->transcript, 2700 * MYNA_MS);
    CHECK_EQ(w->end_of_turn, 3000 * MYNA_MS);
    CHECK_EQ(w->first_token, 3100 * MYNA_MS);
    CHECK_EQ(w->first_text, 3300 * MYNA_MS);
    CHECK_EQ(w->first_audio, 3500 * MYNA_MS);
    CHECK_NEAR((double)w->heard, 3500.0 * MYNA_MS, MYNA_FRAME_US);
    sim_end(s);
}

TEST(a_voice_that_streams_text_starts_before_the_answer_is_complete)
{
    struct sim *s = sim_create(&(struct sim_setup){.text_stream = true});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | listening@5500~");
    CHECK_EQ(sim_latency(s, 0)->first_text, 3100 * MYNA_MS);
    sim_end(s);
}

TEST(flush_markers_cut_an_answer_into_playouts_of_one_message)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "First sentence. <flush>Second sentence.");
    sim_voice(s, "First sentence. ", 1000);
    sim_voice(s, "Second sentence.", 1000);
    sim_run(s, 9000);

    CHECK_PLAYOUTS(s, "heard=1000@4300~ | heard=1000@5300~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: First sentence. Second sentence.@5300~");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3300~ | listening@5300~");
    sim_end(s);
}

TEST(interrupting_the_first_segment_leaves_the_second_unsaid)
{
    struct sim *s = sim_create(NULL);
    const char *said;

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "This is the first part of a long answer. <flush>This is the second.");
    sim_voice(s, "This is the first part of a long answer. ", 15000);
    sim_voice(s, "This is the second.", 1000);
    sim_run(s, 5000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 9000);

    CHECK_PLAYOUTS(s, "cut=1700~@5000~");
    said = sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text;
    CHECK_HAS(said, "This is");
    CHECK(!strstr(said, "second"));
    CHECK(!strstr(said, "answer"));
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

static bool say_goodbye_first(struct sim *s, uint32_t turn, const char *text,
                              enum myna_turn_verdict *verdict)
{
    (void)turn;
    (void)text;
    CHECK_EQ(myna_session_say(sim_session(s), "Ok, goodbye.", -1, true, NULL), MYNA_OK);
    *verdict = MYNA_TURN_REPLY;
    return true;
}

TEST(a_greeting_is_generated_and_what_the_hook_says_comes_before_the_reply)
{
    struct sim *s = sim_create(&(struct sim_setup){.greet = true, .hook = say_goodbye_first});

    sim_answer(s, "instructions:*", "Hello there, how can I help?");
    sim_voice(s, "Hello there, how can I help?", 2000);
    sim_user(s, 3000, 4000, "bye", 200);
    sim_voice(s, "Ok, goodbye.", 1000)->ttfb_ms = 0;
    sim_answer(s, "bye", "It was nice to talk.");
    sim_voice(s, "It was nice to talk.", 3000);
    sim_run(s, 12000);

    CHECK_PLAYOUTS(s, "heard=2000@2500~ | heard=1000@5500~ | heard=3000@8520~");
    CHECK_ITEMS(s, "handoff@0 | assistant: Hello there, how can I help?@2500~ | user: bye@4500 | "
                   "assistant: Ok, goodbye.@5500~ | assistant: It was nice to talk.@8520~");
    CHECK_SPEECHES(s, "generate_reply@0 | say@4500 | generate_reply@4500");
    sim_end(s);
}

TEST(a_greeting_of_fixed_words_is_said_as_it_stands)
{
    struct sim *s = sim_create(&(struct sim_setup){.greeting = "Good day."});

    sim_voice(s, "Good day.", 1000);
    sim_run(s, 3000);
    CHECK_ITEMS(s, "handoff@0 | assistant: Good day.@1200~");
    CHECK_SPEECHES(s, "say@0");
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

TEST(typed_words_are_answered_like_spoken_ones)
{
    struct sim *s = sim_create(NULL);

    sim_answer(s, "What time is it?", "Noon.");
    sim_voice(s, "Noon.", 500);
    sim_run(s, 1000);
    CHECK_EQ(myna_session_text(sim_session(s), "What time is it?"), MYNA_OK);
    sim_run(s, 4000);
    CHECK_ITEMS(s, "handoff@0 | user: What time is it?@1000 | assistant: Noon.@2000~");
    CHECK_AGENT(s, "listening@0 | thinking@1000 | speaking@1500~ | listening@2000~");
    CHECK_USER(s, "");
    sim_end(s);
}

TEST(who_is_quiet_for_long_is_away_until_a_word_of_theirs)
{
    static const char *const config[] = {"session.user_away_timeout=3s", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 5000, 6000, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 14000);
    /* 3 s after the start; again 3 s after the answer ended at 9.0 */
    CHECK_USER(s, "away@3000 | speaking@5050 | listening@6500 | away@12000~");
    sim_end(s);
}

TEST(interim_words_are_told_and_do_not_end_the_turn)
{
    struct sim *s = sim_create(NULL);

    sim_interim(s, 1200, "Hello");
    sim_interim(s, 1800, "Hello, how");
    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);
    CHECK_TRANSCRIBED(s, "Hello…@1200 | Hello, how…@1800 | " HELLO "@2700");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@3000 | assistant: " ANSWER "@5500~");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(two_stretches_of_speech_within_the_delay_are_one_turn)
{
    static const char *const config[] = {"turn.min_delay=1500", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "I would like", 200);
    sim_user(s, 2300, 3000, "a cup of tea.", 200);
    sim_answer(s, "I would like a cup of tea.", "Certainly.");
    sim_voice(s, "Certainly.", 1000);
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: I would like a cup of tea.@4500 | assistant: Certainly.");
    sim_end(s);
}

TEST(a_late_transcript_ends_the_turn_when_it_comes)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 1200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3700 | speaking@4200~ | listening@6200~");
    sim_end(s);
}

TEST(two_runs_of_one_script_tell_the_same)
{
    char told[2][4000] = {"", ""};

    for (int run = 0; run < 2; run++) {
        struct sim *s = sim_create(NULL);
        size_t n;
        const struct myna_item *items;

        sim_user(s, 500, 2500, HELLO, 200);
        sim_answer(s, HELLO, ANSWER);
        sim_voice(s, ANSWER, 2000);
        sim_run(s, 8000);
        items = myna_session_history(sim_session(s), &n);
        for (size_t i = 0; i < n; i++)
            snprintf(told[run] + strlen(told[run]), sizeof told[run] - strlen(told[run]),
                     "%s %lld|", items[i].id, (long long)items[i].at);
        CHECK(n >= 3);
        sim_end(s);
    }
    CHECK_STR(told[0], told[1]);
}

TEST_MAIN

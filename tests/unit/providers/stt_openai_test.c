/* stt_openai_test.c - utterances against a transcription server in the same loop. */
#include "wire.h"

#include "providers/builtin.h"
#include "stt/stt.h"

#define JSON "Content-Type: application/json\r\n"

static struct {
    struct myna_host host;
    struct fake_http server;
    struct myna_config *cfg;
    struct myna_stt *stt;
    struct myna_stt_port *port;
    char finals[256], partials[256], fault[700], language[16];
    int n_finals, n_partials, n_faults, n_usage, status, requests;
    float confidence;
    bool retryable;
    double audio_ms;
    myna_us t, start, end;
} w;

static void on_event(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    size_t at = strlen(w.finals);

    (void)arg;
    if (ev->type == MYNA_STT_FINAL) {
        snprintf(w.finals + at, sizeof w.finals - at, "%s%s", at ? "|" : "", ev->text);
        snprintf(w.language, sizeof w.language, "%s", ev->language ? ev->language : "-");
        w.confidence = ev->confidence;
        w.start = ev->start;
        w.end = ev->end;
        w.n_finals++;
    } else if (ev->type == MYNA_STT_PARTIAL) {
        snprintf(w.partials, sizeof w.partials, "%s", ev->text);
        w.n_partials++;
    } else if (ev->type == MYNA_STT_USAGE) {
        w.audio_ms = ev->audio_ms;
        w.n_usage++;
    } else if (ev->type == MYNA_STT_FAULT) {
        snprintf(w.fault, sizeof w.fault, "%s", ev->fault.message);
        w.status = ev->fault.http_status;
        w.retryable = ev->fault.retryable;
        w.n_faults++;
        myna_stt_port_close(port); /* as the session does */
        w.port = NULL;
    }
}

static void setup(const struct myna_stt_class *cls, void (*answer)(struct fake_conn *c),
                  const char *const *settings)
{
    struct myna_stt_port_options opt = {.id = 1, .event = on_event};
    struct myna_why why = {0};
    char section[40];

    memset(&w, 0, sizeof w);
    snprintf(section, sizeof section, "stt.%s", cls->name);
    wire_open(&w.host, &w.server, &w.cfg, answer, section, "/v1/", settings);
    if (cls->create(&w.stt, &w.host, w.cfg, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    opt.stt = w.stt;
    CHECK_EQ(myna_stt_port_open(&opt, &w.port), MYNA_OK);
}

static void teardown(void)
{
    myna_stt_port_close(w.port);
    myna_host_bury_all(&w.host);
    w.stt->cls->destroy(w.stt);
    wire_shut(&w.host, &w.server, w.cfg);
}

static void turn(void)
{
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
}

static void turn_until(const int *count, int want)
{
    wire_until(turn, count, want, w.fault);
}

static void push(int n)
{
    struct myna_frame f = {0};

    for (; n > 0; n--) {
        f.captured = w.t;
        for (int i = 0; i < MYNA_IN_SAMPLES; i++)
            f.pcm[i] = (int16_t)(w.t / MYNA_FRAME_US);
        w.t += MYNA_FRAME_US;
        if (w.port)
            myna_stt_port_push(w.port, &f);
    }
}

/* Half a second of pre-roll, `n` frames of speech, marks around. */
static void speak(int n)
{
    push(50);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_SPEECH, w.t);
    push(n);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_PAUSE, w.t);
    push(2);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_END, w.t);
}

static bool is_upload(const struct fake_conn *c)
{
    return strstr(c->server->last, "/audio/transcriptions") != NULL;
}

/* Warm-ups are answered and not counted. */
static bool counts(struct fake_conn *c)
{
    if (is_upload(c)) {
        w.requests++;
        return true;
    }
    fake_answer(c, 404, "", "");
    return false;
}

static void hello(struct fake_conn *c)
{
    if (counts(c))
        fake_answer(c, 200, JSON, "{\"text\":\" Hello. \"}");
}

static const char *const plain[] = {"ahead", "false", "model", "m", "stream", "no", NULL};

TEST(an_utterance_with_its_preroll_is_uploaded_as_a_form_and_its_text_told)
{
    static const char *const more[] = {"ahead",       "false",  "model", "m",       "language",
                                       "de-CH",       "prompt", "Myna.", "api_key", "sk-123",
                                       "temperature", "0.5",    NULL};
    const char *wav;

    setup(&myna_stt_openai_compatible, hello, more);
    speak(10);
    turn_until(&w.n_finals, 1);
    CHECK_STR(w.finals, "Hello.");
    CHECK_STR(w.language, "de");
    CHECK_HAS(w.server.last, "POST /v1/audio/transcriptions HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "Authorization: Bearer sk-123\r\n");
    CHECK_HAS(w.server.last, "Content-Type: multipart/form-data; boundary=");
    CHECK_HAS(w.server.last, "name=\"model\"\r\n\r\nm\r\n");
    CHECK_HAS(w.server.last, "name=\"language\"\r\n\r\nde\r\n");
    CHECK_HAS(w.server.last, "name=\"prompt\"\r\n\r\nMyna.\r\n");
    CHECK_HAS(w.server.last, "name=\"temperature\"\r\n\r\n0.5\r\n");
    CHECK_HAS(w.server.last, "name=\"response_format\"\r\n\r\njson\r\n");
    CHECK_HAS(w.server.last, "name=\"stream\"\r\n\r\ntrue\r\n"); /* json: it may stream */
    wav = strstr(w.server.last, "Content-Type: audio/wav\r\n\r\nRIFF");
    CHECK(wav != NULL);
    CHECK_EQ(w.n_usage, 1);
    CHECK(w.audio_ms == (28 + 10) * 20); /* 560 ms of pre-roll, to the pause */
    CHECK_EQ(w.end - w.start, (28 + 10) * MYNA_FRAME_US);
    CHECK_EQ(w.start, 22 * MYNA_FRAME_US);
    teardown();
}

TEST(the_connection_is_opened_while_the_person_speaks_and_kept)
{
    setup(&myna_stt_openai_compatible, hello, plain);
    push(50);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_SPEECH, w.t);
    turn_until(&w.server.n_accepted, 1);
    for (int i = 0; i < 100; i++)
        turn();
    CHECK_HAS(w.server.last, "GET /v1/models HTTP/1.1\r\n");
    push(10);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_END, w.t);
    turn_until(&w.n_finals, 1);
    speak(10);
    turn_until(&w.n_finals, 2);
    CHECK_EQ(w.server.n_accepted, 1);
    teardown();
}

TEST(with_ahead_the_final_is_there_when_speech_ends)
{
    static const char *const ahead[] = {"ahead", "true", "model", "m", NULL};

    setup(&myna_stt_openai_compatible, hello, ahead);
    push(50);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_SPEECH, w.t);
    push(10);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_PAUSE, w.t);
    turn_until(&w.n_partials, 1); /* an interim until then */
    CHECK_STR(w.partials, "Hello.");
    CHECK_EQ(w.n_finals, 0);
    push(20);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_END, w.t);
    turn_until(&w.n_finals, 1);
    CHECK_EQ(w.requests, 1);
    CHECK_EQ(w.end, w.t - 20 * MYNA_FRAME_US);
    teardown();
}

static void silence(struct fake_conn *c)
{
    counts(c);
}

TEST(a_breath_cancels_what_was_sent_ahead)
{
    static const char *const ahead[] = {"ahead", "true", "model", "m", NULL};

    setup(&myna_stt_openai_compatible, silence, ahead);
    push(50);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_SPEECH, w.t);
    push(10);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_PAUSE, w.t);
    turn_until(&w.requests, 1);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_RESUMED, w.t);
    turn_until(&w.server.n_closed, 1);
    w.server.answer = hello;
    push(10);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_END, w.t);
    turn_until(&w.n_finals, 1);
    CHECK_EQ(w.requests, 2);
    teardown();
}

static struct fake_conn *first;

static void second_is_faster(struct fake_conn *c)
{
    if (!counts(c))
        return;
    if (w.requests == 1) {
        first = c;
        return;
    }
    fake_answer(c, 200, JSON, "{\"text\":\"Two.\"}");
    fake_answer(first, 200, JSON, "{\"text\":\"One.\"}");
}

TEST(utterances_are_told_in_their_order_whichever_answer_comes_first)
{
    setup(&myna_stt_openai_compatible, second_is_faster, plain);
    speak(10);
    turn_until(&w.requests, 1);
    speak(12);
    turn_until(&w.n_finals, 2);
    CHECK_STR(w.finals, "One.|Two.");
    teardown();
}

static void busy_then_hello(struct fake_conn *c)
{
    if (!counts(c))
        return;
    if (w.requests < 3)
        fake_answer(c, 503, "", "{\"error\":{\"message\":\"busy\"}}");
    else
        fake_answer(c, 200, JSON, "{\"text\":\"Hello.\"}");
}

TEST(what_may_succeed_later_is_tried_again_by_the_sessions_rule)
{
    static const char *const quick[] = {"ahead", "false", "session.retry_interval", "50ms", NULL};

    setup(&myna_stt_openai_compatible, busy_then_hello, quick);
    speak(10);
    turn_until(&w.n_finals, 1);
    CHECK_EQ(w.requests, 3);
    CHECK_EQ(w.n_faults, 0);
    teardown();
    setup(&myna_stt_openai_compatible, busy_then_hello,
          (const char *const[]){"session.retry_max", "1", NULL});
    speak(10);
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.requests, 2);
    CHECK_EQ(w.status, 503);
    CHECK(w.retryable);
    CHECK_HAS(w.fault, "the server answered HTTP 503: busy");
    teardown();
}

static void wrong_key(struct fake_conn *c)
{
    if (counts(c))
        fake_answer(c, 401, JSON, "{\"error\":{\"message\":\"Incorrect API key: sk-123\"}}");
}

TEST(a_wrong_key_is_one_clear_line_without_the_key)
{
    setup(&myna_stt_openai, wrong_key, (const char *const[]){"api_key", "sk-123", NULL});
    speak(10);
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.requests, 1);
    CHECK(!w.retryable);
    CHECK_STR(w.fault, "OpenAI answered HTTP 401: Incorrect API key: *** (is stt.openai.api_key "
                       "right?)");
    teardown();
}

static void wait_long(struct fake_conn *c)
{
    if (counts(c))
        fake_answer(c, 429, "Retry-After: 30\r\n", "{\"error\":{\"message\":\"slow down\"}}");
}

TEST(a_long_retry_after_is_not_waited_for_and_the_next_utterance_is_not_sent)
{
    struct myna_stt_port_options opt = {.id = 2, .event = on_event};

    setup(&myna_stt_openai_compatible, wait_long, plain);
    speak(10);
    turn_until(&w.n_faults, 1);
    CHECK_HAS(w.fault, "slow down");
    opt.stt = w.stt;
    CHECK_EQ(myna_stt_port_open(&opt, &w.port), MYNA_OK);
    speak(10);
    turn_until(&w.n_faults, 2);
    CHECK_HAS(w.fault, "asked not to be asked again for another");
    CHECK_EQ(w.requests, 1);
    teardown();
}

static void knows_no_stream(struct fake_conn *c)
{
    if (!counts(c))
        return;
    if (memmem(c->server->last, FAKE_REQUEST, "name=\"stream\"", 13))
        fake_answer(c, 422, JSON, "{\"detail\":[{\"loc\":[\"body\",\"stream\"]}]}");
    else
        fake_answer(c, 200, JSON, "{\"text\":\"Hello.\"}");
}

TEST(a_server_that_refuses_to_stream_is_asked_without_and_not_again)
{
    setup(&myna_stt_openai_compatible, knows_no_stream,
          (const char *const[]){"ahead", "false", "model", "m", "session.retry_max", "0", NULL});
    speak(10);
    turn_until(&w.n_finals, 1);
    CHECK_EQ(w.requests, 2);
    CHECK_HAS(w.server.last, "name=\"response_format\"\r\n\r\njson\r\n--myna-form-");
    speak(10);
    turn_until(&w.n_finals, 2);
    CHECK_EQ(w.requests, 3);
    teardown();
}

static void streams(struct fake_conn *c)
{
    if (!counts(c))
        return;
    fake_answer(c, 200, "Content-Type: text/event-stream\r\n",
                "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Good \"}\n\n"
                "data: {\"type\":\"transcript.text.delta\",\"delta\":\"day.\"}\n\n"
                "data: {\"type\":\"transcript.text.done\",\"text\":\"Good day.\"}\n\n");
}

TEST(a_streamed_transcript_is_interims_and_one_final)
{
    setup(&myna_stt_openai, streams, (const char *const[]){"api_key", "k", NULL});
    speak(10);
    turn_until(&w.n_finals, 1);
    CHECK_STR(w.finals, "Good day.");
    CHECK_EQ(w.n_partials, 2);
    CHECK_HAS(w.server.last, "gpt-4o-mini-transcribe");
    teardown();
}

static void verbose(struct fake_conn *c)
{
    if (counts(c))
        fake_answer(c, 200, JSON,
                    "{\"text\":\"Salut.\",\"language\":\"french\",\"segments\":[{\"start\":0,"
                    "\"end\":1,\"text\":\"Salut.\",\"avg_logprob\":-0.2,\"no_speech_prob\":0}]}");
}

TEST(a_whisper_model_is_asked_how_sure_it_is)
{
    setup(&myna_stt_openai_compatible, verbose, NULL);
    speak(10);
    turn_until(&w.n_finals, 1);
    CHECK_HAS(w.server.last, "name=\"response_format\"\r\n\r\nverbose_json\r\n");
    CHECK(!strstr(w.server.last, "name=\"stream\""));
    CHECK_STR(w.language, "fr");
    CHECK(w.confidence > 0.81f && w.confidence < 0.82f);
    teardown();
}

TEST(closing_ends_the_upload_at_once)
{
    setup(&myna_stt_openai_compatible, silence, plain);
    speak(10);
    turn_until(&w.requests, 1);
    myna_stt_port_close(w.port);
    w.port = NULL;
    CHECK_EQ(myna_http_active(w.host.http), 0);
    turn_until(&w.server.n_closed, 1);
    CHECK_EQ(w.n_faults, 0);
    teardown();
}

TEST(speech_shorter_than_the_endpoint_takes_is_not_sent)
{
    setup(&myna_stt_openai_compatible, hello, plain);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_SPEECH, w.t);
    push(4);
    myna_stt_port_mark(w.port, MYNA_STT_MARK_END, w.t);
    for (int i = 0; i < 100; i++)
        turn();
    CHECK_EQ(w.requests, 0);
    CHECK_EQ(w.n_faults, 0);
    teardown();
}

static const char *refused(const struct myna_stt_class *cls, const char *key, const char *value)
{
    static struct myna_why why;
    struct myna_config *cfg = myna_config_create();
    struct myna_host host = {.loop = myna_loop_create(&(struct myna_loop_options){0}, NULL)};
    struct myna_stt *stt = NULL;

    CHECK(cfg && host.loop);
    why = (struct myna_why){0};
    if (key)
        CHECK_EQ(myna_config_set(cfg, key, value, "test", &why), MYNA_OK);
    CHECK_EQ(cls->create(&stt, &host, cfg, &why), MYNA_ECONFIG);
    myna_config_destroy(cfg);
    myna_loop_destroy(host.loop);
    return why.text;
}

TEST(a_wrong_configuration_names_the_key)
{
    unsetenv("OPENAI_API_KEY");
    CHECK_HAS(refused(&myna_stt_openai_compatible, NULL, NULL),
              "stt.openai_compatible.base_url is not set");
    CHECK_HAS(refused(&myna_stt_openai_compatible, "stt.openai_compatible.base_url", "ftp://x"),
              "must begin with http://");
    CHECK_HAS(refused(&myna_stt_openai, NULL, NULL), "put the key into OPENAI_API_KEY");
    CHECK_HAS(refused(&myna_stt_openai, "stt.openai.api_key", "a b"), "was it copied whole?");
}

TEST_MAIN

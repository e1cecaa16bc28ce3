/* tts_openai_test.c - sentences against a speech server in the same loop. */
#include "wire.h"

#include "providers/builtin.h"
#include "tts/tts.h"
#include "util/buf.h"

#define MAX (24000 * 8)

static struct {
    struct myna_host host;
    struct fake_http server;
    struct myna_config *cfg;
    struct myna_tts *tts;
    struct myna_tts_port *port;
    int16_t heard[MAX];
    size_t n_heard, room; /* room: what a pump is offered; 0: playout is full */
    char fault[700];
    int n_done, n_faults, n_ready, status, requests;
    bool retryable;
    enum myna_err err;
    struct fake_conn *conns[8]; /* of the requests, in order */
    char bodies[8][1024];
} w;

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    (void)arg;
    (void)port;
    CHECK(w.n_heard + n <= MAX);
    memcpy(w.heard + w.n_heard, pcm, n * sizeof *pcm);
    w.n_heard += n;
    return n;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    (void)arg;
    (void)port;
    w.n_ready++;
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    (void)arg;
    if (ev->type == MYNA_TTS_DONE) {
        w.n_done++;
    } else if (ev->type == MYNA_TTS_FAULT) {
        snprintf(w.fault, sizeof w.fault, "%s", ev->fault.message);
        w.status = ev->fault.http_status;
        w.retryable = ev->fault.retryable;
        w.err = ev->fault.err;
        w.n_faults++;
        myna_tts_port_close(port); /* as the session does */
        w.port = NULL;
    }
}

static void open_port(void)
{
    struct myna_tts_port_options opt = {
        .tts = w.tts, .id = 1, .audio = on_audio, .ready = on_ready, .event = on_event};

    CHECK_EQ(myna_tts_port_open(&opt, &w.port), MYNA_OK);
}

static void setup(const struct myna_tts_class *cls, void (*answer)(struct fake_conn *c),
                  const char *const *settings)
{
    struct myna_why why = {0};
    char section[40];

    memset(&w, 0, sizeof w);
    w.room = 4800;
    snprintf(section, sizeof section, "tts.%s", cls->name);
    wire_open(&w.host, &w.server, &w.cfg, answer, section, "/v1/", settings);
    if (cls->create(&w.tts, &w.host, w.cfg, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    open_port();
}

static void teardown(void)
{
    myna_tts_port_close(w.port);
    myna_host_bury_all(&w.host);
    w.tts->cls->destroy(w.tts);
    wire_shut(&w.host, &w.server, w.cfg);
}

static void turn(void)
{
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    if (w.port && w.room)
        myna_tts_port_pump(w.port, w.room);
}

static void turns(int n)
{
    while (n-- > 0)
        turn();
}

static void turn_until(const int *count, int want)
{
    wire_until(turn, count, want, w.fault);
}

static void say(const char *text)
{
    CHECK_EQ(myna_tts_port_text(w.port, myna_view_of(text)), MYNA_OK);
    myna_tts_port_end(w.port);
}

/* A request for speech is kept; warm-ups are answered and not counted. */
static int counts(struct fake_conn *c)
{
    const char *body;

    if (!strstr(c->server->last, "POST /v1/audio/speech ")) {
        fake_answer(c, 404, "", "");
        return -1;
    }
    body = strstr(c->server->last, "\r\n\r\n") + 4;
    if (w.requests < 8) {
        w.conns[w.requests] = c;
        snprintf(w.bodies[w.requests], sizeof w.bodies[0], "%s", body);
    }
    return w.requests++;
}

static void head(struct fake_conn *c, const char *type)
{
    char text[256];

    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", type);
    fake_say(c, text);
}

static void chunk(struct fake_conn *c, const void *ptr, size_t len)
{
    char line[32];

    snprintf(line, sizeof line, "%zx\r\n", len);
    fake_say(c, line);
    fake_send(c, ptr, len);
    fake_say(c, "\r\n");
}

static void end(struct fake_conn *c)
{
    fake_say(c, "0\r\n\r\n");
}

/* n samples that count up from `from`, in chunks of `step` bytes. */
static void count_up(struct fake_conn *c, int from, size_t n, size_t step)
{
    static int16_t pcm[24000];
    const uint8_t *p = (const uint8_t *)pcm;

    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)(from + (int)i);
    for (size_t at = 0; at < 2 * n; at += step)
        chunk(c, p + at, 2 * n - at < step ? 2 * n - at : step);
}

static bool counted(size_t at, int from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at + i >= w.n_heard || w.heard[at + i] != (int16_t)(from + (int)i))
            return false;
    return true;
}

static const char *const pcm24[] = {"format", "pcm", NULL};

static void odd(struct fake_conn *c)
{
    if (counts(c) < 0)
        return;
    head(c, "audio/pcm");
    count_up(c, 100, 5000, 777);
    end(c);
}

TEST(a_sentence_is_posted_and_its_samples_heard_as_they_are)
{
    static const char *const more[] = {"api_key", "sk-1", "instructions", "Cheerful.", "speed",
                                       "1.5",     NULL};

    setup(&myna_tts_openai, odd, more);
    say("Hello \"there\", caf\xC3\xA9.");
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 5000);
    CHECK(counted(0, 100, 5000));
    CHECK_EQ(w.requests, 1);
    CHECK_STR(w.bodies[0],
              "{\"model\":\"gpt-4o-mini-tts\",\"input\":\"Hello \\\"there\\\", caf\xC3\xA9.\","
              "\"voice\":\"alloy\",\"response_format\":\"pcm\",\"instructions\":\"Cheerful.\","
              "\"speed\":1.5}");
    CHECK_HAS(w.server.last, "Authorization: Bearer sk-1\r\n");
    CHECK_HAS(w.server.last, "Content-Type: application/json\r\n");
    teardown();
}

TEST(what_is_not_set_is_not_sent_and_broken_text_is_mended)
{
    static const char *const none[] = {"voice", "", "format", "pcm", NULL};

    setup(&myna_tts_openai_compatible, odd, none);
    say("Caf\xE9 is open now.");
    turn_until(&w.n_done, 1);
    CHECK_STR(w.bodies[0], "{\"model\":\"tts-1\",\"input\":\"Caf\xEF\xBF\xBD is open now.\","
                           "\"response_format\":\"pcm\"}");
    CHECK(!strstr(w.server.last, "Authorization"));
    teardown();
}

TEST(the_voice_of_who_has_the_word_is_asked_for)
{
    struct myna_tts_port_options opt = {
        .how = {.voice = "nova"}, .id = 2, .audio = on_audio, .ready = on_ready, .event = on_event};

    setup(&myna_tts_openai, odd, (const char *const[]){"api_key", "sk-1", NULL});
    myna_tts_port_close(w.port);
    opt.tts = w.tts;
    CHECK_EQ(myna_tts_port_open(&opt, &w.port), MYNA_OK);
    say("Hello there.");
    turn_until(&w.n_done, 1);
    CHECK_HAS(w.bodies[0], "\"voice\":\"nova\"");
    teardown();
}

static void keep(struct fake_conn *c)
{
    if (counts(c) >= 0)
        head(c, "audio/pcm");
}

#define TWO                                                                                        \
    "The first sentence is long enough to stand alone. The second one is long enough as well. "    \
    "And here the third one comes to its end."

TEST(the_next_sentences_are_asked_for_once_the_one_before_has_begun_to_sound)
{
    setup(&myna_tts_openai_compatible, keep, pcm24);
    say(TWO);
    turn_until(&w.requests, 1);
    turns(50);
    CHECK_EQ(w.requests, 1);
    CHECK_HAS(w.bodies[0], "The first sentence");
    count_up(w.conns[0], 0, 1000, 500);
    turn_until(&w.requests, 2);
    turns(20);
    CHECK_EQ(w.requests, 2);
    CHECK_EQ(w.n_heard, 1000); /* heard before its end came */
    /* the second is there early: it waits for the first */
    count_up(w.conns[1], 5000, 600, 601);
    end(w.conns[1]);
    turn_until(&w.requests, 3);
    turns(20);
    CHECK_EQ(w.n_heard, 1000);
    count_up(w.conns[0], 1000, 500, 333);
    end(w.conns[0]);
    count_up(w.conns[2], 9000, 100, 201);
    end(w.conns[2]);
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 2200);
    CHECK(counted(0, 0, 1500));
    CHECK(counted(1500, 5000, 600));
    CHECK(counted(2100, 9000, 100));
    teardown();
}

TEST(who_is_cut_short_has_the_sockets_closed_at_once)
{
    setup(&myna_tts_openai_compatible, keep, pcm24);
    say(TWO);
    turn_until(&w.requests, 1);
    count_up(w.conns[0], 0, 1000, 500);
    turn_until(&w.requests, 2);
    w.server.n_closed = 0;
    myna_tts_port_close(w.port);
    w.port = NULL;
    CHECK_EQ(myna_http_active(w.host.http), 0);
    turns(10);
    CHECK(w.server.n_closed >= 2);
    CHECK_EQ(w.n_faults, 0);
    teardown();
}

/* A WAV of a server that does not know how much will come, labelled as nothing in particular. */
static void bare_wav(struct fake_conn *c)
{
    static const uint8_t start[44] = "RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\1\0\1\0\xC0\x5D\0\0"
                                     "\x80\xBB\0\0\2\0\x10\0data\xFF\xFF\xFF\xFF";

    if (counts(c) < 0)
        return;
    head(c, "application/octet-stream");
    chunk(c, start, 3);
    chunk(c, start + 3, 41);
    count_up(c, 7, 3000, 1001);
    end(c);
}

TEST(a_wav_without_length_or_label_is_heard_to_its_end)
{
    setup(&myna_tts_openai_compatible, bare_wav, NULL);
    say("Hello there, you.");
    turn_until(&w.n_done, 1);
    CHECK_HAS(w.bodies[0], "\"response_format\":\"wav\"");
    CHECK_EQ(w.n_heard, 3000);
    CHECK(counted(0, 7, 3000));
    teardown();
}

static void slow_rate(struct fake_conn *c)
{
    if (counts(c) < 0)
        return;
    head(c, "audio/pcm;rate=12000");
    count_up(c, 0, 6000, 999);
    end(c);
}

TEST(raw_samples_of_another_rate_are_heard_in_time)
{
    setup(&myna_tts_openai_compatible, slow_rate, pcm24);
    say("Hello there, you.");
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 12000);
    teardown();
}

static void picky(struct fake_conn *c)
{
    if (counts(c) < 0)
        return;
    if (!strstr(c->server->last, "\"response_format\":\"mp3\"") &&
        !strstr(c->server->last, "\"response_format\":\"pcm\"")) {
        fake_answer(c, 422, "Content-Type: application/json\r\n",
                    "{\"detail\":\"response_format must be pcm or mp3\"}");
        return;
    }
    head(c, "audio/pcm");
    count_up(c, 1, 2000, 777);
    end(c);
}

TEST(a_form_that_is_refused_is_not_asked_for_again)
{
    setup(&myna_tts_openai_compatible, picky, NULL);
    say(TWO);
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 6000);
    CHECK_EQ(w.requests, 4); /* wav refused once, then three sentences as pcm */
    CHECK_HAS(w.bodies[3], "\"response_format\":\"pcm\"");
    teardown();
}

TEST(a_form_that_was_chosen_is_not_changed)
{
    static const char *const wav[] = {"format", "wav", NULL};

    setup(&myna_tts_openai_compatible, picky, wav);
    say("Hello there, you.");
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.requests, 1);
    CHECK_EQ(w.status, 422);
    CHECK(!w.retryable);
    CHECK_HAS(w.fault, "must be pcm or mp3");
    teardown();
}

/* ---- what is no sound; the test's text chooses */

static const struct wrong {
    const char *type, *body, *words, *not ;
} wrongs[] = {
    {"text/html", "<!DOCTYPE html><title>Sign in</title>", "a web page instead of sound", "Sign"},
    {"application/octet-stream", "<html><body>busy", "a web page", "busy"},
    {"application/json", "{\"error\":{\"message\":\"no such voice for sk-secret-1\"}}",
     "no such voice for ***", "sk-secret"},
    {"audio/mpeg", "{\"error\":\"out of credit\"}", "out of credit", "{"},
    {"audio/flac", "fLaC....................", "audio/flac", NULL},
    {"image/png", "\x89PNG....................", "image/png", NULL},
    {"audio/wav", "RIFFxxxxWAVEdata....", "description of its samples", NULL},
    {"audio/pcm", "", "without sound", NULL},
    {"audio/pcm", "x", "empty", NULL},
};
static const struct wrong *wrong;

static void say_wrong(struct fake_conn *c)
{
    char type[80];

    if (counts(c) < 0)
        return;
    snprintf(type, sizeof type, "Content-Type: %s\r\n", wrong->type);
    fake_answer(c, 200, type, wrong->body);
}

TEST(what_is_no_sound_is_named_without_the_key)
{
    static const char *const key[] = {"api_key", "sk-secret-1", "session.retry_max", "0", NULL};

    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        wrong = &wrongs[i];
        setup(&myna_tts_openai_compatible, say_wrong, key);
        say("Hello there, you.");
        turn_until(&w.n_faults, 1);
        CHECK_HAS(w.fault, wrong->words);
        if (wrong->not &&strstr(w.fault, wrong->not ))
            check_fail(__FILE__, __LINE__, "%s", w.fault);
        CHECK_EQ(w.n_heard, 0);
        CHECK_EQ(w.err, MYNA_EPROVIDER);
        teardown();
    }
}

static void refuse_key(struct fake_conn *c)
{
    static char body[1200];

    if (counts(c) < 0)
        return;
    snprintf(body, sizeof body,
             "{\"error\":{\"message\":\"Incorrect API key provided: sk-secret-1. %0900d\"}}", 0);
    fake_answer(c, 401, "Content-Type: application/json\r\n", body);
}

TEST(a_wrong_key_is_one_line_with_the_servers_words_cut_and_no_key)
{
    static const char *const key[] = {"api_key", "sk-secret-1", NULL};

    setup(&myna_tts_openai, refuse_key, key);
    say("Hello there, you.");
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.status, 401);
    CHECK(!w.retryable);
    CHECK_EQ(w.requests, 1);
    CHECK_HAS(w.fault, "Incorrect API key provided: ***");
    CHECK_HAS(w.fault, "tts.openai.api_key");
    CHECK(!strstr(w.fault, "sk-secret") && !strchr(w.fault, '\n'));
    CHECK(strlen(w.fault) < 320);
    teardown();
}

/* ---- trying again */

static int broken; /* number of the request that fails */

static void one_fails(struct fake_conn *c)
{
    int n = counts(c);

    if (n < 0)
        return;
    if (n == broken) {
        fake_answer(c, 503, "", "busy");
        return;
    }
    head(c, "audio/pcm");
    count_up(c, 1000 * n, 500, 333);
    end(c);
}

TEST(before_the_first_sound_the_session_tries_again_not_the_voice)
{
    broken = 0;
    setup(&myna_tts_openai_compatible, one_fails, pcm24);
    say(TWO);
    turn_until(&w.n_faults, 1);
    CHECK(w.retryable);
    CHECK_EQ(w.status, 503);
    turns(150);
    CHECK_EQ(w.requests, 1);
    open_port();
    say("Hello there, you.");
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 500);
    teardown();
}

TEST(a_later_sentence_that_has_no_sound_yet_is_asked_for_again)
{
    broken = 1;
    setup(&myna_tts_openai_compatible, one_fails, pcm24);
    say(TWO);
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.requests, 4);
    CHECK_EQ(w.n_heard, 1500);
    CHECK(counted(0, 0, 500));
    CHECK(counted(500, 2000, 500)); /* the second sentence, by the third request */
    CHECK(counted(1000, 3000, 500));
    CHECK_EQ(w.n_faults, 0);
    teardown();
}

static void breaks_off(struct fake_conn *c)
{
    int n = counts(c);

    if (n < 0)
        return;
    head(c, "audio/pcm");
    count_up(c, 1000 * n, 500, 333);
    if (n == 1)
        fake_close(c);
    else
        end(c);
}

TEST(half_a_sentence_is_heard_and_never_repeated)
{
    setup(&myna_tts_openai_compatible, breaks_off, pcm24);
    say(TWO);
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.n_heard, 1000);
    CHECK(counted(500, 1000, 500));
    CHECK(w.requests <= 3);
    teardown();
}

static void wait_please(struct fake_conn *c)
{
    if (counts(c) >= 0)
        fake_answer(c, 429, "Retry-After: 60\r\n", "{\"error\":{\"message\":\"slow down\"}}");
}

TEST(a_server_that_wants_a_minute_is_not_asked_before)
{
    setup(&myna_tts_openai_compatible, wait_please, pcm24);
    say("Hello there, you.");
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.status, 429);
    CHECK(!w.retryable);
    open_port();
    say("Hello there, you.");
    turn_until(&w.n_faults, 2);
    CHECK_EQ(w.requests, 1);
    CHECK_HAS(w.fault, "asked not to be asked again");
    teardown();
}

static struct fake_conn *dripping;

static void drip(struct fake_conn *c)
{
    if (counts(c) < 0)
        return;
    head(c, "audio/pcm");
    dripping = c;
}

TEST(a_server_that_drips_is_given_up)
{
    /* Three seconds: no silence of a machine that is busy elsewhere is as long. */
    static const char *const quick[] = {"format", "pcm", "timeout", "3s", NULL};

    dripping = NULL;
    setup(&myna_tts_openai_compatible, drip, quick);
    say("Hello there, you.");
    for (int i = 0; i < 20000 && !w.n_faults; i++) {
        turn();
        if (dripping && dripping->fd >= 0 && i % 10 == 0)
            chunk(dripping, "x", 1);
    }
    CHECK_EQ(w.n_faults, 1);
    CHECK_EQ(w.err, MYNA_ETIMEOUT);
    CHECK_HAS(w.fault, "too slowly");
    teardown();
}

static void silent(struct fake_conn *c)
{
    (void)counts(c);
}

TEST(a_server_that_says_nothing_is_given_up)
{
    static const char *const quick[] = {"format", "pcm", "timeout", "100ms", NULL};

    setup(&myna_tts_openai_compatible, silent, quick);
    say("Hello there, you.");
    turn_until(&w.n_faults, 1);
    CHECK_EQ(w.err, MYNA_ETIMEOUT);
    CHECK(w.retryable);
    teardown();
}

TEST(while_playout_is_full_the_sound_waits)
{
    setup(&myna_tts_openai_compatible, odd, pcm24);
    w.room = 0;
    say("Hello there, you.");
    for (int i = 0; i < 500 && !w.n_ready; i++)
        turn();
    turns(100);
    CHECK_EQ(w.n_heard, 0);
    CHECK_EQ(w.n_done, 0);
    w.room = 160;
    turn_until(&w.n_done, 1);
    CHECK_EQ(w.n_heard, 5000);
    CHECK(counted(0, 100, 5000));
    teardown();
}

TEST(text_without_end_is_refused_and_nothing_to_say_is_done_at_once)
{
    static char text[70000];

    setup(&myna_tts_openai_compatible, keep, pcm24);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = i % 50 == 48 ? '.' : i % 50 == 49 ? ' ' : 'a';
    CHECK_EQ(myna_tts_port_text(w.port, myna_view_of(text)), MYNA_ELIMIT);
    myna_tts_port_close(w.port);
    open_port();
    myna_tts_port_end(w.port);
    turn_until(&w.n_done, 1);
    teardown();
}

TEST(a_mistake_in_the_configuration_is_named)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_host host = {0};
    struct myna_tts *tts = NULL;
    struct myna_why why = {0};

    CHECK_EQ(myna_tts_openai_compatible.create(&tts, &host, cfg, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "tts.openai_compatible.base_url");
    CHECK_EQ(myna_config_set(cfg, "tts.openai_compatible.format", "flac", "test", &why),
             MYNA_ECONFIG);
    CHECK_HAS(why.text, "tts.openai_compatible.format");
    myna_config_destroy(cfg);
}

TEST_MAIN

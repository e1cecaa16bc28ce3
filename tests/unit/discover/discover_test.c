/* discover_test.c - who is found on this machine, what is taken into the configuration, and what is
 * said of it. Servers of the test stand on ports of their own. */
#include "small_server.h"

#include <time.h>

#include <myna/discover.h>

#include "discover/probe.h"

static const char *const ports[] = {"hermes",   "openclaw", "ollama", "lmstudio",
                                    "llamacpp", "vllm",     "kokoro"};

static struct myna_config *config(void)
{
    struct myna_config *cfg = myna_config_create();
    char key[32];

    CHECK(cfg);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        snprintf(key, sizeof key, "probe.%s", ports[i]);
        CHECK_EQ(myna_config_set(cfg, key, "0", "test", NULL), MYNA_OK);
    }
    /* All that is asked here answers, and nobody waits for longer: who looks waits for as long as
     * a machine that is busy elsewhere needs. */
    CHECK_EQ(myna_config_set(cfg, "probe.timeout", "10s", "test", NULL), MYNA_OK);
    /* what lies in the home of who runs the tests is none of theirs */
    setenv("HOME", "/nonexistent", 1);
    unsetenv("HERMES_HOME");
    unsetenv("API_SERVER_KEY");
    unsetenv("OPENCLAW_API_KEY");
    unsetenv("OPENCLAW_GATEWAY_TOKEN");
    unsetenv("OPENCLAW_CONFIG_PATH");
    unsetenv("OPENCLAW_STATE_DIR");
    return cfg;
}

static void at(struct myna_config *cfg, const char *who, const struct small_server *s)
{
    char key[32], port[16];

    snprintf(key, sizeof key, "probe.%s", who);
    snprintf(port, sizeof port, "%d", s->port);
    CHECK_EQ(myna_config_set(cfg, key, port, "test", NULL), MYNA_OK);
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const struct small_route ollama[] = {
    {"/api/tags", 200,
     "{\"models\":[{\"name\":\"nomic-embed-text:latest\"},{\"name\":\"qwen3:8b\"},"
     "{\"name\":\"llama3.2:latest\"}]}"},
    {"/api/ps", 200, "{\"models\":[{\"name\":\"llama3.2:latest\"}]}"},
    {0}};
static const struct small_route hermes_open[] = {
    {"/health", 200, "{\"status\":\"ok\",\"platform\":\"hermes-agent\"}"},
    {"/v1/models", 200, "{\"data\":[{\"id\":\"hermes-agent\"}]}"},
    {0}};
static const struct small_route hermes_locked[] = {
    {"/health", 200, "{\"status\":\"ok\"}"},
    {"/v1/models", 401, "{\"error\":{\"message\":\"Invalid API key\"}}"},
    {0}};
static const struct small_route vllm[] = {
    {"/v1/models", 200, "{\"data\":[{\"id\":\"Qwen/Qwen3-4B\",\"owned_by\":\"vllm\"}]}"},
    {"/v1/audio/transcriptions", 405, ""},
    {0}};
static const struct small_route speaches[] = {
    {"/v1/models", 200,
     "{\"data\":[{\"id\":\"Systran/faster-whisper-tiny.en\",\"task\":\"automatic-speech-"
     "recognition\"},{\"id\":\"hexgrad/K-82M\",\"task\":\"text-to-speech\"}]}"},
    {"/v1/audio/transcriptions", 405, ""},
    {"/v1/audio/speech", 405, ""},
    {"/v1/audio/voices", 200, "{\"voices\":[\"af_bella\",\"af_heart\",\"bm_george\"]}"},
    {0}};
static const struct small_route web_page[] = {
    {"/v1/models", 200, "<!doctype html><title>My shop</title>"},
    {"/api/tags", 200, "<!doctype html><title>My shop</title>"},
    {0}};

TEST(nobody_there_is_said_in_one_line_and_nothing_is_chosen)
{
    struct myna_config *cfg = config();
    char line[1024];

    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_HAS(line, "Found no agent on this machine");
    CHECK(!strchr(line, '\n'));
    CHECK(myna_config_is_default(cfg, "llm.provider"));
    myna_config_destroy(cfg);
}

TEST(of_ollamas_models_the_loaded_one_is_taken_and_never_one_for_embeddings)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024], base[64];

    small_open(&s, SMALL_ANSWERS, ollama);
    at(cfg, "ollama", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    snprintf(base, sizeof base, "http://127.0.0.1:%d/v1", s.port);
    CHECK_STR(myna_config_get(cfg, "llm.provider"), "ollama");
    CHECK_STR(myna_config_get(cfg, "llm.ollama.model"), "llama3.2:latest");
    CHECK_STR(myna_config_get(cfg, "llm.ollama.base_url"), base);
    CHECK_HAS(line, "Found Ollama on 127.0.0.1:");
    CHECK_HAS(line, "llama3.2:latest answers.");
    CHECK(atomic_load(&s.requests) > 0);
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(a_model_that_was_chosen_stays_chosen)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, ollama);
    at(cfg, "ollama", &s);
    CHECK_EQ(myna_config_set(cfg, "llm.ollama.model", "mine", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "llm.provider"), "ollama");
    CHECK_STR(myna_config_get(cfg, "llm.ollama.model"), "mine");
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(a_provider_that_was_chosen_stays_and_nobody_is_asked)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, ollama);
    at(cfg, "ollama", &s);
    CHECK_EQ(myna_config_set(cfg, "llm.provider", "rehearsal", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "stt.provider", "moonshine", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "flite", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(line, "");
    CHECK_EQ(atomic_load(&s.requests), 0);
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(switched_off_nobody_is_asked)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, ollama);
    at(cfg, "ollama", &s);
    CHECK_EQ(myna_config_set(cfg, "probe.enabled", "false", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(line, "");
    CHECK_EQ(atomic_load(&s.requests), 0);
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(one_that_hangs_and_one_that_speaks_garbage_cost_their_time_and_no_more)
{
    struct myna_config *cfg = config();
    struct small_server hangs, garbage, page, good;
    struct myna_discovery d;
    double began;

    small_open(&hangs, SMALL_HANGS, NULL);
    small_open(&garbage, SMALL_GARBAGE, NULL);
    small_open(&page, SMALL_ANSWERS, web_page);
    small_open(&good, SMALL_ANSWERS, ollama);
    at(cfg, "hermes", &hangs);
    at(cfg, "lmstudio", &garbage);
    at(cfg, "openclaw", &garbage);
    at(cfg, "vllm", &page);
    at(cfg, "llamacpp", &hangs);
    at(cfg, "ollama", &good);
    CHECK_EQ(myna_config_set(cfg, "probe.timeout", "3s", "test", NULL), MYNA_OK);
    began = now_ms();
    CHECK_EQ(myna_discover(cfg, &d, NULL), MYNA_OK);
    CHECK(now_ms() - began < 30000); /* 3 s, and what a busy machine adds */
    CHECK(d.took_ms >= 2990 && d.took_ms < 30000);
    CHECK_EQ(d.n, 1);
    CHECK_STR(d.found[0].product, "Ollama");
    small_shut(&hangs);
    small_shut(&garbage);
    small_shut(&page);
    small_shut(&good);
    myna_config_destroy(cfg);
}

TEST(no_place_is_ever_sent_a_credential)
{
    struct myna_config *cfg = config();
    struct small_server s;
    struct myna_discovery d;

    setenv("API_SERVER_KEY", "very-secret-key-of-hermes", 1);
    setenv("OPENCLAW_API_KEY", "very-secret-token", 1);
    small_open(&s, SMALL_ANSWERS, hermes_locked);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        at(cfg, ports[i], &s);
    CHECK_EQ(myna_discover(cfg, &d, NULL), MYNA_OK);
    CHECK(atomic_load(&s.requests) >= 20);
    CHECK_EQ(atomic_load(&s.credentials), 0);
    CHECK_STR(d.found[0].key, "very-secret-key-of-hermes");
    CHECK(d.found[0].usable);
    small_shut(&s);
    unsetenv("API_SERVER_KEY");
    unsetenv("OPENCLAW_API_KEY");
    myna_config_destroy(cfg);
}

TEST(hermes_without_its_key_is_told_with_the_remedy_and_the_next_one_is_used)
{
    struct myna_config *cfg = config();
    struct small_server s, o;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, hermes_locked);
    at(cfg, "hermes", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK(myna_config_is_default(cfg, "llm.provider"));
    CHECK_HAS(line, "Found Hermes on 127.0.0.1:");
    CHECK_HAS(line, "put API_SERVER_KEY=… into the environment or into ~/.hermes/.env");
    CHECK_HAS(line, "Until then the built-in rehearsal agent answers.");
    small_open(&o, SMALL_ANSWERS, ollama);
    at(cfg, "ollama", &o);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "llm.provider"), "ollama");
    CHECK_HAS(line, "Also there is Hermes");
    small_shut(&s);
    small_shut(&o);
    myna_config_destroy(cfg);
}

TEST(hermes_that_asks_no_key_is_used_as_it_is)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, hermes_open);
    at(cfg, "hermes", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "llm.provider"), "hermes");
    CHECK(!myna_config_get(cfg, "llm.hermes.api_key"));
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(the_key_of_hermes_own_file_is_taken_and_its_port)
{
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024], dir[] = "hermes-XXXXXX", path[64], *json;
    FILE *f;

    small_open(&s, SMALL_ANSWERS, hermes_locked);
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/.env", dir);
    f = fopen(path, "w");
    CHECK(f);
    fprintf(f, "# mine\nAPI_SERVER_ENABLED=true\nexport API_SERVER_KEY=\"0123456789abcdef\" # c\n");
    fclose(f);
    setenv("HERMES_HOME", dir, 1);
    at(cfg, "hermes", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "llm.hermes.api_key"), "0123456789abcdef");
    CHECK(!strstr(line, "0123456789"));
    json = myna_config_json(cfg);
    CHECK(json && !strstr(json, "0123456789"));
    free(json);
    unsetenv("HERMES_HOME");
    remove(path);
    remove(dir);
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(openclaw_with_its_chat_endpoint_off_is_told_how_to_switch_it_on)
{
    static const struct small_route off[] = {{"/health", 200, "{\"ok\":true}"}, {0}};
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, off);
    at(cfg, "openclaw", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_HAS(line, "gateway.http.endpoints.chatCompletions.enabled");
    CHECK(myna_config_is_default(cfg, "llm.provider"));
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(vllm_answers_and_its_unused_audio_endpoint_does_not_hear)
{
    struct myna_config *cfg = config();
    struct small_server s;
    struct myna_discovery d;

    small_open(&s, SMALL_ANSWERS, vllm);
    at(cfg, "vllm", &s);
    CHECK_EQ(myna_discover(cfg, &d, NULL), MYNA_OK);
    CHECK_EQ(d.n, 1);
    CHECK_STR(d.found[0].product, "vLLM");
    CHECK_STR(d.found[0].provider, "openai_compatible");
    CHECK_STR(d.found[0].model, "Qwen/Qwen3-4B");
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(a_speech_server_hears_and_speaks_and_is_no_agent)
{
    struct myna_config *cfg = config();
    struct small_server s;
    struct myna_discovery d;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, speaches);
    at(cfg, "vllm", &s);
    CHECK_EQ(myna_discover(cfg, &d, NULL), MYNA_OK);
    CHECK_EQ(d.n, 2);
    CHECK_EQ(d.found[0].use, MYNA_FOUND_HEARS);
    CHECK_STR(d.found[0].model, "Systran/faster-whisper-tiny.en");
    CHECK_EQ(d.found[1].use, MYNA_FOUND_SPEAKS);
    CHECK_STR(d.found[1].model, "hexgrad/K-82M");
    CHECK_STR(d.found[1].voice, "af_heart");
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "stt.provider"), "openai_compatible");
    CHECK_STR(myna_config_get(cfg, "tts.provider"), "openai_compatible");
    CHECK_STR(myna_config_get(cfg, "tts.openai_compatible.model"), "hexgrad/K-82M");
    CHECK_STR(myna_config_get(cfg, "tts.openai_compatible.voice"), "af_heart");
    CHECK_HAS(myna_config_get(cfg, "tts.openai_compatible.base_url"), "http://127.0.0.1:");
    CHECK_HAS(line, "speaks with hexgrad/K-82M");
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST(a_models_name_that_could_break_a_line_is_not_taken)
{
    static const struct small_route odd[] = {
        {"/api/tags", 200, "{\"models\":[{\"name\":\"a\\nb\"},{\"name\":\"\"},{\"name\":7}]}"},
        {0}};
    struct myna_config *cfg = config();
    struct small_server s;
    char line[1024];

    small_open(&s, SMALL_ANSWERS, odd);
    at(cfg, "ollama", &s);
    CHECK_EQ(myna_discover_all(cfg, line, sizeof line, NULL), MYNA_OK);
    CHECK(myna_config_is_default(cfg, "llm.provider"));
    CHECK_HAS(line, "it has no model yet: `ollama pull");
    small_shut(&s);
    myna_config_destroy(cfg);
}

TEST_MAIN

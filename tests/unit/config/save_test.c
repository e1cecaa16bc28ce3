/* save_test.c - what is written is read again, keys stand apart, and trouble leaves all as it was.
 */
#include <myna/config.h>

#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/fs.h"

struct rig {
    char dir[32], path[64], env[64];
    struct myna_why why;
};

static void rig_init(struct rig *r)
{
    *r = (struct rig){.dir = "save_test-XXXXXX"};
    CHECK(mkdtemp(r->dir) != NULL);
    CHECK(!setenv("XDG_CONFIG_HOME", r->dir, 1));
    snprintf(r->path, sizeof r->path, "%s/some/myna.yaml", r->dir);
    snprintf(r->env, sizeof r->env, "%s/myna/env", r->dir);
}

static void rig_fini(struct rig *r)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", r->dir);
    CHECK_EQ(system(command), 0);
}

static void put(const char *path, const char *text)
{
    char dir[64];

    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    CHECK(!myna_fs_mkdirs(dir, NULL));
    CHECK(!myna_fs_write(path, myna_view_of(text), 0644, NULL));
}

static char *text_of(const char *path)
{
    char *text = NULL;
    size_t len;

    CHECK(!myna_fs_read(path, 1 << 20, &text, &len, NULL));
    return text;
}

static unsigned mode_of(const char *path)
{
    struct stat st;

    CHECK(!stat(path, &st));
    return st.st_mode & 0777;
}

static struct myna_config *load(struct rig *r)
{
    struct myna_config *cfg = myna_config_create();

    CHECK(cfg != NULL);
    if (myna_config_load(cfg, r->path, &r->why))
        check_fail(__FILE__, __LINE__, "%s", r->why.text);
    return cfg;
}

TEST(every_kind_of_value_is_read_back_as_it_was)
{
    static const struct myna_config_change changes[] = {
        {"agent.instructions", "Say: \"yes\",\n# no comment\ttab, Gr\xc3\xbc\xc3\x9f"
                               "e \\ {[&*!|"},
        {"agent.greet", "false"},
        {"turn.min_delay", "0.7s"},
        {"turn.alpha", "0.25"},
        {"turn.max_delay", "1500"},
        {"turn.min_interruption_words", "3"},
        {"turn.detection", "vad"},
        {"llm.provider", "null"},
        {"llm.openai.model", "007"},
        {"record.dir", "~/my calls"},
    };
    struct rig r;
    struct myna_config *cfg;

    rig_init(&r);
    if (myna_config_save(r.path, changes, sizeof changes / sizeof *changes, &r.why))
        check_fail(__FILE__, __LINE__, "%s", r.why.text);
    cfg = load(&r);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        CHECK_STR(myna_config_get(cfg, changes[i].key), changes[i].value);
        CHECK(!myna_config_is_default(cfg, changes[i].key));
    }
    CHECK(myna_config_is_default(cfg, "stt.provider"));
    CHECK(access(r.env, F_OK) != 0); /* no key, no file for keys */
    CHECK_EQ(mode_of(r.path), 0644);
    myna_config_destroy(cfg);
    rig_fini(&r);
}

TEST(keys_go_into_the_private_file_and_what_stood_there_stays)
{
    static const struct myna_config_change changes[] = {
        {"llm.openai.api_key", "with \"quotes\" and # signs"},
        {"llm.ollama.api_key", "plain"},
    };
    struct rig r;
    char *yaml, *env;

    rig_init(&r);
    put(r.env, "export OTHER='x y'\nMYNA_LLM_OLLAMA_API_KEY=old\n");
    put(r.path, "llm: {hermes: {api_key: moved}}\n");
    CHECK(!myna_config_save(r.path, changes, 2, &r.why));
    yaml = text_of(r.path);
    env = text_of(r.env);
    CHECK(!strstr(yaml, "plain") && !strstr(yaml, "moved") && !strstr(yaml, "quotes"));
    CHECK_HAS(env, "MYNA_LLM_OPENAI_API_KEY='with \"quotes\" and # signs'\n");
    CHECK_HAS(env, "MYNA_LLM_OLLAMA_API_KEY=\"plain\"\n");
    CHECK_HAS(env, "MYNA_LLM_HERMES_API_KEY=\"moved\"\n");
    CHECK_HAS(env, "OTHER=\"x y\"\n");
    CHECK(!strstr(env, "old"));
    CHECK_EQ(mode_of(r.env), 0600); /* it was 0644 */
    CHECK(!unsetenv("MYNA_LLM_OPENAI_API_KEY") && !setenv("MYNA_LLM_OLLAMA_API_KEY", "mine", 1));
    CHECK(!myna_config_env_file(&r.why));
    CHECK_STR(getenv("MYNA_LLM_OPENAI_API_KEY"), changes[0].value);
    CHECK_STR(getenv("MYNA_LLM_OLLAMA_API_KEY"), "mine"); /* the process's own comes first */
    free(yaml);
    free(env);
    rig_fini(&r);
}

TEST(a_change_that_cannot_be_made_leaves_every_file_as_it_was)
{
    static const struct myna_config_change bad[][2] = {
        {{"llm.openai.api_key", "new"}, {"turn.min_delay", "soon"}},
        {{"llm.openai.api_key", "new"}, {"turn.min_dely", "1s"}},
        {{"turn.min_delay", "2s"}, {"llm.openai.api_key", "both ' and \""}},
        {{"turn.min_delay", "2s"}, {"llm.openai.api_key", "two\nlines"}},
    };
    static const char yaml[] = "# mine\nturn: {min_delay: 1s}\n", env[] = "A=b\n";
    struct rig r;

    rig_init(&r);
    put(r.path, yaml);
    put(r.env, env);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *now, *now_env;

        CHECK(myna_config_save(r.path, bad[i], 2, &r.why));
        CHECK(*r.why.text);
        now = text_of(r.path);
        now_env = text_of(r.env);
        CHECK_STR(now, yaml);
        CHECK_STR(now_env, env);
        free(now);
        free(now_env);
    }
    put(r.env, "A=b\nwhat is this\n");
    CHECK(myna_config_save(r.path, bad[0], 1, &r.why));
    CHECK_HAS(r.why.text, "env:2: this is no NAME=value");
    rig_fini(&r);
}

TEST(the_file_as_it_was_is_kept_beside_it_for_its_owner_alone)
{
    static const struct myna_config_change change = {"turn.min_delay", "2s"};
    struct rig r;
    char bak[80], *text;

    rig_init(&r);
    snprintf(bak, sizeof bak, "%s.bak", r.path);
    put(r.path, "# mine\nturn: {min_delay: 1s}\n");
    CHECK(!myna_config_save(r.path, &change, 1, &r.why));
    text = text_of(bak);
    CHECK_STR(text, "# mine\nturn: {min_delay: 1s}\n");
    CHECK_EQ(mode_of(bak), 0600);
    free(text);
    CHECK(!unlink(bak));
    CHECK(!myna_config_save(r.path, &change, 1, &r.why)); /* the same again */
    CHECK(access(bak, F_OK) != 0);
    rig_fini(&r);
}

TEST_MAIN

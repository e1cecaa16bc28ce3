/* name_test.c - the agent is asked what it is called, and not listened to for longer than a name
 * takes (voice-gateway 11.2); and the gateway's lines in the log (15, R16). */
#include "gateway/name.h"

#include <stdlib.h>
#include <string.h>

#include <myna/myna.h>

#include "check.h"
#include "gateway/log.h"
#include "util/buf.h"

/* ---- an agent that never comes to an end */

static struct {
    int pieces;
    bool closed;
    char name[200], line[200];
} w;

struct talker {
    struct myna_llm_stream base;
    struct myna_timer timer;
};

static void talk(struct myna_timer *t)
{
    struct talker *st = t->arg;
    const char *text = w.pieces++ ? " and" : "Ada";
    struct myna_llm_event ev = {.type = MYNA_LLM_TEXT};

    CHECK_EQ(myna_timer_set(&st->timer, myna_host_now(st->base.llm->host) + 10 * MYNA_MS), MYNA_OK);
    ev.text = myna_view_of(text);
    myna_llm_emit(&st->base, &ev);
}

static enum myna_err start(struct myna_llm *llm, const struct myna_llm_request *req,
                           struct myna_llm_stream **out)
{
    struct talker *st = calloc(1, sizeof *st);

    (void)req;
    CHECK(st);
    st->base.llm = llm;
    myna_host_timer_init(llm->host, &st->timer, talk, st);
    CHECK_EQ(myna_timer_set(&st->timer, myna_host_now(llm->host)), MYNA_OK);
    *out = &st->base;
    return MYNA_OK;
}

static void close_it(struct myna_llm_stream *stream)
{
    struct talker *st = (struct talker *)stream;

    w.closed = true;
    myna_timer_clear(&st->timer);
    free(st);
}

extern const struct myna_llm_class talker_class;

static enum myna_err create(struct myna_llm **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_llm *llm = calloc(1, sizeof *llm);

    (void)cfg;
    (void)why;
    CHECK(llm);
    *llm = (struct myna_llm){.cls = &talker_class, .host = host};
    *out = llm;
    return MYNA_OK;
}

static void destroy(struct myna_llm *llm)
{
    free(llm);
}

const struct myna_llm_class talker_class = {.name = "talker",
                                            .summary = "talks for ever",
                                            .create = create,
                                            .destroy = destroy,
                                            .start = start,
                                            .close = close_it};

static void on_name(void *arg, const char *name)
{
    (void)arg;
    snprintf(w.name, sizeof w.name, "%s", name);
}

static void on_line(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    snprintf(w.line, sizeof w.line, "%s", line);
}

static struct myna_runtime *runtime(struct myna_config *cfg)
{
    static const struct myna_llm_class *const llms[] = {&talker_class, NULL};
    struct myna_runtime_options ro = {.size = sizeof ro,
                                      .config = cfg,
                                      .virtual_clock = true,
                                      .workers = 1,
                                      .llms = llms,
                                      .log = on_line};
    struct myna_runtime *rt = NULL;

    memset(&w, 0, sizeof w);
    CHECK_EQ(myna_config_set(cfg, "llm.provider", "talker", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "stt.provider", "none", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "none", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "none", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_runtime_create(&ro, &rt, NULL), MYNA_OK);
    return rt;
}

TEST(an_agent_that_does_not_stop_is_cut_and_its_first_word_is_its_name)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime *rt = runtime(cfg);
    struct myna_gw_name *asking = myna_gw_name_ask(rt, on_name, NULL);

    CHECK(asking);
    myna_runtime_run_until(rt, myna_runtime_now(rt) + 5 * MYNA_S);
    CHECK_STR(w.name, "Ada");
    CHECK(w.closed);
    CHECK(w.pieces > 20 && w.pieces < 25);
    myna_gw_name_destroy(asking);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

TEST(a_line_of_the_gateways_says_whose_it_is)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime *rt = runtime(cfg);

    myna_gw_log(myna_runtime_host(rt), MYNA_LOG_WARN, "nobody is %s n=%d", "here", 7);
    CHECK_HAS(w.line, " nobody is here n=7 component=gateway");
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

TEST_MAIN

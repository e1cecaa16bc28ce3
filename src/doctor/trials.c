/* trials.c - the real thing, as small as it can be. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "doctor/doctor.h"
#include "llm/llm.h"

#define WORD "Hello."

/* ------------------------------------------------------------------ the agent */

struct trial {
    struct myna_runtime *rt;
    struct myna_llm *llm;
    struct myna_llm_port *port;
    struct myna_timer deadline;
    myna_us began, first;
    bool over;
    enum myna_err err;
    struct myna_why why;
};

static void stop(struct trial *t)
{
    t->over = true;
    myna_runtime_stop(t->rt);
}

/* Reasoning is a first token too: the agent is there and works. */
static void on_event(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct trial *t = arg;

    (void)port;
    if (t->over)
        return;
    if (ev->type == MYNA_LLM_TEXT || ev->type == MYNA_LLM_REASONING ||
        ev->type == MYNA_LLM_TOOL_CALL) {
        t->first = myna_runtime_now(t->rt);
        stop(t);
    } else if (ev->type == MYNA_LLM_DONE) {
        t->err = myna_fail(&t->why, MYNA_EPROVIDER, "it answered with no word");
        stop(t);
    } else if (ev->type == MYNA_LLM_FAULT) {
        t->err = myna_fail(&t->why, ev->fault.err ? ev->fault.err : MYNA_EPROVIDER, "%s",
                           ev->fault.message ? ev->fault.message : "it has failed");
        stop(t);
    }
}

static void on_deadline(struct myna_timer *timer)
{
    struct trial *t = timer->arg;

    t->err = myna_fail(&t->why, MYNA_ETIMEOUT, "no word came in time");
    stop(t);
}

static enum myna_err make(struct trial *t, const struct myna_config *cfg, struct myna_why *why)
{
    const char *name = myna_config_get(cfg, "llm.provider");

    for (const struct myna_llm_class *const *c = myna_builtin_llms(); *c; c++)
        if (name && !strcmp((*c)->name, name))
            return (*c)->create(&t->llm, myna_runtime_host(t->rt), cfg, why);
    return myna_fail(why, MYNA_ECONFIG, "there is no llm provider '%s' (set llm.provider)",
                     name ? name : "");
}

static enum myna_err ask(struct trial *t, int timeout_ms, struct myna_why *why)
{
    const struct myna_item question = {.type = MYNA_ITEM_MESSAGE,
                                       .id = "item_trial",
                                       .role = MYNA_ROLE_USER,
                                       .text = "Say hello in one word."};
    const struct myna_llm_request request = {
        .size = sizeof request, .items = &question, .n_items = 1, .instructions = ""};
    struct myna_llm_port_options po = {
        .llm = t->llm, .request = &request, .id = 1, .event = on_event, .arg = t};
    enum myna_err err;

    myna_host_timer_init(myna_runtime_host(t->rt), &t->deadline, on_deadline, t);
    t->began = myna_runtime_now(t->rt);
    err = myna_timer_set(&t->deadline, t->began + timeout_ms * MYNA_MS);
    if (!err)
        err = myna_llm_port_open(&po, &t->port);
    if (err)
        return myna_fail(why, err, "the agent cannot be asked: %s", myna_strerror(err));
    if (!t->over)
        myna_runtime_run(t->rt);
    if (!t->over)
        t->err = myna_fail(&t->why, MYNA_EPROVIDER, "it has ended without a word");
    if (t->err && why)
        *why = t->why;
    return t->err;
}

enum myna_err myna_try_agent(const struct myna_config *cfg, int timeout_ms,
                             struct myna_first_word *out, struct myna_why *why)
{
    struct myna_runtime_options ro = {
        .size = sizeof ro, .config = (struct myna_config *)cfg, .workers = 1};
    struct trial t = {0};
    enum myna_err err = myna_runtime_create(&ro, &t.rt, why);

    *out = (struct myna_first_word){0};
    if (!err)
        err = make(&t, cfg, why);
    if (!err)
        err = ask(&t, timeout_ms, why);
    if (!err) {
        out->ms = (double)(t.first - t.began) / 1e3;
        snprintf(out->model, sizeof out->model, "%s", t.llm->model ? t.llm->model : "");
    }
    if (t.deadline.in)
        myna_timer_clear(&t.deadline);
    myna_llm_port_close(t.port);
    if (t.llm)
        t.llm->cls->destroy(t.llm);
    myna_runtime_destroy(t.rt);
    return err;
}

/* ------------------------------------------------------------------ a word */

/* "hello" is in "Oh, Hello!". */
static bool has_word(const char *heard, const char *word)
{
    size_t n = strcspn(word, ".");

    for (; *heard; heard++)
        if (!strncasecmp(heard, word, n) && !isalpha((unsigned char)heard[n]))
            return true;
    return false;
}

enum myna_err myna_try_word(const struct myna_config *cfg, struct myna_word_back *out,
                            struct myna_why *why)
{
    const char *tmp = getenv("TMPDIR");
    struct myna_hear_result heard = {0};
    char path[512];
    enum myna_err err;
    int fd, n;

    *out = (struct myna_word_back){.said = WORD};
    n = snprintf(path, sizeof path, "%.480s/myna-word-", tmp && *tmp ? tmp : "/tmp");
    memset(path + n, 'X', 6); /* mkstemp's own */
    path[n + 6] = '\0';
    fd = mkstemp(path);
    if (fd < 0)
        return myna_fail(why, MYNA_EIO, "cannot make a file in %s for the spoken word",
                         tmp && *tmp ? tmp : "/tmp");
    close(fd);
    err = myna_say_file(cfg, WORD, path, &out->spoken_ms, why);
    if (!err)
        err = myna_hear_file(cfg, path, &heard, why);
    if (!err) {
        snprintf(out->heard, sizeof out->heard, "%s", heard.text ? heard.text : "");
        out->same = has_word(out->heard, WORD);
    }
    myna_hear_result_fini(&heard);
    (void)unlink(path);
    return err;
}

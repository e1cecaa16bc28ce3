/* probe.c - asks all places at once, on a loop of its own, until all have answered or time is up.
 */
#include <stdio.h>
#include <stdlib.h>

#include <myna/runtime.h>

#include "discover/probe.h"
#include "util/http.h"

struct ask {
    struct probe *probe;
    struct myna_answer *answer;
    struct myna_http_request *rq; /* NULL: over */
    int head;
};

struct probe {
    struct myna_runtime *rt;
    struct myna_place places[MYNA_PLACES];
    struct ask asks[MYNA_PLACES * MYNA_ASKS];
    size_t n_asks, waiting;
    struct myna_timer deadline;
};

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    (void)rq;
    ((struct ask *)arg)->head = status;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct ask *a = arg;

    (void)rq;
    (void)myna_buf_put(&a->answer->body, bytes.ptr, bytes.len); /* its error sticks */
}

/* Only a whole answer counts. */
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct ask *a = arg;

    (void)rq;
    a->rq = NULL;
    if (!e) {
        a->answer->status = a->head;
    } else if (e->kind == MYNA_HTTP_STATUS) {
        a->answer->status = e->status;
        (void)myna_buf_put(&a->answer->body, e->body.ptr, e->body.len);
    }
    if (a->answer->body.err)
        a->answer->status = 0;
    if (--a->probe->waiting == 0)
        myna_runtime_stop(a->probe->rt);
}

static void on_deadline(struct myna_timer *t)
{
    myna_runtime_stop(((struct probe *)t->arg)->rt);
}

static enum myna_err ask(struct probe *p, struct myna_http *http, struct myna_place *place,
                         const char *path, struct myna_answer *answer, int timeout_ms)
{
    static const struct myna_http_header headers[] = {
        {.name = "User-Agent", .value = "myna/" MYNA_VERSION},
        {.name = "Accept", .value = "application/json"}};
    struct ask *a = &p->asks[p->n_asks];
    char url[128];
    struct myna_http_start how = {.url = url,
                                  .headers = headers,
                                  .n_headers = sizeof headers / sizeof *headers,
                                  .total_ms = timeout_ms,
                                  .max_body = MYNA_ANSWER_MAX,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = a};
    enum myna_err err;

    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", place->port, path);
    *a = (struct ask){.probe = p, .answer = answer};
    err = myna_http_start(http, &how, &a->rq);
    if (err)
        return err;
    p->n_asks++;
    p->waiting++;
    return MYNA_OK;
}

static enum myna_err ask_all(struct probe *p, const struct myna_probe_conf *conf)
{
    struct myna_http *http = myna_host_http(myna_runtime_host(p->rt));
    enum myna_err err = http ? MYNA_OK : MYNA_ENOMEM;

    for (size_t i = 0; i < MYNA_PLACES; i++)
        for (size_t k = 0; k < MYNA_ASKS && p->places[i].port && !err; k++)
            if (myna_places[i].asks[k])
                err = ask(p, http, &p->places[i], myna_places[i].asks[k], &p->places[i].answers[k],
                          conf->timeout_ms);
    return err;
}

static enum myna_err look(struct probe *p, const struct myna_config *cfg,
                          const struct myna_probe_conf *conf, struct myna_why *why)
{
    struct myna_runtime_options ro = {
        .size = sizeof ro, .config = (struct myna_config *)cfg, .workers = 1};
    struct myna_why missing = {0};
    enum myna_err err = myna_runtime_create(&ro, &p->rt, why);

    if (err)
        return err;
    err = myna_http_available(&missing);
    if (err)
        return myna_fail(why, err, "Nobody on this machine can be asked: %s", missing.text);
    myna_host_timer_init(myna_runtime_host(p->rt), &p->deadline, on_deadline, p);
    err = myna_timer_set(&p->deadline, myna_runtime_now(p->rt) + conf->timeout_ms * MYNA_MS);
    if (!err)
        err = ask_all(p, conf);
    if (err)
        return myna_fail(why, err, "cannot look for agents on this machine: %s",
                         myna_strerror(err));
    if (p->waiting)
        myna_runtime_run(p->rt);
    return MYNA_OK;
}

static void fini(struct probe *p)
{
    for (size_t i = 0; i < p->n_asks; i++)
        myna_http_cancel(p->asks[i].rq);
    if (p->deadline.in)
        myna_timer_clear(&p->deadline);
    myna_runtime_destroy(p->rt);
    for (size_t i = 0; i < MYNA_PLACES; i++)
        for (size_t k = 0; k < MYNA_ASKS; k++)
            myna_buf_fini(&p->places[i].answers[k].body);
    free(p);
}

static int port_of(const struct myna_config *cfg, const struct myna_probe_conf *conf, size_t i,
                   const struct myna_probe_keys *keys)
{
    if (i == MYNA_PLACE_HERMES && keys->hermes_port && myna_config_is_default(cfg, "probe.hermes"))
        return keys->hermes_port;
    return conf->ports[i];
}

enum myna_err myna_discover(const struct myna_config *cfg, struct myna_discovery *out,
                            struct myna_why *why)
{
    struct myna_probe_conf conf;
    struct myna_probe_keys keys;
    enum myna_err err = myna_config_read(cfg, &myna_probe_section, &conf, why);
    struct probe *p = err ? NULL : calloc(1, sizeof *p);

    if (err)
        return err;
    if (!p)
        return myna_fail(why, MYNA_ENOMEM, "no memory to look for agents");
    myna_probe_find_keys(&keys);
    for (size_t i = 0; i < MYNA_PLACES; i++) {
        p->places[i].kind = (enum myna_place_kind)i;
        p->places[i].port = port_of(cfg, &conf, i, &keys);
        for (size_t k = 0; k < MYNA_ASKS; k++)
            myna_buf_init(&p->places[i].answers[k].body, MYNA_ANSWER_MAX);
    }
    err = look(p, cfg, &conf, why);
    if (!err) {
        *out = (struct myna_discovery){.took_ms = (double)myna_runtime_now(p->rt) / 1e3};
        for (size_t i = 0; i < MYNA_PLACES; i++)
            myna_probe_judge(&p->places[i], &keys, out);
    }
    fini(p);
    return err;
}

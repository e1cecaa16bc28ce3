/* worker.c - the life of a worker: one WebSocket to the server's dispatch, taken up again for ever
 * once it stood, signals, and the end. */
#include "livekit/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/url.h"
#include "livekit/worker_inside.h"
#include "rtc/rtc.h"

#define STATUS_EVERY   (2500 * MYNA_MS)
#define LONGEST_WAIT_S 10

/* So often, and for so long, somebody else answers before that is believed: a proxy does while the
 * server behind it starts, or while it has no certificate yet. */
#define FOREIGN_TRIES 5
#define FOREIGN_FOR   (30 * MYNA_S)

static void give_up(struct worker *w, enum myna_err err, const char *message)
{
    w->err = myna_fail(w->why, err, "%s", message);
    myna_runtime_stop(w->rt);
}

/* ---- the socket */

/* Whatever is wrong with providers and tools is said before the first call is taken, and models are
 * loaded; meanwhile the server reads who we are. */
static void try_session(struct worker *w)
{
    struct myna_session_options so = {
        .size = sizeof so, .transport_name = "none", .record_dir = ""};
    struct myna_why why = {0};
    struct myna_session *s;
    enum myna_err err = w->tried ? MYNA_OK : myna_session_create(w->rt, &so, &s, &why);

    if (err)
        give_up(w, err, why.text);
    else if (!w->tried)
        myna_session_destroy(s);
    w->tried = true;
}

static void on_opened(void *arg, struct myna_ws *ws)
{
    struct worker *w = arg;

    (void)ws;
    w->opened = true;
    myna_lk_w_say_register(w);
    try_session(w);
}

static void on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text)
{
    (void)ws;
    if (!is_text)
        myna_lk_w_hear(arg, body);
}

/* Somebody else answers there, or without a certificate that is trusted. */
static bool is_foreign(const struct myna_http_error *e)
{
    return e && (e->status == 404 || e->kind == MYNA_HTTP_TLS || e->kind == MYNA_HTTP_PROTOCOL);
}

bool myna_lk_w_is_no_livekit(struct worker *w, const struct myna_http_error *e, myna_us now)
{
    if (w->ever || !is_foreign(e)) {
        w->foreign = 0;
        return !w->ever && e && e->kind == MYNA_HTTP_URL;
    }
    if (!w->foreign++)
        w->foreign_since = now;
    return w->foreign >= FOREIGN_TRIES && now - w->foreign_since >= FOREIGN_FOR;
}

static void on_closed(void *arg, struct myna_ws *ws, const struct myna_ws_end *end)
{
    struct worker *w = arg;
    int status = end->error ? end->error->status : 0, wait;

    (void)ws;
    w->ws = NULL;
    w->opened = w->registered = false;
    if (status == 401 || status == 403) {
        give_up(w, MYNA_EPROVIDER,
                "LiveKit does not take our token: are API key and secret those of this server, and "
                "is this machine's clock right?");
        return;
    }
    if (end->error && end->error->kind == MYNA_HTTP_NO_LIBRARY) {
        give_up(w, MYNA_EUNAVAIL, end->message);
        return;
    }
    if (myna_lk_w_is_no_livekit(w, end->error, myna_host_now(w->host))) {
        char text[400];

        snprintf(text, sizeof text, "%.300s%s", end->message,
                 end->error->status ? " (is that the address of a LiveKit server?)" : "");
        give_up(w, MYNA_EPROVIDER, text);
        return;
    }
    if (w->draining)
        return;
    wait = w->tries < LONGEST_WAIT_S / 2 ? 2 * w->tries : LONGEST_WAIT_S;
    w->tries++;
    myna_host_log(w->host, MYNA_LOG_WARN, "no line to the LiveKit server, again in %d s: %s", wait,
                  end->message);
    (void)!myna_timer_set(&w->retry, myna_host_now(w->host) + wait * MYNA_S);
}

static enum myna_err connect_now(struct worker *w, struct myna_why *why)
{
    struct myna_livekit_token who = {
        .size = sizeof who, .grants = MYNA_LIVEKIT_AGENT, .ttl_s = 3600};
    struct myna_buf url, bearer;
    struct myna_http_header header = {"Authorization", NULL, true};
    struct myna_ws_open open = {.headers = &header,
                                .n_headers = 1,
                                .connect_ms = 5000,
                                .ping_ms = 30000, /* the server pings every 10 s */
                                .opened = on_opened,
                                .message = on_message,
                                .closed = on_closed,
                                .arg = w};
    char *token = NULL;
    enum myna_err err = myna_livekit_token_from(w->cfg, &who, &token, why);

    myna_buf_init(&url, 0);
    myna_buf_init(&bearer, 0);
    if (!err)
        err = myna_lk_url(&url, w->lk.url, "/agent", why);
    if (!err) {
        myna_buf_printf(&bearer, "Bearer %s", token);
        header.value = myna_buf_str(&bearer);
        open.url = myna_buf_str(&url);
        err = bearer.err ? bearer.err : myna_ws_open(w->host, &open, &w->ws);
        if (err)
            (void)myna_fail(why, err, "memory is short");
    }
    free(token);
    myna_buf_fini(&url);
    myna_buf_fini(&bearer);
    return err;
}

static void on_health(void *arg, struct myna_lk_health_state *into)
{
    const struct worker *w = arg;
    const char *env = getenv("LIVEKIT_AGENT_NAME");

    into->connected = w->registered;
    into->agent_name = w->conf.agent_name;
    into->name_is_env = env && w->conf.agent_name && !strcmp(env, w->conf.agent_name);
    into->jobs = w->n_jobs;
}

/* Two workers on one machine, and neither told where: the second does without. */
static enum myna_err open_health(struct worker *w, struct myna_why *why)
{
    struct myna_why inner = {0};
    enum myna_err err;

    if (!w->conf.health || !*w->conf.health || !strcmp(w->conf.health, "off"))
        return MYNA_OK;
    err = myna_lk_health_open(&w->health, w->host, w->conf.health, w->conf.process, on_health, w,
                              &inner);
    if (err == MYNA_EIO) {
        myna_host_log(w->host, MYNA_LOG_WARN, "%s (worker.health)", inner.text);
        return MYNA_OK;
    }
    if (err && why)
        *why = inner;
    return err;
}

static void retry_fire(struct myna_timer *t)
{
    struct worker *w = t->arg;
    struct myna_why why = {0};

    if (!w->ws && connect_now(w, &why))
        give_up(w, why.err, why.text);
}

static void status_fire(struct myna_timer *t)
{
    struct worker *w = t->arg;
    myna_us now = myna_host_now(w->host);

    myna_lk_w_tidy(w, now);
    (void)!myna_timer_set(&w->status, now + STATUS_EVERY);
}

static void on_signal(void *arg, int signum)
{
    struct worker *w = arg;

    (void)signum;
    if (w->signals++) {
        give_up(w, MYNA_ECANCELED, "ended at once on request");
        return;
    }
    w->draining = true;
    myna_lk_w_say_status(w);
    myna_lk_w_note(w, "no more jobs; %zu go on to their end (once more ends at once)", w->n_jobs);
    if (!w->jobs)
        myna_runtime_stop(w->rt);
}

/* ---- run */

static void calls_said(void *arg, const char *sentence)
{
    myna_lk_w_note(arg, "%s", sentence);
}

static enum myna_err begin(struct worker *w, struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .config = w->cfg};
    struct myna_loop *loop;
    struct myna_why no_log = {0};
    enum myna_err err = myna_config_read(w->cfg, &myna_worker_section, &w->conf, why);

    if (!err)
        err = myna_lk_options_read(w->cfg, &w->lk, why);
    if (!err)
        err = myna_runtime_create(&ro, &w->rt, why);
    if (err)
        return err;
    w->host = myna_runtime_host(w->rt);
    loop = w->host->loop;
    w->mem = myna_arena_create(4096, MYNA_LK_MAX_STRUCTS);
    if (!w->mem)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    myna_host_timer_init(w->host, &w->retry, retry_fire, w);
    myna_host_timer_init(w->host, &w->status, status_fire, w);
    err = myna_loop_signal(loop, SIGINT, on_signal, w);
    if (!err)
        err = myna_loop_signal(loop, SIGTERM, on_signal, w);
    if (!err)
        err = myna_timer_set(&w->status, myna_host_now(w->host) + STATUS_EVERY);
    if (err)
        return myna_fail(why, err, "cannot watch for signals");
    err = open_health(w, why);
    if (err)
        return err;
    err = myna_rtc_available(why); /* else it took jobs and could be in no room */
    if (err)
        return err;
    if (myna_calls_open(w->rt, calls_said, w, &w->calls, &no_log))
        calls_said(w, no_log.text);
    myna_lk_w_tidy(w, myna_host_now(w->host)); /* the first look at the load */
    return connect_now(w, why);
}

enum myna_err myna_lk_worker_run(struct myna_config *cfg, const struct myna_worker_options *opt,
                                 myna_lk_read_file *read, void *read_arg, struct myna_why *why)
{
    struct worker *w = calloc(1, sizeof *w);
    enum myna_err err;

    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    w->opt = opt;
    w->cfg = cfg;
    w->why = why;
    w->load = (struct myna_lk_load){.read = read, .arg = read_arg};
    err = begin(w, why);
    if (!err) {
        myna_runtime_run(w->rt);
        err = w->err;
    }
    myna_lk_w_free_jobs(w);
    if (w->host) {
        myna_ws_destroy(w->ws);
        myna_lk_health_close(w->health);
        myna_timer_clear(&w->retry);
        myna_timer_clear(&w->status);
        (void)!myna_loop_signal(w->host->loop, SIGINT, NULL, NULL);
        (void)!myna_loop_signal(w->host->loop, SIGTERM, NULL, NULL);
    }
    myna_calls_close(w->calls);
    myna_arena_destroy(w->mem);
    myna_runtime_destroy(w->rt);
    free(w);
    return err;
}

enum myna_err myna_worker_run(struct myna_config *cfg, const struct myna_worker_options *opt,
                              struct myna_why *why)
{
    return myna_lk_worker_run(cfg, opt, NULL, NULL, why);
}

/* worker.c - one WebSocket to the server's dispatch, and a session for each job it gives us.
 *
 * The socket may come and go; jobs do not care, their rooms have connections of their own. A job is
 * OFFERED from our "yes" until its token comes, RUNNING until its session closes; then its end is
 * reported, and if there is no socket at that moment the server has found out by the room already.
 */
#include <myna/worker.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/livekit.h>
#include <myna/runtime.h>
#include <myna/session.h>

#include "livekit/health.h"
#include "livekit/options.h"
#include "livekit/pb.h"
#include "livekit/url.h"
#include "livekit/worker.h"
#include "util/host.h"
#include "util/ws.h"

#define STATUS_EVERY    (2500 * MYNA_MS)
#define ASSIGNED_WITHIN (7500 * MYNA_MS)
#define LONGEST_WAIT_S  10

enum { JOB_ID = 64 };

enum job_state { OFFERED, RUNNING, OVER };

struct job {
    struct job *next;
    struct worker *w;
    char id[JOB_ID];
    enum job_state state;
    myna_us offered;
    struct myna_session *session;
    bool failed;
};

struct worker {
    const struct myna_worker_options *opt;
    struct myna_config *cfg;
    struct myna_runtime *rt;
    struct myna_host *host;
    struct myna_worker_conf conf;
    struct myna_lk_options lk;
    struct myna_ws *ws;
    struct myna_arena *mem;
    struct myna_timer retry, status;
    struct myna_lk_health *health; /* NULL: off */
    struct job *jobs;
    size_t n_jobs;
    int tries, signals;
    bool registered, draining, opened;
    double load;
    unsigned long long busy, total; /* of /proc/stat, last time */
    enum myna_err err;
    struct myna_why *why;
};

static void note(struct worker *w, const char *fmt, ...) MYNA_PRINTF(2, 3);
static void note(struct worker *w, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    myna_host_log(w->host, MYNA_LOG_INFO, "%s", text);
    if (w->opt->note)
        w->opt->note(w->opt->arg, text);
}

static void give_up(struct worker *w, enum myna_err err, const char *message)
{
    w->err = myna_fail(w->why, err, "%s", message);
    myna_runtime_stop(w->rt);
}

/* ---- what we say */

static void say(struct worker *w, const Myna__Lk__WorkerMessage *m)
{
    struct myna_buf b;

    if (!w->ws || !w->opened)
        return;
    myna_buf_init(&b, MYNA_LK_MAX_FRAME);
    myna_lk_pack(&b, &m->base);
    if (b.err || myna_ws_send(w->ws, myna_buf_view(&b), false))
        myna_host_log(w->host, MYNA_LOG_WARN, "a word to the LiveKit server is lost");
    myna_buf_fini(&b);
}

static void say_status(struct worker *w)
{
    Myna__Lk__UpdateWorkerStatus s = MYNA__LK__UPDATE_WORKER_STATUS__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;
    /* The server passes over whoever tells 0.7 or more; who does not mind the processors tells how
     * many of its places are taken. */
    double load =
        w->conf.load_threshold >= 1 ? 0.69 * (double)w->n_jobs / (double)w->conf.max_jobs : w->load;
    bool full =
        w->draining || w->n_jobs >= (size_t)w->conf.max_jobs || load >= w->conf.load_threshold;

    s.has_status_case = MYNA__LK__UPDATE_WORKER_STATUS__HAS_STATUS_STATUS;
    s.status = full;
    s.load = (float)load;
    s.job_count = (uint32_t)w->n_jobs;
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_WORKER;
    m.update_worker = &s;
    say(w, &m);
}

static void say_job(struct worker *w, const char *id, int status, const char *error)
{
    Myna__Lk__UpdateJobStatus s = MYNA__LK__UPDATE_JOB_STATUS__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;

    s.job_id = (char *)id;
    s.status = status;
    s.error = (char *)error;
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_JOB;
    m.update_job = &s;
    say(w, &m);
}

enum { JS_RUNNING = 1, JS_SUCCESS = 2, JS_FAILED = 3 };

static void say_register(struct worker *w)
{
    Myna__Lk__RegisterWorkerRequest r = MYNA__LK__REGISTER_WORKER_REQUEST__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;

    r.version = (char *)MYNA_VERSION;
    if (w->conf.agent_name)
        r.agent_name = (char *)w->conf.agent_name;
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_REGISTER;
    m.register_ = &r;
    say(w, &m);
}

/* ---- load */

static void measure(struct worker *w)
{
    unsigned long long v[8] = {0}, total = 0, busy;
    FILE *f = fopen("/proc/stat", "re");
    char line[256];
    int n = 0;

    if (f && fgets(line, sizeof line, f))
        n = sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
                   &v[4], &v[5], &v[6], &v[7]);
    if (f)
        fclose(f);
    for (int i = 0; i < n; i++)
        total += v[i];
    busy = total - v[3] - v[4]; /* idle, waiting for a disk */
    if (w->total && total > w->total)
        w->load = (double)(busy - w->busy) / (double)(total - w->total);
    w->busy = busy;
    w->total = total;
}

/* ---- jobs */

static struct job *find(struct worker *w, const char *id)
{
    for (struct job *j = w->jobs; j; j = j->next)
        if (!strcmp(j->id, id))
            return j;
    return NULL;
}

static void job_free(struct worker *w, struct job *job)
{
    for (struct job **p = &w->jobs; *p; p = &(*p)->next)
        if (*p == job) {
            *p = job->next;
            w->n_jobs--;
            break;
        }
    myna_session_destroy(job->session);
    free(job);
    if (w->draining && !w->jobs)
        myna_runtime_stop(w->rt);
}

/* Its session may still be telling its last event: freed at the next status. */
static void job_over(struct job *job, const char *error)
{
    struct worker *w = job->w;

    if (job->state == OVER)
        return;
    say_job(w, job->id, error ? JS_FAILED : JS_SUCCESS, error ? error : "");
    note(w, "job %s is over%s%s", job->id, error ? ": " : "", error ? error : "");
    job->state = OVER;
    (void)!myna_timer_set(&w->status, myna_host_now(w->host));
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct job *job = arg;

    (void)s;
    if (ev->type == MYNA_EV_CLOSE)
        job_over(job, ev->u.close.fault ? ev->u.close.fault->message : NULL);
}

static void job_start(struct worker *w, struct job *job, const char *url, const char *token)
{
    struct myna_session_options so = {.size = sizeof so, .on_event = on_event, .arg = job};
    struct myna_transport *t = NULL;
    struct myna_why why = {0};
    enum myna_err err = myna_lk_transport_for(&t, w->host, w->cfg, url, token, &why);

    if (!err) {
        so.transport = t;
        err = myna_session_create(w->rt, &so, &job->session, &why);
        if (err)
            t->cls->destroy(t);
    }
    job->state = RUNNING;
    if (!err)
        err = myna_session_start(job->session, &why);
    if (err)
        job_over(job, why.text);
    else
        say_job(w, job->id, JS_RUNNING, "");
}

/* ---- what the server says */

static void on_availability(struct worker *w, const Myna__Lk__AvailabilityRequest *rq)
{
    Myna__Lk__AvailabilityResponse a = MYNA__LK__AVAILABILITY_RESPONSE__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;
    struct job *job = NULL;
    char identity[JOB_ID + 8];

    if (!rq->job || !*rq->job->id || strlen(rq->job->id) >= JOB_ID)
        return;
    if (!w->draining && w->n_jobs < (size_t)w->conf.max_jobs && !find(w, rq->job->id))
        job = calloc(1, sizeof *job);
    a.job_id = rq->job->id;
    a.available = job != NULL;
    snprintf(identity, sizeof identity, "agent-%s", rq->job->id);
    a.participant_identity = identity;
    a.participant_name = (char *)w->lk.name;
    if (job) {
        job->w = w;
        snprintf(job->id, sizeof job->id, "%s", rq->job->id);
        job->offered = myna_host_now(w->host);
        job->next = w->jobs;
        w->jobs = job;
        w->n_jobs++;
    }
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_AVAILABILITY;
    m.availability = &a;
    say(w, &m);
}

static void on_assignment(struct worker *w, const Myna__Lk__JobAssignment *a)
{
    struct job *job = a->job ? find(w, a->job->id) : NULL;
    const char *room =
        a->job && a->job->room ? myna_lk_text(w->mem, a->job->room->name, MYNA_LK_MAX_FRAME) : NULL;
    bool has_url = a->has_url_case == MYNA__LK__JOB_ASSIGNMENT__HAS_URL_URL && *a->url;

    if (!job || job->state != OFFERED)
        return;
    note(w, "job %s begins in room %.100s", job->id, room ? room : "?");
    job_start(w, job, has_url ? a->url : w->lk.url, a->token);
}

static void on_termination(struct worker *w, const Myna__Lk__JobTermination *t)
{
    struct job *job = find(w, t->job_id);

    if (!job)
        return;
    if (job->session && job->state == RUNNING)
        myna_session_shutdown(job->session, false, "job_shutdown");
    else
        job_over(job, NULL);
}

static void on_registered(struct worker *w, const Myna__Lk__RegisterWorkerResponse *r)
{
    w->registered = true;
    w->tries = 0;
    note(w, "registered as %.60s%s%s; waiting for jobs", r->worker_id,
         w->conf.agent_name ? " for " : "", w->conf.agent_name ? w->conf.agent_name : "");
    for (struct job *j = w->jobs; j; j = j->next)
        if (j->state == RUNNING) /* to a server that has forgotten us */
            say_job(w, j->id, JS_RUNNING, "");
    say_status(w);
}

static void on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text)
{
    struct worker *w = arg;
    const Myna__Lk__ServerMessage *m =
        is_text ? NULL : myna_lk_unpack(w->mem, &myna__lk__server_message__descriptor, body);

    (void)ws;
    switch (m ? (int)m->message_case : 0) {
    case MYNA__LK__SERVER_MESSAGE__MESSAGE_REGISTER:
        on_registered(w, m->register_);
        break;
    case MYNA__LK__SERVER_MESSAGE__MESSAGE_AVAILABILITY:
        on_availability(w, m->availability);
        break;
    case MYNA__LK__SERVER_MESSAGE__MESSAGE_ASSIGNMENT:
        on_assignment(w, m->assignment);
        break;
    case MYNA__LK__SERVER_MESSAGE__MESSAGE_TERMINATION:
        on_termination(w, m->termination);
        break;
    default:
        break;
    }
    myna_arena_reset(w->mem);
}

/* ---- the socket */

static void on_opened(void *arg, struct myna_ws *ws)
{
    struct worker *w = arg;

    (void)ws;
    w->opened = true;
    say_register(w);
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

    for (struct job *j = w->jobs, *next; j; j = next) {
        next = j->next;
        if (j->state == OFFERED && now - j->offered > ASSIGNED_WITHIN)
            j->state = OVER; /* the server chose another */
        if (j->state == OVER)
            job_free(w, j);
    }
    measure(w);
    if (w->registered)
        say_status(w);
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
    say_status(w);
    note(w, "no more jobs; %zu go on to their end (once more ends at once)", w->n_jobs);
    if (!w->jobs)
        myna_runtime_stop(w->rt);
}

/* ---- run */

static enum myna_err begin(struct worker *w, struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .config = w->cfg};
    struct myna_loop *loop;
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
    measure(w);
    return connect_now(w, why);
}

enum myna_err myna_worker_run(struct myna_config *cfg, const struct myna_worker_options *opt,
                              struct myna_why *why)
{
    struct worker *w = calloc(1, sizeof *w);
    enum myna_err err;

    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    w->opt = opt;
    w->cfg = cfg;
    w->why = why;
    err = begin(w, why);
    if (!err) {
        myna_runtime_run(w->rt);
        err = w->err;
    }
    while (w->jobs)
        job_free(w, w->jobs);
    if (w->host) {
        myna_ws_destroy(w->ws);
        myna_lk_health_close(w->health);
        myna_timer_clear(&w->retry);
        myna_timer_clear(&w->status);
        (void)!myna_loop_signal(w->host->loop, SIGINT, NULL, NULL);
        (void)!myna_loop_signal(w->host->loop, SIGTERM, NULL, NULL);
    }
    myna_arena_destroy(w->mem);
    myna_runtime_destroy(w->rt);
    free(w);
    return err;
}

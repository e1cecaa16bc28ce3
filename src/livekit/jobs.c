/* jobs.c - what a worker and the server say to each other, and a session for each job. */
#include "livekit/worker_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/people.h"
#include "livekit/worker.h"
#include "util/utf8.h"

#define ASSIGNED_WITHIN (7500 * MYNA_MS)
#define IN_WITHIN       (10 * MYNA_S)

void myna_lk_w_note(struct worker *w, const char *fmt, ...)
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

/* What the server is told. It passes over whoever tells 0.7 or more; who does not mind the
 * processors tells how many of its places are taken. */
static double load_of(struct worker *w)
{
    return w->conf.load_threshold >= 1 ? 0.69 * (double)w->n_jobs / (double)w->conf.max_jobs
                                       : myna_lk_load(&w->load, myna_host_now(w->host));
}

static bool is_full(struct worker *w)
{
    return w->draining || w->n_jobs >= (size_t)w->conf.max_jobs ||
           load_of(w) >= w->conf.load_threshold;
}

void myna_lk_w_say_status(struct worker *w)
{
    Myna__Lk__UpdateWorkerStatus s = MYNA__LK__UPDATE_WORKER_STATUS__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;

    s.has_status_case = MYNA__LK__UPDATE_WORKER_STATUS__HAS_STATUS_STATUS;
    s.status = is_full(w);
    s.load = (float)load_of(w);
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

void myna_lk_w_say_register(struct worker *w)
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

/* ---- jobs */

/* It becomes part of an identity, of what we say and of the log. */
static bool is_id(const char *id)
{
    size_t len = strlen(id);

    return len && len < JOB_ID && myna_utf8_span((const uint8_t *)id, len) == len;
}

static struct job *find(struct worker *w, const char *id)
{
    for (struct job *j = w->jobs; j; j = j->next)
        if (!strcmp(j->id, id))
            return j;
    return NULL;
}

static void identity_of(char into[IDENTITY], const char *id)
{
    snprintf(into, IDENTITY, "agent-%.63s", id);
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

/* To one who outlives us. `a`: what the server gave; NULL: it is over. */
static void tell_job(struct worker *w, const struct job *job, const Myna__Lk__Job *a)
{
    bool wanted = w->opt->size >= offsetof(struct myna_worker_options, job) + sizeof w->opt->job &&
                  w->opt->job;
    struct myna_worker_job told = {.id = job->id};
    char identity[IDENTITY];

    if (!wanted)
        return;
    if (a) {
        identity_of(identity, job->id);
        told.identity = identity;
        told.dispatch = myna_lk_text(w->mem, a->dispatch_id, MYNA_LK_MAX_NAME);
        told.room = myna_lk_text(w->mem, a->room ? a->room->name : "", MYNA_LK_MAX_NAME);
        told.agent_name = myna_lk_text(w->mem, a->agent_name, MYNA_LK_MAX_NAME);
        if (!told.dispatch || !told.agent_name || !told.room || !*told.room)
            return; /* no memory, or nobody could be sent there */
    }
    w->opt->job(w->opt->arg, &told, a != NULL);
}

/* Its session may still be telling its last event: freed at the next status. */
static void job_over(struct job *job, const char *error)
{
    struct worker *w = job->w;

    if (job->state == OVER)
        return;
    say_job(w, job->id, error ? JS_FAILED : JS_SUCCESS, error ? error : "");
    if (job->state == RUNNING)
        tell_job(w, job, NULL);
    myna_lk_w_note(w, "job %s is over%s%s", job->id, error ? ": " : "", error ? error : "");
    job->state = OVER;
    (void)!myna_timer_set(&w->status, myna_host_now(w->host));
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct job *job = arg;

    myna_calls_event(job->w->calls, s, ev);
    if (ev->type == MYNA_EV_CLOSE)
        job_over(job, ev->u.close.fault ? ev->u.close.fault->message : NULL);
}

static void job_start(struct worker *w, struct job *job, const char *room, const char *url,
                      const char *token)
{
    struct myna_call_info info = {.size = sizeof info, .door = "worker", .callee = room};
    struct myna_session_options so = {.size = sizeof so, .on_event = on_event, .arg = job};
    struct myna_transport *t = NULL;
    struct myna_why why = {0};
    enum myna_err err = myna_lk_transport_for(&t, w->host, w->cfg, url, token, &why);

    job->room = t;
    if (!err) {
        so.transport = t;
        err = myna_session_create(w->rt, &so, &job->session, &why);
        if (err)
            t->cls->destroy(t);
    }
    job->state = RUNNING;
    job->begun = myna_host_now(w->host);
    if (!err) {
        myna_calls_begin(w->calls, job->session, &info);
        err = myna_session_start(job->session, &why);
        if (err)
            myna_calls_forget(w->calls, job->session);
    }
    if (err)
        job_over(job, why.text);
    else
        say_job(w, job->id, JS_RUNNING, "");
}

/* ---- what the server says */

/* Who the agent will be in the room: the server writes it into the job's token. */
static void say_available(struct worker *w, const char *id, bool available)
{
    typedef Myna__Lk__AvailabilityResponse__ParticipantAttributesEntry attribute;
    attribute name = MYNA__LK__AVAILABILITY_RESPONSE__PARTICIPANT_ATTRIBUTES_ENTRY__INIT;
    attribute *attributes[] = {&name};
    Myna__Lk__AvailabilityResponse a = MYNA__LK__AVAILABILITY_RESPONSE__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;
    char identity[IDENTITY];

    identity_of(identity, id);
    a.job_id = (char *)id;
    a.available = available;
    a.participant_identity = identity;
    a.participant_name = (char *)w->lk.name;
    if (w->lk.metadata)
        a.participant_metadata = (char *)w->lk.metadata;
    if (w->conf.agent_name && *w->conf.agent_name) {
        name.key = (char *)"lk.agent.name";
        name.value = (char *)w->conf.agent_name;
        a.participant_attributes = attributes;
        a.n_participant_attributes = 1;
    }
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_AVAILABILITY;
    m.availability = &a;
    say(w, &m);
}

static void on_availability(struct worker *w, const Myna__Lk__AvailabilityRequest *rq)
{
    struct job *job = NULL;

    if (!rq->job || !is_id(rq->job->id))
        return;
    if (!is_full(w) && !find(w, rq->job->id))
        job = calloc(1, sizeof *job);
    if (job) {
        job->w = w;
        snprintf(job->id, sizeof job->id, "%s", rq->job->id);
        job->offered = myna_host_now(w->host);
        job->next = w->jobs;
        w->jobs = job;
        w->n_jobs++;
    }
    say_available(w, rq->job->id, job != NULL);
}

static void on_assignment(struct worker *w, const Myna__Lk__JobAssignment *a)
{
    struct job *job = a->job ? find(w, a->job->id) : NULL;
    const char *room =
        a->job && a->job->room ? myna_lk_text(w->mem, a->job->room->name, MYNA_LK_MAX_FRAME) : NULL;
    bool has_url = a->has_url_case == MYNA__LK__JOB_ASSIGNMENT__HAS_URL_URL && *a->url;

    if (!job || job->state != OFFERED)
        return;
    myna_lk_w_note(w, "job %s begins in room %.100s", job->id, room ? room : "?");
    tell_job(w, job, a->job);
    job_start(w, job, room, has_url ? a->url : w->lk.url, a->token);
}

static void on_termination(struct worker *w, const Myna__Lk__JobTermination *t)
{
    struct job *job = find(w, t->job_id);

    if (!job)
        return;
    /* Whose session was lost and who joined anew has "left" for the server, and it ends the job of
     * the one who left (livekit-rtc 7.4): the talk goes on. Who is meant is removed from the room
     * as well. Who never was in has no old session. */
    if (job->state == RUNNING && job->room && myna_lk_transport_came_in(job->room) &&
        myna_lk_transport_is_unsettled(job->room)) {
        myna_lk_w_note(
            w, "job %s: the server ends it because our old session is gone; the talk goes on",
            job->id);
        return;
    }
    if (job->session && job->state == RUNNING)
        myna_session_shutdown(job->session, false, "job_shutdown");
    else
        job_over(job, NULL);
}

static void on_registered(struct worker *w, const Myna__Lk__RegisterWorkerResponse *r)
{
    w->registered = w->ever = true;
    w->tries = 0;
    myna_lk_w_note(w, "registered as %.60s%s%s; waiting for jobs", r->worker_id,
                   w->conf.agent_name ? " for " : "", w->conf.agent_name ? w->conf.agent_name : "");
    for (struct job *j = w->jobs; j; j = j->next)
        if (j->state == RUNNING) /* to a server that has forgotten us */
            say_job(w, j->id, JS_RUNNING, "");
    myna_lk_w_say_status(w);
}

void myna_lk_w_hear(struct worker *w, struct myna_view body)
{
    const Myna__Lk__ServerMessage *m =
        myna_lk_unpack(w->mem, &myna__lk__server_message__descriptor, body);

    /* Who has given up takes nothing more, also in what is left of this turn. */
    switch (m && !w->err ? (int)m->message_case : 0) {
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

/* ---- with time */

/* The server counts the job as running, and the person waits (agent-session 10.4). */
static void look_for(struct worker *w, struct job *job, myna_us now)
{
    if (job->state != RUNNING || job->missed || now - job->begun < IN_WITHIN ||
        myna_lk_transport_came_in(job->room))
        return;
    job->missed = true;
    myna_host_log(
        w->host, MYNA_LOG_WARN,
        "not in the room %d s after the job began: can this machine reach the server that "
        "the job names? job=%s",
        (int)((now - job->begun) / MYNA_S), job->id);
}

void myna_lk_w_tidy(struct worker *w, myna_us now)
{
    for (struct job *j = w->jobs, *next; j; j = next) {
        next = j->next;
        if (j->state == OFFERED && now - j->offered > ASSIGNED_WITHIN)
            j->state = OVER; /* the server chose another */
        look_for(w, j, now);
        if (j->state == OVER)
            job_free(w, j);
    }
    (void)load_of(w); /* looked at also while nobody is told */
    if (w->registered)
        myna_lk_w_say_status(w);
}

void myna_lk_w_free_jobs(struct worker *w)
{
    while (w->jobs)
        job_free(w, w->jobs);
}

/* again.c - see again.h. */
#include "livekit/again.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <myna/livekit.h>

#include "livekit/attendance.h"
#include "util/clock.h"
#include "util/json_dump.h"
#include "util/json_load.h"

static const int before_try_ms[MYNA_LK_AGAIN_TRIES] = {0, 1000, 2000, 4000, 8000, 15000, 30000};
static const int look_every_ms = 250;
static const int looks[MYNA_LK_AGAIN_TRIES] = {6, 12, 24, 24, 24, 24, 24};

/* A call may hang for ten seconds more (api.c). */
#define ASK_FOR       (108 * MYNA_S)
#define TAKE_BACK_FOR (110 * MYNA_S)

enum { AD_ID = 128 };

struct lost {
    const struct myna_worker_job *job;
    json_t *about;   /* request for a dispatch like the first; NULL: not known yet */
    json_t *before;  /* the room's dispatches when that was read */
    char now[AD_ID]; /* the new dispatch that nobody has taken yet; "" none */
    int agents;      /* that were in the room before it; -1: not counted yet */
    bool tried;      /* this time */
    bool unsure;     /* the server did not say what became of the last request for one */
    bool kept;       /* nor whether it was deleted */
    bool settled;
};

static void say(const struct myna_lk_again *w, bool bad, const char *fmt, ...) MYNA_PRINTF(3, 4);
static void say(const struct myna_lk_again *w, bool bad, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    w->note(w->arg, bad, text);
}

/* `request` is taken. NULL with a sentence in `why`. */
static json_t *ask(const struct myna_lk_again *w, const char *service, const char *method,
                   const char *room, json_t *request, struct myna_why *why)
{
    char *text = myna_json_dump(request, JSON_COMPACT), *answer = NULL;
    json_t *body = NULL;
    enum myna_err err = text ? w->api(w->arg, service, method, room, text, &answer, why)
                             : myna_fail(why, MYNA_ENOMEM, "memory is short");

    json_decref(request);
    free(text);
    if (!err) {
        body = myna_json_loads(answer, 0, NULL);
        if (!json_is_object(body)) {
            json_decref(body);
            body = NULL;
            (void)myna_fail(why, MYNA_EPROVIDER, "the server's answer is no JSON");
        }
    }
    free(answer);
    return body;
}

/* id NULL: all of the room. */
static json_t *dispatches(const struct myna_lk_again *w, const char *room, const char *id,
                          struct myna_why *why)
{
    return ask(w, "AgentDispatchService", "ListDispatch", room,
               json_pack("{s:s*, s:s}", "dispatch_id", id, "room", room), why);
}

static json_t *by_id(json_t *all, const char *id)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(all, "agent_dispatches"), i, one)
    {
        const char *its = json_string_value(json_object_get(one, "id"));

        if (its && !strcmp(its, id))
            return one;
    }
    return NULL;
}

struct there {
    int people, agents; /* people -1: not known; agents: without the dead one */
    bool dead;          /* it is still seen */
};

static struct there who_is_there(const struct myna_lk_again *w, const struct myna_worker_job *job,
                                 struct myna_why *why)
{
    json_t *all = ask(w, "RoomService", "ListParticipants", job->room,
                      json_pack("{s:s}", "room", job->room), why),
           *one;
    char *text = myna_json_dump(all, JSON_COMPACT);
    struct there t = {.people = text ? myna_lk_attendance(text, strlen(text), job->identity) : -1};
    size_t i;

    json_array_foreach(json_object_get(all, "participants"), i, one)
    {
        const char *identity = json_string_value(json_object_get(one, "identity"));
        const char *kind = json_string_value(json_object_get(one, "kind"));

        if (identity && !strcmp(identity, job->identity))
            t.dead = true;
        else
            t.agents += kind && !strcmp(kind, "AGENT");
    }
    free(text);
    json_decref(all);
    return t;
}

static void put_out(const struct myna_lk_again *w, const struct myna_worker_job *job)
{
    struct myna_why ignored;

    json_decref(ask(w, "RoomService", "RemoveParticipant", job->room,
                    json_pack("{s:s, s:s}", "room", job->room, "identity", job->identity),
                    &ignored));
}

/* A dispatch like the one it came from; when the server has forgotten that, by name alone. */
static bool recall(const struct myna_lk_again *w, struct lost *l, struct myna_why *why)
{
    static const char *const kept[] = {"metadata", "attributes", "deployment"};
    const struct myna_worker_job *job = l->job;
    json_t *all = dispatches(w, job->room, NULL, why);
    const json_t *first = *job->dispatch ? by_id(all, job->dispatch) : NULL;
    bool whole = all != NULL;

    l->about = json_pack("{s:s, s:s}", "room", job->room, "agent_name", job->agent_name);
    for (size_t i = 0; first && i < sizeof kept / sizeof *kept; i++) {
        json_t *v = json_object_get(first, kept[i]);

        if (v && json_object_set(l->about, kept[i], v))
            whole = false;
    }
    l->before = all;
    if (whole && l->about)
        return true;
    if (all)
        (void)myna_fail(why, MYNA_ENOMEM, "memory is short");
    json_decref(l->about);
    json_decref(l->before);
    l->about = l->before = NULL;
    return false;
}

/* A dispatch that was made although its answer got lost: one of that name which was not there. */
static bool found(const struct myna_lk_again *w, struct lost *l, struct myna_why *why)
{
    json_t *all = dispatches(w, l->job->room, NULL, why), *one;
    size_t i;

    l->unsure = all == NULL;
    json_array_foreach(json_object_get(all, "agent_dispatches"), i, one)
    {
        const char *id = json_string_value(json_object_get(one, "id"));
        const char *name = json_string_value(json_object_get(one, "agent_name"));

        if (id && strlen(id) < sizeof l->now && !strcmp(name ? name : "", l->job->agent_name) &&
            !by_id(l->before, id))
            snprintf(l->now, sizeof l->now, "%s", id);
    }
    json_decref(all);
    return *l->now;
}

static void taken(const struct myna_lk_again *w, struct lost *l)
{
    say(w, false, "room %.100s: another worker takes the place of job %s", l->job->room,
        l->job->id);
    l->settled = true;
}

static bool make(const struct myna_lk_again *w, struct lost *l, struct myna_why *why)
{
    json_t *made =
        ask(w, "AgentDispatchService", "CreateDispatch", l->job->room, json_incref(l->about), why);
    const char *id = json_string_value(json_object_get(made, "id"));
    bool is = id && strlen(id) < sizeof l->now;

    if (is)
        snprintf(l->now, sizeof l->now, "%s", id);
    else if (made)
        (void)myna_fail(why, MYNA_EPROVIDER, "the server does not name the dispatch it made");
    l->unsure = !is;
    json_decref(made);
    return is;
}

static void nobody_is_there(const struct myna_lk_again *w, struct lost *l)
{
    say(w, false, "room %.100s: job %s was lost; nobody is there any more", l->job->room,
        l->job->id);
    l->settled = true;
}

static bool is_over(const struct myna_lk_again *w, myna_us until)
{
    return w->now(w->arg) >= until;
}

static bool in_time(const struct myna_lk_again *w, myna_us until, struct myna_why *why)
{
    if (is_over(w, until))
        (void)myna_fail(why, MYNA_ETIMEOUT, "the server was too slow");
    return !is_over(w, until);
}

/* After `until` none is made: nobody would be left to take it back. */
static bool ask_for_another(const struct myna_lk_again *w, struct lost *l, myna_us until,
                            struct myna_why *why)
{
    if (!l->about && !(in_time(w, until, why) && recall(w, l, why)))
        return false;
    if (l->unsure)
        return in_time(w, until, why) && found(w, l, why);
    return in_time(w, until, why) && make(w, l, why);
}

static void dispatch(const struct myna_lk_again *w, struct lost *l, myna_us until)
{
    const struct myna_worker_job *job = l->job;
    struct myna_why why = {0};
    struct there t = who_is_there(w, job, &why);
    bool done = false;

    l->tried = true;
    if (t.dead && !is_over(w, until))
        put_out(w, job);
    if (t.people == 0) {
        nobody_is_there(w, l);
        return;
    }
    if (t.people > 0 && l->agents >= 0 && t.agents > l->agents) {
        taken(w, l);
        return;
    }
    if (t.people > 0) {
        if (l->agents < 0)
            l->agents = t.agents;
        done = ask_for_another(w, l, until, &why);
    }
    if (!done)
        say(w, true, "room %.100s: no other agent can be asked for: %.300s", job->room, why.text);
}

/* The server tells a dispatch's jobs only seconds later when it had to ask around for workers; that
 * one more agent is in the room it tells at once. */
static void look(const struct myna_lk_again *w, struct lost *l, myna_us until)
{
    struct myna_why ignored = {0};
    struct there t = who_is_there(w, l->job, &ignored);
    json_t *all = t.agents > l->agents || is_over(w, until)
                      ? NULL
                      : dispatches(w, l->job->room, l->now, &ignored);
    const json_t *list = json_object_get(all, "agent_dispatches");
    const json_t *jobs = json_object_get(json_object_get(json_array_get(list, 0), "state"), "jobs");

    if (t.agents > l->agents || json_array_size(jobs)) {
        taken(w, l);
    } else if (all && !json_array_size(list) && l->kept) { /* it was deleted after all */
        *l->now = '\0';
        l->kept = false;
        l->agents = -1;
    } else if (l->kept && t.people == 0) { /* no deletion and no list of a room that is gone */
        nobody_is_there(w, l);
    }
    json_decref(all);
}

static size_t open_ones(const struct lost *all, size_t n, bool asked)
{
    size_t open = 0;

    for (size_t i = 0; i < n; i++)
        open += !all[i].settled && (!asked || *all[i].now);
    return open;
}

static void take_back(const struct myna_lk_again *w, struct lost *l)
{
    struct myna_why ignored;
    json_t *gone =
        ask(w, "AgentDispatchService", "DeleteDispatch", l->job->room,
            json_pack("{s:s, s:s}", "dispatch_id", l->now, "room", l->job->room), &ignored);

    l->kept = !gone;
    if (gone) { /* who came too late is leaving, and may still be seen */
        *l->now = '\0';
        l->agents = -1;
    }
    json_decref(gone);
}

/* Of several that were lost in one room one after the other: who has come instead of which? */
static bool is_its_turn(const struct lost *all, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!all[k].settled && !strcmp(all[k].job->room, all[i].job->room))
            return false;
    return !all[i].settled;
}

static void look_around(const struct myna_lk_again *w, struct lost *all, size_t n, bool begin,
                        myna_us until)
{
    for (size_t i = 0; i < n && !is_over(w, until); i++) {
        if (!all[i].settled && *all[i].now)
            look(w, &all[i], until);
        if (begin && !*all[i].now && is_its_turn(all, i) && !all[i].tried && !is_over(w, until))
            dispatch(w, &all[i], until);
    }
}

static void try_once(const struct myna_lk_again *w, struct lost *all, size_t n, int attempt,
                     myna_us began)
{
    int next = attempt + 1 < MYNA_LK_AGAIN_TRIES ? before_try_ms[attempt + 1] / 1000 : 0;

    for (int k = 0; k <= looks[attempt] && !is_over(w, began + ASK_FOR); k++) {
        look_around(w, all, n, k < looks[attempt] / 2, began + ASK_FOR);
        if (!open_ones(all, n, true))
            break;
        w->wait(w->arg, look_every_ms);
    }
    look_around(w, all, n, false, began + ASK_FOR); /* in the last moment */
    for (size_t i = 0; i < n; i++) {
        all[i].tried = false;
        if (all[i].settled)
            continue;
        if (*all[i].now && !is_over(w, began + TAKE_BACK_FOR))
            take_back(w, &all[i]);
        if (next && !is_over(w, began + ASK_FOR))
            say(w, false, "room %.100s: no worker takes the place of job %s yet, again in %d s",
                all[i].job->room, all[i].job->id, next);
    }
}

size_t myna_lk_send_again(const struct myna_lk_again *w, const struct myna_worker_job *jobs,
                          size_t n)
{
    struct lost *all = calloc(n ? n : 1, sizeof *all);
    myna_us began = w->now(w->arg);
    size_t left;
    int tries = 0;

    if (!all)
        return n;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct lost){.job = &jobs[i], .agents = -1};
    while (tries < MYNA_LK_AGAIN_TRIES && open_ones(all, n, false) &&
           !is_over(w, began + ASK_FOR - before_try_ms[tries] * MYNA_MS)) {
        if (before_try_ms[tries])
            w->wait(w->arg, before_try_ms[tries]);
        try_once(w, all, n, tries++, began);
    }
    left = open_ones(all, n, false);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].settled)
            say(w, true,
                "room %.100s is left without an agent: job %s was lost, and no worker took its "
                "place in %d tries",
                all[i].job->room, all[i].job->id, tries);
        json_decref(all[i].about);
        json_decref(all[i].before);
    }
    free(all);
    return left;
}

/* ---- with the real server and the real time */

struct real {
    struct myna_config *cfg;
    void (*note)(void *arg, bool bad, const char *text);
    void *arg;
};

static enum myna_err real_api(void *arg, const char *service, const char *method, const char *room,
                              const char *request, char **out, struct myna_why *why)
{
    struct real *r = arg;

    return myna_livekit_api(r->cfg, service, method, room, MYNA_LIVEKIT_ADMIN, request, out, why);
}

static void real_wait(void *arg, int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)arg;
    (void)nanosleep(&t, NULL);
}

static myna_us real_now(void *arg)
{
    (void)arg;
    return myna_clock_monotonic();
}

static void real_note(void *arg, bool bad, const char *text)
{
    struct real *r = arg;

    r->note(r->arg, bad, text);
}

size_t myna_worker_send_again(struct myna_config *cfg, const struct myna_worker_job *jobs, size_t n,
                              void (*note)(void *arg, bool bad, const char *text), void *arg)
{
    struct real r = {cfg, note, arg};
    struct myna_lk_again with = {real_api, real_now, real_wait, real_note, &r};

    return myna_lk_send_again(&with, jobs, n);
}

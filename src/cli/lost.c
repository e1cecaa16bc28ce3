/* lost.c - see lost.h. A word is one packet: {"job", "dispatch", "room", "identity", "agent"} when
 * it begins, {"over"} when it is over.
 */
#include "lost.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "supervise.h"
#include "util/json_load.h"

enum {
    MOST_JOBS = 1000, /* of a process; worker.max_jobs cannot be more */
    MOST_ROOMS = 64,  /* that are remembered for having lost an agent */
    DEATHS = 3,
    WITHIN_S = 600,
    NAME = 257
};

struct have { /* all its texts stand in `words` */
    json_t *words;
    struct myna_worker_job job;
};

struct room {
    char name[NAME];
    int deaths;
    time_t last;
};

struct lost {
    struct myna_config *cfg;
    bool quiet;
    int n;
    struct {
        struct have *jobs;
        size_t n;
    } of[SUPERVISE_MAX];
    struct room rooms[MOST_ROOMS];
};

static void note(void *arg, bool bad, const char *text)
{
    const struct lost *l = arg;

    if (!bad && l->quiet)
        return;
    fprintf(bad ? stderr : stdout, "%s\n", text);
    fflush(bad ? stderr : stdout);
}

struct lost *myna_cli_lost_create(struct myna_config *cfg, int processes, bool quiet)
{
    struct lost *l = calloc(1, sizeof *l);

    if (l) {
        l->cfg = cfg;
        l->n = processes;
        l->quiet = quiet;
    }
    return l;
}

static void forget(struct lost *l, int i)
{
    for (size_t k = 0; k < l->of[i].n; k++)
        json_decref(l->of[i].jobs[k].words);
    free(l->of[i].jobs);
    l->of[i].jobs = NULL;
    l->of[i].n = 0;
}

void myna_cli_lost_destroy(struct lost *l)
{
    for (int i = 0; l && i < l->n; i++)
        forget(l, i);
    free(l);
}

static void begun(struct lost *l, int i, json_t *words)
{
    struct have h = {.words = words}, *more;
    size_t n = l->of[i].n;

    if (json_unpack(words, "{s:s, s:s, s:s, s:s, s:s}", "job", &h.job.id, "dispatch",
                    &h.job.dispatch, "room", &h.job.room, "identity", &h.job.identity, "agent",
                    &h.job.agent_name) ||
        n >= MOST_JOBS || strlen(h.job.room) >= NAME)
        return;
    more = realloc(l->of[i].jobs, (n + 1) * sizeof *more);
    if (!more)
        return;
    json_incref(words);
    l->of[i].jobs = more;
    more[l->of[i].n++] = h;
}

static void over(struct lost *l, int i, const char *id)
{
    struct have *jobs = l->of[i].jobs;

    for (size_t k = 0; k < l->of[i].n; k++)
        if (!strcmp(jobs[k].job.id, id)) {
            json_decref(jobs[k].words);
            jobs[k] = jobs[--l->of[i].n];
            return;
        }
}

void myna_cli_lost_told(struct lost *l, int i, const char *bytes, size_t len)
{
    json_t *words = myna_json_loadb(bytes, len, 0, NULL);
    const char *id = json_string_value(json_object_get(words, "over"));

    if (id)
        over(l, i, id);
    else if (words)
        begun(l, i, words);
    json_decref(words);
}

static int deaths_of(const struct lost *l, const char *name)
{
    for (const struct room *r = l->rooms; r < l->rooms + MOST_ROOMS; r++)
        if (!strcmp(r->name, name))
            return r->deaths;
    return 0;
}

/* Counts a death in that room: the how manieth in a row is it? */
static int died_in(struct lost *l, const char *name)
{
    struct room *at = &l->rooms[0];
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    for (struct room *r = l->rooms; r < l->rooms + MOST_ROOMS; r++) {
        if (!strcmp(r->name, name)) {
            at = r;
            break;
        }
        if (r->last < at->last)
            at = r;
    }
    if (strcmp(at->name, name) != 0 || t.tv_sec - at->last > WITHIN_S)
        at->deaths = 0;
    snprintf(at->name, sizeof at->name, "%s", name);
    at->last = t.tv_sec;
    return ++at->deaths;
}

/* Of the room of job k: it is one death however many jobs the process had there. */
static int deaths_in(struct lost *l, int i, size_t k)
{
    const char *name = l->of[i].jobs[k].job.room;

    for (size_t before = 0; before < k; before++)
        if (!strcmp(l->of[i].jobs[before].job.room, name))
            return deaths_of(l, name);
    return died_in(l, name);
}

/* In a process of its own: the watcher must not wait for a server. */
static void send_again(struct lost *l, const struct myna_worker_job *jobs, size_t n)
{
    pid_t watcher = getpid(), pid;
    sigset_t none;

    fflush(NULL);
    pid = fork();
    if (pid < 0)
        note(l, true, "the lost talks cannot be given to others: no process for it");
    if (pid != 0)
        return;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    if (getppid() != watcher)
        _exit(1);
    _exit(myna_worker_send_again(l->cfg, jobs, n, note, l) != 0);
}

void myna_cli_lost_gone(struct lost *l, int i, bool killed)
{
    struct myna_worker_job *jobs = killed ? calloc(l->of[i].n + 1, sizeof *jobs) : NULL;
    size_t n = 0;

    for (size_t k = 0; jobs && k < l->of[i].n; k++) {
        const struct myna_worker_job *job = &l->of[i].jobs[k].job;
        char text[400];

        if (deaths_in(l, i, k) >= DEATHS) {
            snprintf(text, sizeof text,
                     "room %.100s: the process of job %.64s was killed, the third in that room; "
                     "it is given to no other",
                     job->room, job->id);
            note(l, true, text);
            continue;
        }
        jobs[n++] = *job;
    }
    if (n)
        send_again(l, jobs, n);
    free(jobs);
    forget(l, i);
}

void myna_cli_lost_tell(int line, const struct myna_worker_job *job, bool begins)
{
    json_t *words =
        begins ? json_pack("{s:s, s:s, s:s, s:s, s:s}", "job", job->id, "dispatch", job->dispatch,
                           "room", job->room, "identity", job->identity, "agent", job->agent_name)
               : json_pack("{s:s}", "over", job->id);
    char text[SUPERVISE_WORD];
    size_t n = words ? json_dumpb(words, text, sizeof text, JSON_COMPACT) : 0;

    if (n && n <= sizeof text)
        (void)!send(line, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    json_decref(words);
}

/* supervise.c - see supervise.h. No loop: it only waits, for an end or for a signal. */
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 256, LONGEST_WAIT_S = 10, LIVED_WELL_S = 30 };

struct child {
    pid_t pid;          /* 0: not there */
    time_t born, again; /* again: it is started then; 0: not any more */
    int wait_s;
};

struct watch {
    const struct supervise *how;
    struct child children[SUPERVISE_MAX];
    sigset_t waited, before;
    bool ending;
    int bad;
};

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void note(const struct watch *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(const struct watch *w, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (w->how->note)
        w->how->note(w->how->arg, text);
}

/* In the child: only what may be done between fork and exec. */
static void become(const struct watch *w, pid_t watcher, const char **argv)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != watcher)
        _exit(1);
    (void)setpgid(0, 0); /* a Ctrl-C is the watcher's, which passes it on once */
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    execv("/proc/self/exe", (char *const *)(void *)argv);
    _exit(127);
}

static void start(struct watch *w, int i)
{
    struct child *c = &w->children[i];
    const char *argv[MAX_ARGS];
    pid_t watcher = getpid();
    size_t n = 0;

    for (; n < MAX_ARGS - SUPERVISE_MORE - 1 && w->how->args[n]; n++)
        argv[n] = w->how->args[n];
    argv[n] = NULL;
    if (w->how->more)
        w->how->more(w->how->arg, i, argv + n);
    c->born = now();
    c->again = 0;
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0)
        become(w, watcher, argv);
    if (c->pid < 0) {
        c->pid = 0;
        c->again = now() + 1;
        note(w, "process %d cannot be started: %s", i, strerror(errno));
    } else {
        note(w, "process %d runs as %d", i, (int)c->pid);
    }
}

static void pass_on(struct watch *w, int signum)
{
    w->ending = true;
    for (int i = 0; i < w->how->n; i++) {
        w->children[i].again = 0;
        if (w->children[i].pid)
            (void)kill(w->children[i].pid, signum);
    }
}

static void died(struct watch *w, int i, int status)
{
    struct child *c = &w->children[i];
    bool soon = now() - c->born < LIVED_WELL_S;

    c->pid = 0;
    if (WIFEXITED(status)) { /* it has decided so, and the next one would do the same */
        w->bad += WEXITSTATUS(status) != 0;
        if (WEXITSTATUS(status) && !w->ending)
            pass_on(w, SIGTERM);
        return;
    }
    if (w->ending)
        return;
    c->wait_s = soon ? (c->wait_s ? 2 * c->wait_s : 1) : 0;
    if (c->wait_s > LONGEST_WAIT_S)
        c->wait_s = LONGEST_WAIT_S;
    c->again = now() + c->wait_s;
    note(w, "process %d was killed (signal %d), again in %d s", i, WTERMSIG(status), c->wait_s);
}

static void reap(struct watch *w)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < w->how->n; i++)
            if (w->children[i].pid == pid)
                died(w, i, status);
}

/* Seconds until somebody is due; starts who is. -1: nobody is left. */
static int due(struct watch *w)
{
    int wait = -1;

    for (int i = 0; i < w->how->n; i++) {
        struct child *c = &w->children[i];

        if (c->again && c->again <= now())
            start(w, i);
        if (c->again && (wait < 0 || c->again - now() < wait))
            wait = (int)(c->again - now());
        else if (c->pid && wait < 0)
            wait = 3600;
    }
    return wait;
}

static void run(struct watch *w)
{
    int wait;

    while ((wait = due(w)) >= 0) {
        struct timespec t = {.tv_sec = wait};
        int signum = sigtimedwait(&w->waited, NULL, &t);

        if (signum == SIGINT || signum == SIGTERM)
            pass_on(w, signum);
        reap(w);
    }
}

enum myna_err myna_cli_supervise(const struct supervise *how, struct myna_why *why)
{
    struct watch *w = calloc(1, sizeof *w);
    int bad;

    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    w->how = how;
    sigemptyset(&w->waited);
    sigaddset(&w->waited, SIGCHLD);
    sigaddset(&w->waited, SIGINT);
    sigaddset(&w->waited, SIGTERM);
    sigprocmask(SIG_BLOCK, &w->waited, &w->before);
    for (int i = 0; i < how->n; i++)
        start(w, i);
    run(w);
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    bad = w->bad;
    free(w);
    return bad ? MYNA_EDIFFER : MYNA_OK;
}

/* supervise.c - see supervise.h. No loop: it only waits, for a word, an end or a signal. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 256, LONGEST_WAIT_S = 10, LIVED_WELL_S = 30 };
enum { MISUSE = 2 }; /* main.c */
enum { LINE = 3 };   /* in the child: the first descriptor behind the usual three */

struct child {
    pid_t pid;          /* 0: not there */
    int line;           /* our end; -1: none */
    time_t born, again; /* again: it is started then; 0: not any more */
    int wait_s, lives;
};

struct watch {
    const struct supervise *how;
    struct child children[SUPERVISE_MAX];
    sigset_t waited, before;
    int signals; /* a descriptor that tells of those waited for */
    bool ending;
    int bad;
    bool misused; /* one of them said so */
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

static void hang_up(struct child *c)
{
    if (c->line >= 0)
        close(c->line);
    c->line = -1;
}

/* In the child: only what may be done between fork and exec. */
static void become(const struct watch *w, pid_t watcher, int line, const char **argv)
{
    if (line == LINE)
        (void)fcntl(line, F_SETFD, 0);
    else if (line >= 0)
        (void)dup2(line, LINE);
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
    int line[2];
    size_t n = 0;

    for (; n < MAX_ARGS - SUPERVISE_MORE - 1 && w->how->args[n]; n++)
        argv[n] = w->how->args[n];
    argv[n] = NULL;
    if (w->how->more)
        w->how->more(w->how->arg, i, argv + n);
    c->born = now();
    c->again = 0;
    c->lives++;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line))
        line[0] = line[1] = -1; /* it works, but nobody hears what it does */
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0)
        become(w, watcher, line[1], argv);
    if (line[1] >= 0)
        close(line[1]);
    c->line = line[0];
    if (c->pid < 0) {
        hang_up(c);
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

static void hear(struct watch *w, int i)
{
    char word[SUPERVISE_WORD];
    ssize_t n;

    while (w->children[i].line >= 0) {
        n = recv(w->children[i].line, word, sizeof word, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            hang_up(&w->children[i]);
        else if (w->how->told)
            w->how->told(w->how->arg, i, word, (size_t)n);
    }
}

static void died(struct watch *w, int i, int status)
{
    struct child *c = &w->children[i];
    bool soon = now() - c->born < LIVED_WELL_S;

    c->pid = 0;
    hear(w, i);
    hang_up(c);
    if (w->how->gone)
        w->how->gone(w->how->arg, i, !WIFEXITED(status) && !w->ending);
    /* It has decided so, and the next one would do the same. Only where another has lived before it
     * something has changed around it, which may pass, and the others' talks go on. */
    if (WIFEXITED(status) && !(WEXITSTATUS(status) && c->lives > 1 && !w->ending)) {
        w->bad += WEXITSTATUS(status) != 0;
        w->misused |= WEXITSTATUS(status) == MISUSE;
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
    if (WIFEXITED(status))
        note(w, "process %d ended with an error, again in %d s", i, c->wait_s);
    else
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

/* The first signal that has come; 0 none. */
static int signal_of(const struct watch *w)
{
    struct signalfd_siginfo got;

    return read(w->signals, &got, sizeof got) == sizeof got ? (int)got.ssi_signo : 0;
}

static void run(struct watch *w)
{
    int wait, signum;

    while ((wait = due(w)) >= 0) {
        struct pollfd fds[SUPERVISE_MAX + 1] = {{.fd = w->signals, .events = POLLIN}};

        for (int i = 0; i < w->how->n; i++)
            fds[i + 1] = (struct pollfd){.fd = w->children[i].line, .events = POLLIN};
        (void)!poll(fds, (nfds_t)w->how->n + 1, wait * 1000);
        for (int i = 0; i < w->how->n; i++)
            if (fds[i + 1].revents)
                hear(w, i);
        while ((signum = signal_of(w)))
            if (signum == SIGINT || signum == SIGTERM)
                pass_on(w, signum);
        reap(w);
    }
}

enum myna_err myna_cli_supervise(const struct supervise *how, struct myna_why *why)
{
    struct watch *w = calloc(1, sizeof *w);
    enum myna_err err;

    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    w->how = how;
    sigemptyset(&w->waited);
    sigaddset(&w->waited, SIGCHLD);
    sigaddset(&w->waited, SIGINT);
    sigaddset(&w->waited, SIGTERM);
    w->signals = signalfd(-1, &w->waited, SFD_CLOEXEC | SFD_NONBLOCK);
    if (w->signals < 0) {
        free(w);
        return myna_fail(why, MYNA_EIO, "cannot watch for signals: %s", strerror(errno));
    }
    sigprocmask(SIG_BLOCK, &w->waited, &w->before);
    for (int i = 0; i < how->n; i++)
        start(w, i);
    run(w);
    close(w->signals);
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    err = w->misused ? MYNA_ECONFIG : w->bad ? MYNA_EDIFFER : MYNA_OK;
    free(w);
    return err;
}

/* Of nobody else: a line whose other end was made by our parent. */
int myna_cli_supervised(void)
{
    struct ucred peer = {0};
    socklen_t n = sizeof peer;

    if (getsockopt(LINE, SOL_SOCKET, SO_PEERCRED, &peer, &n) || peer.pid != getppid())
        return -1;
    (void)fcntl(LINE, F_SETFD, FD_CLOEXEC);
    return LINE;
}

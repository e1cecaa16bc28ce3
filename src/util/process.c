/* process.c - three pipes and a pidfd on the loop.
 *
 * The pidfd becomes readable when the program is a zombie. The order then matters: its group is
 * killed while the zombie still keeps the number of the group from being given away, its output is
 * read to what is there, and only then it is reaped.
 */
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/host.h"

enum {
    MAX_INPUT = 4 << 20,
    CHUNK = 16384,
    READS = 16,
    LAST_READS = 80,
    ERRORS = 1024,
    MAX_ENV = 64
};
#define KILL_AFTER MYNA_S
/* LAST_READS: more than the largest pipe holds, so that a stranger who floods it does not keep us.
 */

struct myna_process {
    struct myna_process *next;
    struct myna_host *host;
    struct myna_process_start how;
    pid_t pid;
    int pidfd, in, out, err;
    struct myna_poll *exit_poll, *in_poll, *out_poll, *err_poll;
    struct myna_buf input;
    bool close_input;
    bool ended;   /* by its owner: nothing is told */
    bool telling; /* inside out() or exited() */
    struct myna_timer kill;
    int signals; /* sent so far */
    char said[ERRORS];
    char line[ERRORS];
};

/* ------------------------------------------------------------------ descriptors */

static void drop(struct myna_poll **poll, int *fd)
{
    myna_loop_poll_close(*poll);
    *poll = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_process(struct myna_process *p)
{
    struct myna_process **at = &p->host->processes;

    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    myna_timer_clear(&p->kill);
    drop(&p->exit_poll, &p->pidfd);
    drop(&p->in_poll, &p->in);
    drop(&p->out_poll, &p->out);
    drop(&p->err_poll, &p->err);
    myna_buf_fini(&p->input);
    free(p);
}

/* ------------------------------------------------------------------ input */

/* Writing to one who is gone is no signal for the whole program, whatever that does with SIGPIPE.
 */
static ssize_t write_quietly(int fd, const uint8_t *ptr, size_t len)
{
    const struct timespec now = {0};
    sigset_t pipe_only, before, waiting;
    ssize_t n;
    int why;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&waiting);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    n = write(fd, ptr, len);
    why = errno;
    if (n < 0 && why == EPIPE && !sigismember(&waiting, SIGPIPE))
        (void)sigtimedwait(&pipe_only, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return n;
}

static void write_some(struct myna_process *p)
{
    while (p->in >= 0 && p->input.len) {
        ssize_t n = write_quietly(p->in, p->input.ptr, p->input.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) { /* it has closed its input; its end will be told */
            drop(&p->in_poll, &p->in);
            return;
        }
        myna_buf_drop(&p->input, (size_t)n);
    }
    if (p->in >= 0 && !p->input.len && p->close_input)
        drop(&p->in_poll, &p->in);
    if (p->in_poll)
        myna_loop_poll_events(p->in_poll, p->input.len ? 2 : 0);
}

static void can_write(void *arg, int events)
{
    (void)events;
    write_some(arg);
}

enum myna_err myna_process_write(struct myna_process *p, struct myna_view bytes)
{
    if (p->in < 0)
        return MYNA_OK;
    if (p->input.len + bytes.len > MAX_INPUT)
        return MYNA_ELIMIT;
    if (myna_buf_put(&p->input, bytes.ptr, bytes.len))
        return MYNA_ENOMEM;
    write_some(p);
    return MYNA_OK;
}

void myna_process_close_input(struct myna_process *p)
{
    p->close_input = true;
    write_some(p);
}

/* ------------------------------------------------------------------ output */

static void tell_out(struct myna_process *p, struct myna_view bytes)
{
    if (p->ended)
        return;
    p->telling = true;
    p->how.out(p->how.arg, p, bytes);
    p->telling = false;
    if (p->ended)
        drop(&p->out_poll, &p->out);
}

/* Reads what is there, a bounded piece of it; a program that floods takes turns with the rest. */
static void read_out(struct myna_process *p, int reads)
{
    uint8_t bytes[CHUNK];

    while (p->out >= 0 && reads-- > 0) {
        ssize_t n = read(p->out, bytes, sizeof bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            drop(&p->out_poll, &p->out);
            n = 0;
        }
        tell_out(p, (struct myna_view){bytes, (size_t)n});
    }
}

static void can_read(void *arg, int events)
{
    (void)events;
    read_out(arg, READS);
}

static void read_errors(struct myna_process *p)
{
    char bytes[CHUNK];
    ssize_t n = 0;

    for (int i = 0; p->err >= 0 && i < READS; i++) {
        size_t len = strlen(p->said), take, room = sizeof p->said - 1;

        n = read(p->err, bytes, sizeof bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            break;
        if (n <= 0) {
            drop(&p->err_poll, &p->err);
            break;
        }
        for (ssize_t k = 0; k < n; k++)
            if (!bytes[k])
                bytes[k] = ' ';
        take = (size_t)n > room ? room : (size_t)n;
        if (len + take > room) {
            size_t forget = len + take - room;

            memmove(p->said, p->said + forget, len - forget + 1);
            len -= forget;
        }
        memcpy(p->said + len, bytes + (size_t)n - take, take);
        p->said[len + take] = '\0';
    }
}

static void can_read_errors(void *arg, int events)
{
    (void)events;
    read_errors(arg);
}

const char *myna_process_said(struct myna_process *p)
{
    const char *end, *start;
    size_t n = 0;

    read_errors(p);
    end = p->said + strlen(p->said);
    while (end > p->said && strchr("\r\n \t", end[-1]))
        end--;
    start = end;
    while (start > p->said && start[-1] != '\n')
        start--;
    for (const char *c = start; c < end && n < 200; c++)
        if (c > start || ((unsigned char)*c & 0xc0) != 0x80) /* cut into a character */
            p->line[n++] = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    p->line[n] = '\0';
    return p->line;
}

/* ------------------------------------------------------------------ its end */

static void signal_group(struct myna_process *p, int sig)
{
    if (kill(-p->pid, sig))
        (void)kill(p->pid, sig); /* before it has its group */
}

/* It is a zombie. */
static void finish(struct myna_process *p)
{
    int status = 0, code;

    (void)kill(-p->pid, SIGKILL); /* what it has left behind */
    if (!p->ended) {
        read_errors(p);
        read_out(p, LAST_READS);
        if (p->out >= 0) /* somebody outside of its group has it open */
            tell_out(p, (struct myna_view){NULL, 0});
    }
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    p->pid = 0;
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!p->ended) {
        p->telling = true; /* its owner may end it in there */
        p->how.exited(p->how.arg, p, code);
    }
    free_process(p);
}

static void has_exited(void *arg, int events)
{
    (void)events;
    finish(arg);
}

static void kill_it(struct myna_timer *t)
{
    struct myna_process *p = t->arg;

    signal_group(p, p->signals++ ? SIGKILL : SIGTERM);
    if (p->signals == 1)
        (void)!myna_timer_set(t, myna_host_now(p->host) + KILL_AFTER);
}

void myna_process_end(struct myna_process *p, int grace_ms)
{
    if (!p || p->ended)
        return;
    p->ended = true;
    if (!p->pid) /* inside exited(): freed behind it */
        return;
    drop(&p->in_poll, &p->in);
    /* What it still says is read by nobody: a full pipe shall not keep it from ending. */
    if (!p->telling)
        drop(&p->out_poll, &p->out);
    drop(&p->err_poll, &p->err);
    if (p->exit_poll)
        myna_loop_poll_background(p->exit_poll);
    if (grace_ms <= 0)
        kill_it(&p->kill);
    else if (myna_timer_set(&p->kill, myna_host_now(p->host) + grace_ms * MYNA_MS))
        signal_group(p, SIGKILL);
}

void myna_process_end_all(struct myna_host *host)
{
    while (host->processes) {
        struct myna_process *p = host->processes;

        p->ended = true;
        signal_group(p, SIGKILL);
        finish(p);
    }
}

/* ------------------------------------------------------------------ its start */

/* The basics of ours, then the owner's, which take the place of those of their name. */
static void environment(const char *const *add, char *env[MAX_ENV + 1])
{
    static const char *const basics[] = {"PATH", "HOME",   "USER",   "LOGNAME",  "SHELL", "LANG",
                                         "TERM", "TMPDIR", "LC_ALL", "LC_CTYPE", "TZ",    NULL};
    size_t n = 0;

    for (; add && add[n] && n < MAX_ENV; n++)
        env[n] = (char *)(uintptr_t)add[n]; /* posix_spawn does not write to it */
    for (size_t b = 0; basics[b]; b++) {
        size_t len = strlen(basics[b]), i = 0;

        for (; i < n && (strncmp(env[i], basics[b], len) || env[i][len] != '='); i++)
            ;
        for (char **e = environ; i == n && n < MAX_ENV && *e; e++)
            if (!strncmp(*e, basics[b], len) && (*e)[len] == '=') {
                env[n++] = *e;
                break;
            }
    }
    env[n] = NULL;
}

struct pipes { /* [0] ours */
    int in[2], out[2], err[2];
};

static void close_pipes(const struct pipes *f, int side)
{
    const int *all[] = {f->in, f->out, f->err};

    for (size_t i = 0; i < 3; i++)
        if (all[i][side] >= 0)
            close(all[i][side]);
}

static bool open_pipes(struct pipes *f)
{
    int in[2] = {-1, -1};

    *f = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(in, O_CLOEXEC) || pipe2(f->out, O_CLOEXEC) || pipe2(f->err, O_CLOEXEC)) {
        f->in[0] = in[0];
        f->in[1] = in[1];
        close_pipes(f, 0);
        close_pipes(f, 1);
        return false;
    }
    f->in[0] = in[1];
    f->in[1] = in[0];
    return !fcntl(f->in[0], F_SETFL, O_NONBLOCK) && !fcntl(f->out[0], F_SETFL, O_NONBLOCK) &&
           !fcntl(f->err[0], F_SETFL, O_NONBLOCK);
}

static int spawn(const struct myna_process_start *how, const char *file, const struct pipes *f,
                 pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char *env[MAX_ENV + 1];
    sigset_t none, all;
    int code;

    environment(how->env, env);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_adddup2(&files, f->in[1], 0);
    posix_spawn_file_actions_adddup2(&files, f->out[1], 1);
    posix_spawn_file_actions_adddup2(&files, f->err[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    code = how->dir ? posix_spawn_file_actions_addchdir_np(&files, how->dir) : 0;
    if (!code)
        code = posix_spawnp(pid, file, &files, &attr, (char *const *)(uintptr_t)how->argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return code;
}

static bool watch(struct myna_process *p)
{
    struct myna_loop *loop = p->host->loop;

    p->pidfd = pidfd_open(p->pid, 0);
    if (p->pidfd < 0)
        return false;
    p->exit_poll = myna_loop_poll(loop, p->pidfd, 1, has_exited, p);
    p->in_poll = myna_loop_poll(loop, p->in, 0, can_write, p);
    p->out_poll = myna_loop_poll(loop, p->out, 1, can_read, p);
    p->err_poll = myna_loop_poll(loop, p->err, 1, can_read_errors, p);
    if (!p->exit_poll || !p->in_poll || !p->out_poll || !p->err_poll)
        return false;
    myna_loop_poll_background(p->in_poll);
    myna_loop_poll_background(p->err_poll);
    if (p->how.background) {
        myna_loop_poll_background(p->exit_poll);
        myna_loop_poll_background(p->out_poll);
    }
    return true;
}

enum myna_err myna_process_start(struct myna_host *host, const struct myna_process_start *how,
                                 struct myna_process **out, struct myna_why *why)
{
    struct myna_process *p = calloc(1, sizeof *p);
    const char *home = getenv("HOME"), *file = how->argv[0];
    char path[4096];
    struct pipes f;
    int code;

    if (!p)
        return myna_fail(why, MYNA_ENOMEM, "no memory to start %s", file);
    if (!strncmp(file, "~/", 2) && home) {
        snprintf(path, sizeof path, "%s%s", home, file + 1);
        file = path;
    }
    if (!open_pipes(&f)) {
        free(p);
        return myna_fail(why, MYNA_EIO, "cannot start %s: %s", how->argv[0], strerror(errno));
    }
    p->host = host;
    p->how = *how;
    p->how.argv = p->how.env = NULL;
    p->pidfd = -1;
    p->in = f.in[0];
    p->out = f.out[0];
    p->err = f.err[0];
    myna_buf_init(&p->input, MAX_INPUT);
    myna_host_timer_init(host, &p->kill, kill_it, p);
    code = spawn(how, file, &f, &p->pid);
    close_pipes(&f, 1);
    if (code) {
        free_process(p);
        return myna_fail(why, code == ENOMEM ? MYNA_ENOMEM : MYNA_ENOENT, "cannot start %s%s%s: %s",
                         how->argv[0], how->dir ? " in " : "", how->dir ? how->dir : "",
                         strerror(code));
    }
    p->next = host->processes;
    host->processes = p;
    if (!watch(p)) {
        p->ended = true;
        signal_group(p, SIGKILL);
        finish(p);
        return myna_fail(why, MYNA_EIO, "cannot watch over %s: no descriptors or memory",
                         how->argv[0]);
    }
    *out = p;
    return MYNA_OK;
}

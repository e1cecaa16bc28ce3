/* spawn.c - runs a program to its end, keeps the last words it said, and ticks meanwhile. */
#include "models/models.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 200

extern char **environ;

/* Our environment with `add` in front, where getenv() finds it first. */
static char **merged(const char *const *add)
{
    size_t n = 0, extra = 0;
    char **env;

    while (environ[n])
        n++;
    while (add && add[extra])
        extra++;
    env = calloc(n + extra + 1, sizeof *env);
    if (!env)
        return NULL;
    for (size_t i = 0; i < extra; i++)
        env[i] = (char *)add[i]; /* posix_spawn does not write to it */
    memcpy(env + extra, environ, n * sizeof *env);
    return env;
}

/* Appends, forgetting from the front. */
static void remember(char *tail, size_t size, const char *text, size_t n)
{
    size_t len = strlen(tail);

    if (n >= size) {
        text += n - (size - 1);
        n = size - 1;
    }
    if (len + n > size - 1) {
        size_t drop = len + n - (size - 1);

        memmove(tail, tail + drop, len - drop + 1);
        len -= drop;
    }
    memcpy(tail + len, text, n);
    tail[len + n] = '\0';
}

static void listen_to(int fd, const struct myna_spawn *sp, char *tail, size_t tail_size)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char text[1024];
        ssize_t n;

        if (poll(&p, 1, TICK_MS) < 0 && errno != EINTR)
            return;
        if (sp->tick)
            sp->tick(sp->arg);
        if (!(p.revents & (POLLIN | POLLHUP | POLLERR)))
            continue;
        n = read(fd, text, sizeof text);
        if (n == 0 || (n < 0 && errno != EINTR))
            return;
        for (ssize_t i = 0; i < n; i++)
            if (text[i] == '\0')
                text[i] = ' ';
        if (n > 0)
            remember(tail, tail_size, text, (size_t)n);
    }
}

enum myna_err myna_spawn_run(const struct myna_spawn *sp, char *tail, size_t tail_size, int *status,
                             struct myna_why *why)
{
    posix_spawn_file_actions_t files;
    int pipes[2], code, result;
    char **env = merged(sp->env);
    pid_t pid;

    tail[0] = '\0';
    if (!env)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: cannot start %s", sp->argv[0]);
    if (pipe2(pipes, O_CLOEXEC)) {
        free(env);
        return myna_fail(why, MYNA_EIO, "cannot start %s: %s", sp->argv[0], strerror(errno));
    }
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, pipes[1], 1);
    posix_spawn_file_actions_adddup2(&files, pipes[1], 2);
    code = posix_spawnp(&pid, sp->argv[0], &files, NULL, (char *const *)sp->argv, env);
    posix_spawn_file_actions_destroy(&files);
    free(env);
    close(pipes[1]);
    if (code) {
        close(pipes[0]);
        *status = 127;
        return code == ENOENT || code == EACCES
                   ? MYNA_OK
                   : myna_fail(why, MYNA_EIO, "cannot start %s: %s", sp->argv[0], strerror(code));
    }
    listen_to(pipes[0], sp, tail, tail_size);
    close(pipes[0]);
    while (waitpid(pid, &result, 0) < 0 && errno == EINTR)
        ;
    *status = WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
    return MYNA_OK;
}

/* interview.c - one question at a terminal, its answer, the list of changes (interview.h). */
#include "interview.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "out.h"

enum { MAX_ANSWER = 4096 };

#define MASK "************"

static enum myna_err change(struct interview *iv, const char *key, const char *value,
                            struct myna_why *why)
{
    char *copy = strdup(value); /* `value` may be the configuration's own */
    size_t i = 0;
    enum myna_err err = copy ? myna_config_set(iv->cfg, key, copy, "setup", why)
                             : myna_fail(why, MYNA_ENOMEM, "memory is short");

    while (!err && i < iv->n && strcmp(iv->changes[i].key, key) != 0)
        i++;
    if (!err && i == MAX_CHANGES)
        err = myna_fail(why, MYNA_ELIMIT, "too many answers");
    if (!err && i == iv->n) {
        iv->changes[i].key = strdup(key);
        if (!iv->changes[i].key)
            err = myna_fail(why, MYNA_ENOMEM, "memory is short");
        else
            iv->n++;
    }
    if (err) {
        free(copy);
        return err;
    }
    free((char *)iv->changes[i].value);
    iv->changes[i].value = copy;
    return MYNA_OK;
}

enum heard { HEARD_LINE, HEARD_END, HEARD_STOP, HEARD_TOO_MUCH };

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_ENDS = sizeof ends / sizeof *ends };

struct waiting {
    sigset_t outside; /* the mask before it */
    struct sigaction before[N_ENDS];
};

static void stop_waiting(int signum)
{
    (void)signum; /* ppoll() ends with EINTR */
}

/* From here on Ctrl-C ends the wait and not the program, so that the terminal shows again what is
 * typed. It may come before anybody waits: it is let in by ppoll() alone, and so never lost. */
static void begin_waiting(struct waiting *w)
{
    struct sigaction end = {.sa_handler = stop_waiting};
    sigset_t all;

    sigemptyset(&all);
    for (size_t i = 0; i < N_ENDS; i++)
        sigaddset(&all, ends[i]);
    (void)pthread_sigmask(SIG_BLOCK, &all, &w->outside);
    for (size_t i = 0; i < N_ENDS; i++)
        (void)sigaction(ends[i], &end, &w->before[i]);
}

static void end_waiting(const struct waiting *w)
{
    for (size_t i = 0; i < N_ENDS; i++)
        (void)sigaction(ends[i], &w->before[i], NULL);
    (void)pthread_sigmask(SIG_SETMASK, &w->outside, NULL);
}

/* Bytes until '\n' or the end of the input, never more than the line: the next one is the next
 * question's. */
static enum heard hear_line(const struct waiting *w, char *out, size_t size)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    enum heard how = HEARD_LINE;
    size_t n = 0;

    for (;;) {
        ssize_t got;

        if (ppoll(&in, 1, NULL, &w->outside) < 0)
            return errno == EINTR ? HEARD_STOP : HEARD_END;
        got = read(STDIN_FILENO, &out[n], 1);
        if (got <= 0) {
            how = n ? how : HEARD_END;
            break;
        }
        if (out[n] == '\n')
            break;
        if (n + 1 < size)
            n++;
        else
            how = HEARD_TOO_MUCH;
    }
    while (n && (out[n - 1] == ' ' || out[n - 1] == '\t' || out[n - 1] == '\r'))
        n--;
    out[n] = '\0';
    return how;
}

/* What is typed is not shown when it is a secret. MYNA_EIO: the input has ended; MYNA_ECANCELED:
 * Ctrl-C. */
static enum myna_err read_line(bool secret, char *out, size_t size, struct myna_why *why)
{
    struct termios before, silent;
    bool hide = secret && isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before);
    struct waiting w;
    enum heard how;

    begin_waiting(&w);
    if (hide) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        hide = !tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    }
    fflush(stdout); /* the question appears when its answer can no longer be seen */
    how = hear_line(&w, out, size);
    if (hide)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    end_waiting(&w);
    if (hide || how == HEARD_STOP)
        putchar('\n');
    switch (how) {
    case HEARD_STOP:
        return myna_fail(why, MYNA_ECANCELED, "stopped on request; nothing was written");
    case HEARD_END:
        return myna_fail(why, MYNA_EIO, "the answers have ended too early; nothing was written");
    case HEARD_TOO_MUCH:
        return myna_fail(why, MYNA_ELIMIT, "that answer is too long; nothing was written");
    case HEARD_LINE:
        break;
    }
    return MYNA_OK;
}

static void show_question(const struct interview *iv, const struct question *q, const char *def)
{
    printf("%s%s%s", myna_cli_bold(iv->colour), q->text, myna_cli_plain(iv->colour));
    if (q->secret && *def)
        printf(" [%s%s%s]", MASK, q->from ? ", " : "", q->from ? q->from : "");
    else if (*def)
        printf(" [%s]", def);
    else if (q->optional)
        printf(" [none]");
    printf(": ");
}

/* A configured value stands before a found one; what Myna brings along is the last. */
static const char *default_of(const struct interview *iv, struct question *q)
{
    const char *now = myna_config_get(iv->cfg, q->key);

    if (q->found && *q->found && (!now || !*now || myna_config_is_default(iv->cfg, q->key)))
        return q->found;
    q->from = NULL;
    return now ? now : "";
}

enum myna_err myna_cli_question(struct interview *iv, struct question q, struct myna_why *why)
{
    char typed[MAX_ANSWER];
    const char *def = default_of(iv, &q), *answer = q.flag;
    enum myna_err err = MYNA_OK;

    if (answer && q.secret && !strcmp(answer, "-")) {
        err = read_line(true, typed, sizeof typed, why);
        answer = typed;
    }
    for (;;) {
        bool asked = !answer && !iv->yes;

        if (asked) {
            show_question(iv, &q, def);
            err = read_line(q.secret, typed, sizeof typed, why);
            answer = !err && *typed ? typed : def;
            if (!strcmp(answer, "-")) /* takes it away */
                answer = "";
        } else if (!answer) {
            answer = def;
        }
        if (err)
            return err;
        if (!*answer && !q.optional && !asked)
            return myna_fail(why, MYNA_ECONFIG, "%s is not known: %s", q.key, q.text);
        if (*answer || q.optional) {
            const char *now = myna_config_get(iv->cfg, q.key);

            if (!strcmp(answer, now ? now : "") && !strstr(q.key, ".provider"))
                return MYNA_OK; /* as it is */
            err = change(iv, q.key, answer, why);
            if (!err || !asked)
                return err;
            printf("  %s\n", why->text);
        }
        err = MYNA_OK;
        answer = NULL;
    }
}

enum myna_err myna_cli_yes_or_no(const struct interview *iv, const char *text, bool *yes,
                                 struct myna_why *why)
{
    char typed[MAX_ANSWER];
    enum myna_err err;

    printf("%s%s%s [y/N]: ", myna_cli_bold(iv->colour), text, myna_cli_plain(iv->colour));
    err = read_line(false, typed, sizeof typed, why);
    *yes = !err && (*typed == 'y' || *typed == 'Y');
    return err;
}

void myna_cli_interview_fini(struct interview *iv)
{
    for (size_t i = 0; i < iv->n; i++) {
        free((char *)iv->changes[i].key);
        free((char *)iv->changes[i].value);
    }
    iv->n = 0;
}

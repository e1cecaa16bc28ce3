/* typed.c - when may the next line be said? When the agent listens, and still does a moment later:
 * between two pieces of one answer it may listen for an instant.
 *
 * Bytes come by the loop where the descriptor can be watched (terminal, pipe); a plain file, which
 * cannot, and the virtual clock, which does not wait for the world, read when a line is wanted.
 */
#include "console/typed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/lines.h"

#define SETTLED   (50 * MYNA_MS)  /* listening for so long: the answer is over */
#define NO_ANSWER (500 * MYNA_MS) /* said, and the agent has not stirred */

struct myna_typed {
    struct myna_typed_options opt;
    struct myna_lines lines;
    struct myna_poll *poll; /* NULL: read when a line is wanted */
    struct myna_timer settle;
    int flags; /* of the descriptor, before */
    bool terminal, busy, told;
};

static void read_some(struct myna_typed *t)
{
    ssize_t n;

    do
        n = read(t->opt.fd, t->lines.buf + t->lines.len, myna_lines_room(&t->lines));
    while (n < 0 && errno == EINTR);
    if (n > 0)
        t->lines.len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        t->lines.ended = true;
}

static bool next_line(struct myna_typed *t, char *line)
{
    while (!myna_lines_next(&t->lines, line)) {
        if (t->poll || t->lines.ended)
            return false;
        read_some(t);
    }
    return true;
}

/* Watches the descriptor while there is room; a pipe that is full holds its writer back. */
static void watch(struct myna_typed *t)
{
    if (!t->poll)
        return;
    if (t->lines.ended) {
        myna_loop_poll_close(t->poll);
        t->poll = NULL;
        return;
    }
    myna_loop_poll_events(t->poll, myna_lines_room(&t->lines) ? 1 : 0);
}

static void advance(struct myna_typed *t)
{
    char line[MYNA_LINE_MAX + 1];

    while (!t->told && (!t->busy || t->terminal) && next_line(t, line)) {
        t->busy = true;
        (void)!myna_timer_set(&t->settle, myna_host_now(t->opt.host) + NO_ANSWER);
        t->opt.say(t->opt.arg, line);
    }
    watch(t);
    if (t->lines.ended && !t->lines.len && !t->busy && !t->told) {
        t->told = true;
        t->opt.over(t->opt.arg);
    }
}

static void settle_fire(struct myna_timer *timer)
{
    struct myna_typed *t = timer->arg;

    t->busy = false;
    advance(t);
}

static void readable(void *arg, int events)
{
    struct myna_typed *t = arg;

    (void)events;
    if (myna_lines_room(&t->lines))
        read_some(t);
    advance(t);
}

void myna_typed_event(struct myna_typed *t, const struct myna_event *ev)
{
    if (ev->type != MYNA_EV_AGENT_STATE_CHANGED || t->told)
        return;
    myna_timer_clear(&t->settle);
    if (ev->u.agent_state.new_state == MYNA_AGENT_LISTENING)
        (void)!myna_timer_set(&t->settle, myna_host_now(t->opt.host) + SETTLED);
    else
        t->busy = true;
}

bool myna_typed_at_terminal(const struct myna_typed *t)
{
    return t->terminal;
}

struct myna_typed *myna_typed_create(const struct myna_typed_options *opt, struct myna_why *why)
{
    struct myna_typed *t = calloc(1, sizeof *t);

    if (!t) {
        (void)myna_fail(why, MYNA_ENOMEM, "memory is short");
        return NULL;
    }
    t->opt = *opt;
    t->flags = fcntl(opt->fd, F_GETFL);
    if (t->flags < 0) {
        (void)myna_fail(why, MYNA_EIO,
                        "nothing to read typed lines from: standard input is closed");
        free(t);
        return NULL;
    }
    t->terminal = isatty(opt->fd) == 1;
    t->busy = true; /* the greeting goes first */
    myna_host_timer_init(opt->host, &t->settle, settle_fire, t);
    if (!myna_loop_is_virtual(opt->host->loop))
        t->poll = myna_loop_poll(opt->host->loop, opt->fd, 1, readable, t);
    /* The loop makes it non-blocking, and with it the terminal we print on. */
    if (t->poll)
        (void)fcntl(opt->fd, F_SETFL, t->flags);
    (void)!myna_timer_set(&t->settle, myna_host_now(opt->host) + NO_ANSWER);
    return t;
}

void myna_typed_destroy(struct myna_typed *t)
{
    if (!t)
        return;
    myna_loop_poll_close(t->poll);
    myna_timer_clear(&t->settle);
    (void)fcntl(t->opt.fd, F_SETFL, t->flags);
    free(t);
}

/* fuzz_livekit_worker.c - whatever a dispatch may say to a worker, message after message: each
 * question that names a job is answered once, no more jobs are taken than allowed, what we say is a
 * message, and every room and session that was made is gone in the end.
 *
 * The input is steps: two bytes of length, then so many bytes as one message. A length with its
 * highest bit set is none: 3 s pass (even) or the oldest talk ends by itself (odd).
 */
#include "livekit/worker.h"
#include "livekit/worker_inside.h"
#include "util/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_JOBS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct myna_host host;
    struct worker w;
    struct myna_arena *mem; /* of what it said */
    struct myna_session *talks;
    int rooms, sessions, made, answers;
    bool stopped; /* it wanted to end */
} f;

/* ---- rooms and talks that only are there */

struct myna_session {
    struct myna_session *next;
    struct myna_session_options opt;
    bool closed;
};

static void room_destroy(struct myna_transport *t)
{
    f.rooms--;
    free(t);
}

static const struct myna_transport_class room_class = {.name = "room", .destroy = room_destroy};

enum myna_err myna_lk_transport_for(struct myna_transport **out, struct myna_host *host,
                                    const struct myna_config *cfg, const char *url,
                                    const char *token, struct myna_why *why)
{
    struct myna_transport *t;

    (void)host;
    (void)cfg;
    if (!url || !token)
        abort();
    if (!*token)
        return myna_fail(why, MYNA_ECONFIG, "no token");
    t = calloc(1, sizeof *t);
    if (!t)
        abort();
    t->cls = &room_class;
    f.rooms++;
    *out = t;
    return MYNA_OK;
}

bool myna_lk_transport_is_unsettled(const struct myna_transport *t)
{
    return !t->cls; /* reads it, so that one that is gone is seen */
}

bool myna_lk_transport_came_in(const struct myna_transport *t)
{
    return f.made % 2 && t->cls;
}

enum myna_err myna_session_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                                  struct myna_session **out, struct myna_why *why)
{
    struct myna_session *s;

    (void)rt;
    if (++f.made % 5 == 0)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->opt = *opt;
    s->next = f.talks;
    f.talks = s;
    f.sessions++;
    *out = s;
    return MYNA_OK;
}

enum myna_err myna_session_start(struct myna_session *s, struct myna_why *why)
{
    if (s->closed)
        abort();
    return f.made % 7 == 0 ? myna_fail(why, MYNA_EIO, "it does not begin") : MYNA_OK;
}

static void close_talk(struct myna_session *s)
{
    const struct myna_event ev = {.type = MYNA_EV_CLOSE};

    if (s->closed)
        return;
    s->closed = true;
    s->opt.on_event(s->opt.arg, s, &ev);
}

void myna_session_shutdown(struct myna_session *s, bool drain, const char *reason)
{
    (void)drain;
    (void)reason;
    close_talk(s);
}

void myna_session_destroy(struct myna_session *s)
{
    if (!s)
        return;
    for (struct myna_session **p = &f.talks; *p; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            break;
        }
    s->opt.transport->cls->destroy(s->opt.transport);
    f.sessions--;
    free(s);
}

void myna_calls_begin(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_call_info *info)
{
    (void)c;
    (void)s;
    (void)info;
}

void myna_calls_event(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_event *ev)
{
    (void)c;
    (void)s;
    (void)ev;
}

void myna_calls_forget(struct myna_calls *c, const struct myna_session *s)
{
    (void)c;
    (void)s;
}

void myna_runtime_stop(struct myna_runtime *rt)
{
    (void)rt;
    f.stopped = true;
}

/* ---- the line */

static bool is_text(const char *text)
{
    return myna_utf8_span((const uint8_t *)text, strlen(text)) == strlen(text);
}

enum myna_err myna_ws_send(struct myna_ws *ws, struct myna_view body, bool text)
{
    const Myna__Lk__WorkerMessage *m =
        myna_lk_unpack(f.mem, &myna__lk__worker_message__descriptor, body);

    (void)ws;
    if (!m || !m->message_case || text)
        abort();
    if (m->message_case == MYNA__LK__WORKER_MESSAGE__MESSAGE_AVAILABILITY) {
        f.answers++;
        if (!is_text(m->availability->job_id) || !*m->availability->participant_identity)
            abort();
    }
    if (m->message_case == MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_JOB &&
        (!is_text(m->update_job->job_id) || !is_text(m->update_job->error)))
        abort();
    myna_arena_reset(f.mem);
    return MYNA_OK;
}

static void tell_job(void *arg, const struct myna_worker_job *job, bool begins)
{
    (void)arg;
    if (begins && (!is_text(job->room) || !is_text(job->dispatch) || !is_text(job->agent_name)))
        abort();
}

static void status_fire(struct myna_timer *t)
{
    myna_lk_w_tidy(t->arg, myna_host_now(&f.host));
}

/* The question that this message is; NULL: none that must be answered. */
static const char *question(struct myna_arena *mem, struct myna_view body)
{
    const Myna__Lk__ServerMessage *m =
        myna_lk_unpack(mem, &myna__lk__server_message__descriptor, body);

    return m && m->message_case == MYNA__LK__SERVER_MESSAGE__MESSAGE_AVAILABILITY &&
                   m->availability->job && *m->availability->job->id
               ? m->availability->job->id
               : NULL;
}

static void say(struct myna_view body)
{
    const char *id;
    int before = f.answers, want;

    id = question(f.mem, body);
    want = id && strlen(id) < JOB_ID && is_text(id);
    myna_arena_reset(f.mem);
    myna_lk_w_hear(&f.w, body);
    if (f.answers - before != want)
        abort();
}

static void look(void)
{
    size_t n = 0;

    for (const struct job *j = f.w.jobs; j; j = j->next)
        n++;
    if (n != f.w.n_jobs || n > MOST_JOBS || (size_t)f.sessions > n)
        abort();
}

static void step(int number)
{
    struct myna_session *oldest = f.talks;

    while (oldest && oldest->next)
        oldest = oldest->next;
    if (number % 2 == 0)
        myna_loop_run_until(f.host.loop, myna_host_now(&f.host) + 3 * MYNA_S);
    else if (oldest)
        close_talk(oldest);
}

static void open_world(void)
{
    static const struct myna_worker_options opt = {.size = sizeof opt, .job = tell_job};

    if (!f.host.loop) {
        f.host.loop = myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, NULL);
        f.mem = myna_arena_create(0, 16 << 20);
        f.w.mem = myna_arena_create(4096, MYNA_LK_MAX_STRUCTS);
        if (!f.host.loop || !f.mem || !f.w.mem)
            abort();
        f.w.opt = &opt;
        f.w.host = &f.host;
        f.w.ws = (struct myna_ws *)&f; /* never looked into */
        f.w.opened = true;
        f.w.conf = (struct myna_worker_conf){
            .agent_name = "desk", .max_jobs = MOST_JOBS, .load_threshold = 1};
        f.w.lk = (struct myna_lk_options){.url = "ws://127.0.0.1:7880", .name = "Myna"};
        myna_host_timer_init(&f.host, &f.w.status, status_fire, &f.w);
    }
    f.w.registered = false;
    f.made = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_world();
    while (size >= 2) {
        size_t n = (size_t)data[0] << 8 | data[1];

        data += 2;
        size -= 2;
        if (n & 0x8000) {
            step((int)n);
        } else {
            n = n < size ? n : size;
            say((struct myna_view){data, n});
            data += n;
            size -= n;
        }
        look();
    }
    myna_timer_clear(&f.w.status);
    myna_lk_w_free_jobs(&f.w);
    if (f.stopped || f.w.n_jobs || f.rooms || f.sessions)
        abort();
    return 0;
}

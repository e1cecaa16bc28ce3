/* jobs_test.c - a job whose room is not reached, on a virtual clock. The room and the session only
 * are there; what the server says is what it says on the wire.
 */
#include "check.h"

#include "livekit/worker.h"
#include "livekit/worker_inside.h"

struct myna_session {
    struct myna_transport *room;
    struct myna_session_options opt;
};

static struct {
    struct myna_host host;
    struct worker worker;
    struct myna_transport room;
    struct myna_session talk;
    bool in; /* the room */
    bool unsettled, cannot_start;
    int shut, calls_begun, calls_told, calls_forgotten;
    int warned;
    char said[400];
} w;

static void room_destroy(struct myna_transport *t)
{
    (void)t;
}

enum myna_err myna_lk_transport_for(struct myna_transport **out, struct myna_host *host,
                                    const struct myna_config *cfg, const char *url,
                                    const char *token, struct myna_why *why)
{
    static const struct myna_transport_class cls = {.name = "room", .destroy = room_destroy};

    (void)host;
    (void)cfg;
    (void)url;
    (void)token;
    (void)why;
    w.room.cls = &cls;
    *out = &w.room;
    return MYNA_OK;
}

bool myna_lk_transport_is_unsettled(const struct myna_transport *t)
{
    CHECK(t == &w.room);
    return w.unsettled;
}

bool myna_lk_transport_came_in(const struct myna_transport *t)
{
    CHECK(t == &w.room);
    return w.in;
}

/* The call log is none of this: who opened none has none. */
void myna_calls_begin(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_call_info *info)
{
    CHECK(!c && s == &w.talk);
    CHECK_STR(info->door, "worker");
    CHECK_STR(info->callee, "den");
    w.calls_begun++;
}

void myna_calls_event(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_event *ev)
{
    CHECK(!c && s == &w.talk && ev);
    w.calls_told++;
}

void myna_calls_forget(struct myna_calls *c, const struct myna_session *s)
{
    CHECK(!c && s == &w.talk);
    w.calls_forgotten++;
}

enum myna_err myna_session_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                                  struct myna_session **out, struct myna_why *why)
{
    (void)rt;
    (void)why;
    w.talk.room = opt->transport;
    w.talk.opt = *opt;
    *out = &w.talk;
    return MYNA_OK;
}

enum myna_err myna_session_start(struct myna_session *s, struct myna_why *why)
{
    CHECK(s == &w.talk);
    return w.cannot_start ? myna_fail(why, MYNA_EIO, "the disk is full") : MYNA_OK;
}

void myna_session_shutdown(struct myna_session *s, bool drain, const char *reason)
{
    CHECK(s == &w.talk && !drain);
    CHECK_STR(reason, "job_shutdown");
    w.shut++;
}

void myna_session_destroy(struct myna_session *s)
{
    (void)s;
}

void myna_runtime_stop(struct myna_runtime *rt)
{
    (void)rt;
}

enum myna_err myna_ws_send(struct myna_ws *ws, struct myna_view body, bool is_text)
{
    (void)ws;
    (void)body;
    (void)is_text;
    return MYNA_OK;
}

static void on_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    w.warned += level == MYNA_LOG_WARN;
    snprintf(w.said, sizeof w.said, "%s", line);
}

static void hear(const Myna__Lk__ServerMessage *m)
{
    struct myna_buf b;

    myna_buf_init(&b, 1 << 16);
    myna_lk_pack(&b, &m->base);
    myna_lk_w_hear(&w.worker, myna_buf_view(&b));
    myna_buf_fini(&b);
}

/* A job that we took and that the server gave us. */
static void begin(const char *id)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__AvailabilityRequest rq = MYNA__LK__AVAILABILITY_REQUEST__INIT;
    Myna__Lk__JobAssignment a = MYNA__LK__JOB_ASSIGNMENT__INIT;
    Myna__Lk__Job job = MYNA__LK__JOB__INIT;
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;

    room.name = (char *)"den";
    job.room = &room;
    job.id = (char *)id;
    rq.job = a.job = &job;
    a.token = (char *)"a.job.token";
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_AVAILABILITY;
    m.availability = &rq;
    hear(&m);
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_ASSIGNMENT;
    m.assignment = &a;
    hear(&m);
}

static void status_fire(struct myna_timer *t)
{
    (void)t;
}

static void open_world(void)
{
    static const struct myna_worker_options opt = {.size = sizeof opt};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, NULL);
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = on_log});
    w.worker.host = &w.host;
    myna_host_timer_init(&w.host, &w.worker.status, status_fire, NULL);
    w.worker.opt = &opt;
    w.worker.conf.max_jobs = 2;
    w.worker.conf.load_threshold = 1;
    w.worker.lk.name = "Myna";
    w.worker.mem = myna_arena_create(4096, MYNA_LK_MAX_STRUCTS);
}

static void close_world(void)
{
    myna_lk_w_free_jobs(&w.worker);
    myna_timer_clear(&w.worker.status);
    myna_arena_destroy(w.worker.mem);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
}

/* As the worker's timer does. */
static void tidy_for(int ms)
{
    for (int at = 0; at < ms; at += 2500) {
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 2500 * MYNA_MS);
        myna_lk_w_tidy(&w.worker, myna_host_now(&w.host));
    }
}

TEST(a_job_that_is_not_in_its_room_after_ten_seconds_is_told_once)
{
    open_world();
    begin("AJ_1");
    tidy_for(7500);
    CHECK_EQ(w.warned, 0);
    tidy_for(2500);
    CHECK_EQ(w.warned, 1);
    CHECK_HAS(w.said, "not in the room 10 s after the job began");
    CHECK_HAS(w.said, "AJ_1");
    tidy_for(30000);
    CHECK_EQ(w.warned, 1);
    close_world();
}

TEST(a_job_that_came_into_its_room_is_not)
{
    open_world();
    begin("AJ_1");
    w.in = true;
    tidy_for(30000);
    CHECK_EQ(w.warned, 0);
    close_world();
}

static void terminate(const char *id)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__JobTermination t = MYNA__LK__JOB_TERMINATION__INIT;

    t.job_id = (char *)id;
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_TERMINATION;
    m.termination = &t;
    hear(&m);
}

TEST(a_job_that_the_server_ends_is_over_but_for_one_who_joined_anew)
{
    open_world();
    begin("AJ_1");
    w.in = w.unsettled = true; /* it is the old session's job that ends */
    terminate("AJ_1");
    CHECK_EQ(w.shut, 0);
    w.unsettled = false;
    terminate("AJ_1");
    CHECK_EQ(w.shut, 1);
    w.in = false;
    w.unsettled = true; /* still on the way into the room for the first time */
    terminate("AJ_1");
    CHECK_EQ(w.shut, 2);
    close_world();
}

TEST(a_job_is_a_call_of_the_log_from_before_it_starts_to_its_last_event)
{
    struct myna_event end = {.type = MYNA_EV_CLOSE};

    open_world();
    begin("AJ_1");
    CHECK_EQ(w.calls_begun, 1);
    w.talk.opt.on_event(w.talk.opt.arg, &w.talk, &end);
    CHECK_EQ(w.calls_told, 1);
    CHECK_EQ(w.calls_forgotten, 0);
    w.cannot_start = true;
    begin("AJ_2");
    CHECK_EQ(w.calls_begun, 2);
    CHECK_EQ(w.calls_forgotten, 1);
    close_world();
}

TEST_MAIN

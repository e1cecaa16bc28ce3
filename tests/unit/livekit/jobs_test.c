/* jobs_test.c - a job whose room is not reached, on a virtual clock. The room and the session only
 * are there; what the server says is what it says on the wire.
 */
#include "check.h"

#include "livekit/worker.h"
#include "livekit/worker_inside.h"

struct myna_session {
    struct myna_transport *room;
};

static struct {
    struct myna_host host;
    struct worker worker;
    struct myna_transport room;
    struct myna_session talk;
    bool in; /* the room */
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
    (void)t;
    return false;
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
    CHECK(!c && s && info);
}

void myna_calls_event(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_event *ev)
{
    CHECK(!c && s && ev);
}

enum myna_err myna_session_create(struct myna_runtime *rt, const struct myna_session_options *opt,
                                  struct myna_session **out, struct myna_why *why)
{
    (void)rt;
    (void)why;
    w.talk.room = opt->transport;
    *out = &w.talk;
    return MYNA_OK;
}

enum myna_err myna_session_start(struct myna_session *s, struct myna_why *why)
{
    (void)s;
    (void)why;
    return MYNA_OK;
}

void myna_session_shutdown(struct myna_session *s, bool drain, const char *reason)
{
    (void)s;
    (void)drain;
    (void)reason;
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

static void open_world(void)
{
    static const struct myna_worker_options opt = {.size = sizeof opt};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, NULL);
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = on_log});
    w.worker.host = &w.host;
    w.worker.opt = &opt;
    w.worker.conf.max_jobs = 2;
    w.worker.conf.load_threshold = 1;
    w.worker.lk.name = "Myna";
    w.worker.mem = myna_arena_create(4096, MYNA_LK_MAX_STRUCTS);
}

static void close_world(void)
{
    myna_lk_w_free_jobs(&w.worker);
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

TEST_MAIN

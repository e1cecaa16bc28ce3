/* worker_test.c - myna_worker_run() against a strict dispatch (livekit-rtc 7.3; traps 23, 24 and 26
 * of 9.5): it runs in a thread of its own, the servers in the test's loop. Whatever the real server
 * would close the socket for fails the test.
 */
#include "fake_livekit.h"
#include "turns.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <jansson.h>

#include <myna/config.h>
#include <myna/livekit.h>
#include <myna/worker.h>

#include "livekit/worker.h"
#include "livekit/worker_inside.h"
#include "util/host.h"

enum { MESSAGES = 64 };

static struct {
    struct myna_host host; /* of the servers */
    struct fake_http dispatch;
    struct fake_conn *conn;
    struct myna_ws_reader in;
    struct fake_livekit server; /* of the rooms */
    struct myna_arena *mem;
    struct myna_config *cfg;
    pthread_t thread;
    bool is_over; /* joined */
    enum myna_err ended;
    char why[512];
    Myna__Lk__WorkerMessage *got[MESSAGES];
    int n_got, n_lines, registered; /* registered: on this line */
    bool refuses;                   /* our token */
    int foreign;                    /* so many tries find somebody else */
    char token[2048];
    atomic_int percent; /* of the host's processors that are in use, from now on; read by it */
    atomic_int looks;   /* that it took */
} w;

/* ---- the dispatch */

static void frame(struct myna_view body)
{
    fake_ws_send(w.conn, MYNA_WS_BINARY, body);
}

static void say(const Myna__Lk__ServerMessage *m)
{
    struct myna_buf b;

    myna_buf_init(&b, 1 << 20);
    myna_lk_pack(&b, &m->base);
    frame(myna_buf_view(&b));
    myna_buf_fini(&b);
}

static void say_registered(void)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__RegisterWorkerResponse r = MYNA__LK__REGISTER_WORKER_RESPONSE__INIT;

    r.worker_id = (char *)"AW_1";
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_REGISTER;
    m.register_ = &r;
    say(&m);
}

static void ask(const char *id)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__AvailabilityRequest rq = MYNA__LK__AVAILABILITY_REQUEST__INIT;
    Myna__Lk__Job job = MYNA__LK__JOB__INIT;

    job.id = (char *)id;
    rq.job = &job;
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_AVAILABILITY;
    m.availability = &rq;
    say(&m);
}

static void assign(const char *id)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__JobAssignment a = MYNA__LK__JOB_ASSIGNMENT__INIT;
    Myna__Lk__Job job = MYNA__LK__JOB__INIT;
    char url[64];

    snprintf(url, sizeof url, "ws://127.0.0.1:%d", w.server.http.port);
    job.id = (char *)id;
    a.job = &job;
    a.has_url_case = MYNA__LK__JOB_ASSIGNMENT__HAS_URL_URL;
    a.url = url;
    a.token = (char *)"a.job.token";
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_ASSIGNMENT;
    m.assignment = &a;
    say(&m);
}

static void terminate(const char *id)
{
    Myna__Lk__ServerMessage m = MYNA__LK__SERVER_MESSAGE__INIT;
    Myna__Lk__JobTermination t = MYNA__LK__JOB_TERMINATION__INIT;

    t.job_id = (char *)id;
    m.message_case = MYNA__LK__SERVER_MESSAGE__MESSAGE_TERMINATION;
    m.termination = &t;
    say(&m);
}

static void handshake(struct fake_conn *c)
{
    const char *bearer = strstr(c->request, "Authorization: Bearer ");

    CHECK(!strncmp(c->request, "GET /agent HTTP/1.1\r\n", 21));
    CHECK(bearer && !w.conn);
    snprintf(w.token, sizeof w.token, "%.*s", (int)strcspn(bearer + 22, "\r"), bearer + 22);
    w.n_lines++;
    if (w.refuses) {
        fake_say(c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (w.n_lines <= w.foreign) {
        fake_say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    fake_ws_upgrade(c, NULL);
    w.conn = c;
    w.registered = 0;
    myna_ws_reader_fini(&w.in);
    myna_ws_reader_init(&w.in, true, 1 << 20);
}

/* What the real one closes the socket for: anything before the registration but a ping, a second
 * registration, a message that is none. */
static void on_message(const Myna__Lk__WorkerMessage *m)
{
    CHECK(m && m->message_case);
    if (m->message_case == MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_JOB && *m->update_job->error)
        fprintf(stderr, "# job failed: %s\n", m->update_job->error);
    CHECK(w.registered || m->message_case == MYNA__LK__WORKER_MESSAGE__MESSAGE_REGISTER);
    if (m->message_case != MYNA__LK__WORKER_MESSAGE__MESSAGE_REGISTER)
        return;
    CHECK_EQ(w.registered++, 0);
    say_registered();
}

static void on_bytes(struct fake_conn *c)
{
    struct myna_view in, body;
    int op;

    if (c != w.conn) {
        if (fake_whole(c))
            handshake(c);
        return;
    }
    in = (struct myna_view){(const uint8_t *)c->request, c->len};
    while ((op = myna_ws_read(&w.in, &in, &body)) >= 0) {
        Myna__Lk__WorkerMessage *m;

        if (op == MYNA_WS_CLOSE || op == MYNA_WS_PING || op == MYNA_WS_PONG)
            continue;
        CHECK_EQ(op, MYNA_WS_BINARY);
        m = myna_lk_unpack(w.mem, &myna__lk__worker_message__descriptor, body);
        CHECK(w.n_got < MESSAGES);
        w.got[w.n_got++] = m;
        on_message(m);
    }
    CHECK_EQ(op, -1);
    c->len = 0;
}

static void on_closed(struct fake_conn *c)
{
    if (c == w.conn)
        w.conn = NULL;
}

/* ---- the world */

/* The machine as the worker sees it: two hundred more ticks at each look. */
static bool machine(void *arg, const char *path, char *into, size_t cap)
{
    static unsigned long long busy, idle; /* only that thread's */

    (void)arg;
    if (strcmp(path, "/proc/stat") != 0)
        return false;
    busy += 2 * (unsigned)atomic_load(&w.percent);
    idle += 200 - 2 * (unsigned)atomic_load(&w.percent);
    snprintf(into, cap, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\ncpu0 1 2 3 4\n", busy, idle);
    atomic_fetch_add(&w.looks, 1);
    return true;
}

static void *run(void *arg)
{
    struct myna_worker_options opt = {.size = sizeof opt};
    struct myna_why why;

    (void)arg;
    w.ended = myna_lk_worker_run(w.cfg, &opt, machine, NULL, &why);
    if (w.ended)
        snprintf(w.why, sizeof w.why, "%s", why.text);
    return NULL;
}

static void set(const char *key, const char *value)
{
    struct myna_why why;

    if (myna_config_set(w.cfg, key, value, "test", &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
}

struct like {
    const char *threshold, *agent_name, *metadata; /* NULL: 1; none */
    bool refuses;                                  /* our token */
    int foreign;                                   /* tries that find somebody else */
};

static void open_world_like(const char *max_jobs, struct like like)
{
    char url[64];

    memset(&w, 0, sizeof w);
    w.refuses = like.refuses;
    w.foreign = like.foreign;
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    fake_open(&w.dispatch, w.host.loop, NULL);
    w.dispatch.bytes = on_bytes;
    w.dispatch.closed = on_closed;
    w.mem = myna_arena_create(0, 16 << 20);
    myna_ws_reader_init(&w.in, true, 1 << 20);
    fake_lk_open(&w.server, w.host.loop);
    w.cfg = myna_config_create();
    snprintf(url, sizeof url, "ws://127.0.0.1:%d", w.dispatch.port);
    set("transport.livekit.url", url);
    set("transport.livekit.api_key", "devkey");
    set("transport.livekit.api_secret", "secret");
    set("worker.health", "off");
    set("worker.load_threshold", like.threshold ? like.threshold : "1");
    if (like.agent_name)
        set("worker.agent_name", like.agent_name);
    if (like.metadata)
        set("transport.livekit.metadata", like.metadata);
    set("worker.max_jobs", max_jobs);
    set("vad.provider", "energy");
    set("stt.provider", "instant");
    set("llm.provider", "rehearsal");
    set("tts.provider", "flite");
    CHECK(!pthread_create(&w.thread, NULL, run, NULL));
}

static void open_world(const char *max_jobs)
{
    open_world_like(max_jobs, (struct like){0});
}

static void turn(void)
{
    turns_for(w.host.loop, 5);
}

#define until(cond)                                                                                \
    do {                                                                                           \
        myna_us until_end = myna_host_now(&w.host) + 60 * MYNA_S;                                  \
        while (!(cond) && myna_host_now(&w.host) < until_end)                                      \
            turn();                                                                                \
        CHECK(cond);                                                                               \
    } while (0)

static int count(int kind, const Myna__Lk__WorkerMessage **last)
{
    int n = 0;

    for (int i = 0; i < w.n_got; i++)
        if ((int)w.got[i]->message_case == kind) {
            n++;
            if (last)
                *last = w.got[i];
        }
    return n;
}

enum {
    REGISTER = MYNA__LK__WORKER_MESSAGE__MESSAGE_REGISTER,
    AVAILABILITY = MYNA__LK__WORKER_MESSAGE__MESSAGE_AVAILABILITY,
    JOB = MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_JOB,
};

/* Of the job updates: how many of this status. */
static int jobs(int status)
{
    int n = 0;

    for (int i = 0; i < w.n_got; i++)
        n += (int)w.got[i]->message_case == JOB && (int)w.got[i]->update_job->status == status;
    return n;
}

static bool over(void)
{
    return w.is_over || (w.is_over = !pthread_tryjoin_np(w.thread, NULL));
}

static void close_world(void)
{
    if (!over())
        kill(getpid(), SIGTERM); /* drains: there are no jobs any more, or they end */
    until(over());
    fake_shut(&w.dispatch);
    fake_lk_shut(&w.server);
    myna_ws_reader_fini(&w.in);
    myna_arena_destroy(w.mem);
    myna_config_destroy(w.cfg);
    myna_loop_destroy(w.host.loop);
}

/* What it told last of itself: 0 free, 1 full; -1 nothing yet. */
static int status(void)
{
    const Myna__Lk__WorkerMessage *m = NULL;

    return count(MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_WORKER, &m)
               ? (int)m->update_worker->status
               : -1;
}

/* A job that runs. */
static void take(const char *id)
{
    int asked = count(AVAILABILITY, NULL), joins = w.server.n_joins, running = jobs(1);

    ask(id);
    until(count(AVAILABILITY, NULL) == asked + 1);
    assign(id);
    until(w.server.n_joins == joins + 1 && jobs(1) == running + 1);
}

static bool says_yes(const char *id)
{
    const Myna__Lk__WorkerMessage *m = NULL;
    int asked = count(AVAILABILITY, NULL);

    ask(id);
    until(count(AVAILABILITY, &m) == asked + 1);
    CHECK_STR(m->availability->job_id, id);
    return m->availability->available;
}

TEST(a_full_worker_says_so_refuses_and_is_free_again_when_a_job_has_ended)
{
    open_world("1");
    until(status() == 0);
    take("AJ_1");
    until(status() == 1);
    CHECK(!says_yes("AJ_2"));
    CHECK(!says_yes("AJ_1")); /* it has that one */
    terminate("AJ_1");
    until(jobs(2) == 1);
    until(status() == 0);
    CHECK(says_yes("AJ_3"));
    terminate("AJ_3"); /* another worker has it */
    until(jobs(2) == 2);
    close_world();
    CHECK_EQ(w.ended, MYNA_OK);
}

static double load(void)
{
    const Myna__Lk__WorkerMessage *m = NULL;

    return count(MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_WORKER, &m)
               ? (double)m->update_worker->load
               : -1;
}

TEST(a_worker_on_a_busy_machine_says_so_and_takes_no_job_until_it_is_quiet_again)
{
    open_world_like("3", (struct like){.threshold = "0.7"});
    until(status() == 0);
    atomic_store(&w.percent, 80);
    until(status() == 1);
    CHECK_NEAR(load(), 0.8, 0.001);
    CHECK(!says_yes("AJ_1"));
    atomic_store(&w.percent, 69);
    until(status() == 0);
    CHECK_NEAR(load(), 0.69, 0.001);
    CHECK(says_yes("AJ_2"));
    terminate("AJ_2");
    close_world();
}

TEST(who_does_not_mind_the_processors_takes_jobs_on_a_busy_machine)
{
    open_world("3");
    atomic_store(&w.percent, 100);
    until(status() == 0);
    CHECK(says_yes("AJ_1"));
    CHECK_EQ(w.looks, 0);
    terminate("AJ_1");
    close_world();
}

TEST(a_worker_that_drains_takes_nothing_new_and_ends_with_its_last_job)
{
    open_world("3");
    until(status() == 0);
    take("AJ_1");
    kill(getpid(), SIGTERM);
    until(status() == 1);
    CHECK(!says_yes("AJ_2"));
    CHECK(!over());
    CHECK(w.server.conn); /* the talk goes on */
    terminate("AJ_1");
    until(jobs(2) == 1 && over());
    CHECK_EQ(w.ended, MYNA_OK);
    close_world();
}

TEST(a_second_signal_ends_it_at_once)
{
    open_world("1");
    until(status() == 0);
    take("AJ_1");
    kill(getpid(), SIGTERM);
    until(status() == 1);
    kill(getpid(), SIGTERM);
    until(over());
    CHECK_EQ(w.ended, MYNA_ECANCELED);
    close_world();
}

TEST(a_server_that_restarts_is_told_of_the_jobs_that_run_and_the_talks_do_not_notice)
{
    open_world("2");
    until(status() == 0);
    take("AJ_1");
    fake_close(w.conn);
    w.conn = NULL;
    until(w.n_lines == 2 && w.registered == 1);
    until(jobs(1) == 2); /* once more, to a server that has forgotten us */
    CHECK_EQ(w.server.n_joins, 1);
    CHECK(w.server.conn);
    CHECK(says_yes("AJ_2"));
    terminate("AJ_1");
    terminate("AJ_2");
    until(jobs(2) == 2);
    close_world();
    CHECK_EQ(w.ended, MYNA_OK);
}

TEST(a_job_that_was_not_offered_to_us_is_not_begun)
{
    open_world("1");
    until(status() == 0);
    assign("AJ_9");
    terminate("AJ_8");
    CHECK(says_yes("AJ_1"));
    terminate("AJ_1");
    until(jobs(2) == 1);
    CHECK_EQ(w.server.n_joins, 0);
    CHECK_EQ(jobs(1), 0);
    close_world();
}

TEST(a_key_that_the_server_does_not_take_ends_it_with_the_reason)
{
    open_world_like("1", (struct like){.refuses = true});
    until(over());
    CHECK_EQ(w.ended, MYNA_EPROVIDER);
    CHECK_HAS(w.why, "LiveKit does not take our token");
    CHECK_EQ(w.n_lines, 1);
    close_world();
}

TEST(a_proxy_that_is_up_before_the_server_behind_it_is_waited_for)
{
    open_world_like("1", (struct like){.foreign = 1});
    until(status() == 0 || over());
    CHECK(!over());
    CHECK_EQ(w.n_lines, 2);
    close_world();
    CHECK_EQ(w.ended, MYNA_OK);
}

TEST(that_somebody_else_answers_is_believed_after_five_tries_and_half_a_minute)
{
    static const struct myna_http_error of_a_proxy[] = {{.kind = MYNA_HTTP_STATUS, .status = 404},
                                                        {.kind = MYNA_HTTP_TLS},
                                                        {.kind = MYNA_HTTP_PROTOCOL},
                                                        {.kind = MYNA_HTTP_STATUS, .status = 404}};
    static const struct myna_http_error refused = {.kind = MYNA_HTTP_REFUSED},
                                        no_address = {.kind = MYNA_HTTP_URL};
    struct worker it = {0};

    for (int i = 0; i < 4; i++)
        CHECK(!myna_lk_w_is_no_livekit(&it, &of_a_proxy[i], (100 + i) * MYNA_S));
    CHECK(!myna_lk_w_is_no_livekit(&it, &of_a_proxy[0], 129 * MYNA_S)); /* often, not for long */
    CHECK(myna_lk_w_is_no_livekit(&it, &of_a_proxy[0], 130 * MYNA_S));
    CHECK(!myna_lk_w_is_no_livekit(&it, &refused, 131 * MYNA_S)); /* it has changed: from anew */
    CHECK(!myna_lk_w_is_no_livekit(&it, NULL, 131 * MYNA_S));
    CHECK(!myna_lk_w_is_no_livekit(&it, &of_a_proxy[0], 140 * MYNA_S));
    CHECK(!myna_lk_w_is_no_livekit(&it, &of_a_proxy[0], 200 * MYNA_S)); /* for long, not often */
    CHECK(myna_lk_w_is_no_livekit(&it, &no_address, 200 * MYNA_S));     /* no waiting mends it */
    it = (struct worker){.ever = true};
    for (int i = 0; i < 100; i++)
        CHECK(!myna_lk_w_is_no_livekit(&it, &of_a_proxy[0], i * 10 * MYNA_S));
}

TEST(trap_23_it_registers_first_and_once_on_each_line)
{
    open_world("1");
    until(count(MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_WORKER, NULL) == 1);
    CHECK_EQ(count(REGISTER, NULL), 1);
    say_registered();                                  /* said twice */
    frame(myna_view_of("\xba\x06\x03new"));            /* of a later server */
    frame(myna_view_of("\x0a\x50garbage"));            /* of a broken one */
    frame((struct myna_view){(const uint8_t *)"", 0}); /* nothing at all */
    until(count(MYNA__LK__WORKER_MESSAGE__MESSAGE_UPDATE_WORKER, NULL) >= 2);
    CHECK_EQ(count(REGISTER, NULL), 1);
    fake_close(w.conn);
    w.conn = NULL;
    until(w.n_lines == 2 && w.registered == 1);
    CHECK_EQ(count(REGISTER, NULL), 2);
    close_world();
}

TEST(trap_23_every_question_is_answered_at_once_also_with_no)
{
    const Myna__Lk__WorkerMessage *m = NULL;
    myna_us began;

    open_world("1");
    until(w.registered);
    began = myna_host_now(&w.host);
    ask("AJ_1");
    until(count(AVAILABILITY, &m) == 1);
    CHECK_STR(m->availability->job_id, "AJ_1");
    CHECK(m->availability->available);
    CHECK_STR(m->availability->participant_identity, "agent-AJ_1");
    ask("AJ_2");
    until(count(AVAILABILITY, &m) == 2);
    CHECK_STR(m->availability->job_id, "AJ_2");
    CHECK(!m->availability->available);
    CHECK(myna_host_now(&w.host) - began < 9 * MYNA_S); /* the server waits for ten */
    terminate("AJ_1");
    close_world();
}

TEST(the_agent_of_a_named_workers_job_has_that_name_and_our_metadata_in_the_room)
{
    const Myna__Lk__WorkerMessage *m = NULL;
    const Myna__Lk__AvailabilityResponse *a;

    open_world_like("1", (struct like){.agent_name = "receptionist", .metadata = "{\"desk\":3}"});
    until(status() == 0);
    CHECK(says_yes("AJ_1"));
    CHECK_EQ(count(AVAILABILITY, &m), 1);
    a = m->availability;
    CHECK_EQ(a->n_participant_attributes, 1);
    CHECK_STR(a->participant_attributes[0]->key, "lk.agent.name");
    CHECK_STR(a->participant_attributes[0]->value, "receptionist");
    CHECK_STR(a->participant_metadata, "{\"desk\":3}");
    CHECK_STR(a->participant_name, "Myna");
    terminate("AJ_1");
    close_world();
}

TEST(who_has_no_name_for_itself_tells_none)
{
    const Myna__Lk__WorkerMessage *m = NULL;

    open_world("1");
    until(status() == 0);
    CHECK(says_yes("AJ_1"));
    CHECK_EQ(count(AVAILABILITY, &m), 1);
    CHECK_EQ(m->availability->n_participant_attributes, 0);
    CHECK_STR(m->availability->participant_metadata, "");
    terminate("AJ_1");
    close_world();
}

TEST(trap_26_the_workers_token_opens_no_room)
{
    json_t *claims, *video;
    struct myna_buf b;
    const char *first, *second;

    open_world("1");
    until(w.registered);
    first = strchr(w.token, '.');
    second = first ? strchr(first + 1, '.') : NULL;
    CHECK(second);
    myna_buf_init(&b, 0);
    CHECK_EQ(myna_base64_read(
                 &b, (struct myna_view){(const uint8_t *)first + 1, (size_t)(second - first - 1)}),
             MYNA_OK);
    claims = json_loadb((const char *)b.ptr, b.len, 0, NULL);
    video = json_object_get(claims, "video");
    CHECK(json_is_true(json_object_get(video, "agent")));
    CHECK(!json_object_get(video, "roomJoin"));
    CHECK(!json_object_get(video, "room"));
    CHECK(json_object_get(claims, "exp")); /* trap 20 */
    json_decref(claims);
    myna_buf_fini(&b);
    close_world();
}

TEST(trap_24_a_job_whose_room_was_joined_anew_outlives_its_termination)
{
    open_world("2");
    until(w.registered);
    take("AJ_1");
    fake_lk_say_leave(&w.server, 2, 6);
    until(w.server.n_joins == 2);
    CHECK(!w.server.join->reconnect);
    terminate("AJ_1"); /* of the one who left */
    ask("AJ_2");       /* its answer comes behind what the termination did */
    until(count(AVAILABILITY, NULL) == 2);
    for (int i = 0; i < 40; i++)
        turn();
    CHECK_EQ(jobs(2) + jobs(3), 0);
    CHECK(w.server.conn);               /* still in the room */
    fake_lk_say_leave(&w.server, 0, 4); /* removed: that is meant */
    terminate("AJ_2");
    close_world();
}

TEST(a_job_that_is_terminated_ends)
{
    open_world("1");
    until(w.registered);
    take("AJ_1");
    terminate("AJ_1");
    until(jobs(2) == 1);
    close_world();
}

TEST_MAIN

/* deletion_test.c - the room is deleted at the end of a call, by a server in this test's loop. */
#include "door_world.h"

#include "fake_http.h"
#include "util/http.h"

static struct {
    struct fake_http http;
    int status;
    char url[40];
    bool holds;
    struct fake_conn *held; /* waits for its answer */
    int n_asked;
    char warned[400];
} api;

static void answer(void)
{
    struct fake_conn *c = api.held;

    api.held = NULL;
    fake_answer(c, api.status, "Content-Type: application/json\r\n", "{}");
}

static void on_request(struct fake_conn *c)
{
    api.n_asked++;
    api.held = c;
    if (api.holds)
        myna_loop_stop(w.host.loop);
    else
        answer();
}

static void note_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    if (level >= MYNA_LOG_WARN)
        snprintf(api.warned, sizeof api.warned, "%s", line);
}

static void begin(int status, bool deletes)
{
    struct myna_lk_options conf = {.kind_bits = 1u << MYNA_LK_STANDARD,
                                   .api_key = "key",
                                   .api_secret = "secret",
                                   .delete_room_on_close = deletes};

    memset(&api, 0, sizeof api);
    api.status = status;
    usual(&conf);
    conf.url = api.url;
    open_world_as(conf, NULL);
    fake_open(&api.http, w.host.loop, on_request);
    snprintf(api.url, sizeof api.url, "ws://127.0.0.1:%d", status ? api.http.port : 1);
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = note_log});
    person("ann", false, 0);
    w.log[0] = '\0';
}

/* status 0: where nobody listens. */
static void call(int status, bool deletes)
{
    begin(status, deletes);
    w.t->cls->hangup(w.t, "user_initiated");
    pass(5000);
}

/* The server has been asked, and thinks. */
static void hang_up_and_hold(int status)
{
    begin(status, true);
    api.holds = true;
    w.t->cls->hangup(w.t, "user_initiated");
    pass(5000); /* until it was asked: the clock stands still while it thinks */
    CHECK(api.held);
}

static void line_ends(int reason)
{
    struct myna_lk_end end = {.kind = reason ? MYNA_LK_END_LEAVE : MYNA_LK_END_DROPPED,
                              .reason = reason,
                              .message = "it broke"};

    w.room.events.state(w.room.arg, MYNA_LK_STAY_OVER, &end);
}

static void over(void)
{
    fake_shut(&api.http);
    myna_http_destroy(w.host.http);
    w.host.http = NULL;
    if (w.t)
        w.t->cls->destroy(w.t);
    myna_log_destroy(w.host.log);
    myna_arena_destroy(w.mem);
    myna_loop_destroy(w.host.loop);
}

TEST(the_room_is_deleted_when_the_call_ends_and_the_reason_is_the_calls)
{
    call(200, true);
    CHECK_HAS(api.http.last, "POST /twirp/livekit.RoomService/DeleteRoom ");
    CHECK_HAS(api.http.last, "\r\n\r\n{\"room\":\"demo\"}");
    CHECK_STR(w.log, "closed 0 user_initiated");
    CHECK_EQ(api.n_asked, 1);
    over();
}

/* The fault is told once, and then the end. */
static bool told_once(void)
{
    const char *fault = strstr(w.log, "fault 0 ");

    return fault == w.log && !strstr(fault + 1, "fault 0 ") &&
           strstr(w.log, " | closed 0 user_initiated");
}

TEST(a_room_that_cannot_be_deleted_is_told_and_the_call_ends_all_the_same)
{
    call(403, true);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK(told_once());
    CHECK_EQ(api.n_asked, 1);
    over();
    call(0, true);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK(told_once());
    over();
}

TEST(a_room_that_is_gone_already_is_no_trouble)
{
    call(404, true);
    CHECK_STR(w.log, "closed 0 user_initiated");
    over();
}

TEST(nobody_deletes_a_room_without_being_asked)
{
    call(200, false);
    CHECK_EQ(api.http.n_accepted, 0);
    CHECK_STR(w.log, "closed 0 user_initiated");
    over();
}

TEST(where_the_line_is_over_first_the_end_waits_for_the_answer_and_tells_it)
{
    hang_up_and_hold(403);
    line_ends(0);
    CHECK_STR(w.log, "");
    answer();
    pass(5000);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK_HAS(w.log, " | closed 0 user_initiated");
    over();
    hang_up_and_hold(200);
    line_ends(MYNA_LK_PARTICIPANT_REMOVED);
    CHECK_STR(w.log, "");
    answer();
    pass(5000);
    CHECK_STR(w.log, "closed 0 user_initiated");
    CHECK_STR(api.warned, "");
    over();
}

TEST(where_server_and_line_are_both_gone_the_end_comes_and_tells_it)
{
    hang_up_and_hold(200);
    line_ends(0);
    fake_close(api.held);
    pass(5000);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK_HAS(w.log, " | closed 0 user_initiated");
    over();
}

TEST(where_the_line_is_over_before_the_server_was_asked_it_is_asked_all_the_same)
{
    begin(200, true);
    w.t->cls->hangup(w.t, "user_initiated");
    line_ends(0); /* within the last words */
    CHECK_STR(w.log, "");
    pass(5000);
    CHECK_HAS(api.http.last, "POST /twirp/livekit.RoomService/DeleteRoom ");
    CHECK_EQ(api.n_asked, 1);
    CHECK_STR(w.log, "closed 0 user_initiated");
    CHECK_STR(api.warned, "");
    over();
    begin(200, true);
    api.holds = true;
    w.t->cls->hangup(w.t, "user_initiated");
    line_ends(0);
    pass(5000); /* the last words would have been over meanwhile */
    CHECK(api.held);
    CHECK_EQ(((struct lk *)w.t)->bye.slot, 0); /* it would ask a second time */
    answer();
    pass(5000);
    CHECK_EQ(api.n_asked, 1);
    CHECK_STR(w.log, "closed 0 user_initiated");
    over();
    begin(200, true);
    w.t->cls->hangup(w.t, "user_initiated");
    line_ends(MYNA_LK_ROOM_DELETED);
    CHECK_STR(w.log, "closed 0 user_initiated");
    pass(5000);
    CHECK_EQ(api.http.n_accepted, 0);
    over();
}

TEST(that_the_room_was_deleted_under_us_is_the_answer)
{
    hang_up_and_hold(200);
    line_ends(MYNA_LK_ROOM_DELETED);
    CHECK_STR(w.log, "closed 0 user_initiated");
    over();
}

TEST(who_ends_the_call_by_force_reads_that_the_room_may_still_be_there)
{
    hang_up_and_hold(200);
    w.t->cls->destroy(w.t);
    w.t = NULL;
    CHECK_HAS(api.warned, "before the room demo was deleted: it may still be there");
    over();
    begin(200, true); /* it was not even asked for */
    w.t->cls->destroy(w.t);
    w.t = NULL;
    CHECK_HAS(api.warned, "before the room demo was deleted: it may still be there");
    over();
}

TEST_MAIN

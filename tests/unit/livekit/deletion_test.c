/* deletion_test.c - the room is deleted at the end of a call, by a server in this test's loop. */
#include "door_world.h"

#include "fake_http.h"
#include "util/http.h"

static struct {
    struct fake_http http;
    int status;
    char url[40];
} api;

static void on_request(struct fake_conn *c)
{
    fake_answer(c, api.status, "Content-Type: application/json\r\n", "{}");
}

/* port 0: where nobody listens. */
static void call(int status, bool deletes)
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
    person("ann", false, 0);
    w.log[0] = '\0';
    w.t->cls->hangup(w.t, "user_initiated");
    pass(5000);
}

static void over(void)
{
    fake_shut(&api.http);
    myna_http_destroy(w.host.http);
    w.host.http = NULL;
    close_world();
}

TEST(the_room_is_deleted_when_the_call_ends_and_the_reason_is_the_calls)
{
    call(200, true);
    CHECK_HAS(api.http.last, "POST /twirp/livekit.RoomService/DeleteRoom ");
    CHECK_HAS(api.http.last, "\r\n\r\n{\"room\":\"demo\"}");
    CHECK_STR(w.log, "closed 0 user_initiated");
    over();
}

TEST(a_room_that_cannot_be_deleted_is_told_and_the_call_ends_all_the_same)
{
    call(403, true);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK_HAS(w.log, " | closed 0 user_initiated");
    over();
    call(0, true);
    CHECK_HAS(w.log, "fault 0 the room demo was not deleted: ");
    CHECK_HAS(w.log, " | closed 0 user_initiated");
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

TEST_MAIN

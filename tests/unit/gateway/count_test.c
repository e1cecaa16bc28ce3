/* count_test.c - who is in the room, asked of a server in this test's loop. */
#include "fake_http.h"

#include "gateway/count.h"
#include "util/http.h"
#include "util/host.h"

static struct {
    struct myna_host host;
    struct fake_http http;
    struct myna_lk_options conf;
    struct myna_gw_count *count;
    char url[64];
    int status, told, people;
    const char *body;
} w;

static void on_request(struct fake_conn *c)
{
    fake_answer(c, w.status, "Content-Type: application/json\r\n", w.body);
}

static void on_told(void *arg, int people)
{
    (void)arg;
    w.told++;
    w.people = people;
    myna_loop_stop(w.host.loop);
}

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    fake_open(&w.http, w.host.loop, on_request);
    snprintf(w.url, sizeof w.url, "ws://127.0.0.1:%d", w.http.port);
    w.conf = (struct myna_lk_options){.url = w.url,
                                      .api_key = "key",
                                      .api_secret = "secret",
                                      .identity = "myna",
                                      .room = "a \"room\""};
    w.count = myna_gw_count_create(&w.host, &w.conf, on_told, NULL);
}

static void close_world(void)
{
    myna_gw_count_destroy(w.count);
    fake_shut(&w.http);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

static int count(int status, const char *body)
{
    int before = w.told;

    w.status = status;
    w.body = body;
    myna_gw_count_ask(w.count);
    CHECK_EQ(w.told, before); /* never from inside */
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.told, before + 1);
    return w.people;
}

TEST(people_are_counted_and_neither_agents_nor_ourselves)
{
    open_world();
    CHECK_EQ(count(200, "{\"participants\":[{\"identity\":\"ann\",\"state\":\"ACTIVE\"},"
                        "{\"identity\":\"myna\",\"state\":\"ACTIVE\"},"
                        "{\"identity\":\"bot\",\"state\":\"ACTIVE\",\"kind\":\"AGENT\"}]}"),
             1);
    CHECK_HAS(w.http.last, "POST /twirp/livekit.RoomService/ListParticipants ");
    CHECK_HAS(w.http.last, "Authorization: Bearer ey");
    CHECK_HAS(w.http.last, "\r\n\r\n{\"room\":\"a \\\"room\\\"\"}");
    CHECK_EQ(count(200, "{\"participants\":[]}"), 0);
    close_world();
}

TEST(a_refusal_is_nobody_and_no_answer_is_not_known)
{
    open_world();
    CHECK_EQ(count(401, "{}"), 0);
    CHECK_EQ(count(404, "{}"), 0);
    CHECK_EQ(count(500, "{}"), -1);
    CHECK_EQ(count(200, "no list"), -1);
    w.conf.api_key = NULL;
    CHECK_EQ(count(200, "{}"), -1); /* it cannot even be asked */
    w.conf.url = "nonsense";
    CHECK_EQ(count(200, "{}"), -1);
    close_world();
}

TEST(what_is_taken_back_is_not_told)
{
    open_world();
    w.status = 200;
    w.body = "{}";
    myna_gw_count_ask(w.count);
    myna_gw_count_cancel(w.count);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 20 * MYNA_MS);
    CHECK_EQ(w.told, 0);
    close_world();
}

TEST_MAIN

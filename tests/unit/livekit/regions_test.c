/* regions_test.c - a room of LiveKit Cloud is joined where it can be (livekit-rtc 2.10). The test
 * is the proxy of this process, behind which all hosts of the cloud stand. */
#include "room_world.h"

#include <stdlib.h>

#include "livekit/regions.h"

#define OWN "ws://demo.livekit.cloud"
#define TWO                                                                                        \
    "{\"regions\":[{\"region\":\"a\",\"url\":\"ws://one.livekit.cloud\",\"distance\":1},"          \
    "{\"region\":\"b\",\"url\":\"ws://two.livekit.cloud\",\"distance\":2}]}"

static struct {
    char tried[2048]; /* hosts to which a line was wanted, in order */
    const char *alive;
    int asked;
    char question[4096], *list;
    const char *head;
    bool hold; /* the question is not answered yet */
    struct fake_conn *held;
} p;

static void answer_regions(void)
{
    fake_answer(p.held, p.list ? 200 : 404, p.head ? p.head : "", p.list ? p.list : "");
    p.held = NULL;
}

static void through_proxy(struct fake_conn *c)
{
    struct fake_livekit *lk = (struct fake_livekit *)c->server;

    if (c == lk->conn || !fake_whole(c)) {
        fake_lk_bytes(c);
    } else if (!strncmp(c->request, "CONNECT ", 8)) {
        size_t len = strcspn(c->request + 8, ":");

        snprintf(p.tried + strlen(p.tried), sizeof p.tried - strlen(p.tried), "%.*s ", (int)len,
                 c->request + 8);
        c->len = 0;
        if (p.alive && !strncmp(c->request + 8, p.alive, strlen(p.alive)))
            fake_say(c, "HTTP/1.1 200 OK\r\n\r\n");
        else
            fake_close(c);
    } else if (!strncmp(c->request, "GET http://", 11)) {
        p.asked++;
        snprintf(p.question, sizeof p.question, "%.*s", (int)c->len, c->request);
        c->len = 0;
        p.held = c;
        if (!p.hold)
            answer_regions();
    } else {
        fake_lk_bytes(c);
    }
}

static void open_cloud(const char *url, bool virtual_clock)
{
    char proxy[64];

    memset(&p, 0, sizeof p);
    p.list = (char *)TWO;
    open_world_on(virtual_clock);
    w.server.http.bytes = through_proxy;
    w.conf.url = url;
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", w.server.http.port);
    CHECK_EQ(setenv("http_proxy", proxy, 1), 0);
    CHECK_EQ(setenv("no_proxy", "", 1), 0);
    CHECK_EQ(setenv("NO_PROXY", "", 1), 0);
}

static void join_to_the_end(void)
{
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_over);
}

TEST(what_does_not_answer_is_joined_in_the_first_region_that_does)
{
    open_cloud(OWN, false);
    p.alive = "two.livekit.cloud";
    join();
    CHECK_STR(p.tried, "demo.livekit.cloud one.livekit.cloud two.livekit.cloud ");
    CHECK_EQ(p.asked, 1);
    CHECK_HAS(p.question, "GET http://demo.livekit.cloud/settings/regions HTTP/1.1\r\n");
    CHECK_HAS(p.question, "Authorization: Bearer a.token.x\r\n");
    CHECK_EQ(w.losses, 0);
    CHECK_EQ(w.overs, 0);
    close_world();
}

static bool is_held(void)
{
    return p.held != NULL && w.server.http.n_accepted >= 2;
}

TEST(the_answer_about_regions_is_waited_for)
{
    open_cloud(OWN, false);
    p.alive = "one.livekit.cloud";
    p.hold = true;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_held);
    CHECK_STR(p.tried, "demo.livekit.cloud ");
    CHECK_EQ(w.overs, 0);
    answer_regions();
    until_polled(is_answered);
    CHECK_STR(p.tried, "demo.livekit.cloud one.livekit.cloud ");
    close_world();
}

TEST(where_no_region_answers_either_each_was_tried_once)
{
    open_cloud(OWN, false);
    join_to_the_end();
    CHECK_STR(p.tried, "demo.livekit.cloud one.livekit.cloud two.livekit.cloud ");
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "demo.livekit.cloud"); /* what was wrong with the one that is configured */
    close_world();
}

TEST(a_cloud_that_says_nothing_of_regions_is_a_server_like_any_other)
{
    open_cloud(OWN, false);
    p.list = NULL;
    join_to_the_end();
    CHECK_STR(p.tried, "demo.livekit.cloud ");
    CHECK_EQ(p.asked, 1);
    close_world();
}

TEST(no_other_host_is_asked)
{
    static const char *const others[] = {"ws://demo.example", "ws://livekit.cloud.example",
                                         "ws://xlivekit.cloud"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        open_cloud(others[i], false);
        join_to_the_end();
        CHECK_EQ(p.asked, 0);
        close_world();
    }
}

TEST(a_list_that_means_us_ill_does_not_get_far)
{
    struct myna_buf b;

    open_cloud(OWN, false);
    myna_buf_init(&b, 0);
    myna_buf_puts(&b, "{\"regions\":[1,{\"url\":7},{\"url\":\"file:///etc/passwd\"},"
                      "{\"url\":\"ws://demo.livekit.cloud@bad.example\"},{\"url\":\"ws://\"},"
                      "{\"url\":\"ws://a b\"},{\"url\":\"ws://");
    for (int i = 0; i < 600; i++)
        myna_buf_putc(&b, 'x');
    myna_buf_puts(&b, "\"}");
    for (int i = 10; i < 60; i++)
        myna_buf_printf(&b, ",{\"url\":\"ws://r%d\"}", i);
    myna_buf_puts(&b, "]}");
    p.list = (char *)myna_buf_str(&b);
    join_to_the_end();
    CHECK_STR(p.tried, "demo.livekit.cloud r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 "
                       "r24 r25 ");
    close_world();
    myna_buf_fini(&b);
}

TEST(an_outage_goes_round_the_regions_from_the_configured_one_on)
{
    open_cloud(OWN, false);
    p.alive = "demo.livekit.cloud";
    join();
    CHECK_EQ(p.asked, 1);
    p.tried[0] = '\0';
    p.alive = "two.livekit.cloud";
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    /* a resume, a new session, and each region without a pause */
    CHECK_STR(p.tried,
              "demo.livekit.cloud demo.livekit.cloud one.livekit.cloud two.livekit.cloud ");
    close_world();
}

static void stop(void *arg)
{
    (void)arg;
    myna_loop_stop(w.host.loop);
}

/* Was it asked? */
static bool asks(struct myna_lk_regions *g)
{
    myna_lk_regions_ask(g, OWN, "t");
    if (!myna_lk_regions_is_asking(g))
        return false;
    myna_loop_run(w.host.loop);
    return !myna_lk_regions_is_asking(g);
}

static void later(myna_us by)
{
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + by);
}

TEST(what_the_cloud_said_is_kept_as_long_as_it_allows_and_longer_where_it_says_nothing_new)
{
    struct myna_lk_regions *g;

    open_cloud(OWN, true);
    g = myna_lk_regions_create(&w.host, stop, NULL);
    p.head = "Cache-Control: public, max-age=300\r\n";
    CHECK(asks(g));
    CHECK_EQ(p.asked, 1);
    later(299 * MYNA_S);
    CHECK(!asks(g));
    later(2 * MYNA_S);
    p.list = NULL; /* it is out of order */
    CHECK(asks(g));
    CHECK_EQ(p.asked, 2);
    CHECK_STR(myna_lk_regions_next(g), "ws://one.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://two.livekit.cloud");
    CHECK(!myna_lk_regions_next(g));
    CHECK_STR(myna_lk_regions_next(g), "ws://one.livekit.cloud");
    p.list = (char *)TWO;
    p.head = NULL;
    CHECK(asks(g));
    CHECK(!asks(g)); /* five seconds where it says nothing */
    later(6 * MYNA_S);
    CHECK(asks(g));
    CHECK_EQ(p.asked, 4);
    myna_lk_regions_destroy(g);
    close_world();
}

TEST(what_a_server_names_stands_before_what_the_cloud_said_and_neither_forgets_the_other)
{
    static const char *const named[] = {"ws://near.livekit.cloud", "ws://two.livekit.cloud"};
    struct myna_lk_regions *g;

    open_cloud(OWN, true);
    g = myna_lk_regions_create(&w.host, stop, NULL);
    CHECK(asks(g));
    myna_lk_regions_named(g, OWN, named, 2);
    CHECK_STR(myna_lk_regions_next(g), "ws://near.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://two.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://one.livekit.cloud");
    CHECK(!myna_lk_regions_next(g)); /* two was told */
    later(6 * MYNA_S);
    CHECK_STR(myna_lk_regions_next(g), "ws://near.livekit.cloud");
    CHECK(asks(g)); /* the answer comes late, behind what the server named */
    CHECK_STR(myna_lk_regions_next(g), "ws://two.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://one.livekit.cloud");
    CHECK(!myna_lk_regions_next(g));
    myna_lk_regions_named(g, OWN, named, 1); /* and another one names less */
    CHECK_STR(myna_lk_regions_next(g), "ws://near.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://one.livekit.cloud");
    CHECK_STR(myna_lk_regions_next(g), "ws://two.livekit.cloud");
    CHECK(!myna_lk_regions_next(g));
    myna_lk_regions_destroy(g);
    close_world();
}

TEST(a_max_age_is_read_among_others_and_nonsense_is_none)
{
    CHECK_EQ(myna_lk_max_age("max-age=300"), 300);
    CHECK_EQ(myna_lk_max_age("public, MAX-AGE=7 , no-cache"), 7);
    CHECK_EQ(myna_lk_max_age("max-age=0"), 0);
    CHECK_EQ(myna_lk_max_age("max-age=99999999999999999999"), 86400);
    CHECK_EQ(myna_lk_max_age("no-store"), -1);
    CHECK_EQ(myna_lk_max_age("s-max-age=3"), -1);
    CHECK_EQ(myna_lk_max_age("max-age=3x"), -1);
    CHECK_EQ(myna_lk_max_age("max-age="), -1);
    CHECK_EQ(myna_lk_max_age(""), -1);
    CHECK_EQ(myna_lk_max_age(NULL), -1);
}

TEST(where_a_token_may_go)
{
    CHECK(myna_lk_is_cloud("wss://x.livekit.cloud"));
    CHECK(myna_lk_is_cloud("https://x.LiveKit.run:443/rtc"));
    CHECK(!myna_lk_is_cloud("wss://.livekit.cloud"));
    CHECK(!myna_lk_is_cloud("wss://x.livekit.cloud@bad.example"));
    CHECK(!myna_lk_is_cloud("wss://bad.example/x.livekit.cloud"));
    CHECK(!myna_lk_is_cloud("x.livekit.cloud"));
    CHECK(!myna_lk_is_cloud(NULL));
    CHECK(myna_lk_may_go("wss://a", "https://b"));
    CHECK(!myna_lk_may_go("wss://a", "ws://b"));
    CHECK(!myna_lk_may_go("https://a", "http://b"));
    CHECK(myna_lk_may_go("ws://a", "ws://b"));
    CHECK(!myna_lk_may_go("ws://a", "ftp://b"));
    CHECK(!myna_lk_may_go("ws://a", ""));
    CHECK(!myna_lk_may_go("ws://a", "ws://b\r\nX: y"));
}

TEST_MAIN

/* desk_test.c - announcements: what waits and for how long (voice-gateway 13), and requests read
 * byte by byte. */
#include "gateway/desk.h"
#include "gateway/home.h"

#include "check.h"

#define HOUR ((int64_t)3600 * 1000)

static void takes(struct myna_gw_home *h, int64_t at, const char *want)
{
    char *text = myna_gw_home_take(h, at);

    if (want)
        CHECK_STR(text, want);
    else
        CHECK(!text);
    free(text);
}

TEST(what_waits_is_delivered_once_oldest_first)
{
    struct myna_gw_home h = {0};

    CHECK(myna_gw_home_keep(&h, "one", 0));
    CHECK(myna_gw_home_keep(&h, "two", HOUR));
    takes(&h, 2 * HOUR, "one");
    takes(&h, 2 * HOUR, "two");
    takes(&h, 2 * HOUR, NULL);
    myna_gw_home_fini(&h);
}

TEST(after_a_day_it_is_forgotten_and_more_than_twenty_do_not_wait)
{
    struct myna_gw_home h = {0};
    char text[8];

    CHECK(myna_gw_home_keep(&h, "old", 0));
    CHECK(myna_gw_home_keep(&h, "new", HOUR));
    CHECK_EQ(myna_gw_home_count(&h, 24 * HOUR - 1), 2);
    CHECK_EQ(myna_gw_home_count(&h, 24 * HOUR), 1);
    takes(&h, 24 * HOUR, "new");
    for (int i = 0; i < 25; i++) {
        snprintf(text, sizeof text, "%d", i);
        CHECK(myna_gw_home_keep(&h, text, 0));
    }
    CHECK_EQ(myna_gw_home_count(&h, 1), MYNA_GW_HOME_MAX);
    takes(&h, 1, "5");
    myna_gw_home_fini(&h);
}

static bool same(const char *text, size_t len, const char *want)
{
    return len == strlen(want) && !memcmp(text, want, len);
}

TEST(a_request_is_whole_with_its_last_byte_and_not_before)
{
    static const char text[] = "POST /v1/announce?x=1 HTTP/1.1\r\nHost: a\r\n"
                               "authorization:  bearer  s3cret \r\nContent-Length: 4\r\n\r\nbody";
    struct myna_gw_request rq;
    size_t n = sizeof text - 1;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(myna_gw_request_read(text, i, &rq), MYNA_GW_REQUEST_MORE);
    CHECK_EQ(myna_gw_request_read(text, n, &rq), MYNA_GW_REQUEST_WHOLE);
    CHECK(same(rq.method, rq.method_len, "POST"));
    CHECK(same(rq.path, rq.path_len, "/v1/announce"));
    CHECK(same(rq.bearer, rq.bearer_len, " s3cret") || same(rq.bearer, rq.bearer_len, "s3cret"));
    CHECK(same(rq.body, rq.body_len, "body"));
}

static enum myna_gw_request_state read(const char *text)
{
    struct myna_gw_request rq;

    return myna_gw_request_read(text, strlen(text), &rq);
}

TEST(what_is_no_request_is_bad)
{
    CHECK_EQ(read("GET / HTTP/1.1\r\n\r\n"), MYNA_GW_REQUEST_WHOLE);
    CHECK_EQ(read("\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET /\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET  HTTP/1.1\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nContent-Length:\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
             MYNA_GW_REQUEST_BAD);
    CHECK_EQ(read("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), MYNA_GW_REQUEST_BAD);
}

TEST_MAIN

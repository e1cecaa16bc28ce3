/* http_tls_test.c - a raw line through TLS, to a server that does not read for a while.
 */
#include "fake_tls.h"

#include "util/host.h"
#include "util/http.h"

enum {
    PATIENCE_S = 60,
    MORE = 1 << 20,   /* behind what the kernel kept for a server that did not read */
    MOST = 256 << 20, /* no kernel keeps as much */
};

static struct {
    struct myna_host host;
    struct fake_tls server;
    struct myna_http_request *line;
    bool up, over;
} w;

static void on_raw(void *arg, struct myna_http_request *rq, int events)
{
    (void)arg;
    (void)rq;
    (void)events;
}

static void on_up(void *arg, struct myna_http_request *rq, int status)
{
    (void)arg;
    (void)rq;
    (void)status;
    w.up = true;
}

static void on_over(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    (void)arg;
    (void)rq;
    (void)error;
    w.over = true;
}

static void turn(void)
{
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 2 * MYNA_MS);
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)((i * 2654435761u) >> 13);
}

/* From memory that is new each time: an owner's buffer grows and moves. */
static size_t push(size_t sent)
{
    size_t n = 100000;
    uint8_t *bytes = malloc(n + sent % 7 + 1);
    ptrdiff_t k;

    CHECK(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(sent + i);
    k = myna_http_raw_send(w.line, bytes, n);
    CHECK(k >= 0);
    memset(bytes, 0, n);
    free(bytes);
    return (size_t)k;
}

static void pull(size_t *got)
{
    uint8_t block[5000];
    ptrdiff_t n;

    while ((n = myna_http_raw_recv(w.line, block, sizeof block)) > 0)
        for (ptrdiff_t i = 0; i < n; i++)
            CHECK_EQ(block[i], byte_at((*got)++));
    CHECK_EQ(n, 0);
}

TEST(what_did_not_get_through_may_be_sent_again_from_another_place)
{
    size_t sent = 0, got = 0, much, n;
    int blocked = 0;
    char url[64];
    myna_us end;

    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    CHECK(w.host.loop);
    fake_tls_open(&w.server, w.host.loop, "DNS:localhost");
    fake_tls_trust(&w.server);
    snprintf(url, sizeof url, "https://localhost:%d", w.server.port);
    CHECK(myna_host_http(&w.host));
    CHECK_EQ(myna_http_start(
                 w.host.http,
                 &(struct myna_http_start){
                     .url = url, .raw = true, .raw_ready = on_raw, .head = on_up, .done = on_over},
                 &w.line),
             MYNA_OK);
    end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;
    while (!w.up && !w.over && myna_loop_now(w.host.loop) < end)
        turn();
    CHECK(w.up);
    fake_tls_hold(&w.server, true);
    while (blocked < 20) { /* and it is tried again and again */
        n = push(sent);
        sent += n;
        CHECK(sent < MOST);
        blocked += n == 0;
        if (!n)
            turn();
    }
    much = sent + MORE;
    fake_tls_hold(&w.server, false);
    end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;
    while ((sent < much || got < sent) && myna_loop_now(w.host.loop) < end) {
        if (sent < much)
            sent += push(sent);
        turn();
        pull(&got);
    }
    CHECK(sent >= much);
    CHECK_EQ(got, sent);
    myna_http_cancel(w.line);
    fake_tls_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

TEST_MAIN

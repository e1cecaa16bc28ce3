/* health_test.c - what a worker's pages say, and that nobody who asks badly keeps a place. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "turns.h"

#include "livekit/health.h"
#include "util/host.h"
#include "util/loop.h"

static struct {
    struct myna_host host;
    struct myna_lk_health *h;
    struct myna_lk_health_state st;
} w;

static void ask(void *arg, struct myna_lk_health_state *into)
{
    (void)arg;
    *into = w.st;
}

static void open_world(void)
{
    struct myna_loop_options lo = {.workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK_EQ(myna_lk_health_open(&w.h, &w.host, "127.0.0.1:0", 0, ask, NULL, NULL), MYNA_OK);
}

static void close_world(void)
{
    myna_lk_health_close(w.h);
    myna_loop_destroy(w.host.loop);
}

static int connected(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)myna_lk_health_port(w.h)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void turn(int ms)
{
    turns_for(w.host.loop, ms);
}

/* All that comes until it is closed; "" when nothing does. */
static const char *get(const char *request)
{
    static char said[4096];
    int fd = connected();
    size_t len = 0;
    ssize_t n;

    CHECK_EQ(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    turn(50);
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while ((n = read(fd, said + len, sizeof said - 1 - len)) > 0)
        len += (size_t)n;
    said[len] = '\0';
    close(fd);
    return said;
}

TEST(with_a_line_to_the_server_it_is_ok_and_without_one_it_is_not)
{
    open_world();
    CHECK_HAS(get("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "503 Service Unavailable");
    CHECK_HAS(get("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "\r\n\r\nnot connected to livekit");
    w.st.connected = true;
    CHECK_HAS(get("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "200 OK");
    CHECK_HAS(get("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "\r\n\r\nOK");
    close_world();
}

TEST(the_other_page_tells_what_it_is)
{
    open_world();
    w.st = (struct myna_lk_health_state){true, "desk \"1\"", true, 3};
    CHECK_HAS(get("GET /worker HTTP/1.1\r\n\r\n"),
              "{\"agent_name\":\"desk \\\"1\\\"\",\"agent_name_is_env\":true,\"worker_type\":"
              "\"JT_ROOM\",\"active_jobs\":3,");
    CHECK_HAS(get("GET /worker?x=1 HTTP/1.1\r\n\r\n"), "application/json");
    close_world();
}

TEST(nothing_else_is_there)
{
    open_world();
    CHECK_HAS(get("GET /workers HTTP/1.1\r\n\r\n"), "404 Not Found");
    CHECK_HAS(get("GET /etc HTTP/1.1\r\n\r\n"), "\r\n\r\nnot found");
    CHECK_HAS(get("POST / HTTP/1.1\r\n\r\n"), "404");
    CHECK_HAS(get("HEAD / HTTP/1.1\r\n\r\n"), "Content-Length: 24\r\n");
    CHECK(!strstr(get("HEAD / HTTP/1.1\r\n\r\n"), "not connected"));
    close_world();
}

TEST(a_request_without_end_is_dropped_and_so_is_one_that_says_nothing)
{
    char flood[5000];
    int silent[20];

    open_world();
    memset(flood, 'x', sizeof flood - 1);
    flood[sizeof flood - 1] = '\0';
    CHECK_STR(get(flood), "");
    w.st.connected = true;
    for (int i = 0; i < 20; i++) /* more than there are places */
        silent[i] = connected();
    turn(50);
    CHECK_STR(get("GET / HTTP/1.1\r\n\r\n"), ""); /* no place is free */
    turn(5100);
    CHECK_HAS(get("GET / HTTP/1.1\r\n\r\n"), "200 OK");
    for (int i = 0; i < 20; i++)
        close(silent[i]);
    close_world();
}

TEST(an_address_that_is_none_and_one_that_is_taken_are_told_apart)
{
    struct myna_lk_health *other = NULL;
    struct myna_why why = {0};
    char where[32];

    open_world();
    CHECK_EQ(myna_lk_health_open(&other, &w.host, "here", 0, ask, NULL, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "'here'");
    CHECK_EQ(myna_lk_health_open(&other, &w.host, "host.example:80", 0, ask, NULL, &why),
             MYNA_ECONFIG);
    snprintf(where, sizeof where, "%d", myna_lk_health_port(w.h));
    CHECK_EQ(myna_lk_health_open(&other, &w.host, where, 0, ask, NULL, &why), MYNA_EIO);
    CHECK_HAS(why.text, "in use");
    snprintf(where, sizeof where, "%d", myna_lk_health_port(w.h) - 3);
    CHECK_EQ(myna_lk_health_open(&other, &w.host, where, 3, ask, NULL, &why), MYNA_EIO);
    close_world();
}

TEST_MAIN

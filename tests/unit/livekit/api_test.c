/* api_test.c - one call of the server API, made by a child since it blocks; the server is in this
 * test's loop, says how long its answer is and never closes a line.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hyphen.h>

#include <myna/livekit.h>

#include "check.h"
#include "fake_http.h"

static struct {
    struct fake_http server;
    struct myna_loop *loop;
    int status;
    const char *answer;
    /* what the child said */
    char said[2000];
    size_t len;
    int line;
} w;

/* What a runtime does for itself 300 ms after it was made is reading this. Here it is only seen. */
static bool dictionary_read;

HyphenDict *hnj_hyphen_load(const char *path)
{
    (void)path;
    dictionary_read = true;
    return NULL;
}

static void on_request(struct fake_conn *c)
{
    fake_answer(c, w.status, "Content-Type: application/json\r\n", w.answer);
}

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.loop = myna_loop_create(&(struct myna_loop_options){0}, NULL);
    CHECK(w.loop);
    fake_open(&w.server, w.loop, on_request);
    w.status = 200;
    w.answer = "{\"rooms\":[]}";
}

static void close_world(void)
{
    fake_shut(&w.server);
    myna_loop_destroy(w.loop);
}

/* In the child: "ERR:dictionary:answer or reason" goes down the line. */
static void call(int line, int port)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    char url[64], *answer = NULL;
    enum myna_err err = MYNA_EIO;

    snprintf(url, sizeof url, "ws://127.0.0.1:%d", port);
    if (cfg && !myna_config_set(cfg, "transport.livekit.url", url, "test", &why) &&
        !myna_config_set(cfg, "transport.livekit.api_key", "devkey", "test", &why) &&
        !myna_config_set(cfg, "transport.livekit.api_secret", "secret", "test", &why))
        err = myna_livekit_api(cfg, "RoomService", "ListRooms", "demo", MYNA_LIVEKIT_LIST,
                               "{\"names\":[]}", &answer, &why);
    dprintf(line, "%d:%d:%s", err, dictionary_read, err ? why.text : answer);
    _exit(0); /* its memory is the parent's test's business */
}

static void on_said(void *arg, int events)
{
    ssize_t n = read(w.line, w.said + w.len, sizeof w.said - 1 - w.len);

    (void)arg;
    (void)events;
    if (n > 0)
        w.len += (size_t)n;
    else
        myna_loop_stop(w.loop);
}

/* What a call to that port came to. */
static const char *told(int port)
{
    int line[2], status;
    struct myna_poll *poll;
    pid_t child;

    CHECK(!pipe2(line, O_CLOEXEC));
    memset(w.said, 0, sizeof w.said);
    w.len = 0;
    w.line = line[0];
    child = fork();
    if (!child)
        call(line[1], port);
    CHECK(child > 0);
    close(line[1]);
    poll = myna_loop_poll(w.loop, line[0], 1, on_said, NULL);
    CHECK(poll);
    myna_loop_run(w.loop);
    myna_loop_poll_close(poll);
    close(line[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    return w.said;
}

TEST(the_request_is_twirp_and_the_answer_comes_back_though_the_line_stays_open)
{
    open_world();
    CHECK_HAS(told(w.server.port), ":{\"rooms\":[]}");
    CHECK_EQ(atoi(w.said), MYNA_OK);
    CHECK_HAS(w.server.last, "POST /twirp/livekit.RoomService/ListRooms HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "\r\nAuthorization: Bearer ey");
    CHECK_HAS(w.server.last, "\r\n\r\n{\"names\":[]}");
    close_world();
}

/* A busy machine may take 300 ms for a call; one of ten is quicker, were it only by chance. */
TEST(a_call_ends_with_its_answer_and_not_with_the_work_that_a_runtime_has_of_its_own)
{
    bool waited = true;

    open_world();
    for (int i = 0; i < 10 && waited; i++) {
        int err, read;

        CHECK_EQ(sscanf(told(w.server.port), "%d:%d:", &err, &read), 2);
        CHECK_EQ(err, MYNA_OK);
        waited = read;
    }
    CHECK(!waited);
    close_world();
}

TEST(what_the_server_refuses_is_told_in_its_own_words)
{
    open_world();
    w.status = 404;
    w.answer = "{\"code\":\"not_found\",\"msg\":\"requested room does not exist\"}";
    CHECK_HAS(told(w.server.port), "requested room does not exist");
    CHECK_EQ(atoi(w.said), MYNA_ENOENT);
    w.status = 403;
    w.answer = "{\"code\":\"permission_denied\",\"msg\":\"not for you\"}";
    CHECK_HAS(told(w.server.port), "LiveKit refuses: not for you (permission_denied)");
    CHECK_EQ(atoi(w.said), MYNA_EPROVIDER);
    w.status = 401;
    w.answer = "invalid authorization token";
    CHECK_HAS(told(w.server.port), "are API key and secret those of this server");
    CHECK_HAS(w.said, "invalid authorization token");
    CHECK_EQ(atoi(w.said), MYNA_EPROVIDER);
    close_world();
}

TEST(a_server_that_is_not_there_is_an_error_of_the_line)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, and listens not */

    open_world();
    CHECK(!bind(held, (struct sockaddr *)&at, sizeof at));
    CHECK(!getsockname(held, (struct sockaddr *)&at, &len));
    CHECK_EQ(atoi(told(ntohs(at.sin_port))), MYNA_EIO);
    close(held);
    close_world();
}

TEST_MAIN

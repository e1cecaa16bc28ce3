/* sctp_test.c - two associations joined in memory through a network that may lose and reorder: what
 * was sent reliably arrives whole, in order, once; what was sent lossy may be missing and never
 * stops the rest. Also the two messages of DCEP. */
#include "check.h"

#include "rtc/dcep.h"
#include "rtc/sctp.h"
#include "util/buf.h"
#include "util/host.h"

enum { QUEUE = 4096, PATIENCE_S = 60, MAX_MESSAGE = 262144 };

struct end {
    struct myna_sctp *sctp;
    struct end *peer;
    struct {
        size_t len;
        uint8_t data[1300];
    } * queue; /* on the way to us */
    size_t first, last;
    int n_up, n_down, n_messages, n_resets, n_writable, lost;
    uint32_t sum, next; /* of the last message; the number that must come next */
    size_t len;
    uint32_t ppid;
    int out_of_order;
    char why[128];
};

static struct {
    struct myna_host host;
    struct end a, b;
    struct myna_why why;
    unsigned loss_percent;
    int log_lines;
} w;

static void on_send(void *arg, const uint8_t *data, size_t len)
{
    struct end *to = ((struct end *)arg)->peer;

    CHECK(len <= 1200);
    if (myna_host_random(&w.host) % 100 < w.loss_percent || to->last - to->first >= QUEUE) {
        to->lost++;
        return;
    }
    memcpy(to->queue[to->last % QUEUE].data, data, len);
    to->queue[to->last++ % QUEUE].len = len;
}

static void on_up(void *arg)
{
    ((struct end *)arg)->n_up++;
}

static uint32_t sum_of(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    while (n-- > 0)
        sum = sum * 31 + *p++;
    return sum;
}

static void on_message(void *arg, uint16_t stream, uint32_t ppid, struct myna_view body)
{
    struct end *e = arg;

    (void)stream;
    e->n_messages++;
    e->len = body.len;
    e->ppid = ppid;
    e->sum = sum_of(body.ptr, body.len);
    if (body.len == 4) {
        uint32_t n;

        memcpy(&n, body.ptr, 4);
        e->out_of_order += n < e->next;
        e->next = n + 1;
    }
}

static void on_reset(void *arg, uint16_t stream)
{
    (void)stream;
    ((struct end *)arg)->n_resets++;
}

static void on_writable(void *arg)
{
    ((struct end *)arg)->n_writable++;
}

static void on_down(void *arg, const char *why)
{
    ((struct end *)arg)->n_down++;
    snprintf(((struct end *)arg)->why, 128, "%s", why);
}

static void on_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
    w.log_lines++;
}

static void open_end(struct end *e, struct end *peer)
{
    static const struct myna_sctp_events events = {.send = on_send,
                                                   .up = on_up,
                                                   .message = on_message,
                                                   .stream_reset = on_reset,
                                                   .writable = on_writable,
                                                   .down = on_down};

    e->peer = peer;
    e->queue = calloc(QUEUE, sizeof *e->queue);
    CHECK(e->queue);
    CHECK_EQ(myna_sctp_create(&e->sctp, &w.host, MAX_MESSAGE, &events, e, &w.why), MYNA_OK);
}

static bool deliver(struct end *e)
{
    if (e->first == e->last)
        return false;
    e->first++;
    if (e->sctp)
        myna_sctp_receive(e->sctp, e->queue[(e->first - 1) % QUEUE].data,
                          e->queue[(e->first - 1) % QUEUE].len);
    return true;
}

static void settle(void)
{
    for (bool more = true; more;) {
        more = deliver(&w.a);
        more |= deliver(&w.b);
    }
}

/* The clock is real, since usrsctp reads the system's to judge what is old enough to send again. */
#define until(cond)                                                                                \
    do {                                                                                           \
        myna_us end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;                            \
        settle();                                                                                  \
        while (!(cond) && myna_loop_now(w.host.loop) < end) {                                      \
            myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 10 * MYNA_MS);           \
            settle();                                                                              \
        }                                                                                          \
        CHECK(cond);                                                                               \
    } while (0)

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    CHECK(w.host.loop);
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = on_log});
    myna_rand_seed(&w.host.rand, 11);
    open_end(&w.a, &w.b);
    open_end(&w.b, &w.a);
}

static void join(void)
{
    CHECK_EQ(myna_sctp_connect(w.a.sctp, 5000, &w.why), MYNA_OK);
    CHECK_EQ(myna_sctp_connect(w.b.sctp, 5000, &w.why), MYNA_OK);
    until(w.a.n_up == 1 && w.b.n_up == 1);
}

static void close_world(void)
{
    myna_sctp_destroy(w.a.sctp);
    myna_sctp_destroy(w.b.sctp);
    free(w.a.queue);
    free(w.b.queue);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
}

static const struct myna_sctp_send reliable = {
    .stream = 1, .ppid = MYNA_PPID_BINARY, .max_retransmits = -1};

static enum myna_err send_number(struct end *e, const struct myna_sctp_send *how, uint32_t n)
{
    return myna_sctp_send(e->sctp, how, (struct myna_view){(const uint8_t *)&n, sizeof n});
}

TEST(both_sides_may_begin_at_once)
{
    open_world();
    CHECK_EQ(send_number(&w.a, &reliable, 1), MYNA_EIO); /* not up yet */
    join();
    CHECK_EQ(w.a.n_down + w.b.n_down, 0);
    close_world();
}

TEST(a_long_message_arrives_whole_and_one_too_long_is_dropped_with_a_warning)
{
    static uint8_t big[MAX_MESSAGE + 1];

    open_world();
    join();
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    CHECK_EQ(myna_sctp_send(w.a.sctp, &reliable, (struct myna_view){big, MAX_MESSAGE - 1}),
             MYNA_OK);
    until(w.b.n_messages == 1);
    CHECK_EQ(w.b.len, MAX_MESSAGE - 1);
    CHECK_EQ(w.b.sum, sum_of(big, MAX_MESSAGE - 1));
    CHECK_EQ(w.b.ppid, MYNA_PPID_BINARY);
    CHECK_EQ(myna_sctp_send(w.a.sctp, &reliable, (struct myna_view){big, sizeof big}), MYNA_OK);
    CHECK_EQ(send_number(&w.a, &reliable, 7), MYNA_OK);
    until(w.b.n_messages == 2);
    CHECK_EQ(w.b.len, 4);
    CHECK_EQ(w.log_lines, 1);
    close_world();
}

TEST(through_a_fifth_of_loss_everything_reliable_arrives_once_and_in_order)
{
    open_world();
    join();
    w.loss_percent = 20;
    for (uint32_t i = 0; i < 300; i++)
        CHECK_EQ(send_number(&w.a, &reliable, i), MYNA_OK);
    until(w.b.n_messages == 300);
    CHECK_EQ(w.b.out_of_order, 0);
    CHECK_EQ(w.b.next, 300);
    CHECK(w.a.lost + w.b.lost > 10);
    close_world();
}

TEST(a_lossy_message_may_be_missing_and_does_not_hold_up_the_rest)
{
    struct myna_sctp_send lossy = {
        .stream = 3, .ppid = MYNA_PPID_BINARY, .unordered = true, .max_retransmits = 0};

    open_world();
    join();
    w.loss_percent = 100;
    for (uint32_t i = 0; i < 20; i++)
        CHECK_EQ(send_number(&w.a, &lossy, i), MYNA_OK);
    settle();
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_S);
    w.loss_percent = 0;
    CHECK_EQ(send_number(&w.a, &lossy, 999), MYNA_OK);
    until(w.b.next == 1000);
    CHECK(w.b.n_messages < 20);
    close_world();
}

TEST(a_full_buffer_says_not_now_and_tells_when_there_is_room)
{
    static const uint8_t block[100000];
    enum myna_err err = MYNA_OK;
    int sent = 0;

    open_world();
    join();
    for (; sent < 100 && !err; sent += !err)
        err = myna_sctp_send(w.a.sctp, &reliable, (struct myna_view){block, sizeof block});
    CHECK_EQ(err, MYNA_EAGAIN);
    CHECK(sent >= 2 && sent < 10);
    CHECK_EQ(w.a.n_writable, 0);
    until(w.a.n_writable == 1);
    until(w.b.n_messages == sent);
    close_world();
}

TEST(a_stream_that_one_resets_is_told_to_the_other)
{
    open_world();
    join();
    CHECK_EQ(send_number(&w.a, &reliable, 0), MYNA_OK);
    until(w.b.n_messages == 1);
    CHECK(myna_sctp_reset_stream(w.a.sctp, 1));
    until(w.b.n_resets == 1);
    CHECK_EQ(w.a.n_resets, 0);
    CHECK(myna_sctp_reset_stream(w.b.sctp, 1));
    until(w.a.n_resets == 1);
    CHECK_EQ(send_number(&w.a, &reliable, 1), MYNA_OK);
    until(w.b.n_messages == 2);
    close_world();
}

TEST(who_goes_away_aborts_and_the_other_is_told)
{
    open_world();
    join();
    myna_sctp_destroy(w.a.sctp);
    w.a.sctp = NULL;
    until(w.b.n_down == 1);
    CHECK_HAS(w.b.why, "peer ended");
    CHECK_EQ(send_number(&w.b, &reliable, 0), MYNA_EIO);
    close_world();
}

TEST(garbage_harms_nothing)
{
    uint8_t junk[1200];

    open_world();
    join();
    for (int i = 0; i < 300; i++) {
        size_t len = 1 + myna_host_random(&w.host) % sizeof junk;

        for (size_t k = 0; k < len; k++)
            junk[k] = (uint8_t)myna_host_random(&w.host);
        myna_sctp_receive(w.b.sctp, junk, len);
    }
    CHECK_EQ(send_number(&w.a, &reliable, 5), MYNA_OK);
    until(w.b.next == 6);
    CHECK_EQ(w.b.n_down, 0);
    close_world();
}

/* ---- DCEP */

static void check_bytes(const uint8_t *is, size_t n, const char *want, size_t want_n)
{
    CHECK_EQ(n, want_n);
    CHECK(!memcmp(is, want, n));
}

TEST(the_two_channels_of_livekit_open_with_the_bytes_of_its_clients)
{
    struct myna_dcep_open open = {.max_retransmits = -1, .max_lifetime_ms = -1};
    uint8_t into[MYNA_DCEP_MAX];
    size_t n;

    strcpy(open.label, "_reliable");
    n = myna_dcep_write_open(&open, into);
    check_bytes(into, n, "\x03\0\0\0\0\0\0\0\0\x09\0\0_reliable", 21);
    open = (struct myna_dcep_open){.unordered = true, .max_retransmits = 0, .max_lifetime_ms = -1};
    strcpy(open.label, "_lossy");
    n = myna_dcep_write_open(&open, into);
    check_bytes(into, n, "\x03\x81\0\0\0\0\0\0\0\x06\0\0_lossy", 18);
    n = myna_dcep_write_ack(into);
    check_bytes(into, n, "\x02", 1);
}

TEST(what_is_written_is_read_and_what_is_cut_is_refused)
{
    struct myna_dcep_open open = {.unordered = true,
                                  .max_retransmits = -1,
                                  .max_lifetime_ms = 250,
                                  .priority = 256},
                          back;
    uint8_t into[MYNA_DCEP_MAX];
    size_t n;

    strcpy(open.label, "label");
    strcpy(open.protocol, "protocol");
    n = myna_dcep_write_open(&open, into);
    CHECK_EQ(myna_dcep_parse((struct myna_view){into, n}, &back), MYNA_DCEP_OPEN);
    CHECK_STR(back.label, "label");
    CHECK_STR(back.protocol, "protocol");
    CHECK(back.unordered);
    CHECK_EQ(back.max_retransmits, -1);
    CHECK_EQ(back.max_lifetime_ms, 250);
    CHECK_EQ(back.priority, 256);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(myna_dcep_parse((struct myna_view){into, i}, &back), MYNA_DCEP_BAD);
    into[14] = '\0';
    CHECK_EQ(myna_dcep_parse((struct myna_view){into, n}, &back), MYNA_DCEP_BAD);
    into[14] = 'b';
    into[1] = 0x7f;
    CHECK_EQ(myna_dcep_parse((struct myna_view){into, n}, &back), MYNA_DCEP_BAD);
}

TEST_MAIN

/* signal_test.c - joins, resumes and refusals against a strict server in the same loop. */
#include "fake_livekit.h"

#include "livekit/signal.h"
#include "util/host.h"
#include "util/http.h"

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXBheWxvYWQ.c2lnbmF0dXJl"

static struct {
    struct myna_host host;
    struct fake_livekit server;
    struct myna_lk_signal *s;
    int joins, reconnects, others, ends, last_case;
    struct myna_lk_end end;
    char said[600];
    bool stop_at_message, destroy_in_message;
} w;

static void on_message(void *arg, const Myna__Lk__SignalResponse *m)
{
    (void)arg;
    w.last_case = (int)m->message_case;
    if (m->message_case == MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN)
        w.joins++;
    else if (m->message_case == MYNA__LK__SIGNAL_RESPONSE__MESSAGE_RECONNECT)
        w.reconnects++;
    else
        w.others++;
    if (w.destroy_in_message) {
        myna_lk_signal_destroy(w.s);
        w.s = NULL;
    }
    if (w.stop_at_message)
        myna_loop_stop(w.host.loop);
}

static void on_ended(void *arg, const struct myna_lk_end *end)
{
    (void)arg;
    w.ends++;
    w.end = *end;
    snprintf(w.said, sizeof w.said, "%s", end->message);
    myna_loop_stop(w.host.loop);
}

static void open_world(bool virtual_clock)
{
    static const struct myna_lk_signal_events events = {on_message, on_ended};
    struct myna_loop_options lo = {.workers = 1, .virtual_clock = virtual_clock};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK(w.host.loop);
    myna_rand_seed(&w.host.rand, 7);
    fake_lk_open(&w.server, w.host.loop);
    w.s = myna_lk_signal_create(&w.host, &events, NULL);
    CHECK(w.s);
    w.stop_at_message = true;
}

static void go(const char *token, const char *sid, int reason)
{
    char url[64];
    struct myna_lk_signal_open how = {
        .url = url, .token = token, .resume_sid = sid, .reason = reason};

    snprintf(url, sizeof url, "ws://127.0.0.1:%d", w.server.http.port);
    CHECK_EQ(myna_lk_signal_open(w.s, &how, NULL), MYNA_OK);
    CHECK_EQ(w.joins + w.ends, 0); /* never from inside */
    myna_loop_run(w.host.loop);
}

static void again(const char *sid, int reason)
{
    w.joins = w.ends = 0;
    go(NULL, sid, reason);
}

static void close_world(void)
{
    myna_lk_signal_destroy(w.s);
    fake_lk_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

/* Runs until the server has got `n` messages. */
static void enough(struct fake_livekit *lk, const Myna__Lk__SignalRequest *m)
{
    (void)m;
    if (lk->n_got >= *(int *)lk->arg)
        myna_loop_stop(w.host.loop);
}

static void until_got(int n)
{
    w.server.arg = &n;
    w.server.message = enough;
    if (w.server.n_got < n)
        myna_loop_run(w.host.loop);
    w.server.message = NULL;
}

static void send_mute(const char *sid, enum myna_err want)
{
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    Myna__Lk__MuteTrackRequest mute = MYNA__LK__MUTE_TRACK_REQUEST__INIT;

    mute.sid = (char *)sid;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_MUTE;
    rq.mute = &mute;
    CHECK_EQ(myna_lk_signal_send(w.s, &rq), want);
}

static void send_offer(enum myna_err want)
{
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;
    Myna__Lk__SessionDescription sd = MYNA__LK__SESSION_DESCRIPTION__INIT;

    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER;
    rq.offer = &sd;
    CHECK_EQ(myna_lk_signal_send(w.s, &rq), want);
}

TEST(a_join_says_who_we_are_and_tells_the_room)
{
    open_world(false);
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.joins, 1);
    CHECK_EQ(w.server.n_joins, 1);
    CHECK_STR(w.server.bearer, TOKEN);
    CHECK_EQ(w.server.join->client_info->sdk, 10);
    CHECK_EQ(w.server.join->client_info->client_protocol, 2);
    CHECK_EQ(w.server.join->client_info->n_capabilities, 1); /* unpacks deflate */
    CHECK_EQ(w.server.join->client_info->capabilities[0], 2);
    CHECK_EQ(w.server.join->reconnect, 0);
    CHECK_EQ(w.server.join->connection_settings->auto_subscribe, 0);
    close_world();
}

TEST(what_is_said_before_the_join_waits_but_an_offer_does_not)
{
    open_world(false);
    send_mute("TR_1", MYNA_OK);
    send_offer(MYNA_ESTATE);
    send_mute("TR_2", MYNA_OK);
    go(TOKEN, NULL, 0);
    send_offer(MYNA_OK);
    until_got(3);
    CHECK_STR(w.server.got[0]->mute->sid, "TR_1");
    CHECK_STR(w.server.got[1]->mute->sid, "TR_2");
    CHECK_EQ(w.server.got[2]->message_case, MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER);
    close_world();
}

TEST(what_waits_has_an_end)
{
    open_world(false);
    for (int i = 0; i < 256; i++)
        send_mute("TR_1", MYNA_OK);
    send_mute("TR_1", MYNA_ELIMIT);
    myna_lk_signal_forget(w.s);
    send_mute("TR_1", MYNA_OK);
    close_world();
}

static void say_reconnect(struct fake_livekit *lk)
{
    fake_lk_say_reconnect(lk, 7);
}

static void say_token(const char *token)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;

    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_REFRESH_TOKEN;
    m.refresh_token = (char *)token;
    fake_lk_say(&w.server, &m);
}

TEST(a_lost_line_is_resumed_with_the_newest_token_and_what_waits_follows_on_request)
{
    open_world(false);
    go(TOKEN, NULL, 0);
    say_token("newer.token.x");
    fake_lk_cut(&w.server);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK(w.end.began);
    CHECK_EQ(w.others, 0); /* a token is nobody's business */
    send_mute("TR_1", MYNA_OK);
    w.server.came = say_reconnect;
    again("PA_us", 1);
    CHECK_EQ(w.reconnects, 1);
    CHECK_STR(w.server.bearer, "newer.token.x");
    CHECK(w.server.join->reconnect);
    CHECK_STR(w.server.join->participant_sid, "PA_us");
    CHECK_EQ(w.server.join->reconnect_reason, 1);
    send_offer(MYNA_OK); /* overtakes */
    until_got(1);
    CHECK_EQ(w.server.got[0]->message_case, MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER);
    myna_lk_signal_flush(w.s);
    until_got(2);
    CHECK_STR(w.server.got[1]->mute->sid, "TR_1");
    close_world();
}

TEST(a_wrong_key_is_refused_and_the_token_stays_secret)
{
    open_world(false);
    w.server.status = w.server.validate_status = 401;
    w.server.validate_body = "invalid token: " TOKEN ", error: token signature is invalid";
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.ends, 1);
    CHECK_EQ(w.server.n_validates, 1);
    CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
    CHECK_HAS(w.said, "API key and secret");
    CHECK(!strstr(w.said, "c2VjcmV0"));
    close_world();
}

TEST(each_refusal_has_its_sentence)
{
    static const struct {
        int status;
        const char *body, *said;
    } cases[] = {
        {401, "invalid token: x, error: token has invalid claims: token is expired", "expired"},
        {401, "invalid token: x, error: token has invalid claims: token is not valid yet", "clock"},
        {401, "no permissions to access the room", "does not allow joining"},
        {404, "", "no /rtc/v1"},
        {404, "404 page not found\n", "no /rtc/v1"},
        {404, "requested room does not exist", "the room does not exist"},
        {404, "requested room does not exist", "create it"},
        {400, "participant identity length exceeds limits: max length 256", "max length 256"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_world(false);
        w.server.status = w.server.validate_status = cases[i].status;
        w.server.validate_body = cases[i].body;
        go(TOKEN, NULL, 0);
        CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
        CHECK_EQ(w.end.status, cases[i].status);
        CHECK_HAS(w.said, cases[i].said);
        close_world();
    }
}

/* The server repeats the whole token before it says what is wrong with it. */
TEST(what_is_wrong_is_found_behind_a_long_token)
{
    char body[1200];

    open_world(false);
    w.server.status = w.server.validate_status = 401;
    snprintf(body, sizeof body, "invalid token: %0*d, error: token has invalid claims: %s", 1000, 0,
             "token is expired");
    w.server.validate_body = body;
    go(TOKEN, NULL, 0);
    CHECK_HAS(w.said, "expired");
    CHECK(!strstr(w.said, "0000"));
    close_world();
}

TEST(a_full_room_is_guessed_from_the_servers_words)
{
    open_world(false);
    w.server.status = 500;
    w.server.body = "connection closed by media\n";
    w.server.validate_status = 200;
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED); /* somebody may leave */
    CHECK_HAS(w.said, "max_participants");
    close_world();
}

TEST(a_refusal_that_the_second_question_does_not_confirm_is_worth_another_try)
{
    static const int statuses[] = {200, 503};

    for (size_t i = 0; i < 2; i++) {
        open_world(false);
        w.server.status = 401;
        w.server.validate_status = statuses[i];
        go(TOKEN, NULL, 0);
        CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
        CHECK(!w.end.began);
        close_world();
    }
}

TEST(a_server_that_is_not_there_is_worth_another_try)
{
    open_world(false);
    w.server.http.port = 1; /* nobody */
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "127.0.0.1");
    CHECK(!strstr(w.said, "join_request"));
    close_world();
}

TEST(a_goodbye_of_the_server_tells_action_and_reason)
{
    open_world(false);
    go(TOKEN, NULL, 0);
    fake_lk_say_leave(&w.server, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.end.kind, MYNA_LK_END_LEAVE);
    CHECK_EQ(w.end.action, MYNA_LK_RECONNECT);
    CHECK_EQ(w.end.reason, MYNA_LK_STATE_MISMATCH);
    CHECK_STR(myna_lk_reason_name(w.end.reason), "state_mismatch");
    close_world();
}

static void answer_leave(struct fake_livekit *lk, const Myna__Lk__SignalRequest *m)
{
    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE)
        fake_lk_say_leave(lk, MYNA_LK_DISCONNECT, m->leave->reason);
}

TEST(our_goodbye_is_said_before_the_line_is_closed)
{
    open_world(false);
    go(TOKEN, NULL, 0);
    w.server.message = answer_leave;
    myna_lk_signal_leave(w.s, MYNA_LK_CLIENT_INITIATED);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.server.n_got, 1);
    CHECK_EQ(w.server.got[0]->leave->reason, MYNA_LK_CLIENT_INITIATED);
    CHECK_EQ(w.end.kind, MYNA_LK_END_LEAVE);
    CHECK_EQ(w.end.action, MYNA_LK_DISCONNECT);
    close_world();
}

static void say_impatient_join(struct fake_livekit *lk)
{
    lk->ping_interval = 1;
    lk->ping_timeout = 2;
    fake_lk_say_join(lk);
}

TEST(a_silent_server_is_pinged_and_then_given_up)
{
    open_world(false); /* two seconds: a line to a real socket follows no virtual clock */
    w.server.came = say_impatient_join;
    go(TOKEN, NULL, 0);
    w.stop_at_message = false;
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "nothing came");
    CHECK_EQ(w.server.n_got, 1);
    CHECK_EQ(w.server.got[0]->message_case, MYNA__LK__SIGNAL_REQUEST__MESSAGE_PING_REQ);
    CHECK_EQ(w.server.got[0]->ping_req->rtt, 0);
    close_world();
}

static void say_update(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__ParticipantUpdate u = MYNA__LK__PARTICIPANT_UPDATE__INIT;

    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_UPDATE;
    m.update = &u;
    fake_lk_say(lk, &m);
}

TEST(a_server_that_does_not_begin_with_the_room_is_left)
{
    open_world(false);
    w.server.came = say_update;
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_EQ(w.others, 0);
    close_world();
}

TEST(what_cannot_be_read_is_skipped_and_the_rest_goes_on)
{
    open_world(false);
    go(TOKEN, NULL, 0);
    fake_lk_frame(&w.server, MYNA_WS_BINARY, myna_view_of("\x2a\x50garbage"));
    say_update(&w.server);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.ends, 0);
    CHECK_EQ(w.others, 1);
    CHECK_EQ(w.last_case, MYNA__LK__SIGNAL_RESPONSE__MESSAGE_UPDATE);
    close_world();
}

/* Trap 25 of livekit-rtc 9.5; that we claim no compression the server checks at each handshake. */
TEST(a_message_beyond_two_megabytes_ends_the_line)
{
    static uint8_t big[MYNA_LK_MAX_FRAME + 1];

    open_world(false);
    go(TOKEN, NULL, 0);
    fake_lk_frame(&w.server, MYNA_WS_BINARY, (struct myna_view){big, sizeof big});
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK(w.end.began);
    close_world();
}

TEST(it_may_be_destroyed_inside_its_own_event)
{
    open_world(false);
    w.destroy_in_message = true;
    go(TOKEN, NULL, 0);
    CHECK_EQ(w.joins, 1);
    CHECK(w.s == NULL);
    close_world();
}

TEST_MAIN

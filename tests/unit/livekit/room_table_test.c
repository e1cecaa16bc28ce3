/* room_table_test.c - what is done when a stay breaks (the table of livekit-rtc 9.1, row by row,
 * where room_test.c does not have it), and the traps of 4.2 and 9.5 that concern the room as a
 * whole. */
#include "room_world.h"

#include "turns.h"

/* How long the room waited before it tried again, in its own words: time itself says nothing on a
 * busy machine. */
static char tries[2048], attempts[2048];

static void note_try(void *arg, enum myna_log_level level, const char *line)
{
    const char *at = strstr(line, "in_ms="), *nth = strstr(line, "attempt=");

    (void)arg;
    (void)level;
    if (at)
        snprintf(tries + strlen(tries), sizeof tries - strlen(tries), "%.*s ",
                 (int)strcspn(at, ":"), at);
    if (nth)
        snprintf(attempts + strlen(attempts), sizeof attempts - strlen(attempts), "%.*s ",
                 (int)strcspn(nth, " "), nth);
}

static void open_noted_on(bool virtual_clock)
{
    tries[0] = attempts[0] = '\0';
    open_world_on(virtual_clock);
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = note_try});
}

static void open_noted(void)
{
    open_noted_on(false);
}

static void close_noted(void)
{
    struct myna_log *log = w.host.log;

    close_world();
    myna_log_destroy(log);
}

TEST(told_to_resume_it_does_so_at_once_with_ice_anew)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_noted();
    join();
    w.server.n_got = 0;
    fake_lk_say_leave(&w.server, MYNA_LK_RESUME, MYNA_LK_CONNECTION_TIMEOUT);
    until_polled(is_second_answer);
    CHECK_STR(tries, "in_ms=0 "); /* no waiting by chance */
    CHECK(w.server.join->reconnect);
    CHECK_EQ(w.server.join->reconnect_reason, 2);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 1);
    CHECK_STR(offer->offer->sdp, "offer 2 restart audios=2");
    CHECK_EQ(fake_rtc.made, 1);
    close_noted();
}

static bool is_resuming(void)
{
    return w.server.n_joins == 2;
}

TEST(a_path_that_is_quiet_for_ten_seconds_is_resumed_and_one_that_comes_back_is_not)
{
    open_world_on(true);
    w.server.ping_timeout = 200;
    join();
    fake_rtc_state(MYNA_RTC_DISCONNECTED, "quiet");
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 9 * MYNA_S);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 3 * MYNA_S);
    CHECK_EQ(w.server.n_joins, 1);
    CHECK_EQ(w.losses, 0);
    fake_rtc_state(MYNA_RTC_DISCONNECTED, "quiet");
    until_polled(is_resuming);
    CHECK(w.server.join->reconnect);
    CHECK_EQ(w.server.join->reconnect_reason, 2);
    close_world();
}

TEST(a_server_that_says_nothing_is_resumed)
{
    open_world();
    w.server.ping_interval = 1;
    w.server.ping_timeout = 2;
    join();
    until_polled(is_resuming); /* two seconds: a line to a real socket follows no virtual clock */
    CHECK(w.server.join->reconnect);
    CHECK_EQ(w.server.join->reconnect_reason, 1);
    CHECK_EQ(fake_rtc.made, 1);
    close_world();
}

static struct fake_livekit second; /* another server */
static char second_url[64];
static const char *sent_to;
static int sent_back_by; /* action */

static bool is_at_second(void)
{
    return second.n_joins > 0;
}

static void say_regions(char *const *urls, size_t n)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__LeaveRequest leave = MYNA__LK__LEAVE_REQUEST__INIT;
    Myna__Lk__RegionSettings regions = MYNA__LK__REGION_SETTINGS__INIT;
    Myna__Lk__RegionInfo infos[32], *list[32];

    for (size_t i = 0; i < n; i++) {
        myna__lk__region_info__init(&infos[i]);
        infos[i].url = urls[i];
        list[i] = &infos[i];
    }
    regions.regions = list;
    regions.n_regions = n;
    leave.action = MYNA_LK_RECONNECT;
    leave.regions = &regions;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_LEAVE;
    m.leave = &leave;
    fake_lk_say(&w.server, &m);
}

static void open_both(void)
{
    open_world();
    fake_lk_open(&second, w.host.loop);
    snprintf(second_url, sizeof second_url, "ws://127.0.0.1:%d", second.http.port);
}

static void close_both(void)
{
    myna_lk_room_destroy(w.room);
    w.room = NULL;
    fake_lk_shut(&second);
    close_world();
}

TEST(told_to_reconnect_at_another_server_it_goes_there_and_resumes_there)
{
    char *urls[] = {second_url};

    open_both();
    join();
    say_regions(urls, 1);
    until_polled(is_at_second);
    CHECK(!second.join->reconnect);
    CHECK_EQ(w.server.n_joins, 1);
    fake_lk_cut(&second);
    while (second.n_joins < 2)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    CHECK(second.join->reconnect);
    CHECK_EQ(w.server.n_joins, 1);
    close_both();
}

TEST(of_the_regions_that_a_server_names_the_next_is_tried_where_one_fails)
{
    char *urls[] = {(char *)"ws://127.0.0.1:1", (char *)"ftp://nonsense", (char *)"",
                    (char *)"ws://127.0.0.1:2", second_url};

    open_noted();
    fake_lk_open(&second, w.host.loop);
    snprintf(second_url, sizeof second_url, "ws://127.0.0.1:%d", second.http.port);
    join();
    say_regions(urls, 5);
    until_polled(is_at_second);
    CHECK_STR(tries, "in_ms=0 in_ms=0 in_ms=0 ");
    CHECK_EQ(w.server.n_joins, 1);
    myna_lk_room_destroy(w.room);
    w.room = NULL;
    fake_lk_shut(&second);
    close_noted();
}

TEST(regions_none_of_which_answers_lead_back_to_our_own_server)
{
    char *urls[32];

    open_noted();
    join();
    for (int i = 0; i < 32; i++)
        urls[i] = (char *)"ws://127.0.0.1:1";
    say_regions(urls, 32);
    until_polled(is_made_anew);
    CHECK_EQ(w.server.n_joins, 2);
    CHECK(strstr(attempts, "attempt=17 ")); /* sixteen of them, and no more */
    CHECK(!strstr(attempts, "attempt=18 "));
    close_noted();
}

static void send_away_at_once(struct fake_livekit *lk)
{
    char *urls[] = {(char *)"ws://127.0.0.1:1", second_url};

    (void)lk;
    say_regions(urls, 2);
}

TEST(a_first_join_that_is_sent_away_goes_on_where_the_server_says)
{
    open_both();
    w.server.came = send_away_at_once;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_at_second);
    CHECK(!second.join->reconnect);
    CHECK_EQ(w.server.n_joins, 1);
    CHECK_EQ(w.overs, 0);
    close_both();
}

static void send_back_once(struct fake_livekit *lk)
{
    if (lk->n_joins == 1)
        fake_lk_say_leave(lk, sent_back_by, MYNA_LK_MIGRATION);
    else
        came(lk);
}

TEST(a_first_join_that_is_told_to_come_again_comes_again_and_one_that_is_not_ends)
{
    for (sent_back_by = MYNA_LK_DISCONNECT; sent_back_by <= MYNA_LK_RECONNECT; sent_back_by++) {
        open_world();
        w.server.came = send_back_once;
        CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
        until_polled(sent_back_by == MYNA_LK_DISCONNECT ? is_over : is_answered);
        CHECK_EQ(w.server.n_joins, sent_back_by == MYNA_LK_DISCONNECT ? 1 : 2);
        CHECK(!w.server.join->reconnect);
        close_world();
    }
}

static bool is_another_session(void)
{
    return fake_rtc.made == 2 && is_answered();
}

TEST(moved_to_another_room_it_resumes_and_joins_anew_as_who_it_is_there)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__RoomMovedResponse moved = MYNA__LK__ROOM_MOVED_RESPONSE__INIT;
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;

    open_world();
    join();
    us.sid = (char *)"PA_there";
    us.identity = (char *)"myna";
    room.name = (char *)"other";
    moved.room = &room;
    moved.participant = &us;
    moved.token = (char *)"token.of.there";
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ROOM_MOVED;
    m.room_moved = &moved;
    fake_lk_say(&w.server, &m);
    while (strcmp(myna_lk_room_name(w.room), "other") != 0)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    CHECK_STR(myna_lk_room_sid(w.room), "PA_there");
    fake_lk_cut(&w.server);
    until_polled(is_resuming);
    CHECK(w.server.join->reconnect);
    CHECK_STR(w.server.join->participant_sid, "PA_there");
    CHECK_EQ(myna_lk_room_session(w.room), 1); /* the same, whoever we are now */
    CHECK_STR(w.server.bearer, "token.of.there");
    fake_lk_say_leave(&w.server, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
    until_polled(is_another_session);
    CHECK_EQ(myna_lk_room_session(w.room), 2);
    CHECK_STR(w.server.bearer, "token.of.there");
    close_world();
}

static void come_elsewhere(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__JoinResponse join = MYNA__LK__JOIN_RESPONSE__INIT;

    join.alternative_url = (char *)sent_to;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN;
    m.join = &join;
    fake_lk_say(lk, &m);
}

TEST(a_server_that_sends_us_on_is_left_for_the_other)
{
    open_both();
    sent_to = second_url;
    w.server.came = come_elsewhere;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_at_second);
    CHECK_EQ(w.server.n_joins, 1);
    close_both();
}

TEST(a_token_does_not_follow_where_the_line_would_be_open_to_read)
{
    open_both();
    sent_to = second_url;
    w.server.came = come_elsewhere;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    w.conf.url = "wss://livekit.invalid"; /* as if we had come over TLS */
    while (w.server.n_joins < 1)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    turns_for(w.host.loop, 50);
    CHECK_EQ(second.http.n_accepted, 0);
    close_both();
}

static void must_join_anew(void)
{
    fake_lk_say_leave(&w.server, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
}

/* A noted world whose stay was told to join anew, and has. */
static void open_made_anew(bool virtual_clock)
{
    open_noted_on(virtual_clock);
    if (virtual_clock)
        w.server.ping_timeout = 200;
    join();
    must_join_anew();
    until_polled(is_made_anew);
}

TEST(told_to_reconnect_it_joins_anew_at_once)
{
    open_made_anew(false);
    CHECK_STR(tries, "in_ms=0 ");
    CHECK(!w.server.join->reconnect);
    CHECK_EQ(w.server.n_joins, 2);
    close_noted();
}

static void come_and_break(struct fake_livekit *lk)
{
    if (lk->join->reconnect)
        fake_lk_cut(lk);
    else
        came(lk);
}

TEST(a_resume_that_fails_once_is_followed_by_a_new_session)
{
    open_world();
    join();
    w.server.came = come_and_break;
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    CHECK(!w.server.join->reconnect);
    CHECK_EQ(w.server.n_joins, 3); /* the first, the resume, the new one */
    CHECK_EQ(w.losses, 1);         /* one outage, told once */
    close_world();
}

TEST(a_path_that_fails_again_during_a_resume_makes_a_new_session)
{
    open_world();
    join();
    fake_rtc_state(MYNA_RTC_FAILED, "no path");
    until_polled(is_second_answer);
    fake_rtc_state(MYNA_RTC_FAILED, "still no path");
    until_polled(is_made_anew);
    CHECK(!w.server.join->reconnect);
    close_world();
}

/* The server takes us in each time; no sound ever passes. */
static bool is_over_without_a_path(void)
{
    static size_t made;
    static int answers;

    if (fake_rtc.made != (int)made)
        answers = 0;
    made = (size_t)fake_rtc.made;
    if (fake_rtc.now && fake_rtc.now->answers > answers) {
        answers = fake_rtc.now->answers;
        fake_rtc_state(MYNA_RTC_FAILED, "no path: is UDP blocked?");
    }
    return is_over();
}

TEST(a_server_to_which_no_sound_passes_is_given_up_with_the_reason)
{
    open_world_on(true); /* two minutes */
    w.server.ping_timeout = 200;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_over_without_a_path);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "no sound path to the LiveKit server");
    CHECK(w.server.n_joins > 10);
    CHECK(myna_host_now(&w.host) >= 120 * MYNA_S);
    close_world();
}

/* The line breaks, and the server answers a resume and the question why with that. */
static void refused_in_a_resume(int status, const char *body, const char *words)
{
    open_world();
    join();
    w.server.status = w.server.validate_status = status;
    w.server.validate_body = body;
    fake_lk_cut(&w.server);
    until(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
    CHECK_HAS(w.said, words);
    close_world();
}

TEST(a_token_that_is_refused_in_a_resume_ends_the_stay)
{
    refused_in_a_resume(401, "invalid token: x, error: token has invalid claims: token is expired",
                        "expired");
}

TEST(without_the_right_to_join_any_more_the_stay_ends)
{
    refused_in_a_resume(403, "permissions denied", "does not allow joining");
}

static bool is_in_again(void)
{
    return w.ins == 2;
}

/* A proxy's 404 while the server behind it restarts, a load balancer's 400: not the last word. */
static void a_404_from_now_on(void)
{
    open_noted_on(true);
    join();
    w.server.status = w.server.validate_status = 404;
    w.server.validate_body = "404 page not found";
    fake_lk_cut(&w.server);
}

TEST(a_refusal_that_is_not_about_key_or_rights_is_tried_again_while_reconnecting)
{
    a_404_from_now_on();
    while (!strstr(attempts, "attempt=3 "))
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    CHECK_EQ(w.overs, 0);
    w.server.status = 0;
    until_polled(is_in_again);
    close_noted();
}

TEST(but_not_for_ever)
{
    a_404_from_now_on();
    until(is_over);
    CHECK_HAS(w.said, "LiveKit server");
    CHECK_EQ(w.server.n_joins, 1);
    close_noted();
}

/* 2.7: the server may forbid resuming. */
static void come_configured(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__JoinResponse join = MYNA__LK__JOIN_RESPONSE__INIT;
    Myna__Lk__ClientConfiguration conf = MYNA__LK__CLIENT_CONFIGURATION__INIT;
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;

    CHECK(!lk->join->reconnect);
    us.sid = (char *)"PA_us";
    us.identity = (char *)"myna";
    conf.resume_connection = 1;
    join.room = &room;
    join.participant = &us;
    join.client_configuration = &conf;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN;
    m.join = &join;
    fake_lk_say(lk, &m);
}

TEST(where_the_server_wants_no_resume_a_new_session_is_made)
{
    open_world();
    w.server.came = come_configured;
    join();
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    CHECK_EQ(w.server.n_joins, 2);
    close_world();
}

/* Trap 15: the action decides, whatever the reason. */
TEST(a_goodbye_without_a_reason_is_one_all_the_same)
{
    open_world();
    join();
    fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, MYNA_LK_UNKNOWN_REASON);
    until(is_over);
    CHECK_EQ(w.server.n_joins, 1);
    close_world();
}

static int waited_ms[64], n_waited, longest_by_chance;

/* Of `tries`, in order. */
static void read_waits(void)
{
    n_waited = longest_by_chance = 0;
    for (const char *at = tries; (at = strstr(at, "in_ms=")) && n_waited < 64; at++) {
        waited_ms[n_waited] = atoi(at + 6);
        if (waited_ms[n_waited] > longest_by_chance)
            longest_by_chance = waited_ms[n_waited];
        n_waited++;
    }
}

/* Before attempt n: anything up to 0.3 s times 2^(n-1), 7 s at most. */
static void check_waits(void)
{
    int limit = 300;

    for (int i = 0; i < n_waited; i++) {
        CHECK(waited_ms[i] <= limit);
        limit = limit * 2 < 7000 ? limit * 2 : 7000;
    }
    CHECK(longest_by_chance > 2000); /* ten and more numbers up to 7000: not all are small */
}

TEST(a_server_that_never_comes_back_is_tried_ten_times_and_then_named)
{
    open_noted_on(true);
    join();
    w.server.status = 503;
    w.server.validate_status = 503;
    fake_lk_cut(&w.server);
    until(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "the LiveKit server");
    CHECK_EQ(w.losses, 1);
    read_waits();
    CHECK(n_waited >= 10); /* ten refusals of half a minute are not all yet: two minutes are */
    check_waits();
    close_noted();
}

/* ---- a join alone is no success: only sound is */

TEST(a_server_that_takes_us_in_and_lets_no_sound_through_is_given_up_with_the_remedy)
{
    myna_us began;

    open_noted_on(true);
    began = myna_host_now(&w.host);
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "no sound path to the LiveKit server");
    CHECK_HAS(w.said, "UDP");
    CHECK_HAS(w.said, "7881");
    CHECK_EQ(w.server.n_joins, 11); /* the join and ten attempts */
    CHECK(!w.server.join->reconnect);
    read_waits();
    CHECK_EQ(n_waited, 10);
    CHECK_EQ(waited_ms[0], 0);
    check_waits();
    CHECK(!myna_lk_room_stood(w.room));
    CHECK(myna_host_now(&w.host) - began >= 11 * 15 * MYNA_S);
    CHECK(myna_host_now(&w.host) - began <= (11 * 15 + 10 * 7) * MYNA_S);
    close_noted();
}

static void come_and_send_away(struct fake_livekit *lk)
{
    lk->n_got = 0;
    came(lk);
    if (lk->n_joins > 1)
        fake_lk_say_leave(lk, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
}

TEST(a_server_that_says_reconnect_after_each_join_is_asked_ever_more_slowly_and_then_given_up)
{
    open_noted_on(true);
    join();
    w.server.came = come_and_send_away;
    must_join_anew();
    until_polled(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "lost our session");
    read_waits();
    CHECK_EQ(waited_ms[0], 0); /* the first is as the server says */
    check_waits();
    CHECK(n_waited >= 10 && n_waited <= 60); /* two minutes of up to 7 s each */
    CHECK_EQ(w.server.n_joins, 1 + n_waited);
    close_noted();
}

TEST(a_path_that_breaks_at_once_each_time_is_no_success_either)
{
    open_made_anew(false);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    CHECK(myna_lk_room_is_unsettled(w.room)); /* a moment ago */
    must_join_anew();
    turns_for(w.host.loop, 50);
    CHECK_STR(attempts, "attempt=1 attempt=2 ");
    close_noted();
}

static bool is_made_thrice(void)
{
    return w.ins == 3 && fake_rtc.made == 3;
}

/* A room is over; sound had a path for so long, behind which the line was quiet for so long. */
static bool has_stood_after(myna_us sound, myna_us quiet)
{
    bool stood;

    open_world_on(true);
    w.server.ping_timeout = 200;
    join();
    CHECK(!myna_lk_room_stood(w.room));
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + sound);
    if (quiet) {
        fake_rtc_state(MYNA_RTC_DISCONNECTED, "quiet");
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + quiet);
    }
    fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, MYNA_LK_SERVER_SHUTDOWN);
    until_polled(is_over);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 60 * MYNA_S);
    stood = myna_lk_room_stood(w.room);
    close_world();
    return stood;
}

TEST(a_stay_has_stood_when_sound_had_a_path_for_five_seconds_and_silence_does_not_count)
{
    CHECK(has_stood_after(6 * MYNA_S, 0));
    CHECK(has_stood_after(6 * MYNA_S, 8 * MYNA_S));
    CHECK(!has_stood_after(1 * MYNA_S, 0));
    CHECK(!has_stood_after(1 * MYNA_S, 8 * MYNA_S));
}

static bool is_lost_again(void)
{
    return w.losses == 2;
}

TEST(a_path_that_fell_silent_at_once_is_no_success_by_the_time_we_waited_for_it)
{
    open_made_anew(true);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    fake_rtc_state(MYNA_RTC_DISCONNECTED, "quiet");
    until_polled(is_lost_again); /* ten seconds */
    CHECK_STR(attempts, "attempt=1 attempt=2 ");
    close_noted();
}

TEST(a_path_that_stood_for_a_while_is_a_success)
{
    open_made_anew(true);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 6 * MYNA_S);
    must_join_anew();
    until_polled(is_made_thrice);
    CHECK_STR(tries, "in_ms=0 in_ms=0 ");
    close_noted();
}

TEST(attempts_of_an_outage_long_ago_do_not_count_because_the_path_blinks)
{
    open_made_anew(true);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    must_join_anew();
    until_polled(is_made_thrice);
    CHECK_STR(attempts, "attempt=1 attempt=2 ");
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 60 * MYNA_S);
    fake_rtc_state(MYNA_RTC_DISCONNECTED, "quiet");
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 3 * MYNA_S);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    attempts[0] = '\0';
    must_join_anew();
    while (!*attempts)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    CHECK_STR(attempts, "attempt=1 ");
    close_noted();
}

/* ---- traps of livekit-rtc 4.2 and 9.5 that concern the room as a whole */

/* 32: a message too long kills _reliable without a word of the server. */
TEST(a_channel_that_broke_alone_is_opened_again)
{
    size_t before;

    open_world();
    join();
    before = fake_rtc.now->n_channels;
    fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[0],
                                 MYNA_RTC_CHANNEL_CLOSED);
    send_data("waits");
    CHECK_EQ(fake_rtc.n_sent, 0);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 1200 * MYNA_MS);
    CHECK_EQ(fake_rtc.now->n_channels, before + 1);
    CHECK_STR(fake_rtc.now->channels[before].label, "_reliable");
    fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[before],
                                 MYNA_RTC_CHANNEL_OPEN);
    CHECK_EQ(fake_rtc.n_sent, 1);
    CHECK_EQ(w.losses, 0);
    /* _lossy alone: without it the server holds back what participants send (4.2) */
    fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[1],
                                 MYNA_RTC_CHANNEL_CLOSED);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 1200 * MYNA_MS);
    CHECK_EQ(fake_rtc.now->n_channels, before + 2);
    CHECK_STR(fake_rtc.now->channels[before + 1].label, "_lossy");
    close_world();
}

/* 3.6: a mute of the server is obeyed, and sound comes again after it. */
TEST(muted_by_the_server_we_send_nothing)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__MuteTrackRequest mute = MYNA__LK__MUTE_TRACK_REQUEST__INIT;
    struct myna_rtc_audio *a;

    open_world();
    join();
    w.speak = true;
    a = &fake_rtc.now->audios[0];
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken, 1);
    mute.sid = (char *)"TR_ours";
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MUTE;
    m.mute = &mute;
    mute.muted = true;
    fake_lk_say(&w.server, &m);
    turns_for(w.host.loop, 50);
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken + a->silent, 1);
    mute.muted = false;
    fake_lk_say(&w.server, &m);
    turns_for(w.host.loop, 50);
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken, 2);
    close_world();
}

/* 34: a slot that lost its track is offered as it was, never as inactive. */
TEST(a_slot_whose_track_went_stays_open_for_the_next)
{
    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    w.ann = NULL;
    say_requirement(0); /* the server asks for an offer, and maps nothing to the slot */
    until_polled(is_second_answer);
    CHECK_EQ(fake_rtc.now->audios[1].dir, MYNA_RTC_RECVONLY);
    frame_on(1);
    CHECK_EQ(w.frames, 0); /* nobody's now */
    close_world();
}

TEST_MAIN

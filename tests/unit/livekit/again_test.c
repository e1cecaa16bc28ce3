/* again_test.c - what is asked of a server whose worker was killed, word for word and second for
 * second; the server is scripted. The real one: tests/live/livekit_test.py.
 */
#include "check.h"

#include <jansson.h>

#include "livekit/again.h"

static struct {
    char log[8000];
    char notes[8000];
    int ms, n_bad;
    int people;   /* in each room, besides the dead agent */
    bool dead;    /* it is still seen */
    int takes_at; /* ms from which on a new dispatch brings an agent; -1 never */
    bool by_list; /* it is told by the dispatch's jobs alone */
    bool forgot;  /* the first dispatch */
    bool unreachable;
    bool hangs;       /* each call, for as long as it may */
    int slow;         /* ms of each call, which is answered */
    int lost_answers; /* so many dispatches are made and nobody is told */
    int lost_deletes; /* and deleted */
    int ends_at;      /* ms: the room is deleted then, and nothing of it is found; 0: never */
    bool comes_late;  /* an agent comes between the last look and the next */
    int agents, made, gone, calls;
} w;

static void put(const char *text)
{
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "%s\n", text);
}

static char *participants(void)
{
    char text[2000] = "{\"participants\":[";

    for (int i = 0; i < w.people; i++)
        strcat(text, "{\"identity\":\"ann\",\"kind\":\"STANDARD\"},");
    for (int i = 0; i < w.agents; i++)
        strcat(text, "{\"identity\":\"agent-new\",\"kind\":\"AGENT\"},");
    if (w.dead)
        strcat(text, "{\"identity\":\"agent-AJ_1\",\"kind\":\"AGENT\"},");
    strcat(text, "{\"identity\":\"rec\",\"kind\":\"EGRESS\"}]}");
    return strdup(text);
}

/* All of the room; what was deleted went in order. */
static char *dispatches(void)
{
    char text[2000] = "{\"agent_dispatches\":[";
    size_t n = strlen(text);

    if (!w.forgot)
        strcat(text,
               "{\"id\":\"AD_first\",\"agent_name\":\"receptionist\",\"metadata\":\"table 4\","
               "\"attributes\":{\"a\":\"b\"},\"state\":{\"jobs\":[{}]}},");
    strcat(text, "{\"id\":\"AD_other\",\"agent_name\":\"clerk\"},");
    for (int i = w.gone; i < w.made; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "{\"id\":\"AD_new%d\",\"agent_name\":\"receptionist\"},", i + 1);
    n = strlen(text) - 1;
    snprintf(text + n, sizeof text - n, "]}");
    return strdup(text);
}

static char *dispatch(const char *request)
{
    const char *at = strstr(request, "AD_new");

    if (!at || atoi(at + 6) <= w.gone)
        return strdup("{}");
    return strdup(w.by_list ? "{\"agent_dispatches\":[{\"state\":{\"jobs\":[{}]}}]}"
                            : "{\"agent_dispatches\":[{\"state\":{\"jobs\":[]}}]}");
}

static enum myna_err api(void *arg, const char *service, const char *method, const char *room,
                         const char *request, char **out, struct myna_why *why)
{
    char line[1200];

    (void)arg;
    w.calls++;
    w.ms += w.hangs ? 10000 : w.slow;
    if (w.unreachable || w.hangs)
        return myna_fail(why, MYNA_EIO, w.hangs ? "no answer" : "nobody listens there");
    CHECK(room && method);
    if (w.ends_at && w.ms >= w.ends_at) {
        w.people = 0;
        if (strstr(method, "Dispatch"))
            return myna_fail(why, MYNA_EPROVIDER, "requested room does not exist");
    }
    CHECK(!strcmp(service, "RoomService") == !strcmp(method, "ListParticipants") ||
          !strcmp(method, "RemoveParticipant"));
    if (!strcmp(method, "ListParticipants")) {
        *out = participants();
        return MYNA_OK;
    }
    if (!strcmp(method, "ListDispatch")) {
        *out = strstr(request, "dispatch_id") ? dispatch(request) : dispatches();
        return MYNA_OK;
    }
    snprintf(line, sizeof line, "%d %s %s %s", w.ms, method, room, request);
    put(line);
    if (!strcmp(method, "RemoveParticipant"))
        w.dead = false;
    if (!strcmp(method, "CreateDispatch")) {
        snprintf(line, sizeof line, "{\"id\":\"AD_new%d\"}", ++w.made);
        w.agents += w.takes_at >= 0 && w.ms >= w.takes_at;
        if (w.lost_answers-- > 0)
            return myna_fail(why, MYNA_EIO, "the line broke");
        *out = strdup(line);
        return MYNA_OK;
    }
    if (!strcmp(method, "DeleteDispatch")) {
        w.gone++;
        if (w.lost_deletes-- > 0)
            return myna_fail(why, MYNA_EIO, "the line broke");
    }
    *out = strdup("{}");
    return MYNA_OK;
}

static myna_us now(void *arg)
{
    (void)arg;
    return 5 * MYNA_S + w.ms * MYNA_MS; /* from an arbitrary zero */
}

static void wait_ms(void *arg, int ms)
{
    (void)arg;
    w.ms += ms;
    if (w.comes_late && w.ms == 1750)
        w.agents++;
}

static void note(void *arg, bool bad, const char *text)
{
    (void)arg;
    w.n_bad += bad;
    snprintf(w.notes + strlen(w.notes), sizeof w.notes - strlen(w.notes), "%s\n", text);
}

static size_t send_again(size_t n)
{
    static const struct myna_worker_job jobs[] = {
        {"AJ_1", "AD_first", "desk", "agent-AJ_1", "receptionist"},
        {"AJ_2", "AD_first", "desk", "agent-AJ_2", "receptionist"}};
    static const struct myna_lk_again with = {api, now, wait_ms, note, NULL};

    return myna_lk_send_again(&with, jobs, n);
}

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.people = 1;
    w.dead = true;
}

#define ABOUT                                                                                      \
    "{\"room\":\"desk\",\"agent_name\":\"receptionist\",\"metadata\":\"table 4\",\"attributes\":"  \
    "{\"a\":\"b\"}}"

TEST(the_dead_agent_is_put_out_and_a_dispatch_like_the_first_is_made)
{
    open_world();
    CHECK_EQ((int)send_again(1), 0);
    CHECK_STR(w.log, "0 RemoveParticipant desk {\"room\":\"desk\",\"identity\":\"agent-AJ_1\"}\n"
                     "0 CreateDispatch desk " ABOUT "\n");
    CHECK_STR(w.notes, "room desk: another worker takes the place of job AJ_1\n");
    CHECK_EQ(w.ms, 250);
}

TEST(a_dispatch_whose_jobs_are_told_has_been_taken_as_well)
{
    open_world();
    w.takes_at = -1;
    w.by_list = true;
    CHECK_EQ((int)send_again(1), 0);
    CHECK_EQ(w.made, 1);
}

TEST(a_dispatch_that_the_server_has_forgotten_is_made_by_its_name)
{
    open_world();
    w.forgot = true;
    w.dead = false;
    CHECK_EQ((int)send_again(1), 0);
    CHECK_STR(w.log, "0 CreateDispatch desk {\"room\":\"desk\",\"agent_name\":\"receptionist\"}\n");
}

TEST(where_nobody_is_left_nobody_is_asked_for)
{
    open_world();
    w.people = 0;
    CHECK_EQ((int)send_again(1), 0);
    CHECK(!strstr(w.log, "CreateDispatch"));
    CHECK_STR(w.notes, "room desk: job AJ_1 was lost; nobody is there any more\n");
    CHECK_EQ(w.n_bad, 0);
}

/* Whoever waits for us waits no longer than two minutes. */
TEST(a_slow_server_is_not_asked_for_an_agent_when_the_time_is_over)
{
    for (int slow = 500; slow < 10000; slow += 250) {
        open_world();
        w.slow = slow;
        w.takes_at = -1;
        (void)send_again(2);
        for (const char *at = w.log; *at; at = strchr(at, '\n') + 1)
            if (strstr(at, " CreateDispatch ") == at + strspn(at, "0123456789"))
                CHECK(atoi(at) - slow < 108000);
        CHECK(w.ms < 120000);
    }
}

TEST(what_nobody_takes_is_taken_back_and_asked_for_again)
{
    open_world();
    w.takes_at = 2000;
    w.dead = false;
    CHECK_EQ((int)send_again(1), 0);
    CHECK_STR(w.log, "0 CreateDispatch desk " ABOUT "\n"
                     "1750 DeleteDispatch desk {\"dispatch_id\":\"AD_new1\",\"room\":\"desk\"}\n"
                     "2750 CreateDispatch desk " ABOUT "\n");
    CHECK_STR(w.notes, "room desk: no worker takes the place of job AJ_1 yet, again in 1 s\n"
                       "room desk: another worker takes the place of job AJ_1\n");
}

TEST(seven_tries_and_the_room_is_given_up_aloud)
{
    open_world();
    w.takes_at = -1;
    CHECK_EQ((int)send_again(1), 1);
    CHECK_EQ(w.made, MYNA_LK_AGAIN_TRIES);
    CHECK_EQ(w.n_bad, 1);
    CHECK(strstr(w.notes, "room desk is left without an agent: job AJ_1 was lost"));
    CHECK(w.ms > 60000 && w.ms <= 120000);
    CHECK_EQ(w.gone, w.made); /* nobody is sent there any more */
}

TEST(a_server_that_is_not_reached_is_named_each_time_and_given_up)
{
    open_world();
    w.unreachable = true;
    CHECK_EQ((int)send_again(1), 1);
    CHECK_EQ(w.n_bad, MYNA_LK_AGAIN_TRIES + 1);
    CHECK(strstr(w.notes, "no other agent can be asked for: nobody listens there"));
    CHECK(w.ms <= 120000);
}

TEST(a_server_on_which_each_call_hangs_is_given_up_after_two_minutes)
{
    open_world();
    w.hangs = true;
    CHECK_EQ((int)send_again(2), 2);
    CHECK(w.ms > 60000 && w.ms <= 120000);
    CHECK_EQ(w.calls * 10000 <= w.ms, true);
    CHECK_HAS(w.notes, "room desk is left without an agent: job AJ_2 was lost");
}

TEST(a_dispatch_whose_answer_got_lost_is_found_and_no_second_one_made)
{
    for (int taken = 0; taken < 2; taken++) {
        open_world();
        w.dead = false;
        w.lost_answers = 1;
        w.takes_at = taken ? 0 : -1;
        w.by_list = true; /* taken or not: once it is known, its job is seen */
        CHECK_EQ((int)send_again(1), 0);
        CHECK_EQ(w.made, 1);
        CHECK_HAS(w.notes, "no other agent can be asked for: the line broke");
        CHECK_HAS(w.notes, "another worker takes the place of job AJ_1");
    }
}

TEST(a_dispatch_that_was_not_made_is_asked_for_again)
{
    open_world();
    w.dead = false;
    w.lost_answers = 1;
    w.takes_at = 1000;
    w.gone = 1; /* the first is nowhere */
    CHECK_EQ((int)send_again(1), 0);
    CHECK_EQ(w.made, 2);
}

TEST(who_comes_in_the_last_moment_is_not_sent_away)
{
    open_world();
    w.dead = false;
    w.takes_at = -1;
    w.comes_late = true;
    CHECK_EQ((int)send_again(1), 0);
    CHECK(!strstr(w.log, "DeleteDispatch"));
    CHECK_EQ(w.made, 1);
}

TEST(a_deletion_whose_answer_got_lost_is_looked_up_before_the_next_dispatch)
{
    open_world();
    w.dead = false;
    w.takes_at = 2000;
    w.lost_deletes = 1;
    CHECK_EQ((int)send_again(1), 0);
    CHECK_EQ(w.made, 2);
    CHECK_EQ(w.gone, 1);
}

TEST(a_room_that_is_deleted_while_a_dispatch_waits_is_let_go_without_an_alarm)
{
    open_world();
    w.dead = false;
    w.takes_at = -1;
    w.ends_at = 1000;
    CHECK_EQ((int)send_again(1), 0);
    CHECK_EQ(w.n_bad, 0);
    CHECK_HAS(w.notes, "room desk: job AJ_1 was lost; nobody is there any more");
    CHECK(w.ms < 5000);
}

TEST(two_of_one_room_get_one_agent_each_one_after_the_other)
{
    open_world();
    w.dead = false;
    CHECK_EQ((int)send_again(2), 0);
    CHECK_EQ(w.made, 2);
    CHECK_EQ(w.agents, 2);
    CHECK(strstr(w.notes, "place of job AJ_1\n") && strstr(w.notes, "place of job AJ_2\n"));
}

TEST_MAIN

/* room_peer.c - a stay of ours in a room on a leash, for what no call of `myna join` does by
 * itself: calls of methods from our side, byte streams, data and attributes.
 *
 *     room_peer URL TOKEN [KEY]
 *
 * A line of JSON each way. In: {"do": "text"|"bytes", "topic", "to", "text"|"n"}, {"do": "call",
 * "to", "method", "text"}, {"do": "data", "topic", "to", "text", "lossy"}, {"do": "attribute",
 * "key", "value"}, {"do": "simulate", "fault"} (a fault that the server is asked for), {"do":
 * "leave"}. Out: what happens, as livekit_person.py tells it. It has the
 * methods "echo" and "fail". Ends with its input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lines_in.h"
#include "livekit/room_inside.h"
#include "util/grave.h"
#include "util/host.h"
#include "util/http.h"

enum { MOST_BYTES = 1 << 20 };

static struct {
    struct myna_host host;
    struct myna_lk_options conf;
    struct myna_lk_room *room;
    char in[1 << 18];
    size_t n_in;
    uint32_t streams;
} w;

static void put(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* ---- what happens */

static void on_state(void *arg, enum myna_lk_room_state state, const struct myna_lk_end *end)
{
    static const char *const names[] = {"joining", "in", "lost", "over"};

    (void)arg;
    put(json_pack("{s:s,s:s,s:s}", "is", names[state], "text", end ? end->message : "", "sid",
                  w.room ? myna_lk_room_sid(w.room) : ""));
    if (state == MYNA_LK_STAY_OVER)
        myna_loop_stop(w.host.loop);
}

static void on_joined(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    put(json_pack("{s:s,s:s,s:s}", "is", "came", "who", p->identity, "name", p->name));
}

static void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    (void)arg;
    put(json_pack("{s:s,s:s,s:i}", "is", "went", "who", p->identity, "reason", reason));
}

static void on_attribute(void *arg, const struct myna_lk_person *p, const char *key,
                         const char *value)
{
    (void)arg;
    put(json_pack("{s:s,s:s,s:{s:s}}", "is", "attributes", "who", p->identity, "changed", key,
                  value));
}

static void on_track(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                     enum myna_lk_track_change what)
{
    static const char *const names[] = {"published", "unpublished", "muted", "unmuted"};

    (void)arg;
    (void)t;
    put(json_pack("{s:s,s:s}", "is", names[what], "who", p->identity));
}

static void on_data(void *arg, const struct myna_lk_person *from, const char *identity,
                    const char *topic, struct myna_view body)
{
    (void)arg;
    (void)identity;
    put(json_pack("{s:s,s:s,s:s,s:s%}", "is", "data", "who", from ? from->identity : "", "topic",
                  topic, "text", body.ptr ? (const char *)body.ptr : "", body.len));
}

static void on_unreadable(void *arg, const struct myna_lk_person *p, const char *why)
{
    (void)arg;
    put(json_pack("{s:s,s:s,s:s}", "is", "unreadable", "who", p->identity, "text", why));
}

static void on_stream(void *arg, const struct myna_lk_person *from, const char *identity,
                      const Myna__Lk__StreamHeader *h, struct myna_view body, bool is_text)
{
    unsigned sum = 0;

    (void)arg;
    (void)from;
    for (size_t i = 0; i < body.len; i++)
        sum += body.ptr[i];
    put(json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:i,s:s}", "is", "stream", "who", identity, "topic",
                  h->topic, "is_text", is_text, "packed", h->compression != 0, "n", (int)body.len,
                  "sum", (int)sum, "text",
                  is_text && body.len < 1000 ? (const char *)body.ptr : ""));
}

static bool on_called(void *arg, const struct myna_lk_rpc_call *call)
{
    struct myna_lk_rpc *rpc = myna_lk_room_rpc(w.room);

    (void)arg;
    put(json_pack("{s:s,s:s,s:s,s:i}", "is", "called", "who", call->caller, "method", call->method,
                  "n", (int)strlen(call->payload)));
    if (!strcmp(call->method, "echo"))
        (void)!myna_lk_rpc_answer(rpc, call->id, call->payload);
    else if (!strcmp(call->method, "fail"))
        (void)!myna_lk_rpc_refuse(rpc, call->id, 1500, "no, thanks");
    else
        return !strcmp(call->method, "silence");
    return true;
}

static void on_done(void *arg, uint32_t number, int code, const char *text)
{
    (void)arg;
    (void)number;
    put(json_pack("{s:s,s:i,s:s,s:i}", "is", "answered", "code", code, "text",
                  strlen(text) < 1000 ? text : "", "n", (int)strlen(text)));
}

/* ---- what is asked for */

static void send_stream(const json_t *j, bool bytes)
{
    const char *to = json_string_value(json_object_get(j, "to")), *list[1] = {to};
    const char *text = json_string_value(json_object_get(j, "text"));
    size_t n = (size_t)json_integer_value(json_object_get(j, "n"));
    char id[40];
    struct myna_lk_stream_out out = {.id = id,
                                     .topic = json_string_value(json_object_get(j, "topic")),
                                     .to = list,
                                     .n_to = to != NULL,
                                     .wall_ms = myna_host_wall_ms(&w.host)};
    struct myna_lk_packets *p = myna_lk_room_packets(w.room);
    uint8_t *body = NULL;

    snprintf(id, sizeof id, "peer-%u", ++w.streams);
    n = n > MOST_BYTES ? MOST_BYTES : n;
    if (bytes) {
        body = malloc(n + 1);
        for (size_t i = 0; body && i < n; i++)
            body[i] = (uint8_t)(i * 7);
        out.file = "peer.bin";
        out.total = n;
    } else if (!text) { /* n characters of two bytes */
        body = malloc(2 * n + 1);
        for (size_t i = 0; body && i < n; i++)
            memcpy(body + 2 * i, "\xc3\xa4", 2);
        n *= 2;
    }
    if (myna_lk_stream_begin(p, &out) ||
        myna_lk_stream_write(p, &out,
                             body ? (struct myna_view){body, n} : myna_view_of(text ? text : "")) ||
        myna_lk_stream_end(p, &out))
        put(json_pack("{s:s}", "is", "not_sent"));
    free(body);
}

static void call(const json_t *j)
{
    const char *text = json_string_value(json_object_get(j, "text"));
    int timeout = (int)json_integer_value(json_object_get(j, "timeout_ms"));
    uint32_t number;

    if (myna_lk_rpc_call(myna_lk_room_rpc(w.room), json_string_value(json_object_get(j, "to")),
                         json_string_value(json_object_get(j, "method")), text ? text : "",
                         timeout ? timeout : 10000, &number))
        put(json_pack("{s:s}", "is", "not_sent"));
}

/* As `lk` and LiveKit's SDKs ask for it; no call of a stay does. */
static void simulate(const char *what)
{
    Myna__Lk__SimulateScenario s = MYNA__LK__SIMULATE_SCENARIO__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    if (!strcmp(what, "node_failure")) {
        s.scenario_case = MYNA__LK__SIMULATE_SCENARIO__SCENARIO_NODE_FAILURE;
        s.node_failure = true;
    } else if (!strcmp(what, "migration")) {
        s.scenario_case = MYNA__LK__SIMULATE_SCENARIO__SCENARIO_MIGRATION;
        s.migration = true;
    } else if (!strcmp(what, "server_leave")) {
        s.scenario_case = MYNA__LK__SIMULATE_SCENARIO__SCENARIO_SERVER_LEAVE;
        s.server_leave = true;
    } else if (!strcmp(what, "disconnect_signal_on_resume")) {
        s.scenario_case = MYNA__LK__SIMULATE_SCENARIO__SCENARIO_DISCONNECT_SIGNAL_ON_RESUME;
        s.disconnect_signal_on_resume = true;
    }
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_SIMULATE;
    rq.simulate = &s;
    if (myna_lk_signal_send(w.room->signal, &rq))
        put(json_pack("{s:s}", "is", "not_sent"));
}

static void take_line(const char *line)
{
    json_t *j = json_loads(line, 0, NULL);
    const char *what = json_string_value(json_object_get(j, "do"));
    const char *text = json_string_value(json_object_get(j, "text"));

    if (!what)
        what = "";
    if (!strcmp(what, "text") || !strcmp(what, "bytes"))
        send_stream(j, *what == 'b');
    else if (!strcmp(what, "call"))
        call(j);
    else if (!strcmp(what, "data"))
        (void)!myna_lk_room_data(w.room, json_string_value(json_object_get(j, "topic")),
                                 myna_view_of(text ? text : ""),
                                 json_string_value(json_object_get(j, "to")),
                                 !json_is_true(json_object_get(j, "lossy")));
    else if (!strcmp(what, "attribute"))
        (void)!myna_lk_room_attribute(w.room, json_string_value(json_object_get(j, "key")),
                                      json_string_value(json_object_get(j, "value")));
    else if (!strcmp(what, "simulate"))
        simulate(json_string_value(json_object_get(j, "fault")));
    else if (!strcmp(what, "leave"))
        myna_lk_room_leave(w.room);
    json_decref(j);
}

static void on_input(void *arg, int events)
{
    (void)arg;
    (void)events;
    lines_in(w.host.loop, w.in, &w.n_in, sizeof w.in, take_line);
}

int main(int argc, char **argv)
{
    static const struct myna_lk_room_events events = {
        .state = on_state,
        .people = {.joined = on_joined,
                   .left = on_left,
                   .attribute = on_attribute,
                   .track = on_track},
        .data = on_data,
        .stream = on_stream,
        .rpc = {on_called, on_done},
        .unreadable = on_unreadable,
    };
    struct myna_lk_room_options opt = {.host = &w.host, .conf = &w.conf, .track_name = "peer"};
    struct myna_poll *input;
    struct myna_why why;

    if (argc < 3)
        return 2;
    w.conf.url = argv[1];
    w.conf.token = argv[2];
    w.conf.e2ee.key = argc > 3 ? argv[3] : NULL;
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &why);
    w.host.log = myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_INFO});
    myna_rand_seed(&w.host.rand, myna_rand_system_seed());
    if (myna_lk_room_create(&w.room, &opt, &events, NULL, &why) ||
        myna_lk_room_join(w.room, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    input = myna_loop_poll(w.host.loop, 0, 1, on_input, NULL);
    myna_loop_run(w.host.loop);
    myna_loop_poll_close(input);
    myna_lk_room_destroy(w.room);
    myna_http_destroy(w.host.http);
    myna_host_bury_all(&w.host);
    myna_loop_drain(w.host.loop);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
    return 0;
}

/* fuzz_livekit_room.c - whatever a server may say to somebody in a room, message after message,
 * with time, broken lines, sound, cameras and data packets between them: the whole of signal*.c and
 * room*.c, over a socket and a connection that only are there. Nobody is told of a person who is
 * not there, what we say is a message, and in the end all is gone.
 *
 * The input is steps: two bytes of length, then so many bytes as one message of the server; with
 * the second highest bit as a data packet. A length with its highest bit set is none: its lowest
 * three bits say what happens, see step().
 */
#include "fake_rtc.h"

#include "livekit/room.h"
#include "util/host.h"
#include "util/utf8.h"
#include "util/ws.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void check_fail(const char *file, int line, const char *fmt, ...)
{
    (void)fmt;
    fprintf(stderr, "%s:%d\n", file, line);
    abort();
}

/* ---- the socket */

struct myna_ws {
    struct myna_ws_open how;
    bool asked;
};

static struct {
    struct myna_host host;
    struct myna_arena *mem; /* of what we said */
    struct myna_ws *ws;     /* the one that is open */
    struct myna_lk_room *room;
    int sockets, people;
    bool over;
} f;

enum myna_err myna_ws_open(struct myna_host *host, const struct myna_ws_open *how,
                           struct myna_ws **out)
{
    struct myna_ws *ws = calloc(1, sizeof *ws);

    (void)host;
    if (!ws || f.ws || !how->closed)
        abort();
    ws->how = *how;
    f.sockets++;
    *out = f.ws = ws;
    return MYNA_OK;
}

void myna_ws_destroy(struct myna_ws *ws)
{
    if (!ws)
        return;
    f.sockets--;
    if (f.ws == ws)
        f.ws = NULL;
    free(ws);
}

void myna_ws_close(struct myna_ws *ws, int code, const char *reason)
{
    (void)ws;
    (void)code;
    (void)reason;
}

enum myna_err myna_ws_send(struct myna_ws *ws, struct myna_view body, bool is_text)
{
    const Myna__Lk__SignalRequest *m =
        myna_lk_unpack(f.mem, &myna__lk__signal_request__descriptor, body);

    if (!m || !m->message_case || is_text || ws != f.ws || body.len > MYNA_LK_MAX_FRAME)
        abort();
    myna_arena_reset(f.mem);
    return MYNA_OK;
}

static void break_line(void)
{
    struct myna_ws *ws = f.ws;
    struct myna_ws_open how;

    if (!ws)
        return;
    how = ws->how;
    f.ws = NULL;
    how.closed(how.arg, ws, &(struct myna_ws_end){.code = 1006, .message = "the line broke"});
    f.sockets--;
    free(ws);
}

/* ---- what is told */

static void look_at(const struct myna_lk_person *p)
{
    if (!p || !*p->identity || f.over ||
        myna_utf8_span((const uint8_t *)p->identity, strlen(p->identity)) != strlen(p->identity))
        abort();
}

static void on_state(void *arg, enum myna_lk_room_state state, const struct myna_lk_end *end)
{
    (void)arg;
    if (f.over || (state == MYNA_LK_STAY_OVER && (!end || !*end->message)))
        abort();
    f.over = state == MYNA_LK_STAY_OVER;
}

static void on_joined(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    look_at(p);
    f.people++;
}

static void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    (void)arg;
    (void)reason;
    look_at(p);
    if (--f.people < 0)
        abort();
}

static void on_attribute(void *arg, const struct myna_lk_person *p, const char *key,
                         const char *value)
{
    (void)arg;
    look_at(p);
    if (!*key || !value)
        abort();
}

static void on_track(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                     enum myna_lk_track_change what)
{
    (void)arg;
    (void)t;
    look_at(p);
    if (what == MYNA_LK_PUBLISHED && f.room && !myna_lk_room_look(f.room, p) &&
        t->source == MYNA_LK_CAMERA && !f.over)
        (void)0; /* no room for one more */
}

static bool on_hears(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t)
{
    (void)arg;
    look_at(p);
    return t->source == MYNA_LK_MICROPHONE;
}

static void on_frame(void *arg, const struct myna_lk_person *p, const struct myna_frame *frame)
{
    (void)arg;
    (void)frame;
    look_at(p);
}

static void on_picture(void *arg, const struct myna_lk_person *p,
                       const struct myna_rtc_picture *picture)
{
    (void)arg;
    (void)picture;
    look_at(p);
}

static void on_stream(void *arg, const struct myna_lk_person *from, const char *identity,
                      const Myna__Lk__StreamHeader *h, struct myna_view body, bool is_text)
{
    (void)arg;
    (void)h;
    if (from)
        look_at(from);
    if (!identity ||
        (is_text && (body.ptr[body.len] || myna_utf8_span(body.ptr, body.len) != body.len)))
        abort();
}

static void on_speakers(void *arg, const struct myna_lk_person *p, float level, bool active)
{
    (void)arg;
    (void)level;
    (void)active;
    look_at(p);
}

/* ---- what happens */

static void wait_ms(int ms)
{
    myna_loop_run_until(f.host.loop, myna_host_now(&f.host) + ms * MYNA_MS);
}

static void say(struct myna_view body)
{
    if (!f.ws)
        return;
    if (!f.ws->asked) {
        f.ws->asked = true;
        f.ws->how.asked(f.ws->how.arg, f.ws);
    }
    if (f.ws)
        f.ws->how.message(f.ws->how.arg, f.ws, body, false);
}

static void packet(struct myna_view body)
{
    if (fake_rtc.now && fake_rtc.now->n_channels)
        fake_rtc.now->events.message(fake_rtc.now->arg,
                                     &fake_rtc.now->channels[body.len % fake_rtc.now->n_channels],
                                     body, false);
}

static void sound(void)
{
    struct myna_frame frame = {.captured = 1};

    for (size_t i = 0; fake_rtc.now && i < fake_rtc.now->n_audios; i++)
        if (fake_rtc.now->audios[i].dir != MYNA_RTC_SENDONLY)
            fake_rtc.now->events.frame(fake_rtc.now->arg, &fake_rtc.now->audios[i], &frame);
    for (size_t i = 0; fake_rtc.now && i < fake_rtc.now->n_videos; i++)
        fake_rtc_picture(i);
}

static void step(unsigned what)
{
    switch (what & 7) {
    case 0:
        wait_ms(500);
        break;
    case 1:
        wait_ms(20000);
        break;
    case 2:
        if (fake_rtc.now) {
            fake_rtc_state(MYNA_RTC_CONNECTED, "");
            if (fake_rtc.now)
                fake_rtc_channels_open();
        }
        break;
    case 3:
        if (fake_rtc.now)
            fake_rtc_state(MYNA_RTC_FAILED, "the path is gone");
        break;
    case 4:
        break_line();
        break;
    case 5:
        sound();
        break;
    case 6:
        myna_lk_room_review(f.room);
        (void)!myna_lk_room_attribute(f.room, "lk.agent.state", "listening");
        (void)!myna_lk_room_data(f.room, "t", myna_view_of("words"), NULL, true);
        break;
    default:
        myna_lk_room_leave(f.room);
        break;
    }
}

static void open_world(void)
{
    static const struct myna_lk_options conf = {.url = "ws://h", .token = "a.b.c", .room = "demo"};
    static const struct myna_lk_room_events events = {
        .state = on_state,
        .people = {.joined = on_joined,
                   .left = on_left,
                   .attribute = on_attribute,
                   .track = on_track},
        .hears = on_hears,
        .frame = on_frame,
        .picture = on_picture,
        .stream = on_stream,
        .speakers = on_speakers,
    };
    struct myna_lk_room_options ro = {.host = &f.host, .conf = &conf, .track_name = "voice"};

    if (!f.host.loop) {
        f.host.loop = myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, NULL);
        f.mem = myna_arena_create(0, 16 << 20);
        if (!f.host.loop || !f.mem)
            abort();
    }
    myna_rand_seed(&f.host.rand, 7);
    memset(&fake_rtc, 0, sizeof fake_rtc);
    f.over = false;
    f.people = 0;
    if (myna_lk_room_create(&f.room, &ro, &events, NULL, NULL) || myna_lk_room_join(f.room, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_world();
    while (size >= 2) {
        unsigned word = (unsigned)data[0] << 8 | data[1];
        size_t n = word & 0x3fff;

        data += 2;
        size -= 2;
        if (word & 0x8000) {
            step(word);
            continue;
        }
        n = n < size ? n : size;
        if (word & 0x4000)
            packet((struct myna_view){data, n});
        else
            say((struct myna_view){data, n});
        data += n;
        size -= n;
    }
    myna_lk_room_destroy(f.room);
    f.room = NULL;
    if (f.sockets || fake_rtc.made != fake_rtc.destroyed)
        abort();
    return 0;
}

/* rtc_peer.c - one connection of ours on a leash, for interop with stacks that we did not write.
 *
 *     rtc_peer offer|answer [tcp] [beep] [relay URL USER PASSWORD]...
 *
 * A line of JSON each way. In: {"sdp": …} the other side's description, {"restart": true} a new
 * offer with an ICE restart, {"send": …} a text on the channel. Out: {"sdp": …} ours, complete with
 * its candidates; {"state", "hz", "rms", "messages", …} twice a second, 0 Hz where nothing new was
 * heard since. It says 440 Hz, listens,
 * and answers each text message with "echo: " before it. Ends with its input.
 *
 * With `beep` the tone sounds in the first tenth of each second of the machine's clock, and for
 * each that is heard {"beep_ms"} tells how long after that second it began: both ends being on one
 * machine, this is the way's whole delay, with the same part of a frame at both ends each time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lines_in.h"
#include "rtc/rtc.h"
#include "util/clock.h"
#include "util/grave.h"
#include "util/host.h"

static struct {
    struct myna_host host;
    struct myna_rtc *rtc;
    struct myna_rtc_audio *audio;
    struct myna_rtc_channel *channel;
    struct myna_timer report;
    myna_us loud_at; /* of the machine's clock: when it was loud last */
    bool beeps;
    bool offers, waits; /* waits: our description is due once all candidates are there */
    char in[1 << 18], last[128], why[512];
    size_t n_in;
    double phase, energy, hz, rms;
    int crossings, block, loud, messages, tracks;
    int16_t before;
} w;

static void put(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static const char *state_name(enum myna_rtc_state s)
{
    static const char *const names[] = {"new", "connecting", "connected", "disconnected", "failed"};

    return names[s];
}

static void say_sdp(void)
{
    w.waits = false;
    put(json_pack("{s:s}", "sdp", myna_rtc_local_sdp(w.rtc)));
}

static void on_candidate(void *arg, const char *text, const char *mid, int index)
{
    (void)arg;
    (void)mid;
    (void)index;
    if (!text && w.waits)
        say_sdp();
}

static void on_state(void *arg, enum myna_rtc_state state, const char *why)
{
    (void)arg;
    snprintf(w.why, sizeof w.why, "%s", why);
    put(json_pack("{s:s,s:s}", "state", state_name(state), "why", why));
}

static void on_track(void *arg, struct myna_rtc_audio *a, const char *stream, const char *track)
{
    (void)arg;
    (void)a;
    (void)track;
    w.tracks += stream != NULL;
}

/* Loud after a third of a second that was not. */
static void hear_beep(myna_us now)
{
    if (now - w.loud_at > 333 * MYNA_MS)
        put(json_pack("{s:f}", "beep_ms", (double)(now % MYNA_S) / 1000));
    w.loud_at = now;
}

static void on_frame(void *arg, struct myna_rtc_audio *a, const struct myna_frame *f)
{
    double energy = 0;

    (void)arg;
    (void)a;
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        energy += (double)f->pcm[i] * f->pcm[i];
    if (energy / MYNA_IN_SAMPLES < 300.0 * 300.0)
        return;
    if (w.beeps)
        hear_beep(myna_clock_monotonic());
    for (int i = 0; i < MYNA_IN_SAMPLES; i++) {
        w.crossings += (w.before < 0) != (f->pcm[i] < 0);
        w.before = f->pcm[i];
    }
    w.loud++;
    w.energy += energy;
    if (++w.block == 25) {
        w.hz = w.crossings / 2.0 / 0.5;
        w.rms = sqrt(w.energy / (25 * MYNA_IN_SAMPLES));
        w.crossings = w.block = 0;
        w.energy = 0;
    }
}

static void on_tick(void *arg, myna_us now)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    (void)arg;
    (void)now;
    if (w.beeps && myna_clock_monotonic() % MYNA_S > 100 * MYNA_MS) {
        myna_rtc_audio_send(w.audio, NULL);
        return;
    }
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
        pcm[i] = (int16_t)(8000 * sin(w.phase));
        w.phase += 2 * 3.14159265358979 * 440 / MYNA_OUT_RATE_HZ;
    }
    myna_rtc_audio_send(w.audio, pcm);
}

static void on_channel(void *arg, struct myna_rtc_channel *ch, enum myna_rtc_channel_event event)
{
    (void)arg;
    if (event == MYNA_RTC_CHANNEL_OPEN)
        w.channel = ch;
    if (event == MYNA_RTC_CHANNEL_CLOSED && w.channel == ch)
        w.channel = NULL;
    if (event != MYNA_RTC_CHANNEL_DRAINED)
        put(json_pack("{s:s,s:s,s:i}", "channel",
                      event == MYNA_RTC_CHANNEL_OPEN ? "open" : "closed", "label",
                      myna_rtc_channel_label(ch), "id", myna_rtc_channel_id(ch)));
}

static void on_message(void *arg, struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    char reply[256];
    int n;

    (void)arg;
    w.messages++;
    put(json_pack("{s:s%,s:I,s:b}", "message", body.ptr, body.len < 60 ? body.len : (size_t)60,
                  "bytes", (json_int_t)body.len, "text", is_text));
    n = snprintf(reply, sizeof reply, "echo: %.*s", (int)(body.len < 200 ? body.len : 200),
                 (const char *)body.ptr);
    if (is_text && strncmp(reply, "echo: echo:", 11) != 0 &&
        myna_rtc_send(ch, (struct myna_view){(const uint8_t *)reply, (size_t)n}, true))
        put(json_pack("{s:s}", "error", "the echo was not taken"));
}

static void on_report(struct myna_timer *t)
{
    struct myna_rtc_audio_stats a;
    struct myna_rtc_stats s;

    if (myna_timer_set(t, myna_host_now(&w.host) + 500 * MYNA_MS))
        exit(1);
    myna_rtc_audio_get_stats(w.audio, &a);
    myna_rtc_get_stats(w.rtc, &s);
    put(json_pack("{s:s,s:f,s:f,s:i,s:i,s:I,s:I,s:I,s:I,s:I,s:f,s:s,s:s,s:s,s:I,s:I,s:I,s:f,s:f}",
                  "now", state_name(myna_rtc_get_state(w.rtc)), "hz", w.hz, "rms", w.rms, "loud",
                  w.loud, "tracks", w.tracks, "received", (json_int_t)a.received, "lost",
                  (json_int_t)a.lost, "recovered", (json_int_t)a.recovered, "sent",
                  (json_int_t)a.sent, "resent", (json_int_t)a.resent, "rtt_ms",
                  (double)s.rtt / 1000, "srtp", s.srtp_profile, "local", s.local, "remote",
                  s.remote, "dropped", (json_int_t)s.dropped_in, "late", (json_int_t)a.late,
                  "made_up", (json_int_t)a.concealed, "delay_ms", (double)a.delay / 1000,
                  "target_ms", (double)a.delay_target / 1000));
    w.hz = w.rms = 0; /* a peer that has stopped is heard no more */
}

static void must(enum myna_err err, const struct myna_why *why)
{
    if (!err)
        return;
    put(json_pack("{s:s}", "error", why->text));
    exit(1);
}

static void offer(unsigned flags)
{
    struct myna_why why;
    const char *sdp;

    must(myna_rtc_offer(w.rtc, flags, &sdp, &why), &why);
    w.waits = !strstr(sdp, "a=end-of-candidates");
    if (!w.waits)
        say_sdp();
}

static void take_line(const char *line)
{
    json_t *j = json_loads(line, 0, NULL);
    const char *sdp = json_string_value(json_object_get(j, "sdp"));
    const char *text = json_string_value(json_object_get(j, "send")), *answer;
    struct myna_why why;

    if (sdp && w.offers) {
        must(myna_rtc_accept_answer(w.rtc, sdp, &why), &why);
    } else if (sdp) {
        must(myna_rtc_answer(w.rtc, sdp, &answer, &why), &why);
        w.waits = !strstr(answer, "a=end-of-candidates");
        if (!w.waits)
            say_sdp();
    }
    if (json_object_get(j, "restart"))
        offer(MYNA_RTC_ICE_RESTART);
    if (text && w.channel &&
        myna_rtc_send(w.channel, (struct myna_view){(const uint8_t *)text, strlen(text)}, true))
        put(json_pack("{s:s}", "error", "the message was not taken"));
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
    static const struct myna_rtc_events events = {.state = on_state,
                                                  .candidate = on_candidate,
                                                  .track = on_track,
                                                  .frame = on_frame,
                                                  .tick = on_tick,
                                                  .channel = on_channel,
                                                  .message = on_message};
    struct myna_rtc_channel_options channel = {
        .label = "chat", .ordered = true, .max_retransmits = -1};
    struct myna_rtc_options opt = {.host = &w.host, .loopback = true};
    struct myna_rtc_server servers[4];
    struct myna_poll *input;
    struct myna_why why;

    w.offers = argc > 1 && !strcmp(argv[1], "offer");
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "tcp")) {
            opt.no_udp = true;
        } else if (!strcmp(argv[i], "beep")) {
            w.beeps = true;
        } else if (!strcmp(argv[i], "relay") && i + 3 < argc && opt.n_servers < 4) {
            servers[opt.n_servers++] =
                (struct myna_rtc_server){argv[i + 1], argv[i + 2], argv[i + 3]};
            opt.servers = servers;
            opt.relay_only = true;
            i += 3;
        }
    }
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &why);
    w.host.log = myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN});
    myna_rand_seed(&w.host.rand, myna_rand_system_seed());
    must(myna_rtc_create(&w.rtc, &opt, &events, NULL, &why), &why);
    if (w.offers)
        must(myna_rtc_open_channel(w.rtc, &channel, &w.channel, &why), &why);
    w.audio = myna_rtc_add_audio(w.rtc, MYNA_RTC_SENDRECV);
    myna_rtc_audio_publish(w.audio, "myna", "tone");
    myna_host_timer_init(&w.host, &w.report, on_report, NULL);
    if (myna_timer_set(&w.report, 500 * MYNA_MS))
        return 1;
    input = myna_loop_poll(w.host.loop, 0, 1, on_input, NULL);
    if (w.offers)
        offer(0);
    myna_loop_run(w.host.loop);
    myna_loop_poll_close(input);
    myna_timer_clear(&w.report);
    myna_rtc_destroy(w.rtc);
    myna_host_bury_all(&w.host);
    myna_loop_drain(w.host.loop);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
    return 0;
}

/* hostile_test.c - a peer that is let in and means ill: its packets are counted, and that is all.
 */
#include "check.h"

#include "pair.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a wire that says everything again */

enum { KEPT = 64, AGAIN = 20 };

static struct {
    int fd;
    struct sockaddr_in a, b; /* where a listens; b is who else sends */
    struct myna_poll *poll;
    struct {
        uint8_t bytes[1500];
        size_t len;
    } kept[KEPT]; /* sound and reports of a */
    size_t n_kept;
    uint64_t replayed;
    int asked[32];                   /* of a, by format: feedback about pictures */
    void (*edit)(char answer[8192]); /* before a learns it; NULL: as it is */
} wire;

static void pass(const uint8_t *bytes, size_t len, const struct sockaddr_in *to)
{
    (void)!sendto(wire.fd, bytes, len, 0, (const struct sockaddr *)to, sizeof *to);
}

static void on_wire(void *arg, int events)
{
    uint8_t bytes[1500];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n;

    (void)arg;
    (void)events;
    n = recvfrom(wire.fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
    if (n <= 0)
        return;
    if (from.sin_port != wire.a.sin_port) {
        wire.b = from;
        pass(bytes, (size_t)n, &wire.a);
        return;
    }
    pass(bytes, (size_t)n, &wire.b);
    if (bytes[0] < 128 || bytes[0] > 191)
        return;          /* only what SRTP protects */
    if (bytes[1] == 206) /* the first header of SRTCP can be read */
        wire.asked[bytes[0] & 31]++;
    memcpy(wire.kept[wire.n_kept % KEPT].bytes, bytes, (size_t)n);
    wire.kept[wire.n_kept++ % KEPT].len = (size_t)n;
    for (size_t i = 0; i < AGAIN; i++) { /* the newest, and whatever else there is */
        size_t at = i < 2 ? wire.n_kept - 1 : (wire.n_kept * 7 + i * 3) % wire.n_kept;

        pass(wire.kept[at % KEPT].bytes, wire.kept[at % KEPT].len, &wire.b);
        wire.replayed++;
    }
}

static void open_wire(struct pair *p)
{
    socklen_t len = sizeof wire.b;

    wire.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    wire.b = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(wire.fd >= 0 && !bind(wire.fd, (struct sockaddr *)&wire.b, sizeof wire.b));
    CHECK(!getsockname(wire.fd, (struct sockaddr *)&wire.b, &len));
    wire.poll = myna_loop_poll(p->host.loop, wire.fd, 1, on_wire, NULL);
    CHECK(wire.poll);
}

/* a and b know each other by the wire alone. */
static void meet_over_wire(struct pair *p)
{
    static char bare[2][8192];
    const char *offer, *answer, *at;
    char line[200];
    int port = 0;

    open_wire(p);
    p->a.hold_candidates = p->b.hold_candidates = true;
    CHECK_EQ(myna_rtc_offer(p->a.rtc, 0, &offer, &p->why), MYNA_OK);
    pair_without(offer, "a=candidate:", bare[0], sizeof bare[0]);
    pair_without(bare[0], "a=end-of", bare[1], sizeof bare[1]);
    CHECK_EQ(myna_rtc_answer(p->b.rtc, bare[1], &answer, &p->why), MYNA_OK);
    pair_without(answer, "a=candidate:", bare[0], sizeof bare[0]);
    pair_without(bare[0], "a=end-of", bare[1], sizeof bare[1]);
    if (wire.edit)
        wire.edit(bare[1]);
    CHECK_EQ(myna_rtc_accept_answer(p->a.rtc, bare[1], &p->why), MYNA_OK);
    pair_until(p, p->a.n_ends == 1);
    at = strstr(myna_rtc_local_sdp(p->a.rtc), " 127.0.0.1 ");
    CHECK(at && sscanf(at, " 127.0.0.1 %d typ host", &port) == 1);
    wire.a = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    snprintf(line, sizeof line, "candidate:1 1 udp 2130706431 127.0.0.1 %d typ host",
             ntohs(wire.b.sin_port));
    CHECK_EQ(myna_rtc_add_candidate(p->b.rtc, line, &p->why), MYNA_OK);
}

TEST(sound_that_is_replayed_is_played_once)
{
    struct myna_rtc_audio_stats sent, heard;
    struct myna_rtc_stats st;
    struct pair p;

    memset(&wire, 0, sizeof wire);
    pair_open_with(&p, (struct myna_rtc_options){.no_tcp = true});
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_RECVONLY);
    p.a.tone_hz = 440;
    meet_over_wire(&p);
    pair_until(&p, p.b.n_loud >= 100);
    myna_rtc_audio_get_stats(p.a.audio, &sent);
    myna_rtc_audio_get_stats(p.b.audio, &heard);
    myna_rtc_get_stats(p.b.rtc, &st);
    CHECK(wire.replayed > 1500);
    CHECK(st.dropped_in > 1000);
    CHECK(heard.received <= sent.sent); /* all that was deciphered: none twice */
    pair_until_hears(&p, &p.b, 440);
    pair_until(&p, fabs(p.b.heard_rms - 8000 / sqrt(2)) < 1200);
    myna_loop_poll_close(wire.poll);
    pair_close(&p);
    close(wire.fd);
}

/* ---- who asks for pictures */

static char ways[128]; /* a=rtcp-fb lines */

/* In place of b, who sends none: the refused line, behind that of sound, becomes one that does. */
static void send_pictures(char answer[8192])
{
    static char tail[4096];
    char *sound = strstr(answer, "m=audio"), *video = strstr(answer, "m=video"), *mid, *rest;
    char name[16] = "", path[2048];
    const char *ufrag = strstr(sound, "a=ice-ufrag"), *setup = strstr(sound, "a=setup");

    CHECK(sound && video && video > sound && ufrag && setup);
    mid = strstr(video, "a=mid:");
    CHECK(mid && sscanf(mid, "a=mid:%15s", name) == 1);
    rest = strstr(video + 1, "m=");
    snprintf(tail, sizeof tail, "%s", rest ? rest : "");
    snprintf(path, sizeof path, "%.*s%.*s", (int)strcspn(ufrag, "\n") + 1, ufrag,
             (int)strcspn(strstr(sound, "a=ice-pwd"), "\n") + 1, strstr(sound, "a=ice-pwd"));
    snprintf(video, (size_t)(answer + 8192 - video),
             "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\n%s%.*s"
             "a=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n%sa=ssrc:4711 cname:x\r\n%s",
             name, path, (int)strcspn(setup, "\n") + 1, setup, ways, tail);
}

/* RFC 4585 6.3.1, RFC 5104 4.3.1 */
TEST(a_picture_is_asked_for_as_the_other_side_knows_it)
{
    static const struct {
        const char *ways;
        int format;
    } cases[] = {{"a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n", 1},
                 {"a=rtcp-fb:96 ccm fir\r\n", 4},
                 {"", 1}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct myna_rtc_video *v;
        struct pair p;

        memset(&wire, 0, sizeof wire);
        wire.edit = send_pictures;
        snprintf(ways, sizeof ways, "%s", cases[i].ways);
        pair_open_with(&p, (struct myna_rtc_options){.no_tcp = true});
        p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
        v = myna_rtc_add_video(p.a.rtc);
        p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_RECVONLY);
        CHECK(p.a.audio && v && p.b.audio);
        p.a.tone_hz = 440;
        meet_over_wire(&p);
        pair_until(&p, p.a.state == MYNA_RTC_CONNECTED);
        myna_rtc_video_ask(v);
        pair_until(&p, wire.asked[cases[i].format] >= 2); /* and once more, as none comes */
        CHECK_EQ(wire.asked[cases[i].format == 1 ? 4 : 1], 0);
        myna_loop_poll_close(wire.poll);
        pair_close(&p);
        close(wire.fd);
    }
}

/* ---- packets of a type that was never agreed */

static void with_type(const char *answer, char into[8192])
{
    size_t n = 0;

    for (; *answer; answer++) {
        bool is_type = !strncmp(answer, ":111 ", 5) || !strncmp(answer, " 111\r", 5);

        CHECK(n + 5 < 8192);
        into[n++] = *answer;
        if (is_type) {
            memcpy(into + n, "96", 2);
            n += 2;
            answer += 3;
        }
    }
    into[n] = '\0';
}

TEST(packets_of_a_type_that_was_not_agreed_are_counted_and_dropped)
{
    struct myna_rtc_channel *ch;
    char changed[8192];
    const char *offer, *answer;
    struct myna_rtc_stats st = {0};
    struct pair p;

    pair_open(&p);
    ch = pair_open_channel(&p, "x");
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 440;
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    with_type(answer, changed);
    CHECK_HAS(changed, "a=rtpmap:96 opus");
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, changed, &p.why), MYNA_OK);
    while (st.dropped_in < 50 && p.a.state != MYNA_RTC_FAILED) {
        pair_turn(&p);
        myna_rtc_get_stats(p.b.rtc, &st);
    }
    CHECK(st.dropped_in >= 50);
    CHECK_EQ(p.b.n_frames, 0);
    CHECK_EQ(myna_rtc_send(ch, (struct myna_view){(const uint8_t *)"still", 5}, true), MYNA_OK);
    pair_until(&p, p.b.n_messages == 1);
    CHECK_EQ(p.b.state, MYNA_RTC_CONNECTED);
    pair_close(&p);
}

TEST_MAIN

/* offer_test.c - what our offers must hold for LiveKit's server, and what its answers must not
 * need: traps of livekit-rtc 9.5 (by their numbers there) that concern the connection. */
#include "check.h"

#include "pair.h"

static struct myna_rtc_channel *open_channel(struct pair *p, const char *label, bool lossy)
{
    struct myna_rtc_channel *ch;

    CHECK_EQ(myna_rtc_open_channel(
                 p->a.rtc,
                 &(struct myna_rtc_channel_options){
                     .label = label, .ordered = !lossy, .max_retransmits = lossy ? 0 : -1},
                 &ch, &p->why),
             MYNA_OK);
    return ch;
}

/* As LiveKit's client offers: two channels, our microphone, two slots. */
static const char *offer_of(struct pair *p)
{
    const char *sdp;

    open_channel(p, "_reliable", false);
    open_channel(p, "_lossy", true);
    p->a.audio = myna_rtc_add_audio(p->a.rtc, MYNA_RTC_SENDONLY);
    myna_rtc_audio_publish(p->a.audio, "myna", "mic-1");
    CHECK(myna_rtc_add_audio(p->a.rtc, MYNA_RTC_RECVONLY));
    CHECK(myna_rtc_add_audio(p->a.rtc, MYNA_RTC_RECVONLY));
    CHECK_EQ(myna_rtc_offer(p->a.rtc, 0, &sdp, &p->why), MYNA_OK);
    return sdp;
}

/* Copies section i (-1: what stands before all) out of a description. */
static const char *section(const char *sdp, int i, char into[4096])
{
    const char *at = sdp, *end;

    for (int k = -1; k < i && at; k++) {
        at = strstr(at, "\r\nm=");
        at = at ? at + 2 : NULL;
    }
    CHECK(at);
    end = strstr(at, "\r\nm=");
    snprintf(into, 4096, "%.*s", end ? (int)(end + 2 - at) : (int)strlen(at), at);
    return into;
}

static void line_of(const char *text, const char *begin, char into[300])
{
    const char *at = strstr(text, begin);

    CHECK(at);
    snprintf(into, 300, "%.*s", (int)strcspn(at, "\r"), at);
}

TEST(trap_3_and_19_our_voice_is_named_by_its_ssrc_and_tells_its_level)
{
    char part[4096], ssrc[40];
    struct pair p;
    const char *sdp;

    pair_open(&p);
    sdp = offer_of(&p);
    section(sdp, 1, part);
    snprintf(ssrc, sizeof ssrc, "a=ssrc:%u cname:", (unsigned)myna_rtc_audio_ssrc(p.a.audio));
    CHECK_HAS(part, ssrc);
    CHECK_HAS(part, "a=sendonly\r\n");
    CHECK_HAS(part, "a=msid:myna mic-1\r\n");
    CHECK_HAS(part, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n");
    CHECK_HAS(part, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
    CHECK_HAS(part, "a=rtpmap:111 opus/48000/2\r\n");
    for (int i = 2; i < 4; i++) {
        section(sdp, i, part);
        CHECK_HAS(part, "a=recvonly\r\n");
        CHECK(!strstr(part, "a=ssrc:"));
        CHECK(!strstr(part, "a=msid:"));
    }
    pair_close(&p);
}

TEST(trap_11_and_31_each_section_has_its_mid_and_all_have_the_same_credentials)
{
    char part[4096], ufrag[300], pwd[300], line[300];
    struct pair p;
    const char *sdp;

    pair_open(&p);
    sdp = offer_of(&p);
    section(sdp, 0, part);
    line_of(part, "a=ice-ufrag:", ufrag);
    line_of(part, "a=ice-pwd:", pwd);
    for (int i = 0; i < 4; i++) {
        section(sdp, i, part);
        snprintf(line, sizeof line, "a=mid:%d\r\n", i);
        CHECK_HAS(part, line);
        CHECK_HAS(part, ufrag);
        CHECK_HAS(part, pwd);
        CHECK_HAS(part, "a=setup:actpass\r\n");
        CHECK(!strstr(part, "a=fingerprint")); /* once, for all */
    }
    section(sdp, -1, part);
    CHECK_HAS(part, "a=fingerprint:sha-256 ");
    CHECK_HAS(part, "a=group:BUNDLE 0 1 2 3\r\n");
    pair_close(&p);
}

TEST(trap_11_the_credentials_change_with_an_ice_restart_and_never_else)
{
    char first[300], line[300];
    struct pair p;
    const char *sdp;

    pair_open(&p);
    line_of(offer_of(&p), "a=ice-ufrag:", first);
    for (int i = 0; i < 2; i++) { /* one that takes the place of the first, one with more in it */
        CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &sdp, &p.why), MYNA_OK);
        line_of(sdp, "a=ice-ufrag:", line);
        CHECK_STR(line, first);
        CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_RECVONLY));
    }
    pair_negotiate(&p, 0);
    line_of(myna_rtc_local_sdp(p.a.rtc), "a=ice-ufrag:", line);
    CHECK_STR(line, first);
    CHECK_EQ(myna_rtc_offer(p.a.rtc, MYNA_RTC_ICE_RESTART, &sdp, &p.why), MYNA_OK);
    line_of(sdp, "a=ice-ufrag:", line);
    CHECK(strcmp(line, first) != 0);
    pair_close(&p);
}

TEST(trap_21_nothing_but_data_and_sound_is_offered)
{
    struct pair p;

    pair_open(&p);
    CHECK(!strstr(offer_of(&p), "m=video"));
    pair_close(&p);
}

TEST(trap_7_our_channels_have_odd_streams_and_even_ones_where_we_are_the_client)
{
    for (int active = 0; active < 2; active++) {
        struct myna_rtc_channel *one, *two;
        struct pair p;

        pair_open(&p);
        one = open_channel(&p, "_reliable", false);
        two = open_channel(&p, "_lossy", true);
        pair_negotiate(&p, active ? MYNA_RTC_ACTPASS_ACTIVE : 0);
        pair_until(&p, p.a.n_open == 2);
        CHECK_EQ(myna_rtc_channel_id(one), active ? 0 : 1);
        CHECK_EQ(myna_rtc_channel_id(two), active ? 2 : 3);
        pair_close(&p);
    }
}

static uint64_t received(const struct myna_rtc_audio *a)
{
    struct myna_rtc_audio_stats s;

    myna_rtc_audio_get_stats(a, &s);
    return s.received;
}

static void negotiate_bare(struct pair *p)
{
    static char bare[8192];
    const char *offer, *answer;

    CHECK_EQ(myna_rtc_offer(p->a.rtc, 0, &offer, &p->why), MYNA_OK);
    pair_without(offer, "a=extmap:", bare, sizeof bare);
    CHECK_EQ(myna_rtc_answer(p->b.rtc, bare, &answer, &p->why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p->a.rtc, answer, &p->why), MYNA_OK);
}

TEST(trap_5_voices_without_any_extension_are_told_apart_by_the_ssrc_of_the_description)
{
    struct myna_rtc_audio *says[2], *hears[2];
    struct pair p;
    uint64_t before;

    pair_open(&p);
    for (int i = 0; i < 2; i++) {
        says[i] = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
        hears[i] = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_RECVONLY);
        myna_rtc_audio_publish(says[i], "person", i ? "two" : "one");
    }
    p.a.audio = says[1];
    p.a.tone_hz = 500;
    negotiate_bare(&p);
    pair_until(&p, received(hears[1]) >= 10);
    CHECK_EQ(received(hears[0]), 0);
    p.a.audio = says[0];
    before = received(hears[1]);
    pair_until(&p, received(hears[0]) >= 10);
    CHECK(received(hears[1]) <= before + 2); /* what was still on its way */

    myna_rtc_audio_publish(says[0], "person", "three"); /* the section carries another now */
    before = received(hears[0]);
    negotiate_bare(&p);
    CHECK_STR(p.b.track, "person three");
    pair_until(&p, received(hears[0]) >= before + 10);
    pair_close(&p);
}

TEST(trap_12_candidates_may_come_first_and_what_we_cannot_use_is_no_error)
{
    static const char *const odd[] = {
        "candidate:1 2 udp 2130706430 127.0.0.1 40001 typ host ufrag abcd",
        "candidate:2 1 udp 2130706431 192.0.2.9 40000 typ host ufrag nobodys generation 0",
        "candidate:3 1 udp 2130706431 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.local 5 typ host",
        "candidate:4 1 tcp 1671430143 192.0.2.9 7881 typ host tcptype passive",
        "",
    };
    struct pair p;
    const char *offer, *answer;
    char line[300], some[8192], bare[8192];

    pair_open(&p);
    p.a.hold_candidates = p.b.hold_candidates = true;
    open_channel(&p, "x", false);
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    pair_until(&p, p.a.n_ends == 1);
    for (size_t i = 0; i + 1 < sizeof odd / sizeof *odd; i++)
        CHECK_EQ(myna_rtc_add_candidate(p.b.rtc, odd[i], &p.why), MYNA_OK);
    line_of(myna_rtc_local_sdp(p.a.rtc), "a=candidate:", line);
    CHECK_EQ(myna_rtc_add_candidate(p.b.rtc, line, &p.why), MYNA_OK); /* no description yet */
    CHECK_EQ(myna_rtc_add_candidate(p.b.rtc, "nonsense", &p.why), MYNA_EFORMAT);
    pair_without(offer, "a=candidate:", some, sizeof some);
    pair_without(some, "a=end-of-candidates", bare, sizeof bare);
    CHECK(!strstr(bare, "candidate"));
    CHECK_EQ(myna_rtc_answer(p.b.rtc, bare, &answer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, answer, &p.why), MYNA_OK);
    pair_until(&p, p.a.n_open == 1);
    pair_close(&p);
}

/* As GStreamer writes it now and then. */
TEST(opus_without_its_channels_is_opus)
{
    char bare[8192];
    const char *offer, *answer, *at;
    struct pair p;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 440;
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    at = strstr(offer, "opus/48000/2");
    CHECK(at);
    snprintf(bare, sizeof bare, "%.*sOPUS/48000%s", (int)(at - offer), offer, at + 12);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, bare, &answer, &p.why), MYNA_OK);
    CHECK_HAS(answer, "m=audio 9 ");
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, answer, &p.why), MYNA_OK);
    pair_until(&p, p.b.n_loud >= 10);
    pair_close(&p);
}

TEST_MAIN

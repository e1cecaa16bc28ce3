/* sdp_test.c - descriptions of LiveKit's server, Chromium and aiortc as they came from the wire
 * (tests/fuzz/corpus/sdp), our own letter by letter, and what must be refused. */
#include "check.h"

#include "rtc/sdp.h"

static char text[MYNA_SDP_MAX_BYTES + 64];

static struct myna_sdp sdp;
static struct myna_why why;

static size_t load(const char *name)
{
    char path[1024];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/sdp/%s.sdp", getenv("MYNA_TEST_TREE"), name);
    f = fopen(path, "rb");
    CHECK(f);
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    return n;
}

static void parse(const char *name)
{
    size_t n = load(name);

    CHECK_EQ(myna_sdp_parse(&sdp, text, n, &why), MYNA_OK);
}

static void refused(const char *what, enum myna_err err, const char *part)
{
    CHECK_EQ(myna_sdp_parse(&sdp, what, strlen(what), &why), err);
    CHECK_HAS(why.text, part);
}

TEST(an_answer_of_livekit_says_which_slot_carries_whom)
{
    const struct myna_sdp_media *slot;

    parse("livekit_answer");
    CHECK_EQ(sdp.n_media, 3);
    CHECK_STR(sdp.bundle, "0 1 2");
    CHECK(!strncmp(sdp.fingerprint, "sha-256 11:18:", 14));
    CHECK_EQ(sdp.media[0].kind, MYNA_SDP_APPLICATION);
    CHECK_EQ(sdp.media[0].setup, MYNA_SDP_ACTIVE);
    CHECK_EQ(sdp.media[0].sctp_port, 5000);
    CHECK_EQ(sdp.media[0].max_message_size, 65535);
    CHECK_STR(sdp.media[0].ufrag, "kGzIWSAyBLlMCDZt");
    CHECK_EQ(sdp.media[1].dir, MYNA_RTC_RECVONLY);
    CHECK(!sdp.media[1].has_ssrc);
    CHECK(!sdp.media[1].stream);
    CHECK(sdp.media[1].codecs[0].nack); /* "nack " with a blank behind it, as pion writes */
    slot = myna_sdp_by_mid(&sdp, "2");
    CHECK(slot == &sdp.media[2]);
    CHECK_EQ(slot->dir, MYNA_RTC_SENDONLY);
    CHECK_EQ(slot->ssrc, 1267979868);
    CHECK_STR(slot->stream, "PA_updBMh3cRmAi|TR_AMt2xqCbE7VvUB");
    CHECK_STR(slot->track, "TR_AMt2xqCbE7VvUB");
    CHECK_STR(slot->cname, "PA_updBMh3cRmAi|TR_AMt2xqCbE7VvUB");
    CHECK(!slot->codecs[0].nack);
    CHECK_EQ(myna_sdp_find_ext(slot, "urn:ietf:params:rtp-hdrext:sdes:mid"), 4);
    CHECK_EQ(myna_sdp_find_codec(slot, "OPUS", 48000, 2)->pt, 111);
    CHECK(!myna_sdp_by_mid(&sdp, "3"));
    myna_sdp_fini(&sdp);
}

TEST(a_refused_section_has_port_zero_and_candidates_stand_in_the_first)
{
    struct myna_candidate c;

    parse("livekit_refused_answer");
    CHECK(sdp.ice_lite);
    CHECK_EQ(sdp.media[1].port, 0);
    CHECK_EQ(sdp.media[2].dir, MYNA_RTC_INACTIVE);
    CHECK_EQ(sdp.media[0].n_candidates, 3);
    CHECK(sdp.media[0].end_of_candidates);
    CHECK(myna_candidate_parse(&c, sdp.media[0].candidates[1]));
    CHECK_EQ(c.component, 2);
    CHECK(myna_candidate_parse(&c, sdp.media[0].candidates[2]));
    CHECK_EQ(c.transport, MYNA_CAND_PASSIVE);
    CHECK_EQ(c.port, 7881);
    CHECK_STR(c.ufrag, "kGzIWSAyBLlMCDZt");
    myna_sdp_fini(&sdp);
}

TEST(an_offer_of_chromium_is_read_in_its_order_of_preference)
{
    const struct myna_sdp_media *a;
    struct myna_candidate c;

    parse("chromium_offer");
    CHECK_EQ(sdp.n_media, 3);
    a = &sdp.media[0];
    CHECK_EQ(a->n_codecs, 8);
    CHECK_EQ(a->codecs[0].pt, 111);
    CHECK_STR(a->codecs[0].fmtp, "minptime=10;useinbandfec=1");
    CHECK(!a->codecs[0].nack); /* transport-cc is not nack */
    CHECK_STR(myna_sdp_find_codec(a, "red", 48000, 0)->fmtp, "111/111");
    CHECK_EQ(a->setup, MYNA_SDP_ACTPASS);
    CHECK_EQ(a->ssrc, 2231627014u);
    CHECK_STR(a->cname, "HF4DFSR2hTRT2kSF");
    CHECK_EQ(sdp.media[1].kind, MYNA_SDP_VIDEO);
    CHECK(sdp.media[1].codecs[0].nack && sdp.media[1].codecs[0].nack_pli);
    CHECK(sdp.media[1].codecs[0].ccm_fir && !a->codecs[0].ccm_fir);
    CHECK(!sdp.media[1].codecs[1].nack);
    CHECK(sdp.trickle);
    CHECK_EQ(sdp.media[2].n_candidates, 3);
    CHECK(myna_candidate_parse(&c, sdp.media[2].candidates[1]));
    CHECK_EQ(c.type, MYNA_CAND_SRFLX);
    CHECK_STR(c.raddr, "192.0.2.7");
    CHECK_EQ(c.rport, 46243);
    CHECK(myna_candidate_parse(&c, sdp.media[2].candidates[2]));
    CHECK_HAS(c.address, ".local");
    myna_sdp_fini(&sdp);
}

TEST(of_the_three_fingerprints_of_aiortc_sha_256_is_taken)
{
    parse("aiortc_answer");
    CHECK_EQ(sdp.n_media, 2);
    CHECK(!strncmp(sdp.media[0].fingerprint, "sha-256 55:EB:53", 16));
    CHECK_EQ(sdp.media[0].setup, MYNA_SDP_ACTIVE);
    CHECK_EQ(sdp.media[0].dir, MYNA_RTC_RECVONLY);
    CHECK_EQ(myna_sdp_find_codec(&sdp.media[0], "opus", 48000, 2)->pt, 96);
    CHECK_EQ(sdp.media[1].max_message_size, 262144);
    CHECK_EQ(sdp.media[1].n_candidates, 2);
    myna_sdp_fini(&sdp);
}

TEST(our_own_offer_is_written_as_it_was_read_letter_by_letter)
{
    struct myna_buf out;

    parse("our_offer");
    myna_buf_init(&out, 0);
    myna_sdp_write(&sdp, &out);
    CHECK_EQ(out.err, MYNA_OK);
    CHECK_STR(myna_buf_str(&out), text);
    myna_buf_fini(&out);
    myna_sdp_fini(&sdp);
}

TEST(a_section_that_we_refuse_is_written_with_port_zero_and_nothing_else)
{
    struct myna_sdp_media m = {.kind = MYNA_SDP_VIDEO,
                               .kind_text = "video",
                               .proto = "UDP/TLS/RTP/SAVPF",
                               .formats = "96 97",
                               .mid = "1",
                               .ufrag = "never",
                               .port = 0};
    struct myna_sdp one = {.session_id = "7", .version = 3, .media = &m, .n_media = 1};
    struct myna_buf out;

    myna_buf_init(&out, 0);
    myna_sdp_write(&one, &out);
    CHECK_STR(strstr(myna_buf_str(&out), "m="), "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\n"
                                                "c=IN IP4 0.0.0.0\r\na=mid:1\r\na=inactive\r\n");
    myna_buf_fini(&out);
}

#define HEAD  "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"

TEST(what_contradicts_itself_is_refused_with_the_line)
{
    refused("hello", MYNA_EFORMAT, "v=0");
    refused("", MYNA_EFORMAT, "v=0");
    refused("v=0\r\ns=-\r\n", MYNA_EFORMAT, "o=");
    refused(HEAD "nonsense\r\n", MYNA_EFORMAT, "line 5");
    refused(HEAD "m=audio\r\n", MYNA_EFORMAT, "line 5");
    refused(HEAD "m=audio 65536 UDP/TLS/RTP/SAVPF 111\r\n", MYNA_EFORMAT, "port");
    refused(HEAD AUDIO "a=mid:0\r\n" AUDIO "a=mid:0\r\n", MYNA_EFORMAT, "line 8");
    refused(HEAD AUDIO "a=setup:perhaps\r\n", MYNA_EFORMAT, "a=setup");
    refused(HEAD AUDIO "a=ice-pwd:short\r\n", MYNA_EFORMAT, "a=ice-pwd");
    refused(HEAD AUDIO "a=ice-ufrag:abc\r\n", MYNA_EFORMAT, "a=ice-ufrag");
    refused(HEAD AUDIO "a=rtpmap:111 opus\r\n", MYNA_EFORMAT, "a=rtpmap");
    refused(HEAD AUDIO "a=ssrc:4294967296 cname:x\r\n", MYNA_EFORMAT, "a=ssrc");
    refused(HEAD AUDIO "a=extmap:0 urn:x\r\n", MYNA_EFORMAT, "a=extmap");
    refused(HEAD AUDIO "a=max-message-size:99999999999999999999\r\n", MYNA_EFORMAT, "max-message");
}

TEST(what_is_too_much_is_refused_or_cut_and_never_overruns)
{
    size_t n = (size_t)snprintf(text, sizeof text, HEAD);

    for (int i = 0; i < 65; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, AUDIO "a=mid:%d\r\n", i);
    refused(text, MYNA_ELIMIT, "more than 64 m= sections");

    n = (size_t)snprintf(text, sizeof text, HEAD "m=audio 9 UDP/TLS/RTP/SAVPF");
    for (int i = 0; i < 128; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, " %d", i);
    n += (size_t)snprintf(text + n, sizeof text - n, "\r\n");
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "a=candidate:1 1 udp 1 127.0.0.1 %d typ host\r\n"
                              "a=extmap:%d urn:x\r\na=rtpmap:%d x/8000\r\n",
                              1000 + i, i + 1, i % 128);
    CHECK_EQ(myna_sdp_parse(&sdp, text, n, &why), MYNA_OK);
    CHECK_EQ(sdp.media[0].n_codecs, MYNA_SDP_MAX_CODECS);
    CHECK_EQ(sdp.media[0].n_candidates, MYNA_SDP_MAX_CANDIDATES);
    CHECK_EQ(sdp.media[0].n_extmaps, MYNA_SDP_MAX_EXTMAPS);
    myna_sdp_fini(&sdp);

    memset(text, 'x', sizeof text);
    CHECK_EQ(myna_sdp_parse(&sdp, text, MYNA_SDP_MAX_BYTES + 1, &why), MYNA_ELIMIT);
}

TEST(candidates_are_written_as_they_are_read)
{
    static const char *const lines[] = {
        "candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host",
        "candidate:1 1 udp 2130706431 fd00::2 46865 typ host",
        "candidate:9 1 udp 1677729535 203.0.113.9 1 typ srflx raddr 192.0.2.7 rport 46243",
        "candidate:2 1 tcp 1671430143 127.0.0.1 7881 typ host tcptype passive",
        "candidate:3 1 tcp 1 127.0.0.1 9 typ host tcptype active",
        "candidate:4 1 udp 41885439 192.0.2.3 5000 typ relay raddr 192.0.2.7 rport 0",
    };
    struct myna_candidate c;
    char line[256], with_a[300];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        CHECK(myna_candidate_parse(&c, lines[i]));
        myna_candidate_write(&c, line, sizeof line);
        CHECK_STR(line, lines[i]);
        snprintf(with_a, sizeof with_a, "a=%s generation 0 ufrag abcd network-cost 50", lines[i]);
        CHECK(myna_candidate_parse(&c, with_a));
        CHECK_STR(c.ufrag, "abcd");
        CHECK(myna_candidate_parse(&c, lines[i] + strlen("candidate:")));
    }
}

TEST(what_is_no_candidate_is_refused)
{
    static const char *const lines[] = {
        "",
        "nonsense",
        "candidate:1 0 udp 1 127.0.0.1 1 typ host",
        "candidate:1 1 sctp 1 127.0.0.1 1 typ host",
        "candidate:1 1 udp 4294967296 127.0.0.1 1 typ host",
        "candidate:1 1 udp -1 127.0.0.1 1 typ host",
        "candidate:1 1 udp 1 127.0.0.1 65536 typ host",
        "candidate:1 1 udp 1 127.0.0.1 1 typ guest",
        "candidate:1 1 udp 1 127.0.0.1 1",
        "candidate:1 1 tcp 1 127.0.0.1 1 typ host",
        "candidate:1 1 tcp 1 127.0.0.1 1 typ host tcptype maybe",
        "candidate:1 1 udp 1 ;reboot 1 typ host",
        "candidate:1 1 udp 1 "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 typ "
        "host",
    };
    struct myna_candidate c;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK(!myna_candidate_parse(&c, lines[i]));
}

TEST_MAIN

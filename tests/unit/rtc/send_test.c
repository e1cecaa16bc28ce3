/* send_test.c - what leaves us, packet by packet: numbers, pauses, silence, levels, redundancy, and
 * what can be asked for again. */
#include "check.h"
#include "fault.h"

#include "audio/opus.h"
#include "rtc/send.h"
#include "util/guard.h"
#include "util/rand.h"

enum { SSRC = 0xabcdef01 };

static myna_us now;
static uint8_t bytes[MYNA_RTP_MAX];
static struct myna_rtp got;
static int16_t voice[MYNA_OUT_SAMPLES];

static struct myna_send *begin(void)
{
    struct myna_send *s = myna_send_create(5, 32000);

    CHECK(s);
    now = 1000 * MYNA_S;
    myna_send_begin(s, SSRC, 65530, 0xffffff00);
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
        voice[i] = (int16_t)(8000 * sin(i * 2 * M_PI * 400 / MYNA_OUT_RATE_HZ));
    return s;
}

/* One tick; false: no packet. Else it is in `got`. */
static bool tick(struct myna_send *s, const int16_t *pcm)
{
    size_t len = myna_send_frame(s, now, pcm, bytes);

    now += MYNA_FRAME_US;
    if (!len)
        return false;
    CHECK(myna_rtp_parse(&got, bytes, len));
    CHECK_EQ(got.ssrc, SSRC);
    return true;
}

TEST(numbers_and_time_stamps_step_by_one_frame_round_the_circle)
{
    struct myna_send *s = begin();

    for (int i = 0; i < 20; i++) {
        CHECK(tick(s, voice));
        CHECK_EQ(got.pt, 111);
        CHECK_EQ(got.seq, (uint16_t)(65530 + i));
        CHECK_EQ(got.ts, (uint32_t)(0xffffff00 + 960u * i));
        CHECK_EQ(got.marker, i == 0);
        CHECK_EQ(got.ext_profile, 0);
        CHECK_EQ(myna_opus_ticks(got.payload), 960);
    }
    CHECK_EQ(myna_send_ssrc(s), SSRC);
    myna_send_destroy(s);
}

TEST(silence_is_a_tail_and_then_three_bytes_every_400_ms)
{
    struct myna_send *s = begin();
    uint32_t ts;
    uint16_t seq;
    int packets = 0;

    for (int i = 0; i < 10; i++)
        CHECK(tick(s, voice));
    ts = got.ts;
    seq = got.seq;
    CHECK(tick(s, NULL)); /* what the encoder still held */
    CHECK(got.payload.len > 3);
    CHECK_EQ(got.ts, ts += 960);
    CHECK(tick(s, NULL));
    CHECK_EQ(got.ts, ts += 960);
    for (int i = 0; i < 50 * 4; i++)
        if (tick(s, NULL)) {
            packets++;
            CHECK_EQ(got.ts, ts += 19200);
            CHECK_EQ(got.payload.len, 3);
            CHECK(!memcmp(got.payload.ptr, "\xf8\xff\xfe", 3));
            CHECK(!got.marker);
        }
    CHECK_EQ(packets, 10);
    CHECK_EQ(got.seq, (uint16_t)(seq + 12)); /* no number is skipped */
    myna_send_destroy(s);
}

TEST(sound_after_silence_is_marked_and_on_the_clock)
{
    struct myna_send *s = begin();
    uint32_t ts;

    CHECK(tick(s, voice));
    ts = got.ts;
    for (int i = 0; i < 33; i++)
        tick(s, NULL);
    CHECK(tick(s, voice));
    CHECK(got.marker);
    CHECK_EQ(got.ts, ts + 34 * 960);
    CHECK(tick(s, voice));
    CHECK(!got.marker);
    myna_send_destroy(s);
}

TEST(frames_of_nothing_but_zeros_are_silence_too)
{
    static const int16_t zeros[MYNA_OUT_SAMPLES];
    struct myna_send *s = begin();
    int packets = 0;

    CHECK(tick(s, voice));
    for (int i = 0; i < 100; i++)
        packets += tick(s, zeros);
    CHECK_EQ(packets, 1 + 5);
    myna_send_destroy(s);
}

TEST(the_time_stamp_follows_the_clock_over_a_mute)
{
    struct myna_send *s = begin();
    uint32_t ts;
    uint16_t seq;

    for (int i = 0; i < 5; i++)
        CHECK(tick(s, voice));
    ts = got.ts;
    seq = got.seq;
    now += 3 * MYNA_S + 7 * MYNA_MS;
    CHECK(tick(s, voice));
    CHECK_EQ(got.seq, (uint16_t)(seq + 1));
    CHECK(got.marker);
    CHECK_EQ(got.ts, ts + 960 + 150 * 960);
    for (int i = 0; i < 100; i++)
        CHECK(tick(s, voice)); /* and goes on evenly */
    CHECK_EQ(got.ts, ts + 251 * 960);
    myna_send_destroy(s);
}

TEST(a_frame_ahead_of_its_time_is_left_out_of_the_silence_behind_it)
{
    struct myna_send *s = begin();
    uint32_t ts;

    CHECK(tick(s, voice));
    ts = got.ts;
    for (int answer = 1; answer <= 50; answer++) {
        for (int i = 0; i < 30; i++)
            tick(s, NULL);
        now -= 13 * MYNA_MS; /* of the 20 until the next */
        CHECK(tick(s, voice));
        now -= 7 * MYNA_MS;
        CHECK_EQ(got.ts, ts + 31u * 960 * (uint32_t)answer - 960u * (uint32_t)(answer - 1));
    }
    myna_send_destroy(s);
}

TEST(ticks_that_move_a_little_do_not_add_up_to_a_clock_that_is_slow)
{
    struct myna_send *s = begin();
    uint32_t ts;
    myna_us from;

    CHECK(tick(s, voice));
    ts = got.ts;
    from = now - MYNA_FRAME_US;
    for (int i = 0; i < 200; i++) {
        for (int k = 0; k < 5; k++)
            tick(s, NULL);
        now += 7 * MYNA_MS;
    }
    for (int k = 0; k < 2; k++)
        tick(s, NULL);
    CHECK(tick(s, voice));
    CHECK_NEAR((got.ts - ts) / 48.0, (double)(now - MYNA_FRAME_US - from) / 1e3, 20);
    myna_send_destroy(s);
}

TEST(frames_of_silence_may_go_by_without_a_call)
{
    struct myna_send *s = begin();
    uint32_t ts;
    int packets = 0;

    CHECK(tick(s, voice));
    ts = got.ts;
    CHECK(!myna_send_rests(s));
    tick(s, NULL);
    CHECK(!myna_send_rests(s));
    tick(s, NULL);
    CHECK(myna_send_rests(s));
    for (int i = 0; i < 10; i++) {
        myna_send_rested(s, 19);
        now += 19 * MYNA_FRAME_US;
        packets += tick(s, NULL);
    }
    CHECK_EQ(packets, 5); /* one every 800 ms */
    CHECK_EQ(got.ts, ts + (2 + 200) * 960);
    myna_send_rested(s, 7);
    now += 7 * MYNA_FRAME_US;
    CHECK(tick(s, voice));
    CHECK(got.marker);
    CHECK_EQ(got.ts, ts + (2 + 200 + 8) * 960);
    CHECK(!myna_send_rests(s));
    myna_send_destroy(s);
}

TEST(a_tick_that_comes_late_is_no_pause)
{
    struct myna_send *s = begin();
    uint32_t ts = 0xffffff00;

    for (int i = 0; i < 200; i++) {
        myna_us late = i % 7 == 3 ? 60 * MYNA_MS : 0;

        now += late;
        CHECK(tick(s, voice));
        now -= late;
        CHECK_EQ(got.ts, ts);
        CHECK_EQ(got.marker, i == 0);
        ts += 960;
    }
    myna_send_destroy(s);
}

TEST(the_level_is_told_where_it_was_negotiated)
{
    struct myna_send *s = begin();
    struct myna_view v;

    myna_send_negotiated(s, &(struct myna_send_wire){.opus_pt = 96, .red_pt = -1, .level_id = 3});
    CHECK(tick(s, voice));
    CHECK_EQ(got.pt, 96);
    CHECK(myna_rtp_ext(&got, 3, &v));
    CHECK_EQ(v.len, 1);
    CHECK_EQ(v.ptr[0], 0x80 | 15); /* 8000 of 32768, a sine: -15.3 dB; speech */
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
        voice[i] = i & 1 ? 20 : -20;
    CHECK(tick(s, voice));
    CHECK(myna_rtp_ext(&got, 3, &v));
    CHECK_EQ(v.ptr[0], 64); /* not speech */
    CHECK(tick(s, NULL));
    CHECK(myna_rtp_ext(&got, 3, &v));
    CHECK_EQ(v.ptr[0], 127);
    myna_send_destroy(s);
}

TEST(the_section_is_named_in_the_first_second)
{
    struct myna_send *s = begin();
    struct myna_view v;

    myna_send_negotiated(
        s, &(struct myna_send_wire){.opus_pt = 111, .red_pt = -1, .mid_id = 4, .mid = "12"});
    for (int i = 0; i < 60; i++) {
        CHECK(tick(s, voice));
        CHECK_EQ(myna_rtp_ext(&got, 4, &v), i < 50);
        if (i < 50)
            CHECK(v.len == 2 && !memcmp(v.ptr, "12", 2));
    }
    myna_send_destroy(s);
}

TEST(what_was_sent_in_the_last_second_can_be_had_again_as_it_was)
{
    struct myna_send *s = begin();
    uint8_t kept[MYNA_RTP_MAX], again[MYNA_RTP_MAX];
    size_t len = 0;

    for (int i = 0; i < 60; i++) {
        CHECK(tick(s, voice));
        if (i == 10) {
            len = (size_t)(got.payload.ptr + got.payload.len - bytes);
            memcpy(kept, bytes, len);
        }
    }
    CHECK_EQ(myna_send_again(s, now, (uint16_t)(65530 + 10), again), len);
    CHECK(!memcmp(again, kept, len));
    CHECK_EQ(myna_send_again(s, now, (uint16_t)(65530 + 60), again), 0); /* not sent yet */
    for (int i = 0; i < 30; i++)
        CHECK(tick(s, voice));
    CHECK_EQ(myna_send_again(s, now, (uint16_t)(65530 + 10), again), 0); /* long ago */
    myna_send_destroy(s);
}

TEST(who_asks_without_end_gets_a_second_of_sound_a_second)
{
    struct myna_send *s = begin();
    struct myna_send_stats stats;
    uint8_t again[MYNA_RTP_MAX];
    size_t n = 0;

    for (int i = 0; i < 60; i++)
        CHECK(tick(s, voice));
    CHECK(myna_send_again(s, now, 65530, again));
    CHECK(!myna_send_again(s, now + 5 * MYNA_MS, 65530, again)); /* that one just went */
    CHECK(myna_send_again(s, now + 20 * MYNA_MS, 65530, again));
    for (int ms = 0; ms < 2000; ms++) { /* every millisecond all of them */
        if (ms % 20 == 0)
            CHECK(tick(s, voice));
        for (int k = 1; k < 60; k++)
            n += myna_send_again(s, now, (uint16_t)(got.seq - k), again) > 0;
    }
    CHECK(n >= 100 && n <= 150); /* a second's worth at once, then what the clock gives */
    myna_send_get_stats(s, &stats);
    CHECK_EQ(stats.resent, n + 2);
    CHECK_EQ(stats.sent, 160);
    myna_send_destroy(s);
}

TEST(a_report_says_what_time_it_is_on_both_clocks)
{
    struct myna_send *s = begin();
    struct myna_rtcp_sender r;
    size_t octets = 0;
    uint64_t ntp = myna_ntp_from_ms(1700000000000);

    CHECK(!myna_send_report(s, now, ntp, &r));
    for (int i = 0; i < 10; i++) {
        CHECK(tick(s, voice));
        octets += got.payload.len;
    }
    now += 5 * MYNA_MS; /* 25 ms after the last frame */
    CHECK(myna_send_report(s, now, ntp, &r));
    CHECK_EQ(r.ssrc, SSRC);
    CHECK(r.ntp == ntp);
    CHECK_EQ(r.packets, 10);
    CHECK_EQ(r.octets, octets);
    CHECK_EQ(r.rtp_ts, got.ts + 25 * 48);
    now += 2 * MYNA_S; /* muted: the clock runs on */
    CHECK(myna_send_report(s, now, ntp, &r));
    CHECK_EQ(r.rtp_ts, got.ts + 2025 * 48);
    myna_send_destroy(s);
}

TEST(the_peers_report_tells_the_way_and_the_losses)
{
    struct myna_send *s = begin();
    struct myna_send_stats stats;
    uint64_t sent = myna_ntp_from_ms(1700000000000), back = myna_ntp_from_ms(1700000000150);
    struct myna_rtcp_block b = {.ssrc = SSRC,
                                .fraction = 64,
                                .lsr = myna_ntp_middle(sent),
                                .dlsr = 65536 / 10}; /* it waited 100 ms */
    int with = 0;

    myna_send_get_stats(s, &stats);
    CHECK_EQ(stats.rtt, -1);
    b.ssrc++;
    myna_send_peer_report(s, back, &b); /* about another */
    myna_send_get_stats(s, &stats);
    CHECK_EQ(stats.rtt, -1);
    b.ssrc--;
    myna_send_peer_report(s, back, &b);
    myna_send_get_stats(s, &stats);
    CHECK_NEAR(stats.rtt, 50 * MYNA_MS, 100);
    CHECK_NEAR(stats.peer_loss, 0.25, 0.001);
    b.lsr += 1 << 20; /* a report of the future says nothing about the way */
    myna_send_peer_report(s, back, &b);
    myna_send_get_stats(s, &stats);
    CHECK_NEAR(stats.rtt, 50 * MYNA_MS, 100);
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < MYNA_OUT_SAMPLES; k++) /* low and rich, as speech is */
            voice[k] = (int16_t)(6000 * sin((i * 480 + k) * 2 * M_PI * 150 / 24000) +
                                 3000 * sin((i * 480 + k) * 2 * M_PI * 450 / 24000 * (1 + i % 3)));
        CHECK(tick(s, voice));
        with += myna_opus_has_fec(got.payload);
    }
    CHECK(with > 10); /* in-band FEC came on */
    b.fraction = 0;
    for (int i = 0; i < 20; i++)
        myna_send_peer_report(s, back, &b);
    CHECK(tick(s, voice));
    CHECK(tick(s, voice));
    CHECK(!myna_opus_has_fec(got.payload)); /* and went */
    myna_send_destroy(s);
}

TEST(red_carries_the_frame_before)
{
    struct myna_send *s = begin();
    struct myna_red_block b[MYNA_RED_BLOCKS];
    uint8_t before[1200];
    size_t before_len = 0;

    myna_send_negotiated(s, &(struct myna_send_wire){.opus_pt = 111, .red_pt = 63});
    for (int i = 0; i < 10; i++) {
        size_t n;

        CHECK(tick(s, voice));
        CHECK_EQ(got.pt, 63);
        n = myna_red_parse(got.payload, b);
        CHECK_EQ(n, i ? 2 : 1);
        if (i) {
            CHECK_EQ(b[0].pt, 111);
            CHECK_EQ(b[0].ts_offset, 960);
            CHECK(b[0].payload.len == before_len && !memcmp(b[0].payload.ptr, before, before_len));
        }
        CHECK_EQ(b[n - 1].pt, 111);
        before_len = b[n - 1].payload.len;
        memcpy(before, b[n - 1].payload.ptr, before_len);
    }
    myna_send_peer_report(s, 0, &(struct myna_rtcp_block){.ssrc = SSRC, .fraction = 50});
    CHECK(tick(s, voice));
    CHECK_EQ(myna_red_parse(got.payload, b), 3);
    CHECK_EQ(b[0].ts_offset, 1920);
    now += 5 * MYNA_S; /* nothing of before the mute */
    CHECK(tick(s, voice));
    CHECK_EQ(myna_red_parse(got.payload, b), 1);
    myna_send_destroy(s);
}

TEST(a_new_source_knows_nothing_of_the_old_one)
{
    struct myna_send *s = begin();
    struct myna_send_stats stats;
    struct myna_rtcp_sender r;

    for (int i = 0; i < 5; i++)
        CHECK(tick(s, voice));
    myna_send_begin(s, SSRC, 100, 5000);
    CHECK(!myna_send_report(s, now, 0, &r));
    CHECK_EQ(myna_send_again(s, now, 65530, bytes), 0);
    CHECK(tick(s, voice));
    CHECK_EQ(got.seq, 100);
    CHECK_EQ(got.ts, 5000);
    CHECK(got.marker);
    myna_send_get_stats(s, &stats);
    CHECK_EQ(stats.sent, 1);
    myna_send_destroy(s);
}

TEST(what_arrives_is_what_was_said)
{
    struct myna_send *s = begin();
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int16_t pcm[MYNA_IN_SAMPLES];
    double loud = 0;

    CHECK(d);
    for (int i = 0; i < 30; i++) {
        CHECK(tick(s, voice));
        CHECK_EQ(myna_opus_decode(d, got.payload, pcm, MYNA_IN_SAMPLES), MYNA_IN_SAMPLES);
    }
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        loud = pcm[i] > loud ? pcm[i] : loud;
    CHECK_NEAR(loud, 8000, 800);
    for (int i = 0; i < 2; i++) { /* the tail, the silence */
        CHECK(tick(s, NULL));
        CHECK_EQ(myna_opus_decode(d, got.payload, pcm, MYNA_IN_SAMPLES), MYNA_IN_SAMPLES);
    }
    for (int i = MYNA_IN_SAMPLES / 2; i < MYNA_IN_SAMPLES; i++)
        CHECK_NEAR(pcm[i], 0, 40);
    myna_opus_decoder_destroy(d);
    myna_send_destroy(s);
}

TEST(nothing_is_allocated_on_the_way)
{
    struct myna_send *s = begin();
    int sent = 0;

    myna_send_negotiated(s,
                         &(struct myna_send_wire){
                             .opus_pt = 111, .red_pt = 63, .level_id = 1, .mid_id = 2, .mid = "0"});
    myna_guard_enter();
    for (int i = 0; i < 60; i++) {
        sent += myna_send_frame(s, now, i < 30 ? voice : NULL, bytes) > 0;
        now += i == 40 ? MYNA_S : MYNA_FRAME_US;
    }
    (void)myna_send_again(s, now, 65535, bytes);
    myna_send_peer_report(s, 0, &(struct myna_rtcp_block){.ssrc = SSRC, .fraction = 50});
    myna_guard_leave();
    CHECK(sent >= 30); /* all of the voice at least */
    myna_send_destroy(s);
    myna_send_destroy(NULL);
}

static bool make(void *arg)
{
    struct myna_send *s = myna_send_create(5, 32000);

    (void)arg;
    myna_send_destroy(s);
    return s != NULL;
}

TEST(each_allocation_may_fail)
{
    CHECK(fault_each_alloc(make, NULL) >= 2);
}

TEST_MAIN

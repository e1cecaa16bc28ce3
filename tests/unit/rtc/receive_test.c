/* receive_test.c - a voice through every kind of bad network: it goes on, it stays near, and what
 * the sender meant as silence is silence. Each case is one seed on a virtual clock. */
#include "network.h"

#include "fault.h"
#include "util/guard.h"

/* Once the first caution is shrunk away, what comes out is what the decoder says, sample by
 * sample. */
TEST(a_calm_network_changes_no_sample)
{
    enum { HEARD = 7 * MYNA_IN_RATE_HZ, ALL = 18 * MYNA_IN_RATE_HZ };
    static int16_t heard[HEARD], want[ALL];
    struct call *c = call_begin(1, 1000);
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    struct myna_rtc_audio_stats s;
    size_t at = 0;

    CHECK(d);
    for (size_t i = 0; i < ALL; i += MYNA_IN_SAMPLES)
        CHECK_EQ(myna_opus_decode(d, text[i / MYNA_IN_SAMPLES % LOOP], want + i, MYNA_IN_SAMPLES),
                 MYNA_IN_SAMPLES);
    run(c, 8 * MYNA_S);
    for (size_t i = 0; i < HEARD; i += MYNA_IN_SAMPLES) {
        run(c, MYNA_FRAME_US);
        CHECK_EQ(c->frame.flags, 0);
        memcpy(heard + i, c->frame.pcm, sizeof c->frame.pcm);
    }
    while (at + HEARD < ALL && memcmp(heard, want + at, 640 * sizeof *heard) != 0)
        at++;
    CHECK(at + HEARD < ALL);
    for (size_t i = 0; i < HEARD; i++)
        if (heard[i] != want[at + i])
            check_fail(__FILE__, __LINE__, "at %zu differ %zu", at, i);
    s = stats_of(c);
    CHECK_EQ(s.lost + s.late + s.duplicate + s.recovered + s.concealed, 0);
    CHECK(s.stretched <= 3);
    CHECK_EQ(s.delay_target, 20 * MYNA_MS);
    CHECK(s.delay <= 40 * MYNA_MS);
    CHECK(s.jitter < MYNA_MS);
    CHECK(most_delay(c, 8, 14) <= 50 * MYNA_MS); /* with Opus's own 7 ms */
    myna_opus_decoder_destroy(d);
    call_end(c);
}

static myna_us floor_of(struct call *c)
{
    run(c, 10 * MYNA_S);
    CHECK(most_delay(c, 5, 9) > 0);
    return most_delay(c, 5, 9);
}

TEST(after_a_jitter_burst_the_delay_is_back_within_ten_seconds)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct call *c = call_begin(seed, 1000);
        myna_us floor = floor_of(c), before = stats_of(c).delay, peak;
        int64_t s;

        c->link.jitter = (seed % 3 + 1) * 120 * MYNA_MS;
        c->nack = seed % 2;
        run(c, 5 * MYNA_S);
        peak = stats_of(c).delay;
        CHECK(peak > before + 60 * MYNA_MS);
        c->link.jitter = 0;
        run(c, 10 * MYNA_S);
        s = second(c);
        run(c, 5 * MYNA_S);
        CHECK(most_delay(c, s, s + 5) > 0);
        CHECK(most_delay(c, s, s + 5) <= floor + 40 * MYNA_MS);
        CHECK_EQ(c->longest_silence < 15, 1);
        call_end(c);
    }
}

TEST(steady_jitter_is_covered)
{
    for (int ms = 20; ms <= 200; ms += 60) {
        struct call *c = call_begin((uint64_t)ms, 1000);

        c->link.jitter = ms * MYNA_MS;
        run(c, 10 * MYNA_S);
        forget_counts(c);
        run(c, 60 * MYNA_S);
        CHECK_EQ(c->silent, 0);
        CHECK(c->concealed * 100 <= c->frames * 5);
        CHECK(stats_of(c).delay_target >= ms * MYNA_MS * 9 / 10);
        CHECK(stats_of(c).delay_target <= (ms + 40) * MYNA_MS);
        CHECK(most_delay(c, 10, second(c)) <= (ms + 90) * MYNA_MS);
        call_end(c);
    }
}

TEST(random_loss_never_stalls_the_voice)
{
    static const uint32_t losses[] = {10, 50, 100, 200};                  /* of 1000 */
    static const int most[2][4] = {{110, 85, 85, 85}, {110, 40, 40, 40}}; /* percent made up */

    for (int nack = 0; nack < 2; nack++)
        for (int i = 0; i < 4; i++) {
            struct call *c = call_begin((uint64_t)i + 1, 1000);
            struct myna_rtc_audio_stats s;

            c->nack = nack;
            c->link.loss = c->back.loss = losses[i];
            c->link.jitter = 10 * MYNA_MS;
            run(c, 5 * MYNA_S);
            forget_counts(c);
            run(c, 60 * MYNA_S);
            s = stats_of(c);
            CHECK_EQ(c->silent, 0);
            /* Made up: fewer than are lost, since FEC or their second coming fill in. */
            CHECK(c->concealed * 1000 <= c->frames * losses[i] * most[nack][i] / 100);
            CHECK(losses[i] < 50 || s.recovered > 0);
            CHECK(s.late * 100 <= s.received * 4);
            CHECK(most_delay(c, 5, second(c)) <= 240 * MYNA_MS);
            if (!nack)
                CHECK_NEAR((double)s.lost / (double)(s.lost + s.received), losses[i] / 1000.0,
                           0.02);
            call_end(c);
        }
}

TEST(who_plays_each_packet_as_it_comes_still_learns_to_wait_for_what_is_lost)
{
    for (int ms = 20; ms < 40; ms++) { /* a packet comes at each part of our own 20 ms */
        struct call *c = call_begin((uint64_t)ms, 1000);
        struct myna_rtc_audio_stats s;

        c->nack = true;
        c->link.base = c->back.base = ms * MYNA_MS;
        c->rtt = 2 * c->link.base;
        c->ppm = ms % 2 ? 200 : -200;
        run(c, 60 * MYNA_S); /* the slower clock leaves us without anything that waits */
        c->link.loss = c->back.loss = 100;
        run(c, 5 * MYNA_S);
        forget_counts(c);
        run(c, 20 * MYNA_S);
        s = stats_of(c);
        CHECK(s.delay_target >= 100 * MYNA_MS);
        CHECK(s.delay >= s.delay_target - 21 * MYNA_MS);
        CHECK(c->concealed * 100 <= c->frames * 5);
        call_end(c);
    }
}

TEST(red_brings_what_was_lost)
{
    struct call *c = call_begin(1, 1000);

    c->red = true;
    c->link.loss = 100;
    run(c, 5 * MYNA_S);
    forget_counts(c);
    run(c, 60 * MYNA_S);
    CHECK_EQ(c->silent, 0);
    CHECK(c->concealed * 1000 <= c->frames * 30); /* of 100 */
    CHECK(stats_of(c).recovered > 200);
    call_end(c);
}

TEST(packets_in_another_order_are_put_right)
{
    struct call *c = call_begin(1, 1000);

    c->link.reorder = 200;
    c->link.reorder_by = 45 * MYNA_MS;
    run(c, 10 * MYNA_S);
    forget_counts(c);
    run(c, 60 * MYNA_S);
    CHECK_EQ(c->silent, 0);
    CHECK(c->concealed <= 3);
    CHECK(stats_of(c).lost <= 3); /* still on their way */
    CHECK(stats_of(c).delay <= 100 * MYNA_MS);
    call_end(c);
}

TEST(packets_that_come_twice_are_played_once)
{
    struct call *c = call_begin(1, 1000);

    c->link.twice = 1000;
    run(c, 10 * MYNA_S);
    CHECK_EQ(c->concealed, 0);
    CHECK_NEAR(stats_of(c).duplicate, 500, 5);
    CHECK_EQ(stats_of(c).late, 0);
    CHECK(most_delay(c, 8, 9) <= 50 * MYNA_MS);
    call_end(c);
}

TEST(a_link_that_is_too_narrow_loses_but_does_not_stall)
{
    struct call *c = call_begin(1, 1000);

    c->link.bytes_per_s = 3600; /* of about 4200 */
    run(c, 10 * MYNA_S);
    forget_counts(c);
    run(c, 30 * MYNA_S);
    CHECK(stats_of(c).lost > 50);
    CHECK_EQ(c->silent, 0);
    CHECK(most_delay(c, 10, second(c)) <= 700 * MYNA_MS);
    call_end(c);
}

TEST(after_an_outage_the_voice_is_there_again_at_once)
{
    static const int lengths[] = {2, 5, 25, 84};

    for (int nack = 0; nack < 2; nack++)
        for (int i = 0; i < 4; i++) {
            struct call *c = call_begin(1, 1000);
            myna_us floor = floor_of(c);
            int64_t s;

            c->nack = nack;
            c->link.out_from = c->now;
            c->link.out_to = c->now + lengths[i] * MYNA_S;
            forget_counts(c);
            run(c, lengths[i] * MYNA_S);
            CHECK(c->silent > (lengths[i] - 1) * 50); /* no endless made-up sound */
            run(c, 200 * MYNA_MS);
            forget_counts(c);
            s = second(c) + 1;
            run(c, 8 * MYNA_S);
            CHECK_EQ(c->silent, 0);
            CHECK(c->concealed <= 5);
            CHECK(most_delay(c, s, s + 6) > 0);
            CHECK(most_delay(c, s, s + 6) <= floor + 40 * MYNA_MS);
            call_end(c);
        }
}

TEST(what_an_outage_held_up_is_played_as_far_as_it_is_fresh)
{
    for (int len = 1; len <= 4; len++) {
        struct call *c = call_begin(1, 1000);
        myna_us floor = floor_of(c);
        int64_t s;

        c->link.out_from = c->now;
        c->link.out_to = c->now + len * MYNA_S;
        c->link.held = true;
        run(c, len * MYNA_S + 200 * MYNA_MS);
        forget_counts(c);
        CHECK(stats_of(c).delay <= 1300 * MYNA_MS);
        run(c, 10 * MYNA_S);
        CHECK_EQ(c->silent, 0);
        s = second(c) + 1;
        run(c, 4 * MYNA_S);
        CHECK(most_delay(c, s, s + 2) > 0);
        CHECK(most_delay(c, s, s + 2) <= floor + 40 * MYNA_MS);
        call_end(c);
    }
}

TEST(two_clocks_that_differ_stay_together_for_ten_minutes)
{
    for (int ppm = -200; ppm <= 200; ppm += 400) {
        struct call *c = call_begin(1, 1000);
        struct myna_rtc_audio_stats s;

        c->ppm = ppm;
        c->link.jitter = 15 * MYNA_MS;
        run(c, 10 * MYNA_S);
        forget_counts(c);
        run(c, 590 * MYNA_S);
        s = stats_of(c);
        CHECK_NEAR(s.drift_ppm, ppm, 20);
        CHECK(most_delay(c, 10, 599) <= 110 * MYNA_MS);
        CHECK_EQ(c->silent, 0);
        CHECK(c->concealed * 200 <= c->frames);
        CHECK_EQ(s.late, 0);
        call_end(c);
    }
}

TEST(dtx_is_silence_and_the_word_after_it_is_whole)
{
    struct call *c = call_begin(1, 1000);
    struct myna_rtc_audio_stats before, s;

    run(c, 4 * MYNA_S);
    before = stats_of(c);
    for (int i = 0; i < 5; i++) {
        c->talks = false;
        run(c, 100 * MYNA_MS);
        forget_counts(c);
        run(c, 1900 * MYNA_MS);
        CHECK_EQ(c->silent, c->frames);
        for (int k = 0; k < MYNA_IN_SAMPLES; k++)
            CHECK_EQ(c->frame.pcm[k], 0);
        c->talks = true;
        run(c, 100 * MYNA_MS);
        forget_counts(c);
        run(c, 1900 * MYNA_MS);
        CHECK_EQ(c->silent, 0);
        CHECK_EQ(c->concealed, 0);
    }
    s = stats_of(c);
    CHECK_EQ(s.late + s.lost, 0);
    CHECK_EQ(s.concealed - before.concealed, 5); /* the fades into silence */
    CHECK(most_delay(c, 4, second(c)) <= 60 * MYNA_MS);
    call_end(c);
}

/* Comfort noise of a real encoder: SILK with the bit of its voice detector unset. */
static void noise_packet(struct call *c, struct myna_rtp *p, uint8_t *bytes)
{
    static struct myna_opus_encoder *e;
    int16_t pcm[MYNA_IN_SAMPLES];

    if (!e)
        e = myna_opus_encoder_create(MYNA_IN_RATE_HZ, 5, 16000);
    CHECK(e);
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < MYNA_IN_SAMPLES; k++)
            pcm[k] = (int16_t)(myna_rand_below(&c->rand, 40)) - 20;
        p->payload =
            (struct myna_view){bytes, myna_opus_encode(e, pcm, MYNA_IN_SAMPLES, bytes, 400)};
    }
    myna_opus_encoder_destroy(e);
    e = NULL;
}

/* Nothing stands before the first packet of a stream: it is no noise behind a pause. */
TEST(a_soft_first_packet_is_played)
{
    struct call *c = call_begin(1, 1000);
    struct myna_rtp p = {.pt = OPUS_PT, .ssrc = 77, .seq = 1, .ts = 96000};
    struct myna_frame f;
    uint8_t bytes[400];
    myna_us now = 50 * MYNA_S;
    int heard = 0;

    noise_packet(c, &p, bytes);
    CHECK(myna_receive_packet(c->r, now, &p, OPUS_PT, -1));
    for (int i = 0; i < 20; i++) {
        myna_receive_frame(c->r, now += MYNA_FRAME_US, &f);
        heard += !(f.flags & MYNA_FRAME_SILENT);
    }
    CHECK(heard > 0);
    call_end(c);
}

/* However long sound must wait on such a link: silence need not. */
TEST(where_the_delay_is_longer_than_a_pause_between_signs_of_silence_it_still_rests)
{
    struct call *c = call_begin(3, 1000);
    int rests = 0;

    c->link.jitter = 700 * MYNA_MS;
    run(c, 8 * MYNA_S);
    CHECK(stats_of(c).delay_target > 450 * MYNA_MS);
    c->link.jitter = 0;
    c->talks = false;
    run(c, MYNA_S);
    for (int i = 0; i < 100; i++) {
        run(c, MYNA_FRAME_US);
        rests += myna_receive_rests(c->r);
    }
    CHECK(stats_of(c).delay_target > 450 * MYNA_MS);
    CHECK(rests > 90);
    c->talks = true;
    run(c, 1500 * MYNA_MS);
    forget_counts(c);
    run(c, 2 * MYNA_S);
    CHECK_EQ(c->silent, 0); /* and the word behind it is heard */
    call_end(c);
}

TEST(comfort_noise_after_a_pause_is_known_by_its_bits_and_wakes_nobody)
{
    struct call *c = call_begin(1, 1000);
    struct myna_receive *r = c->r;
    struct myna_rtp p = {.pt = OPUS_PT, .ssrc = 77, .seq = 10, .ts = 96000, .payload = text[7]};
    struct myna_frame f;
    uint8_t bytes[400];
    myna_us now = 50 * MYNA_S;

    CHECK(!myna_receive_is_noise(r, &p, OPUS_PT)); /* the first of all is none */
    CHECK(myna_receive_packet(r, now, &p, OPUS_PT, -1));
    CHECK(!myna_receive_rests(r));
    for (int i = 0; i < 20; i++)
        myna_receive_frame(r, now += MYNA_FRAME_US, &f);
    CHECK(myna_receive_rests(r));
    noise_packet(c, &p, bytes);
    p.seq++;
    p.ts += 960;
    CHECK(!myna_receive_is_noise(r, &p, OPUS_PT)); /* a voice that goes on may be soft */
    p.ts += 19 * 960;
    CHECK(myna_receive_is_noise(r, &p, OPUS_PT));
    CHECK(!myna_receive_is_noise(r, &p, OPUS_PT + 1));
    CHECK(myna_receive_packet(r, now, &p, OPUS_PT, -1));
    CHECK(myna_receive_rests(r));
    myna_receive_frame(r, now += MYNA_FRAME_US, &f);
    CHECK_EQ(f.flags, MYNA_FRAME_SILENT);
    p.seq++;
    p.ts += 20 * 960;
    p.payload = text[3];
    CHECK(!myna_receive_is_noise(r, &p, OPUS_PT)); /* a word */
    CHECK(myna_receive_packet(r, now += 400 * MYNA_MS, &p, OPUS_PT, -1));
    CHECK(!myna_receive_rests(r));
    for (int i = 0; i < 4 && f.flags & MYNA_FRAME_SILENT; i++)
        myna_receive_frame(r, now += MYNA_FRAME_US, &f);
    CHECK_EQ(f.flags, 0); /* and it is played */
    call_end(c);
}

/* Noise is decoded late, but all of it and in its order: what is heard then is what a decoder says
 * that was given every packet. */
TEST(comfort_noise_leaves_the_decoder_where_its_sender_has_it)
{
    struct call *c = call_begin(1, 1000);
    struct myna_opus_decoder *plain = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    struct myna_rtp p = {.pt = OPUS_PT, .ssrc = 77, .seq = 10, .ts = 96000, .payload = text[7]};
    int16_t want[4 * MYNA_IN_SAMPLES];
    struct myna_frame f;
    uint8_t bytes[400];
    myna_us now = 50 * MYNA_S;
    int heard = 0;

    CHECK(plain && myna_receive_packet(c->r, now, &p, OPUS_PT, -1));
    (void)!myna_opus_decode(plain, p.payload, want, MYNA_IN_SAMPLES);
    for (int i = 0; i < 5; i++) /* it dies away */
        (void)!myna_opus_conceal(plain, want, MYNA_IN_SAMPLES);
    for (int i = 0; i < 20; i++)
        myna_receive_frame(c->r, now += MYNA_FRAME_US, &f);
    CHECK(myna_receive_rests(c->r));
    for (int i = 0; i < 12; i++) { /* more than wait at a time */
        noise_packet(c, &p, bytes);
        p.seq++;
        p.ts += 20 * 960;
        CHECK(myna_receive_packet(c->r, now += 400 * MYNA_MS, &p, OPUS_PT, -1));
        CHECK(myna_receive_rests(c->r));
        CHECK(myna_opus_decode(plain, p.payload, want, MYNA_IN_SAMPLES) == MYNA_IN_SAMPLES);
    }
    for (int i = 0; i < 4; i++) { /* words */
        p.seq++;
        p.ts += i ? 960 : 20 * 960;
        p.payload = text[3 + i];
        CHECK(myna_receive_packet(c->r, now, &p, OPUS_PT, -1));
        CHECK(myna_opus_decode(plain, p.payload, want + i * MYNA_IN_SAMPLES, MYNA_IN_SAMPLES) ==
              MYNA_IN_SAMPLES);
        myna_receive_frame(c->r, now += MYNA_FRAME_US, &f);
        if (f.flags & MYNA_FRAME_SILENT)
            continue;
        CHECK(!memcmp(f.pcm, want + heard * MYNA_IN_SAMPLES, sizeof f.pcm));
        heard++;
    }
    CHECK(heard >= 2);
    myna_opus_decoder_destroy(plain);
    call_end(c);
}

static void mute_for(bool stands, myna_us how_long)
{
    struct call *c = call_begin(1, 1000);
    struct myna_rtc_audio_stats s;
    int64_t from;

    run(c, 4 * MYNA_S);
    c->mute = true;
    c->stands = stands;
    run(c, 500 * MYNA_MS);
    forget_counts(c);
    run(c, how_long - 500 * MYNA_MS);
    CHECK_EQ(c->silent, c->frames);
    c->mute = false;
    run(c, 140 * MYNA_MS);
    forget_counts(c);
    run(c, 9860 * MYNA_MS);
    s = stats_of(c);
    CHECK_EQ(c->silent, 0);
    CHECK_EQ(s.late + s.lost, 0);
    from = second(c) - 5;
    CHECK(most_delay(c, from, from + 5) > 0);
    CHECK(most_delay(c, from, from + 5) <= 70 * MYNA_MS);
    call_end(c);
}

TEST(a_mute_over_which_the_stamps_follow_the_clock)
{
    mute_for(false, 1 * MYNA_S);
    mute_for(false, 30 * MYNA_S);
}

/* Senders that count only what they send: everything after it is late, but it is the new time. */
TEST(a_mute_over_which_the_stamps_stand)
{
    mute_for(true, 1 * MYNA_S);
    mute_for(true, 5 * MYNA_S);
    mute_for(true, 60 * MYNA_S);
}

/* livekit-server on mute: 80 bytes that hold nothing, stamps that step by 0, 961, 1010, 1864. */
TEST(the_silence_that_a_server_makes_is_silence)
{
    static const uint32_t steps[] = {0, 961, 1010, 1864};
    struct call *c = call_begin(1, 1000);
    uint8_t nothing[80] = {0xf8, 0xff, 0xfe};

    run(c, 3 * MYNA_S);
    c->mute = true;
    run(c, 60 * MYNA_MS);
    for (int i = 0; i < 50; i++) {
        struct myna_rtp p = {.pt = OPUS_PT,
                             .seq = c->seq++,
                             .ts = c->ts - 1920,
                             .ssrc = c->ssrc,
                             .marker = true,
                             .payload = {nothing, sizeof nothing}};

        p.ts = c->ts - 1920 + steps[i % 4];
        CHECK(myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1));
        run(c, 20 * MYNA_MS);
        if (i == 10)
            forget_counts(c);
    }
    CHECK_EQ(c->silent, c->frames);
    c->mute = false;
    run(c, 140 * MYNA_MS);
    forget_counts(c);
    run(c, 5 * MYNA_S);
    CHECK_EQ(c->silent + c->concealed, 0);
    CHECK_EQ(stats_of(c).lost, 0);
    call_end(c);
}

TEST(another_source_or_a_restart_is_heard_at_once)
{
    for (int kind = 0; kind < 4; kind++) {
        struct call *c = call_begin(1, 1000);

        run(c, 5 * MYNA_S);
        switch (kind) {
        case 0:
            c->ssrc = 88;
            break;
        case 1:
            c->seq += 20000;
            break;
        case 2:
            c->ts -= 480000; /* ten seconds back */
            break;
        default:
            c->seq -= 20000;
            c->ts += 0x40000000;
            c->ssrc = 99;
            break;
        }
        c->link.loss = 0;
        for (int i = 0; i < 3; i++) { /* one stray packet is not believed: not delivered by check */
            struct myna_rtp p = {.pt = OPUS_PT, .seq = c->seq, .ts = c->ts, .ssrc = c->ssrc};

            p.payload = text[0];
            (void)myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1);
            c->seq++;
            c->ts += 960;
        }
        run(c, 300 * MYNA_MS);
        forget_counts(c);
        run(c, 10 * MYNA_S);
        CHECK_EQ(c->silent, 0);
        CHECK_EQ(c->concealed, 0);
        CHECK(stats_of(c).delay <= 120 * MYNA_MS);
        call_end(c);
    }
}

TEST(a_stamp_from_nowhere_is_survived)
{
    struct call *c = call_begin(1, 1000);

    run(c, 5 * MYNA_S);
    for (int i = 0; i < 300; i++) {
        struct myna_rtp p = {.pt = OPUS_PT,
                             .seq = (uint16_t)myna_rand_next(&c->rand),
                             .ts = (uint32_t)myna_rand_next(&c->rand),
                             .ssrc = c->ssrc,
                             .payload = text[i % LOOP]};

        if (i % 3 == 0)
            p.seq = c->seq; /* as if it were the next */
        (void)myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1);
        run(c, 10 * MYNA_MS);
    }
    run(c, 5 * MYNA_S);
    forget_counts(c);
    run(c, 20 * MYNA_S);
    CHECK_EQ(c->silent, 0);
    CHECK(c->concealed <= 5);
    CHECK(stats_of(c).delay <= 60 * MYNA_MS);
    call_end(c);
}

TEST(what_is_not_opus_is_refused)
{
    struct call *c = call_begin(1, 1000);
    static const uint8_t long_one[] = {0xfb, 0x3f, 0};
    struct myna_rtp p = {.pt = OPUS_PT, .payload = text[0]};

    p.pt = 0;
    CHECK(!myna_receive_packet(c->r, c->now, &p, OPUS_PT, RED_PT));
    p.pt = RED_PT;
    CHECK(!myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1));
    p.payload = (struct myna_view){(const uint8_t *)"\xff", 1};
    CHECK(!myna_receive_packet(c->r, c->now, &p, OPUS_PT, RED_PT));
    p.pt = OPUS_PT;
    p.payload = (struct myna_view){long_one, sizeof long_one};
    CHECK(!myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1));
    p.payload.len = 0;
    CHECK(!myna_receive_packet(c->r, c->now, &p, OPUS_PT, -1));
    CHECK(!myna_receive_begun(c->r));
    call_end(c);
}

TEST(packets_of_other_lengths_play_as_well)
{
    static const int lengths_ms[] = {10, 40, 60, 120};

    for (int i = 0; i < 4; i++) {
        int ms = lengths_ms[i], n = 24 * ms;
        struct myna_opus_encoder *e = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, 0, 32000);
        struct myna_receive *r = myna_receive_create(1000);
        struct myna_frame f;
        static int16_t pcm[24 * 60];
        int silent = 0, concealed = 0, frames = 0;

        CHECK(e && r);
        for (int k = 0; k < n && k < 24 * 60; k++)
            pcm[k] = (int16_t)(5000 * sin(k * 2 * M_PI * 200 / 24000));
        for (int t = 0; t < 4000; t++) {
            if (t % ms == 0) {
                uint8_t bytes[1200], one[600];
                struct myna_rtp p = {
                    .pt = OPUS_PT, .seq = (uint16_t)(t / ms), .ts = (uint32_t)t * 48, .ssrc = 1};
                size_t len;

                if (ms <= 60) {
                    len = myna_opus_encode(e, pcm, (size_t)n, bytes, sizeof bytes);
                } else { /* two frames of 60 ms in one packet: code 1 */
                    size_t half;

                    len = myna_opus_encode(e, pcm, 24 * 60, one, sizeof one);
                    CHECK((one[0] & 3) == 3 || (one[0] & 3) == 0);
                    if (one[0] & 3)
                        break; /* libopus made several frames itself */
                    half = len - 1;
                    bytes[0] = one[0] | 1;
                    memcpy(bytes + 1, one + 1, half);
                    memcpy(bytes + 1 + half, one + 1, half);
                    len = 1 + 2 * half;
                }
                p.payload = (struct myna_view){bytes, len};
                CHECK(myna_receive_packet(r, t * MYNA_MS, &p, OPUS_PT, -1));
            }
            if (t % 20 == 3) {
                myna_receive_frame(r, t * MYNA_MS, &f);
                if (t > 1000) {
                    frames++;
                    silent += (f.flags & MYNA_FRAME_SILENT) != 0;
                    concealed += (f.flags & MYNA_FRAME_CONCEALED) != 0;
                }
            }
        }
        CHECK_EQ(silent, 0);
        CHECK_EQ(concealed, 0);
        CHECK(frames == 150 || ms == 120);
        myna_opus_encoder_destroy(e);
        myna_receive_destroy(r);
    }
}

TEST(the_time_of_capture_never_goes_back)
{
    struct call *c = call_begin(3, 1000);
    myna_us last = 0, first = 0, from = 0;

    c->link.jitter = 100 * MYNA_MS;
    c->link.loss = 50;
    for (int i = 0; i < 1500; i++) {
        if (i == 500)
            c->mute = true;
        if (i == 600)
            c->mute = false;
        run(c, MYNA_FRAME_US);
        CHECK(c->frame.captured >= last);
        CHECK(c->frame.captured <= c->now);
        last = c->frame.captured;
        if (i == 50) {
            first = last;
            from = c->now;
        }
    }
    CHECK_NEAR(last - first, c->now - from, 250 * MYNA_MS);
    call_end(c);
}

TEST(the_true_time_of_capture_is_told)
{
    struct call *c = call_begin(3, 1000);

    c->link.jitter = 60 * MYNA_MS;
    run(c, 20 * MYNA_S);
    /* What a frame holds was captured `delay` and the way before it is told. */
    CHECK_NEAR(c->frame.captured, c->now - 13 * MYNA_MS - MYNA_FRAME_US - stats_of(c).delay,
               2 * MYNA_MS);
    call_end(c);
}

TEST(reports_say_what_came)
{
    struct call *c = call_begin(1, 1000);
    struct myna_rtcp_block b;

    CHECK(!myna_receive_report(c->r, c->now, &b));
    c->link.loss = 100;
    run(c, 20 * MYNA_S);
    myna_receive_sender_report(c->r, c->now, 0x1122334455667788);
    run(c, 500 * MYNA_MS);
    CHECK(myna_receive_report(c->r, c->now, &b));
    CHECK_EQ(b.ssrc, 77);
    CHECK_EQ(myna_receive_ssrc(c->r), 77);
    CHECK_NEAR(b.highest, 65000 + 1022, 3); /* it wrapped */
    CHECK_NEAR(b.lost, 102, 30);
    CHECK_NEAR(b.fraction, 26, 8);
    CHECK_EQ(b.lsr, 0x33445566);
    CHECK_EQ(b.dlsr, 32768);
    CHECK(!myna_receive_report(c->r, c->now, &b)); /* no news */
    call_end(c);
}

TEST(nothing_is_allocated_while_it_plays)
{
    struct call *c = call_begin(1, 1000);

    c->link.loss = 100;
    c->link.jitter = 100 * MYNA_MS;
    c->link.reorder = c->link.twice = 50;
    c->nack = true;
    myna_guard_enter();
    run(c, 10 * MYNA_S);
    c->ssrc++;
    run(c, MYNA_S);
    myna_guard_leave();
    CHECK(c->frames - c->silent > 9 * 50); /* of 11 s */
    call_end(c);
    myna_receive_destroy(NULL);
}

static bool make(void *arg)
{
    struct myna_receive *r = myna_receive_create(1000);

    (void)arg;
    myna_receive_destroy(r);
    return r != NULL;
}

TEST(each_allocation_may_fail)
{
    CHECK(fault_each_alloc(make, NULL) >= 3);
}

TEST_MAIN

/* connection_test.c - two connections of ours meet on loopback, over the real layers: a tone spoken
 * by one is heard by the other, messages pass both ways, the path is made anew, one goes away.
 *
 * The clock is the real one (libnice and OpenSSL have their own); a test waits for what must
 * happen, never for a time, and gives up after a minute.
 */
#include <time.h>

#include "check.h"
#include "fault.h"

#include "pair.h"

#include "rtc/ice.h"

TEST(what_one_says_the_other_hears_at_its_pitch_and_loudness)
{
    struct pair p;
    struct myna_rtc_audio_stats s;
    struct myna_rtc_stats st;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDRECV);
    CHECK(p.a.audio && p.b.audio);
    myna_rtc_audio_publish(p.a.audio, "person", "mic");
    myna_rtc_audio_publish(p.b.audio, "agent", "voice");
    p.a.tone_hz = 440;
    p.b.tone_hz = 1000;
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_loud >= 50 && p.b.n_loud >= 50);
    CHECK_EQ(myna_rtc_get_state(p.a.rtc), MYNA_RTC_CONNECTED);
    CHECK_STR(p.a.track, "agent voice");
    CHECK_STR(p.b.track, "person mic");
    pair_until_hears(&p, &p.b, 440);
    pair_until_hears(&p, &p.a, 1000);
    pair_until(&p, fabs(p.a.heard_rms - 8000 / sqrt(2)) < 1200);
    pair_until(&p, fabs(p.b.heard_rms - 8000 / sqrt(2)) < 1200);
    myna_rtc_audio_get_stats(p.b.audio, &s);
    CHECK(s.received >= 50);
    CHECK(s.sent >= 50);
    CHECK_EQ(s.lost, 0);
    myna_rtc_get_stats(p.b.rtc, &st);
    CHECK_STR(st.srtp_profile, "AEAD_AES_128_GCM");
    CHECK_HAS(st.local, "udp 127.0.0.1:");
    pair_close(&p);
}

/* ---- sealed end to end: every byte turned over, and one behind */

static struct {
    int sealed, opened;
    bool refuse;
} seals;

static size_t seal(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                   size_t cap)
{
    (void)arg;
    (void)ts;
    CHECK(ssrc && frame.len < cap);
    seals.sealed++;
    for (size_t i = 0; i < frame.len; i++)
        into[i] = frame.ptr[i] ^ 0xff;
    into[frame.len] = 's';
    return frame.len + 1;
}

static size_t unseal(void *arg, struct myna_rtc_audio *a, struct myna_view frame, uint8_t *into,
                     size_t cap)
{
    (void)arg;
    CHECK(a && frame.len > 1 && frame.len < cap && frame.ptr[frame.len - 1] == 's');
    seals.opened++;
    for (size_t i = 0; i + 1 < frame.len; i++)
        into[i] = frame.ptr[i] ^ 0xff;
    return seals.refuse ? 0 : frame.len - 1;
}

TEST(sound_may_be_sealed_end_to_end_and_what_does_not_open_is_not_heard)
{
    static const struct myna_rtc_seal both = {seal, unseal};

    for (int refuse = 0; refuse < 2; refuse++) {
        struct pair p;

        seals.sealed = seals.opened = 0;
        seals.refuse = refuse;
        pair_open_with(&p, (struct myna_rtc_options){.seal = &both, .red = true});
        p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
        p.a.tone_hz = 440;
        pair_negotiate(&p, 0);
        CHECK(!strstr(myna_rtc_local_sdp(p.a.rtc), "red/48000"));
        if (refuse) {
            pair_until(&p, seals.opened >= 30);
            CHECK_EQ(p.b.n_frames, 0);
        } else {
            pair_until(&p, p.b.n_loud >= 30);
            pair_until_hears(&p, &p.b, 440);
        }
        CHECK(seals.sealed >= seals.opened);
        pair_close(&p);
    }
}

static size_t opens_nothing(void *arg, struct myna_rtc_audio *a, struct myna_view frame,
                            uint8_t *into, size_t cap)
{
    (void)arg;
    (void)a;
    (void)frame;
    (void)into;
    (void)cap;
    return 0;
}

/* The answer is made to agree to RED, as whoever carries it could do. */
TEST(what_comes_as_red_beside_the_seal_is_not_heard)
{
    static const struct myna_rtc_seal sealed = {seal, opens_nothing};
    struct myna_rtc_options opt = {.red = true, .seal = &sealed, .only_address = "127.0.0.1"};
    const char *offer, *answer, *at;
    struct myna_rtc_audio_stats s;
    char text[8192];
    struct pair p;
    int red = 0;

    pair_open_with(&p, (struct myna_rtc_options){.red = true});
    myna_rtc_destroy(p.b.rtc);
    opt.host = &p.host;
    pair_side(&p, &p.b, &p.a, &opt);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 440;
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    at = strstr(offer, " red/48000");
    CHECK(at);
    while (at[-1] != ':')
        at--;
    red = atoi(at);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    at = strstr(answer, "m=audio");
    CHECK(at);
    at += strcspn(at, "\r");
    snprintf(text, sizeof text, "%.*s %d%sa=rtpmap:%d red/48000/2\r\n", (int)(at - answer), answer,
             red, at, red);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, text, &p.why), MYNA_OK);
    do {
        pair_turn(&p);
        myna_rtc_audio_get_stats(p.a.audio, &s);
    } while (s.sent < 50);
    CHECK_EQ(p.b.n_frames, 0);
    pair_close(&p);
}

TEST(messages_pass_both_ways_over_channels_that_either_side_opened)
{
    static uint8_t big[200000];
    struct pair p;
    uint32_t sum = 0;
    struct myna_rtc_channel *ours, *theirs;

    pair_open_with(&p, (struct myna_rtc_options){.max_message_size = 262144});
    ours = pair_open_channel(&p, "_reliable");
    CHECK_EQ(myna_rtc_send(ours, (struct myna_view){big, 1}, false), MYNA_EAGAIN);
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_open == 1 && p.b.n_open == 1);
    CHECK_STR(p.b.label, "_reliable");
    CHECK_EQ(myna_rtc_channel_id(ours), 1); /* a is offerer, b begins DTLS: a is its server */
    CHECK_EQ(myna_rtc_send(ours, (struct myna_view){(const uint8_t *)"hello", 5}, true), MYNA_OK);
    pair_until(&p, p.b.n_messages == 1);
    CHECK_STR(p.b.message, "hello");
    CHECK(p.b.is_text);

    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 7 + i / 256);
        sum = sum * 31 + big[i];
    }
    CHECK_EQ(myna_rtc_send(p.b.channel, (struct myna_view){big, sizeof big}, false), MYNA_OK);
    pair_until(&p, p.a.n_messages == 1);
    CHECK_EQ(p.a.message_len, sizeof big);
    CHECK_EQ(p.a.message_sum, sum);
    CHECK(!p.a.is_text);
    CHECK_EQ(myna_rtc_send(ours, (struct myna_view){NULL, 0}, true), MYNA_OK);
    pair_until(&p, p.b.n_messages == 2);
    CHECK_EQ(p.b.message_len, 0);
    CHECK(p.b.is_text);

    CHECK_EQ(myna_rtc_open_channel(
                 p.b.rtc,
                 &(struct myna_rtc_channel_options){.label = "_lossy", .max_retransmits = 0},
                 &theirs, &p.why),
             MYNA_OK);
    pair_until(&p, p.a.n_open == 2 && p.b.n_open == 2);
    CHECK_STR(p.a.label, "_lossy");
    CHECK_EQ(myna_rtc_channel_id(theirs), 0);
    CHECK_EQ(myna_rtc_send(p.a.channel, (struct myna_view){(const uint8_t *)"late", 4}, false),
             MYNA_OK);
    pair_until(&p, p.b.n_messages == 3);
    CHECK_STR(p.b.message, "late");
    pair_close(&p);
}

TEST(a_channel_closed_by_one_is_closed_for_both_and_its_number_serves_again)
{
    struct myna_rtc_channel *ch;
    struct pair p;

    pair_open(&p);
    ch = pair_open_channel(&p, "x");
    pair_negotiate(&p, 0);
    for (int round = 1; round <= 3; round++) {
        pair_until(&p, p.a.n_open == round && p.b.n_open == round);
        CHECK_EQ(myna_rtc_channel_id(ch), 1);
        CHECK_EQ(myna_rtc_send(ch, (struct myna_view){(const uint8_t *)"last", 4}, true), MYNA_OK);
        if (round == 2)
            myna_rtc_channel_close(p.b.channel);
        else
            myna_rtc_channel_close(ch);
        if (round != 2)
            CHECK_EQ(myna_rtc_send(ch, (struct myna_view){NULL, 0}, true), MYNA_ESTATE);
        pair_until(&p, p.a.n_closed == round && p.b.n_closed == round);
        if (round != 2)
            CHECK_STR(p.b.message, "last");
        if (round < 3)
            ch = pair_open_channel(&p, "x");
    }
    CHECK_EQ(myna_rtc_get_state(p.a.rtc), MYNA_RTC_CONNECTED);
    pair_close(&p);
}

TEST(an_ice_restart_changes_the_path_and_nothing_else)
{
    struct myna_rtc_channel *ch;
    struct pair p;
    char before[4096];
    int loud;

    pair_open(&p);
    ch = pair_open_channel(&p, "x");
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 600;
    pair_negotiate(&p, 0);
    pair_until(&p, p.b.n_loud >= 20 && p.b.n_open == 1);
    snprintf(before, sizeof before, "%s", myna_rtc_local_sdp(p.a.rtc));
    loud = p.b.n_loud;
    pair_negotiate(&p, MYNA_RTC_ICE_RESTART);
    CHECK(strncmp(strstr(before, "ice-ufrag:"), strstr(myna_rtc_local_sdp(p.a.rtc), "ice-ufrag:"),
                  16) != 0);
    pair_until(&p, p.b.n_loud >= loud + 60);
    CHECK_EQ(myna_rtc_send(ch, (struct myna_view){(const uint8_t *)"still", 5}, true), MYNA_OK);
    pair_until(&p, p.b.n_messages == 1);
    CHECK_EQ(myna_rtc_get_state(p.a.rtc), MYNA_RTC_CONNECTED);
    CHECK_EQ(p.b.n_tracks, 1);
    CHECK_EQ(p.b.n_closed, 0);
    pair_close(&p);
}

TEST(a_second_offer_adds_a_voice_and_a_third_takes_it_away)
{
    struct myna_rtc_audio *slot;
    struct pair p;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 500;
    pair_negotiate(&p, 0);
    pair_until(&p, p.b.n_loud >= 10);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDONLY);
    CHECK(p.b.audio);
    pair_close(&p);

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.state == MYNA_RTC_CONNECTED);
    slot = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    myna_rtc_audio_publish(slot, "second", "voice");
    p.a.audio = slot;
    p.a.tone_hz = 700;
    pair_negotiate(&p, 0);
    CHECK_STR(p.b.track, "second voice");
    pair_until(&p, p.b.n_loud >= 10);
    myna_rtc_audio_direct(slot, MYNA_RTC_INACTIVE);
    pair_negotiate(&p, 0);
    CHECK_STR(p.b.track, "gone");
    CHECK_EQ(myna_rtc_audio_direction(slot), MYNA_RTC_INACTIVE);
    pair_close(&p);
}

TEST(who_is_destroyed_says_goodbye_and_the_other_is_told)
{
    struct myna_rtc_channel *ch;
    struct pair p;

    pair_open(&p);
    CHECK_EQ(myna_rtc_open_channel(p.a.rtc, &(struct myna_rtc_channel_options){.label = "x"}, &ch,
                                   &p.why),
             MYNA_OK);
    pair_negotiate(&p, 0);
    pair_until(&p, p.b.n_open == 1);
    myna_rtc_destroy(p.b.rtc);
    p.b.rtc = NULL;
    pair_until(&p, p.a.state == MYNA_RTC_FAILED);
    CHECK_STR(p.a.why, "the peer closed the connection");
    CHECK_EQ(p.a.n_closed, 1);
    pair_close(&p);
}

static void destroy_all(struct side *s)
{
    myna_rtc_destroy(s->rtc);
    myna_rtc_destroy(s->peer->rtc);
    s->rtc = s->peer->rtc = NULL;
}

TEST(a_connection_may_be_destroyed_inside_its_own_event)
{
    struct myna_rtc_channel *ch;
    struct pair p;

    pair_open(&p);
    CHECK_EQ(myna_rtc_open_channel(p.a.rtc, &(struct myna_rtc_channel_options){.label = "x"}, &ch,
                                   &p.why),
             MYNA_OK);
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_open == 1);
    p.b.on_message = destroy_all;
    CHECK_EQ(myna_rtc_send(ch, (struct myna_view){(const uint8_t *)"end", 3}, true), MYNA_OK);
    CHECK_EQ(myna_rtc_send(ch, (struct myna_view){(const uint8_t *)"end", 3}, true), MYNA_OK);
    pair_until(&p, p.b.n_messages == 1);
    for (int i = 0; i < 20; i++)
        pair_turn(&p);
    CHECK_EQ(p.b.n_messages, 1);
    pair_close(&p);
}

/* Frames of the time in which nobody looked are told all the same; who speaks is heard, and who has
 * something to say does not wait for the next tick. */
TEST(where_nobody_speaks_there_are_few_ticks_and_all_the_frames)
{
    struct pair p;
    int ticks, frames, loud;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDRECV);
    p.a.tone_hz = 440;
    p.b.tone_hz = 1000;
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_loud >= 50 && p.b.n_loud >= 50);
    p.a.silent = p.a.rests = p.b.silent = p.b.rests = true;
    for (int i = 0; i < 20; i++) { /* a busy machine may bring late what was on its way */
        ticks = p.a.n_ticks;
        frames = p.a.n_frames;
        pair_until(&p, p.a.n_frames >= frames + 100);
        if (p.a.n_ticks - ticks < 50)
            break;
    }
    CHECK(p.a.n_ticks - ticks < 50);
    ticks = p.b.n_ticks;
    p.b.silent = p.b.rests = false; /* with its next tick, or with this */
    myna_rtc_wake(p.b.rtc);
    loud = p.a.n_loud;
    pair_until(&p, p.b.n_ticks > ticks);
    pair_until(&p, p.a.n_loud >= loud + 20);
    pair_until_hears(&p, &p.a, 1000);
    p.a.rests = false;
    p.b.silent = p.b.rests = true;
    p.a.silent = false;
    loud = p.b.n_loud;
    pair_until(&p, p.b.n_loud >= loud + 20);
    pair_until_hears(&p, &p.b, 440);
    pair_close(&p);
}

/* A laptop that was shut, a process that was stopped: what came meanwhile is still unread. */
TEST(time_in_which_this_process_slept_is_no_silence_of_the_peer)
{
    const struct timespec sleep = {.tv_sec = 2};
    myna_us before;
    struct pair p;
    int n;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDRECV);
    p.a.tone_hz = p.b.tone_hz = 440;
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_loud >= 10 && p.b.n_loud >= 10);
    before = myna_loop_now(p.host.loop) - myna_rtc_arrived(p.b.rtc);
    p.b.quiet = 0;
    n = p.b.n_ticks;
    nanosleep(&sleep, NULL); /* nobody of this process does anything */
    pair_until(&p, p.b.n_ticks > n);
    CHECK(p.b.quiet < before + MYNA_S);
    CHECK(myna_rtc_arrived(p.b.rtc) <= myna_loop_now(p.host.loop));
    pair_close(&p);
}

TEST(a_certificate_that_is_not_the_promised_one_ends_it)
{
    const char *offer, *answer, *at;
    char forged[8192];
    struct pair p;

    pair_open(&p);
    CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV));
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    snprintf(forged, sizeof forged, "%s", answer);
    at = strstr(forged, "sha-256 ") + 8;
    forged[at - forged] = *at == 'A' ? 'B' : 'A';
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, forged, &p.why), MYNA_OK);
    pair_until(&p, p.a.state == MYNA_RTC_FAILED);
    CHECK_HAS(p.a.why, "fingerprint");
    CHECK_EQ(p.a.states[MYNA_RTC_CONNECTED], 0);
    pair_close(&p);
}

TEST(answers_that_do_not_fit_are_refused_and_change_nothing)
{
    const char *offer, *answer;
    char text[8192], *at;
    struct pair p;

    pair_open(&p);
    CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV));
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, "v=0", &p.why), MYNA_ESTATE);
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p.a.rtc, offer, &answer, &p.why), MYNA_ESTATE); /* glare */
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, "nonsense", &p.why), MYNA_EFORMAT);
    snprintf(text, sizeof text, "%s", answer);
    at = strstr(text, "a=mid:0");
    at[6] = '7';
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, text, &p.why), MYNA_EFORMAT);
    CHECK_HAS(p.why.text, "\"7\"");
    snprintf(text, sizeof text, "%s", answer);
    memcpy(strstr(text, "a=fingerprint"), "a=gingerprint", 13);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, text, &p.why), MYNA_EFORMAT);
    CHECK_HAS(p.why.text, "a=fingerprint");
    snprintf(text, sizeof text, "%s", answer);
    *strstr(text, "m=audio") = '\0';
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, text, &p.why), MYNA_EFORMAT);
    CHECK_EQ(p.a.states[MYNA_RTC_CONNECTING], 0);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, answer, &p.why), MYNA_OK);
    pair_until(&p, p.a.state == MYNA_RTC_CONNECTED && p.b.state == MYNA_RTC_CONNECTED);
    pair_close(&p);
}

TEST(where_udp_is_blocked_tcp_carries_the_call)
{
    struct myna_rtc_stats st;
    struct pair p;

    pair_open_with(&p, (struct myna_rtc_options){.no_udp = true});
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    p.a.tone_hz = 440;
    pair_negotiate(&p, 0);
    pair_until(&p, p.b.n_loud >= 20);
    myna_rtc_get_stats(p.a.rtc, &st);
    CHECK_HAS(st.local, "tcp");
    pair_close(&p);
}

TEST(addresses_of_servers_are_taken_apart_or_refused_by_name)
{
    static const char *const bad[] = {"http://x",  "turn:",        "stun::3478",
                                      "turn:h:0",  "turn:h:70000", "turn:h?transport=sctp",
                                      "turn:[::1", "stun:h:12x"};
    struct myna_ice_url u;
    struct myna_why why;

    CHECK_EQ(myna_ice_url_parse(&u, "stun:stun.example.org", &why), MYNA_OK);
    CHECK_STR(u.host, "stun.example.org");
    CHECK_EQ(u.port, 3478);
    CHECK(!u.is_turn);
    CHECK_EQ(myna_ice_url_parse(&u, "turn:[fd00::2]:5349?transport=tcp", &why), MYNA_OK);
    CHECK_STR(u.host, "fd00::2");
    CHECK_EQ(u.port, 5349);
    CHECK(u.is_turn && u.is_tcp);
    CHECK(!u.is_tls);
    CHECK_EQ(myna_ice_url_parse(&u, "turns:h:443?transport=tcp", &why), MYNA_OK);
    CHECK_STR(u.host, "h");
    CHECK_EQ(u.port, 443);
    CHECK(u.is_turn && u.is_tcp && u.is_tls);
    CHECK_EQ(myna_ice_url_parse(&u, "turns:h", &why), MYNA_OK);
    CHECK_EQ(u.port, 5349);
    CHECK_EQ(myna_ice_url_parse(&u, "turns:h:443?transport=udp", &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "?transport=tcp");
    CHECK_EQ(myna_ice_url_parse(&u, "stuns:h", &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "stuns:h");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(myna_ice_url_parse(&u, bad[i], &why), MYNA_ECONFIG);
        CHECK_HAS(why.text, bad[i]);
    }
}

TEST(a_call_that_stands_allocates_nothing_for_its_sound)
{
    struct pair p;
    unsigned long before;
    int frames;

    pair_open(&p);
    p.a.audio = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDRECV);
    p.a.tone_hz = 440;
    p.b.tone_hz = 500;
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.n_loud >= 75 && p.b.n_loud >= 75); /* a report of each went out */
    before = fault_alloc_count();
    frames = p.b.n_frames;
    pair_until(&p, p.b.n_frames >= frames + 100);
    CHECK_EQ(fault_alloc_count() - before, 0);
    pair_close(&p);
}

TEST(memory_that_is_short_is_said_and_nothing_leaks)
{
    struct myna_host host = {0};
    struct myna_why why = {0};
    bool failed = true;
    size_t live;
    int n = 0;

    host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    CHECK(host.loop);
    for (unsigned long k = 1; failed; k++) {
        struct myna_rtc_options opt = {.host = &host, .only_address = "127.0.0.1"};
        struct myna_rtc_events none = {0};
        struct myna_rtc *rtc = NULL;
        const char *sdp;
        enum myna_err err;

        live = fault_live();
        fault_fail_alloc(k);
        err = myna_rtc_create(&rtc, &opt, &none, NULL, &why);
        if (!err) {
            err = myna_rtc_add_audio(rtc, MYNA_RTC_SENDRECV) ? MYNA_OK : MYNA_ENOMEM;
            if (!err)
                err = myna_rtc_offer(rtc, 0, &sdp, &why);
        }
        failed = fault_hit();
        fault_off();
        myna_rtc_destroy(rtc);
        myna_host_bury_all(&host);
        CHECK(err == MYNA_OK || err == MYNA_ENOMEM || err == MYNA_EIO);
        n += err != MYNA_OK;
        CHECK(!fault_tracks() || k == 1 ||
              fault_live() <= live + 2); /* the loop's own heap grows */
    }
    CHECK(n >= 8);
    myna_loop_destroy(host.loop);
}

TEST(what_is_added_while_an_offer_waits_is_for_the_next_one)
{
    const char *offer, *answer;
    struct myna_rtc_audio *late;
    struct pair p;

    pair_open(&p);
    CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV));
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    late = myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p.a.rtc, answer, &p.why), MYNA_OK);
    p.a.audio = late;
    p.a.tone_hz = 440;
    pair_negotiate(&p, 0);
    pair_until(&p, p.b.n_loud >= 10);
    pair_close(&p);
}

TEST(both_may_offer_in_turn_and_what_one_prepared_survives_the_other_s_offer)
{
    const char *offer, *answer;
    struct pair p;

    pair_open(&p);
    CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDRECV));
    pair_negotiate(&p, 0);
    pair_until(&p, p.a.state == MYNA_RTC_CONNECTED && p.b.state == MYNA_RTC_CONNECTED);
    p.b.audio = myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDONLY); /* waits for b's own offer … */
    pair_negotiate(&p, 0); /* … and a offers first, as before */
    CHECK_EQ(myna_rtc_offer(p.b.rtc, 0, &offer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p.a.rtc, offer, &answer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p.b.rtc, answer, &p.why), MYNA_OK);
    p.b.tone_hz = 440;
    pair_until(&p, p.a.n_loud >= 10);
    CHECK_EQ(p.a.n_tracks, 1);
    pair_close(&p);
}

static void line_of(const char *from, const char *mid, bool stopped, char *into, size_t cap)
{
    char *m;

    snprintf(into, cap, "%s", from);
    m = strstr(into, "m=audio 9");
    if (stopped)
        m[8] = '0';
    m = strstr(into, "a=mid:0");
    if (mid)
        m[6] = *mid;
    m = strstr(into, "BUNDLE 0");
    if (mid)
        m[7] = *mid;
}

TEST(a_line_that_the_peer_gave_back_may_carry_a_new_voice)
{
    const char *offer, *answer;
    char text[8192];
    struct pair p;

    pair_open(&p);
    CHECK(myna_rtc_add_audio(p.a.rtc, MYNA_RTC_SENDONLY));
    CHECK_EQ(myna_rtc_open_channel(p.a.rtc, &(struct myna_rtc_channel_options){.label = "x"},
                                   &p.a.channel, &p.why),
             MYNA_OK);
    CHECK_EQ(myna_rtc_offer(p.a.rtc, 0, &offer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, offer, &answer, &p.why), MYNA_OK);
    CHECK_EQ(p.b.n_tracks, 1);
    line_of(offer, NULL, true, text, sizeof text);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, text, &answer, &p.why), MYNA_OK);
    CHECK_STR(p.b.track, "gone");
    CHECK(strstr(answer, "m=audio 0 "));
    line_of(offer, "7", false, text, sizeof text);
    CHECK_EQ(myna_rtc_answer(p.b.rtc, text, &answer, &p.why), MYNA_OK);
    CHECK_HAS(answer, "a=mid:7");
    CHECK_EQ(p.b.n_tracks, 3);
    line_of(offer, "8", false, text, sizeof text); /* in use: not to be renamed */
    CHECK_EQ(myna_rtc_answer(p.b.rtc, text, &answer, &p.why), MYNA_EFORMAT);
    pair_close(&p);
}

TEST_MAIN

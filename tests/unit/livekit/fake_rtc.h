/* fake_rtc.h - a peer connection that does what the test says, in place of rtc's: no network, the
 * texts of offers are "offer 1", "offer 2 restart", and frames and packets come when called for.
 */
#ifndef TESTS_FAKE_RTC_H
#define TESTS_FAKE_RTC_H

#include "rtc/rtc.h"

#include "check.h"

enum { FAKE_AUDIOS = 40, FAKE_SENT = 64 };

struct myna_rtc_audio {
    enum myna_rtc_direction dir;
    char mid[8];
    void *arg;
    int spoken, silent; /* frames sent */
};
struct myna_rtc_video {
    char mid[8];
    void *arg;
    bool asks;
    int asked;
};
struct myna_rtc_channel {
    char label[16];
    int id;
};
struct myna_rtc {
    struct myna_rtc_events events;
    void *arg;
    enum myna_rtc_state state;
    struct myna_rtc_audio audios[FAKE_AUDIOS];
    size_t n_audios;
    struct myna_rtc_video videos[FAKE_AUDIOS];
    size_t n_videos;
    struct myna_rtc_channel channels[4];
    size_t n_channels;
    char local[64], remote[64];
    const struct myna_rtc_seal *seal;
    void *seal_arg;
    bool relay_only;
    size_t n_servers;
    char servers[4][64];
    char published[64]; /* msid of our track, its second word */
    int offers, answers, rollbacks, candidates, rests, wakes;
};

/* All that ever were: the test looks at the newest. */
static struct {
    struct myna_rtc *now;
    int made, destroyed, n_sent;
    char sent[FAKE_SENT][256];
    size_t sent_len[FAKE_SENT];
} fake_rtc;

static inline void fake_rtc_state(enum myna_rtc_state state, const char *why)
{
    fake_rtc.now->state = state;
    fake_rtc.now->events.state(fake_rtc.now->arg, state, why);
}

static inline void fake_rtc_channels_open(void)
{
    for (size_t i = 0; i < fake_rtc.now->n_channels; i++)
        fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[i],
                                     MYNA_RTC_CHANNEL_OPEN);
}

enum myna_err myna_rtc_create(struct myna_rtc **out, const struct myna_rtc_options *opt,
                              const struct myna_rtc_events *events, void *arg, struct myna_why *why)
{
    struct myna_rtc *rtc = calloc(1, sizeof *rtc);

    (void)why;
    CHECK(opt->host);
    rtc->events = *events;
    rtc->arg = arg;
    rtc->seal = opt->seal;
    rtc->seal_arg = opt->seal_arg;
    fake_rtc.now = rtc;
    fake_rtc.made++;
    *out = rtc;
    return MYNA_OK;
}

void myna_rtc_destroy(struct myna_rtc *rtc)
{
    if (!rtc)
        return;
    fake_rtc.destroyed++;
    if (fake_rtc.now == rtc)
        fake_rtc.now = NULL;
    free(rtc);
}

myna_us myna_rtc_arrived(const struct myna_rtc *rtc)
{
    (void)rtc;
    return 0;
}

void myna_rtc_get_stats(const struct myna_rtc *rtc, struct myna_rtc_stats *into)
{
    (void)rtc;
    *into = (struct myna_rtc_stats){.rtt = -1};
}

enum myna_rtc_state myna_rtc_get_state(const struct myna_rtc *rtc)
{
    return rtc->state;
}

enum myna_err myna_rtc_offer(struct myna_rtc *rtc, unsigned flags, const char **sdp,
                             struct myna_why *why)
{
    (void)why;
    snprintf(rtc->local, sizeof rtc->local, "offer %d%s audios=%zu", ++rtc->offers,
             flags & MYNA_RTC_ICE_RESTART ? " restart" : "", rtc->n_audios);
    for (size_t i = 0; i < rtc->n_audios; i++)
        snprintf(rtc->audios[i].mid, sizeof rtc->audios[i].mid, "%d", (int)i % 1000 + 1);
    for (size_t i = 0; i < rtc->n_videos; i++)
        snprintf(rtc->videos[i].mid, sizeof rtc->videos[i].mid, "v%d", (int)i % 1000);
    *sdp = rtc->local;
    return MYNA_OK;
}

enum myna_err myna_rtc_accept_answer(struct myna_rtc *rtc, const char *sdp, struct myna_why *why)
{
    if (!strcmp(sdp, "nonsense"))
        return myna_fail(why, MYNA_EFORMAT, "not SDP");
    snprintf(rtc->remote, sizeof rtc->remote, "%s", sdp);
    rtc->answers++;
    return MYNA_OK;
}

void myna_rtc_rollback(struct myna_rtc *rtc)
{
    rtc->rollbacks++;
}

const char *myna_rtc_local_sdp(struct myna_rtc *rtc)
{
    return rtc->local;
}

const char *myna_rtc_remote_sdp(const struct myna_rtc *rtc)
{
    return rtc->remote;
}

enum myna_err myna_rtc_add_candidate(struct myna_rtc *rtc, const char *text, struct myna_why *why)
{
    (void)text;
    (void)why;
    rtc->candidates++;
    return MYNA_OK;
}

void myna_rtc_set_servers(struct myna_rtc *rtc, const struct myna_rtc_server *servers, size_t n)
{
    for (rtc->n_servers = 0; rtc->n_servers < n && rtc->n_servers < 4; rtc->n_servers++)
        snprintf(rtc->servers[rtc->n_servers], 64, "%s", servers[rtc->n_servers].url);
}

void myna_rtc_set_relay_only(struct myna_rtc *rtc, bool on)
{
    CHECK_EQ(rtc->offers, 0);
    rtc->relay_only = on;
}

struct myna_rtc_audio *myna_rtc_add_audio(struct myna_rtc *rtc, enum myna_rtc_direction dir)
{
    struct myna_rtc_audio *a = &rtc->audios[rtc->n_audios];

    if (rtc->n_audios == FAKE_AUDIOS)
        return NULL;
    rtc->n_audios++;
    a->dir = dir;
    return a;
}

void myna_rtc_audio_publish(struct myna_rtc_audio *a, const char *stream, const char *track)
{
    (void)stream;
    CHECK(a->dir == MYNA_RTC_SENDONLY && *track);
    snprintf(fake_rtc.now->published, sizeof fake_rtc.now->published, "%s", track);
}

const char *myna_rtc_audio_mid(const struct myna_rtc_audio *a)
{
    return a->mid;
}

void myna_rtc_audio_set_arg(struct myna_rtc_audio *a, void *arg)
{
    a->arg = arg;
}

void *myna_rtc_audio_arg(const struct myna_rtc_audio *a)
{
    return a->arg;
}

void myna_rtc_prepare(struct myna_host *host)
{
    (void)host;
}

void myna_rtc_rest(struct myna_rtc *rtc)
{
    rtc->rests++;
}

void myna_rtc_wake(struct myna_rtc *rtc)
{
    rtc->wakes++;
}

void myna_rtc_audio_send(struct myna_rtc_audio *a, const int16_t pcm[MYNA_OUT_SAMPLES])
{
    if (pcm)
        a->spoken++;
    else
        a->silent++;
}

struct myna_rtc_video *myna_rtc_add_video(struct myna_rtc *rtc)
{
    return rtc->n_videos < FAKE_AUDIOS ? &rtc->videos[rtc->n_videos++] : NULL;
}

const char *myna_rtc_video_mid(const struct myna_rtc_video *v)
{
    return v->mid;
}

void myna_rtc_video_set_arg(struct myna_rtc_video *v, void *arg)
{
    v->arg = arg;
}

void *myna_rtc_video_arg(const struct myna_rtc_video *v)
{
    return v->arg;
}

void myna_rtc_video_ask(struct myna_rtc_video *v)
{
    v->asks = true;
    v->asked++;
}

void myna_rtc_video_rest(struct myna_rtc_video *v)
{
    v->asks = false;
}

static inline void fake_rtc_picture_of(size_t i, struct myna_view vp8)
{
    struct myna_rtc_picture p = {.vp8 = vp8, .width = 640, .height = 480};

    fake_rtc.now->events.picture(fake_rtc.now->arg, &fake_rtc.now->videos[i], &p);
}

static inline void fake_rtc_picture(size_t i)
{
    fake_rtc_picture_of(i, (struct myna_view){0});
}

enum myna_err myna_rtc_open_channel(struct myna_rtc *rtc,
                                    const struct myna_rtc_channel_options *opt,
                                    struct myna_rtc_channel **out, struct myna_why *why)
{
    struct myna_rtc_channel *ch = &rtc->channels[rtc->n_channels];

    (void)why;
    CHECK(rtc->n_channels < 4);
    ch->id = (int)rtc->n_channels++ * 2 + 1;
    snprintf(ch->label, sizeof ch->label, "%s", opt->label);
    *out = ch;
    return MYNA_OK;
}

enum myna_err myna_rtc_send(struct myna_rtc_channel *ch, struct myna_view body, bool is_text)
{
    (void)ch;
    CHECK(!is_text);
    if (fake_rtc.now->state != MYNA_RTC_CONNECTED)
        return MYNA_EAGAIN;
    if (fake_rtc.n_sent < FAKE_SENT && body.len <= sizeof fake_rtc.sent[0]) {
        memcpy(fake_rtc.sent[fake_rtc.n_sent], body.ptr, body.len);
        fake_rtc.sent_len[fake_rtc.n_sent++] = body.len;
    }
    return MYNA_OK;
}

int myna_rtc_channel_id(const struct myna_rtc_channel *ch)
{
    return ch->id;
}

#endif

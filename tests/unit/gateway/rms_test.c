/* rms_test.c - the reference's ear as a VAD: when it tells what (voice-gateway 3.3, case 25). */
#include "gateway/rms.h"

#include <myna/config.h>

#include "check.h"
#include "turn/vad.h"

static struct {
    enum myna_vad_event_type type;
    int at_ms;
    bool speaking;
    myna_us speech;
} told[256];
static size_t n_told;
static struct myna_config *cfg;
static struct myna_vad *vad;
static struct myna_vad_port *port;
static int now_ms;

static void on_vad(void *arg, struct myna_vad_port *p, const struct myna_vad_event *ev)
{
    (void)arg;
    (void)p;
    CHECK(n_told < sizeof told / sizeof *told);
    told[n_told].type = ev->type;
    told[n_told].at_ms = (int)(ev->at / MYNA_MS);
    told[n_told].speech = ev->speech;
    told[n_told++].speaking = ev->speaking;
}

static void begin(void)
{
    struct myna_vad_port_options opt = {.event = on_vad};
    struct myna_why why;

    n_told = 0;
    now_ms = 0;
    cfg = myna_config_create();
    CHECK(cfg);
    CHECK_EQ(myna_gw_rms.create(&vad, NULL, cfg, &why), MYNA_OK);
    opt.vad = vad;
    CHECK_EQ(myna_vad_port_open(&opt, &port), MYNA_OK);
}

static void end(void)
{
    myna_vad_port_close(port);
    myna_gw_rms.destroy(vad);
    myna_config_destroy(cfg);
}

static void hear(int ms, int16_t level)
{
    struct myna_frame f = {0};

    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        f.pcm[i] = i & 1 ? level : (int16_t)-level;
    for (; ms > 0; ms -= 20, now_ms += 20) {
        f.captured = now_ms * MYNA_MS;
        myna_vad_port_push(port, &f);
    }
}

/* When it was first told that somebody speaks; -1: never. */
static int first(enum myna_vad_event_type type)
{
    for (size_t i = 0; i < n_told; i++)
        if (told[i].type == type && told[i].speaking)
            return told[i].at_ms;
    return -1;
}

TEST(a_voice_is_told_with_its_first_loud_frame_and_its_start_at_the_ticks_end)
{
    begin();
    hear(240, 0);
    hear(400, 3000);
    CHECK_EQ(first(MYNA_VAD_INFERENCE), 260);
    CHECK_EQ(first(MYNA_VAD_START), 400);
    end();
}

TEST(what_may_still_be_too_quiet_for_the_tick_waits_for_its_end)
{
    begin();
    hear(200, 0);
    hear(180, 51); /* louder than the floor, in a tick that is not over */
    CHECK_EQ(first(MYNA_VAD_INFERENCE), -1);
    hear(20, 51);
    CHECK_EQ(first(MYNA_VAD_START), 400);
    end();
}

TEST(it_is_told_once_in_a_tick_and_not_while_they_speak)
{
    size_t early = 0;

    begin();
    hear(1000, 3000);
    for (size_t i = 0; i < n_told; i++)
        early += told[i].type == MYNA_VAD_INFERENCE && told[i].at_ms % 200 != 0;
    CHECK_EQ(early, 1);
    end();
}

TEST_MAIN

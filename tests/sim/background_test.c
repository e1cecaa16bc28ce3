/* background_test.c - sounds that nobody says: heard all through the call or while the agent
 * thinks, recorded and replayed, and no part of what was said. */
#include <stdlib.h>
#include <unistd.h>

#include "audio/wav.h"
#include "sim.h"
#include "transport/loopback.h"

#define HELLO "Hello, how are you?"

static char ambience[64], typing[64], set_ambient[120], set_thinking[120];

/* A steady level of half a second. */
static void write_clip(char *path, const char *name, int16_t level)
{
    static int16_t pcm[12000];
    struct myna_wav_writer *w = NULL;
    struct myna_why why = {0};

    for (int i = 0; i < 12000; i++)
        pcm[i] = level;
    snprintf(path, sizeof ambience, "/tmp/myna_sim_%s_%d.wav", name, (int)getpid());
    CHECK_EQ(myna_wav_create(path, MYNA_OUT_RATE_HZ, &w, &why), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, 12000, &why), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, &why), MYNA_OK);
}

static struct sim *call(const struct myna_loopback_options *door, const char *chance)
{
    static const char *config[8];

    write_clip(ambience, "ambience", 4000);
    write_clip(typing, "typing", 2000);
    snprintf(set_ambient, sizeof set_ambient, "background.ambient=%s%s", ambience, chance);
    snprintf(set_thinking, sizeof set_thinking, "background.thinking=%s", typing);
    config[0] = set_ambient;
    config[1] = set_thinking;
    config[2] = "background.ambient_volume=0.5";
    config[3] = "background.thinking_volume=1";
    config[4] = "background.fade=20";
    config[5] = "background.duck=0.5";
    config[6] = NULL;
    return sim_create(&(struct sim_setup){.config = config, .door = door});
}

static void over(struct sim *s)
{
    sim_end(s); /* replays it, where the files are gone */
}

/* The sound that was drawn at this time of the call. */
static int heard(struct sim *s, int at_ms)
{
    size_t n;
    const int16_t *pcm = myna_loopback_heard(sim_transport(s), &n);

    CHECK((size_t)at_ms * 24 < n);
    return pcm[(size_t)at_ms * 24];
}

TEST(ambience_and_thinking_are_heard_and_are_not_speech)
{
    struct sim *s = call(NULL, "");

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "Fine.")->ttft_ms = 1000;
    sim_voice(s, "Fine.", 1000);
    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@4200~ | listening@5200~");
    CHECK_PLAYOUTS(s, "heard=1000@5200~");
    CHECK_EQ(heard(s, 1000), 2000); /* the ambience, at half its level */
    CHECK_EQ(heard(s, 2900), 2000);
    CHECK_EQ(heard(s, 3500), 4000); /* and the typing */
    CHECK_EQ(heard(s, 7000), 2000);
    unlink(ambience);
    unlink(typing);
    over(s);
}

TEST(under_speech_the_ambience_is_half_as_loud)
{
    struct sim *s = call(NULL, ""), *without;
    int with_it, alone;

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "Fine.");
    sim_voice(s, "Fine.", 1000);
    sim_run(s, 8000);
    with_it = heard(s, 4001);
    over(s);
    without = sim_create(NULL);
    sim_user(without, 500, 2500, HELLO, 200);
    sim_answer(without, HELLO, "Fine.");
    sim_voice(without, "Fine.", 1000);
    sim_run(without, 8000);
    alone = heard(without, 4001);
    sim_end(without);
    CHECK(alone != 0);
    CHECK_EQ(with_it, alone + 1000);
}

TEST(a_chance_of_nothing_is_silence)
{
    struct sim *s = call(NULL, "=0.0001");

    sim_run(s, 1000);
    CHECK_EQ(heard(s, 900), 0);
    over(s);
}

TEST(a_door_that_takes_sound_ahead_gets_none)
{
    struct myna_loopback_options door = {.heard = MYNA_HEARD_HANDSHAKE, .keep_ms = 20000};
    struct sim *s = call(&door, "");

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "Fine.");
    sim_voice(s, "Fine.", 1000);
    sim_run(s, 8000);
    CHECK_EQ(heard(s, 1000), 0);
    CHECK_EQ(sim_sound_ms(s, 0, 3000), 0);
    over(s);
}

TEST_MAIN

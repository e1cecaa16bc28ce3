/* say_test.c - `myna say` without a file, against a card made of code that plays ten times as fast
 * as a real one: all of the voice's sound arrives, and a machine without a card is told so. The
 * card's functions are defined here, in place of PortAudio's. */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <myna/stages.h>

#include "transport/card.h"

#define RATE_HZ 48000

struct myna_card {
    struct myna_card_options opt;
    pthread_t thread;
    bool started;
    atomic_bool ending;
};

static struct myna_card card;
static enum myna_err open_err;
static size_t dies_after; /* calls of process; 0: never */
static size_t loud, since_loud;
static atomic_size_t heard; /* by the card's thread, asked by ours */

static void *run(void *arg)
{
    int16_t out[RATE_HZ / 100];

    for (size_t call = 0; !atomic_load(&card.ending); call++) {
        struct timespec ms = {.tv_nsec = 1000000};

        if (!dies_after || call < dies_after) {
            memset(out, 1, sizeof out);
            card.opt.process(card.opt.arg, NULL, out, RATE_HZ / 100);
            for (size_t i = 0; i < RATE_HZ / 100; i++) {
                if (out[i] > 500 || out[i] < -500) {
                    loud++;
                    since_loud = 0;
                } else {
                    since_loud++;
                }
            }
            heard += RATE_HZ / 100;
        }
        nanosleep(&ms, NULL);
    }
    return arg;
}

enum myna_err myna_card_open(const struct myna_card_options *opt, struct myna_card **out,
                             struct myna_why *w)
{
    if (open_err)
        return myna_fail(w, open_err, "There is no sound card on this machine.");
    card.opt = *opt;
    *out = &card;
    return MYNA_OK;
}
enum myna_err myna_card_start(struct myna_card *c, struct myna_why *w)
{
    (void)w;
    c->started = pthread_create(&c->thread, NULL, run, NULL) == 0;
    return c->started ? MYNA_OK : MYNA_EIO;
}
void myna_card_close(struct myna_card *c)
{
    if (!c || !c->started)
        return;
    atomic_store(&c->ending, true);
    pthread_join(c->thread, NULL);
    c->started = false;
}
uint32_t myna_card_rate_hz(const struct myna_card *c)
{
    (void)c;
    return RATE_HZ;
}
myna_us myna_card_input_latency(const struct myna_card *c)
{
    (void)c;
    return 0;
}
myna_us myna_card_output_latency(const struct myna_card *c)
{
    (void)c;
    return 10 * MYNA_MS;
}
bool myna_card_running(const struct myna_card *c)
{
    (void)c;
    return !dies_after || heard < dies_after * (RATE_HZ / 100);
}

static enum myna_err say(double *ms, struct myna_why *why)
{
    struct myna_config *cfg = myna_config_create();
    enum myna_err err;

    CHECK(cfg != NULL);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "instant", "test", why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.instant.duration", "1500", "test", why), MYNA_OK);
    loud = since_loud = 0;
    heard = 0;
    atomic_store(&card.ending, false);
    err = myna_say_file(cfg, "A tone of one and a half seconds.", NULL, ms, why);
    myna_config_destroy(cfg);
    return err;
}

TEST(all_of_the_voice_reaches_the_card)
{
    struct myna_why why = {0};
    double ms = 0;

    CHECK_EQ(say(&ms, &why), MYNA_OK);
    CHECK_NEAR(ms, 1500, 1);
    /* The tone is loud all the time but for its flanks, so nothing was lost or left behind. */
    CHECK_NEAR((double)loud, RATE_HZ * 1.5, RATE_HZ * 0.03);
    CHECK(since_loud > 0);
}

TEST(a_machine_without_a_card_is_told_what_to_do)
{
    struct myna_why why = {0};
    double ms = 0;

    open_err = MYNA_EUNAVAIL;
    CHECK_EQ(say(&ms, &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "no sound card");
    CHECK_HAS(why.text, "--out FILE.wav");
    open_err = MYNA_OK;
}

TEST(a_card_that_is_pulled_out_ends_it_with_a_sentence)
{
    struct myna_why why = {0};
    double ms = 0;

    dies_after = 20;
    CHECK_EQ(say(&ms, &why), MYNA_EIO);
    CHECK_HAS(why.text, "the sound card has stopped");
    dies_after = 0;
}

struct saying {
    const char *path;
    enum myna_err want;
};

static bool say_once(void *arg)
{
    const struct saying *how = arg;
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    double ms = 0;
    enum myna_err err = MYNA_ENOMEM;

    if (cfg && !(err = myna_config_set(cfg, "tts.provider", "instant", "test", &why)) &&
        !(err = myna_config_set(cfg, "tts.instant.duration", "100", "test", &why)))
        err = myna_say_file(cfg, "A short tone.", how->path, &ms, &why);
    myna_config_destroy(cfg);
    if (err) {
        CHECK(fault_hit());
        if (cfg && (why.err != err || !why.text[0]))
            check_fail(__FILE__, __LINE__, "error %d, but %d: %s", err, why.err, why.text);
        if (err != how->want && err != MYNA_EPROVIDER) /* the voice itself ran short of memory */
            check_fail(__FILE__, __LINE__, "error %d: %s", err, why.text);
        return false;
    }
    CHECK_NEAR(ms, 100, 1);
    return true;
}

TEST(memory_or_a_disk_that_fails_while_a_text_is_spoken_into_a_file_is_told)
{
    char path[] = "/tmp/myna-say-XXXXXX";

    close(mkstemp(path));
    CHECK(fault_each_alloc(say_once, &(struct saying){path, MYNA_ENOMEM}) > 20);
    CHECK(fault_each_io(say_once, &(struct saying){path, MYNA_ENOSPC}, ENOSPC) > 2);
    CHECK(fault_each_io(say_once, &(struct saying){path, MYNA_EIO}, EIO) > 2);
    unlink(path);
}

/* Asked again behind our back for ever, which must not keep a file waiting. */
TEST(a_voice_that_fails_is_replaced_in_a_file_too)
{
    char path[] = "say.XXXXXX";
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    double ms = 0;
    int fd = mkstemp(path);

    CHECK(cfg && fd >= 0);
    close(fd);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "openai_compatible", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.openai_compatible.base_url", "http://127.0.0.1:1/v1", "test",
                             &why),
             MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.fallback", "instant", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.instant.duration", "2500", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "log.level", "error", "test", &why), MYNA_OK);
    if (myna_say_file(cfg, "A tone of two and a half seconds.", path, &ms, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    CHECK_NEAR(ms, 2500, 1);
    CHECK_EQ(myna_config_set(cfg, "tts.fallback", "", "test", &why), MYNA_OK);
    CHECK(myna_say_file(cfg, "Nobody says this.", path, &ms, &why) != MYNA_OK);
    CHECK_HAS(why.text, "nobody answers there");
    unlink(path);
    myna_config_destroy(cfg);
}

TEST_MAIN

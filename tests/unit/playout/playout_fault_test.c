/* playout_fault_test.c - memory runs short in playout and synchroniser: the right error, nothing
 * leaks, and what was given out stays true. A call that is up allocates nothing. */
#include "playout/playout.h"
#include "playout/sync.h"

#include "util/buf.h"

#include "check.h"
#include "fault.h"

static void ignore(void *arg, const struct myna_playout_event *ev)
{
    (void)arg, (void)ev;
}

static bool play(void *arg)
{
    struct myna_playout_options opt = {.event = ignore, .latency = 40 * MYNA_MS};
    struct myna_playout *po = myna_playout_create(&opt);
    int16_t pcm[MYNA_OUT_SAMPLES] = {1}, frame[MYNA_OUT_SAMPLES];
    bool ok;

    (void)arg;
    if (!po)
        return false;
    myna_playout_begin(po);
    unsigned long before = fault_alloc_count();
    for (int i = 0; i < 100; i++) {
        myna_playout_write(po, pcm, MYNA_OUT_SAMPLES);
        myna_playout_pull(po, i * MYNA_FRAME_US, frame);
        myna_playout_expire(po, i * MYNA_FRAME_US);
    }
    myna_playout_cut(po, 100 * MYNA_FRAME_US);
    ok = fault_alloc_count() == before;
    myna_playout_destroy(po);
    return ok;
}

static void append(void *arg, const char *text, myna_us end_time)
{
    (void)end_time;
    strncat(arg, text, 1023 - strlen(arg));
}

static bool synchronise(void *arg)
{
    char all[1024] = "";
    struct myna_sync_options opt = {.out = append, .arg = all};
    struct myna_sync *sy = myna_sync_create(&opt);
    struct myna_word words[] = {{.text = "one"}, {.text = "two", .start = 300 * MYNA_MS}};
    enum myna_err err = MYNA_OK;

    (void)arg;
    if (!sy)
        return false;
    for (int i = 0; i < 40 && !err; i++)
        err = myna_sync_text(sy, myna_view_of("One two. "));
    if (!err)
        err = myna_sync_words(sy, words, 2);
    myna_sync_text_end(sy);
    myna_sync_start(sy, 0);
    unsigned long before = fault_alloc_count();
    for (int i = 0; i < 50; i++)
        myna_sync_expire(sy, i * MYNA_FRAME_US);
    myna_sync_finish(sy, MYNA_S, false, MYNA_S);
    CHECK_EQ(fault_alloc_count(), before);
    CHECK_STR(all, myna_sync_heard(sy));
    CHECK_EQ(strlen(all) % 9, 0); /* whole pieces or none */
    myna_sync_destroy(sy);
    CHECK(err == MYNA_OK || err == MYNA_ENOMEM);
    return !err;
}

static bool integrate(void *arg)
{
    struct myna_sync_rates *r = myna_sync_rates_create();
    enum myna_err err = MYNA_OK;

    (void)arg;
    if (!r)
        return false;
    for (int i = 0; i < 20 && !err; i++)
        err = myna_sync_rates_add(r, i, 1);
    CHECK(err == MYNA_OK || err == MYNA_ENOMEM);
    myna_sync_rates_destroy(r);
    return !err;
}

TEST(playout_without_memory)
{
    CHECK(fault_each_alloc(play, NULL) >= 3);
}

TEST(synchroniser_without_memory)
{
    CHECK(fault_each_alloc(synchronise, NULL) >= 6);
}

TEST(rates_without_memory)
{
    CHECK(fault_each_alloc(integrate, NULL) >= 3);
}

TEST_MAIN

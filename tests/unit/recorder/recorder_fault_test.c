/* recorder_fault_test.c - memory that fails and a disk that fills at every point of a recording:
 * the call goes on, the recorder ends by itself and says so once, and what was written before can
 * be read. */
#include "recorder/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "audio/ogg.h"
#include "check.h"
#include "fault.h"
#include "recorder/flight.h"
#include "util/fs.h"
#include "util/host.h"

enum { FRAMES = 60, STEPS = 3 };

struct call {
    struct myna_host host;
    struct myna_recorder *rec;
    char parent[64], dir[256];
    int failed, closed, put;
    enum myna_err err;
    char message[256];
    bool abort; /* ends by abort() in mid-call instead of close() */
    int error;  /* errno of the failure; ENOMEM for memory */
};

static void on_failed(void *arg, enum myna_err err, const char *message)
{
    struct call *c = arg;

    c->failed++;
    c->err = err;
    snprintf(c->message, sizeof c->message, "%s", message);
}

static void on_closed(void *arg)
{
    ((struct call *)arg)->closed++;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char name[600];

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink(name))
            remove_tree(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

/* One tick of a call: a frame each way and something told. */
static void tick(struct call *c, int i)
{
    static int16_t in[MYNA_IN_SAMPLES], out[MYNA_OUT_SAMPLES];
    myna_us captured = i * MYNA_FRAME_US;
    uint8_t head[16] = {0};
    struct myna_view frame[2] = {{head, 16}, {(uint8_t *)in, sizeof in}};
    struct myna_tap *tap = myna_recorder_tap(c->rec);

    in[i % MYNA_IN_SAMPLES] = out[i % MYNA_OUT_SAMPLES] = 5000;
    memcpy(head, &captured, 8);
    myna_tap_put(tap, MYNA_IN_FRAME, 0, frame, 2);
    myna_tap_put(tap, MYNA_OUT_FRAME, 0, &(struct myna_view){(uint8_t *)out, sizeof out}, 1);
    myna_tap_put(tap, MYNA_OUT_EVENT, 0, &(struct myna_view){(const uint8_t *)"{}", 2}, 1);
    c->put++;
}

/* Whole events in the file, from 0 on; -1: it cannot be read. */
static int readable(const char *dir)
{
    char path[300];
    struct myna_flight_reader r;
    struct myna_flight_record rec;
    static uint8_t bytes[4 << 20];
    size_t len;
    FILE *f;
    enum myna_err err;
    int n = 0;

    snprintf(path, sizeof path, "%s/call.flight", dir);
    f = fopen(path, "rb");
    if (!f)
        return -1;
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    err = myna_flight_begin(&r, (struct myna_view){bytes, len}, NULL);
    while (!err && (err = myna_flight_next(&r, &rec, NULL)) == MYNA_OK)
        n += rec.kind == MYNA_OUT_EVENT;
    return err == MYNA_EAGAIN ? n : -1;
}

static bool there(const char *dir, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, R_OK) == 0;
}

static bool record(struct call *c)
{
    struct myna_recorder_options opt = {.host = &c->host,
                                        .parent_dir = c->parent,
                                        .session_id = "session_x",
                                        .header_json = "{\"myna\":\"test\"}",
                                        .flight = true,
                                        .audio = true,
                                        .failed = on_failed,
                                        .arg = c};
    struct myna_why why = {0};
    enum myna_err err = myna_recorder_open(&opt, &c->rec, &why);

    if (err) {
        CHECK_EQ(why.err, err);
        CHECK(why.text[0] != '\0');
        CHECK(fault_hit());
        CHECK_EQ(err, c->error == ENOSPC ? MYNA_ENOSPC : c->error == EIO ? MYNA_EIO : MYNA_ENOMEM);
        return false;
    }
    snprintf(c->dir, sizeof c->dir, "%s", myna_recorder_dir(c->rec));
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < FRAMES; i++) {
            tick(c, step * FRAMES + i);
            myna_loop_run_until(c->host.loop, myna_loop_now(c->host.loop) + MYNA_FRAME_US);
        }
    }
    if (c->abort)
        myna_recorder_abort(c->rec);
    else
        myna_recorder_close(c->rec, "{\"job_id\":1}", on_closed, c);
    myna_loop_run(c->host.loop);
    return true;
}

static bool whole_call(void *arg)
{
    struct call c = *(struct call *)arg;
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};
    bool well = false;

    snprintf(c.parent, sizeof c.parent, "%s", "/tmp/myna-recfault-XXXXXX");
    if (!mkdtemp(c.parent))
        return false;
    c.host.loop = myna_loop_create(&lo, NULL);
    if (c.host.loop && record(&c)) {
        bool hit = fault_hit();
        int n = readable(c.dir);

        CHECK_EQ(c.put, STEPS * FRAMES);     /* the call went on */
        CHECK_EQ(c.closed, c.abort ? 0 : 1); /* …and the recorder let it end */
        CHECK(c.failed <= 1);
        if (hit)
            CHECK(n >= 0);
        if (c.failed) {
            CHECK(hit);
            CHECK(c.message[0] != '\0');
            CHECK_EQ(c.err, c.error == ENOSPC ? MYNA_ENOSPC
                            : c.error == EIO  ? MYNA_EIO
                                              : MYNA_ENOMEM);
        }
        well = !c.failed && n == STEPS * FRAMES && there(c.dir, "audio.ogg") &&
               (c.abort || there(c.dir, "session_report.json"));
        /* Nobody was told: then the sound of the call up to there is whole. */
        if (hit && !c.failed && !well)
            CHECK(n > (STEPS - 1) * FRAMES / 2);
    }
    myna_loop_destroy(c.host.loop);
    remove_tree(c.parent);
    return well;
}

TEST(each_allocation_of_a_recording_may_fail)
{
    CHECK(fault_each_alloc(whole_call, &(struct call){.error = ENOMEM}) > 10);
}

TEST(each_allocation_of_a_recording_that_is_cut_off_may_fail)
{
    CHECK(fault_each_alloc(whole_call, &(struct call){.error = ENOMEM, .abort = true}) > 10);
}

TEST(the_disk_may_be_full_at_each_write_from_the_first_to_the_close)
{
    CHECK(fault_each_io(whole_call, &(struct call){.error = ENOSPC}, ENOSPC) > 8);
    CHECK(fault_each_io(whole_call, &(struct call){.error = ENOSPC, .abort = true}, ENOSPC) > 8);
}

TEST(the_disk_may_break_at_each_write)
{
    CHECK(fault_each_io(whole_call, &(struct call){.error = EIO}, EIO) > 8);
}

/* ---- the Ogg file alone */

static bool write_ogg(void *arg)
{
    char dir[] = "/tmp/myna-oggfault-XXXXXX", path[80];
    static int16_t pcm[2 * 960];
    struct myna_ogg *ogg = NULL;
    struct myna_why why = {0};
    enum myna_err err, after;

    if (!mkdtemp(dir))
        return false;
    snprintf(path, sizeof path, "%s/a.ogg", dir);
    err = myna_ogg_open(path, 48000, 2, &ogg, &why);
    if (err)
        CHECK(ogg == NULL);
    for (int i = 0; i < 150 && !err; i++) {
        pcm[i] = 3000;
        err = myna_ogg_write(ogg, pcm, 960, &why);
    }
    after = myna_ogg_close(ogg, err ? NULL : &why);
    if (!err)
        err = after;
    if (err) {
        CHECK(fault_hit());
        CHECK_EQ(why.err, err);
        CHECK_HAS(why.text, path);
        CHECK_EQ(err, *(enum myna_err *)arg);
    }
    remove_tree(dir);
    return !err;
}

TEST(each_write_of_the_sound_may_fail_and_is_told_by_its_path)
{
    enum myna_err full = MYNA_ENOSPC, broken = MYNA_EIO, memory = MYNA_ENOMEM;

    CHECK(fault_each_io(write_ogg, &full, ENOSPC) > 3);
    CHECK(fault_each_io(write_ogg, &broken, EIO) > 3);
    CHECK(fault_each_alloc(write_ogg, &memory) > 0);
}

TEST_MAIN

/* replay_test.c - a replay that always agreed would prove nothing: changed recordings must be found
 * out, cut ones replayed to their end, and ten minutes take less than two seconds. */
#include <errno.h>

#include <myna/stages.h>

#include "check.h"
#include "fault.h"
#include "recorder/flight.h"
#include "sim.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/tap.h"

struct recording {
    char dir[64], path[80];
    uint8_t *ptr;
    size_t len;
};

/* `until_ms` of call: every `period_ms` a story that is interrupted. */
static void record_call(struct recording *rec, int period_ms, int until_ms)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true, .no_replay = true});
    char path[600];
    char *bytes;

    for (int at = 0; at + 9000 <= until_ms; at += period_ms) {
        sim_user(s, at + 500, at + 2500, "Tell me a story.", 200);
        sim_user(s, at + 5000, at + 6000, "Stop!", 200);
    }
    sim_answer(s, "Tell me a story.", "Here is a long story for you... the end.");
    sim_voice(s, "Here is a long story for you... the end.", 10000);
    sim_answer(s, "Stop!", "Ok.");
    sim_voice(s, "Ok.", 500);
    sim_run(s, until_ms);
    myna_session_shutdown(sim_session(s), false, "job_shutdown");
    myna_runtime_run_until(sim_runtime(s), myna_runtime_now(sim_runtime(s)) + 10 * MYNA_S);
    snprintf(path, sizeof path, "%s/call.flight", myna_session_record_dir(sim_session(s)));
    CHECK_EQ(myna_fs_read(path, (size_t)1 << 30, &bytes, &rec->len, NULL), MYNA_OK);
    rec->ptr = (uint8_t *)bytes;
    sim_end(s);
    snprintf(rec->dir, sizeof rec->dir, "%s", "/tmp/myna-replay-XXXXXX");
    CHECK(mkdtemp(rec->dir) != NULL);
    snprintf(rec->path, sizeof rec->path, "%s/call.flight", rec->dir);
}

static void forget(struct recording *rec)
{
    remove(rec->path);
    remove(rec->dir);
    free(rec->ptr);
}

static enum myna_err replay(const struct recording *rec, size_t len, struct myna_replay_result *r,
                            struct myna_why *why)
{
    CHECK_EQ(myna_fs_write(rec->path, (struct myna_view){rec->ptr, len}, 0600, NULL), MYNA_OK);
    return myna_replay_file(rec->path, NULL, r, why);
}

/* The nth record of a kind; its place in the file in *at. */
static struct myna_flight_record nth(const struct recording *rec, unsigned kind, int n, size_t *at)
{
    struct myna_flight_reader r;
    struct myna_flight_record out;

    CHECK_EQ(myna_flight_begin(&r, (struct myna_view){rec->ptr, rec->len}, NULL), MYNA_OK);
    for (;;) {
        *at = rec->len - r.rest.len;
        CHECK_EQ(myna_flight_next(&r, &out, NULL), MYNA_OK);
        if (out.kind == kind && n-- == 0)
            return out;
    }
}

/* Writes the record's prefix again so that its CRC fits what the payload is now. */
static void seal(const struct recording *rec, size_t at, const struct myna_flight_record *r)
{
    myna_flight_head(rec->ptr + at, r->kind, r->id, r->now, &r->payload, 1);
}

TEST(a_changed_output_is_found_and_named)
{
    static const struct {
        unsigned kind;
        int n;
        const char *name;
    } rows[] = {
        {MYNA_OUT_EVENT, 3, "event"},           {MYNA_OUT_STT_PUSH, 40, "STT sound"},
        {MYNA_OUT_LLM_START, 0, "LLM request"}, {MYNA_OUT_TTS_TEXT, 0, "TTS text"},
        {MYNA_OUT_STT_MARK, 0, "STT mark"},
    };
    struct recording rec;

    record_call(&rec, 9000, 9000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct myna_replay_result r;
        struct myna_why why;
        char number[40];
        size_t at;
        struct myna_flight_record it = nth(&rec, rows[i].kind, rows[i].n, &at);
        uint8_t *last = (uint8_t *)it.payload.ptr + it.payload.len - 1;

        *last ^= 1;
        seal(&rec, at, &it);
        if (replay(&rec, rec.len, &r, &why))
            check_fail(__FILE__, __LINE__, "%s", why.text);
        CHECK_EQ(r.differ, 1);
        snprintf(number, sizeof number, "record %d at ", (int)it.number);
        CHECK_HAS(r.first_difference, number);
        CHECK_HAS(r.first_difference, rows[i].name);
        myna_replay_result_fini(&r);
        *last ^= 1;
        seal(&rec, at, &it);
    }
    forget(&rec);
}

TEST(a_changed_input_changes_what_follows)
{
    struct recording rec;
    struct myna_replay_result r;
    struct myna_why why;
    size_t at;
    struct myna_flight_record it;

    record_call(&rec, 9000, 9000);
    it = nth(&rec, MYNA_IN_FRAME, 100, &at);
    ((uint8_t *)it.payload.ptr)[16 + 99] ^= 0x40; /* one sample of one frame */
    seal(&rec, at, &it);
    CHECK_EQ(replay(&rec, rec.len, &r, &why), MYNA_OK);
    CHECK_EQ(r.differ, 1); /* the recogniser got another frame than recorded */
    CHECK_HAS(r.first_difference, "STT sound");
    myna_replay_result_fini(&r);
    forget(&rec);
}

TEST(a_flipped_byte_is_named_by_its_record)
{
    struct recording rec;
    struct myna_replay_result r;
    struct myna_why why;
    char number[40];
    size_t at;
    struct myna_flight_record it;

    record_call(&rec, 9000, 9000);
    it = nth(&rec, MYNA_IN_VAD, 20, &at);
    rec.ptr[at + MYNA_FLIGHT_HEAD + 3] ^= 0x10;
    CHECK_EQ(replay(&rec, rec.len, &r, &why), MYNA_EFORMAT);
    snprintf(number, sizeof number, "record %d is damaged", (int)it.number);
    CHECK_HAS(why.text, number);
    CHECK_HAS(why.text, rec.path);
    forget(&rec);
}

TEST(a_recording_cut_anywhere_replays_to_its_last_whole_record)
{
    struct recording rec;
    struct myna_why why;

    record_call(&rec, 9000, 9000);
    for (size_t len = rec.len / 4; len < rec.len; len += rec.len / 12 + 7) {
        struct myna_replay_result r;

        if (replay(&rec, len, &r, &why))
            check_fail(__FILE__, __LINE__, "%s", why.text);
        if (r.differ)
            check_fail(__FILE__, __LINE__, "cut at %zu: %s", len, r.first_difference);
        CHECK(r.outputs > 0);
        myna_replay_result_fini(&r);
    }
    forget(&rec);
}

/* Some 0.3 s, and 2 s under the thread sanitizer; no test depends on how busy a machine is. */
TEST(ten_minutes_replay_and_every_output_is_the_same)
{
    struct recording rec;
    struct myna_replay_result r;
    struct myna_why why;

    record_call(&rec, 60000, 600000);
    CHECK_EQ(replay(&rec, rec.len, &r, &why), MYNA_OK);
    CHECK_EQ(r.differ, 0);
    CHECK(r.call_ms >= 600000);
    CHECK(r.outputs > 30000);
    printf("# %llu outputs, %.0f s of call in %.0f ms, %zu bytes\n", (unsigned long long)r.outputs,
           r.call_ms / 1e3, r.wall_ms, rec.len);
    CHECK(r.wall_ms < r.call_ms / 10);
    myna_replay_result_fini(&r);
    forget(&rec);
}

/* ---- memory and disk that fail while a recording is replayed */

struct replaying {
    const char *path, *wav;
    enum myna_err want;
};

/* false: the failure was never reached. */
static bool replay_once(const struct replaying *rp, bool io, unsigned long n)
{
    size_t live = fault_live();
    struct myna_replay_result r = {0};
    struct myna_why why = {0};
    enum myna_err err;
    bool hit;

    if (io)
        fault_fail_io(n, rp->want == MYNA_ENOSPC ? ENOSPC : EIO);
    else
        fault_fail_alloc(n);
    err = myna_replay_file(rp->path, rp->wav, &r, &why);
    hit = fault_hit();
    fault_off();
    if (err) {
        CHECK(hit);
        CHECK_EQ(why.err, err);
        CHECK(why.text[0] != '\0');
        CHECK(!r.first_difference);
        if (err != rp->want && !strstr(why.text, "cannot read")) /* no disk is too full for that */
            check_fail(__FILE__, __LINE__, "error %d at %lu: %s", err, n, why.text);
    } else {
        CHECK(r.outputs > 100);
        CHECK(hit || r.differ == 0); /* the session of the replay may have gone another way… */
        CHECK_EQ(r.differ > 0, r.first_difference != NULL); /* …and then it says where */
    }
    myna_replay_result_fini(&r);
    if (fault_live() != live)
        check_fail(__FILE__, __LINE__, "%zu blocks are left behind (failure %lu)",
                   fault_live() - live, n);
    return hit;
}

/* The first ones each, then a sample: a prime step meets every place in some round. */
static void replay_every(struct replaying rp, bool io, unsigned long least)
{
    unsigned long n = 1, tried = 0;

    while (replay_once(&rp, io, n)) {
        tried++;
        n += n < 300 ? 1 : 29;
    }
    printf("# %lu failures tried, the last at %lu\n", tried, n);
    CHECK(tried >= least);
}

TEST(memory_or_a_disk_that_fails_leaves_an_error_or_a_whole_result)
{
    struct recording rec;
    char wav[90];

    record_call(&rec, 9000, 9000);
    CHECK_EQ(myna_fs_write(rec.path, (struct myna_view){rec.ptr, rec.len}, 0600, NULL), MYNA_OK);
    snprintf(wav, sizeof wav, "%s/heard.wav", rec.dir);
    replay_every((struct replaying){rec.path, NULL, MYNA_ENOMEM}, false, 300);
    replay_every((struct replaying){rec.path, wav, MYNA_EIO}, true, 5);
    replay_every((struct replaying){rec.path, wav, MYNA_ENOSPC}, true, 5);
    remove(wav);
    forget(&rec);
}

TEST_MAIN

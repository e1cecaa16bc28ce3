/* recorder_test.c - the tap's records reach the disk by a worker, survive what kills the writer,
 * and a recorder that cannot go on says so once. */
#include "recorder/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "recorder/flight.h"
#include "util/fs.h"
#include "util/host.h"
#include "util/log.h"

struct bench {
    struct myna_host host;
    char parent[64];
    char dir[256];
    int failed, closed;
    enum myna_err err;
    char message[256];
    struct myna_recorder *rec;
    char logged[1024];
};

static void on_failed(void *arg, enum myna_err err, const char *message)
{
    struct bench *b = arg;

    b->failed++;
    b->err = err;
    snprintf(b->message, sizeof b->message, "%s", message);
}

static void on_log(void *arg, enum myna_log_level level, const char *line)
{
    struct bench *b = arg;
    size_t len = strlen(b->logged);

    (void)level;
    snprintf(b->logged + len, sizeof b->logged - len, "%s\n", line);
}

static void on_closed(void *arg)
{
    ((struct bench *)arg)->closed++;
}

static void setup(struct bench *b)
{
    struct myna_loop_options opt = {.virtual_clock = true, .workers = 1};

    memset(b, 0, sizeof *b);
    snprintf(b->parent, sizeof b->parent, "%s", "/tmp/myna-rec-XXXXXX");
    CHECK(mkdtemp(b->parent) != NULL);
    b->host.loop = myna_loop_create(&opt, NULL);
    CHECK(b->host.loop != NULL);
    b->host.log = myna_log_create(&(struct myna_log_options){.write = on_log, .arg = b});
    CHECK(b->host.log != NULL);
}

static void open_recorder(struct bench *b, bool flight, bool audio)
{
    struct myna_recorder_options opt = {.host = &b->host,
                                        .parent_dir = b->parent,
                                        .session_id = "session_x",
                                        .header_json = "{\"myna\":\"test\"}",
                                        .flight = flight,
                                        .audio = audio,
                                        .failed = on_failed,
                                        .arg = b};
    struct myna_why why;

    if (myna_recorder_open(&opt, &b->rec, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    snprintf(b->dir, sizeof b->dir, "%s", myna_recorder_dir(b->rec));
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

static void teardown(struct bench *b)
{
    myna_loop_destroy(b->host.loop);
    myna_log_destroy(b->host.log);
    remove_tree(b->parent);
}

static void put(struct bench *b, enum myna_tap_kind kind, const void *ptr, size_t len)
{
    myna_tap_put(myna_recorder_tap(b->rec), kind, 1, &(struct myna_view){ptr, len}, 1);
}

static void put_in_frame(struct bench *b, myna_us captured, int16_t level)
{
    uint8_t head[16] = {0};
    int16_t pcm[MYNA_IN_SAMPLES];
    struct myna_view parts[2] = {{head, 16}, {(uint8_t *)pcm, sizeof pcm}};

    memcpy(head, &captured, 8);
    for (size_t i = 0; i < MYNA_IN_SAMPLES; i++)
        pcm[i] = (int16_t)(i % 16 < 8 ? level : -level); /* 1 kHz */
    myna_tap_put(myna_recorder_tap(b->rec), MYNA_IN_FRAME, 0, parts, 2);
}

static void put_out_frame(struct bench *b, int16_t level)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    for (size_t i = 0; i < MYNA_OUT_SAMPLES; i++)
        pcm[i] = (int16_t)(i % 24 < 12 ? level : -level);
    put(b, MYNA_OUT_FRAME, pcm, level ? sizeof pcm : 0);
}

static void close_recorder(struct bench *b, const char *report)
{
    myna_recorder_close(b->rec, report, on_closed, b);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->closed, 1);
    b->rec = NULL;
}

/* Whole records of kind `kind` in the flight; -1: damaged. */
static long count(const char *dir, unsigned kind, bool *truncated)
{
    char path[300], *bytes;
    struct myna_flight_reader r;
    struct myna_flight_record rec;
    enum myna_err err;
    size_t len;
    long n = 0;

    snprintf(path, sizeof path, "%s/call.flight", dir);
    if (myna_fs_read(path, 100 << 20, &bytes, &len, NULL) != MYNA_OK)
        return -2;
    err = myna_flight_begin(&r, (struct myna_view){(uint8_t *)bytes, len}, NULL);
    while (!err && (err = myna_flight_next(&r, &rec, NULL)) == MYNA_OK)
        n += rec.kind == kind;
    if (truncated)
        *truncated = r.truncated;
    free(bytes);
    return err == MYNA_EAGAIN ? n : -1;
}

TEST(records_reach_the_file_in_order_and_the_report_stands_beside_it)
{
    struct bench b;
    char path[300], *text, digits[16];
    size_t len;

    setup(&b);
    open_recorder(&b, true, false);
    for (int i = 0; i < 5000; i++) {
        snprintf(digits, sizeof digits, "%d", i);
        put(&b, MYNA_OUT_EVENT, digits, strlen(digits));
        if (i % 50 == 0)
            myna_loop_run_until(b.host.loop, myna_loop_now(b.host.loop) + 20 * MYNA_MS);
    }
    close_recorder(&b, "{\"job_id\":1}");
    CHECK_EQ(b.failed, 0);
    CHECK_EQ(count(b.dir, MYNA_FLIGHT_HEADER, NULL), 1);
    CHECK_EQ(count(b.dir, MYNA_OUT_EVENT, NULL), 5000);
    snprintf(path, sizeof path, "%s/session_report.json", b.dir);
    CHECK_EQ(myna_fs_read(path, 1000, &text, &len, NULL), MYNA_OK);
    CHECK_STR(text, "{\"job_id\":1}");
    free(text);
    teardown(&b);
}

TEST(a_second_session_in_the_same_second_gets_a_directory_of_its_own)
{
    struct bench b;
    char first[256];

    setup(&b);
    open_recorder(&b, true, false);
    snprintf(first, sizeof first, "%s", b.dir);
    myna_recorder_abort(b.rec);
    open_recorder(&b, true, false);
    CHECK_HAS(b.dir, first);
    CHECK_STR(b.dir + strlen(first), "-2");
    myna_recorder_abort(b.rec);
    teardown(&b);
}

TEST(a_ring_that_nobody_empties_ends_the_recording_with_one_sentence)
{
    struct bench b;
    static char big[4096];
    long n;

    setup(&b);
    open_recorder(&b, true, false);
    for (int i = 0; i < 1000; i++) /* the loop does not turn: 4 MB into 512 KB */
        put(&b, MYNA_OUT_EVENT, big, sizeof big);
    CHECK_EQ(b.failed, 0); /* never from inside the tap */
    myna_loop_run_until(b.host.loop, MYNA_S);
    CHECK_EQ(b.failed, 1);
    CHECK_EQ(b.err, MYNA_ELIMIT);
    CHECK_HAS(b.message, "too slow");
    CHECK_STR(b.logged, ""); /* whoever was told logs it, and nobody twice */
    put(&b, MYNA_OUT_EVENT, big, sizeof big);
    close_recorder(&b, NULL);
    CHECK_EQ(b.failed, 1);
    n = count(b.dir, MYNA_OUT_EVENT, NULL);
    CHECK(n > 100 && n < 1000); /* a worker may have run meanwhile; what was taken is there */
    teardown(&b);
}

TEST(a_record_larger_than_the_ring_ends_the_recording)
{
    struct bench b;
    char *huge = calloc(1, 600 << 10);

    setup(&b);
    open_recorder(&b, true, false);
    put(&b, MYNA_OUT_LLM_START, huge, 600 << 10);
    myna_loop_run_until(b.host.loop, MYNA_S);
    CHECK_EQ(b.failed, 1);
    CHECK_HAS(b.message, "larger than");
    close_recorder(&b, NULL);
    free(huge);
    teardown(&b);
}

TEST(a_directory_that_cannot_be_made_is_named)
{
    struct bench b;
    struct myna_recorder_options opt = {
        .host = &b.host, .flight = true, .parent_dir = "/dev/null/recordings"};
    struct myna_recorder *rec = NULL;
    struct myna_why why;

    setup(&b);
    CHECK(myna_recorder_open(&opt, &rec, &why) != MYNA_OK);
    CHECK(rec == NULL);
    CHECK_HAS(why.text, "create directory /dev/null");
    teardown(&b);
}

/* What a full disk does, by the limit of a file's size: the same write() that fails. */
static void child_with_small_files(struct bench *b)
{
    static char big[4096];

    for (int i = 0; i < 100 && !b->failed; i++) {
        put(b, MYNA_OUT_EVENT, big, sizeof big);
        myna_loop_run_until(b->host.loop, myna_loop_now(b->host.loop) + 300 * MYNA_MS);
    }
}

#include <signal.h>
#include <sys/resource.h>

TEST(a_file_that_cannot_grow_ends_the_recording_and_stays_readable)
{
    struct bench b;
    struct rlimit old, small;
    bool truncated;

    setup(&b);
    open_recorder(&b, true, false);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    child_with_small_files(&b);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_EQ(b.failed, 1);
    CHECK_HAS(b.message, "call.flight");
    close_recorder(&b, "{}");
    CHECK_EQ(count(b.dir, MYNA_OUT_EVENT, &truncated), 12); /* 50000 / 4124 */
    CHECK(truncated);
    teardown(&b);
}

TEST(what_fails_when_nobody_listens_any_more_is_logged)
{
    static char big[4096];
    struct bench b;
    struct rlimit old, small;

    setup(&b);
    open_recorder(&b, true, false);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 3; i++)
        put(&b, MYNA_OUT_EVENT, big, sizeof big);
    close_recorder(&b, NULL); /* the first write is the last */
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_EQ(b.failed, 0);
    CHECK_HAS(b.logged, "call.flight");
    teardown(&b);
}

TEST(a_killed_writer_leaves_whole_records)
{
    struct bench b;
    bool truncated;
    pid_t child;
    int status;
    long n;

    setup(&b);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct myna_loop_options opt = {.virtual_clock = true, .workers = 1};

        b.host.loop = myna_loop_create(&opt, NULL);
        open_recorder(&b, true, false);
        for (int i = 0;; i++) {
            put(&b, MYNA_OUT_EVENT, "0123456789", 10);
            myna_loop_run_until(b.host.loop, myna_loop_now(b.host.loop) + 20 * MYNA_MS);
            if (i == 1000)
                kill(getpid(), SIGKILL);
        }
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    {
        DIR *d = opendir(b.parent);
        struct dirent *e;

        while ((e = readdir(d)))
            if (e->d_name[0] != '.')
                snprintf(b.dir, sizeof b.dir, "%.60s/%.60s", b.parent, e->d_name);
        closedir(d);
    }
    n = count(b.dir, MYNA_OUT_EVENT, &truncated);
    CHECK(n >= 1001 - 250 / 20 - 2 && n <= 1001); /* all but the last quarter of a second */
    teardown(&b);
}

TEST(abort_writes_the_rest_while_a_work_is_out)
{
    struct bench b;

    setup(&b);
    open_recorder(&b, true, true);
    for (int i = 0; i < 300; i++) /* past half of the ring: a work is submitted */
        put_out_frame(&b, 1000);
    myna_recorder_abort(b.rec);
    CHECK_EQ(count(b.dir, MYNA_OUT_FRAME, NULL), 300);
    teardown(&b);
}

/* All samples of the call's sound file, both channels; the caller frees. */
static int16_t *sound_of(const struct bench *b, SF_INFO *info)
{
    char path[300];
    SNDFILE *f;
    int16_t *pcm;

    snprintf(path, sizeof path, "%s/audio.ogg", b->dir);
    *info = (SF_INFO){0};
    f = sf_open(path, SFM_READ, info);
    CHECK(f != NULL);
    CHECK_EQ(info->channels, 2);
    pcm = calloc((size_t)info->frames * 2, sizeof *pcm);
    CHECK_EQ(sf_readf_short(f, pcm, info->frames), info->frames);
    sf_close(f);
    return pcm;
}

/* RMS of one channel from `from` to `to`, in ms. */
static double rms(const int16_t *pcm, int channel, int from, int to)
{
    double sum = 0;

    for (int i = from * 48; i < to * 48; i++)
        sum += (double)pcm[2 * i + channel] * pcm[2 * i + channel];
    return sqrt(sum / ((to - from) * 48));
}

TEST(a_background_is_in_the_sound_and_not_in_the_flight)
{
    struct bench b;
    SF_INFO info;
    int16_t *pcm, speech[MYNA_OUT_SAMPLES], mixed[MYNA_OUT_SAMPLES];
    struct myna_view v;

    for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
        speech[i] = i % 48 < 24 ? 500 : -500;
        mixed[i] = i % 48 < 24 ? 8000 : -8000;
    }
    setup(&b);
    open_recorder(&b, true, true);
    for (int i = 0; i < 100; i++) {
        myna_loop_run_until(b.host.loop, i * MYNA_FRAME_US);
        v = (struct myna_view){(uint8_t *)speech, sizeof speech};
        myna_tap_put(myna_recorder_tap(b.rec), MYNA_OUT_FRAME, MYNA_FRAME_MIXED, &v, 1);
        v.ptr = (uint8_t *)mixed;
        myna_tap_put(myna_recorder_tap(b.rec), MYNA_OUT_MIXED, 0, &v, 1);
    }
    myna_loop_run_until(b.host.loop, 2 * MYNA_S);
    close_recorder(&b, NULL);
    CHECK_EQ(count(b.dir, MYNA_OUT_FRAME, NULL), 100);
    CHECK_EQ(count(b.dir, MYNA_OUT_MIXED, NULL), 0);
    pcm = sound_of(&b, &info);
    CHECK_NEAR(info.frames, 2 * 48000, 960);
    CHECK(rms(pcm, 1, 200, 1900) > 4000);
    free(pcm);
    teardown(&b);
}

TEST(both_sides_stand_on_one_time_line)
{
    struct bench b;
    SF_INFO info;
    int16_t *pcm;

    setup(&b);
    open_recorder(&b, false, true);
    /* The person speaks from 1.0 to 2.0 s, the agent from 3.0 to 4.0; nothing is drawn from 5 to 7;
     * the call ends at 8 s. */
    for (int i = 0; i < 400; i++) {
        myna_us now = i * MYNA_FRAME_US;

        myna_loop_run_until(b.host.loop, now);
        if (i > 0 && i <= 250)
            put_in_frame(&b, now - MYNA_FRAME_US, i > 50 && i <= 100 ? 8000 : 0);
        if (i < 250 || i >= 350)
            put_out_frame(&b, i >= 150 && i < 200 ? 8000 : 0);
    }
    myna_loop_run_until(b.host.loop, 8 * MYNA_S);
    put(&b, MYNA_OUT_EVENT, "", 0);
    close_recorder(&b, NULL);
    pcm = sound_of(&b, &info);
    CHECK_EQ(info.samplerate, 48000);
    CHECK_EQ(info.frames, 8 * 48000);
    CHECK(rms(pcm, 0, 0, 980) < 100);
    CHECK(rms(pcm, 0, 1010, 1990) > 4000);
    CHECK(rms(pcm, 0, 2020, 8000) < 100);
    CHECK(rms(pcm, 1, 0, 2980) < 100);
    CHECK(rms(pcm, 1, 3010, 3990) > 4000);
    CHECK(rms(pcm, 1, 4020, 8000) < 100);
    free(pcm);
    teardown(&b);
}

/* Two seconds of both, a line that is away for 84 s (nothing is drawn either), two seconds again.
 */
TEST(an_outage_of_a_minute_and_a_half_is_silence_and_the_recording_goes_on)
{
    enum { GAP = 84 };
    struct bench b;
    SF_INFO info;
    int16_t *pcm;

    setup(&b);
    open_recorder(&b, true, true);
    for (int i = 1; i <= 200; i++) {
        myna_us now = i * MYNA_FRAME_US + (i > 100 ? GAP * MYNA_S : 0);

        myna_loop_run_until(b.host.loop, now);
        put_in_frame(&b, now - MYNA_FRAME_US, 8000);
        put_out_frame(&b, 8000);
    }
    close_recorder(&b, NULL);
    CHECK_EQ(b.failed, 0);
    CHECK_STR(b.logged, "");
    CHECK_EQ(count(b.dir, MYNA_IN_FRAME, NULL), 200);
    pcm = sound_of(&b, &info);
    CHECK_NEAR(info.frames, (GAP + 4) * 48000, 2000);
    for (int side = 0; side < 2; side++) {
        CHECK(rms(pcm, side, 100, 1900) > 4000);
        CHECK(rms(pcm, side, 2200, GAP * 1000 + 1900) < 100);
        CHECK(rms(pcm, side, GAP * 1000 + 2100, GAP * 1000 + 3900) > 4000);
    }
    free(pcm);
    teardown(&b);
}

TEST_MAIN

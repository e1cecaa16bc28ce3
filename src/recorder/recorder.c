/* recorder.c - from the loop's tap to the disk without making the loop wait.
 *
 *     tap (loop) → ring → work (worker) → call.flight, audio.ogg
 *
 * The tap encodes a record into the ring and returns. A work drains it: 250 ms after the first
 * record, or at once when the ring is half full; one work at a time. Whatever goes wrong (disk,
 * memory, a ring that the disk is too slow to empty) is found either by the worker, which leaves
 * it for done(), or by the tap, which must not call the session back from inside itself and leaves
 * it to the timer. Then `failed` is told once and no more is recorded; what the ring still holds is
 * written if it can be.
 *
 * The files belong to the work while it is out and to the loop otherwise. abort() waits for the
 * worker (mutex, condition) and does the rest itself; a work that the loop has yet to call back
 * then finds an orphan and frees it.
 */
#include "recorder/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "recorder/flight.h"
#include "recorder/sound.h"
#include "util/clock.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/host.h"
#include "util/pack.h"
#include "util/ring.h"

#define RING_BYTES  ((size_t)512 << 10)
#define WRITE_EVERY (250 * MYNA_MS)
#define BATCH       ((size_t)64 << 10) /* bytes a write() */
#define PARTS_MAX   8
#define SAME_SECOND 1000 /* sessions that may begin in one second */
#define FRAME_HEAD  16   /* captured, who, flags before the samples of IN_FRAME */

struct myna_recorder {
    struct myna_tap tap; /* first: the tap's put() casts it back */
    struct myna_host *host;
    char *dir, *flight_path, *audio_path, *report_path;
    void (*failed)(void *arg, enum myna_err err, const char *message);
    void *failed_arg;

    /* loop */
    struct myna_ring *ring;
    struct myna_timer timer;
    bool armed, working, deaf; /* deaf: the tap takes no more */
    bool hears;                /* there is an audio.ogg */
    bool told;                 /* failed() was called */
    enum myna_err tap_err;     /* found by the tap; told by the timer */
    const char *tap_message;
    bool closing, orphan;
    char *report;
    void (*closed)(void *arg);
    void *closed_arg;

    /* the work */
    struct myna_work work;
    int fd; /* -1: none */
    struct myna_sound *sound;
    struct myna_buf record, batch;
    myna_us last; /* time of the newest record written */
    bool last_work;
    struct myna_why why; /* first failure; err MYNA_OK: none */

    pthread_mutex_t lock;
    pthread_cond_t idle;
    bool out; /* under lock: run() has not returned */
};

/* ---- worker */

static enum myna_err write_out(struct myna_recorder *rec)
{
    struct myna_view v = myna_buf_view(&rec->batch);

    while (v.len > 0) {
        ssize_t n = write(rec->fd, v.ptr, v.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return myna_fs_fail(&rec->why, "write", rec->flight_path);
        v.ptr += n;
        v.len -= (size_t)n;
    }
    myna_buf_clear(&rec->batch);
    return MYNA_OK;
}

static enum myna_err hear(struct myna_recorder *rec, const struct myna_flight_record *r)
{
    const uint8_t *p = r->payload.ptr;
    int16_t pcm[MYNA_OUT_SAMPLES];
    struct myna_reader head = {.ptr = p, .len = FRAME_HEAD};

    if (r->kind == MYNA_IN_FRAME && r->payload.len == FRAME_HEAD)
        return MYNA_OK; /* silence, which stands where nothing is */
    if (r->kind == MYNA_IN_FRAME &&
        r->payload.len == FRAME_HEAD + sizeof pcm[0] * MYNA_IN_SAMPLES) {
        myna_us captured = myna_read_i64(&head);

        memcpy(pcm, p + FRAME_HEAD, sizeof pcm[0] * MYNA_IN_SAMPLES);
        return myna_sound_in(rec->sound, r->now, captured, r->id, pcm, &rec->why);
    }
    if (r->kind == MYNA_OUT_FRAME && r->id == MYNA_FRAME_MIXED) /* the whole of it follows */
        return MYNA_OK;
    if ((r->kind == MYNA_OUT_FRAME || r->kind == MYNA_OUT_MIXED) && r->payload.len == sizeof pcm) {
        memcpy(pcm, p, sizeof pcm);
        return myna_sound_out(rec->sound, r->now, pcm, &rec->why);
    }
    if (r->kind == MYNA_OUT_FRAME)
        return myna_sound_out(rec->sound, r->now, NULL, &rec->why);
    return MYNA_OK;
}

/* One record from the ring into `record`; false when there is none. */
static bool take(struct myna_recorder *rec, struct myna_flight_record *out)
{
    uint8_t head[MYNA_FLIGHT_HEAD];
    size_t payload;

    if (!myna_ring_copy(rec->ring, head, sizeof head) || myna_flight_length(head, &payload))
        return false;
    myna_buf_clear(&rec->record);
    for (size_t left = sizeof head + payload; left > 0;) {
        struct myna_view v = myna_ring_peek(rec->ring);
        size_t n = v.len < left ? v.len : left;

        myna_buf_put(&rec->record, v.ptr, n);
        myna_ring_consume(rec->ring, n);
        left -= n;
    }
    if (rec->record.err) {
        myna_fail(&rec->why, rec->record.err, "no memory to write %s", rec->flight_path);
        return false;
    }
    myna_flight_parse(rec->record.ptr, payload, out);
    return true;
}

static enum myna_err drain(struct myna_recorder *rec)
{
    struct myna_flight_record r;

    while (take(rec, &r)) {
        rec->last = r.now;
        if (rec->fd >= 0 && r.kind != MYNA_OUT_MIXED &&
            myna_buf_put(&rec->batch, rec->record.ptr, rec->record.len))
            return myna_fail(&rec->why, rec->batch.err, "no memory to write %s", rec->flight_path);
        if (rec->batch.len >= BATCH && write_out(rec))
            return rec->why.err;
        if (rec->sound && hear(rec, &r))
            return rec->why.err;
    }
    if (rec->why.err)
        return rec->why.err;
    if (rec->batch.len > 0 && write_out(rec))
        return rec->why.err;
    return rec->sound ? myna_sound_time(rec->sound, rec->last, &rec->why) : MYNA_OK;
}

/* Ends what is open. A failure here is remembered like any other, unless there was one before. */
static void finish(struct myna_recorder *rec)
{
    struct myna_why why = {.err = MYNA_OK};

    if (rec->fd >= 0 && close(rec->fd))
        myna_fs_fail(&why, "write", rec->flight_path);
    rec->fd = -1;
    if (rec->sound)
        (void)!myna_sound_close(rec->sound, rec->last, why.err ? NULL : &why);
    rec->sound = NULL;
    if (rec->report &&
        myna_fs_write(rec->report_path, myna_view_of(rec->report), 0600, why.err ? NULL : &why))
        unlink(rec->report_path);
    if (!rec->why.err)
        rec->why = why;
}

static void run(struct myna_work *w)
{
    struct myna_recorder *rec = w->arg;

    if (!rec->why.err)
        (void)drain(rec);
    if (rec->last_work)
        finish(rec);
    pthread_mutex_lock(&rec->lock);
    rec->out = false;
    pthread_cond_signal(&rec->idle);
    pthread_mutex_unlock(&rec->lock);
}

/* ---- loop */

static void free_recorder(struct myna_recorder *rec)
{
    if (rec->fd >= 0)
        close(rec->fd);
    (void)!myna_sound_close(rec->sound, rec->last, NULL);
    myna_ring_destroy(rec->ring);
    myna_buf_fini(&rec->record);
    myna_buf_fini(&rec->batch);
    pthread_cond_destroy(&rec->idle);
    pthread_mutex_destroy(&rec->lock);
    free(rec->dir);
    free(rec->flight_path);
    free(rec->audio_path);
    free(rec->report_path);
    free(rec->report);
    free(rec);
}

static void wake_at(struct myna_recorder *rec, myna_us at)
{
    rec->armed = myna_timer_set(&rec->timer, at) == MYNA_OK;
}

static void tell_failure(struct myna_recorder *rec, enum myna_err err, const char *message)
{
    rec->deaf = true;
    if (rec->told)
        return;
    rec->told = true;
    if (rec->failed && !rec->closing) /* who hears of it logs it */
        rec->failed(rec->failed_arg, err, message);
    else
        myna_host_log(rec->host, MYNA_LOG_ERROR, "recording ended stage=recorder reason=\"%s\"",
                      message);
}

/* Sends the worker. Nothing may wait for it: a full queue means later. */
static void submit(struct myna_recorder *rec)
{
    rec->last_work = rec->closing;
    rec->working = rec->out = true;
    if (myna_host_work(rec->host, &rec->work) == MYNA_OK)
        return;
    rec->working = rec->out = false;
    wake_at(rec, myna_host_now(rec->host) + WRITE_EVERY / 5);
}

static void done(struct myna_work *w)
{
    struct myna_recorder *rec = w->arg;

    if (rec->orphan) {
        free_recorder(rec);
        return;
    }
    rec->working = false;
    if (rec->why.err)
        tell_failure(rec, rec->why.err, rec->why.text);
    if (rec->last_work) {
        void (*closed)(void *arg) = rec->closed;
        void *arg = rec->closed_arg;

        free_recorder(rec);
        if (closed)
            closed(arg);
    } else if (rec->closing) {
        submit(rec);
    } else if (!rec->deaf && myna_ring_used(rec->ring) > 0) {
        wake_at(rec, myna_host_now(rec->host) + WRITE_EVERY);
    }
}

static void on_timer(struct myna_timer *t)
{
    struct myna_recorder *rec = t->arg;

    rec->armed = false;
    if (rec->tap_err)
        tell_failure(rec, rec->tap_err, rec->tap_message);
    if (!rec->working)
        submit(rec);
}

static void stop_in_tap(struct myna_recorder *rec, enum myna_err err, const char *message)
{
    rec->deaf = true;
    rec->tap_err = err;
    rec->tap_message = message;
    wake_at(rec, myna_host_now(rec->host));
}

/* Called for every frame: no allocation, no waiting. */
static void put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                const struct myna_view *parts, size_t n_parts)
{
    struct myna_recorder *rec = (struct myna_recorder *)tap;
    struct myna_view all[PARTS_MAX + 1];
    uint8_t head[MYNA_FLIGHT_HEAD];
    size_t len = sizeof head, used;

    if (rec->deaf || n_parts > PARTS_MAX || (kind == MYNA_OUT_MIXED && !rec->hears))
        return;
    for (size_t i = 0; i < n_parts; i++)
        len += parts[i].len;
    if (len > myna_ring_capacity(rec->ring)) {
        stop_in_tap(rec, MYNA_ELIMIT, "one record is larger than the recorder's memory");
        return;
    }
    myna_flight_head(head, (uint16_t)kind, id, myna_host_now(rec->host), parts, n_parts);
    all[0] = (struct myna_view){head, sizeof head};
    for (size_t i = 0; i < n_parts; i++)
        all[i + 1] = parts[i];
    if (!myna_ring_write(rec->ring, all, n_parts + 1)) {
        stop_in_tap(rec, MYNA_ELIMIT, "the recorder was too slow: the disk did not keep up");
        return;
    }
    used = myna_ring_used(rec->ring);
    if (rec->working)
        return;
    if (used >= myna_ring_capacity(rec->ring) / 2) {
        myna_timer_clear(&rec->timer);
        rec->armed = false;
        submit(rec);
    } else if (!rec->armed) {
        wake_at(rec, myna_host_now(rec->host) + WRITE_EVERY);
    }
}

/* ---- open */

/* `recordings/session-20260131-142500`, "-2" and so on when several begin in the same second. */
static enum myna_err make_dir(struct myna_recorder *rec, const char *parent, struct myna_why *why)
{
    time_t wall = (time_t)(myna_clock_wall_ms() / 1000); /* of the machine, also in --fast */
    struct tm tm;
    char name[64];

    if (myna_fs_mkdirs(parent, why))
        return why ? why->err : MYNA_EIO;
    localtime_r(&wall, &tm);
    strftime(name, sizeof name, "session-%Y%m%d-%H%M%S", &tm);
    for (int i = 1; i <= SAME_SECOND; i++) {
        size_t at = strlen("session-YYYYmmdd-HHMMSS");

        if (i > 1)
            snprintf(name + at, sizeof name - at, "-%d", i);
        free(rec->dir);
        rec->dir = myna_fs_join(parent, name);
        if (!rec->dir)
            return myna_fail(why, MYNA_ENOMEM, "no memory for the recorder");
        if (mkdir(rec->dir, 0700) == 0)
            return MYNA_OK;
        if (errno != EEXIST)
            break;
    }
    return myna_fs_fail(why, "create directory", rec->dir);
}

static enum myna_err open_flight(struct myna_recorder *rec, const char *header,
                                 struct myna_why *why)
{
    struct myna_view v = myna_view_of(header ? header : "{}");
    uint8_t head[MYNA_FLIGHT_HEAD];
    enum myna_err err;

    if (v.len > MYNA_FLIGHT_MAX)
        return myna_fail(why, MYNA_ELIMIT, "the header of the recording is too large");
    rec->fd = open(rec->flight_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (rec->fd < 0)
        return myna_fs_fail(why, "write", rec->flight_path);
    myna_flight_head(head, MYNA_FLIGHT_HEADER, 0, rec->last, &v, 1);
    myna_buf_put(&rec->batch, MYNA_FLIGHT_MAGIC, MYNA_FLIGHT_MAGIC_LEN);
    myna_buf_put(&rec->batch, head, sizeof head);
    if (myna_buf_put(&rec->batch, v.ptr, v.len))
        return myna_fail(why, MYNA_ENOMEM, "no memory for the recorder");
    err = write_out(rec);
    if (err && why)
        *why = rec->why;
    return err;
}

static struct myna_recorder *create(const struct myna_recorder_options *opt)
{
    struct myna_recorder *rec = calloc(1, sizeof *rec);

    if (!rec)
        return NULL;
    rec->tap.put = put;
    rec->host = opt->host;
    rec->failed = opt->failed;
    rec->failed_arg = opt->arg;
    rec->fd = -1;
    rec->work = (struct myna_work){
        .run = run, .done = done, .arg = rec, .fair = (uintptr_t)rec, .disk = true};
    rec->last = myna_host_now(opt->host);
    myna_host_timer_init(opt->host, &rec->timer, on_timer, rec);
    myna_buf_init(&rec->record, MYNA_FLIGHT_MAX + MYNA_FLIGHT_HEAD);
    myna_buf_init(&rec->batch, BATCH + MYNA_FLIGHT_MAX + 2 * MYNA_FLIGHT_HEAD);
    pthread_mutex_init(&rec->lock, NULL);
    pthread_cond_init(&rec->idle, NULL);
    rec->ring = myna_ring_create(RING_BYTES);
    if (rec->ring)
        return rec;
    free_recorder(rec);
    return NULL;
}

enum myna_err myna_recorder_open(const struct myna_recorder_options *opt,
                                 struct myna_recorder **out, struct myna_why *why)
{
    struct myna_recorder *rec = create(opt);
    enum myna_err err;

    if (!rec)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the recorder");
    err = make_dir(rec, opt->parent_dir, why);
    if (err)
        goto fail;
    rec->flight_path = myna_fs_join(rec->dir, "call.flight");
    rec->audio_path = myna_fs_join(rec->dir, "audio.ogg");
    rec->report_path = myna_fs_join(rec->dir, "session_report.json");
    err = MYNA_ENOMEM;
    if (!rec->flight_path || !rec->audio_path || !rec->report_path) {
        myna_fail(why, err, "no memory for the recorder");
        goto fail;
    }
    rec->hears = opt->audio;
    err = opt->flight ? open_flight(rec, opt->header_json, why) : MYNA_OK;
    if (!err && opt->audio)
        err = myna_sound_open(rec->audio_path, rec->last, &rec->sound, why);
    if (err)
        goto fail;
    *out = rec;
    return MYNA_OK;
fail:
    free_recorder(rec);
    return err;
}

struct myna_tap *myna_recorder_tap(struct myna_recorder *rec)
{
    return &rec->tap;
}

const char *myna_recorder_dir(const struct myna_recorder *rec)
{
    return rec->dir;
}

/* ---- close */

void myna_recorder_close(struct myna_recorder *rec, const char *report_json,
                         void (*closed)(void *arg), void *arg)
{
    if (rec->tap_err)
        tell_failure(rec, rec->tap_err, rec->tap_message);
    rec->deaf = true;
    rec->closing = true;
    rec->closed = closed;
    rec->closed_arg = arg;
    rec->report = report_json ? strdup(report_json) : NULL;
    if (report_json && !rec->report)
        myna_host_log(rec->host, MYNA_LOG_ERROR, "no memory for %s stage=recorder",
                      rec->report_path);
    myna_timer_clear(&rec->timer);
    if (!rec->working)
        submit(rec);
}

void myna_recorder_abort(struct myna_recorder *rec)
{
    if (!rec)
        return;
    rec->deaf = true;
    myna_timer_clear(&rec->timer);
    pthread_mutex_lock(&rec->lock);
    while (rec->out)
        pthread_cond_wait(&rec->idle, &rec->lock);
    pthread_mutex_unlock(&rec->lock);
    if (!rec->why.err)
        (void)drain(rec);
    finish(rec);
    if (rec->working)
        rec->orphan = true;
    else
        free_recorder(rec);
}

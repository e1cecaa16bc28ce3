/* camera.c - see camera.h. */
#include "gateway/camera.h"
#include "gateway/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <myna/host.h>

#include "util/item_json.h"
#include "video/still.h"
#include "video/vp8.h"

struct request {
    char *identity;
    myna_us at;
};

struct job { /* one picture on its way to JPEG */
    struct myna_work work;
    struct job *next;
    struct myna_gw_camera *camera; /* NULL: nobody waits for it any more */
    char *identity;
    uint8_t *vp8;
    size_t len;
    myna_us began; /* its first packet came */
    myna_us due;   /* small: until then a larger one is waited for */
    size_t n;      /* requests that it answers; 0: its person has left */
    struct myna_still still;
    struct myna_why why;
    enum myna_err err;
};

struct myna_gw_camera {
    struct myna_host *host;
    const struct myna_gw_wire *wire;
    const struct myna_gw_camera_host *owner;
    void *arg;
    struct request requests[MYNA_GW_CAPTURES]; /* by age */
    size_t n;
    struct job *small;        /* one of a person: a larger one may follow */
    struct job *jobs, **last; /* the first of them is at work */
    struct myna_timer timer;
};

/* ---- what is told */

static void tell_failure(const struct myna_gw_camera *c, const char *identity, const char *reason,
                         const char *detail)
{
    json_t *payload = myna_gw_wire_identity(identity);

    (void)!json_object_set_new(payload, "reason", json_string(reason));
    (void)!myna_json_put_text(payload, "detail", detail);
    myna_gw_wire_event(c->wire, "agent:frame-capture-failed", payload);
}

static void tell_captured(const struct myna_gw_camera *c, const char *identity,
                          const struct myna_still *still)
{
    json_t *payload = myna_gw_wire_identity(identity);
    int64_t ms = myna_host_wall_ms(c->host);
    time_t s = (time_t)(ms / 1000);
    char day[32] = "", at[64];
    struct tm tm;

    if (gmtime_r(&s, &tm))
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(at, sizeof at, "%s.%03d+00:00", day, (int)(ms % 1000));
    (void)!json_object_set_new(payload, "width", json_integer(still->width));
    (void)!json_object_set_new(payload, "height", json_integer(still->height));
    (void)!json_object_set_new(payload, "bytes", json_integer((json_int_t)still->len));
    (void)!json_object_set_new(payload, "timestamp", json_string(at));
    myna_gw_wire_event(c->wire, "agent:frame-captured", payload);
}

static void free_job(struct job *j)
{
    myna_still_fini(&j->still);
    free(j->identity);
    free(j->vp8);
    free(j);
}

/* ---- requests */

static size_t count(const struct myna_gw_camera *c, const char *identity)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += !strcmp(c->requests[i].identity, identity);
    return n;
}

/* Requests whose picture came and is not made yet; of one person, or of all (NULL). */
static size_t in_work(const struct myna_gw_camera *c, const char *identity)
{
    size_t n = 0;

    for (const struct job *j = c->jobs; j; j = j->next)
        if (!identity || !strcmp(j->identity, identity))
            n += j->n;
    return n;
}

static void arm(struct myna_gw_camera *c)
{
    myna_us at = c->n ? c->requests[0].at + MYNA_GW_CAMERA_LIMIT : MYNA_NEVER;

    for (const struct job *j = c->small; j; j = j->next)
        at = j->due < at ? j->due : at;
    if (at == MYNA_NEVER)
        myna_timer_clear(&c->timer);
    else if (myna_timer_set(&c->timer, at))
        myna_gw_log(c->host, MYNA_LOG_WARN, "no timer for a camera stage=gateway");
}

/* Takes the oldest request off; the identity is the caller's. */
static char *take(struct myna_gw_camera *c, size_t i)
{
    char *identity = c->requests[i].identity;

    c->n--;
    memmove(&c->requests[i], &c->requests[i + 1], (c->n - i) * sizeof c->requests[0]);
    return identity;
}

static void rest(struct myna_gw_camera *c, const char *identity)
{
    if (!count(c, identity))
        c->owner->look_away(c->arg, identity);
    arm(c);
}

/* The small picture of that person; the caller's. NULL: none. */
static struct job *take_small(struct myna_gw_camera *c, const char *identity)
{
    for (struct job **at = &c->small; *at; at = &(*at)->next) {
        struct job *j = *at;

        if (strcmp(j->identity, identity) != 0)
            continue;
        *at = j->next;
        j->next = NULL;
        return j;
    }
    return NULL;
}

static void end_requests(struct myna_gw_camera *c, const char *identity, const char *reason,
                         const char *detail)
{
    struct job *small = take_small(c, identity);
    size_t before = c->n;

    if (small)
        free_job(small);
    for (size_t i = 0; i < c->n;) {
        if (strcmp(c->requests[i].identity, identity) != 0) {
            i++;
            continue;
        }
        free(take(c, i));
        tell_failure(c, identity, reason, detail);
    }
    if (c->n != before)
        rest(c, identity);
}

void myna_gw_camera_capture(struct myna_gw_camera *c, const char *identity)
{
    struct request *r;

    if (c->n + in_work(c, NULL) >= MYNA_GW_CAPTURES ||
        count(c, identity) + in_work(c, identity) >= MYNA_GW_CAPTURES_EACH) {
        tell_failure(c, identity, "encode-error", "too many pictures are asked for at once");
        return;
    }
    r = &c->requests[c->n];
    r->identity = strdup(identity);
    r->at = myna_host_now(c->host);
    if (!r->identity) {
        tell_failure(c, identity, "encode-error", "memory is short");
        return;
    }
    c->n++;
    if (!c->owner->look(c->arg, identity)) {
        free(take(c, c->n - 1));
        tell_failure(c, identity, "no-video-track", NULL);
    }
    arm(c);
}

/* ---- pictures */

static void work(struct myna_work *w)
{
    struct job *j = w->arg;

    j->err = myna_still_make(&j->still, (struct myna_view){j->vp8, j->len}, &j->why);
}

static void answer(const struct myna_gw_camera *c, const struct job *j)
{
    struct myna_image image = {.type = "image/jpeg",
                               .bytes = j->still.jpeg,
                               .len = j->still.len,
                               .width = j->still.width,
                               .height = j->still.height};

    for (size_t i = 0; i < j->n; i++) {
        if (j->err)
            tell_failure(c, j->identity, "encode-error", j->why.text);
        else if (!c->owner->show(c->arg, j->identity, &image))
            tell_failure(c, j->identity, "encode-error", "the picture cannot be kept");
        else
            tell_captured(c, j->identity, &j->still);
    }
}

static void begin_next(struct myna_gw_camera *c);

static void done(struct myna_work *w)
{
    struct job *j = w->arg;
    struct myna_gw_camera *c = j->camera;

    if (c) {
        c->jobs = j->next;
        if (!c->jobs)
            c->last = &c->jobs;
        answer(c, j);
        begin_next(c);
    }
    free_job(j);
}

static void begin_next(struct myna_gw_camera *c)
{
    while (c->jobs) {
        struct job *j = c->jobs;

        if (myna_host_work(c->host, &j->work) == MYNA_OK)
            return;
        c->jobs = j->next;
        j->err = myna_fail(&j->why, MYNA_EAGAIN, "the machine is too busy for a picture");
        answer(c, j);
        free_job(j);
    }
    c->last = &c->jobs;
}

/* Answered by this picture: all that were made before it began. */
static size_t take_answered(struct myna_gw_camera *c, const char *identity, myna_us began)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n;) {
        if (c->requests[i].at > began || strcmp(c->requests[i].identity, identity) != 0) {
            i++;
            continue;
        }
        free(take(c, i));
        n++;
    }
    return n;
}

static struct job *new_job(struct myna_gw_camera *c, const char *identity, struct myna_view vp8)
{
    struct job *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    j->work = (struct myna_work){.run = work, .done = done, .arg = j, .fair = (uintptr_t)c};
    j->camera = c;
    j->identity = strdup(identity);
    j->len = vp8.len;
    j->vp8 = malloc(vp8.len ? vp8.len : 1);
    if (j->identity && j->vp8) {
        memcpy(j->vp8, vp8.ptr, vp8.len);
        return j;
    }
    free_job(j);
    return NULL;
}

/* Takes the job. */
static void use(struct myna_gw_camera *c, struct job *j)
{
    j->n = take_answered(c, j->identity, j->began);
    rest(c, j->identity);
    *c->last = j;
    c->last = &j->next;
    if (c->jobs == j)
        begin_next(c);
}

/* Takes the job; of the small ones the largest is kept. */
static void keep_small(struct myna_gw_camera *c, struct job *j, struct job *before, myna_us limit)
{
    uint32_t w = 0, h = 0, w0 = 0, h0 = 0;

    j->due = myna_host_now(c->host) + MYNA_GW_CAMERA_LARGER;
    j->due = j->due < limit ? j->due : limit;
    if (before) {
        j->due = before->due;
        (void)myna_vp8_key((struct myna_view){j->vp8, j->len}, &w, &h);
        (void)myna_vp8_key((struct myna_view){before->vp8, before->len}, &w0, &h0);
        if (w * h < w0 * h0) {
            struct job *smaller = j;

            j = before;
            before = smaller;
        }
        free_job(before);
    }
    j->next = c->small;
    c->small = j;
    arm(c);
}

void myna_gw_camera_picture(struct myna_gw_camera *c, const char *identity, struct myna_view vp8,
                            myna_us began, bool small)
{
    myna_us limit = MYNA_NEVER;
    struct job *j, *before;

    for (size_t i = c->n; i-- > 0;)
        if (c->requests[i].at <= began && !strcmp(c->requests[i].identity, identity))
            limit = c->requests[i].at + MYNA_GW_CAMERA_LIMIT - MYNA_MS;
    if (limit == MYNA_NEVER)
        return; /* nobody waits for it */
    j = new_job(c, identity, vp8);
    if (!j) {
        myna_gw_log(c->host, MYNA_LOG_WARN, "no memory for a picture stage=gateway");
        return;
    }
    j->began = began;
    before = take_small(c, identity);
    if (small) {
        keep_small(c, j, before, limit);
        return;
    }
    if (before)
        free_job(before);
    use(c, j);
}

static void on_timer(struct myna_timer *t)
{
    struct myna_gw_camera *c = t->arg;
    myna_us now = myna_host_now(c->host);

    for (struct job *j = c->small, *next; j; j = next) {
        next = j->next;
        if (j->due <= now)
            use(c, take_small(c, j->identity));
    }
    while (c->n && now - c->requests[0].at >= MYNA_GW_CAMERA_LIMIT) {
        char *identity = take(c, 0);

        tell_failure(c, identity, "timeout", NULL);
        rest(c, identity);
        free(identity);
    }
    arm(c);
}

void myna_gw_camera_refused(struct myna_gw_camera *c, const char *identity)
{
    end_requests(c, identity, "no-video-track", "the server cannot give us this video as VP8");
}

void myna_gw_camera_left(struct myna_gw_camera *c, const char *identity)
{
    struct job **at = &c->jobs;

    while (*at) {
        struct job *j = *at;

        if (strcmp(j->identity, identity) != 0 || j == c->jobs) {
            j->n = strcmp(j->identity, identity) ? j->n : 0; /* the first is at work */
            at = &j->next;
            continue;
        }
        *at = j->next;
        free_job(j);
    }
    c->last = at;
    end_requests(c, identity, "timeout", NULL);
}

/* ---- made and unmade */

struct myna_gw_camera *myna_gw_camera_create(struct myna_host *host,
                                             const struct myna_gw_wire *wire,
                                             const struct myna_gw_camera_host *owner, void *arg)
{
    struct myna_gw_camera *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->host = host;
    c->wire = wire;
    c->owner = owner;
    c->arg = arg;
    c->last = &c->jobs;
    myna_host_timer_init(host, &c->timer, on_timer, c);
    return c;
}

void myna_gw_camera_destroy(struct myna_gw_camera *c)
{
    struct job *running = c ? c->jobs : NULL, *next;

    if (!c)
        return;
    myna_timer_clear(&c->timer);
    while (c->n)
        free(take(c, c->n - 1));
    for (struct job *j = c->small; j; j = next) {
        next = j->next;
        free_job(j);
    }
    for (struct job *j = running ? running->next : NULL; j; j = next) {
        next = j->next;
        free_job(j);
    }
    if (running) { /* frees itself when the worker is done with it */
        running->camera = NULL;
        running->next = NULL;
    }
    free(c);
}

/* count.c - see count.h. */
#include "gateway/count.h"
#include "gateway/log.h"

#include <stdlib.h>

#include <myna/livekit.h>

#include "livekit/attendance.h"
#include "livekit/room_service.h"
#include "util/buf.h"

enum { LIMIT_MS = 10000, MAX_ANSWER = 4 << 20, REFUSED_LOUD = 3, LOST_LOUD = 3 };

struct myna_gw_count {
    struct myna_host *host;
    const struct myna_lk_options *conf;
    void (*told)(void *arg, int people);
    void *arg;
    struct myna_http_request *rq;
    struct myna_buf body;
    struct myna_timer later; /* what could not even be asked is told a turn later */
    int refused, lost;       /* in a row */
    bool well, said;         /* it was counted once; it was said that nobody answers */
};

/* ---- the answer */

static void tell(struct myna_gw_count *c, int people)
{
    c->rq = NULL;
    c->told(c->arg, people);
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_gw_count *c = arg;

    (void)rq;
    (void)!myna_buf_put(&c->body, bytes.ptr, bytes.len);
}

/* One answer that does not come is no trouble, unless there never was one. */
static void note_lost(struct myna_gw_count *c, const struct myna_http_error *error)
{
    bool lost = error && (!error->status || error->status >= 500);

    c->lost = lost ? c->lost + 1 : 0;
    c->well = c->well || !error;
    if (!c->said && c->lost == (c->well ? LOST_LOUD : 1)) {
        c->said = true;
        myna_gw_log(c->host, MYNA_LOG_WARN,
                    "LiveKit cannot be asked who is in the room, and is asked again and again: %s",
                    error->message);
    } else if (c->said && !lost) {
        c->said = false;
        myna_gw_log(c->host, MYNA_LOG_INFO, "LiveKit answers who is in the room");
    }
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_gw_count *c = arg;
    int status = error ? error->status : 200;

    (void)rq;
    if (error)
        myna_gw_log(c->host, MYNA_LOG_DEBUG, "nobody counted: %s", error->message);
    note_lost(c, error);
    c->refused = status == 401 || status == 403 ? c->refused + 1 : 0;
    if (c->refused == REFUSED_LOUD)
        myna_gw_log(c->host, MYNA_LOG_WARN,
                    "LiveKit has refused to say who is in the room %d times: are API key and "
                    "secret those of this server, and is this machine's clock right? Until then "
                    "it looks as if nobody were there",
                    REFUSED_LOUD);
    if (!error)
        tell(c, c->body.err ? -1
                            : myna_lk_attendance((const char *)c->body.ptr, c->body.len,
                                                 c->conf->identity));
    else
        tell(c, status >= 300 && status < 500 ? 0 : -1);
}

/* ---- the question */

static enum myna_err ask(struct myna_gw_count *c, struct myna_why *why)
{
    struct myna_lk_room_question q = {.conf = c->conf,
                                      .method = "ListParticipants",
                                      .room = c->conf->room,
                                      .grants = MYNA_LIVEKIT_ADMIN,
                                      .limit_ms = LIMIT_MS,
                                      .max_answer = MAX_ANSWER,
                                      .data = on_data,
                                      .done = on_done,
                                      .arg = c};

    myna_buf_clear(&c->body);
    return myna_lk_room_ask(c->host, &q, &c->rq, why);
}

static void later_fire(struct myna_timer *t)
{
    tell(t->arg, -1);
}

void myna_gw_count_ask(struct myna_gw_count *c)
{
    struct myna_why why = {0};

    if (c->rq || c->later.slot)
        return;
    if (ask(c, &why)) {
        c->rq = NULL;
        myna_gw_log(c->host, MYNA_LOG_DEBUG, "nobody counted: %s", why.text);
        (void)!myna_timer_set(&c->later, myna_host_now(c->host));
    }
}

void myna_gw_count_cancel(struct myna_gw_count *c)
{
    myna_http_cancel(c->rq);
    c->rq = NULL;
    myna_timer_clear(&c->later);
}

struct myna_gw_count *myna_gw_count_create(struct myna_host *host,
                                           const struct myna_lk_options *conf,
                                           void (*told)(void *arg, int people), void *arg)
{
    struct myna_gw_count *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->host = host;
    c->conf = conf;
    c->told = told;
    c->arg = arg;
    myna_buf_init(&c->body, MAX_ANSWER);
    myna_host_timer_init(host, &c->later, later_fire, c);
    return c;
}

void myna_gw_count_destroy(struct myna_gw_count *c)
{
    if (!c)
        return;
    myna_gw_count_cancel(c);
    myna_buf_fini(&c->body);
    free(c);
}

/* health.c - see health.h. */
#include "livekit/health.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "util/http_door.h"
#include "util/json_dump.h"

enum { REQUEST_MAX = 4096 };

struct myna_lk_health {
    void (*ask)(void *arg, struct myna_lk_health_state *into);
    void *arg;
    struct myna_http_door *door;
};

/* ---- the pages */

static char *worker_page(const struct myna_lk_health_state *st)
{
    json_t *o =
        json_pack("{s:s,s:b,s:s,s:I,s:s,s:s}", "agent_name", st->agent_name ? st->agent_name : "",
                  "agent_name_is_env", st->name_is_env, "worker_type", "JT_ROOM", "active_jobs",
                  (json_int_t)st->jobs, "sdk_version", MYNA_VERSION, "project_type", "c");
    char *text = o ? myna_json_dump(o, JSON_COMPACT) : NULL;

    json_decref(o);
    return text;
}

static void answer(struct myna_lk_health *h, struct myna_http_asker *a)
{
    struct myna_lk_health_state st = {0};
    const char *text = (const char *)a->said.ptr;
    bool head = !strncmp(text, "HEAD ", 5);
    const char *path = head ? text + 5 : text + 4;
    size_t n = strcspn(path, " ?\r\n");
    char *page;

    h->ask(h->arg, &st);
    if (!head && strncmp(text, "GET ", 4) != 0)
        myna_http_answer(a, 404, "text/plain", "not found", false);
    else if (n == 1 && *path == '/')
        myna_http_answer(a, st.connected ? 200 : 503, "text/plain",
                         st.connected ? "OK" : "not connected to livekit", head);
    else if (n == 7 && !strncmp(path, "/worker", n)) {
        page = worker_page(&st);
        myna_http_answer(a, page ? 200 : 503, "application/json", page ? page : "{}", head);
        free(page);
    } else
        myna_http_answer(a, 404, "text/plain", "not found", head);
}

static void said(void *arg, struct myna_http_asker *a)
{
    if (a->said.err)
        myna_http_drop(a);
    else if (strstr((const char *)a->said.ptr, "\r\n\r\n"))
        answer(arg, a);
}

/* ---- opened and closed */

enum myna_err myna_lk_health_open(struct myna_lk_health **out, struct myna_host *host,
                                  const char *where, int further,
                                  void (*ask)(void *arg, struct myna_lk_health_state *into),
                                  void *arg, struct myna_why *why)
{
    struct myna_lk_health *h = calloc(1, sizeof *h);
    struct myna_http_door_options opt = {.host = host,
                                         .where = where,
                                         .further = further,
                                         .request_max = REQUEST_MAX,
                                         .said = said,
                                         .arg = h};
    enum myna_err err = h ? myna_http_door_open(&h->door, &opt) : MYNA_ENOMEM;

    if (err) {
        int reason = errno;

        free(h);
        return err == MYNA_ECONFIG
                   ? myna_fail(why, err,
                               "worker.health is no address: '%s' (127.0.0.1:8081, :8081, off)",
                               where)
               : err == MYNA_EIO ? myna_fail(why, err, "the health page cannot be at %s: %s", where,
                                             strerror(reason))
                                 : myna_fail(why, err, "memory is short");
    }
    h->ask = ask;
    h->arg = arg;
    *out = h;
    return MYNA_OK;
}

int myna_lk_health_port(const struct myna_lk_health *h)
{
    return myna_http_door_port(h->door);
}

void myna_lk_health_close(struct myna_lk_health *h)
{
    if (!h)
        return;
    myna_http_door_close(h->door);
    free(h);
}

/* regions.c - see regions.h. */
#include "livekit/regions.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "livekit/url.h"
#include "util/http.h"
#include "util/json_load.h"

#define LIMIT_MS    3000
#define MAX_ANSWER  ((size_t)64 << 10)
#define USUAL_AGE_S 5 /* where the answer says nothing, as in LiveKit's own clients */
#define MAX_AGE_S   86400

struct list {
    char *urls[MYNA_LK_MAX_REGIONS];
    size_t n;
};

struct myna_lk_regions {
    struct myna_host *host;
    void (*told)(void *arg);
    void *arg;
    struct myna_http_request *rq;
    struct myna_buf body;
    char *own; /* who is being asked, or was */
    struct list named, cloud;
    size_t at;     /* in the first list and then the second */
    int64_t age_s; /* of the answer that comes */
    myna_us until; /* when what the cloud said is old; 0: it is */
};

/* ---- which hosts, which addresses */

static bool has_tls(const char *url)
{
    return !strncasecmp(url, "wss:", 4) || !strncasecmp(url, "https:", 6);
}

/* The host of an address without user: what follows an @ would be another one. */
static struct myna_view host_of(const char *url)
{
    const char *at = strstr(url, "://");
    size_t len = at ? strcspn(at + 3, "/?#:") : 0;

    if (!at || memchr(at + 3, '@', strcspn(at + 3, "/?#")))
        return (struct myna_view){0};
    return (struct myna_view){(const uint8_t *)at + 3, len};
}

static bool ends_in(struct myna_view host, const char *tail)
{
    size_t len = strlen(tail);

    return host.len > len && !strncasecmp((const char *)host.ptr + host.len - len, tail, len);
}

bool myna_lk_is_cloud(const char *url)
{
    struct myna_view host = url ? host_of(url) : (struct myna_view){0};

    return ends_in(host, ".livekit.cloud") || ends_in(host, ".livekit.run");
}

bool myna_lk_may_go(const char *own, const char *url)
{
    struct myna_buf b;
    bool fine;

    if (strlen(url) > MYNA_LK_MAX_URL || !host_of(url).len ||
        (own && has_tls(own) && !has_tls(url)))
        return false;
    myna_buf_init(&b, 0);
    fine = !myna_lk_url(&b, url, "", NULL);
    myna_buf_fini(&b);
    return fine;
}

/* ---- the list */

static void forget(struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->urls[i]);
    l->n = 0;
}

static bool has(const struct list *l, const char *url)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->urls[i], url))
            return true;
    return false;
}

static void add(struct list *l, const char *own, const char *url)
{
    char *copy;

    if (l->n == MYNA_LK_MAX_REGIONS || !myna_lk_may_go(own, url))
        return;
    copy = strdup(url);
    if (copy)
        l->urls[l->n++] = copy;
}

void myna_lk_regions_named(struct myna_lk_regions *g, const char *own, const char *const *urls,
                           size_t n)
{
    forget(&g->named);
    g->at = 0;
    for (size_t i = 0; i < n; i++)
        add(&g->named, own, urls[i]);
}

const char *myna_lk_regions_next(struct myna_lk_regions *g)
{
    if (g->at < g->named.n)
        return g->named.urls[g->at++];
    while (g->at < g->named.n + g->cloud.n) {
        const char *url = g->cloud.urls[g->at++ - g->named.n];

        if (!has(&g->named, url))
            return url;
    }
    g->at = 0;
    return NULL;
}

void myna_lk_regions_rewind(struct myna_lk_regions *g)
{
    g->at = 0;
}

/* ---- the question */

int64_t myna_lk_max_age(const char *text)
{
    static const char name[] = "max-age=";

    while (text && *text) {
        text += strspn(text, " \t,");
        if (!strncasecmp(text, name, sizeof name - 1)) {
            const char *digits = text + sizeof name - 1;
            size_t n = strspn(digits, "0123456789");
            char behind = digits[n + strspn(digits + n, " \t")];

            if (n && (!behind || behind == ','))
                return n > 9 ? MAX_AGE_S : strtoll(digits, NULL, 10);
        }
        text += strcspn(text, ",");
    }
    return -1;
}

static void read_list(struct myna_lk_regions *g)
{
    json_t *root = myna_json_loadb((const char *)g->body.ptr, g->body.len, 0, NULL);
    const json_t *list = json_object_get(root, "regions"), *one;
    size_t i;

    if (!g->body.err && json_is_array(list)) {
        forget(&g->cloud);
        if (g->at > g->named.n)
            g->at = g->named.n;
        json_array_foreach(list, i, one)
        {
            const char *url = json_string_value(json_object_get(one, "url"));

            if (url)
                add(&g->cloud, g->own, url);
        }
        g->until = myna_host_now(g->host) + (g->age_s < 0 ? USUAL_AGE_S : g->age_s) * MYNA_S;
    } else {
        myna_host_log(g->host, MYNA_LOG_DEBUG, "LiveKit Cloud's regions cannot be read");
    }
    json_decref(root);
}

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    struct myna_lk_regions *g = arg;

    (void)status;
    g->age_s = myna_lk_max_age(myna_http_header(rq, "cache-control"));
    if (g->age_s > MAX_AGE_S)
        g->age_s = MAX_AGE_S;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_lk_regions *g = arg;

    (void)rq;
    (void)!myna_buf_put(&g->body, bytes.ptr, bytes.len);
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_lk_regions *g = arg;

    (void)rq;
    g->rq = NULL;
    if (error)
        myna_host_log(g->host, MYNA_LOG_DEBUG, "LiveKit Cloud does not say its regions: %s",
                      error->message);
    else
        read_list(g);
    g->told(g->arg);
}

static bool settings_url(struct myna_buf *b, const char *own)
{
    struct myna_view host = host_of(own);
    const char *port = (const char *)host.ptr + host.len;

    myna_buf_printf(b, "%s://%.*s%.*s/settings/regions", has_tls(own) ? "https" : "http",
                    (int)host.len, (const char *)host.ptr, (int)strcspn(port, "/?#"), port);
    return !b->err;
}

static bool ask(struct myna_lk_regions *g, const char *token)
{
    struct myna_buf url, bearer;
    struct myna_http_header header = {"Authorization", NULL, true};
    struct myna_http_start start = {.headers = &header,
                                    .n_headers = 1,
                                    .connect_ms = LIMIT_MS,
                                    .total_ms = LIMIT_MS,
                                    .max_body = MAX_ANSWER,
                                    .head = on_head,
                                    .data = on_data,
                                    .done = on_done,
                                    .arg = g};
    struct myna_http *http = myna_host_http(g->host);
    bool asked;

    myna_buf_init(&url, 0);
    myna_buf_init(&bearer, 0);
    myna_buf_printf(&bearer, "Bearer %s", token);
    header.value = myna_buf_str(&bearer);
    asked = http && settings_url(&url, g->own) && !bearer.err;
    if (asked) {
        start.url = myna_buf_str(&url);
        asked = !myna_http_start(http, &start, &g->rq);
    }
    myna_buf_fini(&bearer);
    myna_buf_fini(&url);
    return asked;
}

void myna_lk_regions_ask(struct myna_lk_regions *g, const char *own, const char *token)
{
    char *copy;

    if (g->rq || !myna_lk_is_cloud(own) ||
        (g->cloud.n && g->until && myna_host_now(g->host) < g->until))
        return;
    copy = strdup(own);
    if (!copy)
        return;
    free(g->own);
    g->own = copy;
    g->age_s = -1;
    myna_buf_clear(&g->body);
    if (!ask(g, token))
        g->rq = NULL;
}

bool myna_lk_regions_is_asking(const struct myna_lk_regions *g)
{
    return g->rq != NULL;
}

/* ---- made and unmade */

struct myna_lk_regions *myna_lk_regions_create(struct myna_host *host, void (*told)(void *arg),
                                               void *arg)
{
    struct myna_lk_regions *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->host = host;
    g->told = told;
    g->arg = arg;
    myna_buf_init(&g->body, MAX_ANSWER);
    return g;
}

void myna_lk_regions_destroy(struct myna_lk_regions *g)
{
    if (!g)
        return;
    myna_http_cancel(g->rq);
    forget(&g->named);
    forget(&g->cloud);
    myna_buf_fini(&g->body);
    free(g->own);
    free(g);
}

/* trace.c - the queue of spans and the way to the collector.
 *
 *     span → waiting (encoded, at most 2,048 spans or 4 MiB) → out (one batch) → POST
 *
 * A batch leaves 5 s after its first span, or when 512 wait. One request is out at a time. A
 * refused connection, a timeout and the statuses 429, 502, 503 and 504 are tried again after 1, 2,
 * 4, 8 s (or as Retry-After says), then the batch is dropped; any other status drops it at once.
 * Meanwhile new spans wait, and when there is no room for one it is dropped: the newest, so that
 * what is sent stays without holes for as long as possible.
 *
 * A timer or an open request keeps the loop of a program running. Hence the rest between calls and
 * at the end: one short attempt, no timer.
 */
#include "trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <myna/runtime.h>

#include "trace/otlp.h"
#include "util/buf.h"
#include "util/host.h"
#include "util/http.h"

enum {
    SPANS_MAX = 2048, /* OTEL_BSP_MAX_QUEUE_SIZE's default */
    BATCH = 512,      /* OTEL_BSP_MAX_EXPORT_BATCH_SIZE's */
    TRIES = 5,
    LAST_WAIT_MS = 2000, /* at the end of the process */
    RETRY_MAX_MS = 30000,
    ATTRS_MAX = 64,
    HEADERS_MAX = 32,
};
#define BYTES_MAX ((size_t)4 << 20)

struct conf {
    const char *endpoint, *traces_endpoint, *service_name;
    const char *const *headers, *const *resource;
    int protocol;
    int timeout_ms, delay_ms;
    bool content, disabled;
};

static const char *const protocols[] = {"http/protobuf", "http/json", "grpc", NULL};

#define AT(kind, field) .type = (kind), .offset = offsetof(struct conf, field)
static const struct myna_option options[] = {
    {.name = "endpoint",
     AT(MYNA_OPT_STRING, endpoint),
     .env = "OTEL_EXPORTER_OTLP_ENDPOINT",
     .help = "where an OpenTelemetry collector listens: http://localhost:4318; nothing: no spans"},
    {.name = "traces_endpoint",
     AT(MYNA_OPT_STRING, traces_endpoint),
     .env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
     .help = "the whole address for spans, where it is not endpoint/v1/traces"},
    {.name = "headers",
     AT(MYNA_OPT_MAP, headers),
     .env = "OTEL_EXPORTER_OTLP_HEADERS",
     .secret = true,
     .help = "headers of each request: {Authorization: Basic%20…}"},
    {.name = "protocol",
     AT(MYNA_OPT_CHOICE, protocol),
     .def = "http/protobuf",
     .choices = protocols,
     .env = "OTEL_EXPORTER_OTLP_PROTOCOL",
     .help = "how spans are written; grpc is known by name and not spoken"},
    {.name = "timeout",
     AT(MYNA_OPT_MS, timeout_ms),
     .def = "10s",
     .min = 1,
     .max = 300000,
     .env = "OTEL_EXPORTER_OTLP_TIMEOUT",
     .help = "how long the collector may take for a batch"},
    {.name = "delay",
     AT(MYNA_OPT_MS, delay_ms),
     .def = "5s",
     .min = 1,
     .max = 300000,
     .env = "OTEL_BSP_SCHEDULE_DELAY",
     .help = "how long spans are gathered before they are sent"},
    {.name = "service_name",
     AT(MYNA_OPT_STRING, service_name),
     .env = "OTEL_SERVICE_NAME",
     .help = "service.name of the spans; else that of resource_attributes, else myna"},
    {.name = "resource_attributes",
     AT(MYNA_OPT_MAP, resource),
     .env = "OTEL_RESOURCE_ATTRIBUTES",
     .help = "what else the spans say about this process: {deployment.environment: test}"},
    {.name = "content",
     AT(MYNA_OPT_BOOL, content),
     .def = "false",
     .help = "spans also hold what was said, as lk.pii.…"},
    {.name = "disabled",
     AT(MYNA_OPT_BOOL, disabled),
     .def = "false",
     .env = "OTEL_SDK_DISABLED",
     .help = "no spans, whatever else is set"},
    {0},
};

const struct myna_section myna_trace_section = {"trace", "spans for an OpenTelemetry collector",
                                                options};

struct myna_trace {
    struct myna_host *host;
    struct myna_rand rand;
    enum myna_otlp how;
    bool content;
    int timeout_ms, delay_ms;
    char *url;
    struct myna_http_header headers[HEADERS_MAX + 1];
    size_t n_headers;
    struct myna_attr resource[ATTRS_MAX];
    size_t n_resource;
    char **texts; /* owned: of headers and resource */
    size_t n_texts;

    struct myna_buf waiting, out; /* encoded spans */
    size_t n_waiting, n_out;
    struct myna_http_request *request;
    struct myna_timer timer;
    bool armed;
    int tries;
    bool down;     /* and it was said */
    uint64_t lost; /* since then */
    bool resting;  /* no call is on */
    bool finishing;
    struct myna_trace_counts counts;
};

static void send_batch(struct myna_trace *tr);

/* ------------------------------------------------------------------ making */

/* "%20" is a space (as in a URL); in place. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++) {
        unsigned v;
        char hex[3] = {s[0] == '%' ? s[1] : '\0', s[0] == '%' && s[1] ? s[2] : '\0', '\0'};

        if (strspn(hex, "0123456789abcdefABCDEF") == 2 && (v = (unsigned)strtoul(hex, NULL, 16))) {
            *to++ = (char)v;
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

/* Kept until destroy; NULL: memory is short. */
static char *keep(struct myna_trace *tr, char *text)
{
    char **more = text ? realloc(tr->texts, (tr->n_texts + 1) * sizeof *more) : NULL;

    if (!more) {
        free(text);
        return NULL;
    }
    tr->texts = more;
    return tr->texts[tr->n_texts++] = text;
}

/* "name=value" in two. */
static bool keep_pair(struct myna_trace *tr, const char *pair, const char **name,
                      const char **value)
{
    char *text = keep(tr, strdup(pair)), *eq = text ? strchr(text, '=') : NULL;

    if (!eq)
        return false;
    *eq = '\0';
    unescape(eq + 1);
    *name = text;
    *value = eq + 1;
    return true;
}

static void add(struct myna_trace *tr, const char *key, const char *text)
{
    for (size_t i = 0; i < tr->n_resource; i++)
        if (!strcmp(tr->resource[i].key, key)) {
            tr->resource[i].text = text;
            return;
        }
    if (tr->n_resource < ATTRS_MAX)
        tr->resource[tr->n_resource++] =
            (struct myna_attr){.key = key, .type = MYNA_ATTR_TEXT, .text = text};
}

static bool is_set(const char *text)
{
    return text && text[0];
}

static enum myna_err describe(struct myna_trace *tr, const struct conf *conf, struct myna_why *why)
{
    const char *name, *value;

    add(tr, "service.name", "myna");
    add(tr, "service.version", myna_version());
    add(tr, "telemetry.sdk.name", "myna");
    add(tr, "telemetry.sdk.language", "c");
    add(tr, "telemetry.sdk.version", myna_version());
    tr->resource[tr->n_resource++] =
        (struct myna_attr){.key = "process.pid", .type = MYNA_ATTR_INT, .n = getpid()};
    for (const char *const *p = conf->resource; p && *p; p++) {
        if (!keep_pair(tr, *p, &name, &value))
            return myna_fail(why, MYNA_ENOMEM, "no memory for spans");
        add(tr, name, value);
    }
    if (is_set(conf->service_name))
        add(tr, "service.name", conf->service_name);
    tr->headers[tr->n_headers++] = (struct myna_http_header){
        .name = "Content-Type",
        .value = tr->how == MYNA_OTLP_JSON ? "application/json" : "application/x-protobuf"};
    for (const char *const *p = conf->headers; p && *p; p++) {
        if (tr->n_headers == HEADERS_MAX)
            return myna_fail(why, MYNA_ECONFIG, "trace.headers: at most %d, please",
                             HEADERS_MAX - 1);
        if (!keep_pair(tr, *p, &name, &value))
            return myna_fail(why, MYNA_ENOMEM, "no memory for spans");
        tr->headers[tr->n_headers++] =
            (struct myna_http_header){.name = name, .value = value, .secret = true};
    }
    return MYNA_OK;
}

static enum myna_err address(struct myna_trace *tr, const struct conf *conf, struct myna_why *why)
{
    bool whole = is_set(conf->traces_endpoint);
    const char *base = whole ? conf->traces_endpoint : conf->endpoint;
    size_t n = strlen(base);
    struct myna_buf b;

    if (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s: '%.80s' is no address: it begins with http:// or https://",
                         whole ? "trace.traces_endpoint (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)"
                               : "trace.endpoint (OTEL_EXPORTER_OTLP_ENDPOINT)",
                         base);
    while (!whole && n && base[n - 1] == '/')
        n--;
    myna_buf_init(&b, 4096);
    myna_buf_put(&b, base, n);
    if (!whole)
        myna_buf_puts(&b, "/v1/traces");
    tr->url = b.err ? NULL : myna_buf_take(&b);
    myna_buf_fini(&b);
    return tr->url ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for spans");
}

static void on_timer(struct myna_timer *t)
{
    struct myna_trace *tr = t->arg;

    tr->armed = false;
    send_batch(tr);
}

enum myna_err myna_trace_create(struct myna_host *host, const struct myna_config *cfg,
                                struct myna_trace **out, struct myna_why *why)
{
    struct myna_trace *tr;
    struct conf conf;
    enum myna_err err = myna_config_read(cfg, &myna_trace_section, &conf, why);

    *out = NULL;
    if (err || conf.disabled || !(is_set(conf.endpoint) || is_set(conf.traces_endpoint)))
        return err;
    if (conf.protocol == 2) { /* may be meant for the other programs of this machine */
        myna_host_log(host, MYNA_LOG_WARN,
                      "no spans are sent: trace.protocol (OTEL_EXPORTER_OTLP_PROTOCOL) is grpc, "
                      "Myna speaks http/protobuf and http/json");
        return MYNA_OK;
    }
    tr = calloc(1, sizeof *tr);
    if (!tr)
        return myna_fail(why, MYNA_ENOMEM, "no memory for spans");
    tr->host = host;
    tr->how = conf.protocol == 1 ? MYNA_OTLP_JSON : MYNA_OTLP_PROTOBUF;
    tr->content = conf.content;
    tr->timeout_ms = conf.timeout_ms > 0 ? conf.timeout_ms : 10000;
    tr->delay_ms = conf.delay_ms > 0 ? conf.delay_ms : 5000;
    myna_rand_seed(&tr->rand, myna_rand_system_seed()); /* ids are no part of a call */
    myna_buf_init(&tr->waiting, BYTES_MAX);
    myna_buf_init(&tr->out, BYTES_MAX);
    myna_host_timer_init(host, &tr->timer, on_timer, tr);
    err = address(tr, &conf, why);
    if (!err)
        err = describe(tr, &conf, why);
    if (err)
        myna_trace_destroy(tr);
    else
        *out = tr;
    return err;
}

void myna_trace_destroy(struct myna_trace *tr)
{
    if (!tr)
        return;
    myna_http_cancel(tr->request);
    myna_timer_clear(&tr->timer);
    for (size_t i = 0; i < tr->n_texts; i++)
        free(tr->texts[i]);
    free(tr->texts);
    free(tr->url);
    myna_buf_fini(&tr->waiting);
    myna_buf_fini(&tr->out);
    free(tr);
}

/* ------------------------------------------------------------------ the way out */

static void arm(struct myna_trace *tr, int64_t ms)
{
    tr->armed = myna_timer_set(&tr->timer, myna_host_now(tr->host) + ms * MYNA_MS) == MYNA_OK;
}

static void trouble(struct myna_trace *tr, const char *message)
{
    tr->counts.failures++;
    if (tr->down)
        return;
    tr->down = true;
    tr->lost = 0;
    myna_host_log(tr->host, MYNA_LOG_WARN,
                  "spans do not reach the collector; calls go on, this is said once: %s", message);
}

static void lose(struct myna_trace *tr, size_t n)
{
    tr->counts.dropped += n;
    tr->lost += n;
}

static void batch_over(struct myna_trace *tr)
{
    myna_buf_clear(&tr->out);
    tr->n_out = 0;
    tr->tries = 0;
    if (tr->finishing && (!tr->n_waiting || tr->down))
        myna_loop_stop(tr->host->loop);
    else if (tr->n_waiting >= BATCH || tr->finishing || tr->resting)
        send_batch(tr);
    else if (tr->n_waiting && !tr->armed)
        arm(tr, tr->delay_ms);
}

static void delivered(struct myna_trace *tr)
{
    tr->counts.sent += tr->n_out;
    if (tr->down)
        myna_host_log(tr->host, MYNA_LOG_INFO, "the collector takes spans again lost=%" PRIu64,
                      tr->lost);
    tr->down = false;
}

static bool again(const struct myna_http_error *e)
{
    switch (e->kind) {
    case MYNA_HTTP_STATUS:
        return e->status == 429 || e->status == 502 || e->status == 503 || e->status == 504;
    case MYNA_HTTP_REFUSED:
    case MYNA_HTTP_DNS:
    case MYNA_HTTP_TIMEOUT:
    case MYNA_HTTP_RESET:
    case MYNA_HTTP_MEMORY:
        return true;
    case MYNA_HTTP_TLS:
    case MYNA_HTTP_TOO_LARGE:
    case MYNA_HTTP_PROTOCOL:
    case MYNA_HTTP_URL:
    case MYNA_HTTP_NO_LIBRARY:
        break;
    }
    return false;
}

static void done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_trace *tr = arg;
    int64_t wait;

    (void)rq;
    tr->request = NULL;
    if (!error) {
        delivered(tr);
        batch_over(tr);
        return;
    }
    trouble(tr, error->message);
    if (tr->resting && !tr->finishing && again(error)) {
        tr->tries = 0; /* with the next call */
        return;
    }
    if (!tr->finishing && again(error) && tr->tries < TRIES) {
        wait = error->retry_after_ms >= 0 ? error->retry_after_ms : 500 << tr->tries;
        arm(tr, wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS);
        return;
    }
    lose(tr, tr->n_out);
    batch_over(tr);
}

static void send_batch(struct myna_trace *tr)
{
    struct myna_http *http = myna_host_http(tr->host);
    bool soon = tr->finishing || tr->resting;
    int limit = soon && tr->timeout_ms > LAST_WAIT_MS ? LAST_WAIT_MS : tr->timeout_ms;
    struct myna_http_start how = {.url = tr->url,
                                  .headers = tr->headers,
                                  .n_headers = tr->n_headers,
                                  .connect_ms = limit,
                                  .total_ms = limit,
                                  .max_body = 64 << 10,
                                  .background = !soon,
                                  .done = done,
                                  .arg = tr};
    struct myna_buf body;
    enum myna_err err;

    if (tr->request)
        return;
    if (!tr->n_out) {
        struct myna_buf empty = tr->out;

        if (!tr->n_waiting)
            return;
        tr->out = tr->waiting;
        tr->n_out = tr->n_waiting;
        tr->waiting = empty;
        tr->n_waiting = 0;
    }
    tr->tries++;
    tr->counts.requests++;
    myna_timer_clear(&tr->timer);
    tr->armed = false;
    myna_buf_init(&body, BYTES_MAX + (64 << 10));
    err = http ? myna_otlp_request(tr->how, tr->resource, tr->n_resource, myna_version(),
                                   myna_buf_view(&tr->out), &body)
               : MYNA_ENOMEM;
    how.body = myna_buf_view(&body);
    if (!err)
        err = myna_http_start(http, &how, &tr->request);
    myna_buf_fini(&body);
    if (err) {
        trouble(tr, "no memory for the request");
        lose(tr, tr->n_out);
        batch_over(tr);
    }
}

/* ------------------------------------------------------------------ public */

bool myna_trace_content(const struct myna_trace *tr)
{
    return tr->content;
}

void myna_trace_random(struct myna_trace *tr, uint8_t *into, size_t n)
{
    for (size_t i = 0; i < n; i++)
        into[i] = (uint8_t)(myna_rand_next(&tr->rand) >> 32);
    into[n - 1] |= 1;
}

void myna_trace_put(struct myna_trace *tr, const struct myna_trace_span *span)
{
    size_t before = tr->waiting.len;

    tr->counts.taken++;
    if (tr->n_waiting >= SPANS_MAX) {
        lose(tr, 1);
        return;
    }
    if (myna_otlp_span(tr->how, span, &tr->waiting) != MYNA_OK) {
        tr->waiting.len = before;
        tr->waiting.err = MYNA_OK;
        lose(tr, 1);
        return;
    }
    tr->n_waiting++;
    if (tr->n_waiting >= BATCH && !tr->n_out)
        send_batch(tr);
    else if (!tr->armed && !tr->request && !tr->resting)
        arm(tr, tr->delay_ms);
}

void myna_trace_calls(struct myna_trace *tr, bool any)
{
    tr->resting = !any;
    myna_timer_clear(&tr->timer);
    tr->armed = false;
    if (any && !tr->request && (tr->n_out || tr->n_waiting))
        arm(tr, tr->delay_ms);
    if (any)
        return;
    myna_http_cancel(tr->request); /* once more, with the shorter limit */
    tr->request = NULL;
    tr->tries = 0;
    send_batch(tr);
}

bool myna_trace_finish(struct myna_trace *tr)
{
    bool in_vain = tr->resting && tr->down;

    tr->finishing = true;
    if (!tr->request && !in_vain)
        send_batch(tr);
    return tr->request != NULL;
}

struct myna_trace_counts myna_trace_counts(const struct myna_trace *tr)
{
    return tr->counts;
}

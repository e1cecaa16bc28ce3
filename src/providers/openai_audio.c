/* openai_audio.c - a request to a speech endpoint: where it goes, how it fails, when to ask again
 * (openai_audio.h).
 */
#include "providers/openai_audio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

#define MAX_PATIENCE (10 * MYNA_S) /* a longer Retry-After is an error at once */
#define WARM_FOR     (20 * MYNA_S) /* servers close an idle connection after 5 s to minutes */
#define FIRST_RETRY  100
#define LONGEST      4 /* times `timeout`: the whole answer, also of a server that drips */

static const char *from_environment(const char *name)
{
    return getenv(name);
}

/* The session's section has more keys; these two rule its own retries too. */
static enum myna_err read_retry(struct myna_openai_audio *a, const struct myna_config *cfg,
                                struct myna_why *why)
{
    static const struct myna_option rows[] = {
        {.name = "retry_max",
         .type = MYNA_OPT_INT,
         .offset = offsetof(struct myna_openai_audio, retry.max),
         .def = "3",
         .min = 0,
         .max = 100},
        {.name = "retry_interval",
         .type = MYNA_OPT_MS,
         .offset = offsetof(struct myna_openai_audio, retry.interval_ms),
         .def = "2s",
         .max = 86400000},
        {0},
    };
    static const struct myna_section session = {"session", "retries", rows};

    return myna_config_read(cfg, &session, a, why);
}

static void there(void *arg)
{
    myna_openai_audio_good(arg);
}

enum myna_err myna_openai_audio_init(struct myna_openai_audio *a, struct myna_host *host,
                                     const char *section, const char *endpoint, bool hosted,
                                     const struct myna_openai_audio_conf *conf,
                                     const struct myna_config *cfg, struct myna_why *why)
{
    char *base = NULL;
    enum myna_err err;

    *a = (struct myna_openai_audio){.host = host, .conf = conf, .used = -1};
    a->product = hosted ? "OpenAI" : "the server";
    snprintf(a->section, sizeof a->section, "%s", section);
    a->warm = (struct myna_openai_warm){.host = host, .name = a->section, .there = there, .arg = a};
    err = myna_openai_base(section, conf->base_url, endpoint, &base, why);
    if (!err && (asprintf(&a->url, "%s%s", base, endpoint) < 0 ||
                 asprintf(&a->models_url, "%s/models", base) < 0)) {
        a->url = a->models_url = NULL;
        err = myna_fail(why, MYNA_ENOMEM, "no memory for %s.base_url", section);
    }
    free(base);
    if (!err && (!conf->model || !conf->model[0]))
        err =
            myna_fail(why, MYNA_ECONFIG, "%s.model is not set; see GET {base_url}/models", section);
    if (!err)
        err = myna_openai_key(section, conf->api_key, conf->api_key_env, hosted, from_environment,
                              &a->key, why);
    if (!err)
        err = myna_openai_headers_read(&a->extra, conf->headers, section, why);
    if (!err)
        err = read_retry(a, cfg, why);
    if (!err && a->key && !strncmp(a->url, "http://", 7) && !myna_http_is_loopback(a->url))
        myna_host_log(host, MYNA_LOG_WARN,
                      "the key travels in the clear: base_url is http:// to another machine "
                      "provider=%s",
                      section);
    return err;
}

void myna_openai_audio_fini(struct myna_openai_audio *a)
{
    myna_http_cancel(a->warm.rq);
    a->warm.rq = NULL;
    free(a->url);
    free(a->models_url);
    a->url = a->models_url = NULL;
    myna_openai_headers_fini(&a->extra);
}

/* ---- the request */

static enum myna_err headers(const struct myna_openai_audio *a, const char *content_type,
                             const char *accept, struct myna_openai_headers *out)
{
    struct myna_buf auth;
    enum myna_err err;

    out->n = 0;
    myna_buf_init(&auth, 0);
    err = myna_openai_headers_put(out, "User-Agent", "myna/" MYNA_VERSION, false);
    if (!err && content_type)
        err = myna_openai_headers_put(out, "Content-Type", content_type, false);
    if (!err && accept)
        err = myna_openai_headers_put(out, "Accept", accept, false);
    if (!err && a->key) {
        err = myna_buf_printf(&auth, "Bearer %s", a->key);
        if (!err)
            err = myna_openai_headers_put(out, "Authorization", myna_buf_str(&auth), true);
    }
    for (size_t i = 0; i < a->extra.n && !err; i++)
        err = myna_openai_headers_put(out, a->extra.h[i].name, a->extra.h[i].value, true);
    myna_buf_fini(&auth);
    if (err)
        myna_openai_headers_fini(out);
    return err;
}

enum myna_err myna_openai_audio_post(struct myna_openai_audio *a, const char *content_type,
                                     const char *accept, struct myna_http_start *how,
                                     struct myna_http_request **out)
{
    struct myna_http *http = myna_host_http(a->host);
    struct myna_openai_headers h;
    enum myna_err err = http ? headers(a, content_type, accept, &h) : MYNA_ENOMEM;

    if (err)
        return err;
    how->url = a->url;
    how->headers = h.h;
    how->n_headers = h.n;
    how->connect_ms = a->conf->connect_timeout_ms;
    how->first_byte_ms = how->idle_ms = a->conf->timeout_ms;
    if (!how->total_ms)
        how->total_ms = a->conf->timeout_ms * LONGEST;
    err = myna_http_start(http, how, out);
    myna_openai_headers_fini(&h);
    return err;
}

void myna_openai_audio_good(struct myna_openai_audio *a)
{
    a->used = myna_clock_monotonic();
}

/* ---- warm-up */

void myna_openai_audio_warm(struct myna_openai_audio *a)
{
    struct myna_openai_headers h;

    if (a->warm.rq || (a->used >= 0 && myna_clock_monotonic() - a->used < WARM_FOR) ||
        headers(a, NULL, NULL, &h))
        return;
    myna_openai_warm(&a->warm, a->models_url, &h);
    myna_openai_headers_fini(&h);
}

/* ---- failure */

/* What a person can do about it. */
static void add_hint(const struct myna_openai_audio *a, int status, char *text, size_t size)
{
    size_t n = strlen(text);

    if (status == 401 || status == 403)
        snprintf(text + n, size - n,
                 a->key ? " (is %s.api_key right?)" : " (%s.api_key is not set)", a->section);
    else if (status == 404)
        snprintf(text + n, size - n, " (are %s.base_url and %s.model right?)", a->section,
                 a->section);
    else if (status == 429)
        snprintf(text + n, size - n, " (too many requests, or the quota is used up)");
}

static void bad_status(struct myna_openai_audio *a, const struct myna_http_error *e,
                       struct myna_openai_trouble *out)
{
    struct myna_buf words;

    out->err = MYNA_EPROVIDER;
    out->status = e->status;
    out->again = e->status == 408 || e->status == 429 || e->status == 499 || e->status >= 500;
    if (e->retry_after_ms >= 0 && out->again) {
        a->not_before = myna_clock_monotonic() + e->retry_after_ms * MYNA_MS;
        out->again = e->retry_after_ms * MYNA_MS <= MAX_PATIENCE;
    }
    myna_buf_init(&words, 0);
    myna_openai_error_text(e->body, a->key, &words);
    snprintf(out->text, sizeof out->text, "%s answered HTTP %d%s%.*s", a->product, e->status,
             words.len ? ": " : "", 300, myna_buf_str(&words));
    myna_buf_fini(&words);
    add_hint(a, e->status, out->text, sizeof out->text);
}

void myna_openai_audio_trouble(struct myna_openai_audio *a, const struct myna_http_error *e,
                               struct myna_openai_trouble *out)
{
    *out = (struct myna_openai_trouble){.err = MYNA_EIO};
    snprintf(out->text, sizeof out->text, "%s", e->message);
    switch (e->kind) {
    case MYNA_HTTP_STATUS:
        bad_status(a, e, out);
        break;
    case MYNA_HTTP_TIMEOUT:
        out->err = MYNA_ETIMEOUT;
        out->again = true;
        break;
    case MYNA_HTTP_REFUSED:
    case MYNA_HTTP_DNS:
    case MYNA_HTTP_RESET:
        out->again = true;
        break;
    case MYNA_HTTP_TLS:
    case MYNA_HTTP_PROTOCOL:
        break;
    case MYNA_HTTP_TOO_LARGE:
        out->err = MYNA_ELIMIT;
        break;
    case MYNA_HTTP_URL:
        out->err = MYNA_ECONFIG;
        break;
    case MYNA_HTTP_NO_LIBRARY:
        out->err = MYNA_EUNAVAIL;
        break;
    case MYNA_HTTP_MEMORY:
        out->err = MYNA_ENOMEM;
        out->again = true;
        break;
    }
}

int myna_openai_audio_held(struct myna_openai_audio *a, struct myna_openai_trouble *out)
{
    myna_us left = a->not_before - myna_clock_monotonic();

    if (left <= 0)
        return 0;
    if (left <= MAX_PATIENCE)
        return (int)(left / MYNA_MS) + 1;
    *out = (struct myna_openai_trouble){.err = MYNA_EPROVIDER, .status = 429};
    snprintf(out->text, sizeof out->text, "%s asked not to be asked again for another %d s",
             a->product, (int)(left / MYNA_S));
    return -1;
}

int myna_openai_audio_backoff(const struct myna_openai_audio *a, int tries)
{
    return tries <= 1 ? FIRST_RETRY : a->retry.interval_ms;
}

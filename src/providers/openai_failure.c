/* openai_failure.c - why an agent did not answer, as one sentence with what a person can do about
 * it. */
#include <stdio.h>
#include <string.h>

#include "providers/openai.h"

/* "http://127.0.0.1:11434": nothing behind the host. */
static bool is_bare(const char *chat_url)
{
    const char *host = chat_url ? strstr(chat_url, "://") : NULL, *path;

    path = host ? strchr(host + 3, '/') : NULL;
    return path && !strcmp(path, "/chat/completions");
}

static const char *hint(const struct myna_openai_target *t, int status, char *text, size_t size)
{
    const struct myna_openai_preset *p = t->preset;

    text[0] = '\0';
    if (status == 401 || status == 403)
        snprintf(text, size,
                 t->key ? " (is llm.%s.api_key right?)" : " (llm.%s.api_key is not set)", p->name);
    else if (status == 404 && is_bare(t->chat_url))
        snprintf(text, size, " (does llm.%s.base_url want /v1 at its end?)", p->name);
    else if (status == 404 && p->not_found_hint)
        snprintf(text, size, " (%s)", p->not_found_hint);
    else if (status == 404)
        snprintf(text, size, " (are llm.%s.base_url and llm.%s.model right?)", p->name, p->name);
    else if (status == 429)
        snprintf(text, size, " (too many requests, or the quota is used up)");
    return text;
}

static void bad_status(const struct myna_openai_target *t, const struct myna_http_error *e,
                       struct myna_openai_failure *f)
{
    char more[200];
    struct myna_buf words;

    f->err = MYNA_EPROVIDER;
    f->status = e->status;
    f->retryable = e->status == 408 || e->status == 429 || e->status == 499 || e->status >= 500;
    if (f->retryable)
        f->retry_after_ms = e->retry_after_ms;
    myna_buf_init(&words, 0);
    myna_openai_error_text(e->body, t->key, &words);
    snprintf(f->text, sizeof f->text, "%s answered HTTP %d%s%s%s", t->preset->product, e->status,
             words.len ? ": " : "", myna_buf_str(&words), hint(t, e->status, more, sizeof more));
    myna_buf_fini(&words);
}

void myna_openai_failure_of(const struct myna_openai_target *t, const struct myna_http_error *e,
                            struct myna_openai_failure *f)
{
    *f = (struct myna_openai_failure){.err = MYNA_EIO, .retry_after_ms = -1};
    snprintf(f->text, sizeof f->text, "%s", e->message);
    switch (e->kind) {
    case MYNA_HTTP_STATUS:
        bad_status(t, e, f);
        return;
    case MYNA_HTTP_TIMEOUT:
        f->err = MYNA_ETIMEOUT;
        f->retryable = true;
        return;
    case MYNA_HTTP_REFUSED:
    case MYNA_HTTP_DNS:
    case MYNA_HTTP_RESET:
        f->retryable = true;
        return;
    case MYNA_HTTP_TLS:
    case MYNA_HTTP_PROTOCOL:
        return;
    case MYNA_HTTP_TOO_LARGE:
        f->err = MYNA_ELIMIT;
        return;
    case MYNA_HTTP_URL:
        f->err = MYNA_ECONFIG;
        return;
    case MYNA_HTTP_NO_LIBRARY:
        f->err = MYNA_EUNAVAIL;
        return;
    case MYNA_HTTP_MEMORY:
        f->err = MYNA_ENOMEM;
        f->retryable = true;
        return;
    }
}

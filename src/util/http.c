/* http.c - the part of HTTP that is only text: dates, URLs as they may be shown, what a server said
 * cut to what a person wants to read. No key passes through here unnoticed. */
#include "util/http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "util/utf8.h"

#define DAY_MS INT64_C(86400000)

/* ---- Retry-After */

/* "Wed, 21 Oct 2015 07:28:00 GMT" alone: RFC 9110 5.6.7 says what servers must send. */
static bool http_date(const char *text, int64_t *unix_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm = {0};
    char month[4] = "", zone[4] = "";
    const char *at;

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]", &tm.tm_mday, month,
               &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) != 7)
        return false;
    at = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!at || (at - months) % 3 || strcmp(zone, "GMT") != 0 || tm.tm_year < 1970 ||
        tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
        tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
        return false;
    tm.tm_mon = (int)(at - months) / 3;
    tm.tm_year -= 1900;
    *unix_s = timegm(&tm);
    return true;
}

int64_t myna_http_retry_after(const char *text, int64_t wall_ms)
{
    size_t digits = strspn(text, "0123456789");
    int64_t ms;

    if (digits > 0) {
        if (text[digits + strspn(text + digits, " \t")])
            return -1;
        ms = digits > 9 ? DAY_MS : atoll(text) * 1000;
    } else if (http_date(text, &ms)) {
        ms = ms * 1000 - wall_ms;
    } else {
        return -1;
    }
    return ms < 0 ? 0 : ms > DAY_MS ? DAY_MS : ms;
}

/* ---- URLs */

struct place { /* parts of a URL, borrowed */
    const char *scheme, *host;
    size_t n_scheme, n_host; /* host: with its port */
    const char *path;
    size_t n_path;
};

static bool split(const char *url, struct place *p)
{
    const char *colon = strstr(url, "://"), *at;
    size_t n;

    if (!colon || colon == url)
        return false;
    p->scheme = url;
    p->n_scheme = (size_t)(colon - url);
    p->host = colon + 3;
    n = strcspn(p->host, "/?#");
    for (at = p->host + n; at > p->host; at--) /* behind the last @ */
        if (at[-1] == '@')
            break;
    p->n_host = n - (size_t)(at - p->host);
    p->path = p->host + n;
    p->host = at;
    p->n_path = strcspn(p->path, "?#");
    return p->n_host > 0;
}

void myna_http_show_url(const char *url, char *out, size_t size)
{
    struct place p;

    out[0] = '\0';
    if (!url || !split(url, &p))
        return;
    snprintf(out, size, "%.*s://%.*s%.*s", (int)p.n_scheme, p.scheme, (int)p.n_host, p.host,
             (int)p.n_path, p.path);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
}

bool myna_http_is_loopback(const char *url)
{
    struct place p;
    size_t n;

    if (!split(url, &p))
        return false;
    if (p.n_host >= 5 && !strncasecmp(p.host, "[::1]", 5))
        return p.n_host == 5 || p.host[5] == ':';
    for (n = 0; n < p.n_host && p.host[n] != ':'; n++)
        ;
    if (n == 9 && !strncasecmp(p.host, "localhost", 9))
        return true;
    /* 127.evil.example is somebody else */
    return n > 4 && !strncmp(p.host, "127.", 4) && strspn(p.host, "0123456789.") == n;
}

/* ---- what a server said */

/* Length of the secret that stands at p, 0: none. */
static size_t secret_at(const uint8_t *p, size_t n, const char *const *secrets, size_t n_secrets)
{
    size_t longest = 0;

    for (size_t i = 0; i < n_secrets; i++) {
        size_t len = secrets[i] ? strlen(secrets[i]) : 0;

        if (len >= 4 && len <= n && len > longest && !memcmp(p, secrets[i], len))
            longest = len;
    }
    return longest;
}

void myna_http_excerpt(struct myna_buf *into, struct myna_view text, const char *const *secrets,
                       size_t n_secrets)
{
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;
    bool space = false;
    size_t n = 0;

    while (p < end && n < MYNA_HTTP_EXCERPT) {
        size_t secret = secret_at(p, (size_t)(end - p), secrets, n_secrets);
        int len = secret ? 0 : myna_utf8_next(p, (size_t)(end - p));

        if (!secret && (*p <= ' ' || *p == 127)) {
            space = n > 0;
            p++;
            continue;
        }
        if (space && n + 1 < MYNA_HTTP_EXCERPT) {
            myna_buf_putc(into, ' ');
            n++;
        }
        space = false;
        if (secret) {
            for (int i = 0; i < 3 && n < MYNA_HTTP_EXCERPT; i++, n++)
                myna_buf_putc(into, '*');
            p += secret;
            continue;
        }
        if (len > 0)
            myna_buf_put(into, p, (size_t)len);
        else
            myna_buf_puts(into, MYNA_UTF8_BROKEN);
        p += len > 0 ? len : len < 0 ? -len : end - p;
        n++;
    }
}

/* ---- headers */

bool myna_http_good_header(const struct myna_http_header *h)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (!h->name[0] || h->name[strspn(h->name, token)])
        return false;
    for (const unsigned char *c = (const unsigned char *)h->value; *c; c++)
        if ((*c < ' ' && *c != '\t') || *c == 127)
            return false;
    return true;
}

/* desk_request.c - one small HTTP request, taken apart where it lies. */
#include <string.h>
#include <strings.h>

#include "gateway/desk.h"

enum { BODY_MAX = 64 << 10 };

/* The value of the header line at `line`, if it is of that name. */
static bool header(const char *line, size_t len, const char *name, const char **value, size_t *n)
{
    size_t k = strlen(name);

    if (len <= k || strncasecmp(line, name, k) != 0 || line[k] != ':')
        return false;
    for (k++; k < len && (line[k] == ' ' || line[k] == '\t'); k++)
        ;
    while (len > k && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    *value = line + k;
    *n = len - k;
    return true;
}

static bool number(const char *text, size_t len, size_t *out)
{
    size_t v = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || v > BODY_MAX)
            return false;
        v = v * 10 + (size_t)(text[i] - '0');
    }
    *out = v;
    return len > 0 && v <= BODY_MAX;
}

static bool request_line(const char *line, size_t len, struct myna_gw_request *out)
{
    const char *space = memchr(line, ' ', len), *end;

    if (!space)
        return false;
    out->method = line;
    out->method_len = (size_t)(space - line);
    out->path = space + 1;
    end = memchr(out->path, ' ', len - out->method_len - 1);
    if (!end || (size_t)(line + len - end) < 6 || strncmp(end + 1, "HTTP/", 5) != 0)
        return false;
    out->path_len = (size_t)(end - out->path);
    for (size_t i = 0; i < out->path_len; i++) /* what is asked is not looked at */
        if (out->path[i] == '?')
            out->path_len = i;
    return out->path_len > 0;
}

enum myna_gw_request_state myna_gw_request_read(const char *text, size_t len,
                                                struct myna_gw_request *out)
{
    const char *end = text && len >= 4 ? memmem(text, len, "\r\n\r\n", 4) : NULL, *line = text,
               *value;
    size_t want = 0, n;

    *out = (struct myna_gw_request){0};
    if (!end)
        return MYNA_GW_REQUEST_MORE;
    for (bool is_first = true; line && line <= end; is_first = false) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2); /* end's, at last */
        size_t k = (size_t)(stop - line);

        if (is_first && !request_line(line, k, out))
            return MYNA_GW_REQUEST_BAD;
        if (!is_first && header(line, k, "Content-Length", &value, &n) && !number(value, n, &want))
            return MYNA_GW_REQUEST_BAD;
        if (!is_first && header(line, k, "Transfer-Encoding", &value, &n))
            return MYNA_GW_REQUEST_BAD;
        if (!is_first && header(line, k, "Authorization", &value, &n) && n > 7 &&
            !strncasecmp(value, "Bearer ", 7)) {
            out->bearer = value + 7;
            out->bearer_len = n - 7;
        }
        line = stop + 2;
    }
    out->body = end + 4;
    out->body_len = want;
    return (size_t)(text + len - out->body) < want ? MYNA_GW_REQUEST_MORE : MYNA_GW_REQUEST_WHOLE;
}

/* log.c - a line is built on the stack and leaves by one write, so threads do not mix.
 *
 * The text form is for eyes and grep, the JSON form for collectors; both come from the same call:
 * the trailing key=value words of the sentence become members of the object. Nothing is allocated
 * for text.
 */
#include "util/json_dump.h"
#include "util/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "util/clock.h"
#include "util/json_load.h"

#define LINE_MAX_BYTES 2048 /* longer lines are cut */

struct myna_log {
    struct myna_log_options opt;
};

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};

struct myna_log *myna_log_create(const struct myna_log_options *opt)
{
    struct myna_log *log = calloc(1, sizeof *log);

    if (log)
        log->opt = *opt;
    return log;
}

void myna_log_destroy(struct myna_log *log)
{
    free(log);
}

bool myna_log_wants(const struct myna_log *log, enum myna_log_level level)
{
    return log && level <= log->opt.level;
}

/* 2026-01-01T00:00:00.000Z */
static void stamp(char into[32])
{
    int64_t ms = myna_clock_wall_ms();
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    size_t len;

    gmtime_r(&s, &tm);
    len = strftime(into, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(into + len, 32 - len, ".%03dZ", (int)(ms % 1000));
}

/* One event is one line, whatever a provider's message contains. */
static void flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

/* A cut in the middle of a UTF-8 sequence is moved before it. */
static void trim_partial(char *text, size_t len)
{
    size_t at = len;

    while (at > 0 && len - at < 4 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0xc0)
        text[at - 1] = '\0';
}

/* End of the word at `at`; a value in quotes may have spaces: why="no such file". */
static char *word_end(char *at)
{
    bool quoted = false;

    for (; *at && (quoted || *at != ' '); at++)
        if (*at == '"')
            quoted = !quoted;
    return at;
}

static bool is_pair(const char *at, const char *end)
{
    const char *p = at;

    if (!isalpha((unsigned char)*p))
        return false;
    while (p < end && (isalnum((unsigned char)*p) || *p == '_' || *p == '.' || *p == '-'))
        p++;
    return p < end && *p == '=';
}

/* First of the key=value words that end the sentence; the end of the text when there are none. */
static char *find_pairs(char *text)
{
    char *start = NULL, *at = text;

    while (*at) {
        char *end = word_end(at);

        if (!is_pair(at, end))
            start = NULL;
        else if (!start)
            start = at;
        at = end;
        while (*at == ' ')
            at++;
    }
    return start ? start : at;
}

/* Text from outside may not be UTF-8, which JSON must be. */
static json_t *text_value(char *text, size_t len)
{
    json_t *v = json_stringn(text, len);

    if (v)
        return v;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            text[i] = '?';
    return json_stringn(text, len);
}

static json_t *value_of(char *text, size_t len)
{
    json_t *v;

    if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
        return text_value(text + 1, len - 2);
    if (len && (isdigit((unsigned char)text[0]) || text[0] == '-')) {
        v = myna_json_loadb(text, len, JSON_DECODE_ANY, NULL); /* a number as it stands */
        if (v)
            return v;
    }
    return text_value(text, len);
}

static bool add_pairs(json_t *line, char *at)
{
    while (*at) {
        char *end = word_end(at), *eq = strchr(at, '=');
        char key[64];

        snprintf(key, sizeof key, "%.*s", (int)(eq - at), at);
        if (json_object_get(line, key)) /* "level=3" must not hide the line's own level */
            snprintf(key, sizeof key, "%.*s_", (int)(eq - at), at);
        if (json_object_set_new(line, key, value_of(eq + 1, (size_t)(end - eq - 1))))
            return false;
        at = end;
        while (*at == ' ')
            at++;
    }
    return true;
}

/* NULL when memory is short. */
static char *json_line(const char *time, const char *level, char *text)
{
    char *pairs = find_pairs(text), *out = NULL;
    size_t len = (size_t)(pairs - text);
    json_t *line = json_object();

    while (len && text[len - 1] == ' ')
        len--;
    if (line && !json_object_set_new(line, "time", json_string(time)) &&
        !json_object_set_new(line, "level", json_string(level)) &&
        !json_object_set_new(line, "msg", text_value(text, len)) && add_pairs(line, pairs))
        out = myna_json_dump(line, JSON_COMPACT);
    json_decref(line);
    return out;
}

static void emit(struct myna_log *log, enum myna_log_level level, char *line, size_t len)
{
    if (log->opt.write) {
        log->opt.write(log->opt.arg, level, line);
        return;
    }
    line[len] = '\n'; /* in place of the '\0' */
    for (size_t at = 0; at <= len;) {
        ssize_t n = write(STDERR_FILENO, line + at, len + 1 - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* nobody listens: nowhere left to say so */
            return;
        at += (size_t)n;
    }
}

void myna_log_vline(struct myna_log *log, enum myna_log_level level, const char *fmt, va_list ap)
{
    char line[LINE_MAX_BYTES], time[32], *json;
    int head, body;

    if (!myna_log_wants(log, level))
        return;
    stamp(time);
    head = snprintf(line, sizeof line, "%s %-5s ", time, level_names[level]);
    body = vsnprintf(line + head, sizeof line - (size_t)head, fmt, ap);
    if (body < 0)
        return;
    if ((size_t)body >= sizeof line - (size_t)head)
        trim_partial(line, sizeof line - 1);
    flatten(line);
    if (!log->opt.json) {
        emit(log, level, line, strlen(line));
        return;
    }
    json = json_line(time, level_names[level], line + head);
    if (!json) { /* short of memory: better the plain sentence than nothing */
        emit(log, level, line, strlen(line));
        return;
    }
    emit(log, level, json, strlen(json));
    free(json);
}

void myna_log_line(struct myna_log *log, enum myna_log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    myna_log_vline(log, level, fmt, ap);
    va_end(ap);
}

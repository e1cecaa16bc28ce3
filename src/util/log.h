/* log.h - one line an event: time, level, sentence, key=value (or JSON). Any thread. */
#ifndef MYNA_UTIL_LOG_H
#define MYNA_UTIL_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include <myna/host.h>

struct myna_log;

struct myna_log_options {
    enum myna_log_level level; /* lines above it are not formatted */
    bool json;
    /* NULL: standard error. */
    void (*write)(void *arg, enum myna_log_level level, const char *line);
    void *arg;
};

struct myna_log *myna_log_create(const struct myna_log_options *opt);
void myna_log_destroy(struct myna_log *log);
bool myna_log_wants(const struct myna_log *log, enum myna_log_level level);
/* `log` NULL: nothing. fmt: "stt stream failed stage=stt provider=%s retry=%d". */
void myna_log_line(struct myna_log *log, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);
void myna_log_vline(struct myna_log *log, enum myna_log_level level, const char *fmt, va_list ap)
    MYNA_PRINTF(3, 0);

#endif

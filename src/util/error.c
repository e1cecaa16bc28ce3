/* error.c - names of the codes, and the one place where a sentence is written. */
#include <myna/error.h>

#include <stdio.h>

const char *myna_strerror(enum myna_err err)
{
    switch (err) {
    case MYNA_OK:
        return "fine";
    case MYNA_EAGAIN:
        return "not now";
    case MYNA_ENOMEM:
        return "out of memory";
    case MYNA_EINVAL:
        return "invalid argument";
    case MYNA_ESTATE:
        return "not possible in this state";
    case MYNA_ENOENT:
        return "not found";
    case MYNA_EFORMAT:
        return "damaged or of another format";
    case MYNA_ECONFIG:
        return "wrong configuration";
    case MYNA_EIO:
        return "input or output failed";
    case MYNA_ENOSPC:
        return "no space left";
    case MYNA_ELIMIT:
        return "limit reached";
    case MYNA_EUNAVAIL:
        return "not available on this machine";
    case MYNA_ETIMEOUT:
        return "timed out";
    case MYNA_ECANCELED:
        return "cancelled";
    case MYNA_EPROVIDER:
        return "the provider failed";
    case MYNA_EDIFFER:
        return "the replay differs";
    }
    return "unknown error";
}

enum myna_err myna_fail(struct myna_why *why, enum myna_err err, const char *fmt, ...)
{
    va_list ap;

    if (!why)
        return err;
    why->err = err;
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
    return err;
}

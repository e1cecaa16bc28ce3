/* error.h - how every call of Myna says that it did not work.
 *
 * One enum for the program to branch on, one sentence for the person to read. A function that can
 * fail for a reason worth telling takes a `struct myna_why *`: NULL is fine, otherwise it is
 * written only on failure and names the thing (file, line, key, variable) and the remedy.
 *
 * Thread: all functions here are pure and may be called anywhere.
 */
#ifndef MYNA_ERROR_H
#define MYNA_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MYNA_MUST               __attribute__((warn_unused_result))
#define MYNA_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define MYNA_API                __attribute__((visibility("default")))
#else
#define MYNA_MUST
#define MYNA_PRINTF(fmt, first)
#define MYNA_API
#endif

enum myna_err {
    MYNA_OK = 0,
    MYNA_EAGAIN,    /* not now: a queue is full, a result is not there yet; never a failure */
    MYNA_ENOMEM,    /* memory is short */
    MYNA_EINVAL,    /* the caller broke the contract of the call */
    MYNA_ESTATE,    /* right call, wrong time (session closed, stream ended) */
    MYNA_ENOENT,    /* a named thing is not there (file, provider, model, device) */
    MYNA_EFORMAT,   /* bytes that are not what they claim to be (WAV, weights, .flight, YAML) */
    MYNA_ECONFIG,   /* the configuration or a flag is wrong; the sentence says where */
    MYNA_EIO,       /* read, write or device failed */
    MYNA_ENOSPC,    /* the disk is full */
    MYNA_ELIMIT,    /* a ceiling of ours was reached (length, count, time) */
    MYNA_EUNAVAIL,  /* a library or model is not on this machine; the sentence says how to get it */
    MYNA_ETIMEOUT,  /* nobody answered in time */
    MYNA_ECANCELED, /* stopped on request */
    MYNA_EPROVIDER, /* a provider answered with an error */
    MYNA_EDIFFER,   /* a replay differs from its recording */
};

/* The sentence. Embed it, pass its address, print `text`. */
struct myna_why {
    enum myna_err err;
    char text[512];
};

/* Name of the code in lower case words ("no space", "not found"); never NULL. */
MYNA_API const char *myna_strerror(enum myna_err err);

/* Writes the sentence into `why` (NULL is fine) and returns `err`: `return myna_fail(why, …);` */
MYNA_API enum myna_err myna_fail(struct myna_why *why, enum myna_err err, const char *fmt, ...)
    MYNA_PRINTF(3, 4);

/* "did you mean ...?" for a mistyped flag, key, command or provider: the nearest of
 * names[0 … n-1] (a NULL ends them earlier), by insertions, deletions, changes and swaps of
 * neighbours, letters compared without case. NULL: none is within a third of the longer one's
 * length. Names past 64 characters are not compared. Borrowed from `names`. */
MYNA_API const char *myna_suggest(const char *typed, const char *const *names, size_t n);

#ifdef __cplusplus
}
#endif
#endif

/* spare.h - which of several providers does a piece of work: the first that works and was not tried
 * for it; when none works, the first that was not tried, for it may be well again.
 *
 * What the three fallback adapters (stt, llm, tts) share; how one is asked, and how the others are
 * found to be well again, is theirs.
 */
#ifndef MYNA_UTIL_SPARE_H
#define MYNA_UTIL_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/event.h>
#include <myna/host.h>

enum { MYNA_SPARES_MAX = 8 };

struct myna_spare {
    const char *name; /* of the provider */
    bool down;        /* it failed and has not answered since */
    myna_us wait;     /* before it is asked behind the scenes */
    char why[200];    /* it failed last */
};

struct myna_spares { /* all zero, then `host`, `n` and the names */
    struct myna_host *host;
    size_t n;
    bool switched; /* one was left: from then on each piece of work says whose it is */
    struct myna_spare all[MYNA_SPARES_MAX];
};

struct myna_spare_work { /* one piece of work; all zero */
    size_t active;
    uint32_t tried;         /* bit i */
    int tries;              /* of the active one */
    struct myna_fault last; /* why the one before was left; its words are in `message` */
    char message[400];
};

/* tried: bit i. n: none is left. */
size_t myna_spare_next(const struct myna_spares *s, uint32_t tried);

/* The active one failed. true: it may be tried again (it can pass, and it had fewer than `most`
 * tries); false: it is left for the next one, of which the log tells. */
bool myna_spare_failed(struct myna_spares *s, struct myna_spare_work *w, const struct myna_fault *f,
                       int most);

/* Marks it. true: it was well until now. */
bool myna_spare_down(struct myna_spares *s, size_t i);
/* It was asked and failed: twice as long until the next time, at most a minute. */
myna_us myna_spare_longer(struct myna_spares *s, size_t i);

/* Who works now, and why not the one before: the fault of a USING event. */
struct myna_fault myna_spare_using(const struct myna_spares *s, const struct myna_spare_work *w,
                                   enum myna_stage stage);
/* None is left: the last fault, with "all 2 voices failed; the last: …" in `text`. */
struct myna_fault myna_spare_none(const struct myna_spares *s, const struct myna_spare_work *w,
                                  const char *whom, char text[480]);

#endif

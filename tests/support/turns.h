/* turns.h - lets a loop on the real clock go on for a while.
 *
 * So many milliseconds and at least as many turns: a process that is stopped for a moment, as a
 * busy machine does, then still gets round to what takes several turns (accept, read, answer).
 */
#ifndef TESTS_TURNS_H
#define TESTS_TURNS_H

#include "util/loop.h"

static inline void turns_for(struct myna_loop *loop, int ms)
{
    for (; ms > 0; ms--)
        myna_loop_run_until(loop, myna_loop_now(loop) + MYNA_MS);
}

#endif

/* guard.c - how deep this thread is in the media tick. Who asks is the wrapped allocator. */
#include "util/guard.h"

static _Thread_local int depth, lifted;

void myna_guard_enter(void)
{
    depth++;
}

void myna_guard_leave(void)
{
    depth--;
}

void myna_guard_lift(void)
{
    lifted++;
}

void myna_guard_lower(void)
{
    lifted--;
}

int myna_guard_armed(void)
{
    return depth > 0 && lifted == 0;
}

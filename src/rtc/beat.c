/* beat.c - see beat.h. */
#include "rtc/beat.h"

enum { LATE_MS = 200, GRID_MS = 5, REST_GRID_MS = 100 };

/* Not all at one moment, or the last of a hundred would be late. */
static myna_us to_grid(myna_us at)
{
    return at + (GRID_MS * MYNA_MS - at % (GRID_MS * MYNA_MS)) % (GRID_MS * MYNA_MS);
}

static myna_us first_slot(myna_us now)
{
    return to_grid(now + MYNA_FRAME_US);
}

void myna_beat_start(struct myna_beat *b, myna_us now)
{
    *b = (struct myna_beat){.next = to_grid(now)};
}

static int over(const struct myna_beat *b, myna_us now)
{
    return now < b->next ? 0 : (int)((now - b->next) / MYNA_FRAME_US) + 1;
}

static bool begin_anew(struct myna_beat *b, myna_us now, myna_us *first)
{
    if (now - myna_beat_deadline(b) <= LATE_MS * MYNA_MS)
        return false;
    *first = now;
    b->next = first_slot(now);
    return true;
}

int myna_beat_take(struct myna_beat *b, myna_us now, myna_us *first, bool *slept)
{
    int n = over(b, now);

    *first = b->next;
    *slept = begin_anew(b, now, first);
    if (*slept)
        return 1;
    if (!b->rests && n > 1)
        n = 1;
    b->next += n * MYNA_FRAME_US;
    return n;
}

void myna_beat_rest(struct myna_beat *b)
{
    b->rests = true;
}

int myna_beat_wake(struct myna_beat *b, myna_us now, myna_us *first, bool *slept)
{
    int n = 0;

    *first = b->next;
    *slept = false;
    if (b->rests)
        n = myna_beat_take(b, now, first, slept);
    b->rests = false;
    return n;
}

void myna_beat_align(struct myna_beat *b, myna_us now)
{
    b->next = to_grid(now + MYNA_FRAME_US / 2);
}

myna_us myna_beat_deadline(const struct myna_beat *b)
{
    myna_us last = b->next + (MYNA_BEAT_REST - 1) * MYNA_FRAME_US;

    return b->rests ? last - last % (REST_GRID_MS * MYNA_MS) : b->next;
}

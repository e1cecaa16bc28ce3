/* waterfall.c - one bar a stage, each from where the one before ended to where it ended itself. A
 * stage that was done ahead of its turn (a reply begun before the end of turn was certain) has no
 * bar: it cost nothing. */
#include "console/waterfall.h"

#include <math.h>

#include <myna/console.h>

enum { COLUMNS = 40, ROWS = 6 };

struct row {
    const char *name;
    myna_us at;
};

double myna_waterfall_answer_ms(const struct myna_waterfall *w)
{
    if (w->speech_end == MYNA_NEVER || w->heard == MYNA_NEVER)
        return -1;
    return (double)(w->heard - w->speech_end) / 1e3;
}

static int column(myna_us t, myna_us whole)
{
    return whole > 0 ? (int)lround((double)t * COLUMNS / (double)whole) : 0;
}

static void bar(struct myna_buf *out, myna_us from, myna_us to, myna_us whole)
{
    int a = column(from, whole), b = column(to, whole);

    if (to <= from)
        return;
    if (b == a) { /* something is never nothing */
        if (a == COLUMNS)
            a--;
        b = a + 1;
    }
    myna_buf_printf(out, "  %*s", a, "");
    while (a++ < b)
        myna_buf_puts(out, "█");
}

void myna_waterfall_render(struct myna_buf *out, const struct myna_waterfall *w, int turn)
{
    const struct row rows[ROWS] = {
        {"transcript", w->transcript},   {"end of turn", w->end_of_turn},
        {"first token", w->first_token}, {"first text", w->first_text},
        {"first audio", w->first_audio}, {"heard", w->heard},
    };
    double answer = myna_waterfall_answer_ms(w);
    myna_us whole = 0, before = 0;

    myna_buf_printf(out, "turn %d: ", turn);
    if (w->speech_end == MYNA_NEVER) {
        myna_buf_puts(out, "nothing was said\n");
        return;
    }
    if (answer >= 0)
        myna_buf_printf(out, "answered %.0f ms after the last word\n", answer);
    else
        myna_buf_puts(out, "not answered\n");
    for (int i = 0; i < ROWS; i++)
        if (rows[i].at != MYNA_NEVER && rows[i].at - w->speech_end > whole)
            whole = rows[i].at - w->speech_end;
    for (int i = 0; i < ROWS; i++) {
        myna_us t = rows[i].at - w->speech_end;

        if (rows[i].at == MYNA_NEVER) {
            myna_buf_printf(out, "  %-12s       -\n", rows[i].name);
            continue;
        }
        myna_buf_printf(out, "  %-12s %5.0f ms", rows[i].name, (double)t / 1e3);
        bar(out, before, t, whole);
        myna_buf_putc(out, '\n');
        if (t > before)
            before = t;
    }
}

char *myna_waterfall_text(const struct myna_waterfall *w, int turn)
{
    struct myna_buf b;
    char *text;

    myna_buf_init(&b, 0);
    myna_waterfall_render(&b, w, turn);
    text = b.err ? NULL : myna_buf_take(&b);
    myna_buf_fini(&b);
    return text;
}

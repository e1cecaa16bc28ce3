/* ui.h - what the person at the terminal sees: lines of the conversation above, and, when live, two
 * lines below that change in place (words on their way; state, levels, last latency).
 *
 * Writes text and plain ANSI sequences into a buffer; who owns it puts that on the terminal. Words
 * of others are made harmless: no control character reaches the terminal.
 *
 * Pure; one owner.
 */
#ifndef MYNA_CONSOLE_UI_H
#define MYNA_CONSOLE_UI_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/event.h>

#include "util/buf.h"

/* What the answers of a turn took from the agent. */
struct myna_turn_usage {
    int64_t tokens_in, tokens_out;
    double cost; /* USD; NaN: not known */
};
/* "120 tokens in, 35 out, 0.0012 USD"; nothing where nothing was counted. */
void myna_turn_usage_text(struct myna_buf *out, const struct myna_turn_usage *u);

struct myna_ui {
    /* set by the owner after init */
    bool live; /* redraw in place: a terminal, not a file */
    bool colour;
    bool quiet;  /* the words alone */
    bool stream; /* typed: the answer is printed as it comes, lines of the person are not */
    int columns; /* of the terminal */

    enum myna_agent_state agent;
    float in_dbfs, out_dbfs;
    double answer_ms;               /* of the last turn; -1 none yet */
    double told_ms;                 /* the same, until its line is shown; -1 */
    struct myna_turn_usage usage;   /* of this turn */
    int drawn;                      /* live lines on the screen now */
    bool streaming;                 /* in the middle of a streamed line */
    struct myna_buf person, answer; /* on their way */
};

void myna_ui_init(struct myna_ui *ui);
void myna_ui_fini(struct myna_ui *ui);

/* Takes in an event; appends what it changes on the screen. */
void myna_ui_event(struct myna_ui *ui, const struct myna_event *ev, struct myna_buf *out);
/* One line that stays. */
void myna_ui_note(struct myna_ui *ui, struct myna_buf *out, const char *text);
/* Takes the live lines away, and puts them there anew. */
void myna_ui_erase(struct myna_ui *ui, struct myna_buf *out);
void myna_ui_draw(struct myna_ui *ui, struct myna_buf *out);

/* Ten cells from -60 dBFS to 0: "▮▮▮▮▯▯▯▯▯▯". */
void myna_ui_meter(struct myna_buf *out, float dbfs);
/* Text with every control character (C0, DEL, C1) made a space. */
void myna_ui_plain(struct myna_buf *out, const char *text);

#endif

/* filters.h - what is written but must not be spoken: markdown, emoji; and replacements (8.7).
 *
 * A chain of streaming filters; output does not depend on how the text arrived in pieces.
 */
#ifndef MYNA_TTS_FILTERS_H
#define MYNA_TTS_FILTERS_H

#include <stdbool.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_filters;

struct myna_replacement {
    const char *from, *to; /* kept by the caller */
};
struct myna_filters_options {
    bool markdown, emoji;
    const struct myna_replacement *replace; /* borrowed for create */
    size_t n_replace;
    bool match_case;
    void (*out)(void *arg, struct myna_view text); /* borrowed */
    void *arg;
};

struct myna_filters *myna_filters_create(const struct myna_filters_options *opt);
void myna_filters_destroy(struct myna_filters *fi); /* NULL is fine */
enum myna_err myna_filters_push(struct myna_filters *fi, struct myna_view text);
void myna_filters_flush(struct myna_filters *fi);

#endif

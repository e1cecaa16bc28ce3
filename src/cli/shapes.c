/* shapes.c - results as JSON. jansson takes NULL for a value as an error of the call, so a row of
 * them needs one look at its end. */
#include "shapes.h"

#include "out.h"

enum { WINDOW = 512 };

/* Adds to a list; a failure makes the list NULL for good. */
static void append(json_t **list, json_t *value)
{
    if (*list && json_array_append_new(*list, value)) {
        json_decref(*list);
        *list = NULL;
    } else if (!*list) {
        json_decref(value);
    }
}

json_t *myna_cli_vad_shape(const struct myna_vad_result *r)
{
    json_t *probs = json_array(), *segments = json_array();

    for (size_t i = 0; i < r->n_probs; i++)
        append(&probs, json_real((double)r->probs[i]));
    for (size_t i = 0; i < r->n_segments; i++)
        append(&segments, json_pack("{s:o, s:o}", "start_ms", myna_cli_ms(r->segments[i].start_ms),
                                    "end_ms", myna_cli_ms(r->segments[i].end_ms)));
    return json_pack("{s:i, s:i, s:o, s:o}", "rate_hz", MYNA_IN_RATE_HZ, "window", WINDOW, "probs",
                     probs, "segments", segments);
}

static json_t *word_shape(const struct myna_word *w)
{
    json_t *word = json_pack("{s:s, s:o, s:o}", "text", w->text, "start_ms",
                             myna_cli_ms((double)w->start / 1000), "end_ms",
                             myna_cli_ms((double)w->end / 1000));

    if (word && w->confidence >= 0)
        json_object_set_new(word, "confidence", json_real((double)w->confidence));
    return word;
}

json_t *myna_cli_hear_shape(const struct myna_hear_result *r)
{
    json_t *segments = json_array();

    for (size_t i = 0; i < r->n_segments; i++) {
        const struct myna_heard_segment *s = &r->segments[i];
        json_t *words = json_array();

        for (size_t k = 0; k < s->n_words; k++)
            append(&words, word_shape(&s->words[k]));
        append(&segments, json_pack("{s:s, s:o, s:o, s:o}", "text", s->text, "start_ms",
                                    myna_cli_ms(s->start_ms), "end_ms", myna_cli_ms(s->end_ms),
                                    "words", words));
    }
    return json_pack("{s:s, s:o}", "text", r->text ? r->text : "", "segments", segments);
}

json_t *myna_cli_replay_shape(const struct myna_replay_result *r)
{
    return json_pack("{s:I, s:I, s:s?, s:o, s:o}", "outputs", (json_int_t)r->outputs, "differ",
                     (json_int_t)r->differ, "first_difference", r->first_difference, "call_ms",
                     myna_cli_ms(r->call_ms), "wall_ms", myna_cli_ms(r->wall_ms));
}

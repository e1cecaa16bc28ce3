/* history.c - what was said, in order: the items that the agent gets and the report keeps.
 *
 * Items are made once and never move or change after they were told, so events may point at them.
 */
#include "session/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 65536

struct myna_item *myna_s_item_new(struct myna_session *s, enum myna_item_type type)
{
    struct myna_item *it = calloc(1, sizeof *it);
    char *id = malloc(MYNA_ID_SIZE);

    if (!it || !id) {
        free(it);
        free(id);
        return NULL;
    }
    myna_rand_id(&s->rand, "item_", id);
    it->type = type;
    it->id = id;
    it->at = s->now - s->t0;
    it->transcript_confidence = NAN;
    it->metrics = (struct myna_item_metrics){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    return it;
}

struct myna_item *myna_s_item_message(struct myna_session *s, enum myna_role role, const char *text)
{
    struct myna_item *it = myna_s_item_new(s, MYNA_ITEM_MESSAGE);

    if (!it)
        return NULL;
    it->role = role;
    it->text = strdup(text);
    if (!it->text) {
        myna_s_item_free(it);
        return NULL;
    }
    return it;
}

/* The strings of an item are its own; `const` is for those who read it. */
static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

void myna_s_item_free(struct myna_item *it)
{
    if (!it)
        return;
    drop(it->id);
    drop(it->text);
    drop(it->speaker);
    drop(it->identity);
    drop(it->call_id);
    drop(it->name);
    drop(it->arguments);
    drop(it->extra);
    drop(it->output);
    drop(it->old_agent);
    drop(it->new_agent);
    drop(it->instructions);
    drop(it->tools_added);
    drop(it->tools_removed);
    myna_s_pictures_free(it);
    free(it);
}

enum myna_err myna_s_item_keep(struct myna_session *s, struct myna_item *it)
{
    struct myna_item **grown;

    if (s->n_items == s->cap_items) {
        size_t cap = s->cap_items ? 2 * s->cap_items : 32;

        if (cap > ITEMS_MAX) {
            myna_s_item_free(it);
            return MYNA_ELIMIT;
        }
        grown = realloc(s->items, cap * sizeof(*grown));
        if (!grown) {
            myna_s_item_free(it);
            return MYNA_ENOMEM;
        }
        s->items = grown;
        s->cap_items = cap;
    }
    s->items[s->n_items++] = it;
    s->history_rev++;
    return MYNA_OK;
}

enum myna_err myna_s_item_add(struct myna_session *s, struct myna_item *it)
{
    struct myna_event ev = {.type = MYNA_EV_CONVERSATION_ITEM_ADDED};
    enum myna_err err = myna_s_item_keep(s, it);

    if (err)
        return err;
    ev.u.item = it;
    myna_s_event(s, &ev);
    return MYNA_OK;
}

void myna_s_item_before(struct myna_session *s, const struct myna_item *mark)
{
    struct myna_item *it = s->n_items ? s->items[s->n_items - 1] : NULL;
    size_t at = 0;

    while (at < s->n_items && s->items[at] != mark)
        at++;
    if (at + 1 >= s->n_items)
        return;
    memmove(&s->items[at + 1], &s->items[at], (s->n_items - 1 - at) * sizeof(*s->items));
    s->items[at] = it;
    myna_s_talks_moved(s, at);
}

void myna_s_item_last(struct myna_session *s, const struct myna_item *mark)
{
    struct myna_item *it;
    size_t at = 0;

    while (at < s->n_items && s->items[at] != mark)
        at++;
    if (at + 1 >= s->n_items || !myna_s_talk_shows(s, mark->conversation, at))
        return;
    it = s->items[at];
    memmove(&s->items[at], &s->items[at + 1], (s->n_items - 1 - at) * sizeof(*s->items));
    s->items[s->n_items - 1] = it;
    myna_s_talks_taken(s, at);
}

const struct myna_item *myna_session_history(const struct myna_session *s, size_t *n)
{
    struct myna_session *mine = (struct myna_session *)(uintptr_t)s;
    struct myna_item *flat = malloc((s->n_items ? s->n_items : 1) * sizeof *flat);

    *n = 0;
    if (!flat)
        return NULL;
    for (size_t i = 0; i < s->n_items; i++)
        flat[i] = *s->items[i];
    free((void *)(uintptr_t)mine->flat);
    mine->flat = flat;
    *n = s->n_items;
    return flat;
}

void myna_s_history_fini(struct myna_session *s)
{
    for (size_t i = 0; i < s->n_items; i++)
        myna_s_item_free(s->items[i]);
    free(s->items);
    free((void *)(uintptr_t)s->flat);
    s->items = NULL;
    s->flat = NULL;
    s->n_items = s->cap_items = 0;
    myna_s_pictures_fini(s);
}

/* item_json.h - items of the history as JSON (agent-session 4.7), for events, the session report
 * and requests. */
#ifndef MYNA_UTIL_ITEM_JSON_H
#define MYNA_UTIL_ITEM_JSON_H

#include <jansson.h>

#include <myna/event.h>

/* A string whatever the bytes are: what is not UTF-8 becomes U+FFFD. NULL text: NULL. */
json_t *myna_json_text(const char *text);
/* Sets `key` unless `text` is NULL. 0, or -1 when memory is short. */
int myna_json_put_text(json_t *object, const char *key, const char *text);
/* Sets `key` unless `number` is NaN or infinite. Whole numbers are written without a fraction. */
int myna_json_put_number(json_t *object, const char *key, double number);
/* `wall_ms_at_zero`: Unix time in ms that belongs to 0 on the session's clock. NULL: no memory. */
json_t *myna_item_json(const struct myna_item *item, double wall_ms_at_zero);
/* Usage of one provider and model; what is zero is left out. NULL: no memory. */
json_t *myna_usage_json(const struct myna_usage *usage);

#endif

/* list.h - the texts of a list and the pairs of a map, from the one text that holds them. Pure. */
#ifndef MYNA_CONFIG_LIST_H
#define MYNA_CONFIG_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/error.h>

/* `text` as <myna/config.h> says: JSON, or items between commas. `map`: each must be name=value.
 * The items are the caller's, ended by a NULL; myna_list_free() them. MYNA_EFORMAT with the rest of
 * a sentence in `complaint` (`wants …`), MYNA_ENOMEM. */
MYNA_MUST enum myna_err myna_list_parse(const char *text, bool map, char ***items, char *complaint,
                                        size_t size);
void myna_list_free(char **items); /* NULL is fine */

#endif

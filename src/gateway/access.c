/* access.c - the list that is asked in order; the first yes counts. */
#include "gateway/access.h"

#include <string.h>

/* Entries may carry blanks around them; names are compared to the letter. */
static bool listed(const char *const *list, const char *identity)
{
    size_t len = strlen(identity);

    for (; list && *list; list++) {
        const char *entry = *list + strspn(*list, " \t\r\n");
        size_t n = strlen(entry);

        while (n && strchr(" \t\r\n", entry[n - 1]))
            n--;
        if ((n == 1 && *entry == '*') || (n == len && n && !memcmp(entry, identity, n)))
            return true;
    }
    return false;
}

bool myna_gw_allowed(const struct myna_gw_options *opt, const char *identity)
{
    return identity && *identity &&
           (myna_gw_yes(opt->allow_all_users) || listed(opt->allowed_users, identity) ||
            listed(opt->global_allowed_users, identity) ||
            myna_gw_yes(opt->global_allow_all_users));
}

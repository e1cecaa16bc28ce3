/* nearest.h - which valid name did somebody mean? Pure. */
#ifndef MYNA_CONFIG_NEAREST_H
#define MYNA_CONFIG_NEAREST_H

#include <stddef.h>

/* Slips between two names: letters wrong, missing, too many, or swapped with their neighbour;
 * upper and lower case are the same. Names longer than 127 bytes are as far as can be. */
size_t myna_nearest_distance(const char *a, const char *b);
/* How many slips still make `name` a likely mistake: about a third of its letters. */
size_t myna_nearest_limit(const char *name);
/* The nearest of `names` (NULL-terminated), the first of several; NULL: none is near. */
const char *myna_nearest(const char *name, const char *const *names);

#endif

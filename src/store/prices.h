/* prices.h - what usage costs, in US dollars, by a table of list prices. Pure. */
#ifndef MYNA_STORE_PRICES_H
#define MYNA_STORE_PRICES_H

#include <jansson.h>

/* A row of `usage` as myna_db_rows() gives it. 0 for what runs on one's own machine; NaN: the table
 * does not know it. */
double myna_price(const json_t *row);

#endif

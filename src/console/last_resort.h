/* last_resort.h - who pressed Ctrl-C twice does not wait for a disk that hangs.
 *
 * From start() on the call is taken down in its order; when that takes more than a second the
 * process exits with 130. What was recorded is readable at any moment. end() calls it off.
 */
#ifndef MYNA_CONSOLE_LAST_RESORT_H
#define MYNA_CONSOLE_LAST_RESORT_H

struct myna_last_resort;

struct myna_last_resort *myna_last_resort_start(void); /* NULL: no memory or thread for it */
void myna_last_resort_end(struct myna_last_resort *r); /* NULL is fine */

#endif

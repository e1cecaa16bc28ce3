/* clock.h - the machine's clocks. Only the loop asks; everyone else is told `now`.
 *
 * Pure system calls, any thread.
 */
#ifndef MYNA_UTIL_CLOCK_H
#define MYNA_UTIL_CLOCK_H

#include <stdint.h>

#include <myna/frame.h>

myna_us myna_clock_monotonic(void); /* never steps; from an arbitrary zero */
int64_t myna_clock_wall_ms(void);   /* milliseconds since the Unix epoch; may step */

#endif

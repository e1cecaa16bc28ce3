/* guard.h - proves that the media tick does not allocate.
 *
 * Between enter() and leave() a call of malloc and friends aborts with a message, in builds where
 * the allocator is wrapped (tests, option `guard`); elsewhere all three are empty. What happens
 * once per turn inside a tick (speech began, ended) lifts the guard for its length. Nestable, per
 * thread.
 */
#ifndef MYNA_UTIL_GUARD_H
#define MYNA_UTIL_GUARD_H

void myna_guard_enter(void);
void myna_guard_leave(void);
void myna_guard_lift(void);  /* an event of the conversation, not of the frame */
void myna_guard_lower(void); /* …is over */
int myna_guard_armed(void);  /* asked by the wrapped allocator */

#endif

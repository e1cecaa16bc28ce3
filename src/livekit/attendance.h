/* attendance.h - is anybody there? Who counts as somebody of a room (voice-gateway 2.5).
 *
 * Everybody but agents, recorders, who is on the way out, and the one who asks. Pure.
 */
#ifndef MYNA_LIVEKIT_ATTENDANCE_H
#define MYNA_LIVEKIT_ATTENDANCE_H

#include <stdbool.h>
#include <stddef.h>

/* Does somebody of this kind (enum myna_lk_kind) keep us in a room? */
bool myna_lk_kind_counts(int kind);
/* So many, of ListParticipants' answer; -1: it is none. */
int myna_lk_attendance(const char *json, size_t len, const char *self);

#endif

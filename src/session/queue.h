/* queue.h - turns that wait until somebody else has been answered. queue.c tells the rules.
 *
 * All of the session's thread, inside its inputs.
 */
#ifndef MYNA_SESSION_QUEUE_H
#define MYNA_SESSION_QUEUE_H

#include "session/internal.h"

bool myna_s_queue_take(struct myna_session *s, struct turn *t); /* true: it waits, and is taken */
/* The same of typed words. by NULL: of somebody who is not heard. */
bool myna_s_queue_typed(struct myna_session *s, const struct ear *by, const char *identity,
                        const char *text);
void myna_s_queue_advance(struct myna_session *s);               /* the next one becomes a turn */
void myna_s_queue_flush(struct myna_session *s);                 /* all do */
void myna_s_queue_forget(struct myna_session *s, uint32_t talk); /* its words are kept */
/* This reply is not cut by the speech of the ear at hand. */
bool myna_s_queue_spares(const struct myna_session *s, const struct speech *sp);
/* Its words were heard, its tools run on, and a turn of that person's does not stop them. */
bool myna_s_queue_keeps(const struct myna_session *s, const struct speech *sp, uint32_t person);

#endif

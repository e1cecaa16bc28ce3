/* unheard.c - an answer in flight goes on where it was heard (livekit-rtc 9).
 *
 * That a line is dead is known seconds after it broke: until then we speak into it. Once nothing
 * has come from the server for a while nothing more is drawn, and the session takes back what was
 * drawn since the last packet: it says it once more when something comes again, unless it was cut
 * meanwhile. A listener hears a word twice rather than miss a sentence. LiveKit's server reports on
 * our sound every second, if nothing else comes from it; one report may be lost.
 *
 * With a connection that was given up for another one goes what was said into it since its last
 * packet.
 */
#include "livekit/guests.h"

#define DEAD_AFTER (3200 * MYNA_MS)

static_assert(MYNA_LK_REWINDS > DEAD_AFTER, "what is said into a dead line can be taken back");

bool myna_lk_line_is_dead(struct lk *lk, myna_us now)
{
    myna_us arrived = myna_lk_room_arrived(lk->room);
    bool dead = arrived && now - arrived >= DEAD_AFTER;

    if (arrived)
        lk->arrived = arrived;
    if (dead && !lk->dead)
        myna_transport_rewind(&lk->base, arrived);
    lk->dead = dead;
    return dead;
}

void myna_lk_line_is_another(struct lk *lk)
{
    if (lk->arrived && lk->told && !lk->closed)
        myna_transport_rewind(&lk->base, lk->arrived);
    lk->arrived = 0;
}

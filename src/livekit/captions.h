/* captions.h - what is said, as text, to the people in the room (livekit-rtc 5.4, agent-session
 * 6.4).
 *
 * In both forms, for old and new clients: a text stream on lk.transcription and the legacy packet.
 * The agent's words come piece by piece and go as one stream a segment, as they are heard; a
 * person's words come as the whole text so far and go as a stream each time, under one segment.
 *
 * No I/O but through packets. One owner.
 */
#ifndef MYNA_LIVEKIT_CAPTIONS_H
#define MYNA_LIVEKIT_CAPTIONS_H

#include "livekit/streams.h"

enum { MYNA_LK_SEGMENT = 40 };

struct myna_lk_captions;

struct myna_lk_caption {
    const char *segment; /* agent: of the session; person: NULL */
    const char *text;
    bool is_final;
    const char *identity, *track_sid; /* whose words; track "" or NULL: not known */
};

/* json: each piece in a stream is a line {"text":…} (agent-session 6.4); the packets are not. */
struct myna_lk_captions *myna_lk_captions_create(struct myna_host *host,
                                                 struct myna_lk_packets *packets, bool json);
void myna_lk_captions_destroy(struct myna_lk_captions *c); /* NULL is fine */
/* Of the agent: text is a piece, with is_final the whole. Of a person: the whole so far; `segment`
 * is that person's, "" where the next words begin one. */
MYNA_MUST enum myna_err myna_lk_caption_agent(struct myna_lk_captions *c,
                                              const struct myna_lk_caption *what);
/* We are somebody new in the room: a stream that is open is begun again, with what it held. */
void myna_lk_captions_anew(struct myna_lk_captions *c);
MYNA_MUST enum myna_err myna_lk_caption_person(struct myna_lk_captions *c,
                                               const struct myna_lk_caption *what,
                                               char segment[MYNA_LK_SEGMENT]);

#endif

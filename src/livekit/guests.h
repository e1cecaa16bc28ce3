/* guests.h - the inside of the transport "livekit", shared by transport.c and guests.c.
 *
 * A guest is somebody whom the session hears: to it a number that stays while their connection
 * breaks and comes back, in the room a person whose number may change.
 */
#ifndef MYNA_LIVEKIT_GUESTS_H
#define MYNA_LIVEKIT_GUESTS_H

#include <myna/transport.h>

#include "livekit/captions.h"
#include "livekit/door.h"
#include "livekit/room.h"

#define MYNA_LK_LATENCY (100 * MYNA_MS) /* packet, server, jitter buffer */
#define MYNA_LK_REWINDS (4 * MYNA_S)    /* see unheard.c */

enum {
    MYNA_LK_GUESTS = 16,
    MYNA_LK_EARLY = 32,
    MYNA_LK_EARLY_BYTES = 512 << 10, /* of all */
    MYNA_LK_HELD = 500,              /* frames: 10 s */
};

struct lk;

enum { MYNA_LK_UNREAD = 8 };

struct lk_unread { /* written to nobody yet */
    char *segment, *text;
};

struct lk_guest {
    struct lk *lk;
    uint32_t who;    /* to the session; 0: this place is free */
    uint32_t number; /* in the room; 0: away, and may come back */
    char *identity;
    struct myna_timer gone;
    myna_us last_frame, last_captured, lag;
    myna_us silent_to;             /* so far we told silence in their place */
    char segment[MYNA_LK_SEGMENT]; /* of their captions */
    /* Their live sound waits for what they said before: so many frames, until then. */
    struct myna_frame *held; /* NULL: nothing is waited for */
    size_t n_held;
    myna_us held_until;
    bool announced; /* the recording is on its way */
};

/* Typed, sent on a topic of the program's, or called, by somebody of whom the server has not told
 * us yet: its news of people come up to 3 s late (livekit-rtc 2.8). */
struct lk_early {
    char *identity;
    char *call;  /* the id of a call; NULL: it is none */
    char *topic; /* or method; NULL: typed */
    char *body;  /* with a '\0' behind it */
    size_t len;
    uint32_t timeout_ms; /* of a call */
    myna_us at;
};

struct lk {
    struct myna_transport base;
    struct myna_lk_options opt;
    struct myna_lk_door_events owner; /* all NULL: nobody has a say in it */
    void *owner_arg;
    unsigned session; /* of the room, as told; 0: we were never in */
    struct myna_lk_room *room;
    struct myna_lk_captions *captions;
    struct myna_timer look, bye;
    char *own_url, *own_token; /* of a job; NULL: the section's */
    struct lk_guest guests[MYNA_LK_GUESTS];
    uint32_t guest_numbers;
    bool everyone;     /* all who may be are guests; else the first, or the one asked for */
    char *participant; /* that the host asked for; NULL: as the options say */
    uint32_t since;    /* who came before this number is not taken */
    bool told;         /* the session knows of somebody, or did */
    bool listened, closed, hung_up;
    bool deletes;   /* the room's deletion was asked for, once */
    bool line_over; /* behind hung_up: the call's end waits for the room's deletion alone */
    char reason[64];
    myna_us linked_at; /* when the first guest came */
    myna_us arrived;   /* the last packet of the server over this connection or the one before */
    bool dead;         /* the line, for all we know */
    struct lk_early early[MYNA_LK_EARLY];
    size_t n_early;
    struct myna_timer early_due;        /* the oldest of them has waited long enough */
    struct myna_http_request *deletion; /* of the room, at the end; NULL: none runs */
    struct lk_unread unread[MYNA_LK_UNREAD];
    size_t n_unread;
};

/* ---- guests.c */
void myna_lk_guests_init(struct lk *lk);
void myna_lk_guests_fini(struct lk *lk);
void myna_lk_guests_rest(struct lk *lk); /* the call is over: no timer runs any more */
struct lk_guest *myna_lk_guest_of(struct lk *lk, uint32_t number); /* in the room; NULL: none */
struct lk_guest *myna_lk_guest_who(struct lk *lk, uint32_t who);   /* to the session */
/* A moment later: attributes and tracks are told behind the person they belong to. */
void myna_lk_look(struct lk *lk);
void myna_lk_guest_left(struct lk *lk, const struct myna_lk_person *p, int reason);
/* May become one: what they type meanwhile is kept. */
bool myna_lk_may_be_guest(struct lk *lk, const struct myna_lk_person *p);
enum myna_err myna_lk_link(struct myna_transport *t, const char *identity); /* class.link */
/* ---- transport.c */
/* The newest, which stands last: two of one person would be heard as one garbled voice. NULL: they
 * have none. */
const struct myna_lk_track *myna_lk_microphone(const struct myna_lk_person *p);
/* ---- shown.c */
enum myna_err myna_lk_show(struct myna_transport *t, uint32_t who, const char *stream_id,
                           const char *text, bool from_user, bool is_final); /* class.text */
void myna_lk_tell_unread(struct lk *lk); /* somebody is there now */
void myna_lk_forget_unread(struct lk *lk);
/* ---- deletion.c */
void myna_lk_delete_and_leave(struct lk *lk);
void myna_lk_deletion_cancel(struct lk *lk);
void myna_lk_deletion_over(struct lk *lk); /* transport.c: nothing waits for it any more */
/* ---- unheard.c; media tick */
bool myna_lk_line_is_dead(struct lk *lk, myna_us now); /* nothing is drawn then */
void myna_lk_line_is_another(struct lk *lk);
/* ---- early.c */
/* A microphone of theirs says that a recording will be sent. */
void myna_lk_await_recording(struct lk_guest *g, const struct myna_lk_person *p);
/* Media tick. True: the frame waits. */
bool myna_lk_held(struct lk_guest *g, const struct myna_frame *f);
void myna_lk_recording_begins(struct lk_guest *g); /* theirs: its first packet is here */
void myna_lk_recording(struct lk_guest *g, const Myna__Lk__StreamHeader *header,
                       struct myna_view body);
void myna_lk_tell_frame(struct lk_guest *g, struct myna_frame *f);
void myna_lk_early_init(struct lk *lk);
/* May what they say wait? from NULL: nothing is known of them yet. */
bool myna_lk_may_come(struct lk *lk, const struct myna_lk_person *from, const char *identity);
/* topic NULL: typed. */
void myna_lk_keep_early(struct lk *lk, const char *identity, const char *topic,
                        struct myna_view body);
/* false: it is too long to wait. A call that waited in vain is refused. */
bool myna_lk_keep_early_call(struct lk *lk, const struct myna_lk_rpc_call *call);
/* What of theirs waited, in order; may_write false: what they typed is dropped. */
void myna_lk_tell_early(struct lk *lk, const struct lk_guest *g, bool may_write);
/* Calls of people who are known by now, and are none that we talk with. */
void myna_lk_refuse_early(struct lk *lk);
void myna_lk_forget_early(struct lk *lk);

/* ---- messages.c: as room.h and <myna/transport.h> have them; arg is the struct lk */
bool myna_lk_method_called(void *arg, const struct myna_lk_rpc_call *call);
bool myna_lk_tell_call(struct lk *lk, const struct myna_lk_rpc_call *call); /* a guest's */
void myna_lk_method_done(void *arg, uint32_t number, int code, const char *text);
MYNA_MUST enum myna_err myna_lk_message_stream(struct myna_transport *t, const char *topic,
                                               struct myna_view body,
                                               const struct myna_message *bytes, uint32_t to_who);
MYNA_MUST enum myna_err myna_lk_method_call(struct myna_transport *t, uint32_t who,
                                            const char *method, const char *payload, int timeout_ms,
                                            uint32_t *number);
enum myna_err myna_lk_method_answer(struct myna_transport *t, const char *call_id, int code,
                                    const char *text);

#endif

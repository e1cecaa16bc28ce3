/* presence.h - when is the gateway in its room? The rules of voice-gateway 2.
 *
 * It watches from outside until somebody worth talking to is there, joins, leaves with the last of
 * them, and comes back after a broken connection, less and less eagerly, ten times. It decides;
 * what is done about it (asking the server, joining, leaving) is the owner's, through `does`, whose
 * results come back as the calls below. At most one count is out at a time, and one join.
 *
 * Pure: no I/O, no clock, no allocation. One owner; `does` may call back at once.
 */
#ifndef MYNA_GATEWAY_PRESENCE_H
#define MYNA_GATEWAY_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>
#include <myna/host.h>

enum myna_gw_state {
    MYNA_GW_STOPPED,
    MYNA_GW_WATCHING, /* outside, somebody may come */
    MYNA_GW_JOINING,
    MYNA_GW_IN_ROOM,
    MYNA_GW_RECONNECTING, /* outside, will try again */
    MYNA_GW_GIVEN_UP,     /* outside until somebody says reconnect */
};
const char *myna_gw_state_name(enum myna_gw_state s); /* "watching" */

enum myna_gw_lost { /* how a stay, or an attempt at one, ended by itself */
                    MYNA_GW_LOST_LINE,
                    MYNA_GW_LOST_IDENTITY, /* somebody else came under our name */
};

struct myna_presence_does {
    void (*count)(void *arg); /* answered by counted() */
    void (*join)(void *arg);  /* answered by joined() or lost() */
    void (*leave)(void *arg); /* answered by left(); also ends a join that is under way */
    void (*state)(void *arg, enum myna_gw_state now, bool connected);
    void (*say)(void *arg, enum myna_log_level level, const char *text);
};

enum { MYNA_GW_ATTEMPTS = 10, MYNA_GW_CLASH_POLLS = 10 };
#define MYNA_GW_STOP_WITHIN (5 * MYNA_S)

struct myna_presence_options {
    myna_us interval;     /* between two counts */
    bool cloud;           /* many come back at once: attempts are spread by a tenth either way */
    bool stay;            /* no watching, no leaving: joins at once and stays whoever is there */
    const char *identity; /* ours, for the message about a clash; kept */
};

/* Plain, so that it lies in its owner; nobody else writes it. */
struct myna_presence {
    struct myna_presence_options opt;
    const struct myna_presence_does *does;
    void *arg;
    enum myna_gw_state state;
    bool connected; /* as reported */
    bool starting;  /* the first count, the first join: their end is the start's */
    bool counting, leaving, stopping, failed;
    bool accompanied; /* in the room, and somebody else was */
    int attempt;      /* of MYNA_GW_ATTEMPTS, how many were spent */
    myna_us deadline;
    uint32_t chance;
};

void myna_presence_init(struct myna_presence *p, const struct myna_presence_options *opt,
                        const struct myna_presence_does *does, void *arg);
/* `chance`: any number, for the spread. */
void myna_presence_start(struct myna_presence *p, myna_us now, uint32_t chance);
/* People who count; -1: the server was not reached, which is no answer. */
void myna_presence_counted(struct myna_presence *p, myna_us now, int people);
void myna_presence_joined(struct myna_presence *p, myna_us now, int people);
/* The stay ended by itself, or the join failed. `stood`: sound had a path in it. Only then is it a
 * success that gives all attempts back: where a firewall lets nothing through we are let in, too.
 */
void myna_presence_lost(struct myna_presence *p, myna_us now, enum myna_gw_lost how, bool stood);
void myna_presence_left(struct myna_presence *p, myna_us now); /* as we wanted */
/* So many who count are in the room with us now. */
void myna_presence_people(struct myna_presence *p, int people);
bool myna_presence_reconnect(struct myna_presence *p, myna_us now); /* out of GIVEN_UP */
void myna_presence_stop(struct myna_presence *p, myna_us now);

myna_us myna_presence_deadline(const struct myna_presence *p); /* MYNA_NEVER: none */
void myna_presence_expire(struct myna_presence *p, myna_us now);

/* The start failed: nothing else will happen. */
bool myna_presence_failed(const struct myna_presence *p);

#endif

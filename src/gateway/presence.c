/* presence.c - see presence.h. One function an input; each looks at the state first. */
#include "gateway/presence.h"

#include <stdio.h>

static const int delays_s[MYNA_GW_ATTEMPTS] = {2, 5, 10, 30, 60, 60, 60, 60, 60, 60};

const char *myna_gw_state_name(enum myna_gw_state s)
{
    static const char *const names[] = {"stopped", "watching",     "joining",
                                        "in room", "reconnecting", "given up"};

    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "?";
}

static void say(struct myna_presence *p, enum myna_log_level level, const char *text)
{
    p->does->say(p->arg, level, text);
}

static void enter(struct myna_presence *p, enum myna_gw_state to, bool connected, myna_us deadline)
{
    bool news = p->state != to || p->connected != connected;

    p->state = to;
    p->connected = connected;
    p->deadline = deadline;
    if (news)
        p->does->state(p->arg, to, connected);
}

static void count(struct myna_presence *p)
{
    if (p->counting)
        return; /* never two at once: the one that is out answers */
    p->counting = true;
    p->does->count(p->arg);
}

static void join(struct myna_presence *p, bool connected)
{
    enter(p, MYNA_GW_JOINING, connected, MYNA_NEVER);
    p->does->join(p->arg);
}

static void watch(struct myna_presence *p, myna_us now, int polls)
{
    p->attempt = 0;
    p->leaving = false;
    if (p->opt.stay && polls <= 1) /* who stays has nothing to watch for */
        join(p, p->connected);
    else
        enter(p, MYNA_GW_WATCHING, true, now + polls * p->opt.interval);
}

static void stopped(struct myna_presence *p)
{
    p->leaving = p->stopping = false;
    enter(p, MYNA_GW_STOPPED, false, MYNA_NEVER);
}

void myna_presence_init(struct myna_presence *p, const struct myna_presence_options *opt,
                        const struct myna_presence_does *does, void *arg)
{
    *p = (struct myna_presence){
        .opt = *opt, .does = does, .arg = arg, .deadline = MYNA_NEVER, .state = MYNA_GW_STOPPED};
}

void myna_presence_start(struct myna_presence *p, myna_us now, uint32_t chance)
{
    (void)now;
    if (p->state != MYNA_GW_STOPPED || p->starting)
        return;
    p->chance = chance;
    p->failed = false;
    p->starting = true;
    if (p->opt.stay)
        join(p, false);
    else
        count(p);
}

/* ---- coming back */

static myna_us delay(struct myna_presence *p)
{
    myna_us d = delays_s[p->attempt] * MYNA_S;

    if (!p->opt.cloud)
        return d;
    p->chance = p->chance * 1664525u + 1013904223u;
    return d - d / 10 + (myna_us)((uint64_t)(d / 5) * (p->chance >> 8) >> 24);
}

static void wait_and_try(struct myna_presence *p, myna_us now)
{
    char text[240];

    if (p->attempt >= MYNA_GW_ATTEMPTS) {
        snprintf(
            text, sizeof text,
            "the room could not be joined again after %d attempts: the gateway has given up; "
            "restart it, send it SIGHUP or POST /v1/reconnect, once the LiveKit server is there",
            MYNA_GW_ATTEMPTS);
        say(p, MYNA_LOG_ERROR, text);
        enter(p, MYNA_GW_GIVEN_UP, false, MYNA_NEVER);
        return;
    }
    enter(p, MYNA_GW_RECONNECTING, true, now + delay(p));
}

static void clash(struct myna_presence *p, myna_us now)
{
    char text[600];

    snprintf(text, sizeof text,
             "somebody else joined the room as '%.256s' and put us out: two gateways of one name? "
             "Give one of them another LIVEKIT_AGENT_NAME. Looking again in %lld s",
             p->opt.identity, (long long)(MYNA_GW_CLASH_POLLS * p->opt.interval / MYNA_S));
    say(p, MYNA_LOG_ERROR, text);
    p->starting = false;
    watch(p, now, MYNA_GW_CLASH_POLLS);
}

/* ---- what came of it */

void myna_presence_counted(struct myna_presence *p, myna_us now, int people)
{
    p->counting = false;
    if (p->stopping)
        return;
    if (p->starting && p->state == MYNA_GW_STOPPED) {
        if (people > 0) {
            join(p, false);
        } else {
            p->starting = false;
            watch(p, now, 1);
        }
    } else if (p->state == MYNA_GW_WATCHING) {
        if (people > 0 || p->opt.stay)
            join(p, true);
        else
            p->deadline = now + p->opt.interval;
    } else if (p->state == MYNA_GW_RECONNECTING) {
        if (people == 0 && !p->opt.stay) {
            watch(p, now, 1); /* nobody waits for us: no attempt is spent */
        } else {
            p->attempt++;
            join(p, true);
        }
    }
}

void myna_presence_joined(struct myna_presence *p, myna_us now, int people)
{
    if (p->state != MYNA_GW_JOINING || p->stopping)
        return;
    p->starting = p->accompanied = false;
    /* News of people come late: whoever made us come in is waited for. */
    enter(p, MYNA_GW_IN_ROOM, true, p->opt.stay ? MYNA_NEVER : now + p->opt.interval);
    myna_presence_people(p, people);
}

static void leave(struct myna_presence *p)
{
    p->leaving = true;
    p->deadline = MYNA_NEVER;
    p->does->leave(p->arg);
}

void myna_presence_people(struct myna_presence *p, int people)
{
    if (p->state != MYNA_GW_IN_ROOM || p->leaving || p->stopping || p->opt.stay)
        return;
    if (people > 0) {
        p->accompanied = true;
        p->deadline = MYNA_NEVER;
    } else if (p->accompanied) {
        leave(p);
    }
}

void myna_presence_lost(struct myna_presence *p, myna_us now, enum myna_gw_lost how, bool stood)
{
    if (p->stopping || p->leaving) { /* it was to end anyway */
        myna_presence_left(p, now);
        return;
    }
    if (p->state != MYNA_GW_JOINING && p->state != MYNA_GW_IN_ROOM)
        return;
    if (how == MYNA_GW_LOST_IDENTITY) {
        clash(p, now);
    } else if (p->state == MYNA_GW_IN_ROOM) {
        if (stood)
            p->attempt = 0;
        wait_and_try(p, now);
    } else if (p->starting) {
        p->starting = false;
        p->failed = true;
        stopped(p);
    } else if (p->attempt > 0 || p->opt.stay) {
        wait_and_try(p, now);
    } else {
        watch(p, now, 1);
    }
}

void myna_presence_left(struct myna_presence *p, myna_us now)
{
    if (p->stopping)
        stopped(p);
    else if (p->leaving && p->state == MYNA_GW_IN_ROOM)
        watch(p, now, 1);
}

bool myna_presence_reconnect(struct myna_presence *p, myna_us now)
{
    if (p->state != MYNA_GW_GIVEN_UP || p->stopping)
        return false;
    p->attempt = 0;
    enter(p, MYNA_GW_RECONNECTING, true, now);
    return true;
}

void myna_presence_stop(struct myna_presence *p, myna_us now)
{
    bool inside = p->state == MYNA_GW_IN_ROOM || p->state == MYNA_GW_JOINING;

    if (p->stopping || (p->state == MYNA_GW_STOPPED && !p->starting))
        return;
    p->starting = false;
    if (!inside) {
        stopped(p);
        return;
    }
    p->stopping = true;
    if (p->connected) {
        p->connected = false;
        p->does->state(p->arg, p->state, false);
    }
    p->deadline = now + MYNA_GW_STOP_WITHIN;
    if (!p->leaving)
        p->does->leave(p->arg);
}

/* ---- time */

myna_us myna_presence_deadline(const struct myna_presence *p)
{
    return p->deadline;
}

void myna_presence_expire(struct myna_presence *p, myna_us now)
{
    if (p->deadline == MYNA_NEVER || now < p->deadline)
        return;
    p->deadline = MYNA_NEVER;
    if (p->stopping) {
        say(p, MYNA_LOG_WARN, "the room did not let go of us in time: stopped all the same");
        stopped(p);
    } else if (p->state == MYNA_GW_WATCHING) {
        if (p->opt.stay)
            join(p, true);
        else
            count(p);
    } else if (p->state == MYNA_GW_RECONNECTING) {
        if (p->opt.stay)
            myna_presence_counted(p, now, -1);
        else
            count(p);
    } else if (p->state == MYNA_GW_IN_ROOM) { /* nobody came since we did */
        leave(p);
    }
}

bool myna_presence_failed(const struct myna_presence *p)
{
    return p->failed;
}

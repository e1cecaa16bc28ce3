/* signal_inside.h - a connection to /rtc/v1 from the inside, for the files signal*.c alone:
 * signal.c keeps one that stands, signal_open.c begins one and says how it came to nothing. */
#ifndef MYNA_LIVEKIT_SIGNAL_INSIDE_H
#define MYNA_LIVEKIT_SIGNAL_INSIDE_H

#include "livekit/signal.h"
#include "util/ws.h"

enum signal_state { SIGNAL_IDLE, SIGNAL_OPENING, SIGNAL_ASKING, SIGNAL_UP, SIGNAL_LEAVING };

struct signal_waiting {
    struct signal_waiting *next;
    size_t len;
    uint8_t bytes[];
};

struct myna_lk_signal {
    struct myna_host *host;
    struct myna_lk_signal_events events;
    void *arg;
    enum signal_state state;
    bool dead, held; /* held: resumed, but the owner is not ready for what waits */
    int depth;       /* inside of so many events */
    bool resuming;
    struct myna_ws *ws;
    struct myna_http_request *validate;
    struct myna_arena *mem;
    struct myna_timer timer;
    myna_us heard, next_ping, ping_every, ping_timeout, give_up;
    int rtt_ms;
    char *token, *validate_url;
    char refusal[400]; /* what the handshake said */
    struct signal_waiting *first, **last;
    size_t n_waiting, waiting_size;
};

/* ---- signal.c */

/* Nothing comes of it any more, and nobody is told. */
void myna_lk_s_close_line(struct myna_lk_signal *s);
/* Closed, and the owner told why: `s` may be gone behind it. */
void myna_lk_s_tell_end(struct myna_lk_signal *s, const struct myna_lk_end *end);
/* The same for a line that broke, or that we left. */
void myna_lk_s_dropped(struct myna_lk_signal *s, const char *message);
/* The timer for what is due next in this state. */
void myna_lk_s_arm(struct myna_lk_signal *s);
bool myna_lk_s_set_token(struct myna_lk_signal *s,
                         const char *token); /* false: memory, or length */
void myna_lk_s_on_asked(void *arg, struct myna_ws *ws);
void myna_lk_s_on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text);

#endif

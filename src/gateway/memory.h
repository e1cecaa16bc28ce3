/* memory.h - what a gateway knows again after a restart: announcements that wait for somebody, and
 * whether its answers are spoken (voice-gateway 13, 16.3).
 *
 * One JSON file for each room, 0600, written whole by a worker: the newest state wins, and one that
 * is lost costs nothing but itself. Loop thread; open and close are the program's start and end.
 */
#ifndef MYNA_GATEWAY_MEMORY_H
#define MYNA_GATEWAY_MEMORY_H

#include <myna/host.h>

#include "gateway/home.h"

enum myna_gw_voice {
    MYNA_GW_VOICE_ON,  /* what was said is answered aloud, what was typed by its own setting */
    MYNA_GW_VOICE_OFF, /* nothing is spoken */
    MYNA_GW_VOICE_ALL, /* everything is */
};
const char *myna_gw_voice_name(enum myna_gw_voice v); /* "on", "off", "tts" */

struct myna_gw_memory {
    struct myna_host *host;
    char *path; /* NULL: nothing is kept */
    struct myna_gw_home home;
    enum myna_gw_voice voice;
    struct myna_gw_writing *writing; /* on a worker; NULL: none */
    bool again;                      /* something changed meanwhile */
};

/* dir NULL or "": $XDG_DATA_HOME/myna/gateway (~/.local/share/…). What cannot be read is said in
 * the log, and begins anew. */
void myna_gw_memory_open(struct myna_gw_memory *m, struct myna_host *host, const char *dir,
                         const char *room);
void myna_gw_memory_save(struct myna_gw_memory *m); /* after each change */
void myna_gw_memory_close(struct myna_gw_memory *m);

/* "DIR/room.json"; what is no letter, digit, - or _ of the room stands as %XX. The caller's to
 * free; NULL: there is no home, or memory is short. */
char *myna_gw_memory_path(const char *dir, const char *room);

#endif

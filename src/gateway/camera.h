/* camera.h - client:capture-frame: one picture of the sender's camera, for their next words
 * (voice-gateway 8).
 *
 * A request takes the next picture that begins after it, and waits two seconds for it at most. The
 * camera is looked at while a request waits, and only then. Pictures become JPEG on a worker's
 * thread, one after the other, so they keep their order. What became of each request is told once.
 *
 * Loop thread. At most 8 requests of a person and 32 in all wait.
 */
#ifndef MYNA_GATEWAY_CAMERA_H
#define MYNA_GATEWAY_CAMERA_H

#include <stdbool.h>

#include <myna/event.h>

#include "gateway/wire.h"

#define MYNA_GW_CAMERA_LIMIT  (2 * MYNA_S)
#define MYNA_GW_CAMERA_LARGER (800 * MYNA_MS) /* after a small one */

enum { MYNA_GW_CAPTURES = 32, MYNA_GW_CAPTURES_EACH = 8 };

struct myna_gw_camera_host {
    /* Pictures of this person from now on; false: they have no camera. */
    bool (*look)(void *arg, const char *identity);
    void (*look_away)(void *arg, const char *identity);
    /* It goes with their next words; false: it cannot. */
    bool (*show)(void *arg, const char *identity, const struct myna_image *image);
};

struct myna_gw_camera;

struct myna_gw_camera *myna_gw_camera_create(struct myna_host *host,
                                             const struct myna_gw_wire *wire,
                                             const struct myna_gw_camera_host *owner, void *arg);
void myna_gw_camera_destroy(struct myna_gw_camera *c); /* tells nothing; NULL is fine */

void myna_gw_camera_capture(struct myna_gw_camera *c, const char *identity);
/* A key frame of theirs whose first packet came at `began`; borrowed. small: a larger one may
 * follow, and is waited for a moment. */
void myna_gw_camera_picture(struct myna_gw_camera *c, const char *identity, struct myna_view vp8,
                            myna_us began, bool small);
/* No picture of theirs can be had. */
void myna_gw_camera_refused(struct myna_gw_camera *c, const char *identity);
void myna_gw_camera_left(struct myna_gw_camera *c, const char *identity);

#endif

/* pictures.c - what a person shows goes with what they say next (voice-gateway 8).
 *
 * A picture waits for its person's next turn, spoken or typed, and is part of that turn's message
 * until the agent has answered: then its bytes are given back, and the history keeps its
 * description. A recording has the description alone, so a replay asks the same questions without
 * the pictures.
 *
 * While somebody's picture waits, the agent is not asked ahead of their turn's end: it would be
 * asked without it.
 */
#include "session/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/crc.h"
#include "util/fair.h"

#define PICTURE_BYTES ((size_t)4 << 20)

static void image_free(struct myna_image *image)
{
    free((void *)(uintptr_t)image->type);
    free((void *)(uintptr_t)image->bytes);
    *image = (struct myna_image){0};
}

static void drop(struct myna_session *s, size_t i)
{
    free(s->pictures[i].identity);
    image_free(&s->pictures[i].image);
    s->n_pictures--;
    memmove(&s->pictures[i], &s->pictures[i + 1], (s->n_pictures - i) * sizeof s->pictures[0]);
}

static size_t count(const struct myna_session *s, const char *identity)
{
    return myna_fair_count(MYNA_FAIR(s->pictures, s->n_pictures, identity), identity);
}

static void drop_oldest(struct myna_session *s, const char *identity)
{
    for (size_t i = 0; i < s->n_pictures; i++)
        if (!strcmp(s->pictures[i].identity, identity)) {
            drop(s, i);
            return;
        }
}

/* Nobody shows another one's pictures away. */
static void drop_one(struct myna_session *s)
{
    drop(s, myna_fair_victim(MYNA_FAIR(s->pictures, s->n_pictures, identity)));
}

bool myna_s_pictures_wait(const struct myna_session *s, const struct ear *by)
{
    return by && count(s, by->identity) > 0;
}

/* ---- shown */

static enum myna_err keep(struct myna_session *s, const char *identity,
                          const struct myna_image *image)
{
    struct s_picture p = {.identity = strdup(identity), .image = *image};
    uint8_t *bytes = image->bytes ? malloc(image->len) : NULL;

    p.image.type = strdup(image->type);
    p.image.bytes = bytes;
    if (!p.identity || !p.image.type || (image->bytes && !bytes)) {
        free(p.identity);
        image_free(&p.image);
        return MYNA_ENOMEM;
    }
    if (bytes)
        memcpy(bytes, image->bytes, image->len);
    if (count(s, identity) == S_PICTURES_EACH)
        drop_oldest(s, identity);
    if (s->n_pictures == S_PICTURES_MAX)
        drop_one(s);
    s->pictures[s->n_pictures++] = p;
    return MYNA_OK;
}

enum myna_err myna_s_show(struct myna_session *s, const char *identity,
                          const struct myna_image *image)
{
    enum myna_err err = MYNA_OK;
    char what[80] = "";

    if (!s->started || s->closing.asked)
        return MYNA_ESTATE;
    if (image)
        snprintf(what, sizeof what, "%.40s %zu %08" PRIx32, image->type, image->len, image->crc);
    myna_s_command(s, S_CMD_SHOW, image ? image->width : 0, image ? image->height : 0, identity,
                   image ? what : NULL);
    while (!image && count(s, identity))
        drop_oldest(s, identity);
    if (image) {
        err = keep(s, identity, image);
        if (s->preemptive.speech && myna_s_pictures_wait(s, s->preemptive.by))
            myna_s_preempt_cancel(s);
    }
    s->dirty = true;
    myna_s_leave(s);
    return err;
}

enum myna_err myna_session_show(struct myna_session *s, const char *identity,
                                const struct myna_image *image)
{
    struct myna_image own;

    if (!image)
        return myna_s_show(s, identity, NULL);
    if (!image->bytes || !image->len || image->len > PICTURE_BYTES || !image->type ||
        strlen(image->type) > 40 || strpbrk(image->type, " \t\r\n"))
        return MYNA_EINVAL;
    own = *image;
    own.crc = myna_crc32(0, image->bytes, image->len);
    return myna_s_show(s, identity, &own);
}

/* A replay has the description. */
enum myna_err myna_s_show_again(struct myna_session *s, const char *identity, uint32_t width,
                                uint32_t height, const char *what)
{
    struct myna_image image = {.width = width, .height = height};
    char type[41];

    if (!what)
        return myna_s_show(s, identity, NULL);
    if (sscanf(what, "%40s %zu %" SCNx32, type, &image.len, &image.crc) != 3)
        return MYNA_EFORMAT;
    image.type = type;
    return myna_s_show(s, identity, &image);
}

/* ---- with a message */

void myna_s_pictures_take(struct myna_session *s, const char *identity, struct myna_item *it)
{
    size_t n = count(s, identity), k = 0;
    struct myna_image *images = n && it ? calloc(n, sizeof *images) : NULL;

    if (!images)
        return;
    for (size_t i = 0; i < s->n_pictures;) {
        if (strcmp(s->pictures[i].identity, identity) != 0) {
            i++;
            continue;
        }
        images[k++] = s->pictures[i].image;
        s->pictures[i].image = (struct myna_image){0};
        drop(s, i);
    }
    it->images = images;
    it->n_images = k;
}

void myna_s_pictures_free(struct myna_item *it)
{
    struct myna_image *images = (struct myna_image *)(uintptr_t)it->images;

    for (size_t i = 0; i < it->n_images; i++)
        image_free(&images[i]);
    free(images);
    it->images = NULL;
    it->n_images = 0;
}

static void forget_bytes(struct myna_item *it)
{
    struct myna_image *images = (struct myna_image *)(uintptr_t)it->images;

    for (size_t i = 0; i < it->n_images; i++) {
        free((void *)(uintptr_t)images[i].bytes);
        images[i].bytes = NULL;
    }
}

/* Something new is asked. What the agent has answered needs its pictures no more; of what it never
 * answered the newest few are kept. */
void myna_s_pictures_answered(struct myna_session *s, uint32_t talk)
{
    bool answered = false;
    size_t kept = 0, from = s->n_items;

    for (size_t i = s->n_items; i-- > s->pictured_from;) {
        struct myna_item *it = s->items[i];
        bool ours = it->conversation == talk;

        answered |= ours && it->type == MYNA_ITEM_MESSAGE && it->role == MYNA_ROLE_ASSISTANT;
        if (!it->n_images || !it->images[0].bytes) /* none, or given back before */
            continue;
        if ((ours && answered) || kept + it->n_images > S_PICTURES_MAX) {
            forget_bytes(it);
            continue;
        }
        kept += it->n_images;
        from = i;
    }
    s->pictured_from = from;
}

void myna_s_pictures_fini(struct myna_session *s)
{
    while (s->n_pictures)
        drop(s, s->n_pictures - 1);
}

/* openai_pictures.c - pictures in a request: as data where the model sees, as a word where it does
 * not. Serves OpenAI's wire and Anthropic's. */
#include "providers/openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/crypto.h"

#define UNSEEN "(Here a picture was shown that you cannot see.)"

bool myna_openai_has_pictures(const struct myna_llm_request *req)
{
    for (size_t i = 0; i < req->n_items; i++)
        for (size_t k = 0; k < req->items[i].n_images; k++)
            if (req->items[i].images[k].bytes)
                return true;
    return false;
}

json_t *myna_openai_base64(const char *before, const struct myna_image *image)
{
    struct myna_buf b;
    json_t *text = NULL;

    myna_buf_init(&b, strlen(before) + image->len / 3 * 4 + 8);
    myna_buf_puts(&b, before);
    myna_base64_put(&b, (struct myna_view){image->bytes, image->len}, MYNA_BASE64);
    if (!b.err)
        text = json_stringn_nocheck((const char *)b.ptr, b.len);
    myna_buf_fini(&b);
    return text;
}

json_t *myna_openai_picture(const struct myna_image *image)
{
    char before[80];
    json_t *url;

    snprintf(before, sizeof before, "data:%.40s;base64,", image->type);
    url = myna_openai_base64(before, image);
    return url ? json_pack("{s:s,s:{s:o}}", "type", "image_url", "image_url", "url", url) : NULL;
}

/* ---- a model that sees nothing */

static char *described(const struct myna_item *it)
{
    const char *text = it->text ? it->text : "";
    size_t n = strlen(text) + sizeof UNSEEN + 1;
    char *both = malloc(n);

    if (both)
        snprintf(both, n, "%s %s", UNSEEN, text);
    return both;
}

void myna_openai_blind_fini(struct myna_openai_blind *b)
{
    for (size_t i = 0; b->items && i < b->req.n_items; i++)
        if (b->own[i])
            free((void *)(uintptr_t)b->items[i].text);
    free(b->items);
    free(b->own);
    *b = (struct myna_openai_blind){0};
}

enum myna_err myna_openai_blind_init(struct myna_openai_blind *b,
                                     const struct myna_llm_request *req)
{
    size_t n = req->n_items ? req->n_items : 1;

    *b = (struct myna_openai_blind){.items = calloc(n, sizeof *b->items), .own = calloc(n, 1)};
    if (!b->items || !b->own)
        goto fail;
    memcpy(&b->req, req, req->size < sizeof b->req ? req->size : sizeof b->req);
    b->req.items = b->items;
    for (size_t i = 0; i < req->n_items; i++) {
        struct myna_item *it = &b->items[i];

        *it = req->items[i];
        it->images = NULL;
        it->n_images = 0;
        for (size_t k = 0; k < req->items[i].n_images && !b->own[i]; k++)
            if (req->items[i].images[k].bytes) {
                it->text = described(&req->items[i]);
                b->own[i] = true;
            }
        if (!it->text && b->own[i])
            goto fail;
    }
    return MYNA_OK;
fail:
    b->req.n_items = b->items && b->own ? req->n_items : 0;
    myna_openai_blind_fini(b);
    return MYNA_ENOMEM;
}

static bool speaks_of(struct myna_view body, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= body.len; i++)
        if (!strncasecmp((const char *)body.ptr + i, word, n))
            return true;
    return false;
}

static bool speaks_of_any(struct myna_view body, const char *const *words)
{
    while (*words && !speaks_of(body, *words))
        words++;
    return *words;
}

/* A picture that is too large or broken, or a conversation that is too long, is refused with the
 * statuses of a model that sees nothing: only its own words tell them apart. In doubt the next
 * picture is tried again. */
enum myna_openai_refusal myna_openai_refusal_of(int status, struct myna_view body)
{
    static const char *const sight[] = {"image", "vision", "multimodal", "mmproj", NULL};
    static const char *const this_one[] = {"exceed",      "too large",      "too many",
                                           "too big",     "could not",      "format",
                                           "valid image", "context length", NULL};
    bool of_sight = speaks_of_any(body, sight) && !speaks_of_any(body, this_one);

    if (status == 415)
        return MYNA_OPENAI_TAKES_NO_IMAGE;
    if (status == 413)
        return MYNA_OPENAI_THIS_REQUEST;
    if (status == 400 || status == 404 || status == 422)
        return of_sight ? MYNA_OPENAI_TAKES_NO_IMAGE : MYNA_OPENAI_THIS_REQUEST;
    if (status >= 500 && speaks_of_any(body, sight)) /* some servers call it their own fault */
        return of_sight ? MYNA_OPENAI_TAKES_NO_IMAGE : MYNA_OPENAI_THIS_REQUEST;
    return MYNA_OPENAI_NO_REFUSAL;
}

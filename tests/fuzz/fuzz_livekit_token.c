/* fuzz_livekit_token.c - any texts as what a token says: three pieces of base64url come out, the
 * second is JSON that says the same, or a sentence why not. The input is cut at line ends:
 * identity, name, room, metadata, agent; its first byte is the grants. */
#include <myna/livekit.h>

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *cut(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (end)
        *end++ = '\0';
    *at = end ? end : line + strlen(line);
    return line;
}

static void look_at(const char *token)
{
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;

    if (!second || strchr(second + 1, '.') ||
        strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") !=
            strlen(token))
        abort();
    if (strlen(second + 1) != 43) /* a SHA-256, without padding */
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_livekit_token what = {
        .size = sizeof what, .api_key = "devkey", .api_secret = "secret", .wall_s = 1700000000};
    struct myna_why why = {0};
    char *text, *at, *token = NULL;

    if (size < 1 || !(text = malloc(size)))
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    at = text;
    what.grants = data[0];
    what.identity = cut(&at);
    what.name = cut(&at);
    what.room = cut(&at);
    what.metadata = cut(&at);
    what.agent = *at ? cut(&at) : NULL;
    if (myna_livekit_token(&what, &token, &why) == MYNA_OK)
        look_at(token);
    else if (!why.text[0])
        abort();
    free(token);
    free(text);
    return 0;
}

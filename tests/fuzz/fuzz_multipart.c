/* fuzz_multipart.c - any names and contents as a form: read back by the boundary alone there are as
 * many parts as went in, each with its own bytes. */
#include "util/multipart.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void read_back(struct myna_view body, const char *type, const struct myna_part *parts,
                      size_t n)
{
    char mark[64];
    int len = snprintf(mark, sizeof mark, "\r\n--%s", strstr(type, "boundary=") + 9);
    const uint8_t *at = body.ptr + len - 2, *end = body.ptr + body.len, *from, *to;

    must(!memcmp(body.ptr, mark + 2, (size_t)len - 2));
    for (size_t i = 0; i < n; i++) {
        must(!memcmp(at, "\r\n", 2));
        from = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        must(from != NULL);
        from += 4;
        /* from the last two bytes of the head: an empty part begins with its boundary */
        to = memmem(from - 2, (size_t)(end - from) + 2, mark, (size_t)len);
        must(to != NULL);
        if (parts[i].data.len == 0)
            must(to == from - 2 || to == from);
        else
            must((size_t)(to - from) == parts[i].data.len &&
                 !memcmp(from, parts[i].data.ptr, parts[i].data.len));
        at = to + len;
    }
    must(end - at == 4 && !memcmp(at, "--\r\n", 4));
}

/* The input: a name, a NUL, a file name, a NUL, the content; the name is the first field's too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *a = memchr(data, 0, size),
                  *b = a ? memchr(a + 1, 0, size - (a + 1 - data)) : NULL;
    struct myna_part parts[2];
    char type[MYNA_MULTIPART_TYPE];
    struct myna_buf body;

    if (!b)
        return 0;
    parts[0] = (struct myna_part){.name = (const char *)data, .data = {data, (size_t)(a - data)}};
    parts[1] = (struct myna_part){.name = (const char *)data,
                                  .filename = (const char *)a + 1,
                                  .data = {b + 1, size - (size_t)(b + 1 - data)}};
    myna_buf_init(&body, 1 << 22);
    must(myna_multipart(&body, type, parts, 2, (uint32_t)size) == MYNA_OK);
    read_back(myna_buf_view(&body), type, parts, 2);
    myna_buf_fini(&body);
    return 0;
}

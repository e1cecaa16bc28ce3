/* multipart.c - a form with files in it (multipart.h). */
#include "util/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BOUNDARY 40

static bool holds(struct myna_view v, const char *boundary)
{
    return v.len && memmem(v.ptr, v.len, boundary, strlen(boundary));
}

static void choose(char boundary[BOUNDARY], const struct myna_part *parts, size_t n, uint32_t salt)
{
    bool taken = true;

    for (uint32_t try = 0; taken; try++) {
        /* Knuth's multiplier spreads neighbouring numbers */
        snprintf(boundary, BOUNDARY, "myna-form-%08" PRIx32 "%08" PRIx32,
                 (salt + try) * UINT32_C(2654435761), salt ^ try);
        taken = false;
        for (size_t i = 0; i < n && !taken; i++)
            taken = holds(parts[i].data, boundary);
    }
}

static void put_name(struct myna_buf *b, const char *name)
{
    for (; *name; name++) {
        if (*name == '"')
            myna_buf_puts(b, "%22");
        else if (*name == '\r')
            myna_buf_puts(b, "%0D");
        else if (*name == '\n')
            myna_buf_puts(b, "%0A");
        else
            myna_buf_putc(b, *name);
    }
}

enum myna_err myna_multipart(struct myna_buf *into, char type[MYNA_MULTIPART_TYPE],
                             const struct myna_part *parts, size_t n, uint32_t salt)
{
    char boundary[BOUNDARY];

    choose(boundary, parts, n, salt);
    for (size_t i = 0; i < n; i++) {
        const struct myna_part *p = &parts[i];

        myna_buf_printf(into, "--%s\r\nContent-Disposition: form-data; name=\"", boundary);
        put_name(into, p->name);
        if (p->filename) {
            myna_buf_puts(into, "\"; filename=\"");
            put_name(into, p->filename);
            myna_buf_printf(into, "\"\r\nContent-Type: %s\r\n\r\n",
                            p->type ? p->type : "application/octet-stream");
        } else {
            myna_buf_puts(into, "\"\r\n\r\n");
        }
        myna_buf_put(into, p->data.ptr, p->data.len);
        myna_buf_puts(into, "\r\n");
    }
    myna_buf_printf(into, "--%s--\r\n", boundary);
    snprintf(type, MYNA_MULTIPART_TYPE, "multipart/form-data; boundary=%s", boundary);
    return into->err;
}

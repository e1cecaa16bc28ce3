/* multipart.h - a form with files in it, as a browser posts it (RFC 7578): for uploads.
 *
 * One call makes the whole body. The boundary is chosen so that it occurs in no part. Quotes and
 * line ends in names are written as browsers write them (WHATWG HTML 4.10.22.8), so no name can
 * begin a part of its own.
 *
 * Pure.
 */
#ifndef MYNA_UTIL_MULTIPART_H
#define MYNA_UTIL_MULTIPART_H

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define MYNA_MULTIPART_TYPE 80 /* bytes of the value of Content-Type */

struct myna_part {
    const char *name;
    const char *filename; /* NULL: a plain field */
    const char *type;     /* of a file; NULL: application/octet-stream */
    struct myna_view data;
};

/* Appends the body to `into` and writes the request's Content-Type. `salt`: any number; another one
 * makes another boundary. MYNA_ENOMEM, MYNA_ELIMIT: the buffer's ceiling. */
enum myna_err myna_multipart(struct myna_buf *into, char type[MYNA_MULTIPART_TYPE],
                             const struct myna_part *parts, size_t n, uint32_t salt);

#endif

/* json_dump.c - the buffer remembers that something did not fit, whatever jansson makes of it. */
#include "util/json_dump.h"

#include "util/buf.h"

static int take(const char *text, size_t len, void *arg)
{
    return myna_buf_put(arg, text, len) == MYNA_OK ? 0 : -1;
}

char *myna_json_dump(const json_t *value, size_t flags)
{
    struct myna_buf b;
    char *text = NULL;

    if (!value)
        return NULL;
    myna_buf_init(&b, (size_t)1 << 30);
    if (!json_dump_callback(value, take, &b, flags) && !b.err)
        text = myna_buf_take(&b);
    myna_buf_fini(&b);
    return text;
}

/* url.c - see url.h. */
#include "livekit/url.h"

#include <string.h>
#include <strings.h>

enum myna_err myna_lk_url(struct myna_buf *out, const char *base, const char *path,
                          struct myna_why *why)
{
    static const struct {
        const char *from, *to;
    } schemes[] = {{"ws://", "http://"},
                   {"wss://", "https://"},
                   {"http://", "http://"},
                   {"https://", "https://"}};
    size_t len;

    if (!base || !*base)
        return myna_fail(why, MYNA_ECONFIG,
                         "no LiveKit server is named: set transport.livekit.url or LIVEKIT_URL, "
                         "for example ws://localhost:7880");
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i].from);

        if (strncasecmp(base, schemes[i].from, n) != 0)
            continue;
        len = strcspn(base + n, "?# \r\n\t");
        while (len > 0 && base[n + len - 1] == '/')
            len--;
        if (len == 0 || base[n + strcspn(base + n, "?# \r\n\t")])
            break;
        myna_buf_printf(out, "%s%.*s%s", schemes[i].to, (int)len, base + n, path);
        return out->err ? myna_fail(why, out->err, "memory is short") : MYNA_OK;
    }
    return myna_fail(
        why, MYNA_ECONFIG,
        "'%.100s' is no address of a LiveKit server; it looks like ws://localhost:7880 "
        "or wss://HOST",
        base);
}

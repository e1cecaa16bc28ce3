/* out.c - colours and JSON of the program. */
#include "out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <myna/discover.h>

bool myna_cli_colour(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(out)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

const char *myna_cli_bold(bool colour)
{
    return colour ? "\033[1m" : "";
}

const char *myna_cli_green(bool colour)
{
    return colour ? "\033[32m" : "";
}

const char *myna_cli_yellow(bool colour)
{
    return colour ? "\033[33m" : "";
}

const char *myna_cli_red(bool colour)
{
    return colour ? "\033[31m" : "";
}

const char *myna_cli_plain(bool colour)
{
    return colour ? "\033[0m" : "";
}

void myna_cli_put_plain(FILE *out, const char *text, bool lines)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '\n' && lines) {
            putc('\n', out);
        } else if (*p < ' ' || *p == 127 || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) {
            putc(' ', out);
            p += *p == 0xc2;
        } else {
            putc(*p, out);
        }
    }
}

enum myna_err myna_cli_discover(struct myna_config *cfg, bool no_probe, bool quiet,
                                struct myna_why *why)
{
    bool colour = myna_cli_colour(stderr);
    char line[1024];
    enum myna_err err = no_probe ? MYNA_OK : myna_discover_all(cfg, line, sizeof line, why);

    if (!no_probe && !err && *line && !quiet)
        fprintf(stderr, "%s%s%s\n", myna_cli_bold(colour), line, myna_cli_plain(colour));
    return err;
}

json_t *myna_cli_ms(double ms)
{
    return ms == floor(ms) && fabs(ms) < 1e15 ? json_integer((json_int_t)ms) : json_real(ms);
}

enum myna_err myna_cli_json(json_t *value, struct myna_why *why)
{
    /* 9 digits hold a float exactly. Straight into the stream: json_dumps() of jansson 2.14 leaves
     * keys out when memory is short. */
    int bad = value ? json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;

    json_decref(value);
    putchar('\n');
    if (bad && !ferror(stdout)) /* what could not be written is told at the end of the program */
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    return MYNA_OK;
}

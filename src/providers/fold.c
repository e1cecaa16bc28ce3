/* fold.c - UTF-8 to what Flite's rules read (flite.h). */
#include "providers/flite.h"

#include <string.h>

/* Latin-1 letters from U+00C0; a space: no plain twin. */
static const char latin1[65] = "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTsaaaaaaaceeeeiiiidnooooo ouuuuyty";

static const struct {
    const char *sign, *plain; /* plain is never longer */
} signs[] = {
    {"\xE2\x80\x98", "'"},   {"\xE2\x80\x99", "'"},  {"\xE2\x80\x9C", "\""},
    {"\xE2\x80\x9D", "\""},  {"\xE2\x80\x93", ", "}, {"\xE2\x80\x94", ", "},
    {"\xE2\x80\xA6", "..."}, {"\xC2\xA0", " "},      {"\xE2\x82\xAC", "EUR"},
    {"\xC2\xB0", ""},        {"\xC3\x97", "x"},      {"\xE2\x88\x92", "-"},
};

static size_t sequence(const unsigned char *p)
{
    size_t n = *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC0 ? 2 : 1;

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return i;
    return n;
}

void myna_flite_fold(char *text)
{
    char *out = text;

    for (const char *p = text; *p;) {
        size_t n = sequence((const unsigned char *)p);
        const unsigned char *u = (const unsigned char *)p;
        const char *plain = "";
        char one[2] = "";

        if (n == 1 && *u < 0x80) {
            one[0] = *u < ' ' ? ' ' : *p;
            plain = one;
        } else if (n == 2 && *u == 0xC3 && latin1[u[1] - 0x80] != ' ') {
            one[0] = latin1[u[1] - 0x80];
            plain = one;
        }
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            if (n == strlen(signs[i].sign) && !memcmp(p, signs[i].sign, n))
                plain = signs[i].plain;
        p += n;
        memmove(out, plain, strlen(plain));
        out += strlen(plain);
    }
    *out = '\0';
}

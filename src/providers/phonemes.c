/* phonemes.c - the table is local-model lore: docs/models.md. */
#include "providers/phonemes.h"

#include <string.h>
#include <strings.h>

struct row {
    const char *phone;
    uint16_t ipa[3];  /* code points, ended by 0 */
    uint16_t weak[2]; /* when unstressed; 0: the same */
    bool vowel;
};

static const struct row rows[] = {
    {"aa", {0x251, 0x2D0}, {0}, true}, {"ae", {0xE6}, {0}, true},
    {"ah", {0x28C}, {0x259}, true},    {"ao", {0x254, 0x2D0}, {0}, true},
    {"aw", {'a', 0x28A}, {0}, true},   {"ax", {0x259}, {0}, true},
    {"axr", {0x25A}, {0}, true},       {"ay", {'a', 0x26A}, {0}, true},
    {"ch", {'t', 0x283}, {0}, false},  {"dh", {0xF0}, {0}, false},
    {"eh", {0x25B}, {0}, true},        {"er", {0x25C, 0x2D0}, {0x25A}, true},
    {"ey", {'e', 0x26A}, {0}, true},   {"g", {0x261}, {0}, false},
    {"hh", {'h'}, {0}, false},         {"ih", {0x26A}, {0}, true},
    {"iy", {'i', 0x2D0}, {'i'}, true}, {"jh", {'d', 0x292}, {0}, false},
    {"ng", {0x14B}, {0}, false},       {"ow", {'o', 0x28A}, {0}, true},
    {"oy", {0x254, 0x26A}, {0}, true}, {"r", {0x279}, {0}, false},
    {"sh", {0x283}, {0}, false},       {"th", {0x3B8}, {0}, false},
    {"uh", {0x28A}, {0}, true},        {"uw", {'u', 0x2D0}, {0}, true},
    {"y", {'j'}, {0}, false},          {"zh", {0x292}, {0}, false},
};

#define STRESS 0x2C8

static const struct row *row_of(const char *phone)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].phone, phone))
            return &rows[i];
    return NULL;
}

struct out {
    int32_t *into;
    size_t n, max;
};

static void put(struct out *o, int32_t c)
{
    if (o->n < o->max)
        o->into[o->n++] = c;
}

static void put_phone(struct out *o, const struct myna_phone *p)
{
    const struct row *row = row_of(p->name);
    const uint16_t *ipa;

    if (!row) { /* b d f k l m n p s t v w z: the letter is the sound */
        for (const char *c = p->name; *c; c++)
            put(o, *c);
        return;
    }
    if (row->vowel && p->stressed)
        put(o, STRESS);
    ipa = !p->stressed && row->weak[0] ? row->weak : row->ipa;
    for (int i = 0; i < (ipa == row->weak ? 1 : 3) && ipa[i]; i++)
        put(o, ipa[i]);
}

size_t myna_phonemes(const struct myna_phone *phones, size_t n, char end, int32_t *into, size_t max)
{
    struct out o = {.into = into, .max = max};
    bool sign = true; /* no space or sign at the very front */
    char punc = 0;

    while (n && !strcmp(phones[n - 1].name, "pau"))
        n--;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(phones[i].name, "pau")) {
            if (!sign)
                put(&o, punc ? punc : ',');
            sign = sign || o.n > 0;
            continue;
        }
        if (phones[i].begins && !phones[i].clitic && o.n)
            put(&o, ' ');
        put_phone(&o, &phones[i]);
        punc = phones[i].punc;
        sign = false;
    }
    if (end && o.n)
        put(&o, end);
    return o.n;
}

char myna_phones_sign(const struct myna_phone *phones, size_t spoken, size_t n)
{
    size_t i = spoken;

    while (i > 0 && phones[i - 1].len == 0)
        i--;
    if (i > 0 && phones[i - 1].punc)
        return phones[i - 1].punc;
    return spoken < n ? ',' : '.';
}

double myna_phone_weight(const struct myna_phone *phone)
{
    const struct row *row = row_of(phone->name);

    if (!strcmp(phone->name, "pau"))
        return 2.0;
    return row && row->vowel ? (phone->stressed ? 1.6 : 1.2) : 1.0;
}

static bool opens_phrase(const char *text, const struct myna_phone *p)
{
    static const char *const words[] = {"and",  "but",   "or",    "because", "that",  "which",
                                        "who",  "when",  "where", "while",   "if",    "so",
                                        "with", "in",    "on",    "at",      "for",   "from",
                                        "to",   "about", "after", "before",  "under", "than"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (p->len == strlen(words[i]) && !strncasecmp(text + p->offset, words[i], p->len))
            return true;
    return false;
}

size_t myna_phones_cut(const struct myna_phone *phones, size_t n, size_t most, const char *text)
{
    size_t any = n, phrase = n;

    if (n <= most + most / 3) /* a short rest is not worth a seam */
        return n;
    for (size_t i = most / 3; i <= most; i++) {
        bool word =
            phones[i].begins && !phones[i].clitic && phones[i].offset != phones[i - 1].offset;

        if (!strcmp(phones[i - 1].name, "pau"))
            phrase = any = i;
        else if (word && opens_phrase(text, &phones[i]))
            phrase = i;
        else if (word)
            any = i;
    }
    return phrase < n ? phrase : any;
}

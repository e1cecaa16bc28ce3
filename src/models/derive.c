/* derive.c - the files that no package holds as we need them: token tables, and the voice with its
 * metadata. The recipes and their sources: docs/models.md. Each is whole or not there.
 */
#include "models/models.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/fs.h"
#include "util/json_load.h"

/* Moonshine's tables have half a megabyte. */
enum { ENTRIES_MAX = 65536, SOURCE_MAX = 8 << 20, TABLE_MAX = 16 << 20 };

/* Gives the table its place, unless it could not be made. */
static enum myna_err save(struct myna_buf *table, const char *to, enum myna_err err,
                          struct myna_why *why)
{
    if (!err && table->err)
        err = myna_fail(why, table->err, "no memory to make %s", to);
    if (!err)
        err = myna_fs_write(to, myna_buf_view(table), 0644, why);
    myna_buf_fini(table);
    return err;
}

/* ---- tokenizer.bin: a row of entries, each a length (one byte n; n >= 128: next * 128 + n - 128;
 * 0: unused) and that many bytes. */

static void put_base64(struct myna_buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);

        myna_buf_putc(out, digits[v >> 18]);
        myna_buf_putc(out, digits[v >> 12 & 63]);
        myna_buf_putc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        myna_buf_putc(out, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* U+2581, the mark of a word's beginning, becomes the space that it stands for. */
static size_t unmark(uint8_t *p, size_t n)
{
    size_t o = 0;

    for (size_t i = 0; i < n; i++) {
        if (n - i >= 3 && p[i] == 0xE2 && p[i + 1] == 0x96 && p[i + 2] == 0x81) {
            p[o++] = ' ';
            i += 2;
        } else {
            p[o++] = p[i];
        }
    }
    return o;
}

enum myna_err myna_model_make_tokens(const char *from, const char *to, struct myna_why *why)
{
    struct myna_buf table;
    char *source = NULL;
    size_t left = 0;
    uint8_t *at;
    enum myna_err err = myna_fs_read(from, SOURCE_MAX, &source, &left, why);
    int index = 0;

    if (err)
        return err;
    at = (uint8_t *)source;
    myna_buf_init(&table, TABLE_MAX);
    for (; left > 0; index++) {
        size_t n = *at++;

        left--;
        if (n >= 128 && left > 0) {
            n = (size_t)*at++ * 128 + n - 128;
            left--;
        }
        if (n > left || index >= ENTRIES_MAX) {
            err = myna_fail(why, MYNA_EFORMAT,
                            "%s is damaged: entry %d of the tokenizer runs past the end", from,
                            index);
            break;
        }
        put_base64(&table, at, unmark(at, n));
        myna_buf_printf(&table, " %d\n", index);
        at += n;
        left -= n;
    }
    if (!err && index == 0)
        err = myna_fail(why, MYNA_EFORMAT, "%s is damaged: no tokens in it", from);
    free(source);
    return save(&table, to, err, why);
}

/* ---- the voice: a protobuf message may be continued by appending fields; here ModelProto's field
 * 14 (metadata_props), each {1: key, 2: value}, all shorter than 128 bytes. */

static enum myna_err io_fail(struct myna_why *why, const char *what, const char *path)
{
    enum myna_err err = errno == ENOSPC || errno == EDQUOT ? MYNA_ENOSPC
                        : errno == ENOENT                  ? MYNA_ENOENT
                                                           : MYNA_EIO;

    return myna_fail(why, err, "%s %s: %s", what, path, strerror(errno));
}

static enum myna_err open_both(const char *from, const char *to, FILE **in, FILE **out,
                               struct myna_why *why)
{
    *out = NULL;
    *in = fopen(from, "rb");
    if (!*in)
        return io_fail(why, "cannot read", from);
    *out = fopen(to, "wb");
    return *out ? MYNA_OK : io_fail(why, "cannot write", to);
}

/* Closes both; a write that failed late (full disk) is found here. */
static enum myna_err close_both(FILE *in, FILE *out, const char *to, enum myna_err err,
                                struct myna_why *why)
{
    if (in)
        fclose(in);
    if (!out)
        return err;
    if (!err && (fflush(out) || ferror(out)))
        err = io_fail(why, "cannot write", to);
    if (fclose(out) && !err)
        err = io_fail(why, "cannot write", to);
    if (err)
        remove(to);
    return err;
}

enum myna_err myna_model_make_voice(const char *from, const char *to, struct myna_why *why)
{
    static const char *const meta[][2] = {
        {"model_type", "vits"}, {"comment", "piper"}, {"language", "English"},  {"voice", "en-us"},
        {"has_espeak", "1"},    {"n_speakers", "1"},  {"sample_rate", "22050"},
    };
    static const uint8_t tag_entry = 14 << 3 | 2, tag_key = 1 << 3 | 2, tag_value = 2 << 3 | 2;
    FILE *in, *out;
    char block[65536];
    size_t n;
    enum myna_err err = open_both(from, to, &in, &out, why);

    while (!err && (n = fread(block, 1, sizeof block, in)) > 0)
        if (fwrite(block, 1, n, out) != n)
            err = io_fail(why, "cannot write", to);
    if (!err && ferror(in))
        err = io_fail(why, "cannot read", from);
    for (size_t i = 0; !err && i < sizeof meta / sizeof *meta; i++) {
        size_t k = strlen(meta[i][0]), v = strlen(meta[i][1]);

        fprintf(out, "%c%c%c%c%s%c%c%s", tag_entry, (char)(k + v + 4), tag_key, (char)k, meta[i][0],
                tag_value, (char)v, meta[i][1]);
    }
    return close_both(in, out, to, err, why);
}

enum myna_err myna_model_make_symbols(const char *from, const char *to, struct myna_why *why)
{
    struct myna_buf table;
    json_error_t bad = {0};
    json_t *root, *map, *ids;
    const char *symbol;
    char *source = NULL;
    size_t len = 0;
    enum myna_err err = myna_fs_read(from, SOURCE_MAX, &source, &len, why);

    if (err)
        return err;
    myna_buf_init(&table, TABLE_MAX);
    root = myna_json_loadb(source, len, 0, &bad);
    map = json_object_get(root, "phoneme_id_map");
    json_object_foreach(map, symbol, ids)
    {
        myna_buf_printf(&table, "%s %" JSON_INTEGER_FORMAT "\n", symbol,
                        json_integer_value(json_array_get(ids, 0)));
    }
    if (!root && myna_json_starved(&bad))
        err = myna_fail(why, MYNA_ENOMEM, "no memory to read %s", from);
    else if (json_object_size(map) == 0)
        err = myna_fail(why, MYNA_EFORMAT, "%s is no description of a Piper voice: %s", from,
                        root ? "it has no phoneme_id_map" : bad.text);
    json_decref(root);
    free(source);
    return save(&table, to, err, why);
}

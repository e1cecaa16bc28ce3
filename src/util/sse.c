/* sse.c - lines first, then fields, then events; each layer knows only the one before. */
#include "util/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};

void myna_sse_init(struct myna_sse *sse, size_t max,
                   bool (*event)(void *arg, const struct myna_sse_event *ev), void *arg)
{
    *sse = (struct myna_sse){.event = event, .arg = arg, .retry_ms = -1, .bom = 3};
    myna_buf_init(&sse->line, max);
    myna_buf_init(&sse->data, max);
}

void myna_sse_fini(struct myna_sse *sse)
{
    myna_buf_fini(&sse->line);
    myna_buf_fini(&sse->data);
}

/* ---- an event */

static enum myna_err dispatch(struct myna_sse *sse)
{
    char name[sizeof sse->name];
    struct myna_sse_event ev = {.name = name, .id = sse->id};
    bool has_data = sse->has_data;

    memcpy(name, sse->name[0] ? sse->name : "message", sse->name[0] ? sizeof name : 8);
    sse->name[0] = '\0';
    sse->has_data = false;
    if (!has_data)
        return MYNA_OK;
    ev.data = (struct myna_view){(const uint8_t *)myna_buf_str(&sse->data), sse->data.len};
    return sse->event(sse->arg, &ev) ? MYNA_OK : MYNA_ECANCELED;
}

/* ---- a field */

static void keep(char *into, size_t size, struct myna_view value)
{
    size_t n = value.len < size - 1 ? value.len : size - 1;

    if (memchr(value.ptr, '\0', n))
        return; /* the standard ignores such an id; such a name is none either */
    memcpy(into, value.ptr, n);
    into[n] = '\0';
}

static bool is(struct myna_view field, const char *name)
{
    return field.len == strlen(name) && !memcmp(field.ptr, name, field.len);
}

static enum myna_err take_data(struct myna_sse *sse, struct myna_view value)
{
    if (!sse->has_data)
        myna_buf_clear(&sse->data);
    else if (myna_buf_putc(&sse->data, '\n'))
        return sse->data.err;
    sse->has_data = true;
    return myna_buf_put(&sse->data, value.ptr, value.len);
}

static enum myna_err take_line(struct myna_sse *sse)
{
    struct myna_view field = {(const uint8_t *)myna_buf_str(&sse->line), sse->line.len};
    struct myna_view value = {field.ptr + field.len, 0};
    const uint8_t *colon = memchr(field.ptr, ':', field.len);

    if (!field.len)
        return dispatch(sse);
    if (colon) {
        value.ptr = colon + 1;
        value.len = (size_t)(field.ptr + field.len - value.ptr);
        field.len = (size_t)(colon - field.ptr);
        if (value.len > 0 && value.ptr[0] == ' ') {
            value.ptr++;
            value.len--;
        }
    }
    if (is(field, "data"))
        return take_data(sse, value);
    if (is(field, "event"))
        keep(sse->name, sizeof sse->name, value);
    else if (is(field, "id"))
        keep(sse->id, sizeof sse->id, value);
    else if (is(field, "retry") && value.len > 0 && value.len < 10 &&
             strspn((const char *)value.ptr, "0123456789") == value.len)
        sse->retry_ms = atoll((const char *)value.ptr);
    return MYNA_OK;
}

/* ---- lines */

/* Bytes of the mark at the very start are passed over; those that turn out to be none are given
 * back as text. Returns how many of `bytes` were used. */
static size_t skip_mark(struct myna_sse *sse, struct myna_view bytes)
{
    size_t used = 0;

    while (sse->bom > 0 && used < bytes.len) {
        if (bytes.ptr[used] != mark[3 - sse->bom]) {
            myna_buf_put(&sse->line, mark, (size_t)(3 - sse->bom));
            sse->bom = 0;
            break;
        }
        used++;
        sse->bom--;
    }
    return used;
}

enum myna_err myna_sse_feed(struct myna_sse *sse, struct myna_view bytes)
{
    size_t at = skip_mark(sse, bytes);

    while (at < bytes.len) {
        size_t n = 0;
        enum myna_err err;

        if (sse->after_cr && bytes.ptr[at] == '\n') {
            sse->after_cr = false;
            at++;
            continue;
        }
        sse->after_cr = false;
        while (at + n < bytes.len && bytes.ptr[at + n] != '\n' && bytes.ptr[at + n] != '\r')
            n++;
        if (n > 0 && myna_buf_put(&sse->line, bytes.ptr + at, n))
            return sse->line.err;
        at += n;
        if (at == bytes.len)
            break;
        sse->after_cr = bytes.ptr[at++] == '\r';
        err = take_line(sse);
        if (err)
            return err;
        myna_buf_clear(&sse->line);
    }
    return MYNA_OK;
}

enum myna_err myna_sse_end(struct myna_sse *sse)
{
    enum myna_err err = MYNA_OK;

    if (sse->line.len) {
        err = take_line(sse);
        if (err)
            return err;
        myna_buf_clear(&sse->line);
    }
    return dispatch(sse);
}

/* all_cuts.h - one text through a chain of transforms, cut at every place and byte by byte: what
 * comes out is always the same. For the tests of tts/filters.h. */
#ifndef TESTS_TTS_ALL_CUTS_H
#define TESTS_TTS_ALL_CUTS_H

#include "tts/filters.h"

#include "util/buf.h"

#include "check.h"

static char got[20000];
static size_t n_got;
static uint32_t last_src, max_src;

static void out(void *arg, struct myna_view v, const uint32_t *src)
{
    (void)arg;
    CHECK(n_got + v.len < sizeof got);
    memcpy(got + n_got, v.ptr, v.len);
    n_got += v.len;
    got[n_got] = '\0';
    for (size_t i = 0; i < v.len; i++) {
        CHECK(src[i] >= last_src && src[i] <= max_src); /* never falls, never runs ahead */
        last_src = src[i];
    }
}

static inline struct myna_filters *make_with(struct myna_filters_options opt)
{
    opt.out = out;
    n_got = 0;
    got[0] = '\0';
    last_src = 0;
    max_src = UINT32_MAX;
    return myna_filters_create(&opt);
}

/* The whole, all cuts into two (of a long text some), and single bytes: always `want`. */
static inline void filter_with(struct myna_filters_options opt, const char *text, const char *want)
{
    size_t len = strlen(text), step = len > 1000 ? 997 : 1;

    for (size_t cut = 0; cut <= len + 1; cut += step) {
        struct myna_filters *fi = make_with(opt);
        const uint8_t *p = (const uint8_t *)text;

        max_src = (uint32_t)len;
        if (cut <= len) {
            CHECK_EQ(myna_filters_push(fi, (struct myna_view){p, cut}), MYNA_OK);
            CHECK_EQ(myna_filters_push(fi, (struct myna_view){p + cut, len - cut}), MYNA_OK);
        } else {
            for (size_t i = 0; i < len; i++)
                CHECK_EQ(myna_filters_push(fi, (struct myna_view){p + i, 1}), MYNA_OK);
        }
        myna_filters_flush(fi);
        myna_filters_destroy(fi);
        CHECK_STR(got, want);
    }
}

/* ---- the same by the names of transforms */

/* "code, tables" as a list; good until the next call. NULL stays NULL. */
static inline const char *const *list_of(const char *names)
{
    static char text[300];
    static const char *list[20];
    size_t n = 0;

    if (!names)
        return NULL;
    CHECK(strlen(names) < sizeof text);
    strcpy(text, names);
    for (char *p = strtok(text, " ,"); p; p = strtok(NULL, " ,"))
        list[n++] = p;
    list[n] = NULL;
    return list;
}

static inline struct myna_filters_options named(const char *transforms, const char *language)
{
    return (struct myna_filters_options){.transforms = list_of(transforms), .language = language};
}

static inline struct myna_filters *make(const char *transforms, const char *language)
{
    return make_with(named(transforms, language));
}

static inline void filter_in(const char *transforms, const char *language, const char *text,
                             const char *want)
{
    filter_with(named(transforms, language), text, want);
}

static inline void filter(const char *transforms, const char *text, const char *want)
{
    filter_in(transforms, "en", text, want);
}

/* What has left after the whole text was pushed, but not flushed. */
static inline const char *left(const char *transforms, const char *text)
{
    struct myna_filters *fi = make(transforms, "en");

    CHECK_EQ(myna_filters_push(fi, myna_view_of(text)), MYNA_OK);
    myna_filters_destroy(fi);
    return got;
}

#endif

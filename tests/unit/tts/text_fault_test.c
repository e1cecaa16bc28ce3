/* text_fault_test.c - memory runs short while text is cut and filtered: nothing leaks, no crash. */
#include "tts/filters.h"
#include "tts/sentences.h"

#include "util/buf.h"

#include "check.h"
#include "fault.h"

static void out(void *arg, struct myna_view v)
{
    *(size_t *)arg += v.len;
}

static void filtered(void *arg, struct myna_view v, const uint32_t *src)
{
    (void)src;
    *(size_t *)arg += v.len;
}

static bool cut(void *arg)
{
    size_t n = 0;
    struct myna_sentences_options opt = {.out = out, .arg = &n};
    struct myna_sentences *se = myna_sentences_create(&opt);
    bool ok;

    (void)arg;
    if (!se)
        return false;
    ok = !myna_sentences_push(se, myna_view_of("This is one long sentence. And two."));
    myna_sentences_flush(se);
    myna_sentences_destroy(se);
    return ok && n == 34;
}

static bool filter(void *arg)
{
    static const struct myna_replacement map[] = {{.from = "one", .to = "two"}};
    static const char *const all[] = {"code",  "tables",  "html",   "markdown", "urls",
                                      "emoji", "numbers", "spoken", NULL};
    size_t n = 0;
    struct myna_filters_options opt = {
        .transforms = all, .replace = map, .n_replace = 1, .out = filtered, .arg = &n};
    struct myna_filters *fi = myna_filters_create(&opt);
    bool ok;

    (void)arg;
    if (!fi)
        return false;
    ok = !myna_filters_push(fi, myna_view_of("**one** more"));
    myna_filters_flush(fi);
    myna_filters_destroy(fi);
    return ok && n == 8;
}

TEST(sentences_without_memory)
{
    CHECK(fault_each_alloc(cut, NULL) > 0);
}

TEST(filters_without_memory)
{
    CHECK(fault_each_alloc(filter, NULL) >= 3);
}

TEST_MAIN

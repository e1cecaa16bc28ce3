/* openai_speech.c - what /audio/speech answers: sound in one of four forms, or words in its place.
 *
 * Servers say what they send, say nothing, or say something else than they send: a WAV is labelled
 * audio/pcm, raw samples application/octet-stream, an error page 200. So the first bytes count
 * where they are beyond doubt, then the type, then what was asked for.
 */
#include "providers/openai_audio.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX ((size_t)8 << 10)

void myna_speech_answer_init(struct myna_speech_answer *a, const char *content_type,
                             enum myna_sound asked, uint32_t pcm_rate_hz, const char *key,
                             void (*out)(void *arg, const int16_t *pcm, size_t n), void *arg)
{
    *a = (struct myna_speech_answer){
        .out = out, .arg = arg, .key = key, .asked = asked, .rate_hz = pcm_rate_hz};
    snprintf(a->type, sizeof a->type, "%.*s", content_type ? (int)strcspn(content_type, "; \t") : 0,
             content_type ? content_type : "");
    a->typed = myna_sound_of_type(content_type, &a->rate_hz);
    myna_buf_init(&a->words, WORDS_MAX);
}

void myna_speech_answer_fini(struct myna_speech_answer *a)
{
    myna_decode_destroy(a->decode);
    myna_buf_fini(&a->words);
    a->decode = NULL;
}

static void fail(struct myna_speech_answer *a, enum myna_err err, const char *what,
                 struct myna_view words)
{
    struct myna_buf shown;

    a->err = err;
    myna_buf_init(&shown, 0);
    if (words.len)
        myna_openai_error_text(words, a->key, &shown);
    snprintf(a->problem, sizeof a->problem, "%.200s%s%.*s", what, shown.len ? ": " : "", 300,
             myna_buf_str(&shown));
    myna_buf_fini(&shown);
}

static bool begins(const struct myna_speech_answer *a, const char *text)
{
    size_t n = strlen(text);

    return a->n_head >= n && !strncasecmp((const char *)a->head, text, n);
}

/* By its type, or by a beginning that no sound has by chance. */
static bool is_words(const struct myna_speech_answer *a)
{
    static const char *const starts[] = {"{\"error",  "{\"detail", "{\"message",
                                         "<!doctype", "<html",     "<?xml"};
    size_t n = strlen(a->type);

    if (!strncasecmp(a->type, "text/", 5) || (n >= 4 && !strcasecmp(a->type + n - 4, "json")) ||
        (n >= 3 && !strcasecmp(a->type + n - 3, "xml")))
        return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (begins(a, starts[i]))
            return true;
    return false;
}

static enum myna_sound judge(const struct myna_speech_answer *a)
{
    enum myna_sound seen = myna_sound_sniff((struct myna_view){a->head, a->n_head});

    if (seen == MYNA_SOUND_WAV || seen == MYNA_SOUND_OGG)
        return seen;
    if (a->typed != MYNA_SOUND_NONE)
        return a->typed;
    if (seen != MYNA_SOUND_NONE)
        return seen;
    /* the type says nothing: raw samples and MP3 have no beginning to know them by */
    if ((!a->type[0] || !strcasecmp(a->type, "application/octet-stream") ||
         !strcasecmp(a->type, "binary/octet-stream")) &&
        (a->asked == MYNA_SOUND_PCM || a->asked == MYNA_SOUND_MP3))
        return a->asked;
    return MYNA_SOUND_NONE;
}

static void decode(struct myna_speech_answer *a, struct myna_view bytes)
{
    struct myna_why why = {0};
    enum myna_err err = myna_decode_feed(a->decode, bytes, &why);

    if (err)
        fail(a, err == MYNA_EFORMAT ? MYNA_EPROVIDER : err, why.text, (struct myna_view){0});
}

static void start(struct myna_speech_answer *a)
{
    enum myna_sound kind = judge(a);
    char what[200];

    if (is_words(a)) {
        a->mode = SPEECH_WORDS;
        myna_buf_put(&a->words, a->head, a->n_head);
        return;
    }
    if (kind == MYNA_SOUND_NONE) {
        snprintf(what, sizeof what,
                 "the server sent %s%s, which is no PCM, WAV, Ogg Opus or MP3 (set format)",
                 a->type[0] ? "" : "something without a type", a->type);
        fail(a, MYNA_EPROVIDER, what, (struct myna_view){0});
        return;
    }
    a->mode = SPEECH_SOUND;
    a->decode = myna_decode_create(kind, a->rate_hz, a->out, a->arg);
    if (!a->decode)
        fail(a, MYNA_ENOMEM, "no memory to decode speech", (struct myna_view){0});
    else if (a->n_head)
        decode(a, (struct myna_view){a->head, a->n_head});
}

void myna_speech_answer_feed(struct myna_speech_answer *a, struct myna_view bytes)
{
    if (a->err)
        return;
    if (a->mode == SPEECH_SNIFF) {
        size_t n = sizeof a->head - a->n_head < bytes.len ? sizeof a->head - a->n_head : bytes.len;

        memcpy(a->head + a->n_head, bytes.ptr, n);
        a->n_head += n;
        bytes.ptr += n;
        bytes.len -= n;
        if (a->n_head < sizeof a->head)
            return;
        start(a);
    }
    if (a->err || !bytes.len)
        return;
    if (a->mode == SPEECH_SOUND)
        decode(a, bytes);
    else /* its beginning is enough */
        myna_buf_put(&a->words, bytes.ptr,
                     bytes.len < WORDS_MAX - a->words.len ? bytes.len : WORDS_MAX - a->words.len);
}

void myna_speech_answer_end(struct myna_speech_answer *a)
{
    const struct myna_view none = {0};
    struct myna_why why = {0};

    if (!a->err && a->mode == SPEECH_SNIFF && a->n_head)
        start(a);
    if (a->err)
        return;
    if (a->mode == SPEECH_SNIFF) {
        fail(a, MYNA_EPROVIDER, "the server answered without sound", none);
    } else if (a->mode == SPEECH_SOUND) {
        if (myna_decode_end(a->decode, &why))
            fail(a, MYNA_EPROVIDER, why.text, none);
    } else {
        bool page = strcasestr(a->type, "html") || (a->n_head && a->head[0] == '<');

        if (page)
            fail(a, MYNA_EPROVIDER,
                 "the server answered a web page instead of sound (is base_url right?)", none);
        else
            fail(a, MYNA_EPROVIDER, "the server answered words instead of sound",
                 myna_buf_view(&a->words));
    }
}

/* openai_transcript.c - what /audio/transcriptions answers, in its four shapes: a JSON object (json
 * and verbose_json), plain text, OpenAI's transcript events, and the chunks that some servers
 * stream instead (vLLM's chat-like ones, bare {"text"} segments). Told apart by what the answer
 * says it is and by its first byte.
 *
 * verbose_json tells how sure the model is; a segment that the model itself takes for noise is left
 * out by Whisper's own rule.
 */
#include "providers/openai_audio.h"
#include "util/json_load.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/utf8.h"

#define NO_SPEECH 0.6 /* Whisper: no_speech_threshold, logprob_threshold */
#define LOGPROB   -1.0

static bool on_event(void *arg, const struct myna_sse_event *ev);

void myna_transcript_init(struct myna_transcript *t, const char *content_type,
                          void (*partial)(void *arg, const char *text), void *arg)
{
    *t = (struct myna_transcript){.partial = partial, .arg = arg, .confidence = -1};
    snprintf(t->type, sizeof t->type, "%.*s", content_type ? (int)strcspn(content_type, "; \t") : 0,
             content_type ? content_type : "");
    if (!strcasecmp(t->type, "text/event-stream"))
        t->mode = TRANSCRIPT_SSE;
    myna_sse_init(&t->sse, MYNA_TRANSCRIPT_MAX, on_event, t);
    myna_buf_init(&t->whole, MYNA_TRANSCRIPT_MAX);
    myna_buf_init(&t->text, MYNA_TRANSCRIPT_MAX);
}

void myna_transcript_fini(struct myna_transcript *t)
{
    myna_sse_fini(&t->sse);
    myna_buf_fini(&t->whole);
    myna_buf_fini(&t->text);
}

static void fail(struct myna_transcript *t, enum myna_err err, const char *what, const char *words)
{
    struct myna_buf shown;

    if (t->err)
        return;
    t->err = err;
    myna_buf_init(&shown, 0);
    if (words)
        myna_http_excerpt(&shown, myna_view_of(words), NULL, 0);
    snprintf(t->problem, sizeof t->problem, "%.200s%s%.*s", what, shown.len ? ": " : "", 300,
             myna_buf_str(&shown));
    myna_buf_fini(&shown);
}

/* JSON with broken UTF-8 repaired, which jansson would refuse. */
static json_t *parse(struct myna_view v)
{
    struct myna_buf b;
    json_t *o;

    myna_buf_init(&b, 3 * v.len + 1);
    for (size_t at = 0; at < v.len;) {
        int n = v.ptr[at] ? myna_utf8_next(v.ptr + at, v.len - at) : 1;
        size_t step = n > 0 ? (size_t)n : n < 0 ? (size_t)-n : v.len - at;

        if (n > 0)
            myna_buf_put(&b, v.ptr + at, step);
        else
            myna_buf_puts(&b, MYNA_UTF8_BROKEN);
        at += step;
    }
    o = myna_json_loadb((const char *)b.ptr, b.len, JSON_ALLOW_NUL, NULL);
    myna_buf_fini(&b);
    return o;
}

static const char *string_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* true: the object is an error and was told. */
static bool told_error(struct myna_transcript *t, const json_t *o)
{
    const json_t *error = json_object_get(o, "error");
    const char *type = string_of(o, "type"), *words = NULL;

    if (!error && !(type && !strcmp(type, "error")))
        return false;
    if (json_is_null(error))
        return false;
    words = json_is_string(error) ? json_string_value(error) : string_of(error, "message");
    if (!words)
        words = string_of(o, "message");
    fail(t, MYNA_EPROVIDER, "the recogniser reported an error", words ? words : "no word why");
    return true;
}

/* ---- how sure */

static void take_language(struct myna_transcript *t, const json_t *o)
{
    static const char *const names[][2] = {
        {"english", "en"},    {"german", "de"},   {"french", "fr"},     {"spanish", "es"},
        {"italian", "it"},    {"dutch", "nl"},    {"portuguese", "pt"}, {"polish", "pl"},
        {"russian", "ru"},    {"chinese", "zh"},  {"japanese", "ja"},   {"korean", "ko"},
        {"arabic", "ar"},     {"turkish", "tr"},  {"swedish", "sv"},    {"danish", "da"},
        {"norwegian", "no"},  {"finnish", "fi"},  {"czech", "cs"},      {"greek", "el"},
        {"hindi", "hi"},      {"hebrew", "he"},   {"ukrainian", "uk"},  {"hungarian", "hu"},
        {"vietnamese", "vi"}, {"romanian", "ro"}, {"indonesian", "id"}, {"thai", "th"},
    };
    const char *name = string_of(o, "language");

    if (!name)
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i][0]))
            name = names[i][1];
    if (strlen(name) == 2 || strlen(name) == 3 || (strlen(name) < 12 && strchr(name, '-')))
        snprintf(t->language, sizeof t->language, "%s", name);
}

static void take_logprobs(struct myna_transcript *t, const json_t *o)
{
    const json_t *list = json_object_get(o, "logprobs"), *one;
    double sum = 0;
    size_t i;

    json_array_foreach(list, i, one) sum += json_number_value(json_object_get(one, "logprob"));
    if (json_array_size(list))
        t->confidence = (float)exp(fmin(0, sum / (double)json_array_size(list)));
}

/* Text of the segments that are speech, and the mean of their probabilities by length. false: there
 * is nothing to judge by. */
static bool take_segments(struct myna_transcript *t, const json_t *o)
{
    const json_t *list = json_object_get(o, "segments"), *one;
    double sum = 0, weight = 0;
    size_t i, dropped = 0;

    json_array_foreach(list, i, one)
    {
        const json_t *logprob = json_object_get(one, "avg_logprob");
        double p = json_number_value(logprob),
               quiet = json_number_value(json_object_get(one, "no_speech_prob")),
               len = json_number_value(json_object_get(one, "end")) -
                     json_number_value(json_object_get(one, "start"));

        if (!json_is_number(logprob) || !string_of(one, "text"))
            return false;
        if (quiet > NO_SPEECH && p < LOGPROB) {
            dropped++;
            continue;
        }
        len = len > 0.02 && len < 1e6 ? len : 0.02;
        sum += exp(fmin(0, p)) * len;
        weight += len;
    }
    if (weight > 0)
        t->confidence = (float)(sum / weight);
    if (!dropped)
        return false; /* `text` itself is best */
    myna_buf_clear(&t->text);
    json_array_foreach(list, i, one)
    {
        double quiet = json_number_value(json_object_get(one, "no_speech_prob"));

        if (!(quiet > NO_SPEECH &&
              json_number_value(json_object_get(one, "avg_logprob")) < LOGPROB))
            myna_buf_puts(&t->text, string_of(one, "text"));
    }
    return true;
}

/* ---- events */

static void tell(struct myna_transcript *t)
{
    if (t->partial && t->text.len && !t->text.err)
        t->partial(t->arg, myna_buf_str(&t->text));
}

static void append(struct myna_transcript *t, const char *text)
{
    if (!text || !text[0])
        return;
    myna_buf_puts(&t->text, text);
    tell(t);
}

static void one_event(struct myna_transcript *t, const json_t *o)
{
    const char *type = string_of(o, "type");
    const json_t *choice = json_array_get(json_object_get(o, "choices"), 0);

    if (told_error(t, o))
        return;
    if (type && !strcmp(type, "transcript.text.delta")) {
        append(t, string_of(o, "delta"));
    } else if (type && !strcmp(type, "transcript.text.done")) {
        if (string_of(o, "text")) {
            myna_buf_clear(&t->text);
            myna_buf_puts(&t->text, string_of(o, "text"));
        }
        take_logprobs(t, o);
        take_language(t, o);
        t->done = true;
    } else if (choice) {
        append(t, string_of(json_object_get(choice, "delta"), "content"));
        if (string_of(choice, "finish_reason"))
            t->done = true;
    } else if (!type && string_of(o, "text")) { /* a segment; the end of the stream ends them */
        if (t->text.len && string_of(o, "text")[0] != ' ')
            myna_buf_putc(&t->text, ' ');
        append(t, string_of(o, "text"));
        take_language(t, o);
        t->done = true;
    }
}

static bool on_event(void *arg, const struct myna_sse_event *ev)
{
    struct myna_transcript *t = arg;
    json_t *o;

    if (ev->data.len == 6 && !memcmp(ev->data.ptr, "[DONE]", 6)) {
        t->done = true;
        return true;
    }
    o = parse(ev->data);
    if (json_is_object(o))
        one_event(t, o);
    else if (ev->data.len)
        fail(t, MYNA_EFORMAT, "an event of the recogniser is not a JSON object",
             (const char *)ev->data.ptr);
    json_decref(o);
    return !t->err;
}

/* ---- bytes */

static void sniff(struct myna_transcript *t)
{
    static const char *const fields[] = {"data:", "event:", "id:", "retry:", ":"};
    struct myna_view v = myna_buf_view(&t->whole);

    while (v.len && (isspace(*v.ptr) || *v.ptr == 0xEF || *v.ptr == 0xBB || *v.ptr == 0xBF)) {
        v.ptr++;
        v.len--;
    }
    if (v.len < 6 && !t->ended)
        return;
    t->mode = TRANSCRIPT_WHOLE;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcasecmp(t->type, "text/plain") != 0 && v.len >= strlen(fields[i]) &&
            !memcmp(v.ptr, fields[i], strlen(fields[i])))
            t->mode = TRANSCRIPT_SSE;
    if (t->mode == TRANSCRIPT_SSE) {
        if (myna_sse_feed(&t->sse, myna_buf_view(&t->whole)) == MYNA_ELIMIT)
            fail(t, MYNA_ELIMIT, "the recogniser's answer is too long", NULL);
        myna_buf_clear(&t->whole);
    }
}

void myna_transcript_feed(struct myna_transcript *t, struct myna_view bytes)
{
    if (t->err)
        return;
    if (t->mode == TRANSCRIPT_SSE) {
        enum myna_err err = myna_sse_feed(&t->sse, bytes);

        if (err && err != MYNA_ECANCELED)
            fail(t, err, "the recogniser's answer is too long", NULL);
    } else if (myna_buf_put(&t->whole, bytes.ptr, bytes.len)) {
        fail(t, t->whole.err, "the recogniser's answer is too long", NULL);
    } else if (t->mode == TRANSCRIPT_SNIFF) {
        sniff(t);
    }
}

static void whole(struct myna_transcript *t)
{
    struct myna_view v = myna_buf_view(&t->whole);
    size_t at = 0;
    json_t *o;

    while (at < v.len && isspace(v.ptr[at]))
        at++;
    if (!strcasecmp(t->type, "text/plain") && v.len > at && v.ptr[at] != '{') {
        myna_buf_put(&t->text, v.ptr, v.len);
        return;
    }
    if ((v.len > at && v.ptr[at] == '<') || !strcasecmp(t->type, "text/html")) {
        fail(t, MYNA_EFORMAT, "a web page answered, not a recogniser", (const char *)v.ptr);
        return;
    }
    o = parse(v);
    if (!json_is_object(o)) {
        char what[160];

        snprintf(what, sizeof what, "the recogniser answered %s that is not a JSON object",
                 t->type[0] ? t->type : "something");
        fail(t, MYNA_EFORMAT, what, v.len ? (const char *)v.ptr : "nothing");
    } else if (!told_error(t, o)) {
        if (!string_of(o, "text"))
            fail(t, MYNA_EFORMAT, "the recogniser's answer has no text", (const char *)v.ptr);
        else if (!take_segments(t, o))
            myna_buf_puts(&t->text, string_of(o, "text"));
        take_logprobs(t, o);
        take_language(t, o);
    }
    json_decref(o);
}

/* Whole characters without a NUL, no white space around. */
static void tidy(struct myna_transcript *t)
{
    struct myna_buf clean;

    myna_buf_init(&clean, MYNA_TRANSCRIPT_MAX);
    for (size_t at = 0; at < t->text.len;) {
        int n = myna_utf8_next(t->text.ptr + at, t->text.len - at);

        if (n > 0 && !(clean.len == 0 && n == 1 && isspace(t->text.ptr[at])))
            myna_buf_put(&clean, t->text.ptr + at, (size_t)n);
        else if (n < 0)
            myna_buf_puts(&clean, MYNA_UTF8_BROKEN);
        at += n > 0 ? (size_t)n : n < 0 ? (size_t)-n : t->text.len - at;
    }
    while (clean.len && isspace(clean.ptr[clean.len - 1]))
        clean.ptr[--clean.len] = '\0';
    myna_buf_fini(&t->text);
    t->text = clean;
}

void myna_transcript_end(struct myna_transcript *t)
{
    if (t->ended)
        return;
    t->ended = true;
    if (!t->err && t->mode == TRANSCRIPT_SNIFF)
        sniff(t);
    if (!t->err && t->mode == TRANSCRIPT_SSE) {
        (void)!myna_sse_end(&t->sse);
        if (!t->done)
            fail(t, MYNA_EPROVIDER, "the recogniser's answer ended before the transcript was whole",
                 NULL);
    } else if (!t->err) {
        whole(t);
    }
    tidy(t);
    if (!t->err && t->text.err)
        fail(t, t->text.err, "the transcript is too long", NULL);
}

/* stt_openai_upload.c - an utterance as a form, its transcript as it comes, and what of it is tried
 * again. */
#include "providers/stt_openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/wav.h"

const char *const myna_openai_text_formats[] = {"auto", "json", "verbose_json", "text", NULL};

/* ---- the request */

static bool is_whisper(const struct openai_ears *o)
{
    return strcasestr(o->opt.at.model, "whisper") != NULL;
}

static enum openai_text_format format_of(const struct openai_ears *o)
{
    if (o->opt.response_format != FORMAT_AUTO)
        return (enum openai_text_format)o->opt.response_format;
    return is_whisper(o) ? FORMAT_VERBOSE : FORMAT_JSON;
}

static bool wants_stream(const struct openai_ears *o)
{
    if (o->opt.stream != STREAM_AUTO)
        return o->opt.stream == STREAM_YES;
    return !o->no_stream && format_of(o) == FORMAT_JSON;
}

static enum myna_err build(struct openai_upload *j, const int16_t *pcm)
{
    struct openai_ears *o = j->st->o;
    struct myna_part parts[8];
    uint8_t *wav = malloc(MYNA_WAV_HEADER + 2 * j->n);
    char temperature[32];
    size_t n = 0;
    enum myna_err err;

    if (!wav)
        return MYNA_ENOMEM;
    myna_wav_header(wav, MYNA_IN_RATE_HZ, (uint32_t)(2 * j->n));
    for (size_t i = 0; i < j->n; i++) {
        wav[MYNA_WAV_HEADER + 2 * i] = (uint8_t)((uint16_t)pcm[i] & 0xFF);
        wav[MYNA_WAV_HEADER + 2 * i + 1] = (uint8_t)((uint16_t)pcm[i] >> 8);
    }
    j->streamed = wants_stream(o);
    parts[n++] = (struct myna_part){.name = "model", .data = myna_view_of(o->opt.at.model)};
    parts[n++] = (struct myna_part){.name = "response_format",
                                    .data = myna_view_of(myna_openai_text_formats[format_of(o)])};
    if (j->st->language[0])
        parts[n++] = (struct myna_part){.name = "language", .data = myna_view_of(j->st->language)};
    if (o->opt.prompt && o->opt.prompt[0])
        parts[n++] = (struct myna_part){.name = "prompt", .data = myna_view_of(o->opt.prompt)};
    if (o->has_temperature) {
        snprintf(temperature, sizeof temperature, "%g", o->opt.temperature);
        parts[n++] = (struct myna_part){.name = "temperature", .data = myna_view_of(temperature)};
    }
    if (j->streamed)
        parts[n++] = (struct myna_part){.name = "stream", .data = myna_view_of("true")};
    parts[n++] = (struct myna_part){.name = "file",
                                    .filename = "speech.wav",
                                    .type = "audio/wav",
                                    .data = {wav, MYNA_WAV_HEADER + 2 * j->n}};
    myna_buf_clear(&j->body);
    err = myna_multipart(&j->body, j->type, parts, n, ++o->requests);
    free(wav);
    return err;
}

static void on_head(void *arg, struct myna_http_request *rq, int status);
static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes);
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e);

static enum myna_err send_job(struct openai_upload *j, int delay_ms)
{
    struct myna_http_start how = {.body = myna_buf_view(&j->body),
                                  .delay_ms = delay_ms,
                                  .max_body = MYNA_TRANSCRIPT_MAX,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = j};

    if (j->has_answer)
        myna_transcript_fini(&j->answer);
    j->has_answer = false;
    j->tries++;
    return myna_openai_audio_post(&j->st->o->api, j->type,
                                  j->streamed ? "text/event-stream, application/json" : NULL, &how,
                                  &j->rq);
}

void myna_openai_upload_free(struct openai_upload *j)
{
    if (!j)
        return;
    myna_http_cancel(j->rq);
    if (j->has_answer)
        myna_transcript_fini(&j->answer);
    myna_buf_fini(&j->body);
    free(j);
}

struct openai_upload *myna_openai_upload_start(struct openai_hearing *st, size_t n)
{
    struct openai_upload *j = calloc(1, sizeof *j);
    enum myna_err err = MYNA_ENOMEM;
    int held;

    if (j) {
        *j = (struct openai_upload){.st = st,
                                    .n = n,
                                    .start = st->u.start,
                                    .end = myna_utterance_end(&st->u, n),
                                    .since = myna_host_now(st->o->base.host)};
        myna_buf_init(&j->body, MYNA_HTTP_MAX_REQUEST);
        held = myna_openai_audio_held(&st->o->api, &st->late);
        err = held < 0 ? MYNA_EPROVIDER : build(j, st->u.pcm);
        if (!err)
            err = send_job(j, held);
    }
    if (!err)
        return j;
    myna_openai_upload_free(j);
    if (!st->late.text[0]) {
        st->late = (struct myna_openai_trouble){.err = err, .again = true};
        snprintf(st->late.text, sizeof st->late.text, "an utterance could not be sent: %s",
                 myna_strerror(err));
    }
    return NULL;
}

/* ---- what is told */

void myna_openai_hearing_fault(struct openai_hearing *st, const struct myna_openai_trouble *t)
{
    st->over = true;
    myna_timer_clear(&st->look);
    myna_stt_emit(&st->base, &(struct myna_stt_event){
                                 .type = MYNA_STT_FAULT,
                                 .start = MYNA_NEVER,
                                 .end = MYNA_NEVER,
                                 .confidence = -1,
                                 .fault = {.stage = MYNA_STAGE_STT,
                                           .err = t->err,
                                           .provider = st->base.stt->cls->name,
                                           .message = t->text,
                                           .http_status = t->status,
                                           .retryable = t->again || t->err == MYNA_ELIMIT}});
}

static void tell_final(struct openai_hearing *st, struct openai_upload *j)
{
    const char *language = j->answer.language[0] ? j->answer.language : st->language;
    struct myna_stt_event ev = {.type = MYNA_STT_FINAL,
                                .text = myna_buf_str(&j->answer.text),
                                .language = language[0] ? language : NULL,
                                .confidence = j->answer.confidence,
                                .start = j->start,
                                .end = j->end};

    if (*ev.text)
        myna_stt_emit(&st->base, &ev);
    ev = (struct myna_stt_event){.type = MYNA_STT_USAGE,
                                 .confidence = -1,
                                 .start = j->start,
                                 .end = j->end,
                                 .audio_ms = (double)j->n * 1000 / MYNA_IN_RATE_HZ,
                                 .took_ms = (double)j->since / MYNA_MS};
    myna_stt_emit(&st->base, &ev);
}

void myna_openai_hearing_deliver(struct openai_hearing *st)
{
    while (st->finals && st->finals->finished && !st->over) {
        struct openai_upload *j = st->finals;

        st->finals = j->next;
        st->n_finals--;
        if (!st->finals)
            st->last = &st->finals;
        tell_final(st, j);
        myna_openai_upload_free(j);
    }
}

/* ---- the answer */

static void on_partial(void *arg, const char *text)
{
    struct openai_upload *j = arg;
    struct openai_hearing *st = j->st;

    if (st->over || (j->final ? j != st->finals : st->finals != NULL))
        return;
    myna_stt_emit(&st->base, &(struct myna_stt_event){.type = MYNA_STT_PARTIAL,
                                                      .text = text,
                                                      .confidence = -1,
                                                      .start = j->start,
                                                      .end = j->end});
}

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    struct openai_upload *j = arg;

    (void)status;
    myna_transcript_init(&j->answer, myna_http_header(rq, "Content-Type"), on_partial, j);
    j->has_answer = true;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct openai_upload *j = arg;

    (void)rq;
    myna_transcript_feed(&j->answer, bytes);
}

/* A server that knows the endpoint, but not the field `stream`. */
static bool refuses_stream(const struct openai_upload *j, const struct myna_http_error *e)
{
    return j->streamed && j->st->o->opt.stream == STREAM_AUTO && e->kind == MYNA_HTTP_STATUS &&
           (e->status == 400 || e->status == 415 || e->status == 422 || e->status == 501) &&
           e->body.len && memmem(e->body.ptr, e->body.len, "stream", 6);
}

/* The form once more without its field `stream`: the sound is in the old body alone. */
static bool drop_stream(struct openai_upload *j)
{
    static const char field[] = "Content-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n";
    uint8_t *at = memmem(j->body.ptr, j->body.len, field, sizeof field - 1);
    const char *boundary = strstr(j->type, "boundary=") + 9;
    size_t cut = sizeof field - 1 + 2 + strlen(boundary) + 2; /* and the "--…\r\n" behind it */

    if (!at || (size_t)(at - j->body.ptr) + cut > j->body.len)
        return false;
    memmove(at, at + cut, j->body.len - cut - (size_t)(at - j->body.ptr));
    j->body.len -= cut;
    j->streamed = false;
    return true;
}

/* true: it is under way again. */
static bool try_again(struct openai_upload *j, const struct myna_openai_trouble *t)
{
    struct openai_ears *o = j->st->o;
    struct myna_openai_trouble ignored;
    int held, wait;

    if (!t->again || j->tries > o->api.retry.max)
        return false;
    held = myna_openai_audio_held(&o->api, &ignored);
    wait = myna_openai_audio_backoff(&o->api, j->tries);
    if (held < 0)
        return false;
    myna_host_log(o->base.host, MYNA_LOG_WARN, "%s; trying again provider=%s try=%d", t->text,
                  j->st->base.stt->cls->name, j->tries);
    return send_job(j, held > wait ? held : wait) == MYNA_OK;
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct openai_upload *j = arg;
    struct openai_hearing *st = j->st;
    struct myna_openai_trouble t = {0};

    (void)rq;
    j->rq = NULL;
    if (!e && j->has_answer)
        myna_transcript_end(&j->answer);
    if (!e && j->has_answer && !j->answer.err) {
        myna_openai_audio_good(&st->o->api);
        j->finished = true;
        j->since = myna_host_now(st->o->base.host) - j->since; /* from here on: how long it took */
        myna_buf_fini(&j->body);
        if (j->final)
            myna_openai_hearing_deliver(st);
        else
            on_partial(j, myna_buf_str(&j->answer.text));
        return;
    }
    if (e && refuses_stream(j, e) && drop_stream(j)) {
        st->o->no_stream = true;
        j->tries--;
        if (send_job(j, 0) == MYNA_OK)
            return;
    }
    if (e) {
        myna_openai_audio_trouble(&st->o->api, e, &t);
    } else {
        t = (struct myna_openai_trouble){.err = j->answer.err ? j->answer.err : MYNA_EPROVIDER,
                                         .again = j->answer.err != MYNA_ELIMIT};
        snprintf(t.text, sizeof t.text, "%s", j->has_answer ? j->answer.problem : "no answer");
    }
    if (try_again(j, &t))
        return;
    if (!j->final) { /* the end of speech asks once more */
        st->guess = NULL;
        myna_openai_upload_free(j);
        return;
    }
    myna_openai_hearing_fault(st, &t);
}

/* stt_openai.c - recognisers behind OpenAI's /audio/transcriptions: OpenAI's own and any server
 * that has the endpoint.
 *
 * A batch recogniser: the VAD cuts the utterance (with its pre-roll), which is uploaded as a 16 kHz
 * WAV when speech has ended; the connection is opened while the person still speaks. With `ahead`
 * the utterance is sent at the first quiet already, which saves the half second that the VAD needs
 * to be sure; if the person goes on, that request is cancelled and was in vain. Where the server
 * streams its transcript, the pieces are interims.
 *
 * What can succeed later is tried again here, by the session's own rule, since only here the sound
 * still is. After that the utterance is lost and the stream over: a fault.
 *
 * Utterances are uploaded at once and told in their order. A stream holds at most FINALS_MAX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/wav.h"
#include "providers/builtin.h"
#include "providers/openai_audio.h"
#include "providers/utterance.h"
#include "util/multipart.h"

#define SLACK_MS   4000 /* room behind `max_utterance` until the timer has cut */
#define SHORTEST   1600 /* samples: OpenAI refuses less than 0.1 s */
#define LOOK       (500 * MYNA_MS)
#define FINALS_MAX 8

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_VERBOSE, FORMAT_TEXT };
enum streaming { STREAM_AUTO, STREAM_YES, STREAM_NO };

struct options {
    struct myna_openai_audio_conf at; /* first */
    const char *language, *prompt;
    double temperature;
    int response_format, stream;
    bool ahead;
    int max_utterance_ms;
};

struct openai {
    struct myna_stt base;
    struct options opt;
    struct myna_openai_audio api;
    bool has_temperature;
    bool no_stream; /* the server refused `stream` */
    uint32_t requests;
};

struct job { /* an utterance on its way */
    struct stream *st;
    struct job *next;
    struct myna_buf body;
    char type[MYNA_MULTIPART_TYPE];
    struct myna_http_request *rq;
    struct myna_transcript answer;
    bool has_answer, streamed, final, finished;
    int tries;
    size_t n;
    myna_us start, end, since;
};

struct stream {
    struct myna_stt_stream base;
    struct openai *o;
    char language[16];
    struct myna_utterance u;
    bool speaking, paused, over;
    size_t pause_n;             /* samples when the VAD heard quiet */
    struct job *finals, **last; /* in order; told from the front */
    size_t n_finals;
    struct job *guess;         /* the utterance up to pause_n */
    struct myna_timer look;    /* is the utterance too long? */
    struct myna_timer deliver; /* what was found out inside a mark */
    struct myna_openai_trouble late;
};

#define ROW(type_, name_, field_)                                                                  \
    .name = name_, .type = type_, .offset = offsetof(struct options, field_)

static const char *const formats[] = {"auto", "json", "verbose_json", "text", NULL};
static const char *const streams[] = {"auto", "yes", "no", NULL};

#define REST(ahead_)                                                                               \
    {ROW(MYNA_OPT_STRING, "language", language),                                                   \
     .help = "language of the speech, such as en; unset: the model finds out"},                    \
        {ROW(MYNA_OPT_STRING, "prompt", prompt),                                                   \
         .help = "names and words that may come up, as a short text"},                             \
        {ROW(MYNA_OPT_DOUBLE, "temperature", temperature), .min = 0, .max = 1,                     \
         .help = "unset: the server's own"},                                                       \
        {ROW(MYNA_OPT_CHOICE, "response_format", response_format), .def = "auto",                  \
         .choices = formats,                                                                       \
         .help = "auto: verbose_json (which tells how sure it is) for whisper models, else json"}, \
        {ROW(MYNA_OPT_CHOICE, "stream", stream), .def = "auto", .choices = streams,                \
         .help = "ask for the transcript as it is found; auto: with json, until refused"},         \
        {ROW(MYNA_OPT_BOOL, "ahead", ahead), .def = ahead_,                                        \
         .help = "send at the first quiet: half a second faster, a request for each breath"},      \
        {ROW(MYNA_OPT_MS, "max_utterance", max_utterance_ms), .def = "60s", .min = 2000,           \
         .max = 300000, .help = "longer utterances are cut at a pause"},                           \
    {                                                                                              \
        0                                                                                          \
    }

static const struct myna_option openai_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS("https://api.openai.com/v1", "OPENAI_API_KEY",
                              "gpt-4o-mini-transcribe", "10s"),
    REST("false")};
static const struct myna_option generic_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS(NULL, NULL, "whisper-1", "20s"), REST("true")};

/* ---- the request */

static bool is_whisper(const struct openai *o)
{
    return strcasestr(o->opt.at.model, "whisper") != NULL;
}

static enum format format_of(const struct openai *o)
{
    if (o->opt.response_format != FORMAT_AUTO)
        return (enum format)o->opt.response_format;
    return is_whisper(o) ? FORMAT_VERBOSE : FORMAT_JSON;
}

static bool wants_stream(const struct openai *o)
{
    if (o->opt.stream != STREAM_AUTO)
        return o->opt.stream == STREAM_YES;
    return !o->no_stream && format_of(o) == FORMAT_JSON;
}

static enum myna_err build(struct job *j, const int16_t *pcm)
{
    struct openai *o = j->st->o;
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
    parts[n++] =
        (struct myna_part){.name = "response_format", .data = myna_view_of(formats[format_of(o)])};
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

static enum myna_err send_job(struct job *j, int delay_ms)
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

static void job_free(struct job *j)
{
    if (!j)
        return;
    myna_http_cancel(j->rq);
    if (j->has_answer)
        myna_transcript_fini(&j->answer);
    myna_buf_fini(&j->body);
    free(j);
}

/* The first n samples of the utterance. NULL: told later as a fault. */
static struct job *job_start(struct stream *st, size_t n)
{
    struct job *j = calloc(1, sizeof *j);
    enum myna_err err = MYNA_ENOMEM;
    int held;

    if (j) {
        *j = (struct job){.st = st,
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
    job_free(j);
    if (!st->late.text[0]) {
        st->late = (struct myna_openai_trouble){.err = err, .again = true};
        snprintf(st->late.text, sizeof st->late.text, "an utterance could not be sent: %s",
                 myna_strerror(err));
    }
    return NULL;
}

/* ---- events */

static void tell_fault(struct stream *st, const struct myna_openai_trouble *t)
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

static void tell_final(struct stream *st, struct job *j)
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

/* What is finished at the front. */
static void deliver(struct stream *st)
{
    while (st->finals && st->finals->finished && !st->over) {
        struct job *j = st->finals;

        st->finals = j->next;
        st->n_finals--;
        if (!st->finals)
            st->last = &st->finals;
        tell_final(st, j);
        job_free(j);
    }
}

static void deliver_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;

    deliver(st);
    if (!st->over && st->late.text[0])
        tell_fault(st, &st->late);
}

static void soon(struct stream *st)
{
    /* Memory alone can be short here, and then everything is: the next mark tries again. */
    if (myna_timer_set(&st->deliver, myna_host_now(st->o->base.host)))
        myna_host_log(st->o->base.host, MYNA_LOG_ERROR, "no timer for a transcript provider=%s",
                      st->base.stt->cls->name);
}

/* ---- the answer */

static void on_partial(void *arg, const char *text)
{
    struct job *j = arg;
    struct stream *st = j->st;

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
    struct job *j = arg;

    (void)status;
    myna_transcript_init(&j->answer, myna_http_header(rq, "Content-Type"), on_partial, j);
    j->has_answer = true;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct job *j = arg;

    (void)rq;
    myna_transcript_feed(&j->answer, bytes);
}

/* A server that knows the endpoint, but not the field `stream`. */
static bool refuses_stream(const struct job *j, const struct myna_http_error *e)
{
    return j->streamed && j->st->o->opt.stream == STREAM_AUTO && e->kind == MYNA_HTTP_STATUS &&
           (e->status == 400 || e->status == 415 || e->status == 422 || e->status == 501) &&
           e->body.len && memmem(e->body.ptr, e->body.len, "stream", 6);
}

/* The form once more without its field `stream`: the sound is in the old body alone. */
static bool drop_stream(struct job *j)
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
static bool try_again(struct job *j, const struct myna_openai_trouble *t)
{
    struct openai *o = j->st->o;
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
    struct job *j = arg;
    struct stream *st = j->st;
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
            deliver(st);
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
        job_free(j);
        return;
    }
    tell_fault(st, &t);
}

/* ---- the stream */

static void forget_guess(struct stream *st)
{
    job_free(st->guess);
    st->guess = NULL;
}

/* Everything up to n is transcribed and told. */
static void finish_utterance(struct stream *st, size_t n)
{
    struct job *j = NULL;

    if (st->guess && st->guess->n == n) {
        j = st->guess;
        st->guess = NULL;
    } else if (n >= SHORTEST && st->n_finals < FINALS_MAX) {
        j = job_start(st, n);
    } else if (n >= SHORTEST) {
        myna_host_log(st->o->base.host, MYNA_LOG_WARN,
                      "the server is too slow, an utterance was dropped provider=%s",
                      st->base.stt->cls->name);
    }
    forget_guess(st);
    st->paused = false;
    if (j) {
        j->final = true;
        j->next = NULL;
        *st->last = j;
        st->last = &j->next;
        st->n_finals++;
    }
    if ((j && j->finished) || st->late.text[0])
        soon(st);
}

static void look_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    myna_us now = myna_host_now(st->o->base.host);

    if (st->over || !st->speaking)
        return;
    if (st->u.n >= myna_utterance_samples(st->o->opt.max_utterance_ms)) {
        size_t at = myna_utterance_cut(&st->u);
        bool paused = st->paused;

        finish_utterance(st, at);
        myna_utterance_drop(&st->u, at);
        st->paused = paused;
        st->pause_n = st->pause_n > at ? st->pause_n - at : 0;
    }
    if (myna_timer_set(t, now + LOOK))
        myna_host_log(st->o->base.host, MYNA_LOG_WARN, "no timer for long utterances provider=%s",
                      st->base.stt->cls->name);
}

static void begin_speech(struct stream *st)
{
    struct openai *o = st->o;

    if (st->speaking)
        return;
    if (myna_utterance_begin(&st->u, myna_utterance_samples(o->opt.max_utterance_ms + SLACK_MS)) ||
        myna_timer_set(&st->look, myna_host_now(o->base.host) + LOOK)) {
        myna_host_log(o->base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance is not heard provider=%s",
                      st->base.stt->cls->name);
        return;
    }
    st->speaking = true;
    st->paused = false;
    myna_openai_audio_warm(&o->api); /* while the person speaks */
}

static void stt_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->speaking && !st->over)
        myna_utterance_push(&st->u, f);
}

static void stt_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;

    (void)at; /* the frames have their own times */
    if (st->over || (!st->speaking && mark != MYNA_STT_MARK_SPEECH))
        return;
    switch (mark) {
    case MYNA_STT_MARK_SPEECH:
        begin_speech(st);
        break;
    case MYNA_STT_MARK_PAUSE:
        if (st->paused)
            break;
        st->paused = true;
        st->pause_n = st->u.n;
        if (st->o->opt.ahead && st->pause_n >= SHORTEST && st->n_finals < FINALS_MAX)
            st->guess = job_start(st, st->pause_n);
        st->late = (struct myna_openai_trouble){0}; /* the end asks once more */
        break;
    case MYNA_STT_MARK_RESUMED:
        st->paused = false;
        forget_guess(st);
        break;
    case MYNA_STT_MARK_END:
        finish_utterance(st, st->paused ? st->pause_n : st->u.n);
        st->speaking = false;
        myna_utterance_fini(&st->u);
        myna_timer_clear(&st->look);
        break;
    case MYNA_STT_MARK_FLUSH:
        finish_utterance(st, st->paused ? st->pause_n : st->u.n);
        myna_utterance_drop(&st->u, st->u.n);
        break;
    }
}

/* "de-CH" to "de": the endpoint knows ISO 639-1. */
static void take_language(struct stream *st, const char *language)
{
    snprintf(st->language, sizeof st->language, "%.*s", (int)strcspn(language, "-_"), language);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct openai *o = (struct openai *)stt;
    struct stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->o = o;
    st->last = &st->finals;
    st->u.start = MYNA_NEVER;
    take_language(st, how->language ? how->language : o->opt.language ? o->opt.language : "");
    myna_host_timer_init(o->base.host, &st->look, look_fire, st);
    myna_host_timer_init(o->base.host, &st->deliver, deliver_fire, st);
    *out = &st->base;
    return MYNA_OK;
}

static void stt_close(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->look);
    myna_timer_clear(&st->deliver);
    while (st->finals) {
        struct job *j = st->finals;

        st->finals = j->next;
        job_free(j);
    }
    forget_guess(st);
    myna_utterance_fini(&st->u);
    free(st);
}

/* ---- the classes */

static void stt_destroy(struct myna_stt *stt)
{
    struct openai *o = (struct openai *)stt;

    if (!o)
        return;
    myna_openai_audio_fini(&o->api);
    free(o);
}

static enum myna_err create(const struct myna_stt_class *cls, struct myna_stt **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct openai *o = calloc(1, sizeof *o);
    char path[48], key[64];
    struct myna_section section = {path, cls->summary, cls->options};
    enum myna_err err;

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    o->base = (struct myna_stt){.cls = cls, .host = host};
    snprintf(path, sizeof path, "stt.%s", cls->name);
    snprintf(key, sizeof key, "%s.temperature", path);
    err = myna_config_read(cfg, &section, &o->opt, why);
    o->has_temperature = myna_config_get(cfg, key) != NULL;
    if (!err)
        err = myna_openai_audio_init(&o->api, host, path, "/audio/transcriptions",
                                     cls == &myna_stt_openai, &o->opt.at, cfg, why);
    if (err)
        stt_destroy(&o->base);
    else
        *out = &o->base;
    return err;
}

#define CLASS(id, summary_, options_)                                                              \
    static enum myna_err create_##id(struct myna_stt **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_stt_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_stt_class myna_stt_##id = {                                                  \
        .name = #id,                                                                               \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,                                          \
        .create = create_##id,                                                                     \
        .destroy = stt_destroy,                                                                    \
        .open = stt_open,                                                                          \
        .push = stt_push,                                                                          \
        .mark = stt_mark,                                                                          \
        .close = stt_close,                                                                        \
    }

CLASS(openai, "OpenAI's recognisers", openai_options);
CLASS(openai_compatible, "any server with OpenAI's /audio/transcriptions", generic_options);

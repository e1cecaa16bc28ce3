/* tts_openai.c - voices behind OpenAI's /audio/speech: OpenAI's own and any server that has the
 * endpoint.
 *
 * One request a sentence, its sound handed on as it arrives. The next sentences are asked for once
 * the one before has begun to sound: the first is never slowed by them, and they are there when it
 * ends. Who is cut short has its sockets closed at once, which is how a server learns of it.
 *
 * A failure before the stream's first sound is a fault, and the session tries again, with the whole
 * text. Later the session cannot, without saying things twice; but a sentence that has not begun to
 * sound can be asked for again here. Half a sentence is never repeated.
 *
 * Sound waits in memory up to HIGH_MS a sentence; past that the server is held back. One that sends
 * slower than ten times real time is given up after `timeout`, so that a dripping server is found
 * out too.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/builtin.h"
#include "providers/openai_audio.h"
#include "util/clock.h"
#include "util/json_dump.h"
#include "util/utf8.h"

#define AHEAD    2     /* sentences asked for behind the one that plays */
#define TEXT_MAX 65536 /* bytes of text waiting in one stream */
#define HIGH_MS  20000
#define LOW_MS   10000
#define SLOWEST  10                 /* of its sound's own length a server may take so many times */
#define LONGEST  (10 * 60 * 1000)   /* ms of one request; also of a server held back by us */
#define ANSWER   ((size_t)64 << 20) /* bytes of one answer: ten minutes and more of WAV */

enum format { FORMAT_AUTO, FORMAT_PCM, FORMAT_WAV, FORMAT_OPUS, FORMAT_MP3, N_FORMATS };

struct options {
    struct myna_openai_audio_conf at; /* first */
    const char *voice, *instructions;
    double speed;
    int format, pcm_rate_hz;
};

struct openai {
    struct myna_tts base;
    struct options opt;
    struct myna_openai_audio api;
    bool has_speed;
    const enum format *order; /* for auto: what to ask for, what next when it is refused */
    size_t at;                /* where in it */
};

struct sentence {
    struct stream *st;
    struct sentence *next;
    char *text;
    struct myna_http_request *rq;
    struct myna_speech_answer answer;
    bool asked, has_answer, paused, finished;
    int tries;
    enum format format; /* asked for last */
    int16_t *pcm;       /* 24 kHz; the first `at` were handed over */
    size_t at, n, cap;
    bool sounded;
    myna_us window; /* since when `fresh` samples came, real time */
    size_t fresh;
    struct myna_openai_trouble bad; /* err: it failed for good */
};

struct stream {
    struct myna_tts_stream base;
    struct openai *o;
    char *voice;                   /* of who has the word; NULL: ours */
    struct sentence *head, **last; /* the head plays */
    struct sentence *spent;        /* played; freed outside the media tick */
    size_t waiting_bytes;
    bool sounded, ended, told;
    struct myna_timer later;
};

#define ROW(type_, name_, field_)                                                                  \
    .name = name_, .type = type_, .offset = offsetof(struct options, field_)

static const char *const formats[] = {"auto", "pcm", "wav", "opus", "mp3", NULL};
static const enum myna_sound sounds[N_FORMATS] = {
    [FORMAT_PCM] = MYNA_SOUND_PCM,
    [FORMAT_WAV] = MYNA_SOUND_WAV,
    [FORMAT_OPUS] = MYNA_SOUND_OGG,
    [FORMAT_MP3] = MYNA_SOUND_MP3,
};
/* Raw samples are first where their rate is known; a WAV says it. FORMAT_AUTO ends the row. */
static const enum format openai_order[] = {FORMAT_PCM, FORMAT_WAV, FORMAT_MP3, FORMAT_AUTO};
static const enum format generic_order[] = {FORMAT_WAV, FORMAT_PCM, FORMAT_MP3, FORMAT_OPUS,
                                            FORMAT_AUTO};

#define REST(auto_)                                                                                \
    {ROW(MYNA_OPT_STRING, "voice", voice), .def = "alloy",                                         \
     .help = "name of the voice; EMPTY: send none"},                                               \
        {ROW(MYNA_OPT_STRING, "instructions", instructions),                                       \
         .help = "how to speak, for models that take it"},                                         \
        {ROW(MYNA_OPT_DOUBLE, "speed", speed), .min = 0.25, .max = 4,                              \
         .help = "how fast it speaks, 1 is its own pace; unset: not sent"},                        \
        {ROW(MYNA_OPT_CHOICE, "format", format), .def = "auto", .choices = formats,                \
         .help = "form of the sound; auto: " auto_ ", the next one when refused"},                 \
        {ROW(MYNA_OPT_INT, "pcm_rate", pcm_rate_hz), .def = "24000", .min = 8000, .max = 48000,    \
         .help = "samples a second of raw sound whose type does not say it"},                      \
    {                                                                                              \
        0                                                                                          \
    }

static const struct myna_option openai_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS("https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini-tts",
                              "10s"),
    REST("pcm, wav, mp3")};
static const struct myna_option generic_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS(NULL, NULL, "tts-1", "20s"), REST("wav, pcm, mp3, opus")};

/* ---- the request */

static enum format format_of(const struct openai *o)
{
    return o->opt.format != FORMAT_AUTO ? (enum format)o->opt.format : o->order[o->at];
}

static char *body_of(const struct openai *o, const struct sentence *x)
{
    const char *voice = x->st->voice ? x->st->voice : o->opt.voice;
    json_t *body = json_object();
    char *text = NULL;
    int bad = json_object_set_new(body, "model", json_string(o->opt.at.model));

    bad |= json_object_set_new(body, "input", json_string(x->text));
    if (voice && voice[0])
        bad |= json_object_set_new(body, "voice", json_string(voice));
    bad |= json_object_set_new(body, "response_format", json_string(formats[x->format]));
    if (o->opt.instructions && o->opt.instructions[0])
        bad |= json_object_set_new(body, "instructions", json_string(o->opt.instructions));
    if (o->has_speed)
        bad |= json_object_set_new(body, "speed", json_real(o->opt.speed));
    if (!bad)
        text = myna_json_dump(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void on_head(void *arg, struct myna_http_request *rq, int status);
/* Each `timeout` a server must send a tenth of that in sound. One that sends nothing is not our
 * matter but the request's. */
static bool too_slow(struct sentence *x)
{
    int every = x->st->o->opt.at.timeout_ms;
    myna_us now = myna_clock_monotonic();

    if (x->paused || now - x->window < every * MYNA_MS)
        return false;
    if (x->fresh < (size_t)(every / SLOWEST) * (MYNA_OUT_RATE_HZ / 1000))
        return true;
    x->window = now;
    x->fresh = 0;
    return false;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes);
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e);

static void forget_answer(struct sentence *x)
{
    if (x->has_answer)
        myna_speech_answer_fini(&x->answer);
    x->has_answer = false;
}

static enum myna_err ask(struct sentence *x, int delay_ms)
{
    struct openai *o = x->st->o;
    struct myna_http_start how = {.delay_ms = delay_ms,
                                  .total_ms = LONGEST,
                                  .max_body = ANSWER,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = x};
    char *body;
    enum myna_err err;

    forget_answer(x);
    x->format = format_of(o);
    x->asked = true;
    x->tries++;
    x->window = myna_clock_monotonic() + delay_ms * MYNA_MS;
    x->fresh = 0;
    body = body_of(o, x);
    if (!body)
        return MYNA_ENOMEM;
    how.body = myna_view_of(body);
    err = myna_openai_audio_post(&o->api, "application/json", "audio/*", &how, &x->rq);
    free(body);
    return err;
}

static void soon(struct stream *st)
{
    /* Only memory can be short here; the next pump or text tries again. */
    if (myna_timer_set(&st->later, myna_host_now(st->o->base.host)))
        myna_host_log(st->o->base.host, MYNA_LOG_WARN, "no timer for a voice provider=%s",
                      st->base.tts->cls->name);
}

static void give_up(struct sentence *x, const struct myna_openai_trouble *t)
{
    myna_http_cancel(x->rq);
    x->rq = NULL;
    x->bad = *t;
    x->finished = true;
    soon(x->st);
}

/* Those whose turn to be asked for has come. */
static void advance(struct stream *st)
{
    int ahead = 0;

    if (st->told)
        return;
    for (struct sentence *x = st->head; x && ahead <= AHEAD; x = x->next, ahead++) {
        struct myna_openai_trouble t = {0};
        int held;

        if (!x->asked) {
            held = myna_openai_audio_held(&st->o->api, &t);
            if (held >= 0) {
                t.err = ask(x, held);
                t.again = true;
                snprintf(t.text, sizeof t.text, "a sentence could not be sent: %s",
                         myna_strerror(t.err));
            }
            if (t.err)
                give_up(x, &t);
        }
        if (!x->sounded)
            return;
    }
}

/* ---- the answer */

static void on_sound(void *arg, const int16_t *pcm, size_t n)
{
    struct sentence *x = arg;

    if (x->n + n > x->cap && x->at > 0) {
        memmove(x->pcm, x->pcm + x->at, (x->n - x->at) * sizeof *x->pcm);
        x->n -= x->at;
        x->at = 0;
    }
    if (x->n + n > x->cap) {
        size_t cap = x->n + n + (x->n + n) / 2;
        int16_t *more = realloc(x->pcm, cap * sizeof *more);

        if (!more) { /* on_data() ends it */
            x->bad = (struct myna_openai_trouble){.err = MYNA_ENOMEM,
                                                  .text = "no memory for the voice's sound"};
            return;
        }
        x->pcm = more;
        x->cap = cap;
    }
    memcpy(x->pcm + x->n, pcm, n * sizeof *pcm);
    x->n += n;
    x->fresh += n;
}

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    struct sentence *x = arg;
    struct openai *o = x->st->o;

    (void)status;
    myna_speech_answer_init(&x->answer, myna_http_header(rq, "Content-Type"), sounds[x->format],
                            (uint32_t)o->opt.pcm_rate_hz, o->api.key, on_sound, x);
    x->has_answer = true;
}

/* A server that has not this form of sound, but perhaps another. */
static bool other_format(struct sentence *x, const struct myna_http_error *e)
{
    struct openai *o = x->st->o;

    if (o->opt.format != FORMAT_AUTO || e->kind != MYNA_HTTP_STATUS ||
        (e->status != 400 && e->status != 415 && e->status != 422 && e->status != 501) ||
        !e->body.len || !memmem(e->body.ptr, e->body.len, "format", 6))
        return false;
    if (x->format == o->order[o->at]) {
        if (o->order[o->at + 1] == FORMAT_AUTO)
            return false;
        o->at++;
    }
    x->tries--;
    return ask(x, 0) == MYNA_OK;
}

static bool try_again(struct sentence *x, const struct myna_openai_trouble *t)
{
    struct stream *st = x->st;
    struct myna_openai_trouble ignored;
    int held, wait;

    if (!t->again || x->sounded || x->tries > st->o->api.retry.max ||
        (x == st->head && !st->sounded))
        return false;
    held = myna_openai_audio_held(&st->o->api, &ignored);
    wait = myna_openai_audio_backoff(&st->o->api, x->tries);
    if (held < 0)
        return false;
    myna_host_log(st->o->base.host, MYNA_LOG_WARN,
                  "%s; asking for the sentence again provider=%s try=%d", t->text,
                  st->base.tts->cls->name, x->tries);
    return ask(x, held > wait ? held : wait) == MYNA_OK;
}

static void failed(struct sentence *x, const struct myna_openai_trouble *t)
{
    myna_http_cancel(x->rq);
    x->rq = NULL;
    if (!try_again(x, t))
        give_up(x, t);
}

static void answer_failed(struct sentence *x)
{
    struct myna_openai_trouble t = {.err = x->answer.err, .again = x->answer.err != MYNA_ELIMIT};

    snprintf(t.text, sizeof t.text, "%s", x->answer.problem);
    failed(x, &t);
}

/* Sound has come to `x`. */
static void heard_more(struct sentence *x)
{
    struct stream *st = x->st;

    if (!x->sounded) {
        x->sounded = st->sounded = true;
        advance(st);
    }
    if (x->rq && !x->paused && x->n - x->at > (size_t)HIGH_MS * (MYNA_OUT_RATE_HZ / 1000)) {
        x->paused = true;
        myna_http_pause(x->rq, true);
    }
    if (x == st->head)
        myna_tts_ready(&st->base);
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct sentence *x = arg;
    size_t before = x->fresh;
    bool more;

    (void)rq;
    if (x->finished)
        return;
    myna_speech_answer_feed(&x->answer, bytes);
    more = x->fresh > before;
    if (x->bad.err) {
        struct myna_openai_trouble t = x->bad;

        give_up(x, &t);
    } else if (x->answer.err) {
        answer_failed(x);
    } else if (too_slow(x)) {
        failed(x, &(struct myna_openai_trouble){.err = MYNA_ETIMEOUT,
                                                .again = true,
                                                .text = "the server sends its sound too slowly"});
    } else if (more) {
        heard_more(x);
    }
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct sentence *x = arg;
    struct stream *st = x->st;
    struct myna_openai_trouble t = {0};
    size_t before = x->fresh;

    (void)rq;
    x->rq = NULL;
    if (e) {
        if (other_format(x, e))
            return;
        myna_openai_audio_trouble(&st->o->api, e, &t);
        failed(x, &t);
        return;
    }
    if (x->has_answer)
        myna_speech_answer_end(&x->answer);
    if (!x->has_answer || x->answer.err) {
        if (!x->has_answer)
            snprintf(x->answer.problem, sizeof x->answer.problem, "no answer");
        x->answer.err = x->answer.err ? x->answer.err : MYNA_EPROVIDER;
        answer_failed(x);
        return;
    }
    myna_openai_audio_good(&st->o->api);
    x->finished = true;
    forget_answer(x);
    if (x->fresh > before)
        heard_more(x);
    soon(st); /* perhaps it was the last thing that was awaited */
}

/* ---- the stream */

static void sentence_free(struct sentence *x)
{
    myna_http_cancel(x->rq);
    forget_answer(x);
    free(x->pcm);
    free(x->text);
    free(x);
}

static void free_spent(struct stream *st)
{
    while (st->spent) {
        struct sentence *x = st->spent;

        st->spent = x->next;
        sentence_free(x);
    }
}

/* Nothing more will come of this stream: no request goes on. */
static void tell(struct stream *st, const struct myna_openai_trouble *t)
{
    st->told = true;
    for (struct sentence *x = st->head; x; x = x->next) {
        myna_http_cancel(x->rq);
        x->rq = NULL;
    }
    if (!t) {
        myna_tts_emit(&st->base, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
        return;
    }
    myna_tts_emit(&st->base, &(struct myna_tts_event){.type = MYNA_TTS_FAULT,
                                                      .fault = {.stage = MYNA_STAGE_TTS,
                                                                .err = t->err,
                                                                .provider = st->base.tts->cls->name,
                                                                .message = t->text,
                                                                .http_status = t->status,
                                                                .retryable = t->again}});
}

static void later_fire(struct myna_timer *timer)
{
    struct stream *st = timer->arg;
    struct sentence *x;

    free_spent(st);
    if (st->told)
        return;
    for (x = st->head; x; x = x->next)
        if (x->paused && x->rq && x->n - x->at < (size_t)LOW_MS * (MYNA_OUT_RATE_HZ / 1000)) {
            x->paused = false;
            x->window = myna_clock_monotonic();
            x->fresh = 0;
            myna_http_pause(x->rq, false);
        }
    advance(st);
    x = st->head;
    if (x && x->finished && x->bad.err && x->at == x->n)
        tell(st, &x->bad);
    else if (x && x->finished && !x->bad.err && x->at == x->n) /* nothing of it is left to take */
        myna_tts_ready(&st->base);
    else if (st->ended && !x)
        tell(st, NULL);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct openai *o = (struct openai *)tts;
    struct stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    if (how->voice && how->voice[0] && !(st->voice = strdup(how->voice))) {
        free(st);
        return MYNA_ENOMEM;
    }
    st->base.tts = tts;
    st->o = o;
    st->last = &st->head;
    myna_host_timer_init(o->base.host, &st->later, later_fire, st);
    myna_openai_audio_warm(&o->api); /* while the first sentence is not whole yet */
    *out = &st->base;
    return MYNA_OK;
}

/* What is no UTF-8 would not pass as JSON. */
static char *whole_text(struct myna_view text)
{
    struct myna_buf b;
    char *out;

    myna_buf_init(&b, 3 * TEXT_MAX + 3);
    for (size_t at = 0; at < text.len;) {
        int n = myna_utf8_next(text.ptr + at, text.len - at);

        if (n > 0)
            myna_buf_put(&b, text.ptr + at, (size_t)n);
        else
            myna_buf_puts(&b, MYNA_UTF8_BROKEN);
        at += n > 0 ? (size_t)n : n < 0 ? (size_t)-n : text.len - at;
    }
    out = myna_buf_take(&b);
    myna_buf_fini(&b);
    return out;
}

static enum myna_err tts_text(struct myna_tts_stream *base, struct myna_view text)
{
    struct stream *st = (struct stream *)base;
    struct sentence *x;

    if (st->ended)
        return MYNA_ESTATE;
    if (st->waiting_bytes + text.len > TEXT_MAX)
        return MYNA_ELIMIT;
    x = calloc(1, sizeof *x);
    if (x)
        x->text = whole_text(text);
    if (!x || !x->text) {
        free(x);
        return MYNA_ENOMEM;
    }
    x->st = st;
    st->waiting_bytes += strlen(x->text);
    *st->last = x;
    st->last = &x->next;
    advance(st);
    return MYNA_OK;
}

static void tts_end(struct myna_tts_stream *base)
{
    struct stream *st = (struct stream *)base;

    if (st->ended)
        return;
    st->ended = true;
    if (!st->head)
        soon(st);
}

static void tts_pump(struct myna_tts_stream *base, size_t room)
{
    struct stream *st = (struct stream *)base;

    while (st->head && !st->told) {
        struct sentence *x = st->head;
        size_t give = x->n - x->at < room ? x->n - x->at : room;
        size_t taken = give ? myna_tts_audio(base, x->pcm + x->at, give) : 0;

        x->at += taken;
        room -= taken;
        if (x->at < x->n || !x->finished || x->bad.err)
            break;
        st->waiting_bytes -= strlen(x->text);
        st->head = x->next;
        if (!st->head)
            st->last = &st->head;
        x->next = st->spent;
        st->spent = x;
    }
    if (!st->told)
        soon(st); /* what follows is no part of the media tick */
}

static void tts_close(struct myna_tts_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->later);
    while (st->head) {
        struct sentence *x = st->head;

        st->head = x->next;
        sentence_free(x);
    }
    free_spent(st);
    free(st->voice);
    free(st);
}

static void tts_warm(struct myna_tts *tts)
{
    myna_openai_audio_warm(&((struct openai *)tts)->api);
}

/* ---- the classes */

static void tts_destroy(struct myna_tts *tts)
{
    struct openai *o = (struct openai *)tts;

    if (!o)
        return;
    myna_openai_audio_fini(&o->api);
    free(o);
}

static enum myna_err create(const struct myna_tts_class *cls, struct myna_tts **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct openai *o = calloc(1, sizeof *o);
    bool hosted = cls == &myna_tts_openai;
    char path[48], key[64];
    struct myna_section section = {path, cls->summary, cls->options};
    enum myna_err err;

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    o->base = (struct myna_tts){.cls = cls, .host = host};
    o->order = hosted ? openai_order : generic_order;
    snprintf(path, sizeof path, "tts.%s", cls->name);
    snprintf(key, sizeof key, "%s.speed", path);
    err = myna_config_read(cfg, &section, &o->opt, why);
    o->has_speed = myna_config_get(cfg, key) != NULL;
    if (!err)
        err = myna_openai_audio_init(&o->api, host, path, "/audio/speech", hosted, &o->opt.at, cfg,
                                     why);
    if (err)
        tts_destroy(&o->base);
    else
        *out = &o->base;
    return err;
}

#define CLASS(id, summary_, options_)                                                              \
    static enum myna_err create_##id(struct myna_tts **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_tts_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_tts_class myna_tts_##id = {                                                  \
        .name = #id,                                                                               \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .rate_hz = MYNA_OUT_RATE_HZ,                                                               \
        .create = create_##id,                                                                     \
        .destroy = tts_destroy,                                                                    \
        .open = tts_open,                                                                          \
        .text = tts_text,                                                                          \
        .end = tts_end,                                                                            \
        .pump = tts_pump,                                                                          \
        .close = tts_close,                                                                        \
        .warm = tts_warm,                                                                          \
    }

CLASS(openai, "OpenAI's voices", openai_options);
CLASS(openai_compatible, "any server with OpenAI's /audio/speech", generic_options);

/* tts_openai_sentence.c - one sentence: asked for, heard as it comes, asked for again where nothing
 * of it has sounded yet. */
#include "providers/tts_openai.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/json_dump.h"

#define AHEAD   2                  /* sentences asked for behind the one that plays */
#define SLOWEST 10                 /* of its sound's own length a server may take so many times */
#define LONGEST (10 * 60 * 1000)   /* ms of one request; also of a server held back by us */
#define ANSWER  ((size_t)64 << 20) /* bytes of one answer: ten minutes and more of WAV */

const char *const myna_openai_formats[] = {"auto", "pcm", "wav", "opus", "mp3", NULL};
static const enum myna_sound sounds[N_FORMATS] = {
    [FORMAT_PCM] = MYNA_SOUND_PCM,
    [FORMAT_WAV] = MYNA_SOUND_WAV,
    [FORMAT_OPUS] = MYNA_SOUND_OGG,
    [FORMAT_MP3] = MYNA_SOUND_MP3,
};

/* ---- the request */

static enum openai_format format_of(const struct openai_voice *o)
{
    return o->opt.format != FORMAT_AUTO ? (enum openai_format)o->opt.format : o->order[o->at];
}

static char *body_of(const struct openai_voice *o, const struct openai_sentence *x)
{
    const char *voice = x->st->voice ? x->st->voice : o->opt.voice;
    json_t *body = json_object();
    char *text = NULL;
    int bad = json_object_set_new(body, "model", json_string(o->opt.at.model));

    bad |= json_object_set_new(body, "input", json_string(x->text));
    if (voice && voice[0])
        bad |= json_object_set_new(body, "voice", json_string(voice));
    bad |=
        json_object_set_new(body, "response_format", json_string(myna_openai_formats[x->format]));
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
static bool too_slow(struct openai_sentence *x)
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

static void forget_answer(struct openai_sentence *x)
{
    if (x->has_answer)
        myna_speech_answer_fini(&x->answer);
    x->has_answer = false;
}

static enum myna_err ask(struct openai_sentence *x, int delay_ms)
{
    struct openai_voice *o = x->st->o;
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

void myna_openai_voice_soon(struct openai_saying *st)
{
    /* Only memory can be short here; the next pump or text tries again. */
    if (myna_timer_set(&st->later, myna_host_now(st->o->base.host)))
        myna_host_log(st->o->base.host, MYNA_LOG_WARN, "no timer for a voice provider=%s",
                      st->base.tts->cls->name);
}

static void give_up(struct openai_sentence *x, const struct myna_openai_trouble *t)
{
    myna_http_cancel(x->rq);
    x->rq = NULL;
    x->bad = *t;
    x->finished = true;
    myna_openai_voice_soon(x->st);
}

/* Those whose turn to be asked for has come. */
void myna_openai_voice_advance(struct openai_saying *st)
{
    int ahead = 0;

    if (st->told)
        return;
    for (struct openai_sentence *x = st->head; x && ahead <= AHEAD; x = x->next, ahead++) {
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
    struct openai_sentence *x = arg;

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
    struct openai_sentence *x = arg;
    struct openai_voice *o = x->st->o;

    (void)status;
    myna_speech_answer_init(&x->answer, myna_http_header(rq, "Content-Type"), sounds[x->format],
                            (uint32_t)o->opt.pcm_rate_hz, o->api.key, on_sound, x);
    x->has_answer = true;
}

/* A server that has not this form of sound, but perhaps another. */
static bool other_format(struct openai_sentence *x, const struct myna_http_error *e)
{
    struct openai_voice *o = x->st->o;

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

static bool try_again(struct openai_sentence *x, const struct myna_openai_trouble *t)
{
    struct openai_saying *st = x->st;
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

static void failed(struct openai_sentence *x, const struct myna_openai_trouble *t)
{
    myna_http_cancel(x->rq);
    x->rq = NULL;
    if (!try_again(x, t))
        give_up(x, t);
}

static void answer_failed(struct openai_sentence *x)
{
    struct myna_openai_trouble t = {.err = x->answer.err, .again = x->answer.err != MYNA_ELIMIT};

    snprintf(t.text, sizeof t.text, "%s", x->answer.problem);
    failed(x, &t);
}

/* Sound has come to `x`. */
static void heard_more(struct openai_sentence *x)
{
    struct openai_saying *st = x->st;

    if (!x->sounded) {
        x->sounded = st->sounded = true;
        myna_openai_voice_advance(st);
    }
    if (x->rq && !x->paused &&
        x->n - x->at > (size_t)MYNA_VOICE_HIGH_MS * (MYNA_OUT_RATE_HZ / 1000)) {
        x->paused = true;
        myna_http_pause(x->rq, true);
    }
    if (x == st->head)
        myna_tts_ready(&st->base);
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct openai_sentence *x = arg;
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
    struct openai_sentence *x = arg;
    struct openai_saying *st = x->st;
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
    myna_openai_voice_soon(st); /* perhaps it was the last thing that was awaited */
}

void myna_openai_sentence_free(struct openai_sentence *x)
{
    myna_http_cancel(x->rq);
    forget_answer(x);
    free(x->pcm);
    free(x->text);
    free(x);
}

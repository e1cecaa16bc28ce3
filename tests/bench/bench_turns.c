/* bench_turns.c - what the engine adds to a turn whose agent and voice take their time.
 *
 *     bench_turns [SESSIONS [SECONDS]]
 *
 * The agent gives 40 tokens a second, the voice its first sound 50 ms after it has text. Told, over
 * all turns of SESSIONS calls in one process:
 *   turn_request_p99        the end of the turn was due → the request goes to the agent
 *   turn_first_text_p99     the token that ends the first sentence → that sentence goes to the
 * voice first_sentence_late_p99 last speech → first sound, less endpointing, the first sentence's
 * tokens and the voice's 50 ms It fails when an answer's first sound did not come before its last
 * token.
 */
#include "bench.h"
#include "instant.h"

#include <string.h>

enum { DELAY_MS = 300, TOKEN_MS = 25, VOICE_MS = 50, TOKENS = 60, SENTENCE = 8, MAX = 1 << 16 };

static struct myna_session *sessions[INSTANT_MAX];
static bool sounded[INSTANT_MAX];
static struct figures {
    double ms[MAX];
    size_t n;
} request, first_text, late;
static size_t finished_first; /* answers whose last token came before their first sound */
static int64_t token_ns;      /* when the token at hand came; 0: none is at hand */

static void note(struct figures *f, double ms)
{
    if (f->n < MAX)
        f->ms[f->n++] = ms;
}

static void at(struct myna_timer *t, myna_us when)
{
    if (myna_timer_set(t, when))
        abort();
}

/* ---- the agent: "one two … eight. one two …" */

struct answer {
    struct myna_llm_stream base;
    struct myna_timer timer;
    size_t number; /* of the session */
    int tokens;
    myna_us began;
};

static enum myna_err llm_create(struct myna_llm **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    *out = calloc(1, sizeof **out);
    if (*out)
        (*out)->host = host;
    return *out ? MYNA_OK : MYNA_ENOMEM;
}

static void llm_destroy(struct myna_llm *llm)
{
    free(llm);
}

static void llm_token(struct myna_timer *t)
{
    struct answer *a = t->arg;
    bool stop = ++a->tokens % SENTENCE == 0;
    struct myna_llm_event ev = {.type = MYNA_LLM_TEXT};
    const char *text = stop ? "eight. " : a->tokens % SENTENCE == 1 ? "Seven " : "seven ";

    if (a->tokens == TOKENS) {
        finished_first += !sounded[a->number];
        ev.type = MYNA_LLM_DONE;
        myna_llm_emit(&a->base, &ev);
        return;
    }
    at(t, a->began + (a->tokens + 1) * TOKEN_MS * MYNA_MS);
    ev.text = (struct myna_view){(const uint8_t *)text, strlen(text)};
    token_ns = bench_now_ns();
    myna_llm_emit(&a->base, &ev);
    token_ns = 0;
}

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct answer *a = calloc(1, sizeof *a);

    if (!a)
        return MYNA_ENOMEM;
    a->base.llm = llm;
    a->number = (size_t)atoi(req->session_id);
    a->began = myna_host_now(llm->host);
    if (instant.due_ns[a->number])
        note(&request, (double)(bench_now_ns() - instant.due_ns[a->number]) / 1e6);
    sounded[a->number] = false;
    myna_host_timer_init(llm->host, &a->timer, llm_token, a);
    at(&a->timer, a->began + TOKEN_MS * MYNA_MS);
    *out = &a->base;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *st)
{
    struct answer *a = (struct answer *)st;

    myna_timer_clear(&a->timer);
    free(a);
}

static const struct myna_llm_class paced_llm = {.name = "paced",
                                                .summary = "40 tokens a second",
                                                .create = llm_create,
                                                .destroy = llm_destroy,
                                                .start = llm_start,
                                                .close = llm_close};

/* ---- the voice */

struct speech {
    struct myna_tts_stream base;
    struct myna_timer timer;
    size_t left; /* samples that may be taken */
    bool asked, sounds, ended, told;
};

static enum myna_err tts_create(struct myna_tts **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    *out = calloc(1, sizeof **out);
    if (*out)
        (*out)->host = host;
    return *out ? MYNA_OK : MYNA_ENOMEM;
}

static void tts_destroy(struct myna_tts *tts)
{
    free(tts);
}

static void tts_sounds(struct myna_timer *t)
{
    struct speech *st = t->arg;

    st->sounds = true;
    myna_tts_ready(&st->base);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct speech *st = calloc(1, sizeof *st);

    (void)how;
    if (!st)
        return MYNA_ENOMEM;
    st->base.tts = tts;
    myna_host_timer_init(tts->host, &st->timer, tts_sounds, st);
    *out = &st->base;
    return MYNA_OK;
}

static enum myna_err tts_text(struct myna_tts_stream *stream, struct myna_view text)
{
    struct speech *st = (struct speech *)stream;

    st->left += text.len * 24 * 60; /* 60 ms a letter */
    if (!st->asked) {
        if (token_ns)
            note(&first_text, (double)(bench_now_ns() - token_ns) / 1e6);
        at(&st->timer, myna_host_now(stream->tts->host) + VOICE_MS * MYNA_MS);
    } else if (st->sounds) {
        myna_tts_ready(stream);
    }
    st->asked = true;
    return MYNA_OK;
}

static void tts_over(struct speech *st)
{
    struct myna_tts_event ev = {.type = MYNA_TTS_DONE};

    if (st->ended && !st->left && !st->told) {
        st->told = true;
        myna_tts_emit(&st->base, &ev);
    }
}

static void tts_end(struct myna_tts_stream *stream)
{
    struct speech *st = (struct speech *)stream;

    st->ended = true;
    tts_over(st);
}

static void tts_pump(struct myna_tts_stream *stream, size_t room)
{
    static const int16_t tone[480] = {1000, -1000, 1000};
    struct speech *st = (struct speech *)stream;

    while (st->sounds && st->left && room) {
        size_t n = st->left < 480 ? st->left : 480;
        size_t took = myna_tts_audio(stream, tone, n < room ? n : room);

        if (!took)
            break;
        st->left -= took;
        room -= took;
    }
    tts_over(st);
}

static void tts_close(struct myna_tts_stream *stream)
{
    struct speech *st = (struct speech *)stream;

    myna_timer_clear(&st->timer);
    free(st);
}

static const struct myna_tts_class paced_tts = {.name = "paced",
                                                .summary = "first sound after 50 ms",
                                                .rate_hz = MYNA_OUT_RATE_HZ,
                                                .create = tts_create,
                                                .destroy = tts_destroy,
                                                .open = tts_open,
                                                .text = tts_text,
                                                .end = tts_end,
                                                .pump = tts_pump,
                                                .close = tts_close};

/* ---- the calls */

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    const struct myna_waterfall *w = &ev->u.latency.w;

    (void)s;
    if (ev->type != MYNA_EV_TURN_LATENCY)
        return;
    sounded[(size_t)(uintptr_t)arg] = true;
    if (w->first_audio != MYNA_NEVER && w->speech_end != MYNA_NEVER)
        note(&late, (double)(w->first_audio - w->speech_end) / 1e3 - DELAY_MS -
                        (SENTENCE + 1) * TOKEN_MS - VOICE_MS);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 200;
    int seconds = argc > 2 ? atoi(argv[2]) : 10;
    static const struct myna_vad_class *const vads[] = {&instant_vad, NULL};
    static const struct myna_llm_class *const llms[] = {&paced_llm, NULL};
    static const struct myna_tts_class *const ttss[] = {&paced_tts, NULL};
    static const struct myna_transport_class *const doors[] = {&instant_door, NULL};
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options ro = {.size = sizeof ro,
                                      .config = cfg,
                                      .seed = 11,
                                      .vads = vads,
                                      .llms = llms,
                                      .ttss = ttss,
                                      .transports = doors};
    struct myna_agent agent = {.size = sizeof agent, .name = "bench"};
    struct myna_why why = {0};
    struct myna_runtime *rt;
    double p50;

    if (!cfg || n > INSTANT_MAX)
        return 2;
    bench_set(cfg, "vad.provider", "instant");
    bench_set(cfg, "stt.provider", "instant");
    bench_set(cfg, "llm.provider", "paced");
    bench_set(cfg, "tts.provider", "paced");
    bench_set(cfg, "turn.min_delay", "300ms");
    bench_set(cfg, "turn.preemptive_generation", "false");
    bench_set(cfg, "session.user_away_timeout", "null");
    instant.end_delay_ns = DELAY_MS * INT64_C(1000000);
    if (myna_runtime_create(&ro, &rt, &why))
        bench_die("runtime", &why);
    for (instant.session = 0; instant.session < n; instant.session++) {
        char id[24];
        struct myna_session_options so = {.size = sizeof so,
                                          .agent = &agent,
                                          .transport_name = "instant",
                                          .record_dir = "",
                                          .session_id = id,
                                          .on_event = on_event,
                                          .arg = (void *)(uintptr_t)instant.session};

        snprintf(id, sizeof id, "%zu", instant.session);
        if (myna_session_create(rt, &so, &sessions[instant.session], &why) ||
            myna_session_start(sessions[instant.session], &why))
            bench_die("session", &why);
    }
    instant.talking = true;
    myna_runtime_run_until(rt, myna_runtime_now(rt) + 4 * MYNA_S); /* until calls overlap */
    request.n = first_text.n = late.n = finished_first = 0;
    myna_runtime_run_until(rt, myna_runtime_now(rt) + seconds * MYNA_S);
    p50 = bench_quantile(request.ms, request.n, 0.5);
    bench_tell("turn_request_p99", bench_quantile(request.ms, request.n, 0.99), "ms", "median", p50,
               2.0);
    p50 = bench_quantile(first_text.ms, first_text.n, 0.5);
    bench_tell("turn_first_text_p99", bench_quantile(first_text.ms, first_text.n, 0.99), "ms",
               "median", p50, 2.0);
    p50 = bench_quantile(late.ms, late.n, 0.5);
    bench_tell("first_sentence_late_p99", bench_quantile(late.ms, late.n, 0.99), "ms", "median",
               p50, 10.0);
    for (size_t i = 0; i < n; i++)
        myna_session_destroy(sessions[i]);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    if (!request.n || !first_text.n || !late.n || finished_first) {
        fprintf(stderr,
                "%zu requests, %zu sentences, %zu sounds; %zu were not heard before the "
                "agent had finished\n",
                request.n, first_text.n, late.n, finished_first);
        return 1;
    }
    return 0;
}

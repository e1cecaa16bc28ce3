/* runtime.c - the process: loop, clock, chance, log, one object per configured provider, the
 * sessions. */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

#include "llm/fallback.h"
#include "stt/fallback.h"
#include "tts/fallback.h"
#include "util/grave.h"
#include "util/http.h"
#include "util/process.h"
#include "tts/sentences.h"
#include "util/spare.h"
#include "util/suggest.h"

#define LEAVE_STEP (10 * MYNA_MS) /* tool servers have half a second for our good-bye */
enum { LEAVE_TRIES = 50 };
#define SETTLED    (300 * MYNA_MS)  /* what is not needed for the first connection comes then */
#define LAST_SPANS (2500 * MYNA_MS) /* a collector may hold the end of the process no longer */

struct myna_runtime {
    struct myna_runtime_options opt;
    struct myna_config *own_config; /* when the host gave none */
    const struct myna_config *config;
    struct myna_host host;
    struct myna_runtime_stages stages;
    bool have_stages;
    struct myna_trace *trace;
    struct myna_session *sessions;
    struct myna_toolbox *toolbox;
    size_t calls;                /* that have begun and are not over */
    struct myna_work dictionary; /* of syllables, read ahead */
    struct myna_timer dictionary_due;
    struct sound {
        struct sound *next;
        char *path;
        struct myna_clip *clip;
    } * sounds;
};

static enum myna_err open_log(struct myna_runtime *rt, struct myna_why *why)
{
    struct myna_log_conf conf;
    struct myna_log_options lo = {.write = rt->opt.log, .arg = rt->opt.log_arg};
    enum myna_err err = myna_config_read(rt->config, &myna_log_section, &conf, why);

    if (err)
        return err;
    lo.level = (enum myna_log_level)conf.level;
    lo.json = conf.json;
    rt->host.log = myna_log_create(&lo);
    return rt->host.log ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the log");
}

static void read_dictionary(struct myna_work *w)
{
    (void)w;
    (void)myna_syllables(myna_view_of("ready"));
}

static void dictionary_read(struct myna_work *w)
{
    (void)w; /* who asks before waits for it there */
}

static void dictionary_fire(struct myna_timer *t)
{
    struct myna_runtime *rt = t->arg;

    rt->dictionary = (struct myna_work){.run = read_dictionary, .done = dictionary_read};
    (void)myna_loop_work(rt->host.loop, &rt->dictionary);
}

/* Its time is not spent in the first answer; nor at the start: a thread that grows its memory page
 * by page for 20 ms holds up all others of the process whenever they map something, as loading
 * libraries does. */
static void dictionary_later(struct myna_runtime *rt)
{
    myna_host_timer_init(&rt->host, &rt->dictionary_due, dictionary_fire, rt);
    if (!rt->opt.virtual_clock)
        (void)!myna_timer_set(&rt->dictionary_due, myna_loop_now(rt->host.loop) + SETTLED);
}

enum myna_err myna_runtime_create(const struct myna_runtime_options *opt, struct myna_runtime **out,
                                  struct myna_why *why)
{
    struct myna_runtime *rt = calloc(1, sizeof *rt);
    struct myna_loop_options lo = {.virtual_clock = opt->virtual_clock, .workers = opt->workers};
    uint64_t seed = opt->seed;
    enum myna_err err = MYNA_ENOMEM;

    if (!rt)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the runtime");
    rt->opt = *opt;
    rt->config = opt->config;
    if (!rt->config) {
        rt->config = rt->own_config = myna_config_create();
        if (!rt->config) {
            myna_fail(why, err, "no memory for the configuration");
            goto fail;
        }
    }
    err = open_log(rt, why);
    if (err)
        goto fail;
    rt->host.loop = myna_loop_create(&lo, why);
    if (!rt->host.loop) {
        err = why ? why->err : MYNA_ENOMEM;
        goto fail;
    }
    if (!opt->virtual_clock)
        myna_http_prepare(&rt->host);
    dictionary_later(rt);
    if (!seed)
        seed = opt->virtual_clock ? 1 : myna_rand_system_seed();
    myna_rand_seed(&rt->host.rand, seed);
    err = myna_trace_create(&rt->host, rt->config, &rt->trace, why);
    if (err)
        goto fail;
    *out = rt;
    return MYNA_OK;
fail:
    myna_runtime_destroy(rt);
    return err;
}

static void free_sounds(struct myna_runtime *rt)
{
    for (struct sound *so = rt->sounds, *next; so; so = next) {
        next = so->next;
        myna_clip_destroy(so->clip);
        free(so->path);
        free(so);
    }
}

void myna_runtime_destroy(struct myna_runtime *rt)
{
    if (!rt)
        return;
    while (rt->sessions)
        myna_session_destroy(rt->sessions);
    if (rt->host.loop)
        myna_host_bury_all(&rt->host);
    for (int i = 0; rt->toolbox && i < LEAVE_TRIES && myna_toolbox_leave(rt->toolbox); i++)
        myna_loop_run_until(rt->host.loop, myna_loop_now(rt->host.loop) + LEAVE_STEP);
    if (rt->trace && myna_trace_finish(rt->trace)) /* the last spans, while there is a loop */
        myna_loop_run_until(rt->host.loop, myna_loop_now(rt->host.loop) + LAST_SPANS);
    myna_trace_destroy(rt->trace);
    /* Running work ends before the objects that it reads go away. */
    myna_timer_clear(&rt->dictionary_due);
    if (rt->host.loop)
        myna_loop_drain(rt->host.loop);
    if (rt->stages.tts)
        rt->stages.tts->cls->destroy(rt->stages.tts);
    if (rt->stages.llm)
        rt->stages.llm->cls->destroy(rt->stages.llm);
    if (rt->stages.stt)
        rt->stages.stt->cls->destroy(rt->stages.stt);
    if (rt->stages.vad)
        rt->stages.vad->cls->destroy(rt->stages.vad);
    free_sounds(rt);
    myna_toolbox_destroy(rt->toolbox);
    myna_process_end_all(&rt->host);
    myna_http_destroy(rt->host.http);
    myna_loop_destroy(rt->host.loop);
    myna_log_destroy(rt->host.log);
    myna_config_destroy(rt->own_config);
    free(rt);
}

void myna_runtime_run(struct myna_runtime *rt)
{
    myna_loop_run(rt->host.loop);
}

void myna_runtime_run_until(struct myna_runtime *rt, myna_us until)
{
    myna_loop_run_until(rt->host.loop, until);
}

void myna_runtime_stop(struct myna_runtime *rt)
{
    myna_loop_stop(rt->host.loop);
}

myna_us myna_runtime_now(const struct myna_runtime *rt)
{
    return myna_loop_now(rt->host.loop);
}

struct myna_host *myna_runtime_host(struct myna_runtime *rt)
{
    return &rt->host;
}

enum myna_err myna_runtime_toolbox(struct myna_runtime *rt, struct myna_toolbox **out,
                                   struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    if (!rt->toolbox)
        err = myna_toolbox_create(&rt->host, rt->config, &rt->toolbox, why);
    if (!err)
        *out = rt->toolbox;
    return err;
}

struct myna_loop *myna_runtime_loop(struct myna_runtime *rt)
{
    return rt->host.loop;
}

void myna_runtime_call(struct myna_runtime *rt, bool began)
{
    if (began) {
        rt->calls++;
        myna_loop_hold(rt->host.loop);
    } else {
        rt->calls--;
        myna_loop_release(rt->host.loop);
    }
    if (rt->trace && rt->calls == (began ? 1 : 0))
        myna_trace_calls(rt->trace, began);
}

struct myna_trace *myna_runtime_trace(struct myna_runtime *rt)
{
    return rt->trace;
}

const struct myna_config *myna_runtime_config(const struct myna_runtime *rt)
{
    return rt->config;
}

uint64_t myna_runtime_seed(struct myna_runtime *rt)
{
    return myna_rand_next(&rt->host.rand);
}

void myna_runtime_attach(struct myna_runtime *rt, struct myna_session *s)
{
    s->next = rt->sessions;
    rt->sessions = s;
}

void myna_runtime_detach(struct myna_runtime *rt, struct myna_session *s)
{
    for (struct myna_session **p = &rt->sessions; *p; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            return;
        }
}

/* ---- classes by name: the host's own first, then the built-in ones */

/* Every class begins with its name, so one search serves all tables. */
static const void *find(const void *const *own, const void *const *builtin, const char *kind,
                        const char *name, enum myna_err *err, struct myna_why *why)
{
    const char *names[64];
    const char *near;
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++)
        for (const void *const *p = pass ? builtin : own; p && *p; p++) {
            const char *its = *(const char *const *)*p;

            if (!strcmp(its, name))
                return *p;
            if (n < 64)
                names[n++] = its;
        }
    near = myna_suggest(name, names, n);
    *err =
        myna_fail(why, MYNA_ECONFIG, "there is no %s provider '%s'%s%s%s (set %s.provider)", kind,
                  name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", kind);
    return NULL;
}

static bool wanted(const char *name)
{
    return name && name[0] && strcmp(name, "none") != 0;
}

/* "myna.yaml:3:5: llm.ollama.base_url must …": a sentence about a key gets the place of that key,
 * one about something that is not there that of the line which wants it (llm.provider). */
static void put_place(const struct myna_config *cfg, const char *kind, const char *name,
                      struct myna_why *why)
{
    char key[128], text[sizeof why->text];
    const char *origin = NULL, *colon = strstr(why->text, ": ");
    size_t n = strcspn(why->text, " ");

    if (colon && colon > why->text && colon[-1] >= '0' && colon[-1] <= '9')
        return; /* it has its place */
    if (n < sizeof key && snprintf(key, sizeof key, "%.*s", (int)n, why->text) > 0 &&
        strchr(key, '.') && !myna_config_is_default(cfg, key))
        origin = myna_config_origin(cfg, key);
    if (!origin) {
        const char *provider;

        snprintf(key, sizeof key, "%s.provider", kind);
        provider = myna_config_get(cfg, key);
        if (!provider || strcmp(provider, name) != 0)
            snprintf(key, sizeof key, "%s.fallback", kind);
        if (!myna_config_is_default(cfg, key))
            origin = myna_config_origin(cfg, key);
    }
    if (!origin)
        return;
    snprintf(text, sizeof text, "%s", why->text);
    myna_fail(why, why->err, "%s: %s", origin, text);
}

/* What is wrong with the configuration has a place; a class that failed without a word gets one. */
static enum myna_err reason(enum myna_err err, const struct myna_config *cfg, const char *kind,
                            const char *name, struct myna_why *why)
{
    if (err && why && !why->text[0])
        myna_fail(why, err, "the %s provider '%s' could not be made: %s", kind, name,
                  myna_strerror(err));
    if (err == MYNA_ECONFIG && why)
        put_place(cfg, kind, name, why);
    return err;
}

#define STAGE(kind, own, builtin, section, into)                                                   \
    do {                                                                                           \
        const struct myna_##kind##_class *cls;                                                     \
                                                                                                   \
        if (!err)                                                                                  \
            err = myna_config_read(rt->config, section, &conf, why);                               \
        if (!err && wanted(conf.provider)) {                                                       \
            cls = find((const void *const *)(own), (const void *const *)(builtin), #kind,          \
                       conf.provider, &err, why);                                                  \
            if (cls)                                                                               \
                err = cls->create(&(into), &rt->host, rt->config, why);                            \
            err = reason(err, rt->config, #kind, conf.provider, why);                              \
            if (cls && !err && !(into)->cls) /* a class that leaves its base to us */              \
                (into)->cls = cls;                                                                 \
            if (cls && !err && !(into)->host)                                                      \
                (into)->host = &rt->host;                                                          \
        }                                                                                          \
    } while (0)

/* The stage's one object and those of its fallback list become one. */
#define SPARES(kind, own, builtin, into)                                                           \
    do {                                                                                           \
        struct myna_##kind *all[MYNA_SPARES_MAX] = {into};                                         \
        size_t n = 1;                                                                              \
                                                                                                   \
        for (; !err && (into) && conf.fallback[n - 1] && n < MYNA_SPARES_MAX; n++) {               \
            const char *name = conf.fallback[n - 1];                                               \
            const struct myna_##kind##_class *cls =                                                \
                find((const void *const *)(own), (const void *const *)(builtin), #kind, name,      \
                     &err, why);                                                                   \
                                                                                                   \
            if (cls)                                                                               \
                err = cls->create(&all[n], &rt->host, rt->config, why);                            \
            err = reason(err, rt->config, #kind, name, why);                                       \
            if (err)                                                                               \
                break;                                                                             \
            if (!all[n]->cls)                                                                      \
                all[n]->cls = cls;                                                                 \
            if (!all[n]->host)                                                                     \
                all[n]->host = &rt->host;                                                          \
        }                                                                                          \
        if (!err && n == MYNA_SPARES_MAX && conf.fallback[n - 1])                                  \
            err = myna_fail(why, MYNA_ECONFIG, #kind ".fallback has more than %d providers",       \
                            MYNA_SPARES_MAX - 1);                                                  \
        if (!err && n > 1) {                                                                       \
            err = myna_##kind##_fallback(&rt->host, all, n, conf.fallback_timeout_ms, &(into));    \
            if (err)                                                                               \
                (into) = NULL;                                                                     \
        } else {                                                                                   \
            for (size_t i = 1; i < n; i++)                                                         \
                all[i]->cls->destroy(all[i]);                                                      \
        }                                                                                          \
    } while (0)

enum myna_err myna_runtime_make_stt(struct myna_runtime *rt, struct myna_stt **out,
                                    struct myna_why *why)
{
    struct myna_stage_conf conf = {0};
    struct myna_stt *stt = NULL;
    enum myna_err err = MYNA_OK;

    STAGE(stt, rt->opt.stts, myna_builtin_stts(), &myna_stt_section, stt);
    SPARES(stt, rt->opt.stts, myna_builtin_stts(), stt);
    *out = stt;
    return err;
}

enum myna_err myna_runtime_make_tts(struct myna_runtime *rt, struct myna_tts **out,
                                    struct myna_why *why)
{
    struct myna_stage_conf conf = {0};
    struct myna_tts *tts = NULL;
    enum myna_err err = MYNA_OK;

    STAGE(tts, rt->opt.ttss, myna_builtin_ttss(), &myna_tts_section, tts);
    SPARES(tts, rt->opt.ttss, myna_builtin_ttss(), tts);
    *out = tts;
    return err;
}

enum myna_err myna_runtime_stages(struct myna_runtime *rt, struct myna_runtime_stages *out,
                                  struct myna_why *why)
{
    struct myna_runtime_stages *st = &rt->stages;
    struct myna_stage_conf conf = {0};
    enum myna_err err = MYNA_OK;

    if (!st->vad)
        STAGE(vad, rt->opt.vads, myna_builtin_vads(), &myna_vad_section, st->vad);
    if (!err && !st->stt)
        err = myna_runtime_make_stt(rt, &st->stt, why);
    if (!st->llm) {
        STAGE(llm, rt->opt.llms, myna_builtin_llms(), &myna_llm_section, st->llm);
        SPARES(llm, rt->opt.llms, myna_builtin_llms(), st->llm);
    }
    if (!err && !st->tts)
        err = myna_runtime_make_tts(rt, &st->tts, why);
    if (err)
        return err;
    *out = *st;
    return MYNA_OK;
}

static const struct myna_transport_class *transport(const struct myna_runtime *rt, const char *name,
                                                    enum myna_err *err, struct myna_why *why)
{
    return find((const void *const *)rt->opt.transports,
                (const void *const *)myna_builtin_transports(), "transport",
                name && name[0] ? name : "none", err, why);
}

void myna_runtime_expect(struct myna_runtime *rt, const char *transport_name)
{
    struct myna_why why; /* its making says it */
    enum myna_err err;
    const struct myna_transport_class *cls = transport(rt, transport_name, &err, &why);

    if (cls && cls->prepare)
        cls->prepare(&rt->host);
}

enum myna_err myna_runtime_transport(struct myna_runtime *rt, const char *name,
                                     struct myna_transport **out, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;
    const struct myna_transport_class *cls = transport(rt, name, &err, why);

    return cls ? cls->create(out, &rt->host, rt->config, why) : err;
}

/* ---- sounds */

/* Takes the clip. */
static enum myna_err keep_sound(struct myna_runtime *rt, const char *path, struct myna_clip *clip,
                                struct myna_why *why)
{
    struct sound *so = calloc(1, sizeof *so);

    if (!so || !clip || !(so->path = strdup(path))) {
        free(so);
        myna_clip_destroy(clip);
        return myna_fail(why, MYNA_ENOMEM, "no memory for %s", path);
    }
    so->clip = clip;
    so->next = rt->sounds;
    rt->sounds = so;
    return MYNA_OK;
}

enum myna_err myna_runtime_clip(struct myna_runtime *rt, const char *path,
                                const struct myna_clip **out, struct myna_why *why)
{
    struct myna_clip *clip = NULL;
    enum myna_err err;

    for (const struct sound *so = rt->sounds; so; so = so->next)
        if (!strcmp(so->path, path)) {
            *out = so->clip;
            return MYNA_OK;
        }
    err = myna_clip_load(path, &clip, why);
    if (!err)
        err = keep_sound(rt, path, clip, why);
    if (!err)
        *out = rt->sounds->clip;
    return err;
}

enum myna_err myna_runtime_clip_known(struct myna_runtime *rt, const char *path, size_t n,
                                      struct myna_why *why)
{
    return keep_sound(rt, path, myna_clip_silent(n), why);
}

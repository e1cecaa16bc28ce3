/* bench_sessions.c - many calls at once in one process, in real time.
 *
 *     bench_sessions [SESSIONS [SECONDS [VAD]]]
 *
 * Tells: CPU seconds a second (beside the same number of bare 20 ms timers), lateness of the media
 * tick, allocations a frame, and what the session adds between the end of a turn and its answer.
 */
#include "bench.h"
#include "fault.h"
#include "instant.h"

#include <string.h>

enum { DELAY_MS = 300, IDLE_S = 2 };

static struct myna_session *sessions[INSTANT_MAX];

static struct myna_runtime *make_runtime(struct myna_config *cfg)
{
    static const struct myna_vad_class *const vads[] = {&instant_vad, NULL};
    static const struct myna_transport_class *const doors[] = {&instant_door, NULL};
    struct myna_runtime_options opt = {
        .size = sizeof opt,
        .config = cfg,
        .seed = 11,
        .vads = vads,
        .transports = doors,
    };
    struct myna_runtime *rt;
    struct myna_why why = {0};

    if (myna_runtime_create(&opt, &rt, &why))
        bench_die("runtime", &why);
    return rt;
}

static void make_sessions(struct myna_runtime *rt, size_t n)
{
    struct myna_agent agent = {.size = sizeof agent, .name = "bench"};
    struct myna_session_options opt = {
        .size = sizeof opt, .agent = &agent, .transport_name = "instant", .record_dir = ""};
    struct myna_why why = {0};

    for (instant.session = 0; instant.session < n; instant.session++) {
        if (myna_session_create(rt, &opt, &sessions[instant.session], &why) ||
            myna_session_start(sessions[instant.session], &why))
            bench_die("session", &why);
    }
}

/* ---- the bare cost: the same timers and copies, nobody thinking */

struct bare {
    struct myna_timer timer;
    int16_t in[MYNA_IN_SAMPLES], out[MYNA_OUT_SAMPLES];
};

static void bare_tick(struct myna_timer *t)
{
    struct bare *b = t->arg;

    memcpy(b->out, b->in, sizeof b->in);
    if (myna_timer_set(t, t->at + MYNA_FRAME_US))
        abort();
}

static double bare_cpu(struct myna_runtime *rt, size_t n, int seconds)
{
    struct bare *all = calloc(n, sizeof *all);
    myna_us now = myna_runtime_now(rt);
    int64_t cpu, wall;

    for (size_t i = 0; all && i < n; i++) {
        myna_host_timer_init(myna_runtime_host(rt), &all[i].timer, bare_tick, &all[i]);
        if (myna_timer_set(&all[i].timer, now + (myna_us)i * MYNA_FRAME_US / (myna_us)n))
            abort();
    }
    cpu = bench_cpu_ns();
    wall = bench_now_ns();
    myna_runtime_run_until(rt, now + seconds * MYNA_S);
    cpu = bench_cpu_ns() - cpu;
    wall = bench_now_ns() - wall;
    for (size_t i = 0; all && i < n; i++)
        myna_timer_clear(&all[i].timer);
    free(all);
    return (double)cpu / (double)wall;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 200;
    int seconds = argc > 2 ? atoi(argv[2]) : 10;
    const char *vad = argc > 3 ? argv[3] : "instant";
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime *rt;
    unsigned long allocations;
    uint64_t frames;
    int64_t cpu, wall;
    double bare;
    char name[64];

    if (!cfg || n > INSTANT_MAX)
        return 2;
    bench_set(cfg, "vad.provider", vad);
    bench_set(cfg, "stt.provider", "instant");
    bench_set(cfg, "llm.provider", "instant");
    bench_set(cfg, "tts.provider", "instant");
    bench_set(cfg, "turn.min_delay", "300ms");
    bench_set(cfg, "turn.preemptive_generation", "false");
    bench_set(cfg, "session.user_away_timeout", "null");
    instant.end_delay_ns = DELAY_MS * INT64_C(1000000);
    instant.cap_late = n * (size_t)(seconds + 10) * 60;
    instant.late_ms = calloc(instant.cap_late, sizeof *instant.late_ms);
    instant.cap_overhead = n * (size_t)(seconds + 10);
    instant.overhead_ms = calloc(instant.cap_overhead, sizeof *instant.overhead_ms);
    rt = make_runtime(cfg);
    bare = bare_cpu(rt, n, 2);
    make_sessions(rt, n);

    myna_runtime_run_until(rt, myna_runtime_now(rt) + MYNA_S); /* settle */
    allocations = fault_alloc_count();
    frames = instant.frames_in;
    myna_runtime_run_until(rt, myna_runtime_now(rt) + IDLE_S * MYNA_S);
    allocations = fault_alloc_count() - allocations;
    frames = instant.frames_in - frames;

    instant.talking = true;
    myna_runtime_run_until(rt, myna_runtime_now(rt) + 3 * MYNA_S); /* until calls overlap */
    instant.n_late = instant.n_overhead = 0;
    cpu = bench_cpu_ns();
    wall = bench_now_ns();
    myna_runtime_run_until(rt, myna_runtime_now(rt) + seconds * MYNA_S);
    cpu = bench_cpu_ns() - cpu;
    wall = bench_now_ns() - wall;

    snprintf(name, sizeof name, "sessions_%zu_cpu%s%s", n, strcmp(vad, "instant") ? "_" : "",
             strcmp(vad, "instant") ? vad : "");
    bench_tell(name, (double)cpu / (double)wall, "cores", "as many bare 20 ms timers", bare, 1.0);
    if (!strcmp(vad, "instant")) {
        double p50 = bench_quantile(instant.late_ms, instant.n_late, 0.5);

        bench_tell("tick_lateness_p99", bench_quantile(instant.late_ms, instant.n_late, 0.99), "ms",
                   "median", p50, 5.0);
        bench_tell("allocations_per_frame", (double)allocations / (double)frames, "allocations",
                   "frames counted", (double)frames, 0);
        p50 = bench_quantile(instant.overhead_ms, instant.n_overhead, 0.5);
        bench_tell("turn_overhead_p99",
                   bench_quantile(instant.overhead_ms, instant.n_overhead, 0.99), "ms", "median",
                   p50, 5.0);
        if (!instant.n_overhead || !instant.frames_out) {
            fprintf(stderr, "no answer was heard in the whole run\n");
            return 1;
        }
    }
    for (size_t i = 0; i < n; i++)
        myna_session_destroy(sessions[i]);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    free(instant.late_ms);
    free(instant.overhead_ms);
    return 0;
}

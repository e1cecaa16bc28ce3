/* bench_memory.c - what one more idle call costs in memory, with the offline providers.
 *
 *     bench_memory [SESSIONS]
 *
 * The first session brings models and libraries; the others share them. Resident memory before and
 * after, divided.
 */
#include "bench.h"
#include "instant.h"

#include <string.h>
#include <unistd.h>

static int loaded;

static void log_line(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    if (strstr(line, " loaded"))
        loaded++;
    if (level <= MYNA_LOG_WARN)
        fprintf(stderr, "%s\n", line);
}

static double resident_kb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long pages = 0, all = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

int main(int argc, char **argv)
{
    static const struct myna_transport_class *const doors[] = {&instant_door, NULL};
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 100;
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {
        .size = sizeof how, .config = cfg, .seed = 3, .transports = doors, .log = log_line};
    struct myna_agent agent = {.size = sizeof agent, .name = "bench"};
    struct myna_session_options opt = {
        .size = sizeof opt, .agent = &agent, .transport_name = "instant", .record_dir = ""};
    struct myna_runtime *rt;
    struct myna_session *s[INSTANT_MAX];
    struct myna_why why = {0};
    double empty = resident_kb(), first, all;

    if (!cfg || n >= INSTANT_MAX ||
        myna_config_set(cfg, "log.level", "info", "the benchmark", &why) ||
        myna_runtime_create(&how, &rt, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (size_t i = 0; i <= n; i++) {
        if (myna_session_create(rt, &opt, &s[i], &why) || myna_session_start(s[i], &why)) {
            fprintf(stderr, "%s\n", why.text);
            return 1;
        }
        if (i == 0) { /* until both models are loaded, and what they do then */
            for (int k = 0; k < 60 && loaded < 2; k++)
                myna_runtime_run_until(rt, myna_runtime_now(rt) + MYNA_S);
            myna_runtime_run_until(rt, myna_runtime_now(rt) + 3 * MYNA_S);
            first = resident_kb();
        }
    }
    myna_runtime_run_until(rt, myna_runtime_now(rt) + 3 * MYNA_S);
    all = resident_kb();
    bench_tell("session_memory", (all - first) / (double)n, "KB",
               "the first session and its models", first - empty, 300);
    for (size_t i = 0; i <= n; i++)
        myna_session_destroy(s[i]);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    return 0;
}

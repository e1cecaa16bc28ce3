/* bench.h - how a benchmark tells a figure: one line of JSON, read by run.py.
 *
 * Every figure stands beside something measured in the same run, since machines differ.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <myna/config.h>

_Noreturn static inline void bench_die(const char *what, const struct myna_why *why)
{
    fprintf(stderr, "%s: %s\n", what, why->text);
    exit(1);
}

static inline void bench_set(struct myna_config *cfg, const char *key, const char *value)
{
    struct myna_why why = {0};

    if (myna_config_set(cfg, key, value, "the benchmark", &why))
        bench_die(key, &why);
}

static inline int64_t bench_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* CPU time of the whole process, all threads. */
static inline int64_t bench_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* `limit`: what it should be at most, in the same unit; < 0: no limit. */
static inline void bench_tell(const char *name, double value, const char *unit,
                              const char *baseline, double baseline_value, double limit)
{
    printf("{\"bench\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"baseline\":{\"name\":\"%s\","
           "\"value\":%.4g},\"ratio\":%.4g",
           name, value, unit, baseline, baseline_value, value > 0 ? baseline_value / value : 0.0);
    if (limit >= 0)
        printf(",\"limit\":%.4g", limit);
    printf("}\n");
    fflush(stdout);
}

static inline int bench_compare_(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts. */
static inline double bench_quantile(double *v, size_t n, double q)
{
    if (!n)
        return 0;
    qsort(v, n, sizeof *v, bench_compare_);
    return v[(size_t)(q * (double)(n - 1) + 0.5)];
}

#endif

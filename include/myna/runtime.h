/* runtime.h - the process: one loop, its clock, its providers, its worker threads.
 *
 * One runtime runs on one thread and holds many sessions; nothing is global, two runtimes in one
 * process do not meet. Destroy sessions first (destroy does it for those left).
 *
 * Thread: all calls on the thread that runs the runtime, except myna_runtime_stop(), which may come
 * from any thread or signal handler.
 */
#ifndef MYNA_RUNTIME_H
#define MYNA_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/provider.h>
#include <myna/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_runtime;

struct myna_runtime_options {
    size_t size;                /* sizeof(struct myna_runtime_options) */
    struct myna_config *config; /* borrowed, must outlive the runtime; NULL: defaults */
    bool virtual_clock; /* time jumps to the next event and stands still while workers compute */
    uint64_t seed;      /* 0: real clock: from the system; virtual clock: 1 */
    int workers;        /* threads; 0: number of cores, at least 2 */
    /* A host's own classes, looked up before the built-in ones; NULL-terminated or NULL; kept. */
    const struct myna_vad_class *const *vads;
    const struct myna_stt_class *const *stts;
    const struct myna_llm_class *const *llms;
    const struct myna_tts_class *const *ttss;
    const struct myna_transport_class *const *transports;
    /* Log lines go here instead of standard error; NULL: standard error. Loop thread or worker. */
    void (*log)(void *arg, enum myna_log_level level, const char *line);
    void *log_arg;
};

MYNA_API MYNA_MUST enum myna_err myna_runtime_create(const struct myna_runtime_options *opt,
                                                     struct myna_runtime **out,
                                                     struct myna_why *why);
MYNA_API void myna_runtime_destroy(struct myna_runtime *rt); /* NULL is fine */

/* Runs until myna_runtime_stop(), or until no session, timer or work is left. */
MYNA_API void myna_runtime_run(struct myna_runtime *rt);
/* Runs what is due until the clock reads `until` (virtual: jumps there). For hosts and tests. */
MYNA_API void myna_runtime_run_until(struct myna_runtime *rt, myna_us until);
MYNA_API void myna_runtime_stop(struct myna_runtime *rt);
MYNA_API myna_us myna_runtime_now(const struct myna_runtime *rt);
MYNA_API struct myna_host *myna_runtime_host(struct myna_runtime *rt);
MYNA_API const struct myna_config *myna_runtime_config(const struct myna_runtime *rt);

/* The built-in classes, NULL-terminated: for --help, `myna models`, completion. */
MYNA_API const struct myna_vad_class *const *myna_builtin_vads(void);
MYNA_API const struct myna_stt_class *const *myna_builtin_stts(void);
MYNA_API const struct myna_llm_class *const *myna_builtin_llms(void);
MYNA_API const struct myna_tts_class *const *myna_builtin_ttss(void);
MYNA_API const struct myna_transport_class *const *myna_builtin_transports(void);

/* "0.1.0 (git abc1234, gcc 12.2, release)" and its parts. */
MYNA_API const char *myna_version(void);
MYNA_API const char *myna_build(void);

#ifdef __cplusplus
}
#endif
#endif

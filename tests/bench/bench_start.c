/* bench_start.c - from the start of a process until a call can begin: configuration read, VAD
 * weights loaded, session listening. run.py gives the time of the start (CLOCK_MONOTONIC, ns).
 */
#include "bench.h"
#include "instant.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    static const struct myna_transport_class *const doors[] = {&instant_door, NULL};
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {
        .size = sizeof how, .config = cfg, .seed = 3, .transports = doors};
    struct myna_agent agent = {.size = sizeof agent, .name = "bench"};
    struct myna_session_options opt = {
        .size = sizeof opt, .agent = &agent, .transport_name = "instant", .record_dir = ""};
    struct myna_runtime *rt;
    struct myna_session *s;
    struct myna_why why = {0};

    if (argc < 2 || !cfg || myna_config_load(cfg, NULL, &why) ||
        myna_config_environment(cfg, &why) || myna_runtime_create(&how, &rt, &why) ||
        myna_session_create(rt, &opt, &s, &why) || myna_session_start(s, &why)) {
        fprintf(stderr, "usage: bench_start START_NS: %s\n", why.text);
        return 1;
    }
    printf("%.3f\n", (double)(bench_now_ns() - atoll(argv[1])) / 1e6);
    fflush(stdout);
    _exit(0); /* the models that load behind it are not waited for */
}

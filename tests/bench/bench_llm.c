/* bench_llm.c - what streamed completions cost: 200 of them at once on one loop, and a connection
 * that is kept and idle.
 *
 *     bench_llm BASE_URL [STREAMS]
 *
 * BASE_URL is a server that streams 40 tokens a second (bench_llm.py).
 */
#include "bench.h"

#include <dirent.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include <myna/myna.h>

#include "llm/llm.h"
#include "util/http.h"

enum { MAX = 1000, KEPT = 64 /* idle connections the client keeps at most */ };

static struct myna_runtime *rt;
static struct stream {
    struct myna_llm_port *port;
    size_t bytes;
} streams[MAX];
static size_t started, ended, failed, wanted;

static void on_event(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct stream *st = arg;

    (void)port;
    if (ev->type == MYNA_LLM_TEXT) {
        started += st->bytes == 0;
        st->bytes += ev->text.len;
    } else if (ev->type == MYNA_LLM_DONE || ev->type == MYNA_LLM_FAULT) {
        if (ev->type == MYNA_LLM_FAULT && !failed++)
            fprintf(stderr, "%s\n", ev->fault.message);
        if (++ended == wanted)
            myna_runtime_stop(rt);
    }
}

/* n completions side by side; how much of a core from the first token of all to the last. */
static double run(struct myna_llm *llm, size_t n)
{
    struct myna_item user = {
        .type = MYNA_ITEM_MESSAGE, .id = "item_1", .role = MYNA_ROLE_USER, .text = "Tell."};
    struct myna_llm_request req = {
        .size = sizeof req, .items = &user, .n_items = 1, .session_id = "bench"};
    int64_t cpu, wall;

    started = ended = 0;
    wanted = n;
    for (size_t i = 0; i < n; i++) {
        struct myna_llm_port_options opt = {
            .llm = llm, .request = &req, .id = (uint32_t)i + 1, .event = on_event};

        streams[i] = (struct stream){NULL};
        opt.arg = &streams[i];
        if (myna_llm_port_open(&opt, &streams[i].port))
            exit(1);
    }
    while (started < n && ended < n)
        myna_runtime_run_until(rt, myna_runtime_now(rt) + 20 * MYNA_MS);
    cpu = bench_cpu_ns();
    wall = bench_now_ns();
    if (ended < n)
        myna_runtime_run_until(rt, myna_runtime_now(rt) + 60 * MYNA_S);
    cpu = bench_cpu_ns() - cpu;
    wall = bench_now_ns() - wall;
    for (size_t i = 0; i < n; i++)
        myna_llm_port_close(streams[i].port);
    if (ended < n || failed) {
        fprintf(stderr, "%zu of %zu completions ended, %zu failed\n", ended, n, failed);
        exit(1);
    }
    return (double)cpu / (double)wall;
}

/* Sockets open in this process. */
static size_t sockets(void)
{
    DIR *d = opendir("/proc/self/fd");
    char path[300], to[64];
    struct dirent *e;
    size_t n = 0;

    while (d && (e = readdir(d))) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
        ssize_t len = readlink(path, to, sizeof to - 1);
        n += len > 7 && !memcmp(to, "socket:", 7);
    }
    if (d)
        closedir(d);
    return n;
}

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

int main(int argc, char **argv)
{
    size_t n = argc > 2 ? (size_t)atoi(argv[2]) : 200, before, after, kept;
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options ro = {.size = sizeof ro, .config = cfg, .seed = 1};
    const struct myna_llm_class *const *cls = myna_builtin_llms();
    struct myna_why why = {0};
    struct myna_llm *llm = NULL;
    double cores, one;

    if (argc < 2 || n > MAX || !cfg)
        return 2;
    if (myna_config_set(cfg, "llm.openai_compatible.base_url", argv[1], "bench", &why) ||
        myna_config_set(cfg, "llm.openai_compatible.model", "m", "bench", &why) ||
        myna_runtime_create(&ro, &rt, &why))
        bench_die("setting", &why);
    while (*cls && strcmp((*cls)->name, "openai_compatible") != 0)
        cls++;
    if (!*cls || (*cls)->create(&llm, myna_runtime_host(rt), cfg, &why))
        bench_die("provider", &why);
    one = run(llm, 1);
    before = heap();
    kept = sockets();
    (void)run(llm, KEPT);
    myna_runtime_run_until(rt, myna_runtime_now(rt) + 200 * MYNA_MS); /* what is over is gone */
    after = heap();
    kept = sockets() - kept; /* beside the one that was there */
    if (kept < KEPT / 2 || kept > KEPT) {
        fprintf(stderr, "%zu connections were kept, not %d\n", kept, KEPT - 1);
        return 1;
    }
    cores = run(llm, n);
    printf("{\"streams\":%zu,\"cores\":%.5f,\"one\":%.5f,\"kept\":%zu,\"idle_kb\":%.3f}\n", n,
           cores, one, kept, (double)(after > before ? after - before : 0) / 1024 / (double)kept);
    llm->cls->destroy(llm);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    return 0;
}

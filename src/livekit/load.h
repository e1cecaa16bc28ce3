/* load.h - how busy is the machine that we are given? (agent-session 10.2)
 *
 * A container or a service with a limit (cgroup v2 cpu.max, v1 cpu.cfs_quota_us) has fewer
 * processors than the host shows: what counts is what its group used of that limit. Where no group
 * that we are in has one, it is the share of the host's processors that anybody used.
 *
 * One owner. Reads a few small files under /proc and /sys, which never wait.
 */
#ifndef MYNA_LIVEKIT_LOAD_H
#define MYNA_LIVEKIT_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/frame.h>

/* The whole of a small file as text, cut at `cap` with its '\0'; false: it cannot be read. */
typedef bool myna_lk_read_file(void *arg, const char *path, char *into, size_t cap);

enum { MYNA_LK_LOAD_PATH = 512 };

/* The caller's storage, all zero but `read` and `arg`. What is below them is load.c's. */
struct myna_lk_load {
    myna_lk_read_file *read; /* NULL: the machine's own files */
    void *arg;
    char group[MYNA_LK_LOAD_PATH]; /* whose limit was the tightest; "": the host */
    double used, could;            /* of it, the last time: used and could have been, any unit */
    myna_us at;
    bool begun;
    double value;
};

/* 0 to 1, of the time since the last look, which lies at least two seconds back; sooner asked, it
 * is the last value again. 0 before the second look, and where nothing can be read. */
double myna_lk_load(struct myna_lk_load *load, myna_us now);

#endif

/* load.c - see load.h.
 *
 * The group is looked for anew at each look, since a limit may be changed while we run: from our
 * own (/proc/self/cgroup) up to the root that is mounted here, the one with the tightest limit. A
 * container without a namespace of its own is told a path that it does not see; files that are not
 * there are passed over, and its own group is the root.
 */
#include "livekit/load.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define APART (2 * MYNA_S)

enum { TEXT = 4096 };

/* A kind of control groups: where it is mounted, what its files say. */
struct groups {
    const char *limits, *usage;
    /* Processors; 0: no limit, or not to be read. */
    double (*limit)(struct myna_lk_load *load, const char *dir);
    double (*seconds)(const char *text); /* used so far, of that file; < 0: it is none */
    const char *file;
};

static bool from_machine(void *arg, const char *path, char *into, size_t cap)
{
    FILE *f = fopen(path, "re");
    size_t n;

    (void)arg;
    if (!f)
        return false;
    n = fread(into, 1, cap - 1, f);
    into[n] = '\0';
    fclose(f);
    return n > 0;
}

static bool text_of(struct myna_lk_load *load, char text[TEXT], const char *dir, const char *file)
{
    char path[2 * MYNA_LK_LOAD_PATH];

    snprintf(path, sizeof path, "%s%s", dir, file);
    return load->read ? load->read(load->arg, path, text, TEXT)
                      : from_machine(NULL, path, text, TEXT);
}

/* ---- the two kinds of groups */

static double limit_v2(struct myna_lk_load *load, const char *dir)
{
    char text[TEXT];
    uint64_t quota, period;

    return text_of(load, text, dir, "/cpu.max") &&
                   sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) == 2 && period
               ? (double)quota / (double)period
               : 0; /* "max 100000" */
}

static double seconds_v2(const char *text)
{
    const char *at = strstr(text, "usage_usec ");
    uint64_t us;

    return at && sscanf(at, "usage_usec %" SCNu64, &us) == 1 ? (double)us / 1e6 : -1;
}

static double limit_v1(struct myna_lk_load *load, const char *dir)
{
    char text[TEXT];
    int64_t quota, period;

    if (!text_of(load, text, dir, "/cpu.cfs_quota_us") || sscanf(text, "%" SCNd64, &quota) != 1 ||
        !text_of(load, text, dir, "/cpu.cfs_period_us") || sscanf(text, "%" SCNd64, &period) != 1)
        return 0;
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0; /* -1: none */
}

static double seconds_v1(const char *text)
{
    uint64_t ns;

    return sscanf(text, "%" SCNu64, &ns) == 1 ? (double)ns / 1e9 : -1;
}

static const struct groups v2 = {"/sys/fs/cgroup", "/sys/fs/cgroup", limit_v2, seconds_v2,
                                 "/cpu.stat"};
static const struct groups v1 = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpuacct", limit_v1,
                                 seconds_v1, "/cpuacct.usage"};

/* ---- ours */

/* One line of /proc/self/cgroup: "NUMBER:CONTROLLERS:PATH", v2's with no controllers. */
static const struct groups *kind_of(char *line, char **path)
{
    char *names = strchr(line, ':'), *end = names ? strchr(names + 1, ':') : NULL, *next;

    if (!end || end[1] != '/')
        return NULL;
    *path = end[2] ? end + 1 : end + 2; /* the root has no name */
    *end = '\0';
    if (!names[1])
        return &v2;
    for (char *name = strtok_r(names + 1, ",", &next); name; name = strtok_r(NULL, ",", &next))
        if (!strcmp(name, "cpu"))
            return &v1;
    return NULL;
}

/* The tightest of the path's groups, its own first. */
static void walk_up(struct myna_lk_load *load, const struct groups *kind, char *path,
                    double *tightest, double *used, char group[MYNA_LK_LOAD_PATH])
{
    char dir[MYNA_LK_LOAD_PATH], text[TEXT];

    for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
        double limit, s;

        *end = '\0';
        if (snprintf(dir, sizeof dir, "%s%s", kind->limits, path) >= (int)sizeof dir)
            continue;
        limit = kind->limit(load, dir);
        if (limit <= 0 || (*tightest > 0 && limit >= *tightest))
            continue;
        snprintf(dir, sizeof dir, "%s%s", kind->usage, path);
        s = text_of(load, text, dir, kind->file) ? kind->seconds(text) : -1;
        if (s < 0)
            continue;
        *tightest = limit;
        *used = s;
        memcpy(group, dir, sizeof dir);
    }
}

/* Processors; 0: no group of ours has a limit. */
static double limited(struct myna_lk_load *load, double *used, char group[MYNA_LK_LOAD_PATH])
{
    char text[TEXT], *next;
    double tightest = 0;

    if (!text_of(load, text, "/proc/self", "/cgroup"))
        return 0;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        char *path;
        const struct groups *kind = kind_of(line, &path);

        if (kind)
            walk_up(load, kind, path, &tightest, used, group);
    }
    return tightest;
}

/* ---- the host's */

static bool of_host(struct myna_lk_load *load, double *used, double *could)
{
    unsigned long long v[8] = {0};
    char text[TEXT];
    int n = text_of(load, text, "/proc", "/stat")
                ? sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
                         &v[3], &v[4], &v[5], &v[6], &v[7])
                : 0;

    *could = 0;
    for (int i = 0; i < n; i++)
        *could += (double)v[i];
    *used = *could - (double)v[3] - (double)v[4]; /* idle, waiting for a disk */
    return n >= 4;
}

double myna_lk_load(struct myna_lk_load *load, myna_us now)
{
    char group[MYNA_LK_LOAD_PATH] = "";
    double used = 0, could, limit;

    if (load->begun && now - load->at < APART)
        return load->value;
    limit = limited(load, &used, group);
    if (limit > 0) /* so much more could have been used since the last look */
        could = load->could + limit * (double)(now - load->at) / (double)MYNA_S;
    else if (!of_host(load, &used, &could))
        return load->value;
    if (load->begun && !strcmp(group, load->group) && could > load->could)
        load->value = (used - load->used) / (could - load->could);
    load->value = load->value < 0 ? 0 : load->value > 1 ? 1 : load->value;
    memcpy(load->group, group, sizeof group);
    load->used = used;
    load->could = could;
    load->at = now;
    load->begun = true;
    return load->value;
}

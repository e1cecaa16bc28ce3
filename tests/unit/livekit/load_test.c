/* load_test.c - load.h on machines that are tables of files: a host, containers of both kinds of
 * groups, a service with a limit somewhere above it.
 */
#include "check.h"

#include "livekit/load.h"

static struct {
    struct file {
        const char *path;
        char text[256];
    } files[16];
    size_t n;
    struct myna_lk_load load;
    myna_us now;
} m;

static struct file *of(const char *path)
{
    for (size_t i = 0; i < m.n; i++)
        if (!strcmp(m.files[i].path, path))
            return &m.files[i];
    return NULL;
}

static void put(const char *path, const char *text)
{
    struct file *f = of(path);

    if (!f) {
        CHECK(m.n < sizeof m.files / sizeof *m.files);
        f = &m.files[m.n++];
        f->path = path;
    }
    snprintf(f->text, sizeof f->text, "%s", text);
}

static bool read_file(void *arg, const char *path, char *into, size_t cap)
{
    const struct file *f = of(path);

    CHECK(arg == &m);
    if (f)
        snprintf(into, cap, "%s", f->text);
    return f != NULL;
}

static void machine(void)
{
    memset(&m, 0, sizeof m);
    m.load = (struct myna_lk_load){.read = read_file, .arg = &m};
    m.now = 1000 * MYNA_S;
    put("/proc/stat", "cpu  1000 0 0 9000 0 0 0 0 0 0\ncpu0 1 2 3 4\n");
}

static double later(myna_us by)
{
    m.now += by;
    return myna_lk_load(&m.load, m.now);
}

TEST(without_a_limit_it_is_the_share_of_the_hosts_processors_that_is_in_use)
{
    machine();
    CHECK_NEAR(later(0), 0, 0);
    put("/proc/stat", "cpu  1060 20 10 9050 60 0 0 0 0 0\n"); /* waiting for a disk is not in use */
    CHECK_NEAR(later(2500 * MYNA_MS), 90.0 / 200, 1e-9);
    put("/proc/stat", "cpu  1360 20 10 9050 60 0 0 0 0 0\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 1, 1e-9);
}

TEST(a_look_too_soon_gives_the_last_value_again)
{
    machine();
    (void)later(0);
    put("/proc/stat", "cpu  1050 0 0 9050 0 0 0 0 0 0\n");
    CHECK_NEAR(later(2 * MYNA_S), 0.5, 1e-9);
    put("/proc/stat", "cpu  1150 0 0 9050 0 0 0 0 0 0\n");
    CHECK_NEAR(later(MYNA_S), 0.5, 1e-9);
    put("/proc/stat", "cpu  1150 0 0 9150 0 0 0 0 0 0\n");
    CHECK_NEAR(later(MYNA_S), 0.5, 1e-9); /* 100 of 200 since the look that counted */
}

TEST(a_container_of_two_processors_on_a_host_of_many_is_full_when_its_two_are)
{
    machine();
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 7000000\nuser_usec 1\nsystem_usec 2\n");
    CHECK_NEAR(later(0), 0, 0);
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 11500000\nuser_usec 1\nsystem_usec 2\n");
    put("/proc/stat", "cpu  1100 0 0 15300 0 0 0 0 0 0\n"); /* the host hardly notices */
    CHECK_NEAR(later(2500 * MYNA_MS), 4.5 / 5, 1e-9);
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 17000000\n"); /* a burst */
    CHECK_NEAR(later(2500 * MYNA_MS), 1, 1e-9);
}

TEST(a_container_without_a_limit_is_as_busy_as_the_host)
{
    machine();
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 7000000\n");
    (void)later(0);
    put("/proc/stat", "cpu  1075 0 0 9025 0 0 0 0 0 0\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 0.75, 1e-9);
}

TEST(groups_of_version_one_have_their_limit_and_their_use_in_two_places)
{
    machine();
    put("/proc/self/cgroup",
        "12:memory:/docker/ab\n7:cpuset:/\n4:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\n");
    /* No namespace of its own: that path is the host's, here the group is the root. */
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpuacct/cpuacct.usage", "3000000000\n");
    (void)later(0);
    put("/sys/fs/cgroup/cpuacct/cpuacct.usage", "4000000000\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 1 / 1.25, 1e-9);
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"); /* lifted: the host's, from here on */
    CHECK_NEAR(later(2500 * MYNA_MS), 0.8, 1e-9);
    put("/proc/stat", "cpu  1020 0 0 9080 0 0 0 0 0 0\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 0.2, 1e-9);
}

TEST(the_tightest_limit_from_our_group_up_to_the_root_counts)
{
    machine();
    put("/proc/self/cgroup", "0::/system.slice/myna.service/worker\n");
    put("/sys/fs/cgroup/system.slice/myna.service/worker/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/system.slice/myna.service/cpu.max", "100000 100000\n");
    put("/sys/fs/cgroup/system.slice/myna.service/cpu.stat", "usage_usec 1000000\n");
    put("/sys/fs/cgroup/system.slice/cpu.max", "800000 100000\n");
    put("/sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 9000000\n");
    (void)later(0);
    put("/sys/fs/cgroup/system.slice/myna.service/cpu.stat", "usage_usec 3000000\n");
    put("/sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 28000000\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 0.8, 1e-9);
}

TEST(what_cannot_be_read_is_no_load)
{
    machine();
    put("/proc/stat", "intr 5\n");
    put("/proc/self/cgroup", "nonsense\n0:\n0::\n5:cpu\n0::relative\n");
    put("/sys/fs/cgroup/cpu.max", "");
    CHECK_NEAR(later(0), 0, 0);
    CHECK_NEAR(later(2500 * MYNA_MS), 0, 0);
    put("/proc/self/cgroup", "0::/\n4:cpu:/\n");
    put("/sys/fs/cgroup/cpu.max", "100000 0\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "0\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 0, 0);
    put("/sys/fs/cgroup/cpu.max", "100000 100000\n"); /* a limit, but no word of what was used */
    put("/sys/fs/cgroup/cpu.stat", "nr_periods 4\n");
    CHECK_NEAR(later(2500 * MYNA_MS), 0, 0);
    CHECK_NEAR(later(2500 * MYNA_MS), 0, 0);
}

TEST(this_machine_can_be_read)
{
    struct myna_lk_load load = {0};

    CHECK_NEAR(myna_lk_load(&load, 0), 0, 0);
    CHECK(load.begun);
}

TEST_MAIN

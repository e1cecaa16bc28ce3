/* config_fault_test.c - memory that is short and files that fail leave no leak, no crash and the
 * right error. */
#include <myna/config.h>

#include "check.h"
#include "fault.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

static const char text[] = "turn:\n"
                           "  min_delay: 300ms\n"
                           "record: {dir: ~/calls, enabled: yes}\n"
                           "agent:\n"
                           "  name: Ada\n"
                           "gadgets:\n"
                           "  a: {list: [b, c], map: {d: e}, tree: {f: [1, {g: h}]}}\n";

struct opt {
    const char *const *list, *const *map;
    const char *tree;
};
static const struct myna_option options[] = {
    {.name = "list", .type = MYNA_OPT_LIST, .offset = offsetof(struct opt, list)},
    {.name = "map", .type = MYNA_OPT_MAP, .offset = offsetof(struct opt, map)},
    {.name = "tree", .type = MYNA_OPT_JSON, .offset = offsetof(struct opt, tree)},
    {0},
};
static const struct myna_section gadgets = {"gadgets.*", "gadgets", options};

static struct myna_why why;

/* Only these two are right when memory is short; anything else is a lie about the cause. jansson
 * calls a text that it has no room for a wrong token: that one lie is not ours. */
static bool went_well(enum myna_err err)
{
    if (err == MYNA_ECONFIG)
        CHECK_HAS(why.text, "is not JSON: ");
    else
        CHECK(err == MYNA_OK || err == MYNA_ENOMEM);
    return err == MYNA_OK;
}

static bool make(void *arg)
{
    struct myna_config *cfg = myna_config_create();

    (void)arg;
    myna_config_destroy(cfg);
    return cfg != NULL;
}

static bool fill(struct myna_config *cfg)
{
    return went_well(myna_config_add_section(cfg, &gadgets)) &&
           went_well(myna_config_parse(cfg, "m.yaml", text, sizeof text - 1, &why)) &&
           went_well(myna_config_environment(cfg, &why)) &&
           went_well(myna_config_set(cfg, "gadgets.b.list", "x, y", "--set", &why)) &&
           went_well(myna_config_set(cfg, "agent.name", "Bea", "--set", &why));
}

static bool tell(void *arg)
{
    char *json = myna_config_json(arg);
    bool ok = json && strstr(json, "\"agent.name\":{\"value\":\"Bea\",\"origin\":\"--set\"}") &&
              strstr(json, "\"value\":[\"x\",\"y\"]") && strstr(json, "{\"f\":[1,{\"g\":\"h\"}]}");

    CHECK(ok || !json); /* whole or not at all */
    free(json);
    return ok;
}

/* Each step with only its own allocations failing: the table of all options is long, and its
 * making would be gone through again for each failure of the others. */
TEST(memory_that_is_short_for_the_table_leaks_nothing)
{
    CHECK(fault_each_alloc(make, NULL) > 50);
}

TEST(memory_that_is_short_for_a_value_is_told_as_such_and_leaks_nothing)
{
    unsigned long n = 0;
    bool hit = true;

    setenv("MYNA_TURN_ALPHA", "0.5", 1);
    while (hit) {
        size_t live = fault_live();
        struct myna_config *cfg = myna_config_create();
        bool well;

        CHECK(cfg);
        fault_fail_alloc(++n);
        well = fill(cfg);
        hit = fault_hit();
        fault_off();
        CHECK(well || hit);
        myna_config_destroy(cfg);
        CHECK_EQ(fault_live(), live);
    }
    CHECK(n > 50);
    unsetenv("MYNA_TURN_ALPHA");
}

TEST(memory_that_is_short_for_the_list_gives_none)
{
    struct myna_config *cfg = myna_config_create();

    CHECK(cfg && fill(cfg));
    CHECK(fault_each_alloc(tell, cfg) > 50);
    myna_config_destroy(cfg);
}

TEST(a_value_that_could_not_be_kept_leaves_the_old_one)
{
    struct myna_config *cfg = myna_config_create();

    CHECK(cfg);
    CHECK_EQ(myna_config_set(cfg, "agent.name", "Ada", "--set", &why), MYNA_OK);
    fault_fail_alloc(2);
    CHECK_EQ(myna_config_set(cfg, "agent.name", "Bea", "--set", &why), MYNA_ENOMEM);
    CHECK(fault_hit());
    CHECK_STR(myna_config_get(cfg, "agent.name"), "Ada");
    myna_config_destroy(cfg);
}

static bool load(void *arg)
{
    struct myna_config *cfg = myna_config_create();
    enum myna_err err;

    CHECK(cfg);
    CHECK_EQ(myna_config_add_section(cfg, &gadgets), MYNA_OK);
    err = myna_config_load(cfg, arg, &why);
    CHECK(err == MYNA_OK || err == MYNA_EIO);
    if (err)
        CHECK_HAS(why.text, "config_fault_test.yaml: cannot ");
    myna_config_destroy(cfg);
    return err == MYNA_OK;
}

TEST(a_file_that_cannot_be_read_is_named)
{
    char path[] = "config_fault_test.yaml";
    FILE *f = fopen(path, "w");

    CHECK(f);
    CHECK(fputs(text, f) >= 0);
    CHECK_EQ(fclose(f), 0);
    CHECK(fault_each_io(load, path, EIO) >= 1);
    CHECK_EQ(unlink(path), 0);
}

TEST_MAIN

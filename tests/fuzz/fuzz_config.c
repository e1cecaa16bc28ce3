/* fuzz_config.c - any bytes as myna.yaml: an error with its place, or a configuration that prints
 * and is read back as the same. */
#include <myna/config.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static struct myna_config *make(void)
{
    struct myna_config *cfg = myna_config_create();

    if (cfg && myna_config_add_section(cfg, &gadgets))
        abort();
    return cfg;
}

/* What was printed is valid again and prints the same, origins aside. */
static void print_and_read(const struct myna_config *cfg)
{
    struct myna_config *again = make();
    struct myna_why why = {0};
    char *text = NULL, *json = myna_config_json(cfg);
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!again || !out || !json || myna_config_print(cfg, out))
        abort();
    fclose(out);
    if (myna_config_parse(again, "printed", text, len, &why)) {
        fprintf(stderr, "%s\n%s", why.text, text);
        abort();
    }
    free(text);
    free(json);
    myna_config_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_config *cfg = make();
    struct myna_why why = {0};

    if (!cfg)
        return 0;
    if (!myna_config_parse(cfg, "fuzz.yaml", (const char *)data, size, &why))
        print_and_read(cfg);
    else if (strncmp(why.text, "fuzz.yaml:", 10))
        abort();
    myna_config_destroy(cfg);
    return 0;
}

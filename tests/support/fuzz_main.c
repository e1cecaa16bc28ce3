/* fuzz_main.c - runs a fuzz target's corpus as a plain test, where there is no libFuzzer.
 *
 *     fuzz_wav corpus/wav
 *
 * Every file of the directories goes in whole, cut short and with single bits flipped (all of them
 * while the file is small, an even sample otherwise), and then nothing at all. Prints TAP.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VARIANTS = 512, MAX_FILE = 1 << 20 };

/* The target gets memory of exactly this size, so that the sanitizer sees a read past the end. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void feed_variants(uint8_t *data, size_t size)
{
    size_t step = size / VARIANTS + 1;

    feed(data, size);
    for (size_t n = 0; n < size; n += step)
        feed(data, n);
    for (size_t i = 0; i < size; i += step) {
        uint8_t was = data[i];

        data[i] = (uint8_t)(was ^ (1u << (i % 8)));
        feed(data, size);
        data[i] = was;
    }
}

static bool feed_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(MAX_FILE);
    bool ok = false;

    if (f && data) {
        size_t n = fread(data, 1, MAX_FILE, f);

        if (!ferror(f)) {
            feed_variants(data, n);
            ok = true;
        }
    }
    if (!ok)
        printf("# %s: %s\n", path, strerror(errno));
    if (f)
        fclose(f);
    free(data);
    return ok;
}

/* Number of files run; -1 when one could not be read. */
static int feed_directory(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }
    for (struct dirent *e; n >= 0 && (e = readdir(dir));) {
        char file[4096];

        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        n = feed_file(file) ? n + 1 : -1;
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;

    for (int i = 1; i < argc; i++) {
        int n = feed_directory(argv[i]);
        const char *name = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];

        if (n <= 0)
            failed = 1;
        printf("%s %d - %d seeds of %s, whole, cut and flipped\n", n > 0 ? "ok" : "not ok", i,
               n < 0 ? 0 : n, name);
    }
    feed((const uint8_t *)"", 0);
    printf("1..%d\n", argc - 1);
    return failed;
}

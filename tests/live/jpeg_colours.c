/* jpeg_colours.c - what a JPEG on standard input shows: its size, and the mean colour in the middle
 * of each quarter, as one line of JSON. Lets a case judge a picture without a picture library. */
#include <stdio.h>
#include <stdlib.h>

#include <turbojpeg.h>

static void mean(const unsigned char *px, int w, int x0, int y0, int x1, int y1, char *sep)
{
    unsigned long sum[3] = {0, 0, 0}, n = (unsigned long)(x1 - x0) * (unsigned long)(y1 - y0);

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            for (int c = 0; c < 3; c++)
                sum[c] += px[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c];
    printf("%s[%lu, %lu, %lu]", sep, sum[0] / n, sum[1] / n, sum[2] / n);
}

int main(void)
{
    static unsigned char jpeg[8 << 20];
    size_t len = fread(jpeg, 1, sizeof jpeg, stdin);
    tjhandle tj = tjInitDecompress();
    int w, h, sub, space;
    unsigned char *px;

    if (!tj || tjDecompressHeader3(tj, jpeg, len, &w, &h, &sub, &space) || w < 8 || h < 8) {
        fprintf(stderr, "no JPEG of %zu bytes: %s\n", len, tjGetErrorStr2(tj));
        return 1;
    }
    px = malloc((size_t)w * (size_t)h * 3);
    if (!px || tjDecompress2(tj, jpeg, len, px, w, 0, h, TJPF_RGB, 0)) {
        fprintf(stderr, "no JPEG: %s\n", tjGetErrorStr2(tj));
        free(px);
        return 1;
    }
    printf("{\"width\": %d, \"height\": %d, \"quarters\": [", w, h);
    for (int q = 0; q < 4; q++) {
        int x = w / 2 * (q % 2), y = h / 2 * (q / 2);

        mean(px, w, x + w / 8, y + h / 8, x + w * 3 / 8, y + h * 3 / 8, q ? ", " : "");
    }
    printf("]}\n");
    free(px);
    tjDestroy(tj);
    return 0;
}

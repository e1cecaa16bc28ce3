/* silero.h - the Silero network at 16 kHz: the probability that a 32 ms window holds speech.
 *
 * Weights are read once, laid out for the kernel, never changed after, and borrowed by any number
 * of states; a state is what one stream remembers (1.3 KB). run() allocates nothing and takes the
 * fastest path that this processor has; all paths agree to 1e-5. docs/turn.md tells the layout.
 *
 * Pure; weights may be shared by threads, a state has one owner.
 */
#ifndef MYNA_TURN_SILERO_H
#define MYNA_TURN_SILERO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

#define MYNA_SILERO_RATE_HZ 16000
#define MYNA_SILERO_WINDOW  512 /* samples */
#define MYNA_SILERO_US      32000
#define MYNA_SILERO_CONTEXT 64 /* samples of the window before, put in front of each */
#define MYNA_SILERO_HIDDEN  128

struct myna_silero_weights;

struct myna_silero_state {
    float context[MYNA_SILERO_CONTEXT];
    float h[MYNA_SILERO_HIDDEN], c[MYNA_SILERO_HIDDEN];
};

enum myna_silero_path { MYNA_SILERO_PLAIN, MYNA_SILERO_AVX2, MYNA_SILERO_NEON, MYNA_SILERO_PATHS };

/* Which checkpoint a file holds, by its SHA-256. */
enum myna_silero_checkpoint {
    MYNA_SILERO_ONNX,  /* the weights of silero_vad_16k_op15.onnx, which everybody runs */
    MYNA_SILERO_OTHER, /* the package's own silero_vad_16k.safetensors: trained apart, its
                          probabilities differ by up to 0.3 */
    MYNA_SILERO_UNKNOWN,
};

/* Reads, checks the hash and lays out. MYNA_ENOENT, MYNA_EIO, MYNA_EFORMAT (truncated, damaged, or
 * a hash that is not one of ours). */
MYNA_MUST enum myna_err myna_silero_load(const char *path, struct myna_silero_weights **out,
                                         struct myna_why *why);
/* The same from memory without looking at the hash. */
MYNA_MUST enum myna_err myna_silero_from_bytes(const char *name, const uint8_t *ptr, size_t len,
                                               struct myna_silero_weights **out,
                                               struct myna_why *why);
void myna_silero_weights_destroy(struct myna_silero_weights *w); /* NULL is fine */
enum myna_silero_checkpoint myna_silero_checkpoint(const struct myna_silero_weights *w);

/* For tests and benches: another path than the fastest. false: not on this processor. */
bool myna_silero_use(struct myna_silero_weights *w, enum myna_silero_path path);
const char *myna_silero_path_name(const struct myna_silero_weights *w);

void myna_silero_reset(struct myna_silero_state *state);
float myna_silero_run(const struct myna_silero_weights *w, struct myna_silero_state *state,
                      const int16_t window[MYNA_SILERO_WINDOW]);

#endif

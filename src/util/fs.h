/* fs.h - files that are there whole or not at all, and errors that name the path and the reason.
 *
 * MYNA_ENOENT: not there. MYNA_ENOSPC: disk or quota full. MYNA_ELIMIT: larger than the ceiling.
 * MYNA_EIO: anything else, with the system's words.
 *
 * Blocking: the program's start and end, or a worker. Any thread.
 */
#ifndef MYNA_UTIL_FS_H
#define MYNA_UTIL_FS_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/error.h>
#include <myna/frame.h>

/* "write", path -> MYNA_ENOSPC and "cannot write recordings/a.ogg: No space left on device". Takes
 * errno. For those who keep a file open themselves. */
enum myna_err myna_fs_fail(struct myna_why *why, const char *doing, const char *path);

/* mkdir -p; fine when it exists. */
MYNA_MUST enum myna_err myna_fs_mkdirs(const char *path, struct myna_why *why);
/* Replaces the file in one step: a temporary file beside it, fsync, rename. After a failure the old
 * file stands and the temporary one is gone. One writer of a path at a time. mode: 0644, 0600 for
 * what others must not read. */
MYNA_MUST enum myna_err myna_fs_write(const char *path, struct myna_view data, unsigned mode,
                                      struct myna_why *why);
/* The whole file, '\0'-terminated behind *len, the caller's to free(); at most `max` bytes. */
MYNA_MUST enum myna_err myna_fs_read(const char *path, size_t max, char **out, size_t *len,
                                     struct myna_why *why);
/* "a" "b" -> "a/b", "a/" "b" -> "a/b", "" or NULL "b" -> "b", anything "/b" -> "/b". The caller's
 * to free(); NULL: memory is short. */
char *myna_fs_join(const char *dir, const char *name);
bool myna_fs_exists(const char *path);

#endif

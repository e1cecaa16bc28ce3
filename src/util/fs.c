/* fs.c - see fs.h. What the disk says (also at fsync and close) is an error like any other. */
#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum myna_err myna_fs_fail(struct myna_why *why, const char *doing, const char *path)
{
    int error = errno;
    enum myna_err err = MYNA_EIO;
    const char *remedy = "";

    if (error == ENOSPC || error == EDQUOT) {
        err = MYNA_ENOSPC;
        remedy = "; free some space or choose another place";
    } else if (error == ENOENT) {
        err = MYNA_ENOENT;
        remedy = strcmp(doing, "read") ? "; make the directory it lies in first" : "";
    } else if (error == ENOMEM) {
        err = MYNA_ENOMEM;
    } else if (error == EACCES || error == EPERM || error == EROFS) {
        remedy = "; choose a path that you may use";
    }
    return myna_fail(why, err, "cannot %s %s: %s%s", doing, path, strerror(error), remedy);
}

/* Some file systems refuse mkdir() before they notice that the directory is there. */
static bool made(const char *path)
{
    struct stat st;
    int error;

    if (mkdir(path, 0777) == 0)
        return true;
    error = errno;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return true;
        error = ENOTDIR;
    }
    errno = error;
    return false;
}

enum myna_err myna_fs_mkdirs(const char *path, struct myna_why *why)
{
    char *copy = strdup(path), *at = copy;
    enum myna_err err = MYNA_OK;

    if (!copy)
        return myna_fail(why, MYNA_ENOMEM, "cannot create %s: out of memory", path);
    for (bool more = true; more && !err;) { /* "a", then "a/b", … */
        char end;

        at += strspn(at, "/");
        at += strcspn(at, "/");
        end = *at;
        more = end && at[strspn(at, "/")];
        *at = '\0';
        if (*copy && !made(copy))
            err = myna_fs_fail(why, "create directory", copy);
        *at = end;
    }
    free(copy);
    return err;
}

static int write_all(int fd, struct myna_view data)
{
    while (data.len) {
        ssize_t n = write(fd, data.ptr, data.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = EIO;
            return -1;
        }
        data.ptr += n;
        data.len -= (size_t)n;
    }
    return 0;
}

/* So that the new name survives a power cut; some file systems cannot, which is no failure. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    free(dir);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* A device or pipe (/dev/stdout) is written into, not replaced. */
static enum myna_err write_in_place(const char *path, struct myna_view data, struct myna_why *why)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    enum myna_err err = MYNA_OK;

    if (fd < 0)
        return myna_fs_fail(why, "write", path);
    if (write_all(fd, data))
        err = myna_fs_fail(why, "write", path);
    if (close(fd) && !err)
        err = myna_fs_fail(why, "write", path);
    return err;
}

enum myna_err myna_fs_write(const char *path, struct myna_view data, unsigned mode,
                            struct myna_why *why)
{
    size_t size = strlen(path) + 32;
    struct stat st;
    enum myna_err err;
    char *temp;
    int fd;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return write_in_place(path, data, why);
    temp = malloc(size);
    if (!temp)
        return myna_fail(why, MYNA_ENOMEM, "cannot write %s: out of memory", path);
    snprintf(temp, size, "%s.part-%ld", path, (long)getpid());
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0) {
        err = myna_fs_fail(why, "write", path);
        free(temp);
        return err;
    }
    if (write_all(fd, data) || fsync(fd))
        goto fail;
    if (close(fd)) {
        fd = -1;
        goto fail;
    }
    fd = -1;
    if (rename(temp, path))
        goto fail;
    sync_directory(path);
    free(temp);
    return MYNA_OK;
fail:
    err = myna_fs_fail(why, "write", path);
    if (fd >= 0)
        close(fd);
    unlink(temp);
    free(temp);
    return err;
}

/* Reads up to the end; `*buf` grows, so that pipes and /proc work too. */
static enum myna_err read_all(int fd, const char *path, size_t guess, size_t max, char **buf,
                              size_t *len, struct myna_why *why)
{
    size_t cap = (guess < max ? guess : max) + 2; /* one to see that there is no more, one for 0 */

    *len = 0;
    for (;;) {
        char *bigger = realloc(*buf, cap);

        if (!bigger)
            return myna_fail(why, MYNA_ENOMEM, "cannot read %s: out of memory", path);
        *buf = bigger;
        while (*len + 1 < cap) {
            ssize_t n = read(fd, *buf + *len, cap - 1 - *len);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return myna_fs_fail(why, "read", path);
            if (n == 0)
                return MYNA_OK;
            *len += (size_t)n;
            if (*len > max)
                return myna_fail(why, MYNA_ELIMIT, "cannot read %s: larger than %zu bytes", path,
                                 max);
        }
        cap *= 2;
    }
}

enum myna_err myna_fs_read(const char *path, size_t max, char **out, size_t *len,
                           struct myna_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    enum myna_err err;
    char *buf = NULL;
    size_t n = 0;

    if (fd < 0)
        return myna_fs_fail(why, "read", path);
    if (fstat(fd, &st)) {
        err = myna_fs_fail(why, "read", path);
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err = myna_fs_fail(why, "read", path);
    } else {
        err =
            read_all(fd, path, S_ISREG(st.st_mode) ? (size_t)st.st_size : 4096, max, &buf, &n, why);
    }
    close(fd);
    if (err) {
        free(buf);
        return err;
    }
    buf[n] = '\0';
    *out = buf;
    if (len)
        *len = n;
    return MYNA_OK;
}

char *myna_fs_join(const char *dir, const char *name)
{
    size_t n = dir ? strlen(dir) : 0, m = strlen(name);
    char *path;

    if (!n || name[0] == '/')
        return strdup(name);
    path = malloc(n + m + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, n);
    if (path[n - 1] != '/')
        path[n++] = '/';
    memcpy(path + n, name, m + 1);
    return path;
}

bool myna_fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* wav.c - libsndfile reads; writing is 44 bytes of header and our own hand, because only so a full
 * disk is seen as one and the header is right at any moment.
 */
#include "audio/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

#include "audio/resample.h"
#include "util/bytes.h"
#include "util/fs.h"

enum { BLOCK = 1024, MAX_CHANNELS = 2 };

/* ---- reader */

struct myna_wav_reader {
    SNDFILE *snd;
    SF_INFO info;
    bool is_float;
    char name[256];
    const uint8_t *bytes; /* open_bytes() */
    sf_count_t n_bytes, at;
    uint32_t missing_ms; /* claimed by the header and not in the file */
    union {
        int16_t s[BLOCK * MAX_CHANNELS];
        float f[BLOCK * MAX_CHANNELS];
    } block;
};

static sf_count_t bytes_length(void *arg)
{
    const struct myna_wav_reader *r = arg;

    return r->n_bytes;
}

static sf_count_t bytes_seek(sf_count_t offset, int whence, void *arg)
{
    struct myna_wav_reader *r = arg;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? r->at : r->n_bytes;

    if (offset < -base || offset > r->n_bytes - base)
        return -1;
    r->at = base + offset;
    return r->at;
}

static sf_count_t bytes_read(void *ptr, sf_count_t count, void *arg)
{
    struct myna_wav_reader *r = arg;

    if (count > r->n_bytes - r->at)
        count = r->n_bytes - r->at;
    if (count <= 0)
        return 0;
    memcpy(ptr, r->bytes + r->at, (size_t)count);
    r->at += count;
    return count;
}

static sf_count_t bytes_write(const void *ptr, sf_count_t count, void *arg)
{
    (void)ptr, (void)count, (void)arg;
    return 0;
}

static sf_count_t bytes_tell(void *arg)
{
    const struct myna_wav_reader *r = arg;

    return r->at;
}

static SF_VIRTUAL_IO bytes_io = {bytes_length, bytes_seek, bytes_read, bytes_write, bytes_tell};

/* ---- what the header claims: libsndfile believes the file's length and says nothing */

struct source {
    int fd; /* or -1: */
    const uint8_t *ptr;
    uint64_t len;
};

static bool bytes_of(const struct source *src, uint64_t at, uint8_t *to, size_t n)
{
    if (at > src->len || src->len - at < n)
        return false;
    if (src->fd >= 0)
        return pread(src->fd, to, n, (off_t)at) == (ssize_t)n;
    memcpy(to, src->ptr + at, n);
    return true;
}

/* How much of the claimed sound is not there. Those who write into a pipe claim the most a header
 * can; RF64 and W64 keep their sizes elsewhere and are believed. */
static uint32_t missing_ms(const struct source *src)
{
    enum { CHUNKS_MAX = 64, STREAMED = 0x7fff0000 };
    uint8_t head[12];
    uint64_t at = sizeof head, bytes_a_second = 0;

    if (!bytes_of(src, 0, head, sizeof head) || memcmp(head, "RIFF", 4) != 0)
        return 0;
    for (int i = 0; i < CHUNKS_MAX && bytes_of(src, at, head, 8); i++) {
        uint32_t claimed = myna_get_le32(head + 4);
        uint64_t there = src->len - at - 8;

        if (!memcmp(head, "data", 4)) {
            if (claimed >= STREAMED || claimed <= there || !bytes_a_second)
                return 0;
            return (uint32_t)(((claimed - there) * 1000 + bytes_a_second - 1) / bytes_a_second);
        }
        if (!memcmp(head, "fmt ", 4) && bytes_of(src, at + 16, head, 4))
            bytes_a_second = myna_get_le32(head);
        at += 8 + (uint64_t)claimed + (claimed & 1);
    }
    return 0;
}

static bool is_wav(int format)
{
    int type = format & SF_FORMAT_TYPEMASK;

    return type == SF_FORMAT_WAV || type == SF_FORMAT_WAVEX || type == SF_FORMAT_RF64 ||
           type == SF_FORMAT_W64;
}

/* What libsndfile accepted is not yet what we promise to take. */
static enum myna_err check_info(struct myna_wav_reader *r, struct myna_why *why)
{
    int sub = r->info.format & SF_FORMAT_SUBMASK;

    if (!is_wav(r->info.format))
        return myna_fail(why, MYNA_EFORMAT, "%s is not a WAV file: convert it to WAV first",
                         r->name);
    if (r->info.channels < 1 || r->info.channels > MAX_CHANNELS)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s has %d channels: give a file with one or two channels", r->name,
                         r->info.channels);
    if (r->info.samplerate < MYNA_RATE_MIN_HZ || r->info.samplerate > MYNA_RATE_MAX_HZ)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s has a sample rate of %d Hz: give a file of %d to %d Hz", r->name,
                         r->info.samplerate, MYNA_RATE_MIN_HZ, MYNA_RATE_MAX_HZ);
    if (r->info.frames <= 0)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s holds no sound: it has a header and no samples; record it again",
                         r->name);
    r->is_float = sub == SF_FORMAT_FLOAT || sub == SF_FORMAT_DOUBLE;
    return MYNA_OK;
}

static struct myna_wav_reader *reader_new(const char *name)
{
    struct myna_wav_reader *r = calloc(1, sizeof *r);
    size_t len = strlen(name);

    if (!r)
        return NULL;
    /* of a long path the end tells more */
    if (len >= sizeof r->name)
        name += len - (sizeof r->name - 1);
    strcpy(r->name, name);
    return r;
}

static enum myna_err opened(struct myna_wav_reader *r, struct myna_wav_reader **out,
                            struct myna_why *why)
{
    enum myna_err err;

    if (!r->snd) {
        int code = sf_error(NULL);

        err = code == SF_ERR_SYSTEM
                  ? myna_fail(why, MYNA_EIO, "cannot read %s: %s", r->name, sf_strerror(NULL))
                  : myna_fail(why, MYNA_EFORMAT, "%s is not a WAV file that can be read: %s",
                              r->name, sf_strerror(NULL));
    } else {
        err = check_info(r, why);
    }
    if (err) {
        myna_wav_close(r);
        return err;
    }
    *out = r;
    return MYNA_OK;
}

enum myna_err myna_wav_open(const char *path, struct myna_wav_reader **out, struct myna_why *why)
{
    struct myna_wav_reader *r;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT
                   ? myna_fail(why, MYNA_ENOENT, "%s: there is no such file", path)
                   : myna_fail(why, MYNA_EIO, "cannot read %s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return myna_fail(why, MYNA_EIO, "%s is not a file: name a WAV file", path);
    }
    if (st.st_size == 0) {
        close(fd);
        return myna_fail(why, MYNA_EFORMAT, "%s is empty (0 bytes): record it again", path);
    }
    r = reader_new(path);
    if (!r) {
        close(fd);
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
    }
    r->missing_ms = missing_ms(&(struct source){.fd = fd, .len = (uint64_t)st.st_size});
    r->snd = sf_open_fd(fd, SFM_READ, &r->info, SF_TRUE); /* closes fd, also when it fails */
    return opened(r, out, why);
}

enum myna_err myna_wav_open_bytes(const char *name, const void *ptr, size_t len,
                                  struct myna_wav_reader **out, struct myna_why *why)
{
    struct myna_wav_reader *r;

    if (len == 0)
        return myna_fail(why, MYNA_EFORMAT, "%s is empty (0 bytes): record it again", name);
    r = reader_new(name);
    if (!r)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", name);
    r->bytes = ptr;
    r->n_bytes = (sf_count_t)len;
    r->missing_ms = missing_ms(&(struct source){.fd = -1, .ptr = ptr, .len = len});
    r->snd = sf_open_virtual(&bytes_io, SFM_READ, &r->info, r);
    return opened(r, out, why);
}

void myna_wav_close(struct myna_wav_reader *r)
{
    if (!r)
        return;
    if (r->snd)
        sf_close(r->snd);
    free(r);
}

uint32_t myna_wav_rate_hz(const struct myna_wav_reader *r)
{
    return (uint32_t)r->info.samplerate;
}

int myna_wav_channels(const struct myna_wav_reader *r)
{
    return r->info.channels;
}

uint64_t myna_wav_length(const struct myna_wav_reader *r)
{
    return (uint64_t)r->info.frames;
}

bool myna_wav_short(const struct myna_wav_reader *r, char *text, size_t size)
{
    double have = (double)r->info.frames / r->info.samplerate;

    if (!r->missing_ms)
        return false;
    snprintf(text, size,
             "%s ends after %.2f s though its header claims %.2f s: the end is lost, the rest is "
             "used; copy or record it again",
             r->name, have, have + r->missing_ms / 1000.0);
    return true;
}

static int16_t from_float(float v)
{
    v *= 32768.0f;
    if (!(v > -32768.0f)) /* also what is not a number */
        return v == v ? INT16_MIN : 0;
    return v < 32767.0f ? (int16_t)(v < 0 ? v - 0.5f : v + 0.5f) : INT16_MAX;
}

static int16_t from_pair(const int16_t *s, size_t channels)
{
    return channels == 2 ? (int16_t)(((int)s[0] + s[1]) / 2) : s[0];
}

enum myna_err myna_wav_read(struct myna_wav_reader *r, int16_t *mono, size_t max, size_t *n,
                            struct myna_why *why)
{
    size_t want = max < BLOCK ? max : BLOCK, channels = (size_t)r->info.channels;
    sf_count_t got = r->is_float ? sf_readf_float(r->snd, r->block.f, (sf_count_t)want)
                                 : sf_readf_short(r->snd, r->block.s, (sf_count_t)want);

    if (got < 0 || (got == 0 && sf_error(r->snd) == SF_ERR_SYSTEM))
        return myna_fail(why, MYNA_EIO, "cannot read %s: %s", r->name, sf_strerror(r->snd));
    for (size_t i = 0; i < (size_t)got; i++) {
        size_t at = i * channels;

        if (r->is_float)
            mono[i] = from_float(channels == 2 ? (r->block.f[at] + r->block.f[at + 1]) / 2
                                               : r->block.f[at]);
        else
            mono[i] = from_pair(r->block.s + at, channels);
    }
    *n = (size_t)got;
    return MYNA_OK;
}

/* ---- writer */

enum { HEADER = 44, HELD_MAX = 12000 };

struct myna_wav_writer {
    int fd;
    uint32_t rate_hz;
    uint64_t written; /* samples in the file */
    enum myna_err failed;
    struct myna_why why; /* of the failure */
    char *path;
    size_t held, hold; /* samples not yet in the file; how many to gather */
    uint8_t bytes[HELD_MAX * 2];
};

static enum myna_err writer_failed(struct myna_wav_writer *w, struct myna_why *why)
{
    int e = errno;

    if (e == ENOSPC || e == EDQUOT)
        w->failed = myna_fail(&w->why, MYNA_ENOSPC,
                              "the disk is full: %s holds the first %.1f s; free some space or "
                              "write elsewhere",
                              w->path, (double)w->written / w->rate_hz);
    else
        w->failed = myna_fs_fail(&w->why, "write", w->path);
    if (why)
        *why = w->why;
    return w->failed;
}

static bool write_all(int fd, const uint8_t *ptr, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, ptr, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = ENOSPC;
            return false;
        }
        ptr += n;
        len -= (size_t)n;
    }
    return true;
}

static bool write_sizes(const struct myna_wav_writer *w)
{
    uint8_t riff[4], data[4];

    myna_put_le32(riff, (uint32_t)(HEADER - 8 + w->written * 2));
    myna_put_le32(data, (uint32_t)(w->written * 2));
    if (pwrite(w->fd, riff, 4, 4) == 4 && pwrite(w->fd, data, 4, HEADER - 4) == 4)
        return true;
    return errno == ESPIPE; /* a pipe keeps the "unknown length" of its header */
}

void myna_wav_header(uint8_t h[MYNA_WAV_HEADER], uint32_t rate_hz, uint32_t len)
{
    memcpy(h, "RIFF....WAVEfmt ", 16);
    myna_put_le32(h + 4, len > UINT32_MAX - (HEADER - 8) ? UINT32_MAX : len + HEADER - 8);
    myna_put_le32(h + 16, 16);
    myna_put_le16(h + 20, 1); /* PCM */
    myna_put_le16(h + 22, 1);
    myna_put_le32(h + 24, rate_hz);
    myna_put_le32(h + 28, rate_hz * 2);
    myna_put_le16(h + 32, 2);
    myna_put_le16(h + 34, 16);
    memcpy(h + 36, "data", 4);
    myna_put_le32(h + 40, len);
}

static bool write_header(const struct myna_wav_writer *w)
{
    uint8_t h[HEADER];

    myna_wav_header(h, w->rate_hz, UINT32_MAX);
    return write_all(w->fd, h, sizeof h) && write_sizes(w);
}

enum myna_err myna_wav_create(const char *path, uint32_t rate_hz, struct myna_wav_writer **out,
                              struct myna_why *why)
{
    enum myna_err err;
    struct myna_wav_writer *w;

    if (rate_hz < MYNA_RATE_MIN_HZ || rate_hz > MYNA_RATE_MAX_HZ)
        return myna_fail(why, MYNA_EINVAL, "a WAV of %u Hz is outside %d to %d Hz", rate_hz,
                         MYNA_RATE_MIN_HZ, MYNA_RATE_MAX_HZ);
    w = calloc(1, sizeof *w);
    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "no memory to write %s", path);
    w->fd = -1;
    w->rate_hz = rate_hz;
    w->hold = rate_hz / 4; /* <= HELD_MAX */
    w->path = strdup(path);
    if (!w->path) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory to write %s", path);
        goto fail;
    }
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0 || !write_header(w)) {
        err = writer_failed(w, why);
        goto fail;
    }
    *out = w;
    return MYNA_OK;
fail:
    if (w->fd >= 0)
        close(w->fd);
    free(w->path);
    free(w);
    return err;
}

enum myna_err myna_wav_flush(struct myna_wav_writer *w, struct myna_why *why)
{
    if (w->failed) {
        if (why)
            *why = w->why;
        return w->failed;
    }
    if (w->held == 0)
        return MYNA_OK;
    if ((w->written + w->held) * 2 > UINT32_MAX - HEADER) {
        w->failed = myna_fail(&w->why, MYNA_ELIMIT, "%s has reached the 4 GiB that a WAV can hold",
                              w->path);
        if (why)
            *why = w->why;
        return w->failed;
    }
    if (!write_all(w->fd, w->bytes, w->held * 2))
        return writer_failed(w, why);
    w->written += w->held;
    w->held = 0;
    return write_sizes(w) ? MYNA_OK : writer_failed(w, why);
}

enum myna_err myna_wav_write(struct myna_wav_writer *w, const int16_t *mono, size_t n,
                             struct myna_why *why)
{
    while (n > 0 && !w->failed) {
        size_t part = w->hold - w->held < n ? w->hold - w->held : n;

        for (size_t i = 0; i < part; i++)
            myna_put_le16(w->bytes + (w->held + i) * 2, (uint16_t)mono[i]);
        w->held += part;
        mono += part;
        n -= part;
        if (w->held == w->hold) {
            enum myna_err err = myna_wav_flush(w, why);

            if (err)
                return err;
        }
    }
    return w->failed ? myna_wav_flush(w, why) : MYNA_OK;
}

enum myna_err myna_wav_finish(struct myna_wav_writer *w, struct myna_why *why)
{
    enum myna_err err;

    if (!w)
        return MYNA_OK;
    err = myna_wav_flush(w, why);
    if (close(w->fd) < 0 && !err)
        err = writer_failed(w, why);
    free(w->path);
    free(w);
    return err;
}

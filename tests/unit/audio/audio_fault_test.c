/* audio_fault_test.c - memory and files that fail at every point: no leak, no crash, an error. */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <unistd.h>

#include "audio/echo.h"
#include "audio/opus.h"
#include "audio/resample.h"
#include "audio/wav.h"

static bool resample(void *arg)
{
    struct myna_resample *rs = myna_resample_create(48000, 16000);

    (void)arg;
    myna_resample_destroy(rs);
    return rs != NULL;
}

static bool echo(void *arg)
{
    struct myna_echo *e = myna_echo_create(100);

    (void)arg;
    myna_echo_destroy(e);
    return e != NULL;
}

static bool opus(void *arg)
{
    struct myna_opus_encoder *e = myna_opus_encoder_create(24000, 5, 32000);
    struct myna_opus_decoder *d = myna_opus_decoder_create(16000);
    bool both = e && d;

    (void)arg;
    myna_opus_encoder_destroy(e);
    myna_opus_decoder_destroy(d);
    return both;
}

/* Writes a second and reads it back. */
static bool there_and_back(void *arg)
{
    const char *path = arg;
    static int16_t pcm[24000];
    struct myna_wav_writer *w;
    struct myna_wav_reader *r;
    struct myna_why why = {0};
    size_t n, total = 0;
    enum myna_err err = myna_wav_create(path, 24000, &w, &why);

    if (err)
        goto failed;
    err = myna_wav_write(w, pcm, 24000, &why);
    if (err) {
        CHECK_EQ(myna_wav_write(w, pcm, 10, NULL), err); /* it stays failed */
        CHECK_EQ(myna_wav_finish(w, NULL), err);
        goto failed;
    }
    err = myna_wav_finish(w, &why);
    if (!err)
        err = myna_wav_open(path, &r, &why);
    if (err)
        goto failed;
    do {
        CHECK_EQ(myna_wav_read(r, pcm, 24000, &n, NULL), MYNA_OK);
        total += n;
    } while (n > 0);
    myna_wav_close(r);
    CHECK_EQ(total, 24000);
    return true;
failed:
    CHECK_EQ(why.err, err);
    CHECK_HAS(why.text, path);
    return false;
}

TEST(each_allocation_may_fail)
{
    char path[] = "/tmp/myna-fault-XXXXXX";

    close(mkstemp(path));
    CHECK(fault_each_alloc(resample, NULL) > 0);
    CHECK(fault_each_alloc(echo, NULL) > 0);
    CHECK(fault_each_alloc(opus, NULL) > 0);
    CHECK(fault_each_alloc(there_and_back, path) >= 3);
    unlink(path);
}

TEST(each_file_call_may_fail)
{
    char path[] = "/tmp/myna-fault-XXXXXX";

    close(mkstemp(path));
    CHECK(fault_each_io(there_and_back, path, EIO) >= 5);
    CHECK(fault_each_io(there_and_back, path, ENOSPC) >= 5);
    unlink(path);
}

TEST_MAIN

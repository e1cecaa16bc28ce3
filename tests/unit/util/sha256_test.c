/* sha256_test.c - the test vectors of FIPS 180-4, and a file that is not there. */
#include "check.h"

#include <unistd.h>

#include "util/crypto.h"
#include "util/sha256.h"

static void hash(const void *ptr, size_t len, char hex[MYNA_SHA256_HEX])
{
    struct myna_sha256 s;

    myna_sha256_init(&s);
    myna_sha256_update(&s, ptr, len);
    myna_sha256_final(&s, hex);
}

TEST(known_vectors)
{
    char hex[MYNA_SHA256_HEX];

    hash("abc", 3, hex);
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash("", 0, hex);
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(the_librarys_is_the_same)
{
    static uint8_t bytes[5000];
    char ours[MYNA_SHA256_HEX], theirs[MYNA_SHA256_HEX];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t n = 0; n < sizeof bytes; n = n * 2 + 3) {
        hash(bytes, n, ours);
        CHECK(myna_sha256_hex((struct myna_view){bytes, n}, theirs));
        CHECK_STR(theirs, ours);
    }
}

TEST(a_file_longer_than_one_read_hashes_like_its_bytes)
{
    static char bytes[50000];
    char path[] = "/tmp/myna-sha-XXXXXX", one[MYNA_SHA256_HEX], two[MYNA_SHA256_HEX];
    int fd = mkstemp(path);

    memset(bytes, 'x', sizeof bytes);
    CHECK_EQ(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    hash(bytes, sizeof bytes, one);
    CHECK_EQ(myna_sha256_file(path, two, NULL), MYNA_OK);
    unlink(path);
    CHECK_STR(one, two);
}

TEST(a_missing_file_and_a_folder_are_named)
{
    char hex[MYNA_SHA256_HEX];
    struct myna_why why;

    CHECK_EQ(myna_sha256_file("/nonexistent/w", hex, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "/nonexistent/w");
    CHECK_EQ(myna_sha256_file("/tmp", hex, &why), MYNA_EIO);
    CHECK_HAS(why.text, "/tmp");
}

TEST_MAIN

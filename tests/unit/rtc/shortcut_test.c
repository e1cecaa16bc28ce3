/* shortcut_test.c - media from the chosen address is taken, everything else is left where it is. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "rtc/shortcut.h"

static int open_udp(struct sockaddr_storage *address)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static struct sockaddr_storage mine, his, strangers;
static int me, him, stranger;

static struct myna_shortcut begin(void)
{
    struct myna_shortcut s;

    me = open_udp(&mine);
    him = open_udp(&his);
    stranger = open_udp(&strangers);
    s.fd = me;
    s.peer = his;
    return s;
}

static void end(void)
{
    close(me);
    close(him);
    close(stranger);
}

static void say(int from, const void *data, size_t len)
{
    CHECK_EQ(sendto(from, data, len, 0, (struct sockaddr *)&mine, sizeof(struct sockaddr_in)),
             (ssize_t)len);
}

TEST(packets_of_media_are_taken_in_their_order_until_none_waits)
{
    struct myna_shortcut s = begin();
    uint8_t data[64];
    size_t len = 0;

    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_NOTHING);
    say(him,
        "\x80"
        "one",
        4);
    say(him,
        "\xbf"
        "second",
        7);
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_PACKET);
    CHECK_EQ(len, 4);
    CHECK(!memcmp(data + 1, "one", 3));
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_PACKET);
    CHECK_EQ(len, 7);
    CHECK(!memcmp(data + 1, "second", 6));
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_NOTHING);
    end();
}

/* STUN, DTLS, a relay's channel data, nothing at all, too much, and what a stranger sends. */
TEST(what_is_no_media_or_a_strangers_stays_in_the_socket)
{
    static const uint8_t firsts[] = {0, 1, 20, 63, 64, 127, 192, 255};
    struct myna_shortcut s = begin();
    uint8_t data[64], big[65] = {0x80}, got[80];
    size_t len = 99;

    for (size_t i = 0; i < sizeof firsts; i++) {
        say(him, &firsts[i], 1);
        CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_OTHER);
        CHECK_EQ(recv(me, got, sizeof got, MSG_DONTWAIT), 1);
        CHECK_EQ(got[0], firsts[i]);
    }
    say(him, big, sizeof big);
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_OTHER);
    CHECK_EQ(recv(me, got, sizeof got, MSG_DONTWAIT), 65);
    say(stranger, "\x80", 1);
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_OTHER);
    CHECK_EQ(recv(me, got, sizeof got, MSG_DONTWAIT), 1);
    say(him, got, 0);
    CHECK_EQ(myna_shortcut_receive(&s, data, sizeof data, &len), MYNA_SHORTCUT_OTHER);
    CHECK_EQ(len, 99);
    end();
}

TEST(what_is_sent_goes_to_the_chosen_address)
{
    struct myna_shortcut s = begin();
    uint8_t got[8];

    CHECK(myna_shortcut_send(&s, (const uint8_t *)"\x80!", 2));
    CHECK_EQ(recv(him, got, sizeof got, 0), 2);
    CHECK_EQ(got[1], '!');
    end();
    CHECK(!myna_shortcut_send(&s, (const uint8_t *)"\x80!", 2)); /* the descriptor is gone */
    CHECK_EQ(myna_shortcut_receive(&s, got, sizeof got, &(size_t){0}), MYNA_SHORTCUT_OTHER);
}

TEST_MAIN

/* camera_test.c - what becomes of each request for a picture is told once: a picture that began
 * after it, or why there is none (voice-gateway 8). */
#include "check.h"

#include <stdlib.h>

#include "gateway/camera.h"
#include "make_vp8.h"
#include "util/host.h"

static const struct yuv grey[4] = {{90, 128, 128}, {90, 128, 128}, {90, 128, 128}, {90, 128, 128}};

static struct {
    struct myna_host host;
    struct myna_gw_wire wire;
    struct myna_gw_camera *camera;
    char log[8192];
    bool blind, full; /* nobody has a camera; nothing can be shown */
    int looks, looks_away, shown;
} room;

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    size_t n = strlen(room.log);

    (void)arg;
    CHECK(!topic && !to);
    snprintf(room.log + n, sizeof room.log - n, "%.*s\n", (int)body.len, (const char *)body.ptr);
    return MYNA_OK;
}

static bool on_look(void *arg, const char *identity)
{
    (void)arg;
    CHECK(*identity);
    room.looks++;
    return !room.blind;
}

static void on_look_away(void *arg, const char *identity)
{
    (void)arg;
    CHECK(*identity);
    room.looks_away++;
}

static bool on_show(void *arg, const char *identity, const struct myna_image *image)
{
    size_t n = strlen(room.log);

    (void)arg;
    CHECK_STR(image->type, "image/jpeg");
    CHECK(image->len > 100 && image->bytes[0] == 0xff && image->bytes[1] == 0xd8);
    room.shown += !room.full;
    snprintf(room.log + n, sizeof room.log - n, "%s shows %ux%u\n", identity, image->width,
             image->height);
    return !room.full;
}

static void begin(void)
{
    static const struct myna_gw_camera_host owner = {on_look, on_look_away, on_show};
    struct myna_loop_options lo = {.workers = 1, .virtual_clock = true};

    memset(&room, 0, sizeof room);
    room.host.loop = myna_loop_create(&lo, NULL);
    room.wire = (struct myna_gw_wire){.send = on_send, .host = NULL};
    room.camera = myna_gw_camera_create(&room.host, &room.wire, &owner, NULL);
    CHECK(room.camera);
}

static void end(void)
{
    myna_gw_camera_destroy(room.camera);
    myna_loop_destroy(room.host.loop);
}

static void pass(int ms)
{
    myna_loop_run_until(room.host.loop, myna_loop_now(room.host.loop) + ms * MYNA_MS);
}

static void see_one(const char *who, unsigned width, unsigned height, int ms_ago, bool small)
{
    static uint8_t frame[1 << 16];
    size_t len = make_vp8(width, height, grey, frame, sizeof frame);

    CHECK(len);
    myna_gw_camera_picture(room.camera, who, (struct myna_view){frame, len},
                           myna_host_now(&room.host) - ms_ago * MYNA_MS, small);
}

static void see(const char *who, unsigned width, unsigned height, int ms_ago)
{
    see_one(who, width, height, ms_ago, false);
}

static int told(const char *words)
{
    int n = 0;

    for (const char *p = room.log; (p = strstr(p, words)); p++)
        n++;
    return n;
}

TEST(the_next_picture_is_shown_and_told_with_its_size_and_nobody_looks_any_more)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    CHECK_EQ(room.looks, 1);
    CHECK_EQ(room.looks_away, 0);
    pass(100);
    see("ann", 320, 240, 0);
    CHECK_EQ(room.looks_away, 1);
    pass(100);
    CHECK_EQ(told("ann shows 320x240\n{\"type\":\"agent:frame-captured\",\"payload\":"
                  "{\"identity\":\"ann\",\"width\":320,\"height\":240,\"bytes\":"),
             1);
    CHECK_EQ(told("+00:00\"}}"), 1);
    see("ann", 320, 240, 0); /* nobody asked */
    pass(3000);
    CHECK_EQ(room.shown, 1);
    CHECK_EQ(told("failed"), 0);
    end();
}

TEST(a_picture_that_began_before_the_request_is_not_the_next_one)
{
    begin();
    pass(1000);
    myna_gw_camera_capture(room.camera, "ann");
    pass(10);
    see("ann", 64, 64, 20);
    pass(100);
    CHECK_EQ(room.shown, 0);
    CHECK_EQ(room.looks_away, 0);
    see("ann", 64, 64, 5);
    pass(100);
    CHECK_EQ(room.shown, 1);
    end();
}

TEST(no_picture_within_two_seconds_is_a_timeout_each_at_its_time)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    pass(500);
    myna_gw_camera_capture(room.camera, "bob");
    pass(1499);
    CHECK_STR(room.log, "");
    pass(2);
    CHECK_STR(room.log, "{\"type\":\"agent:frame-capture-failed\",\"payload\":"
                        "{\"identity\":\"ann\",\"reason\":\"timeout\"}}\n");
    pass(500);
    CHECK_EQ(told("{\"identity\":\"bob\",\"reason\":\"timeout\"}"), 1);
    CHECK_EQ(room.looks_away, 2);
    end();
}

TEST(who_has_no_camera_or_one_that_cannot_be_had_is_told_so)
{
    begin();
    room.blind = true;
    myna_gw_camera_capture(room.camera, "ann");
    CHECK_STR(room.log, "{\"type\":\"agent:frame-capture-failed\",\"payload\":"
                        "{\"identity\":\"ann\",\"reason\":\"no-video-track\"}}\n");
    room.blind = false;
    myna_gw_camera_capture(room.camera, "bob");
    myna_gw_camera_refused(room.camera, "bob");
    CHECK_EQ(told("{\"identity\":\"bob\",\"reason\":\"no-video-track\",\"detail\":"), 1);
    pass(5000);
    CHECK_EQ(told("failed"), 2);
    end();
}

TEST(two_requests_are_two_pictures_for_their_person_alone_and_in_order)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    myna_gw_camera_capture(room.camera, "bob");
    see("ann", 320, 240, 0); /* the larger one takes longer */
    myna_gw_camera_capture(room.camera, "ann");
    see("ann", 16, 32, 0);
    pass(200);
    CHECK_EQ(room.shown, 2);
    CHECK(strstr(room.log, "ann shows 320x240") < strstr(room.log, "ann shows 16x32"));
    CHECK_EQ(told("bob"), 0);
    see("bob", 64, 64, 0);
    pass(200);
    CHECK_EQ(told("bob shows 64x64"), 1);
    end();
}

TEST(a_broken_picture_is_an_encode_error_with_its_reason)
{
    static const uint8_t broken[] = {0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0};

    begin();
    myna_gw_camera_capture(room.camera, "ann");
    myna_gw_camera_picture(room.camera, "ann", (struct myna_view){broken, sizeof broken},
                           myna_host_now(&room.host), false);
    pass(100);
    CHECK_EQ(
        told("{\"identity\":\"ann\",\"reason\":\"encode-error\",\"detail\":\"a picture of 16383"),
        1);
    room.full = true;
    myna_gw_camera_capture(room.camera, "ann");
    see("ann", 64, 64, 0);
    pass(100);
    CHECK_EQ(told("encode-error"), 2);
    CHECK_EQ(told("frame-captured"), 0);
    end();
}

TEST(more_requests_than_fit_are_refused_at_once)
{
    begin();
    for (int i = 0; i < MYNA_GW_CAPTURES_EACH + 3; i++)
        myna_gw_camera_capture(room.camera, "ann");
    CHECK_EQ(told("encode-error"), 3);
    see("ann", 64, 64, 0);
    pass(100);
    CHECK_EQ(room.shown, MYNA_GW_CAPTURES_EACH);
    end();
}

/* The worker is slower than they ask. */
TEST(what_waits_for_its_jpeg_counts_until_it_is_shown)
{
    begin();
    for (int i = 0; i < MYNA_GW_CAPTURES_EACH + 5; i++) {
        myna_gw_camera_capture(room.camera, "ann");
        see("ann", 64, 64, 0);
    }
    CHECK_EQ(told("too many"), 5);
    for (int i = 0; i < MYNA_GW_CAPTURES; i++) {
        char who[20];

        snprintf(who, sizeof who, "p%d", i);
        myna_gw_camera_capture(room.camera, who);
        see(who, 64, 64, 0);
    }
    CHECK_EQ(told("too many"), 5 + MYNA_GW_CAPTURES_EACH);
    pass(200);
    CHECK_EQ(room.shown, MYNA_GW_CAPTURES);
    myna_gw_camera_capture(room.camera, "ann"); /* and now again */
    see("ann", 64, 64, 0);
    pass(100);
    CHECK_EQ(room.shown, MYNA_GW_CAPTURES + 1);
    end();
}

TEST(who_leaves_makes_room_for_the_pictures_of_others)
{
    begin();
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < MYNA_GW_CAPTURES_EACH; i++) {
            myna_gw_camera_capture(room.camera, "ann");
            see("ann", 64, 64, 0);
        }
        if (!round) {
            myna_gw_camera_capture(room.camera, "bob");
            see("bob", 32, 32, 0);
        }
        myna_gw_camera_left(room.camera, "ann");
    }
    CHECK_EQ(told("too many"), 0);
    pass(200);
    CHECK_EQ(room.shown, 1);
    CHECK_EQ(told("bob shows 32x32"), 1);
    end();
}

TEST(a_small_picture_waits_a_moment_for_a_larger_one)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    see_one("ann", 160, 90, 0, true);
    pass(300);
    see_one("ann", 320, 180, 0, true);
    pass(300);
    CHECK_EQ(room.shown, 0);
    CHECK_EQ(room.looks_away, 0);
    see_one("ann", 640, 360, 0, false);
    pass(100);
    CHECK_EQ(told("ann shows 640x360"), 1);
    CHECK_EQ(room.looks_away, 1);
    pass(3000);
    CHECK_EQ(room.shown, 1);
    end();
}

TEST(of_small_pictures_alone_the_largest_is_taken_and_never_too_late)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    see_one("ann", 320, 180, 0, true);
    pass(300);
    see_one("ann", 160, 90, 0, true);
    pass(499);
    CHECK_EQ(room.shown, 0);
    pass(10);
    CHECK_EQ(told("ann shows 320x180"), 1);
    myna_gw_camera_capture(room.camera, "ann");
    pass(1900);
    see_one("ann", 160, 90, 0, true);
    pass(3000);
    CHECK_EQ(told("ann shows 160x90"), 1);
    CHECK_EQ(told("failed"), 0);
    myna_gw_camera_capture(room.camera, "ann");
    see_one("ann", 160, 90, 0, true);
    myna_gw_camera_left(room.camera, "ann");
    myna_gw_camera_capture(room.camera, "bob");
    see_one("bob", 160, 90, 0, true); /* and is closed like that */
    end();
    CHECK_EQ(room.shown, 2);
}

TEST(who_leaves_shows_nothing_any_more)
{
    begin();
    myna_gw_camera_capture(room.camera, "ann");
    see("ann", 64, 64, 0);
    myna_gw_camera_capture(room.camera, "ann");
    myna_gw_camera_left(room.camera, "ann");
    pass(3000);
    CHECK_EQ(room.shown, 0);
    CHECK_EQ(told("timeout"), 1);
    end();
}

TEST(it_may_be_closed_while_a_worker_is_at_a_picture)
{
    begin();
    for (int i = 0; i < 3; i++) {
        myna_gw_camera_capture(room.camera, "ann");
        see("ann", 320, 240, 0);
    }
    end();
    CHECK_EQ(room.shown, 0);
}

TEST_MAIN

/* ice_servers_test.c - names of servers are looked up on a worker, and meanwhile the list may be
 * replaced, asked for again, or gone.
 */
#include "check.h"
#include "warned.h"

#include "rtc/ice_servers.h"
#include "util/host.h"

enum { PATIENCE_S = 60 };

static struct {
    struct myna_host host;
    struct myna_ice_servers servers;
    struct myna_why why;
    int n_done;
} w;

static void on_done(void *arg)
{
    (void)arg;
    w.n_done++;
}

static void give(const char *url)
{
    struct myna_rtc_server server = {.url = url, .username = "u", .credential = "p"};

    myna_ice_servers_set(&w.servers, &server, 1);
}

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &w.why);
    CHECK(w.host.loop);
    w.host.log = warned_log();
    myna_ice_servers_init(&w.servers, &w.host);
}

static void close_world(void)
{
    myna_loop_drain(w.host.loop);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
}

static void until_found(void)
{
    myna_us end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;

    while (!w.n_done && myna_loop_now(w.host.loop) < end)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 5 * MYNA_MS);
    CHECK_EQ(w.n_done, 1);
}

TEST(addresses_and_relays_behind_tls_need_no_lookup)
{
    open_world();
    give("turn:192.0.2.1");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    CHECK_EQ(w.n_done, 1);
    CHECK_STR(w.servers.list[0].ip, "192.0.2.1");
    give("turns:relay.example:443");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    CHECK_EQ(w.n_done, 2);
    CHECK_STR(w.servers.list[0].ip, "127.0.0.1"); /* of the tunnel; the name stays for its end */
    CHECK_STR(w.servers.list[0].url.host, "relay.example");
    CHECK(myna_ice_servers_have_relay(&w.servers));
    close_world();
}

TEST(a_list_that_is_replaced_during_the_lookup_has_its_own_names_looked_up)
{
    open_world();
    give("stun:LOCALHOST");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    CHECK_EQ(w.n_done, 0);
    give("turn:localhost");
    until_found();
    CHECK(w.servers.list[0].ip[0]);
    CHECK(myna_ice_servers_have_relay(&w.servers));
    CHECK_STR(warned, "");
    close_world();
}

TEST(a_list_of_addresses_in_place_of_one_of_names_is_told_as_it_is)
{
    open_world();
    give("stun:localhost");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    give("turn:192.0.2.7");
    until_found();
    CHECK_STR(w.servers.list[0].ip, "192.0.2.7");
    CHECK_STR(warned, "");
    close_world();
}

TEST(who_asks_again_during_the_lookup_is_told_once)
{
    open_world();
    give("turn:localhost");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    myna_ice_servers_find(&w.servers, on_done, NULL);
    until_found();
    myna_loop_drain(w.host.loop); /* both lookups are over */
    CHECK_EQ(w.n_done, 1);
    CHECK(w.servers.list[0].ip[0]);
    close_world();
}

TEST(names_are_looked_up_before_each_gathering)
{
    open_world();
    give("turn:localhost");
    snprintf(w.servers.list[0].ip, sizeof w.servers.list[0].ip, "192.0.2.9"); /* it has moved */
    myna_ice_servers_find(&w.servers, on_done, NULL);
    until_found();
    CHECK(w.servers.list[0].ip[0]);
    CHECK(strcmp(w.servers.list[0].ip, "192.0.2.9") != 0);
    close_world();
}

TEST(a_name_that_cannot_be_looked_up_now_keeps_the_address_that_it_had)
{
    open_world();
    give("turn:a..b");
    snprintf(w.servers.list[0].ip, sizeof w.servers.list[0].ip, "192.0.2.9");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    until_found();
    CHECK_STR(w.servers.list[0].ip, "192.0.2.9");
    CHECK_STR(warned, "");
    close_world();
}

TEST(a_name_without_an_address_is_told_with_the_reason_and_what_to_look_at)
{
    open_world();
    give("turn:a..b"); /* no name server needs to be asked */
    myna_ice_servers_find(&w.servers, on_done, NULL);
    until_found();
    CHECK(!w.servers.list[0].ip[0]);
    CHECK_HAS(warned, "its name has no address (");
    CHECK_HAS(warned, "is it written right");
    CHECK_HAS(warned, "host=a..b");
    close_world();
}

TEST(who_is_gone_when_the_lookup_ends_is_told_nothing)
{
    open_world();
    give("turn:localhost");
    myna_ice_servers_find(&w.servers, on_done, NULL);
    myna_ice_servers_stop(&w.servers);
    memset(&w.servers, 0xa5, sizeof w.servers); /* its storage is another's */
    myna_loop_drain(w.host.loop);
    CHECK_EQ(w.n_done, 0);
    close_world();
}

TEST_MAIN

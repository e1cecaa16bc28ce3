/* token_test.c - tokens by the golden vector of livekit-rtc appendix A, addresses, and what is
 * refused. */
#include <myna/livekit.h>

#include <stdlib.h>

#include <jansson.h>

#include "check.h"
#include "fault.h"

#include "livekit/token.h"
#include "livekit/url.h"
#include "util/crypto.h"

TEST(a_token_is_signed_as_the_golden_vector_says)
{
    struct myna_buf b;
    const char *payload = "{\"iss\":\"devkey\",\"sub\":\"agent-1\",\"nbf\":1700000000,\"exp\":"
                          "4102444800,\"video\":{\"roomJoin\":true,\"room\":\"demo\"}}";

    myna_buf_init(&b, 0);
    myna_lk_jwt(&b, "secret", myna_view_of(payload));
    CHECK_EQ(b.err, MYNA_OK);
    CHECK_HAS(myna_buf_str(&b), ".Xu5bOWqEVTMW_ujNggqQ8yvmmNs7waCrJpnVvG2dEyI");
    CHECK(!strncmp(myna_buf_str(&b), "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", 37));
    myna_buf_fini(&b);
}

static json_t *claims_of(const char *token)
{
    const char *first = strchr(token, '.') + 1, *second = strchr(first, '.');
    struct myna_buf b;
    json_t *claims;

    myna_buf_init(&b, 0);
    CHECK(!myna_base64_read(&b,
                            (struct myna_view){(const uint8_t *)first, (size_t)(second - first)}));
    claims = json_loadb(myna_buf_str(&b), b.len, 0, NULL);
    myna_buf_fini(&b);
    CHECK(claims);
    return claims;
}

TEST(an_agent_s_token_says_who_where_and_until_when)
{
    struct myna_livekit_token w = {.size = sizeof w,
                                   .api_key = "devkey",
                                   .api_secret = "secret",
                                   .identity = "agent \"x\"",
                                   .room = "demo",
                                   .kind = "agent",
                                   .grants =
                                       MYNA_LIVEKIT_JOIN | MYNA_LIVEKIT_AGENT | MYNA_LIVEKIT_UPDATE,
                                   .wall_s = 1000,
                                   .ttl_s = 60};
    struct myna_why why;
    char *token = NULL, *text;
    json_t *claims;

    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_OK);
    claims = claims_of(token);
    text = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK_STR(text, "{\"exp\":1060,\"iat\":1000,\"iss\":\"devkey\",\"kind\":\"agent\",\"nbf\":1000,"
                    "\"sub\":\"agent \\\"x\\\"\",\"video\":{\"agent\":true,\"canPublish\":true,"
                    "\"canPublishData\":true,\"canSubscribe\":true,\"canUpdateOwnMetadata\":true,"
                    "\"room\":\"demo\",\"roomJoin\":true}}");
    free(text);
    json_decref(claims);
    free(token);
}

/* A server reads a missing canPublish as a yes, and a missing exp as for ever. */
static bool make_the_same(void *arg)
{
    struct myna_livekit_token w = {.size = sizeof w,
                                   .api_key = "devkey",
                                   .api_secret = "secret",
                                   .identity = "ann",
                                   .metadata = "m",
                                   .room = "demo",
                                   .agent = "helper",
                                   .grants =
                                       MYNA_LIVEKIT_JOIN | MYNA_LIVEKIT_MUTE | MYNA_LIVEKIT_LIST,
                                   .wall_s = 1000};
    const char *const *whole = arg;
    char *token = NULL;

    if (myna_livekit_token(&w, &token, NULL))
        return false;
    if (*whole)
        CHECK_STR(token, *whole);
    else
        *(char **)arg = strdup(token);
    free(token);
    return true;
}

TEST(with_memory_short_there_is_no_token_rather_than_one_with_a_claim_missing)
{
    char *whole = NULL;

    CHECK(make_the_same(&whole));
    CHECK(fault_each_alloc(make_the_same, &whole) > 20);
    free(whole);
}

TEST(a_token_without_key_room_or_identity_is_refused_with_the_remedy)
{
    struct myna_livekit_token w = {.size = sizeof w, .grants = MYNA_LIVEKIT_JOIN};
    struct myna_why why;
    char *token = NULL, long_room[300];

    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "LIVEKIT_API_KEY");
    w.api_key = "k";
    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "LIVEKIT_API_SECRET");
    w.api_secret = "s";
    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "identity");
    w.identity = "i";
    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "LIVEKIT_ROOM");
    memset(long_room, 'r', sizeof long_room - 1);
    long_room[sizeof long_room - 1] = '\0';
    w.room = long_room;
    CHECK_EQ(myna_livekit_token(&w, &token, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "256");
    CHECK(!token);
}

static void url_is(const char *base, const char *want)
{
    struct myna_why why = {0};
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_lk_url(&b, base, "/rtc/v1", &why), want ? MYNA_OK : MYNA_ECONFIG);
    if (want)
        CHECK_STR(myna_buf_str(&b), want);
    else
        CHECK_HAS(why.text, "ws://localhost:7880");
    myna_buf_fini(&b);
}

TEST(every_form_of_the_server_s_address_is_taken)
{
    url_is("ws://localhost:7880", "http://localhost:7880/rtc/v1");
    url_is("wss://x.livekit.cloud/", "https://x.livekit.cloud/rtc/v1");
    url_is("HTTP://h:1/prefix//", "http://h:1/prefix/rtc/v1");
    url_is("https://h", "https://h/rtc/v1");
    url_is("localhost:7880", NULL);
    url_is("ws://", NULL);
    url_is("ws://h?x=1", NULL);
    url_is("ws://h\r\nX: y", NULL);
    url_is("", NULL);
    url_is(NULL, NULL);
}

TEST_MAIN

/* rooms.c - LiveKit, and the gateway that keeps one of its rooms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/gateway.h>
#include <myna/livekit.h>

#include "doctor/doctor.h"
#include "util/json_load.h"

enum { LIVEKIT_MS = 4000 };

/* wss://host -> https://host */
static bool http_url(const char *url, char *out, size_t size)
{
    if (!strncmp(url, "ws", 2))
        return snprintf(out, size, "http%s", url + 2) < (int)size;
    return !strncmp(url, "http", 4) && snprintf(out, size, "%s", url) < (int)size;
}

/* Does it answer? */
static bool ask_livekit(struct myna_doctor *d, const char *url)
{
    char http[512];
    struct myna_reached r;
    bool well;

    if (!http_url(url, http, sizeof http)) {
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_FAIL,
                         "set LIVEKIT_URL to something like wss://example.livekit.cloud",
                         "the URL is none of ws, wss, http, https");
        return false;
    }
    myna_reach(http, NULL, false, LIVEKIT_MS, &r);
    well = r.status && r.status < 500;
    if (well)
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_OK, NULL, "%s answers", url);
    else
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_FAIL,
                         r.unasked ? MYNA_DOCTOR_HTTP : "is it running, and is LIVEKIT_URL right?",
                         "%s", r.status ? "it answers with an error of its own" : r.message);
    myna_reached_fini(&r);
    return well;
}

/* A room that is kept as a gateway is deaf until somebody is allowed. */
static void check_people(struct myna_doctor *d)
{
    static const char *const keys[] = {"gateway.allowed_users", "gateway.allow_all_users",
                                       "gateway.global_allowed_users",
                                       "gateway.global_allow_all_users"};
    const char *room = myna_doctor_value(d, "transport", "livekit", "room");

    if (!room || !*room)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = myna_config_get(d->cfg, keys[i]);

        if (text && *text) {
            myna_doctor_tell(d, "livekit", "people", MYNA_CHECK_OK, NULL,
                             "who may talk with the gateway is said (%s)", keys[i]);
            return;
        }
    }
    myna_doctor_tell(
        d, "livekit", "people", MYNA_CHECK_WARN,
        "set LIVEKIT_ALLOWED_USERS to their identities, or LIVEKIT_ALLOW_ALL_USERS=true",
        "nobody may talk with the gateway of room %s", room);
}

/* Whether key and secret are this server's, which an empty room does not tell. */
static void check_room(struct myna_doctor *d, const char *room)
{
    char request[600], *answer = NULL;
    struct myna_why why = {0};
    json_t *o = json_pack("{s:s}", "room", room);
    size_t len = o ? json_dumpb(o, request, sizeof request - 1, JSON_COMPACT) : sizeof request;
    enum myna_err err;

    json_decref(o);
    if (len >= sizeof request)
        return;
    request[len] = '\0';
    err = myna_livekit_api(d->cfg, "RoomService", "ListParticipants", room, MYNA_LIVEKIT_ADMIN,
                           request, &answer, &why);
    o = err ? NULL : myna_json_loads(answer, 0, NULL);
    if (!err)
        myna_doctor_tell(d, "livekit", "room", MYNA_CHECK_OK, NULL, "%zu in room %s",
                         json_array_size(json_object_get(o, "participants")), room);
    else if (strstr(why.text, "not_found") || strstr(why.text, "does not exist"))
        myna_doctor_tell(d, "livekit", "room", MYNA_CHECK_OK, NULL,
                         "room %s begins with the first who joins", room);
    else
        myna_doctor_tell(d, "livekit", "room", MYNA_CHECK_FAIL,
                         "are LIVEKIT_API_KEY and LIVEKIT_API_SECRET those of this server?", "%s",
                         why.text);
    json_decref(o);
    free(answer);
}

static void check_gateway(struct myna_doctor *d, const struct myna_gateway_facts *f)
{
    struct myna_why why = {0};
    char *text = NULL;
    json_t *o;
    const char *backend;
    bool bad;
    enum myna_err err;

    myna_doctor_tell(d, "livekit", "identity", MYNA_CHECK_OK, NULL,
                     "it is %s, looks into room %s every %.3g s (%s)", f->identity, f->room,
                     f->poll_s, f->poll_why);
    if (!f->announces || d->opt->no_network) {
        myna_doctor_tell(d, "livekit", "gateway", MYNA_CHECK_SKIP, NULL,
                         d->opt->no_network ? "not asked (--no-network)"
                                            : "it is not asked how it is: gateway.announce_token "
                                              "is not set");
        return;
    }
    err = myna_gateway_status(d->cfg, &text, &why);
    if (err) {
        myna_doctor_tell(d, "livekit", "gateway",
                         err == MYNA_EIO ? MYNA_CHECK_SKIP : MYNA_CHECK_WARN,
                         err == MYNA_EIO ? NULL : "gateway.announce_listen, gateway.announce_token",
                         "%s", why.text);
        return;
    }
    o = myna_json_loads(text, 0, NULL);
    backend = json_string_value(json_object_get(o, "backend"));
    bad = backend && strncmp(backend, "backend-", 8) == 0;
    myna_doctor_tell(d, "livekit", "gateway", bad ? MYNA_CHECK_WARN : MYNA_CHECK_OK,
                     bad ? "myna doctor says what is wrong with the agent" : NULL,
                     "it runs: %s, %lld people, agent %s",
                     json_string_value(json_object_get(o, "state")),
                     (long long)json_integer_value(json_object_get(o, "participants")),
                     backend ? backend : "unknown");
    json_decref(o);
    free(text);
}

void myna_doctor_livekit(struct myna_doctor *d)
{
    static const char *const names[] = {"url", "api_key", "api_secret"};
    const char *values[3];
    struct myna_gateway_facts facts;
    struct myna_why why = {0};
    int set = 0;

    for (size_t i = 0; i < 3; i++) {
        values[i] = myna_doctor_value(d, "transport", "livekit", names[i]);
        set += values[i] && *values[i];
    }
    if (!set) {
        myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_SKIP, NULL,
                         "LiveKit is not configured (LIVEKIT_URL)");
        return;
    }
    if (set < 3) {
        myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_FAIL,
                         "set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
                         "%s%s%s not set", values[0] && *values[0] ? "" : "the URL is",
                         values[1] && *values[1] ? "" : " the key is",
                         values[2] && *values[2] ? "" : " the secret is");
        return;
    }
    myna_doctor_tell(d, "livekit", "keys", MYNA_CHECK_OK, NULL, "URL, key and secret are set");
    check_people(d);
    if (myna_gateway_facts(d->cfg, &facts, &why)) {
        myna_doctor_tell(d, "livekit", "gateway", MYNA_CHECK_FAIL, NULL, "%s", why.text);
        return;
    }
    if (d->opt->no_network)
        myna_doctor_tell(d, "livekit", "server", MYNA_CHECK_SKIP, NULL, "not asked (--no-network)");
    else if (ask_livekit(d, values[0]))
        check_room(d, facts.room);
    check_gateway(d, &facts);
}

/* token.c - who may do what: the claims of an access token, signed with the API secret. */
#include <myna/livekit.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "livekit/options.h"
#include "livekit/token.h"
#include "util/crypto.h"
#include "util/json_dump.h"

#define SIX_HOURS    (6 * 3600)
#define MAX_NAME     256 /* bytes of identity and room, the server's default limit */
#define MAX_METADATA (512 << 10)

void myna_lk_jwt(struct myna_buf *out, const char *secret, struct myna_view payload)
{
    size_t start = out->len;
    uint8_t mac[32];

    myna_base64_put(out, myna_view_of("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
                    MYNA_BASE64URL_UNPADDED);
    myna_buf_putc(out, '.');
    myna_base64_put(out, payload, MYNA_BASE64URL_UNPADDED);
    if (out->err)
        return;
    if (!myna_hmac_sha256(myna_view_of(secret),
                          (struct myna_view){out->ptr + start, out->len - start}, mac)) {
        out->err = MYNA_ENOMEM;
        return;
    }
    myna_buf_putc(out, '.');
    myna_base64_put(out, (struct myna_view){mac, sizeof mac}, MYNA_BASE64URL_UNPADDED);
}

/* ---- claims */

static const struct claim {
    unsigned grant;
    const char *name;
} allowed[] = {{MYNA_LIVEKIT_JOIN, "roomJoin"},
               {MYNA_LIVEKIT_CREATE, "roomCreate"},
               {MYNA_LIVEKIT_LIST, "roomList"},
               {MYNA_LIVEKIT_ADMIN, "roomAdmin"},
               {MYNA_LIVEKIT_HIDDEN, "hidden"},
               {MYNA_LIVEKIT_AGENT, "agent"},
               {MYNA_LIVEKIT_UPDATE, "canUpdateOwnMetadata"}},
  denied[] = {{MYNA_LIVEKIT_MUTE, "canPublish"},
              {MYNA_LIVEKIT_DEAF, "canSubscribe"},
              {MYNA_LIVEKIT_SILENT, "canPublishData"}};

/* -1: memory is short. */
static int put_text(json_t *to, const char *key, const char *value)
{
    return value && *value ? json_object_set_new(to, key, json_string(value)) : 0;
}

static int put_time(json_t *to, const char *key, int64_t at)
{
    return json_object_set_new(to, key, json_integer((json_int_t)at));
}

static int put_video(json_t *to, const struct myna_livekit_token *w)
{
    json_t *v = json_object();
    int bad = json_object_set_new(to, "video", v);

    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (w->grants & allowed[i].grant)
            bad |= json_object_set_new(v, allowed[i].name, json_true());
    bad |= put_text(v, "room", w->room);
    for (size_t i = 0; w->grants & MYNA_LIVEKIT_JOIN && i < sizeof denied / sizeof *denied; i++)
        bad |= json_object_set_new(v, denied[i].name, json_boolean(!(w->grants & denied[i].grant)));
    return bad;
}

/* All of them or none: a server reads a missing canPublish as a yes. */
static char *claims_of(const struct myna_livekit_token *w)
{
    int64_t now = w->wall_s ? w->wall_s : (int64_t)time(NULL);
    json_t *claims = json_object();
    char *text = NULL;
    int bad = put_text(claims, "iss", w->api_key) | put_text(claims, "sub", w->identity);

    bad |= put_time(claims, "nbf", now) | put_time(claims, "iat", now);
    bad |= put_time(claims, "exp", now + (w->ttl_s ? w->ttl_s : SIX_HOURS));
    bad |= put_text(claims, "name", w->name) | put_text(claims, "kind", w->kind);
    bad |= put_text(claims, "metadata", w->metadata) | put_video(claims, w);
    if (w->agent && *w->agent)
        bad |= json_object_set_new(claims, "roomConfig",
                                   json_pack("{s:[{s:s}]}", "agents", "agent_name", w->agent));
    if (!bad)
        text = myna_json_dump(claims, JSON_COMPACT);
    json_decref(claims);
    return text;
}

static enum myna_err check(const struct myna_livekit_token *w, struct myna_why *why)
{
    if ((!w->api_key || !*w->api_key) && (!w->api_secret || !*w->api_secret))
        return myna_fail(why, MYNA_ECONFIG,
                         "no API key and secret for LiveKit: set LIVEKIT_API_KEY and "
                         "LIVEKIT_API_SECRET (transport.livekit.api_key and api_secret)");
    if (!w->api_key || !*w->api_key)
        return myna_fail(
            why, MYNA_ECONFIG,
            "no API key for LiveKit: set transport.livekit.api_key or LIVEKIT_API_KEY");
    if (!w->api_secret || !*w->api_secret)
        return myna_fail(
            why, MYNA_ECONFIG,
            "no API secret for LiveKit: set transport.livekit.api_secret or LIVEKIT_API_SECRET");
    if ((w->grants & MYNA_LIVEKIT_JOIN) && (!w->identity || !*w->identity))
        return myna_fail(why, MYNA_ECONFIG,
                         "a token to join a room wants an identity: say --identity ID");
    if ((w->grants & (MYNA_LIVEKIT_JOIN | MYNA_LIVEKIT_ADMIN)) && (!w->room || !*w->room))
        return myna_fail(why, MYNA_ECONFIG,
                         "no room is named: set transport.livekit.room or "
                         "LIVEKIT_ROOM");
    if ((w->identity && strlen(w->identity) > MAX_NAME) || (w->room && strlen(w->room) > MAX_NAME))
        return myna_fail(why, MYNA_ECONFIG, "identity and room have at most %d bytes", MAX_NAME);
    if (w->metadata && strlen(w->metadata) > MAX_METADATA)
        return myna_fail(why, MYNA_ECONFIG, "metadata has at most %d bytes", MAX_METADATA);
    if (w->ttl_s < 0)
        return myna_fail(why, MYNA_ECONFIG, "a token cannot have ended already");
    return MYNA_OK;
}

enum myna_err myna_livekit_token(const struct myna_livekit_token *what, char **out,
                                 struct myna_why *why)
{
    enum myna_err err = check(what, why);
    struct myna_buf b;
    char *claims;

    if (err)
        return err;
    claims = claims_of(what);
    myna_buf_init(&b, 4 * MAX_METADATA);
    if (claims)
        myna_lk_jwt(&b, what->api_secret, myna_view_of(claims));
    free(claims);
    *out = claims && !b.err ? myna_buf_take(&b) : NULL;
    myna_buf_fini(&b);
    return *out ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "memory is short");
}

enum myna_err myna_livekit_token_from(const struct myna_config *cfg,
                                      const struct myna_livekit_token *what, char **out,
                                      struct myna_why *why)
{
    struct myna_livekit_token full = *what;
    struct myna_lk_options opt;
    enum myna_err err = myna_lk_options_read(cfg, &opt, why);

    if (err)
        return err;
    full.api_key = opt.api_key;
    full.api_secret = opt.api_secret;
    return myna_livekit_token(&full, out, why);
}

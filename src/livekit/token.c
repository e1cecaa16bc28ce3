/* token.c - who may do what: the claims of an access token, signed with the API secret. */
#include <myna/livekit.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "livekit/options.h"
#include "livekit/token.h"
#include "util/crypto.h"

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

int64_t myna_lk_jwt_expiry(const char *token)
{
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    struct myna_buf text;
    int64_t at = 0;
    json_t *claims;

    if (!second)
        return 0;
    myna_buf_init(&text, 2 * MAX_METADATA);
    if (!myna_base64_read(
            &text, (struct myna_view){(const uint8_t *)first + 1, (size_t)(second - first - 1)})) {
        claims = json_loadb(myna_buf_str(&text), text.len, 0, NULL);
        at = json_integer_value(json_object_get(claims, "exp"));
        json_decref(claims);
    }
    myna_buf_fini(&text);
    return at;
}

/* ---- claims */

static void put_text(json_t *to, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(to, key, json_string(value));
}

static void put_true(json_t *to, const char *key, bool yes)
{
    if (yes)
        json_object_set_new(to, key, json_true());
}

static json_t *video(const struct myna_livekit_token *w)
{
    json_t *v = json_object();
    bool join = w->grants & MYNA_LIVEKIT_JOIN;

    put_true(v, "roomJoin", join);
    put_true(v, "roomCreate", w->grants & MYNA_LIVEKIT_CREATE);
    put_true(v, "roomList", w->grants & MYNA_LIVEKIT_LIST);
    put_true(v, "roomAdmin", w->grants & MYNA_LIVEKIT_ADMIN);
    put_true(v, "hidden", w->grants & MYNA_LIVEKIT_HIDDEN);
    put_true(v, "agent", w->grants & MYNA_LIVEKIT_AGENT);
    put_true(v, "canUpdateOwnMetadata", w->grants & MYNA_LIVEKIT_UPDATE);
    put_text(v, "room", w->room);
    if (join) {
        json_object_set_new(v, "canPublish", json_boolean(!(w->grants & MYNA_LIVEKIT_MUTE)));
        json_object_set_new(v, "canSubscribe", json_boolean(!(w->grants & MYNA_LIVEKIT_DEAF)));
        json_object_set_new(v, "canPublishData", json_boolean(!(w->grants & MYNA_LIVEKIT_SILENT)));
    }
    return v;
}

static char *claims_of(const struct myna_livekit_token *w)
{
    int64_t now = w->wall_s ? w->wall_s : (int64_t)time(NULL);
    json_t *claims = json_object();
    char *text;

    put_text(claims, "iss", w->api_key);
    put_text(claims, "sub", w->identity);
    json_object_set_new(claims, "nbf", json_integer((json_int_t)now));
    json_object_set_new(claims, "iat", json_integer((json_int_t)now));
    json_object_set_new(claims, "exp",
                        json_integer((json_int_t)(now + (w->ttl_s ? w->ttl_s : SIX_HOURS))));
    put_text(claims, "name", w->name);
    put_text(claims, "kind", w->kind);
    put_text(claims, "metadata", w->metadata);
    json_object_set_new(claims, "video", video(w));
    if (w->agent && *w->agent)
        json_object_set_new(claims, "roomConfig",
                            json_pack("{s:[{s:s}]}", "agents", "agent_name", w->agent));
    text = json_dumps(claims, JSON_COMPACT);
    json_decref(claims);
    return text;
}

static enum myna_err check(const struct myna_livekit_token *w, struct myna_why *why)
{
    if (!w->api_key || !*w->api_key)
        return myna_fail(
            why, MYNA_ECONFIG,
            "no API key for LiveKit: set transport.livekit.api_key or LIVEKIT_API_KEY");
    if (!w->api_secret || !*w->api_secret)
        return myna_fail(
            why, MYNA_ECONFIG,
            "no API secret for LiveKit: set transport.livekit.api_secret or LIVEKIT_API_SECRET");
    if ((w->grants & MYNA_LIVEKIT_JOIN) && (!w->identity || !*w->identity))
        return myna_fail(why, MYNA_ECONFIG, "a token to join a room wants an identity");
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

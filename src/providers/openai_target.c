/* openai_target.c - where a request goes and what stands in its headers.
 *
 * The three session signals (the body's `user`, the id header, the key header) are independent:
 * each is sent by its own option alone. The first two need a call id.
 */
#include "providers/openai.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/sha256.h"

static bool some(const char *text)
{
    return text && text[0];
}

/* ---- headers */

bool myna_openai_has_session(const struct myna_openai_target *t,
                             const struct myna_openai_call *call)
{
    /* Hermes refuses session headers of a client without a key (403). */
    return call && !call->no_session && !(t->preset->hermes && !t->key) &&
           some(t->conf->session_id_header) && (some(call->id) || some(call->adopted));
}

static enum myna_err put_session_id(const struct myna_openai_target *t,
                                    const struct myna_openai_call *call,
                                    struct myna_openai_headers *out)
{
    const char *prefix = t->conf->session_id_prefix ? t->conf->session_id_prefix : "";
    struct myna_buf value;
    enum myna_err err;

    if (!myna_openai_has_session(t, call))
        return MYNA_OK;
    myna_buf_init(&value, 0);
    if (some(call->adopted))
        myna_buf_puts(&value, call->adopted);
    else
        myna_buf_printf(&value, "%s%s", prefix, call->id);
    err = value.err ? value.err
                    : myna_openai_headers_put(out, t->conf->session_id_header, myna_buf_str(&value),
                                              false);
    myna_buf_fini(&value);
    return err;
}

enum { KEY_MAX = 256, KEY_CUT = 190 }; /* bytes that Hermes takes; of a longer one, before a hash */

/* "voice:ROOM:IDENTITY". What may not stand in a header, and the colon, is written as %XX, so that
 * two people never have one key. */
static enum myna_err put_person_key(const struct myna_openai_target *t, const char *identity,
                                    struct myna_openai_headers *out)
{
    const char *key = t->conf->session_key, *value;
    char hex[MYNA_SHA256_HEX];
    struct myna_sha256 sha;
    struct myna_buf b;
    enum myna_err err;

    myna_buf_init(&b, 0);
    (void)!myna_buf_printf(&b, "%s:", key);
    for (const char *p = identity; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '%' || *p == ':')
            (void)!myna_buf_printf(&b, "%%%02X", (unsigned)(unsigned char)*p);
        else
            (void)!myna_buf_putc(&b, *p);
    value = myna_buf_str(&b);
    if (!b.err && b.len > KEY_MAX) {
        myna_sha256_init(&sha);
        myna_sha256_update(&sha, value, b.len);
        myna_sha256_final(&sha, hex);
        for (b.len = KEY_CUT; (b.ptr[b.len] & 0xC0) == 0x80;)
            b.len--;
        (void)!myna_buf_printf(&b, ":%s", hex);
        value = myna_buf_str(&b);
    }
    err = b.err ? b.err : myna_openai_headers_put(out, t->conf->session_key_header, value, true);
    myna_buf_fini(&b);
    return err;
}

/* caller_hash wins over the fixed key; an anonymous caller has none. */
static enum myna_err put_session_key(const struct myna_openai_target *t,
                                     const struct myna_openai_call *call,
                                     struct myna_openai_headers *out)
{
    const struct myna_openai_conf *c = t->conf;
    char hex[MYNA_SHA256_HEX], value[200];
    struct myna_sha256 sha;

    if (!call || !some(c->session_key_header) ||
        (t->preset->hermes && (!t->key || call->no_session)))
        return MYNA_OK;
    if (c->session_key_from == MYNA_OPENAI_KEY_PERSON && some(c->session_key) && some(call->caller))
        return put_person_key(t, call->caller, out);
    if (c->session_key_from != MYNA_OPENAI_KEY_CALLER_HASH)
        return some(c->session_key)
                   ? myna_openai_headers_put(out, c->session_key_header, c->session_key, true)
                   : MYNA_OK;
    if (!some(call->caller))
        return MYNA_OK;
    myna_sha256_init(&sha);
    myna_sha256_update(&sha, call->caller, strlen(call->caller));
    myna_sha256_final(&sha, hex);
    snprintf(value, sizeof value, "%s%.16s", c->session_key_prefix ? c->session_key_prefix : "",
             hex);
    return myna_openai_headers_put(out, c->session_key_header, value, false);
}

enum myna_err myna_openai_headers(const struct myna_openai_target *t,
                                  const struct myna_openai_call *call,
                                  struct myna_openai_headers *out)
{
    struct myna_buf auth;
    enum myna_err err = MYNA_OK;

    out->n = 0;
    myna_buf_init(&auth, 0);
    if (call) {
        err = myna_openai_headers_put(out, "Content-Type", "application/json", false);
        if (!err)
            err = myna_openai_headers_put(out, "Accept", "text/event-stream", false);
    }
    if (!err)
        err = myna_openai_headers_put(out, "User-Agent", "myna/" MYNA_VERSION, false);
    if (!err && t->preset->anthropic)
        err = myna_openai_headers_put(out, "anthropic-version", "2023-06-01", false);
    if (!err && t->key && t->preset->anthropic)
        err = myna_openai_headers_put(out, "x-api-key", t->key, true);
    else if (!err && t->key) {
        err = myna_buf_printf(&auth, "Bearer %s", t->key);
        if (!err)
            err = myna_openai_headers_put(out, "Authorization", myna_buf_str(&auth), true);
    }
    if (!err)
        err = put_session_id(t, call, out);
    if (!err)
        err = put_session_key(t, call, out);
    for (size_t i = 0; i < t->extra.n && !err; i++)
        err = myna_openai_headers_put(out, t->extra.h[i].name, t->extra.h[i].value, true);
    myna_buf_fini(&auth);
    if (err)
        myna_openai_headers_fini(out);
    return err;
}

/* ---- address, model, key */

static enum myna_err resolve_url(struct myna_openai_target *t, struct myna_why *why)
{
    const char *endpoint = t->preset->anthropic ? "/messages" : "/chat/completions";
    char *base = NULL;
    enum myna_err err = myna_openai_base(t->section, t->conf->base_url, endpoint, &base, why);

    if (err)
        return err;
    if (asprintf(&t->chat_url, "%s%s", base, endpoint) < 0)
        t->chat_url = NULL;
    if (asprintf(&t->models_url, "%s/models", base) < 0)
        t->models_url = NULL;
    free(base);
    return t->chat_url && t->models_url
               ? MYNA_OK
               : myna_fail(why, MYNA_ENOMEM, "no memory for the agent's address");
}

static enum myna_err resolve_agent(struct myna_openai_target *t, struct myna_why *why)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._:/-";
    const char *agent = t->conf->agent ? t->conf->agent : "";

    if (!agent[0] || agent[strspn(agent, allowed)])
        return myna_fail(why, MYNA_ECONFIG,
                         "llm.openclaw.agent must be one or more of letters, digits, . _ : / -");
    if (asprintf(&t->model, "%s%s", strpbrk(agent, ":/") ? "" : "openclaw/", agent) < 0) {
        t->model = NULL;
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agent's name");
    }
    return MYNA_OK;
}

static enum myna_err resolve_model(struct myna_openai_target *t,
                                   const char *(*env)(const char *name), struct myna_why *why)
{
    const struct myna_openai_preset *p = t->preset;
    const char *model = t->conf->model;

    if (p->openclaw)
        return resolve_agent(t, why);
    if (!some(model) && p->model_env)
        model = env(p->model_env);
    if (!some(model))
        model = p->default_model;
    if (!some(model))
        return myna_fail(why, MYNA_ECONFIG, "llm.%s.model is not set%s%s", p->name,
                         p->model_hint ? "; " : "", p->model_hint ? p->model_hint : "");
    t->model = strdup(model);
    return t->model ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the model's name");
}

static enum myna_err resolve_key(struct myna_openai_target *t, const char *(*env)(const char *name),
                                 struct myna_why *why)
{
    const struct myna_openai_conf *c = t->conf;

    enum myna_err err = myna_openai_key(t->section, c->api_key, c->api_key_env,
                                        t->preset->needs_key, env, &t->key, why);

    if (err)
        return err;
    if (t->preset->openclaw && t->key && !strncmp(t->chat_url, "http://", 7) &&
        !myna_http_is_loopback(t->chat_url) && !c->allow_insecure)
        return myna_fail(
            why, MYNA_ECONFIG,
            "llm.openclaw.base_url is http:// to another machine: the token gives full "
            "control of the gateway and would travel in the clear. Use https://, a "
            "tunnel to 127.0.0.1, or set llm.openclaw.allow_insecure: true");
    return MYNA_OK;
}

enum myna_err myna_openai_resolve(struct myna_openai_target *t,
                                  const struct myna_openai_preset *preset,
                                  const struct myna_openai_conf *conf,
                                  const char *(*env)(const char *name), struct myna_why *why)
{
    enum myna_err err;

    *t = (struct myna_openai_target){.preset = preset, .conf = conf};
    snprintf(t->section, sizeof t->section, "llm.%s", preset->name);
    err = resolve_url(t, why);
    if (!err)
        err = resolve_model(t, env, why);
    if (!err)
        err = resolve_key(t, env, why);
    if (!err)
        err = myna_openai_headers_read(&t->extra, conf->headers, t->section, why);
    if (!err)
        err = myna_openai_check_json(t, why);
    if (err)
        myna_openai_target_fini(t);
    return err;
}

void myna_openai_target_fini(struct myna_openai_target *t)
{
    free(t->chat_url);
    free(t->models_url);
    free(t->model);
    myna_openai_headers_fini(&t->extra);
    *t = (struct myna_openai_target){0};
}

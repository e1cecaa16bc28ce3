/* cmd_token.c - `myna token`: an access token for a LiveKit room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/livekit.h>

#include "commands.h"
#include "flags.h"
#include "out.h"

struct options {
    const char *room, *identity, *name, *ttl, *grants, *metadata, *agent;
};

static const struct flag flags[] = {
    VALUE_FLAG("room", room, "ROOM", "the room it is for"),
    VALUE_FLAG("identity", identity, "ID", "who the holder is in the room"),
    VALUE_FLAG("name", name, "TEXT", "the holder's name as others see it"),
    VALUE_FLAG("ttl", ttl, "TIME", "valid for so long: 90s, 30m, 6h, 2d; default 6h"),
    VALUE_FLAG("grants", grants, "LIST",
               "comma separated: join, create, list, admin, hidden, agent, update, no-publish, "
               "no-subscribe, no-data; default join"),
    VALUE_FLAG("metadata", metadata, "TEXT", "metadata of the holder, any text"),
    KEY_FLAG("api-key", "transport.livekit.api_key", "KEY", "name of the key that signs it"),
    KEY_FLAG("api-secret", "transport.livekit.api_secret", "SECRET", "the key itself"),
    VALUE_FLAG("agent", agent, "NAME", "dispatch the agent of this name when the room is made"),
    {0},
};

static const struct {
    const char *name;
    unsigned grant;
} grants[] = {
    {"join", MYNA_LIVEKIT_JOIN},         {"create", MYNA_LIVEKIT_CREATE},
    {"list", MYNA_LIVEKIT_LIST},         {"admin", MYNA_LIVEKIT_ADMIN},
    {"hidden", MYNA_LIVEKIT_HIDDEN},     {"agent", MYNA_LIVEKIT_AGENT},
    {"update", MYNA_LIVEKIT_UPDATE},     {"no-publish", MYNA_LIVEKIT_MUTE},
    {"no-subscribe", MYNA_LIVEKIT_DEAF}, {"no-data", MYNA_LIVEKIT_SILENT},
};
enum { N_GRANTS = sizeof grants / sizeof *grants };

static enum myna_err one_grant(const char *name, size_t len, unsigned *into, struct myna_why *why)
{
    const char *names[N_GRANTS], *near;
    char typed[40];

    for (size_t i = 0; i < N_GRANTS; i++) {
        names[i] = grants[i].name;
        if (strlen(names[i]) == len && !strncmp(names[i], name, len)) {
            *into |= grants[i].grant;
            return MYNA_OK;
        }
    }
    snprintf(typed, sizeof typed, "%.*s", (int)(len < 39 ? len : 39), name);
    near = myna_suggest(typed, names, N_GRANTS);
    return myna_fail(why, MYNA_ECONFIG, "--grants: unknown grant \"%s\"%s%s%s", typed,
                     near ? "; did you mean \"" : "; see myna token --help", near ? near : "",
                     near ? "\"?" : "");
}

static enum myna_err read_grants(const char *list, unsigned *out, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    *out = list ? 0 : MYNA_LIVEKIT_JOIN;
    while (list && *list && !err) {
        size_t len = strcspn(list, ",");

        err = one_grant(list, len, out, why);
        list += len + (list[len] == ',');
    }
    return err;
}

static enum myna_err read_ttl(const char *text, int64_t *out, struct myna_why *why)
{
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : 0;
    long unit = !text               ? 1
                : !strcmp(end, "s") ? 1
                : !strcmp(end, "m") ? 60
                : !strcmp(end, "h") ? 3600
                : !strcmp(end, "d") ? 86400
                : !strcmp(end, "")  ? 1
                                    : 0;

    if (text && (!unit || n <= 0 || n > 100L * 365 * 86400 / unit))
        return myna_fail(why, MYNA_ECONFIG, "--ttl wants a time such as 90s, 30m, 6h or 2d, not %s",
                         text);
    *out = n * unit;
    return MYNA_OK;
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_livekit_token what = {
        .size = sizeof what,
        .room = opt->room ? opt->room : myna_config_get(call->cfg, "transport.livekit.room"),
        .identity = opt->identity,
        .name = opt->name,
        .metadata = opt->metadata,
        .agent = opt->agent,
    };
    char *token = NULL;
    enum myna_err err = read_grants(opt->grants, &what.grants, why);

    if (!err)
        err = read_ttl(opt->ttl, &what.ttl_s, why);
    if (!err && what.grants & MYNA_LIVEKIT_AGENT && what.grants & MYNA_LIVEKIT_JOIN)
        what.kind = "agent";
    if (!err)
        err = myna_livekit_token_from(call->cfg, &what, &token, why);
    if (!err)
        puts(token);
    free(token);
    return err;
}

static const char *const examples[] = {
    "myna token --room demo --identity ann",
    "myna token --room demo --identity ann --ttl 10m --grants join,no-publish",
    NULL,
};

const struct cmd myna_cmd_token = {
    .name = "token",
    .summary = "an access token for a LiveKit room",
    .about = "Prints a token with which somebody joins a LiveKit room, signed with the key and "
             "secret of transport.livekit (LIVEKIT_API_KEY, LIVEKIT_API_SECRET). Whoever has it "
             "may do what its grants say until it ends.",
    .flags = flags,
    .examples = examples,
    .run = run,
};

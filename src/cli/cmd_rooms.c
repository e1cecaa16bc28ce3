/* cmd_rooms.c - `myna rooms`: which rooms a LiveKit server has, who is in them, away with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/livekit.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "util/json_load.h"

struct options {
    bool json;
};

static const struct flag flags[] = {
    SERVER_FLAGS,
    SWITCH_FLAG("json", json, "the server's own answer"),
    {0},
};

static long number(const json_t *of, const char *key)
{
    const json_t *v = json_object_get(of, key);

    return json_is_string(v) ? atol(json_string_value(v)) : (long)json_integer_value(v);
}

static const char *text(const json_t *of, const char *key)
{
    const char *v = json_string_value(json_object_get(of, key));

    return v ? v : "";
}

static void show_rooms(const json_t *answer)
{
    const json_t *rooms = json_object_get(answer, "rooms"), *room;
    size_t i;

    json_array_foreach(rooms, i, room)
        printf("%-32s %3ld people  %3ld publish  %s\n", text(room, "name"),
               number(room, "num_participants"), number(room, "num_publishers"), text(room, "sid"));
    if (json_array_size(rooms) == 0)
        puts("No rooms.");
}

static void show_people(const json_t *answer)
{
    const json_t *people = json_object_get(answer, "participants"), *one;
    size_t i;

    json_array_foreach(people, i, one)
    {
        printf("%-24s %-20s %-8s %-13s", text(one, "identity"), text(one, "name"),
               text(one, "kind"), text(one, "state"));
        printf(" %zu tracks\n", json_array_size(json_object_get(one, "tracks")));
    }
    if (json_array_size(people) == 0)
        puts("Nobody is there.");
}

static const struct action {
    const char *name, *method;
    unsigned grants;
    size_t n_args;
    const char *usage;
    void (*show)(const json_t *answer); /* NULL: nothing to show */
    const char *done;
} actions[] = {
    {"list", "ListRooms", MYNA_LIVEKIT_LIST, 0, "", show_rooms, NULL},
    {"participants", "ListParticipants", MYNA_LIVEKIT_ADMIN, 1, " ROOM", show_people, NULL},
    {"delete", "DeleteRoom", MYNA_LIVEKIT_CREATE, 1, " ROOM", NULL, "deleted"},
    {"remove", "RemoveParticipant", MYNA_LIVEKIT_ADMIN, 2, " ROOM IDENTITY", NULL, "removed"},
};
static const char *const words[] = {"list", "participants", "delete", "remove", NULL};

static enum myna_err find(const struct call *call, const struct action **out, struct myna_why *why)
{
    const char *typed = call->n_words ? call->words[0] : "list", *near;

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, typed) != 0)
            continue;
        if (call->n_words != actions[i].n_args + 1 && call->n_words + actions[i].n_args > 0)
            return myna_fail(why, MYNA_ECONFIG, "it is: myna rooms %s%s", actions[i].name,
                             actions[i].usage);
        *out = &actions[i];
        return MYNA_OK;
    }
    near = myna_suggest(typed, words, 4);
    return myna_fail(why, MYNA_ECONFIG, "unknown action \"%.60s\"%s%s%s", typed,
                     near ? "; did you mean \"" : "; see myna rooms --help", near ? near : "",
                     near ? "\"?" : "");
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    const char *room = call->n_words > 1 ? call->words[1] : NULL;
    const struct action *action = NULL;
    const char *identity = call->n_words > 2 ? call->words[2] : NULL;
    char request[4096], *answer = NULL; /* names have at most 256 bytes */
    size_t len;
    json_t *body;
    enum myna_err err = find(call, &action, why);

    if (err)
        return err;
    body = json_pack("{s:s*, s:s*}", "room", room, "identity", identity);
    if (!body)
        return myna_fail(why, MYNA_EINVAL, "ROOM and IDENTITY must be UTF-8");
    len = json_dumpb(body, request, sizeof request - 1, JSON_COMPACT);
    json_decref(body);
    if (len >= sizeof request)
        return myna_fail(why, MYNA_ELIMIT, "ROOM or IDENTITY is too long");
    request[len] = '\0';
    err = myna_livekit_api(call->cfg, "RoomService", action->method, room, action->grants, request,
                           &answer, why);
    if (err)
        return err;
    body = myna_json_loads(answer, 0, NULL);
    if (opt->json)
        puts(answer);
    else if (!body)
        err = myna_fail(why, MYNA_EPROVIDER, "the server's answer is no JSON");
    else if (action->show)
        action->show(body);
    else
        printf("%s %s\n", call->words[call->n_words - 1], action->done);
    json_decref(body);
    free(answer);
    return err;
}

static const char *const examples[] = {
    "myna rooms",
    "myna rooms participants demo",
    "myna rooms delete demo",
    NULL,
};

const struct cmd myna_cmd_rooms = {
    .name = "rooms",
    .summary = "the rooms of a LiveKit server: list, participants, delete, remove",
    .args = "[ACTION [ROOM [IDENTITY]]]",
    .about = "Actions: list (the default), participants ROOM, delete ROOM, remove ROOM IDENTITY. "
             "Asks the LiveKit server of transport.livekit (LIVEKIT_URL, LIVEKIT_API_KEY, "
             "LIVEKIT_API_SECRET) for its rooms and the people in one, deletes a room, or removes "
             "somebody from it.",
    .max_words = 3,
    .words = words,
    .flags = flags,
    .examples = examples,
    .run = run,
};

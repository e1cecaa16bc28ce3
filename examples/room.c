/* room.c - a program of yours in a LiveKit room, beside the voice: messages, attributes, methods.
 *
 *     cc room.c $(pkg-config --cflags --libs myna) -o room
 *     LIVEKIT_URL=… LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… ./room ROOM
 *
 * The agent talks in the room as `myna join` does. Beside that the program sends every message on
 * the topic "notes" back in capitals; has a method "upper"; when somebody sets their attribute
 * "mood" it takes over the mood, calls their method "upper" and notes for all what came of it; and
 * whom a message on "link" names, the agent talks with from then on, and with nobody else.
 */
#include <myna/myna.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The caller's to free; NULL when memory is short. */
static char *capitals(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    for (size_t i = 0; copy && i < len; i++)
        copy[i] = (char)toupper((unsigned char)text[i]);
    if (copy)
        copy[len] = '\0';
    return copy;
}

static void send_text(struct myna_session *s, const char *topic, const char *text, const char *to)
{
    struct myna_message m = {.size = sizeof m, .way = MYNA_MESSAGE_TEXT, .topic = topic, .to = to};
    enum myna_err err;

    m.body = (struct myna_view){(const uint8_t *)text, strlen(text)};
    err = myna_session_send(s, &m);
    if (err)
        fprintf(stderr, "not sent: %s\n", myna_strerror(err));
}

/* ---- what comes */

static bool on_method(void *arg, struct myna_session *s, const struct myna_method_call *call)
{
    char *answer;

    (void)arg;
    if (strcmp(call->name, "upper"))
        return false;
    answer = capitals(call->payload, strlen(call->payload));
    /* At once here; or later, by call_id, within timeout_ms. */
    myna_session_method_result(s, call->call_id, answer ? 0 : 1500, answer ? answer : "no memory");
    free(answer);
    return true;
}

static void on_answer(void *arg, struct myna_session *s, int code, const char *text)
{
    char line[200];

    (void)arg;
    snprintf(line, sizeof line, "%d %.180s", code, text);
    send_text(s, "notes", line, NULL);
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    char *loud, name[100];

    if (ev->type == MYNA_EV_CLOSE)
        myna_runtime_stop(*(struct myna_runtime **)arg);
    if (ev->type == MYNA_EV_DATA_RECEIVED && !strcmp(ev->u.data.topic, "link")) {
        snprintf(name, sizeof name, "%.*s", (int)ev->u.data.len, (const char *)ev->u.data.bytes);
        (void)!myna_session_set_participant(s, *name ? name : NULL); /* NULL: the next who comes */
    } else if (ev->type == MYNA_EV_DATA_RECEIVED) {
        printf("%s on %s: %zu bytes\n", ev->u.data.identity ? ev->u.data.identity : "the server",
               ev->u.data.topic, ev->u.data.len);
        loud = capitals((const char *)ev->u.data.bytes, ev->u.data.len);
        if (loud)
            send_text(s, ev->u.data.topic, loud, ev->u.data.identity);
        free(loud);
    }
    if (ev->type == MYNA_EV_ATTRIBUTE_CHANGED && !strcmp(ev->u.attribute.key, "mood")) {
        (void)!myna_session_attribute(s, "mood", ev->u.attribute.value);
        (void)!myna_session_call(s, ev->u.attribute.identity, "upper", ev->u.attribute.value, 0,
                                 on_answer, NULL);
    }
    fflush(stdout);
}

/* ---- the call */

int main(int argc, char **argv)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {.size = sizeof how, .config = cfg};
    struct myna_runtime *rt = NULL;
    struct myna_session_options call = {.size = sizeof call,
                                        .transport_name = "livekit",
                                        .on_event = on_event,
                                        .on_method = on_method,
                                        .arg = &rt};
    struct myna_session *s = NULL;
    struct myna_why why = {.text = "no memory"};
    enum myna_err err = cfg ? MYNA_OK : MYNA_ENOMEM;

    if (argc != 2) {
        fprintf(stderr, "usage: %s ROOM\n", argv[0]);
        return 2;
    }
    if (!err)
        err = myna_config_environment(cfg, &why);
    if (!err)
        err = myna_config_set(cfg, "session.topics", "notes, link", "room.c", &why);
    if (!err)
        err = myna_config_set(cfg, "transport.livekit.room", argv[1], "argument 1", &why);
    if (!err)
        err = myna_runtime_create(&how, &rt, &why);
    if (!err)
        err = myna_session_create(rt, &call, &s, &why);
    if (!err)
        err = myna_session_start(s, &why);
    if (!err)
        myna_runtime_run(rt);
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    if (err)
        fprintf(stderr, "%s\n", why.text);
    return err ? 1 : 0;
}

/* messages.c - what a host says to the people of a call beside sound and chat, and their calls of
 * its methods (message.h). Nothing of it concerns the conversation: it passes between host and
 * transport, and no state of the session changes. What comes in as an event is door.c's. */
#include "session/internal.h"

#include <string.h>

#include "util/utf8.h"

enum { BODY_MAX = 2 << 20, PACKET_MAX = 15 << 10, TOPIC_MAX = 256, LEFT = 1503 };

/* ---- in */

static bool is_text(const char *text)
{
    size_t len = strlen(text);

    return myna_utf8_span((const uint8_t *)text, len) == len;
}

bool myna_transport_wants(const struct myna_transport *t, const char *topic)
{
    const struct myna_session *s = t->session;
    bool ours = !strncmp(topic, "lk.", 3);

    if (strlen(topic) > TOPIC_MAX || !is_text(topic))
        return false;
    for (const char *const *p = s ? s->conf.topics : NULL; p && *p; p++)
        if (!strcmp(*p, topic) || (!strcmp(*p, "*") && !ours))
            return true;
    return false;
}

bool myna_transport_has_methods(const struct myna_transport *t)
{
    return t->session && t->session->on_method;
}

bool myna_transport_called(struct myna_transport *t, const struct myna_method_call *call)
{
    struct myna_session *s = t->session;
    bool taken, was;

    if (!s || !s->started || s->closing.asked || !s->on_method || !is_text(call->name) ||
        !is_text(call->payload))
        return false;
    was = s->asking;
    s->asking = true;
    taken = s->on_method(s->arg, s, call);
    s->asking = was;
    return taken;
}

static struct s_method *method_of(struct myna_session *s, uint32_t number)
{
    for (size_t i = 0; i < MYNA_METHODS_OPEN; i++)
        if (s->methods[i].done && s->methods[i].number == number)
            return &s->methods[i];
    return NULL;
}

static void tell(struct myna_session *s, struct s_method *m, int code, const char *text)
{
    struct s_method call = *m;
    bool was = s->asking;

    m->done = NULL; /* the place may be taken again inside */
    s->asking = true;
    call.done(call.arg, s, code, text && is_text(text) ? text : "");
    s->asking = was;
}

void myna_transport_answered(struct myna_transport *t, uint32_t number, int code, const char *text)
{
    struct myna_session *s = t->session;
    struct s_method *m = s ? method_of(s, number) : NULL;

    if (m)
        tell(s, m, code, text);
}

void myna_s_messages_over(struct myna_session *s)
{
    for (size_t i = 0; i < MYNA_METHODS_OPEN && !s->dead; i++)
        if (s->methods[i].done)
            tell(s, &s->methods[i], LEFT, "the call is over");
}

/* ---- out */

/* The transport, when it runs and has messages. */
static struct myna_transport *door_of(const struct myna_session *s)
{
    struct myna_transport *t = s->transport;

    return s->started && t && (t->caps & MYNA_TRANSPORT_DATA) && !s->closing.transport_done ? t
                                                                                            : NULL;
}

static bool find(const struct myna_session *s, const char *identity, uint32_t *who)
{
    *who = 0;
    for (size_t i = 0; i < s->n_ears && identity; i++)
        if (s->ears[i]->there && s->ears[i]->who && !strcmp(s->ears[i]->identity, identity))
            *who = s->ears[i]->who;
    return !identity || *who;
}

enum myna_err myna_session_send(struct myna_session *s, const struct myna_message *m)
{
    struct myna_transport *t = door_of(s);
    bool packet = m->way == MYNA_MESSAGE_PACKET || m->way == MYNA_MESSAGE_LOSSY;
    uint32_t who;

    if (m->size < sizeof *m || !m->topic || !*m->topic || m->way > MYNA_MESSAGE_BYTES ||
        (!m->body.ptr && m->body.len))
        return MYNA_EINVAL;
    if (m->way == MYNA_MESSAGE_TEXT && myna_utf8_span(m->body.ptr, m->body.len) != m->body.len)
        return MYNA_EINVAL;
    if (m->body.len > (size_t)(packet ? PACKET_MAX : BODY_MAX))
        return MYNA_ELIMIT;
    if (!t || (packet && !t->cls->data) || (!packet && !t->cls->stream))
        return MYNA_ESTATE;
    if (!find(s, m->to, &who))
        return MYNA_ENOENT;
    if (packet)
        return t->cls->data(t, m->topic, m->body, who,
                            m->way == MYNA_MESSAGE_PACKET ? MYNA_DELIVER_RELIABLE
                                                          : MYNA_DELIVER_LOSSY);
    return t->cls->stream(t, m->topic, m->body, m->way == MYNA_MESSAGE_BYTES ? m : NULL, who);
}

enum myna_err myna_session_attribute(struct myna_session *s, const char *key, const char *value)
{
    struct myna_transport *t = door_of(s);

    if (!key || !*key || !value || !strncmp(key, "lk.", 3))
        return MYNA_EINVAL;
    return t && t->cls->attribute ? t->cls->attribute(t, key, value) : MYNA_ESTATE;
}

/* Who comes and goes by it, the transport tells as ever. */
enum myna_err myna_session_set_participant(struct myna_session *s, const char *identity)
{
    struct myna_transport *t = door_of(s);

    if (identity && !*identity)
        return MYNA_EINVAL;
    return t && t->cls->link && !s->closing.asked ? t->cls->link(t, identity) : MYNA_ESTATE;
}

/* ---- methods */

enum myna_err myna_session_method_result(struct myna_session *s, const char *call_id, int code,
                                         const char *text)
{
    struct myna_transport *t = door_of(s);

    return t && t->cls->answer ? t->cls->answer(t, call_id, code, text ? text : "") : MYNA_ESTATE;
}

enum myna_err myna_session_call(struct myna_session *s, const char *identity, const char *name,
                                const char *payload, int timeout_ms, myna_method_done *done,
                                void *arg)
{
    struct myna_transport *t = door_of(s);
    struct s_method *m = NULL;
    uint32_t who;
    enum myna_err err;

    if (!identity || !name || !*name || !done || timeout_ms < 0)
        return MYNA_EINVAL;
    if (!t || !t->cls->call)
        return MYNA_ESTATE;
    if (!find(s, identity, &who))
        return MYNA_ENOENT;
    for (size_t i = 0; i < MYNA_METHODS_OPEN && !m; i++)
        if (!s->methods[i].done)
            m = &s->methods[i];
    if (!m)
        return MYNA_ELIMIT;
    err = t->cls->call(t, who, name, payload ? payload : "", timeout_ms, &m->number);
    if (!err)
        *m = (struct s_method){m->number, done, arg};
    return err;
}

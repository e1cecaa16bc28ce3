/* name.c - see name.h. */
#include "gateway/name.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <myna/session.h>

/* A token is one piece of an answer, or more than one where the agent sends them together. */
enum { NAME_MAX_CHARACTERS = 30, MOST_TOKENS = 20 };

struct myna_gw_name {
    struct myna_session *session;
    void (*told)(void *arg, const char *name);
    void *arg;
    bool over;
    int pieces; /* of the answer that came */
};

static const char question[] =
    "What is your first name? Answer with that one word and nothing else.";

bool myna_gw_name_of(const char *answer, char *out, size_t size)
{
    static const char around[] = " \t\r\n\"'`*_.,!?:;()[]";
    const char *word = answer + strspn(answer, around);
    size_t n = strcspn(word, " \t\r\n"), characters = 0;

    while (n && strchr(around, word[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)word[i] < 0x20 || word[i] == 0x7f)
            return false;
        characters += ((unsigned char)word[i] & 0xC0) != 0x80;
    }
    if (!n || characters > NAME_MAX_CHARACTERS || n >= size ||
        (n == 6 && !strncasecmp(word, "hermes", n)))
        return false;
    memcpy(out, word, n);
    out[n] = '\0';
    return true;
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct myna_gw_name *n = arg;
    char name[4 * NAME_MAX_CHARACTERS + 1];

    if (!n->over && ev->type == MYNA_EV_AGENT_TRANSCRIPT && !ev->u.agent_transcript.is_final &&
        ++n->pieces > MOST_TOKENS) {
        (void)!myna_session_interrupt(s, true); /* what it said until here is the answer */
        return;
    }
    if (n->over || ev->type != MYNA_EV_CONVERSATION_ITEM_ADDED ||
        ev->u.item->type != MYNA_ITEM_MESSAGE || ev->u.item->role != MYNA_ROLE_ASSISTANT)
        return;
    n->over = true;
    if (ev->u.item->text && myna_gw_name_of(ev->u.item->text, name, sizeof name))
        n->told(n->arg, name);
    myna_session_shutdown(s, false, "user_initiated");
}

struct myna_gw_name *myna_gw_name_ask(struct myna_runtime *rt,
                                      void (*told)(void *arg, const char *name), void *arg)
{
    struct myna_gw_name *n = calloc(1, sizeof *n);
    struct myna_agent agent = {.size = sizeof agent, .instructions = "Answer with one word."};
    struct myna_session_options so = {.size = sizeof so,
                                      .agent = &agent,
                                      .transport_name = "none",
                                      .record_dir = "",
                                      .on_event = on_event,
                                      .arg = n};
    struct myna_reply_options how = {
        .size = sizeof how, .user_input = question, .allow_interruptions = -1};

    if (!n)
        return NULL;
    n->told = told;
    n->arg = arg;
    if (myna_session_create(rt, &so, &n->session, NULL) || myna_session_start(n->session, NULL) ||
        myna_session_generate_reply(n->session, &how, NULL)) {
        myna_gw_name_destroy(n);
        return NULL;
    }
    return n;
}

void myna_gw_name_destroy(struct myna_gw_name *n)
{
    if (!n)
        return;
    n->over = true;
    myna_session_destroy(n->session);
    free(n);
}

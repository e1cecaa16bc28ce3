/* provider.c - your own agent as a provider, outside Myna's tree.
 *
 *     cc provider.c $(pkg-config --cflags --libs myna) -o provider
 *     ./provider "how are you"
 *
 * The agent here answers with what it heard, backwards, a word every 50 ms: what a language model
 * over a network does, with a timer in place of the socket. The rules are in <myna/provider.h>; the
 * two that matter most: return at once, and emit only from a callback of the loop.
 */
#include <myna/myna.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int ms_per_word;
};
static const struct myna_option options[] = {
    {.name = "ms_per_word",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, ms_per_word),
     .def = "50ms",
     .max = 10000,
     .help = "how fast it thinks"},
    {0},
};
static const struct myna_section section = {"llm.backwards", "says it backwards", options};

struct backwards {
    struct myna_llm base; /* first: Myna knows only this part */
    struct options opt;
};

struct answer {
    struct myna_llm_stream base; /* first, likewise */
    struct myna_timer timer;
    char *text; /* what was heard; eaten from the end */
};

static void say_next_word(struct myna_timer *t)
{
    struct answer *a = t->arg;
    struct backwards *b = (struct backwards *)a->base.llm;
    char *space = strrchr(a->text, ' '), word[256];

    if (!*a->text) {
        myna_llm_emit(&a->base, &(struct myna_llm_event){.type = MYNA_LLM_DONE});
        return; /* the session may have closed the stream: touch nothing after an emit */
    }
    snprintf(word, sizeof word, "%s%s", space ? space + 1 : a->text, space ? " " : ".");
    *(space ? space : a->text) = '\0';
    if (myna_timer_set(t, myna_host_now(b->base.host) + b->opt.ms_per_word * MYNA_MS))
        return;
    myna_llm_emit(&a->base, &(struct myna_llm_event){
                                .type = MYNA_LLM_TEXT,
                                .text = {(const uint8_t *)word, strlen(word)},
                            });
}

static void llm_destroy(struct myna_llm *llm)
{
    free(llm);
}

static enum myna_err llm_create(struct myna_llm **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why);

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct answer *a = calloc(1, sizeof *a);
    const char *heard = "";

    for (size_t i = 0; i < req->n_items; i++)
        if (req->items[i].type == MYNA_ITEM_MESSAGE && req->items[i].role == MYNA_ROLE_USER)
            heard = req->items[i].text;
    if (!a || !(a->text = strdup(heard))) {
        free(a);
        return MYNA_ENOMEM;
    }
    a->base.llm = llm;
    myna_host_timer_init(llm->host, &a->timer, say_next_word, a);
    if (myna_timer_set(&a->timer, myna_host_now(llm->host))) {
        free(a->text);
        free(a);
        return MYNA_ENOMEM;
    }
    *out = &a->base;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *st)
{
    struct answer *a = (struct answer *)st;

    myna_timer_clear(&a->timer);
    free(a->text);
    free(a);
}

static const struct myna_llm_class backwards = {
    .name = "backwards",
    .summary = "answers with what it heard, backwards",
    .options = options,
    .create = llm_create,
    .destroy = llm_destroy,
    .start = llm_start,
    .close = llm_close,
};

static enum myna_err llm_create(struct myna_llm **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct backwards *b = calloc(1, sizeof *b);
    enum myna_err err = b ? myna_config_read(cfg, &section, &b->opt, why) : MYNA_ENOMEM;

    if (err) {
        free(b);
        return err;
    }
    b->base = (struct myna_llm){.cls = &backwards, .host = host};
    *out = &b->base;
    return MYNA_OK;
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type != MYNA_EV_CONVERSATION_ITEM_ADDED || ev->u.item->type != MYNA_ITEM_MESSAGE)
        return;
    printf("%s: %s\n", myna_role_name(ev->u.item->role), ev->u.item->text);
    if (ev->u.item->role == MYNA_ROLE_ASSISTANT)
        myna_runtime_stop(arg);
}

static enum myna_err converse(struct myna_config *cfg, const char *words, struct myna_why *why)
{
    static const struct myna_llm_class *const mine[] = {&backwards, NULL};
    struct myna_runtime_options how = {
        .size = sizeof how, .config = cfg, .virtual_clock = true, .llms = mine};
    struct myna_agent agent = {.size = sizeof agent, .name = "backwards"};
    struct myna_session_options call = {
        .size = sizeof call, .agent = &agent, .transport_name = "none", .on_event = on_event};
    struct myna_runtime *rt = NULL;
    struct myna_session *s = NULL;
    enum myna_err err = myna_runtime_create(&how, &rt, why);

    if (!err) {
        call.arg = rt;
        err = myna_session_create(rt, &call, &s, why);
    }
    if (!err)
        err = myna_session_start(s, why);
    if (!err)
        err = myna_session_text(s, words); /* typed; with another transport it would be spoken */
    if (!err)
        myna_runtime_run(rt);
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    return err;
}

int main(int argc, char **argv)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    enum myna_err err = cfg ? MYNA_OK : MYNA_ENOMEM;

    if (!err)
        err = myna_config_add_section(cfg, &section);
    if (!err)
        err = myna_config_environment(cfg, &why); /* MYNA_LLM_BACKWARDS_MS_PER_WORD=10 … */
    if (!err)
        err = myna_config_set(cfg, "llm.provider", "backwards", "provider.c", &why);
    if (!err)
        err = converse(cfg, argc > 1 ? argv[1] : "who is there", &why);
    if (err)
        fprintf(stderr, "%s\n", *why.text ? why.text : myna_strerror(err));
    myna_config_destroy(cfg);
    return err ? 1 : 0;
}

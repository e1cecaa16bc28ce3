/* cmd_setup.c - `myna setup`: finds what runs here, asks the rest, tries it, writes it down.
 *
 * Each question has a flag that answers it. How one is asked is in interview.c; here is which, what
 * is found for them, the trials, and the file, which is written at the end, all or nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <myna/discover.h>
#include <myna/doctor.h>
#include <myna/runtime.h>

#include "commands.h"
#include "flags.h"
#include "interview.h"
#include "out.h"

enum { FIRST_WORD_MS = 60000 };

struct options {
    bool yes, no_test, no_probe;
    const char *llm, *llm_url, *llm_model, *llm_key;
    const char *stt, *stt_url, *stt_model, *stt_key;
    const char *tts, *tts_url, *tts_model, *tts_key, *tts_voice;
    const char *greeting, *livekit_url, *livekit_key, *livekit_secret, *room;
    const char *agent_name, *avatar, *allowed_users, *poll_interval, *home_channel;
};

static const struct flag flags[] = {
    {.name = "yes",
     .letter = 'y',
     .kind = FLAG_SWITCH,
     .offset = offsetof(struct options, yes),
     .help = "ask nothing: flags, what is configured, what is found, Myna's own"},
    SWITCH_FLAG("no-test", no_test, "write it down without trying it"),
    NO_PROBE_FLAG,
    VALUE_FLAG("llm", llm, "NAME", "who answers"),
    VALUE_FLAG("llm-url", llm_url, "URL", "its address, before /chat/completions"),
    VALUE_FLAG("llm-model", llm_model, "NAME", "its model"),
    VALUE_FLAG("llm-key", llm_key, "KEY", "its key; -: read from standard input"),
    VALUE_FLAG("stt", stt, "NAME", "who recognises speech"),
    VALUE_FLAG("stt-url", stt_url, "URL", "its address"),
    VALUE_FLAG("stt-model", stt_model, "NAME", "its model"),
    VALUE_FLAG("stt-key", stt_key, "KEY", "its key"),
    VALUE_FLAG("tts", tts, "NAME", "who speaks"),
    VALUE_FLAG("tts-url", tts_url, "URL", "its address"),
    VALUE_FLAG("tts-model", tts_model, "NAME", "its model"),
    VALUE_FLAG("tts-key", tts_key, "KEY", "its key"),
    VALUE_FLAG("tts-voice", tts_voice, "NAME", "its voice"),
    VALUE_FLAG("greeting", greeting, "TEXT", "first words of a call"),
    VALUE_FLAG("livekit-url", livekit_url, "URL", "LiveKit server, for rooms"),
    VALUE_FLAG("livekit-key", livekit_key, "KEY", "its API key"),
    VALUE_FLAG("livekit-secret", livekit_secret, "SECRET", "its API secret"),
    VALUE_FLAG("room", room, "NAME", "the room to join"),
    VALUE_FLAG("agent-name", agent_name, "NAME", "the agent's name in the room"),
    VALUE_FLAG("avatar", avatar, "PICTURE", "its picture: an address, or a PNG or JPEG file"),
    VALUE_FLAG("allowed-users", allowed_users, "LIST",
               "identities that may talk with it, with commas; * for everyone"),
    VALUE_FLAG("poll-interval", poll_interval, "SECONDS", "between looks into the room"),
    VALUE_FLAG("home-channel", home_channel, "NAME", "room for messages that name none"),
    {0},
};

struct wizard {
    const struct options *opt;
    struct interview iv;
    struct myna_discovery found;
    struct unproved {
        const char *what;
        struct myna_why why;
    } unproved[2]; /* kept although it failed */
    size_t n_unproved;
};

/* ------------------------------------------------------------------ what there is */

static const struct myna_found *first(const struct wizard *w, enum myna_found_use use,
                                      const char *provider)
{
    for (size_t i = 0; i < w->found.n; i++) {
        const struct myna_found *f = &w->found.found[i];

        if (f->use == use && (f->usable || provider) &&
            (!provider || (f->provider && !strcmp(f->provider, provider))))
            return f;
    }
    return NULL;
}

static enum myna_err look_around(struct wizard *w, struct myna_why *why)
{
    const char *enabled = myna_config_get(w->iv.cfg, "probe.enabled");
    struct myna_why missing = {0};
    enum myna_err err;

    if (w->opt->no_probe || (enabled && !strcmp(enabled, "false")))
        return MYNA_OK;
    err = myna_discover(w->iv.cfg, &w->found, &missing);
    if (err == MYNA_EUNAVAIL) {
        printf("%s\n", missing.text);
        return MYNA_OK;
    }
    if (err)
        return myna_fail(why, err, "%s", missing.text);
    if (!w->found.n)
        puts("Nobody was found on this machine (Hermes, OpenClaw, Ollama, LM Studio, llama.cpp, "
             "vLLM, speech servers).");
    for (size_t i = 0; i < w->found.n; i++) {
        const struct myna_found *f = &w->found.found[i];

        printf("Found %s on 127.0.0.1:%d%s%s", f->product, f->port, *f->model ? ": " : "",
               f->model);
        printf(f->usable ? ".\n" : ", but %s.\n", f->remedy);
    }
    return MYNA_OK;
}

static void list_names(const char *key)
{
    const struct flag flag = {.kind = FLAG_KEY, .key = key};
    const char *names[MAX_CHOICES];
    size_t n = myna_cli_choices(&flag, names);

    printf("  (");
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? ", " : "", names[i]);
    puts(")");
}

static bool is_name(const char *key, const char *name)
{
    const struct flag flag = {.kind = FLAG_KEY, .key = key};
    const char *names[MAX_CHOICES];
    size_t n = myna_cli_choices(&flag, names);

    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

/* ------------------------------------------------------------------ the stages */

struct stage {
    const char *name, *text;
    enum myna_found_use use;
    const char *provider, *url, *model, *key, *voice; /* flags */
};

/* "stage.provider.option" when there is such an option. */
static bool key_of(const struct wizard *w, const char *stage, const char *option, char *key,
                   size_t size)
{
    char name[64];
    const char *provider;

    snprintf(name, sizeof name, "%s.provider", stage);
    provider = myna_config_get(w->iv.cfg, name);
    snprintf(key, size, "%s.%s.%s", stage, provider ? provider : "", option);
    return myna_config_origin(w->iv.cfg, key) != NULL;
}

static enum myna_err ask_provider(struct wizard *w, const struct stage *s, struct myna_why *why)
{
    const struct myna_found *f = first(w, s->use, NULL);
    char key[64];
    struct question q = {.key = key, .text = s->text, .flag = s->provider};

    snprintf(key, sizeof key, "%s.provider", s->name);
    if (f)
        q.found = f->provider ? f->provider : "openai_compatible";
    if (q.found && !is_name(key, q.found))
        q.found = NULL;
    for (;;) {
        const char *name;
        enum myna_err err;

        if (!w->opt->yes && !q.flag)
            list_names(key);
        err = myna_cli_question(&w->iv, q, why);
        if (err)
            return err;
        name = myna_config_get(w->iv.cfg, key);
        if (is_name(key, name))
            return MYNA_OK;
        err = myna_fail(why, MYNA_ECONFIG, "there is no %s provider '%s'", s->name, name);
        if (w->opt->yes || q.flag)
            return err;
        printf("  %s\n", why->text);
        (void)!myna_config_set(w->iv.cfg, key, q.found ? q.found : "", "setup", NULL);
    }
}

static enum myna_err ask_option(struct wizard *w, const struct stage *s, const char *option,
                                struct question q, struct myna_why *why)
{
    char key[128], text[160];

    if (!key_of(w, s->name, option, key, sizeof key))
        return q.flag ? myna_fail(why, MYNA_ECONFIG, "--%s-%s was given, but %s does not exist",
                                  s->name,
                                  !strcmp(option, "base_url")  ? "url"
                                  : !strcmp(option, "api_key") ? "key"
                                                               : option,
                                  key)
                      : MYNA_OK;
    snprintf(text, sizeof text, "  %s", q.text);
    q.key = key;
    q.text = text;
    return myna_cli_question(&w->iv, q, why);
}

/* The models of a hosted service have a default of the provider's own. */
static enum myna_err ask_stage(struct wizard *w, const struct stage *s, struct myna_why *why)
{
    char key[64];
    const char *provider;
    const struct myna_found *f;
    enum myna_err err = ask_provider(w, s, why);

    if (err)
        return err;
    snprintf(key, sizeof key, "%s.provider", s->name);
    provider = myna_config_get(w->iv.cfg, key);
    f = first(w, s->use, s->use == MYNA_FOUND_ANSWERS ? provider : NULL);
    err = ask_option(
        w, s, "base_url",
        (struct question){.text = "Its address", .flag = s->url, .found = f ? f->base_url : NULL},
        why);
    if (!err)
        err = ask_option(w, s, "model",
                         (struct question){.text = "Its model",
                                           .flag = s->model,
                                           .found = f ? f->model : NULL,
                                           .optional = true},
                         why);
    if (!err && (s->voice || s->use == MYNA_FOUND_SPEAKS) &&
        key_of(w, s->name, "base_url", (char[128]){0}, 128))
        err = ask_option(w, s, "voice",
                         (struct question){.text = "Its voice",
                                           .flag = s->voice,
                                           .found = f ? f->voice : NULL,
                                           .optional = true},
                         why);
    if (!err)
        err = ask_option(w, s, "api_key",
                         (struct question){.text = "Its key (not shown while you type; -: none)",
                                           .flag = s->key,
                                           .found = f ? f->key : NULL,
                                           .from = f ? f->key_from : NULL,
                                           .secret = true,
                                           .optional = true},
                         why);
    return err;
}

/* ------------------------------------------------------------------ trials */

static enum myna_err try_agent(struct wizard *w, struct myna_why *why)
{
    struct myna_first_word word;
    enum myna_err err;

    printf("  asking it for a word ... ");
    fflush(stdout);
    err = myna_try_agent(w->iv.cfg, FIRST_WORD_MS, &word, why);
    if (err)
        puts("no");
    else
        printf("first token after %.0f ms\n", word.ms);
    return err;
}

static enum myna_err try_word(struct wizard *w, struct myna_why *why)
{
    struct myna_word_back word;
    enum myna_err err;

    printf("  saying a word and listening to it ... ");
    fflush(stdout);
    err = myna_try_word(w->iv.cfg, &word, why);
    if (err) {
        puts("no");
        return err;
    }
    printf("said \"%s\", heard \"%s\"\n", word.said, word.heard);
    return word.same ? MYNA_OK
                     : myna_fail(why, MYNA_EPROVIDER, "said \"%s\", but \"%s\" was heard",
                                 word.said, word.heard);
}

/* It was wanted so; whoever reads the end must not believe that all is well. */
static void keep_unproved(struct wizard *w, const char *what, const struct myna_why *why)
{
    struct unproved *u = &w->unproved[w->n_unproved++];

    u->what = what;
    u->why = *why;
    puts("  Kept. It does not work yet.");
}

/* Tries, and after a failure asks whether that is to be changed. *again: it is. */
static enum myna_err prove(struct wizard *w,
                           enum myna_err (*trial)(struct wizard *, struct myna_why *),
                           const char *what, const char *text, bool *again, struct myna_why *why)
{
    enum myna_err err = w->opt->no_test ? MYNA_OK : trial(w, why);
    struct myna_why failed = *why;
    bool keep = false;

    *again = false;
    if (!err || w->opt->yes)
        return err;
    printf("  %s\n", why->text);
    err = myna_cli_yes_or_no(&w->iv, text, &keep, why);
    *again = !err && !keep;
    if (keep)
        keep_unproved(w, what, &failed);
    return err;
}

static enum myna_err agent(struct wizard *w, struct myna_why *why)
{
    const struct options *o = w->opt;
    struct stage s = {"llm",      "Who answers?", MYNA_FOUND_ANSWERS, o->llm,
                      o->llm_url, o->llm_model,   o->llm_key,         NULL};
    bool again;
    enum myna_err err;

    do {
        err = ask_stage(w, &s, why);
        if (!err)
            err = prove(w, try_agent, "who answers", "  Keep it all the same?", &again, why);
        s.provider = s.url = s.model = s.key = NULL; /* the second time they are asked */
    } while (!err && again);
    return err;
}

static enum myna_err sound(struct wizard *w, struct myna_why *why)
{
    const struct options *o = w->opt;
    struct stage hears = {"stt",
                          "Who recognises speech?",
                          MYNA_FOUND_HEARS,
                          o->stt,
                          o->stt_url,
                          o->stt_model,
                          o->stt_key,
                          NULL};
    struct stage speaks = {"tts",      "Who speaks?", MYNA_FOUND_SPEAKS, o->tts,
                           o->tts_url, o->tts_model,  o->tts_key,        o->tts_voice};
    bool again;
    enum myna_err err;

    do {
        err = ask_stage(w, &hears, why);
        if (!err)
            err = ask_stage(w, &speaks, why);
        if (!err)
            err = prove(w, try_word, "hearing and speaking", "  Keep them all the same?", &again,
                        why);
        hears.provider = hears.url = hears.model = hears.key = NULL;
        speaks.provider = speaks.url = speaks.model = speaks.key = speaks.voice = NULL;
    } while (!err && again);
    return err;
}

/* ------------------------------------------------------------------ the rest */

static enum myna_err rest(struct wizard *w, struct myna_why *why)
{
    const struct options *o = w->opt;
    const struct question questions[] = {
        {.key = "agent.greeting",
         .text = "First words of a call (none: the agent makes its own)",
         .flag = o->greeting,
         .optional = true},
        {.key = "transport.livekit.url",
         .text = "LiveKit server for rooms, like wss://example.livekit.cloud",
         .flag = o->livekit_url,
         .optional = true},
        {.key = "transport.livekit.api_key",
         .text = "  Its API key",
         .flag = o->livekit_key,
         .secret = true,
         .optional = true},
        {.key = "transport.livekit.api_secret",
         .text = "  Its API secret",
         .flag = o->livekit_secret,
         .secret = true,
         .optional = true},
        {.key = "transport.livekit.room",
         .text = "  The room that is kept (usual: hermes)",
         .flag = o->room,
         .optional = true},
        {.key = "gateway.agent_name",
         .text = "  The agent's name in it",
         .flag = o->agent_name,
         .optional = true},
        {.key = "gateway.avatar",
         .text = "  Its picture: an address or a PNG or JPEG file",
         .flag = o->avatar,
         .optional = true},
        {.key = "gateway.allowed_users",
         .text = "  Who may talk with it: identities, or * for everyone",
         .flag = o->allowed_users,
         .optional = true},
        {.key = "gateway.presence_poll_interval",
         .text = "  Seconds between looks into the room (empty: by itself)",
         .flag = o->poll_interval,
         .optional = true},
        {.key = "gateway.home_channel",
         .text = "  Room for messages that name none (empty: the same)",
         .flag = o->home_channel,
         .optional = true},
    };
    enum myna_err err = MYNA_OK;

    for (size_t i = 0; !err && i < sizeof questions / sizeof *questions; i++) {
        const char *url = myna_config_get(w->iv.cfg, "transport.livekit.url");

        if (i > 1 && !(url && *url) && !questions[i].flag)
            continue;
        err = myna_cli_question(&w->iv, questions[i], why);
    }
    return err;
}

static enum myna_err finish(struct wizard *w, const char *named, struct myna_why *why)
{
    char *home = myna_config_home_path();
    const char *path = named ? named : !access("myna.yaml", F_OK) ? "myna.yaml" : home;
    enum myna_err err = path ? myna_config_save(path, w->iv.changes, w->iv.n, why)
                             : myna_fail(why, MYNA_ECONFIG, "there is no HOME to write to");
    char *env = myna_config_env_path();

    if (!err) {
        printf("Written: %s", path);
        if (env && !access(env, F_OK))
            printf(", keys in %s (0600)", env);
        putchar('\n');
        for (size_t i = 0; i < w->n_unproved; i++)
            printf("Kept, but it does not work yet: %s (%s)\n", w->unproved[i].what,
                   w->unproved[i].why.text);
        puts("Talk with it: myna console    Look at everything: myna doctor");
    }
    free(env);
    free(home);
    return err;
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    struct wizard *w = calloc(1, sizeof *w);
    enum myna_err err;

    if (!w)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    w->opt = (const void *)call->options;
    w->iv.yes = w->opt->yes;
    w->iv.cfg = call->cfg;
    w->iv.colour = myna_cli_colour(stdout);
    err = look_around(w, why);
    if (!err && !w->opt->yes)
        puts("Enter keeps what stands in brackets; - takes it away.");
    if (!err)
        err = agent(w, why);
    if (!err)
        err = sound(w, why);
    if (!err)
        err = rest(w, why);
    if (!err)
        err = finish(w, call->config, why);
    myna_cli_interview_fini(&w->iv);
    free(w);
    return err;
}

static const char *const examples[] = {
    "myna setup",
    "myna setup --yes",
    "myna setup --yes --llm openai --llm-key - < key.txt",
    NULL,
};

const struct cmd myna_cmd_setup = {
    .name = "setup",
    .summary = "find what runs here, ask the rest, try it, write it down",
    .about = "Looks for agents and speech servers on this machine, asks what it cannot find, tries "
             "each choice (a first word of the agent, a word spoken and heard back) and writes "
             "myna.yaml, and a private file for keys that its owner alone can read. Run again it "
             "shows what is set; keys as twelve asterisks. Every question has a flag; with --yes "
             "none is asked, and what does not work is an error.",
    .flags = flags,
    .examples = examples,
    .run = run,
};

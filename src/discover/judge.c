/* judge.c - what stands behind the answers of a port? Trusts a place only when it says in its own
 * way who it is; a web page, a proxy's error or half an answer is nobody. Pure. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "util/json_load.h"

/* ------------------------------------------------------------------ helpers */

static json_t *json_of(const struct myna_answer *a)
{
    json_t *o =
        a->status == 200 ? myna_json_loadb((const char *)a->body.ptr, a->body.len, 0, NULL) : NULL;

    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

static const char *text_at(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static bool has_word(const char *name, const char *word)
{
    size_t n = strlen(word);

    for (; *name; name++)
        if (!strncasecmp(name, word, n))
            return true;
    return false;
}

static bool any_of(const char *name, const char *const *words)
{
    for (; *words; words++)
        if (has_word(name, *words))
            return true;
    return false;
}

enum myna_model_kind myna_probe_model_kind(const char *name, const char *task)
{
    static const char *const hears[] = {"whisper",    "moonshine", "parakeet",   "canary",
                                        "sensevoice", "voxtral",   "transcribe", "-asr",
                                        "asr-",       "-stt",      NULL};
    static const char *const speaks[] = {"tts",     "kokoro", "piper",      "orpheus-",
                                         "parler-", "bark",   "chatterbox", NULL};
    static const char *const other[] = {"embed", "rerank", "minilm", "bge-", "clip-", NULL};

    if (task && (has_word(task, "recognition") || has_word(task, "transcription")))
        return MYNA_MODEL_HEARS;
    if (task && has_word(task, "text-to-speech"))
        return MYNA_MODEL_SPEAKS;
    if (any_of(name, other))
        return MYNA_MODEL_OTHER;
    if (any_of(name, speaks))
        return MYNA_MODEL_SPEAKS;
    return any_of(name, hears) ? MYNA_MODEL_HEARS : MYNA_MODEL_WORDS;
}

static struct myna_found *add(struct myna_discovery *d, const struct myna_place *place,
                              enum myna_found_use use)
{
    const struct myna_place_class *c = &myna_places[place->kind];
    struct myna_found *f;

    if (d->n == MYNA_FOUND_MAX)
        return NULL;
    f = &d->found[d->n++];
    *f = (struct myna_found){.use = use,
                             .product = c->product,
                             .provider = use == MYNA_FOUND_ANSWERS ? c->provider : NULL,
                             .port = place->port,
                             .usable = true};
    snprintf(f->base_url, sizeof f->base_url, "http://127.0.0.1:%d/v1", place->port);
    return f;
}

static void not_usable(struct myna_found *f, const char *remedy)
{
    f->usable = false;
    snprintf(f->remedy, sizeof f->remedy, "%s", remedy);
}

/* A model's name goes into the configuration and onto the screen: no control characters, and whole.
 */
static bool good_name(const char *name)
{
    if (!name || !*name || strlen(name) >= sizeof((struct myna_found *)0)->model)
        return false;
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || *name == 127)
            return false;
    return true;
}

/* ------------------------------------------------------------------ Hermes, OpenClaw */

static void hermes(const struct myna_place *p, const struct myna_probe_keys *keys,
                   struct myna_discovery *d)
{
    json_t *health = json_of(&p->answers[0]);
    const char *status = text_at(health, "status");
    bool is = status && !strcmp(status, "ok");
    struct myna_found *f = is ? add(d, p, MYNA_FOUND_ANSWERS) : NULL;

    json_decref(health);
    if (!f)
        return;
    if (keys->hermes_from) {
        snprintf(f->key, sizeof f->key, "%s", keys->hermes);
        f->key_from = keys->hermes_from;
    } else if (p->answers[1].status == 401 || p->answers[1].status == 403) {
        not_usable(f, "it wants a key: put API_SERVER_KEY=… into the environment or into "
                      "~/.hermes/.env, the same as Hermes has");
    }
}

/* /health is open; /v1/models wants the token, or is not there while the endpoint is switched off.
 */
static void openclaw(const struct myna_place *p, const struct myna_probe_keys *keys,
                     struct myna_discovery *d)
{
    json_t *health = json_of(&p->answers[1]), *models = json_of(&p->answers[0]);
    const struct myna_answer *page = &p->answers[2];
    int status = p->answers[0].status;
    bool is =
        json_is_true(json_object_get(health, "ok")) || json_object_get(models, "data") ||
        (page->status == 200 && page->body.len && strcasestr((char *)page->body.ptr, "openclaw"));
    struct myna_found *f = is ? add(d, p, MYNA_FOUND_ANSWERS) : NULL;

    json_decref(health);
    json_decref(models);
    if (!f)
        return;
    snprintf(f->key, sizeof f->key, "%s", keys->openclaw);
    f->key_from = keys->openclaw_from;
    if (status == 404 || (status == 200 && !is))
        not_usable(f,
                   "its chat endpoint is off: set gateway.http.endpoints.chatCompletions.enabled "
                   "to true in ~/.openclaw/openclaw.json");
    else if (status != 200 && !keys->openclaw_from)
        not_usable(f, "it wants its token: put OPENCLAW_API_KEY=… into the environment "
                      "(gateway.auth.token in ~/.openclaw/openclaw.json)");
}

/* ------------------------------------------------------------------ Ollama, LM Studio */

/* The first that answers with words. `preferred` false for a list of lesser choice. */
static void pick(struct myna_found *f, const char *name, const char *task)
{
    if (!good_name(name) || myna_probe_model_kind(name, task) != MYNA_MODEL_WORDS)
        return;
    f->n_models++;
    if (!*f->model)
        snprintf(f->model, sizeof f->model, "%s", name);
}

/* What is loaded already answers soonest; else the newest, which Ollama lists first. */
static void ollama(const struct myna_place *p, struct myna_discovery *d)
{
    json_t *tags = json_of(&p->answers[0]), *loaded = json_of(&p->answers[1]), *m;
    json_t *models = json_object_get(tags, "models");
    struct myna_found *f = json_is_array(models) ? add(d, p, MYNA_FOUND_ANSWERS) : NULL;
    size_t i;

    if (f) {
        json_array_foreach(json_object_get(loaded, "models"), i, m)
            pick(f, text_at(m, "name"), text_at(json_object_get(m, "details"), "family"));
        f->n_models = 0;
        json_array_foreach(models, i, m)
            pick(f, text_at(m, "name"), text_at(json_object_get(m, "details"), "family"));
        if (!*f->model)
            not_usable(f, "it has no model yet: `ollama pull llama3.2` fetches one");
    }
    json_decref(tags);
    json_decref(loaded);
}

static void lmstudio(const struct myna_place *p, struct myna_discovery *d)
{
    json_t *own = json_of(&p->answers[0]), *plain = json_of(&p->answers[1]), *m;
    json_t *data = json_object_get(own, "data"), *names = json_object_get(plain, "data");
    struct myna_found *f =
        json_is_array(data) || json_is_array(names) ? add(d, p, MYNA_FOUND_ANSWERS) : NULL;
    size_t i;

    if (f) {
        json_array_foreach(data, i, m)
        {
            const char *state = text_at(m, "state"), *type = text_at(m, "type");

            if (state && !strcmp(state, "loaded") && !(type && has_word(type, "embed")))
                pick(f, text_at(m, "id"), NULL);
        }
        f->n_models = 0;
        json_array_foreach(json_is_array(names) ? names : data, i, m)
            pick(f, text_at(m, "id"), NULL);
        if (!*f->model)
            not_usable(f, "it has no model: load one in LM Studio, or `lms get`");
    }
    json_decref(own);
    json_decref(plain);
}

/* ------------------------------------------------------------------ OpenAI's wire */

/* Only POST is taken there, so a GET is refused in a way that tells that it exists. */
static bool takes_post(const struct myna_answer *a)
{
    return a->status == 405 || a->status == 400 || a->status == 415 || a->status == 422;
}

static void first_voice(struct myna_found *f, const struct myna_answer *a)
{
    json_t *o = json_of(a), *v, *voices = json_object_get(o, "voices");
    size_t i;

    json_array_foreach(voices, i, v)
    {
        const char *name = json_is_string(v) ? json_string_value(v) : text_at(v, "id");

        if (!name)
            name = text_at(v, "name");
        if (!name || strlen(name) >= sizeof f->voice || !good_name(name))
            continue;
        /* Kokoro's best English voice, where there is a choice. */
        if (!*f->voice || !strcmp(name, "af_heart"))
            snprintf(f->voice, sizeof f->voice, "%s", name);
    }
    json_decref(o);
}

/* An endpoint that is there, and a model for it; or no list of models at all. */
static void speech(const struct myna_place *p, const json_t *data, struct myna_discovery *d,
                   enum myna_found_use use)
{
    enum myna_model_kind want = use == MYNA_FOUND_HEARS ? MYNA_MODEL_HEARS : MYNA_MODEL_SPEAKS;
    struct myna_found *f;
    json_t *m;
    size_t i;

    if (!takes_post(&p->answers[use == MYNA_FOUND_HEARS ? 1 : 2]))
        return;
    f = add(d, p, use);
    if (!f)
        return;
    f->product = p->kind == MYNA_PLACE_KOKORO ? "Kokoro" : "a speech server";
    json_array_foreach(data, i, m)
    {
        const char *id = text_at(m, "id");

        if (!good_name(id) || myna_probe_model_kind(id, text_at(m, "task")) != want)
            continue;
        f->n_models++;
        if (!*f->model)
            snprintf(f->model, sizeof f->model, "%s", id);
    }
    if (!f->n_models && json_array_size(data)) {
        d->n--; /* a server for other things whose program has this endpoint too */
        return;
    }
    if (use == MYNA_FOUND_SPEAKS)
        first_voice(f, &p->answers[3]);
}

static void rename_owner(struct myna_found *f, const json_t *first)
{
    const char *owner = text_at(first, "owned_by");

    if (owner && !strcmp(owner, "vllm"))
        f->product = "vLLM";
    else if (owner && !strcmp(owner, "llamacpp"))
        f->product = "llama.cpp";
    else
        f->product = "a server with OpenAI's wire";
}

static void wire(const struct myna_place *p, struct myna_discovery *d)
{
    json_t *models = json_of(&p->answers[0]), *m;
    json_t *data = json_object_get(models, "data");
    struct myna_found *f = NULL;
    size_t i;

    if (json_is_array(data)) {
        f = add(d, p, MYNA_FOUND_ANSWERS);
        json_array_foreach(data, i, m)
        {
            if (f && !*f->model)
                rename_owner(f, m);
            if (f)
                pick(f, text_at(m, "id"), text_at(m, "task"));
        }
        if (f && !*f->model)
            d->n--;
    }
    speech(p, data, d, MYNA_FOUND_HEARS);
    speech(p, data, d, MYNA_FOUND_SPEAKS);
    json_decref(models);
}

void myna_probe_judge(const struct myna_place *place, const struct myna_probe_keys *keys,
                      struct myna_discovery *d)
{
    switch (place->kind) {
    case MYNA_PLACE_HERMES:
        hermes(place, keys, d);
        break;
    case MYNA_PLACE_OPENCLAW:
        openclaw(place, keys, d);
        break;
    case MYNA_PLACE_OLLAMA:
        ollama(place, d);
        break;
    case MYNA_PLACE_LMSTUDIO:
        lmstudio(place, d);
        break;
    case MYNA_PLACE_LLAMACPP:
    case MYNA_PLACE_VLLM:
    case MYNA_PLACE_KOKORO:
        wire(place, d);
        break;
    case MYNA_PLACES:
        break;
    }
}

/* sim_llm.c - the scripted agent and the spare one of the scenarios. */
#include "internal.h"

struct llm {
    struct myna_llm base;
    struct sim *s;
    bool spare; /* its rows begin with "spare:" */
};
struct llm_stream {
    struct myna_llm_stream base;
    struct sim *s;
    struct myna_timer timer;
    struct sim_answer row;
    myna_us began;
    bool spoke;
    bool *gone; /* of the callback that runs: close() was called inside it */
};

static enum myna_err llm_make(struct myna_llm **out, struct myna_host *host,
                              const struct myna_llm_class *cls)
{
    struct llm *v = calloc(1, sizeof *v);

    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_llm){.cls = cls,
                                .host = host,
                                .model = sim_making->setup.llm_model,
                                .caps = sim_making->setup.llm_caps};
    v->s = sim_making;
    v->spare = cls == &sim_llm_spare_class;
    *out = &v->base;
    return MYNA_OK;
}

SIM_CREATE(llm_create, struct myna_llm, llm_make, sim_llm_class)
SIM_CREATE(llm_spare_create, struct myna_llm, llm_make, sim_llm_spare_class)

static void llm_destroy(struct myna_llm *llm)
{
    free(llm);
}

static void llm_text(struct llm_stream *st, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !*st->gone; i += 3)
        myna_llm_emit(&st->base, &(struct myna_llm_event){
                                     .type = MYNA_LLM_TEXT,
                                     .text = {(const uint8_t *)text + i, len - i < 3 ? len - i : 3},
                                 });
}

static void llm_speak(struct llm_stream *st)
{
    const char *text = st->row.text;
    size_t len = strlen(text);

    if (st->row.failure == SIM_BREAKS)
        len /= 2;
    while (len && !*st->gone) {
        const char *cut = strstr(text, "<flush>");
        size_t part = cut && (size_t)(cut - text) < len ? (size_t)(cut - text) : len;

        llm_text(st, text, part);
        text += part;
        len -= part;
        if (len && !*st->gone) {
            myna_llm_emit(&st->base, &(struct myna_llm_event){.type = MYNA_LLM_FLUSH});
            text += 7;
            len -= 7;
        }
    }
}

static void llm_step(struct myna_timer *timer)
{
    struct llm_stream *st = timer->arg;
    bool gone = false;
    struct myna_llm_event end = {
        .type = MYNA_LLM_DONE,
        .fault = {.stage = MYNA_STAGE_LLM,
                  .err = MYNA_EPROVIDER,
                  .provider = "sim",
                  .message = "the scripted agent broke",
                  .http_status = st->row.http_status,
                  .retryable = st->row.retryable},
    };

    st->gone = &gone;
    if (!st->spoke && st->row.failure != SIM_FAULT) {
        st->spoke = true;
        for (size_t i = 0; i < 4 && !gone; i++)
            if (st->row.before[i].type || st->row.before[i].text.len)
                myna_llm_emit(&st->base, &st->row.before[i]);
        if (!gone)
            llm_speak(st);
        for (size_t i = 0; i < 20 && st->row.calls[i].name && !gone; i++)
            myna_llm_emit(&st->base,
                          &(struct myna_llm_event){.type = MYNA_LLM_TOOL_CALL,
                                                   .call_id = st->row.calls[i].id,
                                                   .name = st->row.calls[i].name,
                                                   .extra = st->row.calls[i].extra,
                                                   .arguments = st->row.calls[i].arguments});
        if (!gone)
            sim_at(timer, st->began + st->row.duration_ms * MYNA_MS);
    } else {
        if (st->row.failure != SIM_WELL)
            end.type = MYNA_LLM_FAULT;
        if (st->row.usage.type)
            myna_llm_emit(&st->base, &st->row.usage);
        if (!gone)
            myna_llm_emit(&st->base, &end);
    }
    if (!gone)
        st->gone = NULL;
}

static struct sim_answer *llm_find(struct sim *s, const struct myna_llm_request *req, bool spare)
{
    char key[300] = "";

    if (req->extra_instructions && *req->extra_instructions)
        snprintf(key, sizeof key, "instructions:%s", req->extra_instructions);
    else
        for (size_t i = 0; i < req->n_items; i++)
            if (req->items[i].type == MYNA_ITEM_MESSAGE && req->items[i].role == MYNA_ROLE_USER)
                snprintf(key, sizeof key, "%s", req->items[i].text);
            else if (req->items[i].type == MYNA_ITEM_FUNCTION_CALL_OUTPUT)
                snprintf(key, sizeof key, "output:%s", req->items[i].output);
    if (spare) {
        memmove(key + 6, key, sizeof key - 7);
        memcpy(key, "spare:", 6);
        key[sizeof key - 1] = '\0';
    }
    for (size_t i = 0; i < s->n_answers; i++)
        if (!strcmp(s->answers[i].input, key))
            return &s->answers[i];
    /* a greeting's wording is the session's: any row of instructions serves */
    for (size_t i = 0; i < s->n_answers && !strncmp(key, "instructions:", 13); i++)
        if (!strcmp(s->answers[i].input, "instructions:*"))
            return &s->answers[i];
    return NULL;
}

static void llm_see(struct sim *s, const struct myna_llm_request *req)
{
    size_t n = strlen(s->seen), before = n;

    if (n && n + 2 < sizeof s->seen)
        s->seen[n++] = ' ';
    before = n;
    for (size_t i = 0; i < req->n_items; i++)
        for (size_t k = 0; k < req->items[i].n_images && n + 2 < sizeof s->seen; k++)
            if (req->items[i].images[k].bytes)
                s->seen[n++] = (char)req->items[i].images[k].bytes[0];
    if (n == before && n + 2 < sizeof s->seen)
        s->seen[n++] = '-';
    s->seen[n] = '\0';
}

static void llm_hear(struct sim *s, const struct myna_llm_request *req)
{
    const char *id = s->session ? myna_session_id(s->session) : "";
    char *to = s->asked[s->llm_requests % SIM_ROWS];
    size_t size = sizeof s->asked[0], n;
    bool any = false;

    n = strncmp(req->session_id, id, strlen(id)) == 0 ? strlen(id) : 0;
    snprintf(to, size, "%s %s >", req->session_id + n, req->caller ? req->caller : "-");
    for (size_t i = 0; i < req->n_items; i++)
        if (req->items[i].type == MYNA_ITEM_MESSAGE) {
            n = strlen(to);
            snprintf(to + n, size - n, "%s%s", any ? " | " : " ", req->items[i].text);
            any = true;
        }
}

const char *sim_asked(struct sim *s, int nth)
{
    return s->asked[nth % SIM_ROWS];
}

const char *sim_seen(struct sim *s)
{
    return s->seen;
}

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct sim *s = ((struct llm *)llm)->s;
    struct sim_answer *row = llm_find(s, req, ((struct llm *)llm)->spare);
    struct llm_stream *st;

    llm_hear(s, req);
    s->llm_requests++;
    s->llm_items = (int)req->n_items;
    llm_see(s, req);
    snprintf(s->model, sizeof s->model, "%s", req->model ? req->model : "");
    if (row && row->failure == SIM_REFUSES)
        return MYNA_EPROVIDER;
    st = calloc(1, sizeof *st);
    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    st->s = s;
    st->row = row ? *row : (struct sim_answer){.text = ""}; /* nothing, at once */
    if (row && row->failure != SIM_WELL && row->times && --row->times == 0)
        row->failure = SIM_WELL;
    st->began = myna_host_now(llm->host);
    myna_host_timer_init(llm->host, &st->timer, llm_step, st);
    if (st->row.failure != SIM_SILENT)
        sim_at(&st->timer, st->began + st->row.ttft_ms * MYNA_MS);
    *out = &st->base;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *stream)
{
    struct llm_stream *st = (struct llm_stream *)stream;

    if (st->gone)
        *st->gone = true;
    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_llm_class sim_llm_class = {
    .name = "sim",
    .summary = "scripted",
    .create = llm_create,
    .destroy = llm_destroy,
    .start = llm_start,
    .close = llm_close,
};

const struct myna_llm_class sim_llm_spare_class = {
    .name = "spare",
    .summary = "scripted",
    .create = llm_spare_create,
    .destroy = llm_destroy,
    .start = llm_start,
    .close = llm_close,
};

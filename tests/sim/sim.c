/* sim.c - makes a session of fakes, writes down what it tells, compares. */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "recorder/flight.h"
#include "transport/loopback.h"
#include "util/fs.h"

/* agent-session 11: turn detection null, 500/6000, no echo warm-up, nothing ahead of the turn */
static const char *const defaults[] = {
    "turn.min_delay=500",
    "turn.max_delay=6000",
    "turn.min_interruption=500",
    "turn.false_interruption_timeout=2000",
    "turn.preemptive_generation=false",
    "session.aec_warmup=null",
    "vad.provider=sim",
    "stt.provider=sim",
    "llm.provider=sim",
    "record.audio=false",
    NULL,
};

_Thread_local struct sim *sim_making;

static const struct myna_vad_class *const vads[] = {&sim_vad_class, NULL};
static const struct myna_stt_class *const stts[] = {&sim_stt_class, &sim_stt_batch_class,
                                                    &sim_stt_spare_class, NULL};
static const struct myna_llm_class *const llms[] = {&sim_llm_class, &sim_llm_spare_class, NULL};
static const struct myna_tts_class *const ttss[] = {&sim_tts_class, &sim_tts_stream_class,
                                                    &sim_tts_spare_class, NULL};

static void configure(struct sim *s, const char *assignment)
{
    struct myna_why why = {0};
    char key[80];
    const char *eq = strchr(assignment, '=');

    snprintf(key, sizeof key, "%.*s", (int)(eq - assignment), assignment);
    if (myna_config_set(s->config, key, strcmp(eq + 1, "null") ? eq + 1 : NULL, "the scenario",
                        &why))
        check_fail(__FILE__, __LINE__, "%s: %s", assignment, why.text);
}

/* ------------------------------------------------------------------ what is told */

static struct sim_line *line(struct sim *s, enum sim_kind kind, const struct myna_event *ev,
                             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static struct sim_line *line(struct sim *s, enum sim_kind kind, const struct myna_event *ev,
                             const char *fmt, ...)
{
    struct sim_line *l = &s->lines[kind][s->n_lines[kind]];
    va_list ap;

    if (s->n_lines[kind] == SIM_LINES)
        return l - 1;
    s->n_lines[kind]++;
    l->at = ev->at;
    l->value = -1;
    va_start(ap, fmt);
    vsnprintf(l->text, sizeof l->text, fmt, ap);
    va_end(ap);
    return l;
}

static void note_item(struct sim *s, const struct myna_event *ev)
{
    const struct myna_item *it = ev->u.item;

    if (it->type == MYNA_ITEM_MESSAGE)
        line(s, SIM_ITEMS, ev, "%s%s: %s", myna_role_name(it->role), it->interrupted ? " cut" : "",
             it->text);
    else
        line(s, SIM_ITEMS, ev, "%s", it->type == MYNA_ITEM_AGENT_HANDOFF ? "handoff" : "config");
    if (it->type == MYNA_ITEM_MESSAGE && s->n_items < SIM_LINES) {
        s->items[s->n_items] = *it;
        s->items[s->n_items++].text = strdup(it->text);
    }
}

static void note_tools(struct sim *s, const struct myna_event *ev)
{
    char text[400] = "";

    for (size_t i = 0; i < ev->u.tools.n; i++) {
        const struct myna_item *call = &ev->u.tools.calls[i], *out = &ev->u.tools.outputs[i];
        size_t len = strlen(text);

        if (strcmp(call->call_id, out->call_id) || strcmp(call->name, out->name))
            check_fail(__FILE__, __LINE__, "calls and outputs are not parallel");
        snprintf(text + len, sizeof text - len, "%s%s%s%s", i ? "; " : "", call->name,
                 out->is_error ? " error: "
                 : out->output ? ": "
                               : " none",
                 out->output ? out->output : "");
    }
    line(s, SIM_TOOLS, ev, "%s", text);
}

static void note_metrics(struct sim *s, const struct myna_event *ev)
{
    static const char *const names[] = {"stt", "llm", "tts", "vad", "eou"};
    const struct myna_metrics *m = ev->u.metrics;

    if (m->type == MYNA_METRICS_VAD)
        return;
    line(s, SIM_METRICS, ev, "%s", names[m->type]);
    if (s->n_metrics < SIM_LINES)
        s->metrics[s->n_metrics++] = *m;
}

static void on_event(void *arg, struct myna_session *session, const struct myna_event *ev)
{
    struct sim *s = arg;

    (void)session;
    if (s->setup.told)
        s->setup.told(s, ev);
    switch (ev->type) {
    case MYNA_EV_AGENT_STATE_CHANGED:
        line(s, SIM_AGENT, ev, "%s", myna_agent_state_name(ev->u.agent_state.new_state));
        break;
    case MYNA_EV_USER_STATE_CHANGED:
        line(s, SIM_USER, ev, "%s", myna_user_state_name(ev->u.user_state.new_state));
        break;
    case MYNA_EV_USER_INPUT_TRANSCRIBED:
        line(s, SIM_TRANSCRIBED, ev, "%s%s", ev->u.transcribed.transcript,
             ev->u.transcribed.is_final ? "" : "…");
        break;
    case MYNA_EV_CONVERSATION_ITEM_ADDED:
        note_item(s, ev);
        break;
    case MYNA_EV_METRICS_COLLECTED:
        note_metrics(s, ev);
        break;
    case MYNA_EV_PLAYOUT:
        if (!ev->u.playout.started)
            line(s, SIM_PLAYOUTS, ev, "%s", ev->u.playout.interrupted ? "cut" : "heard")->value =
                (long)(ev->u.playout.position / MYNA_MS);
        break;
    case MYNA_EV_ERROR:
        line(s, SIM_ERRORS, ev, "%s %s", myna_stage_name(ev->u.fault.stage),
             ev->u.fault.recoverable ? "recoverable" : "fatal");
        break;
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
        line(s, SIM_FALSE, ev, "%s", ev->u.false_interruption.resumed ? "resumed" : "not resumed");
        break;
    case MYNA_EV_SPEECH_CREATED:
        line(s, SIM_SPEECHES, ev, "%s", ev->u.speech.source);
        break;
    case MYNA_EV_TURN_LATENCY:
        if (s->n_falls < SIM_ROWS)
            s->falls[s->n_falls++] = ev->u.latency.w;
        break;
    case MYNA_EV_CLOSE:
        line(s, SIM_CLOSE, ev, "%s", ev->u.close.reason);
        s->closed = true;
        break;
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
        note_tools(s, ev);
        break;
    case MYNA_EV_AGENT_TOOL_PROGRESS:
        line(s, SIM_PROGRESS, ev, "%s %s: %s (%s)", ev->u.progress.tool, ev->u.progress.status,
             ev->u.progress.label ? ev->u.progress.label : "-",
             ev->u.progress.call_id ? ev->u.progress.call_id : "-");
        break;
    case MYNA_EV_PROVIDER_SWITCHED:
        line(s, SIM_SWITCHES, ev, "%s %s>%s", myna_stage_name(ev->u.switched.stage),
             ev->u.switched.from, ev->u.switched.to);
        break;
    case MYNA_EV_PERSON_SPEAKING:
    case MYNA_EV_DATA_RECEIVED:
    case MYNA_EV_ATTRIBUTE_CHANGED:
    case MYNA_EV_SESSION_USAGE_UPDATED:
    case MYNA_EV_OVERLAPPING_SPEECH:
    case MYNA_EV_EOT_PREDICTION:
    case MYNA_EV_DEBUG_MESSAGE:
    case MYNA_EV_AGENT_TRANSCRIPT:
        break;
    }
}

static bool on_user_turn(void *arg, struct myna_session *session, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict)
{
    struct sim *s = arg;

    (void)session;
    return s->setup.hook(s, turn, text, verdict);
}

static bool on_tool(void *arg, struct myna_session *session, const struct myna_tool_call *call)
{
    struct sim *s = arg;

    (void)session;
    return s->setup.tool(s, call);
}

/* The person's voice: a tone while the script says that somebody speaks. */
static void source(void *arg, myna_us captured, struct myna_frame *f)
{
    struct sim *s = arg;

    for (size_t i = 0; i < s->n_speeches; i++) {
        const struct sim_speech *sp = &s->speeches[i];

        if (!sp->interim && !sp->who && captured >= sp->from && captured < sp->to)
            for (int k = 0; k < MYNA_IN_SAMPLES; k++)
                f->pcm[k] = k / 20 % 2 ? 4096 : -4096;
    }
}

static void quiet(void *arg, enum myna_log_level level, const char *text)
{
    (void)arg;
    if (level <= MYNA_LOG_ERROR && getenv("MYNA_TEST_LOG"))
        printf("# %s\n", text);
}

/* ------------------------------------------------------------------ life */

static bool may_fail(const struct sim *s)
{
    return s->setup.fail_alloc || s->setup.fail_io;
}

static void not_made(struct sim *s, const struct myna_why *why)
{
    s->failed = true;
    if (!may_fail(s))
        check_fail(__FILE__, __LINE__, "%s", why->text);
    if (!why->text[0])
        check_fail(__FILE__, __LINE__, "it failed without a reason");
}

static void make_session(struct sim *s)
{
    struct myna_why why = {0};
    struct myna_loopback_options door = {0};
    struct myna_agent agent = {
        .size = sizeof agent,
        .name = "sim",
        .instructions = "You are a test.",
        .greeting = s->setup.greeting,
        .greet = s->setup.greet,
        .tools = s->setup.tools,
        .n_tools = s->setup.n_tools,
    };
    struct myna_session_options opt = {
        .size = sizeof opt,
        .agent = &agent,
        .record_dir = getenv("MYNA_TEST_NO_RECORD") ? "" : s->dir,
        .on_event = on_event,
        .on_user_turn = s->setup.hook ? on_user_turn : NULL,
        .arg = s,
        .on_tool = s->setup.tool ? on_tool : NULL,
    };

    if (s->setup.door)
        door = *s->setup.door;
    door.cannot_pause = !s->setup.pausable;
    door.keep_ms = may_fail(s) ? 0 : 120000;
    door.source = source;
    door.arg = s;
    if (myna_loopback_create(&s->transport, myna_runtime_host(s->rt), &door, &why)) {
        not_made(s, &why);
        return;
    }
    s->transport->caps &= ~s->setup.without_caps;
    opt.transport = s->transport;
    if (myna_session_create(s->rt, &opt, &s->session, &why)) {
        s->transport->cls->destroy(s->transport); /* still ours */
        s->transport = NULL;
        not_made(s, &why);
    }
    s->t0 = myna_runtime_now(s->rt);
}

struct sim *sim_create(const struct sim_setup *setup)
{
    struct sim *s = calloc(1, sizeof *s);
    struct myna_why why = {0};
    struct myna_runtime_options opt = {
        .size = sizeof opt,
        .virtual_clock = true,
        .seed = 7,
        .workers = 1,
        .vads = vads,
        .stts = stts,
        .llms = llms,
        .ttss = ttss,
        .log = quiet,
    };

    CHECK(s != NULL);
    if (setup)
        s->setup = *setup;
    snprintf(s->dir, sizeof s->dir, "%s/myna-sim-XXXXXX",
             getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 40 ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(s->dir) != NULL);
    s->config = myna_config_create();
    CHECK(s->config != NULL);
    for (size_t i = 0; defaults[i]; i++)
        configure(s, defaults[i]);
    configure(s, s->setup.text_stream ? "tts.provider=sim-stream" : "tts.provider=sim");
    for (size_t i = 0; s->setup.config && s->setup.config[i]; i++)
        configure(s, s->setup.config[i]);
    opt.config = s->config;
    sim_making = s;
    if (s->setup.fail_alloc)
        fault_fail_alloc(s->setup.fail_alloc);
    if (s->setup.fail_io)
        fault_fail_io(s->setup.fail_io, ENOSPC);
    if (myna_runtime_create(&opt, &s->rt, &why)) {
        s->rt = NULL;
        not_made(s, &why);
    } else {
        make_session(s);
    }
    return s;
}

static void start(struct sim *s)
{
    struct myna_why why = {0};

    sim_making = s;
    s->t0 = myna_runtime_now(s->rt);
    s->started = true;
    if (myna_session_start(s->session, &why))
        not_made(s, &why);
}

void sim_run(struct sim *s, int until_ms)
{
    if (!s->started && !s->failed)
        start(s);
    if (s->rt)
        myna_runtime_run_until(s->rt, s->t0 + until_ms * MYNA_MS);
}

void sim_destroy(struct sim *s)
{
    struct myna_session *session = s->session;

    s->session = NULL;
    s->failed = true;
    myna_session_destroy(session);
}

bool sim_started(struct sim *s)
{
    return s->started && !s->failed;
}

bool sim_closed(struct sim *s)
{
    return s->closed;
}

/* Removes the recording and its directory; one level deep is all there is. */
static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);

    for (struct dirent *e; dir && (e = readdir(dir));) {
        char file[600];

        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (unlink(file))
            remove_tree(file);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

/* The one recording of a directory. */
static void find_flight(const char *dir, char path[600])
{
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));)
        if (strlen(e->d_name) > 7 && !strcmp(e->d_name + strlen(e->d_name) - 7, ".flight"))
            snprintf(path, 600, "%s/%s", dir, e->d_name);
    if (d)
        closedir(d);
}

/* The call again, from its recording: every output must be the same. */
static void replay(const char *dir)
{
    struct myna_replay_result r = {0};
    struct myna_why why = {0};
    char path[600] = "";

    find_flight(dir, path);
    CHECK(*path);
    if (myna_replay_file(path, NULL, &r, &why))
        check_fail(__FILE__, __LINE__, "replay: %s", why.text);
    if (r.differ)
        check_fail(__FILE__, __LINE__, "replay: %llu of %llu outputs differ: %s",
                   (unsigned long long)r.differ, (unsigned long long)r.outputs, r.first_difference);
    CHECK(r.outputs > 0);
    CHECK(!r.truncated);
    myna_replay_result_fini(&r);
}

/* What was written although something failed tells at least whose call it was. */
static void check_header(const char *dir)
{
    char path[600] = "", *bytes = NULL;
    size_t len = 0;
    struct myna_flight_reader r;
    struct myna_flight_record head;
    json_t *header;

    find_flight(dir, path);
    if (!*path || myna_fs_read(path, 64 << 20, &bytes, &len, NULL))
        return;
    if (!myna_flight_begin(&r, (struct myna_view){(uint8_t *)bytes, len}, NULL) &&
        !myna_flight_next(&r, &head, NULL)) {
        header = json_loadb((const char *)head.payload.ptr, head.payload.len, 0, NULL);
        CHECK(json_object_get(json_object_get(header, "config"), "turn.min_delay") != NULL);
        json_decref(header);
    }
    free(bytes);
}

void sim_end(struct sim *s)
{
    char dir[512] = "";

    if (!s->closed && !s->failed) {
        myna_session_shutdown(s->session, false, "job_shutdown");
        myna_runtime_run_until(s->rt, myna_runtime_now(s->rt) + 10 * MYNA_S);
        CHECK(s->closed);
    }
    fault_off();
    if (s->session && myna_session_record_dir(s->session))
        snprintf(dir, sizeof dir, "%s", myna_session_record_dir(s->session));
    myna_session_destroy(s->session);
    for (size_t i = 0; i < sizeof s->later / sizeof *s->later; i++)
        if (s->later[i].used)
            myna_timer_clear(&s->later[i].timer);
    for (size_t i = 0; i < sizeof s->results / sizeof *s->results; i++)
        if (s->results[i].used)
            myna_timer_clear(&s->results[i].timer);
    myna_runtime_destroy(s->rt);
    myna_config_destroy(s->config);
    if (!s->setup.no_replay && !s->failed && !may_fail(s) && !getenv("MYNA_TEST_NO_RECORD")) {
        CHECK(*dir);
        replay(dir);
    } else if (may_fail(s) && *dir) {
        check_header(dir);
    }
    remove_tree(s->dir);
    for (size_t i = 0; i < s->n_items; i++)
        free((char *)s->items[i].text);
    free(s);
}

/* ------------------------------------------------------------------ script */

static void add_speech(struct sim *s, struct sim_speech sp)
{
    CHECK(s->n_speeches < SIM_ROWS);
    s->speeches[s->n_speeches++] = sp;
}

void sim_user(struct sim *s, int from_ms, int to_ms, const char *text, int delay_ms)
{
    add_speech(s, (struct sim_speech){from_ms * MYNA_MS, to_ms * MYNA_MS,
                                      (to_ms + delay_ms) * MYNA_MS, text, false});
}

void sim_says(struct sim *s, uint32_t who, int from_ms, int to_ms, const char *text, int delay_ms)
{
    sim_user(s, from_ms, to_ms, text, delay_ms);
    s->speeches[s->n_speeches - 1].who = who;
}

void sim_comes(struct sim *s, uint32_t who, const char *identity, const char *name)
{
    struct myna_frame f = {.captured = myna_runtime_now(s->rt), .who = who};

    s->coming = who;
    myna_transport_joined(s->transport, who, identity, name);
    myna_transport_frame(s->transport, &f);
    s->coming = 0;
}

void sim_interim(struct sim *s, int at_ms, const char *text)
{
    add_speech(s, (struct sim_speech){0, at_ms * MYNA_MS, at_ms * MYNA_MS, text, true});
}

struct sim_answer *sim_answer(struct sim *s, const char *input, const char *text)
{
    CHECK(s->n_answers < SIM_ROWS);
    s->answers[s->n_answers] =
        (struct sim_answer){.input = input, .text = text, .ttft_ms = 100, .duration_ms = 300};
    return &s->answers[s->n_answers++];
}

struct sim_voice *sim_voice(struct sim *s, const char *text, int audio_ms)
{
    CHECK(s->n_voices < SIM_ROWS);
    s->voices[s->n_voices] = (struct sim_voice){.text = text, .audio_ms = audio_ms, .ttfb_ms = 200};
    return &s->voices[s->n_voices++];
}

void sim_vad_refuses(struct sim *s, uint32_t who)
{
    s->vad_refuses = who;
}

void sim_stt_fails(struct sim *s, int at_ms, bool retryable, int times)
{
    s->stt_failure.at = at_ms * MYNA_MS;
    s->stt_failure.retryable = retryable;
    s->stt_failure.times = times;
}

void sim_stt_all_fail(struct sim *s, int at_ms, int times)
{
    sim_stt_fails(s, at_ms, false, times);
    s->stt_failure.all = true;
}

struct myna_session *sim_session(struct sim *s)
{
    return s->session;
}

struct myna_runtime *sim_runtime(struct sim *s)
{
    return s->rt;
}

struct myna_transport *sim_transport(struct sim *s)
{
    return s->transport;
}

static void decide(struct myna_timer *t)
{
    struct sim_later *l = t->arg;

    myna_session_turn_decided(l->s->session, l->turn, l->verdict);
}

void sim_decide_later(struct sim *s, uint32_t turn, int after_ms, enum myna_turn_verdict verdict)
{
    for (size_t i = 0; i < sizeof s->later / sizeof *s->later; i++) {
        struct sim_later *l = &s->later[i];

        if (l->used)
            continue;
        *l = (struct sim_later){.turn = turn, .verdict = verdict, .s = s, .used = true};
        myna_host_timer_init(myna_runtime_host(s->rt), &l->timer, decide, l);
        if (myna_timer_set(&l->timer, myna_runtime_now(s->rt) + after_ms * MYNA_MS))
            abort();
        return;
    }
    abort();
}

static void give_result(struct myna_timer *t)
{
    struct sim_tool_later *l = t->arg;

    if (l->s->session)
        myna_session_tool_result(l->s->session, l->call_id, &l->result);
}

void sim_result_later(struct sim *s, const char *call_id, int after_ms,
                      const struct myna_tool_result *r)
{
    for (size_t i = 0; i < sizeof s->results / sizeof *s->results; i++) {
        struct sim_tool_later *l = &s->results[i];

        if (l->used)
            continue;
        *l = (struct sim_tool_later){.result = *r, .s = s, .used = true};
        snprintf(l->call_id, sizeof l->call_id, "%s", call_id);
        myna_host_timer_init(myna_runtime_host(s->rt), &l->timer, give_result, l);
        if (myna_timer_set(&l->timer, myna_runtime_now(s->rt) + after_ms * MYNA_MS))
            abort();
        return;
    }
    abort();
}

/* ------------------------------------------------------------------ comparing */

static void print_lines(struct sim *s, enum sim_kind kind)
{
    for (size_t i = 0; i < s->n_lines[kind]; i++) {
        const struct sim_line *l = &s->lines[kind][i];

        printf("#   %s", l->text);
        if (l->value >= 0)
            printf("=%ld", l->value);
        printf("@%lld.%03lld\n", (long long)(l->at / 1000), (long long)(l->at % 1000));
    }
}

/* "3000~": is `is_us` that, to the millisecond or to a frame? Moves past it. */
static bool number_fits(const char **p, myna_us is_us)
{
    char *end;
    myna_us want = strtol(*p, &end, 10) * MYNA_MS, off = is_us > want ? is_us - want : want - is_us;
    bool near = *end == '~';

    *p = end + near;
    return off <= (near ? MYNA_FRAME_US : 0);
}

static bool fits(const struct sim_line *l, const char *want, size_t len)
{
    char one[500];
    const char *p = one;
    size_t n = strlen(l->text);

    snprintf(one, sizeof one, "%.*s", (int)len, want);
    if (strncmp(one, l->text, n))
        return false;
    p += n;
    if (*p == '=') {
        p++;
        if (l->value < 0 || !number_fits(&p, l->value * MYNA_MS))
            return false;
    }
    if (*p == '@') {
        p++;
        if (!number_fits(&p, l->at))
            return false;
    }
    return *p == '\0';
}

void sim_expect(const char *file, int at_line, struct sim *s, enum sim_kind kind, const char *want)
{
    size_t i = 0;

    for (const char *p = want; *p; i++) {
        const char *end = strstr(p, " | ");
        size_t len = end ? (size_t)(end - p) : strlen(p);

        if (i >= s->n_lines[kind] || !fits(&s->lines[kind][i], p, len)) {
            printf("# told:\n");
            print_lines(s, kind);
            check_fail(file, at_line, "number %zu should be \"%.*s\"", i + 1, (int)len, p);
        }
        p = end ? end + 3 : p + len;
    }
    if (i < s->n_lines[kind]) {
        printf("# told:\n");
        print_lines(s, kind);
        check_fail(file, at_line, "told more than \"%s\"", want);
    }
}

const struct myna_metrics *sim_metrics(struct sim *s, enum myna_metrics_type type, int nth)
{
    for (size_t i = 0; i < s->n_metrics; i++)
        if (s->metrics[i].type == type && nth-- == 0)
            return &s->metrics[i];
    check_fail(__FILE__, __LINE__, "there are no such metrics (type %d)", (int)type);
}

const struct myna_item *sim_message(struct sim *s, enum myna_role role, int nth)
{
    for (size_t i = 0; i < s->n_items; i++)
        if (s->items[i].role == role && nth-- == 0)
            return &s->items[i];
    check_fail(__FILE__, __LINE__, "there is no such message of %s", myna_role_name(role));
}

const struct myna_waterfall *sim_latency(struct sim *s, int nth)
{
    if ((size_t)nth >= s->n_falls)
        check_fail(__FILE__, __LINE__, "only %zu turns told their latency", s->n_falls);
    return &s->falls[nth];
}

int sim_sound_ms(struct sim *s, int from_ms, int to_ms)
{
    size_t n, sound = 0, to = (size_t)to_ms * 24;
    const int16_t *pcm = myna_loopback_heard(s->transport, &n);

    for (size_t i = (size_t)from_ms * 24; i < to && i < n; i++)
        sound += pcm[i] != 0;
    return (int)(sound / 24);
}

bool sim_stt_heard(struct sim *s, int from_ms, int to_ms)
{
    for (int i = from_ms / MYNA_FRAME_MS; i < to_ms / MYNA_FRAME_MS; i++)
        if (s->stt_sound[i])
            return true;
    return false;
}

const char *sim_model(struct sim *s)
{
    return s->model;
}

const char *sim_voice_name(struct sim *s)
{
    return s->voice;
}

int sim_llm_requests(struct sim *s)
{
    return s->llm_requests;
}

int sim_llm_items(struct sim *s)
{
    return s->llm_items;
}

int sim_tts_requests(struct sim *s)
{
    return s->tts_requests;
}

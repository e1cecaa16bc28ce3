/* console.c - one call from a terminal, from the first line to the exit code.
 *
 * Chooses the door (files, typed, sound card, recorded question), makes runtime and session, and
 * hands each event to those who show or keep it: ui.c, typed.c, the events file. All of it hangs on
 * the runtime's loop; when the session has told `close`, what keeps the loop awake is taken away
 * and it returns by itself once the recording is finished.
 */
#include <myna/calls.h>
#include <myna/console.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <myna/runtime.h>
#include <myna/session.h>

#include "console/last_resort.h"
#include "console/signals.h"
#include "console/typed.h"
#include "console/ui.h"
#include "console/waterfall.h"
#include "util/clock.h"
#include "util/fs.h"

#define END_WITHIN   (1 * MYNA_S)
#define LEVELS_EVERY (60 * MYNA_MS)
#define ANSWER_FILE  "myna-answer.wav"

enum { TURNS_KEPT = 500 };

struct console {
    struct myna_console_options opt;
    struct myna_config *cfg;
    struct myna_runtime *rt;
    struct myna_session *session;
    struct myna_calls *calls;         /* NULL: no log is kept */
    struct myna_transport *transport; /* ours until the session takes it */
    const char *transport_name;
    FILE *print, *events;
    const char *answer; /* WAV to tell about at the end */
    struct myna_ui ui;  /* of the thread that runs the call */
    pthread_t thread;
    struct myna_typed *typed;

    struct myna_last_resort *last_resort; /* since the second Ctrl-C */
    struct myna_signals signals;
    struct myna_timer levels, late;
    struct myna_fault held; /* what may be the end of the call; shown by `late` if it is not */
    struct myna_why held_why;
    char held_provider[64];
    int interrupts;

    struct myna_waterfall falls[TURNS_KEPT];
    struct myna_turn_usage used[TURNS_KEPT];
    size_t n_falls;

    bool closed;
    enum myna_err err; /* of the call */
    struct myna_why why;
};

static void put(struct console *c, struct myna_buf *b)
{
    if (b->len)
        (void)!fwrite(b->ptr, 1, b->len, c->print);
    fflush(c->print);
    myna_buf_fini(b);
}

static void note(struct console *c, const char *fmt, ...) MYNA_PRINTF(2, 3);
static void note(struct console *c, const char *fmt, ...)
{
    struct myna_buf b;
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    myna_buf_init(&b, 0);
    myna_ui_note(&c->ui, &b, text);
    put(c, &b);
}

/* ---- the log */

/* Any thread. A line of the log stays above the live lines, it does not stand in the middle of
 * them. */
static void log_line(void *arg, enum myna_log_level level, const char *line)
{
    struct console *c = arg;
    bool among = pthread_equal(c->thread, pthread_self()) && c->ui.drawn && isatty(STDERR_FILENO);
    struct myna_buf b;

    (void)level;
    if (among) {
        myna_buf_init(&b, 0);
        myna_ui_erase(&c->ui, &b);
        put(c, &b);
    }
    fprintf(stderr, "%s\n", line);
    if (among) {
        myna_buf_init(&b, 0);
        myna_ui_draw(&c->ui, &b);
        put(c, &b);
    }
}

/* ---- signals */

static void hang_up(void *arg)
{
    struct console *c = arg;

    if (c->closed)
        return;
    if (c->interrupts++ == 0) {
        note(c, "Hanging up (Ctrl-C again ends at once)");
        myna_session_shutdown(c->session, false, "user_initiated");
    } else if (c->interrupts == 2) {
        c->err = myna_fail(&c->why, MYNA_ECANCELED, "ended at once on request");
        c->last_resort = myna_last_resort_start();
        myna_runtime_stop(c->rt);
    }
}

/* ---- events */

static void keep_event(struct console *c, const struct myna_event *ev)
{
    char *json;

    if (!c->events)
        return;
    json = myna_event_json(ev);
    if (json && fprintf(c->events, "%s\n", json) >= 0 && !fflush(c->events)) {
        free(json);
        return;
    }
    free(json);
    c->err = myna_fs_fail(&c->why, "write", c->opt.events);
    fclose(c->events);
    c->events = NULL;
    myna_session_shutdown(c->session, false, "error");
}

static void quiet_down(struct console *c)
{
    struct myna_buf b;

    c->closed = true;
    myna_timer_clear(&c->levels);
    myna_signals_close(&c->signals);
    myna_typed_destroy(c->typed);
    c->typed = NULL;
    myna_buf_init(&b, 0);
    myna_ui_erase(&c->ui, &b);
    c->ui.live = false;
    put(c, &b);
}

static void show_held(struct console *c)
{
    struct myna_event ev = {.type = MYNA_EV_ERROR, .u.fault = c->held};
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_ui_event(&c->ui, &ev, &b);
    put(c, &b);
}

static void late_fire(struct myna_timer *t)
{
    show_held(t->arg);
}

/* A door that is gone ends the call in a moment, and its sentence is what the command says at last:
 * it need not be read twice. */
static bool holds(struct console *c, const struct myna_event *ev)
{
    const struct myna_fault *f = &ev->u.fault;

    if (ev->type != MYNA_EV_ERROR || f->recoverable || f->stage != MYNA_STAGE_TRANSPORT ||
        !f->message || c->late.slot)
        return false;
    (void)myna_fail(&c->held_why, f->err, "%s", f->message);
    snprintf(c->held_provider, sizeof c->held_provider, "%s", f->provider ? f->provider : "");
    c->held = *f;
    c->held.message = c->held_why.text;
    c->held.provider = c->held_provider;
    return !myna_timer_set(&c->late, myna_runtime_now(c->rt) + END_WITHIN);
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct console *c = arg;
    struct myna_buf b;

    myna_calls_event(c->calls, s, ev);
    keep_event(c, ev);
    myna_buf_init(&b, 0);
    if (ev->type == MYNA_EV_AGENT_STATE_CHANGED && c->n_falls &&
        ev->u.agent_state.new_state == MYNA_AGENT_LISTENING &&
        !(c->used[c->n_falls - 1].tokens_in + c->used[c->n_falls - 1].tokens_out))
        c->used[c->n_falls - 1] = c->ui.usage;
    if (!holds(c, ev))
        myna_ui_event(&c->ui, ev, &b);
    put(c, &b);
    if (ev->type == MYNA_EV_TURN_LATENCY && c->n_falls < TURNS_KEPT)
        c->falls[c->n_falls++] = ev->u.latency.w;
    if (ev->type == MYNA_EV_ERROR && !ev->u.fault.recoverable && !c->why.err)
        (void)myna_fail(&c->why, ev->u.fault.err, "%s",
                        ev->u.fault.message ? ev->u.fault.message : "");
    if (c->typed)
        myna_typed_event(c->typed, ev);
    if (ev->type != MYNA_EV_CLOSE)
        return;
    const struct myna_fault *f = ev->u.close.fault;
    if (f && !c->err && !c->why.err)
        (void)myna_fail(&c->why, f->err, "%s", f->message ? f->message : "the call has failed");
    if (f && !c->err)
        c->err = c->why.err;
    if (c->err && !strcmp(c->why.text, c->held_why.text))
        myna_timer_clear(&c->late);
    if (c->late.slot) {
        myna_timer_clear(&c->late);
        show_held(c);
    }
    quiet_down(c);
}

static void levels_fire(struct myna_timer *t)
{
    struct console *c = t->arg;
    struct winsize size;
    struct myna_buf b;

    if (!ioctl(fileno(c->print), TIOCGWINSZ, &size) && size.ws_col >= 20)
        c->ui.columns = size.ws_col;
    myna_session_levels(c->session, &c->ui.in_dbfs, &c->ui.out_dbfs);
    myna_buf_init(&b, 0);
    myna_ui_draw(&c->ui, &b);
    put(c, &b);
    (void)!myna_timer_set(t, myna_runtime_now(c->rt) + LEVELS_EVERY);
}

/* ---- typed */

static void prompt(struct console *c)
{
    if (!myna_typed_at_terminal(c->typed))
        return;
    fputs("> ", c->print);
    fflush(c->print);
}

static void typed_say(void *arg, const char *line)
{
    struct console *c = arg;

    if (!myna_typed_at_terminal(c->typed)) /* a terminal shows it by itself */
        fprintf(c->print, "You:   %s\n", line);
    if (c->ui.streaming) {
        fputc('\n', c->print);
        c->ui.streaming = false;
    }
    fflush(c->print);
    if (myna_session_text(c->session, line) != MYNA_OK)
        note(c, "That was not taken: the call is ending.");
}

static void typed_over(void *arg)
{
    struct console *c = arg;

    myna_session_shutdown(c->session, true, "user_initiated");
}

/* ---- the doors */

static enum myna_err files(struct console *c, const char *in, const char *out, const char *origin,
                           struct myna_why *why)
{
    enum myna_err err = myna_config_set(c->cfg, "transport.file.in", in, origin, why);

    if (!err && out)
        err = myna_config_set(c->cfg, "transport.file.out", out, "--out", why);
    c->transport_name = "file";
    return err;
}

static enum myna_err sound_card(struct console *c, struct myna_why *why)
{
    for (const struct myna_transport_class *const *p = myna_builtin_transports(); *p; p++)
        if (!strcmp((*p)->name, "terminal"))
            return (*p)->create(&c->transport, myna_runtime_host(c->rt), c->cfg, why);
    return myna_fail(why, MYNA_EUNAVAIL, "this program was built without sound card support");
}

/* Does the agent speak first? */
static bool greets(const struct console *c)
{
    const char *greet = myna_config_get(c->cfg, "agent.greet");
    const char *greeting = myna_config_get(c->cfg, "agent.greeting");

    return (greeting && *greeting) || (greet && !strcmp(greet, "true"));
}

/* No sound card: the question that comes with the project is asked, the answer is kept. */
static enum myna_err recorded_question(struct console *c, const struct myna_why *no_card,
                                       struct myna_why *why)
{
    static const char *const places[] = {MYNA_SHARE_DIR "/question.wav",
                                         MYNA_SOURCE_DIR "/data/question.wav"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!myna_fs_exists(places[i]))
            continue;
        c->answer = c->opt.out ? c->opt.out : ANSWER_FILE;
        note(c, "%s", no_card->text);
        note(c, "So the recorded question is asked instead; the answer is kept in %s.", c->answer);
        /* Asked when the greeting is over, as a polite person would. */
        if (greets(c) &&
            myna_config_set(c->cfg, "transport.file.greeting", "60s", "the recorded question", why))
            return why->err;
        if (myna_config_set(c->cfg, "transport.file.lead", "1s", "the recorded question", why))
            return why->err;
        return files(c, places[i], c->answer, "the recorded question", why);
    }
    return myna_fail(why, MYNA_ENOENT,
                     "%s; and the recorded question is missing (%s): ask with --in QUESTION.wav, "
                     "or type with --text",
                     no_card->text, places[0]);
}

/* Nobody is heard: what hears is simple, and needs no model. Who was chosen stays. */
static enum myna_err typed(struct console *c, struct myna_why *why)
{
    static const char *const simple[][2] = {{"stt.provider", "instant"},
                                            {"vad.provider", "energy"}};
    enum myna_err err = MYNA_OK;

    c->transport_name = "none";
    c->ui.stream = true;
    for (size_t i = 0; i < sizeof simple / sizeof *simple && !err; i++)
        if (myna_config_is_default(c->cfg, simple[i][0]))
            err = myna_config_set(c->cfg, simple[i][0], simple[i][1], "--text", why);
    return err;
}

static enum myna_err choose_door(struct console *c, struct myna_why *why)
{
    struct myna_why no_card;
    enum myna_err err;

    if (c->opt.transport) {
        c->transport_name = c->opt.transport;
        c->ui.live = !c->opt.quiet && isatty(fileno(c->print)) == 1;
        return MYNA_OK;
    }
    if (c->opt.text)
        return typed(c, why);
    if (c->opt.in)
        return files(c, c->opt.in, c->opt.out, "--in", why);
    if (c->opt.out && !c->opt.fast)
        return myna_fail(why, MYNA_ECONFIG, "--out needs --in: name the WAV to ask");
    if (c->opt.fast) {
        (void)myna_fail(&no_card, MYNA_EUNAVAIL,
                        "A sound card cannot go faster than time (--fast).");
        return recorded_question(c, &no_card, why);
    }
    err = sound_card(c, &no_card);
    if (err == MYNA_EUNAVAIL)
        return recorded_question(c, &no_card, why);
    if (err && why)
        *why = no_card;
    c->ui.live = !err && !c->opt.quiet && isatty(fileno(c->print)) == 1;
    return err;
}

/* ---- the call */

static enum myna_err open_all(struct console *c, struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro,
                                      .config = c->cfg,
                                      .virtual_clock = c->opt.fast,
                                      .log = log_line,
                                      .log_arg = c};
    enum myna_err err = MYNA_OK;

    c->thread = pthread_self();
    if (c->opt.record)
        err = myna_config_set(c->cfg, "record.enabled", "true", "--record", why);
    if (!err && c->opt.record_dir)
        err = myna_config_set(c->cfg, "record.dir", c->opt.record_dir, "--record", why);
    if (!err && c->opt.events) {
        c->events = fopen(c->opt.events, "w");
        if (!c->events)
            err = myna_fs_fail(why, "write", c->opt.events);
    }
    if (!err)
        err = myna_signals_open(&c->signals, why);
    if (!err)
        err = myna_runtime_create(&ro, &c->rt, why);
    if (err)
        return err;
    myna_host_timer_init(myna_runtime_host(c->rt), &c->levels, levels_fire, c);
    myna_host_timer_init(myna_runtime_host(c->rt), &c->late, late_fire, c);
    err = myna_signals_watch(&c->signals, myna_runtime_host(c->rt), why);
    return err ? err : choose_door(c, why);
}

static void calls_said(void *arg, const char *sentence)
{
    note(arg, "Note: %s.", sentence);
}

/* On the virtual clock chance begins alike with every run, and so do the sessions' ids. */
static void log_begin(struct console *c)
{
    const bool room = c->opt.transport && !strcmp(c->opt.transport, "livekit");
    struct myna_call_info info = {.size = sizeof info,
                                  .door = c->opt.transport ? c->opt.transport : "console",
                                  .callee = room ? myna_config_get(c->cfg, "transport.livekit.room")
                                                 : NULL};
    char id[80];

    snprintf(id, sizeof id, "%.50s-%08x", myna_session_id(c->session),
             (unsigned)(myna_clock_monotonic() ^ (myna_us)getpid() << 16));
    if (c->opt.fast)
        info.id = id;
    myna_calls_begin(c->calls, c->session, &info);
}

static enum myna_err start_call(struct console *c, struct myna_why *why)
{
    struct myna_session_options so = {.size = sizeof so,
                                      .transport = c->transport,
                                      .transport_name = c->transport_name,
                                      .on_event = on_event,
                                      .arg = c,
                                      .tells_errors = true};
    struct myna_why no_log = {0};
    enum myna_err err = myna_session_create(c->rt, &so, &c->session, why);

    if (err)
        return err;
    c->transport = NULL;
    if (myna_calls_open(c->rt, calls_said, c, &c->calls, &no_log))
        calls_said(c, no_log.text);
    log_begin(c);
    if (c->opt.text) {
        struct myna_typed_options to = {.host = myna_runtime_host(c->rt),
                                        .fd = c->opt.typed_fd,
                                        .say = typed_say,
                                        .over = typed_over,
                                        .arg = c};

        c->typed = myna_typed_create(&to, why);
        if (!c->typed)
            return why ? why->err : MYNA_EIO;
    }
    err = myna_session_start(c->session, why);
    if (err)
        return err;
    if (c->typed)
        prompt(c);
    if (c->ui.live)
        levels_fire(&c->levels);
    return MYNA_OK;
}

static void report(struct console *c)
{
    struct myna_buf b;

    if (c->opt.quiet)
        return;
    myna_buf_init(&b, 0);
    for (size_t i = 0; i < c->n_falls && !c->opt.text; i++) {
        myna_waterfall_render(&b, &c->falls[i], (int)i + 1);
        if (c->used[i].tokens_in + c->used[i].tokens_out) {
            myna_buf_puts(&b, "  ");
            myna_turn_usage_text(&b, &c->used[i]);
            myna_buf_putc(&b, '\n');
        }
    }
    put(c, &b);
    if (c->answer && !c->err)
        note(c, "What was heard is in %s.", c->answer);
    if (c->session && myna_session_record_dir(c->session))
        note(c, "Recorded in %s.", myna_session_record_dir(c->session));
}

static void fini(struct console *c)
{
    myna_typed_destroy(c->typed);
    if (c->levels.in)
        myna_timer_clear(&c->levels);
    if (c->late.in)
        myna_timer_clear(&c->late);
    myna_signals_close(&c->signals);
    myna_session_destroy(c->session);
    myna_calls_close(c->calls);
    if (c->transport)
        c->transport->cls->destroy(c->transport);
    myna_runtime_destroy(c->rt);
    if (c->events)
        fclose(c->events);
    myna_ui_fini(&c->ui);
    myna_last_resort_end(c->last_resort);
    free(c);
}

enum myna_err myna_console_run(struct myna_config *cfg, const struct myna_console_options *opt,
                               struct myna_why *why)
{
    struct myna_why own = {0};
    struct console *c = calloc(1, sizeof *c);
    enum myna_err err;

    if (!why)
        why = &own;
    if (!c)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    c->opt = *opt;
    c->cfg = cfg;
    myna_signals_init(&c->signals, hang_up, c);
    c->print = opt->print ? opt->print : stdout;
    myna_ui_init(&c->ui);
    c->ui.colour = opt->colour;
    c->ui.quiet = opt->quiet;
    err = open_all(c, why);
    if (!err)
        err = start_call(c, why);
    if (!err) {
        myna_runtime_run(c->rt);
        if (!c->closed)
            quiet_down(c);
        err = c->err;
        if (err)
            *why = c->why;
        report(c);
    }
    fini(c);
    return err;
}

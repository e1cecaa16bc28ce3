/* ui.c - lines that stay and lines that move. The lower lines are erased before anything is printed
 * and drawn again after it, so that they are always the last on the screen; each is cut to the
 * terminal's width, because a wrapped line could not be erased. */
#include "console/ui.h"

#include <stdio.h>
#include <string.h>

#include <myna/calls.h>

#include "console/waterfall.h"

#define DIM   "\033[2m"
#define CYAN  "\033[36m"
#define GREEN "\033[32m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

enum { WORDS_MAX = 16384, CELLS = 10, QUIETEST_DB = -60 };

void myna_ui_init(struct myna_ui *ui)
{
    memset(ui, 0, sizeof *ui);
    ui->columns = 80;
    ui->in_dbfs = ui->out_dbfs = -96;
    ui->answer_ms = ui->told_ms = -1;
    myna_buf_init(&ui->person, WORDS_MAX);
    myna_buf_init(&ui->answer, WORDS_MAX);
}

void myna_ui_fini(struct myna_ui *ui)
{
    myna_buf_fini(&ui->person);
    myna_buf_fini(&ui->answer);
}

void myna_ui_plain(struct myna_buf *out, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    for (; *p; p++) {
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) { /* C1 in UTF-8 */
            myna_buf_putc(out, ' ');
            p++;
        } else {
            myna_buf_putc(out, *p < 0x20 || *p == 0x7f ? ' ' : (char)*p);
        }
    }
}

void myna_ui_meter(struct myna_buf *out, float dbfs)
{
    int lit = (int)((dbfs - QUIETEST_DB) * CELLS / -QUIETEST_DB + 0.5f);

    for (int i = 0; i < CELLS; i++)
        myna_buf_puts(out, i < lit ? "▮" : "▯");
}

static void paint(const struct myna_ui *ui, struct myna_buf *out, const char *how)
{
    if (ui->colour)
        myna_buf_puts(out, how);
}

/* The end of the text that fits into `columns` characters; what was said last matters. */
static void tail(struct myna_buf *out, const char *text, int columns)
{
    const char *p = text + strlen(text);
    int n = 0;

    while (p > text && n < columns) {
        do
            p--;
        while (p > text && ((unsigned char)*p & 0xc0) == 0x80);
        n++;
    }
    if (p > text) {
        do
            p++;
        while (((unsigned char)*p & 0xc0) == 0x80);
        myna_buf_puts(out, "…");
    }
    myna_ui_plain(out, p);
}

void myna_ui_erase(struct myna_ui *ui, struct myna_buf *out)
{
    if (!ui->drawn)
        return;
    if (ui->drawn > 1)
        myna_buf_printf(out, "\033[%dA", ui->drawn - 1);
    myna_buf_puts(out, "\r\033[J");
    ui->drawn = 0;
}

/* Words on their way: the person's first, as the agent's are heard only when those have ended. */
static void draw_words(struct myna_ui *ui, struct myna_buf *out)
{
    const struct myna_buf *b = ui->person.len ? &ui->person : &ui->answer;
    const char *who = ui->person.len ? "You:   " : "Agent: ";

    if (!b->len)
        return;
    paint(ui, out, DIM);
    myna_buf_puts(out, who);
    tail(out, myna_buf_str(b), ui->columns - 9);
    paint(ui, out, PLAIN);
    myna_buf_putc(out, '\n');
    ui->drawn++;
}

void myna_ui_draw(struct myna_ui *ui, struct myna_buf *out)
{
    if (!ui->live)
        return;
    myna_ui_erase(ui, out);
    draw_words(ui, out);
    myna_buf_printf(out, "%-12s", myna_agent_state_name(ui->agent));
    if (ui->columns >= 48) {
        myna_buf_puts(out, " you ");
        myna_ui_meter(out, ui->in_dbfs);
        myna_buf_puts(out, " agent ");
        myna_ui_meter(out, ui->out_dbfs);
    }
    if (ui->columns >= 72 && ui->answer_ms >= 0)
        myna_buf_printf(out, "  last answer %.0f ms", ui->answer_ms);
    ui->drawn++;
}

/* ---- lines that stay */

/* `who` in colour; without one the whole line. */
static void line(struct myna_ui *ui, struct myna_buf *out, const char *colour, const char *who,
                 const char *text, const char *after)
{
    myna_ui_erase(ui, out);
    if (ui->streaming)
        myna_buf_putc(out, '\n');
    ui->streaming = false;
    paint(ui, out, colour);
    myna_buf_puts(out, who);
    if (*who)
        paint(ui, out, PLAIN);
    myna_ui_plain(out, text);
    myna_buf_puts(out, after);
    paint(ui, out, PLAIN);
    myna_buf_putc(out, '\n');
    myna_ui_draw(ui, out);
}

void myna_ui_note(struct myna_ui *ui, struct myna_buf *out, const char *text)
{
    if (!ui->quiet)
        line(ui, out, DIM, "", text, "");
}

static void heard_words(struct myna_ui *ui, const struct myna_event *ev, struct myna_buf *out)
{
    const char *text = ev->u.agent_transcript.text ? ev->u.agent_transcript.text : "";
    bool cut = ev->u.agent_transcript.interrupted;

    if (!ev->u.agent_transcript.is_final) {
        if (ui->stream) {
            if (!ui->streaming) {
                paint(ui, out, GREEN);
                myna_buf_puts(out, "Agent: ");
                paint(ui, out, PLAIN);
            }
            ui->streaming = true;
            myna_ui_plain(out, text);
            return;
        }
        myna_buf_puts(&ui->answer, text);
        myna_ui_draw(ui, out);
        return;
    }
    myna_buf_clear(&ui->answer);
    if (ui->streaming) {
        myna_buf_puts(out, cut ? " [interrupted]\n" : "\n");
        ui->streaming = false;
    } else if (*text) {
        line(ui, out, GREEN, "Agent: ", text, cut ? " [interrupted]" : "");
    }
}

static void said_words(struct myna_ui *ui, const struct myna_item *item, struct myna_buf *out)
{
    if (item->type != MYNA_ITEM_MESSAGE || item->role != MYNA_ROLE_USER)
        return;
    myna_buf_clear(&ui->person);
    if (!ui->stream)
        line(ui, out, CYAN, "You:   ", item->text ? item->text : "", "");
}

static void failed(struct myna_ui *ui, const struct myna_fault *f, struct myna_buf *out)
{
    struct myna_buf text;

    myna_buf_init(&text, 4096);
    myna_buf_printf(&text, "%s (%s): %s", myna_stage_name(f->stage), f->provider ? f->provider : "",
                    f->message ? f->message : myna_strerror(f->err));
    line(ui, out, RED, "! ", myna_buf_str(&text), "");
    myna_buf_fini(&text);
}

static void switched(struct myna_ui *ui, const struct myna_event *ev, struct myna_buf *out)
{
    char text[400];

    snprintf(text, sizeof text, "%s: %s instead of %s%s%s", myna_stage_name(ev->u.switched.stage),
             ev->u.switched.to, ev->u.switched.from, ev->u.switched.reason ? ", since " : " again",
             ev->u.switched.reason ? ev->u.switched.reason : "");
    myna_ui_note(ui, out, text);
}

void myna_turn_usage_text(struct myna_buf *out, const struct myna_turn_usage *u)
{
    if (u->tokens_in + u->tokens_out == 0)
        return;
    myna_buf_printf(out, "%lld tokens in, %lld out", (long long)u->tokens_in,
                    (long long)u->tokens_out);
    if (u->cost > 0)
        myna_buf_printf(out, ", %.4f USD", u->cost);
}

/* The agent asks as often as its tools want: all of it is the turn's. */
static void count(struct myna_ui *ui, const struct myna_metrics *m)
{
    struct myna_usage u = {.stage = MYNA_STAGE_LLM,
                           .provider = m->label,
                           .model = m->model,
                           .input_tokens = m->prompt_tokens,
                           .input_cached_tokens = m->prompt_cached_tokens,
                           .input_cache_write_tokens = m->prompt_cache_write_tokens,
                           .output_tokens = m->completion_tokens,
                           .cost = m->cost};

    if (m->type != MYNA_METRICS_LLM)
        return;
    ui->usage.tokens_in += m->prompt_tokens;
    ui->usage.tokens_out += m->completion_tokens;
    if (m->prompt_tokens + m->completion_tokens > 0)
        ui->usage.cost += myna_usage_cost(&u);
}

/* The turn's line stands when the answer is over: only then is its usage known. */
static void turn_over(struct myna_ui *ui, struct myna_buf *out)
{
    struct myna_buf text;

    if (ui->live && ui->told_ms >= 0) {
        myna_buf_init(&text, 200);
        myna_buf_printf(&text, "       (answered after %.0f ms%s", ui->told_ms,
                        ui->usage.tokens_in + ui->usage.tokens_out ? "; " : "");
        myna_turn_usage_text(&text, &ui->usage);
        myna_buf_puts(&text, ")");
        myna_ui_note(ui, out, myna_buf_str(&text));
        myna_buf_fini(&text);
    }
    ui->told_ms = -1;
    ui->usage = (struct myna_turn_usage){0};
}

void myna_ui_event(struct myna_ui *ui, const struct myna_event *ev, struct myna_buf *out)
{
    switch (ev->type) {
    case MYNA_EV_USER_INPUT_TRANSCRIBED:
        myna_buf_clear(&ui->person);
        myna_buf_puts(&ui->person,
                      ev->u.transcribed.transcript ? ev->u.transcribed.transcript : "");
        myna_ui_draw(ui, out);
        break;
    case MYNA_EV_AGENT_STATE_CHANGED:
        ui->agent = ev->u.agent_state.new_state;
        if (ui->agent == MYNA_AGENT_LISTENING)
            turn_over(ui, out);
        myna_ui_draw(ui, out);
        break;
    case MYNA_EV_CONVERSATION_ITEM_ADDED:
        said_words(ui, ev->u.item, out);
        break;
    case MYNA_EV_AGENT_TRANSCRIPT:
        heard_words(ui, ev, out);
        break;
    case MYNA_EV_TURN_LATENCY:
        ui->answer_ms = ui->told_ms = myna_waterfall_answer_ms(&ev->u.latency.w);
        break;
    case MYNA_EV_METRICS_COLLECTED:
        count(ui, ev->u.metrics);
        break;
    case MYNA_EV_PROVIDER_SWITCHED:
        switched(ui, ev, out);
        break;
    case MYNA_EV_ERROR:
        failed(ui, &ev->u.fault, out);
        break;
    case MYNA_EV_USER_STATE_CHANGED: /* nothing to see */
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
    case MYNA_EV_SESSION_USAGE_UPDATED:
    case MYNA_EV_SPEECH_CREATED:
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
    case MYNA_EV_OVERLAPPING_SPEECH:
    case MYNA_EV_EOT_PREDICTION:
    case MYNA_EV_DEBUG_MESSAGE:
    case MYNA_EV_CLOSE:
    case MYNA_EV_PERSON_SPEAKING:
    case MYNA_EV_DATA_RECEIVED:
    case MYNA_EV_ATTRIBUTE_CHANGED:
    case MYNA_EV_PLAYOUT:
    case MYNA_EV_AGENT_TOOL_PROGRESS:
        break;
    }
}

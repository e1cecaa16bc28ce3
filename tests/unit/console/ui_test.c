/* ui_test.c - what reaches the terminal, byte by byte. */
#include "check.h"

#include "console/ui.h"

static struct myna_ui ui;
static struct myna_buf out;

static void begin(bool live)
{
    myna_ui_init(&ui);
    ui.live = live;
    myna_buf_init(&out, 0);
}

static void end(void)
{
    myna_ui_fini(&ui);
    myna_buf_fini(&out);
}

static void user_said(const char *text)
{
    struct myna_item item = {.type = MYNA_ITEM_MESSAGE, .role = MYNA_ROLE_USER, .text = text};
    struct myna_event ev = {.type = MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &item};

    myna_ui_event(&ui, &ev, &out);
}

static void hears(const char *text)
{
    struct myna_event ev = {.type = MYNA_EV_USER_INPUT_TRANSCRIBED,
                            .u.transcribed = {.transcript = text}};

    myna_ui_event(&ui, &ev, &out);
}

static void agent_says(const char *text, bool final, bool cut)
{
    struct myna_event ev = {
        .type = MYNA_EV_AGENT_TRANSCRIPT,
        .u.agent_transcript = {.text = text, .is_final = final, .interrupted = cut}};

    myna_ui_event(&ui, &ev, &out);
}

TEST(in_a_file_only_whole_lines_appear)
{
    begin(false);
    hears("what");
    hears("what time");
    user_said("What time is it?");
    agent_says("It is ", false, false);
    agent_says("noon.", false, false);
    agent_says("It is noon.", true, false);
    CHECK_STR(myna_buf_str(&out), "You:   What time is it?\nAgent: It is noon.\n");
    end();
}

TEST(an_answer_that_was_cut_says_so_and_an_unheard_one_is_not_shown)
{
    begin(false);
    agent_says("Once upon", true, true);
    agent_says("", true, true);
    CHECK_STR(myna_buf_str(&out), "Agent: Once upon [interrupted]\n");
    end();
}

TEST(live_words_are_replaced_where_they_stand)
{
    begin(true);
    ui.columns = 40;
    ui.agent = MYNA_AGENT_LISTENING;
    hears("what");
    myna_buf_clear(&out);
    hears("what time");
    /* two live lines: up one, to the left, clear below, draw again */
    CHECK_STR(myna_buf_str(&out), "\033[1A\r\033[JYou:   what time\nlistening   ");
    myna_buf_clear(&out);
    user_said("What time is it?");
    CHECK_STR(myna_buf_str(&out), "\033[1A\r\033[JYou:   What time is it?\nlistening   ");
    end();
}

TEST(long_words_are_cut_at_their_beginning_to_the_width)
{
    begin(true);
    ui.columns = 20;
    hears("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa ünd jëtzt");
    CHECK_HAS(myna_buf_str(&out), "You:   … ünd jëtzt\n"); /* 7 + 1 + 11 of 20 */
    end();
}

TEST(the_status_line_shows_levels_and_the_last_answer)
{
    begin(true);
    ui.agent = MYNA_AGENT_SPEAKING;
    ui.in_dbfs = -96;
    ui.out_dbfs = -30;
    ui.answer_ms = 843.4;
    myna_ui_draw(&ui, &out);
    CHECK_STR(myna_buf_str(&out),
              "speaking     you ▯▯▯▯▯▯▯▯▯▯ agent ▮▮▮▮▮▯▯▯▯▯  last answer 843 ms");
    end();
}

static void state(enum myna_agent_state now)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_STATE_CHANGED,
                            .u.agent_state = {.new_state = now}};

    myna_ui_event(&ui, &ev, &out);
}

static void answers_take(const char *provider, int in, int tokens, double cost)
{
    struct myna_metrics m = {.type = MYNA_METRICS_LLM,
                             .label = provider,
                             .prompt_tokens = in,
                             .completion_tokens = tokens,
                             .cost = cost};
    struct myna_event ev = {.type = MYNA_EV_METRICS_COLLECTED, .u.metrics = &m};

    myna_ui_event(&ui, &ev, &out);
}

static void latency(myna_us heard)
{
    struct myna_event ev = {.type = MYNA_EV_TURN_LATENCY,
                            .u.latency.w = {.speech_end = 0, .heard = heard}};

    myna_ui_event(&ui, &ev, &out);
}

TEST(the_line_of_a_turn_has_its_latency_its_tokens_and_their_price)
{
    begin(true);
    state(MYNA_AGENT_THINKING);
    answers_take("openai", 100, 20, 0.001);
    latency(843 * MYNA_MS);
    answers_take("openai", 130, 15, 0.0015); /* again, after a tool */
    state(MYNA_AGENT_LISTENING);
    CHECK_HAS(myna_buf_str(&out),
              "       (answered after 843 ms; 230 tokens in, 35 out, 0.0025 USD)");
    myna_buf_clear(&out);
    answers_take("ollama", 10, 5, 0); /* one's own machine costs nothing; the count begins anew */
    latency(500 * MYNA_MS);
    state(MYNA_AGENT_LISTENING);
    CHECK_HAS(myna_buf_str(&out), "       (answered after 500 ms; 10 tokens in, 5 out)");
    myna_buf_clear(&out);
    latency(300 * MYNA_MS);
    state(MYNA_AGENT_LISTENING);
    CHECK_HAS(myna_buf_str(&out), "       (answered after 300 ms)");
    myna_buf_clear(&out);
    state(MYNA_AGENT_LISTENING);
    CHECK(!strstr(myna_buf_str(&out), "answered"));
    end();
}

TEST(nobody_writes_escapes_onto_the_terminal)
{
    begin(false);
    agent_says("a\033[2Jb\x07\xc2\x9b"
               "c\nd",
               true, false);
    CHECK_STR(myna_buf_str(&out), "Agent: a [2Jb  c d\n");
    end();
}

TEST(typed_answers_stream_and_end_with_their_line)
{
    begin(false);
    ui.stream = true;
    user_said("hi"); /* the person sees what they typed */
    agent_says("It is ", false, false);
    agent_says("noon.", false, false);
    agent_says("It is noon.", true, false);
    CHECK_STR(myna_buf_str(&out), "Agent: It is noon.\n");
    end();
}

TEST(a_fault_is_one_line_with_stage_provider_and_sentence)
{
    begin(false);
    struct myna_event ev = {.type = MYNA_EV_ERROR,
                            .u.fault = {.stage = MYNA_STAGE_TTS,
                                        .provider = "piper",
                                        .message = "the voice has no file"}};
    myna_ui_event(&ui, &ev, &out);
    CHECK_HAS(myna_buf_str(&out), "(piper): the voice has no file\n");
    end();
}

TEST(quiet_leaves_notes_out_and_colour_wraps_the_name_alone)
{
    begin(false);
    ui.quiet = true;
    ui.colour = true;
    myna_ui_note(&ui, &out, "note");
    CHECK_EQ(out.len, 0);
    user_said("hi");
    CHECK_STR(myna_buf_str(&out), "\033[36mYou:   \033[0mhi\033[0m\n");
    end();
}

TEST_MAIN

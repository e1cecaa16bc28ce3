/* memory_test.c - a whole short call, recorded, while one allocation or one file call fails: it
 * cannot be made, or it goes on with something missing and still ends with `close`. */
#include "sim.h"

#include <unistd.h>

#include "audio/wav.h"
#include "fault.h"

#define HELLO  "Hello?"
#define ANSWER "I'm well!"

static int closes;

static void count_closes(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    closes += ev->type == MYNA_EV_CLOSE;
}

/* Greeting, question, answer, interruption. */
static struct sim *plain_call(struct sim_setup setup)
{
    struct sim *s;

    setup.pausable = true;
    setup.greeting = "Hi.";
    s = sim_create(&setup);
    sim_voice(s, "Hi.", 100);
    sim_user(s, 400, 600, HELLO, 40);
    sim_answer(s, HELLO, ANSWER)->ttft_ms = 20;
    sim_voice(s, ANSWER, 3000)->ttfb_ms = 20;
    sim_user(s, 1500, 2100, "Stop!", 40);
    sim_run(s, 2700);
    return s;
}

static const struct myna_tool_def tools[] = {
    {"price", "of a bird", "{\"type\":\"object\",\"properties\":{\"bird\":{\"type\":\"string\"}}}"},
};

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "twenty"};

    sim_result_later(s, call->call_id, 50, &r);
    return true;
}

static bool decide_later(struct sim *s, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict)
{
    (void)text;
    (void)verdict;
    sim_decide_later(s, turn, 50, MYNA_TURN_REPLY);
    return false;
}

static const char *typing(void)
{
    static char set[80];
    static const int16_t pcm[2400] = {3000};
    struct myna_wav_writer *w;
    int fd;

    if (set[0])
        return set;
    snprintf(set, sizeof set, "background.thinking=/tmp/myna-typing-XXXXXX");
    fd = mkstemp(strchr(set, '/'));
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK_EQ(myna_wav_create(strchr(set, '/'), MYNA_OUT_RATE_HZ, &w, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, 2400, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
    return set;
}

/* A tool, another agent, typed words, interims, a guess ahead, sounds behind it all. */
static struct sim *busy_call(struct sim_setup setup)
{
    const char *const config[] = {"agents.sales.instructions=You sell birds.",
                                  "agents.sales.description=sells birds",
                                  "agents.sales.greeting=Sales here.",
                                  "turn.preemptive_generation=true",
                                  "turn.preemptive_tts=true",
                                  "session.user_away_timeout=3s",
                                  typing(),
                                  NULL};
    struct sim *s;

    setup.config = config;
    setup.tools = tools;
    setup.n_tools = 1;
    setup.tool = tool;
    setup.hook = decide_later;
    s = sim_create(&setup);
    sim_interim(s, 500, "How");
    sim_user(s, 400, 600, "How much?", 40);
    sim_answer(s, "How much?", "Let me see.")->calls[0] =
        (struct sim_call){"price", "{\"bird\":\"myna\"}", "1", NULL};
    sim_voice(s, "Let me see.", 100)->ttfb_ms = 20;
    sim_answer(s, "output:twenty", "It is twenty.");
    sim_voice(s, "It is twenty.", 100)->ttfb_ms = 20;
    sim_answer(s, "I want it.", "")->calls[0] =
        (struct sim_call){"handoff_to", "{\"agent\":\"sales\"}", "2", NULL};
    sim_voice(s, "Sales here.", 100)->ttfb_ms = 20;
    sim_run(s, 3000);
    if (sim_session(s))
        (void)!myna_session_text(sim_session(s), "I want it.");
    sim_run(s, 5000);
    return s;
}

static struct sim *(*held)(struct sim_setup setup);

/* false: the failure was never reached. */
static bool call(unsigned long fail_alloc, unsigned long fail_io)
{
    size_t live = fault_live();
    struct sim *s;
    bool hit;

    closes = 0;
    s = held(
        (struct sim_setup){.told = count_closes, .fail_alloc = fail_alloc, .fail_io = fail_io});
    if (sim_session(s))
        myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 12000);
    hit = fault_hit();
    if (sim_started(s) && closes != 1)
        check_fail(__FILE__, __LINE__, "close was told %d times%s", closes, fault_describe());
    sim_end(s);
    if (fault_live() != live)
        check_fail(__FILE__, __LINE__, "%zu blocks are left behind (failure %lu)",
                   fault_live() - live, fail_alloc + fail_io);
    return hit;
}

/* Each of the first ones (making and starting), then a sample of the rest: a prime step meets every
 * place in some round. */
static void every(struct sim *(*how)(struct sim_setup setup), bool io)
{
    unsigned long n = 1, tried = 0;

    held = how;
    while (call(io ? 0 : n, io ? n : 0)) {
        tried++;
        n += n < 300 ? 1 : 31;
    }
    printf("# %lu failures tried, the last at %lu\n", tried, n);
    CHECK(tried > (io ? 5 : 200));
}

TEST(an_allocation_that_fails_costs_a_part_of_the_call_never_its_end)
{
    every(plain_call, false);
}

TEST(a_file_call_that_fails_costs_the_recording_never_the_call)
{
    every(plain_call, true);
}

TEST(nor_where_tools_agents_and_sounds_take_part)
{
    struct sim *s = busy_call((struct sim_setup){.told = count_closes});

    CHECK_TOOLS(s, "price: twenty | handoff_to: {\"status\":\"handed over\",\"agent\":\"sales\"}");
    CHECK_ITEMS(s,
                "handoff | user: How much? | assistant: Let me see. | assistant: It is twenty. | "
                "user: I want it. | handoff | assistant: Sales here.");
    sim_end(s);
    every(busy_call, false);
}

TEST(nor_does_a_file_call)
{
    every(busy_call, true);
    unlink(strchr(typing(), '/'));
}

TEST_MAIN

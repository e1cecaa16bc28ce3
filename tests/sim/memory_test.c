/* memory_test.c - a whole short call, recorded, while one allocation or one file call fails: it
 * cannot be made, or it goes on with something missing and still ends with `close`. */
#include "sim.h"

#include "fault.h"

#define HELLO  "Hello?"
#define ANSWER "I'm well!"

static int closes;

static void count_closes(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    closes += ev->type == MYNA_EV_CLOSE;
}

/* Greeting, question, answer, interruption, end. false: the failure was never reached. */
static bool call(unsigned long fail_alloc, unsigned long fail_io)
{
    size_t live = fault_live();
    bool hit;
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true,
                                                   .greeting = "Hi.",
                                                   .told = count_closes,
                                                   .fail_alloc = fail_alloc,
                                                   .fail_io = fail_io});

    closes = 0;
    sim_voice(s, "Hi.", 100);
    sim_user(s, 400, 600, HELLO, 40);
    sim_answer(s, HELLO, ANSWER)->ttft_ms = 20;
    sim_voice(s, ANSWER, 3000)->ttfb_ms = 20;
    sim_user(s, 1500, 2100, "Stop!", 40);
    sim_run(s, 2700);
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
static void every(bool io)
{
    unsigned long n = 1, tried = 0;

    while (call(io ? 0 : n, io ? n : 0)) {
        tried++;
        n += n < 400 ? 1 : 13;
    }
    printf("# %lu failures tried, the last at %lu\n", tried, n);
    CHECK(tried > (io ? 5 : 200));
}

TEST(an_allocation_that_fails_costs_a_part_of_the_call_never_its_end)
{
    every(false);
}

TEST(a_file_call_that_fails_costs_the_recording_never_the_call)
{
    every(true);
}

TEST_MAIN

/* rehearsal_test.c - what the rehearsal agent says, and that it streams like a model. */
#include <time.h>

#include "llm/llm.h"
#include "providers/builtin.h"
#include "providers/rehearsal_rules.h"
#include "util/buf.h"
#include "util/host.h"

#include "check.h"
#include "fault.h"

enum { MAX_ITEMS = 12 };

static char answer[8192];

/* Turns alternate: what the caller said, what was answered, … the last is the question. */
static struct myna_llm_request request(struct myna_item items[MAX_ITEMS], const char *const *turns)
{
    struct myna_llm_request req = {.items = items, .instructions = ""};

    for (; *turns; turns++, req.n_items++)
        items[req.n_items] =
            (struct myna_item){.type = MYNA_ITEM_MESSAGE,
                               .role = req.n_items % 2 ? MYNA_ROLE_ASSISTANT : MYNA_ROLE_USER,
                               .text = *turns};
    return req;
}

#define ASK(...) ask((const char *const[]){__VA_ARGS__, NULL})
static const char *ask(const char *const *turns)
{
    struct myna_item items[MAX_ITEMS];
    struct myna_llm_request req = request(items, turns);
    struct myna_buf b;
    struct tm day = {
        .tm_year = 126, .tm_mon = 10, .tm_mday = 21, .tm_hour = 14, .tm_min = 5, .tm_isdst = -1};

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_rehearsal_answer(&req, (int64_t)mktime(&day) * 1000, &b), MYNA_OK);
    snprintf(answer, sizeof answer, "%s", myna_buf_str(&b));
    myna_buf_fini(&b);
    return answer;
}

TEST(each_question_has_its_answer)
{
    static const struct {
        const char *said, *want;
    } cases[] = {
        {"What time is it?", "It is 2:05 PM."},
        {"What's the date today?", "Today is Saturday, November 21, 2026."},
        {"Seven times eight.", "7 times 8 is 56."},
        {"What is twenty-three plus 19?", "23 plus 19 is 42."},
        {"What's two hundred and five minus 6?", "205 minus 6 is 199."},
        {"How much is 12 divided by four", "12 divided by 4 is 3."},
        {"ten divided by three please", "10 divided by 3 is about 3.333."},
        {"5 / 0", "Nobody can divide by zero."},
        {"Add 17 and 25.", "17 plus 25 is 42."},
        {"Multiply six by nine", "6 times 9 is 54."},
        {"Subtract three from ten", "10 minus 3 is 7."},
        {"two plus three times four", "2 plus 3 times 4 is 14."},
        {"one million two hundred thousand plus one", "1200000 plus 1 is 1200001."},
        {"a hundred times 1,000", "100 times 1000 is 100000."},
        {"What is 3*4+2?", "3 times 4 plus 2 is 14."},
        {"three point five times two", "3.5 times 2 is 7."},
        {"five minus eight", "5 minus 8 is minus 3."},
        {"Repeat after me: the rain in Spain.", "the rain in Spain."},
        {"Please say good morning, everyone!", "good morning, everyone!"},
        {"Hello!", "Hello! What would you like to try?"},
        {"Thank you very much.", "You are welcome."},
        {"Okay, goodbye.", "Goodbye! It was nice talking to you."},
        {"My name is Ada.", "Nice to meet you, Ada. I will remember your name for this call."},
        {"Stop!", "All right."},
        {"What is my name?", "You have not told me your name yet."},
        {"Can you repeat that?", "I have not said anything yet."},
        {"", "I did not catch that. Could you say it again?"},
        {" ?! ", "I did not catch that. Could you say it again?"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STR(ASK(cases[i].said), cases[i].want);
}

TEST(what_it_does_not_know_it_says_back)
{
    static const char *const questions[] = {
        "What is the weather like in Paris today?",
        "I have two dogs and three cats.",
        "I'm not sure about the times we live in",
        "Tell me one thing about birds.",
        "So what do you think of the song over the hills and far away?",
    };

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        CHECK_HAS(ASK(questions[i]), questions[i]);
        CHECK_HAS(answer, "llm.provider in myna.yaml");
        CHECK_HAS(answer, "rehearsal agent");
    }

    char longest[4001];
    memset(longest, 'w', 4000);
    longest[4000] = '\0';
    CHECK(strlen(ASK(longest)) < 1000);
}

TEST(the_greeting_says_what_it_is)
{
    struct myna_llm_request req = {.instructions = "", .extra_instructions = "Greet the caller."};
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_rehearsal_answer(&req, 0, &b), MYNA_OK);
    CHECK_HAS(myna_buf_str(&b), "Hello! I am Myna's rehearsal agent.");
    CHECK_HAS(myna_buf_str(&b), "Ask me");
    myna_buf_fini(&b);
}

TEST(it_remembers_within_the_call)
{
    CHECK_STR(
        ASK("Hi, I'm Grace.", "Nice to meet you.", "What is 2 plus 2?", "4.", "What's my name?"),
        "Your name is Grace.");
    CHECK_STR(ASK("my name is bob", "Hi.", "Call me Rob.", "Ok.", "do you know my name"),
              "Your name is Rob.");
    CHECK_STR(ASK("I'm fine.", "Good.", "I am looking for a bird.", "Ok.", "Who am I?"),
              "You have not told me your name yet.");
    CHECK_STR(ASK("Hello", "Hello! What now?", "Sorry, can you repeat that?"), "Hello! What now?");
}

TEST(the_story_is_long_enough_to_interrupt)
{
    const char *text = ASK("Tell me a long story.");
    int words = 1, paragraphs = 1;

    for (const char *p = text; *p; p++) {
        words += *p == ' ';
        paragraphs += p[0] == '\n' && p[1] == '\n';
    }
    CHECK(words >= 180 && words <= 300); /* 60 to 90 s at 3 words a second */
    CHECK(paragraphs >= 4);
    CHECK_STR(ASK("Story please"), text);
}

/* ------------------------------------------------------------------ the stream */

static struct {
    char text[8192];
    int texts, usages, dones, faults;
    myna_us first, last;
    bool close_at_first;
    struct myna_loop *loop;
    struct myna_llm_port *port;
} heard;

static void note(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    (void)arg;
    heard.last = myna_loop_now(heard.loop);
    switch ((int)ev->type) {
    case MYNA_LLM_TEXT:
        if (!heard.texts++)
            heard.first = heard.last;
        strncat(heard.text, (const char *)ev->text.ptr, ev->text.len);
        if (heard.close_at_first) {
            myna_llm_port_close(port);
            heard.port = NULL;
        }
        break;
    case MYNA_LLM_USAGE:
        heard.usages++;
        CHECK_EQ(ev->total_tokens, ev->prompt_tokens + ev->completion_tokens);
        break;
    case MYNA_LLM_DONE:
        heard.dones++;
        break;
    default:
        heard.faults++;
    }
}

static bool converse(void *arg)
{
    struct myna_loop_options how = {.virtual_clock = true};
    struct myna_config *cfg = myna_config_create();
    struct myna_host host = {.loop = myna_loop_create(&how, NULL)};
    struct myna_item items[MAX_ITEMS];
    struct myna_llm_request req =
        request(items, (const char *const[]){"What is six times seven?", NULL});
    struct myna_llm *llm = NULL;
    bool ok = cfg && host.loop;

    memset(&heard, 0, sizeof heard);
    heard.loop = host.loop;
    heard.close_at_first = arg != NULL;
    if (ok)
        ok = !myna_llm_rehearsal.create(&llm, &host, cfg, NULL);
    if (ok) {
        struct myna_llm_port_options opt = {.llm = llm, .request = &req, .id = 1, .event = note};

        ok = !myna_llm_port_open(&opt, &heard.port);
        items[0].text = "borrowed for the call alone";
    }
    if (ok) {
        myna_loop_run(host.loop);
        ok = !heard.faults;
    }
    myna_llm_port_close(heard.port);
    heard.port = NULL;
    if (llm)
        myna_llm_rehearsal.destroy(llm);
    myna_loop_destroy(host.loop);
    myna_config_destroy(cfg);
    return ok;
}

TEST(words_come_one_by_one)
{
    CHECK(converse(NULL));
    CHECK_STR(heard.text, "6 times 7 is 42.");
    CHECK_EQ(heard.texts, 5);
    CHECK_EQ(heard.first, 30 * MYNA_MS);
    CHECK_EQ(heard.last, (30 + 4 * 15) * MYNA_MS);
    CHECK_EQ(heard.usages, 1);
    CHECK_EQ(heard.dones, 1);
}

TEST(closing_in_the_middle_ends_it)
{
    CHECK(converse(&heard));
    CHECK_EQ(heard.texts, 1);
    CHECK_EQ(heard.dones, 0);
}

TEST(rehearsal_without_memory)
{
    CHECK(fault_each_alloc(converse, NULL) > 5);
}

TEST_MAIN

/* toolbox_test.c - entries of the configuration become tools: what is refused and how it is said,
 * HTTP endpoints against a server in the same loop, and programs. */
#include "fake_http.h"

#include <sys/stat.h>

#include "tools/toolbox.h"
#include "util/buf.h"
#include "util/host.h"
#include "util/http.h"
#include "util/process.h"

static struct {
    struct myna_host host;
    struct fake_http server;
    struct myna_config *cfg;
    struct myna_toolbox *box;
    struct myna_why why;
    int dones;
    bool is_error, end_call;
    char output[70000];
    int answers, status; /* of the server */
} w;

static void on_done(void *arg, const struct myna_tool_outcome *how)
{
    (void)arg;
    w.dones++;
    w.is_error = how->is_error;
    w.end_call = how->end_call;
    snprintf(w.output, sizeof w.output, "%s", how->output);
    myna_loop_stop(w.host.loop);
}

static void answer_sunny(struct fake_conn *c)
{
    w.answers++;
    fake_answer(c, 200, "", "sunny");
}

static void begin_on(bool virtual_clock, void (*answer)(struct fake_conn *c))
{
    struct myna_loop_options lo = {.virtual_clock = virtual_clock, .workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    fake_open(&w.server, w.host.loop, answer);
    setenv("MYNA_TEST_KEY", "sesame-4711", 1);
}

static void begin(void (*answer)(struct fake_conn *c))
{
    begin_on(false, answer);
}

static enum myna_err make(const char *yaml)
{
    char text[4000];
    size_t n = 0;

    for (; *yaml && n < sizeof text - 8; yaml++) /* PORT is the server's */
        if (!strncmp(yaml, "PORT", 4)) {
            n += (size_t)snprintf(text + n, 8, "%d", w.server.port);
            yaml += 3;
        } else {
            text[n++] = *yaml;
        }
    text[n] = '\0';
    myna_config_destroy(w.cfg);
    w.cfg = myna_config_create();
    CHECK(w.cfg);
    if (myna_config_parse(w.cfg, "t.yaml", text, n, &w.why))
        check_fail(__FILE__, __LINE__, "%s", w.why.text);
    return myna_toolbox_create(&w.host, w.cfg, &w.box, &w.why);
}

/* "  gone: …" stands behind `yaml`: a program that is there when the box is made, and then no more.
 */
static enum myna_err make_with_gone(const char *yaml)
{
    char text[1000], program[] = "/tmp/myna-gone-XXXXXX";
    int fd = mkstemp(program);
    enum myna_err err;

    CHECK(fd >= 0);
    CHECK_EQ(fchmod(fd, 0700), 0);
    close(fd);
    snprintf(text, sizeof text, "%s  gone: {command: [%s]}\n", yaml, program);
    err = make(text);
    CHECK_EQ(unlink(program), 0);
    return err;
}

static void finish(void)
{
    myna_toolbox_destroy(w.box);
    fake_shut(&w.server);
    myna_process_end_all(&w.host);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
    myna_config_destroy(w.cfg);
}

static struct myna_tool_job *start(const char *name, const char *arguments)
{
    struct myna_toolbox_call call = {.name = name, .arguments = arguments, .done = on_done};
    struct myna_tool_job *job;

    w.dones = 0;
    job = myna_toolbox_call(w.box, &call);
    CHECK_EQ(w.dones, 0); /* never from inside */
    return job;
}

static void call(const char *name, const char *arguments)
{
    CHECK(start(name, arguments));
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.dones, 1);
}

/* ---- what is refused */

#define CITY "parameters: {properties: {city: {type: string}}}"

TEST(what_is_wrong_is_named_with_its_line)
{
    static const struct {
        const char *yaml, *says;
    } bad[] = {
        {"tools:\n  a: {}\n", "t.yaml:2:3: tools.a needs a url, a command or a kind"},
        {"tools:\n  a: {url: 'http://h/', command: [b]}\n", "has a url and a command"},
        {"tools:\n  a:\n    url: ftp://h/\n", "t.yaml:3:5: tools.a.url must be http"},
        {"tools:\n  a:\n    url: 'http://{city}/'\n    " CITY "\n", "argument in its host"},
        {"tools:\n  a:\n    url: 'http://h/{town}'\n    " CITY "\n", "tools.a.url has {town}"},
        {"tools:\n  a:\n    url: 'http://h/'\n    method: FETCH\n",
         "t.yaml:4:5: tools.a.method must be GET"},
        {"tools:\n  a:\n    url: 'http://h/'\n    headers: {Key: '${MYNA_TEST_NOT_SET}'}\n",
         "tools.a.headers names the environment variable MYNA_TEST_NOT_SET, which is not set"},
        {"tools:\n  a:\n    url: 'http://h/'\n    headers: {'A b': x}\n", "that is no header"},
        {"tools:\n  a:\n    url: 'http://h/'\n    parameters: '{'\n",
         "t.yaml:4:"}, /* the configuration itself says so */
        {"tools:\n  a:\n    url: 'http://h/'\n    parameters: {type: string}\n",
         "tools.a.parameters is not a JSON schema: type must be \"object\""},
        {"tools:\n  a:\n    url: 'http://h/'\n    parameters: {properties: {c: {type: text}}}\n",
         "properties.c.type"},
        {"tools:\n  a: {command: ['{city}'], " CITY "}\n", "must begin with the program itself"},
        {"tools:\n  a: {command: [x], method: GET}\n", "is for http tools alone"},
        {"tools:\n  a:\n    command: [no-such-program-here]\n",
         "t.yaml:3:5: tools.a.command names no-such-program-here, which is not a program of this "
         "machine (it is in no directory of PATH): install it"},
        {"tools:\n  a: {command: [/etc/no-such-thing]}\n",
         "tools.a.command names /etc/no-such-thing, which is not there"},
        {"tools:\n  a: {command: [/etc/passwd]}\n", "which may not be run: chmod +x /etc/passwd"},
        {"tools:\n  a: {command: [/etc/]}\n", "which is no program: /etc/"},
        {"tools:\n  a: {command: [sh], dir: /etc/passwd}\n",
         "tools.a.dir names /etc/passwd, which is no directory"},
        {"tools:\n  a: {command: [./sh], dir: /}\n", "which is not there: //./sh"},
        {"tools:\n  a: {kind: mcp, command: [no-such-program-here]}\n",
         "which is not a program of this machine"},
        {"tools:\n  a: {kind: http}\n", "needs a url"},
        {"tools:\n  a: {kind: command}\n", "needs a command"},
        {"tools:\n  a: {kind: end_call, parameters: {type: object}}\n", "is not for end_call"},
    };

    begin(answer_sunny);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct myna_config *cfg = myna_config_create();
        enum myna_err err;

        w.box = NULL;
        err = myna_config_parse(cfg, "t.yaml", bad[i].yaml, strlen(bad[i].yaml), &w.why);
        if (!err)
            err = myna_toolbox_create(&w.host, cfg, &w.box, &w.why);
        CHECK_EQ(err, MYNA_ECONFIG);
        CHECK_HAS(w.why.text, bad[i].says);
        myna_config_destroy(cfg);
    }
    finish();
}

struct looked {
    char text[400];
};

static void on_look(void *arg, const char *entry, const char *kind, const char *wrong)
{
    struct looked *l = arg;
    size_t n = strlen(l->text);

    snprintf(l->text + n, sizeof l->text - n, "%s %s %s\n", entry, kind, wrong ? wrong : "well");
}

TEST(a_look_judges_each_entry_and_starts_nothing)
{
    static const char yaml[] =
        "tools:\n  a: {command: [./sh], dir: /bin}\n  b: {kind: mcp, command: [sh, -c, 'exit 3']}\n"
        "  c: {command: [no-such-program-here]}\n  d: {url: 'http://h/'}\n  e: {}\n"
        "  f: {kind: end_call}\n  g: {kind: mcp, url: 'http://h/'}\n";
    struct looked l = {0};

    begin(answer_sunny);
    w.cfg = myna_config_create();
    CHECK_EQ(myna_config_parse(w.cfg, "t.yaml", yaml, strlen(yaml), &w.why), MYNA_OK);
    myna_toolbox_look(w.cfg, on_look, &l);
    CHECK_HAS(l.text, "a command well\nb mcp well\nc command t.yaml:4:7: tools.c.command names ");
    CHECK_HAS(l.text, "\nd http well\ne tool t.yaml:6:3: tools.e needs ");
    CHECK_HAS(l.text, "\nf end_call well\ng mcp well\n");
    CHECK(!w.host.processes);
    finish();
}

TEST(the_list_is_what_the_configuration_says_in_its_order)
{
    const struct myna_tool_def *list;
    size_t n;

    begin(answer_sunny);
    CHECK_EQ(make("tools:\n  bye: {kind: end_call}\n  weather: {url: 'http://h/', description: "
                  "sky, " CITY "}\n"),
             MYNA_OK);
    list = myna_toolbox_tools(w.box, &n);
    CHECK_EQ(n, 2);
    CHECK_STR(list[0].name, "bye");
    CHECK_HAS(list[0].parameters, "reason");
    CHECK_STR(list[1].name, "weather");
    CHECK_STR(list[1].description, "sky");
    CHECK_HAS(list[1].parameters, "city");
    CHECK_STR(myna_toolbox_entry(w.box, 1), "weather");
    CHECK(!start("nothing", "{}"));
    call("bye", "{}");
    CHECK(w.end_call && !w.is_error);
    finish();
}

/* ---- http */

TEST(arguments_stand_in_the_url_and_the_rest_in_the_query)
{
    begin(answer_sunny);
    CHECK_EQ(make("tools:\n  w:\n    url: 'http://127.0.0.1:PORT/at/{city}?units=c'\n    "
                  "parameters: {properties: {city: {}, days: {}, none: {}}}\n"),
             MYNA_OK);
    call("w", "{\"city\":\"S\xc3\xa3o/..?#&\",\"days\":3,\"none\":null}");
    CHECK(!w.is_error);
    CHECK_STR(w.output, "sunny");
    CHECK_HAS(w.server.last, "GET /at/S%C3%A3o%2F..%3F%23%26?units=c&days=3 HTTP/1.1\r\n");
    call("w", "{\"city\":\"..\"}"); /* would climb */
    CHECK(w.is_error);
    CHECK_STR(w.output, "Error: w cannot be asked so: an argument must not be . or ..");
    CHECK_EQ(w.answers, 1);
    finish();
}

TEST(a_body_is_the_arguments_that_the_url_did_not_take)
{
    begin(answer_sunny);
    CHECK_EQ(make("tools:\n  w:\n    url: 'http://127.0.0.1:PORT/{id}'\n    method: POST\n    "
                  "headers: {Authorization: 'Bearer ${MYNA_TEST_KEY}'}\n    "
                  "parameters: {properties: {id: {}, note: {}}}\n"),
             MYNA_OK);
    call("w", "{\"id\":7,\"note\":{\"a\":[1]}}");
    CHECK_HAS(w.server.last, "POST /7 HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "Authorization: Bearer sesame-4711\r\n");
    CHECK_HAS(w.server.last, "Content-Type: application/json\r\n");
    CHECK_HAS(w.server.last, "\r\n\r\n{\"note\":{\"a\":[1]}}");
    finish();
}

static void echo_key(struct fake_conn *c)
{
    fake_answer(c, w.answers++ ? 200 : 403, "", "your key sesame-4711 is wrong");
}

TEST(the_agent_never_reads_a_key_whatever_the_server_says)
{
    begin(echo_key);
    CHECK_EQ(make("tools:\n  w:\n    url: 'http://127.0.0.1:PORT/?key=${MYNA_TEST_KEY}'\n"),
             MYNA_OK);
    call("w", "{}");
    CHECK(w.is_error);
    CHECK_STR(w.output, "Error: w was answered with status 403: your key *** is wrong");
    call("w", "{}");
    CHECK(!w.is_error);
    CHECK_STR(w.output, "your key *** is wrong");
    finish();
}

static void busy_twice(struct fake_conn *c)
{
    w.answers++;
    if (w.answers < 3)
        fake_answer(c, 503, "Retry-After: 0\r\n", "busy");
    else
        fake_answer(c, 200, "", "at last");
}

TEST(who_is_busy_is_asked_again_and_then_believed)
{
    begin(busy_twice);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:PORT/', method: POST}\n  once: {url: "
                  "'http://127.0.0.1:PORT/', retries: 0}\n"),
             MYNA_OK);
    call("w", "{}");
    CHECK_STR(w.output, "at last");
    CHECK_EQ(w.answers, 3);
    w.answers = 0;
    call("once", "{}");
    CHECK_STR(w.output, "Error: once was answered with status 503: busy");
    CHECK_EQ(w.answers, 1);
    finish();
}

static void error_500(struct fake_conn *c)
{
    w.answers++;
    fake_answer(c, 500, "", "");
}

TEST(a_post_that_may_have_worked_is_not_repeated)
{
    begin(error_500);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:PORT/', method: POST}\n"), MYNA_OK);
    call("w", "{}");
    CHECK_STR(w.output, "Error: w was answered with status 500");
    CHECK_EQ(w.answers, 1);
    finish();
}

static void silent(struct fake_conn *c)
{
    (void)c;
    w.answers++;
}

TEST(a_slow_server_is_not_waited_for_nor_asked_again)
{
    begin(silent);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:PORT/', timeout: 3s}\n"), MYNA_OK);
    call("w", "{}");
    CHECK_STR(w.output, "Error: w did not answer within 3000 ms");
    CHECK_EQ(w.answers, 1);
    finish();
}

static void much(struct fake_conn *c)
{
    fake_answer(c, 200, "", "0123456789012345678901234567890123456789");
}

static void latin(struct fake_conn *c)
{
    fake_answer(c, 200, "", "caf\xe9");
}

TEST(too_much_and_no_text_are_errors)
{
    begin(much);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:PORT/', max_output: 20}\n"), MYNA_OK);
    call("w", "{}");
    CHECK_STR(w.output, "Error: w answered with more than 20 bytes");
    w.server.answer = latin;
    call("w", "{}");
    CHECK_STR(w.output, "Error: w answered with what is not text");
    finish();
}

TEST(a_server_that_is_not_there)
{
    begin(silent);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:1/', retries: 0}\n"), MYNA_OK);
    call("w", "{}");
    CHECK_STR(w.output, "Error: w could not be reached");
    finish();
}

static void stop_when_asked(struct fake_conn *c)
{
    (void)c;
    myna_loop_stop(w.host.loop);
}

static void answer_as_told(struct fake_conn *c)
{
    w.answers++;
    fake_answer(c, w.status, "", "words");
}

/* On the virtual clock, where minutes pass at once. */
static void minutes_pass(myna_us wait)
{
    myna_loop_set_now(w.host.loop, myna_loop_now(w.host.loop) + wait);
}

TEST(an_endpoint_that_fails_five_times_in_a_row_is_left_alone_for_a_while)
{
    begin_on(true, answer_as_told);
    CHECK_EQ(make("tools:\n  a: {url: 'http://127.0.0.1:PORT/', retries: 0}\n"), MYNA_OK);
    w.status = 500;
    for (int i = 0; i < 4; i++)
        call("a", "{}");
    w.status = 404; /* an answer: it works */
    call("a", "{}");
    w.status = 500;
    for (int i = 0; i < 5; i++)
        call("a", "{}");
    CHECK_EQ(w.answers, 10);
    CHECK_HAS(w.output, "status 500");
    call("a", "{}");
    CHECK_EQ(w.answers, 10); /* not asked */
    CHECK(w.is_error);
    CHECK_HAS(w.output, "Error: a has failed 5 times in a row and is not asked for another 30 s");
    minutes_pass(31 * MYNA_S);
    call("a", "{}"); /* one may try */
    CHECK_EQ(w.answers, 11);
    call("a", "{}");
    CHECK_EQ(w.answers, 11);
    minutes_pass(31 * MYNA_S);
    w.status = 200;
    call("a", "{}");
    CHECK_STR(w.output, "words");
    w.status = 500;
    call("a", "{}"); /* all is forgiven */
    call("a", "{}");
    CHECK_EQ(w.answers, 14);
    finish();
}

TEST(cancelling_closes_the_request)
{
    struct myna_tool_job *job;

    begin(stop_when_asked);
    CHECK_EQ(make("tools:\n  w: {url: 'http://127.0.0.1:PORT/'}\n"), MYNA_OK);
    job = start("w", "{}");
    myna_loop_run(w.host.loop);
    myna_tool_job_cancel(job);
    while (!w.server.n_closed)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    CHECK_EQ(w.dones, 0);
    finish();
}

/* ---- programs */

TEST(a_program_reads_its_arguments_and_prints_its_answer)
{
    begin(silent);
    CHECK_EQ(make("tools:\n  c: {command: [sh, -c, 'cat; echo \" $1 $KEY\"', x, '{city}'], env: "
                  "{KEY: '${MYNA_TEST_KEY}'}, " CITY "}\n"),
             MYNA_OK);
    call("c", "{\"city\":\"a; rm -rf $HOME `x`\"}");
    CHECK(!w.is_error);
    CHECK_STR(w.output, "{\"city\":\"a; rm -rf $HOME `x`\"} a; rm -rf $HOME `x` ***");
    finish();
}

TEST(an_argument_is_no_option)
{
    begin(silent);
    CHECK_EQ(make("tools:\n  c: {command: [echo, 'at={city}', '{city}'], " CITY "}\n"
                  "  d: {command: [echo, --, '{city}'], " CITY "}\n"),
             MYNA_OK);
    call("c", "{\"city\":\"-n\"}");
    CHECK_STR(w.output, "Error: c cannot be called so: an argument must not begin with -");
    call("d", "{\"city\":\"-n\"}");
    CHECK_STR(w.output, "-- -n");
    call("c", "{}"); /* not given: its word is left out */
    CHECK_STR(w.output, "at=");
    finish();
}

TEST(a_program_that_fails_says_why_without_its_keys)
{
    begin(silent);
    CHECK_EQ(make("tools:\n  c: {command: [sh, -c, 'echo first >&2; echo bad $KEY >&2; exit 4'], "
                  "env: {KEY: '${MYNA_TEST_KEY}'}}\n"),
             MYNA_OK);
    call("c", "{}");
    CHECK(w.is_error);
    CHECK_STR(w.output, "Error: c ended with exit code 4: bad ***");
    finish();
}

TEST(a_program_that_hangs_floods_or_is_not_there)
{
    begin(silent);
    CHECK_EQ(make_with_gone("tools:\n  hang: {command: [sleep, '1000'], timeout: 30ms}\n"
                            "  flood: {command: ['yes'], max_output: 5000}\n"),
             MYNA_OK);
    call("hang", "{}");
    CHECK_STR(w.output, "Error: hang did not answer within 30 ms");
    call("flood", "{}");
    CHECK_STR(w.output, "Error: flood answered with more than 5000 bytes");
    call("gone", "{}");
    CHECK_STR(w.output, "Error: gone could not be started");
    CHECK(w.is_error);
    finish();
}

TEST(cancelled_and_destroyed_jobs_are_never_told)
{
    struct myna_tool_job *job;

    begin(silent);
    CHECK_EQ(
        make_with_gone("tools:\n  hang: {command: [sleep, '1000']}\n  bye: {kind: end_call}\n  "
                       "h: {url: 'http://127.0.0.1:PORT'}\n"),
        MYNA_OK);
    job = start("hang", "{}");
    myna_tool_job_cancel(job);
    job = start("bye", "{}");
    myna_tool_job_cancel(job);
    CHECK(start("hang", "{}") && start("bye", "{}") && start("gone", "{}") && start("h", "{}"));
    finish();
    CHECK_EQ(w.dones, 0);
}

TEST_MAIN

/* rehearsal_rules.c - an agent of a few rules, so that a call can be tried without any agent.
 *
 * The question is read twice: as it was said, for what is said back, and as `plain` (small letters,
 * single spaces, one before and behind, marks spoken out) for the rules, which are looked for as
 * whole words. The first rule of the table that answers is the answer; the last one always does.
 */
#include "providers/rehearsal_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "util/buf.h"

enum { PLAIN_SIZE = 1024, NAME_SIZE = 40, ECHO_MAX = 600 };

struct turn {
    const struct myna_llm_request *req;
    int64_t wall_ms;
    const char *said; /* trimmed */
    size_t len;
    char plain[PLAIN_SIZE];
    struct myna_buf *into;
};

static const char greeting[] = "Hello! I am Myna's rehearsal agent. Ask me the time, give me a "
                               "sum, or ask for a long story and "
                               "interrupt me.";

static const char skills[] =
    "I am Myna's rehearsal agent. I can tell the time and the date, do sums, repeat what you say, "
    "remember your name, and tell a long story that you may interrupt.";

static const char story[] =
    "Once upon a time, a myna bird lived above the door of a small telephone office by the sea. "
    "All "
    "day long she heard people talk, and all night long she practised what she had heard.\n\n"
    "She learned the good mornings and the good nights. She learned the price of fish, the names "
    "of "
    "the ships, and the long silence that follows bad news. Soon she could say everything, but she "
    "did not know when to say it, and so the people laughed at her and closed the window.\n\n"
    "One winter evening a storm took the lines down, and a young sailor came in from the rain. He "
    "wanted to call his mother, and there was nobody at the desk. The bird looked at him. This "
    "time "
    "she said nothing at all. She waited until he had finished, and a little longer, and only then "
    "she asked him, very softly, how far away his mother lived.\n\n"
    "They talked until the morning. When he spoke, she stopped at once, even in the middle of a "
    "word. When he only coughed, she went on where she had left off. And when the lines were "
    "mended, the sailor told everyone that the best listener on the whole coast was a bird.\n\n"
    "Since then, whoever comes to that office to learn how to speak is first taught how to listen. "
    "And that is the end of the story.";

/* ------------------------------------------------------------------ reading */

static void make_plain(char *into, const char *said, size_t len)
{
    size_t o = 0;

    into[o++] = ' ';
    for (size_t i = 0; i < len && o + 16 < PLAIN_SIZE; i++) {
        unsigned char c = (unsigned char)said[i];
        bool digit_next = i + 1 < len && isdigit((unsigned char)said[i + 1]);
        bool digit_before = i > 0 && isdigit((unsigned char)said[i - 1]);
        const char *word = NULL;

        if (c == '+')
            word = " plus ";
        else if (c == '*' || (c == 'x' && digit_before && digit_next))
            word = " times ";
        else if (c == '/')
            word = " divided by ";
        else if (c == '-' && digit_before && digit_next)
            word = " minus ";
        else if (c == '-' && i > 0 && said[i - 1] == ' ' && i + 1 < len && said[i + 1] == ' ')
            word = " minus ";
        else if (!strncmp(said + i, "\u00d7", 2))
            word = " times ";
        else if (!strncmp(said + i, "\u00f7", 2))
            word = " divided by ";
        if (word) {
            o += (size_t)sprintf(into + o, "%s", word + (into[o - 1] == ' '));
            i += c >= 0x80;
        } else if (!strncmp(said + i, "\u2019", 3)) {
            into[o++] = '\'';
            i += 2;
        } else if (isalnum(c) || c == '\'' || c >= 0x80 ||
                   (c == '.' && digit_before && digit_next)) {
            into[o++] = (char)(c < 0x80 ? tolower(c) : c);
        } else if (!(c == ',' && digit_before && digit_next) && into[o - 1] != ' ') {
            into[o++] = ' ';
        }
    }
    if (into[o - 1] != ' ')
        into[o++] = ' ';
    into[o] = '\0';
}

/* Is one of these phrases ('|' between them) said as whole words? */
static bool hears(const struct turn *t, const char *phrases)
{
    char want[64];

    while (*phrases) {
        size_t n = strcspn(phrases, "|");

        snprintf(want, sizeof want, " %.*s ", (int)n, phrases);
        if (strstr(t->plain, want))
            return true;
        phrases += n + (phrases[n] == '|');
    }
    return false;
}

static int word_count(const struct turn *t)
{
    int n = -1;

    for (const char *p = t->plain; *p; p++)
        n += *p == ' ';
    return n;
}

static bool is_said_by(const struct myna_item *it, enum myna_role role)
{
    return it->type == MYNA_ITEM_MESSAGE && it->role == role && it->text;
}

/* Where several are heard, each one's words begin with "NAME: ". */
static const char *without_name(const struct myna_item *it)
{
    size_t n = it->speaker ? strlen(it->speaker) : 0;

    return n && !strncmp(it->text, it->speaker, n) && !strncmp(it->text + n, ": ", 2)
               ? it->text + n + 2
               : it->text;
}

static void trim(const char **p, size_t *len)
{
    while (*len && isspace((unsigned char)**p)) {
        ++*p;
        --*len;
    }
    while (*len && isspace((unsigned char)(*p)[*len - 1]))
        --*len;
}

/* ------------------------------------------------------------------ rules */

static bool say(struct turn *t, const char *text)
{
    (void)myna_buf_puts(t->into, text); /* errors stick in the buffer */
    return true;
}

static bool nothing(struct turn *t)
{
    return word_count(t) < 1 && say(t, "I did not catch that. Could you say it again?");
}

static bool stop(struct turn *t)
{
    return word_count(t) <= 5 &&
           hears(t, "stop|be quiet|never mind|shut up|that's enough|enough") &&
           say(t, "All right.");
}

static bool again(struct turn *t)
{
    const struct myna_llm_request *req = t->req;

    if (!hears(t, "repeat that|say that again|say it again|repeat it|repeat your answer|pardon|"
                  "what did you say|repeat yourself|come again") ||
        word_count(t) > 10)
        return false;
    for (size_t i = req->n_items; i-- > 0;)
        if (is_said_by(&req->items[i], MYNA_ROLE_ASSISTANT) && req->items[i].text[0])
            return say(t, req->items[i].text);
    return say(t, "I have not said anything yet.");
}

/* "repeat after me: …", "please say …" */
static bool repeat(struct turn *t)
{
    static const char *const starts[] = {"repeat after me",        "repeat",        "say",
                                         "please repeat after me", "please repeat", "please say",
                                         "can you repeat",         "can you say",   "could you say",
                                         "could you repeat"};
    const char *rest = NULL;
    size_t len = 0;

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t n = strlen(starts[i]);

        if (n < t->len && !strncasecmp(t->said, starts[i], n) &&
            !isalnum((unsigned char)t->said[n]) && (!rest || t->said + n > rest)) {
            rest = t->said + n;
            len = t->len - n;
        }
    }
    while (len && strchr(" ,:;.\"'", *rest)) {
        rest++;
        len--;
    }
    if (len == 0)
        return false;
    (void)myna_buf_put(t->into, rest, len);
    return true;
}

/* "my name is Ada", "I'm Ada" */
static bool name_in(const char *said, char name[NAME_SIZE])
{
    static const char *const starts[] = {"my name is ", "my name's ", "call me ",
                                         "i am ",       "i'm ",       "i\u2019m "};
    static const char *const no_names[] = {
        "not",   "fine", "good", "here",  "a",       "an",   "the", "sorry", "happy",
        "so",    "very", "in",   "from",  "just",    "well", "ok",  "okay",  "done",
        "tired", "sure", "back", "going", "looking", "at",   "on",  "still", "ready"};

    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        const char *p = strcasestr(said, starts[s]);
        size_t n = 0;

        if (!p || (p > said && isalnum((unsigned char)p[-1])))
            continue;
        p += strlen(starts[s]);
        while (isalpha((unsigned char)p[n]) || (unsigned char)p[n] >= 0x80 ||
               (p[n] == '-' && isalpha((unsigned char)p[n + 1])))
            n++;
        if (n == 0 || n >= NAME_SIZE)
            continue;
        if (s >= 3) { /* a name ends what is said, or is written large */
            const char *end = p + n + strspn(p + n, " .!,");
            bool known = false;

            for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
                known |= strlen(no_names[i]) == n && !strncasecmp(no_names[i], p, n);
            if (known || (*end && !isupper((unsigned char)*p)))
                continue;
        }
        snprintf(name, NAME_SIZE, "%.*s", (int)n, p);
        name[0] = (char)toupper((unsigned char)name[0]);
        return true;
    }
    return false;
}

static bool ask_name(struct turn *t)
{
    char name[NAME_SIZE], text[128];

    if (!hears(t, "what is my name|what's my name|who am i|remember my name|know my name|"
                  "tell me my name|say my name|what was my name|my name again"))
        return false;
    for (size_t i = t->req->n_items; i-- > 0;) {
        if (!is_said_by(&t->req->items[i], MYNA_ROLE_USER) ||
            !name_in(without_name(&t->req->items[i]), name))
            continue;
        snprintf(text, sizeof text, "Your name is %s.", name);
        return say(t, text);
    }
    return say(t, "You have not told me your name yet.");
}

static bool tell_name(struct turn *t)
{
    char name[NAME_SIZE], text[128];

    if (!name_in(t->said, name))
        return false;
    snprintf(text, sizeof text, "Nice to meet you, %s. I will remember your name for this call.",
             name);
    return say(t, text);
}

static bool tell_story(struct turn *t)
{
    return hears(t, "story|tale|stories") &&
           (word_count(t) <= 4 || hears(t, "tell|hear|another|read|long")) && say(t, story);
}

static bool tell_time(struct turn *t)
{
    time_t at = (time_t)(t->wall_ms / 1000);
    struct tm tm;
    char text[96], day[64];
    bool clock = hears(t, "what time|time is it|tell me the time|what's the time|what is the time|"
                          "the time please|have the time|current time");
    bool date = hears(t, "what day|which day|what date|what's the date|what is the date|"
                         "today's date|the date today|tell me the date|current date|"
                         "what is today|what's today");

    if ((!clock && !date) || !localtime_r(&at, &tm))
        return false;
    if (clock) {
        strftime(text, sizeof text, "It is %-I:%M %p.", &tm);
        say(t, text);
    }
    if (date) {
        strftime(day, sizeof day, "Today is %A, %B %-d, %Y.", &tm);
        if (clock)
            say(t, " ");
        say(t, day);
    }
    return true;
}

static bool do_sum(struct turn *t)
{
    char text[256];

    return myna_rehearsal_sum(t->plain, text, sizeof text) && say(t, text);
}

static bool who(struct turn *t)
{
    return hears(t, "who are you|what are you|your name|what can you do|what do you do|"
                    "can you help me|help me|help") &&
           word_count(t) <= 9 && say(t, skills);
}

static bool goodbye(struct turn *t)
{
    return word_count(t) <= 6 && hears(t, "goodbye|bye|good bye|see you|good night|farewell") &&
           say(t, "Goodbye! It was nice talking to you.");
}

static bool thanks(struct turn *t)
{
    return word_count(t) <= 6 && hears(t, "thanks|thank you|thank") && say(t, "You are welcome.");
}

static bool hello(struct turn *t)
{
    return word_count(t) <= 5 &&
           hears(t, "hello|hi|hey|good morning|good evening|good afternoon") &&
           say(t, "Hello! What would you like to try?");
}

static bool say_back(struct turn *t)
{
    size_t len = t->len;

    if (len > ECHO_MAX)
        for (len = ECHO_MAX; len && (t->said[len] & 0xc0) == 0x80;)
            len--;
    say(t, "I heard you say: ");
    (void)myna_buf_put(t->into, t->said, len);
    if (!strchr(".!?", t->said[len - 1]))
        say(t, ".");
    return say(t,
               " I am only a rehearsal agent and cannot answer that. To connect a real agent, set "
               "llm.provider in myna.yaml.");
}

static bool (*const rules[])(struct turn *t) = {
    nothing,    again, ask_name, repeat,  tell_name, do_sum, tell_time,
    tell_story, stop,  who,      goodbye, thanks,    hello,  say_back,
};

enum myna_err myna_rehearsal_answer(const struct myna_llm_request *req, int64_t wall_ms,
                                    struct myna_buf *into)
{
    struct turn t = {.req = req, .wall_ms = wall_ms, .into = into};
    size_t i = req->n_items;
    bool spoken = false; /* did the person ever say anything? */

    while (i > 0 && !is_said_by(&req->items[i - 1], MYNA_ROLE_USER))
        i--;
    spoken = i > 0;
    if (!spoken) {
        say(&t, greeting);
        return into->err;
    }
    if (i < req->n_items && req->extra_instructions) { /* asked to speak, not asked by the person */
        say(&t, "I am still here. Ask me something whenever you like.");
        return into->err;
    }
    t.said = without_name(&req->items[i - 1]);
    t.len = strlen(t.said);
    trim(&t.said, &t.len);
    make_plain(t.plain, t.said, t.len);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        if (rules[r](&t))
            break;
    return into->err;
}

/* hermes_approval.c - the question for permission as a voice asks it, and what the person's words
 * mean. Doubt is no consent: what holds a "no" is a no, what holds neither is asked again. */
#include "providers/hermes_runs.h"

#include <ctype.h>
#include <string.h>

enum { COMMAND_CHARS = 160 }; /* more of a command is not listened to */

static const struct name {
    enum myna_hermes_choice choice;
    const char *name;
} names[] = {
    {MYNA_HERMES_ONCE, "once"},
    {MYNA_HERMES_SESSION, "session"},
    {MYNA_HERMES_ALWAYS, "always"},
    {MYNA_HERMES_DENY, "deny"},
};

/* Words and pairs of words, between single blanks. */
static const char *const noes[] = {" no ",    " nope ",   " not ",    " dont ",   " deny ",
                                   " never ", " stop ",   " cancel ", " reject ", " refuse ",
                                   " nah ",   " denied ", " cannot ", " cant ",   " wont ",
                                   " abort ", " wait ",   " forbid "};
static const char *const always[] = {" always ", " every time ", " forever ", " permanently "};
static const char *const session[] = {" session ", " this call ", " for now "};
static const char *const yeses[] = {" yes ",     " yeah ",      " yep ",   " yup ",    " sure ",
                                    " ok ",      " okay ",      " once ",  " allow ",  " approve ",
                                    " go on ",   " go ahead ",  " do it ", " please ", " approved ",
                                    " allowed ", " of course ", " fine "};

#define HAS(text, list) has(text, list, sizeof(list) / sizeof *(list))

static bool has(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(text, list[i]))
            return true;
    return false;
}

enum myna_hermes_choice myna_hermes_choice_of(const char *said, unsigned offered)
{
    char text[512] = " ";
    size_t n = 1;

    for (; *said && n + 2 < sizeof text; said++) {
        if (isalnum((unsigned char)*said))
            text[n++] = (char)tolower((unsigned char)*said);
        else if (*said != '\'' && text[n - 1] != ' ')
            text[n++] = ' ';
    }
    if (text[n - 1] != ' ')
        text[n++] = ' ';
    text[n] = '\0';
    if (HAS(text, noes))
        return MYNA_HERMES_DENY;
    if (HAS(text, always))
        return offered & MYNA_HERMES_ALWAYS ? MYNA_HERMES_ALWAYS : MYNA_HERMES_ONCE;
    if (HAS(text, session) && offered & MYNA_HERMES_SESSION)
        return MYNA_HERMES_SESSION;
    return HAS(text, yeses) ? MYNA_HERMES_ONCE : MYNA_HERMES_UNCLEAR;
}

const char *myna_hermes_choice_name(enum myna_hermes_choice c)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].choice == c)
            return names[i].name;
    return "deny";
}

unsigned myna_hermes_offered(json_t *event)
{
    json_t *choices = json_object_get(event, "choices");
    unsigned set = 0;

    for (size_t i = 0; i < json_array_size(choices); i++) {
        const char *name = json_string_value(json_array_get(choices, i));

        for (size_t k = 0; name && k < sizeof names / sizeof *names; k++)
            if (!strcmp(name, names[k].name))
                set |= names[k].choice;
    }
    return set ? set : MYNA_HERMES_ONCE | MYNA_HERMES_DENY;
}

enum myna_err myna_hermes_question(json_t *event, unsigned offered, struct myna_buf *into)
{
    const char *why = json_string_value(json_object_get(event, "description")),
               *command = json_string_value(json_object_get(event, "command"));
    struct myna_buf cut;
    enum myna_err err;

    myna_buf_init(&cut, 0);
    myna_http_excerpt(&cut, myna_view_of(command ? command : ""), NULL, 0);
    if (cut.len > COMMAND_CHARS) {
        while (cut.len > COMMAND_CHARS || (cut.ptr[cut.len] & 0xC0) == 0x80)
            cut.len--;
        cut.ptr[cut.len] = '\0';
    }
    myna_buf_printf(into, "I need your permission%s%s%s%s. ", why && *why ? " because of: " : "",
                    why && *why ? why : "", cut.len ? ". I want to run: " : "", myna_buf_str(&cut));
    err = myna_buf_printf(into, "Say yes to allow it once%s, or no.",
                          offered & MYNA_HERMES_ALWAYS ? ", always" : "");
    myna_buf_fini(&cut);
    return err;
}

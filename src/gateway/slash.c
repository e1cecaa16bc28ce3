/* slash.c - see slash.h. */
#include "gateway/slash.h"

#include <string.h>
#include <strings.h>

const char myna_gw_slash_help[] =
    "/new or /reset begins a new conversation; /voice off, on or tts: I answer in writing alone, "
    "aloud to what is said, or everything aloud; /help says this.";

static const struct {
    const char *command, *word; /* word NULL: nothing may follow */
    enum myna_gw_slash means;
} table[] = {
    {"/new", NULL, MYNA_GW_SLASH_NEW},          {"/reset", NULL, MYNA_GW_SLASH_NEW},
    {"/help", NULL, MYNA_GW_SLASH_HELP},        {"/voice", "on", MYNA_GW_SLASH_VOICE_ON},
    {"/voice", "off", MYNA_GW_SLASH_VOICE_OFF}, {"/voice", "tts", MYNA_GW_SLASH_VOICE_ALL},
};

enum myna_gw_slash myna_gw_slash_of(const char *text)
{
    size_t n = strcspn(text, " \t\r\n");
    const char *word = text + n + strspn(text + n, " \t\r\n");

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].command) == n && !strncasecmp(text, table[i].command, n) &&
            (table[i].word ? !strcasecmp(word, table[i].word) : !*word))
            return table[i].means;
    return n == 6 && !strncasecmp(text, "/voice", n) ? MYNA_GW_SLASH_VOICE : MYNA_GW_SLASH_NONE;
}

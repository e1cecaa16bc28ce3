/* sounds_test.c - what is wrong with a background sound is said when the call is made, with the key
 * and the file. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <myna/config.h>
#include <myna/runtime.h>
#include <myna/session.h>

#include "audio/wav.h"

#include "check.h"

static char file[64];

static void write_clip(void)
{
    static const int16_t pcm[240] = {100};
    struct myna_wav_writer *w = NULL;
    struct myna_why why = {0};

    snprintf(file, sizeof file, "/tmp/myna_sounds_%d.wav", (int)getpid());
    CHECK_EQ(myna_wav_create(file, MYNA_OUT_RATE_HZ, &w, &why), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, 240, &why), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, &why), MYNA_OK);
}

/* A call with these sounds; "" when it can be made. */
static const char *made_with(const char *key, const char *sounds)
{
    static struct myna_why why;
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options ro = {
        .size = sizeof ro, .virtual_clock = true, .workers = 1, .config = cfg};
    struct myna_session_options so = {.size = sizeof so, .transport_name = "none"};
    static const char *const stages[] = {"vad", "stt", "llm", "tts"};
    struct myna_runtime *rt = NULL;
    struct myna_session *s = NULL;

    why = (struct myna_why){.err = MYNA_OK};
    for (int i = 0; i < 4; i++) {
        char name[32];

        snprintf(name, sizeof name, "%s.provider", stages[i]);
        CHECK_EQ(myna_config_set(cfg, name, i == 2 ? "rehearsal" : "none", "test", &why), MYNA_OK);
    }
    CHECK_EQ(myna_config_set(cfg, key, sounds, "test", &why), MYNA_OK);
    CHECK_EQ(myna_runtime_create(&ro, &rt, &why), MYNA_OK);
    if (myna_session_create(rt, &so, &s, &why) == MYNA_OK)
        why.text[0] = '\0';
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
    return why.text;
}

TEST(a_file_that_is_not_there_is_named_with_its_key)
{
    const char *said = made_with("background.ambient", "/nowhere/office.ogg");

    CHECK_HAS(said, "background.ambient: ");
    CHECK_HAS(said, "/nowhere/office.ogg");
}

TEST(a_file_without_sound_is_named_with_its_key)
{
    const char *said = made_with("background.thinking", "/dev/null=0.5");

    CHECK_HAS(said, "background.thinking: ");
    CHECK_HAS(said, "/dev/null");
}

TEST(chances_go_up_to_one_together)
{
    char list[300];

    write_clip();
    CHECK_STR(made_with("background.ambient", file), "");
    snprintf(list, sizeof list, "%s=0.5, %s=.25, %s", file, file, file);
    CHECK_STR(made_with("background.ambient", list), "");
    snprintf(list, sizeof list, "%s=0.5, %s=0.6", file, file);
    CHECK_HAS(made_with("background.thinking", list), "background.thinking: the chances");
    snprintf(list, sizeof list, "%s=1, %s", file, file);
    CHECK_HAS(made_with("background.ambient", list), "leave nothing for the rest");
    snprintf(list, sizeof list, "%s=2", file);
    CHECK_HAS(made_with("background.ambient", list), "up to 1");
    snprintf(list, sizeof list, "%s=0", file);
    CHECK_HAS(made_with("background.ambient", list), "above 0");
    unlink(file);
}

TEST_MAIN

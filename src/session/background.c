/* background.c - the sounds of a call that nobody says: which files, when, and what the recording
 * gets of them (the mixing: playout/background.h).
 *
 * Clips are read once a process and shared by its calls. Which one a call takes is chance from the
 * session's own generator, so a replay takes the same; there a clip is its length alone, and the
 * flight recorder compares where in its clip each loop stood and how loud it was.
 */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

#include "util/pack.h"

#define WHOLE 65536u /* all of the chance */

/* ---- the lists */

/* "typing.wav=0.3": the chance, without it 0; cuts `item`. MYNA_ECONFIG: no number. */
static bool chance_of(char *item, uint32_t *share)
{
    char *eq = strrchr(item, '=');
    uint32_t whole = 0, part = 0, scale = 1;
    const char *p;

    *share = 0;
    if (!eq || (eq[1] != '.' && (eq[1] < '0' || eq[1] > '9')))
        return true; /* a name with '=' in it */
    for (p = eq + 1; *p >= '0' && *p <= '9' && whole < 10; p++)
        whole = whole * 10 + (uint32_t)(*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9' && scale < 10000; p++, scale *= 10)
            part = part * 10 + (uint32_t)(*p - '0');
    while (*p >= '0' && *p <= '9')
        p++;
    if (*p)
        return true;
    *eq = '\0';
    *share = whole * WHOLE + (uint32_t)((uint64_t)part * WHOLE / scale);
    return *share > 0 && *share <= WHOLE;
}

/* Those without a number share what is left. */
static bool share_rest(struct s_sounds *so)
{
    uint64_t sum = 0;
    size_t open = 0;

    for (size_t i = 0; i < so->n; i++) {
        sum += so->of[i].share;
        open += so->of[i].share == 0;
    }
    if (sum > WHOLE || (open && sum == WHOLE))
        return false;
    for (size_t i = 0; i < so->n; i++)
        if (!so->of[i].share)
            so->of[i].share = (uint32_t)((WHOLE - sum) / open);
    return true;
}

static enum myna_err read_list(struct myna_session *s, const char *key, const char *const *items,
                               struct s_sounds *so, struct myna_why *why)
{
    struct myna_why its = {.err = MYNA_OK};
    enum myna_err err;

    for (; items && *items; items++) {
        struct s_sound *sound = &so->of[so->n];

        if (so->n == S_SOUNDS_MAX)
            return myna_fail(why, MYNA_ECONFIG, "%s: at most %d sounds, please", key, S_SOUNDS_MAX);
        sound->path = strdup(*items);
        if (!sound->path)
            return myna_fail(why, MYNA_ENOMEM, "no memory for %s", key);
        so->n++;
        if (!chance_of(sound->path, &sound->share))
            return myna_fail(why, MYNA_ECONFIG, "%s: the chance in '%s' must be above 0, up to 1",
                             key, *items);
        err = myna_runtime_clip(s->rt, sound->path, &sound->clip, &its);
        if (err)
            return myna_fail(why, err == MYNA_ENOMEM ? err : MYNA_ECONFIG, "%s: %s", key, its.text);
    }
    if (!share_rest(so))
        return myna_fail(why, MYNA_ECONFIG,
                         "%s: the chances are together more than 1, or leave nothing for the rest",
                         key);
    return MYNA_OK;
}

static const struct myna_clip *choose(struct myna_session *s, const struct s_sounds *so)
{
    uint32_t at = (uint32_t)(myna_rand_next(&s->rand) % WHOLE);

    for (size_t i = 0; i < so->n; i++) {
        if (at < so->of[i].share)
            return so->of[i].clip;
        at -= so->of[i].share;
    }
    return NULL; /* the chance of silence; also what rounding leaves of one */
}

/* ---- a call */

enum myna_err myna_s_background_open(struct myna_session *s, struct myna_why *why)
{
    struct s_background *bg = &s->background;
    struct myna_background_conf conf;
    enum myna_err err =
        myna_config_read(myna_runtime_config(s->rt), &myna_background_section, &conf, why);

    if (!err)
        err = read_list(s, "background.ambient", conf.ambient, &bg->ambient, why);
    if (!err)
        err = read_list(s, "background.thinking", conf.thinking, &bg->thinking, why);
    if (err)
        return err;
    myna_background_init(&bg->mix, &(struct myna_background_options){
                                       .ambient_volume = conf.ambient_volume,
                                       .thinking_volume = conf.thinking_volume,
                                       .duck = conf.duck,
                                       .fade = conf.fade_ms > 0 ? conf.fade_ms * MYNA_MS : 0});
    return MYNA_OK;
}

void myna_s_background_start(struct myna_session *s)
{
    struct s_background *bg = &s->background;

    if (!bg->ambient.n && !bg->thinking.n)
        return;
    if (!s->audio_out || s->transport->heard != MYNA_HEARD_AT_PULL) {
        if (s->audio_out)
            myna_s_log(
                s, MYNA_LOG_WARN,
                "no background sounds: this transport takes sound ahead of time transport=%s",
                s->transport->cls->name);
        return;
    }
    bg->on = true;
    if (bg->ambient.n)
        myna_background_ambient(&bg->mix, choose(s, &bg->ambient));
}

bool myna_s_background_sounds(struct myna_session *s)
{
    struct s_background *bg = &s->background;
    bool thinks = s->agent_state == MYNA_AGENT_THINKING;

    if (!bg->on)
        return false;
    if (thinks != bg->thinks) {
        bg->thinks = thinks;
        if (bg->thinking.n)
            myna_background_thinking(&bg->mix, thinks ? choose(s, &bg->thinking) : NULL);
    }
    return bg->mix.ambient.clip || bg->mix.thinking.clip;
}

void myna_s_background_mix(struct myna_session *s, bool speech, int16_t out[MYNA_OUT_SAMPLES])
{
    struct myna_background_mark m;
    struct myna_view v = {(const uint8_t *)&m, sizeof m};

    if (!myna_background_mix(&s->background.mix, speech, out, &m))
        return;
    myna_tap_put(s->tap, MYNA_OUT_BACKGROUND, 0, &v, 1);
    v = (struct myna_view){(const uint8_t *)out, MYNA_OUT_SAMPLES * sizeof *out};
    myna_tap_put(s->tap, MYNA_OUT_MIXED, 0, &v, 1);
}

void myna_s_background_fini(struct myna_session *s)
{
    struct s_sounds *lists[] = {&s->background.ambient, &s->background.thinking};

    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            free(lists[k]->of[i].path);
}

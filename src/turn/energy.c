/* energy.c - loudness above a floor that sinks fast and rises slowly. */
#include "turn/energy.h"

#include <math.h>

#include "audio/level.h"

/* Per window of 32 ms. A pause between words pulls the floor down to the noise at once; noise that
 * stays pushes it up by 12 dB a second, speech (which has pauses) by 1.5. */
#define SINK       0.5f
#define RISE_DB    0.4f
#define CREEP_DB   0.05f
#define LOWEST_DB  (-70.0f) /* below it a microphone's own noise changes too much to be a floor */
#define START_DB   (-50.0f) /* until something was heard: a quiet room */
#define FAINT_DB   (-55.0f) /* nobody speaks this quietly */
#define HALFWAY_DB 10.0f    /* above the floor: score 0.5 */
#define SLOPE_DB   2.0f

void myna_energy_reset(struct myna_energy *e)
{
    e->floor_db = START_DB;
    e->begun = false;
}

float myna_energy_run(struct myna_energy *e, const int16_t window[512])
{
    float level = myna_level_rms(window, 512), above, score;

    if (!e->begun && level < START_DB)
        e->floor_db = level;
    e->begun = true;
    above = level - e->floor_db;
    score = 1.0f / (1.0f + expf((HALFWAY_DB - above) / SLOPE_DB));
    if (level < FAINT_DB)
        score = fminf(score, 0.1f);
    if (above < 0)
        e->floor_db += SINK * above;
    else
        e->floor_db += fminf(above, score > 0.5f ? CREEP_DB : RISE_DB);
    e->floor_db = fmaxf(e->floor_db, LOWEST_DB);
    return score;
}

/* terminal_absent.c - card.h in a build without PortAudio: there is never a sound card. */
#include "transport/card.h"

enum myna_err myna_card_open(const struct myna_card_options *opt, struct myna_card **out,
                             struct myna_why *why)
{
    (void)opt, (void)out;
    return myna_fail(why, MYNA_EUNAVAIL,
                     "This build has no sound card support (configure with -Dportaudio=enabled).");
}

enum myna_err myna_card_start(struct myna_card *card, struct myna_why *why)
{
    (void)card;
    return myna_fail(why, MYNA_EUNAVAIL, "This build has no sound card support.");
}

void myna_card_close(struct myna_card *card)
{
    (void)card;
}

uint32_t myna_card_rate_hz(const struct myna_card *card)
{
    (void)card;
    return 0;
}

myna_us myna_card_input_latency(const struct myna_card *card)
{
    (void)card;
    return 0;
}

myna_us myna_card_output_latency(const struct myna_card *card)
{
    (void)card;
    return 0;
}

bool myna_card_running(const struct myna_card *card)
{
    (void)card;
    return false;
}

/* wire.h - a provider's configuration and the server that it asks, in one loop. */
#ifndef TESTS_PROVIDERS_WIRE_H
#define TESTS_PROVIDERS_WIRE_H

#include "fake_http.h"

#include <myna/config.h>

#include "util/grave.h"
#include "util/host.h"
#include "util/http.h"

/* section: "tts.openai". settings: key, value, …, NULL; a key without a dot is the section's. The
 * section's base_url is the server with `path`. */
static inline void wire_open(struct myna_host *host, struct fake_http *server,
                             struct myna_config **cfg, void (*answer)(struct fake_conn *c),
                             const char *section, const char *path, const char *const *settings)
{
    struct myna_why why = {0};
    char key[64], url[64];

    host->loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    *cfg = myna_config_create();
    CHECK(host->loop && *cfg);
    fake_open(server, host->loop, answer);
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server->port, path);
    snprintf(key, sizeof key, "%s.base_url", section);
    CHECK_EQ(myna_config_set(*cfg, key, url, "test", &why), MYNA_OK);
    for (; settings && *settings; settings += 2) {
        if (strchr(settings[0], '.'))
            snprintf(key, sizeof key, "%s", settings[0]);
        else
            snprintf(key, sizeof key, "%s.%s", section, settings[0]);
        CHECK_EQ(myna_config_set(*cfg, key, settings[1], "test", &why), MYNA_OK);
    }
}

/* When the stream is closed, the grave emptied and the provider destroyed. */
static inline void wire_shut(struct myna_host *host, struct fake_http *server,
                             struct myna_config *cfg)
{
    fake_shut(server);
    myna_http_destroy(host->http);
    myna_loop_destroy(host->loop);
    myna_config_destroy(cfg);
}

/* Until *count is `want`, 20,000 turns at most. `turn` runs the loop for a millisecond. */
static inline void wire_until(void (*turn)(void), const int *count, int want, const char *fault)
{
    for (int i = 0; i < 20000 && *count < want; i++)
        turn();
    if (*count < want && fault[0])
        check_fail(__FILE__, __LINE__, "%s", fault);
    CHECK_EQ(*count, want);
}

#endif

/* sections.c - everything that can be configured: the core sections and one for each built-in
 * provider that has options ("stt.moonshine"), gathered once from the registry. */
#include <myna/config.h>
#include <myna/runtime.h>

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "discover/options.h"
#include "gateway/options.h"
#include "livekit/options.h"
#include "session/options.h"
#include "store/options.h"
#include "tools/toolbox.h"
#include "trace/trace.h"

enum { MAX_SECTIONS = 96, MAX_PATH_LEN = 64 };

/* Written once under `gathered`, read-only afterwards. */
static struct myna_section sections[MAX_SECTIONS + 1];
static char paths[MAX_SECTIONS][MAX_PATH_LEN];
static size_t n_sections;
static pthread_once_t gathered = PTHREAD_ONCE_INIT;

static void add(const struct myna_section *section)
{
    assert(n_sections < MAX_SECTIONS);
    sections[n_sections++] = *section;
}

static void add_class(const char *stage, const char *name, const char *summary,
                      const struct myna_option *options)
{
    char *path = paths[n_sections];
    int len;

    if (!options || !options[0].name)
        return;
    len = snprintf(path, MAX_PATH_LEN, "%s.%s", stage, name);
    assert(len > 0 && len < MAX_PATH_LEN);
    (void)len;
    add(&(struct myna_section){path, summary, options});
}

static void gather(void)
{
    add(&myna_agent_section);
    add(&myna_session_section);
    add(&myna_turn_section);
    add(&myna_text_section);
    add(&myna_background_section);
    add(&myna_trace_section);
    add(&myna_vad_section);
    for (const struct myna_vad_class *const *c = myna_builtin_vads(); *c; c++)
        add_class("vad", (*c)->name, (*c)->summary, (*c)->options);
    add(&myna_stt_section);
    for (const struct myna_stt_class *const *c = myna_builtin_stts(); *c; c++)
        add_class("stt", (*c)->name, (*c)->summary, (*c)->options);
    add(&myna_llm_section);
    for (const struct myna_llm_class *const *c = myna_builtin_llms(); *c; c++)
        add_class("llm", (*c)->name, (*c)->summary, (*c)->options);
    add(&myna_tts_section);
    for (const struct myna_tts_class *const *c = myna_builtin_ttss(); *c; c++)
        add_class("tts", (*c)->name, (*c)->summary, (*c)->options);
    add(&myna_transport_section);
    for (const struct myna_transport_class *const *c = myna_builtin_transports(); *c; c++)
        add_class("transport", (*c)->name, (*c)->summary, (*c)->options);
    add(&myna_lk_e2ee_section);
    add(&myna_agents_section);
    add(&myna_tools_section);
    add(&myna_worker_section);
    add(&myna_gateway_section);
    add(&myna_record_section);
    add(&myna_log_section);
    add(&myna_probe_section);
    add(&myna_calls_section);
}

const struct myna_section *myna_config_sections(void)
{
    pthread_once(&gathered, gather);
    return sections;
}

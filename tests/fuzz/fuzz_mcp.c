/* fuzz_mcp.c - any lines as the messages of an MCP server: of either kind (the first byte says
 * which), on a wire that only counts. Whatever they are, what is offered has names and schemas, and
 * nothing is left behind. */
#include "tools/mcp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/schema.h"
#include "util/host.h"
#include "util/json_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum myna_err open_wire(struct mcp *m, struct myna_why *why)
{
    (void)why;
    m->line = m;
    return MYNA_OK;
}

static void close_wire(struct mcp *m)
{
    m->line = NULL;
}

static enum myna_err send_wire(struct mcp *m, struct mcp_request *rq, const json_t *message)
{
    (void)rq;
    if (!m->line || !json_is_string(json_object_get(message, "jsonrpc")))
        abort();
    return MYNA_OK;
}

static void forget_wire(struct mcp *m, struct mcp_request *rq)
{
    (void)m;
    (void)rq;
}

static const struct mcp_wire wire = {
    .open = open_wire, .close = close_wire, .send = send_wire, .forget = forget_wire};

static void on_called(struct mcp_request *rq, const json_t *result, const char *trouble)
{
    struct myna_buf b;

    (void)rq;
    if (!result == !trouble)
        abort();
    myna_buf_init(&b, 4096);
    (void)myna_mcp_result_text(result, &b);
    myna_buf_fini(&b);
}

static void feed(struct mcp *m, const uint8_t *data, size_t size)
{
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        json_t *msg = myna_json_loadb((const char *)data, len, 0, NULL);

        if (json_is_object(msg) && m->line)
            myna_mcp_message(m, msg);
        json_decref(msg);
        if (m->state == MCP_READY && m->ids < 100)
            (void)myna_mcp_ask(m, "tools/call", NULL, 1000, on_called, NULL);
        len += end != NULL;
        data += len;
        size -= len;
    }
}

static void check_offers(const struct tool_source *src)
{
    for (size_t i = 0; i < src->n_offers; i++) {
        json_t *schema = myna_json_loads(src->offers[i].parameters, 0, NULL);

        if (!src->offers[i].name[0] || myna_schema_check(schema, NULL))
            abort();
        json_decref(schema);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const none[] = {NULL};
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};
    struct myna_host host = {0};
    struct myna_config *cfg = myna_config_create();
    struct tool_source src = {.name = "s", .conf = {.only = none}};
    struct myna_toolbox *box = NULL;
    struct mcp m;

    host.loop = myna_loop_create(&lo, NULL);
    if (size && host.loop && cfg && !myna_toolbox_create(&host, cfg, &box, NULL)) {
        src.box = box;
        src.host = &host;
        myna_mcp_init(&m, &src, &wire);
        m.era = data[0] & 1 ? MCP_LEGACY_ERA : MCP_UNKNOWN_ERA;
        if (myna_mcp_open(&m, NULL) == MYNA_OK)
            feed(&m, data + 1, size - 1);
        check_offers(&src);
        myna_mcp_fini(&m);
        myna_tool_offers_clear(&src);
    }
    myna_toolbox_destroy(box);
    if (host.loop)
        myna_loop_destroy(host.loop);
    myna_config_destroy(cfg);
    return 0;
}

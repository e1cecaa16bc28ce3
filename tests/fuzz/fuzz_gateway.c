/* fuzz_gateway.c - what strangers send to the gateway: control messages of clients (with tools and
 * their results), its own HTTP, the server's list of people; and a text of any bytes in parts. The
 * first byte says which. */
#include <stdlib.h>
#include <string.h>

#include "gateway/clients.h"
#include "gateway/control.h"
#include "gateway/desk.h"
#include "gateway/remote_tools.h"
#include "gateway/split.h"
#include "livekit/attendance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    (void)arg;
    if (topic || !to || body.len > MYNA_GW_PACKET_MAX + MYNA_GW_TOOL_BODY)
        abort();
    return MYNA_OK;
}

static enum myna_err on_offer(void *arg, const struct myna_tool_def *tools, size_t n,
                              struct myna_why *why)
{
    (void)arg;
    (void)why;
    for (size_t i = 0; i < n; i++)
        if (!*tools[i].name || strlen(tools[i].name) > MYNA_GW_TOOL_NAME ||
            strlen(tools[i].parameters) > MYNA_GW_TOOL_SCHEMA)
            abort();
    return MYNA_OK;
}

static void on_result(void *arg, const char *call, const char *output, bool is_error)
{
    (void)call;
    (void)is_error;
    *(int *)arg += 1;
    if (strlen(output) > MYNA_GW_TOOL_BODY + 100)
        abort();
}

/* Messages one a line; a call is out all the time, which must end once. */
static void clients_send(const uint8_t *data, size_t size)
{
    static const struct myna_gw_options conf = {.remote_tool_policy = MYNA_GW_TRUST};
    static const struct myna_gw_wire wire = {.send = on_send};
    static const struct myna_gw_tools_host host = {on_offer, on_result};
    int results = 0, calls = 0;
    struct myna_gw_tools *t = myna_gw_tools_create(&conf, MYNA_S, &wire, &host, &results);
    struct myna_gw_control c;

    while (t && size) {
        const uint8_t *stop = memchr(data, '\n', size);
        size_t n = stop ? (size_t)(stop - data) : size;

        calls += myna_gw_tools_call(t, 0, 1, "c", "x", "{}", NULL);
        myna_gw_control_read(&c, (struct myna_view){data, n}, false);
        if (c.order == MYNA_GW_MESSAGE && (!c.text || !*c.text))
            abort();
        if (c.order == MYNA_GW_TOOL_REGISTER)
            myna_gw_tools_register(t, "ann", c.body);
        else if (c.order == MYNA_GW_TOOL_UNREGISTER)
            myna_gw_tools_unregister(t, "ann", c.body);
        else if (c.order == MYNA_GW_TOOL_RESULT)
            myna_gw_tools_result(t, "ann", c.body);
        myna_gw_control_fini(&c);
        data += stop ? n + 1 : n;
        size -= stop ? n + 1 : n;
    }
    if (t)
        myna_gw_tools_left(t, "ann");
    if (results != calls)
        abort();
    myna_gw_tools_destroy(t);
}

static void in_parts(const uint8_t *data, size_t size)
{
    while (size) {
        size_t n = myna_gw_split((struct myna_view){data, size});

        if (!n || n > size || n > MYNA_GW_PART_MAX)
            abort();
        data += n;
        size -= n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_gw_request rq;

    if (!size)
        return 0;
    if (*data % 4 == 0)
        clients_send(data + 1, size - 1);
    else if (*data % 4 == 1 &&
             myna_gw_request_read((const char *)data + 1, size - 1, &rq) == MYNA_GW_REQUEST_WHOLE &&
             rq.body + rq.body_len > (const char *)data + size)
        abort();
    else if (*data % 4 == 2 &&
             myna_lk_attendance((const char *)data + 1, size - 1, "hermes-hermes") < -1)
        abort();
    else if (*data % 4 == 3)
        in_parts(data + 1, size - 1);
    return 0;
}

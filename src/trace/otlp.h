/* otlp.h - spans as OTLP writes them (opentelemetry-proto v1: trace, collector), in protobuf or
 * JSON.
 *
 * A request is put together from pieces that are made one by one: prefix (the resource, the scope),
 * then the spans, then suffix. Pure.
 */
#ifndef MYNA_TRACE_OTLP_H
#define MYNA_TRACE_OTLP_H

#include "trace/trace.h"
#include "util/buf.h"

enum myna_otlp { MYNA_OTLP_PROTOBUF, MYNA_OTLP_JSON };

enum { MYNA_OTLP_TEXT_MAX = 32 << 10 }; /* bytes of one attribute; the rest is cut off */

/* One span, as it stands in a request. Text that is not UTF-8 has U+FFFD in it. */
enum myna_err myna_otlp_span(enum myna_otlp how, const struct myna_trace_span *span,
                             struct myna_buf *into);
/* A whole request: `spans` are spans one behind the other, as myna_otlp_span() wrote them. */
enum myna_err myna_otlp_request(enum myna_otlp how, const struct myna_attr *resource, size_t n,
                                const char *version, struct myna_view spans, struct myna_buf *into);

#endif

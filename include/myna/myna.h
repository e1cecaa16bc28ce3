/* myna.h - all of Myna's public headers. Start reading at session.h. */
#ifndef MYNA_MYNA_H
#define MYNA_MYNA_H

#include <myna/agent.h>
#include <myna/ask.h>
#include <myna/calls.h>
#include <myna/config.h>
#include <myna/console.h>
#include <myna/discover.h>
#include <myna/doctor.h>
#include <myna/error.h>
#include <myna/event.h>
#include <myna/frame.h>
#include <myna/gateway.h>
#include <myna/host.h>
#include <myna/livekit.h>
#include <myna/message.h>
#include <myna/provider.h>
#include <myna/runtime.h>
#include <myna/session.h>
#include <myna/stages.h>
#include <myna/transport.h>
#include <myna/worker.h>

#endif

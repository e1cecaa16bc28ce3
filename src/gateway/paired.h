/* paired.h - whom Hermes has let in by a pairing code (voice-gateway 4.2): read from its own files,
 * since a room is no place to show a code; `hermes pairing approve livekit CODE` writes them. */
#ifndef MYNA_GATEWAY_PAIRED_H
#define MYNA_GATEWAY_PAIRED_H

#include <stdbool.h>

#include <jansson.h>

/* $HERMES_HOME (~/.hermes), platforms/pairing/livekit-approved.json, else pairing/…: an object with
 * an identity for each key. NULL: there is none that can be read. Blocks for a small file. */
json_t *myna_gw_paired_read(void);
bool myna_gw_paired(const json_t *paired, const char *identity); /* NULL: nobody is */

#endif

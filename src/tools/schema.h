/* schema.h - the JSON schema of a tool's arguments: is it one, and do these arguments fit?
 *
 * The part of JSON Schema 2020-12 that tools use: type, properties, required, items, enum, const,
 * additionalProperties, minimum and maximum (also exclusive), minLength, maxLength, minItems,
 * maxItems, anyOf, oneOf, allOf, $ref within the document. Other keywords say nothing here; whoever
 * runs the tool may still refuse.
 *
 * Pure.
 */
#ifndef MYNA_TOOLS_SCHEMA_H
#define MYNA_TOOLS_SCHEMA_H

#include <jansson.h>

#include <myna/error.h>

/* Names and descriptions of one tool, and what the agent may pass. `why` names the place in the
 * schema ("properties.city.type"). MYNA_ECONFIG. */
MYNA_MUST enum myna_err myna_schema_check(const json_t *schema, struct myna_why *why);
/* MYNA_EFORMAT: `why` is half a sentence for the model that names the field ("the required field
 * \"city\" is missing", "\"days\" must be an integer"). */
MYNA_MUST enum myna_err myna_schema_fits(const json_t *schema, const json_t *value,
                                         struct myna_why *why);

#endif

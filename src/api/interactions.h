/* interactions.h - what was said aloud, kept: for voice/process and the WebSocket, which fill an
 * Interaction (hear.h), and for the routes that list and delete them.
 *
 * Threads: pure functions over the parts, which are shared; calls block. */
#ifndef SOTTO_API_INTERACTIONS_H
#define SOTTO_API_INTERACTIONS_H

#include "api/hear.h"

/* Keeps `i` as interaction_members writes it; called once, when all of it is known (after it was
 * spoken, when it is). What was answered stays answered when it cannot be kept: then it is logged
 * and counted (voice_interactions_lost_total). Nothing without a store. */
void interaction_keep(const ApiParts *p, const Uuid *owner, const Interaction *i);

#endif

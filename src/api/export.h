/* export.h - all that a person owns as one ZIP archive, in forms that other programs read.
 *
 *   documents/ID/document.json, text.txt, original.*   tasks/, conversations/, memory/, briefings/,
 *   ledger/, folders/, calendars/ as the interface gives them (JSON), calendar.ics, and last
 *   manifest.json: every file with its length and SHA-256
 *
 * Made of the interface's own answers, so that docs/API.md says what each means. Threads: as
 * api_dispatch. */
#ifndef SOTTO_API_EXPORT_H
#define SOTTO_API_EXPORT_H

#include "api/api.h"
#include "api/zip_out.h"

bool export_person(Api *api, const Uuid *owner, unsigned worker, ZipPut put, void *arg, Err *err);

#endif

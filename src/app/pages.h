/* pages.h - lists of the interface, page by page. Threads: the main thread. */
#ifndef SOTTO_APP_PAGES_H
#define SOTTO_APP_PAGES_H

#include "app/call.h"
#include "app/cli.h"

/* Follows next_cursor from page to page, beginning at `first`. `each` gets every page; it says how
 * many items to ask for next, 0 to stop. What it wrote to cli->out is printed page by page. */
typedef size_t (*PageFn)(Cli *cli, void *arg, const Json *page);
bool cli_pages(Cli *cli, Call *call, Str first, size_t limit, PageFn each, void *arg, Err *err);

#endif

/* desktop.h - reminders as notifications of the desktop (org.freedesktop.Notifications), by the
 * program that does so: notify-send of libnotify. The one file that knows it.
 *
 * A notification is a child process that is looked after and never waited for; one that takes
 * longer than some seconds is ended. It carries the delivery's id as a tag that desktops know
 * (x-canonical-private-synchronous, x-dunst-stack-tag), so that one shown again after a crash takes
 * the place of the first instead of standing beside it.
 *
 * Threads: a Desktop has one owner. */
#ifndef SOTTO_ASSISTANT_DESKTOP_H
#define SOTTO_ASSISTANT_DESKTOP_H

#include "base/uuid.h"

typedef struct Desktop Desktop;

/* NULL without a program or a session to show it in (no session bus): then there is no desktop;
 * *err says what is missing. */
Desktop *desktop_open(Err *err);
/* Ends what is still running. NULL is allowed. */
void desktop_close(Desktop *d);
/* Begins to show one; ids come back from desktop_reap. False: too many at once, or it cannot be
 * started. urgent: it stays until it is clicked away. */
bool desktop_show(Desktop *d, const Uuid *id, Str title, Str body, bool urgent, Err *err);
/* Those that are done since: at most `max` ids, *failed of which were not shown. */
size_t desktop_reap(Desktop *d, Uuid *ids, bool *failed, size_t max);
size_t desktop_running(const Desktop *d);

#endif

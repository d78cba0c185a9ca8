/* people_int.h - the people who are open; shared by people.c and people_wakes.c. */
#ifndef SOTTO_APP_PEOPLE_INT_H
#define SOTTO_APP_PEOPLE_INT_H

#include "app/app.h"

typedef struct AppPerson {
    App own;         /* the shared parts are borrowed from the app */
    bool gone;       /* removed */
    bool stopping;   /* somebody is about to remove or close them, and nobody else may */
    bool woken;      /* opened because something was due, by nobody's request */
    unsigned due;    /* the last look at which something was due soon */
    unsigned tried;  /* the last look at which they were to be let go */
    uint64_t plans;  /* store_plans_version, when they were opened */
    struct AppPerson *next;
} AppPerson;

AppPerson *app_person_of(App *app, const Uuid *owner); /* with people_lock held */
size_t app_people_limit(const App *app);
/* Closes and frees one (`stopping`) whom nobody has held for that long. Main thread; false: not
 * now. */
bool app_person_close(App *app, AppPerson *p, uint64_t idle_ns);

#endif

/* qd_ops.h - the operations that the working copy answers. */
#ifndef SOTTO_STORE_QDRANT_QD_OPS_H
#define SOTTO_STORE_QDRANT_QD_OPS_H

#include "store/qdrant/qd_pipe.h"

#define QD_RACES 100
/* Whether the write is worth another try; pauses. */
bool qd_raced(const Err *err, int tries);

#define QD_RUN(owner, fresh, call)                                                                 \
    QdPerson *who = qd_person_take(qd_of(s), (owner), (fresh), err);                               \
    if (!who)                                                                                      \
        return false;                                                                              \
    Err why = ERR_INIT;                                                                            \
    bool ok = (call);                                                                              \
    qd_person_give(who);                                                                           \
    if (!ok && err)                                                                                \
        *err = why;                                                                                \
    return ok

#define READ(owner, call) QD_RUN(owner, true, call)
#define LOOSE(owner, call) QD_RUN(owner, false, call)

#define WRITE(owner, call)                                                                         \
    for (int tries = 0;; tries++) {                                                                \
        QdPerson *who = qd_person_take(qd_of(s), (owner), true, err);                              \
        if (!who)                                                                                  \
            return false;                                                                          \
        Err why = ERR_INIT;                                                                        \
        bool ok = (call);                                                                          \
        qd_person_give(who);                                                                       \
        if (ok)                                                                                    \
            return true;                                                                           \
        if (!qd_raced(&why, tries)) {                                                              \
            if (err)                                                                               \
                *err = why;                                                                        \
            return false;                                                                          \
        }                                                                                          \
    }

void qd_ops_documents(StoreOps *o);
void qd_ops_plans(StoreOps *o);
void qd_ops_people(StoreOps *o);

#endif

/* qd_sparse.h - words and vectors as Qdrant is told them; qd_points.c says how. */
#ifndef SOTTO_STORE_QDRANT_QD_SPARSE_H
#define SOTTO_STORE_QDRANT_QD_SPARSE_H

#include "store/qdrant/qd.h"

uint32_t qd_term_index(Str stem);
void qd_json_vector(JsonW *w, const float v[VINDEX_DIM]);
/* A sparse vector of a query's stems and weights. */
bool qd_json_query(JsonW *w, const KindexQueryTerm *terms, size_t n, Arena *a, Err *err);

#endif

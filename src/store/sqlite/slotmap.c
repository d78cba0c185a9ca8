/* slotmap.c - which index slots belong to a document or a passage, for filters, phrases, deletions.
 *
 * An open-addressing table leads from doc_no to its first slot, and one array links the slots of a
 * document. Passage numbers are dense where anything lives, because a document's passages are
 * numbered in a row: pages of 1024 slots, made and freed as passages come and go. Together about 8
 * bytes a passage and 32 a document. A document that is gone leaves its entry (first is SQ_NO_SLOT)
 * until the table grows. In a spill the pages are one array. */
#include "store/sqlite/sq_index.h"

#include "base/mem.h"

#define PAGE 1024u

struct SqSlotPage {
    uint32_t live;
    uint32_t slot[PAGE]; /* slot + 1; 0: not here */
};

static void *room(const SqSlots *m, size_t n, size_t size)
{
    return m->spill ? spill_resize(m->spill, NULL, n, size) : mem_array(n, size);
}

static void give_back(const SqSlots *m, void *block)
{
    if (m->spill)
        spill_free(m->spill, block);
    else
        mem_free(block);
}

/* ---- documents ------------------------------------------------------------------------------ */

static size_t home(const SqSlots *m, uint64_t doc)
{
    return (size_t)(doc * 0x9E3779B97F4A7C15u >> 20) & (m->docs_size - 1);
}

static bool rehash(SqSlots *m, size_t size)
{
    SqSlots bigger = {.docs = room(m, size, sizeof *m->docs), .docs_size = size};
    if (!bigger.docs)
        return false;
    for (size_t i = 0; i < m->docs_size; i++) {
        if (!m->docs[i].doc || m->docs[i].first == SQ_NO_SLOT)
            continue; /* the moment to forget documents that are gone */
        size_t h = home(&bigger, m->docs[i].doc);
        while (bigger.docs[h].doc)
            h = (h + 1) & (size - 1);
        bigger.docs[h].doc = m->docs[i].doc;
        bigger.docs[h].first = m->docs[i].first;
        bigger.n_docs++;
    }
    give_back(m, m->docs);
    m->docs = bigger.docs;
    m->docs_size = size;
    m->n_docs = bigger.n_docs;
    return true;
}

static size_t find(const SqSlots *m, uint64_t doc)
{
    if (!m->docs_size)
        return SIZE_MAX;
    for (size_t h = home(m, doc); m->docs[h].doc; h = (h + 1) & (m->docs_size - 1))
        if (m->docs[h].doc == doc)
            return h;
    return SIZE_MAX;
}

uint32_t sq_slots_of_doc(const SqSlots *m, uint64_t doc)
{
    size_t h = find(m, doc);
    return h == SIZE_MAX ? SQ_NO_SLOT : m->docs[h].first;
}

/* ---- passages ------------------------------------------------------------------------------- */

static bool reserve_flat(SqSlots *m, uint64_t chunk)
{
    if (chunk < m->n_flat)
        return true;
    size_t n = (size_t)chunk + (size_t)chunk / 2 + 65536;
    uint32_t *flat = spill_resize(m->spill, m->flat, n, sizeof *flat);
    if (flat) {
        m->flat = flat;
        m->n_flat = n;
    }
    return flat;
}

static bool reserve_page(SqSlots *m, uint64_t chunk)
{
    if (m->spill)
        return reserve_flat(m, chunk);
    size_t p = (size_t)(chunk / PAGE);
    if (p >= m->n_pages) {
        size_t n = p + p / 2 + 16;
        struct SqSlotPage **pages = mem_resize(m->pages, n, sizeof *pages);
        if (!pages)
            return false;
        memset(pages + m->n_pages, 0, (n - m->n_pages) * sizeof *pages);
        m->pages = pages;
        m->n_pages = n;
    }
    return m->pages[p] || (m->pages[p] = mem_zalloc(sizeof *m->pages[p]));
}

uint32_t sq_slots_of_chunk(const SqSlots *m, uint64_t chunk)
{
    if (m->spill)
        return chunk < m->n_flat ? m->flat[chunk] - 1 : SQ_NO_SLOT;
    size_t p = (size_t)(chunk / PAGE);
    return p < m->n_pages && m->pages[p] ? m->pages[p]->slot[chunk % PAGE] - 1 : SQ_NO_SLOT;
}

/* ---- both ----------------------------------------------------------------------------------- */

bool sq_slots_reserve(SqSlots *m, uint32_t slots, uint64_t chunk)
{
    if (slots > m->slots_cap) {
        uint32_t cap = m->slots_cap < 1024 ? 1024 : m->slots_cap + m->slots_cap / 2;
        if (cap < slots)
            cap = slots;
        uint32_t *next = m->spill ? spill_resize(m->spill, m->next, cap, sizeof *next)
                                  : mem_resize(m->next, cap, sizeof *next);
        if (!next)
            return false;
        m->next = next;
        m->slots_cap = cap;
    }
    if ((m->n_docs + 1) * 2 > m->docs_size && !rehash(m, m->docs_size ? m->docs_size * 2 : 512))
        return false;
    return reserve_page(m, chunk);
}

bool sq_slots_add(SqSlots *m, uint64_t doc, uint64_t chunk, uint32_t slot)
{
    if (!sq_slots_reserve(m, slot + 1, chunk))
        return false;
    size_t h = home(m, doc);
    while (m->docs[h].doc && m->docs[h].doc != doc)
        h = (h + 1) & (m->docs_size - 1);
    if (!m->docs[h].doc) {
        m->docs[h].doc = doc;
        m->docs[h].first = SQ_NO_SLOT;
        m->n_docs++;
    }
    m->next[slot] = m->docs[h].first;
    m->docs[h].first = slot;
    if (m->spill) {
        m->flat[chunk] = slot + 1;
        return true;
    }
    m->pages[chunk / PAGE]->slot[chunk % PAGE] = slot + 1;
    m->pages[chunk / PAGE]->live++;
    return true;
}

static void forget_chunk(SqSlots *m, uint64_t chunk)
{
    size_t p = (size_t)(chunk / PAGE);
    if (m->spill) {
        m->flat[chunk] = 0;
        return;
    }
    m->pages[p]->slot[chunk % PAGE] = 0;
    if (!--m->pages[p]->live) {
        mem_free(m->pages[p]);
        m->pages[p] = NULL;
    }
}

void sq_slots_remove(SqSlots *m, uint64_t doc, uint64_t chunk)
{
    uint32_t slot = sq_slots_of_chunk(m, chunk);
    size_t h = find(m, doc);
    if (slot == SQ_NO_SLOT)
        return;
    forget_chunk(m, chunk);
    if (h == SIZE_MAX)
        return;
    uint32_t *link = &m->docs[h].first;
    while (*link != SQ_NO_SLOT && *link != slot)
        link = &m->next[*link];
    if (*link == slot)
        *link = m->next[slot];
}

void sq_slots_release(SqSlots *m)
{
    for (size_t i = 0; i < m->n_pages; i++)
        mem_free(m->pages[i]);
    mem_free(m->pages);
    give_back(m, m->docs);
    give_back(m, m->next);
    give_back(m, m->flat);
    *m = (SqSlots){.spill = m->spill};
}

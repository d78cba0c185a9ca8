/* xml.h - XML as a stream of events, for the formats that are made of it.
 *
 *   pieces of bytes -> libxml2's push parser -> start, text, end by number of the element
 *
 * A reader gives a table of the elements it knows; what it does not know passes with number 0, so
 * that its text is not lost. Namespaces are compared by their address (old and strict ones are the
 * same to a reader). Of alternatives (mc:AlternateContent) only the first is read.
 *
 * Nothing outside is ever loaded: no external entity, no external DTD, no network. A document that
 * declares entities of its own is refused (no office program writes one; "billion laughs" do), and
 * so is one nested deeper than XML_MAX_DEPTH. Other faults are passed over where the parser can.
 *
 * Threads: a parser is one thread's. */
#ifndef SOTTO_INGEST_XML_H
#define SOTTO_INGEST_XML_H

#include "base/str.h"

#define XML_MAX_DEPTH 1000

typedef enum {
    XN_OTHER, /* none, or one that no reader asks for */
    XN_ANY,   /* in a table of words: whatever the namespace */
    XN_XML,
    XN_W, XN_WP, XN_S, XN_XDR, XN_P, XN_A, XN_C, XN_DGM, XN_M, XN_V, XN_R, XN_REL, XN_CT, XN_CP,
    XN_MC,
    XN_DC,
    XN_OFFICE, XN_TEXT, XN_TABLE, XN_STYLE, XN_DRAW, XN_SLIDE, XN_SVG, XN_META, XN_FO, XN_NUMBER,
    XN_MANIFEST, XN_XLINK,
    XN_OPF, XN_NCX, XN_XHTML
} XmlNs;

typedef struct {
    XmlNs ns;
    Str name, value; /* borrowed until the callback returns */
} XmlAttribute;

typedef struct {
    const XmlAttribute *list;
    size_t n;
} XmlAttributes;

typedef struct {
    XmlNs ns;
    const char *name;
    int number; /* above 0 */
} XmlWord;

typedef struct {
    void *arg;
    const XmlWord *words;
    size_t n_words;
    /* False: the element and all in it are passed over, its end too. */
    bool (*start)(void *arg, int element, const XmlAttributes *a);
    void (*end)(void *arg, int element); /* may be NULL */
    void (*text)(void *arg, Str s);      /* may be NULL */
} XmlHandler;
#define XML_WORDS(table) .words = (table), .n_words = sizeof(table) / sizeof *(table)

typedef struct XmlParser XmlParser;

bool xml_preload(Err *err);
/* *h is copied; its table and arg must outlive the parser. */
XmlParser *xml_open(const XmlHandler *h, Err *err);
/* ERR_VALIDATION for entities and depth, ERR_NO_MEMORY. */
bool xml_feed(XmlParser *x, Str bytes, Err *err);
/* The end of the document; *whole is false when it was no XML from some place on. Elements that are
 * open are ended. */
bool xml_end(XmlParser *x, bool *whole, Err *err);
/* Whether xml_feed has refused the document. */
bool xml_refused(const XmlParser *x);
/* Whether the root element has been seen. */
bool xml_started(const XmlParser *x);
void xml_close(XmlParser *x);

/* An attribute's value; ptr NULL when it is not there. XN_OTHER finds one without a namespace. */
Str xml_attribute(const XmlAttributes *a, XmlNs ns, const char *name);
/* "1", "true", "on", and an attribute that is not there are true. */
bool xml_is_on(Str value);

#endif

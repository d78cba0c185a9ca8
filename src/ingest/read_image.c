/* read_image.c - text in pictures; the one file that knows Tesseract and Leptonica.
 *
 *   bytes -> size in the header -> pixels -> recognised lines -> those that are likely words
 *
 * Both libraries are optional (Debian: tesseract-ocr): this file needs no header of theirs, the few
 * functions of their C interfaces are declared here, and where they are missing a picture is
 * refused with the package's name. The model is loaded in the zygote, so that the child opens no
 * file, and OpenMP is held to one thread, because a child may start none.
 *
 * Languages: the ones installed, English first, three at most. Pictures turned by quarters are
 * righted when the package's orientation model is there. A line whose confidence is below 50 of 100
 * is left out: photographs are full of such "text". */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "ingest/extract.h"
#include "text/letters.h"

#define MAX_SIDE 32767
#define MAX_PIXELS 60e6  /* decoded: 4 bytes each */
#define GOOD_PIXELS 12e6 /* an A4 page at 350 dpi; larger ones are made smaller */
#define MAX_PAGES 500    /* of a TIFF */
#define MIN_CONFIDENCE 50
#define LANGUAGES 3

typedef struct Pix Pix;
typedef struct Tess Tess;
typedef struct TessLines TessLines; /* TessResultIterator */

enum { LEVEL_PARAGRAPH = 1, LEVEL_LINE = 2 };
enum { SEGMENT_WITH_ORIENTATION = 1, SEGMENT = 3 };
enum { FORMAT_TIFF_FIRST = 4, FORMAT_TIFF_LAST = 10 };

static struct {
    Tess *api;
    int (*header)(const uint8_t *data, size_t size, int *format, int *w, int *h, int *bits,
                  int *samples, int *colour_map);
    Pix *(*decode)(const uint8_t *data, size_t size);
    Pix *(*decode_page)(const uint8_t *data, size_t size, size_t *offset);
    Pix *(*create)(int w, int h, int depth);
    Pix *(*scale)(Pix *p, float x, float y);
    int (*width)(const Pix *p);
    int (*height)(const Pix *p);
    void (*drop)(Pix **p);
    int (*severity)(int level);
    Tess *(*tess_new)(void);
    int (*tess_init)(Tess *t, const char *folder, const char *languages);
    void (*tess_mode)(Tess *t, int mode);
    int (*tess_set)(Tess *t, const char *name, const char *value);
    void (*tess_image)(Tess *t, Pix *p);
    void (*tess_points)(Tess *t, const uint8_t *data, int w, int h, int bytes, int line);
    int (*tess_run)(Tess *t, void *monitor);
    void (*tess_clear)(Tess *t);
    TessLines *(*lines)(Tess *t);
    void (*lines_drop)(TessLines *l);
    int (*lines_next)(TessLines *l, int level);
    int (*lines_begins)(const TessLines *l, int level);
    float (*lines_confidence)(const TessLines *l, int level);
    char *(*lines_text)(const TessLines *l, int level);
    void (*text_drop)(const char *text);
} ocr;

static bool refuse(Err *err)
{
    return err_set(err, ERR_UNSUPPORTED_MEDIA,
                   "reading text in pictures needs Debian's package tesseract-ocr, which is not "
                   "installed (apt-get install tesseract-ocr)");
}

static bool load(void)
{
    Err why = ERR_INIT;
    void *lept = os_dlopen((const char *const[]){"liblept.so.5", "libleptonica.so.6", NULL},
                           "liblept5", &why);
    void *tess = os_dlopen((const char *const[]){"libtesseract.so.5", "libtesseract.so.4", NULL},
                           "libtesseract5", &why);
    const struct {
        void *lib;
        const char *name;
        void *to;
    } symbols[] = {{lept, "pixReadHeaderMem", &ocr.header},
                   {lept, "pixReadMem", &ocr.decode},
                   {lept, "pixReadMemFromMultipageTiff", &ocr.decode_page},
                   {lept, "pixCreate", &ocr.create},
                   {lept, "pixScale", &ocr.scale},
                   {lept, "pixGetWidth", &ocr.width},
                   {lept, "pixGetHeight", &ocr.height},
                   {lept, "pixDestroy", &ocr.drop},
                   {lept, "setMsgSeverity", &ocr.severity},
                   {tess, "TessBaseAPICreate", &ocr.tess_new},
                   {tess, "TessBaseAPIInit3", &ocr.tess_init},
                   {tess, "TessBaseAPISetPageSegMode", &ocr.tess_mode},
                   {tess, "TessBaseAPISetVariable", &ocr.tess_set},
                   {tess, "TessBaseAPISetImage2", &ocr.tess_image},
                   {tess, "TessBaseAPISetImage", &ocr.tess_points},
                   {tess, "TessBaseAPIRecognize", &ocr.tess_run},
                   {tess, "TessBaseAPIClear", &ocr.tess_clear},
                   {tess, "TessBaseAPIGetIterator", &ocr.lines},
                   {tess, "TessResultIteratorDelete", &ocr.lines_drop},
                   {tess, "TessPageIteratorNext", &ocr.lines_next},
                   {tess, "TessPageIteratorIsAtBeginningOf", &ocr.lines_begins},
                   {tess, "TessResultIteratorConfidence", &ocr.lines_confidence},
                   {tess, "TessResultIteratorGetUTF8Text", &ocr.lines_text},
                   {tess, "TessDeleteText", &ocr.text_drop}};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!symbols[i].lib || !os_sym(symbols[i].lib, symbols[i].name, symbols[i].to, &why))
            return false;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* "eng+deu": what is installed in the folder. *oriented: the orientation model is there too. */
static bool find_languages(const char *folder, char *out, size_t size, bool *oriented)
{
    char names[64][16];
    size_t n = 0, used = 0;
    DIR *dir = opendir(folder);
    struct dirent *e;
    while (dir && n < 64 && (e = readdir(dir))) {
        Str name = str_of(e->d_name);
        if (!str_ends(name, STR(".traineddata")) || name.len - 12 >= sizeof names[0])
            continue;
        (void)snprintf(names[n], sizeof names[n], "%.*s", (int)name.len - 12, name.ptr);
        if (strcmp(names[n], "osd") == 0)
            *oriented = true;
        else if (strcmp(names[n], "equ") != 0)
            n++;
        if (n > 0 && strcmp(names[n - 1], "eng") == 0)
            names[n - 1][0] = ' '; /* sorts before all */
    }
    if (dir)
        (void)closedir(dir);
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n && i < LANGUAGES; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "+" : "",
                                 names[i][0] == ' ' ? "eng" : names[i]);
    return n > 0;
}

static bool preload(Err *err)
{
    static const char *const folders[] = {"/usr/share/tesseract-ocr/5/tessdata",
                                          "/usr/share/tesseract-ocr/4.00/tessdata",
                                          "/usr/share/tessdata"};
    char languages[64] = "";
    bool oriented = false;
    size_t f = 0;
    if (ocr.api)
        return true;
    (void)setenv("OMP_THREAD_LIMIT", "1", 1); /* read when the library is loaded */
    if (!load())
        return refuse(err);
    (void)ocr.severity(6); /* no messages */
    while (f < 3 && !find_languages(folders[f], languages, sizeof languages, &oriented))
        f++;
    Tess *api = f < 3 ? ocr.tess_new() : NULL;
    if (!api || ocr.tess_init(api, folders[f], languages) != 0)
        return refuse(err);
    (void)ocr.tess_set(api, "debug_file", "/dev/null");
    ocr.tess_mode(api, oriented ? SEGMENT_WITH_ORIENTATION : SEGMENT);
    /* The orientation model is loaded with the first picture: a white one of our own. */
    Pix *white = ocr.create(64, 64, 8);
    if (white) {
        ocr.tess_image(api, white);
        (void)ocr.tess_run(api, NULL);
        ocr.tess_clear(api);
        ocr.drop(&white);
    }
    ocr.api = api;
    return true;
}

/* ---- one picture ---------------------------------------------------------------------------- */

static void add_lines(ExtractOut *out)
{
    TessLines *l = ocr.lines(ocr.api);
    if (!l)
        return;
    bool open = false;
    do {
        if (ocr.lines_begins(l, LEVEL_PARAGRAPH))
            open = false;
        char *text = ocr.lines_text(l, LEVEL_LINE);
        Str line = letters_trim(str_of(text ? text : ""));
        if (line.len > 0 && ocr.lines_confidence(l, LEVEL_LINE) >= MIN_CONFIDENCE) {
            extract_break(out, open ? 1 : 2);
            extract_flow(out, line);
            extract_break(out, 1);
            open = true;
        }
        if (text)
            ocr.text_drop(text);
    } while (ocr.lines_next(l, LEVEL_LINE) && buf_ok(&out->text));
    ocr.lines_drop(l);
}

/* What the picture that is set holds. */
static bool run(ExtractOut *out, Err *err)
{
    (void)ocr.tess_set(ocr.api, "user_defined_dpi", "300");
    bool ok = ocr.tess_run(ocr.api, NULL) == 0 ||
              err_set(err, ERR_VALIDATION, "text recognition gave up on the picture");
    if (ok)
        add_lines(out);
    ocr.tess_clear(ocr.api);
    return ok;
}

static bool recognise(Pix *p, ExtractOut *out, Err *err)
{
    double pixels = (double)ocr.width(p) * ocr.height(p);
    Pix *small = NULL;
    if (pixels > GOOD_PIXELS) {
        float factor = (float)sqrt(GOOD_PIXELS / pixels);
        small = ocr.scale(p, factor, factor);
    }
    ocr.tess_image(ocr.api, small ? small : p);
    bool ok = run(out, err);
    if (small)
        ocr.drop(&small);
    return ok;
}

static bool too_large(int w, int h, Err *err)
{
    if (w > 0 && h > 0 && w <= MAX_SIDE && h <= MAX_SIDE && (double)w * h <= MAX_PIXELS)
        return false;
    (void)err_set(err, ERR_TOO_LARGE,
                  "the picture has %d x %d points; the limit is %d a side and %d million in all", w,
                  h, MAX_SIDE, (int)(MAX_PIXELS / 1e6));
    return true;
}

static bool damaged(Err *err)
{
    return err_set(err, ERR_VALIDATION, "the picture is damaged or of a kind that is not read");
}

/* A TIFF's pages, each with its mark. The header of every page is read by the decoder itself, which
 * allocates what it says: the memory limit of the child holds it. */
static bool read_tiff(Str data, ExtractOut *out, Err *err)
{
    size_t offset = 0, start;
    do {
        Pix *p = ocr.decode_page((const uint8_t *)data.ptr, data.len, &offset);
        if (!p && out->pages == 0)
            return damaged(err);
        if (!p)
            break;
        bool large = too_large(ocr.width(p), ocr.height(p), err);
        extract_break(out, 2);
        start = out->text.len;
        bool ok = !large && recognise(p, out, err);
        ocr.drop(&p);
        if (!ok)
            return false;
        extract_mark(out, MARK_PAGE, start, out->text.len, ++out->pages);
    } while (offset != 0 && out->pages < MAX_PAGES);
    return true;
}

static bool read_image(Str data, Str filename, ExtractOut *out, Err *err)
{
    int format = 0, w = 0, h = 0, bits, samples, map;
    (void)filename;
    if (ocr.header((const uint8_t *)data.ptr, data.len, &format, &w, &h, &bits, &samples, &map))
        return damaged(err);
    if (too_large(w, h, err))
        return false;
    bool ok;
    if (format >= FORMAT_TIFF_FIRST && format <= FORMAT_TIFF_LAST) {
        ok = read_tiff(data, out, err);
    } else {
        Pix *p = ocr.decode((const uint8_t *)data.ptr, data.len);
        if (!p)
            return damaged(err);
        ok = recognise(p, out, err);
        ocr.drop(&p);
    }
    extract_end(out);
    if (ok && out->text.len == 0)
        return err_set(err, ERR_VALIDATION, "no text was recognised in the picture");
    return ok;
}

/* ---- for other readers ----------------------------------------------------------------------- */

static PictureReading reading = PICTURES_UNTRIED;
static bool wanted;

PictureReading picture_reading(void)
{
    return reading;
}

void picture_want(void)
{
    wanted = true;
}

bool picture_wanted(void)
{
    return wanted;
}

void picture_preload(void)
{
    Err absent = ERR_INIT;
    reading = preload(&absent) ? PICTURES_READ : PICTURES_NOT_READ;
}

bool picture_read(const uint8_t *grey, int w, int h, ExtractOut *out, Err *err)
{
    ocr.tess_points(ocr.api, grey, w, h, 1, w);
    return run(out, err);
}

const Reader reader_image = {.type = "image", .preload = preload, .read = read_image};

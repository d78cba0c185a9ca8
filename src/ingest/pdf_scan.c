#include "ingest/pdf_scan.h"

#include <math.h>

#include "base/mem.h"
#include "base/os.h"

#define POINTS_AN_INCH 72.0
#define DPI 300.0
#define MOST_PIXELS 12e6 /* an A4 page has 8.7 million at 300 dpi */

static struct {
    __typeof__(&poppler_page_get_size) size;
    __typeof__(&poppler_page_render) render;
    __typeof__(&poppler_page_get_image_mapping) pictures;
    __typeof__(&poppler_page_free_image_mapping) free_pictures;
    __typeof__(&cairo_image_surface_create) surface;
    __typeof__(&cairo_surface_status) status;
    __typeof__(&cairo_surface_flush) flush;
    __typeof__(&cairo_surface_destroy) drop_surface;
    __typeof__(&cairo_image_surface_get_data) data;
    __typeof__(&cairo_image_surface_get_stride) stride;
    __typeof__(&cairo_create) create;
    __typeof__(&cairo_destroy) drop;
    __typeof__(&cairo_scale) scale;
    __typeof__(&cairo_set_source_rgb) colour;
    __typeof__(&cairo_paint) paint;
} scan;

bool pdf_scan_load(void *poppler, Err *err)
{
    void *cairo = os_dlopen((const char *const[]){"libcairo.so.2", NULL}, "libcairo2", err);
    const struct {
        void *lib;
        const char *name;
        void *to;
    } symbols[] = {{poppler, "poppler_page_get_size", &scan.size},
                   {poppler, "poppler_page_render", &scan.render},
                   {poppler, "poppler_page_get_image_mapping", &scan.pictures},
                   {poppler, "poppler_page_free_image_mapping", &scan.free_pictures},
                   {cairo, "cairo_image_surface_create", &scan.surface},
                   {cairo, "cairo_surface_status", &scan.status},
                   {cairo, "cairo_surface_flush", &scan.flush},
                   {cairo, "cairo_surface_destroy", &scan.drop_surface},
                   {cairo, "cairo_image_surface_get_data", &scan.data},
                   {cairo, "cairo_image_surface_get_stride", &scan.stride},
                   {cairo, "cairo_create", &scan.create},
                   {cairo, "cairo_destroy", &scan.drop},
                   {cairo, "cairo_scale", &scan.scale},
                   {cairo, "cairo_set_source_rgb", &scan.colour},
                   {cairo, "cairo_paint", &scan.paint}};
    for (size_t i = 0; cairo && i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(symbols[i].lib, symbols[i].name, symbols[i].to, err))
            return false;
    return cairo != NULL;
}

bool pdf_scan_pictured(PopplerPage *page)
{
    GList *pictures = scan.pictures(page);
    bool any = pictures != NULL;
    if (any)
        scan.free_pictures(pictures);
    return any;
}

/* Rec. 601 luma of cairo's 0x00RRGGBB words. */
static void to_grey(const unsigned char *from, int stride, int w, int h, uint8_t *to)
{
    for (int y = 0; y < h; y++) {
        const unsigned char *row = from + (ptrdiff_t)y * stride;
        for (int x = 0; x < w; x++) {
            uint32_t p;
            memcpy(&p, row + (ptrdiff_t)x * 4, sizeof p);
            *to++ = (uint8_t)((((p >> 16) & 255) * 77 + ((p >> 8) & 255) * 150 + (p & 255) * 29)
                              >> 8);
        }
    }
}

bool pdf_scan_page(PopplerPage *page, ExtractOut *out, Err *err)
{
    double wide = 0, tall = 0;
    scan.size(page, &wide, &tall);
    double factor = DPI / POINTS_AN_INCH;
    if (wide * tall * factor * factor > MOST_PIXELS)
        factor = sqrt(MOST_PIXELS / (wide * tall));
    int w = (int)(wide * factor), h = (int)(tall * factor);
    if (w < 1 || h < 1 || w > 32767 || h > 32767)
        return true; /* no page that a person could read */
    cairo_surface_t *surface = scan.surface(CAIRO_FORMAT_RGB24, w, h);
    uint8_t *grey = mem_array((size_t)w * (size_t)h, 1);
    bool ok = grey && scan.status(surface) == CAIRO_STATUS_SUCCESS;
    if (ok) {
        cairo_t *c = scan.create(surface);
        scan.colour(c, 1, 1, 1);
        scan.paint(c);
        scan.scale(c, factor, factor);
        scan.render(page, c);
        scan.drop(c);
        scan.flush(surface);
        to_grey(scan.data(surface), scan.stride(surface), w, h, grey);
    } else {
        (void)err_set(err, ERR_NO_MEMORY, "rendering a page of the PDF: out of memory");
    }
    scan.drop_surface(surface); /* before recognition, which needs memory of its own */
    ok = ok && picture_read(grey, w, h, out, err);
    mem_free(grey);
    return ok;
}

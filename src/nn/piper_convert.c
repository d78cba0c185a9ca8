/* piper_convert.c - a published voice (ONNX and JSON) into our weights file.
 *
 * The exporter keeps most of PyTorch's names; weights that weight normalisation made are anonymous
 * and found by the bias that the same convolution has, the embedding by the node that reads it. */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "nn/piper.h"
#include "nn/piper_maker.h"

/* The text encoder. */

static void make_embedding(Maker *m)
{
    const OnnxTensor *t = maker_find(m, STR("enc_p.emb.weight"));
    const OnnxNode *n = t ? NULL : onnx_node_with_input(m->onnx, STR("Gather"), 1, STR("input"));
    t = n ? maker_find(m, n->input[0]) : t;
    if (!t || t->rank != 2 || t->shape[0] == 0 || t->shape[0] > 4096 ||
        t->shape[1] > 4096) {
        maker_fail(m, "its table of phonemes is missing");
        return;
    }
    m->shape.vocab = t->shape[0];
    m->shape.hidden = t->shape[1];
    float *v = maker_copy(m, t), *out = maker_add(m, 2, t->shape, "embed");
    for (uint64_t i = 0; out && i < t->count; i++) {
        out[i] = v[i] * sqrtf((float)t->shape[1]);
    }
    mem_free(v);
}

/* Queries, keys and values after one another. */
static Raw take_qkv(Maker *m, uint32_t layer)
{
    static const char parts[] = "qkv";
    uint32_t h = m->shape.hidden;
    size_t block = (size_t)h * h;
    Raw all = {.out = 3 * h, .in = h, .taps = 1, .w = mem_array(3 * block, sizeof(float)),
        .b = mem_array((size_t)3 * h, sizeof(float))};
    if (!all.w || !all.b) {
        maker_no_memory(m);
    }
    for (unsigned i = 0; i < 3 && m->ok; i++) {
        Raw r = maker_conv(m, "enc_p.encoder.attn_layers.%u.conv_%c", layer, parts[i]);
        if (m->ok && (r.out != h || r.in != h || r.taps != 1)) {
            maker_fail(m, "attention %u has another shape", layer);
        }
        if (m->ok && all.w && all.b && r.w && r.b) {
            memcpy(all.w + i * block, r.w, block * sizeof(float));
            memcpy(all.b + (size_t)i * h, r.b, h * sizeof(float));
        }
        raw_free(&r);
    }
    return all;
}

static void make_layer(Maker *m, uint32_t i)
{
    const PiperShape *s = &m->shape;
    uint32_t h = s->hidden, head = h / s->heads;
    Name name, theirs;
    Raw qkv = take_qkv(m, i);
    raw_scale(&qkv, 0, h, 1.0f / sqrtf((float)head));
    (void)snprintf(name, sizeof name, "enc.%u.qkv", i);
    maker_put_conv(m, &qkv, 1, h, 3 * h, name);
    Raw r = maker_conv(m, "enc_p.encoder.attn_layers.%u.conv_o", i);
    (void)snprintf(name, sizeof name, "enc.%u.out", i);
    maker_put_conv(m, &r, 1, h, h, name);
    r = maker_conv(m, "enc_p.encoder.ffn_layers.%u.conv_1", i);
    (void)snprintf(name, sizeof name, "enc.%u.up", i);
    maker_put_conv(m, &r, s->ffn_taps, h, s->ffn, name);
    r = maker_conv(m, "enc_p.encoder.ffn_layers.%u.conv_2", i);
    (void)snprintf(name, sizeof name, "enc.%u.down", i);
    maker_put_conv(m, &r, s->ffn_taps, s->ffn, h, name);
    static const char kv[] = "kv";
    for (int k = 0; k < 2; k++) {
        uint32_t dims[3] = {1, 2 * s->window + 1, head};
        float *v = maker_take(m, 3, dims, "enc_p.encoder.attn_layers.%u.emb_rel_%c", i, kv[k]);
        uint32_t keys[2] = {head, PIPER_REL}, values[2] = {PIPER_REL, head};
        float *out = maker_add(m, 2, k == 0 ? keys : values, "enc.%u.rel_%c", i, kv[k]);
        for (uint32_t p = 0; out && p < dims[1] && p < PIPER_REL; p++) {
            for (uint32_t c = 0; c < head; c++) {
                out[k == 0 ? c * PIPER_REL + p : p * head + c] = v[p * head + c];
            }
        }
        mem_free(v);
    }
    for (int k = 1; k <= 2; k++) {
        (void)snprintf(theirs, sizeof theirs, "enc_p.encoder.norm_layers_%d.%u", k, i);
        (void)snprintf(name, sizeof name, "enc.%u.norm%d", i, k);
        maker_put_norm(m, h, theirs, name);
    }
}

static void make_encoder(Maker *m)
{
    PiperShape *s = &m->shape;
    make_embedding(m);
    s->layers = maker_count(m, "enc_p.encoder.attn_layers.%u.conv_q.bias", 0, 1, PIPER_LAYERS_MAX);
    const OnnxTensor *rel = maker_find(m, STR("enc_p.encoder.attn_layers.0.emb_rel_k"));
    const OnnxTensor *ffn = maker_weights(m, "enc_p.encoder.ffn_layers.0.conv_1");
    if (!rel || rel->rank != 3 || rel->shape[2] == 0 || rel->shape[1] % 2 == 0 ||
        s->hidden % rel->shape[2] != 0 || !ffn || ffn->rank != 3) {
        maker_fail(m, "its text encoder is missing");
        return;
    }
    s->heads = s->hidden / rel->shape[2];
    s->window = rel->shape[1] / 2;
    s->ffn = ffn->shape[0];
    s->ffn_taps = ffn->shape[2];
    for (uint32_t i = 0; i < s->layers; i++) {
        make_layer(m, i);
    }
    Raw r = maker_conv(m, "enc_p.proj");
    maker_put_conv(m, &r, 1, s->hidden, 2 * s->hidden, "enc.stats");
}

/* The duration predictor. */

static void make_dds(Maker *m, const char *theirs, const char *ours)
{
    uint32_t h = m->shape.hidden;
    for (int i = 0; i < PIPER_DDS; i++) {
        Name name, from;
        Raw sep = maker_conv(m, "%s.convs_sep.%d", theirs, i);
        if (m->ok && (sep.out != h || sep.in != 1 || sep.taps != 3)) {
            maker_fail(m, "\"%s\" has another shape", theirs);
        }
        float *w = maker_add(m, 2, (uint32_t[]){3, h}, "%s.%d.sep.w", ours, i);
        for (uint32_t c = 0; w && c < h; c++) {
            for (uint32_t j = 0; j < 3; j++) {
                w[j * h + c] = sep.w[c * 3 + j];
            }
        }
        (void)snprintf(name, sizeof name, "%s.%d.sep.b", ours, i);
        maker_put_vector(m, name, sep.b, h);
        raw_free(&sep);
        for (int k = 1; k <= 2; k++) {
            (void)snprintf(from, sizeof from, "%s.norms_%d.%d", theirs, k, i);
            (void)snprintf(name, sizeof name, "%s.%d.norm%d", ours, i, k);
            maker_put_norm(m, h, from, name);
        }
        Raw point = maker_conv(m, "%s.convs_1x1.%d", theirs, i);
        (void)snprintf(name, sizeof name, "%s.%d.point", ours, i);
        maker_put_conv(m, &point, 1, h, h, name);
    }
}

/* e^-s of the last, elementwise step: as an initializer, or folded into a constant by the exporter,
 * which the multiplication behind the subtraction of m reads. */
static void make_affine(Maker *m)
{
    uint32_t dims[2] = {2, 1};
    float *mean = maker_take(m, 2, dims, "dp.flows.0.m"), *scale = NULL;
    const OnnxTensor *logs = maker_find(m, STR("dp.flows.0.logs"));
    if (logs && logs->rank == 2 && logs->count == 2) {
        scale = maker_copy(m, logs);
        for (int i = 0; scale && i < 2; i++) {
            scale[i] = expf(-scale[i]);
        }
    } else if (m->ok) {
        const OnnxNode *sub = onnx_node_with_input(m->onnx, STR("Sub"), 1, STR("dp.flows.0.m"));
        const OnnxNode *mul = sub ?
            onnx_node_with_input(m->onnx, STR("Mul"), 0, sub->output) : NULL;
        const OnnxTensor *e = mul && mul->inputs > 1 ? maker_find(m, mul->input[1]) : NULL;
        if (e && e->rank == 2 && e->count == 2) {
            scale = maker_copy(m, e);
        }
    }
    if (!scale) {
        maker_fail(m, "the scale of its durations is missing");
    }
    float *out = maker_add(m, 1, (uint32_t[]){4}, "dp.affine");
    if (out && mean && scale) {
        memcpy(out, mean, 2 * sizeof *out);
        memcpy(out + 2, scale, 2 * sizeof *out);
    }
    mem_free(mean);
    mem_free(scale);
}

/* Inference takes the coupling layers 7, 5 and 3 of the stochastic predictor; its first is not used
 * backwards. */
static void make_durations(Maker *m)
{
    uint32_t h = m->shape.hidden;
    Raw r = maker_conv(m, "dp.pre");
    maker_put_conv(m, &r, 1, h, h, "dp.pre");
    r = maker_conv(m, "dp.proj");
    maker_put_conv(m, &r, 1, h, h, "dp.proj");
    make_dds(m, "dp.convs", "dp.dds");
    for (int i = 0; i < PIPER_SPLINES; i++) {
        int theirs = 7 - 2 * i;
        Name name, from;
        r = maker_conv(m, "dp.flows.%d.pre", theirs);
        if (m->ok && (r.out != h || r.in != 1 || r.taps != 1)) {
            maker_fail(m, "its durations have another shape");
        }
        (void)snprintf(name, sizeof name, "dp.spline.%d.pre.w", i);
        maker_put_vector(m, name, r.w, h);
        (void)snprintf(name, sizeof name, "dp.spline.%d.pre.b", i);
        maker_put_vector(m, name, r.b, h);
        raw_free(&r);
        (void)snprintf(from, sizeof from, "dp.flows.%d.convs", theirs);
        (void)snprintf(name, sizeof name, "dp.spline.%d", i);
        make_dds(m, from, name);
        r = maker_conv(m, "dp.flows.%d.proj", theirs);
        raw_scale(&r, 0, 2 * PIPER_BINS, 1.0f / sqrtf((float)h));
        (void)snprintf(name, sizeof name, "dp.spline.%d.proj", i);
        maker_put_conv(m, &r, 1, h, 3 * PIPER_BINS - 1, name);
    }
    make_affine(m);
}

/* The flow. Between two couplings the channels are turned round; instead, every other coupling has
 * its two ends turned round here, and reads the upper half of the channels. */

static void reverse_inputs(Raw *r)
{
    for (uint32_t o = 0; r->w && o < r->out; o++) {
        float *row = r->w + (size_t)o * r->in * r->taps;
        for (uint32_t i = 0; r->taps == 1 && i < r->in / 2; i++) {
            float t = row[i];
            row[i] = row[r->in - 1 - i];
            row[r->in - 1 - i] = t;
        }
    }
}

static void reverse_outputs(Raw *r)
{
    size_t row = (size_t)r->in * r->taps;
    for (uint32_t o = 0; r->w && r->b && o < r->out / 2; o++) {
        float *a = r->w + o * row, *b = r->w + (r->out - 1 - o) * row, t = r->b[o];
        r->b[o] = r->b[r->out - 1 - o];
        r->b[r->out - 1 - o] = t;
        for (size_t i = 0; i < row; i++) {
            t = a[i];
            a[i] = b[i];
            b[i] = t;
        }
    }
}

/* Rows from..to of r as a convolution of its own. */
static Raw rows_of(Maker *m, const Raw *r, uint32_t from, uint32_t to)
{
    size_t row = (size_t)r->in * r->taps;
    Raw part = {.out = to - from, .in = r->in, .taps = r->taps};
    if (!m->ok || to > r->out) {
        maker_fail(m, "its flow has another shape");
        return part;
    }
    part.w = mem_array((to - from) * row, sizeof *part.w);
    part.b = mem_array(to - from, sizeof *part.b);
    if (!part.w || !part.b) {
        maker_no_memory(m);
        return part;
    }
    memcpy(part.w, r->w + from * row, (to - from) * row * sizeof *part.w);
    memcpy(part.b, r->b + from, (to - from) * sizeof *part.b);
    return part;
}

static void make_coupling(Maker *m, uint32_t i)
{
    const PiperShape *s = &m->shape;
    uint32_t h = s->hidden, theirs = 2 * (s->flows - 1 - i);
    Name name;
    Raw r = maker_conv(m, "flow.flows.%u.pre", theirs);
    if (i % 2 == 0) {
        reverse_inputs(&r);
    }
    (void)snprintf(name, sizeof name, "flow.%u.pre", i);
    maker_put_conv(m, &r, 1, h / 2, h, name);
    for (uint32_t k = 0; k < s->wn; k++) {
        r = maker_conv(m, "flow.flows.%u.enc.in_layers.%u", theirs, k);
        (void)snprintf(name, sizeof name, "flow.%u.in.%u", i, k);
        maker_put_conv(m, &r, s->wn_taps, h, 2 * h, name);
        Raw both = maker_conv(m, "flow.flows.%u.enc.res_skip_layers.%u", theirs, k);
        bool last = k + 1 == s->wn;
        if (!last) {
            r = rows_of(m, &both, 0, h);
            (void)snprintf(name, sizeof name, "flow.%u.res.%u", i, k);
            maker_put_conv(m, &r, 1, h, h, name);
        }
        r = rows_of(m, &both, last ? 0 : h, last ? h : 2 * h);
        (void)snprintf(name, sizeof name, "flow.%u.skip.%u", i, k);
        maker_put_conv(m, &r, 1, h, h, name);
        raw_free(&both);
    }
    r = maker_conv(m, "flow.flows.%u.post", theirs);
    raw_scale(&r, 0, h / 2, -1.0f);
    if (i % 2 == 0) {
        reverse_outputs(&r);
    }
    (void)snprintf(name, sizeof name, "flow.%u.post", i);
    maker_put_conv(m, &r, 1, h, h / 2, name);
}

static void make_flow(Maker *m)
{
    PiperShape *s = &m->shape;
    s->flows = maker_count(m, "flow.flows.%u.pre.bias", 0, 2, PIPER_FLOWS_MAX);
    s->wn = maker_count(m, "flow.flows.0.enc.in_layers.%u.bias", 0, 1, PIPER_WN_MAX);
    const OnnxTensor *t = maker_weights(m, "flow.flows.0.enc.in_layers.0");
    if (!t || t->rank != 3 || s->flows == 0 || s->flows % 2 != 0) {
        maker_fail(m, "its flow is missing");
        return;
    }
    s->wn_taps = t->shape[2];
    for (uint32_t i = 0; i < s->flows; i++) {
        make_coupling(m, i);
    }
}

/* The decoder. */

/* [in][out][kernel] of a transposed convolution as [rate * out][in][kernel / rate]: output o of
 * phase r, tap j is kernel place r + (taps - 1 - j) * rate. */
static Raw transposed(Maker *m, const Raw *r, uint32_t rate, float k)
{
    uint32_t in = r->out, out = r->in, taps = r->taps / rate; /* its first dimension is its input */
    Raw t = {.out = rate * out, .in = in, .taps = taps,
        .w = mem_array((size_t)rate * out * in * taps, sizeof(float)),
        .b = mem_array((size_t)rate * out, sizeof(float))};
    if (!t.w || !t.b) {
        maker_no_memory(m);
        return t;
    }
    for (uint32_t p = 0; p < rate; p++) {
        for (uint32_t o = 0; o < out; o++) {
            t.b[p * out + o] = r->b[o];
            for (uint32_t c = 0; c < in; c++) {
                for (uint32_t j = 0; j < taps; j++) {
                    t.w[((size_t)(p * out + o) * in + c) * taps + j] = k *
                        r->w[((size_t)c * out + o) * r->taps + p + (taps - 1 - j) * rate];
                }
            }
        }
    }
    return t;
}

/* The convolution's one integer of attribute `what`. */
static uint32_t attribute(Maker *m, const char *bias, Str what)
{
    int64_t v[ONNX_INTS];
    const OnnxNode *n = m->ok ? onnx_node_with_input(m->onnx, STR("Conv"), 2, str_of(bias)) : NULL;
    n = n || !m->ok ? n : onnx_node_with_input(m->onnx, STR("ConvTranspose"), 2, str_of(bias));
    if (!n || onnx_ints(n, what, v) < 1 || v[0] < 1 || v[0] > 64) {
        maker_fail(m, "the attribute %.*s of \"%s\" is missing", STR_ARG(what), bias);
        return 1;
    }
    return (uint32_t)v[0];
}

static void make_up(Maker *m, uint32_t i, uint32_t in)
{
    Name name;
    (void)snprintf(name, sizeof name, "dec.ups.%u.bias", i);
    uint32_t rate = attribute(m, name, STR("strides"));
    const OnnxTensor *t = maker_weights(m, (snprintf(name, sizeof name, "dec.ups.%u", i), name));
    if (!t || t->rank != 3 || t->shape[0] != in || t->shape[2] % rate != 0) {
        maker_fail(m, "its decoder's step %u has another shape", i);
        return;
    }
    Raw r = {.out = t->shape[0], .in = t->shape[1], .taps = t->shape[2], .w = maker_copy(m, t)};
    r.b = maker_take(m, 1, &r.in, "dec.ups.%u.bias", i);
    m->shape.up[i].out = r.in;
    m->shape.up[i].rate = rate;
    m->shape.up[i].kernel = r.taps;
    if (m->ok) {
        Raw v = transposed(m, &r, rate, i == 0 ? 1.0f : 1.0f / (float)m->shape.blocks);
        (void)snprintf(name, sizeof name, "dec.up.%u", i);
        maker_put_conv(m, &v, r.taps / rate, in, r.in * rate, name);
    }
    raw_free(&r);
}

/* Block k of stage 0 says what all stages look like. */
static void read_block(Maker *m, uint32_t k)
{
    PiperShape *s = &m->shape;
    const char *part = s->convs == 2 ? "convs1" : "convs";
    Name name;
    (void)snprintf(name, sizeof name, "dec.resblocks.%u.%s.0", k, part);
    const OnnxTensor *t = maker_weights(m, name);
    if (!t || t->rank != 3) {
        maker_fail(m, "its decoder's block %u is missing", k);
        return;
    }
    s->block[k].taps = t->shape[2];
    s->block[k].units = 0;
    for (uint32_t u = 0; u < PIPER_UNITS_MAX && m->ok; u++) {
        (void)snprintf(name, sizeof name, "dec.resblocks.%u.%s.%u.bias", k, part, u);
        if (!maker_find(m, str_of(name))) {
            break;
        }
        s->block[k].dilation[u] = attribute(m, name, STR("dilations"));
        s->block[k].units = u + 1;
    }
}

static void make_blocks(Maker *m, uint32_t stage)
{
    const PiperShape *s = &m->shape;
    static const char *const parts[2][2] = {{"convs", NULL}, {"convs1", "convs2"}};
    for (uint32_t k = 0; k < s->blocks; k++) {
        for (uint32_t u = 0; u < s->block[k].units; u++) {
            for (uint32_t j = 0; j < s->convs; j++) {
                Name name;
                Raw r = maker_conv(m, "dec.resblocks.%u.%s.%u", stage * s->blocks + k,
                    parts[s->convs - 1][j], u);
                (void)snprintf(name, sizeof name, "dec.%u.%u.%u.%u", stage, k, u, j);
                maker_put_conv(m, &r, s->block[k].taps, s->up[stage].out, s->up[stage].out, name);
            }
        }
    }
}

static void make_post(Maker *m, uint32_t in)
{
    const OnnxTensor *t = maker_find(m, STR("dec.conv_post.weight"));
    if (!t || t->rank != 3 || t->shape[0] != 1 || t->shape[1] != in) {
        maker_fail(m, "its decoder's last step is missing");
        return;
    }
    uint32_t taps = t->shape[2], n = taps * in;
    m->shape.post_taps = taps;
    float *v = maker_copy(m, t), *out = maker_add(m, 1, &n, "dec.post");
    for (uint32_t c = 0; out && c < in; c++) {
        for (uint32_t j = 0; j < taps; j++) {
            out[j * in + c] = v[c * taps + j] / (float)m->shape.blocks;
        }
    }
    mem_free(v);
}

static void make_decoder(Maker *m)
{
    PiperShape *s = &m->shape;
    Raw pre = maker_conv(m, "dec.conv_pre");
    s->pre_out = pre.out;
    s->pre_taps = pre.taps;
    maker_put_conv(m, &pre, s->pre_taps, s->hidden, s->pre_out, "dec.pre");
    s->stages = maker_count(m, "dec.ups.%u.bias", 0, 1, PIPER_STAGES_MAX);
    s->convs = maker_find(m, STR("dec.resblocks.0.convs1.0.bias")) ? 2 : 1;
    uint32_t blocks = maker_count(m, s->convs == 2 ? "dec.resblocks.%u.convs1.0.bias" :
        "dec.resblocks.%u.convs.0.bias", 0, 1, PIPER_STAGES_MAX * PIPER_BLOCKS_MAX);
    if (s->stages == 0 || blocks == 0 || blocks % s->stages != 0 ||
        blocks / s->stages > PIPER_BLOCKS_MAX) {
        maker_fail(m, "its decoder is missing");
        return;
    }
    s->blocks = blocks / s->stages;
    for (uint32_t k = 0; k < s->blocks; k++) {
        read_block(m, k);
    }
    for (uint32_t i = 0; i < s->stages && m->ok; i++) {
        make_up(m, i, i == 0 ? s->pre_out : s->up[i - 1].out);
        make_blocks(m, i);
    }
    make_post(m, s->up[s->stages - 1].out);
}

/* The whole. */

static bool make(Maker *m, Str config)
{
    if (maker_find(m, STR("emb_g.weight"))) {
        return err_set(m->err, ERR_VALIDATION,
            "this voice has several speakers, which is not supported; choose one with one");
    }
    for (int pass = 0; pass < 2; pass++) {
        m->panels = pass == 0;
        m->split = true;
        make_encoder(m);
        make_durations(m);
        make_flow(m);
        m->split = false;
        make_decoder(m);
    }
    maker_put_bytes(m, "config", config.ptr, config.len);
    if (m->ok && !piper_shape_check(&m->shape, m->err)) {
        m->ok = false;
    }
    maker_put_bytes(m, "shape", &m->shape, sizeof m->shape);
    return m->ok;
}

static bool convert(Str file, Str config, const char *out, Err *err)
{
    Sha256 source;
    Onnx *onnx = onnx_parse(file, err);
    Maker m = {.onnx = onnx, .err = err, .ok = true};
    bool ok = onnx && sha256(file, &source, err) &&
        (m.writer = weights_begin(PIPER_MODEL, &source, err)) != NULL && make(&m, config);
    if (ok) {
        ok = weights_finish(m.writer, out, err);
    } else {
        weights_abandon(m.writer);
    }
    onnx_free(onnx);
    return ok;
}

bool piper_convert(const char *onnx, const char *json, const char *out, Err *err)
{
    Mapped map = {0};
    Buf config;
    buf_init(&config, 1 << 20);
    bool ok = os_map(onnx, &map, err) && os_read_file(json, &config, err) &&
        convert(str_mem((const char *)map.data, map.size), buf_str(&config), out, err);
    buf_release(&config);
    os_unmap(&map);
    if (!ok) {
        return false;
    }
    /* Opening checks what the JSON says; a voice that cannot be opened is not left behind. */
    Piper *p = piper_open(out, PIPER_FP32, err);
    if (!p) {
        os_remove(out, NULL);
        return false;
    }
    piper_close(p);
    return true;
}

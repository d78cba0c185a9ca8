/* whisper_source.h - a published Whisper model, whichever of the two formats it has.
 * Threads: one owner. Private to src/nn/whisper*.c and tests. */
#ifndef SOTTO_NN_WHISPER_SOURCE_H
#define SOTTO_NN_WHISPER_SOURCE_H

#include "base/hash.h"
#include "base/os.h"
#include "nn/mel.h"
#include "nn/tensor_table.h"
#include "nn/whisper.h"

#define WHISPER_LAYERS_MAX 48
#define WHISPER_STATE_MAX 1280
#define WHISPER_HEAD 64
#define WHISPER_ALIGN_MAX 64
#define WHISPER_TEXT_MAX 448
#define WHISPER_ENGLISH_VOCABULARY 51864u /* one more: 99 languages; two more: 100 */

typedef struct {
    uint8_t layer, head;
} WhisperHead; /* of the decoder; its attention follows the words */

typedef struct {
    WhisperInfo info;
    WhisperHead align[WHISPER_ALIGN_MAX];
    uint32_t n_align;
    Mapped map;
    Sha256 hash; /* of the file of weights */
    TensorTable table;
    Str *tokens; /* [n_tokens]: text tokens in the order of their ids */
    uint32_t n_tokens;
    Buf token_bytes;
    float *filters; /* [mels][201] */
} WhisperSource;

/* `path`: a ggml file or a CTranslate2 folder. ERR_NOT_FOUND, ERR_CORRUPT, ERR_NO_MEMORY. */
bool whisper_source_open(WhisperSource *s, const char *path, Err *err);
void whisper_source_close(WhisperSource *s);
/* ERR_CORRUPT when these numbers are no Whisper that can be run here. */
bool whisper_info_check(const WhisperInfo *i, Err *err);

#endif

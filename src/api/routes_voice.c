/* routes_voice.c - hearing and speaking; joined into the table by routes.c. */
#include "api/openai.h"
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)
#define SAMPLES_BYTES ((uint64_t)32 << 20) /* two minutes of samples as JSON, or of any file */
#define TEXT_MAX 4096

static const Field transcribe_body[] = {
    {.name = "file", .type = F_FILE, .help = "a sound: docs/AUDIO.md has the formats"},
    {.name = "model",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "one of GET /v1/models; whisper-1 is the one that is set"},
    {.name = "language", .type = F_STRING, .max = 20, .help = "a code such as en; found out when "
                                                              "absent"},
    {.name = "prompt", .type = F_TEXT, .max = 4000, .help = "words to expect"},
    {.name = "temperature", .type = F_NUMBER, .min = 0, .max = 1, .fallback = "0"},
    {.name = "response_format",
     .type = F_ENUM,
     .choices = "json|text|srt|verbose_json|vtt",
     .fallback = "json"},
    {.name = "timestamp_granularities[]",
     .type = F_STRINGS,
     .max = 2,
     .help = "word, segment; with verbose_json"},
    {.name = "stream", .type = F_BOOL, .fallback = "false"},
    {.name = "progress",
     .type = F_BOOL,
     .fallback = "false",
     .help = "with stream, and not OpenAI's: events transcript.progress with the seconds heard so "
             "far, and in transcript.text.done the member output, what response_format asks for"},
};

static const Field speech_body[] = {
    {.name = "model",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = OPENAI_SPEECH_MODEL "; OpenAI's names of theirs mean the same"},
    {.name = "input", .type = F_TEXT, .required = true, .min = 1, .max = 4096},
    {.name = "voice",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 100,
     .help = "an id of GET /api/v1/voice/voices; OpenAI's names mean the voice that is set"},
    {.name = "response_format",
     .type = F_ENUM,
     .choices = "mp3|opus|aac|flac|wav|pcm",
     .fallback = "mp3"},
    {.name = "speed", .type = F_NUMBER, .min = 0.25, .max = 4, .fallback = "1"},
    {.name = "stream_format",
     .type = F_ENUM,
     .choices = "audio|sse",
     .fallback = "audio",
     .help = "sse: events speech.audio.delta and .done; not with tts-1 and tts-1-hd"},
    {.name = "instructions",
     .type = F_TEXT,
     .max = 4096,
     .help = "for voices of OpenAI's newer models; others ignore it"},
};

static const Field synthesize_body[] = {
    {.name = "text", .type = F_TEXT, .required = true, .min = 1, .max = TEXT_MAX},
    {.name = "voice", .type = F_STRING, .max = 100, .help = "an id of the list; the one that is "
                                                            "set when absent"},
    {.name = "speed", .type = F_NUMBER, .min = 0.25, .max = 4, .fallback = "1"},
    {.name = "format",
     .type = F_ENUM,
     .choices = "wav|mp3|opus|aac|flac|pcm",
     .fallback = "wav"},
    {.name = "stream",
     .type = F_BOOL,
     .fallback = "false",
     .help = "send the bytes as they are made; a WAV then does not know its length"},
};

#define SAMPLES \
    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":1920000,\"items\":{\"type\":\"number\"," \
    "\"minimum\":-8,\"maximum\":8},\"description\":\"16000 samples a second, from -1 to 1\"}"

#define SPEAK_FIELDS                                                                               \
    {.name = "speak",                                                                              \
     .type = F_BOOL,                                                                               \
     .fallback = "false",                                                                          \
     .help = "speak the answer, too: audio_base64 and content_type"},                              \
        {.name = "voice", .type = F_STRING, .max = 100, .help = "that speaks it"},                 \
    {                                                                                              \
        .name = "format", .type = F_ENUM, .choices = "wav|mp3|opus|aac|flac|pcm",                  \
        .help = "of the spoken answer; wav when absent, or what Accept says"                       \
    }

static const Field process_query[] = {
    {.name = "session_id", .type = F_UUID, .help = "go on in this conversation"},
    {.name = "language", .type = F_STRING, .max = 20, .help = "a code such as en"},
    SPEAK_FIELDS,
};

static const Field voices_query[] = {
    {.name = "remote",
     .type = F_BOOL,
     .fallback = "false",
     .help = "also ask ElevenLabs, where a key is set, and name OpenAI's"},
};

static const Field interactions_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
    {.name = "cursor", .type = F_STRING, .max = 100, .help = "next_cursor of the page before"},
};

static const Field process_body[] = {
    {.name = "audio_data", .type = F_JSON, .choices = SAMPLES},
    {.name = "audio", .type = F_FILE, .help = "a sound of at most two minutes"},
    {.name = "session_id", .type = F_UUID, .nullable = true, .help = "go on in this conversation"},
    SPEAK_FIELDS,
};

static const ApiRoute routes[] = {
    {"POST", "/v1/audio/transcriptions", openai_transcribe, WORK_NORMAL,
     STREAMS | ANY_MEMBERS | NEEDS_VOICE, "openai", "Speech to text",
     "As OpenAI. A sound in which nobody speaks has an empty text. With stream: events "
     "transcript.text.delta, a segment each, and transcript.text.done.",
     NULL, 0, FIELDS(transcribe_body), BODY_MULTIPART, 0, "Transcription", "200",
     "400,404,413,415,503"},
    {"POST", "/v1/audio/speech", openai_speech, WORK_NORMAL, ANY_MEMBERS | NEEDS_VOICE, "openai",
     "Text to speech",
     "As OpenAI: the bytes come as they are made. Raw PCM is 24 kHz, 16 bit, one channel.", NULL, 0,
     FIELDS(speech_body), BODY_JSON, 1 << 20, "*/*", "200", "400,404,413,415,503"},
    {"POST", "/api/v1/voice/process", voice_process, WORK_INTERACTIVE, NEEDS_VOICE, "voice",
     "Say something to the assistant",
     "Samples, a sound in a form, or a sound as the body (audio/*). When nobody speaks, the "
     "transcript is empty and the intent Unknown. With speak the answer is spoken, too; when "
     "Accept names a sound (audio/wav), the answer is that sound, as it is made, and the header "
     "Sotto-Interaction says where the rest is. 204: it was asked to be silent.",
     FIELDS(process_query), FIELDS(process_body), BODY_JSON | BODY_MULTIPART | BODY_SOUND,
     SAMPLES_BYTES, "VoiceInteraction", "200,204", "400,404,413,415,503"},
    {"POST", "/api/v1/voice/synthesize", voice_synthesize, WORK_NORMAL, NEEDS_VOICE, "voice",
     "Speak a text", "The bytes of a sound; {audio_base64, content_type} when Accept says "
     "application/json.",
     NULL, 0, FIELDS(synthesize_body), BODY_JSON, 1 << 20, "*/*", "200", "400,404,413,415,503"},
    {"GET", "/api/v1/voice/voices", voice_voices, WORK_INTERACTIVE, NEEDS_VOICE, "voice", "Voices",
     "Those of this machine, natural ones first, then, with remote, those of others.",
     FIELDS(voices_query), NULL, 0, BODY_NONE, 0, "VoiceList", "200", "400,503"},
    {"GET", "/api/v1/voice/interactions", interaction_list, WORK_INTERACTIVE, 0, "voice",
     "What was said aloud, the newest first", NULL, FIELDS(interactions_query), NULL, 0, BODY_NONE,
     0, "VoiceInteractionList", "200", "400"},
    {"DELETE", "/api/v1/voice/interactions", interaction_clear, WORK_NORMAL, 0, "voice",
     "Delete all of it", "The conversations stay; what was kept of spoken answers goes, too.", NULL,
     0, NULL, 0, BODY_NONE, 0, "Deleted", "200", ""},
    {"GET", "/api/v1/voice/interactions/{id}", interaction_get, WORK_INTERACTIVE, 0, "voice",
     "One of them", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "VoiceInteraction", "200", "404"},
    {"DELETE", "/api/v1/voice/interactions/{id}", interaction_remove, WORK_NORMAL, 0, "voice",
     "Delete one of them", "Deleting its conversation deletes it, too.", NULL, 0, NULL, 0,
     BODY_NONE, 0, NULL, "204", "404"},
};

const ApiRoute *routes_voice(size_t *n)
{
    *n = LEN(routes);
    return routes;
}

/*
 * Swiftlet for C: transcribe audio with OpenAI's Whisper, on your CPU.
 *
 *     swiftlet_model *model = NULL;
 *     swiftlet_transcript *transcript = NULL;
 *     swiftlet_audio *audio = swiftlet_audio_file("talk.flac");
 *     char *error = NULL, *text = NULL;
 *
 *     if (swiftlet_load("tiny.en", NULL, NULL, NULL, NULL, &model, &error) == SWIFTLET_OK
 *         && swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, &error) == SWIFTLET_OK
 *         && swiftlet_transcript_format(transcript, "srt", NULL, &text, &error) == SWIFTLET_OK)
 *         fputs(text, stdout);
 *     else
 *         fprintf(stderr, "%s\n", error);
 *
 *     swiftlet_free(text);
 *     swiftlet_free(error);
 *     swiftlet_transcript_free(transcript);
 *     swiftlet_audio_free(audio);
 *     swiftlet_model_free(model);
 *
 * Text
 *     Every string is UTF-8 and ends with a zero byte; paths of audio files alone may be any bytes. Strings passed to the library
 *     are copied. Strings it gives through a `char **` or returns as `char *` belong to the caller, who frees them with
 *     swiftlet_free. Strings passed to a callback are valid until the callback returns.
 *
 * Options
 *     Options are JSON objects. NULL or "{}" stands for the defaults, a missing key for its default; an unknown key is an error.
 *     docs/c.md lists them.
 *
 * Errors
 *     Functions that can fail return a status. If it is not SWIFTLET_OK and `error` is not NULL, *error is one or two sentences
 *     that say what happened and what to do; on success *error is NULL. Other results (*out, *json, *text) are NULL on failure
 *     unless the function says otherwise. Nothing here prints, exits or raises a signal, whatever it is given, unless memory runs
 *     out or a pointer leads to memory that is not the caller's. FFmpeg's own messages are switched off for the whole process.
 *
 * Handles
 *     Handles (swiftlet_model * and so on) are names, not addresses, and are never used twice: a handle that is NULL, freed, or
 *     of another kind is SWIFTLET_INVALID_ARGUMENT. The functions that free take NULL and ignore what they don't know. Whoever
 *     creates a handle frees it. A handle may be freed while a call uses it; what it stands for goes when the call is done.
 *
 * Threads
 *     Every function may be called from any thread, and a model serves any number of calls at the same time. Calls block; what is
 *     computed runs on threads of the library. Callbacks run on the thread that made the call, during the call, and may call any
 *     function but those that use the same stream (swiftlet_stream_free is allowed); transcribing in a callback takes another
 *     place of the model's "concurrency". A callback must return: it must neither longjmp nor throw. After fork, a child must not
 *     use the library if the parent has.
 *
 * Units
 *     Times are seconds from the start of the audio. Samples are 32-bit floats of one channel in [-1, 1].
 */

#ifndef SWIFTLET_H
#define SWIFTLET_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ---- */

/* What became of a call. New kinds of errors may be added. */
typedef enum swiftlet_status {
    SWIFTLET_OK = 0,
    /* Stopped by swiftlet_cancel, by a callback, or because the stream was freed. */
    SWIFTLET_CANCELLED = 1,
    /* A handle or pointer that must not be NULL, a handle that was freed, text that is not UTF-8, or what is no JSON object. */
    SWIFTLET_INVALID_ARGUMENT = 2,
    /* An error of no other kind. */
    SWIFTLET_OTHER = 3,
    /* An option is unknown, of the wrong type, out of range, at odds with another, or nothing this model can do. */
    SWIFTLET_INVALID_OPTIONS = 4,
    /* The audio can't be found or opened, or holds nothing that can be decoded. */
    SWIFTLET_UNREADABLE_AUDIO = 5,
    /* The audio is damaged or ends early; everything before that was used. */
    SWIFTLET_INCOMPLETE_AUDIO = 6,
    /* There is no model of this name or at this path. */
    SWIFTLET_MODEL_NOT_FOUND = 7,
    /* The model could not be fetched. */
    SWIFTLET_MODEL_NOT_FETCHED = 8,
    /* The model is damaged, incomplete, or of a kind that can't be used. */
    SWIFTLET_UNUSABLE_MODEL = 9,
    /* The engine is damaged, or of another version; build it again. */
    SWIFTLET_UNUSABLE_ENGINE = 10,
    /* A file exists and must not be replaced. */
    SWIFTLET_FILE_EXISTS = 11,
    /* A file or folder can't be written. */
    SWIFTLET_FILE_NOT_WRITTEN = 12,
    /* This machine lacks an instruction set or memory. */
    SWIFTLET_UNSUPPORTED_MACHINE = 13
} swiftlet_status;

/* The name of a status ("ok", "cancelled", "unreadable_audio"...); "other" for a number that is none. Not freed. */
const char *swiftlet_status_name(swiftlet_status status);

/* The library's version, such as "0.1.0". Not freed. */
const char *swiftlet_version(void);

/* Frees a string that belongs to the caller; NULL is ignored. */
void swiftlet_free(char *text);

/* ---- Handles ---- */

typedef struct swiftlet_model swiftlet_model;
typedef struct swiftlet_audio swiftlet_audio;
typedef struct swiftlet_transcript swiftlet_transcript;
typedef struct swiftlet_stream swiftlet_stream;
typedef struct swiftlet_cancellation swiftlet_cancellation;

/* ---- Cancelling ---- */

/* Something that stops calls. One may be given to any number of calls, also at the same time; once cancelled, it stays so. */
swiftlet_cancellation *swiftlet_cancellation_create(void);
/* Stops the calls it was given to, which soon return SWIFTLET_CANCELLED, and those it will be given to. */
void swiftlet_cancel(swiftlet_cancellation *cancellation);
/* 1 after swiftlet_cancel, otherwise 0. */
int swiftlet_is_cancelled(swiftlet_cancellation *cancellation);
/* Calls it was given to go on. */
void swiftlet_cancellation_free(swiftlet_cancellation *cancellation);

/* ---- Models ---- */

/*
 * Told of each step of loading; a result other than 0 cancels it. `json` has "stage" and "step", with what belongs to the step:
 *
 *     {"stage": "fetching", "step": "downloading", "source": ..., "file": ..., "done": BYTES, "total": BYTES or missing}
 *     "waiting" (model), "trying" (source), "verifying" (file), "unpacking" (file), "failed" (source, reason), "finished" (path)
 *
 *     {"stage": "building", "step": "written", "done": BYTES, "total": BYTES}
 *     "waiting" (model), "building" (model, encoder, decoder), "discarded" (reason), "not_kept" (reason), "finished" (path)
 */
typedef int (*swiftlet_load_callback)(void *context, const char *json);

/*
 * Loads a model. On first use it is fetched, and an engine is built of it, which takes a second or two for small models.
 *
 * model         a name ("tiny.en"), a repository of the Hugging Face hub ("OWNER/NAME@REVISION"), or the path of a file or folder
 * options       {"encoder": "int8", "decoder": "int8",   precision: fp32, fp16, bf16 or int8
 *                "device": "auto",                       "cpu", "cuda", "cuda:N" or "auto", which is the CPU for now
 *                "threads": 2,                           default: one per physical core
 *                "concurrency": 4,                       recordings transcribed at once, 1 to 64; further calls wait
 *                "cache": "FOLDER",                      where models and engines are kept
 *                "offline": true}                        fetch nothing
 * progress      may be NULL
 * context       passed to `progress`
 * cancellation  may be NULL
 * out           the model
 * error         may be NULL
 */
swiftlet_status swiftlet_load(const char *model, const char *options, swiftlet_load_callback progress, void *context,
                              swiftlet_cancellation *cancellation, swiftlet_model **out, char **error);

/* Calls and streams that use the model go on. */
void swiftlet_model_free(swiftlet_model *model);

/*
 * What the model is: {"multilingual": true, "languages": {"en": "english", ...}}, with the code and English name of each language
 * it knows. NULL if there is no such model.
 */
char *swiftlet_model_information(swiftlet_model *model);

/* ---- Audio ---- */

/*
 * A file, which each call that uses the audio opens. It may be anything that FFmpeg reads; in a build without FFmpeg, an uncompressed
 * WAV file. The path may be any bytes that the system takes. NULL if `path` is NULL or empty.
 */
swiftlet_audio *swiftlet_audio_file(const char *path);

/*
 * A whole media file in memory, which is copied.
 *
 * name  stands for it in messages, and its extension may help to recognize the format; may be NULL
 *
 * NULL if `bytes` is NULL and `size` is not 0, if `name` is not UTF-8, or if there is not enough memory.
 */
swiftlet_audio *swiftlet_audio_bytes(const void *bytes, size_t size, const char *name);

/*
 * Samples of one channel, which are copied. Those that are not finite count as silence.
 *
 * count        of samples
 * sample_rate  samples a second, 1,000 to 1,536,000, or the call that uses the audio fails
 *
 * NULL if `samples` is NULL and `count` is not 0, or if there is not enough memory.
 */
swiftlet_audio *swiftlet_audio_samples(const float *samples, size_t count, int sample_rate);

/*
 * Chooses track and channels of a file, or says what a file without a container holds. Options replace those of an earlier call.
 *
 * options  {"track": 1,               counted from 1; default: the one of the language, or the file's default track
 *           "channels": "mix",        or "separate", which transcribes each channel by itself, or the number of one, from 1 on
 *           "sampleFormat": "s16le",  or "f32le": samples of one channel without a container
 *           "sampleRate": 16000}      of such samples
 */
swiftlet_status swiftlet_audio_set(swiftlet_audio *audio, const char *options, char **error);

void swiftlet_audio_free(swiftlet_audio *audio);

/* ---- Transcribing ---- */

/* What was said in one stretch of the audio. It is valid until the callback returns. */
typedef struct swiftlet_segment {
    /* The bytes of this structure in the library; members may be added at its end. */
    size_t size;
    /* Seconds. */
    double start;
    double end;
    /* The words, without spaces at either end. */
    const char *text;
    /*
     * The segment as in the format "json-full": id, seek, start, end, text (with the space before it), tokens, token_logprobs,
     * temperature, avg_logprob, compression_ratio, no_speech_prob, language; words (word, start, end, probability) if they are
     * timed; language_probability if the language was detected; channel if channels are separate.
     */
    const char *json;
} swiftlet_segment;

/* Called for each segment, in order, as soon as it is there; a result other than 0 cancels the call. */
typedef int (*swiftlet_segment_callback)(void *context, const swiftlet_segment *segment);

/*
 * Called after each window, or less often; a result other than 0 cancels the call. `json`:
 *
 *     {"position": SECONDS DONE, "duration": SECONDS IN ALL, or missing, "notices": [SENTENCE...],
 *      "timings": {"audio", "encoder", "decoder", "alignment": SECONDS, "windows", "tokens", "repeated": COUNTS, "duration"}}
 *
 * Notices are what a listener should know of the recording, such as tracks that were not chosen or stretches without audio.
 */
typedef int (*swiftlet_progress_callback)(void *context, const char *json);

/*
 * Transcribes audio.
 *
 * options       TranscriptionOptions as JSON, for example {"language": "fr", "words": {"timestamps": true}}
 * segment       may be NULL
 * progress      may be NULL
 * context       passed to both
 * cancellation  may be NULL
 * out           the transcript; may be NULL. After an error or cancellation, that of what came before; NULL if nothing did.
 */
swiftlet_status swiftlet_transcribe(swiftlet_model *model, swiftlet_audio *audio, const char *options,
                                    swiftlet_segment_callback segment, swiftlet_progress_callback progress, void *context,
                                    swiftlet_cancellation *cancellation, swiftlet_transcript **out, char **error);

/*
 * Writes a transcript.
 *
 * format     "txt", "srt", "vtt", "tsv", "csv", "json", "json-full" or "lrc"
 * subtitles  SubtitleOptions as JSON, or NULL. Subtitles are better of transcripts made with {"words": {"aligned": true}}.
 */
swiftlet_status swiftlet_transcript_format(swiftlet_transcript *transcript, const char *format, const char *subtitles, char **text,
                                           char **error);

void swiftlet_transcript_free(swiftlet_transcript *transcript);

/*
 * Finds out whether options can be used, without any work.
 *
 * model    NULL checks what does not depend on a model
 * options  as for swiftlet_transcribe
 */
swiftlet_status swiftlet_check_options(swiftlet_model *model, const char *options, char **error);

/*
 * The languages of the first speech, the most probable first: [{"code": "en", "name": "english", "probability": 0.98}, ...].
 *
 * options  {"candidates": ["en", "fr"],  languages to choose among; default: all
 *           "padding": "silence"}        or "zeros", as openai-whisper does
 */
swiftlet_status swiftlet_detect_language(swiftlet_model *model, swiftlet_audio *audio, const char *options,
                                         swiftlet_cancellation *cancellation, char **json, char **error);

/*
 * Where somebody speaks: {"duration": SECONDS, "speech": [{"start": SECONDS, "end": SECONDS}, ...]}. Needs no model.
 *
 * options  VoiceActivityOptions as JSON, for example {"threshold": 0.5, "minimumSilence": 0.1}
 *
 * After SWIFTLET_INCOMPLETE_AUDIO, *json is of what could be read.
 */
swiftlet_status swiftlet_voice_activity(swiftlet_audio *audio, const char *options, swiftlet_cancellation *cancellation, char **json,
                                        char **error);

/* ---- Live audio ---- */

/*
 * Told of the words of live audio, as they are said; a result other than 0 cancels the stream. `json`:
 *
 *     {"committed": [WORD...], "partial": [WORD...], "position": SECONDS HEARD, "elapsed": SECONDS THE STEP TOOK,
 *      "language": CODE, or missing, "language_probability": of a detected one, "notices": [SENTENCE...]}
 *
 * A word is {"word": " country", "start": 8.1, "end": 8.5, "probability": 0.99}. Committed words never change; put together, they
 * are the transcript. Partial words are the guess at what follows, which the next update replaces.
 */
typedef int (*swiftlet_update_callback)(void *context, const char *json);

/*
 * Opens a stream of live audio.
 *
 * options      TranscriptionOptions as JSON; what needs a whole recording, such as clips, is refused
 * streaming    StreamingOptions as JSON, for example {"step": 1.0}
 * sample_rate  of the samples to come, 1,000 to 1,536,000
 * update       called during swiftlet_stream_push and swiftlet_stream_finish, on their thread; may be NULL
 * context      passed to `update`
 */
swiftlet_status swiftlet_stream_open(swiftlet_model *model, const char *options, const char *streaming, int sample_rate,
                                     swiftlet_update_callback update, void *context, swiftlet_stream **out, char **error);

/*
 * Adds samples, which are copied, and calls back with the updates that are there. It returns at once unless the stream is about a
 * minute of audio behind; then it waits. Without samples (NULL, 0) it only delivers updates.
 *
 * One call at a time uses a stream; a second one at the same time is SWIFTLET_INVALID_ARGUMENT. Once a call has failed, all
 * further ones fail in the same way.
 */
swiftlet_status swiftlet_stream_push(swiftlet_stream *stream, const float *samples, size_t count, char **error);

/*
 * Ends the audio, and returns when the last update has been delivered. The stream takes no more samples, and has to be freed.
 */
swiftlet_status swiftlet_stream_finish(swiftlet_stream *stream, char **error);

/* Stops the work. A push or finish that waits on another thread returns SWIFTLET_CANCELLED. */
void swiftlet_stream_free(swiftlet_stream *stream);

#ifdef __cplusplus
}
#endif

#endif

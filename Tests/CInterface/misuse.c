/* What no program should do: NULL, freed and foreign handles, text that is not UTF-8, JSON that is none. */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

/* Every function with handles that are nothing; `handle` is an address, a number, or one of another kind. */
static void use_handle(void *handle) {
    swiftlet_model *model = (swiftlet_model *)handle;
    swiftlet_audio *audio = (swiftlet_audio *)handle;
    swiftlet_transcript *transcript = (swiftlet_transcript *)handle;
    swiftlet_stream *stream = (swiftlet_stream *)handle;
    swiftlet_cancellation *cancellation = (swiftlet_cancellation *)handle;
    swiftlet_transcript *new_transcript = (swiftlet_transcript *)handle;
    swiftlet_stream *new_stream = (swiftlet_stream *)handle;
    swiftlet_audio *samples_audio = swiftlet_audio_samples(samples, 16000, 16000);
    swiftlet_model *new_model = (swiftlet_model *)handle;
    char *error = NULL, *text = NULL;

    CHECK(swiftlet_model_information(model) == NULL);
    CHECK(swiftlet_is_cancelled(cancellation) == 0);
    swiftlet_cancel(cancellation);
    CHECK_ERROR(swiftlet_audio_set(audio, "{}", &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &new_transcript, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(new_transcript == NULL);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "txt", NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(text == NULL);
    CHECK_ERROR(swiftlet_detect_language(model, samples_audio, NULL, NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_open(model, NULL, NULL, 16000, NULL, NULL, &new_stream, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(new_stream == NULL);
    CHECK_ERROR(swiftlet_stream_push(stream, samples, 100, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_push(stream, NULL, 0, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_finish(stream, &error), SWIFTLET_INVALID_ARGUMENT);
    /* Nobody has to ask for the sentence. */
    CHECK_STATUS(swiftlet_stream_finish(stream, NULL), SWIFTLET_INVALID_ARGUMENT);
    if (handle != NULL) {
        /* NULL is no cancellation and no model here. */
        CHECK_ERROR(swiftlet_voice_activity(samples_audio, NULL, cancellation, &text, &error), SWIFTLET_INVALID_ARGUMENT);
        CHECK_ERROR(swiftlet_check_options(model, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
        CHECK_ERROR(swiftlet_load(model_name, NULL, NULL, NULL, cancellation, &new_model, &error), SWIFTLET_INVALID_ARGUMENT);
        CHECK(new_model == NULL);
    }
    swiftlet_audio_free(samples_audio);
    /* What is freed as something else stays. */
    swiftlet_model_free(model);
    swiftlet_transcript_free(transcript);
    swiftlet_stream_free(stream);
    swiftlet_cancellation_free(cancellation);
    swiftlet_audio_free(audio);
}

static void use_freed_handles(swiftlet_model *model) {
    swiftlet_cancellation *cancellation = swiftlet_cancellation_create();
    swiftlet_audio *audio = swiftlet_audio_samples(samples, sample_count, 16000);
    swiftlet_stream *stream = NULL;
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *text = NULL;

    /* Handles of another kind. */
    CHECK_ERROR(swiftlet_transcribe((swiftlet_model *)(void *)audio, audio, NULL, NULL, NULL, NULL, NULL, NULL, &error),
                SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_transcribe(model, (swiftlet_audio *)(void *)model, NULL, NULL, NULL, NULL, NULL, NULL, &error),
                SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_finish((swiftlet_stream *)(void *)cancellation, &error), SWIFTLET_INVALID_ARGUMENT);
    swiftlet_stream_free((swiftlet_stream *)(void *)model);
    swiftlet_model_free((swiftlet_model *)(void *)audio);

    CHECK_STATUS(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, cancellation, &transcript, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_stream_open(model, NULL, NULL, 16000, NULL, NULL, &stream, &error), SWIFTLET_OK);
    swiftlet_audio_free(audio);
    swiftlet_stream_free(stream);
    swiftlet_transcript_free(transcript);
    swiftlet_cancellation_free(cancellation);
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_push(stream, samples, 1, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "txt", NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(swiftlet_is_cancelled(cancellation) == 0);
    swiftlet_cancel(cancellation);
    /* Twice. */
    swiftlet_audio_free(audio);
    swiftlet_stream_free(stream);
    swiftlet_transcript_free(transcript);
    swiftlet_cancellation_free(cancellation);
    /* A new handle is none of those. */
    CHECK(swiftlet_cancellation_create() != cancellation);
}

static void leave_out_places(swiftlet_model *model) {
    swiftlet_audio *audio = swiftlet_audio_samples(samples, 16000, 16000);
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *text = NULL;
    CHECK_ERROR(swiftlet_load(model_name, NULL, NULL, NULL, NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_load(NULL, NULL, NULL, NULL, NULL, &model, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(model == NULL);
    model = load_model(NULL);
    CHECK_STATUS(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, NULL, NULL), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, NULL), SWIFTLET_OK);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "txt", NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_transcript_format(transcript, NULL, NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "docx", NULL, &text, &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "\xff", NULL, &text, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_detect_language(model, audio, NULL, NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_open(model, NULL, NULL, 16000, NULL, NULL, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK(swiftlet_audio_file(NULL) == NULL);
    CHECK(swiftlet_audio_file("") == NULL);
    CHECK(swiftlet_audio_bytes(NULL, 1, NULL) == NULL);
    CHECK(swiftlet_audio_bytes("", 0, "\xc3\x28") == NULL);
    CHECK(swiftlet_audio_samples(NULL, 1, 16000) == NULL);
    CHECK(strcmp(swiftlet_status_name(SWIFTLET_INCOMPLETE_AUDIO), "incomplete_audio") == 0);
    CHECK(strcmp(swiftlet_status_name((swiftlet_status)12345), "other") == 0);
    CHECK(strcmp(swiftlet_version(), "0.0.0") > 0);
    swiftlet_free(NULL);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
    swiftlet_model_free(model);
    swiftlet_model_free(model);
    CHECK(swiftlet_model_information(model) == NULL);
}

void test_misuse(void) {
    swiftlet_model *model = load_model(NULL);
    int local = 0;
    use_handle(NULL);
    use_handle((void *)1);
    use_handle((void *)~(size_t)0);
    use_handle(&local);
    use_handle((void *)samples);
    use_freed_handles(model);
    leave_out_places(model);
    swiftlet_model_free(model);
}

/* Every function that takes options, with the same JSON. */
static void use_json(swiftlet_model *model, swiftlet_transcript *transcript, const char *json, swiftlet_status expected) {
    swiftlet_audio *audio = swiftlet_audio_samples(samples, 16000, 16000);
    swiftlet_model *new_model = NULL;
    swiftlet_stream *stream = NULL;
    char *error = NULL, *text = NULL;
    CHECK_ERROR(swiftlet_load(model_name, json, NULL, NULL, NULL, &new_model, &error), expected);
    CHECK_ERROR(swiftlet_audio_set(audio, json, &error), expected);
    CHECK_ERROR(swiftlet_transcribe(model, audio, json, NULL, NULL, NULL, NULL, NULL, &error), expected);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "srt", json, &text, &error), expected);
    CHECK_ERROR(swiftlet_detect_language(model, audio, json, NULL, &text, &error), expected);
    CHECK_ERROR(swiftlet_voice_activity(audio, json, NULL, &text, &error), expected);
    CHECK_ERROR(swiftlet_check_options(NULL, json, &error), expected);
    CHECK_ERROR(swiftlet_check_options(model, json, &error), expected);
    CHECK_ERROR(swiftlet_stream_open(model, json, NULL, 16000, NULL, NULL, &stream, &error), expected);
    CHECK_ERROR(swiftlet_stream_open(model, NULL, json, 16000, NULL, NULL, &stream, &error), expected);
    CHECK(new_model == NULL && stream == NULL && text == NULL);
    swiftlet_audio_free(audio);
}

/* `count` times `piece`; for free(). */
static char *repeated(const char *piece, size_t count) {
    size_t length = strlen(piece), index;
    char *text = (char *)malloc(length * count + 1);
    if (text == NULL) exit(1);
    for (index = 0; index < count; index += 1) memcpy(text + index * length, piece, length);
    text[length * count] = 0;
    return text;
}

static void refuse_option(swiftlet_model *model, const char *json) {
    char *error = NULL;
    CHECK_ERROR(swiftlet_check_options(model, json, &error), SWIFTLET_INVALID_OPTIONS);
}

static void refuse_load(const char *json) {
    swiftlet_model *model = NULL;
    char *error = NULL;
    CHECK_ERROR(swiftlet_load(model_name, json, NULL, NULL, NULL, &model, &error), SWIFTLET_INVALID_OPTIONS);
    CHECK(model == NULL);
}

void test_json(void) {
    /* What is JSON but no object, or no JSON. */
    const char *wrong[] = {"",       " ",      "{",     "}",    "[]",          "null",    "1",  "\"text\"", "{\"language\":}",
                           "{\"language\": \"en\"", "{'language': 'en'}", "{language: 1}", "{} {}", "\xff", "{\"language\": \"\xc3\x28\"}",
                           "{\"a\": 1e}", "nan",
                           /* No number of C's either. */
                           "{\"language\": 1e999}"};
    /* Objects whose keys or values nobody has. */
    const char *unusable[] = {
        "{\"unknown\": 1}", "{\"\": null}",
        "{\"language\": 1, \"threads\": \"2\", \"track\": [], \"threshold\": {}, \"step\": [], \"candidates\": 2, \"cues\": 1}"};
    swiftlet_model *model = load_model(NULL);
    swiftlet_audio *audio = swiftlet_audio_file(wave_path);
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *deep, *information;
    size_t index;
    CHECK_STATUS(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, &error), SWIFTLET_OK);
    for (index = 0; index < sizeof wrong / sizeof *wrong; index += 1) use_json(model, transcript, wrong[index], SWIFTLET_INVALID_ARGUMENT);
    for (index = 0; index < sizeof unusable / sizeof *unusable; index += 1) use_json(model, transcript, unusable[index], SWIFTLET_INVALID_OPTIONS);
    deep = repeated("[", 200000);
    use_json(model, transcript, deep, SWIFTLET_INVALID_ARGUMENT);
    free(deep);
    deep = repeated("{\"decoding\":", 100000);
    use_json(model, transcript, deep, SWIFTLET_INVALID_ARGUMENT);
    free(deep);

    refuse_option(model, "{\"language\": \"klingon\"}");
    refuse_option(model, "{\"language\": \"fr\"}");
    refuse_option(model, "{\"task\": \"sing\"}");
    refuse_option(model, "{\"decoding\": {\"beamSize\": -1}}");
    refuse_option(model, "{\"decoding\": {\"beamSize\": 1000000000000}}");
    refuse_option(model, "{\"decoding\": {\"beamSize\": 1.5}}");
    refuse_option(model, "{\"decoding\": {\"seed\": -1}}");
    refuse_option(model, "{\"decoding\": []}");
    refuse_option(model, "{\"decoding\": {\"suppressTokens\": [9223372036854775807]}}");
    refuse_option(model, "{\"clipTimestamps\": [5, 1]}");
    refuse_option(model, "{\"clipTimestamps\": [-1e300]}");
    refuse_option(model, "{\"fallback\": {\"temperatures\": []}}");
    refuse_option(NULL, "{\"windows\": {\"tailStep\": 0}}");
    refuse_option(NULL, "{\"voiceActivity\": {\"filter\": true}}");
    refuse_load("{\"threads\": -1}");
    refuse_load("{\"threads\": 0}");
    refuse_load("{\"threads\": 2000000000}");
    refuse_load("{\"threads\": 1e30}");
    refuse_load("{\"concurrency\": 0}");
    refuse_load("{\"concurrency\": 65}");
    refuse_load("{\"concurrency\": -9223372036854775808}");
    refuse_load("{\"encoder\": \"int4\"}");

    CHECK_STATUS(swiftlet_check_options(NULL, NULL, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_check_options(NULL, "{\"language\": \"fr\"}", &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_check_options(model, "{\"language\": \"English\", \"decoding\": {\"beamSize\": 2}}", &error), SWIFTLET_OK);
    CHECK_ERROR(swiftlet_audio_set(audio, "{\"channels\": \"loud\"}", &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_ERROR(swiftlet_audio_set(audio, "{\"channels\": true}", &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_ERROR(swiftlet_audio_set(audio, "{\"track\": 1.5}", &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"track\": 1, \"channels\": \"mix\"}", &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"channels\": 1}", &error), SWIFTLET_OK);
    CHECK(error == NULL);

    information = swiftlet_model_information(model);
    CHECK(information != NULL && strstr(information, "\"en\":\"english\"") != NULL);
    CHECK(strstr(information, "\"multilingual\":false") != NULL && strstr(information, "french") == NULL);
    keep_json(information);
    swiftlet_free(information);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
    swiftlet_model_free(model);
}

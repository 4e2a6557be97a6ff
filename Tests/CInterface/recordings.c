/* Recordings: files, bytes and samples, with callbacks; what can't be read; models that can't be loaded. */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <stdint.h>
#include <sys/stat.h>

/* What the callbacks were given. */
struct heard {
    int segments, progress, order;
    double end, position;
    char text[4096];
    pthread_t thread;
};

static int hear_segment(void *context, const swiftlet_segment *segment) {
    struct heard *heard = (struct heard *)context;
    char id[32];
    sprintf(id, "\"id\":%d,", heard->segments);
    heard->order &= segment->size == sizeof *segment && segment->start >= heard->end && segment->end > segment->start
                    && strstr(segment->json, id) != NULL && strstr(segment->json, "\"avg_logprob\":") != NULL
                    && pthread_equal(heard->thread, pthread_self());
    keep_json(segment->json);
    heard->end = segment->start;
    heard->segments += 1;
    strncat(heard->text, " ", sizeof heard->text - strlen(heard->text) - 1);
    strncat(heard->text, segment->text, sizeof heard->text - strlen(heard->text) - 1);
    return 0;
}

static int hear_progress(void *context, const char *json) {
    struct heard *heard = (struct heard *)context;
    const char *position = strstr(json, "\"position\":");
    double seconds = position == NULL ? -1 : atof(position + strlen("\"position\":"));
    heard->order &= seconds >= heard->position && pthread_equal(heard->thread, pthread_self());
    heard->position = seconds;
    heard->progress += 1;
    keep_json(json);
    return 0;
}

/* Transcribes audio that is the recording, and frees it. */
static void transcribe(swiftlet_model *model, swiftlet_audio *audio, const char *options) {
    struct heard heard;
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *text = NULL;
    memset(&heard, 0, sizeof heard);
    heard.order = 1;
    heard.thread = pthread_self();
    CHECK(audio != NULL);
    CHECK_STATUS(swiftlet_transcribe(model, audio, options, hear_segment, hear_progress, &heard, NULL, &transcript, &error), SWIFTLET_OK);
    if (!CHECK(error == NULL)) printf("  said: %s\n", error);
    CHECK(heard.segments > 0 && heard.progress > 0 && heard.order);
    CHECK(fabs(heard.position - recording_seconds) < 0.01);
    if (!CHECK(has_words(heard.text, LAST_WORDS))) printf("  heard: %s\n", heard.text);
    CHECK_STATUS(swiftlet_transcript_format(transcript, "txt", NULL, &text, &error), SWIFTLET_OK);
    CHECK(text != NULL && has_words(text, LAST_WORDS));
    swiftlet_free(text);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
}

static void write_formats(swiftlet_model *model) {
    const char *formats[] = {"txt", "srt", "vtt", "tsv", "csv", "json", "json-full", "lrc"};
    const char *beginnings[] = {"A", "1\n00:00:", "WEBVTT\n\n", "start\tend\ttext\n", "start,end,text\n", "{\"language\":", "{\"duration\":", "[00:0"};
    swiftlet_audio *audio = swiftlet_audio_file(wave_path);
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *text = NULL;
    size_t index;
    CHECK_STATUS(swiftlet_transcribe(model, audio, "{\"words\": {\"timestamps\": true}}", NULL, NULL, NULL, NULL, &transcript, &error),
                 SWIFTLET_OK);
    for (index = 0; index < sizeof formats / sizeof *formats; index += 1) {
        CHECK_STATUS(swiftlet_transcript_format(transcript, formats[index], NULL, &text, &error), SWIFTLET_OK);
        if (!CHECK(text != NULL && strncmp(text, beginnings[index], strlen(beginnings[index])) == 0))
            printf("  %s: %.60s\n", formats[index], text);
        if (strstr(formats[index], "json") != NULL) {
            CHECK(strstr(text, "\"words\":[{") != NULL);
            keep_json(text);
        }
        swiftlet_free(text);
    }
    CHECK_STATUS(swiftlet_transcript_format(transcript, "srt", "{\"maxWordsPerLine\": 1}", &text, &error), SWIFTLET_OK);
    CHECK(text != NULL && strstr(text, "\n\n8\n") != NULL);
    swiftlet_free(text);
    CHECK_ERROR(swiftlet_transcript_format(transcript, "srt", "{\"maxWordsPerLine\": 0}", &text, &error), SWIFTLET_INVALID_OPTIONS);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
}

void test_recordings(void) {
    swiftlet_model *model = load_model(NULL);
    size_t size = 0, index;
    char *bytes = read_file(wave_path, &size);
    /* A name that is no text. */
    char *odd = path_in_folder("\xff\x80 \xe9t\xe9.wav");
    /* At 48 kHz: each sample three times. */
    float *fast = (float *)malloc(3 * sample_count * sizeof(float));
    if (fast == NULL) exit(1);
    for (index = 0; index < 3 * sample_count; index += 1) fast[index] = samples[index / 3];
    write_file(odd, bytes, size);
    transcribe(model, swiftlet_audio_file(wave_path), NULL);
    transcribe(model, swiftlet_audio_file(odd), "{\"sequential\": true}");
    transcribe(model, swiftlet_audio_bytes(bytes, size, "talk.wav"), "{\"words\": {\"timestamps\": true}}");
    transcribe(model, swiftlet_audio_bytes(bytes, size, NULL), "{}");
    transcribe(model, swiftlet_audio_samples(samples, sample_count, 16000), "{\"decoding\": {\"beamSize\": 1}}");
    transcribe(model, swiftlet_audio_samples(fast, 3 * sample_count, 48000), NULL);
    write_formats(model);
    free(fast);
    free(odd);
    free(bytes);
    swiftlet_model_free(model);
}

/* Audio that can't be used in this way; freed. */
static void refuse_audio(swiftlet_model *model, swiftlet_audio *audio, swiftlet_status expected) {
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *json = NULL;
    CHECK(audio != NULL);
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, &error), expected);
    CHECK(transcript == NULL);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, NULL, &json, &error), expected);
    swiftlet_free(json);
    swiftlet_audio_free(audio);
}

/* Audio that is strange but can be used; freed. Whether anything is heard in it does not matter. */
static void accept_audio(swiftlet_model *model, swiftlet_audio *audio) {
    swiftlet_transcript *transcript = NULL;
    char *error = NULL, *json = NULL;
    CHECK(audio != NULL);
    CHECK_STATUS(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_transcript_format(transcript, "json-full", NULL, &json, &error), SWIFTLET_OK);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    CHECK_STATUS(swiftlet_voice_activity(audio, NULL, NULL, &json, &error), SWIFTLET_OK);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    if (!CHECK(error == NULL)) printf("  said: %s\n", error);
    swiftlet_free(error);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
}

static void use_strange_samples(swiftlet_model *model) {
    const float strange[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f};
    float *changed = repeated_samples(1, &sample_count);
    size_t index, kind;
    for (kind = 0; kind < sizeof strange / sizeof *strange; kind += 1) {
        for (index = 0; index < sample_count; index += kind + 1) changed[index] = strange[kind];
        accept_audio(model, swiftlet_audio_samples(changed, sample_count, 16000));
    }
    free(changed);
    accept_audio(model, swiftlet_audio_samples(samples, 0, 16000));
    accept_audio(model, swiftlet_audio_samples(NULL, 0, 16000));
    accept_audio(model, swiftlet_audio_samples(samples, 1, 1000));
    accept_audio(model, swiftlet_audio_samples(samples, sample_count, 1536000));
    refuse_audio(model, swiftlet_audio_samples(samples, 100, 0), SWIFTLET_INVALID_OPTIONS);
    refuse_audio(model, swiftlet_audio_samples(samples, 100, -16000), SWIFTLET_INVALID_OPTIONS);
    refuse_audio(model, swiftlet_audio_samples(samples, 100, 999), SWIFTLET_INVALID_OPTIONS);
    refuse_audio(model, swiftlet_audio_samples(samples, 100, 2147483647), SWIFTLET_INVALID_OPTIONS);
    CHECK(swiftlet_audio_samples(samples, SIZE_MAX, 16000) == NULL);
    CHECK(swiftlet_audio_samples(samples, SIZE_MAX / 2, 16000) == NULL);
    CHECK(swiftlet_audio_samples(samples, SIZE_MAX / 4, 16000) == NULL);
    CHECK(swiftlet_audio_samples(samples, (size_t)1 << 60, 16000) == NULL);
    CHECK(swiftlet_audio_bytes(samples, SIZE_MAX, NULL) == NULL);
    CHECK(swiftlet_audio_bytes(samples, SIZE_MAX / 2, NULL) == NULL);
}

static void use_strange_files(swiftlet_model *model) {
    size_t size = 0, index;
    char *bytes = read_file(wave_path, &size), *path = path_in_folder("strange.wav");
    char *long_path = (char *)malloc(100001);
    swiftlet_audio *audio;
    if (long_path == NULL) exit(1);
    memset(long_path, 'a', 100000);
    long_path[100000] = 0;
    refuse_audio(model, swiftlet_audio_file("no such file"), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_file("\n\x1b[31m\xff"), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_file(long_path), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_file(folder), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_bytes(NULL, 0, NULL), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_bytes("", 0, "empty"), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_bytes("RIFF", 4, "talk.wav"), SWIFTLET_UNREADABLE_AUDIO);
    refuse_audio(model, swiftlet_audio_bytes(long_path, 100000, "talk.mp3"), SWIFTLET_UNREADABLE_AUDIO);
    /* Every byte of the header wrong, one after the other: whatever comes of it, it returns. */
    for (index = 0; index < 44; index += 1) {
        char kept = bytes[index], *json = NULL;
        bytes[index] = (char)0xff;
        audio = swiftlet_audio_bytes(bytes, size, "talk.wav");
        swiftlet_voice_activity(audio, NULL, NULL, &json, NULL);
        swiftlet_free(json);
        swiftlet_audio_free(audio);
        bytes[index] = kept;
    }
    audio = swiftlet_audio_file(path);
    refuse_audio(model, audio, SWIFTLET_UNREADABLE_AUDIO);
    /* It is opened when it is used. */
    audio = swiftlet_audio_file(path);
    write_file(path, bytes, size);
    accept_audio(model, audio);
    /* Tracks and channels that are not there. */
    audio = swiftlet_audio_file(path);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"track\": 7}", NULL), SWIFTLET_OK);
    refuse_audio(model, audio, SWIFTLET_UNREADABLE_AUDIO);
    audio = swiftlet_audio_file(path);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"channels\": 7}", NULL), SWIFTLET_OK);
    refuse_audio(model, audio, SWIFTLET_UNREADABLE_AUDIO);
    audio = swiftlet_audio_file(path);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"channels\": -9223372036854775808}", NULL), SWIFTLET_OK);
    refuse_audio(model, audio, SWIFTLET_INVALID_OPTIONS);
    /* Samples without a container. */
    audio = swiftlet_audio_bytes(samples, sample_count * sizeof(float), NULL);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"sampleFormat\": \"f32le\", \"sampleRate\": 16000}", NULL), SWIFTLET_OK);
    transcribe(model, audio, NULL);
    free(long_path);
    free(path);
    free(bytes);
}

void test_audio(void) {
    swiftlet_model *model = load_model(NULL);
    use_strange_samples(model);
    use_strange_files(model);
    swiftlet_model_free(model);
}

static void refuse_model(const char *name, const char *options, swiftlet_status expected) {
    swiftlet_model *model = NULL;
    char *error = NULL;
    CHECK_ERROR(swiftlet_load(name, options, NULL, NULL, NULL, &model, &error), expected);
    CHECK(model == NULL);
}

static int count_steps(void *context, const char *json) {
    *(int *)context += 1;
    keep_json(json);
    return 0;
}

void test_models(void) {
    char *garbage = path_in_folder("garbage.pt"), *cache = path_in_folder("cache"), *options = (char *)malloc(strlen(cache) + 100);
    char *error = NULL;
    swiftlet_model *model = NULL;
    int steps = 0;
    if (options == NULL) exit(1);
    write_file(garbage, "garbage", 7);
    refuse_model("no-such-model", NULL, SWIFTLET_MODEL_NOT_FOUND);
    refuse_model("", NULL, SWIFTLET_MODEL_NOT_FOUND);
    refuse_model("/no/such/folder", NULL, SWIFTLET_MODEL_NOT_FOUND);
    refuse_model("\xff", NULL, SWIFTLET_INVALID_ARGUMENT);
    refuse_model(garbage, NULL, SWIFTLET_UNUSABLE_MODEL);
    refuse_model(folder, NULL, SWIFTLET_UNUSABLE_MODEL);
    sprintf(options, "{\"cache\": \"%s\", \"offline\": true}", cache);
    refuse_model("tiny.en", options, SWIFTLET_MODEL_NOT_FETCHED);
    refuse_model("someone/no-such-model", options, SWIFTLET_MODEL_NOT_FETCHED);
    CHECK_STATUS(swiftlet_load(model_name, "{\"encoder\": \"int8\", \"concurrency\": 2}", count_steps, &steps, NULL, &model, &error),
                 SWIFTLET_OK);
    /* What is in the cache is loaded without a step, or with those of building. */
    CHECK(steps >= 0 && error == NULL);
    swiftlet_model_free(model);
    free(options);
    free(cache);
    free(garbage);
}

void test_detection(void) {
    swiftlet_model *model = load_model(NULL);
    swiftlet_audio *audio = swiftlet_audio_file(wave_path);
    float *silence = (float *)calloc(16000, sizeof(float));
    char *error = NULL, *json = NULL;
    CHECK_STATUS(swiftlet_voice_activity(audio, NULL, NULL, &json, &error), SWIFTLET_OK);
    CHECK(json != NULL && fabs(atof(json + strlen("{\"duration\":")) - recording_seconds) < 0.01 && strstr(json, "\"speech\":[{\"end\":") != NULL);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    CHECK_STATUS(swiftlet_voice_activity(audio, "{\"threshold\": 0.4, \"minimumSilence\": 2}", NULL, &json, &error), SWIFTLET_OK);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    CHECK_ERROR(swiftlet_voice_activity(audio, "{\"threshold\": 7}", NULL, &json, &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_STATUS(swiftlet_audio_set(audio, "{\"channels\": \"separate\"}", &error), SWIFTLET_OK);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, NULL, &json, &error), SWIFTLET_INVALID_OPTIONS);
    swiftlet_audio_free(audio);
    audio = swiftlet_audio_samples(silence, 16000, 16000);
    CHECK_STATUS(swiftlet_voice_activity(audio, NULL, NULL, &json, &error), SWIFTLET_OK);
    CHECK(json != NULL && strcmp(json, "{\"duration\":1,\"speech\":[]}") == 0);
    swiftlet_free(json);
    /* The model of these tests knows English only. */
    CHECK_ERROR(swiftlet_detect_language(model, audio, NULL, NULL, &json, &error), SWIFTLET_INVALID_OPTIONS);
    swiftlet_audio_free(audio);
    free(silence);
    swiftlet_model_free(model);
}

/* With a model of many languages, which the script has in the cache or leaves out. */
void test_languages(void) {
    swiftlet_model *model = NULL;
    swiftlet_audio *audio = swiftlet_audio_file(wave_path);
    char *error = NULL, *json = NULL;
    if (!CHECK(swiftlet_load("base", "{\"concurrency\": 1}", NULL, NULL, NULL, &model, &error) == SWIFTLET_OK)) printf("  said: %s\n", error);
    json = swiftlet_model_information(model);
    CHECK(json != NULL && strstr(json, "\"multilingual\":true") != NULL && strstr(json, "\"fr\":\"french\"") != NULL);
    /* Cantonese came with large-v3. */
    CHECK(json != NULL && strstr(json, "cantonese") == NULL);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    CHECK_STATUS(swiftlet_detect_language(model, audio, NULL, NULL, &json, &error), SWIFTLET_OK);
    CHECK(json != NULL && strncmp(json, "[{\"code\":\"en\",\"name\":\"english\",\"probability\":0.", 47) == 0);
    if (json != NULL) keep_json(json);
    swiftlet_free(json);
    CHECK_STATUS(swiftlet_detect_language(model, audio, "{\"candidates\": [\"fr\", \"German\"], \"padding\": \"zeros\"}", NULL, &json, &error),
                 SWIFTLET_OK);
    CHECK(json != NULL && strstr(json, "\"en\"") == NULL && strstr(json, "\"de\"") != NULL);
    swiftlet_free(json);
    CHECK_ERROR(swiftlet_detect_language(model, audio, "{\"candidates\": [\"klingon\"]}", NULL, &json, &error), SWIFTLET_INVALID_OPTIONS);
    CHECK_ERROR(swiftlet_detect_language(model, audio, "{\"padding\": \"noise\"}", NULL, &json, &error), SWIFTLET_INVALID_OPTIONS);
    transcribe(model, audio, "{\"task\": \"transcribe\", \"languageCandidates\": [\"en\", \"fr\"]}");
    swiftlet_model_free(model);
}

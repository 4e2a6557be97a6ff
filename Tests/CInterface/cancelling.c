/* Calls that are stopped: by callbacks, from other threads, before they begin; handles that are freed while a call uses them. */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

static int stop_at_once(void *context, const swiftlet_segment *segment) {
    *(int *)context += 1;
    return segment->start >= 0;
}

static int stop_json(void *context, const char *json) {
    *(int *)context += 1;
    return json != NULL;
}

static int go_on_with_json(void *context, const char *json) {
    *(int *)context += 1;
    return json == NULL;
}

/* Something that happens on another thread after a while. */
struct later {
    double seconds;
    swiftlet_cancellation *cancellation;
    swiftlet_model *model;
    swiftlet_audio *audio;
    pthread_t thread;
};

static void *do_later(void *context) {
    struct later *later = (struct later *)context;
    pause_for(later->seconds);
    swiftlet_cancel(later->cancellation);
    swiftlet_model_free(later->model);
    swiftlet_audio_free(later->audio);
    return NULL;
}

static void begin(struct later *later) {
    if (pthread_create(&later->thread, NULL, do_later, later) != 0) exit(1);
}

static swiftlet_cancellation *cancel_in_callback;

static int cancel_segment(void *context, const swiftlet_segment *segment) {
    *(int *)context += 1;
    swiftlet_cancel(cancel_in_callback);
    return segment == NULL;
}

void test_cancelling(void) {
    swiftlet_model *model = load_model(NULL), *other = NULL;
    swiftlet_cancellation *cancellation = swiftlet_cancellation_create();
    swiftlet_audio *audio;
    swiftlet_transcript *transcript = NULL;
    struct later later;
    char *error = NULL, *text = NULL;
    size_t count = 0;
    int calls = 0;
    double started;
    float *long_samples = repeated_samples(60, &count);
    audio = swiftlet_audio_samples(long_samples, count, 16000);
    free(long_samples);

    /* By a callback. What was heard until then is there. */
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, stop_at_once, NULL, &calls, NULL, &transcript, &error), SWIFTLET_CANCELLED);
    CHECK(calls == 1 && transcript != NULL);
    CHECK_STATUS(swiftlet_transcript_format(transcript, "txt", NULL, &text, &error), SWIFTLET_OK);
    CHECK(text != NULL && strchr(text, '\n') == text + strlen(text) - 1);
    swiftlet_free(text);
    swiftlet_transcript_free(transcript);
    calls = 0;
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, stop_json, &calls, NULL, NULL, &error), SWIFTLET_CANCELLED);
    CHECK(calls == 1);
    calls = 0;
    cancel_in_callback = swiftlet_cancellation_create();
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, cancel_segment, NULL, &calls, cancel_in_callback, NULL, &error),
                SWIFTLET_CANCELLED);
    CHECK(calls >= 1);
    swiftlet_cancellation_free(cancel_in_callback);

    /* From another thread. */
    memset(&later, 0, sizeof later);
    later.seconds = 0.3;
    later.cancellation = cancellation;
    started = now();
    begin(&later);
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, cancellation, &transcript, &error), SWIFTLET_CANCELLED);
    printf("cancelling: returned after %.2f s\n", now() - started);
    CHECK(swiftlet_is_cancelled(cancellation) == 1);
    pthread_join(later.thread, NULL);
    swiftlet_transcript_free(transcript);

    /* Before it begins: each call. */
    CHECK_ERROR(swiftlet_transcribe(model, audio, NULL, NULL, NULL, NULL, cancellation, &transcript, &error), SWIFTLET_CANCELLED);
    CHECK(transcript == NULL);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, cancellation, &text, &error), SWIFTLET_CANCELLED);
    CHECK_ERROR(swiftlet_load(model_name, NULL, NULL, NULL, cancellation, &other, &error), SWIFTLET_CANCELLED);
    CHECK(other == NULL);
    swiftlet_cancellation_free(cancellation);

    /* Voice activity, midway. */
    cancellation = swiftlet_cancellation_create();
    later.seconds = 0.05;
    later.cancellation = cancellation;
    begin(&later);
    CHECK_ERROR(swiftlet_voice_activity(audio, NULL, cancellation, &text, &error), SWIFTLET_CANCELLED);
    pthread_join(later.thread, NULL);
    swiftlet_cancellation_free(cancellation);

    /* Loading that builds: into a cache of its own, which has no engine yet. */
    {
        char *cache = path_in_folder("building"), *options = (char *)malloc(strlen(cache) + 100);
        const char *checkpoint = getenv("SWIFTLET_CHECKPOINT");
        if (options == NULL) exit(1);
        sprintf(options, "{\"cache\": \"%s\"}", cache);
        calls = 0;
        if (checkpoint != NULL) {
            CHECK_ERROR(swiftlet_load(checkpoint, options, stop_json, &calls, NULL, &other, &error), SWIFTLET_CANCELLED);
            CHECK(calls == 1 && other == NULL);
            calls = 0;
            CHECK_STATUS(swiftlet_load(checkpoint, options, go_on_with_json, &calls, NULL, &other, &error), SWIFTLET_OK);
            CHECK(calls > 1 && other != NULL);
            swiftlet_model_free(other);
        }
        free(options);
        free(cache);
    }

    /* Everything that the call uses is freed while it runs. */
    cancellation = swiftlet_cancellation_create();
    later.seconds = 0.1;
    later.cancellation = NULL;
    later.model = model;
    later.audio = swiftlet_audio_samples(samples, sample_count, 16000);
    begin(&later);
    CHECK_STATUS(swiftlet_transcribe(model, later.audio, NULL, NULL, NULL, NULL, cancellation, &transcript, &error), SWIFTLET_OK);
    pthread_join(later.thread, NULL);
    CHECK_STATUS(swiftlet_transcript_format(transcript, "txt", NULL, &text, &error), SWIFTLET_OK);
    CHECK(text != NULL && has_words(text, LAST_WORDS));
    swiftlet_free(text);
    swiftlet_transcript_free(transcript);
    swiftlet_cancellation_free(cancellation);
    swiftlet_audio_free(audio);
    CHECK_ERROR(swiftlet_check_options(model, NULL, &error), SWIFTLET_INVALID_ARGUMENT);
}

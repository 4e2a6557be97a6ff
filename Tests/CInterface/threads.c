/*
 * One model for eight threads: each transcribes its own recording, others stream and look for speech meanwhile. Texts are compared
 * with those that `swiftlet transcribe` printed, which lie in the folder as N.txt beside N.wav.
 */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

struct work {
    int number;
    swiftlet_model *model;
    swiftlet_status status;
    char *text, *error;
    pthread_t thread;
};

static int count_update(void *context, const char *json) {
    *(int *)context += json != NULL;
    return 0;
}

static void *transcribe_own(void *context) {
    struct work *work = (struct work *)context;
    char name[32], *path;
    swiftlet_audio *audio;
    swiftlet_transcript *transcript = NULL;
    sprintf(name, "%d.wav", work->number);
    path = path_in_folder(name);
    audio = swiftlet_audio_file(path);
    free(path);
    work->status = swiftlet_transcribe(work->model, audio, NULL, NULL, NULL, NULL, NULL, &transcript, &work->error);
    if (work->status == SWIFTLET_OK) work->status = swiftlet_transcript_format(transcript, "txt", NULL, &work->text, &work->error);
    swiftlet_transcript_free(transcript);
    swiftlet_audio_free(audio);
    return NULL;
}

static void *stream_and_detect(void *context) {
    struct work *work = (struct work *)context;
    swiftlet_audio *audio = swiftlet_audio_samples(samples, sample_count, 16000);
    swiftlet_stream *stream = NULL;
    int updates = 0;
    work->status = swiftlet_voice_activity(audio, NULL, NULL, &work->text, &work->error);
    if (work->status == SWIFTLET_OK)
        work->status = swiftlet_stream_open(work->model, NULL, NULL, 16000, count_update, &updates, &stream, &work->error);
    if (work->status == SWIFTLET_OK) work->status = swiftlet_stream_push(stream, samples, sample_count, &work->error);
    if (work->status == SWIFTLET_OK) work->status = swiftlet_stream_finish(stream, &work->error);
    if (updates == 0) work->status = SWIFTLET_OTHER;
    swiftlet_stream_free(stream);
    swiftlet_audio_free(audio);
    return NULL;
}

static void run_threads(const char *options) {
    struct work work[10];
    swiftlet_model *model = load_model(options);
    int number;
    memset(work, 0, sizeof work);
    for (number = 0; number < 10; number += 1) {
        work[number].number = number;
        work[number].model = model;
        if (pthread_create(&work[number].thread, NULL, number < 8 ? transcribe_own : stream_and_detect, &work[number]) != 0) exit(1);
    }
    for (number = 0; number < 10; number += 1) {
        char name[32], *path, *expected;
        size_t size = 0;
        pthread_join(work[number].thread, NULL);
        if (!CHECK(work[number].status == SWIFTLET_OK)) printf("  thread %d said: %s\n", number, work[number].error);
        if (number < 8) {
            sprintf(name, "%d.txt", number);
            path = path_in_folder(name);
            expected = read_file(path, &size);
            if (!CHECK(work[number].text != NULL && strcmp(work[number].text, expected) == 0))
                printf("  thread %d gave: %s\n  the tool: %s\n", number, work[number].text, expected);
            free(expected);
            free(path);
        }
        swiftlet_free(work[number].text);
        swiftlet_free(work[number].error);
    }
    swiftlet_model_free(model);
}

void test_threads(void) {
    run_threads("{\"concurrency\": 8}");
    run_threads("{\"concurrency\": 2, \"threads\": 1}");
}

/* Live audio: words as they come, streams that are freed, stopped, misused and shared. */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

/* What a stream's callback was given, and what it does. */
struct follower {
    swiftlet_stream *stream;
    int updates, stops, frees, pushes, is_foreign;
    swiftlet_status inner;
    pthread_t thread;
    char words[8192];
};

/* Adds the committed words, from JSON whose keys are in order. */
static void add_committed(struct follower *follower, const char *json) {
    const char *end = strstr(json, "],\"elapsed\""), *word = json;
    while ((word = strstr(word, "\"word\":\"")) != NULL && word < end) {
        word += strlen("\"word\":\"");
        strncat(follower->words, word, strcspn(word, "\""));
    }
}

static int follow(void *context, const char *json) {
    struct follower *follower = (struct follower *)context;
    follower->updates += 1;
    follower->is_foreign |= !pthread_equal(follower->thread, pthread_self());
    if (strlen(follower->words) < sizeof follower->words / 2) add_committed(follower, json);
    keep_json(json);
    if (follower->pushes) follower->inner = swiftlet_stream_push(follower->stream, samples, 100, NULL);
    if (follower->frees) swiftlet_stream_free(follower->stream);
    return follower->stops;
}

static struct follower follower_of(int stops, int frees, int pushes) {
    struct follower follower;
    memset(&follower, 0, sizeof follower);
    follower.stops = stops;
    follower.frees = frees;
    follower.pushes = pushes;
    follower.thread = pthread_self();
    return follower;
}

static void open_stream(swiftlet_model *model, struct follower *follower, const char *streaming, int rate) {
    char *error = NULL;
    CHECK_STATUS(swiftlet_stream_open(model, NULL, streaming, rate, follow, follower, &follower->stream, &error), SWIFTLET_OK);
    if (!CHECK(follower->stream != NULL && error == NULL)) printf("  said: %s\n", error);
}

/* The recording in pieces of `piece` samples; all of it has to be heard. */
static void follow_recording(swiftlet_model *model, size_t piece, const char *streaming) {
    struct follower follower = follower_of(0, 0, 0);
    char *error = NULL;
    size_t done;
    open_stream(model, &follower, streaming, 16000);
    for (done = 0; done < sample_count; done += piece) {
        size_t rest = sample_count - done;
        CHECK_STATUS(swiftlet_stream_push(follower.stream, samples + done, piece < rest ? piece : rest, &error), SWIFTLET_OK);
    }
    CHECK_STATUS(swiftlet_stream_push(follower.stream, NULL, 0, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_stream_finish(follower.stream, &error), SWIFTLET_OK);
    CHECK(error == NULL && follower.updates > 0 && !follower.is_foreign);
    if (!CHECK(has_words(follower.words, LAST_WORDS))) printf("  committed: %s\n", follower.words);
    CHECK_STATUS(swiftlet_stream_finish(follower.stream, &error), SWIFTLET_OK);
    CHECK_ERROR(swiftlet_stream_push(follower.stream, samples, 100, &error), SWIFTLET_INVALID_ARGUMENT);
    swiftlet_stream_free(follower.stream);
}

static void stop_in_callback(swiftlet_model *model) {
    struct follower stops = follower_of(1, 0, 0), frees = follower_of(0, 1, 0), pushes = follower_of(0, 0, 1);
    swiftlet_status pushed;
    char *error = NULL;
    open_stream(model, &stops, NULL, 16000);
    pushed = swiftlet_stream_push(stops.stream, samples, sample_count, NULL);
    CHECK(pushed == SWIFTLET_OK || pushed == SWIFTLET_CANCELLED);
    CHECK_ERROR(swiftlet_stream_finish(stops.stream, &error), SWIFTLET_CANCELLED);
    CHECK(stops.updates == 1);
    /* It stays so. */
    CHECK_ERROR(swiftlet_stream_finish(stops.stream, &error), SWIFTLET_CANCELLED);
    swiftlet_stream_free(stops.stream);

    open_stream(model, &frees, NULL, 16000);
    swiftlet_stream_push(frees.stream, samples, sample_count, NULL);
    pushed = swiftlet_stream_finish(frees.stream, NULL);
    CHECK(pushed == SWIFTLET_CANCELLED || pushed == SWIFTLET_INVALID_ARGUMENT);
    CHECK(frees.updates == 1);

    open_stream(model, &pushes, NULL, 16000);
    swiftlet_stream_push(pushes.stream, samples, sample_count, NULL);
    CHECK_STATUS(swiftlet_stream_finish(pushes.stream, NULL), SWIFTLET_OK);
    CHECK(pushes.updates > 0 && pushes.inner == SWIFTLET_INVALID_ARGUMENT);
    swiftlet_stream_free(pushes.stream);
}

struct pusher {
    swiftlet_stream *stream;
    swiftlet_status status;
    float *samples;
    size_t count;
    pthread_t thread;
};

static void *push_all(void *context) {
    struct pusher *pusher = (struct pusher *)context;
    pusher->status = swiftlet_stream_push(pusher->stream, pusher->samples, pusher->count, NULL);
    return NULL;
}

/* A push that waits because the stream is far behind, while others free the stream, or use it. */
static void disturb_push(swiftlet_model *model) {
    struct pusher pusher;
    char *error = NULL;
    memset(&pusher, 0, sizeof pusher);
    pusher.samples = repeated_samples(100, &pusher.count);
    CHECK_STATUS(swiftlet_stream_open(model, NULL, NULL, 16000, NULL, NULL, &pusher.stream, &error), SWIFTLET_OK);
    if (pthread_create(&pusher.thread, NULL, push_all, &pusher) != 0) exit(1);
    pause_for(0.3);
    CHECK_ERROR(swiftlet_stream_push(pusher.stream, samples, 10, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_finish(pusher.stream, &error), SWIFTLET_INVALID_ARGUMENT);
    swiftlet_stream_free(pusher.stream);
    pthread_join(pusher.thread, NULL);
    CHECK(pusher.status == SWIFTLET_CANCELLED);
    free(pusher.samples);
}

static void refuse_stream(swiftlet_model *model, const char *options, const char *streaming, int rate) {
    swiftlet_stream *stream = NULL;
    char *error = NULL;
    CHECK_ERROR(swiftlet_stream_open(model, options, streaming, rate, NULL, NULL, &stream, &error), SWIFTLET_INVALID_OPTIONS);
    CHECK(stream == NULL);
}

void test_streams(void) {
    swiftlet_model *model = load_model(NULL);
    struct follower follower = follower_of(0, 0, 0);
    float *strange = repeated_samples(1, &sample_count);
    swiftlet_stream *left[20];
    size_t index;
    char *error = NULL;

    refuse_stream(model, NULL, NULL, 0);
    refuse_stream(model, NULL, NULL, -1);
    refuse_stream(model, NULL, NULL, 2147483647);
    refuse_stream(model, NULL, "{\"step\": 0}", 16000);
    refuse_stream(model, NULL, "{\"bufferLimit\": 1e300}", 16000);
    refuse_stream(model, "{\"sequential\": true}", NULL, 16000);
    refuse_stream(model, "{\"clipTimestamps\": [1]}", NULL, 16000);
    refuse_stream(model, "{\"language\": \"fr\"}", NULL, 16000);

    follow_recording(model, 1600, "{\"skipsSteps\": false}");
    follow_recording(model, 12345, "{\"skipsSteps\": false, \"step\": 2}");
    follow_recording(model, sample_count, NULL);
    stop_in_callback(model);
    disturb_push(model);

    /* No number of samples and none that are none. */
    open_stream(model, &follower, NULL, 16000);
    CHECK_ERROR(swiftlet_stream_push(follower.stream, NULL, 10, &error), SWIFTLET_INVALID_ARGUMENT);
    CHECK_ERROR(swiftlet_stream_push(follower.stream, samples, ~(size_t)0, &error), SWIFTLET_INVALID_ARGUMENT);
    for (index = 0; index < sample_count; index += 7) strange[index] = index % 2 == 0 ? NAN : -3e38f;
    CHECK_STATUS(swiftlet_stream_push(follower.stream, strange, sample_count, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_stream_finish(follower.stream, &error), SWIFTLET_OK);
    swiftlet_stream_free(follower.stream);
    free(strange);

    /* Without any sound; at another rate, with the model freed meanwhile. */
    follower = follower_of(0, 0, 0);
    open_stream(model, &follower, NULL, 16000);
    CHECK_STATUS(swiftlet_stream_finish(follower.stream, &error), SWIFTLET_OK);
    swiftlet_stream_free(follower.stream);
    for (index = 0; index < sizeof left / sizeof *left; index += 1) {
        CHECK_STATUS(swiftlet_stream_open(model, NULL, NULL, 8000, NULL, NULL, &left[index], &error), SWIFTLET_OK);
        CHECK_STATUS(swiftlet_stream_push(left[index], samples, 20000, &error), SWIFTLET_OK);
    }
    follower = follower_of(0, 0, 0);
    open_stream(model, &follower, "{\"skipsSteps\": false}", 16000);
    swiftlet_model_free(model);
    for (index = 0; index < sizeof left / sizeof *left; index += 1) swiftlet_stream_free(left[index]);
    CHECK_STATUS(swiftlet_stream_push(follower.stream, samples, sample_count, &error), SWIFTLET_OK);
    CHECK_STATUS(swiftlet_stream_finish(follower.stream, &error), SWIFTLET_OK);
    CHECK(has_words(follower.words, LAST_WORDS));
    swiftlet_stream_free(follower.stream);
}

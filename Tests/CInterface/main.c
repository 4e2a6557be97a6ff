/*
 * Tests of the C interface: check MODEL WAVE SAMPLES FOLDER [TEST...]
 *
 * WAVE is the recording as a WAV file, SAMPLES the same as raw 32-bit floats at 16 kHz, at least 2 s. Prints a line for each test, a line for each check
 * that failed, and "N passed, N failed". Scripts/check-c runs it.
 */

#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <ctype.h>

int checks, failures;
const char *model_name, *wave_path, *folder;
float *samples;
size_t sample_count;
double recording_seconds;

int check_that(int is_right, const char *what, const char *file, int line) {
    checks += 1;
    if (is_right) return 1;
    failures += 1;
    printf("%s:%d: %s\n", file, line, what);
    return 0;
}

void check_status(swiftlet_status found, swiftlet_status expected, const char *what, const char *file, int line) {
    if (check_that(found == expected, what, file, line)) return;
    printf("  gave %s instead of %s\n", swiftlet_status_name(found), swiftlet_status_name(expected));
}

void check_error(swiftlet_status found, swiftlet_status expected, char **error, const char *what, const char *file, int line) {
    size_t length = *error == NULL ? 0 : strlen(*error);
    check_status(found, expected, what, file, line);
    /* A sentence begins with a capital or a name, and ends with a full stop. */
    if (!check_that(length > 10 && (*error)[length - 1] == '.', what, file, line))
        printf("  said: %s\n", *error == NULL ? "nothing" : *error);
    swiftlet_free(*error);
    *error = NULL;
}

swiftlet_model *load_model(const char *options) {
    swiftlet_model *model = NULL;
    char *error = NULL;
    if (options == NULL) options = getenv("CHECK_OPTIONS");
    if (swiftlet_load(model_name, options, NULL, NULL, NULL, &model, &error) == SWIFTLET_OK) return model;
    printf("%s can't be loaded: %s\n", model_name, error);
    exit(1);
}

float *repeated_samples(int times, size_t *count) {
    float *all = (float *)malloc(sizeof(float) * sample_count * (size_t)times);
    int index;
    if (all == NULL) exit(1);
    for (index = 0; index < times; index += 1) memcpy(all + (size_t)index * sample_count, samples, sizeof(float) * sample_count);
    *count = sample_count * (size_t)times;
    return all;
}

char *path_in_folder(const char *name) {
    char *path = (char *)malloc(strlen(folder) + strlen(name) + 2);
    if (path == NULL) exit(1);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        printf("%s can't be written\n", path);
        exit(1);
    }
}

char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long end;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        bytes = (char *)calloc(*size + 1, 1);
        if (bytes != NULL && fread(bytes, 1, *size, file) == *size && fclose(file) == 0) return bytes;
    }
    printf("%s can't be read\n", path);
    exit(1);
}

void keep_json(const char *json) {
    static FILE *file;
    if (file == NULL) {
        char *path = path_in_folder("lines.json");
        file = fopen(path, "ab");
        free(path);
    }
    /* Formats end with a line's end, other results do not. */
    if (file == NULL || fprintf(file, "%.*s\n", (int)strcspn(json, "\n"), json) < 0 || fflush(file) != 0) exit(1);
}

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void pause_for(double seconds) {
    struct timespec time;
    time.tv_sec = (time_t)seconds;
    time.tv_nsec = (long)(1e9 * (seconds - (double)time.tv_sec));
    nanosleep(&time, NULL);
}

/* The letters, in lower case, with a space between words. */
static char *bare(const char *text) {
    char *letters = (char *)malloc(strlen(text) + 2), *end = letters;
    if (letters == NULL) exit(1);
    *end++ = ' ';
    for (; *text != 0; text += 1) {
        if (isalpha((unsigned char)*text)) *end++ = (char)tolower((unsigned char)*text);
        else if (end[-1] != ' ' && isspace((unsigned char)*text)) *end++ = ' ';
    }
    *end = 0;
    return letters;
}

int has_words(const char *text, const char *words) {
    char *all = bare(text);
    int found = strstr(all, words) != NULL;
    free(all);
    return found;
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"misuse", test_misuse},         {"json", test_json},           {"audio", test_audio},     {"models", test_models},
    {"recordings", test_recordings}, {"detection", test_detection}, {"languages", test_languages},
    {"cancelling", test_cancelling}, {"streams", test_streams},     {"threads", test_threads},
};

int main(int argc, char **argv) {
    size_t index, size = 0;
    int argument;
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL WAVE SAMPLES FOLDER [TEST...]\n", argv[0]);
        return 2;
    }
    model_name = argv[1];
    wave_path = argv[2];
    samples = (float *)(void *)read_file(argv[3], &size);
    sample_count = size / sizeof(float);
    recording_seconds = (double)sample_count / 16000;
    folder = argv[4];
    for (index = 0; index < sizeof tests / sizeof *tests; index += 1) {
        int wanted = argc == 5, before = failures;
        double begin = now();
        for (argument = 5; argument < argc; argument += 1) wanted |= strcmp(argv[argument], tests[index].name) == 0;
        if (!wanted) continue;
        tests[index].run();
        printf("%s: %s, %.1f s\n", tests[index].name, failures == before ? "ok" : "FAILED", now() - begin);
        fflush(stdout);
    }
    free(samples);
    printf("%d passed, %d failed\n", checks - failures, failures);
    return failures == 0 ? 0 : 1;
}

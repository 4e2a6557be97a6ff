/* What the programs that test the C interface share: checks that are counted, and the recording that they use. */

#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swiftlet.h>
#include <time.h>

/* How many checks there were, and how many failed. */
extern int checks, failures;

/* Counts a check; one that fails is printed with where it stands. Threads other than the first must not use it. */
#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
/* The same with what is known of it. */
#define CHECK_STATUS(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)
/* The call must fail so, and put a sentence into `error`, which is freed. */
#define CHECK_ERROR(call, expected) check_error((call), (expected), &error, #call, __FILE__, __LINE__)

int check_that(int is_right, const char *what, const char *file, int line);
void check_status(swiftlet_status found, swiftlet_status expected, const char *what, const char *file, int line);
void check_error(swiftlet_status found, swiftlet_status expected, char **error, const char *what, const char *file, int line);

/* What the script gives: the model's name, a WAV file, its samples at 16 kHz, a folder to write to. */
extern const char *model_name, *wave_path, *folder;
extern float *samples;
extern size_t sample_count;
extern double recording_seconds;

/* NULL stands for the environment's CHECK_OPTIONS. Ends the program where it can't be loaded. */
swiftlet_model *load_model(const char *options);
/* `times` times the samples, one after the other; for free(). */
float *repeated_samples(int times, size_t *count);
/* A file in the folder; for free(). */
char *path_in_folder(const char *name);
void write_file(const char *path, const void *bytes, size_t size);
/* A file and its size; for free(). */
char *read_file(const char *path, size_t *size);
/* Appends a line to the file of JSON that the script reads. */
void keep_json(const char *json);
double now(void);
void pause_for(double seconds);
/* Whether `text` has `words` in it, whatever its case and punctuation. */
int has_words(const char *text, const char *words);

/* What the recording ends with. */
#define LAST_WORDS "ask what you can do for your country"

void test_misuse(void);
void test_json(void);
void test_audio(void);
void test_models(void);
void test_recordings(void);
void test_detection(void);
void test_languages(void);
void test_cancelling(void);
void test_streams(void);
void test_threads(void);

#endif

/*
 * Transcribes a file, segment by segment: transcribe FILE [MODEL [OPTIONS]]
 *
 *     cc transcribe.c $(pkg-config --cflags --libs swiftlet) -o transcribe
 *     ./transcribe talk.flac base '{"language": "fr", "words": {"timestamps": true}}'
 */

#include <stdio.h>
#include <swiftlet.h>

/* Called for each segment as soon as it is there; anything but 0 would stop the work. */
static int print_segment(void *context, const swiftlet_segment *segment) {
    (void)context;
    return printf("[%7.2f - %7.2f] %s\n", segment->start, segment->end, segment->text) < 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv) {
    swiftlet_model *model = NULL;
    swiftlet_audio *audio = NULL;
    char *error = NULL;
    swiftlet_status status;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s FILE [MODEL [OPTIONS]]\n", argv[0]);
        return 2;
    }

    /* Fetched on first use. */
    status = swiftlet_load(argc > 2 ? argv[2] : "tiny.en", NULL, NULL, NULL, NULL, &model, &error);
    if (status == SWIFTLET_OK) {
        audio = swiftlet_audio_file(argv[1]);
        status = swiftlet_transcribe(model, audio, argc > 3 ? argv[3] : NULL, print_segment, NULL, NULL, NULL, NULL, &error);
    }
    if (status != SWIFTLET_OK) fprintf(stderr, "%s: %s\n", swiftlet_status_name(status), error);

    swiftlet_free(error);
    swiftlet_audio_free(audio);
    swiftlet_model_free(model);
    return status == SWIFTLET_OK ? 0 : 1;
}

/* replay_main.c - runs a fuzz target once over every file of the folders given, without libFuzzer,
 * so that the seed corpus and every crash ever found are part of an ordinary test run.
 *
 *   fuzz_json tests/fuzz/corpus/json [FOLDER or FILE ...]
 *
 * Fails when there is no input at all: an empty corpus would test nothing and look green. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        fprintf(stderr, "cannot open %s\n", path);
        exit(1);
    }
    size_t size = (size_t)st.st_size;
    /* exactly as large as the input, so that the address sanitizer sees a read past its end */
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, f) != size) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    (void)fclose(f);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "no such file or folder: %s\n", path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode))
        return run_file(path);
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort), ran = 0;
    if (count < 0) {
        fprintf(stderr, "cannot read the folder %s\n", path);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char inner[4096];
        if (names[i]->d_name[0] != '.') {
            int n = snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
            if (n < 0 || (size_t)n >= sizeof inner) {
                fprintf(stderr, "path too long: %s/%s\n", path, names[i]->d_name);
                exit(1);
            }
            ran += run_path(inner);
        }
        free(names[i]);
    }
    free(names);
    return ran;
}

int main(int argc, char **argv)
{
    int ran = 0;
    for (int i = 1; i < argc; i++)
        ran += run_path(argv[i]);
    printf("%d inputs\n", ran);
    if (ran == 0) {
        fprintf(stderr, "no input: name a folder with a seed corpus\n");
        return 1;
    }
    return 0;
}

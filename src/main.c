/* Sotto: a private personal assistant in one program. Everything is in src/app and below. */
#include <string.h>

#include "app/cli.h"
#include "ingest/sandbox.h"

int main(int argc, char **argv)
{
    /* The confined process that reads strangers' files is this program too, and nothing else. */
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    return cli_main(argc, argv);
}

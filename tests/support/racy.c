/* racy.c - a data race that nobody hears of: in a child whose standard error and end are thrown
 * away. tests/sanitized.sh must fail it. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int shared;

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        shared++;
    return NULL;
}

int main(void)
{
    pthread_t other;
    pid_t child = fork();
    if (child > 0)
        return waitpid(child, NULL, 0) == child ? 0 : 1;
    if (child < 0 || dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2) < 0 ||
        pthread_create(&other, NULL, count, NULL))
        return 1;
    (void)count(NULL);
    (void)pthread_join(other, NULL);
    return 0;
}

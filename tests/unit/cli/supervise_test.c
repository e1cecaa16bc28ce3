/* supervise_test.c - which end of a process ends them all. The processes are this program, run as
 * its watcher runs them; what each does in which of its lives is said by a word.
 */
#include "check.h"

#include <signal.h>
#include <unistd.h>

#include "supervise.h"

/* Of number i, life by life: k is killed, e ends with an error, w ends well, s stays until it is
 * told to end, t tells the watcher to end all. */
static const char *lives[2];
static int lived[2];
static char said[1000], word[2][2];

static void more(void *arg, int i, const char *into[SUPERVISE_MORE])
{
    (void)arg;
    CHECK(lives[i][lived[i]]); /* no life more than the story has */
    word[i][0] = lives[i][lived[i]++];
    into[0] = word[i];
    into[1] = NULL;
}

static void note(void *arg, const char *text)
{
    (void)arg;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

static enum myna_err watch(const char *first, const char *second)
{
    static const char *const args[] = {"supervise_test", "child", NULL};
    struct supervise how = {.n = 2, .args = args, .more = more, .note = note};
    struct myna_why why;

    lives[0] = first;
    lives[1] = second;
    lived[0] = lived[1] = 0;
    said[0] = '\0';
    return myna_cli_supervise(&how, &why);
}

static int child(const char *what)
{
    switch (*what) {
    case 'k':
        return raise(SIGKILL);
    case 'e':
        return 1;
    case 't':
        kill(getppid(), SIGTERM);
        break;
    case 's':
        break;
    default:
        return 0;
    }
    for (;;)
        pause();
}

TEST(one_that_ends_with_an_error_in_its_first_life_ends_all)
{
    CHECK_EQ(watch("e", "s"), MYNA_EDIFFER);
    CHECK_EQ(lived[0] + lived[1], 2);
}

TEST(one_that_ends_well_ends_alone)
{
    CHECK_EQ(watch("w", "w"), MYNA_OK);
    CHECK(!strstr(said, "again"));
}

TEST(one_that_ends_with_an_error_in_the_place_of_another_is_started_again)
{
    CHECK_EQ(watch("ket", "s"), MYNA_OK); /* three seconds: one, then two */
    CHECK_EQ(lived[0], 3);
    CHECK_EQ(lived[1], 1); /* and nobody else noticed */
    CHECK_HAS(said, "process 0 was killed (signal 9), again in 1 s");
    CHECK_HAS(said, "process 0 ended with an error, again in 2 s");
}

int main(int argc, char **argv)
{
    return argc == 3 && !strcmp(argv[1], "child") ? child(argv[2]) : check_main(argc, argv);
}

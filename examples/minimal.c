/* minimal.c - a conversation over a WAV file: who speaks in it is answered in another.
 *
 *     cc minimal.c $(pkg-config --cflags --libs myna) -o minimal
 *     ./minimal question.wav answer.wav
 *
 * Everything else is the configuration's: without a myna.yaml the offline providers serve.
 */
#include <myna/myna.h>

#include <stdio.h>

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED && ev->u.item->type == MYNA_ITEM_MESSAGE)
        printf("%6.2f  %-9s  %s\n", (double)ev->at / MYNA_S, myna_role_name(ev->u.item->role),
               ev->u.item->text);
    if (ev->type == MYNA_EV_CLOSE)
        myna_runtime_stop(arg);
}

static enum myna_err configure(struct myna_config *cfg, char **argv, struct myna_why *why)
{
    enum myna_err err = myna_config_load(cfg, NULL, why);

    if (!err)
        err = myna_config_environment(cfg, why);
    if (!err)
        err = myna_config_set(cfg, "transport.file.in", argv[1], "argument 1", why);
    if (!err)
        err = myna_config_set(cfg, "transport.file.out", argv[2], "argument 2", why);
    return err;
}

static enum myna_err converse(struct myna_config *cfg, struct myna_why *why)
{
    /* The virtual clock: as fast as the machine goes, with the same events at the same times. */
    struct myna_runtime_options how = {.size = sizeof how, .config = cfg, .virtual_clock = true};
    struct myna_session_options call = {
        .size = sizeof call, .transport_name = "file", .on_event = on_event};
    struct myna_runtime *rt = NULL;
    struct myna_session *s = NULL;
    enum myna_err err = myna_runtime_create(&how, &rt, why);

    if (!err) {
        call.arg = rt;
        err = myna_session_create(rt, &call, &s, why);
    }
    if (!err)
        err = myna_session_start(s, why);
    if (!err)
        myna_runtime_run(rt);
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    return err;
}

int main(int argc, char **argv)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    enum myna_err err = cfg ? MYNA_OK : MYNA_ENOMEM;

    if (argc != 3) {
        fprintf(stderr, "usage: %s QUESTION.wav ANSWER.wav\n", argv[0]);
        return 2;
    }
    if (!err)
        err = configure(cfg, argv, &why);
    if (!err)
        err = converse(cfg, &why);
    if (err)
        fprintf(stderr, "%s\n", *why.text ? why.text : myna_strerror(err));
    myna_config_destroy(cfg);
    return err ? 1 : 0;
}

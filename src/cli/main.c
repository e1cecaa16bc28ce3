/* main.c - the program: takes the command line apart, reads the configuration, hands over.
 *
 * Exit: 0 fine, 1 the thing failed, 2 wrong use (a flag, a key, a value), 130 stopped by Ctrl-C.
 * Errors are one line on standard error: "myna: sentence".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>

#include "args.h"
#include "cmd.h"
#include "help.h"
#include "out.h"

static int exit_code(enum myna_err err)
{
    if (err == MYNA_OK)
        return 0;
    if (err == MYNA_ECONFIG)
        return 2;
    return err == MYNA_ECANCELED ? 130 : 1;
}

static int complain(const struct myna_why *why, enum myna_err err)
{
    fflush(stdout); /* what was said before stands before */
    fprintf(stderr, "myna: %s\n", *why->text ? why->text : myna_strerror(err));
    return exit_code(err);
}

/* File, environment, then the flags in the order they were given. */
static enum myna_err configure(struct call *call, struct myna_why *why)
{
    enum myna_err err;

    call->cfg = myna_config_create();
    if (!call->cfg)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    err = myna_config_load(call->cfg, call->config, why);
    if (!err)
        err = myna_config_env_file(why);
    if (!err)
        err = myna_config_environment(call->cfg, why);
    for (size_t i = 0; !err && i < call->n_settings; i++) {
        const struct setting *s = &call->settings[i];

        err = myna_config_set(call->cfg, s->key, s->value, s->origin, why);
    }
    if (!err && call->log)
        err = myna_config_set(call->cfg, "log.json", strcmp(call->log, "json") ? "false" : "true",
                              "--log", why);
    return err;
}

/* What was said must have arrived: a full disk behind a pipe is an error too. */
static enum myna_err flush(struct myna_why *why)
{
    if (!fflush(stdout) && !ferror(stdout))
        return MYNA_OK;
    return myna_fail(why, errno == ENOSPC ? MYNA_ENOSPC : MYNA_EIO,
                     "cannot write to standard output: %s", strerror(errno));
}

static enum myna_err run(struct call *call, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    if (call->help)
        myna_cli_help(stdout, call->cmd, myna_cli_colour(stdout));
    else if (call->version)
        printf("myna %s\n", myna_version());
    else {
        if (!call->cmd->without_config)
            err = configure(call, why);
        if (!err)
            err = call->cmd->run(call, why);
        myna_config_destroy(call->cfg);
    }
    return err ? err : flush(why);
}

int main(int argc, char **argv)
{
    struct myna_why why = {0};
    struct call call;
    enum myna_err err = myna_cli_parse(argc, argv, &call, &why);

    if (!err && !call.cmd && !call.help && !call.version) {
        myna_cli_help(stderr, NULL, myna_cli_colour(stderr));
        return 2;
    }
    if (!err)
        err = run(&call, &why);
    if ((err == MYNA_EDIFFER || err == MYNA_ECONFIG) && !*why.text)
        return exit_code(err); /* it was said already, by another process say */
    return err ? complain(&why, err) : 0;
}

/* lost.h - the jobs of the processes that `myna worker --workers` watches, and what becomes of
 * those of one that is killed.
 *
 * Each process tells the watcher which jobs it has. When it dies with some, a process of their own
 * asks the server for another agent in each of those rooms (myna_worker_send_again()); the watcher
 * goes on watching. A room in which processes have died three times within ten minutes is not sent
 * again: perhaps it is what kills them.
 */
#ifndef MYNA_CLI_LOST_H
#define MYNA_CLI_LOST_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/worker.h>

struct lost;

/* `quiet`: tells only what goes wrong. NULL: memory is short. */
struct lost *myna_cli_lost_create(struct myna_config *cfg, int processes, bool quiet);
void myna_cli_lost_destroy(struct lost *l); /* NULL is fine */
/* What process i told; of a process of ours, but read with suspicion. */
void myna_cli_lost_told(struct lost *l, int i, const char *bytes, size_t len);
/* It is no more. `killed`: not by its own will. */
void myna_cli_lost_gone(struct lost *l, int i, bool killed);

/* In such a process: tells the watcher; line: its end of the line. */
void myna_cli_lost_tell(int line, const struct myna_worker_job *job, bool begins);

#endif

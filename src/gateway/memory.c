/* memory.c - see memory.h. */
#include "gateway/memory.h"
#include "gateway/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "util/buf.h"
#include "util/fs.h"
#include "util/host.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"
#include "util/sha256.h"

enum { FILE_MAX = 4 << 20 }; /* twenty announcements as the desk takes them, and JSON around them */
/* Bytes of a file's name, before ".json" and what util/fs.c hangs on while it writes
 * (".part-4194304"); of a longer one, before a hash. */
enum { NAME_MOST = 255 - 5 - 13, NAME_CUT = 120 };

struct myna_gw_writing {
    struct myna_work work;
    struct myna_gw_memory *memory; /* NULL: it was closed */
    char *path, *text, *last;      /* last: what it held then, if that is newer */
    enum myna_err err;
    struct myna_why why;
};

static const char *const voices[] = {"on", "off", "tts"};

const char *myna_gw_voice_name(enum myna_gw_voice v)
{
    return (unsigned)v < sizeof voices / sizeof *voices ? voices[v] : "on";
}

/* ---- where */

static bool put_dir(struct myna_buf *b, const char *dir)
{
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (dir && *dir)
        (void)!myna_buf_puts(b, dir);
    else if (xdg && *xdg)
        myna_buf_printf(b, "%s/myna/gateway", xdg);
    else if (home && *home)
        myna_buf_printf(b, "%s/.local/share/myna/gateway", home);
    return b->len > 0;
}

/* A file's name has 255 bytes at most, and three of them stand for each of a room's that is no
 * ASCII. A short name has no dot. */
static void put_name(struct myna_buf *b, const char *room)
{
    char hex[MYNA_SHA256_HEX];
    struct myna_sha256 sha;
    size_t from = b->len;

    for (const char *p = room; *p; p++)
        if (isalnum((unsigned char)*p) || *p == '-' || *p == '_')
            myna_buf_putc(b, *p);
        else
            myna_buf_printf(b, "%%%02X", (unsigned)(unsigned char)*p);
    if (b->err || b->len - from <= NAME_MOST)
        return;
    myna_sha256_init(&sha);
    myna_sha256_update(&sha, room, strlen(room));
    myna_sha256_final(&sha, hex);
    b->len = from + NAME_CUT;
    myna_buf_printf(b, ".%s", hex);
}

char *myna_gw_memory_path(const char *dir, const char *room)
{
    struct myna_buf b;
    char *path = NULL;

    myna_buf_init(&b, 4096);
    if (put_dir(&b, dir)) {
        myna_buf_putc(&b, '/');
        put_name(&b, room);
        myna_buf_puts(&b, ".json");
        path = b.err ? NULL : strdup(myna_buf_str(&b));
    }
    myna_buf_fini(&b);
    return path;
}

/* ---- reading */

static void read_home(struct myna_gw_home *home, const json_t *list)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o)
    {
        const char *text = json_string_value(json_object_get(o, "text"));
        const json_t *at = json_object_get(o, "at");

        if (text && json_is_integer(at))
            (void)!myna_gw_home_keep(home, text, json_integer_value(at));
    }
}

static void read_voice(struct myna_gw_memory *m, const char *name)
{
    for (size_t i = 0; name && i < sizeof voices / sizeof *voices; i++)
        if (!strcmp(name, voices[i]))
            m->voice = (enum myna_gw_voice)i;
}

void myna_gw_memory_open(struct myna_gw_memory *m, struct myna_host *host, const char *dir,
                         const char *room)
{
    struct myna_why why = {0};
    char *text = NULL;
    size_t len;
    json_t *o;
    enum myna_err err;

    *m = (struct myna_gw_memory){.host = host, .path = myna_gw_memory_path(dir, room)};
    if (!m->path)
        return;
    err = myna_fs_read(m->path, FILE_MAX, &text, &len, &why);
    if (err && err != MYNA_ENOENT)
        myna_gw_log(host, MYNA_LOG_WARN, "%s: what the gateway knew is forgotten", why.text);
    if (err)
        return;
    o = myna_json_loadb(text, len, 0, NULL);
    if (!json_is_object(o))
        myna_gw_log(host, MYNA_LOG_WARN, "%s is damaged: what the gateway knew is forgotten",
                    m->path);
    read_home(&m->home, json_object_get(o, "announcements"));
    read_voice(m, json_string_value(json_object_get(o, "voice")));
    json_decref(o);
    free(text);
}

/* ---- writing */

static char *text_of(const struct myna_gw_memory *m)
{
    json_t *o = json_object(), *list = json_array();
    char *text = NULL;
    int bad = json_object_set_new(o, "voice", json_string(myna_gw_voice_name(m->voice)));

    for (size_t i = 0; i < m->home.n; i++) {
        json_t *row = json_object();

        bad |= myna_json_put_text(row, "text", m->home.kept[i].text);
        bad |= json_object_set_new(row, "at", json_integer(m->home.kept[i].wall_ms));
        bad |= json_array_append_new(list, row);
    }
    bad |= json_object_set_new(o, "announcements", list);
    if (!bad)
        text = myna_json_dump(o, JSON_INDENT(1));
    json_decref(o);
    return text;
}

static enum myna_err write_file(const char *path, const char *text, struct myna_why *why)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    enum myna_err err = dir ? myna_fs_mkdirs(dir, why) : MYNA_OK;

    free(dir);
    return err ? err : myna_fs_write(path, myna_view_of(text), 0600, why);
}

static void run(struct myna_work *work)
{
    struct myna_gw_writing *w = work->arg;

    w->err = write_file(w->path, w->text, &w->why);
}

static void writing_free(struct myna_gw_writing *w)
{
    free(w->path);
    free(w->text);
    free(w->last);
    free(w);
}

static void done(struct myna_work *work)
{
    struct myna_gw_writing *w = work->arg;
    struct myna_gw_memory *m = w->memory;

    if (m) {
        m->writing = NULL;
        if (w->err)
            myna_gw_log(m->host, MYNA_LOG_WARN, "%s: it is forgotten at the next start",
                        w->why.text);
        if (m->again)
            myna_gw_memory_save(m);
    }
    if (w->last)
        (void)!write_file(w->path, w->last, NULL);
    writing_free(w);
}

void myna_gw_memory_save(struct myna_gw_memory *m)
{
    struct myna_gw_writing *w;

    m->again = m->writing != NULL;
    if (!m->path || m->again)
        return;
    w = calloc(1, sizeof *w);
    if (!w || !(w->path = strdup(m->path)) || !(w->text = text_of(m))) {
        if (w)
            writing_free(w);
        return;
    }
    w->memory = m;
    w->work = (struct myna_work){.run = run, .done = done, .arg = w, .disk = true};
    if (myna_host_work(m->host, &w->work)) { /* the queue is full: the next change tries again */
        writing_free(w);
        return;
    }
    m->writing = w;
}

void myna_gw_memory_close(struct myna_gw_memory *m)
{
    if (m->writing) { /* ends with the loop */
        m->writing->memory = NULL;
        m->writing->last = m->again ? text_of(m) : NULL;
    }
    myna_gw_home_fini(&m->home);
    free(m->path);
    m->path = NULL;
}

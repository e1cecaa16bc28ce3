/* people.c - compares what the server says with what is known, and tells the difference. */
#include "livekit/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct myna_lk_people {
    struct myna_lk_people_events events;
    void *arg;
    struct myna_lk_person **list;
    size_t n, cap;
    uint32_t numbers;
    bool snapshot;
};

/* ---- looking somebody up */

size_t myna_lk_people_count(const struct myna_lk_people *p)
{
    return p->n;
}

const struct myna_lk_person *myna_lk_people_at(const struct myna_lk_people *p, size_t i)
{
    return i < p->n ? p->list[i] : NULL;
}

static struct myna_lk_person *by_sid(const struct myna_lk_people *p, const char *sid)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->list[i]->sid, sid))
            return p->list[i];
    return NULL;
}

static struct myna_lk_person *by_identity(const struct myna_lk_people *p, const char *identity)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->list[i]->identity, identity))
            return p->list[i];
    return NULL;
}

const struct myna_lk_person *myna_lk_people_by_sid(const struct myna_lk_people *p, const char *sid)
{
    return sid && *sid ? by_sid(p, sid) : NULL;
}

const struct myna_lk_person *myna_lk_people_by_identity(const struct myna_lk_people *p,
                                                        const char *identity)
{
    return identity && *identity ? by_identity(p, identity) : NULL;
}

const struct myna_lk_person *myna_lk_people_by_number(const struct myna_lk_people *p,
                                                      uint32_t number)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i]->number == number)
            return p->list[i];
    return NULL;
}

static struct myna_lk_track *track_of(struct myna_lk_person *who, const char *sid)
{
    for (size_t i = 0; i < who->n_tracks; i++)
        if (!strcmp(who->tracks[i].sid, sid))
            return &who->tracks[i];
    return NULL;
}

const struct myna_lk_person *myna_lk_people_by_track(const struct myna_lk_people *p,
                                                     const char *track_sid,
                                                     const struct myna_lk_track **track)
{
    for (size_t i = 0; track_sid && *track_sid && i < p->n; i++) {
        *track = track_of(p->list[i], track_sid);
        if (*track)
            return p->list[i];
    }
    return NULL;
}

const char *myna_lk_attribute_of(const struct myna_lk_person *p, const char *key)
{
    for (size_t i = 0; i < p->n_attributes; i++)
        if (!strcmp(p->attributes[i].key, key))
            return p->attributes[i].value;
    return "";
}

/* ---- one person */

static void person_free(struct myna_lk_person *who)
{
    if (!who)
        return;
    for (size_t i = 0; i < who->n_attributes; i++) {
        free(who->attributes[i].key);
        free(who->attributes[i].value);
    }
    free(who->attributes);
    free(who->identity);
    free(who->name);
    free(who->metadata);
    free(who);
}

/* True: it is another text now. Memory short: stays as it was. */
static bool change(char **field, const char *to)
{
    char *copy;

    if (!to || (*field && !strcmp(*field, to)))
        return false;
    copy = strdup(to);
    if (!copy)
        return false;
    free(*field);
    *field = copy;
    return true;
}

static void set_sid(char into[MYNA_LK_SID], const char *sid)
{
    snprintf(into, MYNA_LK_SID, "%s", sid);
}

static void tell_track(struct myna_lk_people *p, const struct myna_lk_person *who,
                       const struct myna_lk_track *t, enum myna_lk_track_change what)
{
    if (p->events.track)
        p->events.track(p->arg, who, t, what);
}

static void update_track(struct myna_lk_people *p, struct myna_lk_person *who,
                         const Myna__Lk__TrackInfo *info)
{
    struct myna_lk_track *t = track_of(who, info->sid);
    bool is_new = !t;

    if (!*info->sid || strlen(info->sid) >= MYNA_LK_SID)
        return;
    if (is_new) {
        if (who->n_tracks == MYNA_LK_MAX_TRACKS)
            return;
        t = &who->tracks[who->n_tracks++];
        *t = (struct myna_lk_track){.type = info->type, .source = info->source};
        set_sid(t->sid, info->sid);
    }
    t->seen = true;
    t->encrypted = info->encryption != 0;
    t->width = info->width;
    t->height = info->height;
    t->preconnect = false;
    for (size_t i = 0; i < info->n_audio_features; i++)
        t->preconnect |= info->audio_features[i] == MYNA_LK_PRECONNECT_FEATURE;
    if (is_new) {
        t->muted = info->muted;
        tell_track(p, who, t, MYNA_LK_PUBLISHED);
    } else if (t->muted != (bool)info->muted) {
        t->muted = info->muted;
        tell_track(p, who, t, t->muted ? MYNA_LK_MUTED : MYNA_LK_UNMUTED);
    }
}

static void drop_track(struct myna_lk_people *p, struct myna_lk_person *who, size_t i)
{
    struct myna_lk_track gone = who->tracks[i];

    who->n_tracks--;
    memmove(&who->tracks[i], &who->tracks[i + 1], (who->n_tracks - i) * sizeof gone);
    tell_track(p, who, &gone, MYNA_LK_UNPUBLISHED);
}

static void update_tracks(struct myna_lk_people *p, struct myna_lk_person *who,
                          const Myna__Lk__ParticipantInfo *info)
{
    for (size_t i = 0; i < who->n_tracks; i++)
        who->tracks[i].seen = false;
    for (size_t i = 0; i < info->n_tracks; i++)
        for (size_t k = 0; k < who->n_tracks; k++)
            if (!strcmp(who->tracks[k].sid, info->tracks[i]->sid))
                who->tracks[k].seen = true;
    for (size_t i = who->n_tracks; i-- > 0;) /* what is gone makes room for what is new */
        if (!who->tracks[i].seen)
            drop_track(p, who, i);
    for (size_t i = 0; i < info->n_tracks; i++)
        update_track(p, who, info->tracks[i]);
}

static void tell_attribute(struct myna_lk_people *p, const struct myna_lk_person *who,
                           const char *key, const char *value)
{
    if (p->events.attribute)
        p->events.attribute(p->arg, who, key, value);
}

static void put_attribute(struct myna_lk_people *p, struct myna_lk_person *who, const char *key,
                          const char *value)
{
    struct myna_lk_attribute *a = NULL;

    for (size_t i = 0; i < who->n_attributes && !a; i++)
        if (!strcmp(who->attributes[i].key, key))
            a = &who->attributes[i];
    if (a) {
        if (change(&a->value, value))
            tell_attribute(p, who, a->key, a->value);
        return;
    }
    if (who->n_attributes == MYNA_LK_MAX_ATTRIBUTES)
        return;
    a = realloc(who->attributes, (who->n_attributes + 1) * sizeof *a);
    if (!a)
        return;
    who->attributes = a;
    a += who->n_attributes;
    a->key = strdup(key);
    a->value = strdup(value);
    if (!a->key || !a->value) {
        free(a->key);
        free(a->value);
        return;
    }
    who->n_attributes++;
    tell_attribute(p, who, a->key, a->value);
}

static void update_attributes(struct myna_lk_people *p, struct myna_arena *mem,
                              struct myna_lk_person *who, const Myna__Lk__ParticipantInfo *info)
{
    size_t bytes = 0;

    for (size_t i = who->n_attributes; i-- > 0;) {
        struct myna_lk_attribute gone = who->attributes[i];
        bool there = false;

        for (size_t k = 0; k < info->n_attributes && !there; k++)
            there = !strcmp(info->attributes[k]->key, gone.key);
        if (there)
            continue;
        who->n_attributes--;
        memmove(&who->attributes[i], &who->attributes[i + 1],
                (who->n_attributes - i) * sizeof gone);
        tell_attribute(p, who, gone.key, "");
        free(gone.key);
        free(gone.value);
    }
    for (size_t i = 0; i < info->n_attributes; i++) {
        const char *key = myna_lk_text(mem, info->attributes[i]->key, MYNA_LK_MAX_TEXTS);
        const char *value = myna_lk_text(mem, info->attributes[i]->value, MYNA_LK_MAX_TEXTS);

        if (!key || !value)
            return;
        bytes += strlen(key) + strlen(value);
        if (bytes > MYNA_LK_MAX_TEXTS)
            return;
        put_attribute(p, who, key, value);
    }
}

/* ---- everybody */

static void remove_at(struct myna_lk_people *p, size_t i, int reason)
{
    struct myna_lk_person *who = p->list[i];

    p->n--;
    memmove(&p->list[i], &p->list[i + 1], (p->n - i) * sizeof *p->list);
    while (who->n_tracks)
        drop_track(p, who, who->n_tracks - 1);
    if (p->events.left)
        p->events.left(p->arg, who, reason);
    person_free(who);
}

static void remove_person(struct myna_lk_people *p, const struct myna_lk_person *who, int reason)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i] == who) {
            remove_at(p, i, reason);
            return;
        }
}

static void take_client(struct myna_lk_person *who, const Myna__Lk__ParticipantInfo *info)
{
    enum { CAP_COMPRESSION_DEFLATE_RAW = 2 };

    who->protocol = info->client_protocol;
    who->inflates = false;
    for (size_t i = 0; i < info->n_capabilities; i++)
        who->inflates |= info->capabilities[i] == CAP_COMPRESSION_DEFLATE_RAW;
}

static struct myna_lk_person *add(struct myna_lk_people *p, struct myna_arena *mem,
                                  const Myna__Lk__ParticipantInfo *info)
{
    struct myna_lk_person *who;

    if (p->n == MYNA_LK_MAX_PEOPLE)
        return NULL;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 8;
        struct myna_lk_person **list = realloc(p->list, cap * sizeof *list);

        if (!list)
            return NULL;
        p->list = list;
        p->cap = cap;
    }
    who = calloc(1, sizeof *who);
    if (!who)
        return NULL;
    if (!change(&who->identity, myna_lk_text(mem, info->identity, MYNA_LK_MAX_NAME)) ||
        !change(&who->name, myna_lk_text(mem, info->name, MYNA_LK_MAX_NAME)) ||
        !change(&who->metadata, myna_lk_text(mem, info->metadata, MYNA_LK_MAX_TEXTS))) {
        person_free(who);
        return NULL;
    }
    who->number = ++p->numbers;
    who->kind = info->kind;
    take_client(who, info);
    set_sid(who->sid, info->sid);
    p->list[p->n++] = who;
    if (p->events.joined)
        p->events.joined(p->arg, who);
    return who;
}

/* Who this entry speaks of; NULL: nobody that we have. */
static struct myna_lk_person *find(struct myna_lk_people *p, struct myna_arena *mem,
                                   const Myna__Lk__ParticipantInfo *info)
{
    struct myna_lk_person *who = by_sid(p, info->sid);
    const char *identity;

    if (who)
        return who;
    identity = myna_lk_text(mem, info->identity, MYNA_LK_MAX_NAME);
    who = identity ? by_identity(p, identity) : NULL;
    if (!who || info->state == 3)
        return NULL;
    if (p->snapshot) { /* a new session of the server: the same person under a new sid */
        set_sid(who->sid, info->sid);
        who->version = 0;
        return who;
    }
    remove_person(p, who, 2); /* came again before the server told that it had gone */
    return NULL;
}

void myna_lk_people_update(struct myna_lk_people *p, struct myna_arena *mem,
                           const Myna__Lk__ParticipantInfo *info)
{
    struct myna_lk_person *who;
    bool renamed;

    if (!*info->sid || strlen(info->sid) >= MYNA_LK_SID)
        return;
    who = find(p, mem, info);
    if (who && info->version < who->version)
        return;
    if (info->state == 3) {
        if (who)
            remove_person(p, who, info->disconnect_reason);
        return;
    }
    if (!who && *info->identity) /* who has none could be neither known again nor written to */
        who = add(p, mem, info);
    if (!who)
        return;
    who->seen = true;
    who->version = info->version;
    who->kind = info->kind;
    take_client(who, info);
    renamed = change(&who->name, myna_lk_text(mem, info->name, MYNA_LK_MAX_NAME));
    renamed |= change(&who->metadata, myna_lk_text(mem, info->metadata, MYNA_LK_MAX_TEXTS));
    if (renamed && p->events.renamed)
        p->events.renamed(p->arg, who);
    update_attributes(p, mem, who, info);
    update_tracks(p, who, info);
}

void myna_lk_people_begin(struct myna_lk_people *p)
{
    p->snapshot = true;
    for (size_t i = 0; i < p->n; i++)
        p->list[i]->seen = false;
}

void myna_lk_people_end(struct myna_lk_people *p, int reason)
{
    p->snapshot = false;
    for (size_t i = p->n; i-- > 0;)
        if (!p->list[i]->seen)
            remove_at(p, i, reason);
}

struct myna_lk_people *myna_lk_people_create(const struct myna_lk_people_events *events, void *arg)
{
    struct myna_lk_people *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->events = *events;
    p->arg = arg;
    return p;
}

void myna_lk_people_destroy(struct myna_lk_people *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        person_free(p->list[i]);
    free(p->list);
    free(p);
}

/* talks.c - who speaks with the agent, and whose conversation that is.
 *
 * A call has one conversation: one history, one id for providers that keep state. With
 * `session.own_history` each person has one of their own (voice-gateway 16.3): what they say, what
 * they are answered and the tools called for it are shown to the agent in their conversation alone,
 * whoever else hears it. What is said to all (a greeting, an announcement) belongs to everybody's,
 * which each of them sees.
 *
 * A person is known by identity, or, where the door tells none, by its number for them. The numbers
 * are never used twice: of many people those who said something long ago are forgotten, and begin
 * anew when they come back. A person for whom there is no memory has a number all the same, so that
 * nobody ever reads another one's words.
 *
 * A conversation that begins anew (`/new`) is known to providers by another id. All of it is cut
 * short by then, but its words come into the history only when that is done: the new one begins
 * behind them.
 */
#include "session/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERSONS_MAX 256

void myna_s_talks_init(struct myna_session *s)
{
    snprintf(s->talks.all.agent_id, sizeof s->talks.all.agent_id, "%s", s->id);
}

void myna_s_talks_fini(struct myna_session *s)
{
    for (size_t i = 0; i < s->talks.n; i++)
        free(s->talks.own[i].identity);
    free(s->talks.own);
    s->talks = (struct s_talks){0};
}

/* ---- people */

static struct s_talk *find(const struct myna_session *s, uint32_t person)
{
    for (size_t i = 0; i < s->talks.n; i++)
        if (s->talks.own[i].person == person)
            return &s->talks.own[i];
    return NULL;
}

/* Room for one more; of too many, that of who has been silent longest. */
static struct s_talk *room(struct s_talks *t)
{
    struct s_talk *oldest = t->own, *grown;

    if (t->n == PERSONS_MAX) {
        for (size_t i = 1; i < t->n; i++)
            if (t->own[i].used < oldest->used)
                oldest = &t->own[i];
        free(oldest->identity);
        return oldest;
    }
    if (t->n == t->cap) {
        grown = realloc(t->own, (t->cap ? 2 * t->cap : 4) * sizeof *grown);
        if (!grown)
            return NULL;
        t->own = grown;
        t->cap = t->cap ? 2 * t->cap : 4;
    }
    return &t->own[t->n++];
}

static struct s_talk *known(const struct myna_session *s, const char *identity)
{
    for (size_t i = 0; i < s->talks.n; i++)
        if (!strcmp(s->talks.own[i].identity, identity))
            return &s->talks.own[i];
    return NULL;
}

uint32_t myna_s_person(struct myna_session *s, const char *identity)
{
    struct s_talks *t = &s->talks;
    struct s_talk *talk = identity && *identity ? known(s, identity) : NULL;
    char *own;

    if (!identity || !*identity)
        return 0;
    if (talk) {
        talk->used = ++t->uses;
        return talk->person;
    }
    t->persons++;
    own = strdup(identity);
    talk = own ? room(t) : NULL;
    if (!talk) {
        free(own);
        return t->persons;
    }
    *talk = (struct s_talk){
        .person = t->persons, .identity = own, .from = t->all.from, .used = ++t->uses};
    snprintf(talk->agent_id, sizeof talk->agent_id, "%.32s-p%u", s->id, talk->person);
    return talk->person;
}

/* Where the door tells no identity, one that nobody has. */
static const char *identity_of(const struct ear *e, char own[16])
{
    if (e->identity[0])
        return e->identity;
    snprintf(own, 16, "\001%u", e->who);
    return own;
}

uint32_t myna_s_person_of(struct myna_session *s, const struct ear *e)
{
    char own[16];

    return e ? myna_s_person(s, identity_of(e, own)) : 0;
}

uint32_t myna_s_person_heard(const struct myna_session *s, const struct ear *e)
{
    char own[16];
    const struct s_talk *talk = known(s, identity_of(e, own));

    return talk ? talk->person : 0;
}

const char *myna_s_person_identity(const struct myna_session *s, uint32_t person)
{
    const struct s_talk *talk = find(s, person);

    return talk && talk->identity[0] != '\001' ? talk->identity : NULL;
}

/* ---- their conversations */

uint32_t myna_s_talk_of(const struct myna_session *s, uint32_t person)
{
    return s->conf.own_history ? person : 0;
}

static const struct s_talk *talk_at(const struct myna_session *s, uint32_t talk)
{
    return talk ? find(s, talk) : &s->talks.all;
}

bool myna_s_talk_shows(const struct myna_session *s, uint32_t talk, size_t item)
{
    const struct s_talk *t = talk_at(s, talk);
    uint32_t of = s->items[item]->conversation;

    return (of == 0 || of == talk) && (!t || item >= t->from);
}

const char *myna_s_talk_id(const struct myna_session *s, uint32_t talk, char own[72])
{
    const struct s_talk *t = talk_at(s, talk);

    if (t)
        return t->agent_id;
    snprintf(own, 72, "%.32s-p%u", s->id, talk);
    return own;
}

/* ---- anew */

static bool is_meant(const struct s_talk *t, bool all, uint32_t talk)
{
    return all || t->person == talk;
}

void myna_s_forget(struct myna_session *s, const char *identity)
{
    uint32_t talk;
    bool all;

    myna_s_command(s, S_CMD_FORGET, 0, 0, identity, NULL);
    talk = myna_s_talk_of(s, myna_s_person(s, identity));
    all = talk == 0;
    if (!all)
        myna_s_interrupt_of(s, talk);
    myna_s_turns_forget(s, all, talk);
    for (size_t i = 0; i < s->talks.n; i++)
        s->talks.own[i].ending |= is_meant(&s->talks.own[i], all, talk);
    s->talks.all.ending |= all;
    s->talks.ending = true;
    if (!s->advancing) /* from inside a tool of a speech that waits until we return */
        myna_s_speeches_advance(s);
    s->dirty = true;
    myna_s_leave(s);
}

void myna_s_talks_moved(struct myna_session *s, size_t at)
{
    if (s->talks.all.from > at)
        s->talks.all.from++;
    for (size_t i = 0; i < s->talks.n; i++)
        if (s->talks.own[i].from > at)
            s->talks.own[i].from++;
}

void myna_s_talks_taken(struct myna_session *s, size_t at)
{
    if (s->talks.all.from > at)
        s->talks.all.from--;
    for (size_t i = 0; i < s->talks.n; i++)
        if (s->talks.own[i].from > at)
            s->talks.own[i].from--;
}

static bool being_cut(const struct myna_session *s, uint32_t talk)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->interrupted && !sp->done && sp->talk == talk)
            return true;
    return false;
}

/* true: it still waits for what is being cut. */
static bool begins(struct myna_session *s, struct s_talk *t)
{
    if (!t->ending)
        return false;
    if (being_cut(s, t->person))
        return true;
    t->ending = false;
    t->from = s->n_items;
    if (t->person)
        snprintf(t->agent_id, sizeof t->agent_id, "%.32s-p%u-%zu", s->id, t->person, t->from);
    else
        snprintf(t->agent_id, sizeof t->agent_id, "%.32s-%zu", s->id, t->from);
    return false;
}

void myna_s_forget_advance(struct myna_session *s)
{
    bool waits = begins(s, &s->talks.all);

    for (size_t i = 0; i < s->talks.n; i++)
        waits |= begins(s, &s->talks.own[i]);
    s->talks.ending = waits;
}

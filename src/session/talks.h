/* talks.h - a part of internal.h, which includes it: the people who speak with the agent, and whose
 * history and conversation their words belong to. talks.c tells the rules.
 */
#ifndef MYNA_SESSION_TALKS_H
#define MYNA_SESSION_TALKS_H

struct myna_session;
struct ear;

/* A conversation with the agent: what of the history it is shown, and the id that providers know
 * it by. */
struct s_talk {
    uint32_t person;   /* whose; 0: everybody's */
    char *identity;    /* of that person; NULL: everybody's */
    size_t from;       /* items before it the agent is not shown any more */
    bool ending;       /* …nor those of the speeches that are being cut */
    char agent_id[72]; /* for providers that keep state */
    uint64_t used;
};

struct s_talks {
    struct s_talk all;  /* everybody's: what the agent says to all belongs to it */
    struct s_talk *own; /* one for each person who has said something */
    size_t n, cap;
    uint32_t persons;
    uint64_t uses;
    bool ending; /* some are */
};

void myna_s_talks_init(struct myna_session *s); /* s->id is made */
void myna_s_talks_fini(struct myna_session *s);

/* Numbers of people, from 1: who comes back with the same identity has the same. NULL: 0, nobody.
 */
uint32_t myna_s_person(struct myna_session *s, const char *identity);
uint32_t myna_s_person_of(struct myna_session *s, const struct ear *e);
/* Has nobody of that ear said anything yet? Then 0. Media tick. */
uint32_t myna_s_person_heard(const struct myna_session *s, const struct ear *e);
/* NULL: nobody's, forgotten, or the door does not tell any. */
const char *myna_s_person_identity(const struct myna_session *s, uint32_t person);

/* The conversation of what this person says and is told: their own number, or 0. */
uint32_t myna_s_talk_of(const struct myna_session *s, uint32_t person);
bool myna_s_talk_shows(const struct myna_session *s, uint32_t talk, size_t item);
/* For providers; in `own` where it is nowhere else. */
const char *myna_s_talk_id(const struct myna_session *s, uint32_t talk, char own[72]);

/* It begins anew. `identity` NULL: all do. An input. */
void myna_s_forget(struct myna_session *s, const char *identity);
void myna_s_talks_moved(struct myna_session *s, size_t at); /* an item came in there */
void myna_s_talks_taken(struct myna_session *s, size_t at); /* it was taken from there */
void myna_s_forget_advance(struct myna_session *s);         /* while s->talks.ending */

#endif

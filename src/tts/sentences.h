/* sentences.h - cuts a stream of text into sentences, words, syllables, clauses
 * (agent-session 8.7).
 *
 * Streams: the cut does not depend on how the text arrived in pieces. Pure, bounded: text without
 * any end is cut at 2,000 characters.
 */
#ifndef MYNA_TTS_SENTENCES_H
#define MYNA_TTS_SENTENCES_H

#include <stddef.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_sentences;

struct myna_sentences_options {
    size_t min_chars;     /* a sentence not longer than this is joined with the next; 0: 20 */
    size_t context_chars; /* text seen before anything is cut; 0: 10 */
    /* First piece early: also cut the first sentence at a clause mark (, ; : — and so on) once it
     * is `first_clause_chars` long; 0: never. For voices that speak clause by clause. */
    size_t first_clause_chars;
    /* One sentence, trimmed; borrowed. */
    void (*out)(void *arg, struct myna_view sentence);
    void *arg;
};

struct myna_sentences *myna_sentences_create(const struct myna_sentences_options *opt);
void myna_sentences_destroy(struct myna_sentences *se); /* NULL is fine */
enum myna_err myna_sentences_push(struct myna_sentences *se, struct myna_view text);
void myna_sentences_flush(struct myna_sentences *se); /* gives the rest out; ready for new text */
/* Drops what is held; returns how many bytes of it were no white space. */
size_t myna_sentences_reset(struct myna_sentences *se);

/* Words: whitespace split. Calls `word` with the span and the word without outer punctuation; what
 * is nothing but punctuation is no word. */
void myna_words_each(struct myna_view text,
                     void (*word)(void *arg, size_t start, size_t end, struct myna_view bare),
                     void *arg);
/* Syllables (Liang patterns by libhyphen's English dictionary where installed, else by vowel
 * groups): at least 1 for a word with a letter or digit, 0 for "". */
int myna_syllables(struct myna_view word);
/* "com-mu-ni-ca-tion" into `into`; the word itself where no pattern applies. */
void myna_hyphenate(struct myna_view word, char *into, size_t size);

#endif

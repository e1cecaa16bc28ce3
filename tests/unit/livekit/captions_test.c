/* captions_test.c - what is said, in both forms, as LiveKit's clients read it. Each packet becomes
 * a line; ids made by chance are shown as their prefix alone. */
#include "check.h"

#include "livekit/captions.h"
#include "util/host.h"

static struct {
    struct myna_host host;
    struct myna_lk_packets *packets;
    struct myna_lk_captions *c;
    char log[4000], last_stream[64], segment[64];
    uint64_t chunks; /* of it */
} w;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
    size_t n = strlen(w.log);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(w.log + n, sizeof w.log - n, fmt, ap);
    va_end(ap);
}

static void note_header(const Myna__Lk__DataPacket *m)
{
    const Myna__Lk__StreamHeader *h = m->stream_header;

    CHECK_STR(h->topic, "lk.transcription");
    CHECK_EQ(h->content_header_case, MYNA__LK__STREAM_HEADER__CONTENT_HEADER_TEXT_HEADER);
    snprintf(w.last_stream, sizeof w.last_stream, "%s", h->stream_id);
    w.chunks = 0;
    note("[%s", m->participant_identity);
    for (size_t i = 0; i < h->n_attributes; i++) {
        if (!strcmp(h->attributes[i]->key, "lk.segment_id"))
            snprintf(w.segment, sizeof w.segment, "%s", h->attributes[i]->value);
        else
            note(" %s=%s", h->attributes[i]->key + 3, h->attributes[i]->value);
    }
    note(": ");
}

static enum myna_err on_send(void *arg, struct myna_view v, bool reliable)
{
    struct myna_arena *mem = myna_arena_create(0, 0);
    const Myna__Lk__DataPacket *m = myna_lk_unpack(mem, &myna__lk__data_packet__descriptor, v);

    (void)arg;
    CHECK(m && reliable && m->n_destination_identities == 0);
    switch ((int)m->value_case) {
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER:
        note_header(m);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK:
        CHECK_STR(m->stream_chunk->stream_id, w.last_stream);
        CHECK_EQ(m->stream_chunk->chunk_index, w.chunks);
        w.chunks++;
        note("%.*s|", (int)m->stream_chunk->content.len,
             (const char *)m->stream_chunk->content.data);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER:
        CHECK_STR(m->stream_trailer->stream_id, w.last_stream);
        CHECK_STR(m->stream_trailer->reason, "");
        note("%s] ", m->stream_trailer->attributes[1]->value);
        break;
    case MYNA__LK__DATA_PACKET__VALUE_TRANSCRIPTION:
        CHECK_EQ(m->transcription->n_segments, 1);
        CHECK_STR(m->transcription->segments[0]->id, w.segment);
        note("(%s %s %s%s) ", m->transcription->transcribed_participant_identity,
             m->transcription->track_id, m->transcription->segments[0]->text,
             m->transcription->segments[0]->final ? "." : "");
        break;
    default:
        check_fail(__FILE__, __LINE__, "another packet");
    }
    myna_arena_destroy(mem);
    return MYNA_OK;
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    (void)arg;
    (void)m;
}

static char of_person[MYNA_LK_SEGMENT]; /* the segment of their captions */

static void open_world_of(bool json)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet};
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};

    of_person[0] = '\0';
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    myna_rand_seed(&w.host.rand, 7);
    w.packets = myna_lk_packets_create(&pe, NULL);
    w.c = myna_lk_captions_create(&w.host, w.packets, json);
    CHECK(w.packets && w.c);
}

static void open_world(void)
{
    open_world_of(false);
}

static void close_world(void)
{
    myna_lk_captions_destroy(w.c);
    myna_lk_packets_destroy(w.packets);
    myna_loop_destroy(w.host.loop);
}

static void agent(const char *segment, const char *text, bool is_final)
{
    struct myna_lk_caption what = {segment, text, is_final, "myna", "TR_m"};

    CHECK_EQ(myna_lk_caption_agent(w.c, &what), MYNA_OK);
}

static void person(const char *text, bool is_final, const char *track)
{
    struct myna_lk_caption what = {NULL, text, is_final, "ann", track};

    CHECK_EQ(myna_lk_caption_person(w.c, &what, of_person), MYNA_OK);
}

TEST(the_agents_words_are_one_stream_a_segment_and_growing_packets)
{
    open_world();
    agent("SG_1", "Hello", false);
    agent("SG_1", " there", false);
    agent("SG_1", "Hello there", true);
    CHECK_STR(w.log, "[myna transcription_final=false transcribed_track_id=TR_m: Hello|(myna TR_m "
                     "Hello)  there|(myna TR_m Hello there) (myna TR_m Hello there.) true] ");
    CHECK_STR(w.segment, "SG_1");
    close_world();
}

TEST(as_json_each_piece_is_a_line_and_the_packets_stay_as_they_are)
{
    open_world_of(true);
    agent("SG_1", "Say \"hi\"", false);
    agent("SG_1", "Say \"hi\"\nnow", true);
    CHECK_STR(w.log, "[myna transcription_final=false transcribed_track_id=TR_m: "
                     "{\"text\":\"Say \\\"hi\\\"\"}\n|(myna TR_m Say \"hi\") "
                     "{\"text\":\"\\nnow\"}\n|(myna TR_m Say \"hi\"\nnow.) true] ");
    w.log[0] = '\0';
    person("yes", true, "");
    CHECK_HAS(w.log, ": {\"text\":\"yes\"}\n|");
    close_world();
}

TEST(what_was_not_written_yet_is_written_at_the_end)
{
    open_world();
    agent("SG_1", "Hello", false);
    agent("SG_1", "Hello there", true);
    CHECK_HAS(w.log, "Hello|(myna TR_m Hello)  there|(myna TR_m Hello there.) true] ");
    w.log[0] = '\0';
    agent("SG_2", "Alone", true); /* no word before its end */
    CHECK_STR(w.log, "[myna transcription_final=false transcribed_track_id=TR_m: Alone|(myna TR_m "
                     "Alone.) true] ");
    close_world();
}

TEST(a_new_segment_closes_one_that_never_ended)
{
    open_world();
    agent("SG_1", "Cut", false);
    w.log[0] = '\0';
    agent("SG_2", "New", false);
    CHECK_STR(
        w.log,
        "true] [myna transcription_final=false transcribed_track_id=TR_m: New|(myna TR_m New) ");
    close_world();
}

/* The room knows nothing of the stream that the one we were had begun. */
TEST(in_a_new_session_an_open_stream_is_begun_again_with_what_was_said)
{
    open_world();
    agent("SG_a", "Hello", false);
    w.log[0] = '\0';
    myna_lk_captions_anew(w.c);
    agent("SG_a", " there", false);
    agent("SG_a", "Hello there", true);
    CHECK_STR(w.log,
              "[myna transcription_final=false transcribed_track_id=TR_m: Hello| there|(myna TR_m "
              "Hello there) (myna TR_m Hello there.) true] ");
    w.log[0] = '\0';
    myna_lk_captions_anew(w.c); /* nothing is open: nothing comes again */
    agent("SG_b", "Well", false);
    CHECK_STR(w.log,
              "[myna transcription_final=false transcribed_track_id=TR_m: Well|(myna TR_m Well) ");
    w.log[0] = '\0';
    myna_lk_captions_anew(w.c);
    agent("SG_c", "Now", false); /* the old one's end is not told to a room that never saw it */
    CHECK_STR(w.log,
              "[myna transcription_final=false transcribed_track_id=TR_m: Now|(myna TR_m Now) ");
    close_world();
}

TEST(a_persons_words_are_a_stream_each_time_under_one_segment)
{
    char first[64];

    open_world();
    person("what", false, "TR_a");
    CHECK_STR(w.log, "[ann transcription_final=false transcribed_track_id=TR_a: what|false] (ann "
                     "TR_a what) ");
    CHECK(!strncmp(w.segment, "SG_", 3));
    snprintf(first, sizeof first, "%s", w.segment);
    w.log[0] = '\0';
    person("what time", true, "TR_a");
    CHECK_STR(w.log,
              "[ann transcription_final=true transcribed_track_id=TR_a: what time|true] (ann "
              "TR_a what time.) ");
    CHECK_STR(w.segment, first);
    person("next", false, "TR_a");
    CHECK(strcmp(w.segment, first) != 0);
    close_world();
}

TEST(without_a_track_there_is_the_stream_alone)
{
    open_world();
    person("typed", true, "");
    CHECK_STR(w.log, "[ann transcription_final=true: typed|true] ");
    close_world();
}

TEST_MAIN

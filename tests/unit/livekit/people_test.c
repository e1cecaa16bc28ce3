/* people_test.c - the model of a room: partial, repeated, stale and hostile updates. */
#include "check.h"

#include "livekit/people.h"

static struct {
    struct myna_lk_people *p;
    struct myna_arena *mem;
    char log[4000];
} w;

static void joined(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "+%s#%u ", p->identity,
             (unsigned)p->number);
}

static void left(void *arg, const struct myna_lk_person *p, int reason)
{
    (void)arg;
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "-%s/%d ", p->identity, reason);
}

static void renamed(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "name=%s ", p->name);
}

static void attribute(void *arg, const struct myna_lk_person *p, const char *key, const char *value)
{
    (void)arg;
    (void)p;
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "%s=%s ", key, value);
}

static void track(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                  enum myna_lk_track_change what)
{
    static const char *const words[] = {"on", "off", "muted", "unmuted"};

    (void)arg;
    (void)p;
    snprintf(w.log + strlen(w.log), sizeof w.log - strlen(w.log), "%s:%s ", t->sid, words[what]);
}

static void open_world(void)
{
    static const struct myna_lk_people_events events = {joined, left, renamed, attribute, track};

    memset(&w, 0, sizeof w);
    w.p = myna_lk_people_create(&events, NULL);
    w.mem = myna_arena_create(0, 16 << 20);
}

static void close_world(void)
{
    myna_lk_people_destroy(w.p);
    myna_arena_destroy(w.mem);
}

struct entry {
    const char *sid, *identity, *name;
    unsigned version;
    int state;
    const char *track; /* NULL: none */
    bool muted;
    const char *key, *value; /* one attribute */
    int reason;
};

static void update(struct entry e)
{
    Myna__Lk__ParticipantInfo info = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__TrackInfo t = MYNA__LK__TRACK_INFO__INIT, *tracks[1] = {&t};
    Myna__Lk__ParticipantInfo__AttributesEntry
        a = MYNA__LK__PARTICIPANT_INFO__ATTRIBUTES_ENTRY__INIT,
        *attributes[1] = {&a};

    info.sid = (char *)e.sid;
    info.identity = (char *)e.identity;
    info.name = (char *)(e.name ? e.name : "");
    info.version = e.version;
    info.state = e.state;
    info.disconnect_reason = e.reason;
    if (e.track) {
        t.sid = (char *)e.track;
        t.muted = e.muted;
        info.tracks = tracks;
        info.n_tracks = 1;
    }
    if (e.key) {
        a.key = (char *)e.key;
        a.value = (char *)e.value;
        info.attributes = attributes;
        info.n_attributes = 1;
    }
    w.log[0] = '\0';
    myna_lk_people_update(w.p, w.mem, &info);
}

TEST(somebody_comes_speaks_is_muted_and_goes)
{
    open_world();
    update((struct entry){"PA_1", "ann", "Ann", 1, 2, NULL, false, "lang", "en", 0});
    CHECK_STR(w.log, "+ann#1 lang=en ");
    update((struct entry){"PA_1", "ann", "Ann", 2, 2, "TR_1", false, "lang", "en", 0});
    CHECK_STR(w.log, "TR_1:on ");
    update((struct entry){"PA_1", "ann", "Ann", 3, 2, "TR_1", true, "lang", "de", 0});
    CHECK_STR(w.log, "lang=de TR_1:muted ");
    update((struct entry){"PA_1", "ann", "Anna", 4, 2, "TR_1", false, NULL, NULL, 0});
    CHECK_STR(w.log, "name=Anna lang= TR_1:unmuted ");
    update((struct entry){"PA_1", "ann", "Anna", 5, 3, NULL, false, NULL, NULL, 1});
    CHECK_STR(w.log, "TR_1:off -ann/1 ");
    CHECK_EQ(myna_lk_people_count(w.p), 0);
    close_world();
}

TEST(an_older_version_changes_nothing_and_an_equal_one_may)
{
    open_world();
    update((struct entry){"PA_1", "ann", "Ann", 5, 2, "TR_1", false, NULL, NULL, 0});
    update((struct entry){"PA_1", "ann", "Ann", 4, 2, NULL, false, NULL, NULL, 0});
    CHECK_STR(w.log, "");
    update((struct entry){"PA_1", "ann", "Ann", 5, 2, "TR_1", true, NULL, NULL, 0});
    CHECK_STR(w.log, "TR_1:muted ");
    close_world();
}

TEST(a_track_that_is_replaced_goes_before_the_new_one_comes)
{
    open_world();
    update((struct entry){"PA_1", "ann", "Ann", 1, 2, "TR_1", false, NULL, NULL, 0});
    update((struct entry){"PA_1", "ann", "Ann", 2, 2, "TR_2", false, NULL, NULL, 0});
    CHECK_STR(w.log, "TR_1:off TR_2:on ");
    close_world();
}

TEST(after_a_full_reconnect_the_same_person_keeps_its_number)
{
    open_world();
    update((struct entry){"PA_1", "ann", "Ann", 9, 2, "TR_1", false, NULL, NULL, 0});
    update((struct entry){"PA_2", "bob", "Bob", 9, 2, NULL, false, NULL, NULL, 0});
    myna_lk_people_begin(w.p);
    update((struct entry){"PA_8", "ann", "Ann", 1, 2, "TR_8", false, NULL, NULL, 0});
    CHECK_STR(w.log, "TR_1:off TR_8:on ");
    w.log[0] = '\0';
    myna_lk_people_end(w.p, 9);
    CHECK_STR(w.log, "-bob/9 ");
    CHECK_EQ(myna_lk_people_by_identity(w.p, "ann")->number, 1);
    CHECK(myna_lk_people_by_sid(w.p, "PA_8") != NULL);
    close_world();
}

TEST(somebody_who_comes_again_at_once_left_before)
{
    open_world();
    update((struct entry){"PA_1", "ann", "Ann", 1, 2, NULL, false, NULL, NULL, 0});
    update((struct entry){"PA_2", "ann", "Ann", 1, 2, NULL, false, NULL, NULL, 0});
    CHECK_STR(w.log, "-ann/2 +ann#2 ");
    /* the late word about the first one takes nobody away */
    update((struct entry){"PA_1", "ann", "Ann", 2, 3, NULL, false, NULL, NULL, 2});
    CHECK_STR(w.log, "");
    CHECK_EQ(myna_lk_people_count(w.p), 1);
    close_world();
}

TEST(a_room_of_strangers_has_an_end)
{
    char sid[32], long_name[400];

    open_world();
    for (int i = 0; i < MYNA_LK_MAX_PEOPLE + 10; i++) {
        snprintf(sid, sizeof sid, "PA_%d", i);
        update((struct entry){sid, sid, "", 1, 2, NULL, false, NULL, NULL, 0});
    }
    CHECK_EQ(myna_lk_people_count(w.p), MYNA_LK_MAX_PEOPLE);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    update((struct entry){"PA_0", "PA_0", long_name, 2, 2, NULL, false, NULL, NULL, 0});
    CHECK_EQ(strlen(myna_lk_people_by_sid(w.p, "PA_0")->name), MYNA_LK_MAX_NAME);
    update((struct entry){"", "nobody", "", 2, 2, NULL, false, NULL, NULL, 0});
    CHECK(!myna_lk_people_by_identity(w.p, "nobody"));
    close_world();
}

TEST(somebody_without_an_identity_is_nobody)
{
    open_world();
    update((struct entry){"PA_none", "", "No One", 1, 2, NULL, false, NULL, NULL, 0});
    CHECK_EQ(myna_lk_people_count(w.p), 0);
    update((struct entry){"PA_ann", "ann", "Ann", 1, 2, NULL, false, NULL, NULL, 0});
    CHECK_EQ(myna_lk_people_count(w.p), 1);
    close_world();
}

TEST(a_megabyte_of_attributes_is_taken_as_far_as_there_is_room)
{
    enum { N = 600, LEN = 2000 };
    static Myna__Lk__ParticipantInfo__AttributesEntry entries[N], *list[N];
    static char keys[N][16], value[LEN + 1], long_value[(1 << 20) + 1];
    Myna__Lk__ParticipantInfo info = MYNA__LK__PARTICIPANT_INFO__INIT;
    const struct myna_lk_person *ann;
    size_t bytes = 0;

    open_world();
    memset(value, 'x', LEN);
    memset(long_value, 'y', sizeof long_value - 1);
    for (int i = 0; i < N; i++) {
        myna__lk__participant_info__attributes_entry__init(&entries[i]);
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        entries[i].key = keys[i];
        entries[i].value = value;
        list[i] = &entries[i];
    }
    info.sid = (char *)"PA_ann";
    info.identity = (char *)"ann";
    info.state = 2;
    info.version = 1;
    info.metadata = long_value;
    info.attributes = list;
    info.n_attributes = N;
    myna_lk_people_update(w.p, w.mem, &info);
    ann = myna_lk_people_by_identity(w.p, "ann");
    CHECK(ann);
    CHECK(strlen(ann->metadata) <= MYNA_LK_MAX_TEXTS);
    CHECK(ann->n_attributes > 0 && ann->n_attributes <= MYNA_LK_MAX_ATTRIBUTES);
    for (size_t i = 0; i < ann->n_attributes; i++)
        bytes += strlen(ann->attributes[i].key) + strlen(ann->attributes[i].value);
    CHECK(bytes <= MYNA_LK_MAX_TEXTS);
    CHECK_STR(myna_lk_attribute_of(ann, "k0"), value);
    close_world();
}

TEST_MAIN

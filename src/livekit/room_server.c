/* room_server.c - what the server says, and what of it concerns whom. */
#include "livekit/room_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LIMIT (15 * MYNA_S)

static void set_text(struct myna_lk_room *r, char **field, const char *text)
{
    const char *clean = myna_lk_text(r->mem, text, MYNA_LK_MAX_NAME);
    char *copy = clean ? strdup(clean) : NULL;

    if (copy) {
        free(*field);
        *field = copy;
    }
}

static void on_self(struct myna_lk_room *r, const Myna__Lk__ParticipantInfo *me)
{
    snprintf(r->sid, sizeof r->sid, "%s", me->sid);
    set_text(r, &r->identity, me->identity);
    if (!me->permission || me->state == 0)
        return;
    if (r->track_name && !me->permission->can_publish)
        myna_host_log(r->host, MYNA_LOG_WARN,
                      "our token does not allow publishing: nobody will hear us (canPublish)");
    if (!me->permission->can_subscribe)
        myna_host_log(r->host, MYNA_LOG_WARN,
                      "our token does not allow subscribing: we hear nobody (canSubscribe)");
}

static void on_people(struct myna_lk_room *r, Myna__Lk__ParticipantInfo *const *list, size_t n)
{
    for (size_t i = 0; i < n && !myna_lk_r_quiet(r); i++) {
        if (!strcmp(list[i]->sid, r->sid))
            continue; /* our own entry */
        myna_lk_people_update(r->people, r->mem, list[i]);
    }
}

/* Settings that the server has for clients like us. */
static void on_configuration(struct myna_lk_room *r, const Myna__Lk__ClientConfiguration *c)
{
    enum { DISABLED = 1, ENABLED = 2 };

    r->relay_only = c && c->force_relay == ENABLED;
    r->never_resume = c && c->resume_connection == DISABLED;
}

static void on_join(struct myna_lk_room *r, const Myna__Lk__JoinResponse *join)
{
    struct myna_why why = {0};
    const char *no_relay;
    bool again = r->in;

    if (*join->alternative_url && !(r->server && !strcmp(r->server, join->alternative_url))) {
        myna_lk_signal_cut(r->signal);
        myna_lk_r_sent_elsewhere(r, join->alternative_url);
        myna_lk_r_try(r, WAY_FULL, "the server sends us to another one", !r->attempt);
        return;
    }
    if (!join->participant || !join->room) {
        myna_lk_r_try(r, WAY_FULL, "the server let us in without saying where", false);
        return;
    }
    r->session++;
    on_self(r, join->participant);
    set_text(r, &r->name, join->room->name);
    r->n_heard = r->n_seen = 0;
    r->resuming = false;
    r->track_sid[0] = '\0';
    myna_lk_packets_renew(r->packets);
    on_configuration(r, join->client_configuration);
    if (r->e2ee)
        myna_lk_e2ee_server_mark(r->e2ee,
                                 (struct myna_view){join->sif_trailer.data, join->sif_trailer.len});
    no_relay = myna_lk_r_no_relay(r, join->ice_servers, join->n_ice_servers);
    if (no_relay || (!r->ahead && myna_lk_r_media_open(r, &why))) {
        struct myna_lk_end end = {.kind = MYNA_LK_END_REFUSED,
                                  .message = no_relay ? no_relay : why.text};

        myna_lk_r_close(r, &end);
        return;
    }
    r->ahead = false;
    myna_lk_r_media_route(r, join->ice_servers, join->n_ice_servers);
    myna_host_log(r->host, MYNA_LOG_INFO, "in the room server=%s people=%zu",
                  join->server_info ? join->server_info->version : "?", join->n_other_participants);
    if (again) {
        r->anew_at = myna_host_now(r->host);
        myna_lk_r_attributes_again(r);
    }
    myna_lk_r_is_in(r);
    if (myna_lk_r_quiet(r))
        return;
    myna_lk_r_publish(r);
    myna_lk_people_begin(r->people);
    on_people(r, join->other_participants, join->n_other_participants);
    if (!r->dead)
        myna_lk_people_end(r->people, MYNA_LK_UNKNOWN_REASON);
    if (again && !myna_lk_r_quiet(r))
        myna_lk_room_review(r); /* a track that stayed is news to the new session all the same */
}

static void on_reconnect(struct myna_lk_room *r, const Myna__Lk__ReconnectResponse *m)
{
    r->resuming = true;
    myna_lk_people_begin(r->people); /* the full list follows */
    myna_lk_r_sync(r);
    if (!r->media) {
        myna_lk_r_try(r, WAY_FULL, "there is nothing to resume", true);
        return;
    }
    myna_lk_media_servers(r->media, m->ice_servers, m->n_ice_servers);
    myna_lk_packets_resume(r->packets, m->last_message_seq);
    if (r->restart_ice || myna_lk_media_state(r->media) != MYNA_RTC_CONNECTED) {
        (void)!myna_timer_set(&r->path, myna_host_now(r->host) + PATH_LIMIT);
        myna_lk_media_negotiate(r->media, true);
        return; /* resumed when the path stands */
    }
    myna_lk_media_negotiate(r->media, false); /* what changed while we were away */
    myna_lk_r_resumed(r);
}

static void on_published(struct myna_lk_room *r, const Myna__Lk__TrackPublishedResponse *m)
{
    size_t len;

    if (!m->track || strcmp(m->cid, r->cid) != 0)
        return;
    snprintf(r->track_sid, sizeof r->track_sid, "%s", m->track->sid);
    len = protobuf_c_message_get_packed_size(&m->track->base);
    free(r->track_info);
    r->track_info = malloc(len ? len : 1);
    r->track_info_len = r->track_info ? protobuf_c_message_pack(&m->track->base, r->track_info) : 0;
}

static void on_requirement(struct myna_lk_room *r, const Myna__Lk__MediaSectionsRequirement *m)
{
    if (!r->media)
        return;
    myna_lk_media_slots(r->media,
                        m->num_audios < MYNA_LK_MAX_SLOTS ? m->num_audios : MYNA_LK_MAX_SLOTS);
    myna_lk_media_views(r->media,
                        m->num_videos < MYNA_LK_MAX_VIEWS ? m->num_videos : MYNA_LK_MAX_VIEWS);
    myna_lk_media_negotiate(r->media, false); /* also for {0,0}: "offer again" */
}

static void on_refusal(struct myna_lk_room *r, const Myna__Lk__RequestResponse *m)
{
    static const char *const words[] = {"ok",     "not found",   "not allowed", "limit exceeded",
                                        "queued", "unsupported", "error"};

    if (m->reason == 0 || m->reason == 4) /* OK, QUEUED */
        return;
    myna_host_log(r->host, MYNA_LOG_WARN, "the LiveKit server refuses a request: %s%s",
                  m->reason > 0 && m->reason < 7 ? words[m->reason] : "error",
                  m->reason == 2 ? " (is a grant missing in our token?)" : "");
}

static void on_speakers(struct myna_lk_room *r, const Myna__Lk__SpeakersChanged *m)
{
    for (size_t i = 0; i < m->n_speakers && !myna_lk_r_quiet(r); i++) {
        const struct myna_lk_person *p = myna_lk_people_by_sid(r->people, m->speakers[i]->sid);

        if (p && r->events.speakers)
            r->events.speakers(r->arg, p, m->speakers[i]->level, m->speakers[i]->active);
    }
}

static void on_moved(struct myna_lk_room *r, const Myna__Lk__RoomMovedResponse *m)
{
    if (m->participant)
        on_self(r, m->participant);
    if (m->room)
        set_text(r, &r->name, m->room->name);
    myna_lk_people_begin(r->people);
    on_people(r, m->other_participants, m->n_other_participants);
    if (!r->dead)
        myna_lk_people_end(r->people, MYNA_LK_UNKNOWN_REASON);
}

static void on_quality(struct myna_lk_room *r, const Myna__Lk__ConnectionQualityUpdate *m)
{
    for (size_t i = 0; i < m->n_updates; i++)
        if (!strcmp(m->updates[i]->participant_sid, r->sid) &&
            (m->updates[i]->quality == 0 || m->updates[i]->quality == 3)) /* POOR, LOST */
            myna_host_log(r->host, MYNA_LOG_INFO, "the server sees our connection as %s",
                          m->updates[i]->quality ? "lost" : "poor");
}

void myna_lk_r_message(struct myna_lk_room *r, const Myna__Lk__SignalResponse *m)
{
    switch ((int)m->message_case) {
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN:
        on_join(r, m->join);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_RECONNECT:
        on_reconnect(r, m->reconnect);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ANSWER:
        myna_lk_r_answer(r, m->answer);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRICKLE:
        myna_lk_r_trickle(r, m->trickle);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_UPDATE:
        for (size_t i = 0; i < m->update->n_participants; i++)
            if (!strcmp(m->update->participants[i]->sid, r->sid))
                on_self(r, m->update->participants[i]);
        on_people(r, m->update->participants, m->update->n_participants);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRACK_PUBLISHED:
        on_published(r, m->track_published);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRACK_SUBSCRIBED:
        if (!strcmp(m->track_subscribed->track_sid, r->track_sid) && r->events.listened)
            r->events.listened(r->arg);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRACK_UNPUBLISHED:
        myna_host_log(r->host, MYNA_LOG_WARN, "the server took our track away");
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MUTE:
        if (!strcmp(m->mute->sid, r->track_sid))
            r->muted = m->mute->muted;
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MEDIA_SECTIONS_REQUIREMENT:
        on_requirement(r, m->media_sections_requirement);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_SPEAKERS_CHANGED:
        on_speakers(r, m->speakers_changed);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_CONNECTION_QUALITY:
        on_quality(r, m->connection_quality);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ROOM_UPDATE:
        if (m->room_update->room)
            set_text(r, &r->name, m->room_update->room->name);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_REQUEST_RESPONSE:
        on_refusal(r, m->request_response);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_SUBSCRIPTION_RESPONSE:
        myna_host_log(r->host, MYNA_LOG_WARN, "a track cannot be had err=%d",
                      m->subscription_response->err);
        myna_lk_r_refused(r, m->subscription_response->track_sid);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ROOM_MOVED:
        on_moved(r, m->room_moved);
        break;
    default:
        break;
    }
}

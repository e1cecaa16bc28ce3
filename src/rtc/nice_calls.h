/* nice_calls.h - libnice and GLib as they are called here, loaded when the first connection is
 * made.
 *
 * Linked, libnice brings 23 libraries into every start of the program, also of one that never
 * speaks WebRTC (UPnP, an HTTP stack, SQLite, ICU): measured 16 ms of processor become 28. So they
 * are opened by name, once for the process, and a machine without them can still do everything
 * else.
 *
 * Only ice_nice.c and glib_loop.c include this; in them each name below means the loaded one. The
 * table is filled by the first myna_nice_load() and read only from then on. (g_object_ref is a
 * macro of GLib's own: written out where it is called.)
 */
#ifndef MYNA_RTC_NICE_CALLS_H
#define MYNA_RTC_NICE_CALLS_H

#include <stdbool.h>

#include <nice/agent.h>
#include <nice/interfaces.h>

#include <myna/error.h>

/* clang-format off */
#define MYNA_NICE_CALLS(X) \
    X(g_free) \
    X(g_list_free_full) \
    X(g_main_context_acquire) \
    X(g_main_context_check) \
    X(g_main_context_dispatch) \
    X(g_main_context_new) \
    X(g_main_context_prepare) \
    X(g_main_context_query) \
    X(g_main_context_release) \
    X(g_main_context_unref) \
    X(g_object_ref) \
    X(g_object_set) \
    X(g_object_unref) \
    X(g_signal_connect_data) \
    X(g_signal_handlers_disconnect_matched) \
    X(g_slist_append) \
    X(g_slist_free_full) \
    X(g_socket_get_fd) \
    X(g_socket_is_closed) \
    X(g_strlcpy) \
    X(nice_address_copy_to_sockaddr) \
    X(nice_address_get_port) \
    X(nice_address_init) \
    X(nice_address_set_from_string) \
    X(nice_address_set_port) \
    X(nice_address_to_string) \
    X(nice_agent_add_local_address) \
    X(nice_agent_add_stream) \
    X(nice_agent_attach_recv) \
    X(nice_agent_forget_relays) \
    X(nice_agent_gather_candidates) \
    X(nice_agent_get_local_credentials) \
    X(nice_agent_get_selected_pair) \
    X(nice_agent_get_selected_socket) \
    X(nice_agent_new_full) \
    X(nice_agent_peer_candidate_gathering_done) \
    X(nice_agent_remove_stream) \
    X(nice_agent_restart_stream) \
    X(nice_agent_send) \
    X(nice_agent_set_relay_info) \
    X(nice_agent_set_remote_candidates) \
    X(nice_agent_set_remote_credentials) \
    X(nice_candidate_free) \
    X(nice_candidate_new) \
    X(nice_interfaces_get_local_ips)
/* clang-format on */

struct myna_nice_calls {
#define X(name) __typeof__(name) *name; /* the header's own type: no second copy can go stale */
    MYNA_NICE_CALLS(X)
#undef X
};
extern struct myna_nice_calls myna_nice;

/* EUNAVAIL: not on this machine; the sentence says what to install. */
MYNA_MUST enum myna_err myna_nice_load(struct myna_why *why); /* any thread */
bool myna_nice_is_loaded(void);                               /* or found missing */

#ifndef MYNA_NICE_CALLS_THEMSELVES
#define g_free                               (*myna_nice.g_free)
#define g_list_free_full                     (*myna_nice.g_list_free_full)
#define g_main_context_acquire               (*myna_nice.g_main_context_acquire)
#define g_main_context_check                 (*myna_nice.g_main_context_check)
#define g_main_context_dispatch              (*myna_nice.g_main_context_dispatch)
#define g_main_context_new                   (*myna_nice.g_main_context_new)
#define g_main_context_prepare               (*myna_nice.g_main_context_prepare)
#define g_main_context_query                 (*myna_nice.g_main_context_query)
#define g_main_context_release               (*myna_nice.g_main_context_release)
#define g_main_context_unref                 (*myna_nice.g_main_context_unref)
#define g_object_set                         (*myna_nice.g_object_set)
#define g_object_unref                       (*myna_nice.g_object_unref)
#define g_signal_connect_data                (*myna_nice.g_signal_connect_data)
#define g_signal_handlers_disconnect_matched (*myna_nice.g_signal_handlers_disconnect_matched)
#define g_slist_append                       (*myna_nice.g_slist_append)
#define g_slist_free_full                    (*myna_nice.g_slist_free_full)
#define g_socket_get_fd                      (*myna_nice.g_socket_get_fd)
#define g_socket_is_closed                   (*myna_nice.g_socket_is_closed)
#define g_strlcpy                            (*myna_nice.g_strlcpy)
#define nice_address_copy_to_sockaddr        (*myna_nice.nice_address_copy_to_sockaddr)
#define nice_address_get_port                (*myna_nice.nice_address_get_port)
#define nice_address_init                    (*myna_nice.nice_address_init)
#define nice_address_set_from_string         (*myna_nice.nice_address_set_from_string)
#define nice_address_set_port                (*myna_nice.nice_address_set_port)
#define nice_address_to_string               (*myna_nice.nice_address_to_string)
#define nice_agent_add_local_address         (*myna_nice.nice_agent_add_local_address)
#define nice_agent_add_stream                (*myna_nice.nice_agent_add_stream)
#define nice_agent_attach_recv               (*myna_nice.nice_agent_attach_recv)
#define nice_agent_forget_relays             (*myna_nice.nice_agent_forget_relays)
#define nice_agent_gather_candidates         (*myna_nice.nice_agent_gather_candidates)
#define nice_agent_get_local_credentials     (*myna_nice.nice_agent_get_local_credentials)
#define nice_agent_get_selected_pair         (*myna_nice.nice_agent_get_selected_pair)
#define nice_agent_get_selected_socket       (*myna_nice.nice_agent_get_selected_socket)
#define nice_agent_new_full                  (*myna_nice.nice_agent_new_full)
#define nice_agent_peer_candidate_gathering_done                                                   \
    (*myna_nice.nice_agent_peer_candidate_gathering_done)
#define nice_agent_remove_stream          (*myna_nice.nice_agent_remove_stream)
#define nice_agent_restart_stream         (*myna_nice.nice_agent_restart_stream)
#define nice_agent_send                   (*myna_nice.nice_agent_send)
#define nice_agent_set_relay_info         (*myna_nice.nice_agent_set_relay_info)
#define nice_agent_set_remote_candidates  (*myna_nice.nice_agent_set_remote_candidates)
#define nice_agent_set_remote_credentials (*myna_nice.nice_agent_set_remote_credentials)
#define nice_candidate_free               (*myna_nice.nice_candidate_free)
#define nice_candidate_new                (*myna_nice.nice_candidate_new)
#define nice_interfaces_get_local_ips     (*myna_nice.nice_interfaces_get_local_ips)
#endif

#endif

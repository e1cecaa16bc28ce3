/* http_curl_calls.h - libcurl as it is called here, opened by name when the first request is made
 * or shortly before (myna_http_prepare()).
 *
 * Linked, Debian's libcurl brings 29 libraries into every start of the program (Kerberos, LDAP,
 * NSS, GnuTLS, SSH, RTMP), and each symbol of the rest is looked for among theirs: 8 ms of 18
 * until main(), measured. A worker brings them in while the start goes on.
 *
 * Only http_curl*.c include this; in them each name below means the loaded one. The table is filled
 * by the first myna_curl_load() and read only from then on. curl.h's own checks of the arguments of
 * setopt and getinfo are macros over the linked names: they are off here.
 */
#ifndef MYNA_UTIL_HTTP_CURL_CALLS_H
#define MYNA_UTIL_HTTP_CURL_CALLS_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <myna/error.h>

/* clang-format off */
#define MYNA_CURL_CALLS(X) \
    X(curl_easy_cleanup) \
    X(curl_easy_getinfo) \
    X(curl_easy_init) \
    X(curl_easy_pause) \
    X(curl_easy_recv) \
    X(curl_easy_send) \
    X(curl_easy_setopt) \
    X(curl_easy_strerror) \
    X(curl_global_init) \
    X(curl_multi_add_handle) \
    X(curl_multi_assign) \
    X(curl_multi_cleanup) \
    X(curl_multi_info_read) \
    X(curl_multi_init) \
    X(curl_multi_remove_handle) \
    X(curl_multi_setopt) \
    X(curl_multi_socket_action) \
    X(curl_slist_append) \
    X(curl_slist_free_all)
/* clang-format on */

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

struct myna_curl_calls {
#define X(name) __typeof__(name) *name;
    MYNA_CURL_CALLS(X)
#undef X
};
extern struct myna_curl_calls myna_curl;

/* Also curl_global_init(). EUNAVAIL: not on this machine; the sentence says what to install. Any
 * thread. */
MYNA_MUST enum myna_err myna_curl_load(struct myna_why *why);

#ifndef MYNA_CURL_CALLS_THEMSELVES
#define curl_easy_cleanup        (*myna_curl.curl_easy_cleanup)
#define curl_easy_getinfo        (*myna_curl.curl_easy_getinfo)
#define curl_easy_init           (*myna_curl.curl_easy_init)
#define curl_easy_pause          (*myna_curl.curl_easy_pause)
#define curl_easy_recv           (*myna_curl.curl_easy_recv)
#define curl_easy_send           (*myna_curl.curl_easy_send)
#define curl_easy_setopt         (*myna_curl.curl_easy_setopt)
#define curl_easy_strerror       (*myna_curl.curl_easy_strerror)
#define curl_global_init         (*myna_curl.curl_global_init)
#define curl_multi_add_handle    (*myna_curl.curl_multi_add_handle)
#define curl_multi_assign        (*myna_curl.curl_multi_assign)
#define curl_multi_cleanup       (*myna_curl.curl_multi_cleanup)
#define curl_multi_info_read     (*myna_curl.curl_multi_info_read)
#define curl_multi_init          (*myna_curl.curl_multi_init)
#define curl_multi_remove_handle (*myna_curl.curl_multi_remove_handle)
#define curl_multi_setopt        (*myna_curl.curl_multi_setopt)
#define curl_multi_socket_action (*myna_curl.curl_multi_socket_action)
#define curl_slist_append        (*myna_curl.curl_slist_append)
#define curl_slist_free_all      (*myna_curl.curl_slist_free_all)
#endif

#endif

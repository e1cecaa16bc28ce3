/* runtime_inside.h - a part of internal.h, which includes it: what a session asks of the runtime
 * that it lives in (runtime.c).
 */
#ifndef MYNA_SESSION_RUNTIME_INSIDE_H
#define MYNA_SESSION_RUNTIME_INSIDE_H

struct myna_runtime_stages {
    struct myna_vad *vad;
    struct myna_stt *stt;
    struct myna_llm *llm;
    struct myna_tts *tts;
};
enum myna_err myna_runtime_stages(struct myna_runtime *rt, struct myna_runtime_stages *out,
                                  struct myna_why *why);
/* One stage with its fallback list, as a call has it; the caller's, and gone before the runtime.
 * NULL with MYNA_OK: the provider is "none". After an error it may be there all the same. */
enum myna_err myna_runtime_make_stt(struct myna_runtime *rt, struct myna_stt **out,
                                    struct myna_why *why);
enum myna_err myna_runtime_make_tts(struct myna_runtime *rt, struct myna_tts **out,
                                    struct myna_why *why);
/* Made at the first call. */
enum myna_err myna_runtime_toolbox(struct myna_runtime *rt, struct myna_toolbox **out,
                                   struct myna_why *why);
struct myna_loop *myna_runtime_loop(struct myna_runtime *rt);
/* A sound file, read when first asked for and kept. Blocking. */
enum myna_err myna_runtime_clip(struct myna_runtime *rt, const char *path,
                                const struct myna_clip **out, struct myna_why *why);
/* From now on this path is so many samples of silence (a replay, which has no files). */
enum myna_err myna_runtime_clip_known(struct myna_runtime *rt, const char *path, size_t n,
                                      struct myna_why *why);
/* A call began, is over: it held the loop. */
void myna_runtime_call(struct myna_runtime *rt, bool began);
struct myna_trace *myna_runtime_trace(struct myna_runtime *rt); /* NULL: no collector */
void myna_runtime_attach(struct myna_runtime *rt, struct myna_session *s);
void myna_runtime_detach(struct myna_runtime *rt, struct myna_session *s);
uint64_t myna_runtime_seed(struct myna_runtime *rt); /* another one for each session */
void myna_runtime_expect(struct myna_runtime *rt, const char *transport_name);
enum myna_err myna_runtime_transport(struct myna_runtime *rt, const char *name,
                                     struct myna_transport **out, struct myna_why *why);

#endif

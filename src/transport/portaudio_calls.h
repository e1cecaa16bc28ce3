/* portaudio_calls.h - PortAudio as it is called here, opened by name when a sound card is wanted.
 *
 * Linked, it brings ALSA, JACK, the C++ library and a database into every start of the program:
 * 3 ms of it, also of a worker on a machine without a sound card.
 *
 * Only terminal_portaudio.c includes this; in it each name below means the loaded one. The table is
 * filled by the first myna_portaudio_load() and read only from then on.
 */
#ifndef MYNA_TRANSPORT_PORTAUDIO_CALLS_H
#define MYNA_TRANSPORT_PORTAUDIO_CALLS_H

#include <portaudio.h>

#include <myna/error.h>

/* clang-format off */
#define MYNA_PORTAUDIO_CALLS(X) \
    X(Pa_CloseStream) \
    X(Pa_GetDefaultInputDevice) \
    X(Pa_GetDefaultOutputDevice) \
    X(Pa_GetDeviceCount) \
    X(Pa_GetDeviceInfo) \
    X(Pa_GetErrorText) \
    X(Pa_GetStreamInfo) \
    X(Pa_Initialize) \
    X(Pa_IsStreamActive) \
    X(Pa_OpenStream) \
    X(Pa_StartStream) \
    X(Pa_Terminate)
/* clang-format on */

struct myna_portaudio_calls {
#define X(name) __typeof__(name) *name;
    MYNA_PORTAUDIO_CALLS(X)
#undef X
};
extern struct myna_portaudio_calls myna_portaudio;

/* EUNAVAIL: not on this machine; the sentence says what to install. Any thread. */
MYNA_MUST enum myna_err myna_portaudio_load(struct myna_why *why);
/* A call of one of the libraries that it brought (ALSA); NULL: none has it. */
void *myna_portaudio_below(const char *name);

#ifndef MYNA_PORTAUDIO_CALLS_THEMSELVES
#define Pa_CloseStream            (*myna_portaudio.Pa_CloseStream)
#define Pa_GetDefaultInputDevice  (*myna_portaudio.Pa_GetDefaultInputDevice)
#define Pa_GetDefaultOutputDevice (*myna_portaudio.Pa_GetDefaultOutputDevice)
#define Pa_GetDeviceCount         (*myna_portaudio.Pa_GetDeviceCount)
#define Pa_GetDeviceInfo          (*myna_portaudio.Pa_GetDeviceInfo)
#define Pa_GetErrorText           (*myna_portaudio.Pa_GetErrorText)
#define Pa_GetStreamInfo          (*myna_portaudio.Pa_GetStreamInfo)
#define Pa_Initialize             (*myna_portaudio.Pa_Initialize)
#define Pa_IsStreamActive         (*myna_portaudio.Pa_IsStreamActive)
#define Pa_OpenStream             (*myna_portaudio.Pa_OpenStream)
#define Pa_StartStream            (*myna_portaudio.Pa_StartStream)
#define Pa_Terminate              (*myna_portaudio.Pa_Terminate)
#endif

#endif

/* version.c - which Myna this is; written into recordings and shown by --version. */
#include <myna/runtime.h>

const char *myna_version(void)
{
    return MYNA_VERSION;
}

const char *myna_build(void)
{
#if defined(__clang__)
    return MYNA_VERSION " (clang " __clang_version__ ", " MYNA_BUILDTYPE ")";
#else
    return MYNA_VERSION " (gcc " __VERSION__ ", " MYNA_BUILDTYPE ")";
#endif
}

/* fault.h - the allocator and the file calls fail on request; the guard of the media tick bites.
 *
 * Every test program is linked with malloc and friends and the common file calls wrapped (of our
 * code and of the test; libraries keep their own, except jansson, whose allocator check_main()
 * sets). A case for faults is a function that makes, uses and destroys, and says whether all went
 * well:
 *
 *     static bool open_and_close(void *arg)
 *     {
 *         struct myna_thing *t = myna_thing_create();
 *
 *         if (!t)
 *             return false;
 *         myna_thing_destroy(t);
 *         return true;
 *     }
 *     fault_each_alloc(open_and_close, NULL);
 *
 * Counting goes over all threads. check_main() disarms after each test.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th allocation from now fails (1: the next), once; 0: none. */
void fault_fail_alloc(unsigned long n);
/* The n-th read, write, open, close, fread, fwrite, fopen, fclose, rename, fsync, fflush, mkdir
 * from now fails with this errno, once; 0: none. A close that fails has closed. */
void fault_fail_io(unsigned long n, int error);
bool fault_hit(void); /* the failure asked for last has happened */
void fault_off(void);

unsigned long fault_alloc_count(void); /* allocations ever made */
unsigned long fault_io_count(void);
/* Allocations not given back yet; 0 under the thread sanitizer, whose view a lock would spoil. */
size_t fault_live(void);
bool fault_tracks(void); /* fault_live() means something in this build */

/* Repeats the case with the 1st, 2nd, 3rd… allocation (file call) failing, until it runs untouched.
 * Fails the test when an untouched run does not go well, when a run leaves memory behind, or when
 * it never ends. Returns how many failures were tried: check that it is not 0. */
unsigned long fault_each_alloc(bool (*run)(void *arg), void *arg);
unsigned long fault_each_io(bool (*run)(void *arg), void *arg, int error);

/* " (with allocation 3 failing)" or "": check.c adds it to what a failed CHECK prints. */
const char *fault_describe(void);

#endif

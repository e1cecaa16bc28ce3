/* vec4.h - four floats that travel together: SSE on x86-64, NEON on aarch64, loops elsewhere.
 *
 * The only compiler extension of the kernel: gcc's and clang's vector types, behind one macro.
 */
#ifndef MYNA_TURN_VEC4_H
#define MYNA_TURN_VEC4_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MYNA_VEC4(type) type __attribute__((vector_size(16)))

typedef MYNA_VEC4(float) vec4;
typedef MYNA_VEC4(int32_t) vec4i;

static inline vec4 vec4_load(const float *p)
{
    vec4 v;

    memcpy(&v, p, sizeof v); /* any alignment */
    return v;
}

static inline void vec4_store(float *p, vec4 v)
{
    memcpy(p, &v, sizeof v);
}

static inline vec4 vec4_of(float x)
{
    return (vec4){x, x, x, x};
}

static inline vec4 vec4_sqrt(vec4 v)
{
    return (vec4){sqrtf(v[0]), sqrtf(v[1]), sqrtf(v[2]), sqrtf(v[3])};
}

/* a where the mask is all ones, b where it is zero. */
static inline vec4 vec4_pick(vec4i mask, vec4 a, vec4 b)
{
    return (vec4)((mask & (vec4i)a) | (~mask & (vec4i)b));
}

/* e^x to 2 units in the last place, for -87 … 88 (clamped). n is x/ln 2 rounded, found by adding
 * 1.5 * 2^23, which pushes the fraction out of the mantissa; e^(x - n ln 2) is a polynomial. */
static inline vec4 vec4_exp(vec4 x)
{
    const vec4 magic = vec4_of(12582912.0f);
    vec4 n, r, p;

    x = vec4_pick(x > vec4_of(88.0f), vec4_of(88.0f), x);
    x = vec4_pick(x < vec4_of(-87.0f), vec4_of(-87.0f), x);
    n = x * vec4_of(1.44269504f) + magic;
    r = n - magic;
    x = x - r * vec4_of(0.693359375f) + r * vec4_of(2.12194440e-4f);
    p = vec4_of(1.9875691500e-4f);
    p = p * x + vec4_of(1.3981999507e-3f);
    p = p * x + vec4_of(8.3334519073e-3f);
    p = p * x + vec4_of(4.1665795894e-2f);
    p = p * x + vec4_of(1.6666665459e-1f);
    p = p * x + vec4_of(5.0000001201e-1f);
    p = p * x * x + x + vec4_of(1.0f);
    return (vec4)((vec4i)p + ((vec4i)n << 23)); /* the low bits of n are the power of two */
}

static inline vec4 vec4_sigmoid(vec4 x)
{
    return vec4_of(1.0f) / (vec4_of(1.0f) + vec4_exp(-x));
}

static inline vec4 vec4_tanh(vec4 x)
{
    return vec4_of(2.0f) * vec4_sigmoid(x + x) - vec4_of(1.0f);
}

#endif

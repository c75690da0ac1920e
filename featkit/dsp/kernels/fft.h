/* Fourier transforms of LANES signals of real numbers at a time, one per lane, and their inverse. */

/* Passes of a transform of real numbers. A pass combines, for each of `blocks` groups, the transforms
of `radix` interleaved sequences, each of `length` numbers, into one transform. A transform is held
as re[0], re[1], im[1], re[2], im[2] … and at the end, for an even length, the real one at half the
rate: the layout and the order of operations of FFTPACK, on which that of SciPy is based, so that the
bits are the same.

P. N. Swarztrauber, "Vectorizing the FFTs", in Parallel computations, Academic Press, 1982. */

/* One number times a root of unity, conjugated. */
#undef TURNED
#define TURNED(re, im, from, root)                                             \
    lanes re = (from)[0] * (root)[0] + (from)[1] * -(root)[1];                 \
    lanes im = (from)[1] * (root)[0] - (from)[0] * -(root)[1]

/* One group of a pass with radix 4: the transforms a, b, c and d become one of 4 * length. */
ALWAYS void N(real_group_4)(const lanes *a, const lanes *b, const lanes *c, const lanes *d,
                            lanes *first, ptrdiff_t length, ptrdiff_t blocks, const float *roots) {
    const float half_root = 0.707106781186547524400844362104849f;
    lanes *second = first + length, *third = second + length, *fourth = third + length;
    lanes odd = d[0] + b[0], even = a[0] + c[0];
    third[0] = d[0] - b[0];
    second[length - 1] = a[0] - c[0];
    first[0] = even + odd;
    fourth[length - 1] = even - odd;
    for (ptrdiff_t i = 1; i + 1 < length; i += 2) {
        ptrdiff_t step = blocks * (i + 1); /* twice the number of the root */
        TURNED(br, bi, b + i, roots + step);
        TURNED(cr, ci, c + i, roots + 2 * step);
        TURNED(dr, di, d + i, roots + 3 * step);
        lanes odd_re = dr + br, turn_im = dr - br, odd_im = bi + di, turn_re = bi - di;
        lanes even_re = a[i] + cr, gap_re = a[i] - cr;
        lanes even_im = a[i + 1] + ci, gap_im = a[i + 1] - ci;
        ptrdiff_t mirrored = length - 2 - i;
        first[i] = even_re + odd_re;
        fourth[mirrored] = even_re - odd_re;
        first[i + 1] = odd_im + even_im;
        fourth[mirrored + 1] = odd_im - even_im;
        third[i] = gap_re + turn_re;
        second[mirrored] = gap_re - turn_re;
        third[i + 1] = turn_im + gap_im;
        second[mirrored + 1] = turn_im - gap_im;
    }
    if (length % 2 == 0) {
        ptrdiff_t last = length - 1;
        lanes im = -half_root * (b[last] + d[last]), re = half_root * (b[last] - d[last]);
        first[last] = a[last] + re;
        third[last] = a[last] - re;
        fourth[0] = im + c[last];
        second[0] = im - c[last];
    }
}

static void N(real_pass_4)(const lanes *x, lanes *y, ptrdiff_t length, ptrdiff_t blocks,
                           const float *roots) {
    ptrdiff_t apart = length * blocks;
    for (ptrdiff_t k = 0; k < blocks; k++) {
        const lanes *a = x + length * k, *b = a + apart, *c = b + apart, *d = c + apart;
        N(real_group_4)(a, b, c, d, y + 4 * length * k, length, blocks, roots);
    }
}

static void N(real_pass_2)(const lanes *x, lanes *y, ptrdiff_t length, ptrdiff_t blocks,
                           const float *roots) {
    ptrdiff_t apart = length * blocks;
    for (ptrdiff_t k = 0; k < blocks; k++) {
        const lanes *a = x + length * k, *b = a + apart;
        lanes *first = y + 2 * length * k, *second = first + length;
        first[0] = a[0] + b[0];
        second[length - 1] = a[0] - b[0];
        for (ptrdiff_t i = 1; i + 1 < length; i += 2) {
            TURNED(br, bi, b + i, roots + blocks * (i + 1));
            ptrdiff_t mirrored = length - 2 - i;
            first[i] = a[i] + br;
            second[mirrored] = a[i] - br;
            first[i + 1] = bi + a[i + 1];
            second[mirrored + 1] = bi - a[i + 1];
        }
        if (length % 2 == 0) {
            second[0] = -b[length - 1];
            first[length - 1] = a[length - 1];
        }
    }
}

/* The passes of `real_fft` from transforms of `length` numbers on. */
static lanes *N(real_passes)(lanes *x, lanes *y, ptrdiff_t size, const float *roots,
                             ptrdiff_t length) {
    while (length < size) {
        ptrdiff_t radix = size / length % 4 ? 2 : 4;
        if (radix == 4) {
            N(real_pass_4)(x, y, length, size / length / 4, roots);
        } else {
            N(real_pass_2)(x, y, length, size / length / 2, roots);
        }
        length *= radix;
        lanes *swap = x;
        x = y;
        y = swap;
    }
    return x;
}

/* Transform `size` real numbers in x, a power of two, with the help of y; returns the one with the
result: re[0], re[1], im[1] … re[size / 2]. `roots` are the powers of exp(-2 pi i / size). */
static lanes *N(real_fft)(lanes *x, lanes *y, ptrdiff_t size, const float *roots) {
    return N(real_passes)(x, y, size, roots, 1);
}

/* The same, where the second half of x is taken for zeros; size is a multiple of 4. */
static lanes *N(padded_real_fft)(lanes *x, lanes *y, ptrdiff_t size, const float *roots) {
    const lanes *b = x + size / 4;
    for (ptrdiff_t k = 0; k < size / 4; k++) {
        y[4 * k] = x[k] + b[k];
        y[4 * k + 1] = x[k];
        y[4 * k + 2] = -b[k];
        y[4 * k + 3] = x[k] - b[k];
    }
    return N(real_passes)(y, x, size, roots, 4);
}

/* A number times the conjugate of a root of unity. */
#undef TURN_BACK
#define TURN_BACK(out, re, im, root)                          \
    do {                                                      \
        (out)[0] = (root)[0] * (re) - -(root)[1] * (im);      \
        (out)[1] = (root)[0] * (im) + -(root)[1] * (re);      \
    } while (0)

/* The inverse of `real_pass_4`, except for a factor of 4. */
static void N(inverse_pass_4)(const lanes *x, lanes *y, ptrdiff_t length, ptrdiff_t blocks,
                              const float *roots) {
    const float sqrt2 = 1.414213562373095048801688724209698f;
    ptrdiff_t apart = length * blocks;
    for (ptrdiff_t k = 0; k < blocks; k++) {
        const lanes *first = x + 4 * length * k, *second = first + length;
        const lanes *third = second + length, *fourth = third + length;
        lanes *a = y + length * k, *b = a + apart, *c = b + apart, *d = c + apart;
        ptrdiff_t last = length - 1;
        lanes sum = first[0] + fourth[last], gap = first[0] - fourth[last];
        lanes even = 2.0f * second[last], odd = 2.0f * third[0];
        a[0] = sum + even;
        c[0] = sum - even;
        d[0] = gap + odd;
        b[0] = gap - odd;
        for (ptrdiff_t i = 1; i + 1 < length; i += 2) {
            ptrdiff_t step = blocks * (i + 1), mirrored = length - 2 - i;
            lanes r2 = first[i] + fourth[mirrored], r1 = first[i] - fourth[mirrored];
            lanes i1 = first[i + 1] + fourth[mirrored + 1], i2 = first[i + 1] - fourth[mirrored + 1];
            lanes r4 = third[i + 1] + second[mirrored + 1], i3 = third[i + 1] - second[mirrored + 1];
            lanes r3 = third[i] + second[mirrored], i4 = third[i] - second[mirrored];
            a[i] = r2 + r3;
            a[i + 1] = i2 + i3;
            TURN_BACK(b + i, r1 - r4, i1 + i4, roots + step);
            TURN_BACK(c + i, r2 - r3, i2 - i3, roots + 2 * step);
            TURN_BACK(d + i, r1 + r4, i1 - i4, roots + 3 * step);
        }
        if (length % 2 == 0) {
            lanes i1 = fourth[0] + second[0], i2 = fourth[0] - second[0];
            lanes r2 = first[last] + third[last], r1 = first[last] - third[last];
            a[last] = r2 + r2;
            b[last] = sqrt2 * (r1 - i1);
            c[last] = i2 + i2;
            d[last] = -sqrt2 * (r1 + i1);
        }
    }
}

/* The inverse of `real_pass_2`, except for a factor of 2. */
static void N(inverse_pass_2)(const lanes *x, lanes *y, ptrdiff_t length, ptrdiff_t blocks,
                              const float *roots) {
    ptrdiff_t apart = length * blocks;
    for (ptrdiff_t k = 0; k < blocks; k++) {
        const lanes *first = x + 2 * length * k, *second = first + length;
        lanes *a = y + length * k, *b = a + apart;
        ptrdiff_t last = length - 1;
        a[0] = first[0] + second[last];
        b[0] = first[0] - second[last];
        for (ptrdiff_t i = 1; i + 1 < length; i += 2) {
            ptrdiff_t mirrored = length - 2 - i;
            a[i] = first[i] + second[mirrored];
            a[i + 1] = first[i + 1] - second[mirrored + 1];
            TURN_BACK(b + i, first[i] - second[mirrored], first[i + 1] + second[mirrored + 1],
                      roots + blocks * (i + 1));
        }
        if (length % 2 == 0) {
            a[last] = 2.0f * first[last];
            b[last] = -2.0f * second[0];
        }
    }
}

/* The inverse of `real_fft`, except for a factor of `size`, a multiple of 4; the second half of the
result is not computed. */
static lanes *N(inverse_real_fft)(lanes *x, lanes *y, ptrdiff_t size, const float *roots) {
    ptrdiff_t twos = 0;
    for (ptrdiff_t n = size; n > 1; n /= 2) twos++;
    for (ptrdiff_t blocks = 1; blocks < size / 4;) {
        ptrdiff_t radix = blocks == 1 && twos % 2 ? 2 : 4, length = size / blocks / radix;
        if (radix == 4) {
            N(inverse_pass_4)(x, y, length, blocks, roots);
        } else {
            N(inverse_pass_2)(x, y, length, blocks, roots);
        }
        blocks *= radix;
        lanes *swap = x;
        x = y;
        y = swap;
    }
    for (ptrdiff_t k = 0; k < size / 4; k++) {
        const lanes *in = x + 4 * k;
        y[k] = (in[0] + in[3]) + 2.0f * in[1];
        y[k + size / 4] = (in[0] - in[3]) - 2.0f * in[2];
    }
    return y;
}

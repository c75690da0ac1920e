/* Linear prediction: Burg's method, and roots of polynomials; see `featkit.dsp.linear_prediction`.

Lanes are frames, in double precision. */

#ifndef FEATKIT_PREDICTION_H
#define FEATKIT_PREDICTION_H

typedef struct {
    const double *y;
    const int64_t *starts; /* first sample of each frame */
    ptrdiff_t frames;
    const double *window;  /* length weights */
    ptrdiff_t length;      /* of a frame; more than order */
    ptrdiff_t order;
    double *coefficients;  /* (order + 1, frames) */
    double *error;         /* mean square of the prediction error */
} burg_job;

typedef struct {
    const double *a;       /* (order, frames): monic polynomials without their first coefficient */
    ptrdiff_t order, frames;
    const double *start;   /* first estimates: real parts, then imaginary parts */
    ptrdiff_t most_steps;
    double accuracy;       /* square of the relative size of the last step */
    double near_zero;      /* square of the least size that it is relative to */
    double *re, *im;       /* (order, frames) */
} roots_job;

#endif

#define integers N(integers)
#define lane_choice N(lane_choice)
#define all_doubles N(all_doubles)
#define load_some N(load_some)
#define store_some N(store_some)

typedef int64_t integers __attribute__((vector_size(8 * HALF)));

ALWAYS doubles lane_choice(integers where, doubles yes, doubles no) {
    return (doubles)((where & (integers)yes) | (~where & (integers)no));
}

ALWAYS doubles all_doubles(double x) {
    doubles r;
    for (int k = 0; k < HALF; k++) r[k] = x;
    return r;
}

/* The first `count` lanes from memory; the others are 0. */
ALWAYS doubles load_some(const double *x, ptrdiff_t count) {
    if (count >= HALF) return load_doubles(x);
    doubles r = {0};
    memcpy(&r, x, (size_t)count * sizeof(double));
    return r;
}

ALWAYS void store_some(double *x, doubles value, ptrdiff_t count) {
    memcpy(x, &value, (size_t)(count < HALF ? count : HALF) * sizeof(double));
}

/* A value where it is not 0, and 1 elsewhere. */
ALWAYS doubles N(divisor)(doubles x) { return lane_choice(x == 0.0, all_doubles(1.0), x); }

/* Polynomials and errors of HALF windowed frames x; `backward` and `a` are scratch. */
static doubles N(burg_of_lanes)(const burg_job *job, doubles *x, doubles *backward, doubles *a) {
    ptrdiff_t length = job->length, pairs = length - 1;
    doubles error = {0}, power = {0}, product = {0}, *forward = x;
    for (ptrdiff_t t = 0; t < length; t++) error += x[t] * x[t];
    error /= all_doubles((double)length);
    for (ptrdiff_t t = 0; t < pairs; t++) {
        doubles f = x[t + 1], b = x[t];
        power += f * f + b * b;
        product += f * b;
        backward[t] = b;
        forward[t] = f;
    }
    a[0] = all_doubles(1.0);
    for (ptrdiff_t stage = 1; stage <= job->order; stage++, pairs--) {
        doubles k = 2.0 * product / N(divisor)(power);
        for (ptrdiff_t i = 1, j = stage - 1; i <= j; i++, j--) {
            doubles low = a[i] - k * a[j], high = a[j] - k * a[i];
            a[i] = low;
            a[j] = high;
        }
        a[stage] = (doubles){0} - k;
        error = error * (1.0 - k * k);
        if (stage == job->order) break;
        doubles before = backward[0] - k * forward[0];
        backward[0] = before;
        power = product = (doubles){0};
        for (ptrdiff_t t = 1; t < pairs; t++) {
            doubles f = forward[t] - k * backward[t], b = backward[t] - k * forward[t];
            power += f * f + before * before;
            product += f * before;
            forward[t - 1] = f;
            backward[t] = before = b;
        }
    }
    return lane_choice(error > 0.0, error, (doubles){0});
}

/* Returns 0, or -1 if there is no memory. */
static int N(burg)(const burg_job *job) {
    size_t values = (size_t)(2 * job->length + job->order + 1);
    doubles *x = aligned(values * sizeof(doubles));
    if (!x) return -1;
    doubles *backward = x + job->length, *a = backward + job->length;
    for (ptrdiff_t first = 0; first < job->frames; first += HALF) {
        ptrdiff_t count = job->frames - first < HALF ? job->frames - first : HALF;
        const double *y[HALF];
        for (int k = 0; k < HALF; k++) y[k] = job->y + job->starts[first + (k < count ? k : count - 1)];
        for (ptrdiff_t t = 0; t < job->length; t++) {
            doubles sample;
            for (int k = 0; k < HALF; k++) sample[k] = y[k][t];
            x[t] = sample * job->window[t];
        }
        doubles error = N(burg_of_lanes)(job, x, backward, a);
        store_some(job->error + first, error, count);
        for (ptrdiff_t i = 0; i <= job->order; i++)
            store_some(job->coefficients + i * job->frames + first, a[i], count);
    }
    free(x);
    return 0;
}

/* Sums of 1 / (z[i] - z[j]) over the other roots, into s; r is scratch. */
static void N(repulsion)(ptrdiff_t order, const doubles *re, const doubles *im, doubles *s_re,
                         doubles *s_im, doubles *r_re, doubles *r_im) {
    for (ptrdiff_t i = 0; i < order; i++) s_re[i] = s_im[i] = (doubles){0};
    for (ptrdiff_t gap = 1; gap <= order / 2; gap++) {
        ptrdiff_t pairs = 2 * gap < order ? order : gap;
        for (ptrdiff_t i = 0; i < pairs; i++) {
            ptrdiff_t j = i + gap < order ? i + gap : i + gap - order;
            doubles x = re[i] - re[j], y = im[i] - im[j];
            doubles scale = 1.0 / N(divisor)(x * x + y * y);
            r_re[i] = x * scale;
            r_im[i] = y * scale;
            s_re[i] += r_re[i];
            s_im[i] -= r_im[i];
        }
        for (ptrdiff_t i = 0; i < pairs; i++) {
            ptrdiff_t j = i + gap < order ? i + gap : i + gap - order;
            s_re[j] -= r_re[i];
            s_im[j] += r_im[i];
        }
    }
}

/* Correct a root by p / (p' - p s) in the lanes that are active; which of them still move. */
ALWAYS integers N(correct)(const roots_job *job, const doubles *a, doubles *re, doubles *im,
                           doubles s_re, doubles s_im, integers active) {
    doubles z_re = *re, z_im = *im;
    doubles p_re = z_re + a[0], p_im = z_im, d_re = all_doubles(1.0), d_im = {0};
    for (ptrdiff_t i = 1; i < job->order; i++) {
        doubles next_re = d_re * z_re - d_im * z_im + p_re;
        d_im = d_re * z_im + d_im * z_re + p_im;
        d_re = next_re;
        next_re = p_re * z_re - p_im * z_im + a[i];
        p_im = p_re * z_im + p_im * z_re;
        p_re = next_re;
    }
    d_re = d_re - (p_re * s_re - p_im * s_im);
    d_im = d_im - (p_re * s_im + p_im * s_re);
    doubles power = N(divisor)(d_re * d_re + d_im * d_im);
    doubles step_re = (p_re * d_re + p_im * d_im) / power;
    doubles step_im = (p_im * d_re - p_re * d_im) / power;
    doubles size = step_re * step_re + step_im * step_im, scale;
    size = lane_choice(size > 1.0, size, all_doubles(1.0));
    for (int k = 0; k < HALF; k++) scale[k] = __builtin_sqrt(size[k]);
    scale = 1.0 / scale;
    step_re = step_re * scale;
    step_im = step_im * scale;
    *re = z_re = lane_choice(active, z_re - step_re, z_re);
    *im = z_im = lane_choice(active, z_im - step_im, z_im);
    doubles square = z_re * z_re + z_im * z_im, near_zero = all_doubles(job->near_zero);
    doubles limit = job->accuracy * lane_choice(square > near_zero, square, near_zero);
    return active & (step_re * step_re + step_im * step_im > limit);
}

/* Returns 0, or -1 if there is no memory. */
static int N(roots)(const roots_job *job) {
    ptrdiff_t order = job->order;
    doubles *a = aligned((size_t)(7 * order) * sizeof(doubles));
    if (!a) return -1;
    doubles *re = a + order, *im = re + order, *s_re = im + order, *s_im = s_re + order;
    doubles *r_re = s_im + order, *r_im = r_re + order;
    for (ptrdiff_t first = 0; first < job->frames; first += HALF) {
        ptrdiff_t count = job->frames - first < HALF ? job->frames - first : HALF;
        integers active;
        for (int k = 0; k < HALF; k++) active[k] = k < count ? -1 : 0;
        for (ptrdiff_t i = 0; i < order; i++) {
            a[i] = load_some(job->a + i * job->frames + first, count);
            re[i] = all_doubles(job->start[i]);
            im[i] = all_doubles(job->start[order + i]);
        }
        for (ptrdiff_t step = 0; step < job->most_steps; step++) {
            N(repulsion)(order, re, im, s_re, s_im, r_re, r_im);
            integers moving = {0};
            for (ptrdiff_t i = 0; i < order; i++)
                moving |= N(correct)(job, a, re + i, im + i, s_re[i], s_im[i], active);
            active = moving;
            int64_t any = 0;
            for (int k = 0; k < HALF; k++) any |= active[k];
            if (!any) break;
        }
        for (ptrdiff_t i = 0; i < order; i++) {
            store_some(job->re + i * job->frames + first, re[i], count);
            store_some(job->im + i * job->frames + first, im[i], count);
        }
    }
    free(a);
    return 0;
}

#undef integers
#undef lane_choice
#undef all_doubles
#undef load_some
#undef store_some

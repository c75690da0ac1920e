/* Mean power spectra of windows around the frames of clips; see `featkit.dsp.tempogram`.

Lanes are windows, of any clips. A clip's spectra are added in the order of its frames. */

#ifndef FEATKIT_TEMPOGRAM_H
#define FEATKIT_TEMPOGRAM_H

typedef struct {
    const float *x;        /* values of each clip, with half a window before and after them */
    const int64_t *starts; /* first value of each window */
    const int64_t *clips;  /* number of the clip of each window, in ascending order */
    ptrdiff_t windows;
    ptrdiff_t length;      /* values in a window */
    const float *window;   /* weights: length, and zeros up to a multiple of MAX_LANES */
    ptrdiff_t half;        /* half the length of the transform */
    const float *roots;    /* powers of exp(-pi i / half), 2 half of them */
    double *power;         /* (clips, half + 1), to which spectra over their energy are added */
} tempogram_job;

#endif

/* Spectra over their energy of LANES windows, into x; y is scratch. */
static void N(tempogram_of_lanes)(const tempogram_job *job, const int64_t *starts, lanes *x,
                                  lanes *y, lanes *power) {
    ptrdiff_t half = job->half;
    lanes sums[4] = {0};
    memset(x, 0, (size_t)half * sizeof(lanes));
    for (ptrdiff_t n = 0; n < job->length; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = load(job->x + starts[k] + n);
        transpose(r);
        for (int k = 0; k < LANES; k++) {
            lanes value = r[k] * job->window[n + k];
            x[n + k] = value;
            sums[k & 3] += value * value;
        }
    }
    lanes energy = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    lanes scale = choose(energy >= 1.17549435e-38f, 1.0f / energy, all(0.0f));
    const lanes *z = N(padded_real_fft)(x, y, 2 * half, job->roots);
    power[0] = z[0] * z[0] * scale;
    for (ptrdiff_t k = 1; k < half; k++) {
        lanes re = z[2 * k - 1], im = z[2 * k];
        power[k] = (re * re + im * im) * scale;
    }
    power[half] = z[2 * half - 1] * z[2 * half - 1] * scale;
}

/* Returns 0, or -1 if there is no memory. */
static int N(tempogram)(const tempogram_job *job) {
    ptrdiff_t half = job->half, bins = half + 1;
    lanes *memory = aligned((size_t)(4 * half + bins) * sizeof(lanes));
    if (!memory) return -1;
    lanes *x = memory, *y = x + 2 * half, *power = y + 2 * half;
    for (ptrdiff_t w = 0; w < job->windows; w += LANES) {
        ptrdiff_t count = job->windows - w < LANES ? job->windows - w : LANES;
        int64_t starts[LANES];
        for (int k = 0; k < LANES; k++) starts[k] = job->starts[w + (k < count ? k : count - 1)];
        N(tempogram_of_lanes)(job, starts, x, y, power);
        for (ptrdiff_t n = 0; n < half; n += LANES) {
            lanes r[LANES];
            for (int k = 0; k < LANES; k++) r[k] = power[n + k];
            transpose(r);
            for (ptrdiff_t k = 0; k < count; k++) {
                double *sum = job->power + job->clips[w + k] * bins + n;
                for (int j = 0; j < LANES; j++) sum[j] += (double)r[k][j];
            }
        }
        for (ptrdiff_t k = 0; k < count; k++)
            job->power[job->clips[w + k] * bins + half] += (double)power[half][k];
    }
    free(memory);
    return 0;
}

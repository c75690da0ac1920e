/* Calls from Python: wavelets, statistics, sums over samples, peaks, derivatives. */

/* Whether both filters of a wavelet are there, with an even number of taps. */
static int wavelet(arrays *held, PyObject *low, PyObject *high, wavelet_filters *f) {
    if (!(f->low = elements(held, low, 'd', 0, -1, &f->taps, "low"))) return 0;
    if (f->taps < 2 || f->taps % 2 || f->taps > MAX_TAPS) {
        PyErr_Format(PyExc_ValueError, "filters must have 2 to %d taps, an even number", MAX_TAPS);
        return 0;
    }
    return (f->high = elements(held, high, 'd', 0, f->taps, NULL, "high")) != NULL;
}

static PyObject *split(PyObject *self, PyObject *args) {
    PyObject *x, *low, *high, *approximation, *detail;
    Py_ssize_t values, count;
    split_job job;
    if (!PyArg_ParseTuple(args, "OnOOOO", &x, &job.rows, &low, &high, &approximation, &detail))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!wavelet(&held, low, high, &job.f)) goto done;
    if (!(job.x = elements(&held, x, 'd', 0, -1, &values, "x"))) goto done;
    if (job.rows < 1 || values < job.rows || values % job.rows) {
        PyErr_SetString(PyExc_ValueError, "x must have rows of one length, of a sample or more");
        goto done;
    }
    job.samples = values / job.rows;
    count = times(job.rows, (job.samples + job.f.taps - 1) / 2);
    if (!(job.approximation = elements(&held, approximation, 'd', 1, count, NULL, "approximation")))
        goto done;
    if (!(job.detail = elements(&held, detail, 'd', 1, count, NULL, "detail"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->split(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *bands(PyObject *self, PyObject *args) {
    PyObject *x, *low, *high, *kept, *places, *moments;
    Py_ssize_t values;
    bands_job job;
    if (!PyArg_ParseTuple(args, "OnnpOOOOO", &x, &job.rows, &job.levels, &job.last, &low, &high,
                          &kept, &places, &moments))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int status = 0;
    if (!wavelet(&held, low, high, &job.f)) goto done;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (job.rows < 1 || values < job.rows || values % job.rows || job.levels < 1 ||
        job.levels > MAX_LEVELS) {
        PyErr_Format(PyExc_ValueError, "x must have rows of one length, and 1 to %d levels",
                     MAX_LEVELS);
        goto done;
    }
    job.samples = values / job.rows;
    Py_ssize_t splits = times(job.rows, job.levels), n_kept = times(splits, job.f.taps);
    Py_ssize_t n_moments = times(job.rows, (job.levels + 1) * MOMENTS);
    if (!(job.kept = elements(&held, kept, 'd', 1, n_kept, NULL, "kept"))) goto done;
    if (!(job.held = elements(&held, places, 'q', 1, splits, NULL, "held"))) goto done;
    if (!(job.moments = elements(&held, moments, 'd', 1, n_moments, NULL, "moments"))) goto done;
    for (Py_ssize_t k = 0; k < splits; k++) {
        int64_t number = job.held[k]; /* after the first coefficient, at least taps - 2 */
        if (number >= job.f.taps || number < -job.f.taps ||
            (number >= 0 && number < job.f.taps - 2)) {
            PyErr_SetString(PyExc_ValueError, "held is out of range");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    status = chosen->bands(&job);
    Py_END_ALLOW_THREADS;
    if (status == -2)
        PyErr_SetString(PyExc_ValueError, "a signal is shorter than the filter");
    else
        result = status ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *statistics(PyObject *self, PyObject *args) {
    PyObject *values, *edges, *kinds, *percents, *out;
    Py_ssize_t n_edges;
    int is_float, failed = 0;
    statistics_job job = {0};
    if (!PyArg_ParseTuple(args, "OpnOOOO", &values, &is_float, &job.rows, &edges, &kinds, &percents,
                          &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.edges = elements(&held, edges, 'q', 0, -1, &n_edges, "edges"))) goto done;
    if (!(job.kinds = elements(&held, kinds, 'i', 0, -1, &job.count, "kinds"))) goto done;
    if (!(job.percents = elements(&held, percents, 'd', 0, job.count, NULL, "percents"))) goto done;
    job.clips = n_edges - 1;
    if (job.rows < 0 || job.rows > INT32_MAX || job.clips < 0 || job.edges[0] != 0) {
        PyErr_SetString(PyExc_ValueError, "rows must not be negative or many, and edges begin with 0");
        goto done;
    }
    for (Py_ssize_t c = 0; c < job.clips; c++) {
        if (job.edges[c + 1] < job.edges[c] || job.edges[c + 1] > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "edges must ascend, to 2**31 - 1 at most");
            goto done;
        }
    }
    for (Py_ssize_t s = 0; s < job.count; s++) {
        if (job.kinds[s] < 0 || job.kinds[s] >= KINDS ||
            !(job.percents[s] >= 0 && job.percents[s] <= 100)) {
            PyErr_SetString(PyExc_ValueError, "a kind or a percentage is out of range");
            goto done;
        }
    }
    job.frames = job.edges[job.clips];
    Py_ssize_t size = times(job.rows, job.frames);
    const void *buffer = elements(&held, values, is_float ? 'f' : 'd', 0, size, NULL, "values");
    if (!buffer) goto done;
    if (is_float)
        job.float_values = buffer;
    else
        job.double_values = buffer;
    size = times(times(job.count, job.rows), job.clips);
    if (!(job.out = elements(&held, out, 'd', 1, size, NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->statistics(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *frames(PyObject *self, PyObject *args) {
    PyObject *y, *starts, *begins, *ends, *out;
    int failed = 0, of_energy;
    frames_job job = {0};
    if (!PyArg_ParseTuple(args, "OOnnOOfpO", &y, &starts, &job.n_fft, &job.piece, &begins, &ends,
                          &job.zero, &of_energy, &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.y = elements(&held, y, 'f', 0, -1, &job.samples, "y"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.frames, "starts"))) goto done;
    if (!(job.begins = elements(&held, begins, 'q', 0, -1, &job.clips, "begins"))) goto done;
    if (!(job.ends = elements(&held, ends, 'q', 0, job.clips, NULL, "ends"))) goto done;
    void *buffer = elements(&held, out, of_energy ? 'f' : 'i', 1, job.frames, NULL, "out");
    if (!buffer) goto done;
    if (of_energy)
        job.energy = buffer;
    else
        job.crossings = buffer;
    if (job.piece < 1 || job.n_fft < 1 || job.n_fft % job.piece || job.samples % job.piece ||
        job.samples > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "piece must divide the frame and the samples");
        goto done;
    }
    for (Py_ssize_t f = 0; f < job.frames; f++) {
        if (job.starts[f] < 0 || job.starts[f] > job.samples - job.n_fft ||
            job.starts[f] % job.piece || (f && job.starts[f] < job.starts[f - 1])) {
            PyErr_SetString(PyExc_ValueError, "a frame is not within y, of whole pieces, in order");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->frames(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *intervals(PyObject *self, PyObject *args) {
    PyObject *x, *out;
    intervals_job job;
    if (!PyArg_ParseTuple(args, "OnnndO", &x, &job.begin, &job.first, &job.last, &job.length, &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &job.samples, "x"))) goto done;
    const int64_t largest = (int64_t)1 << 52; /* whole numbers up to it are exact as doubles */
    if (job.begin < 0 || job.begin > largest || job.samples > largest || job.first < 0 ||
        job.last < job.first || job.last > largest || !(job.length > 0) ||
        !(__builtin_rint((double)job.first * job.length) >= (double)job.begin) ||
        !(__builtin_rint((double)job.last * job.length) <= (double)(job.begin + job.samples))) {
        PyErr_SetString(PyExc_ValueError, "the intervals are not within x");
        goto done;
    }
    if (!(job.energy = elements(&held, out, 'd', 1, job.last - job.first, NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    chosen->intervals(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *envelopes(PyObject *self, PyObject *args) {
    PyObject *energy, *edges, *shape;
    Py_ssize_t count, n_edges;
    int failed = 0;
    envelope_job job;
    if (!PyArg_ParseTuple(args, "OOndddO", &energy, &edges, &job.steps, &job.low, &job.high,
                          &job.present, &shape))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.energy = elements(&held, energy, 'd', 0, -1, &count, "energy"))) goto done;
    if (!(job.edges = elements(&held, edges, 'q', 0, -1, &n_edges, "edges"))) goto done;
    job.clips = n_edges - 1;
    int valid = job.low > 0 && job.low <= job.high && job.high <= 1 && job.steps > 0;
    valid = valid && job.steps <= MAX_STEPS && n_edges;
    valid = valid && job.edges[0] == 0 && job.edges[job.clips] == count;
    for (Py_ssize_t c = 0; valid && c < job.clips; c++) valid = job.edges[c] <= job.edges[c + 1];
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "an edge or a threshold is out of range");
        goto done;
    }
    if (!(job.shape = elements(&held, shape, 'd', 1, 4 * job.clips, NULL, "shape"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->envelopes(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *peaks(PyObject *self, PyObject *args) {
    PyObject *S, *limit, *frame, *frequency, *height;
    Py_ssize_t values, room, bins;
    int failed = 0;
    peaks_job job = {0};
    if (!PyArg_ParseTuple(args, "OnOnnddOOO", &S, &bins, &limit, &job.low, &job.high, &job.sr,
                          &job.n_fft, &frame, &frequency, &height))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.S = elements(&held, S, 'f', 0, -1, &values, "S"))) goto done;
    if (bins < 1 || bins > INT32_MAX || values % bins || job.low < 1 || job.high < job.low ||
        job.high > bins - 1) {
        PyErr_SetString(PyExc_ValueError, "the bins are not within S, with one on either side");
        goto done;
    }
    job.frames = values / bins;
    if (!(job.limit = elements(&held, limit, 'f', 0, job.frames, NULL, "limit"))) goto done;
    room = (job.high - job.low + 1) / 2 * job.frames;
    if (!(job.frame = elements(&held, frame, 'q', 1, room, NULL, "frame"))) goto done;
    if (!(job.frequency = elements(&held, frequency, 'd', 1, room, NULL, "frequency"))) goto done;
    if (!(job.height = elements(&held, height, 'd', 1, room, NULL, "height"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->peaks(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : PyLong_FromSsize_t(job.count);
done:
    release(&held);
    return result;
}

static PyObject *deltas(PyObject *self, PyObject *args) {
    PyObject *values, *edges, *slope, *curvature, *out;
    Py_ssize_t n_edges, n_weights;
    deltas_job job;
    if (!PyArg_ParseTuple(args, "OnOOOO", &values, &job.rows, &edges, &slope, &curvature, &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.edges = elements(&held, edges, 'q', 0, -1, &n_edges, "edges"))) goto done;
    if (!(job.slope = elements(&held, slope, 'f', 0, -1, &n_weights, "slope"))) goto done;
    if (!(job.curvature = elements(&held, curvature, 'f', 0, n_weights, NULL, "curvature")))
        goto done;
    job.clips = n_edges - 1;
    job.half = n_weights - 1;
    int valid = n_edges && n_weights && job.rows >= 0 && job.rows <= INT32_MAX;
    valid = valid && job.edges[0] == 0;
    for (Py_ssize_t c = 0; valid && c < job.clips; c++) valid = job.edges[c] <= job.edges[c + 1];
    job.frames = valid ? job.edges[job.clips] : 0;
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "edges must ascend from 0, and rows not be negative or many");
        goto done;
    }
    Py_ssize_t size = times(job.rows, job.frames);
    if (!(job.values = elements(&held, values, 'f', 0, size, NULL, "values"))) goto done;
    if (!(job.first = elements(&held, out, 'f', 1, times(2, size), NULL, "out"))) goto done;
    job.second = job.first + size;
    Py_BEGIN_ALLOW_THREADS;
    chosen->deltas(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

#define WAVE_METHODS                                                                              \
    {"split", split, METH_VARARGS, "One level of a wavelet transform of signals of one length."}, \
    {"bands", bands, METH_VARARGS, "Moments of wavelet bands of signals that come in pieces."},   \
    {"statistics", statistics, METH_VARARGS, "Statistics over the frames of each clip."},  \
    {"frames", frames, METH_VARARGS, "Energy or zero crossings of frames."},                      \
    {"intervals", intervals, METH_VARARGS, "Energy of successive intervals."},                    \
    {"envelopes", envelopes, METH_VARARGS, "Attack, centroid, duration and decay of envelopes."}, \
    {"peaks", peaks, METH_VARARGS, "Peaks of spectra, refined by a parabola."},                   \
    {"deltas", deltas, METH_VARARGS, "First and second derivatives of rows over time."}

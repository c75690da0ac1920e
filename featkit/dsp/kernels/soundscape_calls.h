/* Calls from Python: spectra of soundscapes, and sums over their frames. */

static PyObject *amplitudes(PyObject *self, PyObject *args) {
    PyObject *y, *window, *roots, *out;
    Py_ssize_t samples;
    amplitudes_job job;
    if (!PyArg_ParseTuple(args, "OOOO", &y, &window, &roots, &out)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.y = elements(&held, y, 'f', 0, -1, &samples, "y"))) goto done;
    if (samples < AMPLITUDE_FRAME) {
        PyErr_SetString(PyExc_ValueError, "y must not be shorter than a frame");
        goto done;
    }
    job.frames = (samples - AMPLITUDE_FRAME) / (AMPLITUDE_FRAME / 2) + 1;
    Py_ssize_t size = AMPLITUDE_FRAME, values = times(size / 2, job.frames);
    if (!(job.window = elements(&held, window, 'f', 0, size, NULL, "window"))) goto done;
    if (!(job.roots = elements(&held, roots, 'f', 0, 2 * size, NULL, "roots"))) goto done;
    if (!(job.amplitude = elements(&held, out, 'f', 1, values, NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->amplitudes(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *row_sums(PyObject *self, PyObject *args) {
    PyObject *x, *sums;
    Py_ssize_t values, outputs;
    row_sums_job job;
    if (!PyArg_ParseTuple(args, "OO", &x, &sums)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.sum = elements(&held, sums, 'd', 1, -1, &outputs, "sums"))) goto done;
    job.rows = outputs / 3;
    if (!outputs || outputs % 3 || !values || values % job.rows) {
        PyErr_SetString(PyExc_ValueError, "x must have whole rows, and there be three sums of each");
        goto done;
    }
    job.square = job.sum + job.rows;
    job.change = job.square + job.rows;
    job.columns = values / job.rows;
    Py_BEGIN_ALLOW_THREADS;
    chosen->row_sums(&job);
    Py_END_ALLOW_THREADS;
    result = PyFloat_FromDouble((double)job.peak);
done:
    release(&held);
    return result;
}

static PyObject *peak_counts(PyObject *self, PyObject *args) {
    PyObject *x, *count;
    Py_ssize_t values;
    peak_counts_job job;
    if (!PyArg_ParseTuple(args, "OndO", &x, &job.distance, &job.prominence, &count)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.x = elements(&held, x, 'd', 0, -1, &values, "x"))) goto done;
    if (!(job.count = elements(&held, count, 'q', 1, -1, &job.rows, "count"))) goto done;
    if (!job.rows || !values || values % job.rows || job.distance < 1) {
        PyErr_SetString(PyExc_ValueError, "x must have whole rows, and the distance be positive");
        goto done;
    }
    job.columns = values / job.rows;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->peak_counts(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *counts_above(PyObject *self, PyObject *args) {
    PyObject *x, *count;
    Py_ssize_t values;
    counts_job job;
    if (!PyArg_ParseTuple(args, "OfO", &x, &job.threshold, &count)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.count = elements(&held, count, 'q', 1, -1, &job.rows, "count"))) goto done;
    if (!job.rows || values % job.rows || values / job.rows > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "x must have whole rows, of less than 2**31 values");
        goto done;
    }
    job.columns = values / job.rows;
    Py_BEGIN_ALLOW_THREADS;
    chosen->counts_above(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *window_extremes(PyObject *self, PyObject *args) {
    PyObject *x, *high, *low, *sum;
    Py_ssize_t samples;
    windows_job job;
    if (!PyArg_ParseTuple(args, "OnOOO", &x, &job.size, &high, &low, &sum)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &samples, "x"))) goto done;
    if (job.size < 1) {
        PyErr_SetString(PyExc_ValueError, "a window must have a sample");
        goto done;
    }
    job.windows = samples / job.size;
    if (!(job.high = elements(&held, high, 'f', 1, job.windows, NULL, "high"))) goto done;
    if (!(job.low = elements(&held, low, 'f', 1, job.windows, NULL, "low"))) goto done;
    if (!(job.sum = elements(&held, sum, 'd', 1, job.windows, NULL, "sum"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    chosen->window_extremes(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

#define SOUNDSCAPE_METHODS                                                                          \
    {"amplitudes", amplitudes, METH_VARARGS, "Amplitude spectra of frames less their mean."},       \
    {"row_sums", row_sums, METH_VARARGS, "Sums of values, squares and changes of each row."},       \
    {"peak_counts", peak_counts, METH_VARARGS, "Number of peaks of each row."},                      \
    {"counts_above", counts_above, METH_VARARGS, "Number of values of each row above a threshold."}, \
    {"window_extremes", window_extremes, METH_VARARGS, "Extremes and sums of successive windows."}

/* Calls from Python of the kernels of cepstra. */

static PyObject *cepstra(PyObject *self, PyObject *args) {
    PyObject *y, *starts, *window, *roots, *power;
    Py_ssize_t samples, values;
    int failed = 0;
    cepstra_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOnfOO", &y, &starts, &window, &job.size, &job.least, &roots,
                          &power))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.y = elements(&held, y, 'f', 0, -1, &samples, "y"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.frames, "starts"))) goto done;
    if (!(job.window = elements(&held, window, 'f', 0, -1, &job.length, "window"))) goto done;
    if (job.size < 2 * MAX_LANES || job.size > 1 << 16 || (job.size & (job.size - 1)) ||
        job.length < 1 || job.length > job.size || !(job.least >= 1.17549435e-38f)) {
        PyErr_SetString(PyExc_ValueError, "size must be a power of two, of a frame or more");
        goto done;
    }
    if (!(job.roots = elements(&held, roots, 'f', 0, 2 * job.size, NULL, "roots"))) goto done;
    if (!(job.power = elements(&held, power, 'f', 1, -1, &values, "power"))) goto done;
    if (!job.frames || values % job.frames || values / job.frames > job.size / 2) {
        PyErr_SetString(PyExc_ValueError, "power must have half of size rows at most");
        goto done;
    }
    job.count = values / job.frames;
    for (Py_ssize_t k = 0; k < job.frames; k++) {
        if (job.starts[k] < 0 || job.starts[k] > samples - job.length) {
            PyErr_SetString(PyExc_ValueError, "a frame is not within y");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->cepstra(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *smoothed(PyObject *self, PyObject *args) {
    PyObject *power, *over_time, *over_quefrency, *levels;
    Py_ssize_t values, size;
    int failed = 0;
    smoothed_job job = {0};
    if (!PyArg_ParseTuple(args, "OnOOnfO", &power, &job.count, &over_time, &over_quefrency,
                          &job.first, &job.least, &levels))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.power = elements(&held, power, 'f', 0, -1, &values, "power"))) goto done;
    if (!(job.over_time = elements(&held, over_time, 'f', 0, -1, &job.n_time, "over_time")))
        goto done;
    if (!(job.over_quefrency =
              elements(&held, over_quefrency, 'f', 0, -1, &job.n_quefrency, "over_quefrency")))
        goto done;
    if (!(job.levels = elements(&held, levels, 'f', 1, -1, &size, "levels"))) goto done;
    Py_ssize_t frames = 0, half = job.n_quefrency / 2;
    int valid = job.count > 0 && values % job.count == 0 && job.n_time % 2 && job.n_quefrency % 2 &&
                job.least >= 1.17549435e-38f && job.first >= 0;
    if (valid) {
        job.columns = values / job.count;
        frames = job.columns + 1 - job.n_time;
        valid = frames > 0 && size % frames == 0;
    }
    if (valid) {
        job.rows = size / frames;
        valid = half < job.count && job.rows < job.count && job.first < job.count &&
                job.first + job.rows + half <= job.count;
    }
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "levels and weights do not fit into power");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->smoothed(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *cepstral_peaks(PyObject *self, PyObject *args) {
    PyObject *levels, *weights, *out;
    Py_ssize_t values;
    cepstral_peaks_job job = {0};
    if (!PyArg_ParseTuple(args, "OnnOnnO", &levels, &job.rows, &job.low, &weights, &job.start,
                          &job.stop, &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.levels = elements(&held, levels, 'f', 0, -1, &values, "levels"))) goto done;
    if (!(job.weights = elements(&held, weights, 'f', 0, -1, &job.n_weights, "weights"))) goto done;
    if (job.rows < 1 || values % job.rows || job.low < 0 || job.n_weights < 1 ||
        job.n_weights > job.rows || job.low > job.rows - job.n_weights || job.start < 1 ||
        job.stop < job.start || job.stop > job.rows - 2) {
        PyErr_SetString(PyExc_ValueError, "line and peak must be within levels, with a row beside");
        goto done;
    }
    job.frames = values / job.rows;
    if (!(job.out = elements(&held, out, 'f', 1, times(4, job.frames), NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    chosen->cepstral_peaks(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

#define CEPSTRA_METHODS \
    {"cepstra", cepstra, METH_VARARGS, "Power cepstra of windowed frames."}, \
    {"smoothed", smoothed, METH_VARARGS, "Levels of averages of power cepstra."}, \
    {"cepstral_peaks", cepstral_peaks, METH_VARARGS, "Peaks of cepstra, and lines through them."}

/* Calls from Python: spectra, filter banks, roll-offs and cosine transforms. */

/* Elements to write to of an array of a dict; NULL without an exception if there is none. */
static void *item(arrays *held, PyObject *dict, const char *name, Py_ssize_t size) {
    PyObject *object = PyDict_GetItemString(dict, name);
    return object ? elements(held, object, 'f', 1, size, NULL, name) : NULL;
}

static PyObject *spectra(PyObject *self, PyObject *args) {
    PyObject *y, *starts, *before, *window, *roots, *offsets, *middles, *outputs;
    Py_ssize_t samples, n, pieces;
    spectra_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOOOnOOO!", &y, &starts, &before, &window, &roots, &job.piece,
                          &offsets, &middles, &PyDict_Type, &outputs))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.y = elements(&held, y, 'f', 0, -1, &samples, "y"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.frames, "starts"))) goto done;
    if (!(job.window = elements(&held, window, 'f', 0, -1, &job.n_fft, "window"))) goto done;
    n = job.n_fft;
    if (n < 16 || (n & (n - 1)) || job.piece < 1 || job.piece > n) {
        PyErr_SetString(PyExc_ValueError, "n_fft must be a power of two from 16, and piece fit");
        goto done;
    }
    Py_ssize_t bins = n / 2 + 1;
    pieces = (bins + job.piece - 1) / job.piece;
    if (!(job.roots = elements(&held, roots, 'f', 0, 2 * n, NULL, "roots"))) goto done;
    if (!(job.offsets = elements(&held, offsets, 'f', 0, bins, NULL, "offsets"))) goto done;
    if (!(job.middles = elements(&held, middles, 'f', 0, pieces, NULL, "middles"))) goto done;
    if (!(job.before = elements(&held, before, 'f', 0, n, NULL, "before"))) goto done;
    for (Py_ssize_t k = 0; k < job.frames; k++) {
        if (job.starts[k] < 0 || job.starts[k] > samples - n) {
            PyErr_SetString(PyExc_ValueError, "a frame is not within y");
            goto done;
        }
    }
    struct {
        const char *name;
        float **place;
        Py_ssize_t rows;
        int optional;
    } results[] = {
        {"power", &job.power, bins, 0},
        {"max_magnitude", &job.max_magnitude, 1, 0},
        {"piece_sums", &job.piece_sums, pieces, 0},
        {"total", &job.total, 1, 0},
        {"centroid", &job.centroid, 1, 0},
        {"variance", &job.variance, 1, 0},
        {"third_moment", &job.third, 1, 1},
        {"fourth_moment", &job.fourth, 1, 1},
        {"entropy", &job.entropy, 1, 1},
        {"flux", &job.flux, 1, 1},
        {"lowest_magnitude", &job.lowest, 1, 1},
        {"inverse_bin_sum", &job.inverse_bin_sum, 1, 1},
    };
    for (size_t k = 0; k < sizeof results / sizeof *results; k++) {
        *results[k].place =
            item(&held, outputs, results[k].name, times(results[k].rows, job.frames));
        if (PyErr_Occurred()) goto done;
        if (!*results[k].place && !results[k].optional) {
            PyErr_Format(PyExc_ValueError, "outputs must contain %s", results[k].name);
            goto done;
        }
    }
    if (!job.third != !job.fourth || !job.lowest != !job.inverse_bin_sum) {
        PyErr_SetString(PyExc_ValueError, "these outputs come in pairs");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->spectra(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *bank(PyObject *self, PyObject *args) {
    PyObject *x, *first, *begins, *weights, *out;
    Py_ssize_t values, start, stop, count, bins;
    bank_job job;
    if (!PyArg_ParseTuple(args, "OnnnOOOO", &x, &bins, &start, &stop, &first, &begins, &weights,
                          &out))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    const float *all_values;
    if (!(all_values = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.first = elements(&held, first, 'q', 0, -1, &job.rows, "first"))) goto done;
    if (!(job.begins = elements(&held, begins, 'q', 0, job.rows + 1, NULL, "begins"))) goto done;
    if (!(job.weights = elements(&held, weights, 'f', 0, -1, &count, "weights"))) goto done;
    job.stride = bins > 0 && values % bins == 0 ? values / bins : -1;
    if (job.stride < 0 || start < 0 || stop < start || stop > job.stride) {
        PyErr_SetString(PyExc_ValueError, "the frames are not within x");
        goto done;
    }
    job.x = all_values + start;
    job.frames = stop - start;
    Py_ssize_t size = times(job.rows, job.frames);
    if (!(job.out = elements(&held, out, 'f', 1, size, NULL, "out"))) goto done;
    for (Py_ssize_t r = 0; r < job.rows; r++) {
        int64_t begin = job.begins[r], end = job.begins[r + 1];
        if (begin < 0 || end < begin || end > count || job.first[r] < 0 ||
            job.first[r] > bins - (end - begin)) {
            PyErr_SetString(PyExc_ValueError, "a row of the bank is not within its arrays");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    chosen->bank(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *rolloffs(PyObject *self, PyObject *args) {
    PyObject *power, *piece_sums, *shares, *bin, *undecided;
    rolloffs_job job;
    if (!PyArg_ParseTuple(args, "OnOnO!fOO", &power, &job.bins, &piece_sums, &job.piece,
                          &PyTuple_Type, &shares, &job.close, &bin, &undecided))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.undecided = elements(&held, undecided, '?', 1, -1, &job.frames, "undecided")))
        goto done;
    job.shares = PyTuple_Size(shares);
    if (job.shares > MAX_SHARES || job.bins < 1 || job.bins > INT32_MAX || job.piece < 1 ||
        job.piece > INT32_MAX) {
        PyErr_Format(PyExc_ValueError, "at most %d shares, and 1 to 2**31 - 1 bins", MAX_SHARES);
        goto done;
    }
    for (Py_ssize_t k = 0; k < job.shares; k++) {
        job.share[k] = (float)PyFloat_AsDouble(PyTuple_GetItem(shares, k));
        if (PyErr_Occurred()) goto done;
    }
    job.pieces = (job.bins + job.piece - 1) / job.piece;
    Py_ssize_t n = job.frames;
    if (!(job.power = elements(&held, power, 'f', 0, times(job.bins, n), NULL, "power"))) goto done;
    Py_ssize_t sums = times(job.pieces, n), results = times(job.shares, n);
    if (!(job.piece_sums = elements(&held, piece_sums, 'f', 0, sums, NULL, "piece_sums")))
        goto done;
    if (!(job.bin = elements(&held, bin, 'i', 1, results, NULL, "bin"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->rolloffs(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *transforms(PyObject *self, PyObject *args) {
    PyObject *x, *roots, *out;
    transforms_job job;
    Py_ssize_t values, root_count;
    if (!PyArg_ParseTuple(args, "OnOO", &x, &job.rows, &roots, &out)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.roots = elements(&held, roots, 'f', 0, -1, &root_count, "roots"))) goto done;
    job.size = root_count / 2;
    job.length = job.rows > 0 && values % job.rows == 0 ? values / job.rows : -1;
    if (job.size < MAX_LANES || job.size & (job.size - 1) || root_count % 2 || job.length < 0 ||
        job.length > job.size) {
        PyErr_SetString(PyExc_ValueError, "the size must be a power of two, and rows not be longer");
        goto done;
    }
    Py_ssize_t size = times(job.rows, job.size + 2);
    if (!(job.out = elements(&held, out, 'f', 1, size, NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->transforms(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *cosines(PyObject *self, PyObject *args) {
    PyObject *x, *weights, *out;
    cosines_job job;
    Py_ssize_t values, weight_count;
    if (!PyArg_ParseTuple(args, "OnOO", &x, &job.size, &weights, &out)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.cosines = elements(&held, weights, 'f', 0, -1, &weight_count, "weights"))) goto done;
    if (job.size < 1 || job.size > INT32_MAX || values % job.size ||
        weight_count % (2 * ((job.size + 1) / 2))) {
        PyErr_SetString(PyExc_ValueError, "x and the weights must have whole columns and rows");
        goto done;
    }
    job.frames = values / job.size;
    job.count = weight_count / (2 * ((job.size + 1) / 2));
    Py_ssize_t size = times(job.count, job.frames);
    if (!(job.out = elements(&held, out, 'f', 1, size, NULL, "out"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->cosines(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *decibels(PyObject *self, PyObject *args) {
    PyObject *power, *out;
    float least;
    if (!PyArg_ParseTuple(args, "OfO", &power, &least, &out)) return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    Py_ssize_t count;
    const float *in = elements(&held, power, 'f', 0, -1, &count, "power");
    float *levels = in ? elements(&held, out, 'f', 1, count, NULL, "out") : NULL;
    if (levels && !(least >= 1.17549435e-38f)) {
        PyErr_SetString(PyExc_ValueError, "the limit must be a positive normal number");
    } else if (levels) {
        Py_BEGIN_ALLOW_THREADS;
        chosen->decibels(in, least, levels, count);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    release(&held);
    return result;
}

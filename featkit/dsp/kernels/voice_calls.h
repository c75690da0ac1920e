/* Calls from Python of the kernels of the voice. */

static int bank_is_valid(const bank_job *bank, Py_ssize_t weights, Py_ssize_t bins) {
    for (Py_ssize_t r = 0; r < bank->rows; r++) {
        int64_t length = bank->begins[r + 1] - bank->begins[r], first = bank->first[r];
        if (bank->begins[r] < 0 || length < 0 || bank->begins[r + 1] > weights || first < 0 ||
            first > bins - length)
            return 0;
    }
    return 1;
}

static PyObject *subharmonics(PyObject *self, PyObject *args) {
    PyObject *frames, *window, *roots, *first, *begins, *bank, *shifts, *gains, *weights, *places,
        *heights, *mean, *energy;
    Py_ssize_t values, sizes, points, filled, edges;
    subharmonics_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOOOOOOOnnOOOO", &frames, &window, &roots, &first, &begins, &bank,
                          &shifts, &gains, &weights, &job.low, &job.high, &places, &heights, &mean,
                          &energy))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.window = elements(&held, window, 'f', 0, -1, &job.frames.length, "window"))) goto done;
    if (!(job.frames.x = elements(&held, frames, 'f', 0, -1, &values, "frames"))) goto done;
    if (!(job.frames.roots = elements(&held, roots, 'f', 0, -1, &sizes, "roots"))) goto done;
    Py_ssize_t length = job.frames.length, size = job.frames.size = sizes / 2;
    if (length < 1 || values % length || sizes % 2 || size < MAX_LANES || (size & (size - 1)) ||
        length > size) {
        PyErr_SetString(PyExc_ValueError, "roots must be of a power of two from 16 that fits frames");
        goto done;
    }
    Py_ssize_t rows = job.frames.rows = values / length;
    if (!(job.axis.first = elements(&held, first, 'q', 0, -1, &points, "first"))) goto done;
    if (!(job.axis.begins = elements(&held, begins, 'q', 0, -1, &edges, "begins"))) goto done;
    if (!(job.axis.weights = elements(&held, bank, 'f', 0, -1, &filled, "bank"))) goto done;
    job.axis.rows = points;
    if (edges != points + 1 || !bank_is_valid(&job.axis, filled, size / 2 + 1)) {
        PyErr_SetString(PyExc_ValueError, "the bank does not fit the transform");
        goto done;
    }
    if (!(job.shifts = elements(&held, shifts, 'q', 0, -1, &job.multiples, "shifts"))) goto done;
    if (!(job.gains = elements(&held, gains, 'f', 0, job.multiples, NULL, "gains"))) goto done;
    for (Py_ssize_t n = 0; n < job.multiples; n++) {
        if (job.shifts[n] < (n ? job.shifts[n - 1] : 0) || job.shifts[n] >= points) {
            PyErr_SetString(PyExc_ValueError, "shifts must ascend from 0 and be below the points");
            goto done;
        }
    }
    if (!(job.weights = elements(&held, weights, 'f', 0, points, NULL, "weights"))) goto done;
    if (!(job.places = elements(&held, places, 'q', 1, -1, &values, "places"))) goto done;
    job.candidates = rows ? values / rows : 1;
    if (job.low < 1 || job.high < job.low || job.high > points - 1 || job.candidates < 1 ||
        job.candidates > MAX_CANDIDATES || values != times(job.candidates, rows)) {
        PyErr_SetString(PyExc_ValueError, "low, high or places do not fit");
        goto done;
    }
    if (!(job.heights = elements(&held, heights, 'f', 1, times(3, values), NULL, "heights"))) goto done;
    if (!(job.mean = elements(&held, mean, 'f', 1, rows, NULL, "mean"))) goto done;
    if (!(job.energy = elements(&held, energy, 'f', 1, rows, NULL, "energy"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->subharmonics(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *pitch_path(PyObject *self, PyObject *args) {
    PyObject *local, *octaves, *path;
    Py_ssize_t values;
    path_job job = {0};
    if (!PyArg_ParseTuple(args, "OOdddO", &local, &octaves, &job.per_octave, &job.per_turn,
                          &job.change, &path))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.path = elements(&held, path, 'q', 1, -1, &job.frames, "path"))) goto done;
    if (!(job.local = elements(&held, local, 'd', 0, -1, &values, "local"))) goto done;
    job.states = job.frames ? values / job.frames : 0;
    if (job.states < 1 || job.states > MAX_CANDIDATES + 1 ||
        values != times(job.states, job.frames)) {
        PyErr_SetString(PyExc_ValueError, "local must have a few states of each frame");
        goto done;
    }
    values -= job.frames;
    if (!(job.octaves = elements(&held, octaves, 'd', 0, values, NULL, "octaves"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = best_path(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *correlations(PyObject *self, PyObject *args) {
    PyObject *frames, *window, *rows, *first, *last, *share;
    Py_ssize_t values;
    correlation_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOOOO", &frames, &window, &rows, &first, &last, &share))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.frames = elements(&held, frames, 'f', 0, -1, &values, "frames"))) goto done;
    if (!(job.window = elements(&held, window, 'd', 0, -1, &job.length, "window"))) goto done;
    if (!(job.rows = elements(&held, rows, 'q', 0, -1, &job.count, "rows"))) goto done;
    if (!(job.first = elements(&held, first, 'q', 0, job.count, NULL, "first"))) goto done;
    if (!(job.last = elements(&held, last, 'q', 0, job.count, NULL, "last"))) goto done;
    if (!(job.share = elements(&held, share, 'd', 1, job.count, NULL, "share"))) goto done;
    for (Py_ssize_t k = 0; k < job.count; k++) {
        if (job.rows[k] < 0 || job.length < 1 || job.rows[k] >= values / job.length ||
            job.first[k] < 0 || job.last[k] >= job.length) {
            PyErr_SetString(PyExc_ValueError, "a row or a lag is not within the frames");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->correlations(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *periods(PyObject *self, PyObject *args) {
    PyObject *x, *begins, *ends, *shortest, *usual, *longest, *position, *table;
    Py_ssize_t values;
    int64_t *place;
    periods_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOOOOOO", &x, &begins, &ends, &shortest, &usual, &longest,
                          &position, &table))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.x = elements(&held, x, 'd', 0, -1, &job.samples, "x"))) goto done;
    if (!(job.ends = elements(&held, ends, 'q', 0, -1, &job.frames, "ends"))) goto done;
    if (!(job.begins = elements(&held, begins, 'q', 0, job.frames, NULL, "begins"))) goto done;
    if (!(job.shortest = elements(&held, shortest, 'q', 0, job.frames, NULL, "shortest"))) goto done;
    if (!(job.usual = elements(&held, usual, 'q', 0, job.frames, NULL, "usual"))) goto done;
    if (!(job.longest = elements(&held, longest, 'q', 0, job.frames, NULL, "longest"))) goto done;
    for (Py_ssize_t k = 0; k < job.frames; k++) {
        if (job.shortest[k] < 1 || job.usual[k] < 1 ||
            job.longest[k] < job.shortest[k] || job.longest[k] > (int64_t)1 << 40) {
            PyErr_SetString(PyExc_ValueError, "a frame has no period");
            goto done;
        }
    }
    if (!(place = elements(&held, position, 'q', 1, 1, NULL, "position"))) goto done;
    if (!(job.table = elements(&held, table, 'd', 1, -1, &values, "table"))) goto done;
    job.position = *place;
    job.rows = values / 5;
    if (job.position < 0 || job.position > (int64_t)1 << 50) {
        PyErr_SetString(PyExc_ValueError, "the position must not be negative");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->periods(&job);
    Py_END_ALLOW_THREADS;
    *place = job.position;
    result = failed ? PyErr_NoMemory() : PyLong_FromSsize_t(job.count);
done:
    release(&held);
    return result;
}

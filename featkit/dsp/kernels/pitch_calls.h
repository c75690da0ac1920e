/* Calls from Python of the kernels of pitch. */

static PyObject *pitch(PyObject *self, PyObject *args) {
    PyObject *y, *starts, *roots, *sincs, *trough, *period, *aperiodicity, *inside;
    Py_ssize_t samples, n_fft, taps;
    pitch_job job = {0};
    if (!PyArg_ParseTuple(args, "OOnnnnfdOOOOOO", &y, &starts, &n_fft, &job.piece, &job.shortest,
                          &job.longest, &job.threshold, &job.silent, &roots, &sincs, &trough,
                          &period, &aperiodicity, &inside))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.y = elements(&held, y, 'f', 0, -1, &samples, "y"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.frames, "starts"))) goto done;
    if (job.piece < 16 || (job.piece & (job.piece - 1)) || n_fft < job.piece ||
        n_fft % job.piece || n_fft > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "piece must be a power of two from 16 that divides n_fft");
        goto done;
    }
    job.count = n_fft / job.piece;
    if (!(job.roots = elements(&held, roots, 'f', 0, 4 * job.piece, NULL, "roots"))) goto done;
    if (!(job.sincs = elements(&held, sincs, 'd', 0, -1, &taps, "sincs"))) goto done;
    job.reach = (taps / COLUMNS - 1) / 2;
    if (taps != (2 * job.reach + 1) * COLUMNS || job.reach < 1 || job.reach > MAX_REACH) {
        PyErr_SetString(PyExc_ValueError, "sincs must have an odd number of rows");
        goto done;
    }
    if (job.shortest < 2 || job.longest < 2 || job.longest - job.shortest < 2 ||
        job.longest >= job.piece - job.reach) {
        PyErr_SetString(PyExc_ValueError, "the periods do not fit into a piece");
        goto done;
    }
    for (Py_ssize_t k = 0; k < job.frames; k++) {
        int64_t start = job.starts[k], step = k ? start - job.starts[k - 1] : 0;
        if (start < 0 || start > samples - n_fft || step < 0 ||
            (job.count > 1 && k && (step == 0 || step % job.piece))) {
            PyErr_SetString(PyExc_ValueError, "frames must be within y, some pieces apart");
            goto done;
        }
    }
    if (!(job.trough = elements(&held, trough, 'd', 1, job.frames, NULL, "trough"))) goto done;
    if (!(job.period = elements(&held, period, 'd', 1, job.frames, NULL, "period"))) goto done;
    job.aperiodicity = elements(&held, aperiodicity, 'd', 1, job.frames, NULL, "aperiodicity");
    if (!job.aperiodicity) goto done;
    if (!(job.inside = elements(&held, inside, '?', 1, job.frames, NULL, "inside"))) goto done;
    if (job.frames) {
        Py_BEGIN_ALLOW_THREADS;
        failed = chosen->pitch(&job);
        Py_END_ALLOW_THREADS;
    }
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

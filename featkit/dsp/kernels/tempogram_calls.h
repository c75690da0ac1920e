/* Calls from Python of the kernel of tempograms. */

static PyObject *tempogram(PyObject *self, PyObject *args) {
    PyObject *x, *starts, *clips, *window, *roots, *power;
    Py_ssize_t values, weights, factors, sums;
    tempogram_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOnOOO", &x, &starts, &clips, &job.length, &window, &roots,
                          &power))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    int failed = 0;
    if (!(job.x = elements(&held, x, 'f', 0, -1, &values, "x"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.windows, "starts"))) goto done;
    if (!(job.clips = elements(&held, clips, 'q', 0, job.windows, NULL, "clips"))) goto done;
    if (!(job.window = elements(&held, window, 'f', 0, -1, &weights, "window"))) goto done;
    if (!(job.roots = elements(&held, roots, 'f', 0, -1, &factors, "roots"))) goto done;
    job.half = factors / 4;
    if (job.half < MAX_LANES || (job.half & (job.half - 1)) || factors != 4 * job.half ||
        weights % MAX_LANES || job.length < 1 || job.length > weights || weights > job.half) {
        PyErr_SetString(PyExc_ValueError, "window and roots must be for a power of two from 32");
        goto done;
    }
    if (!(job.power = elements(&held, power, 'd', 1, -1, &sums, "power"))) goto done;
    if (sums % (job.half + 1)) {
        PyErr_SetString(PyExc_ValueError, "power must have half the transform plus 1 columns");
        goto done;
    }
    for (Py_ssize_t k = 0; k < job.windows; k++) {
        if (job.starts[k] < 0 || job.starts[k] > values - weights || job.clips[k] < 0 ||
            job.clips[k] >= sums / (job.half + 1)) {
            PyErr_SetString(PyExc_ValueError, "a window is not within x, or has no clip");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->tempogram(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

/* The loops over nodes and rows, for one instruction set; included once for each by `variants.h`.

N(name) is the name of a function in this variant, and LANES the number of doubles in a register.
Every row takes the same steps in every variant, so the bits are the same. */

#define LANES (REGISTER / 8)
#define lanes N(lanes)
#define flags N(flags)
#define path N(path)

/* One number, or all or no bits, for each of the rows that are explained together. */
typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t flags __attribute__((vector_size(8 * LANES), aligned(8)));

/* The path from a root to the current node, indexed by depth. `sums` has POINTS lanes for each depth
and class. */
typedef struct {
    Py_ssize_t *node;
    flags *satisfied;
    lanes *product, *sums;
} path;

static inline lanes N(choose)(flags mask, lanes yes, lanes no) {
    return (lanes)(((flags)yes & mask) | ((flags)no & ~mask));
}

static inline lanes N(all)(double value) { return value - (lanes){0}; }

/* How an edge changes the contribution of its column at each point. */
static inline void N(changes)(const job *j, const path *p, Py_ssize_t node, lanes *change) {
    flags now = p->satisfied[j->depth[node]], before = p->satisfied[j->repeat[node]];
    const double *met = j->met + node * j->points, *unmet = j->unmet + node * j->points;
    for (Py_ssize_t q = 0; q < j->points; q++)
        change[q] = N(choose)(now, N(all)(met[q]),
                              N(choose)(before, N(all)(unmet[q]), (lanes){0}));
}

static inline lanes N(integral)(const lanes *product, const lanes *change, Py_ssize_t points) {
    lanes total = {0};
    for (Py_ssize_t q = 0; q < points; q++) total += product[q] * change[q];
    return total;
}

static inline lanes *N(sums_of)(const job *j, const path *p, int32_t depth, int32_t class) {
    return p->sums + (depth * j->classes + class) * j->points;
}

static inline lanes *N(contribution)(const job *j, Py_ssize_t node, int32_t class, double *phi) {
    return (lanes *)(phi + (j->column[node] * j->classes + class) * ROWS);
}

/* Go down to a node. */
static inline void N(enter)(const job *j, path *p, Py_ssize_t node, const double *x) {
    int32_t depth = j->depth[node];
    lanes values = *(const lanes *)(x + j->column[node] * ROWS);
    flags left = j->side[node] & 1 ? ~(flags){0} : (flags){0};
    flags missing = j->side[node] & 2 ? ~(flags){0} : (flags){0};
    flags here = ~((values <= N(all)(j->threshold[node])) ^ left), known = values == values;
    flags before = p->satisfied[j->repeat[node]];
    flags now = before & ((here & known) | (missing & ~known));
    p->satisfied[depth] = now;
    const lanes *above = p->product + (depth - 1) * POINTS;
    lanes *product = p->product + depth * POINTS, kept = N(all)(j->kept[node]);
    const double *both = j->both + node * j->points, *lost = j->lost + node * j->points;
    for (Py_ssize_t q = 0; q < j->points; q++)
        product[q] = above[q] * N(choose)(now, N(all)(both[q]),
                                          N(choose)(before, N(all)(lost[q]), kept));
}

/* Go back up from a node without children. */
static inline void N(leave_leaf)(const job *j, path *p, Py_ssize_t node, double *phi) {
    int32_t depth = j->depth[node];
    const lanes *product = p->product + depth * POINTS;
    lanes change[POINTS];
    N(changes)(j, p, node, change);
    lanes total = N(integral)(product, change, j->points);
    for (int64_t pair = j->pair_starts[node]; pair < j->pair_starts[node + 1]; pair++) {
        int32_t class = j->pair_class[pair];
        lanes value = N(all)(j->pair_value[pair]), *above = N(sums_of)(j, p, depth - 1, class);
        *N(contribution)(j, node, class, phi) += value * total;
        if (depth > 1)
            for (Py_ssize_t q = 0; q < j->points; q++) above[q] += value * product[q];
    }
}

/* Go back up from a node whose sums are complete. */
static inline void N(leave)(const job *j, path *p, Py_ssize_t node, double *phi) {
    int32_t depth = j->depth[node];
    lanes change[POINTS];
    N(changes)(j, p, node, change);
    for (int64_t pair = j->pair_starts[node]; pair < j->pair_starts[node + 1]; pair++) {
        int32_t class = j->pair_class[pair];
        const lanes *sums = N(sums_of)(j, p, depth, class);
        lanes *above = N(sums_of)(j, p, depth - 1, class);
        *N(contribution)(j, node, class, phi) += N(integral)(sums, change, j->points);
        if (depth > 1)
            for (Py_ssize_t q = 0; q < j->points; q++) above[q] += sums[q];
    }
}

/* Add the contributions of LANES rows, from the first of `x` and `phi`, in one tree. */
static void N(explain_tree)(const job *j, path *p, Py_ssize_t root, Py_ssize_t stop,
                            const double *x, double *phi) {
    int32_t top = 0;
    p->satisfied[0] = ~(flags){0};
    for (Py_ssize_t q = 0; q < j->points; q++)
        p->product[q] = N(all)(j->both[root * j->points + q]);
    for (Py_ssize_t node = root + 1; node < stop; node++) {
        int32_t depth = j->depth[node];
        while (top >= depth) N(leave)(j, p, p->node[top--], phi);
        N(enter)(j, p, node, x);
        if (node + 1 == stop || j->depth[node + 1] <= depth) {
            N(leave_leaf)(j, p, node, phi);
            continue;
        }
        for (int64_t pair = j->pair_starts[node]; pair < j->pair_starts[node + 1]; pair++)
            memset(N(sums_of)(j, p, depth, j->pair_class[pair]), 0, j->points * sizeof(lanes));
        p->node[depth] = node;
        top = depth;
    }
    while (top >= 1) N(leave)(j, p, p->node[top--], phi);
}

/* Add the contributions of all rows in all trees; 0, or 1 without enough memory. */
static int N(explain)(const job *j) {
    path p = {
        .node = malloc(j->levels * sizeof *p.node),
        .satisfied = malloc(j->levels * sizeof *p.satisfied),
        .product = malloc(j->levels * POINTS * sizeof *p.product),
        .sums = calloc(j->levels * j->classes * POINTS, sizeof *p.sums),
    };
    int failed = !p.node || !p.satisfied || !p.product || !p.sums;
    for (Py_ssize_t tree = 0; !failed && tree < j->trees; tree++)
        for (Py_ssize_t row = 0; row < j->blocks * ROWS; row += LANES) {
            Py_ssize_t first = row / ROWS * j->columns * ROWS + row % ROWS;
            Py_ssize_t phi = row / ROWS * j->columns * j->classes * ROWS + row % ROWS;
            N(explain_tree)(j, &p, j->starts[tree], j->starts[tree + 1], j->x + first,
                            j->phi + phi);
        }
    free(p.node);
    free(p.satisfied);
    free(p.product);
    free(p.sums);
    return failed;
}

#undef path
#undef flags
#undef lanes
#undef LANES

// Units lie channels-last; a window is confined to the `c` channels of a group.

__device__ REAL scale(const REAL* group, int channel, int c, int below, int above, REAL alpha,
                      REAL k) {
    int first = channel > below ? channel - below : 0;
    int last = channel + above < c ? channel + above : c - 1;
    REAL sum = 0;
    for (int j = first; j <= last; j++) sum += group[j] * group[j];
    return k + alpha * sum;
}

// s to the power of -beta; the paper's 0.75 by two square roots, many times faster than `pow`.
__device__ REAL shrink(REAL s, REAL beta) {
    REAL root = sqrt(s);
    return beta == (REAL)0.75 ? 1 / (root * sqrt(root)) : pow(s, -beta);
}

// For each unit x_c: x_c s_c^(-beta).
KERNEL local_response_norm(const REAL* x, REAL* y, index count, int c, int size, REAL alpha,
                           REAL beta, REAL k) {
    int below = size / 2, above = (size - 1) / 2;
    EACH (i, count) {
        int channel = i % c;
        REAL s = scale(x + (i - channel), channel, c, below, above, alpha, k);
        y[i] = x[i] * shrink(s, beta);
    }
}

// For each unit: r_c - 2 alpha beta x_c * (sum of r_j x_j / s_j over the j whose window holds c).
KERNEL local_response_norm_backward(const REAL* dy, const REAL* x, REAL* dx, index count, int c,
                                    int size, REAL alpha, REAL beta, REAL k) {
    int below = size / 2, above = (size - 1) / 2;
    EACH (i, count) {
        int channel = i % c;
        const REAL* group = x + (i - channel);
        const REAL* dgroup = dy + (i - channel);
        int first = channel > above ? channel - above : 0;
        int last = channel + below < c ? channel + below : c - 1;
        REAL across = 0, own = 0;
        for (int j = first; j <= last; j++) {
            REAL s = scale(group, j, c, below, above, alpha, k);
            REAL r = dgroup[j] * shrink(s, beta);
            if (j == channel) own = r;
            across += r * group[j] / s;
        }
        dx[i] = own - 2 * alpha * beta * x[i] * across;
    }
}

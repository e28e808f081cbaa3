// Each weight and its velocity, as minialexnet.training.sgd has it; `decay` has the rate in it.
KERNEL sgd(const REAL* gradient, REAL* w, REAL* v, index count, REAL lr, REAL momentum,
           REAL decay) {
    EACH (i, count) {
        v[i] = momentum * v[i] - decay * w[i] - lr * gradient[i];
        w[i] += v[i];
    }
}

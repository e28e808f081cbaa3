KERNEL relu_backward(const REAL* dy, const REAL* y, REAL* dx, index count) {
    EACH (i, count) {
        dx[i] = dy[i] * (REAL)(y[i] > 0);
    }
}

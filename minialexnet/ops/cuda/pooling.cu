// Pictures lie channels-last, (N, H, W, C). Outside of a picture every pixel is minus infinity.

__device__ REAL pixel(const REAL* x, index picture, int row, int column, int channel, int h,
                      int w, int c) {
    bool inside = row >= 0 && row < h && column >= 0 && column < w;
    return inside ? x[((picture * h + row) * w + column) * c + channel] : -INFINITE;
}

// For each output: the maximum of its window. Not-a-number is larger than all.
KERNEL max_pool2d(const REAL* x, REAL* y, index count, int h, int w, int c, int oh, int ow,
                  int kh, int kw, int sh, int sw, int top, int left) {
    EACH (i, count) {
        index rest = i;
        int channel = rest % c;
        rest /= c;
        int column = rest % ow * sw - left;
        rest /= ow;
        int row = rest % oh * sh - top;
        index picture = rest / oh;
        REAL best = -INFINITE;
        for (int u = 0; u < kh; u++) {
            for (int v = 0; v < kw; v++) {
                REAL value = pixel(x, picture, row + u, column + v, channel, h, w, c);
                if (value > best || value != value) best = value;
            }
        }
        y[i] = best;
    }
}

// For each pixel: the sum of dy over the windows in which it is the first that equals the maximum.
KERNEL max_pool2d_backward(const REAL* dy, const REAL* x, const REAL* y, REAL* dx, index count,
                           int h, int w, int c, int oh, int ow, int kh, int kw, int sh, int sw,
                           int top, int left) {
    EACH (i, count) {
        index rest = i;
        int channel = rest % c;
        rest /= c;
        int column = rest % w + left;
        rest /= w;
        int row = rest % h + top;
        index picture = rest / h;
        REAL sum = 0;
        for (int u = row % sh; u < kh && u <= row; u += sh) {
            int window_row = (row - u) / sh;
            if (window_row >= oh) continue;
            for (int v = column % sw; v < kw && v <= column; v += sw) {
                int window_column = (column - v) / sw;
                if (window_column >= ow) continue;
                index output = ((picture * oh + window_row) * ow + window_column) * c + channel;
                REAL best = y[output];
                bool first = x[i] == best;
                for (int before = 0; first && before < u * kw + v; before++) {
                    first = pixel(x, picture, row - top - u + before / kw,
                                  column - left - v + before % kw, channel, h, w, c) != best;
                }
                if (first) sum += dy[output];
            }
        }
        dx[i] = sum;
    }
}

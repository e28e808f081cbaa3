// Outside of a picture every pixel is minus infinity.

__device__ REAL pixel(const REAL* x, index picture, int row, int column, int channel, int h,
                      int w, int c) {
    index at = (picture * h + row) * w + column;
    return inside(row, column, h, w) ? x[at * c + channel] : -INFINITE;
}

// For each output: the maximum of its window. Not-a-number is larger than all.
KERNEL max_pool2d(const REAL* x, REAL* y, index count, int h, int w, int c, int oh, int ow,
                  int kh, int kw, int sh, int sw, int top, int left) {
    EACH (i, count) {
        Place p = place(i, oh, ow, c);
        REAL best = -INFINITE;
        for (int u = 0; u < kh; u++) {
            for (int v = 0; v < kw; v++) {
                int row = p.row * sh + u - top, column = p.column * sw + v - left;
                REAL value = pixel(x, p.picture, row, column, p.channel, h, w, c);
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
        Place p = place(i, h, w, c);
        Range rows = windows(p.row + top, kh, sh, oh);
        Range columns = windows(p.column + left, kw, sw, ow);
        REAL sum = 0;
        for (int row = rows.last; row >= rows.first; row--) {
            for (int column = columns.last; column >= columns.first; column--) {
                index output = ((p.picture * oh + row) * ow + column) * c + p.channel;
                int begin_row = row * sh - top, begin_column = column * sw - left;
                int own = (p.row - begin_row) * kw + p.column - begin_column;
                bool first = x[i] == y[output];
                for (int before = 0; first && before < own; before++) {
                    REAL value = pixel(x, p.picture, begin_row + before / kw,
                                       begin_column + before % kw, p.channel, h, w, c);
                    first = value != y[output];
                }
                if (first) sum += dy[output];
            }
        }
        dx[i] = sum;
    }
}

// Pictures lie channels-last, (N, H, W, C); windows are (N, OH, OW, KH, KW, C).

// For each element of the windows: the pixel it is a copy of, or 0 in the padding.
KERNEL im2col(const REAL* x, REAL* cols, index count, int h, int w, int c, int oh, int ow,
              int kh, int kw, int sh, int sw, int top, int left) {
    EACH (i, count) {
        index rest = i;
        int channel = rest % c;
        rest /= c;
        int v = rest % kw;
        rest /= kw;
        int u = rest % kh;
        rest /= kh;
        int column = rest % ow * sw + v - left;
        rest /= ow;
        int row = rest % oh * sh + u - top;
        index picture = rest / oh;
        bool inside = row >= 0 && row < h && column >= 0 && column < w;
        cols[i] = inside ? x[((picture * h + row) * w + column) * c + channel] : (REAL)0;
    }
}

// For each pixel: the sum over all windows that hold it, in the order of its place in the window.
KERNEL col2im(const REAL* cols, REAL* x, index count, int h, int w, int c, int oh, int ow,
              int kh, int kw, int sh, int sw, int top, int left) {
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
                index window = (picture * oh + window_row) * ow + window_column;
                sum += cols[((window * kh + u) * kw + v) * c + channel];
            }
        }
        x[i] = sum;
    }
}

// Windows are (N, OH, OW, KH, KW, C).

// For each element of the windows: the pixel it is a copy of, or 0 in the padding.
KERNEL im2col(const REAL* x, REAL* cols, index count, int h, int w, int c, int oh, int ow,
              int kh, int kw, int sh, int sw, int top, int left) {
    EACH (i, count) {
        Place tap = place(i, kh, kw, c);  // its "picture" is a window
        Place window = place(tap.picture, oh, ow, 1);
        int row = window.row * sh + tap.row - top;
        int column = window.column * sw + tap.column - left;
        index pixel = (window.picture * h + row) * w + column;
        cols[i] = inside(row, column, h, w) ? x[pixel * c + tap.channel] : (REAL)0;
    }
}

// For each pixel: the sum over all windows that hold it, the last one first, as with arrays.
KERNEL col2im(const REAL* cols, REAL* x, index count, int h, int w, int c, int oh, int ow,
              int kh, int kw, int sh, int sw, int top, int left) {
    EACH (i, count) {
        Place p = place(i, h, w, c);
        Range rows = windows(p.row + top, kh, sh, oh);
        Range columns = windows(p.column + left, kw, sw, ow);
        REAL sum = 0;
        for (int row = rows.last; row >= rows.first; row--) {
            for (int column = columns.last; column >= columns.first; column--) {
                index window = (p.picture * oh + row) * ow + column;
                int u = p.row + top - row * sh, v = p.column + left - column * sw;
                sum += cols[((window * kh + u) * kw + v) * c + p.channel];
            }
        }
        x[i] = sum;
    }
}

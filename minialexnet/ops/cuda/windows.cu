// Pictures lie channels-last, (N, H, W, C); what is here says where things are in them.

struct Place {
    index picture;
    int row, column, channel;
};

// Where element i of (N, rows, columns, channels) lies.
__device__ Place place(index i, int rows, int columns, int channels) {
    index pixel = i / channels, line = pixel / columns;
    return {line / rows, (int)(line % rows), (int)(pixel % columns), (int)(i % channels)};
}

// Whether a pixel lies in the picture, not in its padding.
__device__ bool inside(int row, int column, int h, int w) {
    return row >= 0 && row < h && column >= 0 && column < w;
}

struct Range {
    int first, last;
};

// Which of `count` windows along one axis hold a position, counted with the padding before it.
__device__ Range windows(int position, int kernel, int stride, int count) {
    int first = position < kernel ? 0 : (position - kernel) / stride + 1;
    int last = position / stride;
    return {first, last < count ? last : count - 1};
}

// Each value of each picture, less the mean at its place, times the scale.
KERNEL to_network_input(const unsigned char* pixels, const REAL* mean, REAL* x, index count,
                        int picture, REAL scale) {
    EACH (i, count) {
        x[i] = (pixels[i] - mean[i % picture]) * scale;
    }
}

// The same with a colour of its own added to each picture.
KERNEL to_network_input_shifted(const unsigned char* pixels, const REAL* mean, const REAL* shift,
                                REAL* x, index count, int picture, REAL scale) {
    EACH (i, count) {
        REAL centre = mean[i % picture] - shift[i / picture * 3 + i % 3];
        x[i] = (pixels[i] - centre) * scale;
    }
}

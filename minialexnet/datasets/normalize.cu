// Each value of each picture, less the mean at its place and with its colour added, times the scale.
KERNEL to_network_input(const unsigned char* pixels, const REAL* mean, const REAL* shift, REAL* x,
                        index count, int picture, REAL scale) {
    EACH (i, count) {
        REAL centre = mean[i % picture] - shift[i / picture * 3 + i % 3];
        x[i] = (pixels[i] - centre) * scale;
    }
}

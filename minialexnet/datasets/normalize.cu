// Each value of each picture, less the mean at its place, times the scale.
KERNEL to_network_input(const unsigned char* pixels, const REAL* mean, REAL* x, index count,
                        int picture, REAL scale) {
    EACH (i, count) {
        x[i] = (pixels[i] - mean[i % picture]) * scale;
    }
}

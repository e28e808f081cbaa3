// Each number from its place alone, as minialexnet.backend.random has it: SplitMix64, two at a time.
KERNEL uniform_stream(REAL* numbers, index count, unsigned long long start) {
    EACH (i, count) {
        unsigned long long z = start + (i / 2 + 1) * 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        z ^= z >> 31;
        unsigned int half = (unsigned int)(i % 2 ? z >> 32 : z);
        numbers[i] = (half >> 8) * (REAL)5.9604644775390625e-8;  // 2^-24
    }
}

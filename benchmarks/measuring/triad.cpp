// A triad, as in the STREAM benchmark: what a half step of DualMM moves through memory, without its arithmetic. `out`
// may be `second`.

extern "C" void triad(const float *first, const float *second, float *out, long values)
{
    #pragma omp parallel for schedule(static)
    for (long i = 0; i < values; ++i)
        out[i] = first[i] - 0.5f * second[i];
}

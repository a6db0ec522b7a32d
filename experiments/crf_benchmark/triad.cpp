// What a half step of DualMM moves through memory, without its arithmetic: read the costs, read and write what is
// withheld.

extern "C" void triad(const float *unary, float *withheld, long values)
{
    #pragma omp parallel for schedule(static)
    for (long i = 0; i < values; ++i)
        withheld[i] = unary[i] - 0.5f * withheld[i];
}

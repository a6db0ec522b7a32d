// A vector of LANES floats, one for each of LANES neighbouring chains.
//
// Included once for each instruction set, inside a namespace of its own (see instruction_sets.hpp), hence no
// include guard. The arithmetic is GCC's vector extension, which every target understands; only the
// transposition names instructions.

typedef float Lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t LabelLanes __attribute__((vector_size(4 * LANES)));

ALWAYS_INLINE Lanes minimum(Lanes a, Lanes b) { return a < b ? a : b; }

ALWAYS_INLINE Lanes broadcast(float value) { return Lanes{} + value; }

ALWAYS_INLINE Lanes load(const float *from)
{
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

ALWAYS_INLINE void store(float *to, Lanes lanes) { std::memcpy(to, &lanes, sizeof lanes); }

// The first `count` lanes from memory, zero in the others.
ALWAYS_INLINE Lanes load_first(const float *from, long count)
{
    if (count == LANES)
        return load(from);
    Lanes lanes = {};
    for (long lane = 0; lane < count; ++lane)
        lanes[lane] = from[lane];
    return lanes;
}

template <class Value, class Vector>
ALWAYS_INLINE void store_first(Value *to, Vector lanes, long count)
{
    if (count == LANES)
        std::memcpy(to, &lanes, sizeof lanes);
    else
        for (long lane = 0; lane < count; ++lane)
            to[lane] = lanes[lane];
}

// rows[i][j] <-> rows[j][i], in registers.
#if LANES == 16
ALWAYS_INLINE void transpose(Lanes rows[LANES])
{
    __m512 pairs[16], quads[16];
    for (int i = 0; i < 16; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int half = 0; half < 2; ++half) {
            const __m512d top = _mm512_castps_pd(pairs[i + half]);
            const __m512d bottom = _mm512_castps_pd(pairs[i + half + 2]);
            quads[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(top, bottom));
            quads[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(top, bottom));
        }
    // quads[4 g + c] holds in its 128-bit part p the column 4 p + c of rows 4 g to 4 g + 3.
    for (int c = 0; c < 4; ++c) {
        const __m512 even01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x88);
        const __m512 odd01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xdd);
        const __m512 even23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x88);
        const __m512 odd23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xdd);
        rows[c] = _mm512_shuffle_f32x4(even01, even23, 0x88);
        rows[4 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
        rows[8 + c] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
        rows[12 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
    }
}
#elif LANES == 8
ALWAYS_INLINE void transpose(Lanes rows[LANES])
{
    __m256 quads[8];
    for (int i = 0; i < 8; i += 4) {
        const __m256 low01 = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        const __m256 high01 = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        const __m256 low23 = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
        const __m256 high23 = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);
        quads[i] = _mm256_shuffle_ps(low01, low23, 0x44);
        quads[i + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
        quads[i + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
        quads[i + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
    }
    for (int c = 0; c < 4; ++c) {
        rows[c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x20);
        rows[4 + c] = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x31);
    }
}
#else
ALWAYS_INLINE void transpose(Lanes rows[LANES])
{
    for (int i = 0; i < LANES; ++i)
        for (int j = 0; j < i; ++j) {
            const float below = rows[i][j];
            rows[i][j] = rows[j][i];
            rows[j][i] = below;
        }
}
#endif

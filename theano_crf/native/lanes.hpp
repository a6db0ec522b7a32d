// A vector of LANES floats, one for each of LANES neighbouring chains.
//
// Included for one instruction set, inside a namespace of its own (see instruction_sets.hpp), hence no
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

// Loads the first `count` lanes; the others are zero.
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

// Stores the lanes `first` to the last where they belong behind `to`.
ALWAYS_INLINE void store_from(float *to, Lanes lanes, long first)
{
#if LANES == 16
    _mm512_mask_storeu_ps(to, __mmask16(0xffff << first), reinterpret_cast<__m512>(lanes));
#elif LANES == 8
    const LabelLanes lane = {0, 1, 2, 3, 4, 5, 6, 7};
    _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(lane >= int32_t(first)), reinterpret_cast<__m256>(lanes));
#else
    for (long lane = first; lane < LANES; ++lane)
        to[lane] = lanes[lane];
#endif
}

// Stores the lanes before `end`.
ALWAYS_INLINE void store_before(float *to, Lanes lanes, long end)
{
#if LANES == 16
    _mm512_mask_storeu_ps(to, __mmask16((1 << end) - 1), reinterpret_cast<__m512>(lanes));
#elif LANES == 8
    const LabelLanes lane = {0, 1, 2, 3, 4, 5, 6, 7};
    _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(lane < int32_t(end)), reinterpret_cast<__m256>(lanes));
#else
    for (long lane = 0; lane < end; ++lane)
        to[lane] = lanes[lane];
#endif
}

// Calls action(i) for i below `count`, at most LANES. Unrolled: vectors that i chooses from an array stay in registers.
template <class Action>
ALWAYS_INLINE void for_first(long count, Action action)
{
    if (count == LANES) {
        #pragma GCC unroll 16
        for (long i = 0; i < LANES; ++i)
            action(i);
        return;
    }
    #pragma GCC unroll 16
    for (long i = 0; i < LANES; ++i)
        if (i < count)
            action(i);
}

// The lanes `by` to the last of `low`, then the first of `high`.
ALWAYS_INLINE Lanes shifted(Lanes low, Lanes high, long by)
{
#if LANES == 16
    const LabelLanes lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return __builtin_shuffle(low, high, lane + int32_t(by));
#elif LANES == 8
    const LabelLanes lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return __builtin_shuffle(low, high, lane + int32_t(by));
#else
    float both[2 * LANES];
    store(both, low);
    store(both + LANES, high);
    return load(both + by);
#endif
}

ALWAYS_INLINE bool all_of(LabelLanes lanes)
{
    bool all = true;
    for (long lane = 0; lane < LANES; ++lane)
        all = all && lanes[lane];
    return all;
}

// columns[j][i] = rows[i * pitch + j]. Quarters of vectors are combined while they are loaded, which takes no shuffle.
#if LANES == 16
ALWAYS_INLINE void load_transposed(const float *rows, long pitch, Lanes columns[LANES])
{
    #pragma GCC unroll 4
    for (int quarter = 0; quarter < 4; ++quarter) {
        __m512 mixed[4];  // [i]: quarters of the rows i, i + 4, i + 8, i + 12
        for (int i = 0; i < 4; ++i) {
            const float *from = rows + i * pitch + 4 * quarter;
            mixed[i] = _mm512_broadcast_f32x4(_mm_loadu_ps(from));
            mixed[i] = _mm512_mask_broadcast_f32x4(mixed[i], 0x00f0, _mm_loadu_ps(from + 4 * pitch));
            mixed[i] = _mm512_mask_broadcast_f32x4(mixed[i], 0x0f00, _mm_loadu_ps(from + 8 * pitch));
            mixed[i] = _mm512_mask_broadcast_f32x4(mixed[i], 0xf000, _mm_loadu_ps(from + 12 * pitch));
        }
        const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(mixed[0], mixed[1]));
        const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(mixed[2], mixed[3]));
        const __m512d high01 = _mm512_castps_pd(_mm512_unpackhi_ps(mixed[0], mixed[1]));
        const __m512d high23 = _mm512_castps_pd(_mm512_unpackhi_ps(mixed[2], mixed[3]));
        columns[4 * quarter] = _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23));
        columns[4 * quarter + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23));
        columns[4 * quarter + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23));
        columns[4 * quarter + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23));
    }
}
#elif LANES == 8
ALWAYS_INLINE void load_transposed(const float *rows, long pitch, Lanes columns[LANES])
{
    #pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
        __m256 mixed[4];  // [i]: halves of the rows i and i + 4
        for (int i = 0; i < 4; ++i) {
            const float *from = rows + i * pitch + 4 * half;
            mixed[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)),
                                            _mm_loadu_ps(from + 4 * pitch), 1);
        }
        const __m256 low01 = _mm256_unpacklo_ps(mixed[0], mixed[1]), high01 = _mm256_unpackhi_ps(mixed[0], mixed[1]);
        const __m256 low23 = _mm256_unpacklo_ps(mixed[2], mixed[3]), high23 = _mm256_unpackhi_ps(mixed[2], mixed[3]);
        columns[4 * half] = _mm256_shuffle_ps(low01, low23, 0x44);
        columns[4 * half + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
        columns[4 * half + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
        columns[4 * half + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
    }
}
#else
ALWAYS_INLINE void load_transposed(const float *rows, long pitch, Lanes columns[LANES])
{
    for (int i = 0; i < LANES; ++i)
        for (int j = 0; j < LANES; ++j)
            columns[j][i] = rows[i * pitch + j];
}
#endif

ALWAYS_INLINE LabelLanes lane_numbers()
{
    LabelLanes lane;
    for (int32_t i = 0; i < LANES; ++i)
        lane[i] = i;
    return lane;
}

// The same of LANES / SIZE rows, each of as many groups of SIZE lanes: group i of columns[j] is group j of row i.
template <int SIZE>
ALWAYS_INLINE void load_transposed_groups(const float *rows, long pitch, Lanes *columns)
{
    if (SIZE == 1) {
        load_transposed(rows, pitch, columns);
        return;
    }
    const int groups = LANES / SIZE;
    const LabelLanes lane = lane_numbers();
    for (int i = 0; i < groups; ++i)
        columns[i] = load(rows + i * pitch);
    for (int apart = groups / 2; apart > 0; apart /= 2) {  // pairs of vectors swap half of their groups
        const LabelLanes odd = (lane & (apart * SIZE)) != 0;
        const LabelLanes to_first = lane + (odd & (LANES - apart * SIZE));
        const LabelLanes to_second = lane + ((odd & LANES) | (~odd & (apart * SIZE)));
        for (int i = 0; i < groups; ++i)
            if (!(i & apart)) {
                const Lanes first = columns[i], second = columns[i + apart];
                columns[i] = __builtin_shuffle(first, second, to_first);
                columns[i + apart] = __builtin_shuffle(first, second, to_second);
            }
    }
}

// rows[i][j] <-> rows[j][i]
ALWAYS_INLINE void transpose(Lanes rows[LANES])
{
    Lanes columns[LANES];
    load_transposed(reinterpret_cast<const float *>(rows), LANES, columns);
    std::copy(columns, columns + LANES, rows);
}

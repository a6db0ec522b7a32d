// The rows of a volume from any column on, where a step leaves what rests.
//
// Included for one instruction set (see instruction_sets.hpp).

// LANES columns of a row: lanes `offset` to the last of `low`, then the first of `high`; both begin with label 0.
struct RowOfLanes {
    float *low, *high;
    long offset;

    ALWAYS_INLINE void ask_for(long k) const
    {
        __builtin_prefetch(low + k * LANES, 1, 2);
        __builtin_prefetch(high + k * LANES, 1, 2);
    }
    ALWAYS_INLINE Lanes read(long k) const
    {
        return offset == 0 ? load(low + k * LANES) : shifted(load(low + k * LANES), load(high + k * LANES), offset);
    }
    // Writes one label's values, or adds them to those that are there.
    ALWAYS_INLINE void write(long k, Lanes values, bool adds) const
    {
        float *const first = low + k * LANES, *const then = high + k * LANES;
        if (offset == 0) {
            store(first, adds ? load(first) + values : values);
            return;
        }
        const Lanes rotated = shifted(values, values, LANES - offset);
        store_from(first, adds ? load(first) + rotated : rotated, offset);
        store_before(then, adds ? load(then) + rotated : rotated, offset);
    }
};

// A volume whose strips may be sheared: what rests, or what a direction withholds.
struct ShearedVolume {
    const Chains *chains;  // that shear the strips, or null
    float *start;
    long strips, tile_bits;                                  // a tile has 2^tile_bits nodes
    long node_pitch, tile_pitch, strip_pitch, image_pitch;  // floats to the next
    bool adds;                                               // what a step leaves is added to what is there

    // Row y from column x of the padded image on.
    ALWAYS_INLINE RowOfLanes row(long image, long y, long x) const
    {
        long node = y;
        if (chains) {
            node = chains->node_at(y);
            x -= chains->shifts[node];
            x += x < 0 ? strips * LANES : 0;
        }
        const long strip = x / LANES, next = strip + 1 < strips ? strip + 1 : 0;
        float *const first = start + image * image_pitch + (node >> tile_bits) * tile_pitch +
                             (node & ((1L << tile_bits) - 1)) * node_pitch;
        return {first + strip * strip_pitch, first + next * strip_pitch, x % LANES};
    }
};

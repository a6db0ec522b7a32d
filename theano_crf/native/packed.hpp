// The volumes in the solver's own order, which suits the blocks of chains that are solved in cache.
//
// Included for one instruction set (see instruction_sets.hpp).
//
// A volume is cut into tiles of LANES rows and LANES columns, each dense in memory: [y][label][LANES columns]. A band,
// which is a row of tiles, is one block of row chains; a strip, a column of tiles, is one block of column chains. Both
// are solved where they lie, a band's tiles transposed meanwhile to [x][label][LANES rows], so the cache holds a block
// only once. In the order (N, K, H, W) every node of a column would lie in another page of memory, and the address
// translation, not the bandwidth, would set the speed. The columns past the image's last are chains of zero cost; the
// rows past its last are not used.

struct Packed {
    long images, labels, height, width, strips, bands;
    long pitch;           // tiles from a band to the next; odd, since a strip's would else share few sets of the cache
    float *unary;         // [image][band][pitch][LANES][label][LANES], with the margin if there is one
    float *costs;         // in the same order, the next half step's costs: unary less the other direction's withheld
    float *column_edges;  // [image][strip][y][LANES], to the node below
    float *row_edges;     // [image][band][x][LANES], to the node on the right; a band is LANES rows
    float *previous, *spare;  // in the order of costs, for one image and late iterations only

    explicit Packed(const Grid &grid, float *workspace = nullptr)
        : images(grid.images), labels(grid.labels), height(grid.height), width(grid.width),
          strips((grid.width + LANES - 1) / LANES), bands((grid.height + LANES - 1) / LANES),
          pitch(strips | 1)
    {
        const uintptr_t line = sizeof(Lanes), start = reinterpret_cast<uintptr_t>(workspace);
        unary = reinterpret_cast<float *>((start + line - 1) / line * line);
        costs = unary + volume();
        column_edges = costs + volume();
        row_edges = column_edges + column_edge_count();
        previous = row_edges + row_edge_count();
        spare = previous + volume() / images;
    }

    // One image of the volumes.
    Packed of_image(long image) const
    {
        Packed one = *this;
        one.images = 1;
        one.unary += image * one.volume();
        one.costs += image * one.volume();
        one.column_edges += image * one.column_edge_count();
        one.row_edges += image * one.row_edge_count();
        return one;
    }

    long tile_size() const { return LANES * labels * LANES; }
    long volume() const { return images * bands * pitch * tile_size(); }
    long column_edge_count() const { return images * strips * height * LANES; }
    long row_edge_count() const { return images * bands * width * LANES; }

    // Floats of workspace; LANES more leave room to align them.
    long size(bool late = false) const
    {
        return 2 * volume() + column_edge_count() + row_edge_count() + LANES + (late ? 2 * volume() / images : 0);
    }

    // Offset of node (y, first column of the strip), label 0, in a volume.
    long node(long image, long strip, long y) const
    {
        return ((image * bands + y / LANES) * pitch + strip) * tile_size() + y % LANES * labels * LANES;
    }
};

inline void unpack_row(const Packed &packed, long image, long y, const float *volume, float *row, long pitch)
{
    for (long k = 0; k < packed.labels; ++k)
        for (long x = 0; x < packed.width; x += LANES)
            store_first(row + k * pitch + x, load(volume + packed.node(image, x / LANES, y) + k * LANES),
                        std::min<long>(LANES, packed.width - x));
}

// costs = unary - costs: turns withheld costs into those of the next half step, and back.
inline void take_row_from_unary(const Packed &packed, long image, long y)
{
    for (long strip = 0; strip < packed.strips; ++strip) {
        const long start = packed.node(image, strip, y);
        for (long i = start; i < start + packed.labels * LANES; i += LANES)
            store(packed.costs + i, load(packed.unary + i) - load(packed.costs + i));
    }
}

// Copies both directions' edges from the pixels of one band. False if a weight is negative, not finite or too large.
inline bool pack_edges(const Grid &grid, const Packed &packed, long image, long band)
{
    const Lanes most = broadcast(LARGEST_COST);
    LabelLanes allowed = ~LabelLanes{};  // all bits set
    const auto edges = [&](const float *weights, long count) {
        const Lanes lanes = load_first(weights, count);
        allowed &= (lanes >= Lanes{}) & (lanes <= most);  // false where a value is NaN
        return lanes;
    };
    const long first = band * LANES, rows = std::min<long>(LANES, grid.height - first);
    float *right_edges = packed.row_edges + (image * packed.bands + band) * grid.width * LANES;
    for (long strip = 0; strip < packed.strips; ++strip) {
        const long x = strip * LANES, columns = std::min<long>(LANES, grid.width - x);
        float *down_edges = packed.column_edges + ((image * packed.strips + strip) * grid.height + first) * LANES;
        Lanes tile[LANES];
        for (long i = 0; i < LANES; ++i) {
            const float *right = grid.weights + image * grid.weights_n + (first + i) * grid.weights_y + x;
            tile[i] = Lanes{};
            if (i < rows) {
                tile[i] = edges(right, std::min(columns, grid.width - 1 - x));
                const long down = first + i + 1 < grid.height ? columns : 0;
                store(down_edges + i * LANES, edges(right + grid.weights_c, down));
            }
        }
        transpose(tile);
        for (long i = 0; i < columns; ++i)
            store(right_edges + (x + i) * LANES, tile[i]);
    }
    return all_of(allowed);
}

// Copies everything of the problem that belongs to one band.
inline Status pack_band(const Grid &grid, const Packed &packed, long image, long band)
{
    Status status = SOLVED;
    for (long y = band * LANES; y < std::min<long>((band + 1) * LANES, grid.height); ++y) {
        const float *row = grid.unary + image * grid.unary_n + y * grid.unary_y;
        if (!pack_row(row, grid.unary_k, packed, image, y, packed.unary))
            status = UNARY_INVALID;
        if (grid.truth)
            add_margin_to_row(grid, packed, image, y, packed.unary);
    }
    return pack_edges(grid, packed, image, band) ? status : WEIGHTS_INVALID;
}

inline Status pack(const Grid &grid, const Packed &packed)
{
    std::atomic<int> status(SOLVED);
    #pragma omp parallel for
    for (long task = 0; task < packed.images * packed.bands; ++task) {
        const Status packing = pack_band(grid, packed, task / packed.bands, task % packed.bands);
        if (packing != SOLVED)
            status = packing;
    }
    return Status(status.load());
}

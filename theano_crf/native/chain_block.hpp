// A block of LANES neighbouring chains in cache: the costs come in, what the direction withholds goes out.
//
// Included once for each instruction set (see instruction_sets.hpp). A column block needs no transposition,
// since neighbouring columns are neighbours in memory; a row block is transposed tile by tile in registers.

struct Block {
    long length;  // nodes of a chain
    long labels;
    long lanes;     // chains in use, at most LANES
    Lanes *cost;    // [length][labels], the costs and what has flowed in so far
    Lanes *sums;    // [length][labels], see minorant.hpp
    Lanes *edge;    // [length], weight of the edge to the next node; the last is unused
    Lanes *least;   // [length], minimum over the labels
    Lanes *scratch;  // [labels]

    Lanes *cost_at(long node) const { return cost + node * labels; }
    Lanes *sums_at(long node) const { return sums + node * labels; }

    static size_t bytes(long length, long labels)
    {
        return sizeof(Lanes) * (2 * length * labels + 2 * length + labels);
    }

    void carve(void *memory, long length_, long labels_)
    {
        length = length_;
        labels = labels_;
        cost = static_cast<Lanes *>(memory);
        sums = cost + length * labels;
        edge = sums + length * labels;
        least = edge + length;
        scratch = least + length;
    }
};

// Where the chains of one block lie in the (N, K, H, W) volumes.
template <Direction direction>
struct Place {
    const Grid &grid;
    long image, first;  // first: the first chain's row or column

    long length() const { return direction == ROWS ? grid.width : grid.height; }
    long chains() const { return direction == ROWS ? grid.height : grid.width; }

    const float *unary() const
    {
        return grid.unary + image * grid.unary_n + (direction == ROWS ? first * grid.unary_y : first);
    }
    const float *weights() const
    {
        return grid.weights + image * grid.weights_n + direction * grid.weights_c +
               (direction == ROWS ? first * grid.weights_y : first);
    }
    // Offset in a dense volume of `planes` planes an image.
    long dense(long planes) const
    {
        return image * planes * grid.pixels() + (direction == ROWS ? first * grid.width : first);
    }
};

// Minuend less subtrahend for LANES nodes from `node` on of each chain of a row block; rows are `pitch` apart.
ALWAYS_INLINE void read_tile(const float *minuend, long pitch, const float *subtrahend, long dense_pitch,
                             long lanes, long count, Lanes tile[LANES])
{
    for (long lane = 0; lane < LANES; ++lane) {
        tile[lane] = Lanes{};
        if (lane < lanes) {
            tile[lane] = load_first(minuend + lane * pitch, count);
            if (subtrahend)
                tile[lane] -= load_first(subtrahend + lane * dense_pitch, count);
        }
    }
    transpose(tile);
}

// cost = unary - withheld (null: zero), and the edge weights.
inline void read_block(const Place<COLUMNS> &place, const float *withheld, Block &block)
{
    const Grid &grid = place.grid;
    const float *unary = place.unary(), *weights = place.weights();
    if (withheld)
        withheld += place.dense(grid.labels);
    for (long node = 0; node < block.length; ++node) {
        Lanes *cost = block.cost_at(node);
        for (long k = 0; k < block.labels; ++k) {
            cost[k] = load_first(unary + k * grid.unary_k + node * grid.unary_y, block.lanes);
            if (withheld)
                cost[k] -= load_first(withheld + k * grid.pixels() + node * grid.width, block.lanes);
        }
        block.edge[node] = load_first(weights + node * grid.weights_y, block.lanes);
    }
}

inline void read_block(const Place<ROWS> &place, const float *withheld, Block &block)
{
    const Grid &grid = place.grid;
    const float *unary = place.unary(), *weights = place.weights();
    Lanes tile[LANES];
    if (withheld)
        withheld += place.dense(grid.labels);
    for (long node = 0; node < block.length; node += LANES) {
        const long count = std::min<long>(LANES, block.length - node);
        for (long k = 0; k < block.labels; ++k) {
            read_tile(unary + k * grid.unary_k + node, grid.unary_y,
                      withheld ? withheld + k * grid.pixels() + node : nullptr, grid.width, block.lanes, count,
                      tile);
            for (long i = 0; i < count; ++i)
                block.cost_at(node + i)[k] = tile[i];
        }
        read_tile(weights + node, grid.weights_y, nullptr, 0, block.lanes, count, tile);
        for (long i = 0; i < count; ++i)
            block.edge[node + i] = tile[i];
    }
}

// The loss augmentation. -margin * [k != truth] equals +margin * [k == truth] up to a constant, which
// margin_constant() accounts for, so one label a pixel is touched instead of all.
template <Direction direction>
inline void add_margin(const Place<direction> &place, Block &block)
{
    const Grid &grid = place.grid;
    const int32_t *truth = grid.truth + place.dense(1);
    const long along = direction == ROWS ? 1 : grid.width, across = direction == ROWS ? grid.width : 1;
    for (long node = 0; node < block.length; ++node)
        for (long lane = 0; lane < block.lanes; ++lane) {
            const int32_t label = truth[node * along + lane * across];
            if (label != grid.void_label)
                reinterpret_cast<float *>(block.cost_at(node) + label)[lane] += grid.margin;
        }
}

inline bool all_finite(const Block &block)
{
    Lanes zero = {};
    for (long entry = 0; entry < block.length * block.labels; ++entry)
        zero += block.cost[entry] - block.cost[entry];  // NaN where the entry is not finite
    for (long lane = 0; lane < LANES; ++lane)
        if (!(zero[lane] == 0))
            return false;
    return true;
}

inline bool edges_valid(const Block &block)
{
    for (long node = 0; node + 1 < block.length; ++node)
        for (long lane = 0; lane < LANES; ++lane)
            if (!(block.edge[node][lane] >= 0 && block.edge[node][lane] <= std::numeric_limits<float>::max()))
                return false;
    return true;
}

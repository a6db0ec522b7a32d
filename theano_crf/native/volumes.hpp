// The volumes of the solver for any neighbourhood: what rests of the unary costs, and what each direction withholds.
//
// Included for one instruction set (see instruction_sets.hpp).
//
// The rest is stored [image][strip][y][label][LANES columns], a strip being LANES columns, padded with zeros. What a
// direction withholds has its chains' own order, [image][block][node][label][LANES chains], so a block is solved where
// it lies. A block of columns is a strip, sheared; a block of rows is a band of LANES rows, or of fewer where chains of
// a row lie side by side. What rows in order withhold is stored [image][band][strip][y][label][LANES columns], and the
// tile of a band and a strip is transposed while its block is solved.

struct Volumes {
    long images, labels, height, width, directions;
    long padded_height, padded_width;  // multiples of MOST_LANES, for all instruction sets alike
    long strips;
    long pitch;       // rows from a strip to the next; an odd number of tiles, since strips would else share few sets
                      // of the cache
    float *rest;
    float *withheld;  // [direction]
    float *edges;     // [direction][image][block][node][LANES], to the next node

    explicit Volumes(const Grid &grid, float *workspace = nullptr)
        : images(grid.images), labels(grid.labels), height(grid.height), width(grid.width),
          directions(grid.directions), padded_height(padded(height)), padded_width(padded(width)),
          strips(padded_width / LANES),
          pitch((padded_height / CRF_MOST_LANES | 1) * CRF_MOST_LANES)
    {
        const uintptr_t line = sizeof(Lanes), start = reinterpret_cast<uintptr_t>(workspace);
        rest = reinterpret_cast<float *>((start + line - 1) / line * line);
        withheld = rest + rest_size();
        edges = withheld + directions * volume();
    }

    // Floats of workspace; LANES more leave room to align them.
    long size() const { return rest_size() + directions * (volume() + edge_count()) + LANES; }

    // Offset of node (y, first column of the strip), label 0, in the rest.
    long node(long image, long strip, long y) const
    {
        return ((image * strips + strip) * pitch + y) * labels * LANES;
    }

    long blocks(const Chains &chains) const
    {
        return chains.rows ? (height + chains.block_height - 1) / chains.block_height : strips;
    }

    float *withheld_of(const Chains &chains, long d, long image, long block) const
    {
        const long nodes = chains.rows ? padded_width / chains.side_by_side : chains.nodes();
        return withheld + d * volume() + (image * blocks(chains) + block) * nodes * labels * LANES;
    }
    float *edges_of(const Chains &chains, long d, long image, long block) const
    {
        return edges + d * edge_count() + (image * blocks(chains) + block) * chains.nodes() * LANES;
    }

    ShearedVolume what_rests() const
    {
        const long node = labels * LANES;
        return {nullptr, rest, strips, bits(LANES), node, LANES * node, pitch * node, strips * pitch * node, false};
    }
    // Costs of direction d's next step: what rests is added to those that the direction withholds.
    ShearedVolume costs_of(const Chains &chains, long d) const
    {
        const long node = labels * LANES, rows = chains.rows ? chains.block_height : LANES, tile = rows * node;
        float *const start = withheld_of(chains, d, 0, 0);
        if (chains.rows)
            return {nullptr, start, strips, bits(rows), node, strips * tile, tile,
                    blocks(chains) * strips * tile, true};
        return {&chains, start, strips, bits(rows), node, tile, chains.nodes() * node,
                strips * chains.nodes() * node, true};
    }

private:
    static long bits(long power) { return __builtin_ctzl(power); }
    static long padded(long length) { return (length + CRF_MOST_LANES - 1) / CRF_MOST_LANES * CRF_MOST_LANES; }
    long edge_count() const { return images * padded_height * padded_width; }
    long volume() const { return edge_count() * labels; }
    long rest_size() const { return images * strips * pitch * labels * LANES; }
};

// Copies the weights of one block of direction d in the order of its chains. Finds weights that are negative, not
// finite or too large, or too large with the largest compatibility.
inline Status pack_edges(const Grid &grid, const Volumes &volumes, const Chains &chains, long d, long image,
                         long block)
{
    float *edges = volumes.edges_of(chains, d, image, block);
    float largest = 0;
    bool valid = true;
    for (long node = 0; node < chains.nodes(); ++node) {
        long y = chains.rows ? block * chains.block_height : chains.places[node];
        const long x_end = chains.rows ? chains.places[node] + chains.side_by_side : volumes.padded_width;
        long x = chains.rows ? chains.places[node] : (block * LANES + chains.shifts[node]) % volumes.padded_width;
        for (long lane = 0; lane < LANES; ++lane) {
            float weight = 0;
            if (y < grid.height && grid.has_edge(d, y, x)) {
                weight = grid.weights_row(image, d, y)[x];
                valid = valid && weight >= 0;  // false if it is NaN
                largest = std::max(largest, weight);
            }
            edges[node * LANES + lane] = weight;
            if (++x < x_end)
                continue;
            x = chains.rows ? chains.places[node] : 0;
            y += chains.rows;
        }
    }
    if (!valid || largest > LARGEST_COST)
        return WEIGHTS_INVALID;
    if (!grid.compatibility)
        return SOLVED;
    const float *mu = grid.compatibility + d * grid.labels * grid.labels;
    return largest * *std::max_element(mu, mu + grid.labels * grid.labels) <= LARGEST_COST ? SOLVED : EDGES_INVALID;
}

inline Status pack_unary(const Grid &grid, const Volumes &volumes, long image, long y)
{
    if (y >= grid.height) {
        for (long strip = 0; strip < volumes.strips; ++strip)
            std::fill_n(volumes.rest + volumes.node(image, strip, y), volumes.labels * LANES, 0.f);
        return SOLVED;
    }
    const float *row = grid.unary + image * grid.unary_n + y * grid.unary_y;
    const bool valid = pack_row(row, grid.unary_k, volumes, image, y, volumes.rest);
    if (grid.truth)
        add_margin_to_row(grid, volumes, image, y, volumes.rest);
    return valid ? SOLVED : UNARY_INVALID;
}

inline Status pack(const Grid &grid, const Volumes &volumes, const std::vector<Chains> &directions)
{
    std::atomic<int> status(SOLVED);
    const auto note = [&](Status found) {
        if (found != SOLVED)
            status = found;
    };
    #pragma omp parallel
    {
        #pragma omp for
        for (long task = 0; task < grid.images * volumes.pitch; ++task)
            note(pack_unary(grid, volumes, task / volumes.pitch, task % volumes.pitch));
        for (long d = 0; d < grid.directions; ++d) {
            const long blocks = volumes.blocks(directions[d]);
            #pragma omp for nowait
            for (long task = 0; task < grid.images * blocks; ++task)
                note(pack_edges(grid, volumes, directions[d], d, task / blocks, task % blocks));
        }
    }
    return Status(status.load());
}

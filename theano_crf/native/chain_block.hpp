// A block of LANES neighbouring chains in cache, from reading its costs to writing those of the other direction.
//
// Included for one instruction set (see instruction_sets.hpp).

const long NODES_AHEAD = 8;  // the distance over which the costs of a column are prefetched

struct Potts;

struct Block {
    long length;  // nodes of a chain
    long labels;
    long lanes;         // chains in use, at most LANES
    const Lanes *edge;  // [length], weight of the edge to the next node; the last is unused
    Lanes *cost;        // [length][labels], the costs with the flows that came in so far; see cost_at
    long tile_pitch;    // vectors from the costs of LANES nodes to those of the next LANES
    bool far;           // the costs are not in the cache yet when they are first read
    Lanes *sums;        // [length][labels], sums of cost and incoming message, where those of all nodes are needed
    Lanes *least;       // [length], minimum of sums over the labels
    Lanes *own_edges;   // [length], edges that are not stored in this order anywhere else
    Lanes *passing[2][2];  // [labels] each, sums that only the next node needs: [direction][even or odd node]
    Lanes *no_flow;        // [labels], zeros
    Lanes *top;            // the end of the stack, see push
    typedef Potts Model;   // how messages and flows are computed, see minorant.hpp

    // `memory` limits the length of the chains, see bytes.
    Block(void *memory, long labels_) : labels(labels_), memory_(static_cast<Lanes *>(memory)) {}

    static size_t bytes(long length, long labels)
    {
        return sizeof(Lanes) * (2 * length * labels + 2 * length + (5 + stack_size(length)) * labels);
    }

    // Null `edges` or `costs`: the caller writes them to the block's own memory. `costs_pitch` is in floats.
    void shape(long length_, long lanes_, const float *edges, float *costs = nullptr, long costs_pitch = 0)
    {
        length = length_;
        lanes = lanes_;
        for (int i = 0; i < 4; ++i)
            passing[i / 2][i % 2] = memory_ + i * labels;
        no_flow = memory_ + 4 * labels;
        std::fill(no_flow, no_flow + labels, Lanes{});
        top = no_flow + labels;
        Lanes *const own_cost = top + stack_size(length) * labels;
        cost = costs ? reinterpret_cast<Lanes *>(costs) : own_cost;
        far = false;
        tile_pitch = costs ? costs_pitch / LANES : LANES * labels;
        least = own_cost + length * labels;
        own_edges = least + length;
        sums = own_edges + length;
        edge = edges ? reinterpret_cast<const Lanes *>(edges) : own_edges;
    }

    // Room for [labels] more on the stack, freed by setting `top` back.
    Lanes *push()
    {
        Lanes *const room = top;
        top += labels;
        return room;
    }

    float &entry(long node, long label, long lane) const
    {
        return reinterpret_cast<float *>(cost_at(node) + label)[lane];
    }
    Lanes *cost_at(unsigned long node) const { return cost + node / LANES * tile_pitch + node % LANES * labels; }
    Lanes *sums_at(long node) const { return sums + node * labels; }

    // Prefetches the costs of a node.
    ALWAYS_INLINE void ask_for(long node, long labels_) const
    {
        if (far && node >= 0 && node < length)
            for (long k = 0; k < labels_; ++k)
                __builtin_prefetch(cost_at(node) + k, 0, 2);
    }

private:
    Lanes *memory_;

    // With d halvings of the chain, its ends have two trails of at most d sums, and the i-th cut on the way down has at
    // most three arrays for its flow and two trails of at most d - i sums. In all less than (d + 2) * (d + 2).
    static long stack_size(long length)
    {
        long halvings = 0;
        while (length >> halvings)
            ++halvings;
        return (halvings + 2) * (halvings + 2);
    }
};

// A block whose number of labels the compiler knows, so that it unrolls the loops over them: a twentieth faster.
template <long LABELS>
struct BlockOf : Block {
    static const long labels = LABELS;
    using Block::Block;
};


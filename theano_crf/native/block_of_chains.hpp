// A block of LANES chains of one direction among the volumes.
//
// Included for one instruction set (see instruction_sets.hpp).

// One step in direction d.
struct Step {
    const Grid &grid;
    const Volumes &volumes;
    const Chains &chains;
    long d;
    bool first;             // nothing is withheld yet
    bool from_rest;         // what rests is still to be added to what the direction withholds
    ShearedVolume to;       // takes what rests
    const char *active;     // (images,), not 0 for the images to work on
    const float *by_right;  // mu of all directions at [l][k]; null for Potts
};

class BlockOfChains {
public:
    BlockOfChains(const Step &step, long image, long block)
        : step_(step), volumes_(step.volumes), chains_(step.chains), image_(image), block_(block),
          costs_(volumes_.withheld_of(chains_, step.d, image, block)),
          edges_(volumes_.edges_of(chains_, step.d, image, block))
    {
    }

protected:
    const Step &step_;
    const Volumes &volumes_;
    const Chains &chains_;
    const long image_, block_;
    float *costs_;
    const float *edges_;
    long start_ = 0;  // the first node of the class of chains that is bound

    // Binds nodes first, ... in place: the costs are computed where the withheld ones lie.
    void shape(Block &block, long first, long length, long lanes) const
    {
        block.shape(length, lanes, edges_ + first * LANES, costs_ + first * volumes_.labels * LANES,
                    LANES * volumes_.labels * LANES);
    }
};

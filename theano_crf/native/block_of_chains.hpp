// A block of LANES chains of one direction among the volumes.
//
// Included for one instruction set (see instruction_sets.hpp).

class BlockOfChains {
public:
    BlockOfChains(const Volumes &volumes, const Chains &chains, long d, const ShearedVolume &to, long image, long block)
        : volumes_(volumes), chains_(chains), to_(to), image_(image), block_(block),
          costs_(volumes.withheld_of(chains, d, image, block)), edges_(volumes.edges_of(chains, d, image, block))
    {
    }

protected:
    const Volumes &volumes_;
    const Chains &chains_;
    const ShearedVolume &to_;
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

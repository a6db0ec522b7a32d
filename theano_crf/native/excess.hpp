// Writing of what is above the least cost, see open_labels.hpp.
//
// Included for one instruction set (see instruction_sets.hpp).

typedef uint8_t CodeLanes __attribute__((vector_size(LANES)));

// Writes the codes [labels][LANES] of a node with the costs cost(label).
template <class Cost>
ALWAYS_INLINE void write_excess(long labels, Cost cost, Lanes least, uint8_t *codes)
{
    const LabelLanes none = {}, most = none + (Excess::CODES - 1);
    for (long k = 0; k < labels; ++k) {
        const Lanes excess = cost(k) - least;
        LabelLanes code;
        std::memcpy(&code, &excess, sizeof code);
        code = (code >> 21) - Excess::BEFORE;  // a float's bits grow with its logarithm
        code = code < none ? none : code > most ? most : code;
        const CodeLanes bytes = __builtin_convertvector(code, CodeLanes);
        std::memcpy(codes + k * LANES, &bytes, sizeof bytes);
    }
}

// The chains of each direction of any neighbourhood.
//
// Included for one instruction set (see instruction_sets.hpp).
//
// The chains of an offset (dy, dx) with dy > 0 are sheared columns: the rows 0, dy, 2 dy, ..., then 1, 1 + dy, ... are
// the nodes of one column problem, in which a chain moves dx columns to the right from row to row and wraps round at
// the end of the padded image. Those of (0, dx) are rows whose nodes are the columns 0, dx, 2 dx, ..., then 1, 1 + dx,
// .... The edge where a chain wraps or jumps has the weight 0, so all chains have one length, whatever the offset.

struct Chains {
    Offset offset;
    bool rows;                 // whether the nodes are columns of the image, not rows
    std::vector<long> places;  // of each node: its row or its column
    std::vector<long> shifts;  // of each node: how far it has moved to the right, less than the padded width
    std::vector<char> joined;  // of each node: whether the next one is its neighbour

    Chains(const Offset &offset_, long height, long width, long padded_width)
        : offset(offset_), rows(offset_.dy == 0)
    {
        const long length = rows ? width : height, step = std::min(rows ? offset.dx : offset.dy, length);
        const long right = rows ? 0 : (offset.dx % padded_width + padded_width) % padded_width;
        for (long first = 0; first < step; ++first) {
            long shift = 0;
            for (long place = first; place < length; place += step) {
                places.push_back(place);
                shifts.push_back(shift);
                joined.push_back(place + step < length);
                shift = (shift + right) % padded_width;
            }
        }
    }

    long length() const { return places.size(); }
};

// The chains of each direction of any neighbourhood.
//
// Included for one instruction set (see instruction_sets.hpp).
//
// The chains of an offset (dy, dx) with dy > 0 are sheared columns: their nodes are every dy-th row, and from node to
// node they move dx columns to the right, round the end of the padded image, where the weight is 0. So all columns have
// chains of one length, whatever the offset. The chains of (0, dx) are rows whose nodes are every dx-th column. Each of
// the first dy rows, or dx columns, begins a class of chains.
//
// A dx that divides LANES and the width is a special case: a block takes dx chains of each of its LANES / dx rows side
// by side, so all chains are one class, and LANES / dx nodes of a block are as many rows of LANES columns.

struct Chains {
    Offset offset;
    bool rows;                 // whether the nodes are columns of the image, not rows
    long side_by_side = 1;     // chains of a row in one block of rows
    long block_height;         // rows of such a block
    std::vector<long> places;  // of each node, class by class: its row or its column
    std::vector<long> shifts;  // of each node: how far it has moved to the right, less than the padded width
    std::vector<long> starts;  // of each class: its first node; then the number of nodes

    Chains(const Offset &offset_, long height, long width, long padded_width)
        : offset(offset_), rows(offset_.dy == 0)
    {
        const long length = rows ? width : height, step = std::min(rows ? offset.dx : offset.dy, length);
        const long right = rows ? 0 : (offset.dx % padded_width + padded_width) % padded_width;
        if (rows && LANES % step == 0 && width % step == 0)
            side_by_side = step;
        block_height = LANES / side_by_side;
        for (long first = 0; first < step / side_by_side; ++first) {
            starts.push_back(places.size());
            long shift = 0;
            for (long place = first; place < length; place += step) {
                places.push_back(place);
                shifts.push_back(shift);
                shift = (shift + right) % padded_width;
            }
        }
        starts.push_back(places.size());
    }

    bool in_order() const { return rows && classes() == 1; }  // whether the nodes are all columns
    long nodes() const { return places.size(); }
    long classes() const { return starts.size() - 1; }
    // The node at a row, or at a column if the chains are rows.
    long node_at(long place) const { return starts[place % classes()] + place / classes(); }
};

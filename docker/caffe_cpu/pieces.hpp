// Work in pieces whose number follows from the sizes of the operands alone. A piece is done by one thread, so that no
// sum depends on how many threads there are.

#pragma once

#include <omp.h>

// Calls function(piece) for each of 0 ... pieces - 1, on all threads. OpenBLAS and oneDNN start no further ones in it.
template <class Function>
void for_each_piece(int pieces, Function function) {
#pragma omp parallel for schedule(static)
    for (int piece = 0; piece < pieces; ++piece) function(piece);
}

// While it lives, oneDNN makes kernels that run on one thread.
class KernelsOfOneThread {
public:
    KernelsOfOneThread() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~KernelsOfOneThread() { omp_set_num_threads(threads_); }
    KernelsOfOneThread(const KernelsOfOneThread&) = delete;

private:
    int threads_;
};

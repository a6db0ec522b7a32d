// Memory for one block of chains per thread, kept from one half step to the next.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <omp.h>
#include <sys/mman.h>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

namespace crf {

class Workspaces {
public:
    explicit Workspaces(size_t bytes) : memory_(omp_get_max_threads(), nullptr)
    {
        // Loops over a block step by whole nodes, so huge pages save much address translation.
        const size_t huge_page = size_t(1) << 21, rounded = (bytes + huge_page - 1) / huge_page * huge_page;
        for (void *&memory : memory_) {
            if (posix_memalign(&memory, huge_page, rounded) != 0)
                memory = nullptr;
#ifdef MADV_HUGEPAGE
            if (memory)
                madvise(memory, rounded, MADV_HUGEPAGE);
#endif
        }
    }
    ~Workspaces()
    {
        for (void *memory : memory_)
            std::free(memory);
    }
    Workspaces(const Workspaces &) = delete;
    Workspaces &operator=(const Workspaces &) = delete;

    bool complete() const { return std::find(memory_.begin(), memory_.end(), nullptr) == memory_.end(); }

    // The memory of the calling thread of a parallel region.
    void *of_this_thread() const { return memory_[omp_get_thread_num()]; }

private:
    std::vector<void *> memory_;
};

// Denormal numbers count as zero while an object of this class lives. They change no energy noticeably, but cost a
// hundred cycles each on many processors.
class FlushDenormals {
public:
#if defined(__x86_64__) || defined(__i386__)
    FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before_); }

private:
    unsigned before_;
#else
    FlushDenormals() {}
#endif
};

}  // namespace crf

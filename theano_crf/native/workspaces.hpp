// Memory for one block of chains a thread, kept from one half step to the next.
#pragma once

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
    Workspaces() : memory_(omp_get_max_threads()) {}
    ~Workspaces()
    {
        for (Memory &memory : memory_)
            std::free(memory.start);
    }
    Workspaces(const Workspaces &) = delete;
    Workspaces &operator=(const Workspaces &) = delete;

    // At least `bytes` bytes for the calling thread of a parallel region, null if there are none.
    void *of_this_thread(size_t bytes)
    {
        Memory &memory = memory_[omp_get_thread_num()];
        if (memory.bytes < bytes) {
            // A block is walked at a stride of whole nodes: huge pages spare the address translation.
            const size_t huge_page = size_t(1) << 21, rounded = (bytes + huge_page - 1) / huge_page * huge_page;
            std::free(memory.start);
            memory = Memory();
            if (posix_memalign(&memory.start, huge_page, rounded) != 0)
                memory.start = nullptr;
            else
                memory.bytes = rounded;
#ifdef MADV_HUGEPAGE
            if (memory.start)
                madvise(memory.start, rounded, MADV_HUGEPAGE);
#endif
        }
        return memory.start;
    }

private:
    struct Memory {
        void *start = nullptr;
        size_t bytes = 0;
    };
    std::vector<Memory> memory_;
};

// Denormal numbers count as zero while this lives: they change no energy that can be told, and cost a hundred
// cycles each on many processors.
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

// Allocations that fail inside a parallel region, reported behind it.
#pragma once

#include <atomic>
#include <new>

namespace crf {

// An exception that leaves a parallel region would end the process. So tasks that allocate are run by `guard`, and
// `rethrow` follows the region. A failed task's results mean nothing.
class AllocationFailures {
public:
    template <class Task>
    void guard(const Task &task)
    {
        try {
            task();
        } catch (const std::bad_alloc &) {
            failed_ = true;
        }
    }

    void rethrow() const
    {
        if (failed_)
            throw std::bad_alloc();
    }

private:
    std::atomic<bool> failed_{false};
};

}  // namespace crf

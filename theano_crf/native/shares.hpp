// Tasks shared out among the threads of a parallel region.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace crf {

// Each thread works through a share of neighbouring tasks in order. A thread whose share is empty takes the last task
// of the share with most tasks left.
class Shares {
public:
    Shares(long tasks, long threads) : shares_(threads)
    {
        for (long i = 0; i < threads; ++i)
            shares_[i].left = Left{uint32_t(tasks * i / threads), uint32_t(tasks * (i + 1) / threads)};
    }

    // The next task of a thread, -1 if none is left.
    long take(long thread)
    {
        for (Share *share = &shares_[thread]; share; share = fullest()) {
            const bool own = share == &shares_[thread];
            Left left = share->left;
            while (left.first < left.end) {
                const Left rest = own ? Left{left.first + 1, left.end} : Left{left.first, left.end - 1};
                if (share->left.compare_exchange_weak(left, rest))
                    return own ? left.first : rest.end;
            }
        }
        return -1;
    }

private:
    struct Left {
        uint32_t first, end;
    };
    struct Share {
        std::atomic<Left> left;
        char padding[56];  // fills a cache line, so that threads do not share one
    };
    std::vector<Share> shares_;

    // The share with most tasks left, null if there is none.
    Share *fullest()
    {
        Share *most = nullptr;
        long count = 0;
        for (Share &share : shares_) {
            const Left left = share.left;
            if (long(left.end) - long(left.first) > count) {
                count = long(left.end) - long(left.first);
                most = &share;
            }
        }
        return most;
    }
};

}  // namespace crf

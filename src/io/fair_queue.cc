#include "io/fair_queue.h"

#include <algorithm>
#include <utility>

namespace io {

FairQueue::FairQueue(std::size_t places, int threads, Sharing sharing)
    : places_(places),
      sharing_(sharing),
      threads_of_one_(sharing == Sharing::kFair ? std::max(threads - 1, 1) : threads) {}

// The bound moves: one alone gets half of the places, and the more are waiting the less anyone gets
// more of them. A fixed bound would have to be small to be of use against several, and would then
// refuse a browser that asks for all parts of a page at once.
bool FairQueue::push(std::string_view who, Work work) {
  const std::size_t left = places_ - waiting_;
  if (left == 0) return false;
  Lines::value_type& line = *lines_.try_emplace(std::string(who)).first;
  auto& [waiting, running] = line.second;
  if (sharing_ == Sharing::kFair && waiting.size() >= left) return false;
  waiting.push_back(std::move(work));
  ++waiting_;
  if (waiting.size() == 1 && may_run(line.second)) turns_.push_back(&line);
  return true;
}

FairQueue::Next FairQueue::take() {
  Lines::value_type* const line = turns_.front();
  turns_.pop_front();
  auto& [waiting, running] = line->second;
  Next next{std::move(waiting.front()), line};
  waiting.pop_front();
  --waiting_;
  ++running;
  if (may_run(line->second)) turns_.push_back(line);
  return next;
}

void FairQueue::end(const Next& next) {
  Line& line = next.line->second;
  const bool has_turn = may_run(line);
  --line.running;
  if (!has_turn && may_run(line)) turns_.push_back(next.line);
  if (line.running == 0 && line.waiting.empty()) lines_.erase(lines_.find(next.line->first));
}

}  // namespace io

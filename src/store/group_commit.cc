#include "store/group_commit.h"

#include <algorithm>

namespace store {

GroupCommit::GroupCommit(std::unique_ptr<SqliteWriter> writer, OnCommitted on_committed)
    : writer_(std::move(writer)),
      on_committed_(std::move(on_committed)),
      thread_([this] { loop(); }) {}

GroupCommit::~GroupCommit() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  queued_.notify_one();
  thread_.join();
}

base::Result<Written> GroupCommit::run(const Write& write) {
  Waiting waiting{write, Written()};
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiting);
  queued_.notify_one();
  answered_.wait(lock, [&] { return waiting.is_answered; });
  return std::move(waiting.result);
}

void GroupCommit::loop() {
  for (Batch batch = take(); !batch.empty(); batch = take()) {
    run_batch(batch);
    {
      const std::lock_guard lock(mutex_);
      for (Waiting* waiting : batch) waiting->is_answered = true;
    }
    answered_.notify_all();
  }
}

// Empty when there is nothing left to do, ever.
GroupCommit::Batch GroupCommit::take() {
  std::unique_lock lock(mutex_);
  queued_.wait(lock, [&] { return is_stopping_ || !queue_.empty(); });
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxWritesPerCommit));
  Batch batch(queue_.begin(), queue_.begin() + count);
  queue_.erase(queue_.begin(), queue_.begin() + count);
  return batch;
}

void GroupCommit::run_batch(const Batch& batch) {
  const auto committed = commit(batch);
  if (committed) return on_committed_(*committed);
  writer_->roll_back();
  base::Error error = committed.error();
  error.retry_is_safe = true;
  // Also those that had succeeded so far; who failed by itself keeps the reason.
  for (Waiting* waiting : batch)
    if (waiting->result) waiting->result = std::unexpected(error);
}

base::Result<SqliteWriter::Committed> GroupCommit::commit(const Batch& batch) {
  BASE_TRY(writer_->begin());
  for (Waiting* waiting : batch) {
    BASE_TRY(writer_->begin_write());
    waiting->result = waiting->write(*writer_);
    BASE_TRY(writer_->end_write(waiting->result.has_value()));
  }
  return writer_->commit();
}

}  // namespace store

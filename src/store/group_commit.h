#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/sqlite_writer.h"

namespace store {

// Runs writes so that many of them share one fsync: while one transaction commits, new writes queue
// up; the next transaction takes all that wait. A write that fails is undone alone, by a savepoint;
// the others of its transaction are kept. When the transaction itself cannot be committed, all its
// writes fail and nothing of them is kept.
//
// Owns the writer and its thread. The destructor finishes what is queued.
class GroupCommit {
 public:
  using Write = std::function<base::Result<Written>(SqliteWriter&)>;
  // Called on the writer's thread after each commit and before its writes are answered.
  using OnCommitted = std::function<void(const SqliteWriter::Committed&)>;

  GroupCommit(std::unique_ptr<SqliteWriter> writer, OnCommitted on_committed);
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Blocks until the write is durable or has failed.
  base::Result<Written> run(const Write& write);

 private:
  // Bounds how long the first writer of a transaction waits for the others.
  static constexpr std::size_t kMaxWritesPerCommit = 256;

  // Lives on the stack of the blocked caller.
  struct Waiting {
    const Write& write;
    base::Result<Written> result;
    bool is_answered = false;
  };
  using Batch = std::vector<Waiting*>;

  void loop();
  Batch take();
  void run_batch(const Batch& batch);
  base::Result<SqliteWriter::Committed> commit(const Batch& batch);

  std::unique_ptr<SqliteWriter> writer_;
  OnCommitted on_committed_;
  std::mutex mutex_;
  std::condition_variable queued_;
  std::condition_variable answered_;
  std::vector<Waiting*> queue_;
  bool is_stopping_ = false;
  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace store

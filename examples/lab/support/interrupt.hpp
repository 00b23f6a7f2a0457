// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace lab {

/// While it lives, the first Ctrl-C (SIGINT) or SIGTERM says "stopping" on standard error at once and sets
/// reference::stop_flag, which ends the cell at work within about a second; a second signal of either kind
/// ends the process as if there were no handler.
///
/// A signal that was ignored from the start, as under nohup, stays ignored. One at a time: a second
/// throws dope::Error. Any thread may poll.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] bool raised() const noexcept;

 private:
  struct sigaction previous_interrupt_ {};
  struct sigaction previous_terminate_ {};
};

}  // namespace lab

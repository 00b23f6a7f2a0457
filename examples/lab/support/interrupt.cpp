// SPDX-License-Identifier: MIT
#include "lab/support/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "dope/core/error.hpp"
#include "transformer/stop.hpp"

namespace lab {
namespace {

std::atomic<bool> alive{false};

// On a terminal the progress bar may hold the line.
constexpr std::string_view notice = "\nstopping; press Ctrl-C again to end at once\n";
std::atomic<bool> on_terminal{false};

extern "C" void lab_on_signal(int signal) {
  if (reference::stop_flag.exchange(true)) {
    std::signal(signal, SIG_DFL);
    raise(signal);  // once this handler has returned
    return;
  }
  const int before = errno;
  const std::string_view said = notice.substr(on_terminal.load() ? 0 : 1);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, said.data(), said.size());
  errno = before;
}

void install(int signal, struct sigaction& previous) {
  sigaction(signal, nullptr, &previous);
  if (previous.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = lab_on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  if (alive.exchange(true)) {
    throw dope::Error("Interrupt", "a second one", "one at a time");
  }
  reference::stop_flag.store(false);
  on_terminal.store(isatty(STDERR_FILENO) == 1);
  install(SIGINT, previous_interrupt_);
  install(SIGTERM, previous_terminate_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &previous_interrupt_, nullptr);
  sigaction(SIGTERM, &previous_terminate_, nullptr);
  reference::stop_flag.store(false);
  alive.store(false);
}

bool Interrupt::raised() const noexcept { return reference::stop_flag.load(); }

}  // namespace lab

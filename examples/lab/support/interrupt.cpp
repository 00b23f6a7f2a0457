// SPDX-License-Identifier: MIT
#include "lab/support/interrupt.hpp"

#include <atomic>

#include "dope/core/error.hpp"

namespace lab {
namespace {

std::atomic<bool> alive{false};
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

extern "C" void lab_on_signal(int) { flag.store(true); }

void install(int signal, struct sigaction& previous) {
  sigaction(signal, nullptr, &previous);
  if (previous.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = lab_on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  if (alive.exchange(true)) {
    throw dope::Error("Interrupt", "a second one", "one at a time");
  }
  flag.store(false);
  install(SIGINT, previous_interrupt_);
  install(SIGTERM, previous_terminate_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &previous_interrupt_, nullptr);
  sigaction(SIGTERM, &previous_terminate_, nullptr);
  alive.store(false);
}

bool Interrupt::raised() const noexcept { return flag.load(); }

}  // namespace lab

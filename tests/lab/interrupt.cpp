// SPDX-License-Identifier: MIT
#include "lab/support/interrupt.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "dope/core/error.hpp"

using lab::Interrupt;

namespace {

/// The status that waitpid gives for a child that runs `act`.
template <class Act>
int status_of_child(Act act) {
  const pid_t child = fork();
  if (child == 0) {
    act();
    _exit(7);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

void ignore(int) {}

}  // namespace

TEST_CASE("the first signal sets the flag, for Ctrl-C and for SIGTERM") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interrupt interrupt;
    CHECK(!interrupt.raised());
    raise(signal);
    CHECK(interrupt.raised());
  }
  const Interrupt fresh;
  CHECK(!fresh.raised());
}

TEST_CASE("a second Ctrl-C ends the process") {
  const int status = status_of_child([] {
    std::signal(SIGINT, SIG_DFL);
    const Interrupt interrupt;
    raise(SIGINT);
    if (interrupt.raised()) raise(SIGINT);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

TEST_CASE("handlers from before come back; an ignored signal stays ignored") {
  const auto before = std::signal(SIGINT, ignore);
  {
    const Interrupt interrupt;
    raise(SIGINT);
  }
  CHECK((std::signal(SIGINT, SIG_IGN) == ignore));
  {
    const Interrupt interrupt;
    raise(SIGINT);
    CHECK(!interrupt.raised());
  }
  CHECK((std::signal(SIGINT, before) == SIG_IGN));
}

TEST_CASE("one at a time") {
  const Interrupt interrupt;
  CHECK_THROWS_AS(Interrupt(), dope::Error);
  raise(SIGINT);
  CHECK(interrupt.raised());
}

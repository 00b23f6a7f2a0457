// SPDX-License-Identifier: MIT
#include "lab/support/interrupt.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>

#include "dope/core/error.hpp"
#include "lab/support/parallel.hpp"
#include "transformer/stop.hpp"

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

TEST_CASE("a second signal of the other kind ends the process too") {
  const int status = status_of_child([] {
    std::signal(SIGTERM, SIG_DFL);
    const Interrupt interrupt;
    raise(SIGINT);
    if (interrupt.raised()) raise(SIGTERM);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("the first signal says so at once on standard error") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int status = status_of_child([&] {
    dup2(ends[1], STDERR_FILENO);
    const Interrupt interrupt;
    raise(SIGINT);
  });
  close(ends[1]);
  std::string said(200, '\0');
  const auto count = read(ends[0], said.data(), said.size());
  close(ends[0]);
  REQUIRE(count > 0);
  said.resize(static_cast<std::size_t>(count));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(said == "stopping; press Ctrl-C again to end at once\n");
}

TEST_CASE("parallel work that has not begun does not begin once asked to stop") {
  const Interrupt interrupt;
  std::atomic<int> begun{0};
  const auto work = [&](std::size_t) {
    if (++begun == 3) raise(SIGINT);
  };
  CHECK_THROWS_AS(lab::for_each_in_parallel(1000, work), reference::Stopped);
  CHECK(begun < 100);
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

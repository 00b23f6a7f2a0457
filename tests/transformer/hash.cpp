// SPDX-License-Identifier: MIT
#include "transformer/hash.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/stop.hpp"

namespace {

std::string of_runs(const std::vector<std::string_view>& texts) {
  std::vector<std::span<const std::byte>> runs;
  for (const auto text : texts) runs.push_back(std::as_bytes(std::span(text)));
  return reference::hash_of(runs);
}

}  // namespace

TEST_CASE("XXH3 of 128 bits, as the xxhash module of Python gives it") {
  CHECK(reference::hash_of("") == "99aa06d3014798d86001c324468d497f");
  CHECK(reference::hash_of("a") == "a96faf705af16834e6c632b61e964e1f");
  CHECK(reference::hash_of("foobar") == "3c9e102628997f44ac87b0b131c6992d");
  std::string all;
  for (int i = 0; i < 5 * 256; ++i) all += static_cast<char>(i);
  CHECK(reference::hash_of(all) == "d92ab3a1cb0542a74844b009e164352e");
  // Runs: eight bytes of each one's length, then the run.
  CHECK(of_runs({}) == reference::hash_of(""));
  CHECK(of_runs({"ab", "c"}) == "f2eda2708bcfd51cc05c0ee4c9f60440");
  CHECK(of_runs({"a", "bc"}) == "f310f4d71be93bc46456c91685adede6");
}

TEST_CASE("a run longer than a step is the same bytes, and ends early once asked to stop") {
  std::string long_run(8, '\0');
  constexpr std::size_t size = (std::size_t{1} << 26) + 3;
  for (std::size_t i = 0; i < 8; ++i)
    long_run[i] = static_cast<char>(static_cast<unsigned char>(size >> (8 * i)));
  long_run.resize(8 + size, 'x');
  for (const std::size_t at : {std::size_t{0}, size - 4, size - 3, size - 1}) long_run[8 + at] = 'y';
  const auto run = std::string_view(long_run).substr(8);
  CHECK(of_runs({run}) == reference::hash_of(long_run));
  reference::stop_flag = true;
  CHECK_THROWS_AS(static_cast<void>(of_runs({run})), reference::Stopped);
  reference::stop_flag = false;
}

TEST_CASE("every changed byte of a long text changes its hash, in one run or several") {
  std::string text(3000, 'x');
  const auto whole = reference::hash_of(text);
  const auto parts = [&] {
    return of_runs({std::string_view(text).substr(0, 1000), {}, std::string_view(text).substr(1000)});
  };
  const auto in_parts = parts();
  std::size_t equal = 0;
  for (char& byte : text) {
    byte ^= 1;
    equal += reference::hash_of(text) == whole;
    equal += parts() == in_parts;
    byte ^= 1;
  }
  CHECK(equal == 0);
  CHECK(parts() == in_parts);
}

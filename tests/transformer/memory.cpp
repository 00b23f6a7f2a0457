// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "transformer/model.hpp"
#include "transformer/tiny_checkpoint.hpp"

#if defined(__SANITIZE_ADDRESS__)  // by GCC
#define ADDRESS_SANITIZER
#elif defined(__has_feature)  // by Clang
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#endif

namespace {

// What a process with the model loaded holds before it reads a token: code, weights, OpenMP's stacks.
[[maybe_unused]] constexpr std::size_t at_rest = std::size_t{96} << 20;

/// Peak resident bytes of a process of its own that prefills `tokens` tokens under a pattern; 0 where it
/// failed.
std::size_t peak_of_prefill(std::size_t tokens, const reference::AttentionPattern& pattern) {
  const pid_t child = fork();
  if (child == 0) {
    omp_set_num_threads(1);  // threads that OpenMP had before fork are not in the child
    const auto model = reference::Model::load(test::source_folder() / "examples" / "model");
    reference::Request request(model, reference::make_schedule(model, dope::DynamicNtk{}, tokens, pattern));
    std::vector<std::int32_t> text(tokens);
    for (std::size_t i = 0; i < tokens; ++i) text[i] = static_cast<std::int32_t>((i * 7919) % 251);
    request.prefill(text);
    _exit(0);
  }
  int status = 1;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) return 0;
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

TEST_CASE("memory grows with the tokens, not with their square") {
#if defined(ADDRESS_SANITIZER)
  // The peak would be mostly the sanitizer's own.
  CHECK(peak_of_prefill(1024, reference::FullAttention{}) > 0);
#else
  // Keys and values, 4 layers × 4 key heads × 2 × 32 floats; two tables of 16 cos and sin, positions, text.
  constexpr std::size_t bytes_per_token = 4 * 4 * 2 * 32 * 4 + 2 * 2 * 16 * 4 + 8 + 8 + 4;
  constexpr std::size_t tokens = 16384;  // one head's scores alone would be 1 GiB
  for (const reference::AttentionPattern& pattern : std::initializer_list<reference::AttentionPattern>{
           reference::FullAttention{}, reference::DualChunk{384, 128}}) {
    CAPTURE(name_of(pattern));
    const std::size_t peak = peak_of_prefill(tokens, pattern);
    CHECK(peak > 0);
    CHECK(peak < at_rest + tokens * bytes_per_token);
  }
#endif
}

// SPDX-License-Identifier: MIT
#include "transformer/linear.hpp"

#include <blis.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <xsimd/xsimd.hpp>

#include "dope/core/error.hpp"
#include "transformer/lanes.hpp"
#include "transformer/stop.hpp"

namespace reference {
namespace {

/// BLIS lays the weight out anew for each block: few large ones, yet one for each of two threads in 512
/// tokens.
constexpr std::size_t rows_per_block = 256;

/// In a child process, which BLIS or the processor may end: 0 where BLIS multiplies by what `asked` names.
[[noreturn]] void try_blis(const std::string& asked) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  bli_init();
  const arch_t id = bli_arch_query_id();
  if (asked != std::to_string(static_cast<int>(id)) && asked != bli_arch_string(id)) ::_exit(1);
  constexpr dim_t size = 48;
  static float matrix[size * size];
  static float product[size * size];
  float one = 1.0f;
  bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, size, size, size, &one, matrix, size, 1, matrix, size, 1, &one,
            product, size, 1);
  ::_exit(0);
}

/// BLIS aborts over a number that it does not know, takes a word for 0, and runs instructions that the
/// processor may not have.
void require_usable(const std::string& asked) {
  const pid_t child = ::fork();
  if (child == 0) try_blis(asked);
  int status = -1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child > 0 && status == 0) return;
  throw dope::Error(
      "BLIS_ARCH_TYPE", '"' + asked + '"',
      dope::detail::text("no such variable, or the number, 0 to ", static_cast<int>(BLIS_NUM_ARCHS) - 1,
                         ", of a sub-configuration that this BLIS has and this processor runs"));
}

/// Once per process: BLIS reads its environment when it starts, so it starts here.
void start_blis() {
  [[maybe_unused]] static const bool started = [] {
    if (const char* asked = std::getenv("BLIS_ARCH_TYPE")) require_usable(asked);
#if defined(__x86_64__)
    int architecture = -1;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
      architecture = BLIS_ARCH_SKX;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      architecture = BLIS_ARCH_HASWELL;
    }
    if (architecture >= 0) {
      setenv("BLIS_ARCH_TYPE", std::to_string(architecture).c_str(), 0);
    }
#endif
    bli_init();
    return true;
  }();
}

void multiply_rows(const float* x, const float* weight, const float* bias, std::size_t rows, std::size_t in,
                   std::size_t out, float* y) {
  float one = 1.0f;
  float keep = 0.0f;
  if (bias != nullptr) {
    for (std::size_t row = 0; row < rows; ++row) std::copy_n(bias, out, y + row * out);
    keep = 1.0f;
  }
  const auto dim = [](std::size_t size) { return static_cast<dim_t>(size); };
  bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, dim(rows), dim(out), dim(in), &one, const_cast<float*>(x),
            dim(in), 1, const_cast<float*>(weight), dim(in), 1, &keep, y, dim(out), 1);
}

float dot(const float* a, const float* b, std::size_t count) {
  using Batch = xsimd::batch<float>;
  constexpr std::size_t lanes = Batch::size;
  Batch sums[4] = {Batch(0.0f), Batch(0.0f), Batch(0.0f), Batch(0.0f)};
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    for (std::size_t s = 0; s < 4; ++s) {
      sums[s] = fused_plus(sums[s], Batch::load_unaligned(a + i + s * lanes),
                           Batch::load_unaligned(b + i + s * lanes));
    }
  }
  float rest = 0.0f;
  for (; i < count; ++i) rest += a[i] * b[i];
  return sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

}  // namespace

void linear(std::span<const float> x, const Matrix& weight, std::span<const float> bias, std::size_t tokens,
            std::span<float> y) {
  const std::size_t in = weight.columns;
  const std::size_t out = weight.rows;
  if (x.size() < tokens * in || y.size() < tokens * out || (!bias.empty() && bias.size() != out)) {
    throw dope::Error(
        "linear",
        dope::detail::text("x of ", x.size(), ", b of ", bias.size(), ", y of ", y.size(), " floats"),
        dope::detail::text(tokens, " tokens times a matrix of ", out, " x ", in));
  }
  const float* b = bias.empty() ? nullptr : bias.data();
  if (tokens == 1) {
    for (std::size_t row = 0; row < out; ++row) {
      y[row] = dot(x.data(), weight.data + row * in, in) + (b != nullptr ? b[row] : 0.0f);
    }
    return;
  }
  start_blis();
  const std::size_t blocks = (tokens + rows_per_block - 1) / rows_per_block;
#pragma omp parallel for schedule(static)
  for (std::size_t block = 0; block < blocks; ++block) {
    if (stop_asked()) continue;
    const std::size_t first = block * rows_per_block;
    multiply_rows(x.data() + first * in, weight.data, b, std::min(rows_per_block, tokens - first), in, out,
                  y.data() + first * out);
  }
  stop_if_asked();
}

std::string_view blis_architecture() {
  start_blis();
  return bli_arch_string(bli_arch_query_id());
}

std::string kernels_in_force() {
  return std::string(blis_architecture()) + ", " + xsimd::default_arch::name();
}

void require_kernels() { start_blis(); }

}  // namespace reference

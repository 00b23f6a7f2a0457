// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reference {
class Model;
}

namespace lab {

/// Part of what a run holds in memory. Bytes are a double: no product of sizes is too large for it.
struct MemoryPart {
  std::string_view what;  // "key and value caches"
  double bytes = 0.0;
};

/// Bytes that this process can still take: the least of what the system says is available, what its control
/// groups leave, and what its limit on address space (ulimit -v) leaves; none where nothing is known.
/// root: of /proc and /sys.
[[nodiscard]] std::optional<double> free_memory(const std::string& root = "");

/// Throws dope::Error where the parts, that a request of `tokens` tokens given by --OPTION needs, are more
/// than free_memory(): before anything of that size is made. Where nothing is known of the system it refuses
/// nothing. Either way out_of_memory() tells of it from now on.
void require_memory(std::string_view option, std::size_t tokens, std::span<const MemoryPart> parts);

/// For an allocation that failed nevertheless: option, length and need of the last require_memory, in the
/// words of a dope::Error.
[[nodiscard]] std::string out_of_memory();

/// Bytes of a request of `tokens` tokens, at least: caches with the rotation table; and what
/// reference::Keep::layers holds.
[[nodiscard]] double request_bytes(const reference::Model& model, std::size_t tokens) noexcept;
[[nodiscard]] double kept_bytes(const reference::Model& model, std::size_t tokens) noexcept;

/// Of the rotation table of one schedule.
[[nodiscard]] double table_bytes(const reference::Model& model, std::size_t tokens) noexcept;

/// How many of `tasks` run side by side.
[[nodiscard]] std::size_t side_by_side(int threads, std::size_t tasks) noexcept;

}  // namespace lab

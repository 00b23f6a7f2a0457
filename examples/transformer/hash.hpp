// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace reference {

/// XXH3 of 128 bits (xxHash) in its canonical form, 32 hexadecimal digits: the same on every machine. Changed
/// bytes change it, short of a chance of 2^-128; it is no defence against bytes that are made to collide.
[[nodiscard]] std::string hash_of(std::span<const std::byte> bytes);
[[nodiscard]] std::string hash_of(std::string_view text);

/// Of several runs of bytes in their order, each with its length: moving a byte from one to the next changes
/// it. Runs may be large: Stopped once stop_flag is set.
[[nodiscard]] std::string hash_of(std::span<const std::span<const std::byte>> runs);

}  // namespace reference

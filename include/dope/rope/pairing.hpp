// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "dope/core/alternatives.hpp"
#include "dope/core/compiler.hpp"

namespace dope {

/// Which two channels band f of a head turns. The names are read both ways in the field; the pair
/// list is the definition, with d the rotated width.
///
///   interleaved  (2f, 2f + 1)      RoFormer, GPT-J, Meta's Llama code, ggml NORMAL
///   half_split   (f, f + d/2)      GPT-NeoX, Hugging Face Llama, ggml NEOX
enum class Pairing { interleaved, half_split };

struct ChannelPair {
  std::size_t first = 0;
  std::size_t second = 0;
};

/// The channels of band f. Precondition: f < rotated_width / 2.
[[nodiscard]] constexpr ChannelPair channels_of(Pairing pairing, std::size_t band,
                                                std::size_t rotated_width) noexcept {
  static_assert(detail::alternatives<Pairing> == 2, "channels_of: every Pairing");
  if (pairing == Pairing::interleaved) {
    return {2 * band, 2 * band + 1};
  }
  return {band, band + rotated_width / 2};
}

/// Where an interleaved channel lies in the half_split layout: the one fixed permutation P with
/// rotate_half_split(P x) = P rotate_interleaved(x). Channels at or past rotated_width stay.
[[nodiscard]] constexpr std::size_t half_split_channel(std::size_t interleaved_channel,
                                                       std::size_t rotated_width) noexcept {
  if (interleaved_channel >= rotated_width) {
    return interleaved_channel;
  }
  return interleaved_channel / 2 + (interleaved_channel % 2) * (rotated_width / 2);
}

}  // namespace dope

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lab/support/store.hpp"
#include "transformer/model.hpp"

namespace lab {

/// reference::hash_of: XXH3 of 128 bits as 32 hexadecimal digits.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);
[[nodiscard]] std::string fingerprint(std::string_view text);

/// What tells a run's model from others: fingerprints of config.json as it was read and of every byte of the
/// weights' files; its layers and training length. Law: one changed byte in any of these files changes it.
/// Reads the weights once.
[[nodiscard]] ResultStore::Json identity_of(const reference::Model& model);

}  // namespace lab

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "lab/support/store.hpp"
#include "transformer/model.hpp"

namespace lab {

/// FNV-1a over 64 bits as 16 hexadecimal digits: tells two files apart, no more.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);
[[nodiscard]] std::string fingerprint(std::string_view text);

/// What tells a run's model from others: fingerprints of config.json, embedding and last layer; its layers and
/// training length. `folder` is where the model was loaded from.
[[nodiscard]] ResultStore::Json identity_of(const reference::Model& model,
                                            const std::filesystem::path& folder);

}  // namespace lab

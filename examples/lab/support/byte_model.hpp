// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <iosfwd>

#include "transformer/model.hpp"

namespace lab {

/// A model whose tokens 0 to 255 are bytes, with a start token beyond them; there is no tokenizer here.
///
/// declared: bytes where the user says so (--bytes); else config.json must ("dope_tokens": "bytes"). Throws
/// dope::Error where neither does, where the vocabulary does not hold 256 bytes and a start token, where
/// bos_token_id is missing or a byte, and all that Model::load throws.
///
/// Writes to `notes`, a line each and only where there is something to say: values that config.json leaves to
/// the architecture, keys and tensors that nothing used, and a tokenizer's files, which nothing used either.
[[nodiscard]] reference::Model load_byte_model(const std::filesystem::path& folder,
                                               reference::Tokens declared, std::ostream& notes);

}  // namespace lab

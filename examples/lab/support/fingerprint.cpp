// SPDX-License-Identifier: MIT
#include "lab/support/fingerprint.hpp"

#include "transformer/hash.hpp"

namespace lab {

std::string fingerprint(std::span<const std::byte> bytes) { return reference::hash_of(bytes); }

std::string fingerprint(std::string_view text) { return reference::hash_of(text); }

ResultStore::Json identity_of(const reference::Model& model) {
  return {{"config", model.config().fingerprint},
          {"weights", reference::fingerprint_of(model.weights())},
          {"layers", model.config().layers},
          {"training_length", model.config().training_length}};
}

}  // namespace lab

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "port_cuda/engine.hpp"
#include "transformer/fields.hpp"
#include "transformer/safetensors.hpp"

namespace port {

/// One case of an exported conformance kit: its entry in the manifest, and its tensors.
class CaseFile {
 public:
  /// Throws dope::Error where the file is not whole.
  CaseFile(const std::filesystem::path& folder, const nlohmann::json& entry);

  [[nodiscard]] const std::string& where() const noexcept { return where_; }

  /// The case's attributes, checked as they are read.
  [[nodiscard]] reference::Fields attributes() const { return {attributes_, where_}; }
  [[nodiscard]] reference::Fields object(const char* name) const;
  [[nodiscard]] const nlohmann::json& attribute(const char* name) const;

  /// The value of an attribute whose name is one of a dope enumeration's.
  template <class E>
  [[nodiscard]] std::size_t choice(const char* name, const E& names) const {
    const std::string given = required_text(name);
    std::string known;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == given) return i;
      known += (i == 0 ? "" : ", ") + std::string(names[i]);
    }
    attributes().fail(name, attribute(name), "one of " + known);
  }
  [[nodiscard]] std::string required_text(const char* name) const;
  [[nodiscard]] std::vector<std::size_t> counts(const char* name) const;

  /// An input tensor. Every dope::Error of these names case and tensor.
  [[nodiscard]] const reference::TensorView& input(std::string_view name) const;
  [[nodiscard]] Bytes bytes(std::string_view name) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;
  [[nodiscard]] std::vector<double> doubles(std::string_view name) const;
  [[nodiscard]] Element element(std::string_view name) const;

  /// Throws dope::Error unless `holds`.
  void require(bool holds, const std::string& given, const std::string& expected) const;

 private:
  std::string where_;
  nlohmann::json attributes_;
  reference::Safetensors tensors_;
};

/// The manifest's cases. Throws dope::Error for a manifest of another format or version, or a case without
/// name, task or file, or of another's name; a name holds letters, digits, '-' and '_' alone.
[[nodiscard]] std::vector<nlohmann::json> read_cases(const std::filesystem::path& folder);

}  // namespace port

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lab/support/store.hpp"

namespace lab {

/// The least log probability that a program writes, in nats: of 10^6 tokens whose logits are floats.
inline constexpr double least_log_probability = -1e45;

/// Checked reading of an object in a cell of results. Every dope::Error names the place, the key, what is
/// given and what a program writes.
class CellFields {
 public:
  using Json = ResultStore::Json;

  /// The object must outlive the reader. Throws dope::Error where it is no object.
  CellFields(const Json& object, std::string where);

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] bool has(const char* key) const { return object_->contains(key); }
  [[nodiscard]] const Json& at(const std::string& key) const;
  [[nodiscard]] CellFields object(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key) const;
  std::size_t count(const std::string& key, std::size_t least, std::size_t most) const;
  double number(const std::string& key, double least, double most) const;

  /// A list; of `size` entries.
  [[nodiscard]] const Json& list(const std::string& key) const;
  [[nodiscard]] const Json& list(const std::string& key, std::size_t size) const;

  /// A list of `size` numbers.
  void numbers(const std::string& key, std::size_t size, double least, double most) const;

  /// A list of `size` pairs of numbers.
  void pairs(const std::string& key, std::size_t size, double least, double most) const;

  /// A text of `size` characters, each 0 or 1.
  [[nodiscard]] std::string verdicts(const std::string& key, std::size_t size) const;

  [[noreturn]] void fail(const std::string& key, const Json& given, const std::string& expected) const;

 private:
  void require_number(const std::string& key, const Json& value, double least, double most) const;

  const Json* object_;
  std::string where_;
};

}  // namespace lab

// SPDX-License-Identifier: MIT
#include "port_cuda/case_file.hpp"

#include <cstring>
#include <set>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace port {
namespace {

using dope::detail::text;
using reference::Dtype;

template <class T>
std::vector<T> values_of(const reference::TensorView& tensor) {
  std::vector<T> values(tensor.elements());
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

std::string text_field(const nlohmann::json& entry, const char* key, const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_string()) {
    throw dope::Error(where, text("a case without ", key), "name, task, file and attributes");
  }
  return found->get<std::string>();
}

}  // namespace

CaseFile::CaseFile(const std::filesystem::path& folder, const nlohmann::json& entry)
    : where_("case " + entry.at("name").get<std::string>()),
      attributes_(entry.at("attributes")),
      tensors_(reference::Safetensors::open(folder / entry.at("file").get<std::string>())) {}

reference::Fields CaseFile::object(const char* name) const {
  const auto& value = attribute(name);
  if (!value.is_object()) attributes().fail(name, value, "an object");
  return {value, where_ + ", " + name};
}

const nlohmann::json& CaseFile::attribute(const char* name) const {
  if (!attributes_.contains(name)) attributes().missing(name);
  return attributes_.at(name);
}

std::string CaseFile::required_text(const char* name) const {
  const auto value = attributes().text(name);
  if (!value) attributes().missing(name);
  return *value;
}

std::vector<std::size_t> CaseFile::counts(const char* name) const {
  const auto& list = attribute(name);
  std::vector<std::size_t> values;
  for (const auto& value : list) {
    if (!list.is_array() || !value.is_number_unsigned())
      attributes().fail(name, list, "a list of whole numbers");
    values.push_back(value.get<std::size_t>());
  }
  return values;
}

const reference::TensorView& CaseFile::input(std::string_view name) const {
  return tensors_.tensor("input." + std::string(name));
}

Bytes CaseFile::bytes(std::string_view name) const {
  const auto& tensor = input(name);
  return {tensor.bytes.begin(), tensor.bytes.end()};
}

std::vector<std::int64_t> CaseFile::integers(std::string_view name) const {
  require(input(name).dtype == Dtype::i64, text(name, " of ", name_of(input(name).dtype)), "I64");
  return values_of<std::int64_t>(input(name));
}

std::vector<double> CaseFile::doubles(std::string_view name) const {
  require(input(name).dtype == Dtype::f64, text(name, " of ", name_of(input(name).dtype)), "F64");
  return values_of<double>(input(name));
}

Element CaseFile::element(std::string_view name) const {
  switch (input(name).dtype) {
    case Dtype::f32:
      return Element::float32;
    case Dtype::f64:
      return Element::float64;
    case Dtype::f16:
      return Element::float16;
    case Dtype::bf16:
      return Element::bfloat16;
    default:
      require(false, text(name, " of ", name_of(input(name).dtype)), "F32, F64, F16 or BF16");
      return {};
  }
}

void CaseFile::require(bool holds, const std::string& given, const std::string& expected) const {
  if (!holds) throw dope::Error(where_, given, expected);
}

std::vector<nlohmann::json> read_cases(const std::filesystem::path& folder) {
  constexpr std::size_t largest = std::size_t{1} << 26;
  constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto path = folder / "manifest.json";
  const std::string where = path.string();
  const auto manifest = reference::read_object(path, largest);
  if (manifest.value("format", nlohmann::json()) != "dope-conformance" ||
      manifest.value("version", nlohmann::json()) != 1) {
    throw dope::Error(where, "another format or version", "format dope-conformance, version 1");
  }
  const auto cases = manifest.find("cases");
  if (cases == manifest.end() || !cases->is_array()) throw dope::Error(where, "no list of cases", "one");
  std::set<std::string> names;
  for (const auto& entry : *cases) {
    if (!entry.is_object()) throw dope::Error(where, "a case that is no object", "an object");
    const std::string name = text_field(entry, "name", where);
    if (!names.insert(name).second)
      throw dope::Error(where, "two cases named " + reference::printable(name), "cases of different names");
    (void)text_field(entry, "task", where);
    (void)text_field(entry, "file", where);
    if (name.empty() || name.find_first_not_of(letters) != std::string::npos) {
      throw dope::Error(where, "case " + reference::printable(name), "letters, digits, - and _");
    }
    if (!entry.contains("attributes") || !entry.at("attributes").is_object()) {
      throw dope::Error(where, text("case ", name, " without attributes"), "an object of them");
    }
  }
  return {cases->begin(), cases->end()};
}

}  // namespace port
